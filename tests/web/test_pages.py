"""The pages as they are served: readable without JavaScript, escaped, closed to other sites."""

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
from tests.control import admin
from tests.seeds import ADMIN, NEW_YEAR, SHOPPER, acting_as

PAGES = ("/", "/ui/journal", "/ui/errors", "/ui/clock", "/ui/coverage", "/ui/sandboxes")
DOCS = ("/docs", "/__admin/docs")
STATIC = Path(dashboard.__file__).with_name("static")
Do = Callable[..., TestResponse]


@pytest.fixture
def do(client: FlaskClient) -> Do:
    """Send one of the dashboard's forms."""

    def send(action: str, /, **fields: str) -> TestResponse:
        return client.post(f"/ui/actions/{action}", data=fields)

    return send


def text(client: FlaskClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.content_type == "text/html; charset=utf-8"
    return answer.text


# --- reading


def test_start_page_shows_the_world(client: FlaskClient) -> None:
    page = text(client, "/")
    for known in ("ada-cart", "Ada&#39;s Engines", "grace@example.com", "account-1", "shopper"):
        assert known in page
    assert "5 owners, 11 carts, 9 associations" in page  # what the picture tells those who hear


def test_world_is_filtered(client: FlaskClient) -> None:
    page = text(client, "/?filter=HEDY")
    assert "hedy-only-cart" in page
    assert "grace-cart" not in page


def test_journal_shows_requests_newest_first_and_each_in_full(client: FlaskClient) -> None:
    client.get("/v2/carts", headers=ADMIN)
    wrong = client.post("/v2/carts", headers=SHOPPER, json={"data": {"contact": {"email": "?"}}})
    page = text(client, "/ui/journal")
    assert page.index("createACart</td>") < page.index("getCarts</td>")
    entry = unescape(text(client, f"/ui/journal/{wrong.headers['Mock-Request-Id']}"))
    assert "data.contact.email must be a valid email" in entry
    assert re.search(r'<mark>"email": "\?"</mark> <span class=wrong>← data.contact.email', entry)
    assert re.search(r'<mark>"data": \{</mark> <span class=wrong>← data.name is required', entry)
    assert "schema-violation" in entry
    assert "Bearer shopper" in entry  # in the curl line: a token of the fixtures stands in


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


def test_looking_leaves_no_trace(client: FlaskClient, contract: Contract) -> None:
    other = create_app(Config(frozen_at=NEW_YEAR), contract).test_client()
    for path in (*PAGES, *DOCS, "/favicon.ico"):
        client.get(path)
    assert admin.get(client, "/requests")["total"] == 0
    same = [each.get("/v2/carts", headers=ADMIN) for each in (client, other)]
    assert same[0].data == same[1].data
    assert same[0].headers["Mock-Request-Id"] == same[1].headers["Mock-Request-Id"]


def test_errors_are_shown_by_operation_and_found_in_all(client: FlaskClient) -> None:
    page = text(client, "/ui/errors?operation=deleteACart")
    assert "last-cart" in page
    assert "username-taken" not in page
    found = text(client, "/ui/errors?filter=Username")
    assert "last-cart" not in found
    assert "username-taken" in found


def test_clock_tells_what_ends_when(client: FlaskClient) -> None:
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


def test_every_page_shows_the_curl_lines_that_do_the_same(client: FlaskClient) -> None:
    for path in PAGES:
        assert re.search("curl '?http://localhost/__admin/", unescape(text(client, path)))
    assert "curl http://localhost/sandboxes/x/__admin/state" in text(client, "/sandboxes/x/")


def test_links_stay_in_the_sandbox(client: FlaskClient) -> None:
    page = text(client, "/sandboxes/mine/ui/journal")
    links = re.findall(r'(?:href|src|action|hx-get|connect)="(/[^"]*)"', page)
    assert links
    assert all(link.startswith("/sandboxes/mine/") for link in links)


def test_unknown_page_is_answered_as_the_api_does(client: FlaskClient) -> None:
    answer = client.get("/ui/nothing")
    assert answer.status_code == 404
    assert answer.get_json()["errors"][0]["title"] == "Not Found"


def test_request_that_is_not_remembered_is_told(client: FlaskClient) -> None:
    answer = client.get("/ui/journal/unknown")
    assert answer.status_code == 404
    assert "No request of this id" in answer.text


# --- doing


def test_error_is_armed_fires_and_is_disarmed(client: FlaskClient, do: Do) -> None:
    answer = do("arm", operation="getCarts", error="too-many-requests", back="/ui/errors")
    assert (answer.status_code, answer.location) == (303, "/ui/errors")
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
    refused = do("clock", action="freeze", instant="now", back="/ui/clock")
    assert refused.status_code == 400
    assert "instant must be a valid date-time" in refused.text


def test_states_are_saved_restored_forked_and_downloaded(client: FlaskClient, do: Do) -> None:
    do("save", name="start", back="/ui/sandboxes")
    client.post("/v2/carts", headers=ADMIN, json={"data": {"id": "new", "name": "New"}})
    forked = do("fork", name="twin", back="/ui/sandboxes")
    assert forked.location == "/sandboxes/twin/ui/sandboxes"
    do("restore", name="start", back="/ui/sandboxes")
    assert ">new<" not in text(client, "/")
    assert ">new<" in text(client, "/sandboxes/twin/")
    download = client.get("/ui/snapshots/start/fixture")
    assert download.headers["Content-Disposition"] == 'attachment; filename="start.yaml"'
    assert download.text == admin.call(client, "GET", "/snapshots/start/fixture").text
    assert "- id: new" in client.get("/sandboxes/twin/ui/fixture").text
    do("forget", name="start", back="/ui/sandboxes")
    assert "None saved." in text(client, "/ui/sandboxes")
    do("delete-sandbox", name="twin", back="/ui/sandboxes")
    assert [each["name"] for each in admin.get(client, "/sandboxes")] == ["default"]


def test_sandbox_is_reset_and_its_journal_forgotten(client: FlaskClient, do: Do) -> None:
    client.delete("/v2/carts/free-cart", headers=ADMIN)
    do("clear-journal", back="/ui/journal")
    assert "Nothing came yet" in text(client, "/ui/journal")
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
    answer = do("replay", id=again.headers["Mock-Request-Id"])
    entry = admin.get(client, f"/requests/{answer.location.rpartition('/')[2]}")
    original = admin.get(client, f"/requests/{again.headers['Mock-Request-Id']}")
    assert entry["id"] != original["id"]
    for same in ("method", "path", "query", "operation", "caller"):
        assert entry[same] == original[same]
    assert entry["request"].get("body") == original["request"].get("body")
    assert first.status_code == again.status_code


def test_replay_of_what_was_not_kept_is_refused(client: FlaskClient, do: Do) -> None:
    large = {"data": {"name": "x", "description": "x" * 20_000}}
    sent = client.post("/v2/carts", headers=ADMIN, json=large)
    answer = do("replay", id=sent.headers["Mock-Request-Id"])
    assert answer.status_code == 409
    assert "too large to be kept" in answer.text


def test_form_that_lacks_something_is_told(do: Do) -> None:
    assert "name is required" in do("save", name=" ").text
    assert do("arm", operation="getCarts", error="nonsense").status_code == 400
    assert do("no-such-action").status_code == 404


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_form_leads_back_to_this_server_only(do: Do, back: str) -> None:
    assert do("reset", back=back).status_code == 400


# --- security

SCRIPT = "<script>alert(1)</script>"


def test_data_is_escaped_everywhere(client: FlaskClient) -> None:
    body = {"data": {"id": "odd", "name": SCRIPT, "custom_attributes": {SCRIPT: 1}}}
    ids = [
        client.post("/v2/carts", headers=ADMIN, json={"data": {"id": "odd", "name": SCRIPT}}),
        client.post("/v2/carts", headers={**ADMIN, "X-Odd": SCRIPT}, json=body),
        client.get(f"/v2/{SCRIPT}?{SCRIPT}={SCRIPT}"),
        client.get("/v2/carts", query_string={"filter": SCRIPT}, headers=ADMIN),
    ]
    pages = [*PAGES, *(f"/ui/journal/{each.headers['Mock-Request-Id']}" for each in ids)]
    pages += [f"/?filter={SCRIPT}", f"/ui/errors?filter={SCRIPT}", f"/ui/errors?operation={SCRIPT}"]
    for path in pages:
        page = text(client, path)
        assert "alert(1)</script>" not in page
        assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text(client, "/")


@pytest.mark.parametrize("path", [*PAGES, *DOCS])
def test_pages_run_nothing_but_their_own_scripts(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert not re.search(r"<script>|<style|\sstyle=|\son[a-z]+=|javascript:", answer.text)
    assert not re.search(r'(?:src|href)="(?:https?:)?//', answer.text)


@pytest.mark.parametrize("path", PAGES)
def test_htmx_cannot_begin_before_its_extension(client: FlaskClient, path: str) -> None:
    """A deferred htmx starts by a timer, and may find that the extension is not there yet."""
    tags = re.findall(r"<script[^>]*>", text(client, path))
    live = [tag for tag in tags if "htmx.min.js" in tag or "hx-sse.min.js" in tag]
    assert len(live) == 2, tags
    assert "htmx.min.js" in live[0]
    assert not any(re.search(r"\b(defer|async|type)\b", tag) for tag in live)


@pytest.mark.parametrize("path", [*PAGES, *DOCS, "/ui/static/app.js", "/ui/stream"])
def test_no_page_of_another_origin_may_read(client: FlaskClient, path: str) -> None:
    answer = client.get(path, headers={"Origin": "https://evil.example"}, buffered=False)
    assert "Access-Control-Allow-Origin" not in answer.headers
    answer.close()


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}]
)
@pytest.mark.parametrize("path", ["/ui/actions/reset", "/ui/actions/replay", "/ui/session"])
def test_no_page_of_another_site_may_do(
    client: FlaskClient, path: str, headers: dict[str, str]
) -> None:
    assert client.post(path, headers=headers, data={"back": "/"}).status_code == 403
    own = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    assert client.post("/ui/actions/reset", headers=own, data={"back": "/"}).status_code == 303


