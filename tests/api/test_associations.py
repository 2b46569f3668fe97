"""Associations (contract.md §5), row by row and in the order of the rows.

They are written for accounts, and run for customers too: see `swapped.py`.
"""

import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from mockserver.app import create_app
from mockserver.core.clock import HOUR, MINUTE
from mockserver.core.config import Config
from mockserver.openapi.contract import Contract
from mockserver.store.state import StoreState
from tests.support.built_in_data import (
    ACCOUNT_1,
    ACCOUNT_2,
    ACCOUNT_3,
    ADMIN,
    NEW_YEAR,
    SHOPPER,
    acting_as,
    naming,
)
from tests.support.contract import BUILT_IN_STATE
from tests.support.owner_swap import SwappedClient, swapped_state

UNKNOWN = "a0000000-0000-4000-8000-00000000dead"
ADA, GRACE = acting_as(1), acting_as(2)

INVALID_JSON = (403, "Invalid json payload")
NOT_ACCOUNT = (400, "The type does not exist or is not listed as account")
MORE_THAN_ONE = (403, "Cannot associate more than one account")
LACKS_PERMISSIONS = (
    403,
    "Account does not have the required permissions to fulfill this request",
)
NO_ID = (400, "required")
NOT_FOUND = (404, "Not Found")
CONTACT_EMAIL = (422, "Cannot associate accounts to carts with contact emails")

both_methods = pytest.mark.parametrize("method", ["POST", "DELETE"])
"""`DELETE` makes the same checks as `POST`."""
both_shapes = pytest.mark.parametrize("wrap", [True, False], ids=["enveloped", "bare array"])


@pytest.fixture(scope="module")
def customers_state(tmp_path_factory: pytest.TempPathFactory) -> StoreState:
    """The built-in data with its accounts' carts given to customers."""
    return swapped_state(tmp_path_factory.mktemp("swapped"))


@pytest.fixture(params=["account", "customer"])
def app(request: pytest.FixtureRequest, contract: Contract, customers_state: StoreState) -> Flask:
    """A fresh application; for customers, whose clients swap the words."""
    if request.param == "account":
        return create_app(Config(frozen_at=NEW_YEAR), contract, BUILT_IN_STATE)
    app = create_app(Config(frozen_at=NEW_YEAR), contract, customers_state)
    app.test_client_class = SwappedClient
    return app


def send(
    client: FlaskClient, method: str, cart: str, headers: dict[str, str], **content: Any
) -> TestResponse:
    """Send one request to a cart's account associations."""
    path = f"/v2/carts/{cart}/relationships/accounts"
    return client.open(path, method=method, headers=headers, **content)


def associate(
    client: FlaskClient, cart: str, *account_ids: str, headers: dict[str, str] = ADMIN
) -> TestResponse:
    return send(client, "POST", cart, headers, json=naming(*account_ids))


def disassociate(
    client: FlaskClient, cart: str, *account_ids: str, headers: dict[str, str] = ADMIN
) -> TestResponse:
    return send(client, "DELETE", cart, headers, json=naming(*account_ids))


def error(answer: TestResponse) -> tuple[int, str]:
    """Return status and title of the only error, which the body repeats as the API does."""
    (only,) = answer.get_json()["errors"]
    assert only["status"] == answer.status_code
    return answer.status_code, only["title"]


def cart(client: FlaskClient, cart_id: str) -> Any:
    return client.get(f"/v2/carts/{cart_id}", headers=ADMIN).get_json()["data"]


def accounts_of(client: FlaskClient, cart_id: str) -> list[str]:
    """Return the ids of the accounts that a cart is associated with."""
    related = cart(client, cart_id)["relationships"]["accounts"]
    assert all(owner["type"] == "account" for owner in related.get("data", ()))
    return [owner["id"] for owner in related.get("data", ())]


def carts_seen_with(client: FlaskClient, headers: dict[str, str]) -> list[str]:
    """Return the ids of the listed carts, in their order."""
    return [cart["id"] for cart in client.get("/v2/carts", headers=headers).get_json()["data"]]


def element(**changes: Any) -> dict[str, Any]:
    """Return an account's entry with fields changed, or left out where they are `...`."""
    entry = {"type": "account", "id": ACCOUNT_1, **changes}
    return {name: value for name, value in entry.items() if value is not ...}


