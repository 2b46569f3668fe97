"""Associations (contract.md §5) of accounts and of customers, in the order of the rows."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from mockserver.app import create_app
from mockserver.core.clock import HOUR, MINUTE
from mockserver.core.config import Config
from mockserver.fixtures.load import load_fixtures
from mockserver.openapi.contract import Contract
from mockserver.store.state import StoreState
from tests.support.built_in_data import ADMIN, NEW_YEAR, SHOPPER
from tests.support.contract import BUILT_IN_STATE, CONTRACT
from tests.support.owners import ACCOUNTS, CUSTOMERS, Owners, customers_data

Error = tuple[int, str]
"""The status of an error and its title, in which `{kind}` stands for the kind of owner."""

INVALID_JSON = (403, "Invalid json payload")
WRONG_TYPE = (400, "The type does not exist or is not listed as {kind}")
MORE_THAN_ONE = (403, "Cannot associate more than one {kind}")
LACKS_PERMISSIONS = (
    403,
    "{Kind} does not have the required permissions to fulfill this request",
)
NO_ID = (400, "required")
NOT_FOUND = (404, "Not Found")
CONTACT_EMAIL = (422, "Cannot associate {kind}s to carts with contact emails")

Caller = Callable[[Owners], dict[str, str]]


def administrator(owners: Owners) -> dict[str, str]:
    return ADMIN


def shopper(owners: Owners) -> dict[str, str]:
    return SHOPPER


def first_owner(owners: Owners) -> dict[str, str]:
    return owners.acting(1)


both_methods = pytest.mark.parametrize("method", ["POST", "DELETE"])
"""`DELETE` makes the same checks as `POST`."""
both_bearers = pytest.mark.parametrize(
    "bearer", [SHOPPER, ADMIN], ids=["implicit", "client credentials"]
)
both_shapes = pytest.mark.parametrize("wrap", [True, False], ids=["enveloped", "bare array"])
both_callers = pytest.mark.parametrize("caller", [administrator, first_owner])


@pytest.fixture(scope="module")
def customers_state(tmp_path_factory: pytest.TempPathFactory) -> StoreState:
    """The built-in data with its accounts' carts given to customers."""
    file = tmp_path_factory.mktemp("customers") / "customers.yaml"
    file.write_text(customers_data(), "utf-8")
    return load_fixtures((str(file),), CONTRACT)


@pytest.fixture(params=[ACCOUNTS, CUSTOMERS], ids=lambda owners: owners.kind)
def owners(request: pytest.FixtureRequest) -> Owners:
    return request.param


@pytest.fixture
def app(owners: Owners, contract: Contract, customers_state: StoreState) -> Flask:
    """A fresh application, in which carts with the same ids belong to accounts or to customers."""
    initial_state = BUILT_IN_STATE if owners is ACCOUNTS else customers_state
    return create_app(Config(frozen_at=NEW_YEAR), contract, initial_state)


