"""Checkout: what becomes of a cart, for whom, and what is refused."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from mockserver.core.clock import DAY, HOUR
from tests.support.built_in_data import (
    ACCOUNT_1,
    ACCOUNT_2,
    ADAS_ORDER,
    ADMIN,
    CUSTOMER_1,
    CUSTOMER_2,
    KEYBOARD,
    LAMP,
    MEMBER_ADA,
    MEMBER_GRACE,
    MUG,
    SHOPPER,
    TEN_PERCENT,
    acting_as,
    as_customer,
)
from tests.support.carts import (
    amounts,
    custom,
    error_of,
    held,
    look_in,
    product,
    promotion,
    put_in,
    send,
)
from tests.support.orders import check_out, ordered, pay, read, statuses, totals
from tests.support.sample_requests import ADDRESS, GUEST

ADA = {"name": "Ada", "email": "ada@example.com"}
ALAN = {"id": CUSTOMER_1, "name": "Alan Turing", "email": "alan@example.com"}


# --- what an order is made of


def test_order_has_the_items_of_the_cart(client: FlaskClient) -> None:
    cart = put_in(
        client,
        "free-cart",
        [product(KEYBOARD, 2), custom("Shipping", sku="shipping"), promotion(TEN_PERCENT)],
    )
    answer = check_out(client, "free-cart")
    assert answer.status_code == 201
    body = answer.get_json()
    order, items = body["data"], body["included"]["items"]
    assert statuses(order) == ("incomplete", "unpaid", "unfulfilled")
    owing = amounts(cart)["with_tax"]
    promotion_id = cart["data"][-1]["promotion_id"]
    assert totals(order) == {**amounts(cart), "balance_owing": owing, "paid": 0, "authorized": 0}
    assert [(item["sku"], item["quantity"]) for item in items] == held(cart)
    for item, line in zip(items, cart["data"], strict=True):
        assert item["type"] == "order_item"
        assert item["meta"]["display_price"] == line["meta"]["display_price"]
        assert (item["unit_price"], item["value"]) == (line["unit_price"], line["value"])
        assert item["relationships"] == {
            "cart_item": {"data": {"type": "cart_item", "id": line["id"]}},
            "promotions": {"data": [{"type": "promotion", "id": promotion_id}]},
        }
    assert order["relationships"]["items"]["data"] == [
        {"type": "item", "id": item["id"]} for item in items
    ]


def test_order_has_the_captured_shape(client: FlaskClient) -> None:
    body = ordered(client, product(MUG), order_number="order-1", external_ref="ref-1")
    order, (item,) = body["data"], body["included"]["items"]
    assert order.pop("id")
    assert order["meta"].pop("display_price")
    assert item.pop("id")
    assert item["meta"].pop("display_price")
    assert item.pop("relationships")
    assert order.pop("relationships").keys() == {"items"}
    filled = {**ADDRESS, "company_name": "", "line_2": "", "city": ""}
    assert order == {
        "type": "order",
        "status": "incomplete",
        "payment": "unpaid",
        "shipping": "unfulfilled",
        "anonymized": False,
        "customer": GUEST,
        "order_number": "order-1",
        "external_ref": "ref-1",
        "billing_address": filled,
        "shipping_address": {**filled, "phone_number": "", "instructions": ""},
        "links": {},
        "meta": {
            "timestamps": {
                "created_at": "2026-01-01T00:00:00Z",
                "updated_at": "2026-01-01T00:00:00Z",
            }
        },
    }
    assert item == {
        "type": "order_item",
        "quantity": 1,
        "product_id": MUG,
        "name": "Mug",
        "sku": "mug",
        "unit_price": {"amount": 1500, "currency": "USD", "includes_tax": False},
        "value": {"amount": 1500, "currency": "USD", "includes_tax": False},
        "links": {},
        "meta": {"timestamps": order["meta"]["timestamps"]},
        "catalog_id": "d0000000-0000-4000-8000-000000000004",
        "catalog_source": "pim",
    }


def test_cart_stays_as_it_is_and_can_be_checked_out_again(client: FlaskClient) -> None:
    before = put_in(client, "free-cart", product(MUG, 2))
    first, second = (check_out(client, "free-cart").get_json()["data"] for _ in range(2))
    assert look_in(client, "free-cart") == before
    assert first["id"] != second["id"]
    ids = [order["relationships"]["items"]["data"][0]["id"] for order in (first, second)]
    assert ids[0] != ids[1]


def test_order_does_not_change_with_its_cart(app: Flask, client: FlaskClient) -> None:
    put_in(client, "free-cart", product(MUG, 2))
    order = check_out(client, "free-cart").get_json()
    app.extensions["sandbox"].clock.advance(HOUR)
    put_in(client, "free-cart", [product(KEYBOARD), promotion(TEN_PERCENT)])
    client.delete("/v2/carts/free-cart", headers=ADMIN)
    app.extensions["sandbox"].clock.advance(30 * DAY)
    assert read(client, order["data"]["id"], ADMIN, include="items") == order


def test_custom_attributes_go_over_to_the_order(client: FlaskClient) -> None:
    attributes = {"gift": {"type": "boolean", "value": True}}
    client.put(
        "/v2/carts/grace-cart", headers=ADMIN, json={"data": {"custom_attributes": attributes}}
    )
    assert check_out(client, "grace-cart").get_json()["data"]["custom_attributes"] == attributes


def test_order_has_the_shipping_address(client: FlaskClient) -> None:
    home = {**ADDRESS, "line_1": "Home", "instructions": "Ring twice"}
    order = ordered(client, product(MUG), shipping_address=home)["data"]
    assert order["shipping_address"]["line_1"] == "Home"
    assert order["shipping_address"]["instructions"] == "Ring twice"
    assert order["billing_address"]["line_1"] == ADDRESS["line_1"]


# --- whose order


def owner(order: Any) -> dict[str, str]:
    return {
        name: related["data"]["id"]
        for name, related in order["relationships"].items()
        if name != "items"
    }


@pytest.mark.parametrize(
    ("headers", "data", "expected"),
    [
        (acting_as(1), {"contact": ADA}, {"account": ACCOUNT_1, "account_member": MEMBER_ADA}),
        (
            acting_as(1),
            {"contact": ADA, "account": {"id": ACCOUNT_1, "member_id": MEMBER_ADA}},
            {"account": ACCOUNT_1, "account_member": MEMBER_ADA},
        ),
        (acting_as(1), {"customer": GUEST}, {"account": ACCOUNT_1, "account_member": MEMBER_ADA}),
        (
            ADMIN,
            {"contact": ADA, "account": {"id": ACCOUNT_1, "member_id": MEMBER_ADA}},
            {"account": ACCOUNT_1, "account_member": MEMBER_ADA},
        ),
        (SHOPPER, {"contact": ADA, "account": {"id": ACCOUNT_1.upper()}}, {"account": ACCOUNT_1}),
        (SHOPPER, {"customer": {"id": CUSTOMER_1}}, {"customer": CUSTOMER_1}),
        (as_customer(1), {"customer": {"id": CUSTOMER_1}}, {"customer": CUSTOMER_1}),
        (as_customer(1), {"customer": GUEST}, {}),
        (SHOPPER, {"customer": GUEST}, {}),
        (ADMIN, {"contact": ADA}, {}),
    ],
)
def test_order_belongs_to_whom_the_token_or_the_id_names(
    client: FlaskClient, headers: dict[str, str], data: Any, expected: Any
) -> None:
    order = ordered(client, product(MUG), headers, **data)["data"]
    assert owner(order) == expected
    assert order.get("contact") == data.get("contact")


def test_known_customer_is_named(client: FlaskClient) -> None:
    assert ordered(client, product(MUG), customer={"id": CUSTOMER_1})["data"]["customer"] == ALAN


@pytest.mark.parametrize(
    ("headers", "data", "expected"),
    [
        (acting_as(1), {"account": {"id": ACCOUNT_2}}, 403),
        (as_customer(1), {"account": {"id": ACCOUNT_2}}, 403),
        (as_customer(1), {"customer": {"id": CUSTOMER_2}}, 403),
        (acting_as(1), {"customer": {"id": CUSTOMER_1}}, 403),
        (ADMIN, {"account": {"id": "no-such-account"}}, 404),
        (ADMIN, {"customer": {"id": "no-such-customer"}}, 404),
        (ADMIN, {"account": {"id": ACCOUNT_1, "member_id": "no-such-member"}}, 404),
        (ADMIN, {"account": {"id": ACCOUNT_1, "member_id": MEMBER_GRACE}}, 404),
    ],
)
def test_no_order_in_the_name_of_someone_else_or_of_no_one(
    client: FlaskClient, headers: dict[str, str], data: Any, expected: int
) -> None:
    answer = check_out(client, "grace-cart", headers, **{"contact": ADA, **data})
    assert answer.status_code == expected


# --- errors


@pytest.mark.parametrize("headers", [SHOPPER, ADMIN, acting_as(1), as_customer(1)])
def test_customer_or_contact_is_required(client: FlaskClient, headers: dict[str, str]) -> None:
    answer = client.post(
        "/v2/carts/grace-cart/checkout",
        headers=headers,
        json={"data": {"billing_address": ADDRESS}},
    )
    assert answer.status_code == 400
    assert answer.get_json()["errors"] == [
        {
            "status": 400,
            "title": "customer or contact is required",
            "detail": "data.customer or data.contact must be provided",
            "source": "data",
        }
    ]


@pytest.mark.parametrize("person", ["customer", "contact"])
@pytest.mark.parametrize("email", ["joan.@example.com", ".joan@example.com", "j..c@example.com"])
def test_email_has_a_format(client: FlaskClient, person: str, email: str) -> None:
    answer = check_out(client, "grace-cart", **{person: {"name": "Joan", "email": email}})
    assert answer.status_code == 400
    assert answer.get_json()["errors"] == [
        {
            "status": 400,
            "title": "format",
            "detail": "Does not match format 'email'",
            "source": f"data.{person}.email",
        }
    ]


@pytest.mark.parametrize("kind", ["billing_address", "shipping_address"])
@pytest.mark.parametrize("missing", ["first_name", "last_name", "line_1", "postcode", "country"])
def test_address_is_complete(client: FlaskClient, kind: str, missing: str) -> None:
    address = {name: text for name, text in ADDRESS.items() if name != missing}
    answer = check_out(client, "grace-cart", **{kind: address})
    assert answer.status_code == 400
    (error,) = answer.get_json()["errors"]
    assert (error["title"], error["source"]) == ("required", f"data.{kind}.{missing}")


@pytest.mark.parametrize(
    "data", [{"customer": {"name": "Joan"}}, {"customer": {}}, {"external_ref": "x" * 65}]
)
def test_body_is_validated_against_the_schema(client: FlaskClient, data: Any) -> None:
    assert check_out(client, "grace-cart", **data).status_code == 400


def test_address_has_a_region_or_a_county(client: FlaskClient) -> None:
    address = {name: text for name, text in ADDRESS.items() if name != "county"}
    assert check_out(client, "grace-cart", billing_address=address).status_code == 400
    assert check_out(
        client, "grace-cart", billing_address={**address, "region": "Bucks"}
    ).status_code == (201)


@pytest.mark.parametrize("items", [[], [promotion(TEN_PERCENT)]])
def test_empty_cart_is_no_order(client: FlaskClient, items: list[Any]) -> None:
    if items:
        put_in(client, "free-cart", items)
    assert error_of(check_out(client, "free-cart")) == (400, "Bad Request")


def test_cart_of_the_future_is_no_order(client: FlaskClient) -> None:
    date = {"data": {"snapshot_date": "2030-01-01T00:00:00Z"}}
    assert client.put("/v2/carts/grace-cart", headers=ADMIN, json=date).status_code == 200
    (error,) = check_out(client, "grace-cart").get_json()["errors"]
    assert error["detail"] == "Checking out carts with snapshot dates not permitted"


def test_unknown_cart_is_not_made(client: FlaskClient) -> None:
    assert check_out(client, "no-such-cart").status_code == 404
    assert check_out(client, "no-such-cart").status_code == 404


def test_free_products_can_be_ordered(client: FlaskClient) -> None:
    order = ordered(client, custom("Sample", 0))["data"]
    assert totals(order)["balance_owing"] == 0
    assert pay(client, order["id"]).status_code == 200
    assert statuses(read(client, order["id"], ADMIN)["data"])[:2] == ("complete", "paid")


# --- the stock


def test_order_takes_from_the_stock_and_a_cart_does_not(client: FlaskClient) -> None:
    put_in(client, "free-cart", product(LAMP, 4))
    put_in(client, "ada-cart", product(LAMP, 2))
    assert check_out(client, "free-cart").status_code == 201
    answer = check_out(client, "ada-cart")
    assert error_of(answer) == (400, "Insufficient stock")
    (error,) = answer.get_json()["errors"]
    assert error["detail"] == "There is not enough stock to add Lamp to your cart"
    assert error["meta"] == {"id": LAMP}
    assert send(client, "POST", "new-cart", product(LAMP, 2)).status_code == 400
    assert send(client, "POST", "new-cart", product(LAMP, 1)).status_code == 201


def test_rejected_checkout_allocates_no_stock(client: FlaskClient) -> None:
    put_in(client, "free-cart", [product(LAMP, 3), product(LAMP, 2, custom_inputs={"a": "b"})])
    put_in(client, "ada-cart", product(LAMP, 1))
    assert check_out(client, "ada-cart").status_code == 201
    assert check_out(client, "free-cart").status_code == 400
    assert send(client, "POST", "new-cart", product(LAMP, 4)).status_code == 201


def test_deferred_inventory_check_is_made_at_checkout(client: FlaskClient) -> None:
    deferred = {"data": {"inventory_settings": {"defer_inventory_check": True}}}
    client.put("/v2/carts/free-cart", headers=ADMIN, json=deferred)
    put_in(client, "free-cart", product(LAMP, 6))
    assert error_of(check_out(client, "free-cart")) == (400, "Insufficient stock")


# --- ordering again


def test_items_of_an_order_are_added_again(client: FlaskClient) -> None:
    order = ordered(client, [product(MUG, 2), custom("Wrap", 300)], acting_as(1), contact=ADA)
    again = {"type": "order_items", "order_id": order["data"]["id"]}
    put_in(client, "free-cart", product(MUG))
    body = put_in(client, "free-cart", again, headers=acting_as(1))
    assert held(body) == [("mug", 3), ("Wrap", 1)]


def test_items_that_are_out_of_stock_are_reported_and_the_rest_is_added(
    client: FlaskClient,
) -> None:
    order = ordered(client, [product(LAMP, 5), product(MUG)])
    again = {"type": "order_items", "order_id": order["data"]["id"]}
    body = put_in(client, "free-cart", again)
    assert held(body) == [("mug", 1)]
    assert [error["title"] for error in body["errors"]] == ["Insufficient stock"]


def test_only_own_orders_and_known_ones_are_added_again(client: FlaskClient) -> None:
    for headers, order_id in ((acting_as(2), ADAS_ORDER), (ADMIN, "no-such-order")):
        again = {"type": "order_items", "order_id": order_id}
        answer = send(client, "POST", "free-cart", again, headers=headers)
        assert error_of(answer) == (404, "Not Found")