# --- the body

NOT_THE_ENVELOPE: dict[str, dict[str, Any]] = {
    "no body": {},
    "an empty body": {"data": b"", "content_type": "application/json"},
    "not JSON": {"data": b"type=account", "content_type": "application/json"},
    "half a JSON": {"data": b'{"data": [', "content_type": "application/json"},
    "null": {"data": b"null", "content_type": "application/json"},
    "a string": {"json": "account"},
    "a number": {"json": 1},
    "data missing": {"json": {}},
    "data under another name": {"json": {"accounts": [element()]}},
    "data null": {"json": {"data": None}},
    "data a string": {"json": {"data": ACCOUNT_1}},
    "data an object": {"json": {"data": element()}},
    "an object without envelope": {"json": element()},
}


@both_methods
@pytest.mark.parametrize("content", NOT_THE_ENVELOPE.values(), ids=NOT_THE_ENVELOPE)
def test_body_without_an_array_is_an_invalid_json_payload(
    client: FlaskClient, method: str, content: dict[str, Any]
) -> None:
    assert error(send(client, method, "free-cart", ADMIN, **content)) == INVALID_JSON


REFUSED_ARRAYS: dict[str, tuple[tuple[int, str], list[Any]]] = {
    "no element": (NOT_ACCOUNT, []),
    "type missing": (NOT_ACCOUNT, [element(type=...)]),
    "type customer": (NOT_ACCOUNT, [element(type="customer")]),
    "type in capitals": (NOT_ACCOUNT, [element(type="ACCOUNT")]),
    "type null": (NOT_ACCOUNT, [element(type=None)]),
    "type a number": (NOT_ACCOUNT, [element(type=1)]),
    "only an id": (NOT_ACCOUNT, [ACCOUNT_1]),
    "an element null": (NOT_ACCOUNT, [None]),
    "type of the second element": (NOT_ACCOUNT, [element(), element(type="customer")]),
    "id missing": (NO_ID, [element(id=...)]),
    "id empty": ((400, "minLength"), [element(id="")]),
    "id null": ((400, "type"), [element(id=None)]),
    "id a number": ((400, "type"), [element(id=1)]),
    "two accounts": (MORE_THAN_ONE, [element(), element(id=ACCOUNT_2)]),
    "the same account twice": (MORE_THAN_ONE, [element(), element()]),
}


@both_methods
@both_shapes
@pytest.mark.parametrize(
    ("expected", "array"), REFUSED_ARRAYS.values(), ids=[*REFUSED_ARRAYS.keys()]
)
def test_array_must_name_exactly_one_account(
    client: FlaskClient, method: str, wrap: bool, expected: tuple[int, str], array: list[Any]
) -> None:
    body = {"data": array} if wrap else array
    assert error(send(client, method, "free-cart", ADMIN, json=body)) == expected
    assert accounts_of(client, "free-cart") == []


@both_methods
def test_element_without_an_id_is_reported_with_its_place(client: FlaskClient, method: str) -> None:
    answer = send(client, method, "free-cart", ADMIN, json={"data": [element(id=...)]})
    (only,) = answer.get_json()["errors"]
    assert only["source"] == "data[0].id"


def test_second_account_in_one_request_is_forbidden(client: FlaskClient) -> None:
    assert error(associate(client, "free-cart", ACCOUNT_1, ACCOUNT_2)) == MORE_THAN_ONE
    assert accounts_of(client, "free-cart") == []


def test_bare_array_is_accepted_and_noted(client: FlaskClient) -> None:
    answer = send(client, "POST", "free-cart", ADA, json=[element()])
    assert answer.status_code == 200
    assert answer.get_json() == naming(ACCOUNT_1)
    assert "bare array" in answer.headers["Mock-Notes"]
    assert accounts_of(client, "free-cart") == [ACCOUNT_1]
    answer = send(client, "DELETE", "free-cart", ADA, json=[element()])
    assert answer.status_code == 204
    assert accounts_of(client, "free-cart") == []


def test_envelope_is_nothing_to_note(client: FlaskClient) -> None:
    assert "Mock-Notes" not in associate(client, "free-cart", ACCOUNT_1).headers


# --- who may


