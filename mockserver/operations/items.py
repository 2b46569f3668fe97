"""The items of a cart: adding, merging, changing, taking out."""

from collections.abc import Mapping
from typing import Any

from mockserver.core.errors import ApiError
from mockserver.operations import cart_items
from mockserver.operations.base import OperationContext, OperationResult
from mockserver.operations.carts import blank, existing
from mockserver.operations.orders import find_order
from mockserver.operations.pricing import price_lines
from mockserver.operations.serializers.cart_items import collection
from mockserver.store.entities import Cart, Order

MERGE, REORDER = "cart_items", "order_items"


class Refusals:
    """The parts of a bulk request that can't be done; the first is an error of the whole where
    all or nothing is to be done."""

    def __init__(self, all_or_nothing: bool) -> None:
        self._all_or_nothing = all_or_nothing
        self.told: list[ApiError] = []

    def add(self, error: ApiError) -> None:
        """Keep an error to be told beside what was done, or raise it."""
        if self._all_or_nothing:
            raise error
        self.told.append(error)


def list_items(ctx: OperationContext) -> OperationResult:
    """List a cart's items; an unknown cart is made, as when it is got itself."""
    cart_id = ctx.params["cartID"]
    cart = ctx.tx.carts.get(cart_id) or ctx.tx.carts.save(blank(ctx, cart_id))
    return OperationResult(200, collection(cart, ctx))


def add(ctx: OperationContext) -> OperationResult:
    """Add one thing, or several, or another cart's items; an unknown cart is made."""
    cart_id = ctx.params["cartID"]
    before = cart = ctx.tx.carts.get(cart_id) or blank(ctx, cart_id)
    given = ctx.body["data"]
    refusals = Refusals(ctx.body.get("options", {}).get("add_all_or_nothing", False))
    for each in given if isinstance(given, list) else [given]:
        try:
            cart = _added(ctx, cart, each, refusals)
        except ApiError as error:
            if given is each:
                raise
            refusals.add(error)
    cart = ctx.tx.carts.save(cart)
    body = collection(cart, ctx)
    if messages := _messages(before, cart):
        body["meta"]["messages"] = messages
    return OperationResult(201, body, refused=tuple(refusals.told))


def update_all(ctx: OperationContext) -> OperationResult:
    """Change several items; by default all of them or none."""
    cart = existing(ctx)
    cart_items.check_promotions(ctx, cart, [each["id"] for each in ctx.body["data"]])
    refusals = Refusals(ctx.body.get("options", {}).get("update_all_or_nothing", True))
    for given in ctx.body["data"]:
        try:
            item = cart_items.find(cart, given["id"], "items-not-found")
            cart = cart_items.change(ctx, cart, item, given)
        except ApiError as error:
            refusals.add(error)
    cart = ctx.tx.carts.save(cart)
    return OperationResult(200, collection(cart, ctx), refused=tuple(refusals.told))


def delete_all(ctx: OperationContext) -> OperationResult:
    """Take everything out of a cart; the cart stays."""
    cart = existing(ctx)
    cart_items.check_promotions(ctx, cart)
    ctx.tx.carts.save(cart, items=())
    return OperationResult(204)


def update(ctx: OperationContext) -> OperationResult:
    """Change one item; quantity 0 takes it out."""
    cart = existing(ctx)
    item = cart_items.find(cart, ctx.params["cartitemID"], "item-not-found")
    cart = ctx.tx.carts.save(cart_items.change(ctx, cart, item, ctx.body["data"]))
    return OperationResult(200, collection(cart, ctx))


def delete(ctx: OperationContext) -> OperationResult:
    """Take one item out."""
    cart = existing(ctx)
    item = cart_items.find(cart, ctx.params["cartitemID"], "item-not-found")
    cart = ctx.tx.carts.save(cart_items.without(cart, item))
    return OperationResult(200, collection(cart, ctx))


def delete_promotion(ctx: OperationContext) -> OperationResult:
    """Take a promotion out by its code: 204 whether or not it was in."""
    cart = existing(ctx)
    for item in cart.items:
        if item.promotion is not None and item.promotion.code == ctx.params["promoCode"]:
            ctx.tx.carts.save(cart_items.without(cart, item))
    return OperationResult(204)


def _added(ctx: OperationContext, cart: Cart, given: Mapping[str, Any], refusals: Refusals) -> Cart:
    """Return a cart with what one element of a request adds."""
    if given["type"] not in (MERGE, REORDER):
        return cart_items.add(ctx, cart, given)
    for item in _source(ctx, given).items:
        try:
            cart = cart_items.add_copy(ctx, cart, item)
        except ApiError as error:
            refusals.add(error)
    return cart


def _source(ctx: OperationContext, given: Mapping[str, Any]) -> Cart | Order:
    """Return the cart, or the order, whose items are to be added."""
    if given["type"] == REORDER:
        return find_order(ctx, given["order_id"])
    source = ctx.tx.carts.get(given["cart_id"])
    if source is None:
        raise ApiError("cart-not-found")
    return source


def _messages(before: Cart, cart: Cart) -> list[dict[str, Any]]:
    """Return what is told of the promotions that have come in, and of what they take off."""
    known = {item.id for item in before.items}
    new = {item.promotion.id for item in cart.items if item.promotion and item.id not in known}
    told = []
    for line in price_lines(cart.items):
        if new.isdisjoint(promotion.id for promotion, _ in line.taken):
            continue
        title, description = MESSAGES[line.item.promotion is not None]
        source = {"type": line.item.type, "id": line.item.id}
        told.append({"source": source, "title": title, "description": description})
    return sorted(told, key=lambda each: each["title"], reverse=True)


MESSAGES = {
    True: ("Promotion Added", "Promotion has been added to cart."),
    False: ("Discount Added", "Item discount has been added."),
}
