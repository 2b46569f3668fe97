"""A sandbox: everything that a test can see. Its world, its clock, its id sequence.

There is no state outside a sandbox.
"""

from collections.abc import Callable
from dataclasses import replace
from threading import Lock
from typing import TypeVar

from mockserver.clock import Clock
from mockserver.ids import Ids
from mockserver.release import release
from mockserver.world import Transaction, World

Result = TypeVar("Result")


class Sandbox:
    """One isolated store. `seed_world` is what it starts from and goes back to."""

    def __init__(self, seed_world: World, clock: Clock, seed: int) -> None:
        self._seed_world = seed_world
        self.clock = clock
        self._seed = seed
        self._lock = Lock()
        self.world, self._ids = self._start()

    def reset(self) -> None:
        """Go back to the fixtures and to the first id, in constant time."""
        with self._lock:
            left = self.world
            self.world, self._ids = self._start()
        release(left)

    def run(self, action: Callable[[Transaction, Ids], Result]) -> Result:
        """Run an action as one transaction: what it changed counts unless it raises."""
        with self._lock:
            transaction = Transaction(self.world, self.clock.now())
            result = action(transaction, self._ids)
            self.world = transaction.world
            return result

    def request_id(self) -> str:
        """Return a new id for a request."""
        with self._lock:
            return self._ids.uuid("request")

    def _start(self) -> tuple[World, Ids]:
        return replace(self._seed_world, epoch=self.clock.now()), Ids(self._seed)
