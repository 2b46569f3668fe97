"""What has happened: counts by kind, latencies, and the first breach, which ends the day."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from benchmarks.soak.wire import Answer


class Breach(Exception):
    """The server did what it must never do. The text says what, and in answer to what."""


@dataclass(slots=True)
class Latencies:
    """How long answers took, to three digits, in a memory that does not grow with their number."""

    counts: Counter[float] = field(default_factory=Counter)

    def add(self, seconds: float) -> None:
        """Count an answer."""
        self.counts[float(f"{seconds * 1000:.3g}")] += 1

    def percentile(self, share: float) -> float:
        """Return the milliseconds that a share (0 to 1) of the answers did not exceed."""
        rest = share * self.counts.total()
        for milliseconds, count in sorted(self.counts.items()):
            rest -= count
            if rest <= 0:
                return milliseconds
        return 0.0


@dataclass(slots=True)
class Ledger:
    """The counts of a run. `stalled_s` is the longest time that the load itself stood still."""

    requests: Counter[str] = field(default_factory=Counter)
    control: Counter[str] = field(default_factory=Counter)
    misbehaviour: Counter[str] = field(default_factory=Counter)
    on_demand: Counter[str] = field(default_factory=Counter)
    latencies: Latencies = field(default_factory=Latencies)
    stalled_s: float = 0.0
    breach: str | None = None

    def found(self, breach: str) -> None:
        """Keep the first breach."""
        if self.breach is None:
            self.breach = breach

    def failed_on_demand(self, answer: Answer, how: str) -> None:
        """Count an error that was asked for."""
        self.on_demand[f"{how} {answer.status}"] += 1

    @property
    def total(self) -> int:
        """All well-behaved requests."""
        return self.requests.total()
