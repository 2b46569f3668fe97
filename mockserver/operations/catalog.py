"""What a storefront asks for before it has a cart: currencies, products, hierarchies. All of it
comes from the fixtures and never changes."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote as percent_encode

from mockserver.core.errors import ApiError
from mockserver.operations.base import OperationContext, OperationResult
from mockserver.operations.lists.pages import page
from mockserver.operations.pricing import money
from mockserver.store.entities import Currency, Hierarchy, Product

PRODUCTS = "/catalog/products"
Test = Callable[[Product], bool]
_CONDITION = re.compile(r"(eq|in)\((id|sku|slug|name),([^()]+)\)(?::(?=.)|$)")


def list_currencies(ctx: OperationContext) -> OperationResult:
    """List the currencies of the store."""
    found = list(ctx.tx.state.currencies.values())
    return page(ctx, "/v2/currencies", found, lambda each: _show_currency(each, ctx))


def list_products(ctx: OperationContext) -> OperationResult:
    """List the products that a filter lets through, in the order of the fixtures."""
    expression = ctx.params.get("filter", "")
    tests = _tests(expression)
    products = ctx.tx.state.products.values()
    found = [product for product in products if all(test(product) for test in tests)]
    query = f"&filter={percent_encode(expression, safe='(),:')}" if expression else ""
    return page(ctx, PRODUCTS, found, lambda each: _show_product(each, ctx), query=query)


def get_product(ctx: OperationContext) -> OperationResult:
    """Return one product."""
    product = ctx.tx.products.get(ctx.params["productID"])
    if product is None:
        raise ApiError("product-not-found", id=ctx.params["productID"])
    return OperationResult(200, {"data": _show_product(product, ctx)})


def list_hierarchies(ctx: OperationContext) -> OperationResult:
    """List the roots of the catalog's navigation."""
    return page(ctx, "/catalog/hierarchies", ctx.tx.state.hierarchies, _show_hierarchy)


def _tests(expression: str) -> list[Test]:
    """Return the conditions of a filter, all of which must hold: `eq(sku,…)`, `in(id,…,…)`."""
    tests: list[Test] = []
    at = 0
    while at < len(expression):
        match = _CONDITION.match(expression, at)
        if match is None:
            raise ApiError("invalid-filter", reason=f"position {at + 1}: expected eq(…) or in(…)")
        operator, name, text = match.groups()
        values = text.split(",") if operator == "in" else [text]
        tests.append(_test(name, frozenset(value.strip().strip('"') for value in values)))
        at = match.end()
    return tests


def _test(name: str, values: frozenset[str]) -> Test:
    return lambda product: getattr(product, name) in values


def _show_currency(currency: Currency, ctx: OperationContext) -> dict[str, Any]:
    return {
        "id": currency.id,
        "type": "currency",
        "code": currency.code,
        "exchange_rate": 1,
        "default": currency.default,
        "enabled": True,
        "links": {"self": f"{ctx.base_url}/v2/currencies/{currency.id}"},
    }


def _show_product(product: Product, ctx: OperationContext) -> dict[str, Any]:
    asked = ctx.params.get("X-MOLTIN-CURRENCY", "").upper() or ctx.tx.state.default_currency
    price = product.prices.get(asked)
    name = "with_tax" if price and price.includes_tax else "without_tax"
    shown = {name: money(price.amount, asked)} if price else {}
    return {
        "id": product.id,
        "type": "product",
        "attributes": {
            "name": product.name,
            "sku": product.sku,
            "slug": product.slug,
            "description": product.description,
            "status": "live",
            "commodity_type": "physical",
            "manage_stock": product.manage_stock,
            "price": {
                code: {"amount": each.amount, "currency": code, "includes_tax": each.includes_tax}
                for code, each in product.prices.items()
            },
        },
        "meta": {"display_price": shown},
        "relationships": {},
    }


def _show_hierarchy(hierarchy: Hierarchy) -> dict[str, Any]:
    return {
        "id": hierarchy.id,
        "type": "hierarchy",
        "attributes": {
            "name": hierarchy.name,
            "slug": hierarchy.slug,
            "description": hierarchy.description,
        },
        "relationships": {},
    }
