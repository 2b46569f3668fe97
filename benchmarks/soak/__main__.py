"""Run the soak test on servers of its own; exit with 1 after a breach, else with 0."""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.soak import report
from benchmarks.soak.process_monitor import MAX_MORE_AT_REST, ProcessMonitor
from benchmarks.soak.report import Outcome
from benchmarks.soak.runner import Address, Runner
from benchmarks.soak.secondary_servers import MAX_SANDBOXES, fixture_text
from mockserver.testing.server_process import RunningServer, running_server

JOURNAL = ("--journal-size", "50")
"""Small enough to be full, in every sandbox, when the warm-up is over."""
IMAGE_ENVIRONMENT = {"GLIBC_TUNABLES": "glibc.malloc.tcache_count=1"}
"""What the Dockerfile sets, too: a thread caches little freed memory."""
WARM_UP_SHARE, MIN_WARM_UP_S = 0.2, 120
MAX_REST_S = 15
MAX_LOG_LINES = 50


class LogFilter:
    """Keeps the lines of a server's log that report neither a request nor an eviction."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def feed(self, line: str) -> None:
        if not line.endswith(" ms\n") and '" deleted: ' not in line:
            self.lines = [*self.lines[-MAX_LOG_LINES:], line]

    def text(self) -> str | None:
        """Return the lines that were kept, if there are any."""
        return "".join(self.lines) or None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a soak test; returns the exit status."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="soak-")))
        file = folder / "changing.yaml"
        file.write_text(fixture_text({"first": "First"}), "utf-8")
        log_filter = LogFilter()

        def start(*arguments: str) -> RunningServer:
            return stack.enter_context(
                running_server(arguments, IMAGE_ENVIRONMENT, on_log_line=log_filter.feed)
            )

        main_server = start(*JOURNAL, "--max-sandboxes", str(options.sandboxes + 100))
        side_server = start(*JOURNAL, "--faults", "--max-sandboxes", str(MAX_SANDBOXES))
        reloading_server = stack.enter_context(
            running_server(("--reload", "--fixtures", str(file)), on_log_line=lambda _: None)
        )
        monitors = [
            ProcessMonitor("server", main_server.process.pid),
            ProcessMonitor("side server", side_server.process.pid),
        ]
        runner = Runner(
            main=_address(main_server),
            side=_address(side_server),
            reloading=_address(reloading_server),
            fixture=file,
            monitors=monitors,
            logged=log_filter.text,
            seconds=options.minutes * 60,
            connections=options.connections,
            sandboxes=options.sandboxes,
            seed=options.seed,
        )
        for monitor in monitors:
            monitor.rest_before = monitor.sample(0).descriptors
        try:
            asyncio.run(runner.run())
        except KeyboardInterrupt:
            print("interrupted")
            return 130
        _wait_for_rest(monitors)
        outcome = _outcome(options, runner)
    print(report.as_text(outcome))
    if options.json:
        options.json.write_text(json.dumps(report.as_json(outcome), indent=2) + "\n", "utf-8")
    if options.markdown:
        options.markdown.write_text(report.as_markdown(outcome), "utf-8")
    if options.plot:
        report.plot(options.plot, monitors, outcome.warm_up)
    return 0 if outcome.breach is None else 1


def _outcome(options: argparse.Namespace, runner: Runner) -> Outcome:
    """Return the outcome. A run without a breach so far fails when a server has grown."""
    filled = runner.lasted if runner.filled_after is None else runner.filled_after
    warm_up = max(WARM_UP_SHARE * runner.seconds, min(MIN_WARM_UP_S, runner.seconds / 2), filled)
    growths = [monitor.growth(warm_up) for monitor in runner.monitors]
    breaches = [runner.stats.breach, *(growth.breach() for growth in growths)]
    return Outcome(
        seconds=runner.lasted,
        warm_up=warm_up,
        connections=options.connections,
        sandboxes=options.sandboxes,
        seed=options.seed,
        stats=runner.stats,
        growths=growths,
        breach=next((breach for breach in breaches if breach is not None), None),
    )


def _wait_for_rest(monitors: list[ProcessMonitor]) -> None:
    """Wait until the clients' connections are closed, but no longer than MAX_REST_S."""
    gc.collect()
    end = time.monotonic() + MAX_REST_S
    for monitor in monitors:
        while True:
            monitor.rest_after = monitor.sample(0).descriptors
            if (
                monitor.rest_after <= monitor.rest_before + MAX_MORE_AT_REST
                or time.monotonic() > end
            ):
                break
            time.sleep(0.2)


def _address(server: RunningServer) -> Address:
    url = urlsplit(server.url)
    assert url.port is not None
    return "127.0.0.1", url.port


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5, help="how long to run (5)")
    parser.add_argument("--connections", type=int, default=32, help="well-behaved clients (32)")
    parser.add_argument("--sandboxes", type=int, default=100, help="sandboxes in use (100)")
    parser.add_argument("--seed", type=int, default=0, help="seed of all random choices")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all results as JSON")
    parser.add_argument(
        "--markdown", type=Path, metavar="FILE", help="write the summary as a Markdown table"
    )
    parser.add_argument("--plot", type=Path, metavar="FILE", help="write memory over time as a PNG")
    return parser


if __name__ == "__main__":
    sys.exit(main())
