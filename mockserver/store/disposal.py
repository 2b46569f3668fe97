"""Freeing the memory of a state that a sandbox has left, without a pause for anybody."""

from __future__ import annotations

from _thread import start_new_thread
from typing import TYPE_CHECKING, Any

from rpds import HashTrieMap

from mockserver.core.clock import yield_to_others
from mockserver.store.ordered_map import Node, OrderedMap

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mockserver.store.state import StoreState

MIN_CHANGES = 1000
BATCH_SIZE = 100


def free_in_background(state: StoreState, initial: StoreState) -> None:
    """Free a state that came of the initial one. One of many changes is taken apart in a thread, a
    few records at a time: freed at once it would stop every other thread for 2 µs a record.

    The caller must not keep the state; what other states share of it stays.
    """
    parts: list[Any] = []
    if state.revision - initial.revision >= MIN_CHANGES:  # each change has made one record
        parts += [state.carts, state.orders, *state.cart_index.parts(), *state.order_index.parts()]
    tokens = (state.bearers, state.account_tokens, state.customer_tokens)
    parts += [records for records in tokens if len(records) >= MIN_CHANGES]
    if parts:
        start_new_thread(_free, (parts,))  # does not wait for the thread, as Thread does


def _free(parts: list[Any]) -> None:
    while parts:
        for number, _ in enumerate(_drop(parts.pop())):
            if number % BATCH_SIZE == 0:
                yield_to_others()


def _drop(part: Any) -> Iterator[None]:
    """Yield after each record that was dropped, or each node of an ordered map."""
    values = iter(part.values() if isinstance(part, HashTrieMap) else part)
    del part  # an iterator over a persistent map goes on by dropping what it has returned
    for value in values:
        nodes = [value]
        del value
        while nodes:
            node = nodes.pop()
            if isinstance(node, OrderedMap):
                nodes.append(node.root)
            elif isinstance(node, Node) and node.height:
                nodes += node.items
            del node
            yield
