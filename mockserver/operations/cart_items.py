"""The items of a cart: list, add, change, remove."""

from collections.abc import Mapping
from typing import Any

from mockserver.core.errors import ApiError
from mockserver.operations import cart_changes
from mockserver.operations.base import OperationContext, OperationResult
from mockserver.operations.pricing import price_items
from mockserver.operations.records import (
    empty_cart,
    get_cart_or_404,
    get_or_create_cart,
    get_order_or_404,
)
from mockserver.operations.serializers.carts import serialize_items_response
from mockserver.store.entities import Cart, Order

MERGE, REORDER = "cart_items", "order_items"


class PartialErrors:
    """The errors of the parts of a bulk request; with `all_or_nothing` the first one is raised as
    the error of the whole request."""

    def __init__(self, all_or_nothing: bool) -> None:
        self._all_or_nothing = all_or_nothing
        self.errors: list[ApiError] = []

    def add(self, error: ApiError) -> None:
        if self._all_or_nothing:
            raise error
        self.errors.append(error)


def list_items(ctx: OperationContext) -> OperationResult:
    """List a cart's items; an unknown cart is created, as when it is read itself."""
    return OperationResult(200, serialize_items_response(get_or_create_cart(ctx), ctx))


def add(ctx: OperationContext) -> OperationResult:
    """Add one item or several, or the items of another cart; an unknown cart is created."""
    cart_id = ctx.params["cartID"]
    before = cart = ctx.tx.carts.get(cart_id) or empty_cart(ctx, cart_id)
    data = ctx.body["data"]
    partial_errors = PartialErrors(ctx.body.get("options", {}).get("add_all_or_nothing", False))
    for payload in data if isinstance(data, list) else [data]:
        try:
            cart = _add(ctx, cart, payload, partial_errors)
        except ApiError as error:
            if payload is data:
                raise
            partial_errors.add(error)
    cart = ctx.tx.carts.save(cart)
    body = serialize_items_response(cart, ctx)
    if messages := _promotion_messages(before, cart):
        body["meta"]["messages"] = messages
    return OperationResult(201, body, partial_errors=tuple(partial_errors.errors))


def update_all(ctx: OperationContext) -> OperationResult:
    """Change several items; by default all of them or none."""
    cart = get_cart_or_404(ctx)
    cart_changes.check_promotions(ctx, cart, [payload["id"] for payload in ctx.body["data"]])
    partial_errors = PartialErrors(ctx.body.get("options", {}).get("update_all_or_nothing", True))
    for payload in ctx.body["data"]:
        try:
            item = cart_changes.find_item(cart, payload["id"], "items-not-found")
            cart = cart_changes.change_item(ctx, cart, item, payload)
        except ApiError as error:
            partial_errors.add(error)
    body = serialize_items_response(ctx.tx.carts.save(cart), ctx)
    return OperationResult(200, body, partial_errors=tuple(partial_errors.errors))


def delete_all(ctx: OperationContext) -> OperationResult:
    """Remove all items from a cart; the cart stays."""
    cart = get_cart_or_404(ctx)
    cart_changes.check_promotions(ctx, cart)
    ctx.tx.carts.save(cart, items=())
    return OperationResult(204)


def update(ctx: OperationContext) -> OperationResult:
    """Change one item; quantity 0 removes it."""
    cart = get_cart_or_404(ctx)
    item = cart_changes.find_item(cart, ctx.params["cartitemID"], "item-not-found")
    cart = ctx.tx.carts.save(cart_changes.change_item(ctx, cart, item, ctx.body["data"]))
    return OperationResult(200, serialize_items_response(cart, ctx))


def delete(ctx: OperationContext) -> OperationResult:
    cart = get_cart_or_404(ctx)
    item = cart_changes.find_item(cart, ctx.params["cartitemID"], "item-not-found")
    cart = ctx.tx.carts.save(cart_changes.remove_item(cart, item))
    return OperationResult(200, serialize_items_response(cart, ctx))


def delete_promotion(ctx: OperationContext) -> OperationResult:
    """Remove a promotion by its code: 204 whether or not the cart has it."""
    cart = get_cart_or_404(ctx)
    for item in cart.items:
        if item.promotion is not None and item.promotion.code == ctx.params["promoCode"]:
            ctx.tx.carts.save(cart_changes.remove_item(cart, item))
    return OperationResult(204)


def _add(
    ctx: OperationContext, cart: Cart, payload: Mapping[str, Any], partial_errors: PartialErrors
) -> Cart:
    """Return a cart with what one element of a request adds."""
    if payload["type"] not in (MERGE, REORDER):
        return cart_changes.add_item(ctx, cart, payload)
    for item in _get_source_or_404(ctx, payload).items:
        try:
            cart = cart_changes.add_copy(ctx, cart, item)
        except ApiError as error:
            partial_errors.add(error)
    return cart


def _get_source_or_404(ctx: OperationContext, payload: Mapping[str, Any]) -> Cart | Order:
    if payload["type"] == REORDER:
        return get_order_or_404(ctx, payload["order_id"])
    source = ctx.tx.carts.get(payload["cart_id"])
    if source is None:
        raise ApiError("cart-not-found")
    return source


def _promotion_messages(before: Cart, cart: Cart) -> list[dict[str, Any]]:
    """Return a message for each new promotion, and for each item that it discounts."""
    known = {item.id for item in before.items}
    new = {item.promotion.id for item in cart.items if item.promotion and item.id not in known}
    messages: list[dict[str, Any]] = []
    for priced in price_items(cart.items):
        if new.isdisjoint(promotion.id for promotion, _ in priced.discounts):
            continue
        title, description = MESSAGES[priced.item.promotion is not None]
        source = {"type": priced.item.type, "id": priced.item.id}
        messages.append({"source": source, "title": title, "description": description})
    return sorted(messages, key=lambda message: message["title"], reverse=True)


MESSAGES = {
    True: ("Promotion Added", "Promotion has been added to cart."),
    False: ("Discount Added", "Item discount has been added."),
}
