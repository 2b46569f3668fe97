"""What a storefront reads at the start: currencies (contract.md §9), products, hierarchies; and
what is not served (contract.md §1).
"""

from typing import Any

import pytest
from flask.testing import FlaskClient

from mockserver.app import create_app
from mockserver.core.config import Config
from tests.support.built_in_data import (
    ADMIN,
    GLOBE,
    KEYBOARD,
    LAMP,
    MUG,
    NOTEBOOK,
    SHOPPER,
    UMBRELLA,
    acting_as,
)
from tests.support.carts import CURRENCY
from tests.support.contract import CONTRACT

PRODUCTS = "/catalog/products"


def get(client: FlaskClient, path: str, headers: dict[str, str] | None = None, **query: Any) -> Any:
    """Return the body of an answer that succeeded."""
    answer = client.get(path, headers={**SHOPPER, **(headers or {})}, query_string=query)
    assert answer.status_code == 200, answer.data
    return answer.get_json()


def names(body: Any) -> list[str]:
    return [resource["attributes"]["name"] for resource in body["data"]]


@pytest.mark.parametrize("path", ["/v2/currencies", PRODUCTS, "/catalog/hierarchies"])
@pytest.mark.parametrize("headers", [SHOPPER, ADMIN, acting_as(1)])
def test_everyone_may_read_it(client: FlaskClient, path: str, headers: dict[str, str]) -> None:
    body = client.get(path, headers=headers).get_json()
    assert body["data"]
    assert body["meta"]["results"] == {"total": len(body["data"])}


def test_first_currency_is_the_default(client: FlaskClient) -> None:
    currencies = get(client, "/v2/currencies")["data"]
    assert [(currency["code"], currency["default"]) for currency in currencies] == [
        ("USD", True),
        ("GBP", False),
        ("JPY", False),
    ]
    assert all(currency["type"] == "currency" and currency["enabled"] for currency in currencies)


def test_product_has_what_a_storefront_displays(client: FlaskClient) -> None:
    product = get(client, f"{PRODUCTS}/{LAMP}")["data"]
    assert product == {
        "id": LAMP,
        "type": "product",
        "attributes": {
            "name": "Lamp",
            "sku": "lamp",
            "slug": "lamp",
            "description": "Bends where it should.",
            "status": "live",
            "commodity_type": "physical",
            "manage_stock": True,
            "price": {
                "USD": {"amount": 4500, "currency": "USD", "includes_tax": False},
                "GBP": {"amount": 3900, "currency": "GBP", "includes_tax": False},
            },
        },
        "meta": {
            "display_price": {
                "without_tax": {"amount": 4500, "currency": "USD", "formatted": "$45.00"}
            }
        },
        "relationships": {},
    }


@pytest.mark.parametrize(
    ("product_id", "currency", "formatted"),
    [
        (KEYBOARD, "GBP", {"with_tax": "£84.00"}),
        (KEYBOARD, "usd", {"without_tax": "$89.00"}),
        (UMBRELLA, "USD", {}),
        (MUG, "EUR", {}),
    ],
)
def test_price_is_shown_in_the_asked_currency(
    client: FlaskClient, product_id: str, currency: str, formatted: dict[str, str]
) -> None:
    body = get(client, f"{PRODUCTS}/{product_id}", {CURRENCY: currency})
    price = body["data"]["meta"]["display_price"]
    assert {name: amount["formatted"] for name, amount in price.items()} == formatted


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (f"in(id,{MUG},{GLOBE})", ["Mug", "Globe"]),
        (f"in(id,{MUG})", ["Mug"]),
        (f"eq(id,{NOTEBOOK})", ["Notebook"]),
        ("eq(sku,mug)", ["Mug"]),
        ('eq(name,"Lamp")', ["Lamp"]),
        ("in(slug,mug,lamp):in(sku,lamp,globe)", ["Lamp"]),
        ("eq(sku,none)", []),
    ],
)
def test_products_are_filtered(client: FlaskClient, expression: str, expected: list[str]) -> None:
    assert names(get(client, PRODUCTS, filter=expression)) == expected


@pytest.mark.parametrize(
    "expression", ["eq(sku,mug", "like(name,*a*)", "eq(price,1)", "eq(sku,mug):", "eq(sku,)"]
)
def test_error_in_a_filter_is_reported_with_its_position(
    client: FlaskClient, expression: str
) -> None:
    answer = client.get(PRODUCTS, headers=SHOPPER, query_string={"filter": expression})
    assert answer.status_code == 400
    (error,) = answer.get_json()["errors"]
    assert error["source"] == "filter"
    assert "position" in error["detail"]


def test_products_come_in_pages(client: FlaskClient) -> None:
    page = get(client, PRODUCTS, **{"page[limit]": 2, "page[offset]": 2})
    assert names(page) == ["Keyboard", "Lamp"]
    assert page["meta"]["results"] == {"total": 6}
    following = client.get(page["links"]["next"], headers=SHOPPER).get_json()
    assert names(following) == ["Globe", "Umbrella"]


def test_next_page_keeps_the_filter(client: FlaskClient) -> None:
    query = {"page[limit]": 1, "filter": f"in(id,{MUG},{GLOBE})"}
    page = get(client, PRODUCTS, **query)
    following = client.get(page["links"]["next"], headers=SHOPPER).get_json()
    assert names(page) + names(following) == ["Mug", "Globe"]


def test_hierarchies_come_from_the_fixtures(client: FlaskClient) -> None:
    hierarchies = get(client, "/catalog/hierarchies")["data"]
    assert [(hierarchy["type"], hierarchy["attributes"]["slug"]) for hierarchy in hierarchies] == [
        ("hierarchy", "desk"),
        ("hierarchy", "travel"),
    ]


def test_state_without_a_product_catalog_has_dollars_and_no_products(tmp_path: Any) -> None:
    fixture = tmp_path / "fixture.yaml"
    fixture.write_text(
        "applications: [{ client_id: shop, grant: implicit }]\n"
        "bearer_tokens: [{ token: shopper, client_id: shop }]\n"
    )
    client = create_app(Config(fixtures=(str(fixture),)), CONTRACT).test_client()
    assert [currency["code"] for currency in get(client, "/v2/currencies")["data"]] == ["USD"]
    assert get(client, PRODUCTS)["data"] == []
    item = {"type": "custom_item", "name": "Wrap", "quantity": 1, "price": {"amount": 1}}
    answer = client.post("/v2/carts/any/items", headers=SHOPPER, json={"data": item})
    assert answer.status_code == 201


# --- what is left out


@pytest.mark.parametrize(
    ("path", "outside"),
    [
        ("/v2/files", True),
        ("/v2/files/some-file", True),
        ("/v2/inventories/locations", True),
        ("/catalog/multi-search", True),
        (f"/catalog/hierarchies/{MUG}/children", True),
        ("/v2/accounts/some-account/addresses", True),
        ("/v2/authentication-realms/realm/oidc-profiles", True),
        ("/v2/filesystem", False),
        ("/v2/cart", False),
    ],
)
def test_path_of_the_store_that_is_left_out_is_noted(
    client: FlaskClient, path: str, outside: bool
) -> None:
    answer = client.get(path, headers=SHOPPER)
    assert answer.status_code == 404
    assert answer.get_json()["errors"]
    entry = client.get("/__admin/requests").get_json()["requests"][0]
    assert entry["path"] == path
    assert entry["notes"] == (["outside the contract"] if outside else [])
    assert answer.headers.get("Mock-Notes") == ("outside the contract" if outside else None)
