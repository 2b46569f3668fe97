"""Cost by the number of carts: `python -m benchmarks.size [--largest N]`

Requests go through the whole application, in this process; operations of a sandbox are called
directly. Every second cart belongs to an account, so its carts grow in number as well; pages are so
small that they are full with any number of carts.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from time import perf_counter
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
"""How long an action is repeated; it runs at least once."""
MAX_ACTION_S = 2.0
"""An action that takes longer is not measured with more carts."""
AS_ACCOUNT = {
    "Authorization": "Bearer shopper",
    "EP-Account-Management-Authentication-Token": "account-1",
}
OWNED_EVERY, RARE_EVERY = 2, 100_000
PAGE = "page[limit]=5"


@dataclass(frozen=True, slots=True)
class Action:
    """`run` is timed; `after`, which is not, makes it possible again."""

    run: Callable[[], Any]
    after: Callable[[], Any] = lambda: None


def states(initial: StoreState, largest: int) -> Iterator[StoreState]:
    """Yield the initial state with 10, 100, … carts in place of its own; each shares the one
    before."""
    transaction = Transaction(initial, initial.epoch)
    sizes = set(_sizes(largest))
    for cart_id in list(initial.carts):
        transaction.carts.delete(cart_id)
    for number in range(largest):
        owners = ((ACCOUNT, ACCOUNT_ID),) if number % OWNED_EVERY == 0 else ()
        name = "Needle" if number % RARE_EVERY == 0 else f"Cart {number}"
        transaction.carts.save(Cart(f"cart-{number}", name, "", 0, 0, 0, 0, owners))
        if number + 1 in sizes:
            yield transaction.state


def measure(largest: int, rounds: int = ROUNDS) -> list[dict[str, Any]]:
    """Return the median seconds of each action at each number of carts."""
    app = create_app()
    client = app.test_client()
    sandbox: Sandbox = app.extensions["sandbox"]
    states_by_size = dict(zip(_sizes(largest), states(sandbox.store, largest), strict=True))
    sandboxes = {size: Sandbox(s, None, 0, 1000) for size, s in states_by_size.items()}
    seconds: dict[tuple[str, int], list[float]] = {}
    for number in range(rounds):
        too_long: set[str] = set()
        for size, state in states_by_size.items():
            _print_progress(f"round {number + 1}/{rounds}: {size:,} carts")
            _set_state(sandbox, state)
            for name, action in {**_requests(client), **_sandbox_actions(sandboxes[size])}.items():
                if name not in too_long:
                    seconds.setdefault((name, size), []).append(took := _measure_action(action))
                    if took > MAX_ACTION_S:
                        too_long.add(name)
    return [
        {"action": name, "carts": size, "seconds": median(times)}
        for (name, size), times in seconds.items()
    ]


def _sizes(largest: int) -> Sequence[int]:
    return [10**power for power in range(1, 10) if 10**power <= largest]


def _requests(client: Any) -> dict[str, Action]:
    """Return the requests that are timed; their statuses are checked."""

    def send(path: str, headers: dict[str, str], method: str = "GET", body: str = "") -> None:
        response = client.open(path, method=method, headers=headers, data=body or None)
        assert response.status_code in (200, 204), response.get_data()

    def filtered(expression: str) -> Action:
        return Action(lambda: send(f"/v2/carts?{PAGE}&filter={expression}", HEADERS))

    pair = [association("cart-1", method) for method in ("POST", "DELETE")]
    post, delete = (
        lambda request=request: send(request.path, HEADERS, request.method, request.body)
        for request in pair
    )
    return {
        "get": Action(lambda: send(cart("cart-1").path, HEADERS)),
        "associate": Action(post, delete),
        "list, administrator": Action(lambda: send(f"/v2/carts?{PAGE}", HEADERS)),
        "list, account": Action(lambda: send(f"/v2/carts?{PAGE}", AS_ACCOUNT)),
        "filter, an account's": filtered(f'contains(account_ids,"{ACCOUNT_ID}")'),
        "filter, every name": filtered('ilike(name,"*e*")'),
        "filter, a rare name": filtered('ilike(name,"*needle*")'),
    }


def _sandbox_actions(sandbox: Sandbox) -> dict[str, Action]:
    """Return the operations of a sandbox with a large initial state."""

    def change() -> None:
        sandbox.run(lambda tx, ids: tx.carts.delete("cart-1"))

    sandbox.reset()
    change()
    sandbox.save_snapshot("saved")
    return {
        "reset": Action(sandbox.reset, change),
        "fork": Action(sandbox.fork),
        "snapshot": Action(lambda: sandbox.save_snapshot("another")),
        "restore": Action(lambda: sandbox.restore_snapshot("saved")),
    }


def _measure_action(action: Action) -> float:
    """Return the median seconds of an action."""
    times: list[float] = []
    begin = perf_counter()
    while not times or perf_counter() - begin < BUDGET_S:
        start = perf_counter()
        action.run()
        times.append(perf_counter() - start)
        action.after()
    return median(times)


def _set_state(sandbox: Sandbox, state: StoreState) -> None:
    """Give a sandbox a state, at its own time."""

    def set_state(tx: Transaction, ids: object) -> None:
        tx.state = replace(state, epoch=tx.state.epoch)

    sandbox.run(set_state)


def _print_progress(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


@click.command()
@click.option(
    "--largest", type=click.IntRange(100), default=LARGEST, help="Largest number of carts."
)
@results.FILE_OPTION
def main(largest: int, file: Path) -> None:
    """Measure, store the raw results, print the table."""
    records = measure(largest)
    results.keep(file, size=records)
    click.echo(table.size_table({"size": records}))


if __name__ == "__main__":
    main()