@dataclass(frozen=True)
class Associations:
    """A client that associates carts with one kind of owners."""

    client: FlaskClient
    owners: Owners

    def send(self, method: str, cart: str, headers: dict[str, str], **content: Any) -> TestResponse:
        """Send one request to a cart's associations."""
        path = f"/v2/carts/{cart}/relationships/{self.owners.kind}s"
        return self.client.open(path, method=method, headers=headers, **content)

    def associate(
        self, cart: str, *owner_ids: str, headers: dict[str, str] = ADMIN
    ) -> TestResponse:
        return self.send("POST", cart, headers, json=self.owners.naming(*owner_ids))

    def disassociate(
        self, cart: str, *owner_ids: str, headers: dict[str, str] = ADMIN
    ) -> TestResponse:
        return self.send("DELETE", cart, headers, json=self.owners.naming(*owner_ids))

    def cart(self, cart_id: str) -> Any:
        return self.client.get(f"/v2/carts/{cart_id}", headers=ADMIN).get_json()["data"]

    def owners_of(self, cart_id: str) -> list[str]:
        """Return the ids of the owners that a cart is associated with."""
        related = self.cart(cart_id)["relationships"][f"{self.owners.kind}s"].get("data", ())
        assert all(owner["type"] == self.owners.kind for owner in related)
        return [owner["id"] for owner in related]

    def listed_carts(self, headers: dict[str, str]) -> list[str]:
        """Return the ids of the listed carts, in their order."""
        carts = self.client.get("/v2/carts", headers=headers).get_json()["data"]
        return [cart["id"] for cart in carts]

    def assert_error(self, response: TestResponse, expected: Error) -> Any:
        """Assert that a response has one error, whose body repeats the status; return it."""
        (error,) = response.get_json()["errors"]
        assert error["status"] == response.status_code
        status, title = expected
        kind = self.owners.kind
        expected_title = title.format(kind=kind, Kind=kind.title())
        assert (response.status_code, error["title"]) == (status, expected_title)
        return error


@pytest.fixture
def associations(client: FlaskClient, owners: Owners) -> Associations:
    return Associations(client, owners)


def element(owners: Owners, **changes: Any) -> dict[str, Any]:
    """Return an owner's entry with fields changed, or left out where they are `...`."""
    entry = {"type": owners.kind, "id": owners.first, **changes}
    return {name: value for name, value in entry.items() if value is not ...}


# --- the body

NOT_THE_ENVELOPE: dict[str, Callable[[Owners], dict[str, Any]]] = {
    "no body": lambda _: {},
    "an empty body": lambda _: {"data": b"", "content_type": "application/json"},
    "not JSON": lambda o: {
        "data": f"type={o.kind}".encode(),
        "content_type": "application/json",
    },
    "half a JSON": lambda _: {"data": b'{"data": [', "content_type": "application/json"},
    "null": lambda _: {"data": b"null", "content_type": "application/json"},
    "a string": lambda o: {"json": o.kind},
    "a number": lambda _: {"json": 1},
    "data missing": lambda _: {"json": {}},
    "data under another name": lambda o: {"json": {f"{o.kind}s": [element(o)]}},
    "data null": lambda _: {"json": {"data": None}},
    "data a string": lambda o: {"json": {"data": o.first}},
    "data an object": lambda o: {"json": {"data": element(o)}},
    "an object without envelope": lambda o: {"json": element(o)},
}


@both_methods
@pytest.mark.parametrize("content", NOT_THE_ENVELOPE.values(), ids=NOT_THE_ENVELOPE)
def test_body_without_an_array_is_an_invalid_json_payload(
    associations: Associations, owners: Owners, method: str, content: Callable[[Owners], Any]
) -> None:
    associations.assert_error(
        associations.send(method, "free-cart", ADMIN, **content(owners)), INVALID_JSON
    )


REJECTED_ARRAYS: dict[str, tuple[Error, Callable[[Owners], list[Any]]]] = {
    "no element": (WRONG_TYPE, lambda _: []),
    "type missing": (WRONG_TYPE, lambda o: [element(o, type=...)]),
    "type of the other kind": (WRONG_TYPE, lambda o: [element(o, type=o.other_kind)]),
    "type in capitals": (WRONG_TYPE, lambda o: [element(o, type=o.kind.upper())]),
    "type null": (WRONG_TYPE, lambda o: [element(o, type=None)]),
    "type a number": (WRONG_TYPE, lambda o: [element(o, type=1)]),
    "only an id": (WRONG_TYPE, lambda o: [o.first]),
    "an element null": (WRONG_TYPE, lambda _: [None]),
    "type of the second element": (
        WRONG_TYPE,
        lambda o: [element(o), element(o, type=o.other_kind)],
    ),
    "id missing": (NO_ID, lambda o: [element(o, id=...)]),
    "id empty": ((400, "minLength"), lambda o: [element(o, id="")]),
    "id null": ((400, "type"), lambda o: [element(o, id=None)]),
    "id a number": ((400, "type"), lambda o: [element(o, id=1)]),
    "two owners": (MORE_THAN_ONE, lambda o: [element(o), element(o, id=o.second)]),
    "the same owner twice": (MORE_THAN_ONE, lambda o: [element(o), element(o)]),
}


