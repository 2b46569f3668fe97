"""Changes of a cart's items: what can be added, which items are merged, and the limits.

Every function takes a cart and returns the changed one, or raises ApiError; nothing is stored here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from mockserver.core.errors import ApiError, ErrorId
from mockserver.operations.base import OperationContext
from mockserver.operations.pricing import CART_ITEM, CUSTOM_ITEM, PROMOTION_ITEM
from mockserver.store.entities import Cart, CartItem, Price, Product

CURRENCY_HEADER = "X-MOLTIN-CURRENCY"
MAX_ITEMS = 100
MAX_QUANTITY = 1_000_000


def add_item(
    ctx: OperationContext, cart: Cart, payload: Mapping[str, Any], currency: str | None = None
) -> Cart:
    """Return a cart with one more item: a product, a custom item or a promotion.

    An empty cart gets `currency`, or else the one of the header, or else the store's default.
    """
    header = ctx.params.get(CURRENCY_HEADER, "").upper()
    currency = cart.currency or currency or header or ctx.tx.state.default_currency
    return _put(ctx, cart, ITEM_TYPES[payload["type"]](ctx, cart, payload, currency))


def add_copy(ctx: OperationContext, cart: Cart, item: CartItem) -> Cart:
    """Return a cart with an item of another cart, or of an order; a product has its present
    price."""
    if item.type == CUSTOM_ITEM and cart.currency not in (None, item.currency):
        raise ApiError("price-not-in-currency", currency=cart.currency)
    payload = {
        "type": item.type,
        "quantity": item.quantity,
        "name": item.name,
        "description": item.description,
        "price": {"amount": item.price.amount, "includes_tax": item.price.includes_tax},
        **({"sku": item.sku} if item.sku else {}),
        **({"id": item.product_id} if item.product_id else {}),
        **({"code": item.promotion.code} if item.promotion else {}),
        **({"custom_inputs": item.custom_inputs} if item.custom_inputs else {}),
        **({"location": item.location} if item.location else {}),
    }
    return add_item(ctx, cart, payload, item.currency or None)


def change_item(
    ctx: OperationContext, cart: Cart, item: CartItem, payload: Mapping[str, Any]
) -> Cart:
    """Return a cart with one of its items changed, or without it where its quantity becomes 0."""
    quantity = int(payload.get("quantity", item.quantity))
    if quantity == 0:
        return remove_item(cart, item)
    if (group := payload.get("shipping_group_id")) is not None:
        _check_shipping_group(cart, item, group)
    changed = replace(
        item,
        quantity=quantity if item.promotion is None else 1,
        updated_at=ctx.tx.now,
        custom_inputs=payload.get("custom_inputs", item.custom_inputs),
        location=payload.get("location", item.location),
        shipping_group_id=group or item.shipping_group_id,
    )
    return _check_limits(ctx, _replace_item(cart, item, changed), changed, changed.id)


def find_item(cart: Cart, item_id: str, error_id: ErrorId) -> CartItem:
    """Return an item of a cart, or raise an error by its id where there is none."""
    for item in cart.items:
        if item.id == item_id.lower():
            return item
    raise ApiError(error_id, id=item_id)


def remove_item(cart: Cart, item: CartItem) -> Cart:
    return replace(cart, items=tuple(kept for kept in cart.items if kept is not item))


def check_promotions(ctx: OperationContext, cart: Cart, ids: Sequence[str] = ()) -> None:
    """Reject a change of items, named by their ids in the error, of a cart that has a promotion
    although custom discounts are enabled for it."""
    promotion = next((item.promotion for item in cart.items if item.promotion), None)
    if promotion is not None:
        _check_discounts(ctx, cart, promotion.code, ids)


def _put(ctx: OperationContext, cart: Cart, new: CartItem) -> Cart:
    """Return a cart with a new item: merged into the one that equals it, or at the end."""
    existing = next((item for item in cart.items if _are_equal(item, new)), None)
    if existing is None:
        if len(cart.items) >= MAX_ITEMS:
            raise ApiError("too-many-items")
        return _check_limits(ctx, replace(cart, items=(*cart.items, new)), new, new.product_id)
    merged = replace(
        existing,
        quantity=existing.quantity + new.quantity if new.promotion is None else 1,
        updated_at=ctx.tx.now,
        location=new.location or existing.location,
    )
    return _check_limits(ctx, _replace_item(cart, existing, merged), merged, new.product_id)


def _replace_item(cart: Cart, old: CartItem, new: CartItem) -> Cart:
    return replace(cart, items=tuple(new if item is old else item for item in cart.items))


def _are_equal(old: CartItem, new: CartItem) -> bool:
    """Whether two items are merged: the same product, SKU or code, with the same inputs."""
    if old.type != new.type or (old.custom_inputs or {}) != (new.custom_inputs or {}):
        return False
    if old.product_id and new.product_id:
        return old.product_id == new.product_id
    return bool(old.sku) and old.sku == new.sku


def _check_limits(ctx: OperationContext, cart: Cart, item: CartItem, error_id: str | None) -> Cart:
    """Return the cart, if the quantity of one of its items is allowed and in stock; `error_id` is
    the id in the error otherwise."""
    if item.quantity > MAX_QUANTITY:
        raise ApiError("quantity-too-high", value=item.quantity)
    product = ctx.product_of(item)
    if product is None or not product.manage_stock:
        return cart
    inventory = {**ctx.tx.setting("cart", "inventories"), **(cart.inventory_settings or {})}
    quantity = sum(i.quantity for i in cart.items if i.product_id == product.id)
    if quantity > ctx.tx.products.available(product) and not inventory.get("defer_inventory_check"):
        raise ApiError("insufficient-stock", name=product.name, id=error_id)
    return cart


def _product_item(
    ctx: OperationContext, _: Cart, payload: Mapping[str, Any], currency: str
) -> CartItem:
    products = ctx.tx.products
    product = products.get(payload["id"]) if "id" in payload else products.by_sku(payload["sku"])
    if product is None and "id" in payload:
        raise ApiError("product-not-found", id=payload["id"])
    if product is None:
        store_id = ctx.tx.state.store["id"]
        raise ApiError("product-sku-not-found", sku=payload["sku"], store=store_id)
    return replace(
        _item(ctx, payload, product.name, product.description, product.sku),
        currency=currency,
        price=_price_of(product, currency),
        product_id=product.id,
        tax_basis_points=product.tax_basis_points,
        location=payload.get("location"),
    )


def _price_of(product: Product, currency: str) -> Price:
    price = product.prices.get(currency)
    if price is None:
        raise ApiError("price-not-in-currency", currency=currency)
    return price


def _custom_item(
    ctx: OperationContext, _: Cart, payload: Mapping[str, Any], currency: str
) -> CartItem:
    if currency not in ctx.tx.state.currencies:
        raise ApiError("price-not-in-currency", currency=currency)
    price = Price(int(payload["price"]["amount"]), payload["price"].get("includes_tax", True))
    description, sku = payload.get("description", ""), payload.get("sku", "")
    item = _item(ctx, payload, payload["name"], description, sku)
    return replace(item, currency=currency, price=price)


def _promotion_item(
    ctx: OperationContext, cart: Cart, payload: Mapping[str, Any], _: str
) -> CartItem:
    _check_discounts(ctx, cart, payload["code"], [item.id for item in cart.items])
    promotion = ctx.tx.products.promotion(payload["code"])
    if promotion is None:
        raise ApiError("promotion-not-found", code=payload["code"])
    item = _item(ctx, {**payload, "quantity": 1}, promotion.name, "Promotion", promotion.code)
    return replace(item, promotion=promotion)


ITEM_TYPES: dict[str, Callable[[OperationContext, Cart, Mapping[str, Any], str], CartItem]] = {
    CART_ITEM: _product_item,
    CUSTOM_ITEM: _custom_item,
    PROMOTION_ITEM: _promotion_item,
}


def _item(
    ctx: OperationContext, payload: Mapping[str, Any], name: str, description: str, sku: str
) -> CartItem:
    return CartItem(
        id=ctx.ids.uuid("item"),
        type=payload["type"],
        name=name,
        description=description,
        sku=sku,
        quantity=int(payload["quantity"]),
        created_at=ctx.tx.now,
        updated_at=ctx.tx.now,
        custom_inputs=payload.get("custom_inputs") or None,
    )


def _check_discounts(ctx: OperationContext, cart: Cart, code: str, ids: Sequence[str]) -> None:
    discounts = {**ctx.tx.setting("cart", "discounts"), **(cart.discount_settings or {})}
    if discounts.get("custom_discounts_enabled"):
        raise ApiError("could-not-apply-promotion", code=code, ids=list(ids))


def _check_shipping_group(cart: Cart, item: CartItem, group: str) -> None:
    currency = cart.shipping_groups.get(group)
    if currency is None:
        raise ApiError("shipping-groups-not-found", cart=cart.id, group=group)
    if item.currency not in ("", currency):
        raise ApiError(
            "cart-currency-mismatch",
            theirs=f"uses {currency}",
            ours=f"currency {item.currency}",
            item=item.id,
            group=group,
        )
