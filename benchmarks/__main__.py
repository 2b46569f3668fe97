"""`python -m benchmarks`: compares the server with its peers, and measures its own costs.

It installs the peers, measures, prints the tables, and writes them into benchmarks/RESULTS.md. With
`--quick` it measures less, without peers, and leaves the documents as they are.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from benchmarks import (
    comparison,
    contestants,
    dashboard,
    journal,
    machine,
    many_sandboxes,
    results,
    size,
    table,
    wrk,
)
from benchmarks.comparison import QUICK, THOROUGH, Effort


@click.command()
@click.option("--quick", is_flag=True, help="No peers, one round, few carts: under a minute.")
@click.option("--only", help=f"Servers to measure: {','.join(c.name for c in contestants.ALL)}.")
@click.option("--rounds", type=click.IntRange(1), help="How often everything is measured.")
@click.option("--seconds", type=click.IntRange(1), help="Length of each measurement in seconds.")
@click.option("--largest", type=click.IntRange(100), help="Largest number of carts.")
@click.option("--no-docs", is_flag=True, help="Only print; do not change the documents.")
@results.FILE_OPTION
def main(
    quick: bool,
    only: str | None,
    rounds: int | None,
    seconds: int | None,
    largest: int | None,
    no_docs: bool,
    file: Path,
) -> None:
    """Measure, and print the tables."""
    wrk.require()
    defaults = QUICK if quick else THOROUGH
    effort = Effort(rounds or defaults.rounds, seconds or defaults.seconds, defaults.warm_seconds)
    names = only.split(",") if only else [contestant.name for contestant in contestants.ALL]
    chosen = contestants.chosen(["ours", "bare"] if quick and not only else names)
    if quick:
        file = file.with_suffix(".quick.json")
    file.unlink(missing_ok=True)
    # if something fails later, what was measured before is kept
    results.keep(
        file,
        machine=machine.describe(),
        effort=asdict(effort),
        contestants={c.name: {"title": c.title, "version": c.version()} for c in chosen},
    )
    connections = (16,) if quick else comparison.CONNECTIONS
    results.keep(file, footprints=comparison.measure_footprints(chosen, effort))
    results.keep(file, loads=comparison.measure_loads(chosen, effort, connections))
    carts, times = (1_000, 1) if quick else (size.LARGEST, size.ROUNDS)
    results.keep(file, size=size.measure(largest or carts, times))
    counts = many_sandboxes.COUNTS[:-1] if quick else many_sandboxes.COUNTS
    results.keep(file, sandboxes=many_sandboxes.measure(effort, counts))
    results.keep(file, journal=journal.measure(effort))
    measured = results.keep(file, dashboard=dashboard.measure(effort))
    if quick or only or no_docs:
        click.echo("\n\n".join(table.sections(measured).values()))
    else:
        table.main(str(file))


if __name__ == "__main__":
    main()
