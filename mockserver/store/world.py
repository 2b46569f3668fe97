"""The world as a value: frozen entities in persistent maps. What changes it is a `transaction`.

Instants in a world are milliseconds since the world's own `epoch`, so that going back to the
fixtures is one assignment, whatever the time and the size. What callers see is absolute.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from typing import Any

from rpds import HashTrieMap

from mockserver.store.index import Index
from mockserver.store.index_specs import CARTS, ORDERS
from mockserver.store.products import CartItem, Currency, Hierarchy, Product, Promotion
from mockserver.store.record_index import Shelf

ACCOUNT = "account"
CUSTOMER = "customer"
Owner = tuple[str, str]
"""Whom a cart belongs to: the kind, account or customer, and the id."""


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
        return tuple(each.account_id for each in self.memberships)


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
class Cart:
    """A cart. `revision` grows with every change in the world and settles ties of `updated_at`.

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
        return tuple(owner_id for each, owner_id in self.owners if each == kind)


@dataclass(frozen=True, slots=True)
class Order:
    """What a cart was when it was checked out. Only its status and its payments change.

    `revision` settles ties of `created_at`. `items` are the cart's lines as they were. `paid` and
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


@dataclass(frozen=True)
class StoreState:
    """Everything that the store knows. `allocated` is how many of each product orders have taken
    from its stock; `listed_carts` and `listed_orders` follow from `carts` and `orders`.

    The static tokens (token → client id, account and member, or customer) are there to be shown at
    the start; they are looked up like any other token.
    """

    epoch: int = 0
    revision: int = 0
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    store: Mapping[str, str] = field(default_factory=dict)
    rules: tuple[Mapping[str, Any], ...] = ()
    magic: Mapping[str, str] = field(default_factory=dict)
    static_bearers: Mapping[str, str] = field(default_factory=dict)
    static_account_tokens: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    static_customer_tokens: Mapping[str, str] = field(default_factory=dict)
    password_profiles: Mapping[str, str] = field(default_factory=dict)
    applications: HashTrieMap[str, Application] = field(default_factory=HashTrieMap)
    accounts: HashTrieMap[str, Account] = field(default_factory=HashTrieMap)
    members: HashTrieMap[str, Member] = field(default_factory=HashTrieMap)
    members_by_account: Index[str] = field(default_factory=HashTrieMap)
    usernames: HashTrieMap[str, str] = field(default_factory=HashTrieMap)
    customers: HashTrieMap[str, Customer] = field(default_factory=HashTrieMap)
    customers_by_email: HashTrieMap[str, str] = field(default_factory=HashTrieMap)
    codes: Mapping[tuple[str, str], str] = field(default_factory=dict)
    bearers: HashTrieMap[bytes, Bearer] = field(default_factory=HashTrieMap)
    account_tokens: HashTrieMap[bytes, AccountToken] = field(default_factory=HashTrieMap)
    customer_tokens: HashTrieMap[bytes, CustomerToken] = field(default_factory=HashTrieMap)
    carts: HashTrieMap[str, Cart] = field(default_factory=HashTrieMap)
    listed_carts: Shelf[Cart] = field(default_factory=partial(Shelf, CARTS), compare=False)
    sweep_at: Mapping[str, int] = field(default_factory=dict)
    currencies: Mapping[str, Currency] = field(default_factory=dict)
    products: Mapping[str, Product] = field(default_factory=dict)
    products_by_sku: Mapping[str, Product] = field(default_factory=dict)
    promotions: Mapping[str, Promotion] = field(default_factory=dict)
    hierarchies: tuple[Hierarchy, ...] = ()
    orders: HashTrieMap[str, Order] = field(default_factory=HashTrieMap)
    listed_orders: Shelf[Order] = field(default_factory=partial(Shelf, ORDERS), compare=False)
    allocated: HashTrieMap[str, int] = field(default_factory=HashTrieMap)

    def evolve(self, **changes: Any) -> StoreState:
        """Return this world with some fields changed; `dataclasses.replace` visits all thirty."""
        assert changes.keys() <= self.__dict__.keys(), "no such field"
        changed = object.__new__(StoreState)
        changed.__dict__.update(self.__dict__, **changes)
        return changed

    @property
    def default_currency(self) -> str:
        """The code of the currency that a cart has where nothing else is asked for."""
        return next((each.code for each in self.currencies.values() if each.default), "USD")


def digest(token: str) -> bytes:
    """Return the key under which a token is kept: looking it up takes no hint of the token."""
    return sha256(token.encode("utf-8", "surrogatepass")).digest()
