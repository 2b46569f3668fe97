"""The catalogue of a world, and what its carts hold of it, as parts of a fixture file."""

from __future__ import annotations

from typing import Any

from mockserver.clock import SECOND
from mockserver.world import Cart, CartItem, Price, Product, Promotion, World


def catalogue(world: World) -> dict[str, Any]:
    """Return the sections of the catalogue."""
    return {
        "currencies": [
            {"code": each.code, "default": each.default} for each in world.currencies.values()
        ],
        "products": [_product(each) for each in world.products.values()],
        "promotions": [_promotion(each) for each in world.promotions.values()],
        "hierarchies": [
            {"id": h.id, "name": h.name, "slug": h.slug, "description": h.description}
            for h in world.hierarchies
        ],
    }


def items(cart: Cart, now: int) -> dict[str, Any]:
    """Return the fields of a cart that tell what is in it."""
    return _given(
        currency=cart.currency,
        shipping_groups=dict(cart.shipping_groups),
        items=[_item(item, now) for item in cart.items],
    )


def duration(milliseconds: int) -> str:
    """Return a duration as fixtures write it."""
    return f"PT{max(milliseconds, 0) // SECOND}S"


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


def _product(product: Product) -> dict[str, Any]:
    return {
        "id": product.id,
        "sku": product.sku,
        "name": product.name,
        "slug": product.slug,
        **_given(description=product.description, tax_basis_points=product.tax_basis_points),
        "prices": {code: _price(price) for code, price in product.prices.items()},
        **({"stock": product.stock} if product.manage_stock else {}),
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
