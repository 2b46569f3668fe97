"""The entities of the store: frozen values without behaviour beyond what follows from their fields.

Instants are milliseconds since the `epoch` of the state that holds the entity. Amounts of money are
whole numbers of a currency's smallest unit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, NamedTuple

ACCOUNT = "account"
CUSTOMER = "customer"


class Owner(NamedTuple):
    """Whom a cart or an order belongs to; `type` is ACCOUNT or CUSTOMER."""

    type: str
    id: str


@dataclass(frozen=True, slots=True)
class Application:
    """A client of the store: who may ask for bearer tokens. `role` is its API key's role."""

    client_id: str
    grant: str
    client_secret: str | None
    role: str


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the store."""

    id: str
    name: str
    legal_name: str | None
    registration_id: str | None
    external_ref: str | None
    parent_id: str | None
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True)
class Membership:
    """A member's right to act as an account."""

    id: str
    account_id: str
    member_id: str
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True)
class Member:
    """A person who signs in, and the accounts that this opens."""

    id: str
    name: str
    email: str
    username: str
    password: str | None
    memberships: tuple[Membership, ...] = ()
    given_name: str | None = None
    middle_name: str | None = None
    family_name: str | None = None
    created_at: int = 0
    updated_at: int = 0

    @property
    def account_ids(self) -> tuple[str, ...]:
        """The ids of the accounts, in the order in which signing in lists them."""
        return tuple(membership.account_id for membership in self.memberships)


@dataclass(frozen=True, slots=True)
class Customer:
    """A shopper without an account, as stores had them before there were accounts."""

    id: str
    name: str
    email: str
    password: str | None


@dataclass(frozen=True, slots=True)
class Bearer:
    """A bearer token; without `expires_at` it never expires."""

    client_id: str
    expires_at: int | None


@dataclass(frozen=True, slots=True)
class AccountToken:
    """An account token; without `expires_at` it never expires."""

    account_id: str
    member_id: str
    expires_at: int | None


@dataclass(frozen=True, slots=True)
class CustomerToken:
    """A customer token; without `expires_at` it never expires."""

    customer_id: str
    expires_at: int | None


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
    """An item of a cart or of an order. What it took from its product stays as it was.

    A promotion is an item too: it has no price and no currency of its own.
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
    product_id: str | None = None
    tax_basis_points: int = 0
    promotion: Promotion | None = None
    custom_inputs: Mapping[str, Any] | None = None
    location: str | None = None
    shipping_group_id: str | None = None


@dataclass(frozen=True, slots=True)
class Cart:
    """A cart. `revision` grows with every change of the store and settles ties of `updated_at`.

    `shipping_groups` holds the currency of each, by its id."""

    id: str
    name: str
    description: str
    created_at: int
    updated_at: int
    expires_at: int
    revision: int
    owners: tuple[Owner, ...] = ()
    contact: Mapping[str, Any] | None = None
    discount_settings: Mapping[str, Any] | None = None
    inventory_settings: Mapping[str, Any] | None = None
    custom_attributes: Mapping[str, Any] | None = None
    snapshot_date: str | None = None
    payment_intent_id: str | None = None
    items: tuple[CartItem, ...] = ()
    shipping_groups: Mapping[str, str] = field(default_factory=dict)

    @property
    def currency(self) -> str | None:
        """The currency of every price in the cart, which its first priced item has settled."""
        return next((item.currency for item in self.items if item.currency), None)

    @property
    def contact_email(self) -> str | None:
        """The e-mail of a guest's cart, if it has one."""
        email: str | None = (self.contact or {}).get("email")
        return email

    def owner_ids(self, kind: str) -> tuple[str, ...]:
        """Return the ids of the accounts, or of the customers, that the cart belongs to."""
        return tuple(owner.id for owner in self.owners if owner.type == kind)


@dataclass(frozen=True, slots=True)
class Order:
    """What a cart was when it was checked out. Only its status and its payments change.

    `revision` settles ties of `created_at`. `items` are the cart's items as they were. `paid` and
    `authorized` are parts of the total; an order whose `payment` is paid or authorized needs none.
    """

    id: str
    created_at: int
    updated_at: int
    revision: int
    items: tuple[CartItem, ...]
    billing_address: Mapping[str, str]
    shipping_address: Mapping[str, str]
    status: str = "incomplete"
    payment: str = "unpaid"
    shipping: str = "unfulfilled"
    owner: Owner | None = None
    member_id: str | None = None
    customer: Mapping[str, str] | None = None
    contact: Mapping[str, str] | None = None
    order_number: str | None = None
    external_ref: str | None = None
    custom_attributes: Mapping[str, Any] | None = None
    paid: int = 0
    authorized: int = 0
    fully_paid_at: int | None = None

    @property
    def currency(self) -> str:
        """The currency of every price in the order."""
        return next((item.currency for item in self.items if item.currency), "")


def digest(token: str) -> str:
    """Return the key under which a token is kept: looking it up reveals nothing of the token."""
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
