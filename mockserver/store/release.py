"""Giving back the memory of what a sandbox has left behind, so that nobody waits for it."""

from _thread import start_new_thread
from collections.abc import Iterator
from typing import Any

from rpds import HashTrieMap

from mockserver.core.clock import yield_to_others
from mockserver.store.btree import Node
from mockserver.store.world import StoreState

WORTH_A_THREAD = 1000
BATCH_SIZE = 100


def release(world: StoreState, seed: StoreState) -> None:
    """Let a world go that came of a seed. One of many changes is taken apart in the background, a
    few records at a time: freed as a whole it would stop every thread for 2 µs a record.

    The caller must not keep the world; what other worlds share of it stays.
    """
    large: list[Any] = []
    if world.revision - seed.revision >= WORTH_A_THREAD:  # each change has made one record
        large += [world.carts, world.orders]
        large += [*world.listed_carts.parts(), *world.listed_orders.parts()]  # hold all once more
    tokens = (world.bearers, world.account_tokens, world.customer_tokens)
    large += [each for each in tokens if len(each) >= WORTH_A_THREAD]
    if large:
        start_new_thread(_take_apart, (large,))  # does not wait for the thread, as Thread does


def _take_apart(parts: list[Any]) -> None:
    while parts:
        for number, _ in enumerate(_dropped(parts.pop())):
            if number % BATCH_SIZE == 0:
                yield_to_others()


def _dropped(part: Any) -> Iterator[None]:
    """Yield after each record that was dropped, or each node of a tree of records."""
    values = iter(part.values() if isinstance(part, HashTrieMap) else part)
    del part  # an iterator over a persistent map goes on by dropping what it has given
    for value in values:
        nodes = [value]
        del value
        while nodes:
            node = nodes.pop()
            if isinstance(node, Node) and node.height:
                nodes += node.items
            del node
            yield
