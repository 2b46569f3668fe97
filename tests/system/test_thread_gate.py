"""The thread gate: one thread is active, the others are parked, and no request waits for long."""

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
from tests.support.built_in_data import ADMIN
from tests.support.wait import until

LONG_S = 60
SLOW = {"operation": "getACart", "then": {"delay_ms": 60_000}}
SCOPE = {"SERVER_PROTOCOL": "HTTP/1.1"}


class Checks:
    """Replaces the checks of the next waiter: before the first few, a request has started."""

    def __init__(self, gate: ThreadGate, busy: int) -> None:
        self.gate = gate
        self.busy = busy
        self.count = 0

    def wait(self, _: float) -> bool:
        self.count += 1
        if self.count <= self.busy:
            self.gate.mark_started()
        return False

    def clear(self) -> None:
        """No thread has yielded."""


def in_another_thread(act: Callable[[], Any]) -> Any:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(act).result()


def test_first_thread_is_active_and_others_should_park() -> None:
    gate = ThreadGate()
    assert not gate.should_park()
    assert in_another_thread(gate.should_park)
    assert not gate.should_park()


def test_parked_thread_waits_while_requests_start(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = ThreadGate()
    checks = Checks(gate, busy=5)
    monkeypatch.setattr(gate, "_yielded", checks)
    gate.park()
    assert checks.count == 6


def test_thread_that_returns_is_active() -> None:
    gate = ThreadGate()
    assert not gate.should_park()

    def rest() -> bool:
        gate.park()  # no request starts
        return gate.should_park()

    assert not in_another_thread(rest)
    assert gate.should_park()


def test_waiting_thread_wakes_a_parked_one() -> None:
    gate = ThreadGate(LONG_S)
    parked = threading.Thread(target=gate.park)
    parked.start()
    yield_slot({YIELD_SLOT: gate.yield_slot})
    parked.join(LONG_S / 2)
    assert not parked.is_alive()


def test_latest_waiter_is_next() -> None:
    lock = LifoLock()
    served: list[int] = []

    def wait(number: int) -> None:
        with lock:
            served.append(number)

    threads = [threading.Thread(target=wait, args=(number,)) for number in range(4)]
    with lock:
        for number, thread in enumerate(threads):
            thread.start()
            until(lambda number=number: len(lock._waiters) > number)
        assert served == []
    for thread in threads:
        thread.join(LONG_S)
    assert served == [3, 2, 1, 0]
    with lock:
        served.append(4)
    assert served[-1] == 4


def test_same_few_threads_are_woken() -> None:
    gate = ThreadGate(LONG_S)
    woken: list[int] = []

    def park_repeatedly() -> None:
        while len(woken) < 50:
            gate.park()
            woken.append(threading.get_ident())

    threads = [threading.Thread(target=park_repeatedly, daemon=True) for _ in range(8)]
    for number, thread in enumerate(threads):
        thread.start()
        until(lambda number=number: len(gate._next_waiter._waiters) == number)
    for count in range(50):
        gate.yield_slot()
        until(lambda count=count: len(woken) > count)
    assert len(set(woken)) <= 2
    until(lambda: gate.yield_slot() or not any(thread.is_alive() for thread in threads))


def test_yielding_without_a_gate_does_nothing() -> None:
    yield_slot({})


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> tuple[ThreadGate, Callable[..., Any]]:
    """Return a gate that wakes at its first check, and what Granian calls with a request."""
    monkeypatch.setattr(mp, "_wsgi_call_wrap", mp._wsgi_call_wrap)  # restored afterwards
    gate = ThreadGate()
    monkeypatch.setattr(gate, "_yielded", Checks(gate, busy=0))
    install_gate(gate)

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        assert environ[YIELD_SLOT] == gate.yield_slot
        start_response("200 OK", [])
        return [b"done"]

    return gate, mp._wsgi_call_wrap(app, {}, None)


class Protocol:
    """Takes a response, like Granian's protocol."""

    def __init__(self) -> None:
        self.responses: list[Any] = []

    def response_bytes(self, *response: Any) -> None:
        self.responses.append(response)


class Body:
    """A request's body; `reads` counts how often it is read."""

    reads = 0

    def read(self) -> bytes:
        self.reads += 1
        return b""


def test_granians_threads_park_after_their_response(
    run: tuple[ThreadGate, Callable[..., Any]],
) -> None:
    gate, call = run
    protocol = Protocol()
    call(protocol, {**SCOPE})
    assert not gate.should_park()  # the first thread is active
    in_another_thread(lambda: call(protocol, {**SCOPE}))
    assert gate.should_park()  # the other thread was parked, and is active now
    assert protocol.responses == [(200, [], b"done")] * 2


@pytest.mark.parametrize(
    ("scope", "reads", "parks"),
    [
        ({"CONTENT_LENGTH": "12"}, 1, True),
        ({"CONTENT_LENGTH": "1234567"}, 0, False),
        ({"HTTP_TRANSFER_ENCODING": "chunked"}, 0, False),
        ({"SERVER_PROTOCOL": "HTTP/2"}, 0, False),
    ],
)
def test_no_thread_parks_with_an_unread_body(
    run: tuple[ThreadGate, Callable[..., Any]], scope: dict[str, str], reads: int, parks: bool
) -> None:
    gate, call = run
    body = Body()
    call(Protocol(), {**SCOPE})
    request = {**SCOPE, "wsgi.input": body, **scope}
    in_another_thread(lambda: call(Protocol(), request))
    assert (body.reads, gate.should_park(), request == {}) == (reads, parks, parks)


def test_other_version_of_granian_goes_without_a_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(mp, "_wsgi_call_wrap")
    install_gate(ThreadGate())
    assert not hasattr(mp, "_wsgi_call_wrap")


def test_delayed_requests_do_not_block_others(
    start_server: Callable[..., RunningServer],
) -> None:
    running = start_server()
    client = running.client()
    client.arm_rule(SLOW)

    def be_delayed() -> None:
        with suppress(httpx.HTTPError):  # the server stops first
            httpx.get(f"{running.url}/v2/carts/free-cart", headers=ADMIN, timeout=90)

    for _ in range(10):
        threading.Thread(target=be_delayed, daemon=True).start()
    until(lambda: client.rules()[0]["fired"] == 10)
    response = httpx.get(f"{running.url}/v2/carts", headers=ADMIN, timeout=20)
    assert response.status_code == 200


def test_connections_continue_while_threads_are_parked(
    start_server: Callable[..., RunningServer],
) -> None:
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


def test_environment_variables_are_no_headers(
    start_server: Callable[..., RunningServer],
) -> None:
    running = start_server(env={"HTTP_PREFER": "code=500", "CONTENT_TYPE": "text/html"})
    response = httpx.get(f"{running.url}/v2/carts", headers=ADMIN)
    assert response.status_code == 200
    headers = running.client().requests()["requests"][0]["request"]["headers"]
    assert {"Prefer", "Content-Type"}.isdisjoint(name for name, _ in headers)
