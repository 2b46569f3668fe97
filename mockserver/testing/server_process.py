"""A server as a process of its own, for tests: started on a free port, stopped at the end."""

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

from mockserver.testing.client import Client

START_SECONDS = 30
PROGRAM = (sys.executable, "-m", "mockserver")
OWN_PREFIX = "MOCKSERVER_"


@dataclass
class RunningServer:
    """A server process. `url` is where it listens, `authority` the file to trust where it made its
    own certificate, `output` what it said at the start, `errors` the lines of its log."""

    process: subprocess.Popen[str]
    url: str = ""
    authority: str | None = None
    output: str = ""
    errors: list[str] = field(default_factory=list)

    def client(self, admin_token: str | None = None) -> Client:
        """Return a client of its admin API, which trusts its certificate."""
        trusted = ssl.create_default_context(cafile=self.authority) if self.authority else None
        return Client(self.url, admin_token, context=trusted)

    def stop(self) -> int:
        """Ask it to stop, and return its exit status."""
        self.process.terminate()
        return self.process.wait(timeout=START_SECONDS)


@contextmanager
def running_server(
    options: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    folder: Path | None = None,
    program: Sequence[str] = PROGRAM,
    hear: Callable[[str], object] | None = None,
) -> Iterator[RunningServer]:
    """Run `mockserver`, or another `program`, on a free port until the end of the block.

    It runs in `folder`, or in the present one. Of the variables MOCKSERVER_… it sees only those of
    `env`: a test must not depend on the shell that it is run from. Once it is up, `hear` is given
    each line of its log, which `errors` keeps otherwise: for servers that run long. Raises
    RuntimeError with what the server said when it does not start.
    """
    inherited = {name: each for name, each in os.environ.items() if not name.startswith(OWN_PREFIX)}
    with subprocess.Popen(  # noqa: S603 - this package itself
        [*program, "--port", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**inherited, "PYTHONUNBUFFERED": "1", **(env or {})},
        cwd=folder,
    ) as process:
        server = RunningServer(process)
        reader = threading.Thread(target=_drain, args=(server, hear), daemon=True)
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


def _drain(server: RunningServer, hear: Callable[[str], object] | None) -> None:
    assert server.process.stderr is not None
    for line in server.process.stderr:
        if hear is not None and server.url:
            hear(line)
        else:
            server.errors.append(line)


def _wait_until_up(server: RunningServer) -> None:
    """Read the server's greeting to its end; kill a server that takes too long to say it."""
    watchdog = threading.Timer(START_SECONDS, server.process.kill)
    watchdog.start()
    assert server.process.stdout is not None
    try:
        for line in server.process.stdout:
            server.output += line
            if found := re.search(r"listening\s+(https?://\S+)", line):
                server.url = found[1]
            if found := re.match(r"\s+authority\s+(\S.*)", line):
                server.authority = found[1]
            if "curl" in line:
                break
    finally:
        watchdog.cancel()
