"""Carts: their shape, their rules, their life (contract.md §4)."""

import json
import string
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from mockserver.app import create_app
from mockserver.core.clock import DAY, HOUR, SECOND
from mockserver.core.config import Config
from tests.support.built_in_data import (
    ACCOUNT_1,
    ACCOUNT_2,
    ADMIN,
    NEW_YEAR,
    SHOPPER,
    acting_as,
    naming,
)
from tests.support.contract import CONTRACT

NOTHING = {"amount": 0, "currency": "", "formatted": "0"}
TOMORROW, DAY_AFTER = "2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z"
NOT_FOUND = {"errors": [{"status": 404, "title": "Not Found", "detail": "Cart not found"}]}
CONTACT_EMAIL = "Cannot associate accounts to carts with contact emails"


def empty_cart(cart_id: str, name: str) -> dict[str, Any]:
    """The shape of an empty cart that was made at the start of the year, to the letter."""
    return {
        "id": cart_id,
        "type": "cart",
        "name": name,
        "description": "",
        "discount_settings": {"custom_discounts_enabled": False, "use_rule_promotions": False},
        "inventory_settings": {"defer_inventory_check": False},
        "links": {"self": f"http://localhost/v2/carts/{cart_id}"},
        "meta": {
            "display_price": {
                "with_tax": NOTHING,
                "without_tax": NOTHING,
                "tax": NOTHING,
                "discount": NOTHING,
                "without_discount": NOTHING,
                "shipping": NOTHING,
                "shipping_discount": NOTHING,
            },
            "timestamps": {
                "created_at": "2026-01-01T00:00:00Z",
                "updated_at": "2026-01-01T00:00:00Z",
                "expires_at": "2026-01-08T00:00:00Z",
            },
        },
        "relationships": {"items": {"data": None}, "accounts": {}, "customers": {}},
    }


def post(client: FlaskClient, headers: dict[str, str] = SHOPPER, **cart: Any) -> TestResponse:
    return client.post("/v2/carts", headers=headers, json={"data": cart})


def put(client: FlaskClient, cart_id: str, **changes: Any) -> TestResponse:
    return client.put(f"/v2/carts/{cart_id}", headers=SHOPPER, json={"data": changes})


def get(client: FlaskClient, cart_id: str, **query: str) -> TestResponse:
    return client.get(f"/v2/carts/{cart_id}", headers=SHOPPER, query_string=query)


def delete(client: FlaskClient, cart_id: str) -> TestResponse:
    return client.delete(f"/v2/carts/{cart_id}", headers=SHOPPER)


def made(answer: TestResponse, status: int = 200) -> dict[str, Any]:
    """The cart of an answer that succeeded."""
    assert answer.status_code == status, answer.data
    cart: dict[str, Any] = answer.get_json()["data"]
    return cart


def errors_of(answer: TestResponse) -> list[tuple[str, str | None]]:
    """The title and the source of each error of a 400."""
    assert answer.status_code == 400, answer.data
    return [(error["title"], error.get("source")) for error in answer.get_json()["errors"]]


def exists(client: FlaskClient, cart_id: str) -> bool:
    """Whether there is such a cart; unlike a GET, asking so makes none."""
    listed = client.get("/v2/carts?page[limit]=100", headers=ADMIN).get_json()["data"]
    return cart_id in {cart["id"] for cart in listed}


def move_on(app: Flask, duration: int) -> None:
    app.extensions["sandbox"].clock.advance(duration)


# --- the shape


def test_empty_cart_has_the_documented_shape(client: FlaskClient) -> None:
    answer = get(client, "free-cart")
    assert answer.status_code == 200
    assert answer.get_json() == {"data": empty_cart("free-cart", "Free cart")}


def test_created_cart_has_the_same_shape_on_every_answer(client: FlaskClient) -> None:
    created = post(client, id="my-cart", name="Mine")
    expected = empty_cart("my-cart", "Mine")
    assert made(created, 201) == expected
    assert made(get(client, "my-cart")) == expected
    assert made(put(client, "my-cart")) == expected


