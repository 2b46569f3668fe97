"""Limits on the cost of one input: processor time, which is independent of the machine's load, and
the process's peak memory."""

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

CPU_SECONDS = 10
"""A thousand times what an input of a few kilobytes takes."""
MAX_KILOBYTES = 300 * 1024


class TooExpensive(BaseException):
    """An input took more time than its size allows. No handler of errors may swallow it."""


@contextmanager
def bounded() -> Iterator[None]:
    """Fail a block that takes too much processor time or memory."""
    before = _peak()
    previous = signal.signal(signal.SIGPROF, _stop)
    signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, previous)
    grown = _peak() - before
    assert grown < MAX_KILOBYTES, f"one input took {grown} kB of memory"


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _stop(*_: Any) -> None:
    raise TooExpensive(f"one input took more than {CPU_SECONDS} s of processor time")
