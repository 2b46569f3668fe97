"""Prices of lines and of carts: what a promotion takes off, what is tax, how it is all shown.

Pure functions of items, in whole numbers of a currency's smallest unit. The promotions take off
one after the other, each from what the one before has left, so that nothing falls below zero; each
is spread over the lines by their value. The totals are the sum of the lines.
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
    """What is to be paid for a line or for several; `discount` is zero or less."""

    without_discount: int = 0
    discount: int = 0
    without_tax: int = 0
    tax: int = 0

    @property
    def with_tax(self) -> int:
        """What is paid in the end."""
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
    """A priced item: its amounts for the whole quantity, and what each promotion takes off it.

    A promotion's own line has no amounts: `taken` of it is what it takes off all the others.
    """

    item: CartItem
    currency: str
    amounts: Amounts
    taken: tuple[tuple[Promotion, int], ...] = ()


def price_lines(items: Sequence[CartItem]) -> list[PricedItem]:
    """Return the items of one cart with their amounts, in their order."""
    currency = next((item.currency for item in items if item.currency), "")
    left = [item.price.amount * item.quantity for item in items]
    taken: list[list[tuple[Promotion, int]]] = [[] for _ in items]
    for at, promoted in enumerate(items):
        if (promotion := promoted.promotion) is None:
            continue
        shares = _spread(_discount(promotion, sum(left), currency), left)
        taken[at].append((promotion, sum(shares)))
        for to, share in enumerate(shares):
            left[to] -= share
            if share:
                taken[to].append((promotion, share))
    return [
        PricedItem(item, currency, _amounts(item, left[at]), tuple(taken[at]))
        for at, item in enumerate(items)
    ]


def total(lines: Iterable[PricedItem]) -> Amounts:
    """Return the amounts of all lines together."""
    return sum((line.amounts for line in lines), Amounts())


def show_prices(line: PricedItem) -> dict[str, Any]:
    """Return the prices of a line as the API shows them: the fields of the item, to be merged."""
    quantity, currency = line.item.quantity, line.currency
    price = line.item.price
    if line.item.promotion is not None:
        off = -line.taken[0][1]
        amounts, unit, value = Amounts(0, 0, off, 0), off, off
    else:
        amounts, unit, value = line.amounts, price.amount, price.amount * quantity
    shown = {
        name: {
            "unit": money(_rounded(amount, quantity), currency),
            "value": money(amount, currency),
        }
        for name, amount in _named(amounts).items()
    }
    tax = {"currency": currency, "includes_tax": price.includes_tax}
    prices: dict[str, Any] = {
        "unit_price": {"amount": unit, **tax},
        "value": {"amount": value, **tax},
        "meta": {"display_price": shown},
    }
    if line.taken and line.item.promotion is None:
        prices["discounts"] = _discounts(line, tax)
        shown["discounts"] = _sums(line)
    return prices


def show_totals(amounts: Amounts, currency: str | None) -> dict[str, Any]:
    """Return the `display_price` of a cart or an order; without a currency there is no price."""
    extra = {"shipping": 0, "shipping_discount": 0}
    return {
        name: money(each, currency or "") for name, each in {**_named(amounts), **extra}.items()
    }


def money(amount: int, currency: str) -> dict[str, Any]:
    """Return an amount as the API shows it: `$3,500.00`, and `0` where there is no currency."""
    formatted = _formatted(amount, currency) if currency else str(amount)
    return {"amount": amount, "currency": currency, "formatted": formatted}


@lru_cache(maxsize=10_000)
def _formatted(amount: int, currency: str) -> str:
    from babel import numbers  # a tenth of the start-up time: only who has a price pays for it

    exact = Decimal(amount).scaleb(-numbers.get_currency_precision(currency))
    return numbers.format_currency(exact, currency, locale="en_US")


def _discount(promotion: Promotion, value: int, currency: str) -> int:
    """Return what a promotion takes off a value: never more than there is."""
    if promotion.percent is not None:
        return _rounded(value * promotion.percent, 100)
    return min(value, promotion.amounts.get(currency, 0))


def _spread(amount: int, over: Sequence[int]) -> list[int]:
    """Return an amount in shares that are to each other as the numbers of `over`, to the unit."""
    whole = sum(over)
    if not whole:
        return [0] * len(over)
    shares = [amount * each // whole for each in over]
    rests = sorted(range(len(over)), key=lambda at: -(amount * over[at] % whole))
    for at in rests[: amount - sum(shares)]:
        shares[at] += 1
    return shares


def _amounts(item: CartItem, left: int) -> Amounts:
    """Return the amounts of an item of whose value so much is left after the promotions."""
    value = item.price.amount * item.quantity
    rate = item.tax_basis_points
    if item.price.includes_tax:
        tax = _rounded(left * rate, BASIS_POINTS + rate)
        return Amounts(value, left - value, left - tax, tax)
    return Amounts(value, left - value, left, _rounded(left * rate, BASIS_POINTS))


def _named(amounts: Amounts) -> dict[str, int]:
    return {
        "with_tax": amounts.with_tax,
        "without_tax": amounts.without_tax,
        "tax": amounts.tax,
        "discount": amounts.discount,
        "without_discount": amounts.without_discount,
    }


def _discounts(line: PricedItem, tax: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what each promotion takes off a line, as the API lists it."""
    return [
        {
            "amount": {"amount": -share, **tax},
            "code": promotion.code,
            "id": promotion.id,
            "promotion_source": "rule-promotion",
            "is_cart_discount": True,
            "ordinal": ordinal,
        }
        for ordinal, (promotion, share) in enumerate(line.taken, 1)
    ]


def _sums(line: PricedItem) -> dict[str, Any]:
    """Return what each promotion takes off a line, by its code."""
    shown = {}
    for promotion, share in line.taken:
        off = money(-share, line.currency)
        shown[promotion.code] = {**off, "constituents": {promotion.id: off}}
    return shown


def _rounded(amount: int, divisor: int) -> int:
    """Return a quotient, the half rounded away from zero."""
    quotient = (2 * abs(amount) + divisor) // (2 * divisor)
    return quotient if amount >= 0 else -quotient