@both_methods
@both_shapes
@pytest.mark.parametrize(
    ("expected", "array"), REJECTED_ARRAYS.values(), ids=[*REJECTED_ARRAYS.keys()]
)
def test_array_must_name_exactly_one_owner(
    associations: Associations,
    owners: Owners,
    method: str,
    wrap: bool,
    expected: Error,
    array: Callable[[Owners], list[Any]],
) -> None:
    body = {"data": array(owners)} if wrap else array(owners)
    associations.assert_error(associations.send(method, "free-cart", ADMIN, json=body), expected)
    assert associations.owners_of("free-cart") == []


@both_methods
def test_element_without_an_id_is_reported_with_its_place(
    associations: Associations, owners: Owners, method: str
) -> None:
    response = associations.send(
        method, "free-cart", ADMIN, json={"data": [element(owners, id=...)]}
    )
    (only,) = response.get_json()["errors"]
    assert only["source"] == "data[0].id"


def test_second_owner_in_one_request_is_forbidden(
    associations: Associations, owners: Owners
) -> None:
    associations.assert_error(
        associations.associate("free-cart", owners.first, owners.second), MORE_THAN_ONE
    )
    assert associations.owners_of("free-cart") == []


def test_bare_array_is_accepted_and_noted(associations: Associations, owners: Owners) -> None:
    response = associations.send("POST", "free-cart", owners.acting(1), json=[element(owners)])
    assert response.status_code == 200
    assert response.get_json() == owners.naming(owners.first)
    assert "bare array" in response.headers["Mock-Notes"]
    assert associations.owners_of("free-cart") == [owners.first]
    response = associations.send("DELETE", "free-cart", owners.acting(1), json=[element(owners)])
    assert response.status_code == 204
    assert associations.owners_of("free-cart") == []


def test_envelope_is_nothing_to_note(associations: Associations, owners: Owners) -> None:
    assert "Mock-Notes" not in associations.associate("free-cart", owners.first).headers


# --- who may


@both_methods
@pytest.mark.parametrize("cart_id", ["free-cart", "ada-cart"])
def test_anonymous_shopper_lacks_permissions(
    associations: Associations, owners: Owners, method: str, cart_id: str
) -> None:
    response = associations.send(method, cart_id, SHOPPER, json=owners.naming(owners.first))
    associations.assert_error(response, LACKS_PERMISSIONS)


@both_methods
@both_bearers
@pytest.mark.parametrize(
    ("cart_id", "named"),
    [
        ("free-cart", lambda o: o.second),
        ("ada-cart", lambda o: o.second),
        ("grace-cart", lambda o: o.second),
        ("grace-cart", lambda o: o.first),
        ("free-cart", lambda o: o.unknown),
    ],
)
def test_owner_lacks_permissions_on_anything_of_another(
    associations: Associations,
    owners: Owners,
    method: str,
    bearer: dict[str, str],
    cart_id: str,
    named: Callable[[Owners], str],
) -> None:
    before = associations.owners_of(cart_id)
    response = associations.send(
        method, cart_id, owners.acting(1, bearer), json=owners.naming(named(owners))
    )
    associations.assert_error(response, LACKS_PERMISSIONS)
    assert associations.owners_of(cart_id) == before


@both_bearers
def test_owner_associates_itself_with_a_free_cart(
    associations: Associations, owners: Owners, bearer: dict[str, str]
) -> None:
    response = associations.associate("free-cart", owners.first, headers=owners.acting(1, bearer))
    assert response.status_code == 200
    assert associations.owners_of("free-cart") == [owners.first]


