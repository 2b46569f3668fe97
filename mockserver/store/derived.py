"""The fields of a world that follow from its records: its indexes.

Whoever makes a world of records (fixtures, a state file) asks here; a transaction keeps them true.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rpds import HashTrieMap

from mockserver.store.index import indexed
from mockserver.store.index_specs import CARTS, ORDERS
from mockserver.store.record_index import Shelf
from mockserver.store.world import Cart, Customer, Member, Order

FIELDS = (
    "members_by_account",
    "usernames",
    "customers_by_email",
    "listed_carts",
    "listed_orders",
)


def derived(
    members: Iterable[Member],
    customers: Iterable[Customer],
    carts: Iterable[Cart],
    orders: Iterable[Order],
) -> dict[str, Any]:
    """Return the fields named in FIELDS, from the records that a world is to have: quickest when
    carts and orders come in the order of their lists, or the other way round."""
    members = list(members)
    return {
        "members_by_account": indexed((each.id, each.account_ids) for each in members),
        "usernames": HashTrieMap({each.username.casefold(): each.id for each in members}),
        "customers_by_email": HashTrieMap({each.email.casefold(): each.id for each in customers}),
        "listed_carts": Shelf.of(CARTS, carts),
        "listed_orders": Shelf.of(ORDERS, orders),
    }
