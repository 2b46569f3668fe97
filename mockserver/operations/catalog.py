"""The product catalog: currencies, products, hierarchies. It comes from the fixtures and never
changes."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote as percent_encode

from mockserver.core.errors import ApiError
from mockserver.operations.base import OperationContext, OperationResult
from mockserver.operations.lists.pages import page_response
from mockserver.operations.pricing import serialize_money
from mockserver.store.entities import Currency, Hierarchy, Product

PRODUCTS = "/catalog/products"
Test = Callable[[Product], bool]
_CONDITION = re.compile(r"(eq|in)\((id|sku|slug|name),([^()]+)\)(?::(?=.)|$)")


def list_currencies(ctx: OperationContext) -> OperationResult:
    currencies = list(ctx.tx.state.currencies.values())
    return page_response(ctx, "/v2/currencies", currencies, _serialize_currency)


def list_products(ctx: OperationContext) -> OperationResult:
    """List the products that match a filter, in the order of the fixtures."""
    expression = ctx.params.get("filter", "")
    tests = _tests(expression)
    products = ctx.tx.state.products.values()
    matches = [product for product in products if all(test(product) for test in tests)]
    query = f"&filter={percent_encode(expression, safe='(),:')}" if expression else ""
    return page_response(ctx, PRODUCTS, matches, _serialize_product, query=query)


def get_product(ctx: OperationContext) -> OperationResult:
    product = ctx.tx.products.get(ctx.params["productID"])
    if product is None:
        raise ApiError("product-not-found", id=ctx.params["productID"])
    return OperationResult(200, {"data": _serialize_product(product, ctx)})


def list_hierarchies(ctx: OperationContext) -> OperationResult:
    """List the roots of the catalog's navigation."""
    path = "/catalog/hierarchies"
    return page_response(ctx, path, ctx.tx.state.hierarchies, _serialize_hierarchy)


def _tests(expression: str) -> list[Test]:
    """Return the conditions of a filter, all of which must be met: `eq(sku,…)`, `in(id,…,…)`."""
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


def _serialize_currency(currency: Currency, ctx: OperationContext) -> dict[str, Any]:
    return {
        "id": currency.id,
        "type": "currency",
        "code": currency.code,
        "exchange_rate": 1,
        "default": currency.default,
        "enabled": True,
        "links": {"self": f"{ctx.base_url}/v2/currencies/{currency.id}"},
    }


def _serialize_product(product: Product, ctx: OperationContext) -> dict[str, Any]:
    currency = ctx.params.get("X-MOLTIN-CURRENCY", "").upper() or ctx.tx.state.default_currency
    price = product.prices.get(currency)
    name = "with_tax" if price and price.includes_tax else "without_tax"
    display_price = {name: serialize_money(price.amount, currency)} if price else {}
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
                code: {"amount": price.amount, "currency": code, "includes_tax": price.includes_tax}
                for code, price in product.prices.items()
            },
        },
        "meta": {"display_price": display_price},
        "relationships": {},
    }


def _serialize_hierarchy(hierarchy: Hierarchy, _: OperationContext) -> dict[str, Any]:
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
