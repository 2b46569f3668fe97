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
from multiprocessing.util import Finalize
from typing import Any, Protocol


class Attendant(Protocol):
    """Somebody with something to do in the worker. `patience` is how many seconds it may take to
    finish."""

    @property
    def patience(self) -> float:
        """Return these seconds."""

    def begin(self, app: Any) -> None:
        """Begin, with the application, before its first answer."""

    def finish(self) -> None:
        """Finish, when the last request was answered, or when that takes too long."""


class Life:
    """The rest of a worker's life. `told` is called with the application when it is told to stop;
    `patience` is how many seconds open requests have from then on."""

    def __init__(
        self, attendants: Sequence[Attendant], told: Callable[[Any], None], patience: float
    ) -> None:
        self._attendants = attendants
        self._told = told
        self._patience = patience
        self._over = threading.Event()
        self._finishing = threading.Lock()
        self._finished = False

    def begin(self, app: Any) -> None:
        """Let the attendants begin, and watch for the end. Called in the worker's main thread."""
        for each in self._attendants:
            each.begin(app)
        # A process of multiprocessing leaves without atexit; this is what it runs at its end.
        Finalize(None, self._finish, exitpriority=100)
        signals, sends = socket.socketpair()
        sends.setblocking(False)
        signal.set_wakeup_fd(sends.detach(), warn_on_full_buffer=False)
        threading.Thread(target=self._wait_for_signal, args=(app, signals), daemon=True).start()
        if parent := multiprocessing.parent_process():
            threading.Thread(target=_follow, args=(parent,), daemon=True).start()

    def _wait_for_signal(self, app: Any, signals: socket.socket) -> None:
        """End the worker when its patience is over: a client may keep a request open for ever."""
        while not {signal.SIGINT, signal.SIGTERM} & set(signals.recv(64)):
            continue
        self._told(app)
        if not self._over.wait(self._patience):
            self._finish()
            os._exit(0)

    def _finish(self) -> None:
        with self._finishing:
            if not self._finished:
                for each in self._attendants:
                    each.finish()
                logging.shutdown()  # what the log still holds
            self._finished = True
        self._over.set()


def _follow(parent: Any) -> None:
    """Stop when the process that has started this one was killed: nobody else would stop it."""
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
