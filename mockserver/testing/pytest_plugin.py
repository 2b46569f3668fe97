"""The pytest plugin: a server for the test session, a sandbox for each test.

Under pytest-xdist each worker has a server of its own; within it, tests are kept apart by their
sandboxes. Pytest loads this module in every project that has the package, so what it needs is
imported when a fixture is first used.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mockserver.testing.client import Client
    from mockserver.testing.server_process import RunningServer

MARKER = (
    "mock_fixtures(*paths): start from these fixture files or folders, relative to the root folder"
    " of the tests, or from default"
)
OPTIONS = "options of `mockserver`, with paths relative to the root folder of the tests"
MAX_LISTED = 1000


@dataclass(frozen=True, slots=True)
class MockSandbox:
    """A test's own sandbox.

    `url` is the base URL that the app under test takes; `headers` the ones that name the sandbox
    for an app that can set headers; `client` the admin API of this sandbox.
    """

    name: str
    client: Client

    @property
    def url(self) -> str:
        """The base URL of the sandbox."""
        return self.client.base_url

    @property
    def headers(self) -> dict[str, str]:
        """The headers that name the sandbox, for the server's own base URL."""
        return {"Mock-Sandbox": self.name}

    @property
    def clock(self) -> MockClock:
        """The sandbox's clock."""
        return MockClock(self.client)

    @property
    def journal(self) -> list[dict[str, Any]]:
        """The requests that came, oldest first; the last 1,000 of them."""
        found: list[dict[str, Any]] = self.client.requests(limit=MAX_LISTED)["requests"]
        return found[::-1]

    @property
    def coverage(self) -> dict[str, Any]:
        """The contract coverage of this test."""
        found: dict[str, Any] = self.client.coverage()
        return found

    def fail(self, error: str, **match: Any) -> dict[str, Any]:
        """Answer with an error of the catalog, as `Client.fail` does."""
        armed: dict[str, Any] = self.client.fail(error, **match)
        return armed

    def verify(self, **expected: Any) -> None:
        """Check what came, as `Client.verify` does; AssertionError tells the difference."""
        from mockserver.testing.client import MockServerError

        __tracebackhide__ = True
        try:
            self.client.verify(**expected)
        except MockServerError as error:
            if error.status != 406:
                raise
            raise AssertionError(error.detail) from None


@dataclass(frozen=True, slots=True)
class MockClock:
    """The clock of a sandbox."""

    client: Client

    @property
    def now(self) -> str:
        """What the clock shows."""
        return str(self.client.clock()["now"])

    def freeze(self, instant: str | None = None) -> None:
        """Stop the clock, at an instant or where it is."""
        self.client.freeze(instant)

    def advance(self, duration: str) -> None:
        """Move the clock on by a duration such as PT1H."""
        self.client.advance(duration)

    def resume(self) -> None:
        """Let the clock run on."""
        self.client.resume()

    def reset(self) -> None:
        """Put the clock back to how it was at the start."""
        self.client.reset_clock()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the ini option `mockserver_options`."""
    parser.addini("mockserver_options", OPTIONS, type="args", default=[])


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", MARKER)


@pytest.fixture(scope="session")
def mock_servers(pytestconfig: pytest.Config) -> Iterator[Callable[..., RunningServer]]:
    """Servers by the fixtures that they start from, each started on first use."""
    from mockserver.testing.server_process import running_server

    started: dict[tuple[str, ...], RunningServer] = {}
    with ExitStack() as stack:

        def server(*paths: str | Path) -> RunningServer:
            key = tuple(str(path) for path in paths)
            if key not in started:
                options = [*pytestconfig.getini("mockserver_options")]
                options += [word for path in key for word in ("--fixtures", path)]
                running = running_server(options, folder=pytestconfig.rootpath)
                started[key] = stack.enter_context(running)
            return started[key]

        yield server


@pytest.fixture(scope="session")
def mock_server(mock_servers: Callable[..., RunningServer]) -> RunningServer:
    """Give the session's server, with the built-in fixtures or those of `mockserver_options`."""
    return mock_servers()


@pytest.fixture
def mock_sandbox(
    request: pytest.FixtureRequest, mock_servers: Callable[..., RunningServer]
) -> Iterator[MockSandbox]:
    """Give the test a sandbox of its own, gone at its end."""
    from mockserver.testing.client import MockServerError

    marker = request.node.get_closest_marker("mock_fixtures")
    client = mock_servers(*(marker.args if marker else ())).client()
    name = _sandbox_name(request.node.nodeid)
    client.create_sandbox(name)
    yield MockSandbox(name, client.sandbox(name))
    with suppress(MockServerError):  # the test may have thrown it away, or stopped the server
        client.delete_sandbox(name)


def _sandbox_name(nodeid: str) -> str:
    """Return a name that tells the test and is no other test's."""
    readable = re.sub(r"[^A-Za-z0-9_.-]+", "-", nodeid.rpartition("::")[2])[:60]
    return f"{readable}-{sha256(nodeid.encode()).hexdigest()[:12]}"
