"""The journal: recorded requests and responses, without secrets."""

import gc
import json
import tracemalloc
from collections import deque
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient

from mockserver.app import create_app
from mockserver.core import json_text, pointer
from mockserver.core.config import Config
from mockserver.openapi.contract import resolve
from mockserver.sandbox.journal import MAX_BODY_BYTES, Message
from tests.support import admin, openapi_doc
from tests.support.built_in_data import (
    ACCOUNT_1,
    ACCOUNT_TOKEN,
    ADMIN,
    NEW_YEAR,
    SHOPPER,
    acting_as,
    naming,
)
from tests.support.contract import CONTRACT
from tests.support.sample_requests import ASSOCIATIONS, FORM, GOOD, SIGN_IN, TOKENS

JSON = "application/json"


def journal(client: FlaskClient, query: str = "") -> Any:
    return admin.get(client, f"/requests?{query}")


def last(client: FlaskClient) -> Any:
    """Return the newest entry."""
    return journal(client)["requests"][0]


# --- entries


def test_an_entry_describes_the_request_and_its_response(client: FlaskClient) -> None:
    response = client.get("/v2/carts/free-cart?include=items", headers=acting_as(1))
    entry = last(client)
    fields = {name: entry[name] for name in entry.keys() - {"request", "response", "duration_ms"}}
    assert fields == {
        "id": response.headers["Mock-Request-Id"],
        "time": "2026-01-01T00:00:00.000Z",
        "method": "GET",
        "path": "/v2/carts/free-cart",
        "query": "include=items",
        "operation": "getACart",
        "caller": {"kind": "account", "account_id": ACCOUNT_1, "customer_id": None},
        "status": 200,
        "error": None,
        "violations": [],
        "notes": [],
        "near_miss": None,
    }
    assert entry["duration_ms"] >= 0
    assert entry["response"]["body"] == response.get_json()
    assert entry["response"]["size"] == len(response.data)
    assert ["Content-Type", JSON] in entry["response"]["headers"]
    assert "body" not in entry["request"]


def test_an_entry_holds_the_body_that_was_sent(client: FlaskClient) -> None:
    client.post(ASSOCIATIONS, headers=ADMIN, json=naming(ACCOUNT_1))
    assert last(client)["request"]["body"] == naming(ACCOUNT_1)


@pytest.mark.parametrize("name", GOOD)
def test_the_request_id_of_a_response_is_that_of_its_entry(client: FlaskClient, name: str) -> None:
    response = GOOD[name].sent_by(client)
    entry = admin.get(client, f"/requests/{response.headers['Mock-Request-Id']}")
    assert (entry["operation"], entry["status"]) == (name, response.status_code)


def test_every_kind_of_response_has_the_request_id_of_its_entry(client: FlaskClient) -> None:
    for response in (
        client.get("/nowhere"),
        client.patch("/v2/carts", headers=ADMIN),
        client.get("/v2/carts"),
        client.get("/v2/carts", headers={"X-Long": "x" * 40_000}),
        client.get("/v2/carts", headers={**ADMIN, "Prefer": "example=nothing"}),
        client.get("/openapi.yaml"),
    ):
        entry = admin.get(client, f"/requests/{response.headers['Mock-Request-Id']}")
        assert entry["status"] == response.status_code


def test_an_unknown_id_is_404(client: FlaskClient) -> None:
    response = admin.call(client, "GET", f"/requests/{admin.UNKNOWN_ID}")
    assert admin.detail(response, 404) == "The journal has no request with this id."


def test_an_error_is_recorded_by_its_id(client: FlaskClient) -> None:
    client.delete("/v2/carts/unknown", headers=ADMIN)
    assert (last(client)["status"], last(client)["error"]) == (404, "cart-not-found")


def test_an_accepted_deviation_is_noted(client: FlaskClient) -> None:
    client.post(ASSOCIATIONS, headers=ADMIN, json=naming(ACCOUNT_1)["data"])
    assert len(last(client)["notes"]) == 1
    assert "array" in last(client)["notes"][0]


def test_the_admin_api_leaves_no_entries(client: FlaskClient) -> None:
    admin.get(client, "/clock")
    assert journal(client)["total"] == 0


