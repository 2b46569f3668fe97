"""The order of the checks (contract.md §2): of several faults the first one is always answered."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from mockserver.app import create_app
from mockserver.core.config import Config
from mockserver.fixtures.load import load_fixtures
from mockserver.store.state import StoreState
from tests.support.built_in_data import (
    ACCOUNT_1,
    ACCOUNT_2,
    ACCOUNT_TOKEN,
    ADMIN,
    NEW_YEAR,
    SHOPPER,
    acting_as,
    naming,
)
from tests.support.contract import CONTRACT
from tests.support.error_causes.common import NO_SUCH_ACCOUNT
from tests.support.openapi_doc import operations, pairs
from tests.support.sample_requests import (
    CART_SETTINGS,
    FORM,
    GOOD,
    JSON,
    RESTRICTED,
    RESTRICTED_STATE,
    SIGN_IN,
    TOKENS,
    Request,
)

Spoil = Callable[[Request], Request]

UNSAFE = "/v2/carts/not%20safe"
UNKNOWN = "/v2/carts/no-such-cart"
RELATED = "/relationships/accounts"
BOTH_DISCOUNTS = {"custom_discounts_enabled": True, "use_rule_promotions": True}

SCHEMA_FAULTS: dict[str, tuple[str, Spoil]] = {
    # check 7: path, query or body against the schema
    "createAnAccessToken": ("bad-request", lambda r: r.evolve(body={"client_id": "nobody"})),
    "post-v2-account-members-tokens": ("schema-violation", lambda r: r.evolve(body={})),
    "get-v2-accounts": ("schema-violation", lambda r: r.evolve(query={"page[limit]": "101"})),
    "get-v2-accounts-accountID": ("schema-violation", lambda r: r.evolve(path="/v2/accounts/ada")),
    "put-v2-settings-cart": ("schema-violation", lambda r: r.evolve(body={})),
    "getCarts": (
        "schema-violation",
        lambda r: r.evolve(query={**r.query, "page[limit]": "101"}),
    ),
    "createACart": ("schema-violation", lambda r: r.evolve(body={"data": {"id": "free-cart"}})),
    "getACart": ("schema-violation", lambda r: r.evolve(path=UNSAFE)),
    "updateACart": ("schema-violation", lambda r: r.evolve(body={"data": {"name": 1}})),
    "deleteACart": ("schema-violation", lambda r: r.evolve(path=UNSAFE)),
    "createAccountCartAssociation": (
        "schema-violation",
        lambda r: r.evolve(body={"data": [{"type": "account"}]}),
    ),
    "deleteAccountCartAssociation": (
        "schema-violation",
        lambda r: r.evolve(body={"data": [{"type": "account"}]}),
    ),
}
OWN_FAULTS: dict[str, tuple[str, Spoil]] = {
    # check 8: the operation's own rules
    "createAnAccessToken": (
        "wrong-credentials",
        lambda r: r.evolve(body={"grant_type": "implicit", "client_id": "nobody"}),
    ),
    "post-v2-account-members-tokens": (
        "wrong-credentials",
        lambda r: r.evolve(body={"data": {**SIGN_IN, "password": "wrong"}}),
    ),
    "get-v2-accounts-accountID": (
        "account-not-found",
        lambda r: r.evolve(path=f"/v2/accounts/{NO_SUCH_ACCOUNT}"),
    ),
    "put-v2-settings-cart": (
        "cannot-use-both-discounts-together",
        lambda r: r.evolve(body={"data": {"discounts": BOTH_DISCOUNTS}}),
    ),
    "getCarts": ("invalid-filter", lambda r: r.evolve(query={"filter": "anything"})),
    "createACart": (
        "cart-already-exists",
        lambda r: r.evolve(body={"data": {"id": "free-cart", "name": "Again"}}),
    ),
    "updateACart": ("cart-not-found", lambda r: r.evolve(path=UNKNOWN)),
    "deleteACart": ("cart-not-found", lambda r: r.evolve(path=UNKNOWN)),
    "createAccountCartAssociation": ("cart-not-found", lambda r: r.evolve(path=UNKNOWN + RELATED)),
    "deleteAccountCartAssociation": ("cart-not-found", lambda r: r.evolve(path=UNKNOWN + RELATED)),
}


@dataclass(frozen=True)
class Fault:
    """One thing wrong with a request, the check that sees it, and the error it is answered with."""

    check: str
    error: str
    spoil: Spoil


def faults_of(operation: str) -> list[Fault]:
    """Return everything that can be wrong with a request, in the order of the checks."""
    spec = operations()[operation]
    errors = {error for name, error in pairs() if name == operation}
    own_json_error = "malformed-json" if "malformed-json" in errors else "invalid-json-payload"
    found = [
        Fault("1 path", "no-such-path", lambda r: r.evolve(path=f"{r.path}/no/such/path")),
        Fault("1 method", "method-not-allowed", lambda r: r.evolve(method="PATCH")),
    ]
    if spec.get("security") != []:
        unauthorized = {"unauthorized", "unable-to-validate-access-token"} & errors
        found += [
            Fault("2 bearer", unauthorized.pop(), lambda r: r.without_header("Authorization")),
            Fault(
                "3 account token",
                "account-token-not-valid",
                lambda r: r.evolve(headers={**r.headers, ACCOUNT_TOKEN: "no-such-token"}),
            ),
            Fault("4 grant", "forbidden", lambda r: r.evolve(headers=RESTRICTED)),
        ]
    found.append(
        Fault(
            "5 media type",
            "unsupported-media-type",
            lambda r: r.evolve(raw='{"data', content_type="text/plain"),
        )
    )
    if "requestBody" in spec:
        found.append(
            Fault("6 JSON", own_json_error, lambda r: r.evolve(raw='{"data', content_type=JSON))
        )
    for check, table in (("7 schema", SCHEMA_FAULTS), ("8 own rules", OWN_FAULTS)):
        if operation in table:
            found.append(Fault(check, *table[operation]))
    return found


EACH_STEP = [
    pytest.param(operation, faults_of(operation)[step:], id=f"{operation}-{fault.check}")
    for operation in GOOD
    for step, fault in enumerate(faults_of(operation))
]


@pytest.fixture(scope="module")
def world() -> StoreState:
    """Return the built-in data with a restricted application added."""
    return load_fixtures(("default", RESTRICTED_STATE), CONTRACT)


@pytest.fixture
def client(world: StoreState) -> FlaskClient:
    """A client of that world."""
    return create_app(Config(frozen_at=NEW_YEAR), CONTRACT, world).test_client()


def title(answer: TestResponse) -> str:
    text: str = answer.get_json()["errors"][0]["title"]
    return text


# --- one fault after the other


@pytest.mark.parametrize(("operation", "faults"), EACH_STEP)
def test_first_fault_is_answered_whatever_follows(
    client: FlaskClient, operation: str, faults: list[Fault]
) -> None:
    request = GOOD[operation]
    for fault in reversed(faults):
        request = fault.spoil(request)
    answer = request.sent_by(client)
    expected = pairs()[operation, faults[0].error]
    assert (answer.status_code, answer.get_json()) == (expected.status, expected.body)
    assert answer.headers["Content-Type"] == JSON


def test_headers_that_are_too_large_come_before_everything(client: FlaskClient) -> None:
    answer = client.patch("/nowhere", headers={"X-Padding": "x" * 40_000}, data="{")
    assert (answer.status_code, title(answer)) == (431, "Request Header Fields Too Large")


# --- path and method

ALLOWED = {
    "/oauth/access_token": {"POST"},
    TOKENS: {"POST"},
    "/v2/accounts": {"GET", "HEAD", "POST"},
    f"/v2/accounts/{ACCOUNT_1}": {"GET", "HEAD", "PUT", "DELETE"},
    "/v2/settings/account-authentication": {"GET", "HEAD"},
    CART_SETTINGS: {"GET", "HEAD", "PUT"},
    "/v2/carts": {"GET", "HEAD", "POST"},
    "/v2/carts/free-cart": {"GET", "HEAD", "PUT", "DELETE"},
    "/v2/carts/free-cart/relationships/accounts": {"POST", "DELETE"},
}


@pytest.mark.parametrize(("path", "allowed"), ALLOWED.items(), ids=ALLOWED)
def test_405_names_the_allowed_methods(client: FlaskClient, path: str, allowed: set[str]) -> None:
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} - allowed:
        answer = client.open(path, method=method, headers=ADMIN)
        assert (answer.status_code, title(answer)) == (405, "Method Not Allowed")
        assert set(answer.headers["Allow"].split(", ")) == allowed


@pytest.mark.parametrize(
    "path",
    [
        "/v2",
        "/carts",
        "/v2/carts/",
        "/v2/carts/free-cart/relationships",
        "/v2/carts/free-cart/relationships/accounts/x",
        "/V2/carts",
    ],
)
@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_unknown_path_is_not_found_by_any_method(
    client: FlaskClient, path: str, method: str
) -> None:
    answer = client.open(path, method=method, headers=ADMIN)
    assert (answer.status_code, title(answer)) == (404, "Not Found")


# --- the media type


@pytest.mark.parametrize(
    "operation", [name for name in GOOD if "requestBody" not in operations()[name]]
)
@pytest.mark.parametrize("media_type", [JSON, "text/plain"])
def test_content_type_without_a_body_is_normal(
    client: FlaskClient, operation: str, media_type: str
) -> None:
    answer = GOOD[operation].evolve(content_type=media_type).sent_by(client)
    assert answer.status_code in (200, 204)


@pytest.mark.parametrize("parameter", ["; charset=utf-8", ";charset=UTF-8", ""])
def test_media_type_may_have_parameters(client: FlaskClient, parameter: str) -> None:
    request = GOOD["createACart"].evolve(
        raw='{"data": {"name": "New"}}', content_type=f"application/json{parameter}"
    )
    assert request.sent_by(client).status_code == 201


@pytest.mark.parametrize("media_type", ["Application/JSON", "APPLICATION/JSON"])
def test_media_type_is_written_in_any_case(client: FlaskClient, media_type: str) -> None:
    request = GOOD["createACart"].evolve(raw='{"data": {"name": "New"}}', content_type=media_type)
    assert request.sent_by(client).status_code == 201


@pytest.mark.parametrize(
    ("raw", "content_type"),
    [
        ('{"grant_type": "implicit", "client_id": "storefront"}', JSON),
        ("grant_type=implicit&client_id=storefront", FORM),
        ("grant_type=implicit&client_id=storefront", JSON),
    ],
    ids=["JSON", "form", "form that says JSON"],
)
def test_application_sends_its_credentials_as_form_or_json(
    client: FlaskClient, raw: str, content_type: str
) -> None:
    request = GOOD["createAnAccessToken"].evolve(raw=raw, content_type=content_type)
    assert request.sent_by(client).status_code == 200


@pytest.mark.parametrize(
    "operation",
    [name for name in GOOD if JSON in operations()[name].get("requestBody", {}).get("content", {})],
)
def test_only_applications_may_send_a_form(client: FlaskClient, operation: str) -> None:
    request = GOOD[operation].evolve(raw="data=x", content_type=FORM)
    expected = 400 if operation == "createAnAccessToken" else 415
    assert request.sent_by(client).status_code == expected


def test_authorization_of_an_application_at_its_login_is_ignored(client: FlaskClient) -> None:
    request = GOOD["createAnAccessToken"].evolve(
        headers={"Authorization": "Bearer no-such-token", ACCOUNT_TOKEN: "no-such-token"}
    )
    assert request.sent_by(client).status_code == 200


# --- within the schema check


def test_every_violation_is_an_entry_of_its_own(client: FlaskClient) -> None:
    body = {"data": {"name": 1, "contact": {"email": "nobody"}, "description": None}}
    answer = GOOD["createACart"].evolve(body=body).sent_by(client)
    assert answer.status_code == 400
    errors = answer.get_json()["errors"]
    assert all(each.keys() == {"status", "title", "detail", "source"} for each in errors)
    assert {(each["status"], each["title"], each["source"]) for each in errors} == {
        (400, "type", "data.name"),
        (400, "format", "data.contact.email"),
        (400, "type", "data.description"),
    }


def test_path_and_body_are_checked_together(client: FlaskClient) -> None:
    answer = GOOD["updateACart"].evolve(path=UNSAFE, body={"data": {"name": 1}}).sent_by(client)
    assert {each["source"] for each in answer.get_json()["errors"]} == {"cartID", "data.name"}


@pytest.mark.parametrize("headers", [SHOPPER, acting_as(1)], ids=["shopper", "account"])
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_unsafe_cart_id_comes_before_the_rules_of_associations(
    client: FlaskClient, method: str, headers: dict[str, str]
) -> None:
    for body in (naming(ACCOUNT_1, ACCOUNT_2), naming(ACCOUNT_2)):
        answer = Request(method, UNSAFE + RELATED, headers, body=body).sent_by(client)
        assert (answer.status_code, title(answer)) == (400, "pattern")


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/v2/account-members/tokens", "POST"),
        (f"/v2/accounts/{ACCOUNT_1}/account-memberships/unassigned-account-members", "GET, HEAD"),
    ],
)
@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_path_that_is_written_out_is_never_taken_for_one_with_a_parameter(
    client: FlaskClient, path: str, allowed: str, method: str
) -> None:
    answer = client.open(path, method=method, headers=ADMIN)
    assert (answer.status_code, answer.headers["Allow"]) == (405, allowed)