def test_forms_are_sent_by_post_only(client: FlaskClient) -> None:
    assert client.get("/ui/actions/reset").status_code == 405


def test_host_that_dns_may_have_bent_here_sees_nothing(client: FlaskClient) -> None:
    answer = client.get("/", headers={"Host": "evil.example"})
    assert answer.status_code == 403
    assert "ada-cart" not in answer.text


def with_config(contract: Contract, **settings: object) -> FlaskClient:
    return create_app(Config(frozen_at=NEW_YEAR, **settings), contract).test_client()  # type: ignore[arg-type]  # a mapping of its fields


def test_admin_token_is_asked_for_once(contract: Contract) -> None:
    client = with_config(contract, host="0.0.0.0", admin_token="secret")
    for path in (*PAGES, "/docs"):
        answer = client.get(path)
        assert answer.status_code == 401
        assert "Admin token" in answer.text
    assert client.get("/ui/stream").status_code == 401
    assert client.post("/ui/actions/reset", data={"back": "/"}).status_code == 401
    wrong = client.post("/ui/session", data={"token": "guess", "back": "/"})
    assert (wrong.status_code, "That is not the token" in wrong.text) == (401, True)
    right = client.post("/ui/session", data={"token": "secret", "back": "/ui/clock"})
    assert (right.status_code, right.location) == (303, "/ui/clock")
    cookie = right.headers["Set-Cookie"]
    assert "secret" not in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    page = text(client, "/")
    assert '"Authorization: Bearer $ADMIN_TOKEN"' in unescape(page)
    assert "secret" not in page


