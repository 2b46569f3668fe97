"""What does an open dashboard cost the API?  `python -m benchmarks.dashboard`

The load is measured in turn with and without an open page that follows the journal: it keeps the
stream open, and reads the journal again at most twice a second.
"""

from __future__ import annotations

import http.client
import threading
from pathlib import Path
from typing import Any

import click

from benchmarks import comparison, results, table, wrk
from benchmarks.comparison import Effort
from benchmarks.contestants import ours
from benchmarks.processes import running

CONNECTIONS = 1
POLL_INTERVAL_S = 0.5


def measure(effort: Effort) -> list[dict[str, Any]]:
    """Return the requests per second with an open page, and without."""
    server = ours()
    rates: dict[str, list[float]] = {"with": [], "without": []}
    with running(server.command, server.first) as process:
        job = server.jobs["get"]
        wrk.rate(process.port, job, CONNECTIONS, effort.warm_seconds)
        for _ in range(effort.rounds):
            for side, measured in rates.items():
                closed = threading.Event()
                page = threading.Thread(target=_follow, args=(process.port, closed))
                if side == "with":
                    page.start()
                rate = wrk.rate(process.port, job, CONNECTIONS, effort.seconds)
                measured.append(rate.requests_per_second)
                closed.set()
                if side == "with":
                    page.join()
    return [{"what": "requests/s with a page open on the dashboard", **rates}]


def _follow(port: int, closed: threading.Event) -> None:
    """Do what an open page does, until it is closed."""
    stream = http.client.HTTPConnection("127.0.0.1", port)
    stream.request("GET", "/ui/stream")
    events = stream.getresponse()
    page = http.client.HTTPConnection("127.0.0.1", port)
    while not closed.wait(POLL_INTERVAL_S):
        events.readline()
        page.request("GET", "/ui/journal")
        page.getresponse().read()
    stream.close()
    page.close()


@click.command()
@results.FILE_OPTION
def main(file: Path) -> None:
    """Measure, store the raw results, print the ratio."""
    wrk.require()
    measured = measure(comparison.THOROUGH)
    results.keep(file, dashboard=measured)
    click.echo(table.sandboxes_table({"dashboard": measured}))


if __name__ == "__main__":
    main()
