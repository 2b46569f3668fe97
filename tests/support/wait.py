"""Waiting for a condition, with a limit."""

import time
from collections.abc import Callable

MAX_SECONDS = 30


def until(happened: Callable[[], object]) -> None:
    """Wait until something has happened; fail when it takes too long."""
    deadline = time.monotonic() + MAX_SECONDS
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)
