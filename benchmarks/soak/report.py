"""What a run says in the end: as text, as JSON, as a table for the documents, as a plot."""

from __future__ import annotations

import os
import platform
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.soak.ledger import Ledger
from benchmarks.soak.watch import Growth, Watch


@dataclass(frozen=True, slots=True)
class Outcome:
    """A run that is over: how long it lasted and warmed up, in seconds, what was counted, how the
    servers grew, and what was wrong, if anything."""

    seconds: float
    warm_up: float
    connections: int
    sandboxes: int
    seed: int
    ledger: Ledger
    growths: list[Growth]
    breach: str | None


def as_text(outcome: Outcome) -> str:
    """Return the summary for a person at a terminal."""
    rows = list(_rows(outcome))
    width = max(len(name) for name, _ in rows)
    lines = [f"{name:<{width}}  {value}" for name, value in rows]
    verdict = "ok" if outcome.breach is None else f"BREACH: {outcome.breach}"
    return "\n".join([*lines, verdict])


def as_markdown(outcome: Outcome) -> str:
    """Return the summary as a table."""
    machine = f"Python {platform.python_version()}, {platform.system()}, {os.cpu_count()} cores"
    rows = [("machine", machine), *_rows(outcome), ("breaches", outcome.breach or "none")]
    lines = ["| what | measured |", "| --- | --- |"]
    return "\n".join([*lines, *(f"| {name} | {value} |" for name, value in rows)]) + "\n"


def as_json(outcome: Outcome) -> dict[str, Any]:
    """Return everything as JSON values."""
    ledger = outcome.ledger
    return {
        "seconds": round(outcome.seconds, 1),
        "warm_up_seconds": round(outcome.warm_up, 1),
        "connections": outcome.connections,
        "sandboxes": outcome.sandboxes,
        "seed": outcome.seed,
        "breach": outcome.breach,
        "requests": dict(ledger.requests),
        "asked_for": dict(ledger.on_demand),
        "control": dict(ledger.control),
        "misbehaviour": dict(ledger.misbehaviour),
        "latency_ms": {name: ledger.latencies.percentile(p) for name, p in PERCENTILES.items()},
        "load_stalled_s": round(ledger.stalled_s, 3),
        "servers": [asdict(growth) for growth in outcome.growths],
    }


def plot(path: Path, watches: list[Watch], warm_up: float) -> None:
    """Draw memory, threads and descriptors over time. Needs matplotlib."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(3, 1, sharex=True, figsize=(8, 7), layout="constrained")
    for axis, what, unit in zip(
        axes, ("memory", "threads", "descriptors"), ("MB", "threads", "descriptors"), strict=True
    ):
        for watch in watches:
            minutes = [each.at / 60 for each in watch.samples]
            values = [getattr(each, what) for each in watch.samples]
            axis.plot(minutes, values, linewidth=0.8, label=watch.name)
        axis.axvspan(0, warm_up / 60, color="0.92")
        axis.set_ylabel(unit)
        axis.set_ylim(bottom=0)
        axis.grid(alpha=0.3)
    axes[0].legend(loc="lower right")
    axes[-1].set_xlabel("minutes (grey: warm-up)")
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


PERCENTILES = {"p50": 0.5, "p99": 0.99, "max": 1.0}


def _rows(outcome: Outcome) -> Iterator[tuple[str, str]]:
    ledger = outcome.ledger
    rate = ledger.total / outcome.seconds
    yield "lasted", f"{outcome.seconds / 60:.1f} min, of which {outcome.warm_up / 60:.1f} warm-up"
    yield "load", f"{outcome.connections} connections, {outcome.sandboxes} sandboxes"
    yield "well-behaved requests", f"{ledger.total:,} ({rate:.0f}/s)"
    yield "by kind", _told(ledger.requests)
    yield "errors asked for", _told(ledger.on_demand)
    yield "admin actions", _told(ledger.control)
    yield "misbehaviours", _told(ledger.misbehaviour)
    times = [f"{name} {ledger.latencies.percentile(p):g}" for name, p in PERCENTILES.items()]
    stalled = f"the load itself stood still for up to {ledger.stalled_s * 1000:.0f}"
    yield "latency in ms", f"{', '.join(times)} ({stalled})"
    for each in outcome.growths:
        memory = each.memory
        yield (
            f"{each.name}: memory",
            f"{memory.per_hour:+.2f} MB/h (standard error {memory.error:.2f}); "
            f"{each.memory_first:.1f} → {each.memory_last:.1f} MB in {each.seconds / 60:.1f} min",
        )
        yield f"{each.name}: threads", f"{each.threads_first} → {each.threads_last}"
        yield (
            f"{each.name}: descriptors",
            f"{each.descriptors_first} → {each.descriptors_last}; "
            f"at rest {each.rest_before} → {each.rest_after}",
        )


def _told(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {number:,}" for name, number in sorted(counts.items()))
