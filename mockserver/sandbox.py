"""A sandbox: everything that a test can see. Its world, its clock, its id sequence, its journal.

There is no state outside a sandbox. How many there are, and which one a request means, is the
business of `sandboxes`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from threading import Lock
from typing import TypeVar

from mockserver.clock import Clock
from mockserver.ids import Ids
from mockserver.journal import Journal
from mockserver.world import Transaction, World

Result = TypeVar("Result")


class Sandbox:
    """One isolated store. `seed_world` is what it starts from and goes back to.

    `frozen_at` is where its clock stands at the start, or None for the system's time; `seed` what
    its ids come from; `journal_size` how many requests it remembers.
    """

    def __init__(
        self, seed_world: World, frozen_at: int | None, seed: int, journal_size: int
    ) -> None:
        self._seed_world = seed_world
        self._frozen_at = frozen_at
        self._seed = seed
        self._lock = Lock()
        self.journal = Journal(journal_size)
        self.clock = Clock(frozen_at)
        self.world, self._ids = self._start()

    def reset(self) -> None:
        """Go back to the fixtures, the start's clock and the first id, in constant time.

        The journal forgets its entries and keeps its counts: coverage is of a whole test run.
        """
        with self._lock:
            self.clock.reset()
            self.journal.clear()
            self.world, self._ids = self._start()

    def fork(self) -> Sandbox:
        """Return another sandbox in the same state, with a journal of its own, in constant time."""
        with self._lock:
            twin = Sandbox(self._seed_world, self._frozen_at, self._seed, self.journal.size)
            twin.clock = self.clock.copy()
            twin.world, twin._ids = self.world, self._ids.copy()
            return twin

    def run(self, action: Callable[[Transaction, Ids], Result]) -> Result:
        """Run an action as one transaction: what it changed counts unless it raises."""
        with self._lock:
            transaction = Transaction(self.world, self.clock.now())
            result = action(transaction, self._ids)
            self.world = transaction.world
            return result

    def move_clock(self, change: Callable[[Clock], None]) -> Clock:
        """Change the clock between two requests; returns it."""
        with self._lock:
            change(self.clock)
            return self.clock

    def request_id(self) -> str:
        """Return a new id for a request."""
        with self._lock:
            return self._ids.uuid("request")

    def _start(self) -> tuple[World, Ids]:
        return replace(self._seed_world, epoch=self.clock.now()), Ids(self._seed)
