"""Carts themselves (contract.md §4). Whom they belong to is `associations`' business."""

from dataclasses import replace
from typing import Any
from urllib.parse import quote as percent_encode

from mockserver.access import ACCOUNT
from mockserver.clock import parse_instant, to_seconds_text
from mockserver.errors import ApiError
from mockserver.operations import cart_filter, item_view
from mockserver.operations.call import Call, Reply
from mockserver.operations.pages import page
from mockserver.world import Cart

DEFAULT_NAME = "Cart"
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


def list_carts(call: Call) -> Reply:
    """List the caller's carts, the most recently updated one first."""
    expression = call.params.get("filter", "")
    matches = cart_filter.parse(expression) if expression else None
    if call.caller.kind == ACCOUNT and call.caller.account_id is not None:
        carts = call.tx.carts_of(call.caller.account_id)
    else:
        show_all = call.tx.setting("cart", "show_all_carts")
        carts = (cart for cart in call.tx.carts() if show_all or cart.account_ids)
    found = sorted(
        (cart for cart in carts if matches is None or matches(cart)),
        key=lambda cart: (cart.updated_at, cart.revision),
        reverse=True,
    )
    query = f"&filter={percent_encode(expression, safe='(),:*|')}" if expression else ""
    return page(call, "/v2/carts", found, lambda cart: _show(cart, call), query=query)


def create(call: Call) -> Reply:
    """Create a cart; one made with an account token is associated with that account at once."""
    given = call.body["data"]
    cart_id = given.get("id") or call.ids.uuid("cart")
    if call.tx.cart(cart_id) is not None:
        raise ApiError("cart-already-exists")
    new = blank(call, cart_id)
    if call.caller.account_id is not None:
        new = replace(new, account_ids=(call.caller.account_id,))
    return Reply(201, _entity(_saved(call, new, given), call))


def get(call: Call) -> Reply:
    """Return a cart; an unknown id makes an empty one, as the real service does."""
    cart_id = call.params["cartID"]
    cart = call.tx.cart(cart_id) or call.tx.save_cart(blank(call, cart_id))
    return Reply(200, _entity(cart, call))


def update(call: Call) -> Reply:
    """Change the fields that the body names."""
    return Reply(200, _entity(_saved(call, existing(call), call.body["data"]), call))


def delete(call: Call) -> Reply:
    """Delete a cart, unless it is the last one of an account."""
    cart = existing(call)
    for account_id in cart.account_ids:
        if not any(other.id != cart.id for other in call.tx.carts_of(account_id)):
            raise ApiError("last-cart")
    call.tx.delete_cart(cart.id)
    return Reply(204)


def existing(call: Call) -> Cart:
    """Return the cart that the path names; there must be one."""
    cart = call.tx.cart(call.params["cartID"])
    if cart is None:
        raise ApiError("cart-not-found")
    return cart


def blank(call: Call, cart_id: str) -> Cart:
    """Return an empty cart that was never saved."""
    now = call.tx.now
    return Cart(cart_id, DEFAULT_NAME, "", now, now, now, 0)


def _saved(call: Call, cart: Cart, given: dict[str, Any]) -> Cart:
    """Return the cart with the given fields, saved, after the checks that a schema can't make."""
    _check_snapshot_date(call, cart, given)
    changes: dict[str, Any] = {name: given[name] for name in CHANGEABLE if name in given}
    if "payment_intent_id" in given:
        changes["payment_intent_id"] = None
    changed = replace(cart, **changes)
    if changed.contact_email and changed.account_ids:
        raise ApiError("cart-has-contact-email")
    return call.tx.save_cart(changed)


def _check_snapshot_date(call: Call, cart: Cart, given: dict[str, Any]) -> None:
    if "snapshot_date" not in given:
        return
    date = given["snapshot_date"]
    if date is None:
        if cart.snapshot_date is not None:
            raise ApiError("cannot-remove-snapshot-date")
        return
    instant = parse_instant(date)
    if instant <= call.tx.absolute(call.tx.now):
        shown = to_seconds_text(instant).replace("T", " ").replace("Z", " +0000 UTC")
        raise ApiError("invalid-snapshot-date", date=shown)


def _entity(cart: Cart, call: Call) -> dict[str, Any]:
    """Return a cart in its envelope, with what the request wants included."""
    entity = {"data": _show(cart, call)}
    if cart.items and "items" in call.params.get("include", ()):
        entity["included"] = {"items": item_view.show_items(cart, call)}
    return entity


def _show(cart: Cart, call: Call) -> dict[str, Any]:
    """Return the cart as the API shows it; fields that are not set are left away."""
    optional = {
        "contact": cart.contact,
        "custom_attributes": cart.custom_attributes,
        "snapshot_date": cart.snapshot_date,
        "payment_intent_id": cart.payment_intent_id,
    }
    accounts = [{"type": "account", "id": account_id} for account_id in cart.account_ids]
    items = [{"type": item.type, "id": item.id} for item in cart.items]
    setting = call.tx.setting
    return {
        "id": cart.id,
        "type": "cart",
        "name": cart.name,
        "description": cart.description,
        **{name: value for name, value in optional.items() if value is not None},
        "discount_settings": {**setting("cart", "discounts"), **(cart.discount_settings or {})},
        "inventory_settings": {**setting("cart", "inventories"), **(cart.inventory_settings or {})},
        "links": {"self": f"{call.base_url}/v2/carts/{cart.id}"},
        "meta": {
            "display_price": item_view.show_totals(cart),
            "timestamps": item_view.show_timestamps(cart, call),
        },
        "relationships": {
            "items": {"data": items or None},
            "accounts": {"data": accounts} if accounts else {},
            "customers": {},
        },
    }
