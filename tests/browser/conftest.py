"""Fixtures: a browser, and pages on a separate sandbox that must not report errors."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page

from tests.conftest import RunningServer
from tests.support.chromium import chromium

EXPECTED_ERROR = "responded with a status of 429"
"""The console message for the failure that a test has armed."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all tests."""
    with chromium() as running:
        yield running


@pytest.fixture
def base(server: RunningServer) -> str:
    """The base URL of the test's own sandbox."""
    return f"{server.url}/sandboxes/web-{uuid4().hex}"


@pytest.fixture
def open_page(browser: Browser, base: str) -> Iterator[Callable[..., Page]]:
    """Open a page of the dashboard: `open_page("/ui/clock", color_scheme="dark")`.

    At the end no page may have reported an error, or sent a request to another host.
    """
    errors: list[str] = []
    urls: list[str] = []
    with ExitStack() as stack:

        def open_(path: str, **context: object) -> Page:
            ctx = browser.new_context(**context)  # type: ignore[arg-type]  # Playwright's own names
            stack.callback(ctx.close)
            ctx.grant_permissions(["clipboard-read", "clipboard-write"])
            page = ctx.new_page()
            page.on("console", lambda line: errors.append(line.text) if line.type == "error" else 0)
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.on("request", lambda sent: urls.append(sent.url))
            page.goto(base + path)
            return page

        yield open_
    assert [error for error in errors if EXPECTED_ERROR not in error] == []
    server = base.partition("/sandboxes/")[0]
    assert [url for url in urls if not url.startswith((f"{server}/", "data:", "blob:"))] == []
