"""The catalogue of a world, and what its carts hold of it, as parts of a fixture file."""

from __future__ import annotations

from typing import Any

from mockserver.clock import MOST_AGE, SECOND
from mockserver.goods import CartItem, Price, Product, Promotion
from mockserver.world import ACCOUNT, CUSTOMER, Cart, Order, World

ORDER_FIELDS = (
    "status",
    "payment",
    "shipping",
    "customer",
    "contact",
    "billing_address",
    "shipping_address",
    "order_number",
    "external_ref",
    "custom_attributes",
    "paid",
    "authorized",
)


def catalogue(world: World) -> dict[str, Any]:
    """Return the sections of the catalogue."""
    return {
        "currencies": [
            {"code": each.code, "default": each.default} for each in world.currencies.values()
        ],
        "products": [
            _product(each, world.allocated.get(each.id) or 0) for each in world.products.values()
        ],
        "promotions": [_promotion(each) for each in world.promotions.values()],
        "hierarchies": [
            {"id": h.id, "name": h.name, "slug": h.slug, "description": h.description}
            for h in world.hierarchies
        ],
    }


def orders(world: World, now: int) -> list[dict[str, Any]]:
    """Return the orders of a world, the newest one first."""
    found = sorted(world.orders.values(), key=lambda order: (order.created_at, order.revision))
    return [_order(each, world, now) for each in reversed(found)]


def items(cart: Cart, now: int) -> dict[str, Any]:
    """Return the fields of a cart that tell what is in it."""
    return _given(
        currency=cart.currency,
        shipping_groups=dict(cart.shipping_groups),
        items=[_item(item, now) for item in cart.items],
    )


def duration(milliseconds: int) -> str:
    """Return a duration as fixtures write it: never below zero nor longer than they may be, however
    far the clock was moved."""
    return f"PT{min(max(milliseconds, 0), MOST_AGE) // SECOND}S"


def _order(order: Order, world: World, now: int) -> dict[str, Any]:
    kind, owner_id = order.owner or ("", "")
    known = {ACCOUNT: world.accounts, CUSTOMER: world.customers}.get(kind, ())
    member_id = order.member_id if order.member_id in world.members else None
    paid_at = order.fully_paid_at
    return {
        "id": order.id,
        **({f"{kind}_id": owner_id} if owner_id in known else {}),
        **_given(member_id=member_id, **{name: getattr(order, name) for name in ORDER_FIELDS}),
        "idle": duration(now - order.updated_at),
        "age": duration(now - order.created_at),
        **({} if paid_at is None else {"paid_ago": duration(now - paid_at)}),
        **_given(
            currency=order.currency,
            shipping_groups={
                item.shipping_group_id: order.currency
                for item in order.items
                if item.shipping_group_id
            },
        ),
        "items": [_item(item, now) for item in order.items],
    }


def _item(item: CartItem, now: int) -> dict[str, Any]:
    if item.product is not None:
        what: dict[str, Any] = {"product_id": item.product.id, "quantity": item.quantity}
    elif item.promotion is not None:
        what = {"code": item.promotion.code}
    else:
        what = {
            "name": item.name,
            **_given(description=item.description, sku=item.sku),
            "quantity": item.quantity,
            "price": _price(item.price),
        }
    return {
        "id": item.id,
        "type": item.type,
        **what,
        **_given(
            custom_inputs=item.custom_inputs,
            location=item.location,
            shipping_group_id=item.shipping_group_id,
        ),
        "idle": duration(now - item.updated_at),
        "age": duration(now - item.created_at),
    }


def _product(product: Product, allocated: int) -> dict[str, Any]:
    return {
        "id": product.id,
        "sku": product.sku,
        "name": product.name,
        "slug": product.slug,
        **_given(description=product.description, tax_basis_points=product.tax_basis_points),
        "prices": {code: _price(price) for code, price in product.prices.items()},
        **({"stock": product.stock - allocated} if product.manage_stock else {}),
        **_given(image=dict(product.image)),
    }


def _promotion(promotion: Promotion) -> dict[str, Any]:
    return {
        "id": promotion.id,
        "code": promotion.code,
        "name": promotion.name,
        **_given(percent=promotion.percent, amounts=dict(promotion.amounts)),
    }


def _price(price: Price) -> dict[str, Any]:
    return {"amount": price.amount, "includes_tax": price.includes_tax}


def _given(**fields: Any) -> dict[str, Any]:
    """Return the fields that say something."""
    return {name: value for name, value in fields.items() if value}
