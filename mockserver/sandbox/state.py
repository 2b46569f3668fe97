"""What a sandbox goes on from, and what it was at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mockserver.core.clock import Clock
from mockserver.core.ids import Ids
from mockserver.sandbox.rules import Rulebook
from mockserver.store.world import World


@dataclass(slots=True)
class State:
    """What a sandbox goes on from. Copying one takes the same time whatever the world's size."""

    world: World
    clock: Clock
    ids: Ids
    rules: Rulebook

    def copy(self) -> State:
        """Return the same state, going on by itself."""
        return State(self.world, self.clock.copy(), self.ids.copy(), self.rules.copy())


@dataclass(frozen=True, slots=True)
class Captured:
    """A sandbox at one moment. `changes` tells whether it has changed since."""

    changes: int
    state: State
    snapshots: Mapping[str, State]
