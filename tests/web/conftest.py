"""A browser, and a page on a sandbox of its own that tells what went wrong inside it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page

from tests.conftest import RunningServer
from tests.web.browser import chromium

ASKED_FOR = "responded with a status of 429"
"""What a browser says of the failure that a test has armed."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all tests."""
    with chromium() as running:
        yield running


@pytest.fixture
def base(server: RunningServer) -> str:
    """The address of a sandbox of the test's own."""
    return f"{server.url}/sandboxes/web-{uuid4().hex}"


@pytest.fixture
def open_page(browser: Browser, base: str) -> Iterator[Callable[..., Page]]:
    """Open a page of the dashboard: `open_page("/ui/clock", color_scheme="dark")`. In the end no
    page may have met an error, or asked another host for anything."""
    told: list[str] = []
    asked: list[str] = []
    with ExitStack() as stack:

        def opened(path: str, **context: object) -> Page:
            made = browser.new_context(**context)  # type: ignore[arg-type]  # Playwright's own names
            stack.callback(made.close)
            made.grant_permissions(["clipboard-read", "clipboard-write"])
            page = made.new_page()
            page.on("console", lambda each: told.append(each.text) if each.type == "error" else 0)
            page.on("pageerror", lambda each: told.append(str(each)))
            page.on("request", lambda each: asked.append(each.url))
            page.goto(base + path)
            return page

        yield opened
    assert [each for each in told if ASKED_FOR not in each] == []
    server = base.partition("/sandboxes/")[0]
    assert [url for url in asked if not url.startswith((f"{server}/", "data:", "blob:"))] == []