def test_owner_leaves_a_cart_that_it_shares(associations: Associations, owners: Owners) -> None:
    response = associations.disassociate("shared-cart", owners.first, headers=owners.acting(1))
    assert response.status_code == 204
    assert associations.owners_of("shared-cart") == [owners.second]


def test_owner_that_left_a_shared_cart_cannot_come_back(
    associations: Associations, owners: Owners
) -> None:
    associations.disassociate("shared-cart", owners.first, headers=owners.acting(1))
    response = associations.associate("shared-cart", owners.first, headers=owners.acting(1))
    associations.assert_error(response, LACKS_PERMISSIONS)


@pytest.mark.parametrize("position", [0, 1, 2])
@pytest.mark.parametrize("cart_id", ["free-cart", "hedy-only-cart"])
def test_administrator_associates_any_owner_with_any_cart(
    associations: Associations, owners: Owners, cart_id: str, position: int
) -> None:
    owner_id = owners.ids[position]
    assert associations.associate(cart_id, owner_id).status_code in (200, 204)
    assert owner_id in associations.owners_of(cart_id)
    assert associations.disassociate(cart_id, owner_id).status_code == 204
    assert owner_id not in associations.owners_of(cart_id)


# --- what there is not


@both_methods
@both_callers
def test_unknown_cart_is_not_found_and_not_made(
    associations: Associations, owners: Owners, method: str, caller: Caller
) -> None:
    response = associations.send(
        method, "no-such-cart", caller(owners), json=owners.naming(owners.first)
    )
    associations.assert_error(response, NOT_FOUND)
    assert response.get_json()["errors"][0]["detail"] == "Cart not found"
    assert "no-such-cart" not in associations.listed_carts(ADMIN)


@both_methods
@pytest.mark.parametrize(
    "named", [lambda o: o.unknown, lambda _: "no-uuid"], ids=["unknown", "no UUID"]
)
def test_unknown_owner_is_not_found(
    associations: Associations, owners: Owners, method: str, named: Callable[[Owners], str]
) -> None:
    response = associations.send(method, "free-cart", ADMIN, json=owners.naming(named(owners)))
    associations.assert_error(response, NOT_FOUND)
    assert response.get_json()["errors"][0]["detail"] == f"{owners.kind} not found"


@both_methods
def test_expired_cart_is_not_found(
    app: Flask, associations: Associations, owners: Owners, method: str
) -> None:
    app.extensions["sandbox"].clock.advance(HOUR)
    response = associations.send(method, "expiring-cart", ADMIN, json=owners.naming(owners.first))
    associations.assert_error(response, NOT_FOUND)


@both_callers
def test_cart_with_a_contact_email_takes_no_owner(
    associations: Associations, owners: Owners, caller: Caller
) -> None:
    associations.assert_error(
        associations.associate("contact-cart", owners.first, headers=caller(owners)), CONTACT_EMAIL
    )
    assert associations.owners_of("contact-cart") == []


# --- the order of the rows: a request has the faults of its row and of rows below it

FIRST_WINS: dict[str, tuple[Error, str, Caller, Callable[[Owners], Any]]] = {
    "payload before type": (
        INVALID_JSON,
        "no-such-cart",
        shopper,
        lambda o: {"data": {"0": element(o, type=o.other_kind), "1": element(o, id=...)}},
    ),
    "type before id and number": (
        WRONG_TYPE,
        "no-such-cart",
        shopper,
        lambda o: {"data": [element(o, id=...), element(o, type=o.other_kind, id=o.second)]},
    ),
    "id before number": (
        NO_ID,
        "no-such-cart",
        shopper,
        lambda o: {"data": [element(o), element(o, id=...)]},
    ),
    "number before permission": (
        MORE_THAN_ONE,
        "no-such-cart",
        shopper,
        lambda o: o.naming(o.unknown, o.unknown),
    ),
    "permission of a shopper before the cart": (
        LACKS_PERMISSIONS,
        "no-such-cart",
        shopper,
        lambda o: o.naming(o.unknown),
    ),
    "permission of an owner before the cart": (
        LACKS_PERMISSIONS,
        "no-such-cart",
        first_owner,
        lambda o: o.naming(o.unknown),
    ),
    "permission before the contact": (
        LACKS_PERMISSIONS,
        "contact-cart",
        first_owner,
        lambda o: o.naming(o.second),
    ),
    "cart or owner before the contact": (
        NOT_FOUND,
        "contact-cart",
        administrator,
        lambda o: o.naming(o.unknown),
    ),
}


