"""The HTML of the pages: readable without JavaScript, escaped, protected from other sites."""

import re
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from mockserver import dashboard
from mockserver.app import create_app
from mockserver.core.config import Config
from mockserver.openapi.contract import Contract
from tests.support import admin
from tests.support.built_in_data import ADMIN, NEW_YEAR, SHOPPER, acting_as

PAGES = ("/", "/ui/journal", "/ui/errors", "/ui/clock", "/ui/coverage", "/ui/sandboxes")
DOCS = ("/docs", "/__admin/docs")
STATIC = Path(dashboard.__file__).with_name("static")
Do = Callable[..., TestResponse]


@pytest.fixture
def do(client: FlaskClient) -> Do:
    """Submit a form of the dashboard."""

    def send(action: str, /, **fields: str) -> TestResponse:
        return client.post(f"/ui/actions/{action}", data=fields)

    return send


def text(client: FlaskClient, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200, response.text
    assert response.content_type == "text/html; charset=utf-8"
    return response.text


# --- reading


def test_start_page_shows_the_data(client: FlaskClient) -> None:
    page = text(client, "/")
    for text_ in ("ada-cart", "Ada&#39;s Engines", "grace@example.com", "account-1", "shopper"):
        assert text_ in page
    assert "5 owners, 11 carts, 9 associations" in page  # the label of the graph


def test_data_is_filtered(client: FlaskClient) -> None:
    page = text(client, "/?filter=HEDY")
    assert "hedy-only-cart" in page
    assert "grace-cart" not in page


def test_journal_shows_requests_newest_first_and_each_in_full(client: FlaskClient) -> None:
    client.get("/v2/carts", headers=ADMIN)
    invalid = client.post("/v2/carts", headers=SHOPPER, json={"data": {"contact": {"email": "?"}}})
    page = text(client, "/ui/journal")
    assert page.index("createACart</td>") < page.index("getCarts</td>")
    entry = unescape(text(client, f"/ui/journal/{invalid.headers['Mock-Request-Id']}"))
    assert "data.contact.email must be a valid email" in entry
    assert re.search(r'<mark>"email": "\?"</mark> <span class=wrong>← data.contact.email', entry)
    assert re.search(r'<mark>"data": \{</mark> <span class=wrong>← data.name is required', entry)
    assert "schema-violation" in entry
    assert "Bearer shopper" in entry  # in the curl command: a token of the fixtures


def test_journal_is_filtered(client: FlaskClient) -> None:
    client.get("/v2/carts", headers=ADMIN)
    client.get("/v2/nowhere")
    page = text(client, "/ui/journal?unmatched=true")
    assert "/v2/nowhere" in page
    assert "getCarts</td>" not in page
    assert client.get("/ui/journal?status=x").status_code == 400


def test_journal_has_pages(client: FlaskClient) -> None:
    for _ in range(51):
        client.get("/v2/carts", headers=ADMIN)
    assert 'href="/ui/journal?offset=50">Older' in text(client, "/ui/journal")
    last = text(client, "/ui/journal?offset=50")
    assert last.count("getCarts</td>") == 1
    assert 'href="/ui/journal?offset=0">Newer' in last


def test_reading_pages_records_nothing(client: FlaskClient, contract: Contract) -> None:
    other = create_app(Config(frozen_at=NEW_YEAR), contract).test_client()
    for path in (*PAGES, *DOCS, "/favicon.ico"):
        client.get(path)
    assert admin.get(client, "/requests")["total"] == 0
    first, second = (app.get("/v2/carts", headers=ADMIN) for app in (client, other))
    assert first.data == second.data
    assert first.headers["Mock-Request-Id"] == second.headers["Mock-Request-Id"]


def test_errors_are_listed_by_operation_or_filtered_among_all(client: FlaskClient) -> None:
    page = text(client, "/ui/errors?operation=deleteACart")
    assert "last-cart" in page
    assert "username-taken" not in page
    filtered = text(client, "/ui/errors?filter=Username")
    assert "last-cart" not in filtered
    assert "username-taken" in filtered


def test_clock_lists_expirations(client: FlaskClient) -> None:
    client.post("/oauth/access_token", data={"grant_type": "implicit", "client_id": "storefront"})
    page = text(client, "/ui/clock")
    assert "2026-01-01 00:00:00" in page
    assert page.index("cart expiring-cart") < page.index("cart ada-cart")
    assert "bearer token of storefront" in page


def test_coverage_shows_what_was_seen_in_this_sandbox_and_in_all(client: FlaskClient) -> None:
    client.get("/sandboxes/other/v2/carts", headers=ADMIN)
    seen = r'<span class="outcome seen" title="">200 <b>1</b>'
    assert not re.search(seen, text(client, "/ui/coverage"))
    assert re.search(seen, text(client, "/ui/coverage?of=all"))
    assert re.search(seen, text(client, "/sandboxes/other/ui/coverage"))


def test_every_page_shows_the_equivalent_curl_commands(client: FlaskClient) -> None:
    for path in PAGES:
        assert re.search("curl '?http://localhost/__admin/", unescape(text(client, path)))
    assert "curl http://localhost/sandboxes/x/__admin/state" in text(client, "/sandboxes/x/")


def test_links_stay_in_the_sandbox(client: FlaskClient) -> None:
    page = text(client, "/sandboxes/mine/ui/journal")
    links = re.findall(r'(?:href|src|action|hx-get|connect)="(/[^"]*)"', page)
    assert links
    assert all(link.startswith("/sandboxes/mine/") for link in links)


def test_unknown_page_is_a_json_error(client: FlaskClient) -> None:
    response = client.get("/ui/nothing")
    assert response.status_code == 404
    assert response.get_json()["errors"][0]["title"] == "Not Found"


def test_unknown_request_is_reported(client: FlaskClient) -> None:
    response = client.get("/ui/journal/unknown")
    assert response.status_code == 404
    assert "no request with this id" in response.text


# --- actions


def test_error_is_armed_fires_and_is_disarmed(client: FlaskClient, do: Do) -> None:
    response = do("arm", operation="getCarts", error="too-many-requests", back="/ui/errors")
    assert (response.status_code, response.location) == (303, "/ui/errors")
    assert "not yet" in text(client, "/ui/errors")
    assert client.get("/v2/carts", headers=ADMIN).status_code == 429
    assert client.get("/v2/carts", headers=ADMIN).status_code == 200
    assert "<b>1</b>" in text(client, "/ui/errors")
    (rule,) = admin.get(client, "/rules")
    do("disarm", id=rule["id"], back="/ui/errors")
    assert admin.get(client, "/rules") == []


def test_clock_is_moved(client: FlaskClient, do: Do) -> None:
    do("clock", action="advance", duration="P1D", back="/ui/clock")
    assert "2026-01-02 00:00:00" in text(client, "/ui/clock")
    rejected = do("clock", action="freeze", instant="now", back="/ui/clock")
    assert rejected.status_code == 400
    assert "instant must be a valid date-time" in rejected.text


def test_states_are_saved_restored_forked_and_downloaded(client: FlaskClient, do: Do) -> None:
    do("save", name="start", back="/ui/sandboxes")
    client.post("/v2/carts", headers=ADMIN, json={"data": {"id": "new", "name": "New"}})
    response = do("fork", name="forked", back="/ui/sandboxes")
    assert response.location == "/sandboxes/forked/ui/sandboxes"
    do("restore", name="start", back="/ui/sandboxes")
    assert ">new<" not in text(client, "/")
    assert ">new<" in text(client, "/sandboxes/forked/")
    download = client.get("/ui/snapshots/start/fixture")
    assert download.headers["Content-Disposition"] == 'attachment; filename="start.yaml"'
    assert download.text == admin.call(client, "GET", "/snapshots/start/fixture").text
    assert "- id: new" in client.get("/sandboxes/forked/ui/fixture").text
    do("forget", name="start", back="/ui/sandboxes")
    assert "None saved." in text(client, "/ui/sandboxes")
    do("delete-sandbox", name="forked", back="/ui/sandboxes")
    assert [sandbox["name"] for sandbox in admin.get(client, "/sandboxes")] == ["default"]


def test_sandbox_is_reset_and_its_journal_cleared(client: FlaskClient, do: Do) -> None:
    client.delete("/v2/carts/free-cart", headers=ADMIN)
    do("clear-journal", back="/ui/journal")
    assert "No requests yet" in text(client, "/ui/journal")
    do("reset", back="/")
    assert "free-cart" in text(client, "/")


@pytest.mark.parametrize(
    ("method", "path", "headers", "body"),
    [
        ("GET", "/v2/carts?page[limit]=2", acting_as(1), None),
        ("PUT", "/v2/carts/ada-cart", ADMIN, {"data": {"name": "Renamed"}}),
        ("DELETE", "/v2/carts/free-cart", SHOPPER, None),
    ],
)
def test_request_is_replayed_as_the_same_caller(
    client: FlaskClient, do: Do, method: str, path: str, headers: dict[str, str], body: object
) -> None:
    sent = {} if body is None else {"json": body}
    first = client.open(path, method=method, headers=headers, **sent)
    admin.call(client, "POST", "/reset")
    again = client.open(path, method=method, headers=headers, **sent)
    admin.call(client, "PUT", "/snapshots/s")
    response = do("replay", id=again.headers["Mock-Request-Id"])
    entry = admin.get(client, f"/requests/{response.location.rpartition('/')[2]}")
    original = admin.get(client, f"/requests/{again.headers['Mock-Request-Id']}")
    assert entry["id"] != original["id"]
    for field in ("method", "path", "query", "operation", "caller"):
        assert entry[field] == original[field]
    assert entry["request"].get("body") == original["request"].get("body")
    assert first.status_code == again.status_code


def test_replay_of_a_body_that_was_not_stored_is_rejected(client: FlaskClient, do: Do) -> None:
    large = {"data": {"name": "x", "description": "x" * 20_000}}
    sent = client.post("/v2/carts", headers=ADMIN, json=large)
    response = do("replay", id=sent.headers["Mock-Request-Id"])
    assert response.status_code == 409
    assert "too large to be stored" in response.text


def test_invalid_form_is_reported(do: Do) -> None:
    assert "name is required" in do("save", name=" ").text
    assert do("arm", operation="getCarts", error="nonsense").status_code == 400
    assert do("no-such-action").status_code == 404


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_form_redirects_to_this_server_only(do: Do, back: str) -> None:
    assert do("reset", back=back).status_code == 400


# --- security

SCRIPT = "<script>alert(1)</script>"


def test_data_is_escaped_everywhere(client: FlaskClient) -> None:
    body = {"data": {"id": "odd", "name": SCRIPT, "custom_attributes": {SCRIPT: 1}}}
    responses = [
        client.post("/v2/carts", headers=ADMIN, json={"data": {"id": "odd", "name": SCRIPT}}),
        client.post("/v2/carts", headers={**ADMIN, "X-Odd": SCRIPT}, json=body),
        client.get(f"/v2/{SCRIPT}?{SCRIPT}={SCRIPT}"),
        client.get("/v2/carts", query_string={"filter": SCRIPT}, headers=ADMIN),
    ]
    pages = [
        *PAGES,
        *(f"/ui/journal/{response.headers['Mock-Request-Id']}" for response in responses),
    ]
    pages += [f"/?filter={SCRIPT}", f"/ui/errors?filter={SCRIPT}", f"/ui/errors?operation={SCRIPT}"]
    for path in pages:
        page = text(client, path)
        assert "alert(1)</script>" not in page
        assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text(client, "/")


@pytest.mark.parametrize("path", [*PAGES, *DOCS])
def test_pages_run_only_their_own_scripts(client: FlaskClient, path: str) -> None:
    response = client.get(path)
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert not re.search(r"<script>|<style|\sstyle=|\son[a-z]+=|javascript:", response.text)
    assert not re.search(r'(?:src|href)="(?:https?:)?//', response.text)


@pytest.mark.parametrize("path", PAGES)
def test_htmx_cannot_start_before_its_extension(client: FlaskClient, path: str) -> None:
    """A deferred htmx starts by a timer, possibly before the extension is loaded."""
    tags = re.findall(r"<script[^>]*>", text(client, path))
    live = [tag for tag in tags if "htmx.min.js" in tag or "hx-sse.min.js" in tag]
    assert len(live) == 2, tags
    assert "htmx.min.js" in live[0]
    assert not any(re.search(r"\b(defer|async|type)\b", tag) for tag in live)


@pytest.mark.parametrize("path", [*PAGES, *DOCS, "/ui/static/app.js", "/ui/stream"])
def test_no_page_of_another_origin_may_read(client: FlaskClient, path: str) -> None:
    response = client.get(path, headers={"Origin": "https://evil.example"}, buffered=False)
    assert "Access-Control-Allow-Origin" not in response.headers
    response.close()


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}]
)
@pytest.mark.parametrize("path", ["/ui/actions/reset", "/ui/actions/replay", "/ui/session"])
def test_no_page_of_another_site_may_submit(
    client: FlaskClient, path: str, headers: dict[str, str]
) -> None:
    assert client.post(path, headers=headers, data={"back": "/"}).status_code == 403
    own = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    assert client.post("/ui/actions/reset", headers=own, data={"back": "/"}).status_code == 303


