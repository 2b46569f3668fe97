"""Checkout: a cart becomes an order, and stays as it is."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from mockserver.core.errors import ApiError
from mockserver.operations.base import OperationContext, OperationResult
from mockserver.operations.carts import existing
from mockserver.operations.owners import KINDS
from mockserver.operations.serializers import orders
from mockserver.store.entities import ACCOUNT, Cart, Order, Owner

BLANK = dict.fromkeys(("company_name", "line_2", "city"), "")
BLANK_SHIPPING = {**BLANK, **dict.fromkeys(("phone_number", "instructions"), "")}
"""The fields of an address that are empty where nothing is said."""


def check_out(ctx: OperationContext) -> OperationResult:
    """Make an unpaid order of what the cart holds now."""
    given = ctx.body["data"]
    if "customer" not in given and "contact" not in given:
        raise ApiError("customer-or-contact-required")
    cart = existing(ctx)
    owner = _owner(ctx, given)
    member_id = _member_id(ctx, given, owner)
    customer = _customer(ctx, given)
    _check_cart(cart)
    _take_stock(ctx, cart)
    billing = given["billing_address"]
    order = Order(
        id=ctx.ids.uuid("order"),
        created_at=ctx.tx.now,
        updated_at=ctx.tx.now,
        revision=0,
        items=cart.items,
        billing_address={**BLANK, **billing},
        shipping_address={**BLANK_SHIPPING, **given.get("shipping_address", billing)},
        owner=owner,
        member_id=member_id,
        customer=customer,
        contact=_person(given.get("contact")),
        order_number=given.get("order_number"),
        external_ref=given.get("external_ref"),
        custom_attributes=cart.custom_attributes,
    )
    saved = ctx.tx.orders.add(order)
    body = {
        "data": orders.show(saved, ctx),
        "included": {"items": orders.show_items(saved, ctx)},
    }
    return OperationResult(201, body)


def _owner(ctx: OperationContext, given: Mapping[str, Any]) -> Owner | None:
    """Return whom the order will belong to: the account whose token was sent, or else the account
    or the customer that the body names by its id. A token allows no other name."""
    caller = ctx.caller.owner
    for kind in KINDS.values():
        named = given.get(kind.name, {}).get("id", "").lower()
        if not named:
            continue
        if caller not in (None, (kind.name, named)):
            raise ApiError(kind.lacks_permissions)
        if kind.find(ctx.tx, named) is None:
            raise ApiError(kind.not_found)
        return Owner(kind.name, named)
    return caller if caller and caller.type == ACCOUNT else None


def _member_id(ctx: OperationContext, given: Mapping[str, Any], owner: Owner | None) -> str | None:
    """Return the account's member for whom the order is made."""
    if ctx.caller.member_id is not None or owner is None:
        return ctx.caller.member_id
    member_id: str | None = given.get(ACCOUNT, {}).get("member_id")
    if member_id is None:
        return None
    member = ctx.tx.members.get(member_id.lower())
    if member is None or owner.id not in member.account_ids:
        raise ApiError("account-member-not-found")
    return member.id


def _customer(ctx: OperationContext, given: Mapping[str, Any]) -> Mapping[str, str] | None:
    """Return the customer as the order remembers it: a known one by its id, a guest as given."""
    told: Mapping[str, str] | None = given.get("customer")
    known = ctx.tx.customers.get(told["id"].lower()) if told and "id" in told else None
    if known is None:
        return _person(told)
    return {"id": known.id, "name": known.name, "email": known.email}


def _person(told: Mapping[str, str] | None) -> Mapping[str, str] | None:
    """Return what an order remembers of someone: the name and the e-mail address."""
    if told is None:
        return None
    return {name: told[name] for name in ("name", "email") if name in told}


def _check_cart(cart: Cart) -> None:
    if cart.snapshot_date is not None:
        raise ApiError("checkout-of-snapshot")
    if cart.currency is None:
        raise ApiError("cart-empty")


def _take_stock(ctx: OperationContext, cart: Cart) -> None:
    """Take what the cart holds from the stock of its products."""
    quantities: Counter[str] = Counter()
    for item in cart.items:
        if item.product_id is not None:
            quantities[item.product_id] += item.quantity
    for product_id, quantity in quantities.items():
        product = ctx.tx.products.get(product_id)
        if product is None or not product.manage_stock:
            continue
        if quantity > ctx.tx.products.available(product):
            raise ApiError("insufficient-stock", name=product.name, id=product.id)
        ctx.tx.products.allocate(product, quantity)