def test_times_come_from_the_sandboxs_clock(client: FlaskClient) -> None:
    admin.put(client, "/clock", {"action": "advance", "duration": "PT1H"})
    client.get("/v2/carts", headers=ADMIN)
    assert last(client)["time"] == "2026-01-01T01:00:00.000Z"


# --- violations


@pytest.fixture(scope="module")
def dereferenced() -> Any:
    """openapi.yaml with its references resolved."""
    return resolve(openapi_doc.document(), openapi_doc.document(), {})


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        (
            "POST",
            "/v2/carts",
            {"data": {"name": ""}},
            [("body", "/data/name", "minLength"), ("body", "/data/name", "pattern")],
        ),
        ("POST", "/v2/carts", {"data": {"name": 7}}, [("body", "/data/name", "type")]),
        ("POST", "/v2/carts", {"data": {}}, [("body", "/data/name", "required")]),
        ("PUT", "/v2/carts/a%20b", {"data": {"name": "x"}}, [("path", "/cartID", "pattern")]),
        ("GET", "/v2/carts?page[limit]=0", None, [("query", "/page[limit]", "minimum")]),
        (
            "POST",
            "/v2/carts?page[limit]=0",
            {"data": {"name": 7, "contact": {"email": "no"}, "id": "a b"}},
            [
                ("body", "/data/name", "type"),
                ("body", "/data/contact/email", "format"),
                ("body", "/data/id", "pattern"),
            ],
        ),
        (
            "POST",
            ASSOCIATIONS,
            {"data": [{"type": "account"}, {"type": "cart", "id": "x"}]},
            [
                ("body", "/data", "maxItems"),
                ("body", "/data/0/id", "required"),
                ("body", "/data/1/type", "const"),
            ],
        ),
        (
            "PUT",
            "/v2/settings/cart",
            {"data": {"cart_expiry_days": 9999}},
            [("body", "/data/cart_expiry_days", "maximum")],
        ),
    ],
)
def test_all_violations_are_recorded_with_pointers_into_request_and_spec(
    client: FlaskClient,
    dereferenced: Any,
    method: str,
    path: str,
    body: Any,
    expected: list[tuple[str, str, str]],
) -> None:
    content = {} if body is None else {"json": body}
    client.open(path, method=method, headers=ADMIN, **content)
    violations = last(client)["violations"]
    assert sorted(
        (violation["where"], violation["pointer"], violation["keyword"]) for violation in violations
    ) == sorted(expected)
    for violation in violations:
        spec, keyword = violation["spec"], violation["keyword"]
        assert spec.startswith("#")
        assert spec.rpartition("/")[2] == keyword
        assert pointer.find(dereferenced, spec[1:]) is not None, spec
        if violation["where"] == "body" and keyword != "required":
            assert pointer.find(body, violation["pointer"]) is not None


def test_a_spec_pointer_refers_to_the_violated_rule(client: FlaskClient, dereferenced: Any) -> None:
    client.get("/v2/carts?page[limit]=101", headers=ADMIN)
    (violation,) = last(client)["violations"]
    assert violation["keyword"] == "maximum"
    assert pointer.find(dereferenced, violation["spec"].removeprefix("#")) == 100


# --- secrets

FORM_SECRETS = "grant_type=client_credentials&client_id=backoffice&client_secret=backoffice-secret"


def everything(client: FlaskClient) -> str:
    """Return everything the journal returns, by list and by entry."""
    listed = admin.call(client, "GET", "/requests?limit=1000").text
    ids = [entry["id"] for entry in json.loads(listed)["requests"]]
    return listed + "".join(admin.call(client, "GET", f"/requests/{id_}").text for id_ in ids)


