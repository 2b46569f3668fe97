"""The worker process beside its answers: what is to be done at its begin and end, in bounded time.

It ends when it is told to, and when the process that has started it is gone.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import socket
import threading
from collections.abc import Callable, Sequence
from math import ceil
from multiprocessing.util import Finalize
from typing import Any, Protocol

LOOK_SECONDS = 0.05
WAKEUP_SIGNAL = signal.SIGURG
"""A signal that says nothing: it only wakes whom it is sent to."""


class LifecycleHook(Protocol):
    """Somebody with something to do in the worker. `grace_seconds` is how many seconds it may take to
    finish."""

    @property
    def grace_seconds(self) -> float:
        """Return these seconds."""

    def begin(self, app: Any) -> None:
        """Begin, with the application, before its first answer."""

    def finish(self) -> None:
        """Finish, when the last request was answered, or when that takes too long."""


class WorkerLifecycle:
    """The rest of a worker's life. `told` is called with the application when it is told to stop;
    `grace_seconds` is how many seconds open requests have from then on."""

    def __init__(
        self, hooks: Sequence[LifecycleHook], told: Callable[[Any], None], grace_seconds: float
    ) -> None:
        self._attendants = hooks
        self._told = told
        self._patience = grace_seconds
        self._too_early = False
        self._over = threading.Event()
        self._finishing = threading.Lock()
        self._finished = False

    def begin(self, app: Any) -> None:
        """Let the hooks begin, and watch for the end. Called in the worker's main thread."""
        for each in self._attendants:
            each.begin(app)
        # A process of multiprocessing leaves without atexit; this is what it runs at its end.
        Finalize(None, self._finish, exitpriority=100)
        # Whoever answers sets its own handlers only after this; what comes before must not be lost.
        before = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
        self._too_early = bool(getattr(before, "interrupt_signal", False))
        signal.signal(signal.SIGTERM, self._note)
        signal.signal(signal.SIGINT, self._note)
        signal.signal(WAKEUP_SIGNAL, lambda *_: None)
        signals, sends = socket.socketpair()
        sends.setblocking(False)
        signal.set_wakeup_fd(sends.detach(), warn_on_full_buffer=False)
        if self._too_early:
            os.kill(os.getpid(), signal.SIGTERM)
        given = app, signals, threading.get_ident()
        threading.Thread(target=self._wait_for_signal, args=given, daemon=True).start()
        if parent := multiprocessing.parent_process():
            threading.Thread(target=_follow, args=(parent,), daemon=True).start()

    def _wait_for_signal(self, app: Any, signals: socket.socket, main_thread: int) -> None:
        """End the worker when its grace_seconds is over: a client may keep a request open for ever."""
        while not {signal.SIGINT, signal.SIGTERM} & set(signals.recv(64)):
            continue
        self._told(app)
        for _ in range(ceil(self._patience / LOOK_SECONDS)):
            if self._over.wait(LOOK_SECONDS):
                return
            # what came just before the main thread began to wait, it hears with the next signal
            signal.pthread_kill(main_thread, WAKEUP_SIGNAL)
            if self._too_early and signal.getsignal(signal.SIGTERM) != self._note:
                self._too_early = False
                os.kill(os.getpid(), signal.SIGTERM)
        self._finish()
        os._exit(0)

    def _note(self, *_: Any) -> None:
        self._too_early = True

    def _finish(self) -> None:
        with self._finishing:
            if not self._finished:
                for each in self._attendants:
                    each.finish()
                # what the log still holds; logging.shutdown knows none from before Granian's set-up
                for handler in logging.getLogger("mockserver").handlers:
                    handler.flush()
            self._finished = True
        self._over.set()


def _follow(parent: Any) -> None:
    """Stop when the process that has started this one was killed: nobody else would stop it."""
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
