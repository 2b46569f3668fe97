"""Reading orders: whose, one by one, in lists, by filters."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from mockserver.core.clock import HOUR
from tests.support.built_in_data import (
    ACCOUNT_1,
    ACCOUNT_2,
    ADAS_ORDER,
    ADMIN,
    ALANS_ORDER,
    CUSTOMER_1,
    GRACES_ORDER,
    KEYBOARD,
    MEMBER_GRACE,
    MUG,
    SHOPPER,
    acting_as,
    as_customer,
)
from tests.support.carts import custom, error_of, product
from tests.support.orders import ordered, pay, read

SEEDS = [ADAS_ORDER, GRACES_ORDER, ALANS_ORDER]


def listed(client: FlaskClient, headers: dict[str, str] = ADMIN, **query: Any) -> Any:
    answer = client.get("/v2/orders", headers=headers, query_string=query)
    assert answer.status_code == 200, answer.data
    return answer.get_json()


def ids(body: Any) -> list[str]:
    return [order["id"] for order in body["data"]]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (ADMIN, SEEDS),
        (acting_as(1), [ADAS_ORDER]),
        (acting_as(2, ADMIN), [GRACES_ORDER]),
        (acting_as(3), []),
        (as_customer(1), [ALANS_ORDER]),
        (as_customer(2), []),
    ],
)
def test_everyone_lists_their_own_orders_and_an_administrator_all(
    client: FlaskClient, headers: dict[str, str], expected: list[str]
) -> None:
    assert ids(listed(client, headers)) == expected


@pytest.mark.parametrize("path", ["", f"/{ADAS_ORDER}", f"/{ADAS_ORDER}/items"])
def test_guest_reads_no_orders(client: FlaskClient, path: str) -> None:
    assert error_of(client.get(f"/v2/orders{path}", headers=SHOPPER)) == (403, "Forbidden")


@pytest.mark.parametrize("path", ["", "/items"])
@pytest.mark.parametrize(
    ("headers", "order_id", "expected"),
    [
        (ADMIN, ADAS_ORDER, 200),
        (ADMIN, ADAS_ORDER.upper(), 200),
        (acting_as(1), ADAS_ORDER, 200),
        (as_customer(1), ALANS_ORDER, 200),
        (acting_as(2), ADAS_ORDER, 404),
        (as_customer(1), ADAS_ORDER, 404),
        (as_customer(2), ALANS_ORDER, 404),
        (ADMIN, "no-such-order", 404),
    ],
)
def test_order_of_someone_else_is_not_found(
    client: FlaskClient, path: str, headers: dict[str, str], order_id: str, expected: int
) -> None:
    answer = client.get(f"/v2/orders/{order_id}{path}", headers=headers)
    assert answer.status_code == expected
    if expected == 404:
        assert answer.get_json()["errors"] == [
            {"status": 404, "title": "Not Found", "detail": "Order not found"}
        ]


def test_new_order_is_in_the_list_of_its_account_only(client: FlaskClient) -> None:
    order = ordered(client, product(MUG), acting_as(1), contact={"name": "Ada"})["data"]
    assert listed(client, acting_as(1))["data"][0] == order
    assert order["id"] not in ids(listed(client, acting_as(2)))


def test_newest_order_comes_first_and_a_payment_changes_no_order(
    app: Flask, client: FlaskClient
) -> None:
    first = ordered(client, product(MUG))["data"]["id"]
    second = ordered(client, product(MUG))["data"]["id"]
    app.extensions["sandbox"].clock.advance(HOUR)
    third = ordered(client, product(MUG))["data"]["id"]
    pay(client, first)
    assert ids(listed(client)) == [third, second, first, *SEEDS]


def test_list_is_cut_into_pages(client: FlaskClient) -> None:
    body = listed(client, **{"page[limit]": 2, "page[offset]": 2})
    assert ids(body) == [ALANS_ORDER]
    assert body["meta"] == {
        "page": {"limit": 2, "offset": 2, "current": 2, "total": 2},
        "results": {"total": 3},
    }
    assert body["links"]["prev"].endswith("/v2/orders?page[offset]=0&page[limit]=2")


def test_items_are_those_of_the_order(client: FlaskClient) -> None:
    body = client.get(f"/v2/orders/{GRACES_ORDER}/items", headers=acting_as(2)).get_json()
    assert [(item["sku"], item["value"]["amount"]) for item in body["data"]] == [
        ("keyboard", 8900),
        ("TEN-PERCENT", -890),
    ]
    order = read(client, GRACES_ORDER, acting_as(2), include="items")
    assert order["included"]["items"] == body["data"]
    assert order["data"]["relationships"]["items"]["data"] == [
        {"type": "item", "id": item["id"]} for item in body["data"]
    ]


def test_items_are_included_on_request_for_the_page_only(client: FlaskClient) -> None:
    assert "included" not in listed(client)
    assert "included" not in read(client, ADAS_ORDER, ADMIN)
    assert "included" not in listed(client, acting_as(3), include="items")
    body = listed(client, include="items", **{"page[limit]": 2})
    assert [item["sku"] for item in body["included"]["items"]] == [
        *("mug", "keyboard", "TEN-PERCENT")
    ]


# --- filters


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("eq(status,complete)", [GRACES_ORDER]),
        ("eq(payment,unpaid)", [ADAS_ORDER, ALANS_ORDER]),
        ("eq(shipping,unfulfilled)", SEEDS),
        ("eq(shipping,fulfilled)", []),
        ("like(name,Ala*)", [ALANS_ORDER]),
        ("like(email,*@example.com)", SEEDS),
        ('eq(email,"alan@example.com")', [ALANS_ORDER]),
        ("eq(customer.email,ada@example.com)", []),
        ("eq(contact.email,ada@example.com)", [ADAS_ORDER]),
        ("eq(contact.name,Grace)", [GRACES_ORDER]),
        (f"eq(customer_id, {CUSTOMER_1})", [ALANS_ORDER]),
        (f"eq(account_id,{ACCOUNT_1})", [ADAS_ORDER]),
        (f"eq(account_id,{ACCOUNT_2.upper()})", [GRACES_ORDER]),
        ("like(account_id,a0000000*)", [ADAS_ORDER, GRACES_ORDER]),
        (f"eq(account_member_id,{MEMBER_GRACE})", [GRACES_ORDER]),
        ("like(shipping_postcode,MK3*)", SEEDS),
        ('eq(billing_postcode,"MK3 6DX")', SEEDS),
        ("ge(with_tax,5000)", [GRACES_ORDER, ALANS_ORDER]),
        ("gt(with_tax,5000)", [GRACES_ORDER]),
        ("le(with_tax,3000)", [ADAS_ORDER]),
        ("lt(with_tax,3000)", []),
        ("gt(without_tax,8009)", [GRACES_ORDER]),
        ("gt(without_tax,8010)", []),
        ("eq(currency,USD)", SEEDS),
        ("eq(currency,GBP)", []),
        (f"eq(product_id,{KEYBOARD})", [GRACES_ORDER]),
        ("eq(product_sku,mug)", [ADAS_ORDER]),
        ("eq(product_sku,TEN-PERCENT)", [GRACES_ORDER]),
        ("gt(created_at,2025-12-31)", [ADAS_ORDER]),
        ("ge(created_at,2025-12-31)", [ADAS_ORDER, GRACES_ORDER]),
        ("lt(updated_at,2025-12-31)", [ALANS_ORDER]),
        ("le(updated_at,2025-12-31T00:00:00Z)", [GRACES_ORDER, ALANS_ORDER]),
        ("eq(created_at,2025-12-30)", [ALANS_ORDER]),
        ("eq(external_ref,none)", []),
        ("like(order_number,order-*)", [ADAS_ORDER]),
        ("eq(payment,unpaid):gt(with_tax,3000)", [ALANS_ORDER]),
        ("eq(payment,paid)|lt(with_tax,4000)", [ADAS_ORDER, GRACES_ORDER]),
    ],
)
def test_filter_leaves_the_orders_it_says(
    client: FlaskClient, expression: str, expected: list[str]
) -> None:
    assert ids(listed(client, filter=expression)) == expected


def test_filter_shows_no_one_elses_orders(client: FlaskClient) -> None:
    expression = f"eq(account_id,{ACCOUNT_2})"
    assert ids(listed(client, acting_as(1), filter=expression)) == []


@pytest.mark.parametrize(
    ("expression", "detail"),
    [
        ("like(status,comp*)", "position 6: expected "),
        ("eq(with_tax,100)", "position 4: expected "),
        ("ge(with_tax,much)", "position 13: expected a whole number"),
        ("ge(with_tax,1_0)", "position 13: expected a whole number"),
        ("gt(created_at,soon)", "position 15: expected a date"),
        ("eq(colour,red)", "position 4: expected "),
        ("eq(status,complete", "position 19: expected )"),
    ],
)
def test_error_in_a_filter_is_reported_with_its_position(
    client: FlaskClient, expression: str, detail: str
) -> None:
    answer = client.get("/v2/orders", headers=ADMIN, query_string={"filter": expression})
    assert answer.status_code == 400
    assert detail in answer.get_json()["errors"][0]["detail"]


# --- orders as a part of the store state


def test_reset_takes_orders_and_what_they_took_back(client: FlaskClient) -> None:
    ordered(client, custom("Wrap"))
    pay(client, ADAS_ORDER)
    assert client.post("/__admin/reset").status_code < 300
    assert ids(listed(client)) == SEEDS
    assert read(client, ADAS_ORDER, ADMIN)["data"]["payment"] == "unpaid"
