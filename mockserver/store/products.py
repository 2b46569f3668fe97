"""What a store sells: products, prices, promotions, and the lines of a cart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency of the store; one of them is the default."""

    id: str
    code: str
    default: bool


@dataclass(frozen=True, slots=True)
class Price:
    """The price of one unit, in its currency's smallest unit."""

    amount: int
    includes_tax: bool


@dataclass(frozen=True, slots=True)
class Product:
    """A product of the catalog: one price a currency, a tax rate in hundredths of a percent."""

    id: str
    sku: str
    name: str
    slug: str
    description: str
    prices: Mapping[str, Price]
    tax_basis_points: int
    manage_stock: bool
    stock: int
    image: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """A root of the catalog's navigation."""

    id: str
    name: str
    slug: str
    description: str


@dataclass(frozen=True, slots=True)
class Promotion:
    """What a code takes off a cart: a percentage, or a fixed amount in each currency."""

    id: str
    code: str
    name: str
    percent: int | None
    amounts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class CartItem:
    """A line of a cart. What it took from its product stays as it was.

    A promotion is a line too: it has no price and no currency of its own.
    """

    id: str
    type: str
    name: str
    description: str
    sku: str
    quantity: int
    created_at: int
    updated_at: int
    currency: str = ""
    price: Price = Price(0, False)
    product: Product | None = None
    promotion: Promotion | None = None
    custom_inputs: Mapping[str, Any] | None = None
    location: str | None = None
    shipping_group_id: str | None = None
