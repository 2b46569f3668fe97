"""Create the screenshots in docs/img: `python -m tests.browser.screenshots`

The server has a frozen clock and gets the same requests each time, so the screenshots change only
with the pages.
"""

import httpx
from playwright.sync_api import Browser, Page

from tests.conftest import running_server
from tests.support.built_in_data import ACCOUNT_1, ADMIN, SHOPPER, acting_as, naming
from tests.support.chromium import chromium
from tests.support.markdown import ROOT

FOLDER = ROOT / "docs" / "img"
SIZE = {"width": 1280, "height": 800}


ASSOCIATIONS = "/v2/carts/{}/relationships/accounts"
UNTYPED = {"level": {"type": "integer", "value": "gold"}}


def use(url: str) -> str:
    """Send valid and invalid requests; return the id of an invalid one."""
    ada, account = acting_as(1), naming(ACCOUNT_1)
    rule = {"operation": "getCarts", "then": {"error": "too-many-requests"}, "times": 2}
    with httpx.Client(base_url=url) as client:
        client.get("/v2/carts", headers=ada)
        client.post(ASSOCIATIONS.format("free-cart"), headers=ada, json=account)
        client.post(ASSOCIATIONS.format("free-cart"), headers=ada, json=account["data"])
        client.post(ASSOCIATIONS.format("contact-cart"), headers=ada, json=account)
        client.delete("/v2/carts/hedy-only-cart", headers=ADMIN)
        client.get("/v2/cart/free-cart", headers=SHOPPER)
        client.get("/v2/carts", headers=SHOPPER)
        body = {"data": {"contact": {"email": "ada"}, "custom_attributes": UNTYPED}}
        invalid = client.post("/v2/carts", headers=SHOPPER, json=body)
        client.post("/__admin/rules", json=rule)
        client.get("/v2/carts", headers=ada)
    return invalid.headers["Mock-Request-Id"]


def shot(browser: Browser, url: str, name: str, scheme: str = "light") -> None:
    """Take a screenshot of a page."""
    page: Page = browser.new_page(viewport=SIZE, color_scheme=scheme)  # type: ignore[arg-type]  # light or dark
    page.goto(url)
    page.wait_for_load_state("load")
    page.screenshot(path=FOLDER / f"{name}.png")
    page.close()


def main() -> None:
    """Take all screenshots."""
    FOLDER.mkdir(exist_ok=True)
    with running_server("--freeze-time", "2026-01-01T00:00:00Z") as server, chromium() as browser:
        request_id = use(server.url)
        shot(browser, f"{server.url}/", "data")
        shot(browser, f"{server.url}/ui/journal", "journal")
        shot(browser, f"{server.url}/ui/journal/{request_id}", "request", "dark")
        shot(browser, f"{server.url}/ui/errors?operation=getCarts", "errors")
        shot(browser, f"{server.url}/ui/coverage", "coverage")


if __name__ == "__main__":
    main()
