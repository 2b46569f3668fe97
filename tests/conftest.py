"""Fixtures that all tests share: an application in this process, a server as its own process."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import coverage
import pytest
from flask import Flask
from flask.testing import FlaskClient
from httpx._config import DEFAULT_TIMEOUT_CONFIG
from hypothesis import settings

from mockserver.app import create_app
from mockserver.core import log
from mockserver.core.config import Config
from mockserver.openapi.contract import Contract
from mockserver.testing import server_process
from mockserver.testing.server_process import RunningServer
from tests.support.built_in_data import NEW_YEAR
from tests.support.contract import BUILT_IN_STATE, CONTRACT

__all__ = ["RunningServer", "running_server"]

for phase in ("connect", "read", "write", "pool"):  # 5 s are too few on a busy machine
    setattr(DEFAULT_TIMEOUT_CONFIG, phase, 60)

settings.register_profile("full")  # every example: see tests/support/examples.py


@pytest.hookimpl(optionalhook=True)  # of pytest-xdist
def pytest_xdist_auto_num_workers() -> int:
    """Run one more at a time than there are cores: many tests wait for a process."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(trylast=True)  # after pytest-randomly
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin the long tests first, so that none is left alone at the end."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


def running_server(
    *options: str,
    env: Mapping[str, str] | None = None,
    program: Sequence[str] = server_process.PROGRAM,
    cwd: Path | None = None,
) -> AbstractContextManager[RunningServer]:
    """Run `mockserver`, or another `program` of that kind, on a free port until the block ends."""
    return server_process.running_server(options, env, cwd, program)


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
def measured_once(request: pytest.FixtureRequest) -> Iterator[None]:
    """Suspend the coverage measurement in a `stress` test: it costs more than the test itself, and
    the tests that do the same once have shown it all."""
    measurement = coverage.Coverage.current()
    if measurement is None or request.node.get_closest_marker("stress") is None:
        yield
        return
    measurement.stop()
    try:
        yield
    finally:
        measurement.start()


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
    return CONTRACT


@pytest.fixture
def app(contract: Contract) -> Flask:
    """A fresh application with the built-in fixtures and a clock that stands still."""
    return create_app(Config(frozen_at=NEW_YEAR), contract, BUILT_IN_STATE)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client of that application."""
    return app.test_client()
