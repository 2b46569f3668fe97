"""Carts themselves (contract.md §4); `associations` says whom they belong to."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from mockserver.core.clock import parse_instant, to_seconds_text
from mockserver.core.errors import ApiError
from mockserver.operations.base import OperationContext, OperationResult
from mockserver.operations.lists.filters import Field, Grammar
from mockserver.operations.lists.pages import list_response
from mockserver.operations.owners import check_contact_email, check_last_cart
from mockserver.operations.records import empty_cart, get_cart_or_404, get_or_create_cart
from mockserver.operations.serializers.carts import serialize_cart, serialize_cart_items
from mockserver.store.entities import ACCOUNT, Cart

GRAMMAR: Grammar = {
    "account_ids": Field(("contains",), lambda cart: cart.owner_ids(ACCOUNT)),
    "name": Field(("ilike",), lambda cart: cart.name),
}
"""What a list of carts can be filtered by."""
CHANGEABLE = (
    "name",
    "description",
    "contact",
    "discount_settings",
    "inventory_settings",
    "custom_attributes",
    "snapshot_date",
)
"""The fields of a request body that go into the cart as they are."""


def list_carts(ctx: OperationContext) -> OperationResult:
    """List the caller's carts, the most recently updated one first."""
    carts: Iterable[Cart] = ctx.tx.carts.list(ctx.caller.owner)
    if ctx.caller.owner is None and not ctx.tx.setting("cart", "show_all_carts"):
        carts = [cart for cart in carts if cart.owners]
    return list_response(ctx, "/v2/carts", carts, serialize_cart, GRAMMAR)


def create(ctx: OperationContext) -> OperationResult:
    """Create a cart; an account's or a customer's token makes it theirs at once."""
    data = ctx.body["data"]
    cart_id = data.get("id") or _next_cart_id(ctx)
    if ctx.tx.carts.get(cart_id) is not None:
        raise ApiError("cart-already-exists")
    cart = empty_cart(ctx, cart_id)
    if ctx.caller.owner is not None:
        cart = replace(cart, owners=(ctx.caller.owner,))
    return _cart_response(_save(ctx, cart, data), ctx, 201)


def _next_cart_id(ctx: OperationContext) -> str:
    """Return the next id that no cart has: a page that outlives a reset may have created one by
    asking for it."""
    while ctx.tx.carts.get(cart_id := ctx.ids.uuid("cart")) is not None:
        pass
    return cart_id


def get(ctx: OperationContext) -> OperationResult:
    """Return a cart; an unknown id creates an empty one, as the real service does."""
    return _cart_response(get_or_create_cart(ctx), ctx)


def update(ctx: OperationContext) -> OperationResult:
    return _cart_response(_save(ctx, get_cart_or_404(ctx), ctx.body["data"]), ctx)


def delete(ctx: OperationContext) -> OperationResult:
    """Delete a cart, unless it is the last one of an account or a customer."""
    cart = get_cart_or_404(ctx)
    check_last_cart(ctx, cart)
    ctx.tx.carts.delete(cart.id)
    return OperationResult(204)


def _save(ctx: OperationContext, cart: Cart, data: dict[str, Any]) -> Cart:
    """Save a cart with the fields of a body, after the checks that a schema cannot make."""
    _check_snapshot_date(ctx, cart, data)
    changes: dict[str, Any] = {name: data[name] for name in CHANGEABLE if name in data}
    if "payment_intent_id" in data:
        changes["payment_intent_id"] = None
    changed = replace(cart, **changes)
    check_contact_email(changed.owners, changed.contact_email)
    return ctx.tx.carts.save(changed)


def _check_snapshot_date(ctx: OperationContext, cart: Cart, data: dict[str, Any]) -> None:
    if "snapshot_date" not in data:
        return
    if data["snapshot_date"] is None:
        if cart.snapshot_date is not None:
            raise ApiError("cannot-remove-snapshot-date")
        return
    instant = parse_instant(data["snapshot_date"])
    if instant <= ctx.tx.absolute(ctx.tx.now):
        date = to_seconds_text(instant).replace("T", " ").replace("Z", " +0000 UTC")
        raise ApiError("invalid-snapshot-date", date=date)


def _cart_response(cart: Cart, ctx: OperationContext, status: int = 200) -> OperationResult:
    """Return a cart, with its items where the request includes them."""
    body: dict[str, Any] = {"data": serialize_cart(cart, ctx)}
    if cart.items and "items" in ctx.params.get("include", ()):
        body["included"] = {"items": serialize_cart_items(cart, ctx)}
    return OperationResult(status, body)
