"""The pytest plugin: a server for the test session, and a sandbox for each test.

Under pytest-xdist each worker has its own server; its tests are isolated by their sandboxes. Pytest
loads this module in every project that has the package installed, so it imports what it needs on
first use of a fixture.
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
    from mockserver.testing.client import AdminClient
    from mockserver.testing.server_process import RunningServer

MARKER = (
    "mock_fixtures(*paths): start from these fixture files or folders, relative to pytest's"
    " rootdir, or from default"
)
OPTIONS = "options of `mockserver`, with paths relative to pytest's rootdir"
MAX_LISTED = 1000


@dataclass(frozen=True, slots=True)
class MockSandbox:
    """The sandbox of a test. `client` is the admin API of this sandbox.

    The app under test uses either `url` as its base URL, or the server's base URL with `headers`.
    """

    name: str
    client: AdminClient

    @property
    def url(self) -> str:
        """The base URL of the sandbox."""
        return self.client.base_url

    @property
    def headers(self) -> dict[str, str]:
        """The headers that select the sandbox."""
        return {"Mock-Sandbox": self.name}

    @property
    def clock(self) -> MockClock:
        return MockClock(self.client)

    @property
    def journal(self) -> list[dict[str, Any]]:
        """The last 1,000 recorded requests, oldest first."""
        requests: list[dict[str, Any]] = self.client.requests(limit=MAX_LISTED)["requests"]
        return requests[::-1]

    @property
    def coverage(self) -> dict[str, Any]:
        """The contract coverage of this test."""
        report: dict[str, Any] = self.client.coverage()
        return report

    def fail(self, error: str, **match: Any) -> dict[str, Any]:
        """Arm a rule that responds with an error of the catalog, see `AdminClient.fail`."""
        rule: dict[str, Any] = self.client.fail(error, **match)
        return rule

    def verify(self, **expected: Any) -> None:
        """Verify the recorded requests, see `AdminClient.verify`. Raises AssertionError."""
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

    client: AdminClient

    @property
    def now(self) -> str:
        """The time of the clock, as an RFC 3339 date-time."""
        return str(self.client.clock()["now"])

    def freeze(self, instant: str | None = None) -> None:
        """Freeze the clock, at an instant or at its current time."""
        self.client.freeze(instant)

    def advance(self, duration: str) -> None:
        """Advance the clock by a duration such as PT1H."""
        self.client.advance(duration)

    def resume(self) -> None:
        """Let the clock run from its current time."""
        self.client.resume()

    def reset(self) -> None:
        """Reset the clock to its initial state."""
        self.client.reset_clock()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the ini option `mockserver_options`."""
    parser.addini("mockserver_options", OPTIONS, type="args", default=[])


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker."""
    config.addinivalue_line("markers", MARKER)


@pytest.fixture(scope="session")
def mock_servers(pytestconfig: pytest.Config) -> Iterator[Callable[..., RunningServer]]:
    """Return the server for some fixtures, started on first use."""
    from mockserver.testing.server_process import running_server

    servers: dict[tuple[str, ...], RunningServer] = {}
    with ExitStack() as stack:

        def server(*paths: str | Path) -> RunningServer:
            key = tuple(str(path) for path in paths)
            if key not in servers:
                options = [*pytestconfig.getini("mockserver_options")]
                options += [word for path in key for word in ("--fixtures", path)]
                running = running_server(options, folder=pytestconfig.rootpath)
                servers[key] = stack.enter_context(running)
            return servers[key]

        yield server


@pytest.fixture(scope="session")
def mock_server(mock_servers: Callable[..., RunningServer]) -> RunningServer:
    """Return the session's server, with the built-in data or the fixtures of its options."""
    return mock_servers()


@pytest.fixture
def mock_sandbox(
    request: pytest.FixtureRequest, mock_servers: Callable[..., RunningServer]
) -> Iterator[MockSandbox]:
    """Create a sandbox for the test, and delete it at the end."""
    from mockserver.testing.client import MockServerError

    marker = request.node.get_closest_marker("mock_fixtures")
    client = mock_servers(*(marker.args if marker else ())).client()
    name = _sandbox_name(request.node.nodeid)
    client.create_sandbox(name)
    yield MockSandbox(name, client.sandbox(name))
    with suppress(MockServerError):  # the test may have deleted it, or stopped the server
        client.delete_sandbox(name)


def _sandbox_name(nodeid: str) -> str:
    """Return a readable and unique name for the sandbox of a test."""
    readable = re.sub(r"[^A-Za-z0-9_.-]+", "-", nodeid.rpartition("::")[2])[:60]
    return f"{readable}-{sha256(nodeid.encode()).hexdigest()[:12]}"