def test_associated_cart_names_its_accounts(client: FlaskClient) -> None:
    shared = made(get(client, "shared-cart"))
    assert shared["relationships"] == {
        "items": {"data": None},
        "accounts": naming(ACCOUNT_1, ACCOUNT_2),
        "customers": {},
    }


def test_cart_with_everything_keeps_everything(client: FlaskClient) -> None:
    fields = {
        "id": "full",
        "name": "Full",
        "description": "d",
        "contact": {"email": "guest@example.com"},
        "discount_settings": {"custom_discounts_enabled": True, "use_rule_promotions": False},
        "inventory_settings": {"defer_inventory_check": True},
        "custom_attributes": {"level": {"type": "string", "value": "gold"}},
        "snapshot_date": TOMORROW,
    }
    expected = {**empty_cart("full", "Full"), **fields}
    assert made(post(client, **fields), 201) == expected
    assert made(get(client, "full")) == expected


def test_links_name_the_host_that_was_asked(client: FlaskClient) -> None:
    answer = client.get(
        "/v2/carts/free-cart", headers=SHOPPER, base_url="https://shop.example:8443"
    )
    assert made(answer)["links"] == {"self": "https://shop.example:8443/v2/carts/free-cart"}


# --- the id


def test_cart_without_an_id_is_given_one_of_its_own(client: FlaskClient) -> None:
    first, second = (made(post(client, name="New"), 201)["id"] for _ in range(2))
    assert first != second
    for cart_id in (first, second):
        groups = cart_id.split("-")
        assert [len(group) for group in groups] == [8, 4, 4, 4, 12]
        assert groups[2].startswith("4")
        assert made(get(client, cart_id))["name"] == "New"


@pytest.mark.parametrize(
    "cart_id",
    ["a", "_", "-", "0", string.ascii_letters + string.digits + "_-", "x" * 255],
    ids=["letter", "underscore", "dash", "digit", "all", "255"],
)
def test_id_of_safe_characters_is_kept(client: FlaskClient, cart_id: str) -> None:
    assert made(post(client, id=cart_id, name="Mine"), 201)["id"] == cart_id
    assert made(get(client, cart_id))["name"] == "Mine"


def test_ids_differ_by_case(client: FlaskClient) -> None:
    post(client, id="Free-Cart", name="Another")
    assert made(get(client, "free-cart"))["name"] == "Free cart"


@pytest.mark.parametrize(
    "cart_id", ["a b", "a.b", "a/b", "é", "a\n", "\u0661", "a%20", "x" * 256, "", " ", 1, None, []]
)
def test_other_ids_are_rejected(client: FlaskClient, cart_id: Any) -> None:
    refused = errors_of(post(client, id=cart_id, name="Mine"))
    assert {source for _, source in refused} == {"data.id"}


@pytest.mark.parametrize("cart_id", ["a%20b", "a.b", "%C3%A9", "a%0A", "a@b", "x" * 256])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_other_ids_are_rejected_in_the_path(client: FlaskClient, method: str, cart_id: str) -> None:
    body = {"data": {}} if method == "PUT" else None
    answer = client.open(f"/v2/carts/{cart_id}", method=method, headers=SHOPPER, json=body)
    assert {source for _, source in errors_of(answer)} == {"cartID"}


def test_id_of_a_cart_that_exists_is_a_conflict(client: FlaskClient) -> None:
    answer = post(client, id="free-cart", name="Again")
    assert answer.status_code == 409
    assert answer.get_json()["errors"][0]["title"] == "Conflict"
    assert made(get(client, "free-cart"))["name"] == "Free cart"


def test_id_of_a_deleted_cart_is_free_again(client: FlaskClient) -> None:
    delete(client, "free-cart")
    assert made(post(client, id="free-cart", name="Again"), 201)["name"] == "Again"


@pytest.mark.parametrize("changes", [{"id": "free-cart"}, {"id": "other"}], ids=["same", "other"])
def test_update_never_changes_the_id(client: FlaskClient, changes: dict[str, str]) -> None:
    assert made(put(client, "free-cart", **changes))["id"] == "free-cart"
    assert not exists(client, "other")


# --- the name and the description

SYMBOLS = 'Bob\'s "cart" <&> €, ü – 購物車 🛒 / \\ % ?#'