def test_forms_are_sent_by_post_only(client: FlaskClient) -> None:
    assert client.get("/ui/actions/reset").status_code == 405


def test_rebound_host_name_is_rejected(client: FlaskClient) -> None:
    response = client.get("/", headers={"Host": "evil.example"})
    assert response.status_code == 403
    assert "ada-cart" not in response.text


def with_config(contract: Contract, **settings: object) -> FlaskClient:
    return create_app(Config(frozen_at=NEW_YEAR, **settings), contract).test_client()  # type: ignore[arg-type]  # a mapping of its fields


def test_admin_token_is_required_once(contract: Contract) -> None:
    client = with_config(contract, host="0.0.0.0", admin_token="secret")
    for path in (*PAGES, "/docs"):
        response = client.get(path)
        assert response.status_code == 401
        assert "Admin token" in response.text
    assert client.get("/ui/stream").status_code == 401
    assert client.post("/ui/actions/reset", data={"back": "/"}).status_code == 401
    rejected = client.post("/ui/session", data={"token": "guess", "back": "/"})
    assert (rejected.status_code, "Wrong token" in rejected.text) == (401, True)
    accepted = client.post("/ui/session", data={"token": "secret", "back": "/ui/clock"})
    assert (accepted.status_code, accepted.location) == (303, "/ui/clock")
    cookie = accepted.headers["Set-Cookie"]
    assert "secret" not in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    page = text(client, "/")
    assert '"Authorization: Bearer $ADMIN_TOKEN"' in unescape(page)
    assert "secret" not in page


