"""Orders and their items as the API shows them."""

from collections.abc import Iterable
from typing import Any

from mockserver.core.clock import to_seconds_text
from mockserver.core.ids import uuid_of
from mockserver.operations.base import OperationContext
from mockserver.operations.pricing import (
    Amounts,
    PricedItem,
    money,
    price_lines,
    show_prices,
    show_totals,
    total,
)
from mockserver.store.entities import ACCOUNT, CartItem, Order

PAID, AUTHORIZED, REFUNDED = "paid", "authorized", "refunded"


def show(order: Order, ctx: OperationContext) -> dict[str, Any]:
    """Return an order; fields that it does not have are left away."""
    optional = {
        "order_number": order.order_number,
        "external_ref": order.external_ref,
        "customer": order.customer,
        "contact": order.contact,
        "custom_attributes": order.custom_attributes,
    }
    return {
        "type": "order",
        "id": order.id,
        "status": order.status,
        "payment": order.payment,
        "shipping": order.shipping,
        "anonymized": False,
        **{name: value for name, value in optional.items() if value is not None},
        "billing_address": order.billing_address,
        "shipping_address": order.shipping_address,
        "links": {},
        "meta": {"display_price": _show_totals(order), "timestamps": _times(order, ctx)},
        "relationships": _relationships(order),
    }


def included(orders: Iterable[Order], ctx: OperationContext) -> dict[str, Any]:
    """Return what the call wants sent along with orders."""
    if "items" not in ctx.params.get("include", ()):
        return {}
    items = [item for order in orders for item in show_items(order, ctx)]
    return {"items": items} if items else {}


def show_items(order: Order, ctx: OperationContext) -> list[dict[str, Any]]:
    """Return every item of an order, with its prices."""
    return [_show_item(line, order, ctx) for line in price_lines(order.items)]


def amounts(order: Order) -> Amounts:
    """Return what is to be paid for an order."""
    return total(price_lines(order.items))


def paid_and_authorized(order: Order) -> tuple[int, int]:
    """Return how much of an order was paid, and how much is authorized."""
    if order.payment in (PAID, REFUNDED):
        return amounts(order).with_tax, 0
    if order.payment == AUTHORIZED:
        return 0, amounts(order).with_tax
    return order.paid, order.authorized


def _show_totals(order: Order) -> dict[str, Any]:
    paid, authorized = paid_and_authorized(order)
    whole = amounts(order)
    payments = {
        "balance_owing": whole.with_tax - paid - authorized,
        "paid": paid,
        "authorized": authorized,
    }
    shown = {name: money(amount, order.currency) for name, amount in payments.items()}
    return {**show_totals(whole, order.currency), **shown}


def _relationships(order: Order) -> dict[str, Any]:
    items = [{"type": "item", "id": _item_id(order, item)} for item in order.items]
    found: dict[str, Any] = {"items": {"data": items}}
    if order.owner is not None:
        kind, owner_id = order.owner
        found[kind] = {"data": {"type": kind, "id": owner_id}}
    if order.member_id is not None:
        found[f"{ACCOUNT}_member"] = {"data": {"type": "account_member", "id": order.member_id}}
    return found


def _show_item(line: PricedItem, order: Order, ctx: OperationContext) -> dict[str, Any]:
    item, product = line.item, ctx.product_of(line.item)
    prices = show_prices(line)
    optional = {
        "promotion_source": item.promotion and "rule-promotion",
        "custom_inputs": item.custom_inputs,
        "location": item.location,
        "shipping_group_id": item.shipping_group_id,
        "catalog_id": product and ctx.tx.state.store["catalog_id"],
        "catalog_source": product and "pim",
    }
    created_at = to_seconds_text(ctx.tx.absolute(order.created_at))
    promotions = [{"type": "promotion", "id": promotion.id} for promotion, _ in line.taken]
    return {
        "type": "order_item",
        "id": _item_id(order, item),
        "quantity": item.quantity,
        "product_id": product.id if product else "",
        "name": item.name,
        "sku": item.sku,
        **{name: value for name, value in optional.items() if value is not None},
        **prices,
        "links": {},
        "meta": {
            **prices["meta"],
            "timestamps": {"created_at": created_at, "updated_at": created_at},
        },
        "relationships": {
            "cart_item": {"data": {"type": "cart_item", "id": item.id}},
            **({"promotions": {"data": promotions}} if promotions else {}),
        },
    }


def _item_id(order: Order, item: CartItem) -> str:
    return uuid_of("order-item", f"{order.id}:{item.id}")


def _times(order: Order, ctx: OperationContext) -> dict[str, str]:
    times = {
        "created_at": order.created_at,
        "updated_at": order.updated_at,
        "fully_paid_at": order.fully_paid_at,
    }
    absolute = ctx.tx.absolute
    return {name: to_seconds_text(absolute(at)) for name, at in times.items() if at is not None}
