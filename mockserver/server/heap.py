"""The process's memory: kept in one place for all threads, and given back when it lies idle."""

from __future__ import annotations

import ctypes
import os
import threading
from contextlib import suppress
from typing import Any

GRANIANS_MEMORY = "_RJEM_MALLOC_CONF"
"""The variable that Granian's allocator, jemalloc, reads when it is loaded."""
ARENAS, FROM_THE_SYSTEM = -8, -3
"""The numbers of two of glibc's settings, M_ARENA_MAX and M_MMAP_THRESHOLD in its malloc.h."""
LARGE = 128 * 1024
SWEEP_SECONDS = 30.0


def limit_malloc_arenas() -> None:
    """Have threads take memory from a common place, not lay some by each: they work one at a time,
    and what lies idle at 72 of them is a quarter of the memory. To call before Granian is loaded.

    A block of 128 KiB or more always comes from the system and goes back to it: glibc would keep
    such blocks once it has met one, and small ones settle in between.
    """
    os.environ.setdefault(GRANIANS_MEMORY, "narenas:1,tcache:false")
    with suppress(AttributeError, OSError):  # another libc has no arenas
        glibc = ctypes.CDLL(None)
        glibc.mallopt(ARENAS, 1)
        glibc.mallopt(FROM_THE_SYSTEM, LARGE)


class HeapTrimmer:
    """Gives the free pages between blocks in use back to the system, again and again, from the
    worker process: glibc by itself keeps them, and leaves more of them with every hour."""

    grace_seconds = 0.0

    def __init__(self) -> None:
        self._ended: Any = None

    def begin(self, _: Any) -> None:
        """Begin to sweep, where there is a glibc to do it."""
        if hasattr(ctypes.CDLL(None), "malloc_trim"):
            self._ended = threading.Event()
            threading.Thread(target=self._sweep_on, daemon=True, name="sweeper").start()

    def finish(self) -> None:
        """End; a sweep that is under way need not be waited for."""
        if self._ended is not None:
            self._ended.set()

    def _sweep_on(self) -> None:
        while not self._ended.wait(SWEEP_SECONDS):
            sweep()


def sweep() -> None:
    """Give back the free pages, once. Needs a glibc."""
    ctypes.CDLL(None).malloc_trim(0)
