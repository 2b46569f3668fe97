"""The dashboard in a real browser: live updates, clicks, accessibility, narrow screens."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_pages import PAGES
from tests.conftest import RunningServer
from tests.support.built_in_data import ADMIN, SHOPPER

Open = Callable[..., Page]


def call(base: str, method: str, path: str, **more: object) -> httpx.Response:
    return httpx.request(method, base + path, headers=ADMIN, **more)  # type: ignore[arg-type]  # httpx's own names


def entry_of(base: str) -> str:
    """Send an invalid request; return the path of its page."""
    body = {"data": {"contact": {"email": "?"}}}
    answer = httpx.post(f"{base}/v2/carts", headers=SHOPPER, json=body)
    return f"/ui/journal/{answer.headers['Mock-Request-Id']}"


@pytest.mark.parametrize("path", [*PAGES, "entry", "/docs"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_is_accessible(open_page: Open, base: str, path: str, scheme: str) -> None:
    entry = entry_of(base)
    call(base, "POST", "/__admin/rules", json={"then": {"error": "too-many-requests"}, "skip": 9})
    call(base, "PUT", "/__admin/snapshots/saved")
    page = open_page(entry if path == "entry" else path, color_scheme=scheme)
    page.wait_for_load_state("networkidle") if path == "/docs" else None
    # excluding the widgets of Swagger UI
    results = Axe().run(page, context={"exclude": [["#swagger"]]})
    assert results.violations_count == 0, results.generate_report()


@pytest.mark.parametrize("path", [*PAGES, "entry"])
@pytest.mark.parametrize("width", [400, 3840])
def test_page_fits_its_width(open_page: Open, base: str, path: str, width: int) -> None:
    entry = entry_of(base)
    viewport = {"width": width, "height": 900}
    page = open_page(entry if path == "entry" else path, viewport=viewport)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_data_is_filtered_while_typing(open_page: Open) -> None:
    page = open_page("/")
    carts = page.get_by_role("group", name="Carts")
    expect(carts).to_contain_text("free-cart")
    page.get_by_label("Filter").press_sequentially("hedy")
    expect(carts).not_to_contain_text("free-cart")
    expect(carts).to_contain_text("hedy-only-cart")


def test_id_is_copied(open_page: Open) -> None:
    page = open_page("/")
    page.get_by_label("Copy ada-cart").click()
    expect(page.get_by_role("status")).to_have_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == "ada-cart"


def test_requests_are_shown_as_they_arrive(open_page: Open, base: str) -> None:
    page = open_page("/ui/journal")
    expect(page.get_by_text("No requests yet")).to_be_visible()
    call(base, "GET", "/v2/carts")
    expect(page.locator("#total")).to_have_text("1")
    call(base, "GET", "/v2/nowhere")
    expect(page.locator("#total")).to_have_text("2")
    first = page.locator("#entries tbody tr").first
    expect(first).to_contain_text("404")
    expect(first).to_contain_text("segment 2 is 'nowhere'")


def test_request_is_opened_and_replayed(open_page: Open, base: str) -> None:
    call(base, "PUT", "/v2/carts/free-cart", json={"data": {"name": 5}})
    page = open_page("/ui/journal")
    page.get_by_role("link", name="/v2/carts/free-cart").click()
    expect(page.locator("#request-body mark")).to_have_text('"name": 5')
    page.get_by_role("button", name="Replay").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("400")
    assert call(base, "GET", "/__admin/requests").json()["total"] == 2


def test_error_is_armed_by_a_click_and_a_pages_fetch_fails(open_page: Open, base: str) -> None:
    page = open_page("/ui/errors?operation=getCarts")
    page.get_by_role("row", name="too-many-requests").get_by_role("button", name="Arm").click()
    expect(page.locator("#rules")).to_contain_text("not yet")
    app = open_page("/ui/clock")  # any page of the same browser, in place of the tested app
    fetch = "url => fetch(url, {headers: {Authorization: 'Bearer admin'}}).then(a => a.status)"
    assert app.evaluate(fetch, f"{base}/v2/carts") == 429
    expect(page.locator("#rules")).not_to_contain_text("not yet")  # live
    assert app.evaluate(fetch, f"{base}/v2/carts") == 200
    page.get_by_role("button", name="Disarm").click()
    expect(page.locator("#rules")).to_contain_text("None.")


def test_clock_is_moved_by_a_click(open_page: Open, base: str) -> None:
    call(
        base, "PUT", "/__admin/clock", json={"action": "freeze", "instant": "2026-01-01T00:00:00Z"}
    )
    page = open_page("/ui/clock")
    page.get_by_role("button", name="+ 7 days").click()
    expect(page.locator(".now")).to_contain_text("2026-01-08 00:00:00")
    page.get_by_role("button", name="Resume").click()
    expect(page.locator("#state")).to_have_text("running")


def test_theme_is_selected_and_stored(open_page: Open) -> None:
    page = open_page("/", color_scheme="light")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_role("button", name="Dark").click()
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "dark"
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") != light


def test_page_is_usable_by_keyboard(open_page: Open) -> None:
    page = open_page("/ui/clock")
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="+ 1 hour")).to_be_focused()
    before = page.locator(".now").inner_text()
    page.keyboard.press("Enter")
    expect(page.locator(".now")).not_to_have_text(before)


def test_everything_is_readable_without_javascript(open_page: Open, base: str) -> None:
    entry = entry_of(base)
    for path in (*PAGES, entry):
        page = open_page(path, java_script_enabled=False)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
    page = open_page("/?filter=hedy", java_script_enabled=False)
    expect(page.get_by_role("group", name="Carts")).to_contain_text("hedy-only-cart")
    page = open_page("/ui/clock", java_script_enabled=False)
    page.get_by_role("button", name="Freeze").click()
    expect(page.locator("#state")).to_have_text("frozen")


def test_reference_tries_a_call_as_a_login_of_the_fixtures(open_page: Open, base: str) -> None:
    page = open_page("/docs#/Carts/getCarts")
    page.get_by_label("Call as").select_option(label="Ada Lovelace (account-1)")
    page.get_by_role("button", name="Execute").click()
    expect(page.locator(".responses-wrapper .response").first).to_contain_text("ada-second-cart")
    (entry,) = call(base, "GET", "/__admin/requests").json()["requests"]
    assert entry["caller"]["account_id"] == "a0000000-0000-4000-8000-000000000001"


BLOCKING = """() => new Promise(done => {
  let longest = 0;
  new PerformanceObserver(list => {
    for (const task of list.getEntries()) longest = Math.max(longest, task.duration);
  }).observe({type: "longtask", buffered: true});
  requestIdleCallback(() => done(longest));
})"""


CARTS = 10_000


@pytest.fixture
def crowded(start_server: Callable[..., RunningServer], tmp_path: Path) -> str:
    """The base URL of a server with many carts."""
    names = "".join(f"  - {{ id: cart-{n}, name: Cart {n} }}\n" for n in range(CARTS))
    file = tmp_path / "many.yaml"
    file.write_text(f"carts:\n{names}", "utf-8")
    return start_server("--fixtures", "default", "--fixtures", str(file)).url


def test_page_updates_with_many_requests_and_many_carts(
    crowded: str, browser: Browser, record_property: Callable[[str, object], None]
) -> None:
    """The longest task that blocked a page is printed, not asserted, since machines differ."""
    data, journal = browser.new_page(), browser.new_page()
    data.goto(f"{crowded}/")
    journal.goto(f"{crowded}/ui/journal")
    with httpx.Client(base_url=crowded, headers=ADMIN) as client:
        for _ in range(1100):
            client.get("/v2/carts/free-cart")
    expect(journal.locator("#total")).to_have_text("1000")
    expect(journal.locator("#entries tbody tr")).to_have_count(50)
    carts = data.get_by_role("group", name="Carts")
    data.get_by_label("Filter").press_sequentially("cart-9999")
    expect(carts.locator("tbody tr")).to_have_count(1)
    for name, page in (("data", data), ("journal", journal)):
        longest = page.evaluate(BLOCKING)
        record_property(f"longest_blocking_task_of_{name}_ms", longest)
        print(f"longest blocking task of {name}: {longest} ms")
        page.close()


def test_dashboard_asks_for_the_token_once(
    start_server: Callable[..., RunningServer], browser: Browser
) -> None:
    server = start_server("--admin-token", "secret")
    page = browser.new_page()
    page.goto(f"{server.url}/ui/clock")
    page.get_by_label("Admin token").fill("secret")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Clock")
    page.get_by_role("link", name="Journal").click()
    httpx.get(f"{server.url}/v2/carts", headers=ADMIN)
    expect(page.locator("#total")).to_have_text("1")
    page.close()