@both_methods
@pytest.mark.parametrize(
    ("expected", "cart_id", "caller", "body"), FIRST_WINS.values(), ids=[*FIRST_WINS.keys()]
)
def test_of_several_errors_the_first_one_is_reported(
    associations: Associations,
    owners: Owners,
    method: str,
    expected: Error,
    cart_id: str,
    caller: Caller,
    body: Callable[[Owners], Any],
) -> None:
    associations.assert_error(
        associations.send(method, cart_id, caller(owners), json=body(owners)), expected
    )


@both_methods
def test_unknown_cart_is_reported_before_an_unknown_owner(
    associations: Associations, owners: Owners, method: str
) -> None:
    response = associations.send(method, "no-such-cart", ADMIN, json=owners.naming(owners.unknown))
    assert response.get_json()["errors"][0]["detail"] == "Cart not found"


# --- success


def test_success_echoes_the_association_in_the_envelope(
    associations: Associations, owners: Owners
) -> None:
    response = associations.associate("free-cart", owners.first)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    assert json.loads(response.data) == {"data": [{"type": owners.kind, "id": owners.first}]}


@pytest.mark.parametrize("cart_id", ["ada-cart", "shared-cart"])
@both_callers
def test_standing_association_is_answered_without_a_body(
    associations: Associations, owners: Owners, cart_id: str, caller: Caller
) -> None:
    before = associations.cart(cart_id)
    response = associations.associate(cart_id, owners.first, headers=caller(owners))
    assert (response.status_code, response.data) == (204, b"")
    assert "Content-Type" not in response.headers
    assert associations.cart(cart_id) == before


def test_cart_made_with_an_owners_token_is_associated_already(
    associations: Associations, owners: Owners, client: FlaskClient
) -> None:
    made = client.post("/v2/carts", headers=owners.acting(1), json={"data": {"name": "Mine"}})
    cart_id = made.get_json()["data"]["id"]
    assert made.get_json()["data"]["relationships"][f"{owners.kind}s"] == owners.naming(
        owners.first
    )
    response = associations.associate(cart_id, owners.first, headers=owners.acting(1))
    assert response.status_code == 204


def test_guest_cart_may_be_associated_at_every_login(
    associations: Associations, owners: Owners, client: FlaskClient
) -> None:
    made = client.post("/v2/carts", headers=SHOPPER, json={"data": {"name": "Guest's"}})
    cart_id = made.get_json()["data"]["id"]
    responses = [
        associations.associate(cart_id, owners.first, headers=owners.acting(1)) for _ in range(3)
    ]
    assert [response.status_code for response in responses] == [200, 204, 204]
    assert associations.owners_of(cart_id) == [owners.first]


def test_cart_is_shared_by_two_requests(associations: Associations, owners: Owners) -> None:
    assert associations.associate("free-cart", owners.first).status_code == 200
    assert associations.associate("free-cart", owners.second).status_code == 200
    assert associations.owners_of("free-cart") == [owners.first, owners.second]
    assert "free-cart" in associations.listed_carts(owners.acting(1))
    assert "free-cart" in associations.listed_carts(owners.acting(2))
    assert associations.disassociate("free-cart", owners.first).status_code == 204
    assert associations.owners_of("free-cart") == [owners.second]
    assert "free-cart" not in associations.listed_carts(owners.acting(1))
    assert "free-cart" in associations.listed_carts(owners.acting(2))