@pytest.mark.parametrize(
    "name", ["C", "x" * 255, "ü" * 255, "two words", " padded ", "\t tab", SYMBOLS]
)
def test_name_is_kept_as_it_is(client: FlaskClient, name: str) -> None:
    assert made(post(client, id="mine", name=name), 201)["name"] == name
    assert made(put(client, "free-cart", name=name))["name"] == name
    assert made(get(client, "mine"))["name"] == name


@pytest.mark.parametrize(
    ("name", "keywords"),
    [
        ("", {"minLength", "pattern"}),
        ("   ", {"pattern"}),
        ("x" * 256, {"maxLength"}),
        (None, {"type"}),
        (1, {"type"}),
        (["Cart"], {"type"}),
    ],
    ids=["empty", "blank", "256", "null", "number", "list"],
)
def test_other_names_are_rejected(client: FlaskClient, name: Any, keywords: set[str]) -> None:
    for answer in (post(client, name=name), put(client, "free-cart", name=name)):
        assert set(errors_of(answer)) == {(keyword, "data.name") for keyword in keywords}
    assert made(get(client, "free-cart"))["name"] == "Free cart"


def test_name_is_mandatory_on_creation_and_not_on_update(client: FlaskClient) -> None:
    assert errors_of(post(client, description="no name")) == [("required", "data.name")]
    assert made(put(client, "free-cart", description="d"))["name"] == "Free cart"


@pytest.mark.parametrize("text", ["", SYMBOLS, "two\nlines", "x" * 65535])
def test_description_is_kept_as_it_is(client: FlaskClient, text: str) -> None:
    assert made(post(client, id="mine", name="Mine", description=text), 201)["description"] == text
    assert made(put(client, "free-cart", description=text))["description"] == text


@pytest.mark.parametrize("text", [None, 1, "x" * 65536], ids=["null", "number", "too long"])
def test_other_descriptions_are_rejected(client: FlaskClient, text: Any) -> None:
    for answer in (
        post(client, name="Mine", description=text),
        put(client, "free-cart", description=text),
    ):
        assert [source for _, source in errors_of(answer)] == ["data.description"]


# --- what the body may be


def test_bare_attributes_are_accepted_and_noted(client: FlaskClient) -> None:
    answer = client.post("/v2/carts", headers=SHOPPER, json={"name": "Cart"})
    assert made(answer, 201)["name"] == "Cart"
    assert answer.headers["Mock-Notes"] == "cart attributes without the data envelope accepted"


def test_documented_body_is_not_noted(client: FlaskClient) -> None:
    answer = post(client, name="Cart")
    assert answer.status_code == 201
    assert "Mock-Notes" not in answer.headers


@pytest.mark.parametrize(
    ("body", "source"),
    [
        ({}, "data"),
        ({"data": None}, "data"),
        ({"data": []}, "data"),
        ({"data": "Cart"}, "data"),
        ([], "request"),
        ("Cart", "request"),
        ({"description": "bare, without a name"}, "data.name"),
    ],
)
def test_other_bodies_are_rejected(client: FlaskClient, body: Any, source: str) -> None:
    answer = client.post("/v2/carts", headers=SHOPPER, json=body)
    assert [error_source for _, error_source in errors_of(answer)] == [source]


def test_update_takes_no_bare_attributes(client: FlaskClient) -> None:
    answer = client.put("/v2/carts/free-cart", headers=SHOPPER, json={"name": "Cart"})
    assert errors_of(answer) == [("required", "data")]
    assert made(get(client, "free-cart"))["name"] == "Free cart"


def test_all_errors_are_reported_at_once(client: FlaskClient) -> None:
    answer = post(client, id="a b", description=1, contact={"email": "no"})
    assert set(errors_of(answer)) == {
        ("required", "data.name"),
        ("pattern", "data.id"),
        ("type", "data.description"),
        ("format", "data.contact.email"),
    }
    violations = json.loads(answer.headers["Mock-Violations"])
    assert {violation["pointer"] for violation in violations} == {
        "/data/name",
        "/data/id",
        "/data/description",
        "/data/contact/email",
    }


