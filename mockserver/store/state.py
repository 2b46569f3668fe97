"""The store's state as a value, and the only way to change it: `apply` a change set.

Instants in a state are milliseconds since its own `epoch`, so that going back to the initial data
is one assignment, whatever the time and the size. What callers see is absolute.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from rpds import HashTrieMap, HashTrieSet

from mockserver.store.entities import (
    Account,
    AccountToken,
    Application,
    Bearer,
    Cart,
    Currency,
    Customer,
    CustomerToken,
    Hierarchy,
    Member,
    Order,
    Product,
    Promotion,
)
from mockserver.store.indexes import RecordIndex, cart_index, order_index

ChangeSet: TypeAlias = "dict[str, dict[str, Any]]"
"""By collection and key: the new record, or None where it was removed."""

COLLECTIONS: Mapping[str, Any] = {
    "accounts": Account,
    "members": Member,
    "customers": Customer,
    "bearers": Bearer,
    "account_tokens": AccountToken,
    "customer_tokens": CustomerToken,
    "carts": Cart,
    "orders": Order,
    "allocated": int,
    "settings": dict[str, Any],
    "counters": int,
}
"""The collections that change, and the type of their records. All other fields of a state are
part of the initial data, but for `INDEXES`."""

INDEXES = (
    *("products_by_sku", "members_by_account", "usernames", "customers_by_email"),
    *("cart_index", "order_index"),
)
"""The fields that follow from others."""


MIN_SWEEP_SIZE = 10_000
"""Expired records are deleted whenever a collection has grown to twice what was alive before, and
to this many at least: so memory is bounded by what is alive, at a constant cost per request."""


@dataclass(frozen=True)
class StoreState:
    """Everything that the store knows.

    Tokens are keyed by their digest, `allocated` (how many of a product's stock orders have taken)
    by product id, `settings` by group. The static tokens are listed to be shown at the start; they
    are looked up like any other token.
    """

    epoch: int = 0
    store: Mapping[str, str] = field(default_factory=dict)
    rules: tuple[Mapping[str, Any], ...] = ()
    magic: Mapping[str, str] = field(default_factory=dict)
    static_bearers: Mapping[str, str] = field(default_factory=dict)
    static_account_tokens: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    static_customer_tokens: Mapping[str, str] = field(default_factory=dict)
    password_profiles: Mapping[str, str] = field(default_factory=dict)
    applications: Mapping[str, Application] = field(default_factory=dict)
    codes: Mapping[tuple[str, str], str] = field(default_factory=dict)
    currencies: Mapping[str, Currency] = field(default_factory=dict)
    products: Mapping[str, Product] = field(default_factory=dict)
    products_by_sku: Mapping[str, Product] = field(default_factory=dict)
    promotions: Mapping[str, Promotion] = field(default_factory=dict)
    hierarchies: tuple[Hierarchy, ...] = ()

    accounts: HashTrieMap[str, Account] = field(default_factory=HashTrieMap)
    members: HashTrieMap[str, Member] = field(default_factory=HashTrieMap)
    customers: HashTrieMap[str, Customer] = field(default_factory=HashTrieMap)
    bearers: HashTrieMap[str, Bearer] = field(default_factory=HashTrieMap)
    account_tokens: HashTrieMap[str, AccountToken] = field(default_factory=HashTrieMap)
    customer_tokens: HashTrieMap[str, CustomerToken] = field(default_factory=HashTrieMap)
    carts: HashTrieMap[str, Cart] = field(default_factory=HashTrieMap)
    orders: HashTrieMap[str, Order] = field(default_factory=HashTrieMap)
    allocated: HashTrieMap[str, int] = field(default_factory=HashTrieMap)
    settings: HashTrieMap[str, Mapping[str, Any]] = field(default_factory=HashTrieMap)
    counters: HashTrieMap[str, int] = field(default_factory=HashTrieMap)

    members_by_account: HashTrieMap[str, HashTrieSet[str]] = field(default_factory=HashTrieMap)
    usernames: HashTrieMap[str, str] = field(default_factory=HashTrieMap)
    customers_by_email: HashTrieMap[str, str] = field(default_factory=HashTrieMap)
    cart_index: RecordIndex[Cart] = field(default_factory=cart_index, compare=False)
    order_index: RecordIndex[Order] = field(default_factory=order_index, compare=False)

    def evolve(self, **changes: Any) -> StoreState:
        """Return a copy with some fields changed; `dataclasses.replace` would visit all of them."""
        evolved = object.__new__(StoreState)
        evolved.__dict__.update(self.__dict__, **changes)
        return evolved

    @property
    def revision(self) -> int:
        """How often carts and orders have changed since the initial data."""
        return self.counters.get("revision") or 0

    def is_sweep_due(self, collection: str) -> bool:
        """Return whether a collection has grown so much that its expired records must go."""
        size = len(getattr(self, collection))
        return size >= MIN_SWEEP_SIZE and size >= (self.counters.get(f"sweep {collection} at") or 0)

    @property
    def default_currency(self) -> str:
        """The code of the currency that a cart has where none is asked for."""
        return next((c.code for c in self.currencies.values() if c.default), "USD")


def apply(state: StoreState, changes: ChangeSet) -> StoreState:
    """Return the state after a change set, its indexes included."""
    fields: dict[str, Any] = {}
    for name, records in changes.items():
        collection = getattr(state, name)
        if name in _INDEXERS:
            before_and_after = [
                (collection.get(key), record)
                for key, record in records.items()
                if record is not None or key in collection
            ]
            fields |= _INDEXERS[name](state, before_and_after)
        for key, record in records.items():
            collection = (
                collection.discard(key) if record is None else collection.insert(key, record)
            )
        fields[name] = collection
    return state.evolve(**fields)


def changes_since(initial: StoreState, state: StoreState) -> ChangeSet:
    """Return the change set that leads from one state to another that came of it."""
    changes: ChangeSet = {}
    for name in COLLECTIONS:
        old, new = getattr(initial, name), getattr(state, name)
        if new is not old:
            changed = {key: record for key, record in new.items() if old.get(key) is not record}
            removed = {key: None for key in old if key not in new}
            if changed or removed:
                changes[name] = {**changed, **removed}
    return changes


BeforeAndAfter: TypeAlias = "Iterable[tuple[Any, Any]]"


def _index_members(state: StoreState, changes: BeforeAndAfter) -> dict[str, Any]:
    by_account, usernames = state.members_by_account, state.usernames
    for before, after in changes:
        for account_id in before.account_ids if before else ():
            ids = by_account[account_id].discard(before.id)
            by_account = (
                by_account.insert(account_id, ids) if len(ids) else by_account.remove(account_id)
            )
        for account_id in after.account_ids if after else ():
            ids = by_account.get(account_id, HashTrieSet())
            by_account = by_account.insert(account_id, ids.insert(after.id))
        if before:
            usernames = usernames.discard(before.username.casefold())
        if after:
            usernames = usernames.insert(after.username.casefold(), after.id)
    return {"members_by_account": by_account, "usernames": usernames}


def _index_customers(state: StoreState, changes: BeforeAndAfter) -> dict[str, Any]:
    by_email = state.customers_by_email
    for before, after in changes:
        if before:
            by_email = by_email.discard(before.email.casefold())
        if after:
            by_email = by_email.insert(after.email.casefold(), after.id)
    return {"customers_by_email": by_email}


_INDEXERS: Mapping[str, Callable[[StoreState, BeforeAndAfter], dict[str, Any]]] = {
    "members": _index_members,
    "customers": _index_customers,
    "carts": lambda state, changes: {"cart_index": state.cart_index.with_changes(changes)},
    "orders": lambda state, changes: {"order_index": state.order_index.with_changes(changes)},
}
