"""A sandbox: everything that a test can see. Its store, clock, ids, rules, snapshots and journal.

There is no state outside a sandbox. `registry` holds all of them by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any, TypeVar

from mockserver.core.clock import SECOND, Clock
from mockserver.core.errors import AdminError
from mockserver.core.ids import Ids
from mockserver.sandbox.client_warnings import ClientWarnings
from mockserver.sandbox.journal import Journal
from mockserver.sandbox.rules import MAX_RULES, MatchInput, Rule, RuleOutcome, RuleSet
from mockserver.store.state import StoreState
from mockserver.store.transaction import Transaction

Result = TypeVar("Result")

MAX_SNAPSHOTS = 100


@dataclass(slots=True)
class SandboxState:
    """What requests change. A copy takes the same time whatever the size of the store."""

    store: StoreState
    clock: Clock
    ids: Ids
    rules: RuleSet

    def copy(self) -> SandboxState:
        return SandboxState(self.store, self.clock.copy(), self.ids.copy(), self.rules.copy())


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A sandbox at one moment; it has changed since when its `changes` is a different number."""

    changes: int
    state: SandboxState
    snapshots: Mapping[str, SandboxState]


class Sandbox:
    """One isolated store. `initial_state` is the state of its store after a reset.

    `frozen_at` is where its clock stands at the start, or None for the system's time; `seed`
    determines its ids and random numbers; `journal_size` is the number of requests that it records.
    `changes` counts the changes of what a restart has to restore.
    """

    def __init__(
        self, initial_state: StoreState, frozen_at: int | None, seed: int, journal_size: int
    ) -> None:
        self.initial_state = initial_state
        self._frozen_at = frozen_at
        self._seed = seed
        self._lock = Lock()
        self._state = self._make_state()
        self._window = (0, 0)
        """A second of the sandbox's clock, and the number of requests in it."""
        self._snapshots: dict[str, SandboxState] = {}
        self._successor: Callable[[], Sandbox] | None = None
        self.changes = 0
        self.journal = Journal(journal_size)
        self.client_warnings = ClientWarnings()

    @property
    def store(self) -> StoreState:
        """The present store state: a value that never changes."""
        return self._state.store

    @property
    def clock(self) -> Clock:
        """The clock; to change it, use `move_clock`."""
        return self._state.clock

    def state(self) -> SandboxState:
        with self._lock:
            return self._state.copy()

    def checkpoint(self, final: bool = False) -> Checkpoint:
        """Return everything that a restart has to restore, in constant time.

        After a `final` one nothing can change any more: whoever tries waits for ever. The process
        is about to end, and must not acknowledge what it would not save.
        """
        self._lock.acquire()
        try:
            return Checkpoint(self.changes, self._state.copy(), dict(self._snapshots))
        finally:
            if not final:
                self._lock.release()

    def load(self, state: SandboxState, snapshots: Mapping[str, SandboxState]) -> None:
        """Continue from the checkpoint of another process."""
        with self._lock:
            self._state, self._snapshots = state, dict(snapshots)

    def exceeds_rate_limit(self) -> bool:
        """Count a request; return whether it is one too many in this second of the clock."""
        limit = self._state.store.settings["rate_limit"]["requests_per_second"]
        if limit is None:
            return False
        with self._lock:
            second = self._state.clock.now() // SECOND
            count = self._window[1] + 1 if self._window[0] == second else 1
            self._window = (second, count)
            return count > int(limit)

    def reset(self) -> None:
        """Go back to the initial data, clock, rules and ids, in constant time.

        Snapshots stay. The journal deletes its entries and keeps its counts, since coverage is of a
        whole test run.
        """
        with self._lock:
            self._state = self._make_state()
            self._window = (0, 0)
            self.changes += 1
        self.journal.clear()
        self.client_warnings.reset()

    def fork(self, snapshot: str | None = None) -> Sandbox:
        """Return another sandbox in this one's state, or in that of a snapshot of it."""
        fork = Sandbox(self.initial_state, self._frozen_at, self._seed, self.journal.size)
        with self._lock:
            fork._state = (self._get_snapshot(snapshot) if snapshot else self._state).copy()
        return fork

    def close(self, successor: Callable[[], Sandbox]) -> None:
        """Free the memory. No new request may use the sandbox; what a request that is under way
        still does happens in the `successor`."""
        with self._lock:
            self._successor = successor
            self._state, self._snapshots = self._make_state(), {}

    def run(self, action: Callable[[Transaction, Ids], Result]) -> Result:
        """Run an action as one transaction: its changes are kept unless it raises."""
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
        return bool(self._state.rules.rules)

    def decide(self, match_input: MatchInput) -> RuleOutcome | None:
        """Return the outcome of the rules for a request, and count it."""
        with self._lock:
            self.changes += 1  # rules count what they match
            return self._state.rules.decide(match_input, self._state.clock.now())

    def rules(self) -> list[dict[str, Any]]:
        with self._lock:
            return [rule.to_dict() for rule in self._state.rules.rules]

    def arm_rule(self, definition: Mapping[str, Any]) -> Rule:
        """Arm a rule. AdminError 409 when there are too many."""
        with self._lock:
            if len(self._state.rules.rules) >= MAX_RULES:
                raise AdminError(409, "Conflict", f"A sandbox has at most {MAX_RULES} rules.")
            self.changes += 1
            return self._state.rules.add(definition, self._state.clock.now())

    def disarm_rules(self, rule_id: str | None = None) -> None:
        """Remove one rule, or all. AdminError 404 when there is no such rule."""
        with self._lock:
            self.changes += 1
            if not self._state.rules.remove(rule_id) and rule_id is not None:
                raise AdminError(404, "Not Found", f"There is no rule {rule_id[:100]}.")

    # --- snapshots

    def save_snapshot(self, name: str) -> None:
        """Save the present state under a name, in constant time. AdminError 409 when too many."""
        with self._lock:
            if len(self._snapshots) >= MAX_SNAPSHOTS and name not in self._snapshots:
                detail = f"A sandbox keeps at most {MAX_SNAPSHOTS} snapshots; delete one."
                raise AdminError(409, "Conflict", detail)
            self._snapshots[name] = self._state.copy()
            self.changes += 1

    def restore_snapshot(self, name: str) -> None:
        """Go back to a saved state, in constant time. AdminError 404."""
        with self._lock:
            self._state = self._get_snapshot(name).copy()
            self.changes += 1

    def delete_snapshot(self, name: str) -> None:
        """Delete a saved state. AdminError 404."""
        with self._lock:
            self._get_snapshot(name)
            del self._snapshots[name]
            self.changes += 1

    def snapshots(self) -> dict[str, SandboxState]:
        """Return the saved states by name."""
        with self._lock:
            return dict(self._snapshots)

    def snapshot(self, name: str) -> SandboxState:
        """Return a saved state. AdminError 404."""
        with self._lock:
            return self._get_snapshot(name)

    def _get_snapshot(self, name: str) -> SandboxState:
        if name not in self._snapshots:
            known = ", ".join(sorted(self._snapshots)) or "none"
            detail = f'There is no snapshot "{name[:100]}"; known: {known}.'
            raise AdminError(404, "Not Found", detail)
        return self._snapshots[name]

    def _make_state(self) -> SandboxState:
        clock = Clock(self._frozen_at)
        store = self.initial_state.evolve(epoch=clock.now())
        rules = RuleSet(self._seed)
        for definition in store.rules:
            rules.add(definition, clock.now())
        return SandboxState(store, clock, Ids(self._seed), rules)