def test_rejected_cart_is_not_created(client: FlaskClient) -> None:
    post(client, id="mine", name="Mine", snapshot_date="2020-01-01T00:00:00Z")
    post(client, acting_as(1), id="mine", name="Mine", contact={"email": "guest@example.com"})
    assert not exists(client, "mine")


# --- reading, changing, deleting


def test_unknown_id_makes_a_cart_named_cart(client: FlaskClient) -> None:
    assert not exists(client, "no-such-cart")
    assert made(get(client, "no-such-cart")) == empty_cart("no-such-cart", "Cart")
    assert exists(client, "no-such-cart")


def test_cart_made_by_reading_belongs_to_nobody(client: FlaskClient) -> None:
    answer = client.get("/v2/carts/no-such-cart", headers=acting_as(1))
    assert made(answer)["relationships"]["accounts"] == {}


def test_head_reads_like_get_without_a_body(client: FlaskClient) -> None:
    answer = client.head("/v2/carts/free-cart", headers=SHOPPER)
    assert (answer.status_code, answer.data) == (200, b"")
    assert answer.headers["Content-Length"] == str(len(get(client, "free-cart").data))


def test_update_changes_what_it_names_and_nothing_else(client: FlaskClient) -> None:
    put(client, "free-cart", description="first", contact={"email": "guest@example.com"})
    cart = made(put(client, "free-cart", name="Second"))
    assert cart == {
        **empty_cart("free-cart", "Second"),
        "description": "first",
        "contact": {"email": "guest@example.com"},
    }


def test_update_without_changes_prolongs_the_life(app: Flask, client: FlaskClient) -> None:
    move_on(app, DAY)
    assert made(put(client, "free-cart"))["meta"]["timestamps"] == {
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-02T00:00:00Z",
        "expires_at": "2026-01-09T00:00:00Z",
    }


def test_reading_does_not_prolong_the_life(app: Flask, client: FlaskClient) -> None:
    before = made(get(client, "free-cart"))
    move_on(app, DAY)
    assert made(get(client, "free-cart")) == before


def test_deleted_cart_is_gone(client: FlaskClient) -> None:
    answer = delete(client, "free-cart")
    assert (answer.status_code, answer.data) == (204, b"")
    assert "Content-Type" not in answer.headers
    assert not exists(client, "free-cart")


@pytest.mark.parametrize("change", [put, delete])
def test_unknown_cart_can_be_neither_updated_nor_deleted(client: FlaskClient, change: Any) -> None:
    answer = change(client, "no-such-cart")
    assert (answer.status_code, answer.get_json()) == (404, NOT_FOUND)
    assert not exists(client, "no-such-cart")


def test_doubled_slash_is_served_like_a_single_one(client: FlaskClient) -> None:
    answer = client.post("/v2//carts", headers=SHOPPER, json={"data": {"id": "mine", "name": "M"}})
    assert made(answer, 201) == made(get(client, "mine"))
    assert made(client.get("/v2///carts//mine", headers=SHOPPER))["name"] == "M"


# --- the contact e-mail


@pytest.mark.parametrize("cart_id", ["ada-cart", "shared-cart"])
def test_cart_of_an_account_takes_no_contact_email(client: FlaskClient, cart_id: str) -> None:
    before = made(get(client, cart_id))
    answer = put(client, cart_id, name="New", contact={"email": "guest@example.com"})
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["title"] == CONTACT_EMAIL
    assert made(get(client, cart_id)) == before


def test_account_makes_no_cart_with_a_contact_email(client: FlaskClient) -> None:
    answer = post(client, acting_as(1), name="New", contact={"email": "guest@example.com"})
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["title"] == CONTACT_EMAIL


def test_cart_with_a_contact_email_takes_no_account(client: FlaskClient) -> None:
    path = "/v2/carts/contact-cart/relationships/accounts"
    answer = client.post(path, headers=ADMIN, json=naming(ACCOUNT_1))
    assert answer.status_code == 422
    assert answer.get_json()["errors"][0]["title"] == CONTACT_EMAIL


def test_contact_without_an_email_is_no_hindrance(client: FlaskClient) -> None:
    put(client, "contact-cart", contact={})
    path = "/v2/carts/contact-cart/relationships/accounts"
    assert client.post(path, headers=ADMIN, json=naming(ACCOUNT_1)).status_code == 200


