"""The command line of the soak, its servers, and the exit status: 0 all went well, 1 a breach."""

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
from benchmarks.soak.beside import MAX_SANDBOXES, fixture
from benchmarks.soak.day import Address, Day
from benchmarks.soak.report import Outcome
from benchmarks.soak.watch import MORE_AT_REST, Watch
from mockserver.testing.server_process import RunningServer, running_server

JOURNAL = ("--journal-size", "50")
"""Small enough to be full, in every sandbox, when the warm-up is over."""
AS_IN_THE_IMAGE = {"GLIBC_TUNABLES": "glibc.malloc.tcache_count=1"}
"""What the Dockerfile, too, tells glibc: a thread lays little freed memory by."""
WARM_UP_SHARE, WARM_UP_LEAST_S = 0.2, 120
REST_S = 15
MAX_NEWS = 50


class News:
    """Hears a server's log, and keeps what is neither a request nor a sandbox that made room."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def hear(self, line: str) -> None:
        """Take a line of the log."""
        if not line.endswith(" ms\n") and '" deleted: ' not in line:
            self.lines = [*self.lines[-MAX_NEWS:], line]

    def told(self) -> str | None:
        """Return what there was, if anything."""
        return "".join(self.lines) or None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a soak; returns the exit status."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="soak-")))
        file = folder / "changing.yaml"
        file.write_text(fixture({"first": "First"}), "utf-8")
        news = News()

        def start(*given: str) -> RunningServer:
            return stack.enter_context(running_server(given, AS_IN_THE_IMAGE, hear=news.hear))

        main_one = start(*JOURNAL, "--max-sandboxes", str(options.sandboxes + 100))
        side = start(*JOURNAL, "--faults", "--max-sandboxes", str(MAX_SANDBOXES))
        reloading = stack.enter_context(
            running_server(("--reload", "--fixtures", str(file)), hear=lambda _: None)
        )
        watches = [Watch("server", main_one.process.pid), Watch("side server", side.process.pid)]
        day = Day(
            main=_address(main_one),
            side=_address(side),
            reloading=_address(reloading),
            fixture=file,
            watches=watches,
            news=news.told,
            seconds=options.minutes * 60,
            connections=options.connections,
            sandboxes=options.sandboxes,
            seed=options.seed,
        )
        for watch in watches:
            watch.rest_before = watch.look(0).descriptors
        try:
            asyncio.run(day.live())
        except KeyboardInterrupt:
            print("stopped by hand")
            return 130
        _rest(watches)
        outcome = _outcome(options, day)
    print(report.as_text(outcome))
    if options.json:
        options.json.write_text(json.dumps(report.as_json(outcome), indent=2) + "\n", "utf-8")
    if options.markdown:
        options.markdown.write_text(report.as_markdown(outcome), "utf-8")
    if options.plot:
        report.plot(options.plot, watches, outcome.warm_up)
    return 0 if outcome.breach is None else 1


def _outcome(options: argparse.Namespace, day: Day) -> Outcome:
    """Return what there is to tell; where nothing was wrong so far, growth is judged now."""
    filled = day.lasted if day.filled_after is None else day.filled_after
    warm_up = max(WARM_UP_SHARE * day.seconds, min(WARM_UP_LEAST_S, day.seconds / 2), filled)
    growths = [watch.growth(warm_up) for watch in day.watches]
    grew = [told for growth in growths if (told := growth.breach()) is not None]
    return Outcome(
        seconds=day.lasted,
        warm_up=warm_up,
        connections=options.connections,
        sandboxes=options.sandboxes,
        seed=options.seed,
        ledger=day.ledger,
        growths=growths,
        breach=day.ledger.breach or (grew[0] if grew else None),
    )


def _rest(watches: list[Watch]) -> None:
    """Wait until everybody's connections are gone, or until they would have to be."""
    gc.collect()
    end = time.monotonic() + REST_S
    for watch in watches:
        while True:
            watch.rest_after = watch.look(0).descriptors
            if watch.rest_after <= watch.rest_before + MORE_AT_REST or time.monotonic() > end:
                break
            time.sleep(0.2)


def _address(server: RunningServer) -> Address:
    url = urlsplit(server.url)
    assert url.port is not None
    return "127.0.0.1", url.port


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--sandboxes", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0, help="what everybody's choices come from")
    parser.add_argument("--json", type=Path, metavar="FILE", help="everything as JSON")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="the summary as a table")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="memory over time as a PNG")
    return parser


if __name__ == "__main__":
    sys.exit(main())
