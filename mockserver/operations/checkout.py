"""Checkout: makes an order of a cart, which stays as it is."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from mockserver.core.errors import ApiError
from mockserver.operations.base import OperationContext, OperationResult
from mockserver.operations.owners import OWNER_TYPES
from mockserver.operations.records import get_cart_or_404
from mockserver.operations.serializers.orders import serialize_order, serialize_order_items
from mockserver.store.entities import ACCOUNT, Cart, Order, Owner

EMPTY_ADDRESS = dict.fromkeys(("company_name", "line_2", "city"), "")
EMPTY_SHIPPING_ADDRESS = {**EMPTY_ADDRESS, **dict.fromkeys(("phone_number", "instructions"), "")}
"""The fields of an address that are empty where they are omitted."""


def check_out(ctx: OperationContext) -> OperationResult:
    """Create an unpaid order of the cart's present items."""
    data = ctx.body["data"]
    if "customer" not in data and "contact" not in data:
        raise ApiError("customer-or-contact-required")
    cart = get_cart_or_404(ctx)
    owner = _get_owner(ctx, data)
    member_id = _get_member_id(ctx, data, owner)
    customer = _get_customer(ctx, data)
    _check_cart(cart)
    _allocate_stock(ctx, cart)
    billing = data["billing_address"]
    order = Order(
        id=ctx.ids.uuid("order"),
        created_at=ctx.tx.now,
        updated_at=ctx.tx.now,
        revision=0,
        items=cart.items,
        billing_address={**EMPTY_ADDRESS, **billing},
        shipping_address={**EMPTY_SHIPPING_ADDRESS, **data.get("shipping_address", billing)},
        owner=owner,
        member_id=member_id,
        customer=customer,
        contact=_name_and_email(data.get("contact")),
        order_number=data.get("order_number"),
        external_ref=data.get("external_ref"),
        custom_attributes=cart.custom_attributes,
    )
    saved = ctx.tx.orders.add(order)
    body = {
        "data": serialize_order(saved, ctx),
        "included": {"items": serialize_order_items(saved, ctx)},
    }
    return OperationResult(201, body)


def _get_owner(ctx: OperationContext, data: Mapping[str, Any]) -> Owner | None:
    """Return the order's owner: the account or the customer whose id is in the body, or else the
    account of the token. A token allows no other id."""
    caller = ctx.caller.owner
    for owner_type in OWNER_TYPES.values():
        owner_id = data.get(owner_type.name, {}).get("id", "").lower()
        if not owner_id:
            continue
        if caller not in (None, (owner_type.name, owner_id)):
            raise ApiError(owner_type.lacks_permissions)
        if owner_type.find(ctx.tx, owner_id) is None:
            raise ApiError(owner_type.not_found)
        return Owner(owner_type.name, owner_id)
    return caller if caller and caller.type == ACCOUNT else None


def _get_member_id(
    ctx: OperationContext, data: Mapping[str, Any], owner: Owner | None
) -> str | None:
    """Return the id of the account's member for whom the order is made."""
    if ctx.caller.member_id is not None or owner is None:
        return ctx.caller.member_id
    member_id: str | None = data.get(ACCOUNT, {}).get("member_id")
    if member_id is None:
        return None
    member = ctx.tx.members.get(member_id.lower())
    if member is None or owner.id not in member.account_ids:
        raise ApiError("account-member-not-found")
    return member.id


def _get_customer(ctx: OperationContext, data: Mapping[str, Any]) -> Mapping[str, str] | None:
    """Return the order's customer: the store's one of the id, or else the guest of the body."""
    guest: Mapping[str, str] | None = data.get("customer")
    customer = ctx.tx.customers.get(guest["id"].lower()) if guest and "id" in guest else None
    if customer is None:
        return _name_and_email(guest)
    return {"id": customer.id, "name": customer.name, "email": customer.email}


def _name_and_email(person: Mapping[str, str] | None) -> Mapping[str, str] | None:
    """Return what an order holds of a person."""
    if person is None:
        return None
    return {name: person[name] for name in ("name", "email") if name in person}


def _check_cart(cart: Cart) -> None:
    if cart.snapshot_date is not None:
        raise ApiError("checkout-of-snapshot")
    if cart.currency is None:
        raise ApiError("cart-empty")


def _allocate_stock(ctx: OperationContext, cart: Cart) -> None:
    """Take the cart's items from the stock of their products."""
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
