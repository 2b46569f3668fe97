"""Prices of items and of carts: promotions, taxes, totals, and their serialization.

Pure functions of items, in whole numbers of a currency's smallest unit. Promotions apply one after
the other, each to what the one before has left, so that nothing falls below zero; each is spread
over the items by their value. The totals are the sums over the items.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from mockserver.store.entities import CartItem, Promotion

CART_ITEM, CUSTOM_ITEM, PROMOTION_ITEM = "cart_item", "custom_item", "promotion_item"
BASIS_POINTS = 10_000
"""One hundred percent, in basis points."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """The amounts of an item or of several; `discount` is zero or less."""

    without_discount: int = 0
    discount: int = 0
    without_tax: int = 0
    tax: int = 0

    @property
    def with_tax(self) -> int:
        return self.without_tax + self.tax

    def __add__(self, other: Amounts) -> Amounts:
        return Amounts(
            self.without_discount + other.without_discount,
            self.discount + other.discount,
            self.without_tax + other.without_tax,
            self.tax + other.tax,
        )


@dataclass(frozen=True, slots=True)
class PricedItem:
    """An item with its amounts for the whole quantity, and the discount of each promotion on it.

    A promotion has no amounts itself: its only discount is the sum of those on all other items.
    """

    item: CartItem
    currency: str
    amounts: Amounts
    discounts: tuple[tuple[Promotion, int], ...] = ()


def price_items(items: Sequence[CartItem]) -> list[PricedItem]:
    """Return the items of one cart with their amounts, in their order."""
    currency = next((item.currency for item in items if item.currency), "")
    values = [item.price.amount * item.quantity for item in items]
    discounts: list[list[tuple[Promotion, int]]] = [[] for _ in items]
    for index, item in enumerate(items):
        if (promotion := item.promotion) is None:
            continue
        shares = _spread(_discount(promotion, sum(values), currency), values)
        discounts[index].append((promotion, sum(shares)))
        for target, share in enumerate(shares):
            values[target] -= share
            if share:
                discounts[target].append((promotion, share))
    return [
        PricedItem(item, currency, _amounts(item, value), tuple(item_discounts))
        for item, value, item_discounts in zip(items, values, discounts, strict=True)
    ]


def total(priced_items: Iterable[PricedItem]) -> Amounts:
    return sum((priced.amounts for priced in priced_items), Amounts())


def serialize_prices(priced: PricedItem) -> dict[str, Any]:
    quantity, currency = priced.item.quantity, priced.currency
    price = priced.item.price
    if priced.item.promotion is not None:
        discount = -priced.discounts[0][1]
        amounts, unit, value = Amounts(0, 0, discount, 0), discount, discount
    else:
        amounts, unit, value = priced.amounts, price.amount, price.amount * quantity
    display_price = {
        name: {
            "unit": serialize_money(_divide(amount, quantity), currency),
            "value": serialize_money(amount, currency),
        }
        for name, amount in _by_name(amounts).items()
    }
    tax = {"currency": currency, "includes_tax": price.includes_tax}
    prices: dict[str, Any] = {
        "unit_price": {"amount": unit, **tax},
        "value": {"amount": value, **tax},
        "meta": {"display_price": display_price},
    }
    if priced.discounts and priced.item.promotion is None:
        prices["discounts"] = _serialize_discounts(priced, tax)
        display_price["discounts"] = _serialize_discounts_by_code(priced)
    return prices


def serialize_totals(amounts: Amounts, currency: str | None) -> dict[str, Any]:
    """Return the `display_price` of a cart or an order; without a currency there is no price."""
    by_name = {**_by_name(amounts), "shipping": 0, "shipping_discount": 0}
    return {name: serialize_money(amount, currency or "") for name, amount in by_name.items()}


def serialize_money(amount: int, currency: str) -> dict[str, Any]:
    """Return an amount, formatted as `$3,500.00`, or as `0` where there is no currency."""
    formatted = _format(amount, currency) if currency else str(amount)
    return {"amount": amount, "currency": currency, "formatted": formatted}


@lru_cache(maxsize=10_000)
def _format(amount: int, currency: str) -> str:
    from babel import numbers  # a tenth of the start-up time: only a request with a price pays

    exact = Decimal(amount).scaleb(-numbers.get_currency_precision(currency))
    return numbers.format_currency(exact, currency, locale="en_US")


def _discount(promotion: Promotion, value: int, currency: str) -> int:
    """Return the discount of a promotion on a value: never more than the value."""
    if promotion.percent is not None:
        return _divide(value * promotion.percent, 100)
    return min(value, promotion.amounts.get(currency, 0))


def _spread(amount: int, weights: Sequence[int]) -> list[int]:
    """Return an amount in whole shares that are proportional to the weights and sum up to it."""
    whole = sum(weights)
    if not whole:
        return [0] * len(weights)
    shares = [amount * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: -(amount * weights[i] % whole))
    for index in by_remainder[: amount - sum(shares)]:
        shares[index] += 1
    return shares


def _amounts(item: CartItem, discounted: int) -> Amounts:
    """Return the amounts of an item with its value after all discounts."""
    value = item.price.amount * item.quantity
    rate = item.tax_basis_points
    if item.price.includes_tax:
        tax = _divide(discounted * rate, BASIS_POINTS + rate)
        return Amounts(value, discounted - value, discounted - tax, tax)
    return Amounts(value, discounted - value, discounted, _divide(discounted * rate, BASIS_POINTS))


def _by_name(amounts: Amounts) -> dict[str, int]:
    return {
        "with_tax": amounts.with_tax,
        "without_tax": amounts.without_tax,
        "tax": amounts.tax,
        "discount": amounts.discount,
        "without_discount": amounts.without_discount,
    }


def _serialize_discounts(priced: PricedItem, tax: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "amount": {"amount": -share, **tax},
            "code": promotion.code,
            "id": promotion.id,
            "promotion_source": "rule-promotion",
            "is_cart_discount": True,
            "ordinal": ordinal,
        }
        for ordinal, (promotion, share) in enumerate(priced.discounts, 1)
    ]


def _serialize_discounts_by_code(priced: PricedItem) -> dict[str, Any]:
    by_code = {}
    for promotion, share in priced.discounts:
        discount = serialize_money(-share, priced.currency)
        by_code[promotion.code] = {**discount, "constituents": {promotion.id: discount}}
    return by_code


def _divide(amount: int, divisor: int) -> int:
    """Return a quotient, the half rounded away from zero."""
    quotient = (2 * abs(amount) + divisor) // (2 * divisor)
    return quotient if amount >= 0 else -quotient
