"""Runs the server as a process for tests: on a free port, until the end of a block."""

from __future__ import annotations

import os
import re
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from mockserver.testing.client import AdminClient

START_SECONDS = 30
PROGRAM = (sys.executable, "-m", "mockserver")
ENV_PREFIX = "MOCKSERVER_"


@dataclass
class RunningServer:
    """A server process. `url` is its base URL, `authority` the file with the authority of a
    generated certificate, `output` its banner, `errors` the lines of its log."""

    process: subprocess.Popen[str]
    url: str = ""
    authority: str | None = None
    output: str = ""
    errors: list[str] = field(default_factory=list)

    def client(self, admin_token: str | None = None) -> AdminClient:
        """Return a client of its admin API that trusts its certificate."""
        context = ssl.create_default_context(cafile=self.authority) if self.authority else None
        return AdminClient(self.url, admin_token, context=context)

    def stop(self) -> int:
        """Stop the process; return its exit status."""
        self.process.terminate()
        return self.process.wait(timeout=START_SECONDS)


@contextmanager
def running_server(
    options: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    folder: Path | None = None,
    program: Sequence[str] = PROGRAM,
    on_log_line: Callable[[str], object] | None = None,
) -> Iterator[RunningServer]:
    """Run `mockserver`, or another `program`, on a free port until the end of the block.

    `folder` is its working directory, by default the current one. Of the variables MOCKSERVER_… it
    only gets those of `env`, so that a test does not depend on its shell. `on_log_line` is called
    with each log line after the start, instead of storing it in `errors`: for long-running servers.
    Raises RuntimeError with the log if the server does not start.
    """
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(ENV_PREFIX)
    }
    with subprocess.Popen(  # noqa: S603 - this package itself
        [*program, "--port", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**inherited, "PYTHONUNBUFFERED": "1", **(env or {})},
        cwd=folder,
    ) as process:
        server = RunningServer(process)
        reader = threading.Thread(target=_read_log, args=(server, on_log_line), daemon=True)
        reader.start()
        try:
            _wait_until_up(server)
            if not server.url:
                reader.join(timeout=5)
                raise RuntimeError(f"the server did not start: {''.join(server.errors).strip()}")
            yield server
        finally:
            process.terminate()
            process.wait(timeout=START_SECONDS)
            reader.join(timeout=5)


def _read_log(server: RunningServer, on_log_line: Callable[[str], object] | None) -> None:
    assert server.process.stderr is not None
    for line in server.process.stderr:
        if on_log_line is not None and server.url:
            on_log_line(line)
        else:
            server.errors.append(line)


def _wait_until_up(server: RunningServer) -> None:
    """Read the banner to its end; kill the server if that takes longer than START_SECONDS."""
    watchdog = threading.Timer(START_SECONDS, server.process.kill)
    watchdog.start()
    assert server.process.stdout is not None
    try:
        for line in server.process.stdout:
            server.output += line
            if match := re.search(r"listening\s+(https?://\S+)", line):
                server.url = match[1]
            if match := re.match(r"\s+authority\s+(\S.*)", line):
                server.authority = match[1]
            if "curl" in line:
                break
    finally:
        watchdog.cancel()