def test_forged_session_is_none(contract: Contract) -> None:
    client = with_config(contract, admin_token="secret")
    client.set_cookie("mockserver-admin", "admin.x.y")
    assert client.get("/").status_code == 401


@pytest.mark.parametrize(
    ("settings", "status"), [({"host": "0.0.0.0"}, 401), ({"disable_admin": True}, 404)]
)
def test_where_the_admin_api_is_closed_so_are_the_pages(
    contract: Contract, settings: dict[str, object], status: int
) -> None:
    client = with_config(contract, **settings)
    answer = client.get("/")
    assert answer.status_code == status
    assert "ada-cart" not in answer.text
    assert "did not work" in answer.text


# --- live


def test_stream_tells_how_many_requests_came(client: FlaskClient) -> None:
    client.get("/v2/carts", headers=ADMIN)
    answer = client.get("/ui/stream", buffered=False)
    assert answer.content_type.startswith("text/event-stream")
    events = iter(answer.response)
    assert next(events) == b"retry: 500\n\n"
    assert next(events) == b"event: requests\ndata: 1\n\n"
    client.get("/v2/carts", headers=ADMIN)
    assert next(events) == b"event: requests\ndata: 2\n\n"
    answer.close()


def test_streams_are_bounded(client: FlaskClient) -> None:
    opened = [client.get("/__admin/requests/stream", buffered=False) for _ in range(17)]
    first = [next(iter(each.response)) for each in opened]
    assert first == [b"retry: 500\n\n"] * 16 + [b"retry: 5000\n\n"]
    for each in opened:
        each.close()
    again = client.get("/__admin/requests/stream", buffered=False)
    assert next(iter(again.response)) == b"retry: 500\n\n"
    again.close()


# --- the pages of the API


def test_reference_calls_this_sandbox_as_a_seed_login(client: FlaskClient) -> None:
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


def test_page_weighs_little(client: FlaskClient) -> None:
    shared = ("htmx.min.js", "hx-sse.min.js", "pico.min.css", "app.css", "app.js", "theme.js")
    fixed = sum((STATIC / name).stat().st_size for name in (*shared, "icon.svg"))
    heaviest = max(len(client.get(path).data) for path in PAGES)
    assert fixed + heaviest <= 300_000
