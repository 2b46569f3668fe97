"""`python -m benchmarks`: ours beside its peers, and what its own cost depends on.

It installs the peers, measures, prints the tables, and writes them into docs/performance.md. With
`--quick` it measures less, without peers, and writes nothing into the documents.
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
@click.option("--quick", is_flag=True, help="No peers, one round, small worlds: under a minute.")
@click.option("--only", help=f"Whom to measure: {','.join(e.name for e in contestants.ALL)}.")
@click.option("--rounds", type=click.IntRange(1), help="How often each thing is measured.")
@click.option("--seconds", type=click.IntRange(1), help="How long each measurement takes.")
@click.option("--largest", type=click.IntRange(100), help="The most carts in a world.")
@click.option("--no-docs", is_flag=True, help="Only print; leave the documents as they are.")
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
    wrk.needed()
    usual = QUICK if quick else THOROUGH
    effort = Effort(rounds or usual.rounds, seconds or usual.seconds, usual.warm_seconds)
    names = only.split(",") if only else [each.name for each in contestants.ALL]
    chosen = contestants.chosen(["ours", "bare"] if quick and not only else names)
    if quick:
        file = file.with_suffix(".quick.json")
    file.unlink(missing_ok=True)
    # whatever fails later, what was measured before is kept
    results.keep(
        file,
        machine=machine.describe(),
        effort=asdict(effort),
        contestants={e.name: {"title": e.title, "version": e.version()} for e in chosen},
    )
    connections = (16,) if quick else comparison.CONNECTIONS
    results.keep(file, lives=comparison.lives(chosen, effort))
    results.keep(file, loads=comparison.loads(chosen, effort, connections))
    carts, times = (1_000, 1) if quick else (size.LARGEST, size.ROUNDS)
    results.keep(file, size=size.measure(largest or carts, times))
    counts = many_sandboxes.COUNTS[:-1] if quick else many_sandboxes.COUNTS
    results.keep(file, sandboxes=many_sandboxes.measure(effort, counts))
    results.keep(file, journal=journal.measure(effort))
    found = results.keep(file, dashboard=dashboard.measure(effort))
    if quick or only or no_docs:
        click.echo("\n\n".join(table.sections(found).values()))
    else:
        table.main(str(file))


if __name__ == "__main__":
    main()
