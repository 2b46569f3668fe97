"""Adding to a cart: products, custom items, lists, and other carts (contract.md §4)."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from mockserver.core.clock import HOUR
from tests.support.built_in_data import (
    ADMIN,
    GLOBE,
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

NOTHING = {"amount": 0, "currency": "USD", "formatted": "$0.00"}
EMPTY = {"amount": 0, "currency": "", "formatted": "0"}


def dollars(cents: int) -> dict[str, Any]:
    return {"amount": cents, "currency": "USD", "formatted": f"${cents / 100:.2f}"}


# --- the shape


def test_product_has_the_captured_shape(client: FlaskClient) -> None:
    body = put_in(client, "free-cart", product(MUG, 2))
    (item,) = body["data"]
    assert item.pop("id")
    price = {"unit": dollars(1500), "value": dollars(3000)}
    none = {"unit": NOTHING, "value": NOTHING}
    assert item == {
        "type": "cart_item",
        "product_id": MUG,
        "name": "Mug",
        "description": "Holds a third of a litre.",
        "sku": "mug",
        "slug": "mug",
        "image": {
            "mime_type": "image/png",
            "file_name": "mug.png",
            "href": "https://example.com/mug.png",
        },
        "quantity": 2,
        "manage_stock": False,
        "unit_price": {"amount": 1500, "currency": "USD", "includes_tax": False},
        "value": {"amount": 3000, "currency": "USD", "includes_tax": False},
        "links": {"product": f"http://localhost/catalog/products/{MUG}"},
        "meta": {
            "display_price": {
                "with_tax": price,
                "without_tax": price,
                "tax": none,
                "discount": none,
                "without_discount": price,
            },
            "timestamps": {
                "created_at": "2026-01-01T00:00:00Z",
                "updated_at": "2026-01-01T00:00:00Z",
            },
        },
        "catalog_id": "d0000000-0000-4000-8000-000000000004",
        "catalog_source": "pim",
    }
    assert body["meta"] == {
        "display_price": {
            "with_tax": dollars(3000),
            "without_tax": dollars(3000),
            "tax": NOTHING,
            "discount": NOTHING,
            "without_discount": dollars(3000),
            "shipping": NOTHING,
            "shipping_discount": NOTHING,
        },
        "timestamps": {
            "created_at": "2026-01-01T00:00:00Z",
            "updated_at": "2026-01-01T00:00:00Z",
            "expires_at": "2026-01-08T00:00:00Z",
        },
    }
    assert look_in(client, "free-cart")["meta"] == body["meta"]


def test_custom_item_has_no_product_and_no_image(client: FlaskClient) -> None:
    (item,) = put_in(client, "free-cart", custom("Shipping", description="Slow"))["data"]
    assert (item["name"], item["description"], item["sku"], item["slug"]) == (
        ("Shipping", "Slow", "", "")
    )
    assert item["links"] == {}
    assert item["image"] == {"mime_type": "", "file_name": "", "href": ""}
    assert not {"product_id", "promotion_id", "catalog_id", "discounts"} & item.keys()
    assert item["unit_price"] == {"amount": 500, "currency": "USD", "includes_tax": True}


def test_empty_cart_has_no_items_and_no_currency(client: FlaskClient) -> None:
    body = look_in(client, "free-cart")
    assert body["data"] == []
    assert set(map(str, body["meta"]["display_price"].values())) == {str(EMPTY)}


def test_cart_has_its_items(client: FlaskClient) -> None:
    body = put_in(client, "free-cart", [product(MUG), custom("Wrap")])
    cart_body = client.get("/v2/carts/free-cart", headers=SHOPPER).get_json()
    assert cart_body["data"]["relationships"]["items"]["data"] == [
        {"type": item["type"], "id": item["id"]} for item in body["data"]
    ]
    assert cart_body["data"]["meta"]["display_price"] == body["meta"]["display_price"]
    assert "included" not in cart_body
    (listed,) = [
        cart_data
        for cart_data in client.get("/v2/carts", headers=ADMIN).get_json()["data"]
        if cart_data["id"] == "free-cart"
    ]
    assert listed == cart_body["data"]


@pytest.mark.parametrize("include", ["items", "tax_items,items", "promotions,items"])
def test_items_are_included_on_request(client: FlaskClient, include: str) -> None:
    query = {"include": include}
    empty = client.get("/v2/carts/free-cart", headers=SHOPPER, query_string=query).get_json()
    assert "included" not in empty
    body = put_in(client, "free-cart", product(MUG))
    cart_body = client.get("/v2/carts/free-cart", headers=SHOPPER, query_string=query).get_json()
    assert cart_body["included"] == {"items": body["data"]}


# --- what adds up, and what is a line of its own


def test_same_product_adds_up_by_id_and_by_sku(client: FlaskClient) -> None:
    put_in(client, "free-cart", product(MUG, 2))
    body = put_in(client, "free-cart", {"type": "cart_item", "sku": "mug", "quantity": 3})
    assert held(body) == [("mug", 5)]
    assert amounts(body)["with_tax"] == 7500


def test_different_inputs_are_different_items(client: FlaskClient) -> None:
    engraved = {"custom_inputs": {"engraving": {"text": "A. L."}}}
    put_in(client, "free-cart", [product(MUG), product(MUG, **engraved)])
    body = put_in(client, "free-cart", product(MUG, 4, **engraved))
    assert held(body) == [("mug", 1), ("mug", 5)]
    assert [item.get("custom_inputs") for item in body["data"]] == [
        None,
        engraved["custom_inputs"],
    ]


def test_custom_items_of_one_sku_are_merged_and_the_first_one_names_it(
    client: FlaskClient,
) -> None:
    body = put_in(
        client,
        "free-cart",
        [custom("First", 500, sku="wrap"), custom("Second", 900, 2, sku="wrap"), custom("No SKU")],
    )
    assert held(body) == [("wrap", 3), ("No SKU", 1)]
    assert body["data"][0]["name"] == "First"
    assert held(put_in(client, "free-cart", custom("No SKU")))[1:] == [("No SKU", 1), ("No SKU", 1)]


def test_product_and_custom_item_of_one_sku_are_two_items(client: FlaskClient) -> None:
    body = put_in(client, "free-cart", [product(MUG), custom("Mug", sku="mug")])
    assert held(body) == [("mug", 1), ("mug", 1)]


def test_last_location_is_that_of_the_whole_item(client: FlaskClient) -> None:
    put_in(client, "free-cart", product(MUG, location="paris"))
    put_in(client, "free-cart", product(MUG, location="rome"))
    (item,) = put_in(client, "free-cart", product(MUG))["data"]
    assert (item["quantity"], item["location"]) == (3, "rome")


def test_item_has_the_times_of_its_creation_and_its_change(app: Flask, client: FlaskClient) -> None:
    put_in(client, "free-cart", product(MUG))
    app.extensions["sandbox"].clock.advance(HOUR)
    (item,) = put_in(client, "free-cart", product(MUG))["data"]
    assert item["meta"]["timestamps"] == {
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T01:00:00Z",
    }


# --- whose cart


@pytest.mark.parametrize("headers", [SHOPPER, ADMIN, acting_as(1)])
def test_adding_to_an_unknown_cart_makes_it(client: FlaskClient, headers: dict[str, str]) -> None:
    put_in(client, "brand-new", product(MUG), headers=headers)
    new_cart = client.get("/v2/carts/brand-new", headers=SHOPPER).get_json()["data"]
    assert new_cart["name"] == "Cart"
    assert new_cart["meta"]["display_price"]["with_tax"]["amount"] == 1500


def test_looking_into_an_unknown_cart_makes_it(client: FlaskClient) -> None:
    assert look_in(client, "brand-new")["data"] == []
    assert client.put(
        "/v2/carts/brand-new", headers=SHOPPER, json={"data": {"name": "Mine"}}
    ).get_json()["data"]["name"] == ("Mine")


def test_rejected_addition_creates_no_cart(client: FlaskClient) -> None:
    assert send(client, "POST", "brand-new", product(GLOBE)).status_code == 400
    listed = client.get("/v2/carts", headers=ADMIN).get_json()["data"]
    assert "brand-new" not in {cart_data["id"] for cart_data in listed}


# --- stock and limits


def test_stock_is_the_limit_of_all_items_together(client: FlaskClient) -> None:
    put_in(client, "free-cart", [product(LAMP, 3), product(LAMP, 2, custom_inputs={"a": "b"})])
    answer = send(client, "POST", "free-cart", product(LAMP))
    assert error_of(answer) == (400, "Insufficient stock")
    assert answer.get_json()["errors"][0]["meta"] == {"id": LAMP}
    assert held(look_in(client, "free-cart")) == [("lamp", 3), ("lamp", 2)]


def test_cart_takes_nothing_from_the_stock(client: FlaskClient) -> None:
    for cart_id in ("one", "two"):
        assert held(put_in(client, cart_id, product(LAMP, 5))) == [("lamp", 5)]


@pytest.mark.parametrize("where", ["cart", "store"])
def test_inventory_check_can_be_deferred(client: FlaskClient, where: str) -> None:
    settings = {"defer_inventory_check": True}
    path, data = {
        "cart": ("/v2/carts/free-cart", {"inventory_settings": settings}),
        "store": ("/v2/settings/cart", {"inventories": settings}),
    }[where]
    assert client.put(path, headers=ADMIN, json={"data": data}).status_code == 200
    assert held(put_in(client, "free-cart", product(GLOBE, 7))) == [("globe", 7)]


def test_hundred_different_items_are_the_most(client: FlaskClient) -> None:
    put_in(client, "free-cart", [custom(f"Item {n}", sku=str(n)) for n in range(100)])
    answer = send(client, "POST", "free-cart", promotion(TEN_PERCENT))
    assert error_of(answer) == (400, "Bad Request")
    assert len(put_in(client, "free-cart", custom("Item 1", sku="1"))["data"]) == 100


def test_million_of_one_item_is_the_most(client: FlaskClient) -> None:
    put_in(client, "free-cart", product(MUG, 999_999))
    assert held(put_in(client, "free-cart", product(MUG))) == [("mug", 1_000_000)]
    assert error_of(send(client, "POST", "free-cart", product(MUG))) == (400, "number_lte")
    (error,) = put_in(client, "free-cart", cart("free-cart"))["errors"]
    assert error["title"] == "number_lte"


@pytest.mark.parametrize(
    "inputs",
    [{"front": "x" * 256}, {"name": {"front": "x" * 256}}, "text", ["text"]],
    ids=["text", "nested", "no object", "list"],
)
def test_inputs_are_bounded(client: FlaskClient, inputs: Any) -> None:
    answer = send(client, "POST", "free-cart", product(MUG, custom_inputs=inputs))
    assert answer.status_code == 400
    longest = {"front": "x" * 255, "name": {"front": "x" * 255}}
    (item,) = put_in(client, "free-cart", product(MUG, custom_inputs=longest))["data"]
    assert item["custom_inputs"] == longest


@pytest.mark.parametrize(
    ("data", "source"),
    [
        ({"quantity": 1}, "data.type"),
        ({"type": "cart_item", "quantity": 1}, "data.id"),
        ({"type": "cart_item", "id": MUG}, "data.quantity"),
        ({"type": "cart_item", "id": MUG, "quantity": 0}, "data.quantity"),
        ({"type": "cart_item", "id": MUG, "quantity": 1.5}, "data.quantity"),
        ({"type": "subscription_item", "id": MUG, "quantity": 1}, "data.type"),
        ({"type": "custom_item", "name": "x", "quantity": 1}, "data.price"),
        ({"type": "promotion_item"}, "data.code"),
        ({"type": "cart_items"}, "data.cart_id"),
        ([{"type": "cart_items", "cart_id": "not safe"}], "data[0].cart_id"),
        ("mug", "data"),
    ],
)
def test_what_is_no_item_is_reported_with_its_place(
    client: FlaskClient, data: Any, source: str
) -> None:
    answer = send(client, "POST", "free-cart", data)
    assert answer.status_code == 400
    assert source in [error["source"] for error in answer.get_json()["errors"]]


def test_whole_number_may_be_written_with_a_point(client: FlaskClient) -> None:
    raw = (
        b'{"data": {"type": "custom_item", "name": "x", "quantity": 2.0, "price": {"amount": 5e2}}}'
    )
    headers = {**SHOPPER, "Content-Type": "application/json"}
    body = client.post("/v2/carts/free-cart/items", headers=headers, data=raw).get_json()
    assert amounts(body)["with_tax"] == 1000
    assert isinstance(body["data"][0]["quantity"], int)


# --- lists


def test_list_mixes_kinds(client: FlaskClient) -> None:
    kinds = [product(MUG), custom("Wrap"), promotion(TEN_PERCENT), cart("grace-cart")]
    assert held(put_in(client, "free-cart", kinds)) == [
        ("mug", 1),
        ("Wrap", 1),
        (TEN_PERCENT, 1),
        ("lamp", 2),
    ]


PARTS = [product(MUG), product("no-such-id"), promotion("NO-CODE"), product(NOTEBOOK)]


@pytest.mark.parametrize("options", [{}, {"add_all_or_nothing": False}])
def test_list_is_done_in_part_by_default(client: FlaskClient, options: dict[str, bool]) -> None:
    body = put_in(client, "free-cart", PARTS, **options)
    assert held(body) == [("mug", 1), ("notebook", 1)]
    assert [(error["status"], error["title"], error["meta"]) for error in body["errors"]] == [
        (404, "Product not found", {"id": "no-such-id"}),
        (404, "Not Found", {"code": "NO-CODE"}),
    ]


def test_list_of_all_or_nothing_changes_nothing(app: Flask, client: FlaskClient) -> None:
    put_in(client, "free-cart", product(MUG))
    before = client.get("/v2/carts/free-cart", headers=SHOPPER).get_json()
    app.extensions["sandbox"].clock.advance(HOUR)
    answer = send(client, "POST", "free-cart", PARTS, add_all_or_nothing=True)
    assert error_of(answer) == (404, "Product not found")
    assert client.get("/v2/carts/free-cart", headers=SHOPPER).get_json() == before


def test_list_without_a_fault_has_no_errors(client: FlaskClient) -> None:
    assert "errors" not in put_in(client, "free-cart", [product(MUG)])


# --- merging


@pytest.mark.parametrize("data", [cart("guest"), [cart("guest")]], ids=["object", "list"])
@pytest.mark.parametrize(
    "more", [{}, {"options": {}}, {"options": {"add_all_or_nothing": False}}], ids=str
)
def test_merge_adds_quantities_and_leaves_its_source(
    client: FlaskClient, data: Any, more: dict[str, Any]
) -> None:
    put_in(client, "guest", [product(MUG, 2), custom("Wrap", sku="wrap"), promotion(TEN_PERCENT)])
    put_in(client, "mine", [product(NOTEBOOK), product(MUG)])
    source = client.get("/v2/carts/guest?include=items", headers=SHOPPER).get_json()
    answer = client.post("/v2/carts/mine/items", headers=SHOPPER, json={"data": data, **more})
    assert answer.status_code == 201
    expected = [("notebook", 1), ("mug", 3), ("wrap", 1), (TEN_PERCENT, 1)]
    assert held(answer.get_json()) == expected
    assert client.get("/v2/carts/guest?include=items", headers=SHOPPER).get_json() == source


def test_merge_keeps_inputs_apart(client: FlaskClient) -> None:
    put_in(client, "guest", product(MUG, custom_inputs={"text": "A"}))
    put_in(client, "mine", product(MUG, 2))
    assert held(put_in(client, "mine", cart("guest"))) == [("mug", 2), ("mug", 1)]


def test_merge_does_what_it_can(client: FlaskClient) -> None:
    put_in(client, "guest", [product(LAMP, 4), product(MUG)])
    put_in(client, "mine", product(LAMP, 3))
    body = put_in(client, "mine", cart("guest"))
    assert held(body) == [("lamp", 3), ("mug", 1)]
    assert [error["title"] for error in body["errors"]] == ["Insufficient stock"]
    answer = send(client, "POST", "mine", cart("guest"), add_all_or_nothing=True)
    assert error_of(answer) == (400, "Insufficient stock")


def test_merged_items_are_new_ones(client: FlaskClient) -> None:
    (old,) = put_in(client, "guest", product(MUG))["data"]
    (new,) = put_in(client, "mine", cart("guest"))["data"]
    assert old["id"] != new["id"]


def test_unknown_cart_in_a_list_is_a_part_that_fails(client: FlaskClient) -> None:
    body = put_in(client, "free-cart", [cart("no-such-cart"), product(MUG)])
    assert held(body) == [("mug", 1)]
    assert [error["detail"] for error in body["errors"]] == ["Cart not found"]


def test_cart_merged_into_itself_doubles(client: FlaskClient) -> None:
    put_in(client, "mine", [product(MUG, 2), custom("Wrap", sku="wrap")])
    assert held(put_in(client, "mine", cart("mine"))) == [("mug", 4), ("wrap", 2)]
