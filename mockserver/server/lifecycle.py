"""The lifecycle of the worker process: start and stop hooks, and a bounded shutdown.

The worker stops on SIGTERM or SIGINT, and when its parent process has gone.
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

POLL_INTERVAL_S = 0.05
WAKEUP_SIGNAL = signal.SIGURG
"""A signal without a meaning, which only wakes the main thread."""


class LifecycleHook(Protocol):
    """A hook that runs when the worker starts and stops."""

    @property
    def grace_seconds(self) -> float:
        """The maximum duration of `stop`."""

    def start(self, app: Any) -> None:
        """Run before the first request to the application."""

    def stop(self) -> None:
        """Run after the last response, or at the end of the shutdown's time limit."""


class WorkerLifecycle:
    """Runs the hooks and limits the time of the shutdown.

    `on_stop` is called with the application when a signal stops the worker. From then on, open
    requests have `grace_seconds`.
    """

    def __init__(
        self, hooks: Sequence[LifecycleHook], on_stop: Callable[[Any], None], grace_seconds: float
    ) -> None:
        self._hooks = hooks
        self._on_stop = on_stop
        self._grace_seconds = grace_seconds
        self._signalled_early = False
        self._stopped = threading.Event()
        self._stopping = threading.Lock()
        self._hooks_stopped = False

    def start(self, app: Any) -> None:
        """Start the hooks, and watch for signals. Call it in the worker's main thread."""
        for hook in self._hooks:
            hook.start(app)
        # multiprocessing ends its processes without atexit, but runs finalizers
        Finalize(None, self._stop_hooks, exitpriority=100)
        # Granian sets its signal handlers after this: keep a signal that comes before
        before = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
        self._signalled_early = bool(getattr(before, "interrupt_signal", False))
        signal.signal(signal.SIGTERM, self._keep_signal)
        signal.signal(signal.SIGINT, self._keep_signal)
        signal.signal(WAKEUP_SIGNAL, lambda *_: None)
        signals, wakeup = socket.socketpair()
        wakeup.setblocking(False)
        signal.set_wakeup_fd(wakeup.detach(), warn_on_full_buffer=False)
        if self._signalled_early:
            os.kill(os.getpid(), signal.SIGTERM)
        args = app, signals, threading.get_ident()
        threading.Thread(target=self._wait_for_signal, args=args, daemon=True).start()
        if parent := multiprocessing.parent_process():
            threading.Thread(target=_stop_after, args=(parent,), daemon=True).start()

    def _wait_for_signal(self, app: Any, signals: socket.socket, main_thread: int) -> None:
        """End the worker after its grace period: a client may keep a request open forever."""
        while not {signal.SIGINT, signal.SIGTERM} & set(signals.recv(64)):
            continue
        self._on_stop(app)
        for _ in range(ceil(self._grace_seconds / POLL_INTERVAL_S)):
            if self._stopped.wait(POLL_INTERVAL_S):
                return
            # a signal just before the main thread began to wait takes effect with the next one
            signal.pthread_kill(main_thread, WAKEUP_SIGNAL)
            if self._signalled_early and signal.getsignal(signal.SIGTERM) != self._keep_signal:
                self._signalled_early = False
                os.kill(os.getpid(), signal.SIGTERM)
        self._stop_hooks()
        os._exit(0)

    def _keep_signal(self, *_: Any) -> None:
        self._signalled_early = True

    def _stop_hooks(self) -> None:
        with self._stopping:
            if not self._hooks_stopped:
                for hook in self._hooks:
                    hook.stop()
                # logging.shutdown does not know the handlers from before Granian's set-up
                for handler in logging.getLogger("mockserver").handlers:
                    handler.flush()
            self._hooks_stopped = True
        self._stopped.set()


def _stop_after(parent: Any) -> None:
    """Stop this process after its parent, which may have been killed."""
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
