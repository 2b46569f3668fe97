"""Fixtures that all tests share: an application in this process, a server as its own process."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from mockserver import log
from mockserver.app import create_app
from mockserver.config import Config
from mockserver.contract import Contract
from mockserver.resources import resource
from tests.seeds import NEW_YEAR

START_SECONDS = 30


@dataclass
class RunningServer:
    """A server process. `url` is where it listens; `output` what it printed at the start."""

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
    *options: str,
    env: dict[str, str] | None = None,
    program: Sequence[str] = (sys.executable, "-m", "mockserver"),
    cwd: Path | None = None,
) -> Iterator[RunningServer]:
    """Run `mockserver`, or another `program` of that kind, on a free port until the block ends."""
    process = subprocess.Popen(
        [*program, "--port", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1", **(env or {})},
        cwd=cwd,
    )
    server = RunningServer(process)
    assert process.stderr is not None
    assert process.stdout is not None
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
            raise AssertionError(f"the server did not start: {''.join(server.errors)}")
        yield server
    finally:
        watchdog.cancel()
        if process.poll() is None:
            process.terminate()
            process.wait(timeout=START_SECONDS)
        reader.join(timeout=5)
        process.stdout.close()
        process.stderr.close()


@pytest.fixture(scope="session")
def server() -> Iterator[RunningServer]:
    """One server for the tests that only need some real server; they must not share its state."""
    with running_server() as running:
        yield running


@pytest.fixture
def start_server() -> Iterator[Callable[..., RunningServer]]:
    """Start servers of the test's own: `start_server("--tls")`."""
    with ExitStack() as stack:
        yield lambda *options, **more: stack.enter_context(running_server(*options, **more))


@pytest.fixture(autouse=True)
def log_of_its_own() -> Iterator[None]:
    """Take away the handlers that a test gave the log: they write to a stream that ends."""
    yield
    for logger in (log.server, log.reloader):
        logger.handlers.clear()
        logger.propagate = True


@pytest.fixture(scope="session")
def contract() -> Contract:
    """The contract, loaded once."""
    return Contract.load(resource("openapi.yaml"))


@pytest.fixture
def app(contract: Contract) -> Flask:
    """A fresh application with the built-in fixtures and a clock that stands still."""
    return create_app(Config(frozen_at=NEW_YEAR), contract)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client of that application."""
    return app.test_client()
