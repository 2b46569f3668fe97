"""A server as a process of its own, for tests: started on a free port, stopped at the end."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

START_SECONDS = 30


@dataclass
class RunningServer:
    """A server process. `url` is where it listens, `output` what it said at the start, `errors`
    the lines of its log."""

    process: subprocess.Popen[str]
    url: str = ""
    output: str = ""
    errors: list[str] = field(default_factory=list)

    def stop(self) -> int:
        """Ask it to stop, and return its exit status."""
        self.process.terminate()
        return self.process.wait(timeout=START_SECONDS)


@contextmanager
def running_server(
    options: Sequence[str] = (), env: Mapping[str, str] | None = None
) -> Iterator[RunningServer]:
    """Run `mockserver` with some options on a free port until the end of the block.

    Raises RuntimeError with what it said when it does not start.
    """
    process = subprocess.Popen(  # noqa: S603 - this package itself
        [sys.executable, "-m", "mockserver", "--port", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1", **(env or {})},
    )
    assert process.stdout is not None
    assert process.stderr is not None
    server = RunningServer(process)
    reader = threading.Thread(target=server.errors.extend, args=(process.stderr,), daemon=True)
    reader.start()
    watchdog = threading.Timer(START_SECONDS, process.kill)
    watchdog.start()
    try:
        for line in process.stdout:
            server.output += line
            if found := re.search(r"listening\s+(https?://\S+)", line):
                server.url = found[1]
            if "curl" in line:
                break
        watchdog.cancel()
        if not server.url:
            reader.join(timeout=5)
            raise RuntimeError(f"the server did not start: {''.join(server.errors)}")
        yield server
    finally:
        watchdog.cancel()
        if process.poll() is None:
            process.terminate()
            process.wait(timeout=START_SECONDS)
        reader.join(timeout=5)
        process.stdout.close()
        process.stderr.close()