@both_methods
@pytest.mark.parametrize("cart_id", ["free-cart", "ada-cart"])
def test_anonymous_shopper_lacks_permissions(
    client: FlaskClient, method: str, cart_id: str
) -> None:
    answer = send(client, method, cart_id, SHOPPER, json=naming(ACCOUNT_1))
    assert error(answer) == LACKS_PERMISSIONS


@both_methods
@pytest.mark.parametrize("bearer", [SHOPPER, ADMIN], ids=["implicit", "client credentials"])
@pytest.mark.parametrize(
    ("cart_id", "named"),
    [
        ("free-cart", ACCOUNT_2),
        ("ada-cart", ACCOUNT_2),
        ("grace-cart", ACCOUNT_2),
        ("grace-cart", ACCOUNT_1),
        ("free-cart", UNKNOWN),
    ],
)
def test_account_lacks_permissions_on_anything_of_another(
    client: FlaskClient, method: str, bearer: dict[str, str], cart_id: str, named: str
) -> None:
    before = accounts_of(client, cart_id)
    answer = send(client, method, cart_id, acting_as(1, bearer), json=naming(named))
    assert error(answer) == LACKS_PERMISSIONS
    assert accounts_of(client, cart_id) == before


@pytest.mark.parametrize("bearer", [SHOPPER, ADMIN], ids=["implicit", "client credentials"])
def test_account_associates_itself_with_a_free_cart(
    client: FlaskClient, bearer: dict[str, str]
) -> None:
    answer = associate(client, "free-cart", ACCOUNT_1, headers=acting_as(1, bearer))
    assert answer.status_code == 200
    assert accounts_of(client, "free-cart") == [ACCOUNT_1]


def test_account_leaves_a_cart_that_it_shares(client: FlaskClient) -> None:
    assert disassociate(client, "shared-cart", ACCOUNT_1, headers=ADA).status_code == 204
    assert accounts_of(client, "shared-cart") == [ACCOUNT_2]


def test_account_that_left_a_shared_cart_cannot_come_back(client: FlaskClient) -> None:
    disassociate(client, "shared-cart", ACCOUNT_1, headers=ADA)
    answer = associate(client, "shared-cart", ACCOUNT_1, headers=ADA)
    assert error(answer) == LACKS_PERMISSIONS


@pytest.mark.parametrize("account_id", [ACCOUNT_1, ACCOUNT_2, ACCOUNT_3])
@pytest.mark.parametrize("cart_id", ["free-cart", "hedy-only-cart"])
def test_administrator_associates_any_account_with_any_cart(
    client: FlaskClient, cart_id: str, account_id: str
) -> None:
    assert associate(client, cart_id, account_id).status_code in (200, 204)
    assert account_id in accounts_of(client, cart_id)
    assert disassociate(client, cart_id, account_id).status_code == 204
    assert account_id not in accounts_of(client, cart_id)


# --- what there is not


@both_methods
@pytest.mark.parametrize("headers", [ADMIN, ADA], ids=["administrator", "account"])
def test_unknown_cart_is_not_found_and_not_made(
    client: FlaskClient, method: str, headers: dict[str, str]
) -> None:
    answer = send(client, method, "no-such-cart", headers, json=naming(ACCOUNT_1))
    assert error(answer) == NOT_FOUND
    assert answer.get_json()["errors"][0]["detail"] == "Cart not found"
    assert "no-such-cart" not in carts_seen_with(client, ADMIN)


@both_methods
@pytest.mark.parametrize("named", [UNKNOWN, "no-uuid"])
def test_unknown_account_is_not_found(client: FlaskClient, method: str, named: str) -> None:
    answer = send(client, method, "free-cart", ADMIN, json=naming(named))
    assert error(answer) == NOT_FOUND
    assert answer.get_json()["errors"][0]["detail"] == "account not found"


@both_methods
def test_expired_cart_is_not_found(app: Flask, client: FlaskClient, method: str) -> None:
    app.extensions["sandbox"].clock.advance(HOUR)
    answer = send(client, method, "expiring-cart", ADMIN, json=naming(ACCOUNT_1))
    assert error(answer) == NOT_FOUND


