"""Carts themselves (contract.md §4). Whom they belong to is `associations`' business."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from mockserver.core.clock import parse_instant, to_seconds_text
from mockserver.core.errors import ApiError
from mockserver.operations.base import OperationContext, OperationResult
from mockserver.operations.lists.filters import Field, Grammar
from mockserver.operations.lists.listing import listed
from mockserver.operations.owners import check_contact_email, check_last_cart
from mockserver.operations.serializers import cart_items
from mockserver.store.entities import ACCOUNT, CUSTOMER, Cart

DEFAULT_NAME = "Cart"
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
    found: Iterable[Cart] = ctx.tx.carts.list(ctx.caller.owner)
    if ctx.caller.owner is None and not ctx.tx.setting("cart", "show_all_carts"):
        found = [cart for cart in found if cart.owners]
    return listed(ctx, "/v2/carts", found, lambda cart: _show(cart, ctx), GRAMMAR)


def create(ctx: OperationContext) -> OperationResult:
    """Create a cart; one made with an account's or a customer's token is theirs at once."""
    given = ctx.body["data"]
    cart_id = given.get("id") or ctx.ids.uuid("cart")
    if ctx.tx.carts.get(cart_id) is not None:
        raise ApiError("cart-already-exists")
    new = blank(ctx, cart_id)
    if ctx.caller.owner is not None:
        new = replace(new, owners=(ctx.caller.owner,))
    return OperationResult(201, _entity(_saved(ctx, new, given), ctx))


def get(ctx: OperationContext) -> OperationResult:
    """Return a cart; an unknown id makes an empty one, as the real service does."""
    cart_id = ctx.params["cartID"]
    cart = ctx.tx.carts.get(cart_id) or ctx.tx.carts.save(blank(ctx, cart_id))
    return OperationResult(200, _entity(cart, ctx))


def update(ctx: OperationContext) -> OperationResult:
    """Change the fields that the body names."""
    return OperationResult(200, _entity(_saved(ctx, existing(ctx), ctx.body["data"]), ctx))


def delete(ctx: OperationContext) -> OperationResult:
    """Delete a cart, unless it is the last one of an account or a customer."""
    cart = existing(ctx)
    check_last_cart(ctx, cart)
    ctx.tx.carts.delete(cart.id)
    return OperationResult(204)


def existing(ctx: OperationContext) -> Cart:
    """Return the cart that the path names; there must be one."""
    cart = ctx.tx.carts.get(ctx.params["cartID"])
    if cart is None:
        raise ApiError("cart-not-found")
    return cart


def blank(ctx: OperationContext, cart_id: str) -> Cart:
    """Return an empty cart that was never saved."""
    now = ctx.tx.now
    return Cart(cart_id, DEFAULT_NAME, "", now, now, now, 0)


def _saved(ctx: OperationContext, cart: Cart, given: dict[str, Any]) -> Cart:
    """Return the cart with the given fields, saved, after the checks that a schema can't make."""
    _check_snapshot_date(ctx, cart, given)
    changes: dict[str, Any] = {name: given[name] for name in CHANGEABLE if name in given}
    if "payment_intent_id" in given:
        changes["payment_intent_id"] = None
    changed = replace(cart, **changes)
    check_contact_email(changed.owners, changed.contact_email)
    return ctx.tx.carts.save(changed)


def _check_snapshot_date(ctx: OperationContext, cart: Cart, given: dict[str, Any]) -> None:
    if "snapshot_date" not in given:
        return
    date = given["snapshot_date"]
    if date is None:
        if cart.snapshot_date is not None:
            raise ApiError("cannot-remove-snapshot-date")
        return
    instant = parse_instant(date)
    if instant <= ctx.tx.absolute(ctx.tx.now):
        shown = to_seconds_text(instant).replace("T", " ").replace("Z", " +0000 UTC")
        raise ApiError("invalid-snapshot-date", date=shown)


def _entity(cart: Cart, ctx: OperationContext) -> dict[str, Any]:
    """Return a cart in its envelope, with what the request wants included."""
    entity = {"data": _show(cart, ctx)}
    if cart.items and "items" in ctx.params.get("include", ()):
        entity["included"] = {"items": cart_items.show_items(cart, ctx)}
    return entity


def _show(cart: Cart, ctx: OperationContext) -> dict[str, Any]:
    """Return the cart as the API shows it; fields that are not set are left away."""
    optional = {
        "contact": cart.contact,
        "custom_attributes": cart.custom_attributes,
        "snapshot_date": cart.snapshot_date,
        "payment_intent_id": cart.payment_intent_id,
    }
    items = [{"type": item.type, "id": item.id} for item in cart.items]
    setting = ctx.tx.setting
    return {
        "id": cart.id,
        "type": "cart",
        "name": cart.name,
        "description": cart.description,
        **{name: value for name, value in optional.items() if value is not None},
        "discount_settings": {**setting("cart", "discounts"), **(cart.discount_settings or {})},
        "inventory_settings": {**setting("cart", "inventories"), **(cart.inventory_settings or {})},
        "links": {"self": f"{ctx.base_url}/v2/carts/{cart.id}"},
        "meta": {
            "display_price": cart_items.show_totals(cart),
            "timestamps": cart_items.show_timestamps(cart, ctx),
        },
        "relationships": {
            "items": {"data": items or None},
            "accounts": _owners(cart, ACCOUNT),
            "customers": _owners(cart, CUSTOMER),
        },
    }


def _owners(cart: Cart, kind: str) -> dict[str, Any]:
    """Return a cart's relationship to the owners of a kind."""
    found = [{"type": kind, "id": owner_id} for owner_id in cart.owner_ids(kind)]
    return {"data": found} if found else {}
