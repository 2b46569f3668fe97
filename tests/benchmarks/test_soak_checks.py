"""The soak's checks go red: a lost write, cross-talk, a 5xx that nobody asked for, a leak."""

import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from benchmarks.soak import checks
from benchmarks.soak.__main__ import News
from benchmarks.soak.checks import tagged
from benchmarks.soak.ledger import Latencies
from benchmarks.soak.model import ACCOUNTS, Cart, Model, list_difference
from benchmarks.soak.watch import Growth, Sample, Slope, Watch, slope
from benchmarks.soak.wire import Answer

CART = Cart("c", "~room-1.1", "words", (ACCOUNTS[1],), ("mug",))


def shown(cart: Cart, **changes: Any) -> dict[str, Any]:
    """Return a cart as the API shows it."""
    accounts = {"data": [{"id": each} for each in cart.accounts]} if cart.accounts else {}
    items = [{"id": each} for each in cart.items] or None
    picture = {
        "id": cart.id,
        "name": cart.name,
        "description": cart.description,
        "relationships": {"accounts": accounts, "items": {"data": items}},
    }
    return {**picture, **changes}


def answer(status: int, body: bytes = b"", **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, named, body)


# --- the model


def test_a_cart_as_it_was_acknowledged_does_not_differ() -> None:
    assert CART.difference(shown(CART)) is None


@pytest.mark.parametrize(
    "other",
    [
        replace(CART, id="d"),
        replace(CART, name="~room-1.2"),
        replace(CART, description=""),
        replace(CART, accounts=()),
        replace(CART, accounts=(ACCOUNTS[1], ACCOUNTS[2])),
        replace(CART, items=()),
    ],
)
def test_every_write_to_a_cart_that_is_lost_is_told(other: Cart) -> None:
    told = CART.difference(shown(other))
    assert told is not None
    assert "acknowledged was" in told


def test_a_list_of_the_acknowledged_carts_does_not_differ() -> None:
    seed = shown(Cart("free-cart", "Free cart"))
    assert list_difference({"c": CART}, [shown(CART), seed], (), ("Free cart",)) is None


def test_a_lost_cart_is_told() -> None:
    told = list_difference({"c": CART}, [], (), ())
    assert told is not None
    assert told.startswith("a write is lost: cart c")


def test_a_lost_change_is_told_by_a_list_too() -> None:
    assert list_difference({"c": CART}, [shown(CART, name="before")], (), ())


def test_a_cart_that_nobody_made_is_told() -> None:
    told = list_difference({}, [shown(CART)], (), ("Free cart",))
    assert told is not None
    assert "nobody has made cart c" in told


@pytest.mark.parametrize("doubt", ["c", CART.name])
def test_a_cart_in_somebodys_hand_may_be_there(doubt: str) -> None:
    assert list_difference({}, [shown(CART)], [doubt], ()) is None


def test_a_cart_in_somebodys_hand_may_be_gone_or_otherwise() -> None:
    assert list_difference({"c": CART}, [], ["c"], ()) is None
    assert list_difference({"c": CART}, [shown(CART, name="next")], ["c"], ()) is None


def test_a_cart_expires_when_the_clock_has_moved_a_week_since_its_last_write() -> None:
    model = Model()
    model.keep(CART)
    model.day = 6
    assert [*model.alive()] == ["c"]
    model.keep(model.carts["c"])
    model.day = 12
    assert [*model.alive()] == ["c"]
    model.day = 13
    assert model.alive() == {}
    assert [each.id for each in model.expired()] == ["c"]
    model.day = 0  # the clock was put back: nothing was thrown away
    assert [*model.alive()] == ["c"]


def test_a_copy_goes_on_by_itself() -> None:
    model = Model(day=2, refusals=frozenset([500]))
    model.keep(CART)
    saved = model.copy()
    model.lose("c")
    model.day = 5
    assert (saved.day, [*saved.carts], saved.refusals) == (2, ["c"], {500})


# --- one answer


def test_texts_of_ones_own_are_no_cross_talk() -> None:
    body = tagged("room-1", "x").encode() + b'","' + tagged("fork-a1", "y").encode()
    assert checks.cross_talk(answer(200, body), ["room-1", "fork-a1"]) is None


@pytest.mark.parametrize("other", ["room-2", "room-11", "ghost-1"])
def test_a_text_of_another_sandbox_is_cross_talk(other: str) -> None:
    told = checks.cross_talk(answer(200, tagged(other, "x").encode()), ["room-1"])
    assert told == f"cross-talk: an answer of room-1 holds a text of {other}"


def test_a_5xx_that_nobody_asked_for_is_told() -> None:
    refused = answer(500, b"oops")
    told = checks.unexpected(refused, [200], checks.asked_for(refused))
    assert told == "an unexpected 5xx: 500 instead of [200]: oops"


def test_a_5xx_beside_a_rule_that_only_delays_is_nobodys_wish() -> None:
    refused = answer(500, mock_notes="rule-3 fired")
    assert checks.asked_for(refused, frozenset()) is None
    assert checks.asked_for(refused, frozenset([503])) is None