@pytest.mark.parametrize(
    "email", ["", "guest", "guest@", "@example.com", "a@b", "a b@c.de", None, 1]
)
def test_contact_email_must_be_one(client: FlaskClient, email: Any) -> None:
    answer = post(client, name="New", contact={"email": email})
    assert [source for _, source in errors_of(answer)] == ["data.contact.email"]


# --- snapshot dates


@pytest.mark.parametrize(
    "date",
    [TOMORROW, "2026-01-01T00:00:01Z", "2026-01-01T01:00:00+00:30", "2026-01-01T00:00:00.5Z"],
)
def test_snapshot_date_in_the_future_is_kept_as_it_is(client: FlaskClient, date: str) -> None:
    assert made(post(client, name="Snapshot", snapshot_date=date), 201)["snapshot_date"] == date
    assert made(put(client, "free-cart", snapshot_date=date))["snapshot_date"] == date
    assert made(get(client, "free-cart"))["snapshot_date"] == date


@pytest.mark.parametrize(
    ("date", "past_date"),
    [
        ("2020-01-01T00:00:00Z", "2020-01-01 00:00:00 +0000 UTC"),
        ("2026-01-01T00:00:00Z", "2026-01-01 00:00:00 +0000 UTC"),
        ("2026-01-01T01:00:00+02:00", "2025-12-31 23:00:00 +0000 UTC"),
    ],
    ids=["past", "now", "past in another zone"],
)
def test_snapshot_date_must_lie_in_the_future(
    client: FlaskClient, date: str, past_date: str
) -> None:
    for answer in (
        post(client, name="Snapshot", snapshot_date=date),
        put(client, "free-cart", snapshot_date=date),
    ):
        assert answer.status_code == 400
        assert answer.get_json()["errors"] == [
            {
                "status": 400,
                "title": "Invalid Snapshot Date",
                "detail": "Snapshot date must be a date in the future. "
                f"Targeted snapshot date [{past_date}] is in the past.",
            }
        ]
    assert "snapshot_date" not in made(get(client, "free-cart"))


@pytest.mark.parametrize("date", ["tomorrow", "2027-01-01", "2027-13-01T00:00:00Z", "", 1])
def test_snapshot_date_must_be_a_date(client: FlaskClient, date: Any) -> None:
    for answer in (
        post(client, name="Snapshot", snapshot_date=date),
        put(client, "free-cart", snapshot_date=date),
    ):
        assert {source for _, source in errors_of(answer)} == {"data.snapshot_date"}


def test_snapshot_date_once_set_stays_set(client: FlaskClient) -> None:
    put(client, "free-cart", snapshot_date=TOMORROW)
    answer = put(client, "free-cart", snapshot_date=None)
    assert answer.status_code == 400
    assert answer.get_json()["errors"] == [
        {
            "status": 400,
            "title": "Bad Request",
            "detail": "Cannot remove snapshot dates from carts with existing snapshot dates.",
        }
    ]
    assert made(put(client, "free-cart", name="Renamed"))["snapshot_date"] == TOMORROW
    assert made(put(client, "free-cart", snapshot_date=DAY_AFTER))["snapshot_date"] == DAY_AFTER


def test_no_snapshot_date_can_be_taken_from_a_cart_without_one(client: FlaskClient) -> None:
    assert "snapshot_date" not in made(put(client, "free-cart", snapshot_date=None))
    assert errors_of(post(client, name="New", snapshot_date=None)) == [
        ("type", "data.snapshot_date")
    ]


# --- custom attributes


def attributes(count: int) -> dict[str, dict[str, Any]]:
    return {f"a{n}": {"type": "integer", "value": n} for n in range(count)}


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("string", ""),
        ("string", "gold"),
        ("integer", 0),
        ("integer", -7),
        ("boolean", True),
        ("boolean", False),
        ("float", 1.5),
        ("float", 2),
    ],
)
def test_custom_attribute_of_its_declared_type_is_kept(
    client: FlaskClient, kind: str, value: Any
) -> None:
    attributes = {"level": {"type": kind, "value": value}}
    assert (
        made(post(client, name="New", custom_attributes=attributes), 201)["custom_attributes"]
        == attributes
    )
    assert (
        made(put(client, "free-cart", custom_attributes=attributes))["custom_attributes"]
        == attributes
    )


