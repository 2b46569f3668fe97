"""Orders: read those that checkout has made."""

import re
from collections.abc import Callable

from mockserver.core.clock import parse_instant
from mockserver.operations.base import OperationContext, OperationResult
from mockserver.operations.lists.filters import Field, Grammar
from mockserver.operations.lists.pages import COMPARISONS, list_response, text_field
from mockserver.operations.records import get_order_or_404
from mockserver.operations.serializers.orders import (
    order_amounts,
    serialize_included,
    serialize_order,
    serialize_order_items,
)
from mockserver.store.entities import ACCOUNT, CUSTOMER, Order

LIKE = ("eq", "like")
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_INTEGER = re.compile(r"-?\d{1,15}", re.ASCII)


def list_orders(ctx: OperationContext) -> OperationResult:
    """List the caller's orders, the newest one first."""
    orders = ctx.tx.orders.list(ctx.caller.owner)
    result = list_response(ctx, "/v2/orders", orders, serialize_order, _grammar(ctx))
    page = (ctx.tx.state.orders[data["id"]] for data in result.body["data"])
    result.body.update(serialize_included(page, ctx))
    return result


def get(ctx: OperationContext) -> OperationResult:
    order = get_order_or_404(ctx, ctx.params["orderID"])
    body = {"data": serialize_order(order, ctx), **serialize_included([order], ctx)}
    return OperationResult(200, body)


def list_items(ctx: OperationContext) -> OperationResult:
    order = get_order_or_404(ctx, ctx.params["orderID"])
    return OperationResult(200, {"data": serialize_order_items(order, ctx)})


def _grammar(ctx: OperationContext) -> Grammar:
    return {
        "status": text_field("status", "eq"),
        "payment": text_field("payment", "eq"),
        "shipping": text_field("shipping", "eq"),
        **{name: _person_field(name, "customer", "contact") for name in ("name", "email")},
        **{
            f"{person}.{name}": _person_field(name, person)
            for person in ("customer", "contact")
            for name in ("name", "email")
        },
        "customer_id": _owner_field(CUSTOMER),
        "account_id": _owner_field(ACCOUNT),
        "account_member_id": Field(LIKE, lambda order: order.member_id, str.lower),
        "shipping_postcode": Field(LIKE, lambda order: order.shipping_address.get("postcode")),
        "billing_postcode": Field(LIKE, lambda order: order.billing_address.get("postcode")),
        "with_tax": _amount_field(lambda order: order_amounts(order).with_tax),
        "without_tax": _amount_field(lambda order: order_amounts(order).without_tax),
        "currency": text_field("currency", "eq"),
        "product_id": Field(("eq",), lambda order: [i.product_id for i in order.items], many=True),
        "product_sku": Field(("eq",), lambda order: [i.sku for i in order.items], many=True),
        "created_at": _instant_field(ctx, "created_at"),
        "updated_at": _instant_field(ctx, "updated_at"),
        "external_ref": text_field("external_ref", *LIKE),
        "order_number": text_field("order_number", *LIKE),
    }


def _person_field(name: str, *roles: str) -> Field:
    """Return the field of a name or an e-mail address, of a person in any of some roles."""

    def read(order: Order) -> list[str]:
        people = (getattr(order, role) or {} for role in roles)
        return [person[name] for person in people if name in person]

    return Field(LIKE, read, many=True)


def _owner_field(owner_type: str) -> Field:
    def read(order: Order) -> str | None:
        return order.owner.id if order.owner and order.owner.type == owner_type else None

    return Field(LIKE, read, str.lower)


def _amount_field(read: Callable[[Order], int]) -> Field:
    return Field(("gt", "ge", "lt", "le"), read, _parse_integer, "a whole number, such as 10000")


def _parse_integer(text: str) -> int:
    if _INTEGER.fullmatch(text) is None:
        raise ValueError(text)
    return int(text)


def _instant_field(ctx: OperationContext, name: str) -> Field:
    return Field(
        COMPARISONS,
        lambda order: ctx.tx.absolute(getattr(order, name)),
        lambda text: parse_instant(f"{text}T00:00:00Z" if _DATE.fullmatch(text) else text),
        "a date, such as 2026-01-31, or an instant, such as 2026-01-31T12:00:00Z",
    )
