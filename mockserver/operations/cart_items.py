"""The lines of a cart: what becomes one, which ones are the same, and what none of them may be.

Every function takes a cart and returns the one that it becomes, or raises ApiError; nothing is
stored here.
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


def add(
    ctx: OperationContext, cart: Cart, given: Mapping[str, Any], currency: str | None = None
) -> Cart:
    """Return a cart with one more thing in it: a product, a custom item or a promotion.

    `currency` is the one that an empty cart gets; without it the header asks for one.
    """
    asked = ctx.params.get(CURRENCY_HEADER, "").upper()
    wanted = cart.currency or currency or asked or ctx.tx.state.default_currency
    return _put(ctx, cart, KINDS[given["type"]](ctx, cart, given, wanted))


def add_copy(ctx: OperationContext, cart: Cart, item: CartItem) -> Cart:
    """Return a cart with an item of another cart, or of an order, in it; a product has the price
    of today."""
    if item.type == CUSTOM_ITEM and cart.currency not in (None, item.currency):
        raise ApiError("price-not-in-currency", currency=cart.currency)
    given = {
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
    return add(ctx, cart, given, item.currency or None)


def change(ctx: OperationContext, cart: Cart, item: CartItem, given: Mapping[str, Any]) -> Cart:
    """Return a cart with one of its items changed, or without it where its quantity becomes 0."""
    quantity = int(given.get("quantity", item.quantity))
    if quantity == 0:
        return without(cart, item)
    if (group := given.get("shipping_group_id")) is not None:
        _check_shipping_group(cart, item, group)
    changed = replace(
        item,
        quantity=quantity if item.promotion is None else 1,
        updated_at=ctx.tx.now,
        custom_inputs=given.get("custom_inputs", item.custom_inputs),
        location=given.get("location", item.location),
        shipping_group_id=group or item.shipping_group_id,
    )
    items = tuple(changed if each is item else each for each in cart.items)
    return _checked(ctx, replace(cart, items=items), changed, changed.id)


def find(cart: Cart, item_id: str, missing: ErrorId) -> CartItem:
    """Return an item of a cart, or raise the error for one that is not there."""
    item = next((each for each in cart.items if each.id == item_id.lower()), None)
    if item is None:
        raise ApiError(missing, id=item_id)
    return item


def without(cart: Cart, item: CartItem) -> Cart:
    """Return a cart without one of its items."""
    return replace(cart, items=tuple(each for each in cart.items if each is not item))


def check_promotions(ctx: OperationContext, cart: Cart, ids: Sequence[str] = ()) -> None:
    """Refuse to change items, told by their ids, of a cart that holds a promotion although it takes
    custom discounts."""
    promoted = next((item.promotion for item in cart.items if item.promotion), None)
    if promoted is not None:
        _check_discounts(ctx, cart, promoted.code, ids)


def _put(ctx: OperationContext, cart: Cart, line: CartItem) -> Cart:
    """Return a cart with a line in it: added to the one that it equals, or at the end."""
    equal = next((each for each in cart.items if _are_one(each, line)), None)
    if equal is None:
        if len(cart.items) >= MAX_ITEMS:
            raise ApiError("too-many-items")
        put, items = line, (*cart.items, line)
    else:
        put = replace(
            equal,
            quantity=equal.quantity + line.quantity if line.promotion is None else 1,
            updated_at=ctx.tx.now,
            location=line.location or equal.location,
        )
        items = tuple(put if each is equal else each for each in cart.items)
    return _checked(ctx, replace(cart, items=items), put, line.product_id)


def _are_one(old: CartItem, new: CartItem) -> bool:
    """Whether two lines are one: the same product, SKU or code, with the same inputs."""
    if old.type != new.type or (old.custom_inputs or {}) != (new.custom_inputs or {}):
        return False
    if old.product_id and new.product_id:
        return old.product_id == new.product_id
    return bool(old.sku) and old.sku == new.sku


def _checked(ctx: OperationContext, cart: Cart, line: CartItem, told_id: str | None) -> Cart:
    """Return the cart, if it may hold as much of a line as it does now."""
    if line.quantity > MAX_QUANTITY:
        raise ApiError("quantity-too-high", value=line.quantity)
    product = ctx.product_of(line)
    if product is None or not product.manage_stock:
        return cart
    deferred = {**ctx.tx.setting("cart", "inventories"), **(cart.inventory_settings or {})}
    wanted = sum(item.quantity for item in cart.items if item.product_id == product.id)
    if wanted > ctx.tx.products.available(product) and not deferred.get("defer_inventory_check"):
        raise ApiError("insufficient-stock", name=product.name, id=told_id)
    return cart


def _product(ctx: OperationContext, _: Cart, given: Mapping[str, Any], currency: str) -> CartItem:
    products = ctx.tx.products
    product = products.get(given["id"]) if "id" in given else products.by_sku(given["sku"])
    if product is None and "id" in given:
        raise ApiError("product-not-found", id=given["id"])
    if product is None:
        raise ApiError("product-sku-not-found", sku=given["sku"], store=ctx.tx.state.store["id"])
    return replace(
        _line(ctx, given, product.name, product.description, product.sku),
        currency=currency,
        price=_price_of(product, currency),
        product_id=product.id,
        tax_basis_points=product.tax_basis_points,
        location=given.get("location"),
    )


def _price_of(product: Product, currency: str) -> Price:
    price = product.prices.get(currency)
    if price is None:
        raise ApiError("price-not-in-currency", currency=currency)
    return price


def _custom(ctx: OperationContext, _: Cart, given: Mapping[str, Any], currency: str) -> CartItem:
    if currency not in ctx.tx.state.currencies:
        raise ApiError("price-not-in-currency", currency=currency)
    price = Price(int(given["price"]["amount"]), given["price"].get("includes_tax", True))
    line = _line(ctx, given, given["name"], given.get("description", ""), given.get("sku", ""))
    return replace(line, currency=currency, price=price)


def _promotion(ctx: OperationContext, cart: Cart, given: Mapping[str, Any], _: str) -> CartItem:
    _check_discounts(ctx, cart, given["code"], [item.id for item in cart.items])
    promotion = ctx.tx.products.promotion(given["code"])
    if promotion is None:
        raise ApiError("promotion-not-found", code=given["code"])
    line = _line(ctx, {**given, "quantity": 1}, promotion.name, "Promotion", promotion.code)
    return replace(line, promotion=promotion)


KINDS: dict[str, Callable[[OperationContext, Cart, Mapping[str, Any], str], CartItem]] = {
    CART_ITEM: _product,
    CUSTOM_ITEM: _custom,
    PROMOTION_ITEM: _promotion,
}


def _line(
    ctx: OperationContext, given: Mapping[str, Any], name: str, description: str, sku: str
) -> CartItem:
    return CartItem(
        id=ctx.ids.uuid("item"),
        type=given["type"],
        name=name,
        description=description,
        sku=sku,
        quantity=int(given["quantity"]),
        created_at=ctx.tx.now,
        updated_at=ctx.tx.now,
        custom_inputs=given.get("custom_inputs") or None,
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