@pytest.mark.parametrize(
    ("secret", "method", "path", "content"),
    [
        ("my-bearer", "GET", "/v2/carts", {"headers": {"Authorization": "Bearer my-bearer"}}),
        ("my-token", "GET", "/v2/carts", {"headers": {**SHOPPER, ACCOUNT_TOKEN: "my-token"}}),
        ("my-cookie", "GET", "/v2/carts", {"headers": {"Cookie": "session=my-cookie"}}),
        ("ada-password", "POST", TOKENS, {"json": {"data": SIGN_IN}}),
        ("ada-password", "POST", TOKENS, {"json": SIGN_IN}),
        ("ada-password", "POST", TOKENS, {"json": [{"deep": [SIGN_IN]}]}),
        ("12345", "POST", TOKENS, {"json": {"data": {**SIGN_IN, "password": 12345}}}),
        ("my-list", "POST", TOKENS, {"json": {"data": {**SIGN_IN, "password": ["my-list"]}}}),
        ("my-code", "POST", TOKENS, {"json": {"data": {"oauth_authorization_code": "my-code"}}}),
        ("my-code", "POST", TOKENS, {"json": {"data": {"oauth_code_verifier": "my-code"}}}),
        ("my-code", "POST", TOKENS, {"json": {"data": {"one_time_password_token": "my-code"}}}),
        ("backoffice-secret", "POST", "/oauth/access_token", {"data": FORM_SECRETS}),
        (
            "backoffice-secret",
            "POST",
            "/oauth/access_token",
            {"json": {"client_id": "backoffice", "client_secret": "backoffice-secret"}},
        ),
        (
            "backoffice-secret",
            "POST",
            "/oauth/access_token",
            {"data": '{"client_secret": "backoffice-secret"}'},
        ),
        (
            "backoffice-secret",
            "POST",
            "/oauth/access_token",
            {"data": FORM_SECRETS, "content_type": JSON},
        ),
        ("backoffice-secret", "POST", "/oauth/access_token", {"data": "{" + FORM_SECRETS}),
        ("ada-password", "POST", TOKENS, {"data": json.dumps(SIGN_IN)[:-1], "content_type": JSON}),
        ("ada-password", "POST", "/nowhere", {"json": SIGN_IN}),
        ("my-secret", "POST", "/oauth/access_token?client_secret=my-secret", {"data": ""}),
        ("my-secret", "GET", "/v2/carts?access_token=my-secret&include=items", {}),
    ],
)
@pytest.mark.parametrize("allowed", [True, False], ids=["with a bearer", "without"])
def test_a_sent_secret_is_not_recorded(
    client: FlaskClient, secret: str, method: str, path: str, content: dict[str, Any], allowed: bool
) -> None:
    headers = {**(SHOPPER if allowed else {}), **content.get("headers", {})}
    form = {} if "json" in content or "content_type" in content else {"content_type": FORM}
    client.open(path, method=method, **{**form, **content, "headers": headers})
    assert journal(client)["total"] == 1
    assert secret not in everything(client)
    assert "Bearer shopper" not in everything(client)


@pytest.mark.parametrize("content_type", [FORM, JSON], ids=["as a form", "as JSON"])
def test_an_issued_bearer_is_not_recorded(client: FlaskClient, content_type: str) -> None:
    content = (
        {"data": FORM_SECRETS, "content_type": FORM}
        if content_type == FORM
        else {"json": {"grant_type": "implicit", "client_id": "storefront"}}
    )
    issued = client.post("/oauth/access_token", **content).get_json()["access_token"]
    client.get("/v2/carts/free-cart", headers={"Authorization": f"Bearer {issued}"})
    assert issued not in everything(client)
    assert '"token_type":"Bearer"' in everything(client)


def test_an_issued_account_token_is_not_recorded(client: FlaskClient) -> None:
    response = client.post(TOKENS, headers=SHOPPER, json={"data": SIGN_IN})
    issued = response.get_json()["data"][0]["token"]
    client.get("/v2/carts", headers={**SHOPPER, ACCOUNT_TOKEN: issued})
    assert journal(client)["requests"][0]["status"] == 200
    assert issued not in everything(client)
    assert "ada-password" not in everything(client)


def test_other_fields_are_recorded(client: FlaskClient) -> None:
    client.post("/oauth/access_token", data=FORM_SECRETS, content_type=FORM)
    sent = last(client)["request"]["body"]
    assert sent == (
        "grant_type=client_credentials&client_id=backoffice&client_secret=" + quote("[redacted]")
    )
    client.post(TOKENS, headers=SHOPPER, json={"data": SIGN_IN})
    entry = last(client)
    assert entry["request"]["body"]["data"] == {**SIGN_IN, "password": "[redacted]"}
    assert ["Authorization", "[redacted]"] in entry["request"]["headers"]
    assert entry["response"]["body"]["data"][0]["account_name"] == "Ada's Engines"


