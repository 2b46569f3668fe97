"""Changing what is in a cart, and taking it out (contract.md §4)."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from mockserver.app import create_app
from mockserver.core.clock import DAY
from mockserver.core.config import Config
from tests.support.built_in_data import (
    ADMIN,
    FIVE_OFF,
    ITEM,
    LAMP,
    MUG,
    NOTEBOOK,
    SHOPPER,
    TEN_PERCENT,
    acting_as,
)
from tests.support.carts import (
    amounts,
    cart,
    custom,
    error_of,
    held,
    look_in,
    product,
    promotion,
    put_in,
    send,
)
from tests.support.contract import CONTRACT
from tests.support.error_causes.common import SHIPPING_STATE

IN_DOLLARS, IN_POUNDS = (f"e2000000-0000-4000-8000-00000000000{n}" for n in (1, 2))


def ids(body: Any) -> list[str]:
    return [item["id"] for item in body["data"]]


@pytest.fixture
def filled(client: FlaskClient) -> list[str]:
    """The ids of a mug, a notebook and a custom item in free-cart."""
    return ids(put_in(client, "free-cart", [product(MUG), product(NOTEBOOK, 2), custom("Wrap")]))


# --- one item


@pytest.mark.parametrize("named", [{}, {"id": "any"}, {"type": "cart_item", "id": "any"}], ids=str)
def test_quantity_is_set(client: FlaskClient, filled: list[str], named: dict[str, str]) -> None:
    answer = send(client, "PUT", "free-cart", {**named, "quantity": 7}, filled[0])
    assert answer.status_code == 200
    assert held(answer.get_json()) == [("mug", 7), ("notebook", 2), ("Wrap", 1)]
    assert ids(answer.get_json()) == filled


def test_quantity_zero_takes_the_item_out(client: FlaskClient, filled: list[str]) -> None:
    answer = send(client, "PUT", "free-cart", {"quantity": 0}, filled[1])
    assert held(answer.get_json()) == [("mug", 1), ("Wrap", 1)]
    assert amounts(answer.get_json())["with_tax"] == 2000


def test_inputs_and_location_are_set_and_the_rest_stays(
    client: FlaskClient, filled: list[str]
) -> None:
    change = {"custom_inputs": {"text": "A. L."}, "location": "paris"}
    answer = send(client, "PUT", "free-cart", change, filled[1])
    item = answer.get_json()["data"][1]
    assert (item["custom_inputs"], item["location"], item["quantity"]) == (*change.values(), 2)


def test_more_than_the_stock_is_rejected_and_changes_nothing(client: FlaskClient) -> None:
    answer = send(client, "PUT", "grace-cart", {"quantity": 6}, ITEM)
    assert error_of(answer) == (400, "Insufficient stock")
    assert held(look_in(client, "grace-cart")) == [("lamp", 2)]
    assert send(client, "PUT", "grace-cart", {"quantity": 5}, ITEM).status_code == 200


@pytest.mark.parametrize(
    "change",
    [{"quantity": -1}, {"quantity": "2"}, {"shipping_group_id": "mine"}, {"custom_inputs": "x"}],
    ids=str,
)
def test_change_keeps_to_the_schema(client: FlaskClient, change: dict[str, Any]) -> None:
    assert send(client, "PUT", "grace-cart", change, ITEM).status_code == 400
    assert send(client, "PUT", "grace-cart", [{"id": ITEM, **change}]).status_code == 400


def test_promotion_is_there_once_whatever_the_quantity(client: FlaskClient) -> None:
    body = put_in(client, "free-cart", [product(MUG), promotion(TEN_PERCENT)])
    answer = send(client, "PUT", "free-cart", {"quantity": 3}, ids(body)[1])
    assert held(answer.get_json()) == [("mug", 1), (TEN_PERCENT, 1)]
    answer = send(client, "PUT", "free-cart", {"quantity": 0}, ids(body)[1])
    assert amounts(answer.get_json())["discount"] == 0


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_item_of_another_cart_is_not_found(client: FlaskClient, method: str) -> None:
    data = {"quantity": 1} if method == "PUT" else None
    answer = send(client, method, "free-cart", data, ITEM)
    assert error_of(answer) == (404, "Not Found")
    assert held(look_in(client, "grace-cart")) == [("lamp", 2)]


def test_item_is_found_in_capitals_too(client: FlaskClient) -> None:
    assert send(client, "DELETE", "grace-cart", item=ITEM.upper()).status_code == 200


# --- shipping groups, which only fixtures make


def test_item_goes_into_a_shipping_group_of_its_currency() -> None:
    client = create_app(Config(fixtures=("default", SHIPPING_STATE)), CONTRACT).test_client()
    answer = send(client, "PUT", "in-pounds", {"shipping_group_id": IN_POUNDS}, ITEM)
    assert answer.get_json()["data"][0]["shipping_group_id"] == IN_POUNDS
    answer = send(client, "PUT", "in-pounds", {"shipping_group_id": IN_DOLLARS}, ITEM)
    assert answer.get_json()["errors"] == [
        {
            "status": 400,
            "title": "Cart Currency Mismatch",
            "detail": "The existing shipping group uses USD, cannot add this shipping group to a "
            "cart item with currency GBP",
            "meta": {"item_ids": [ITEM], "shipping_group_id": IN_DOLLARS},
        }
    ]


# --- several items


def test_several_items_are_changed_at_once(client: FlaskClient, filled: list[str]) -> None:
    changes = [
        {"id": filled[0], "quantity": 3},
        {"id": filled[1], "quantity": 0},
        {"id": filled[2], "type": "custom_item", "custom_inputs": {"to": "Ada"}},
    ]
    answer = send(client, "PUT", "free-cart", changes)
    assert answer.status_code == 200
    assert held(answer.get_json()) == [("mug", 3), ("Wrap", 1)]
    assert answer.get_json()["data"][1]["custom_inputs"] == {"to": "Ada"}


@pytest.mark.parametrize("options", [{}, {"update_all_or_nothing": True}], ids=str)
def test_several_items_are_all_changed_or_none(
    client: FlaskClient, filled: list[str], options: dict[str, bool]
) -> None:
    changes = [{"id": filled[0], "quantity": 9}, {"id": ITEM, "quantity": 9}]
    before = client.get("/v2/carts/free-cart", headers=SHOPPER).get_json()
    answer = send(client, "PUT", "free-cart", changes, **options)
    assert error_of(answer) == (404, "Not Found")
    assert answer.get_json()["errors"][0]["meta"] == {"id": ITEM, "ids": [ITEM]}
    assert client.get("/v2/carts/free-cart", headers=SHOPPER).get_json() == before


def test_several_items_may_be_changed_in_part(client: FlaskClient, filled: list[str]) -> None:
    changes = [{"id": ITEM, "quantity": 9}, {"id": filled[0], "quantity": 9}]
    answer = send(client, "PUT", "free-cart", changes, update_all_or_nothing=False)
    assert answer.status_code == 200
    assert held(answer.get_json())[0] == ("mug", 9)
    assert [error["title"] for error in answer.get_json()["errors"]] == ["Not Found"]


# --- taking out


def test_deleting_an_item_answers_what_is_left(client: FlaskClient, filled: list[str]) -> None:
    answer = send(client, "DELETE", "free-cart", item=filled[1])
    assert answer.status_code == 200
    assert held(answer.get_json()) == [("mug", 1), ("Wrap", 1)]


def test_deleting_all_items_leaves_the_cart_and_its_associations(client: FlaskClient) -> None:
    before = client.get("/v2/carts/grace-cart", headers=SHOPPER).get_json()["data"]
    answer = send(client, "DELETE", "grace-cart")
    assert (answer.status_code, answer.data) == (204, b"")
    after = client.get("/v2/carts/grace-cart", headers=SHOPPER).get_json()["data"]
    assert after["relationships"] == {**before["relationships"], "items": {"data": None}}
    assert after["name"] == before["name"]


@pytest.mark.parametrize("code", [TEN_PERCENT, "NO-CODE"])
def test_promotion_is_taken_out_by_its_code(client: FlaskClient, code: str) -> None:
    put_in(client, "free-cart", [product(MUG), promotion(TEN_PERCENT), promotion(FIVE_OFF)])
    answer = client.delete(f"/v2/carts/free-cart/discounts/{code}", headers=SHOPPER)
    assert (answer.status_code, answer.data) == (204, b"")
    left = [sku for sku, _ in held(look_in(client, "free-cart"))]
    assert left == [name for name in ("mug", TEN_PERCENT, FIVE_OFF) if name != code]


@pytest.mark.parametrize(
    ("method", "data", "item"),
    [
        ("POST", product(MUG), ""),
        ("PUT", {"quantity": 1}, ITEM),
        ("PUT", [{"id": ITEM, "quantity": 1}], ""),
        ("DELETE", None, ITEM),
        ("DELETE", None, ""),
    ],
)
def test_every_change_prolongs_the_carts_life(
    app: Flask, client: FlaskClient, method: str, data: Any, item: str
) -> None:
    app.extensions["sandbox"].clock.advance(DAY)
    assert send(client, method, "grace-cart", data, item).status_code < 300
    timestamps = look_in(client, "grace-cart")["meta"]["timestamps"]
    assert (timestamps["updated_at"], timestamps["expires_at"]) == (
        ("2026-01-02T00:00:00Z", "2026-01-09T00:00:00Z")
    )


def test_changed_cart_comes_first_in_the_list(client: FlaskClient) -> None:
    put_in(client, "ada-second-cart", product(MUG))
    listed = client.get("/v2/carts", headers=acting_as(1)).get_json()["data"]
    assert listed[0]["id"] == "ada-second-cart"


# --- promotions and custom discounts


def test_cart_with_custom_discounts_takes_no_promotion(client: FlaskClient) -> None:
    put_in(client, "free-cart", [product(LAMP), promotion(TEN_PERCENT)])
    settings = {"data": {"discount_settings": {"custom_discounts_enabled": True}}}
    client.put("/v2/carts/free-cart", headers=ADMIN, json=settings)
    title = (422, "Could not apply EP promotion with the given code")
    first = ids(look_in(client, "free-cart"))[0]
    assert error_of(send(client, "POST", "free-cart", promotion(FIVE_OFF))) == title
    assert error_of(send(client, "PUT", "free-cart", [{"id": first, "quantity": 2}])) == title
    assert error_of(send(client, "DELETE", "free-cart")) == title
    body = put_in(client, "free-cart", [product(MUG), promotion(FIVE_OFF), cart("grace-cart")])
    assert [error["meta"]["code"] for error in body["errors"]] == [FIVE_OFF]
    client.delete(f"/v2/carts/free-cart/discounts/{TEN_PERCENT}", headers=ADMIN)
    assert send(client, "DELETE", "free-cart").status_code == 204
