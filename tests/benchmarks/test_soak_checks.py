"""The soak's checks fail: on a lost write, cross-talk, a 5xx that was not requested, a leak."""

import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from benchmarks.soak import checks
from benchmarks.soak.__main__ import LogFilter
from benchmarks.soak.checks import tagged
from benchmarks.soak.http_wire import Response
from benchmarks.soak.model import ACCOUNTS, Cart, Model, list_difference
from benchmarks.soak.process_monitor import Growth, ProcessMonitor, Sample, Slope, slope
from benchmarks.soak.stats import Latencies

CART = Cart("c", "~sandbox-1.1", "words", (ACCOUNTS[1],), ("mug",))


def payload(cart: Cart, **changes: Any) -> dict[str, Any]:
    """Return a cart as the API represents it."""
    accounts = {"data": [{"id": account} for account in cart.accounts]} if cart.accounts else {}
    items = [{"id": item} for item in cart.items] or None
    fields = {
        "id": cart.id,
        "name": cart.name,
        "description": cart.description,
        "relationships": {"accounts": accounts, "items": {"data": items}},
    }
    return {**fields, **changes}


def response(status: int, body: bytes = b"", **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, named, body)


# --- the model


def test_a_cart_as_it_was_acknowledged_does_not_differ() -> None:
    assert CART.difference(payload(CART)) is None


@pytest.mark.parametrize(
    "stale",
    [
        replace(CART, id="d"),
        replace(CART, name="~sandbox-1.2"),
        replace(CART, description=""),
        replace(CART, accounts=()),
        replace(CART, accounts=(ACCOUNTS[1], ACCOUNTS[2])),
        replace(CART, items=()),
    ],
)
def test_every_lost_write_to_a_cart_is_reported(stale: Cart) -> None:
    problem = CART.difference(payload(stale))
    assert problem is not None
    assert "acknowledged was" in problem


def test_a_list_of_the_acknowledged_carts_does_not_differ() -> None:
    fixture_cart = payload(Cart("free-cart", "Free cart"))
    assert list_difference({"c": CART}, [payload(CART), fixture_cart], (), ("Free cart",)) is None


def test_a_lost_cart_is_reported() -> None:
    problem = list_difference({"c": CART}, [], (), ())
    assert problem is not None
    assert problem.startswith("a write is lost: cart c")


def test_a_lost_change_is_reported_by_a_list_too() -> None:
    assert list_difference({"c": CART}, [payload(CART, name="before")], (), ())


def test_a_cart_that_was_never_created_is_reported() -> None:
    problem = list_difference({}, [payload(CART)], (), ("Free cart",))
    assert problem is not None
    assert "cart c (~sandbox-1.1) was never created" in problem


@pytest.mark.parametrize("uncertain", ["c", CART.name])
def test_a_held_cart_may_be_there(uncertain: str) -> None:
    assert list_difference({}, [payload(CART)], [uncertain], ()) is None


def test_a_held_cart_may_be_gone_or_changed() -> None:
    assert list_difference({"c": CART}, [], ["c"], ()) is None
    assert list_difference({"c": CART}, [payload(CART, name="next")], ["c"], ()) is None


def test_a_cart_expires_when_the_clock_has_moved_a_week_since_its_last_write() -> None:
    model = Model()
    model.save(CART)
    model.day = 6
    assert [*model.alive()] == ["c"]
    model.save(model.carts["c"])
    model.day = 12
    assert [*model.alive()] == ["c"]
    model.day = 13
    assert model.alive() == {}
    assert [cart.id for cart in model.expired()] == ["c"]
    model.day = 0  # the clock was reset: nothing was deleted
    assert [*model.alive()] == ["c"]


def test_a_copy_is_independent() -> None:
    model = Model(day=2, rule_statuses=frozenset([500]))
    model.save(CART)
    copy = model.copy()
    model.delete("c")
    model.day = 5
    assert (copy.day, [*copy.carts], copy.rule_statuses) == (2, ["c"], {500})


# --- one response


def test_own_texts_are_no_cross_talk() -> None:
    body = tagged("sandbox-1", "x").encode() + b'","' + tagged("fork-a1", "y").encode()
    assert checks.cross_talk(response(200, body), ["sandbox-1", "fork-a1"]) is None


@pytest.mark.parametrize("name", ["sandbox-2", "sandbox-11", "ghost-1"])
def test_a_text_of_another_sandbox_is_cross_talk(name: str) -> None:
    problem = checks.cross_talk(response(200, tagged(name, "x").encode()), ["sandbox-1"])
    assert problem == f"cross-talk: a response of sandbox-1 holds a text of {name}"


def test_a_5xx_that_was_not_requested_is_reported() -> None:
    refused = response(500, b"oops")
    problem = checks.unexpected_status(refused, [200], checks.requested_by(refused))
    assert problem == "an unexpected 5xx: 500 instead of [200]: oops"


def test_a_5xx_beside_a_rule_that_only_delays_was_not_requested() -> None:
    refused = response(500, mock_notes="rule-3 fired")
    assert checks.requested_by(refused, frozenset()) is None
    assert checks.requested_by(refused, frozenset([503])) is None


def test_an_error_of_a_rule_or_a_preference_was_requested() -> None:
    assert (
        checks.requested_by(response(503, mock_notes="x; rule-3 fired"), frozenset([503])) == "rule"
    )
    assert checks.requested_by(response(500, preference_applied="code=500")) == "Prefer"
    assert checks.unexpected_status(response(503), [200], "rule") is None
    assert checks.unexpected_status(response(204), [200, 204], None) is None


