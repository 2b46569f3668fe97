"""Payments by the manual gateway: a merchant's word that money has come, or will."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mockserver.core.clock import to_seconds_text
from mockserver.core.errors import ApiError
from mockserver.operations.base import OperationContext, OperationResult
from mockserver.operations.orders import existing
from mockserver.operations.pricing import money
from mockserver.operations.serializers.orders import AUTHORIZED, PAID, amounts, paid_and_authorized
from mockserver.store.entities import Order

MANUAL = "manual"
PURCHASE, AUTHORIZE = "purchase", "authorize"
PAYABLE = ("unpaid", "partially_paid", "partially_authorized")


def pay(ctx: OperationContext) -> OperationResult:
    """Pay for an order, or authorize it: as a whole, or the amount that the body names."""
    given = ctx.body["data"]
    order = existing(ctx)
    if given["gateway"] != MANUAL or given["method"] not in (PURCHASE, AUTHORIZE):
        raise ApiError("payment-not-processed")
    owing = _owing(order)
    amount = given.get("amount", owing)
    if amount > owing:
        raise ApiError("amount-too-high", amount=f"amount of {amount}", owing=f"the {owing}")
    ctx.tx.orders.save(_paid(ctx, order, given["method"], amount))
    return OperationResult(200, {"data": _transaction(ctx, order, given, amount)})


def _owing(order: Order) -> int:
    """Return what is left to be paid, of an order that can be paid."""
    whole = amounts(order).with_tax
    owing = whole - sum(paid_and_authorized(order))
    if order.status == "cancelled" or order.payment not in PAYABLE or owing == 0 != whole:
        raise ApiError(
            "order-not-payable",
            status=f"order:{order.status}",
            payment=f"payment:{order.payment}",
        )
    return owing


def _paid(ctx: OperationContext, order: Order, method: str, amount: int) -> Order:
    """Return an order after a payment, with the statuses that follow from it."""
    whole = amounts(order).with_tax
    if method == PURCHASE:
        paid, authorized = order.paid + amount, order.authorized
    else:
        paid, authorized = order.paid, order.authorized + amount
    paid_now = replace(order, paid=paid, authorized=authorized)
    if method == PURCHASE and paid == whole:
        return replace(paid_now, status="complete", payment=PAID, fully_paid_at=ctx.tx.now)
    if paid:
        return replace(paid_now, payment="partially_paid")
    if authorized == whole:
        return replace(paid_now, status="processing", payment=AUTHORIZED)
    return replace(paid_now, payment="partially_authorized")


def _transaction(
    ctx: OperationContext, order: Order, given: Mapping[str, Any], amount: int
) -> dict[str, Any]:
    """Return what is told of a payment."""
    now = to_seconds_text(ctx.tx.absolute(ctx.tx.now))
    told = given.get("paymentmethod_meta", {})
    return {
        "id": ctx.ids.uuid("transaction"),
        "type": "transaction",
        "reference": MANUAL,
        **{name: text for name, text in told.items() if name in ("name", "custom_reference")},
        "gateway": MANUAL,
        "amount": amount,
        "refunded_amount": 0,
        "currency": order.currency,
        "transaction_type": given["method"],
        "status": "complete",
        "relationships": {"order": {"data": {"type": "order", "id": order.id}}},
        "meta": {
            "display_price": money(amount, order.currency),
            "display_refunded_amount": {"total": money(0, order.currency)},
            "timestamps": {"created_at": now, "updated_at": now},
        },
    }