def test_forged_session_is_rejected(contract: Contract) -> None:
    client = with_config(contract, admin_token="secret")
    client.set_cookie("mockserver-admin", "admin.x.y")
    assert client.get("/").status_code == 401


@pytest.mark.parametrize(
    ("settings", "status"), [({"host": "0.0.0.0"}, 401), ({"disable_admin": True}, 404)]
)
def test_pages_are_closed_where_the_admin_api_is(
    contract: Contract, settings: dict[str, object], status: int
) -> None:
    client = with_config(contract, **settings)
    response = client.get("/")
    assert response.status_code == status
    assert "ada-cart" not in response.text
    assert "did not work" in response.text


# --- live


def test_stream_sends_the_number_of_requests(client: FlaskClient) -> None:
    client.get("/v2/carts", headers=ADMIN)
    response = client.get("/ui/stream", buffered=False)
    assert response.content_type.startswith("text/event-stream")
    events = iter(response.response)
    assert next(events) == b"retry: 500\n\n"
    assert next(events) == b"event: requests\ndata: 1\n\n"
    client.get("/v2/carts", headers=ADMIN)
    assert next(events) == b"event: requests\ndata: 2\n\n"
    response.close()


def test_streams_are_bounded(client: FlaskClient) -> None:
    streams = [client.get("/__admin/requests/stream", buffered=False) for _ in range(17)]
    first = [next(iter(stream.response)) for stream in streams]
    assert first == [b"retry: 500\n\n"] * 16 + [b"retry: 5000\n\n"]
    for stream in streams:
        stream.close()
    again = client.get("/__admin/requests/stream", buffered=False)
    assert next(iter(again.response)) == b"retry: 500\n\n"
    again.close()


# --- the pages of the API


def test_reference_calls_this_sandbox_as_a_login_of_the_fixtures(client: FlaskClient) -> None:
    page = text(client, "/sandboxes/mine/docs")
    assert 'data-account-token="account-1" data-customer-token="">Ada Lovelace (account-1)' in page
    document = client.get("/sandboxes/mine/ui/openapi.json").get_json()
    assert document["servers"] == [{"url": "/sandboxes/mine"}]
    examples = document["components"]["examples"]
    assert examples["last-cart"]["summary"].startswith("last-cart: ")


def test_admin_reference_has_the_admin_contract(client: FlaskClient) -> None:
    assert "/ui/admin-openapi.json" in text(client, "/__admin/docs")
    assert "/__admin/state" in client.get("/ui/admin-openapi.json").get_json()["paths"]


# --- weight


def test_pages_are_small(client: FlaskClient) -> None:
    shared = ("htmx.min.js", "hx-sse.min.js", "pico.min.css", "app.css", "app.js", "theme.js")
    fixed = sum((STATIC / name).stat().st_size for name in (*shared, "icon.svg"))
    heaviest = max(len(client.get(path).data) for path in PAGES)
    assert fixed + heaviest <= 300_000