@pytest.mark.parametrize(
    ("attribute", "source"),
    [
        ({"type": "string", "value": 1}, "value"),
        ({"type": "integer", "value": "1"}, "value"),
        ({"type": "integer", "value": 1.5}, "value"),
        ({"type": "integer", "value": True}, "value"),
        ({"type": "boolean", "value": 1}, "value"),
        ({"type": "float", "value": "1.5"}, "value"),
        ({"type": "date", "value": "x"}, "type"),
        ({"type": "string"}, "value"),
        ({"value": "gold"}, "type"),
        ({"type": "string", "value": None}, "value"),
    ],
)
def test_other_custom_attributes_are_rejected(
    client: FlaskClient, attribute: dict[str, Any], source: str
) -> None:
    answer = post(client, name="New", custom_attributes={"level": attribute})
    assert {error_source for _, error_source in errors_of(answer)} == {
        f"data.custom_attributes.level.{source}"
    }


def test_cart_has_at_most_20_custom_attributes(client: FlaskClient) -> None:
    cart = made(post(client, name="New", custom_attributes=attributes(20)), 201)
    assert cart["custom_attributes"] == attributes(20)
    answer = post(client, name="New", custom_attributes=attributes(21))
    assert errors_of(answer) == [("maxProperties", "data.custom_attributes")]


def test_custom_attributes_are_replaced_as_a_whole(client: FlaskClient) -> None:
    put(client, "free-cart", custom_attributes=attributes(2))
    cart = made(put(client, "free-cart", custom_attributes=attributes(1)))
    assert cart["custom_attributes"] == attributes(1)


# --- settings of the cart and of the store


def test_cart_settings_left_out_are_the_stores(client: FlaskClient) -> None:
    discounts = {"custom_discounts_enabled": True, "use_rule_promotions": False}
    cart_settings = {"discounts": discounts, "inventories": {"defer_inventory_check": True}}
    client.put("/v2/settings/cart", headers=ADMIN, json={"data": cart_settings})
    cart = made(post(client, name="New", discount_settings={"use_rule_promotions": True}), 201)
    assert cart["discount_settings"] == {
        "custom_discounts_enabled": True,
        "use_rule_promotions": True,
    }
    assert cart["inventory_settings"] == {"defer_inventory_check": True}


def test_empty_payment_intent_removes_it(tmp_path: Any) -> None:
    fixture = tmp_path / "paid.yaml"
    fixture.write_text("carts: [{id: paid-cart, name: Paid, payment_intent_id: pi_1}]", "utf-8")
    app = create_app(Config(fixtures=("default", str(fixture)), frozen_at=NEW_YEAR), CONTRACT)
    client = app.test_client()
    assert made(get(client, "paid-cart"))["payment_intent_id"] == "pi_1"
    assert errors_of(put(client, "paid-cart", payment_intent_id="pi_2")) == [
        ("maxLength", "data.payment_intent_id")
    ]
    assert "payment_intent_id" not in made(put(client, "paid-cart", payment_intent_id=""))


# --- the last cart


def test_last_cart_of_an_account_cannot_be_deleted(client: FlaskClient) -> None:
    answer = delete(client, "hedy-only-cart")
    assert answer.status_code == 400
    assert answer.get_json()["errors"] == [
        {
            "status": 400,
            "title": "Last cart",
            "detail": "This is the last cart associated with an account and it cannot be deleted, "
            "try disassociating instead",
        }
    ]
    assert exists(client, "hedy-only-cart")


def test_last_cart_of_one_of_its_accounts_cannot_be_deleted(client: FlaskClient) -> None:
    assert delete(client, "grace-cart").status_code == 204
    assert errors_of(delete(client, "shared-cart")) == [("Last cart", None)]


def test_cart_is_not_the_last_one_while_another_is_there(client: FlaskClient) -> None:
    post(client, acting_as(3), id="second", name="Second")
    assert delete(client, "hedy-only-cart").status_code == 204
    assert errors_of(delete(client, "second")) == [("Last cart", None)]


