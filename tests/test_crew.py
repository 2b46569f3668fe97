"""The crew: one thread works, the others rest, and nobody waits for long."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import httpx
import pytest
from granian.server import mp

from mockserver.core.wsgi import YIELD_SLOT, yield_slot
from mockserver.server.thread_gate import LifoLock, ThreadGate, install_gate
from tests.conftest import RunningServer
from tests.seeds import ADMIN
from tests.waiting import until

LONG_S = 60
SLOW = {"operation": "getACart", "then": {"delay_ms": 60_000}}
SCOPE = {"SERVER_PROTOCOL": "HTTP/1.1"}


class Looks:
    """Stands for the foremost one's looks: at the first few of them a request has begun."""

    def __init__(self, crew: ThreadGate, busy: int) -> None:
        self.crew = crew
        self.busy = busy
        self.count = 0

    def wait(self, _: float) -> bool:
        self.count += 1
        if self.count <= self.busy:
            self.crew.begin()
        return False

    def clear(self) -> None:
        """There was no call."""


def in_another_thread(act: Callable[[], Any]) -> Any:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(act).result()


def test_the_first_one_is_at_work_and_others_are_spare() -> None:
    crew = ThreadGate()
    assert not crew.should_park()
    assert in_another_thread(crew.should_park)
    assert not crew.should_park()


def test_the_reserve_rests_while_requests_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    crew = ThreadGate()
    looks = Looks(crew, busy=5)
    monkeypatch.setattr(crew, "_called", looks)
    crew.rest()
    assert looks.count == 6


def test_whoever_comes_back_is_at_work() -> None:
    crew = ThreadGate()
    assert not crew.should_park()

    def rest() -> bool:
        crew.rest()  # nothing begins
        return crew.should_park()

    assert not in_another_thread(rest)
    assert crew.should_park()


def test_whoever_waits_calls_somebody() -> None:
    crew = ThreadGate(LONG_S)
    resting = threading.Thread(target=crew.rest)
    resting.start()
    yield_slot({YIELD_SLOT: crew.yield_slot})
    resting.join(LONG_S / 2)
    assert not resting.is_alive()


def test_whoever_has_waited_least_is_next() -> None:
    lock = LifoLock()
    served: list[int] = []

    def wait(number: int) -> None:
        with lock:
            served.append(number)

    threads = [threading.Thread(target=wait, args=(number,)) for number in range(4)]
    with lock:
        for number, thread in enumerate(threads):
            thread.start()
            until(lambda number=number: len(lock._waiting) > number)
        assert served == []
    for thread in threads:
        thread.join(LONG_S)
    assert served == [3, 2, 1, 0]
    with lock:
        served.append(4)
    assert served[-1] == 4


def test_the_same_few_threads_work_whenever_somebody_is_called() -> None:
    crew = ThreadGate(LONG_S)
    came_back: list[int] = []

    def rest_again_and_again() -> None:
        while len(came_back) < 50:
            crew.rest()
            came_back.append(threading.get_ident())

    threads = [threading.Thread(target=rest_again_and_again, daemon=True) for _ in range(8)]
    for number, thread in enumerate(threads):
        thread.start()
        until(lambda number=number: len(crew._foremost._waiting) == number)
    for count in range(50):
        crew.yield_slot()
        until(lambda count=count: len(came_back) > count)
    assert len(set(came_back)) <= 2
    until(lambda: crew.yield_slot() or not any(each.is_alive() for each in threads))


def test_where_there_is_no_crew_nobody_is_called() -> None:
    yield_slot({})


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> tuple[ThreadGate, Callable[..., Any]]:
    """A crew that is called at its first look, and what Granian calls with a request."""
    monkeypatch.setattr(mp, "_wsgi_call_wrap", mp._wsgi_call_wrap)  # it is put back
    crew = ThreadGate()
    monkeypatch.setattr(crew, "_called", Looks(crew, busy=0))
    install_gate(crew)

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        assert environ[YIELD_SLOT] == crew.yield_slot
        start_response("200 OK", [])
        return [b"done"]

    return crew, mp._wsgi_call_wrap(app, {}, None)