@pytest.mark.parametrize("headers", [ADMIN, ADA], ids=["administrator", "account"])
def test_cart_with_a_contact_email_takes_no_account(
    client: FlaskClient, headers: dict[str, str]
) -> None:
    assert error(associate(client, "contact-cart", ACCOUNT_1, headers=headers)) == CONTACT_EMAIL
    assert accounts_of(client, "contact-cart") == []


# --- the order of the rows: a request has the faults of its row and of rows below it

FIRST_WINS: dict[str, tuple[tuple[int, str], str, dict[str, str], Any]] = {
    "payload before type": (
        INVALID_JSON,
        "no-such-cart",
        SHOPPER,
        {"data": {"0": element(type="customer"), "1": element(id=...)}},
    ),
    "type before id and number": (
        NOT_ACCOUNT,
        "no-such-cart",
        SHOPPER,
        {"data": [element(id=...), element(type="customer", id=ACCOUNT_2)]},
    ),
    "id before number": (
        NO_ID,
        "no-such-cart",
        SHOPPER,
        {"data": [element(), element(id=...)]},
    ),
    "number before permission": (MORE_THAN_ONE, "no-such-cart", SHOPPER, naming(UNKNOWN, UNKNOWN)),
    "permission of a shopper before the cart": (
        LACKS_PERMISSIONS,
        "no-such-cart",
        SHOPPER,
        naming(UNKNOWN),
    ),
    "permission of an account before the cart": (
        LACKS_PERMISSIONS,
        "no-such-cart",
        ADA,
        naming(UNKNOWN),
    ),
    "permission before the contact": (LACKS_PERMISSIONS, "contact-cart", ADA, naming(ACCOUNT_2)),
    "cart or account before the contact": (NOT_FOUND, "contact-cart", ADMIN, naming(UNKNOWN)),
}


@both_methods
@pytest.mark.parametrize(
    ("expected", "cart_id", "headers", "body"), FIRST_WINS.values(), ids=[*FIRST_WINS.keys()]
)
def test_of_several_errors_the_first_one_is_reported(
    client: FlaskClient,
    method: str,
    expected: tuple[int, str],
    cart_id: str,
    headers: dict[str, str],
    body: Any,
) -> None:
    assert error(send(client, method, cart_id, headers, json=body)) == expected


@both_methods
def test_unknown_cart_is_reported_before_an_unknown_account(
    client: FlaskClient, method: str
) -> None:
    answer = send(client, method, "no-such-cart", ADMIN, json=naming(UNKNOWN))
    assert answer.get_json()["errors"][0]["detail"] == "Cart not found"


# --- success


def test_success_echoes_the_association_in_the_envelope(client: FlaskClient) -> None:
    answer = associate(client, "free-cart", ACCOUNT_1)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert json.loads(answer.data) == {"data": [{"type": "account", "id": ACCOUNT_1}]}


@pytest.mark.parametrize(
    ("cart_id", "headers"),
    [("ada-cart", ADA), ("ada-cart", ADMIN), ("shared-cart", ADA), ("shared-cart", ADMIN)],
)
def test_standing_association_is_answered_without_a_body(
    client: FlaskClient, cart_id: str, headers: dict[str, str]
) -> None:
    before = cart(client, cart_id)
    answer = associate(client, cart_id, ACCOUNT_1, headers=headers)
    assert (answer.status_code, answer.data) == (204, b"")
    assert "Content-Type" not in answer.headers
    assert cart(client, cart_id) == before


def test_cart_made_with_an_account_token_is_associated_already(client: FlaskClient) -> None:
    made = client.post("/v2/carts", headers=ADA, json={"data": {"name": "Mine"}})
    cart_id = made.get_json()["data"]["id"]
    assert made.get_json()["data"]["relationships"]["accounts"] == naming(ACCOUNT_1)
    assert associate(client, cart_id, ACCOUNT_1, headers=ADA).status_code == 204


def test_guest_cart_may_be_associated_at_every_login(client: FlaskClient) -> None:
    made = client.post("/v2/carts", headers=SHOPPER, json={"data": {"name": "Guest's"}})
    cart_id = made.get_json()["data"]["id"]
    answers = [associate(client, cart_id, ACCOUNT_1, headers=ADA) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 204, 204]
    assert accounts_of(client, cart_id) == [ACCOUNT_1]


