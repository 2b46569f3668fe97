"""The cost of the journal, and whether its memory stays constant: `python -m benchmarks.journal`"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from benchmarks import comparison, results, table, wrk
from benchmarks.comparison import Effort
from benchmarks.contestants import OURS_WITHOUT_JOURNAL, Contestant, ours
from benchmarks.processes import running
from benchmarks.work import JOBS

CONNECTIONS = 16
KINDS = ("post", "get")
FILL_S = 1


def measure(effort: Effort) -> list[dict[str, Any]]:
    """Return the requests per second with the journal and without, and the memory of a
    server before and after many requests to a full journal."""
    sides = {
        "with": _with_few_jobs(ours()),
        "without": _with_few_jobs(OURS_WITHOUT_JOURNAL),
    }
    records = comparison.measure_loads(list(sides.values()), effort, (CONNECTIONS,))
    rates = [
        {
            "what": f"requests/s with a journal: {JOBS[kind]}",
            **{
                side: [
                    record["requests_per_second"]
                    for record in records
                    if (record["job"], record["contestant"]) == (kind, contestant.name)
                ]
                for side, contestant in sides.items()
            },
        }
        for kind in KINDS
    ]
    return [*rates, _memory(effort)]


def _with_few_jobs(server: Contestant) -> Contestant:
    return replace(server, jobs={kind: server.jobs[kind] for kind in KINDS})


def _memory(effort: Effort) -> dict[str, Any]:
    server = ours()
    with running(server.command, server.first) as process:
        wrk.rate(process.port, server.jobs["get"], CONNECTIONS, FILL_S)
        full = process.megabytes()
        wrk.rate(process.port, server.jobs["get"], CONNECTIONS, effort.rounds * effort.seconds)
        after = process.megabytes()
    what = "memory after more requests to a full journal"
    return {"what": what, "with": [after], "without": [full]}


@click.command()
@results.FILE_OPTION
def main(file: Path) -> None:
    """Measure, store the raw results, print the ratios."""
    wrk.require()
    records = measure(comparison.THOROUGH)
    results.keep(file, journal=records)
    click.echo(table.sandboxes_table({"journal": records}))


if __name__ == "__main__":
    main()