SECRET = "s3cr3t-value"


@pytest.mark.parametrize(
    "name",
    [
        *("X-Api-Key", "x-api-key", "apikey", "Token", "X-Auth-Token", "Session", "X-Session-Id"),
        *("Set-Cookie", "Proxy-Authorization", "My-Credentials", "PASSWORD", "db-passwd"),
    ],
)
def test_a_secret_is_known_by_its_name(client: FlaskClient, name: str) -> None:
    """In headers, queries, the Referer's too, forms and JSON, whatever the case."""
    headers = {**ADMIN, name: SECRET, "Referer": f"http://shop.example/?a=1&{name}={SECRET}"}
    client.get(f"/v2/carts?{name}={SECRET}&a=1", headers=headers)
    client.post("/oauth/access_token", data={name: SECRET}, content_type=FORM)
    body = {"data": {"name": "x", "deep": [{name: SECRET}, {name: {"in": SECRET}}]}}
    client.post("/v2/carts", headers=ADMIN, json=body)
    assert SECRET not in everything(client)


def test_what_only_sounds_like_a_secret_is_recorded(client: FlaskClient) -> None:
    client.post(TOKENS, headers=SHOPPER, json={"data": SIGN_IN})
    sent = last(client)["request"]["body"]["data"]
    assert sent["password_profile_id"] == SIGN_IN["password_profile_id"]
    assert sent["authentication_mechanism"] == "password"
    client.get("/v2/settings/account-authentication", headers=SHOPPER)
    settings = last(client)["response"]["body"]["data"]
    assert settings["account_management_authentication_token_timeout_secs"] == 86400
    client.post("/oauth/access_token", data=FORM_SECRETS, content_type=FORM)
    assert last(client)["response"]["body"]["token_type"] == "Bearer"


def test_a_rejected_head_is_not_recorded_whole(client: FlaskClient) -> None:
    """Its target and each of its headers are cut, and there are at most a hundred headers."""
    headers = {**ADMIN, **{f"X-{n}": "y" * 40_000 for n in range(150)}}
    client.get(f"/v2/carts/{'z' * 50_000}?q={'q' * 50_000}", headers=headers)
    entry = last(client)
    assert entry["status"] == 431
    assert len(entry["path"]) < 5_000
    assert len(entry["query"]) < 5_000
    assert len(entry["request"]["headers"]) <= 100
    assert max(len(value) for _, value in entry["request"]["headers"]) < 5_000


# --- bodies that are not stored


def test_a_long_body_is_not_stored_but_its_size_is(client: FlaskClient) -> None:
    body = b" " * 20_000 + b'{"data": {"name": "Long"}}'
    client.post("/v2/carts", headers=ADMIN, data=body, content_type=JSON)
    request = last(client)["request"]
    assert (request["body"], request["size"]) == (None, len(body))
    assert request["note"] == "too large to be kept"


def test_stored_bodies_use_memory_in_proportion_to_their_size() -> None:
    value = {"errors": [{"status": 404, "title": "Not Found"}]}
    length = len(json_text.dump(value))
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        short = [Message.from_response([], json_text.dump(value)) for _ in range(100)]
        middle, _ = tracemalloc.get_traced_memory()
        long = [Message.from_response([], bytes(MAX_BODY_BYTES + 1)) for _ in range(100)]
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(short) == len(long) == 100
    assert middle - before < 100 * (length + 300)
    assert after - middle < 100 * 300


def test_of_a_body_that_is_not_json_only_the_size_is_recorded(client: FlaskClient) -> None:
    client.post("/v2/carts", headers=ADMIN, data=b"{broken", content_type=JSON)
    assert last(client)["request"]["body"] == "[7 bytes that are not JSON]"


# --- unmatched requests


