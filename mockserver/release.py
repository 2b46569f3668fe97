"""Giving back the memory of what a sandbox has left behind, so that nobody waits for it."""

from _thread import start_new_thread
from typing import Any

from mockserver.clock import yield_to_others
from mockserver.world import World

WORTH_A_THREAD = 1000
AT_ONCE = 100


def release(world: World) -> None:
    """Let a world go. A large one is taken apart in the background, a few records at a time: freed
    as a whole it would stop every thread for 2 µs a record.

    The caller must not keep the world; what other worlds share of it stays.
    """
    maps = (world.carts, world.bearers, world.account_tokens, world.customer_tokens, world.orders)
    large = [records for records in maps if len(records) >= WORTH_A_THREAD]
    if large:
        index = world.carts_by_owner  # holds every cart's id once more
        start_new_thread(
            _take_apart, ([*large, index],)
        )  # does not wait for the thread, as Thread does


def _take_apart(maps: list[Any]) -> None:
    while maps:
        # an iterator over a persistent map goes on by dropping what it has given
        for number, _ in enumerate(iter(maps.pop())):
            if number % AT_ONCE == 0:
                yield_to_others()
