"""The plots: contestants relative to ours, and cost by the number of carts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl

from benchmarks import goals, measures, ratios
from benchmarks.measures import Measure, Results
from benchmarks.work import JOBS

mpl.use("Agg")  # needs no display
from matplotlib import pyplot as plt

COLOURS = (
    "#0b6e4f",
    "#6fbf9c",
    "#444444",
    "#999999",
    "#c1440e",
    "#3563a8",
    "#7fa3d6",
    "#8e5ea2",
    "#c99700",
)


def draw(measured: Results, folder: Path) -> None:
    """Write the plots of the results as benchmark.png and size.png."""
    if measured.get("loads"):
        _save(_contestants(measured), folder / "benchmark.png")
    if measured.get("size"):
        _save(_sizes(measured), folder / "size.png")


def _contestants(measured: Results) -> Any:
    """Draw each contestant's medians as multiples of ours."""
    connections = max(record["connections"] for record in measured["loads"])
    rates = [measures.load(job, connections) for job in JOBS]
    latencies = [measures.load(job, connections, "p99_ms") for job in JOBS]
    footprints = [measures.FIRST_RESPONSE, measures.REST, measures.LOADED]
    figure, axes = plt.subplots(1, 3, figsize=(15, 6.5), layout="constrained")
    titles = list(JOBS.values())
    at = f"{connections} connections"
    _bars(axes[0], measured, rates, titles, f"requests/s at {at}: longer is better")
    _bars(axes[1], measured, latencies, titles, f"p99 at {at}: shorter is better")
    _bars(
        axes[2],
        measured,
        footprints,
        [measure.title for measure in footprints],
        "start and memory: shorter is better",
    )
    handles, names = axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=len(names), frameon=False)
    figure.suptitle("Each server relative to ours (ours = 1)")
    return figure


def _bars(axis: Any, measured: Results, rows: list[Measure], labels: list[str], title: str) -> None:
    names = list(measured["contestants"])
    height = 0.8 / len(names)
    for number, name in enumerate(names):
        multiples = [ratios.ratio(row.of(measured, name), row.of(measured, "ours")) for row in rows]
        places = [index + number * height for index, multiple in enumerate(multiples) if multiple]
        lengths = [multiple.median for multiple in multiples if multiple]
        title_of = measured["contestants"][name]["title"]
        colour = COLOURS[number % len(COLOURS)]
        bars = axis.barh(places, lengths, height * 0.9, label=title_of, color=colour)
        axis.bar_label(bars, fmt="%.2f", fontsize=6, padding=2)
    axis.axvline(1, color=COLOURS[0], linewidth=0.8)
    axis.set_xscale("log")
    axis.xaxis.set_major_formatter("{x:g} ×")
    axis.xaxis.set_minor_formatter("")
    axis.margins(x=0.12)
    axis.set_yticks([index + 0.4 for index in range(len(rows))], labels)
    axis.invert_yaxis()
    axis.set_title(title, fontsize=10)


def _sizes(measured: Results) -> Any:
    """Draw each action's cost as a multiple of its cost with the fewest carts."""
    figure, axis = plt.subplots(figsize=(9, 6), layout="constrained")
    markers, colours = "os^v<>DPX*hd", mpl.colormaps["tab20"].colors
    for number, action in enumerate(dict.fromkeys(record["action"] for record in measured["size"])):
        points = sorted(goals.points(measured, action))
        sizes, costs = zip(*points, strict=True)
        fitted = goals.fitted(measured, action)
        label = action if fitted is None else f"{action}: exponent {fitted:.2f}"
        relative = [cost / costs[0] for cost in costs]
        axis.plot(
            sizes,
            relative,
            marker=markers[number % len(markers)],
            color=colours[2 * number % len(colours) + number // 10],
            label=label,
        )
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.set_xlabel("carts in the sandbox")
    axis.set_ylabel("cost, as a multiple of that with the fewest carts")
    axis.grid(visible=True, which="major", alpha=0.3)
    axis.legend(fontsize=8)
    return figure


def _save(figure: Any, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=110, metadata={"Software": None})
    plt.close(figure)