def test_a_4xx_that_was_not_requested_is_reported_as_well() -> None:
    problem = checks.unexpected_status(response(404), [200], None)
    assert problem is not None
    assert problem.startswith("an unexpected status: 404")


# --- growth


def test_a_straight_line_has_its_slope_and_no_error() -> None:
    times = [float(second) for second in range(100)]
    fitted = slope(times, [50 + second / 3600 for second in times])
    assert fitted.per_hour == pytest.approx(1)
    assert fitted.error == pytest.approx(0, abs=1e-6)


def test_noise_has_an_error_that_covers_its_slope() -> None:
    times = [float(second) for second in range(300)]
    for seed in range(20):
        rng = Random(seed)
        fitted = slope(times, [100 + rng.gauss(0, 1) for _ in times])
        assert abs(fitted.per_hour) < 4 * fitted.error


def test_steps_have_a_wider_error_than_independent_noise_of_the_same_size() -> None:
    times = [float(second) for second in range(300)]
    rng = Random(1)
    independent = [rng.choice((0.0, 1.0)) for _ in times]
    steps = [float(second // 30 % 2) for second in times]
    assert slope(times, steps).error > 3 * slope(times, independent).error


def test_two_samples_have_no_slope() -> None:
    assert slope([0, 1], [1, 2]) == Slope(0, math.inf)


def growth(**changes: Any) -> Growth:
    flat = Growth("server", 2880, Slope(0.5, 0.2), 80, 80.1, 40, 40, 70, 72, 31, 31)
    return replace(flat, **changes)


@pytest.mark.parametrize("seconds", [0, 180, 2880])
def test_what_is_flat_is_no_leak(seconds: float) -> None:
    assert growth(seconds=seconds).breach() is None


def test_half_a_minute_shows_only_what_is_left_at_rest() -> None:
    assert growth(seconds=30, memory=Slope(900, 1), threads_last=90).breach() is None
    assert growth(seconds=30, rest_after=90).breach()


@pytest.mark.parametrize(
    ("changes", "grown"),
    [
        ({"memory": Slope(1.1, 0.1)}, "memory"),
        ({"threads_last": 60}, "threads"),
        ({"descriptors_last": 120}, "descriptors"),
        ({"rest_after": 34}, "descriptors at rest"),
    ],
)
def test_what_grows_in_an_hour_is_a_leak(changes: dict[str, Any], grown: str) -> None:
    problem = growth(**changes).breach()
    assert problem is not None
    assert problem.startswith(f"the server's {grown}")


def test_a_short_run_distinguishes_a_leak_from_noise() -> None:
    rng = Random(7)
    times = [float(second) for second in range(120, 300)]
    noise = [80 + rng.gauss(0, 0.5) for _ in times]
    leaks = [value + 600 * at / 3600 for at, value in zip(times, noise, strict=True)]
    assert growth(seconds=180, memory=slope(times, noise)).breach() is None
    problem = growth(seconds=180, memory=slope(times, leaks)).breach()
    assert problem is not None
    assert "memory" in problem


def test_growth_leaves_the_warm_up_out() -> None:
    monitor = ProcessMonitor("server", 0)
    monitor.samples = [Sample(float(at), min(at, 100) * 1.0, 40, 70) for at in range(300)]
    assert monitor.growth(100).memory == Slope(0, 0)
    assert monitor.growth(0).memory.per_hour > 600
    assert (monitor.growth(100).memory_first, monitor.growth(100).threads_last) == (100, 40)


HOLDER = """
import mmap, sys
held = bytearray(b"x") * (40_000_000 if sys.argv[1] == "memory" else 1)
file = open(sys.argv[2], "rb")
mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
touched = sum(mapped[place] for place in range(0, len(mapped), 4096))
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such figure")
def test_what_a_process_allocates_is_its_memory_and_a_file_is_not(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(bytes(40_000_000))

    def megabytes(content: str) -> float:
        command = [sys.executable, "-c", HOLDER, content, str(file)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            return ProcessMonitor("process", process.pid).sample(0).memory

    nothing, memory = megabytes("nothing"), megabytes("memory")
    assert nothing < 30
    assert memory - nothing == pytest.approx(40_000_000 / 2**20, abs=2)


# --- statistics and the log


def test_percentiles_of_latencies() -> None:
    latencies = Latencies()
    for milliseconds in range(1, 101):
        latencies.add(milliseconds / 1000)
    assert [latencies.percentile(share) for share in (0.5, 0.99, 1)] == [50, 99, 100]
    assert Latencies().percentile(0.5) == 0


def test_latencies_take_a_memory_that_does_not_grow() -> None:
    latencies = Latencies()
    rng = Random(0)
    for _ in range(20_000):
        latencies.add(rng.uniform(0.001, 0.01))
    assert len(latencies.counts) <= 1000
    assert latencies.counts.total() == 20_000


def test_the_log_filter_keeps_a_traceback_and_drops_requests() -> None:
    log_filter = LogFilter()
    log_filter.feed("12:00:00.000 GET /v2/carts 500 internal-server-error 1.2 ms\n")
    log_filter.feed('12:00:00.000 sandbox "x" deleted: more than 8 sandboxes\n')
    assert log_filter.text() is None
    log_filter.feed("Traceback (most recent call last):\n")
    assert log_filter.text() == "Traceback (most recent call last):\n"
