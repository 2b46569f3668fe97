"""The cost of a request with many sandboxes, and the memory of each sandbox:
`python -m benchmarks.many_sandboxes`

Servers with different numbers of sandboxes run side by side; the load uses all sandboxes of each in
turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click

from benchmarks import comparison, results, table, wrk
from benchmarks.comparison import Effort
from benchmarks.contestants import ours
from benchmarks.processes import Process, running
from benchmarks.work import HEADERS, Job, Request, association, send

COUNTS = (1, 10, 100, 1000)
CONNECTIONS = 16


def measure(effort: Effort, counts: Sequence[int] = COUNTS) -> list[dict[str, Any]]:
    """Return, for each number of sandboxes, the requests per second and the p99 in each round, and
    the kilobytes of a sandbox that has been written to once."""
    server = ours()
    with ExitStack() as stack:
        processes = {}
        for count in counts:
            processes[count] = stack.enter_context(running(server.command, server.first))
            wrk.rate(processes[count].port, server.jobs["post"], CONNECTIONS, effort.warm_seconds)
        records: list[dict[str, Any]] = [
            {
                "sandboxes": count,
                "requests_per_second": [],
                "p99_ms": [],
                "kilobytes_each": _kilobytes_each(process, count),
            }
            for count, process in processes.items()
        ]
        for _ in range(effort.rounds):
            for record in records:
                count = record["sandboxes"]
                rate = wrk.rate(processes[count].port, _job(count), CONNECTIONS, effort.seconds)
                record["requests_per_second"].append(rate.requests_per_second)
                record["p99_ms"].append(rate.p99_ms)
    return records


def _kilobytes_each(process: Process, count: int) -> float | None:
    """Write to each sandbox once, which creates it; return the memory that takes. None for few: the
    allocator takes memory by the megabyte."""
    before = process.megabytes()
    for name in _names(count):
        request = association("free-cart")
        headers = {**HEADERS, "Mock-Sandbox": name}
        status, body = send(
            process.port, Request(request.method, request.path, request.body, headers)
        )
        assert status == 200, body
    return (process.megabytes() - before) * 1000 / count if count >= 100 else None


def _job(count: int) -> Job:
    paths = (f"/sandboxes/{name}{association('free-cart').path}" for name in _names(count))
    body = association("free-cart").body
    return Job(tuple(Request("POST", path, body) for path in paths), frozenset({204}))


def _names(count: int) -> list[str]:
    return [f"bench-{n}" for n in range(count)]


@click.command()
@results.FILE_OPTION
def main(file: Path) -> None:
    """Measure, store the raw results, print the table."""
    wrk.require()
    records = measure(comparison.THOROUGH)
    results.keep(file, sandboxes=records)
    click.echo(table.sandboxes_table({"sandboxes": records}))


if __name__ == "__main__":
    main()
