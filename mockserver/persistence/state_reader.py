"""The lines of a state file as the states of sandboxes. Everything is checked before it is used:
whoever reads to the end has all of it, and nothing in a sandbox has changed until then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from mockserver.core.clock import Clock
from mockserver.core.ids import Ids
from mockserver.persistence.state_format import (
    ANY,
    BY_DIGEST,
    MAPS,
    RECORDS,
    VALUES,
    Gone,
    Mismatch,
    Put,
    SandboxLine,
    StateLine,
    WorldLine,
)
from mockserver.sandbox.rules import Rule, RuleSet
from mockserver.sandbox.state import SandboxState
from mockserver.store.derived import derived
from mockserver.store.products import CartItem
from mockserver.store.world import StoreState

_KINDS = {line: kind for kind, line in RECORDS.items()}
_decode = msgspec.json.Decoder(ANY).decode


@dataclass(slots=True)
class Read:
    """The states of one sandbox."""

    present: SandboxState
    snapshots: dict[str, SandboxState] = field(default_factory=dict)


@dataclass(slots=True)
class Reader:
    """Takes the lines of sandboxes of a seed world that `seed` gives their ids.

    `frozen_at` is where their clocks stand at the start, None for the system's time. What was read
    is in `sandboxes`, in the order of the lines.
    """

    world: StoreState
    seed: int
    frozen_at: int | None
    sandboxes: dict[str, Read] = field(default_factory=dict)
    _name: str = ""
    _records: list[Any] = field(default_factory=list)
    _worlds: list[StoreState] = field(default_factory=list)
    _maps: dict[str, Any] = field(default_factory=dict)

    def take(self, line: bytes) -> None:
        """Take the next line. Raises Mismatch."""
        try:
            read = _decode(line)
            if type(read) in _KINDS:
                self._records.append(self._record(read))
            else:
                _TAKE[type(read)](self, read)
        except Mismatch:
            raise
        except (ValueError, LookupError, TypeError, OverflowError, RecursionError) as error:
            raise Mismatch(f"{type(error).__name__}: {error}") from None

    def end(self) -> dict[str, Read]:
        """Return the sandboxes, when all lines were taken. Raises Mismatch."""
        if self._maps or (self._name and self._name not in self.sandboxes):
            raise Mismatch("the last lines are missing")
        return self.sandboxes

    def _record(self, line: Any) -> Any:
        record, goods = line.record, line.goods
        if not goods:
            return record
        pairs = zip(record.items, goods, strict=True)
        return replace(record, items=tuple(self._full(item, *names) for item, names in pairs))

    def _full(self, item: CartItem, product_id: str | None, code: str | None) -> CartItem:
        product = item.product if product_id is None else self.world.products[product_id]
        promotion = item.promotion if code is None else self.world.promotions[code]
        return replace(item, product=product, promotion=promotion)

    def _put(self, line: Put) -> None:
        records, kind = self._map(line.map), MAPS[line.map]
        for text, number in line.pairs:
            record = number if kind is int else self._records[number]
            if type(record) is not kind:
                raise Mismatch(f"record {number} is none of {line.map}")
            records = records.insert(_key(line.map, text), record)
        self._maps[line.map] = records

    def _gone(self, line: Gone) -> None:
        records = self._map(line.map)
        for text in line.keys:
            records = records.remove(_key(line.map, text))
        self._maps[line.map] = records

    def _map(self, name: str) -> Any:
        if name not in MAPS:
            raise Mismatch(f"a world has no map {name[:100]!r}")
        return self._maps.get(name, getattr(self.world, name))

    def _end_world(self, line: WorldLine) -> None:
        given = self.world.settings if line.settings is None else line.settings
        for group, settings in self.world.settings.items():
            if missing := settings.keys() - given.get(group, {}).keys():
                raise Mismatch(f"a world has no setting {group}.{min(missing)}")
        values = {name: getattr(line, name) for name in VALUES} | {"settings": given}
        world = replace(self.world, **values, **self._maps)
        if self._maps:
            indexes = derived(
                world.members.values(),
                world.customers.values(),
                world.carts.values(),
                world.orders.values(),
            )
            world = replace(world, **indexes)
        self._worlds.append(world)
        self._maps = {}

    def _begin_sandbox(self, line: SandboxLine) -> None:
        self._name = line.name

    def _state(self, line: StateLine) -> None:
        clock = Clock(self.frozen_at)
        clock.set_state((line.frozen_at, line.offset))
        state = SandboxState(
            self._worlds[line.world], clock, Ids(self.seed, line.drawn), self._book(line)
        )
        if line.snapshot is not None:
            self.sandboxes[self._name].snapshots[line.snapshot] = state
        elif self._name in self.sandboxes:
            raise Mismatch(f"the sandbox {self._name[:100]!r} stands there twice")
        else:
            self.sandboxes[self._name] = Read(state)

    def _book(self, line: StateLine) -> RuleSet:
        for each in line.rules:
            if not isinstance(each.given.get("then"), dict):
                raise Mismatch(f"the rule {each.id[:100]!r} does nothing")
        rules = [Rule(r.id, r.given, r.expires_at, r.matched, r.fired) for r in line.rules]
        book = RuleSet(self.seed, rules, line.rules_drawn)
        if line.rng is not None:
            book.rng.setstate(line.rng)
        return book


_TAKE: Mapping[type, Callable[[Reader, Any], None]] = {
    Put: Reader._put,
    Gone: Reader._gone,
    WorldLine: Reader._end_world,
    SandboxLine: Reader._begin_sandbox,
    StateLine: Reader._state,
}


def _key(name: str, text: str) -> str | bytes:
    return bytes.fromhex(text) if name in BY_DIGEST else text