@pytest.mark.parametrize(
    ("method", "path", "operation", "differs"),
    [
        ("GET", "/v2/cart", "getCarts", "segment 2 is 'cart', the contract has 'carts'"),
        ("POST", "/v2/cart", "createACart", "segment 2 is 'cart', the contract has 'carts'"),
        ("GET", "/carts", "getCarts", "segment 1, v2, is missing"),
        ("GET", "/carts/c", "getACart", "segment 1, v2, is missing"),
        ("GET", "/api/v2/carts", "getCarts", "segment 1, 'api', is one too many"),
        ("GET", "/v2/basket", None, "segment 2 is 'basket', the contract has "),
        (
            "POST",
            "/v2/carts/c/relationships/account",
            "createAccountCartAssociation",
            "segment 5 is 'account', the contract has 'accounts'",
        ),
        (
            "DELETE",
            "/v2/carts/c/relationships",
            "deleteAccountCartAssociation",
            "segment 5, accounts, is missing",
        ),
        ("PATCH", "/v2/carts/c", None, "the method is PATCH, the contract has "),
        ("GET", "/v2/accounts/a/b", None, "segment 4, 'b', is one too many"),
        ("GET", "/v2/carts/", "getCarts", "nothing but the trailing slash"),
    ],
)
def test_an_unmatched_request_has_a_near_miss_and_the_difference(
    client: FlaskClient, method: str, path: str, operation: str | None, differs: str | None
) -> None:
    response = client.open(path, method=method, headers=ADMIN)
    assert response.status_code in (404, 405)
    entry = last(client)
    assert entry["operation"] is None
    assert operation in (None, entry["near_miss"]["operation"])
    assert (differs or "") in entry["near_miss"]["differs"]


def test_only_requests_to_no_operation_are_unmatched(client: FlaskClient) -> None:
    client.get("/v2/carts", headers=ADMIN)
    client.get("/openapi.yaml")
    preflight = {"Origin": "http://localhost:3000", "Access-Control-Request-Method": "GET"}
    client.options("/v2/carts", headers=preflight)
    client.get("/v2/carts", headers={**ADMIN, "Mock-Sandbox": "not a name"})
    client.get("/v2/carts/always-no-such-path", headers=ADMIN)
    assert journal(client, "unmatched=true")["total"] == 0
    client.get("/v2/cartz")
    client.patch("/v2/carts")
    paths = [entry["path"] for entry in journal(client, "unmatched=true")["requests"]]
    assert paths == ["/v2/carts", "/v2/cartz"]
    assert journal(client, "unmatched=false")["total"] == 5


# --- filters and pages


@pytest.fixture
def varied(client: FlaskClient) -> FlaskClient:
    """A client whose journal has five requests, an hour apart."""
    for method, path in (
        ("GET", "/v2/carts"),
        ("GET", "/v2/carts/free-cart"),
        ("DELETE", "/v2/carts/unknown"),
        ("GET", "/nowhere"),
        ("GET", "/v2/carts"),
    ):
        client.open(path, method=method, headers=ADMIN)
        admin.put(client, "/clock", {"action": "advance", "duration": "PT1H"})
    return client


@pytest.mark.parametrize(
    ("query", "paths"),
    [
        ("", ["/v2/carts", "/nowhere", "/v2/carts/unknown", "/v2/carts/free-cart", "/v2/carts"]),
        ("operation=getCarts", ["/v2/carts", "/v2/carts"]),
        ("status=404", ["/nowhere", "/v2/carts/unknown"]),
        ("error=cart-not-found", ["/v2/carts/unknown"]),
        ("unmatched=true", ["/nowhere"]),
        ("since=2026-01-01T03:00:00Z", ["/v2/carts", "/nowhere"]),
        ("since=2026-01-01T05:00:00%2B01:00", ["/v2/carts"]),
        ("operation=getCarts&since=2026-01-01T00:00:01Z", ["/v2/carts"]),
        ("operation=getCarts&status=404", []),
        ("limit=2", ["/v2/carts", "/nowhere"]),
        ("limit=2&offset=2", ["/v2/carts/unknown", "/v2/carts/free-cart"]),
        ("limit=2&offset=4", ["/v2/carts"]),
        ("offset=5", []),
        ("status=404&limit=1&offset=1", ["/v2/carts/unknown"]),
    ],
)
def test_requests_are_listed_newest_first_filtered_and_paged(
    varied: FlaskClient, query: str, paths: list[str]
) -> None:
    page = journal(varied, query)
    assert [entry["path"] for entry in page["requests"]] == paths
    whole = journal(
        varied, "&".join(x for x in query.split("&") if x[:5] not in ("limit", "offse"))
    )
    assert page["total"] == whole["total"] == len(whole["requests"])


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (
            "operation=getTeapots",
            "There is no operation getTeapots; known: bulkUpdateItemsInCart, ",
        ),
        ("error=teapot", "There is no error teapot; known: account-lacks-permissions, "),
        ("status=teapot", "status must be a number from 100 to 599."),
        ("status=99", "status must be a number from 100 to 599."),
        ("status=%C2%B2", "status must be a number from 100 to 599."),
        (f"status={'2' * 5000}", "status must be a number from 100 to 599."),
        ("since=yesterday", "since: 'yesterday' is no date-time; write for example "),
        ("unmatched=yes", "unmatched must be true or false."),
        ("limit=0", "limit must be a number from 1 to 1000."),
        ("limit=1001", "limit must be a number from 1 to 1000."),
        ("limit=-1", "limit must be a number from 1 to 1000."),
        ("offset=-1", "offset must be a number from 0 to 999999999."),
        ("offset=9999999999", "offset must be a number from 0 to 999999999."),
    ],
)
def test_an_invalid_filter_is_reported(client: FlaskClient, query: str, message: str) -> None:
    response = admin.call(client, "GET", f"/requests?{query}")
    assert admin.detail(response, 400).startswith(message)


