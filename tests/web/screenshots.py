"""Make the pictures of the documents: `python -m tests.web.screenshots`

A server with a stopped clock is used as a storefront would use it; so the pictures change only when
the pages do.
"""

import httpx
from playwright.sync_api import Browser, Page

from tests.conftest import running_server
from tests.documents import ROOT
from tests.seeds import ACCOUNT_1, ADMIN, SHOPPER, acting_as, naming
from tests.web.browser import chromium

FOLDER = ROOT / "docs" / "img"
SIZE = {"width": 1280, "height": 800}


ASSOCIATIONS = "/v2/carts/{}/relationships/accounts"
UNTYPED = {"level": {"type": "integer", "value": "gold"}}


def use(url: str) -> str:
    """Make some calls, good and bad; return the id of a refused one."""
    ada, one = acting_as(1), naming(ACCOUNT_1)
    rule = {"operation": "getCarts", "then": {"error": "too-many-requests"}, "times": 2}
    with httpx.Client(base_url=url) as client:
        client.get("/v2/carts", headers=ada)
        client.post(ASSOCIATIONS.format("free-cart"), headers=ada, json=one)
        client.post(ASSOCIATIONS.format("free-cart"), headers=ada, json=one["data"])
        client.post(ASSOCIATIONS.format("contact-cart"), headers=ada, json=one)
        client.delete("/v2/carts/hedy-only-cart", headers=ADMIN)
        client.get("/v2/cart/free-cart", headers=SHOPPER)
        client.get("/v2/carts", headers=SHOPPER)
        body = {"data": {"contact": {"email": "ada"}, "custom_attributes": UNTYPED}}
        wrong = client.post("/v2/carts", headers=SHOPPER, json=body)
        client.post("/__admin/rules", json=rule)
        client.get("/v2/carts", headers=ada)
    return wrong.headers["Mock-Request-Id"]


def shot(browser: Browser, url: str, name: str, scheme: str = "light") -> None:
    """Take the picture of one page."""
    page: Page = browser.new_page(viewport=SIZE, color_scheme=scheme)  # type: ignore[arg-type]  # light or dark
    page.goto(url)
    page.wait_for_load_state("load")
    page.screenshot(path=FOLDER / f"{name}.png")
    page.close()


def main() -> None:
    """Take all pictures."""
    FOLDER.mkdir(exist_ok=True)
    with running_server("--freeze-time", "2026-01-01T00:00:00Z") as server, chromium() as browser:
        refused = use(server.url)
        shot(browser, f"{server.url}/", "world")
        shot(browser, f"{server.url}/ui/journal", "journal")
        shot(browser, f"{server.url}/ui/journal/{refused}", "request", "dark")
        shot(browser, f"{server.url}/ui/errors?operation=getCarts", "errors")
        shot(browser, f"{server.url}/ui/coverage", "coverage")


if __name__ == "__main__":
    main()
