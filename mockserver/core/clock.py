"""The sandbox's clock. No other module reads the time of the operating system.

An instant is an int: milliseconds since 1970-01-01T00:00:00Z.
"""

import re
import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
MAX_AGE = 3650 * DAY
"""The maximum age of a time in fixtures."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH = _EPOCH.replace(tzinfo=None)
_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]([01]\d|2[0-3]):\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_DURATION = re.compile(
    r"P(?:(\d{1,9})D)?(?:T(?=\d)(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})S)?)?", re.ASCII
)


class Clock:
    """A sandbox's time: the system's plus an offset, or frozen at an instant.

    Changes are not thread-safe: the sandbox's lock guards them.
    """

    def __init__(self, frozen_at: int | None = None) -> None:
        self._start = self._frozen_at = frozen_at
        self._offset = 0

    def copy(self) -> "Clock":
        """Return an independent clock with the same time."""
        clock = Clock(self._start)
        clock._frozen_at, clock._offset = self._frozen_at, self._offset
        return clock

    def now(self) -> int:
        """Return the current instant, in milliseconds since 1970."""
        return system_time() + self._offset if self._frozen_at is None else self._frozen_at

    @property
    def state(self) -> tuple[int | None, int]:
        """The instant at which it is frozen, or None, and the offset from the system's time."""
        return self._frozen_at, self._offset

    def set_state(self, state: tuple[int | None, int]) -> None:
        """Take over another clock's `state`. Raises ValueError outside EARLIEST to LATEST."""
        self._frozen_at, self._offset = state
        if not EARLIEST <= self.now() < LATEST:
            raise ValueError("the clock would be outside the years 1971 to 8999")

    @property
    def is_frozen(self) -> bool:
        return self._frozen_at is not None

    def freeze(self, instant: int | None = None) -> None:
        """Stop the clock, at an instant or at the current one."""
        self._frozen_at = self.now() if instant is None else instant

    def advance(self, duration: int) -> None:
        """Move the clock forward by milliseconds; it stays running or frozen."""
        if self._frozen_at is None:
            self._offset += duration
        else:
            self._frozen_at += duration

    def resume(self) -> None:
        """Let the clock run again from its current instant."""
        self._offset = self.now() - system_time()
        self._frozen_at = None

    def reset(self) -> None:
        """Restore the clock to its initial state."""
        self._frozen_at, self._offset = self._start, 0


def system_time() -> int:
    """Return the system's time, in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def pause(milliseconds: float) -> None:
    """Sleep in real time, independent of the sandboxes' clocks."""
    time.sleep(milliseconds / 1000)


def stopwatch() -> float:
    """Return a monotonic reading in seconds; the difference of two is a duration."""
    return time.perf_counter()


@lru_cache(maxsize=1024)
def to_seconds_text(instant: int) -> str:
    """Return the instant in the format of carts: `2026-01-01T00:00:00Z`."""
    return _datetime(instant).isoformat(timespec="seconds") + "Z"


def to_milliseconds_text(instant: int) -> str:
    """Return the instant in the format of account services: `2026-01-01T00:00:00.000Z`."""
    return _datetime(instant).isoformat(timespec="milliseconds") + "Z"


def parse_instant(text: str) -> int:
    """Return the instant of an RFC 3339 date-time with a time zone; else raise ValueError."""
    error = ValueError(f"{text!r} is no date-time; write for example 2026-01-01T00:00:00Z")
    if _INSTANT.fullmatch(text) is None:
        raise error
    try:
        moment = datetime.fromisoformat(text.upper().replace("Z", "+00:00")).astimezone(UTC)
    except (ValueError, OverflowError):  # no such day, or in UTC beyond the years 1 to 9999
        raise error from None
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def parse_duration(text: str) -> int:
    """Return the milliseconds of an ISO 8601 duration in days to seconds; else raise ValueError."""
    match = _DURATION.fullmatch(text)
    if match is None or not any(match.groups()):
        raise ValueError(f"{text!r} is no duration; write for example PT1H30M or P6DT23H")
    return sum(
        int(count or 0) * unit
        for count, unit in zip(match.groups(), (DAY, HOUR, MINUTE, SECOND), strict=True)
    )


def _datetime(instant: int) -> datetime:
    """Return the instant in UTC, as a naive datetime."""
    return _NAIVE_EPOCH + timedelta(milliseconds=instant)


EARLIEST, LATEST = parse_instant("1971-01-01T00:00:00Z"), parse_instant("9000-01-01T00:00:00Z")
"""The range of a clock: expiry dates after it can still be formatted."""