def test_expired_cart_does_not_count_as_another_one(app: Flask, client: FlaskClient) -> None:
    move_on(app, 6 * DAY)
    post(client, acting_as(3), id="second", name="Second")
    move_on(app, DAY)
    assert errors_of(delete(client, "second")) == [("Last cart", None)]


def test_disassociated_last_cart_can_be_deleted(client: FlaskClient) -> None:
    account_3 = naming("a0000000-0000-4000-8000-000000000003")
    path = "/v2/carts/hedy-only-cart/relationships/accounts"
    assert client.delete(path, headers=ADMIN, json=account_3).status_code == 204
    assert delete(client, "hedy-only-cart").status_code == 204


# --- expiry


@pytest.mark.parametrize("cart_id", ["free-cart", "ada-cart"])
def test_cart_not_updated_for_seven_days_is_gone(
    app: Flask, client: FlaskClient, cart_id: str
) -> None:
    move_on(app, 7 * DAY - 1)
    assert exists(client, cart_id)
    move_on(app, 1)
    assert not exists(client, cart_id)
    assert put(client, cart_id).status_code == 404
    assert delete(client, cart_id).status_code == 404
    assert made(get(client, cart_id))["name"] == "Cart"


def test_expired_cart_is_gone_from_its_account_too(app: Flask, client: FlaskClient) -> None:
    move_on(app, 7 * DAY)
    answer = client.get("/v2/carts", headers=acting_as(1))
    assert answer.get_json()["data"] == []


def test_id_of_an_expired_cart_is_free_again(app: Flask, client: FlaskClient) -> None:
    move_on(app, 7 * DAY)
    cart = made(post(client, id="ada-cart", name="Again"), 201)
    assert cart["relationships"]["accounts"] == {}


def test_update_restarts_the_seven_days(app: Flask, client: FlaskClient) -> None:
    move_on(app, 6 * DAY)
    put(client, "free-cart", name="Kept")
    move_on(app, 7 * DAY - 1)
    assert made(get(client, "free-cart"))["name"] == "Kept"
    move_on(app, 1)
    assert not exists(client, "free-cart")


def test_association_restarts_the_seven_days(app: Flask, client: FlaskClient) -> None:
    move_on(app, 6 * DAY)
    path = "/v2/carts/free-cart/relationships/accounts"
    assert client.post(path, headers=ADMIN, json=naming(ACCOUNT_1)).status_code == 200
    timestamps = made(get(client, "free-cart"))["meta"]["timestamps"]
    assert timestamps["expires_at"] == "2026-01-14T00:00:00Z"


def test_expiring_cart_of_the_built_in_data_expires_in_an_hour(
    app: Flask, client: FlaskClient
) -> None:
    timestamps = made(get(client, "expiring-cart"))["meta"]["timestamps"]
    assert timestamps["expires_at"] == "2026-01-01T01:00:00Z"
    move_on(app, HOUR - SECOND)
    assert exists(client, "expiring-cart")
    move_on(app, SECOND)
    assert not exists(client, "expiring-cart")


@pytest.mark.parametrize("days", [1, 14, 365])
def test_store_settles_after_how_many_days_a_cart_expires(
    app: Flask, client: FlaskClient, days: int
) -> None:
    settings = {"data": {"cart_expiry_days": days}}
    assert client.put("/v2/settings/cart", headers=ADMIN, json=settings).status_code == 200
    post(client, id="mine", name="Mine")
    move_on(app, days * DAY - 1)
    assert exists(client, "mine")
    move_on(app, 1)
    assert not exists(client, "mine")


# --- include


@pytest.mark.parametrize("include", ["items", "items,promotions", "tax_items", "anything", ""])
@pytest.mark.parametrize("path", ["/v2/carts/free-cart", "/v2/carts"])
def test_include_without_entities_leaves_included_away(
    client: FlaskClient, path: str, include: str
) -> None:
    plain = client.get(path, headers=ADMIN)
    answer = client.get(path, headers=ADMIN, query_string={"include": include})
    assert (answer.status_code, answer.get_json()) == (200, plain.get_json())
    assert "included" not in answer.get_json()
