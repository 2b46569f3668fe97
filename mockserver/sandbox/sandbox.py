"""A sandbox: everything that a test can see. Its world, clock, ids, rules, snapshots and journal.

There is no state outside a sandbox. How many there are, and which one a request means, is the
business of `sandboxes`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any, TypeVar

from mockserver.core.clock import SECOND, Clock
from mockserver.core.errors import AdminError
from mockserver.core.ids import Ids
from mockserver.sandbox.client_warnings import ClientWarnings
from mockserver.sandbox.journal import Journal
from mockserver.sandbox.rules import MAX_RULES, MatchInput, Rule, RuleOutcome, RuleSet
from mockserver.sandbox.state import Checkpoint, SandboxState
from mockserver.store.disposal import free_in_background
from mockserver.store.state import StoreState
from mockserver.store.transaction import Transaction

Result = TypeVar("Result")

MAX_SNAPSHOTS = 100


class Sandbox:
    """One isolated store. `initial_state` is what it starts from and goes back to.

    `frozen_at` is where its clock stands at the start, or None for the system's time; `seed` what
    its ids and its chance come from; `journal_size` how many requests it remembers. `changes`
    counts what a restart has to bring back.
    """

    def __init__(
        self, initial_state: StoreState, frozen_at: int | None, seed: int, journal_size: int
    ) -> None:
        self.initial_state = initial_state
        self._frozen_at = frozen_at
        self._seed = seed
        self._lock = Lock()
        self._state = self._start()
        self._window = (0, 0)
        self._snapshots: dict[str, SandboxState] = {}
        self._successor: Callable[[], Sandbox] | None = None
        self.changes = 0
        self.journal = Journal(journal_size)
        self.client_warnings = ClientWarnings()

    @property
    def store(self) -> StoreState:
        """The world as it is now: a value that never changes."""
        return self._state.store

    @property
    def clock(self) -> Clock:
        """The clock; to change it, use `move_clock`."""
        return self._state.clock

    def state(self) -> SandboxState:
        """Return a copy of the present state."""
        with self._lock:
            return self._state.copy()

    def capture(self, for_good: bool = False) -> Checkpoint:
        """Return everything that a restart has to bring back, in constant time.

        After one `for_good` nothing can change any more: whoever wants to waits for ever. The
        process is about to end, and must not acknowledge what it would not keep.
        """
        self._lock.acquire()
        try:
            return Checkpoint(self.changes, self._state.copy(), dict(self._snapshots))
        finally:
            if not for_good:
                self._lock.release()

    def resume(self, state: SandboxState, snapshots: Mapping[str, SandboxState]) -> None:
        """Go on from what another process has captured."""
        with self._lock:
            self._state, self._snapshots = state, dict(snapshots)

    def over_the_limit(self) -> bool:
        """Count a request; whether it is one too many in this second of the sandbox's clock."""
        limit = self._state.store.settings["rate_limit"]["requests_per_second"]
        if limit is None:
            return False
        with self._lock:
            second = self._state.clock.now() // SECOND
            in_this_one = self._window[1] + 1 if self._window[0] == second else 1
            self._window = (second, in_this_one)
            return in_this_one > int(limit)

    def reset(self) -> None:
        """Go back to the fixtures, the start's clock, rules and first id, in constant time.

        Snapshots stay. The journal forgets its entries and keeps its counts, since coverage is of a
        whole test run.
        """
        with self._lock:
            left = self._state.store
            self._state = self._start()
            self._window = (0, 0)
            self.changes += 1
        free_in_background(left, self.initial_state)
        self.journal.clear()
        self.client_warnings.start_anew()

    def fork(self, snapshot: str | None = None) -> Sandbox:
        """Return another sandbox in this one's state, or in that of a snapshot of it."""
        twin = Sandbox(self.initial_state, self._frozen_at, self._seed, self.journal.size)
        with self._lock:
            twin._state = self._named(snapshot).copy() if snapshot else self._state.copy()
        return twin

    def close(self, successor: Callable[[], Sandbox]) -> None:
        """Give the memory back. Nobody new may use the sandbox; what a request that is under way in
        it still does happens in its `successor`."""
        with self._lock:
            self._successor = successor
            worlds = [state.store for state in (self._state, *self._snapshots.values())]
            self._state, self._snapshots = self._start(), {}
        for world in worlds:
            free_in_background(world, self.initial_state)

    def run(self, action: Callable[[Transaction, Ids], Result]) -> Result:
        """Run an action as one transaction: what it changed counts unless it raises."""
        with self._lock:
            successor = self._successor
            if successor is None:
                transaction = Transaction(self._state.store, self._state.clock.now())
                result = action(transaction, self._state.ids)
                self.changes += transaction.state is not self._state.store
                self._state.store = transaction.state
                return result
        return successor().run(action)

    def move_clock(self, change: Callable[[Clock], None]) -> Clock:
        """Change the clock between two requests; returns it."""
        with self._lock:
            change(self._state.clock)
            self.changes += 1
            return self._state.clock

    def request_id(self, kind: str) -> str:
        """Return a new id for a request; each kind counts by itself."""
        with self._lock:
            return self._state.ids.uuid(kind)

    # --- rules

    @property
    def has_rules(self) -> bool:
        """Whether any rule is armed."""
        return bool(self._state.rules.rules)

    def decide(self, facts: MatchInput) -> RuleOutcome | None:
        """Return what an armed rule wants of a request, and count it."""
        with self._lock:
            self.changes += 1  # rules count what they see
            return self._state.rules.decide(facts, self._state.clock.now())

    def rules(self) -> list[dict[str, Any]]:
        """Return the armed rules as JSON values."""
        with self._lock:
            return [rule.show() for rule in self._state.rules.rules]

    def arm(self, given: Mapping[str, Any]) -> Rule:
        """Arm a rule. AdminError 409 when there are too many."""
        with self._lock:
            if len(self._state.rules.rules) >= MAX_RULES:
                raise AdminError(409, "Conflict", f"A sandbox has at most {MAX_RULES} rules.")
            self.changes += 1
            return self._state.rules.add(given, self._state.clock.now())

    def disarm(self, rule_id: str | None = None) -> None:
        """Take one rule away, or all. AdminError 404 when there is no such rule."""
        with self._lock:
            self.changes += 1
            if not self._state.rules.remove(rule_id) and rule_id is not None:
                raise AdminError(404, "Not Found", f"There is no rule {rule_id[:100]}.")

    # --- snapshots

    def save(self, name: str) -> None:
        """Keep the present state under a name, in constant time. AdminError when too many."""
        with self._lock:
            if len(self._snapshots) >= MAX_SNAPSHOTS and name not in self._snapshots:
                detail = f"A sandbox keeps at most {MAX_SNAPSHOTS} snapshots; delete one."
                raise AdminError(409, "Conflict", detail)
            self._snapshots[name] = self._state.copy()
            self.changes += 1

    def restore(self, name: str) -> None:
        """Go back to a saved state, in constant time. AdminError 404."""
        with self._lock:
            left = self._state.store
            self._state = self._named(name).copy()
            self.changes += 1
        free_in_background(left, self.initial_state)

    def forget(self, name: str) -> None:
        """Throw a saved state away. AdminError 404."""
        with self._lock:
            left = self._named(name).store
            del self._snapshots[name]
            self.changes += 1
        free_in_background(left, self.initial_state)

    def snapshots(self) -> dict[str, SandboxState]:
        """Return the saved states by name."""
        with self._lock:
            return dict(self._snapshots)

    def snapshot(self, name: str) -> SandboxState:
        """Return a saved state. AdminError 404."""
        with self._lock:
            return self._named(name)

    def _named(self, name: str) -> SandboxState:
        if name not in self._snapshots:
            known = ", ".join(sorted(self._snapshots)) or "none"
            detail = f'There is no snapshot "{name[:100]}"; known: {known}.'
            raise AdminError(404, "Not Found", detail)
        return self._snapshots[name]

    def _start(self) -> SandboxState:
        clock = Clock(self._frozen_at)
        store = self.initial_state.evolve(epoch=clock.now())
        rules = RuleSet(self._seed)
        for given in store.rules:
            rules.add(given, clock.now())
        return SandboxState(store, clock, Ids(self._seed), rules)