def test_each_sandbox_has_its_own_journal(client: FlaskClient) -> None:
    client.get("/sandboxes/one/v2/carts", headers=ADMIN)
    assert journal(client)["total"] == 0
    assert admin.get(client, "/requests", "one")["total"] == 1
    assert admin.get(client, "/requests", "two")["total"] == 0


def test_requests_are_cleared_on_demand_and_by_a_reset(client: FlaskClient) -> None:
    for method, path in (("DELETE", "/requests"), ("POST", "/reset")):
        client.get("/v2/carts", headers=ADMIN)
        assert journal(client)["total"] == 1
        assert admin.call(client, method, path).status_code == 204
        assert journal(client)["total"] == 0


def test_the_oldest_entries_are_removed_above_the_maximum() -> None:
    app: Flask = create_app(Config(frozen_at=NEW_YEAR, journal_size=3), CONTRACT)
    client = app.test_client()
    responses = [client.get(f"/v2/carts/c-{n}", headers=ADMIN) for n in range(5)]
    paths = [entry["path"] for entry in journal(client)["requests"]]
    assert paths == ["/v2/carts/c-4", "/v2/carts/c-3", "/v2/carts/c-2"]
    gone = responses[0].headers["Mock-Request-Id"]
    assert admin.call(client, "GET", f"/requests/{gone}").status_code == 404
    client.get("/sandboxes/one/v2/carts/x", headers=ADMIN)
    assert admin.get(client, "/sandboxes/default")["requests"] == 5


def test_a_thousand_entries_are_stored_by_default(client: FlaskClient) -> None:
    for _ in range(1003):
        client.get("/nowhere")
    assert journal(client)["total"] == 1000


def test_a_journal_of_size_0_stores_nothing_and_counts_everything() -> None:
    app: Flask = create_app(Config(frozen_at=NEW_YEAR, journal_size=0))
    client = app.test_client()
    responses = [client.get("/v2/carts/free-cart", headers=ADMIN) for _ in range(3)]
    assert [response.status_code for response in responses] == [200, 200, 200]
    assert journal(client)["total"] == 0
    request_id = responses[0].headers["Mock-Request-Id"]
    assert admin.call(client, "GET", f"/requests/{request_id}").status_code == 404
    assert admin.get(client, "/sandboxes/default")["requests"] == 3
    assert app.extensions["sandboxes"].counts() == {("getACart", 200, None): 3}
    assert client.get("/ui/journal").status_code == 200


def test_a_journal_of_size_0_rejects_verification() -> None:
    client = create_app(Config(frozen_at=NEW_YEAR, journal_size=0)).test_client()
    expected = {"operation": "getACart", "count": 0}
    response = admin.call(client, "POST", "/requests/verify", expected)
    assert response.status_code == 409
    assert "--journal-size 0" in response.get_json()["errors"][0]["detail"]


# --- verification


def verify(client: FlaskClient, **expected: Any) -> tuple[int, str | None]:
    response = admin.call(client, "POST", "/requests/verify", expected)
    return response.status_code, response.get_json().get("difference")


