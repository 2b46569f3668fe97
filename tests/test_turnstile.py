"""The turnstile: one after another, but nobody waits for ever."""

import threading
from collections.abc import Callable
from contextlib import suppress

import httpx

from mockserver.turnstile import Passage, Turnstile
from tests.conftest import RunningServer
from tests.seeds import ADMIN
from tests.waiting import until

LONG_S = 60
SLOW = {"operation": "getACart", "then": {"delay_ms": 60_000}}


def order_behind(turnstile: Turnstile, first: Passage) -> list[str]:
    """Return who came through when: somebody who is inside, or somebody who comes now."""
    order = []
    begun = threading.Event()

    def follow() -> None:
        begun.set()
        passage = turnstile.enter()
        order.append("second")
        passage.leave()

    second = threading.Thread(target=follow)
    second.start()
    begun.wait()
    second.join(0.05)  # one that is broken lets the second one in
    order.append("first")
    first.leave()
    second.join()
    return order


def test_the_next_one_comes_when_one_leaves() -> None:
    turnstile = Turnstile(LONG_S)
    assert order_behind(turnstile, turnstile.enter()) == ["first", "second"]


def test_somebody_who_takes_long_stops_nobody() -> None:
    turnstile = Turnstile()
    stuck = turnstile.enter()
    turnstile.enter().leave()  # comes back, and has not let anybody in by leaving
    turnstile.enter().leave()
    stuck.leave()


def test_leaving_twice_lets_one_in() -> None:
    turnstile = Turnstile(LONG_S)
    passage = turnstile.enter()
    passage.leave()
    following = turnstile.enter()
    passage.leave()
    assert order_behind(turnstile, following) == ["first", "second"]


def test_a_request_that_a_rule_delays_does_not_stand_in_the_way(
    start_server: Callable[..., RunningServer],
) -> None:
    server = start_server()
    client = server.client()
    client.arm(SLOW)

    def be_delayed() -> None:
        with suppress(httpx.HTTPError):  # the server ends first
            httpx.get(f"{server.url}/v2/carts/free-cart", headers=ADMIN, timeout=90)

    threading.Thread(target=be_delayed, daemon=True).start()
    until(lambda: client.rules()[0]["fired"] == 1)
    answer = httpx.get(f"{server.url}/v2/carts", headers=ADMIN, timeout=20)
    assert answer.status_code == 200


def test_variables_of_the_process_are_no_headers(
    start_server: Callable[..., RunningServer],
) -> None:
    server = start_server(env={"HTTP_PREFER": "code=500", "CONTENT_TYPE": "text/html"})
    answer = httpx.get(f"{server.url}/v2/carts", headers=ADMIN)
    assert answer.status_code == 200
    told = server.client().requests()["requests"][0]["request"]["headers"]
    assert {"Prefer", "Content-Type"}.isdisjoint(name for name, _ in told)
