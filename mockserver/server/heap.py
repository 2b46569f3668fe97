"""The heap of the process: one malloc arena for all threads, and regular trimming."""

from __future__ import annotations

import ctypes
import os
import threading
from contextlib import suppress
from typing import Any

JEMALLOC_CONF_VARIABLE = "_RJEM_MALLOC_CONF"
"""The environment variable of Granian's allocator, jemalloc, which reads it when loaded."""
M_ARENA_MAX, M_MMAP_THRESHOLD = -8, -3
"""Parameters of mallopt, from glibc's malloc.h."""
MMAP_THRESHOLD_BYTES = 128 * 1024
TRIM_INTERVAL_S = 30.0


def limit_malloc_arenas() -> None:
    """Make all threads share one arena. Call it before Granian is loaded.

    Threads run one at a time, and the idle memory in the arenas of 72 of them is a quarter of the
    total. The fixed threshold makes glibc return large blocks to the system: by default it would
    raise the threshold after the first of them, and keep such blocks, fragmented by small ones.
    """
    os.environ.setdefault(JEMALLOC_CONF_VARIABLE, "narenas:1,tcache:false")
    with suppress(AttributeError, OSError):  # another libc has no arenas
        glibc = ctypes.CDLL(None)
        glibc.mallopt(M_ARENA_MAX, 1)
        glibc.mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD_BYTES)


class HeapTrimmer:
    """Returns free pages to the system at intervals, in the worker process: glibc keeps those
    between blocks in use, more of them every hour."""

    grace_seconds = 0.0

    def __init__(self) -> None:
        self._stopped: Any = None

    def start(self, _: Any) -> None:
        """Start the trimming thread, if the C library is glibc."""
        if hasattr(ctypes.CDLL(None), "malloc_trim"):
            self._stopped = threading.Event()
            threading.Thread(target=self._run, daemon=True, name="heap-trimmer").start()

    def stop(self) -> None:
        """Stop the thread, without waiting for it."""
        if self._stopped is not None:
            self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.wait(TRIM_INTERVAL_S):
            trim()


def trim() -> None:
    """Return free pages to the system. Requires glibc."""
    ctypes.CDLL(None).malloc_trim(0)
