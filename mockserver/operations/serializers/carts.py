"""Carts and their items as JSON values."""

from typing import Any

from mockserver.core.clock import to_seconds_text
from mockserver.operations.base import OperationContext
from mockserver.operations.pricing import (
    PricedItem,
    price_items,
    serialize_prices,
    serialize_totals,
    total,
)
from mockserver.store.entities import ACCOUNT, CUSTOMER, Cart, CartItem

NO_IMAGE = {"mime_type": "", "file_name": "", "href": ""}


def serialize_cart(cart: Cart, ctx: OperationContext) -> dict[str, Any]:
    """Return a cart; fields that are not set are omitted."""
    optional = {
        "contact": cart.contact,
        "custom_attributes": cart.custom_attributes,
        "snapshot_date": cart.snapshot_date,
        "payment_intent_id": cart.payment_intent_id,
    }
    items = [{"type": item.type, "id": item.id} for item in cart.items]
    setting = ctx.tx.setting
    return {
        "id": cart.id,
        "type": "cart",
        "name": cart.name,
        "description": cart.description,
        **{name: value for name, value in optional.items() if value is not None},
        "discount_settings": {**setting("cart", "discounts"), **(cart.discount_settings or {})},
        "inventory_settings": {**setting("cart", "inventories"), **(cart.inventory_settings or {})},
        "links": {"self": f"{ctx.base_url}/v2/carts/{cart.id}"},
        "meta": _serialize_cart_meta(cart, ctx),
        "relationships": {
            "items": {"data": items or None},
            "accounts": _serialize_owners(cart, ACCOUNT),
            "customers": _serialize_owners(cart, CUSTOMER),
        },
    }


def serialize_cart_items(cart: Cart, ctx: OperationContext) -> list[dict[str, Any]]:
    return [_serialize_item(priced, ctx) for priced in price_items(cart.items)]


def serialize_items_response(cart: Cart, ctx: OperationContext) -> dict[str, Any]:
    """Return the body of every operation on items: all items, the totals, the timestamps."""
    return {"data": serialize_cart_items(cart, ctx), "meta": _serialize_cart_meta(cart, ctx)}


def _serialize_cart_meta(cart: Cart, ctx: OperationContext) -> dict[str, Any]:
    expires_at = to_seconds_text(ctx.tx.absolute(cart.expires_at))
    return {
        "display_price": serialize_totals(total(price_items(cart.items)), cart.currency),
        "timestamps": {**_serialize_timestamps(cart, ctx), "expires_at": expires_at},
    }


def _serialize_owners(cart: Cart, owner_type: str) -> dict[str, Any]:
    data = [{"type": owner_type, "id": owner_id} for owner_id in cart.owner_ids(owner_type)]
    return {"data": data} if data else {}


def _serialize_item(priced: PricedItem, ctx: OperationContext) -> dict[str, Any]:
    """Return an item; fields that it does not have are omitted."""
    item, product = priced.item, ctx.product_of(priced.item)
    prices = serialize_prices(priced)
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
        "meta": {**prices["meta"], "timestamps": _serialize_timestamps(item, ctx)},
    }


def _serialize_timestamps(record: Cart | CartItem, ctx: OperationContext) -> dict[str, str]:
    return {
        "created_at": to_seconds_text(ctx.tx.absolute(record.created_at)),
        "updated_at": to_seconds_text(ctx.tx.absolute(record.updated_at)),
    }
