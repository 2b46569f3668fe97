"""What a sandbox goes on from, and what it was at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mockserver.core.clock import Clock
from mockserver.core.ids import Ids
from mockserver.sandbox.rules import RuleSet
from mockserver.store.state import StoreState


@dataclass(slots=True)
class SandboxState:
    """What a sandbox goes on from. Copying one takes the same time whatever the world's size."""

    store: StoreState
    clock: Clock
    ids: Ids
    rules: RuleSet

    def copy(self) -> SandboxState:
        """Return the same state, going on by itself."""
        return SandboxState(self.store, self.clock.copy(), self.ids.copy(), self.rules.copy())


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A sandbox at one moment. `changes` tells whether it has changed since."""

    changes: int
    state: SandboxState
    snapshots: Mapping[str, SandboxState]
