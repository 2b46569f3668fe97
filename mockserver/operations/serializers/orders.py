"""Orders and their items as JSON values."""

from collections.abc import Iterable
from typing import Any

from mockserver.core.clock import to_seconds_text
from mockserver.core.ids import uuid_of
from mockserver.operations.base import OperationContext
from mockserver.operations.pricing import (
    Amounts,
    PricedItem,
    price_items,
    serialize_money,
    serialize_prices,
    serialize_totals,
    total,
)
from mockserver.store.entities import ACCOUNT, CartItem, Order

PAID, AUTHORIZED, REFUNDED = "paid", "authorized", "refunded"


def serialize_order(order: Order, ctx: OperationContext) -> dict[str, Any]:
    """Return an order; fields that it does not have are omitted."""
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
        "meta": {
            "display_price": _serialize_totals(order),
            "timestamps": _serialize_timestamps(order, ctx),
        },
        "relationships": _serialize_relationships(order),
    }


def serialize_included(orders: Iterable[Order], ctx: OperationContext) -> dict[str, Any]:
    """Return the `included` of a response with orders: their items, if the request asks for them.

    Empty where there is nothing to include: then the response has no `included`.
    """
    if "items" not in ctx.params.get("include", ()):
        return {}
    items = [item for order in orders for item in serialize_order_items(order, ctx)]
    return {"included": {"items": items}} if items else {}


def serialize_order_items(order: Order, ctx: OperationContext) -> list[dict[str, Any]]:
    return [_serialize_item(priced, order, ctx) for priced in price_items(order.items)]


def order_amounts(order: Order) -> Amounts:
    return total(price_items(order.items))


def paid_and_authorized(order: Order) -> tuple[int, int]:
    """Return how much of an order was paid, and how much is authorized."""
    if order.payment in (PAID, REFUNDED):
        return order_amounts(order).with_tax, 0
    if order.payment == AUTHORIZED:
        return 0, order_amounts(order).with_tax
    return order.paid, order.authorized


def _serialize_totals(order: Order) -> dict[str, Any]:
    paid, authorized = paid_and_authorized(order)
    amounts = order_amounts(order)
    payments = {
        "balance_owing": amounts.with_tax - paid - authorized,
        "paid": paid,
        "authorized": authorized,
    }
    return {
        **serialize_totals(amounts, order.currency),
        **{name: serialize_money(amount, order.currency) for name, amount in payments.items()},
    }


def _serialize_relationships(order: Order) -> dict[str, Any]:
    items = [{"type": "item", "id": _item_id(order, item)} for item in order.items]
    relationships: dict[str, Any] = {"items": {"data": items}}
    if order.owner is not None:
        owner = order.owner
        relationships[owner.type] = {"data": {"type": owner.type, "id": owner.id}}
    if order.member_id is not None:
        member = {"type": "account_member", "id": order.member_id}
        relationships[f"{ACCOUNT}_member"] = {"data": member}
    return relationships


def _serialize_item(priced: PricedItem, order: Order, ctx: OperationContext) -> dict[str, Any]:
    item, product = priced.item, ctx.product_of(priced.item)
    prices = serialize_prices(priced)
    optional = {
        "promotion_source": item.promotion and "rule-promotion",
        "custom_inputs": item.custom_inputs,
        "location": item.location,
        "shipping_group_id": item.shipping_group_id,
        "catalog_id": product and ctx.tx.state.store["catalog_id"],
        "catalog_source": product and "pim",
    }
    created_at = to_seconds_text(ctx.tx.absolute(order.created_at))
    promotions = [{"type": "promotion", "id": promotion.id} for promotion, _ in priced.discounts]
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


def _serialize_timestamps(order: Order, ctx: OperationContext) -> dict[str, str]:
    instants = {
        "created_at": order.created_at,
        "updated_at": order.updated_at,
        "fully_paid_at": order.fully_paid_at,
    }
    return {
        name: to_seconds_text(ctx.tx.absolute(instant))
        for name, instant in instants.items()
        if instant is not None
    }
