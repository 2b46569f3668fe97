"""The catalogue of a fixture file, and what carts hold of it, into entities of the world."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mockserver.clock import parse_duration
from mockserver.goods import CartItem, Currency, Hierarchy, Price, Product, Promotion
from mockserver.ids import uuid_of

Values = Mapping[str, Any]
NO_CURRENCY = "USD"
"""The one currency of a world whose fixtures name none."""


def catalogue(of: Mapping[str, Sequence[Values]]) -> dict[str, Any]:
    """Return the fields of a world that make up its catalogue, from the records by section."""
    products = [_product(each) for each in of["products"]]
    given = of["currencies"] or [{"code": NO_CURRENCY}]
    default = next((each["code"] for each in given if each.get("default")), given[0]["code"])
    currencies = [
        Currency(uuid_of("currency", each["code"]), each["code"], each["code"] == default)
        for each in given
    ]
    return {
        "currencies": {each.code: each for each in currencies},
        "products": {each.id: each for each in products},
        "products_by_sku": {each.sku: each for each in products},
        "promotions": {each["code"]: _promotion(each) for each in of["promotions"]},
        "hierarchies": tuple(
            Hierarchy(each["id"], each["name"], _slug(each), each.get("description", ""))
            for each in of["hierarchies"]
        ),
    }


def default_currency(world: Mapping[str, Any]) -> str:
    """Return the code of the catalogue's default currency."""
    currencies: Mapping[str, Currency] = world["currencies"]
    return next(code for code, each in currencies.items() if each.default)


def items(cart: Values, world: Mapping[str, Any]) -> tuple[CartItem, ...]:
    """Return the items of a cart; `world` holds the fields that `catalogue` makes."""
    currency = cart.get("currency", default_currency(world))
    return tuple(
        _item(index, values, cart, currency, world)
        for index, values in enumerate(cart.get("items", ()))
    )


def _item(
    index: int, values: Values, cart: Values, currency: str, world: Mapping[str, Any]
) -> CartItem:
    idle = parse_duration(values.get("idle", cart.get("idle", "PT0S")))
    return CartItem(
        id=values.get("id", uuid_of("item", f"{cart['id']}:{index}")),
        type=values["type"],
        quantity=values.get("quantity", 1),
        created_at=-parse_duration(values["age"]) if "age" in values else -idle,
        updated_at=-idle,
        custom_inputs=values.get("custom_inputs"),
        location=values.get("location"),
        shipping_group_id=values.get("shipping_group_id"),
        **_KINDS[values["type"]](values, currency, world),
    )


def _product_item(values: Values, currency: str, world: Mapping[str, Any]) -> dict[str, Any]:
    product: Product = world["products"][values["product_id"]]
    return {
        "name": product.name,
        "description": product.description,
        "sku": product.sku,
        "currency": currency,
        "price": product.prices[currency],
        "product": product,
    }


def _custom_item(values: Values, currency: str, _: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": values["name"],
        "description": values.get("description", ""),
        "sku": values.get("sku", ""),
        "currency": currency,
        "price": _price(values["price"], includes_tax=True),
    }


def _promotion_item(values: Values, _: str, world: Mapping[str, Any]) -> dict[str, Any]:
    promotion: Promotion = world["promotions"][values["code"]]
    return {
        "name": promotion.name,
        "description": "Promotion",
        "sku": promotion.code,
        "promotion": promotion,
    }


_KINDS = {
    "cart_item": _product_item,
    "custom_item": _custom_item,
    "promotion_item": _promotion_item,
}


def _product(values: Values) -> Product:
    return Product(
        id=values["id"],
        sku=values["sku"],
        name=values["name"],
        slug=_slug(values),
        description=values.get("description", ""),
        prices={
            code: _price(price, includes_tax=False) for code, price in values["prices"].items()
        },
        tax_basis_points=values.get("tax_basis_points", 0),
        manage_stock="stock" in values,
        stock=values.get("stock", 0),
        image=values.get("image", {}),
    )


def _promotion(values: Values) -> Promotion:
    return Promotion(
        id=values.get("id", uuid_of("promotion", values["code"])),
        code=values["code"],
        name=values.get("name", values["code"]),
        percent=values.get("percent"),
        amounts=values.get("amounts", {}),
    )


def _price(values: Values, includes_tax: bool) -> Price:
    return Price(values["amount"], values.get("includes_tax", includes_tax))


def _slug(values: Values) -> str:
    """Return the slug of a record, made of its name where it has none."""
    slug: str = values.get("slug", "-".join(values["name"].lower().split()))
    return slug
