"""Orders: what came out of carts at checkout, to be read."""

import re
from collections.abc import Callable
from typing import Any

from mockserver.core.clock import parse_instant
from mockserver.core.errors import ApiError
from mockserver.operations.base import OperationContext, OperationResult
from mockserver.operations.lists.filters import Field, Grammar
from mockserver.operations.lists.listing import COMPARISONS, attribute, listed
from mockserver.operations.serializers import orders
from mockserver.store.entities import ACCOUNT, CUSTOMER, Order

LIKE = ("eq", "like")
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_WHOLE = re.compile(r"-?\d{1,15}", re.ASCII)


def list_orders(ctx: OperationContext) -> OperationResult:
    """List the caller's orders, the newest one first."""
    found = ctx.tx.orders.list(ctx.caller.owner)
    shown: list[Order] = []

    def show(order: Order) -> dict[str, Any]:
        shown.append(order)
        return orders.show(order, ctx)

    reply = listed(ctx, "/v2/orders", found, show, _grammar(ctx))
    if items := orders.included(shown, ctx):
        reply.body["included"] = items
    return reply


def get(ctx: OperationContext) -> OperationResult:
    """Return one order."""
    order = existing(ctx)
    body = {"data": orders.show(order, ctx)}
    if items := orders.included([order], ctx):
        body["included"] = items
    return OperationResult(200, body)


def list_items(ctx: OperationContext) -> OperationResult:
    """List the items of one order."""
    return OperationResult(200, {"data": orders.show_items(existing(ctx), ctx)})


def existing(ctx: OperationContext) -> Order:
    """Return the order that the path names; there must be one."""
    return find_order(ctx, ctx.params["orderID"])


def find_order(ctx: OperationContext, order_id: str) -> Order:
    """Return an order that the caller may know: an account and a customer only their own ones."""
    order = ctx.tx.orders.get(order_id.lower())
    if order is None or ctx.caller.owner not in (None, order.owner):
        raise ApiError("order-not-found")
    return order


def _grammar(ctx: OperationContext) -> Grammar:
    """Return what a list of orders can be filtered by."""
    return {
        "status": attribute("status", "eq"),
        "payment": attribute("payment", "eq"),
        "shipping": attribute("shipping", "eq"),
        **{name: _told(name, "customer", "contact") for name in ("name", "email")},
        **{
            f"{person}.{name}": _told(name, person)
            for person in ("customer", "contact")
            for name in ("name", "email")
        },
        "customer_id": _owner(CUSTOMER),
        "account_id": _owner(ACCOUNT),
        "account_member_id": Field(LIKE, lambda order: order.member_id, str.lower),
        "shipping_postcode": Field(LIKE, lambda order: order.shipping_address.get("postcode")),
        "billing_postcode": Field(LIKE, lambda order: order.billing_address.get("postcode")),
        "with_tax": _amount(lambda order: orders.amounts(order).with_tax),
        "without_tax": _amount(lambda order: orders.amounts(order).without_tax),
        "currency": attribute("currency", "eq"),
        "product_id": Field(("eq",), lambda order: [i.product_id for i in order.items], many=True),
        "product_sku": Field(("eq",), lambda order: [i.sku for i in order.items], many=True),
        "created_at": _instant(ctx, "created_at"),
        "updated_at": _instant(ctx, "updated_at"),
        "external_ref": attribute("external_ref", *LIKE),
        "order_number": attribute("order_number", *LIKE),
    }


def _told(name: str, *people: str) -> Field:
    """Return the field of a name or an e-mail address, whichever of some people has it."""

    def read(order: Order) -> list[str]:
        known = (getattr(order, person) or {} for person in people)
        return [each[name] for each in known if name in each]

    return Field(LIKE, read, many=True)


def _owner(kind: str) -> Field:
    def read(order: Order) -> str | None:
        return order.owner[1] if order.owner and order.owner[0] == kind else None

    return Field(LIKE, read, str.lower)


def _amount(read: Callable[[Order], int]) -> Field:
    return Field(("gt", "ge", "lt", "le"), read, _integer, "a whole number, such as 10000")


def _integer(text: str) -> int:
    if _WHOLE.fullmatch(text) is None:
        raise ValueError(text)
    return int(text)


def _instant(ctx: OperationContext, name: str) -> Field:
    return Field(
        COMPARISONS,
        lambda order: ctx.tx.absolute(getattr(order, name)),
        lambda text: parse_instant(f"{text}T00:00:00Z" if _DATE.fullmatch(text) else text),
        "a date, such as 2026-01-31, or an instant, such as 2026-01-31T12:00:00Z",
    )
