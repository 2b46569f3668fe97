"""What happened in a run: counts by kind, latencies, and the first breach, which ends the run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.soak.http_wire import Response


class Breach(Exception):
    """The server did what it must never do. The text says what, and in response to what."""


@dataclass(slots=True)
class Latencies:
    """Response times, to three digits, in a memory that does not grow with their number."""

    counts: Counter[float] = field(default_factory=Counter)

    def add(self, seconds: float) -> None:
        self.counts[float(f"{seconds * 1000:.3g}")] += 1

    def percentile(self, share: float) -> float:
        """Return the milliseconds that a share (0 to 1) of the responses did not exceed."""
        rest = share * self.counts.total()
        for milliseconds, count in sorted(self.counts.items()):
            rest -= count
            if rest <= 0:
                return milliseconds
        return 0.0


@dataclass(slots=True)
class Stats:
    """The counts of a run. `stalled_s` is the longest time for which the load itself stalled."""

    requests: Counter[str] = field(default_factory=Counter)
    admin_actions: Counter[str] = field(default_factory=Counter)
    bad_clients: Counter[str] = field(default_factory=Counter)
    requested_errors: Counter[str] = field(default_factory=Counter)
    latencies: Latencies = field(default_factory=Latencies)
    stalled_s: float = 0.0
    breach: str | None = None

    def record_breach(self, breach: str) -> None:
        """Keep the first breach."""
        if self.breach is None:
            self.breach = breach

    def count_requested_error(self, response: Response, requested_by: str) -> None:
        self.requested_errors[f"{requested_by} {response.status}"] += 1

    @property
    def total(self) -> int:
        """The number of well-behaved requests."""
        return self.requests.total()
