"""The items of a cart: adding, merging, changing, taking out."""

from collections.abc import Mapping
from typing import Any

from mockserver.core.errors import ApiError
from mockserver.operations import cart_items
from mockserver.operations.base import Call, Reply
from mockserver.operations.carts import blank, existing
from mockserver.operations.orders import find_order
from mockserver.operations.pricing import price_lines
from mockserver.operations.serializers.cart_items import collection
from mockserver.store.world import Cart, Order

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


def list_items(call: Call) -> Reply:
    """List a cart's items; an unknown cart is made, as when it is got itself."""
    cart_id = call.params["cartID"]
    cart = call.tx.cart(cart_id) or call.tx.save_cart(blank(call, cart_id))
    return Reply(200, collection(cart, call))


def add(call: Call) -> Reply:
    """Add one thing, or several, or another cart's items; an unknown cart is made."""
    cart_id = call.params["cartID"]
    before = cart = call.tx.cart(cart_id) or blank(call, cart_id)
    given = call.body["data"]
    refusals = Refusals(call.body.get("options", {}).get("add_all_or_nothing", False))
    for each in given if isinstance(given, list) else [given]:
        try:
            cart = _added(call, cart, each, refusals)
        except ApiError as error:
            if given is each:
                raise
            refusals.add(error)
    cart = call.tx.save_cart(cart)
    body = collection(cart, call)
    if messages := _messages(before, cart):
        body["meta"]["messages"] = messages
    return Reply(201, body, refused=tuple(refusals.told))


def update_all(call: Call) -> Reply:
    """Change several items; by default all of them or none."""
    cart = existing(call)
    cart_items.check_promotions(call, cart, [each["id"] for each in call.body["data"]])
    refusals = Refusals(call.body.get("options", {}).get("update_all_or_nothing", True))
    for given in call.body["data"]:
        try:
            item = cart_items.find(cart, given["id"], "items-not-found")
            cart = cart_items.change(call, cart, item, given)
        except ApiError as error:
            refusals.add(error)
    cart = call.tx.save_cart(cart)
    return Reply(200, collection(cart, call), refused=tuple(refusals.told))


def delete_all(call: Call) -> Reply:
    """Take everything out of a cart; the cart stays."""
    cart = existing(call)
    cart_items.check_promotions(call, cart)
    call.tx.save_cart(cart, items=())
    return Reply(204)


def update(call: Call) -> Reply:
    """Change one item; quantity 0 takes it out."""
    cart = existing(call)
    item = cart_items.find(cart, call.params["cartitemID"], "item-not-found")
    cart = call.tx.save_cart(cart_items.change(call, cart, item, call.body["data"]))
    return Reply(200, collection(cart, call))


def delete(call: Call) -> Reply:
    """Take one item out."""
    cart = existing(call)
    item = cart_items.find(cart, call.params["cartitemID"], "item-not-found")
    cart = call.tx.save_cart(cart_items.without(cart, item))
    return Reply(200, collection(cart, call))


def delete_promotion(call: Call) -> Reply:
    """Take a promotion out by its code: 204 whether or not it was in."""
    cart = existing(call)
    for item in cart.items:
        if item.promotion is not None and item.promotion.code == call.params["promoCode"]:
            call.tx.save_cart(cart_items.without(cart, item))
    return Reply(204)


def _added(call: Call, cart: Cart, given: Mapping[str, Any], refusals: Refusals) -> Cart:
    """Return a cart with what one element of a request adds."""
    if given["type"] not in (MERGE, REORDER):
        return cart_items.add(call, cart, given)
    for item in _source(call, given).items:
        try:
            cart = cart_items.add_copy(call, cart, item)
        except ApiError as error:
            refusals.add(error)
    return cart


def _source(call: Call, given: Mapping[str, Any]) -> Cart | Order:
    """Return the cart, or the order, whose items are to be added."""
    if given["type"] == REORDER:
        return find_order(call, given["order_id"])
    source = call.tx.cart(given["cart_id"])
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
