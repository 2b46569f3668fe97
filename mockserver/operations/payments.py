"""Payments by the manual gateway: the merchant states that money has come, or will."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mockserver.core.clock import to_seconds_text
from mockserver.core.errors import ApiError
from mockserver.operations.base import OperationContext, OperationResult
from mockserver.operations.pricing import serialize_money
from mockserver.operations.records import get_order_or_404
from mockserver.operations.serializers.orders import (
    AUTHORIZED,
    PAID,
    order_amounts,
    paid_and_authorized,
)
from mockserver.store.entities import Order

MANUAL = "manual"
PURCHASE, AUTHORIZE = "purchase", "authorize"
PAYABLE = ("unpaid", "partially_paid", "partially_authorized")


def pay(ctx: OperationContext) -> OperationResult:
    """Pay for an order, or authorize it: as a whole, or the amount that the body names."""
    data = ctx.body["data"]
    order = get_order_or_404(ctx, ctx.params["orderID"])
    if data["gateway"] != MANUAL or data["method"] not in (PURCHASE, AUTHORIZE):
        raise ApiError("payment-not-processed")
    owing = _amount_owing(order)
    amount = data.get("amount", owing)
    if amount > owing:
        raise ApiError("amount-too-high", amount=f"amount of {amount}", owing=f"the {owing}")
    ctx.tx.orders.save(_apply_payment(ctx, order, data["method"], amount))
    return OperationResult(200, {"data": _serialize_transaction(ctx, order, data, amount)})


def _amount_owing(order: Order) -> int:
    """Return what is left to pay. Raises ApiError for an order that cannot be paid."""
    total = order_amounts(order).with_tax
    owing = total - sum(paid_and_authorized(order))
    if order.status == "cancelled" or order.payment not in PAYABLE or owing == 0 != total:
        raise ApiError(
            "order-not-payable",
            status=f"order:{order.status}",
            payment=f"payment:{order.payment}",
        )
    return owing


def _apply_payment(ctx: OperationContext, order: Order, method: str, amount: int) -> Order:
    """Return an order after a payment, with the statuses that follow from it."""
    total = order_amounts(order).with_tax
    if method == PURCHASE:
        paid, authorized = order.paid + amount, order.authorized
    else:
        paid, authorized = order.paid, order.authorized + amount
    order = replace(order, paid=paid, authorized=authorized)
    if method == PURCHASE and paid == total:
        return replace(order, status="complete", payment=PAID, fully_paid_at=ctx.tx.now)
    if paid:
        return replace(order, payment="partially_paid")
    if authorized == total:
        return replace(order, status="processing", payment=AUTHORIZED)
    return replace(order, payment="partially_authorized")


def _serialize_transaction(
    ctx: OperationContext, order: Order, data: Mapping[str, Any], amount: int
) -> dict[str, Any]:
    now = to_seconds_text(ctx.tx.absolute(ctx.tx.now))
    meta = data.get("paymentmethod_meta", {})
    return {
        "id": ctx.ids.uuid("transaction"),
        "type": "transaction",
        "reference": MANUAL,
        **{name: text for name, text in meta.items() if name in ("name", "custom_reference")},
        "gateway": MANUAL,
        "amount": amount,
        "refunded_amount": 0,
        "currency": order.currency,
        "transaction_type": data["method"],
        "status": "complete",
        "relationships": {"order": {"data": {"type": "order", "id": order.id}}},
        "meta": {
            "display_price": serialize_money(amount, order.currency),
            "display_refunded_amount": {"total": serialize_money(0, order.currency)},
            "timestamps": {"created_at": now, "updated_at": now},
        },
    }