@pytest.mark.parametrize(
    ("cart_id", "caller"),
    [
        ("free-cart", administrator),
        ("free-cart", first_owner),
        ("grace-cart", administrator),
        ("contact-cart", administrator),
    ],
)
def test_disassociating_what_was_not_associated_changes_nothing(
    associations: Associations, owners: Owners, cart_id: str, caller: Caller
) -> None:
    before = associations.cart(cart_id)
    response = associations.disassociate(cart_id, owners.first, headers=caller(owners))
    assert (response.status_code, response.data) == (204, b"")
    assert "Content-Type" not in response.headers
    assert associations.cart(cart_id) == before


def test_disassociated_cart_is_in_no_devices_list(
    associations: Associations, owners: Owners
) -> None:
    devices = [owners.acting(1), owners.acting(1, ADMIN)]
    for device in devices:
        assert "ada-cart" in associations.listed_carts(device)
    response = associations.disassociate("ada-cart", owners.first, headers=owners.acting(1))
    assert response.status_code == 204
    for device in devices:
        assert "ada-cart" not in associations.listed_carts(device)
    assert associations.cart("ada-cart")["relationships"][f"{owners.kind}s"] == {}


def test_last_cart_can_be_disassociated_and_then_deleted(
    associations: Associations, owners: Owners, client: FlaskClient
) -> None:
    assert client.delete("/v2/carts/hedy-only-cart", headers=ADMIN).status_code == 400
    assert associations.disassociate("hedy-only-cart", owners.third).status_code == 204
    assert client.delete("/v2/carts/hedy-only-cart", headers=ADMIN).status_code == 204


# --- associating updates the cart


@both_methods
def test_changed_association_makes_the_cart_the_last_updated(
    app: Flask, associations: Associations, owners: Owners, client: FlaskClient, method: str
) -> None:
    cart_id = "free-cart" if method == "POST" else "grace-cart"
    owner_id = owners.first if method == "POST" else owners.second
    assert associations.listed_carts(ADMIN)[0] != "grace-cart"
    client.put("/v2/carts/ada-cart", headers=ADMIN, json={"data": {"description": "newer"}})
    assert associations.listed_carts(ADMIN)[0] == "ada-cart"
    app.extensions["sandbox"].clock.advance(MINUTE)
    associations.send(method, cart_id, ADMIN, json=owners.naming(owner_id))
    assert associations.listed_carts(ADMIN)[:2] == [cart_id, "ada-cart"]
    assert associations.cart(cart_id)["meta"]["timestamps"] == {
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:01:00Z",
        "expires_at": "2026-01-08T00:01:00Z",
    }


@pytest.mark.parametrize(
    ("method", "cart_id"), [("POST", "ada-second-cart"), ("DELETE", "grace-cart")]
)
def test_unchanged_association_leaves_the_cart_where_it_was(
    app: Flask, associations: Associations, owners: Owners, method: str, cart_id: str
) -> None:
    before = associations.listed_carts(ADMIN)
    app.extensions["sandbox"].clock.advance(MINUTE)
    response = associations.send(method, cart_id, ADMIN, json=owners.naming(owners.first))
    assert response.status_code == 204
    assert associations.listed_carts(ADMIN) == before


def test_carts_of_one_instant_are_listed_in_the_order_of_their_updates(
    associations: Associations,
    owners: Owners,
) -> None:
    for cart_id in ("free-cart", "grace-cart", "hedy-only-cart"):
        associations.associate(cart_id, owners.first)
    assert associations.listed_carts(owners.acting(1))[:3] == [
        "hedy-only-cart",
        "grace-cart",
        "free-cart",
    ]
