"""The items of a cart as the API shows them."""

from typing import Any

from mockserver.core.clock import to_seconds_text
from mockserver.operations.base import OperationContext
from mockserver.operations.pricing import PricedItem, price_lines, show_prices, total
from mockserver.operations.pricing import show_totals as show_amounts
from mockserver.store.entities import Cart, CartItem

NO_IMAGE = {"mime_type": "", "file_name": "", "href": ""}


def collection(cart: Cart, ctx: OperationContext) -> dict[str, Any]:
    """Return the answer of all operations on items: every item, the totals, the times."""
    return {
        "data": show_items(cart, ctx),
        "meta": {"display_price": show_totals(cart), "timestamps": show_timestamps(cart, ctx)},
    }


def show_items(cart: Cart, ctx: OperationContext) -> list[dict[str, Any]]:
    """Return every item of a cart, with its prices."""
    return [_show(line, ctx) for line in price_lines(cart.items)]


def show_totals(cart: Cart) -> dict[str, Any]:
    """Return the prices of a cart as a whole."""
    return show_amounts(total(price_lines(cart.items)), cart.currency)


def show_timestamps(cart: Cart, ctx: OperationContext) -> dict[str, str]:
    """Return when a cart was made and changed, and when it will be gone."""
    return {**_times(cart, ctx), "expires_at": to_seconds_text(ctx.tx.absolute(cart.expires_at))}


def _show(line: PricedItem, ctx: OperationContext) -> dict[str, Any]:
    """Return an item; fields that it does not have are left away."""
    item, product = line.item, ctx.product_of(line.item)
    prices = show_prices(line)
    optional = {
        "product_id": product and product.id,
        "promotion_id": item.promotion and item.promotion.id,
        "promotion_source": item.promotion and "rule-promotion",
        "custom_inputs": item.custom_inputs,
        "location": item.location,
        "shipping_group_id": item.shipping_group_id,
        "catalog_id": product and ctx.tx.state.store["catalog_id"],
        "catalog_source": product and "pim",
    }
    return {
        "id": item.id,
        "type": item.type,
        "name": item.name,
        "description": item.description,
        "sku": item.sku,
        "slug": product.slug if product else "",
        "image": {**NO_IMAGE, **(product.image if product else {})},
        "quantity": item.quantity,
        "manage_stock": product is not None and product.manage_stock,
        **{name: value for name, value in optional.items() if value is not None},
        **prices,
        "links": {"product": f"{ctx.base_url}/catalog/products/{product.id}"} if product else {},
        "meta": {**prices["meta"], "timestamps": _times(item, ctx)},
    }


def _times(record: Cart | CartItem, ctx: OperationContext) -> dict[str, str]:
    return {
        "created_at": to_seconds_text(ctx.tx.absolute(record.created_at)),
        "updated_at": to_seconds_text(ctx.tx.absolute(record.updated_at)),
    }
