"""The thread gate: of Granian's threads one is active, and the others are parked.

Python threads share one interpreter lock. Under load, waking threads that only wait for the lock
took twice as long as the requests themselves. So a thread that has sent its response is parked
while another one is active, and requests queue up where no thread must be woken for them. The next
waiter checks every few milliseconds whether requests are starting. If none is, the active thread
is blocked, or waits for a client, or there is no load; so the waiter becomes active.

Waiters are woken in LIFO order. So the same few threads are active, and the C library does not
cache memory for all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Lock, get_ident
from typing import Any

from mockserver.core.wsgi import YIELD_SLOT

MAX_STALL_S = 0.01
"""How long a blocked thread may stall the others."""
MAX_DIGITS = 6
"""Of the Content-Length of a body that is read to its end before its thread is parked."""


class LifoLock:
    """A lock that the latest waiter gets first."""

    def __init__(self) -> None:
        self._guard = Lock()
        self._waiters: list[Lock] = []
        self._held = False

    def __enter__(self) -> None:
        with self._guard:
            if not self._held:
                self._held = True
                return
            waiter = Lock()
            waiter.acquire()
            self._waiters.append(waiter)
        waiter.acquire()

    def __exit__(self, *_: object) -> None:
        with self._guard:
            if self._waiters:
                self._waiters.pop().release()
            else:
                self._held = False


class ThreadGate:
    """Keeps one thread of the process active. A parked one becomes active as well when no request
    has started for `max_stall_s`."""

    def __init__(self, max_stall_s: float = MAX_STALL_S) -> None:
        self._max_stall_s = max_stall_s
        self._started = 0
        self._active: int | None = None
        self._next_waiter = LifoLock()
        self._yielded = Event()

    def mark_started(self) -> None:
        """Count a request that starts."""
        self._started += 1

    def yield_slot(self) -> None:
        """Let a parked thread become active: the calling one is about to wait."""
        self._yielded.set()

    def should_park(self) -> bool:
        """Return whether another thread than the calling one is active."""
        if self._active is None:
            self._active = get_ident()
        return self._active != get_ident()

    def park(self) -> None:
        """Wait until the calling thread is needed."""
        with self._next_waiter:
            while True:
                started = self._started
                if self._yielded.wait(self._max_stall_s) or self._started == started:
                    break
            self._yielded.clear()
            self._active = get_ident()


def install_gate(gate: ThreadGate) -> None:
    """Wrap Granian's own call of the application, so that its threads pass the gate. A version of
    Granian without that function only serves fewer requests per second."""
    from granian.server import mp

    original: Callable[..., Any] | None = getattr(mp, "_wsgi_call_wrap", None)
    if original is None:
        return

    def wrap(app: Any, *options: Any) -> Callable[[Any, dict[str, Any]], Any]:
        call_app = original(app, *options)

        def run(protocol: Any, scope: dict[str, Any]) -> Any:
            gate.mark_started()
            scope[YIELD_SLOT] = gate.yield_slot
            status = call_app(protocol, scope)
            if gate.should_park() and _is_read_through(scope):
                scope.clear()  # a parked thread must not keep headers and body
                gate.park()
            return status

        return run

    setattr(mp, "_wsgi_call_wrap", wrap)  # noqa: B010 - unknown to the type checker


def _is_read_through(scope: dict[str, Any]) -> bool:
    """Read a small rest of the body, and return whether all of it is read: an unread rest blocks
    its connection as long as its thread is parked."""
    if scope["SERVER_PROTOCOL"] not in ("HTTP/1", "HTTP/1.1"):
        return False  # HTTP/2 has bodies without a Content-Length
    length = scope.get("CONTENT_LENGTH", "")
    if "HTTP_TRANSFER_ENCODING" in scope or len(length) > MAX_DIGITS:
        return False
    if length:
        scope["wsgi.input"].read()
    return True
