"""Does the number of carts matter?  `python -m benchmarks.size [--largest N]`

Requests go through the whole application, in this process; what a sandbox does by itself is
called directly. Every second cart belongs to an account, so its carts grow with the world as well;
pages are so small that they are full in every world.
"""

from __future__ import annotations

import sys
from _thread import _count as running_threads
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from time import perf_counter, process_time, sleep
from typing import Any

import click

from benchmarks import results, table
from benchmarks.work import ACCOUNT_ID, HEADERS, association, cart
from mockserver.app import create_app
from mockserver.sandbox.sandbox import Sandbox
from mockserver.store.entities import ACCOUNT, Cart
from mockserver.store.state import StoreState
from mockserver.store.transaction import Transaction

SMALLEST, LARGEST = 10, 1_000_000
ROUNDS = 3
BUDGET_S = 0.2
"""How long an action is repeated, at least once."""
TOO_LONG_S = 2.0
"""An action that takes longer is not tried in larger worlds."""
SETTLE_S = 0.005
BACKGROUND = "reset, with its work in the background"
STALL = "slowest request after a reset"
AFTERWARDS = 200
AS_ACCOUNT = {
    "Authorization": "Bearer shopper",
    "EP-Account-Management-Authentication-Token": "account-1",
}
OWNED_EVERY, RARE_EVERY = 2, 100_000
PAGE = "page[limit]=5"


@dataclass(frozen=True, slots=True)
class Action:
    """`run` is what is timed; `after` makes it possible again, untimed."""

    run: Callable[[], Any]
    after: Callable[[], Any] = lambda: None


def worlds(seed: StoreState, largest: int) -> Iterator[StoreState]:
    """Yield the seed world without its carts and with 10, 100, … carts of its own, each world
    sharing the one before."""
    transaction = Transaction(seed, seed.epoch)
    sizes = set(_sizes(largest))
    for gone in list(seed.carts):
        transaction.delete_cart(gone)
    for number in range(largest):
        owners = ((ACCOUNT, ACCOUNT_ID),) if number % OWNED_EVERY == 0 else ()
        name = "Needle" if number % RARE_EVERY == 0 else f"Cart {number}"
        transaction.save_cart(Cart(f"cart-{number}", name, "", 0, 0, 0, 0, owners))
        if number + 1 in sizes:
            yield transaction.world


def measure(largest: int, rounds: int = ROUNDS) -> list[dict[str, Any]]:
    """Return the median seconds of each action at each number of carts."""
    app = create_app()
    client = app.test_client()
    sandbox: Sandbox = app.extensions["sandbox"]
    made = dict(zip(_sizes(largest), worlds(sandbox.store, largest), strict=True))
    subjects = {size: Sandbox(world, None, 0, 1000) for size, world in made.items()}
    seconds: dict[tuple[str, int], list[float]] = {}
    for number in range(rounds):
        too_long: set[str] = set()
        for size, world in made.items():
            _tell(f"round {number + 1}/{rounds}: {size:,} carts")
            _enter(sandbox, world)
            for name, action in {**_requests(client), **_of(subjects[size])}.items():
                if name not in too_long:
                    seconds.setdefault((name, size), []).append(taken := _taken(action))
                    if taken > TOO_LONG_S:
                        too_long.add(name)
    _enter(sandbox, made[SMALLEST])
    for size, world in made.items():
        seconds[BACKGROUND, size] = [_cpu_of_reset(subjects[size])]
        seconds[STALL, size] = [_stall(sandbox, client, world)]
    return [
        {"action": name, "carts": size, "seconds": median(each)}
        for (name, size), each in seconds.items()
    ]


def _sizes(largest: int) -> Sequence[int]:
    return [10**power for power in range(1, 10) if 10**power <= largest]


def _requests(client: Any) -> dict[str, Action]:
    """Return the requests that are timed, each answered as it is to be."""

    def ask(path: str, headers: dict[str, str], method: str = "GET", body: str = "") -> None:
        answer = client.open(path, method=method, headers=headers, data=body or None)
        assert answer.status_code in (200, 204), answer.get_data()

    def filtered(expression: str) -> Action:
        return Action(lambda: ask(f"/v2/carts?{PAGE}&filter={expression}", HEADERS))

    pair = [association("cart-1", method) for method in ("POST", "DELETE")]
    post, delete = (
        lambda each=each: ask(each.path, HEADERS, each.method, each.body) for each in pair
    )
    return {
        "get": Action(lambda: ask(cart("cart-1").path, HEADERS)),
        "associate": Action(post, delete),
        "list, administrator": Action(lambda: ask(f"/v2/carts?{PAGE}", HEADERS)),
        "list, account": Action(lambda: ask(f"/v2/carts?{PAGE}", AS_ACCOUNT)),
        "filter, an account's": filtered(f'contains(account_ids,"{ACCOUNT_ID}")'),
        "filter, every name": filtered('ilike(name,"*e*")'),
        "filter, a rare name": filtered('ilike(name,"*needle*")'),
    }


def _of(sandbox: Sandbox) -> dict[str, Action]:
    """Return what a sandbox whose seed is large does by itself. The memory that a reset leaves is
    given back in the background; that comes to an end before the next one."""

    def change() -> None:
        _settle()
        sandbox.run(lambda tx, ids: tx.carts.delete("cart-1"))

    sandbox.reset()
    change()
    sandbox.save_snapshot("saved")
    return {
        "reset": Action(sandbox.reset, change),
        "fork": Action(sandbox.fork),
        "snapshot": Action(lambda: sandbox.save_snapshot("another")),
        "restore": Action(lambda: sandbox.restore_snapshot("saved"), _settle),
    }


def _taken(action: Action) -> float:
    """Return the median seconds of an action."""
    found: list[float] = []
    begin = perf_counter()
    while not found or perf_counter() - begin < BUDGET_S:
        start = perf_counter()
        action.run()
        found.append(perf_counter() - start)
        action.after()
    return median(found)


def _settle() -> None:
    """Wait until nothing goes on in the background."""
    sleep(SETTLE_S)  # a thread counts from when it runs, not from when it was asked for
    while running_threads():
        sleep(SETTLE_S)


def _cpu_of_reset(sandbox: Sandbox) -> float:
    """Return the processor's seconds that a reset takes, until the memory is given back."""
    start = process_time()
    sandbox.reset()
    _settle()
    return process_time() - start


def _stall(sandbox: Sandbox, client: Any, world: StoreState) -> float:
    """Return the seconds of the slowest request while a world that was left is taken apart."""
    _enter(sandbox, world)
    sandbox.reset()
    slowest = 0.0
    for _ in range(AFTERWARDS):
        start = perf_counter()
        client.get("/v2/carts/free-cart", headers=AS_ACCOUNT)
        slowest = max(slowest, perf_counter() - start)
    return slowest


def _enter(sandbox: Sandbox, world: StoreState) -> None:
    """Put a sandbox into a world, at its own time."""

    def enter(tx: Transaction, ids: object) -> None:
        tx.state = replace(world, epoch=tx.state.epoch)

    sandbox.run(enter)


def _tell(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


@click.command()
@click.option("--largest", type=click.IntRange(100), default=LARGEST, help="The most carts.")
@results.FILE_OPTION
def main(largest: int, file: Path) -> None:
    """Measure, keep the raw numbers, print the table."""
    found = measure(largest)
    results.keep(file, size=found)
    click.echo(table.size_table({"size": found}))


if __name__ == "__main__":
    main()
