"""A transaction: the only write path to the store.

Reads and changes count as a whole, or not at all. Nothing is locked here and nothing is undone:
the caller keeps the transaction's `state` when all went well, and drops it otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mockserver.store.accounts import Accounts, Customers, Members
from mockserver.store.carts import Carts
from mockserver.store.orders import Orders, Products
from mockserver.store.state import ChangeSet, StoreState, apply
from mockserver.store.tokens import Tokens

if TYPE_CHECKING:
    from collections.abc import Mapping


class Transaction:
    """One transaction at an instant in milliseconds since 1970.

    `state` is the state with everything that was written so far, `changes` the change set that
    leads to it, `now` the instant as the state counts it.
    """

    __slots__ = ("changes", "now", "state")

    def __init__(self, state: StoreState, instant: int) -> None:
        self.state = state
        self.changes: ChangeSet = {}
        self.now = instant - state.epoch

    def absolute(self, instant: int) -> int:
        """Return an instant of the state as milliseconds since 1970."""
        return instant + self.state.epoch

    def write(self, changes: ChangeSet) -> None:
        """Record a change set and apply it."""
        for name, records in changes.items():
            self.changes.setdefault(name, {}).update(records)
        self.state = apply(self.state, changes)

    # The repositories are made at each use: kept, they and the transaction would form a cycle.

    @property
    def carts(self) -> Carts:
        return Carts(self)

    @property
    def accounts(self) -> Accounts:
        return Accounts(self)

    @property
    def members(self) -> Members:
        return Members(self)

    @property
    def customers(self) -> Customers:
        return Customers(self)

    @property
    def orders(self) -> Orders:
        return Orders(self)

    @property
    def products(self) -> Products:
        return Products(self)

    @property
    def tokens(self) -> Tokens:
        return Tokens(self)

    def setting(self, group: str, name: str) -> Any:
        """Return one setting of the store."""
        return self.state.settings[group][name]

    def update_settings(self, group: str, values: Mapping[str, Any]) -> None:
        """Change some settings of a group."""
        self.write({"settings": {group: {**self.state.settings[group], **values}}})
