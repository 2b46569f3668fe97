"""What a cart costs: currencies, tax, promotions (contract.md §4)."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from mockserver.operations.pricing import price_items, serialize_money, total
from mockserver.store.entities import CartItem, Price, Promotion
from tests.support.built_in_data import (
    FIVE_OFF,
    KEYBOARD,
    MUG,
    NOTEBOOK,
    SHOPPER,
    TEN_PERCENT,
    UMBRELLA,
)
from tests.support.carts import (
    CURRENCY,
    amounts,
    custom,
    error_of,
    held,
    product,
    promotion,
    put_in,
    send,
)

# --- the currency


def test_first_item_settles_the_currency(client: FlaskClient) -> None:
    body = put_in(client, "free-cart", product(MUG), headers={CURRENCY: "GBP"})
    assert body["meta"]["display_price"]["with_tax"] == {
        "amount": 1200,
        "currency": "GBP",
        "formatted": "£12.00",
    }
    body = put_in(client, "free-cart", product(NOTEBOOK), headers={CURRENCY: "USD"})
    assert body["meta"]["display_price"]["with_tax"]["formatted"] == "£19.99"
    assert {item["unit_price"]["currency"] for item in body["data"]} == {"GBP"}


@pytest.mark.parametrize(
    ("headers", "formatted"),
    [
        ({}, "$15.00"),
        ({"x-moltin-currency": "gbp"}, "£12.00"),
        ({"X-Moltin-Currency": "JPY"}, "¥2,200"),
    ],
)
def test_header_asks_for_a_currency(
    client: FlaskClient, headers: dict[str, str], formatted: str
) -> None:
    body = put_in(client, "free-cart", product(MUG), headers=headers)
    assert body["meta"]["display_price"]["with_tax"]["formatted"] == formatted


def test_emptied_cart_takes_another_currency(client: FlaskClient) -> None:
    put_in(client, "free-cart", product(MUG))
    send(client, "DELETE", "free-cart")
    body = put_in(client, "free-cart", product(UMBRELLA), headers={CURRENCY: "GBP"})
    assert held(body) == [("umbrella", 1)]


@pytest.mark.parametrize(
    ("data", "currency"),
    [(product(UMBRELLA), "USD"), (product(MUG), "EUR"), (custom("Wrap"), "EUR")],
)
def test_without_a_price_in_the_currency_nothing_is_added(
    client: FlaskClient, data: Any, currency: str
) -> None:
    answer = send(client, "POST", "free-cart", data, headers={CURRENCY: currency})
    assert error_of(answer) == (400, "Bad Request")
    assert currency in answer.get_json()["errors"][0]["detail"]


@pytest.mark.parametrize("currency", ["dollars", "US", "", "U$D"])
def test_currency_is_a_code(client: FlaskClient, currency: str) -> None:
    answer = send(client, "POST", "free-cart", product(MUG), headers={CURRENCY: currency})
    assert answer.status_code == 400
    assert answer.get_json()["errors"][0]["source"] == CURRENCY


def test_merge_into_an_empty_cart_brings_the_currency_along(client: FlaskClient) -> None:
    put_in(client, "guest", [product(MUG), custom("Wrap")], headers={CURRENCY: "GBP"})
    body = put_in(client, "mine", {"type": "cart_items", "cart_id": "guest"})
    assert {item["unit_price"]["currency"] for item in body["data"]} == {"GBP"}


def test_merge_into_another_currency_reprices_products(client: FlaskClient) -> None:
    put_in(client, "guest", [product(MUG), custom("Wrap")], headers={CURRENCY: "GBP"})
    put_in(client, "mine", product(NOTEBOOK))
    body = put_in(client, "mine", {"type": "cart_items", "cart_id": "guest"})
    assert held(body) == [("notebook", 1), ("mug", 1)]
    assert amounts(body)["with_tax"] == 2499
    assert [error["title"] for error in body["errors"]] == ["Bad Request"]


# --- tax


@pytest.mark.parametrize(
    ("currency", "with_tax", "without_tax", "tax"),
    [("USD", 10680, 8900, 1780), ("GBP", 8400, 7000, 1400)],
    ids=["on top", "included"],
)
def test_tax_is_on_top_or_included(
    client: FlaskClient, currency: str, with_tax: int, without_tax: int, tax: int
) -> None:
    body = put_in(client, "free-cart", product(KEYBOARD), headers={CURRENCY: currency})
    totals = amounts(body)
    assert (totals["with_tax"], totals["without_tax"], totals["tax"]) == (
        with_tax,
        without_tax,
        tax,
    )
    display_price = body["data"][0]["meta"]["display_price"]
    assert display_price["tax"]["value"]["amount"] == tax


# --- promotions


def test_promotion_is_an_item_and_discounts_the_others(client: FlaskClient) -> None:
    body = put_in(client, "free-cart", [product(MUG, 2), promotion(TEN_PERCENT)])
    mugs, line = body["data"]
    assert (line["type"], line["sku"], line["name"]) == (
        ("promotion_item", TEN_PERCENT, "Ten percent off")
    )
    assert line["unit_price"] == {"amount": -300, "currency": "USD", "includes_tax": False}
    assert line["meta"]["display_price"]["with_tax"]["value"]["formatted"] == "-$3.00"
    assert line["links"] == {}
    assert mugs["value"]["amount"] == 3000
    assert mugs["discounts"] == [
        {
            "amount": {"amount": -300, "currency": "USD", "includes_tax": False},
            "code": TEN_PERCENT,
            "id": line["promotion_id"],
            "promotion_source": "rule-promotion",
            "is_cart_discount": True,
            "ordinal": 1,
        }
    ]
    off = {"amount": -300, "currency": "USD", "formatted": "-$3.00"}
    assert mugs["meta"]["display_price"]["discounts"] == {
        TEN_PERCENT: {**off, "constituents": {line["promotion_id"]: off}}
    }
    assert mugs["meta"]["display_price"]["without_discount"]["value"]["amount"] == 3000
    assert mugs["meta"]["display_price"]["with_tax"]["unit"]["amount"] == 1350
    totals = amounts(body)
    assert (totals["without_discount"], totals["discount"], totals["with_tax"]) == (
        3000,
        -300,
        2700,
    )


def test_added_promotion_is_reported_in_messages(client: FlaskClient) -> None:
    put_in(client, "free-cart", product(MUG))
    body = put_in(client, "free-cart", promotion(FIVE_OFF))
    mug, line = body["data"]
    assert body["meta"]["messages"] == [
        {
            "source": {"type": "promotion_item", "id": line["id"]},
            "title": "Promotion Added",
            "description": "Promotion has been added to cart.",
        },
        {
            "source": {"type": "cart_item", "id": mug["id"]},
            "title": "Discount Added",
            "description": "Item discount has been added.",
        },
    ]
    assert "messages" not in put_in(client, "free-cart", promotion(FIVE_OFF))["meta"]


def test_promotion_counts_once(client: FlaskClient) -> None:
    body = put_in(client, "free-cart", [product(MUG), promotion(FIVE_OFF), promotion(FIVE_OFF)])
    assert held(body) == [("mug", 1), (FIVE_OFF, 1)]
    assert amounts(body)["discount"] == -500


def test_promotions_follow_each_other(client: FlaskClient) -> None:
    body = put_in(client, "free-cart", [product(MUG), promotion(FIVE_OFF), promotion(TEN_PERCENT)])
    assert amounts(body)["with_tax"] == 900


def test_fixed_amount_takes_off_no_more_than_there_is(client: FlaskClient) -> None:
    body = put_in(client, "free-cart", [custom("Sticker", 300), promotion(FIVE_OFF)])
    assert (amounts(body)["discount"], amounts(body)["with_tax"]) == (-300, 0)


def test_fixed_amount_in_another_currency_takes_off_nothing(client: FlaskClient) -> None:
    headers = {CURRENCY: "JPY"}
    body = put_in(client, "free-cart", [product(MUG), promotion(FIVE_OFF)], headers=headers)
    assert (amounts(body)["discount"], amounts(body)["with_tax"]) == (0, 2200)


def test_promotion_may_come_before_what_it_takes_off(client: FlaskClient) -> None:
    body = put_in(client, "free-cart", promotion(TEN_PERCENT))
    assert body["meta"]["display_price"]["with_tax"] == serialize_money(0, "")
    assert amounts(put_in(client, "free-cart", product(MUG)))["with_tax"] == 1350


def test_tax_is_on_what_is_left_after_a_promotion(client: FlaskClient) -> None:
    body = put_in(client, "free-cart", [product(KEYBOARD), promotion(TEN_PERCENT)])
    assert (amounts(body)["without_tax"], amounts(body)["tax"]) == (8010, 1602)


# --- as pure functions


@pytest.mark.parametrize(
    ("amount", "currency", "formatted"),
    [
        (350000, "USD", "$3,500.00"),
        (-5000, "USD", "-$50.00"),
        (1, "EUR", "€0.01"),
        (500, "JPY", "¥500"),
        (1234, "BHD", "BHD1.234"),
        (0, "", "0"),
    ],
)
def test_money_is_written_as_its_currency_wants(amount: int, currency: str, formatted: str) -> None:
    money = serialize_money(amount, currency)
    assert money["formatted"].replace("\N{NO-BREAK SPACE}", "") == formatted
    assert (money["amount"], money["currency"]) == (amount, currency)


def item(amount: int, rate: int = 0, includes_tax: bool = False) -> CartItem:
    return CartItem(
        "id",
        "cart_item",
        "Thing",
        "",
        "sku",
        1,
        0,
        0,
        currency="USD",
        price=Price(amount, includes_tax),
        product_id="id",
        tax_basis_points=rate,
    )


@pytest.mark.parametrize(
    ("amount", "rate", "includes_tax", "tax"),
    [
        (100, 825, False, 8),
        (200, 825, False, 17),  # 16.5: the half is rounded up
        (100, 2000, True, 17),
        (1, 2000, True, 0),
        (0, 2000, True, 0),
    ],
)
def test_tax_is_rounded_to_the_unit(amount: int, rate: int, includes_tax: bool, tax: int) -> None:
    item_total = total(price_items([item(amount, rate, includes_tax)]))
    assert item_total.tax == tax
    assert item_total.with_tax == (amount if includes_tax else amount + tax)


def test_discount_is_spread_to_the_unit() -> None:
    off = Promotion("id", "OFF", "Off", None, {"USD": 100})
    promotion_item = CartItem("id", "promotion_item", "Off", "", "OFF", 1, 0, 0, promotion=off)
    priced_items = price_items([item(100), item(100), item(100), item(0), promotion_item])
    assert [priced.amounts.discount for priced in priced_items] == [-34, -33, -33, 0, 0]


def test_listed_cart_shows_its_prices(client: FlaskClient) -> None:
    put_in(client, "ada-cart", product(MUG))
    cart_data = client.get("/v2/carts/ada-cart", headers=SHOPPER).get_json()["data"]
    assert cart_data["meta"]["display_price"]["with_tax"]["formatted"] == "$15.00"