def test_what_a_rule_or_a_preference_wants_is_asked_for() -> None:
    assert checks.asked_for(answer(503, mock_notes="x; rule-3 fired"), frozenset([503])) == "rule"
    assert checks.asked_for(answer(500, preference_applied="code=500")) == "Prefer"
    assert checks.unexpected(answer(503), [200], "rule") is None
    assert checks.unexpected(answer(204), [200, 204], None) is None


def test_a_refusal_that_nobody_asked_for_is_told_as_well() -> None:
    told = checks.unexpected(answer(404), [200], None)
    assert told is not None
    assert told.startswith("an unexpected status: 404")


# --- growth


def test_a_straight_line_has_its_slope_and_no_error() -> None:
    times = [float(second) for second in range(100)]
    found = slope(times, [50 + second / 3600 for second in times])
    assert found.per_hour == pytest.approx(1)
    assert found.error == pytest.approx(0, abs=1e-6)


def test_noise_has_an_error_that_covers_its_slope() -> None:
    times = [float(second) for second in range(300)]
    for seed in range(20):
        rng = Random(seed)
        found = slope(times, [100 + rng.gauss(0, 1) for _ in times])
        assert abs(found.per_hour) < 4 * found.error


def test_steps_have_a_wider_error_than_independent_noise_of_the_same_size() -> None:
    times = [float(second) for second in range(300)]
    rng = Random(1)
    independent = [rng.choice((0.0, 1.0)) for _ in times]
    steps = [float(second // 30 % 2) for second in times]
    assert slope(times, steps).error > 3 * slope(times, independent).error


def test_two_samples_tell_nothing() -> None:
    assert slope([0, 1], [1, 2]) == Slope(0, math.inf)


def growth(**changes: Any) -> Growth:
    flat = Growth("server", 2880, Slope(0.5, 0.2), 80, 80.1, 40, 40, 70, 72, 31, 31)
    return replace(flat, **changes)


@pytest.mark.parametrize("seconds", [0, 180, 2880])
def test_what_is_flat_is_no_leak(seconds: float) -> None:
    assert growth(seconds=seconds).breach() is None


def test_half_a_minute_tells_only_what_is_left_at_rest() -> None:
    assert growth(seconds=30, memory=Slope(900, 1), threads_last=90).breach() is None
    assert growth(seconds=30, rest_after=90).breach()


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"memory": Slope(1.1, 0.1)}, "memory"),
        ({"threads_last": 60}, "threads"),
        ({"descriptors_last": 120}, "descriptors"),
        ({"rest_after": 34}, "descriptors at rest"),
    ],
)
def test_what_grows_in_an_hour_is_a_leak(changes: dict[str, Any], what: str) -> None:
    told = growth(**changes).breach()
    assert told is not None
    assert told.startswith(f"the server's {what}")


def test_a_short_run_tells_a_leak_from_noise() -> None:
    rng = Random(7)
    times = [float(second) for second in range(120, 300)]
    noise = [80 + rng.gauss(0, 0.5) for _ in times]
    leaks = [value + 600 * at / 3600 for at, value in zip(times, noise, strict=True)]
    assert growth(seconds=180, memory=slope(times, noise)).breach() is None
    told = growth(seconds=180, memory=slope(times, leaks)).breach()
    assert told is not None
    assert "memory" in told


def test_growth_leaves_the_warm_up_out() -> None:
    watch = Watch("server", 0)
    watch.samples = [Sample(float(at), min(at, 100) * 1.0, 40, 70) for at in range(300)]
    assert watch.growth(100).memory == Slope(0, 0)
    assert watch.growth(0).memory.per_hour > 600
    assert (watch.growth(100).memory_first, watch.growth(100).threads_last) == (100, 40)


HOLDER = """
import mmap, sys
held = bytearray(b"x") * (40_000_000 if sys.argv[1] == "memory" else 1)
file = open(sys.argv[2], "rb")
mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
touched = sum(mapped[place] for place in range(0, len(mapped), 4096))
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems tell no such figure")
def test_what_a_process_allocates_is_its_memory_and_a_file_is_not(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(bytes(40_000_000))

    def held(what: str) -> float:
        command = [sys.executable, "-c", HOLDER, what, str(file)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            return Watch("process", process.pid).look(0).memory

    nothing, memory = held("nothing"), held("memory")
    assert nothing < 30
    assert memory - nothing == pytest.approx(40_000_000 / 2**20, abs=2)


# --- what is kept


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


def test_a_traceback_in_the_log_is_news_and_requests_are_not() -> None:
    news = News()
    news.hear("12:00:00.000 GET /v2/carts 500 internal-server-error 1.2 ms\n")
    news.hear('12:00:00.000 sandbox "x" deleted: more than 8 sandboxes\n')
    assert news.told() is None
    news.hear("Traceback (most recent call last):\n")
    assert news.told() == "Traceback (most recent call last):\n"