class Protocol:
    """Takes an answer, as Granian's does."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def response_bytes(self, *told: Any) -> None:
        self.told.append(told)


class Body:
    """A request's body; `reads` counts how often the rest of it was asked for."""

    reads = 0

    def read(self) -> bytes:
        self.reads += 1
        return b""


def test_granians_threads_rest_when_they_have_answered(
    run: tuple[ThreadGate, Callable[..., Any]],
) -> None:
    crew, answer = run
    protocol = Protocol()
    answer(protocol, {**SCOPE})
    assert not crew.should_park()  # the first one did not rest, and is at work
    in_another_thread(lambda: answer(protocol, {**SCOPE}))
    assert crew.should_park()  # the other one rested, and came back
    assert protocol.told == [(200, [], b"done")] * 2


@pytest.mark.parametrize(
    ("scope", "reads", "rests"),
    [
        ({"CONTENT_LENGTH": "12"}, 1, True),
        ({"CONTENT_LENGTH": "1234567"}, 0, False),
        ({"HTTP_TRANSFER_ENCODING": "chunked"}, 0, False),
        ({"SERVER_PROTOCOL": "HTTP/2"}, 0, False),
    ],
)
def test_nobody_rests_with_a_body_that_may_go_on(
    run: tuple[ThreadGate, Callable[..., Any]], scope: dict[str, str], reads: int, rests: bool
) -> None:
    crew, answer = run
    body = Body()
    answer(Protocol(), {**SCOPE})
    given = {**SCOPE, "wsgi.input": body, **scope}
    in_another_thread(lambda: answer(Protocol(), given))
    assert (body.reads, crew.should_park(), given == {}) == (reads, rests, rests)


def test_another_granian_goes_without_a_crew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(mp, "_wsgi_call_wrap")
    install_gate(ThreadGate())
    assert not hasattr(mp, "_wsgi_call_wrap")


def test_requests_that_a_rule_delays_do_not_stand_in_the_way(
    start_server: Callable[..., RunningServer],
) -> None:
    running = start_server()
    client = running.client()
    client.arm_rule(SLOW)

    def be_delayed() -> None:
        with suppress(httpx.HTTPError):  # the server ends first
            httpx.get(f"{running.url}/v2/carts/free-cart", headers=ADMIN, timeout=90)

    for _ in range(10):
        threading.Thread(target=be_delayed, daemon=True).start()
    until(lambda: client.rules()[0]["fired"] == 10)
    answer = httpx.get(f"{running.url}/v2/carts", headers=ADMIN, timeout=20)
    assert answer.status_code == 200


def test_connections_go_on_while_threads_rest(start_server: Callable[..., RunningServer]) -> None:
    url = start_server().url

    def talk(number: int) -> list[int]:
        with httpx.Client(base_url=url, headers=ADMIN, timeout=LONG_S) as client:
            statuses = []
            for turn in range(10):
                body = {"data": {"id": f"cart-{number}-{turn}", "name": "Cart"}}
                statuses.append(client.post("/v2/carts", json=body).status_code)
                statuses.append(client.get(f"/v2/carts/cart-{number}-{turn}").status_code)
            return statuses

    with ThreadPoolExecutor(32) as pool:
        assert set(map(tuple, pool.map(talk, range(32)))) == {(201, 200) * 10}


def test_variables_of_the_process_are_no_headers(
    start_server: Callable[..., RunningServer],
) -> None:
    running = start_server(env={"HTTP_PREFER": "code=500", "CONTENT_TYPE": "text/html"})
    answer = httpx.get(f"{running.url}/v2/carts", headers=ADMIN)
    assert answer.status_code == 200
    told = running.client().requests()["requests"][0]["request"]["headers"]
    assert {"Prefer", "Content-Type"}.isdisjoint(name for name, _ in told)