GET_CARTS = {"operation": "getCarts"}
HOLDS: list[dict[str, Any]] = [
    {},
    GET_CARTS,
    {**GET_CARTS, "count": 2},
    {**GET_CARTS, "at_least": 2},
    {**GET_CARTS, "at_most": 2},
    {**GET_CARTS, "at_least": 1, "at_most": 3},
    {"status": 404, "count": 2},
    {"error": "cart-not-found", "count": 1},
    {"operation": "createACart", "count": 0},
    {"operation": "createACart", "at_most": 0},
    {"count": 5},
    {"sequence": [GET_CARTS, {"operation": "getACart"}, {"error": "cart-not-found"}]},
    {"sequence": [{"operation": "getACart"}, GET_CARTS]},
    {"sequence": [GET_CARTS, GET_CARTS]},
    {"sequence": [{"status": 200}, {"status": 404}, {"status": 200}]},
]
RECORDED = "getCarts 200, getACart 200, deleteACart 404, GET /nowhere 404, getCarts 200"
FAILS: list[tuple[dict[str, Any], str]] = [
    ({**GET_CARTS, "count": 1}, f"expected count 1, got 2. Recorded: {RECORDED}"),
    ({**GET_CARTS, "at_least": 3}, f"expected at least 3, got 2. Recorded: {RECORDED}"),
    ({**GET_CARTS, "at_most": 1}, f"expected at most 1, got 2. Recorded: {RECORDED}"),
    ({"operation": "createACart"}, f"expected at least 1, got 0. Recorded: {RECORDED}"),
    (
        {**GET_CARTS, "count": 5, "at_least": 4},
        f"expected count 5, at least 4, got 2. Recorded: {RECORDED}",
    ),
    (
        {"sequence": [{"operation": "deleteACart"}, {"operation": "getACart"}]},
        f"request 2 of the sequence is missing. Recorded: {RECORDED}",
    ),
    (
        {"sequence": [GET_CARTS, GET_CARTS, GET_CARTS]},
        f"request 3 of the sequence is missing. Recorded: {RECORDED}",
    ),
]


@pytest.mark.parametrize("expected", HOLDS, ids=str)
def test_recorded_requests_are_verified(varied: FlaskClient, expected: dict[str, Any]) -> None:
    assert verify(varied, **expected) == (202, None)


@pytest.mark.parametrize(("expected", "difference"), FAILS, ids=lambda value: str(value)[:60])
def test_a_difference_is_reported(
    varied: FlaskClient, expected: dict[str, Any], difference: str
) -> None:
    assert verify(varied, **expected) == (406, difference)


def test_no_recorded_request_is_reported(client: FlaskClient) -> None:
    assert verify(client) == (406, "expected at least 1, got 0. Recorded: nothing")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"operation": "getTeapots"}, "There is no operation getTeapots; known: "),
        ({"sequence": [{"error": "teapot"}]}, "There is no error teapot; known: "),
        ({"sequence": []}, "sequence must have at least 1 element."),
        ({"count": -1}, "count must be at least 0."),
        ({"status": "200"}, "status must be of type integer."),
        ({"path": "/v2/carts"}, "path is not a known field; known: at_least, at_most, count, erro"),
    ],
)
def test_an_invalid_expectation_is_reported(
    client: FlaskClient, body: dict[str, Any], message: str
) -> None:
    response = admin.call(client, "POST", "/requests/verify", body)
    assert admin.detail(response, 400).startswith(message)


def test_the_garbage_collector_does_not_track_stored_entries(
    app: Flask, client: FlaskClient
) -> None:
    client.post(ASSOCIATIONS, headers=acting_as(ACCOUNT_1), json=naming(ACCOUNT_1))
    client.get("/v2/carts", headers=ADMIN)
    client.get("/v2/carts/always-cart-not-found", headers=ADMIN)
    for _ in range(4):  # a tuple is untracked after its parts: entry, message, headers, header
        gc.collect()
    of_the_journal = gc.get_referents(app.extensions["sandbox"].journal)
    [entries] = [value for value in of_the_journal if isinstance(value, deque)]
    assert [gc.is_tracked(entry) for entry in entries] == [False] * 3
