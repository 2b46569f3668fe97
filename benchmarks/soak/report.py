"""Reports the outcome of a run: as text, as JSON, as a Markdown table, as a plot."""

from __future__ import annotations

import os
import platform
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.soak.process_monitor import Growth, ProcessMonitor
from benchmarks.soak.stats import Stats


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a run: its duration and warm-up in seconds, its counts, how the servers grew,
    and the breach, if there was one."""

    seconds: float
    warm_up: float
    connections: int
    sandboxes: int
    seed: int
    stats: Stats
    growths: list[Growth]
    breach: str | None


def as_text(outcome: Outcome) -> str:
    """Return the summary for a terminal."""
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
    """Return all results as JSON values."""
    stats = outcome.stats
    return {
        "seconds": round(outcome.seconds, 1),
        "warm_up_seconds": round(outcome.warm_up, 1),
        "connections": outcome.connections,
        "sandboxes": outcome.sandboxes,
        "seed": outcome.seed,
        "breach": outcome.breach,
        "requests": dict(stats.requests),
        "requested_errors": dict(stats.requested_errors),
        "admin_actions": dict(stats.admin_actions),
        "bad_clients": dict(stats.bad_clients),
        "latency_ms": {name: stats.latencies.percentile(p) for name, p in PERCENTILES.items()},
        "load_stalled_s": round(stats.stalled_s, 3),
        "servers": [asdict(growth) for growth in outcome.growths],
    }


def plot(path: Path, monitors: list[ProcessMonitor], warm_up: float) -> None:
    """Draw memory, threads and descriptors over time. Needs matplotlib."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(3, 1, sharex=True, figsize=(8, 7), layout="constrained")
    for axis, field, unit in zip(
        axes, ("memory", "threads", "descriptors"), ("MB", "threads", "descriptors"), strict=True
    ):
        for monitor in monitors:
            minutes = [sample.at / 60 for sample in monitor.samples]
            values = [getattr(sample, field) for sample in monitor.samples]
            axis.plot(minutes, values, linewidth=0.8, label=monitor.name)
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
    stats = outcome.stats
    rate = stats.total / outcome.seconds
    yield "lasted", f"{outcome.seconds / 60:.1f} min, of which {outcome.warm_up / 60:.1f} warm-up"
    yield "load", f"{outcome.connections} connections, {outcome.sandboxes} sandboxes"
    yield "well-behaved requests", f"{stats.total:,} ({rate:.0f}/s)"
    yield "by kind", _join_counts(stats.requests)
    yield "requested errors", _join_counts(stats.requested_errors)
    yield "admin actions", _join_counts(stats.admin_actions)
    yield "bad clients", _join_counts(stats.bad_clients)
    times = [f"{name} {stats.latencies.percentile(p):g}" for name, p in PERCENTILES.items()]
    stalled = f"the load itself stalled for up to {stats.stalled_s * 1000:.0f}"
    yield "latency in ms", f"{', '.join(times)} ({stalled})"
    for growth in outcome.growths:
        memory = growth.memory
        yield (
            f"{growth.name}: memory",
            f"{memory.per_hour:+.2f} MB/h (standard error {memory.error:.2f}); "
            f"{growth.memory_first:.1f} → {growth.memory_last:.1f} MB "
            f"in {growth.seconds / 60:.1f} min",
        )
        yield f"{growth.name}: threads", f"{growth.threads_first} → {growth.threads_last}"
        yield (
            f"{growth.name}: descriptors",
            f"{growth.descriptors_first} → {growth.descriptors_last}; "
            f"at rest {growth.rest_before} → {growth.rest_after}",
        )


def _join_counts(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {number:,}" for name, number in sorted(counts.items()))