def test_cart_is_shared_by_two_requests(client: FlaskClient) -> None:
    assert associate(client, "free-cart", ACCOUNT_1).status_code == 200
    assert associate(client, "free-cart", ACCOUNT_2).status_code == 200
    assert accounts_of(client, "free-cart") == [ACCOUNT_1, ACCOUNT_2]
    assert "free-cart" in carts_seen_with(client, ADA)
    assert "free-cart" in carts_seen_with(client, GRACE)
    assert disassociate(client, "free-cart", ACCOUNT_1).status_code == 204
    assert accounts_of(client, "free-cart") == [ACCOUNT_2]
    assert "free-cart" not in carts_seen_with(client, ADA)
    assert "free-cart" in carts_seen_with(client, GRACE)


@pytest.mark.parametrize(
    ("cart_id", "account_id", "headers"),
    [
        ("free-cart", ACCOUNT_1, ADMIN),
        ("free-cart", ACCOUNT_1, ADA),
        ("grace-cart", ACCOUNT_1, ADMIN),
        ("contact-cart", ACCOUNT_1, ADMIN),
    ],
)
def test_disassociating_what_was_not_associated_changes_nothing(
    client: FlaskClient, cart_id: str, account_id: str, headers: dict[str, str]
) -> None:
    before = cart(client, cart_id)
    answer = disassociate(client, cart_id, account_id, headers=headers)
    assert (answer.status_code, answer.data) == (204, b"")
    assert "Content-Type" not in answer.headers
    assert cart(client, cart_id) == before


def test_disassociated_cart_is_in_no_devices_list(client: FlaskClient) -> None:
    devices = [ADA, acting_as(1, ADMIN)]
    for device in devices:
        assert "ada-cart" in carts_seen_with(client, device)
    assert disassociate(client, "ada-cart", ACCOUNT_1, headers=ADA).status_code == 204
    for device in devices:
        assert "ada-cart" not in carts_seen_with(client, device)
    assert cart(client, "ada-cart")["relationships"]["accounts"] == {}


def test_last_cart_can_be_disassociated_and_then_deleted(client: FlaskClient) -> None:
    assert client.delete("/v2/carts/hedy-only-cart", headers=ADMIN).status_code == 400
    assert disassociate(client, "hedy-only-cart", ACCOUNT_3).status_code == 204
    assert client.delete("/v2/carts/hedy-only-cart", headers=ADMIN).status_code == 204


# --- associating updates the cart


@both_methods
def test_changed_association_makes_the_cart_the_last_updated(
    app: Flask, client: FlaskClient, method: str
) -> None:
    cart_id = "free-cart" if method == "POST" else "grace-cart"
    account_id = ACCOUNT_1 if method == "POST" else ACCOUNT_2
    assert carts_seen_with(client, ADMIN)[0] != "grace-cart"
    client.put("/v2/carts/ada-cart", headers=ADMIN, json={"data": {"description": "newer"}})
    assert carts_seen_with(client, ADMIN)[0] == "ada-cart"
    app.extensions["sandbox"].clock.advance(MINUTE)
    send(client, method, cart_id, ADMIN, json=naming(account_id))
    assert carts_seen_with(client, ADMIN)[:2] == [cart_id, "ada-cart"]
    assert cart(client, cart_id)["meta"]["timestamps"] == {
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:01:00Z",
        "expires_at": "2026-01-08T00:01:00Z",
    }


@pytest.mark.parametrize(
    ("method", "cart_id"), [("POST", "ada-second-cart"), ("DELETE", "grace-cart")]
)
def test_unchanged_association_leaves_the_cart_where_it_was(
    app: Flask, client: FlaskClient, method: str, cart_id: str
) -> None:
    before = carts_seen_with(client, ADMIN)
    app.extensions["sandbox"].clock.advance(MINUTE)
    assert send(client, method, cart_id, ADMIN, json=naming(ACCOUNT_1)).status_code == 204
    assert carts_seen_with(client, ADMIN) == before


def test_carts_of_one_instant_are_listed_in_the_order_of_their_updates(
    client: FlaskClient,
) -> None:
    for cart_id in ("free-cart", "grace-cart", "hedy-only-cart"):
        associate(client, cart_id, ACCOUNT_1)
    assert carts_seen_with(client, ADA)[:3] == ["hedy-only-cart", "grace-cart", "free-cart"]
