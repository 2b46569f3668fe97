"""The crew: of the threads that answer requests one is at work, and the others are in reserve.

Python threads share one interpreter lock. A thread that wants it while another one works is woken
only to wait, and woken again: under load that took twice as long as the requests themselves. So a
thread that has answered goes into reserve while somebody else is at work, and requests queue up
where nobody has to be woken for them. The foremost of the reserve looks every few milliseconds
whether anything goes on. If nothing does, whoever is at work is stuck, or waits for a client, or
there is nothing to do; so it goes to work as well.

Whoever has come last is the foremost. So it is always the same few threads that work, and the
others get none of the memory that the C library lays by for each thread that does.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Lock, get_ident
from typing import Any

from mockserver.core.wsgi import YIELD_SLOT

PATIENCE_S = 0.01
"""How long everybody may wait for one who is stuck."""
MAX_DIGITS = 6
"""Of the length of a body whose rest, if any, is read before its thread rests."""


class LifoLock:
    """A lock that goes to whoever has waited least."""

    def __init__(self) -> None:
        self._guard = Lock()
        self._waiting: list[Lock] = []
        self._held = False

    def __enter__(self) -> None:
        with self._guard:
            if not self._held:
                self._held = True
                return
            mine = Lock()
            mine.acquire()
            self._waiting.append(mine)
        mine.acquire()

    def __exit__(self, *_: object) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.pop().release()
            else:
                self._held = False


class ThreadGate:
    """The threads of one process that answer; the reserve is called when nothing has begun for so
    many seconds."""

    def __init__(self, patience_s: float = PATIENCE_S) -> None:
        self._patience_s = patience_s
        self._begun = 0
        self._at_work: int | None = None
        self._foremost = LifoLock()
        self._called = Event()

    def begin(self) -> None:
        """Tell that a request begins."""
        self._begun += 1

    def yield_slot(self) -> None:
        """OperationContext somebody else to work: the caller is about to wait for something."""
        self._called.set()

    def should_park(self) -> bool:
        """Whether the thread that asks may rest, since another one is at work."""
        if self._at_work is None:
            self._at_work = get_ident()
        return self._at_work != get_ident()

    def rest(self) -> None:
        """Wait in reserve until there is a need."""
        with self._foremost:
            while True:
                begun = self._begun
                if self._called.wait(self._patience_s) or self._begun == begun:
                    break
            self._called.clear()
            self._at_work = get_ident()


def install_gate(crew: ThreadGate) -> None:
    """Have Granian's threads work as a crew, by a wrapper around its own call of the application; a
    version that has no such place just answers fewer requests."""
    from granian.server import mp

    its_own: Callable[..., Any] | None = getattr(mp, "_wsgi_call_wrap", None)
    if its_own is None:
        return

    def wrap(app: Any, *options: Any) -> Callable[[Any, dict[str, Any]], Any]:
        answer = its_own(app, *options)

        def run(protocol: Any, scope: dict[str, Any]) -> Any:
            crew.begin()
            scope[YIELD_SLOT] = crew.yield_slot
            status = answer(protocol, scope)
            if crew.should_park() and _is_read_through(scope):
                scope.clear()  # headers and body, which rest with the thread otherwise
                crew.rest()
            return status

        return run

    setattr(mp, "_wsgi_call_wrap", wrap)  # noqa: B010 - to a type checker it is nobody's


def _is_read_through(scope: dict[str, Any]) -> bool:
    """Whether nothing is left of a request's body, now: what is left holds its connection up for as
    long as its thread rests."""
    if scope["SERVER_PROTOCOL"] not in ("HTTP/1", "HTTP/1.1"):
        return False  # HTTP/2 has bodies of which no header tells
    length = scope.get("CONTENT_LENGTH", "")
    if "HTTP_TRANSFER_ENCODING" in scope or len(length) > MAX_DIGITS:
        return False
    if length:
        scope["wsgi.input"].read()
    return True
