"""Checkpoint sandboxes as the lines of a state file.

Only what differs from the seed world is written, and every record and every world once, however
many sandboxes and snapshots share it. Indexes are not written: they follow from the records.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from mockserver.core.ids import seeded_random
from mockserver.persistence.state_format import (
    BY_DIGEST,
    MAPS,
    RECORDS,
    SEED,
    Gone,
    Goods,
    Line,
    Mismatch,
    Put,
    RuleLine,
    SandboxLine,
    StateLine,
    WorldLine,
)
from mockserver.sandbox.state import Checkpoint, SandboxState
from mockserver.store.products import CartItem
from mockserver.store.world import Cart, Order, StoreState

BATCH_SIZE = 200
"""How many records of a map are looked at, or stand in a line, at once: no step takes long."""


def lines(captured: Iterable[tuple[str, Checkpoint]], seed: StoreState) -> Iterator[bytes]:
    """Yield the lines of sandboxes made from a seed world; b"" is a good moment for a pause.

    Raises Mismatch for what the format can't hold.
    """
    encode = msgspec.json.Encoder().encode
    return (b"" if line is None else encode(line) for line in _Writing(seed).all(captured))


@dataclass(slots=True)
class _Writing:
    """Numbers of what was written already. Whoever captured the states keeps them alive, so an
    object's identity tells it from any other."""

    seed: StoreState
    records: dict[int, int] = field(default_factory=dict)
    worlds: dict[int, int] = field(default_factory=dict)

    def all(self, captured: Iterable[tuple[str, Checkpoint]]) -> Iterator[Line | None]:
        for name, each in captured:
            yield SandboxLine(name)
            for snapshot, state in [(None, each.state), *each.snapshots.items()]:
                if id(state.store) not in self.worlds:
                    yield from self._world(state.store)
                    self.worlds[id(state.store)] = len(self.worlds)
                yield _state(snapshot, state, self.worlds[id(state.store)])

    def _world(self, world: StoreState) -> Iterator[Line | None]:
        for name in SEED:
            if getattr(world, name) is not getattr(self.seed, name):
                raise Mismatch(f"a world's {name} has changed, which the format can't hold")
        for name in MAPS:
            now, before = getattr(world, name), getattr(self.seed, name)
            if now is not before:
                yield from self._put(name, now, before)
                yield from self._gone(name, now, before)
        settings = None if world.settings is self.seed.settings else world.settings
        yield WorldLine(world.epoch, world.revision, settings, world.sweep_at)

    def _put(self, name: str, now: Any, before: Any) -> Iterator[Line | None]:
        pairs: list[tuple[str, int]] = []
        for seen, (key, value) in enumerate(now.items()):
            if seen % BATCH_SIZE == 0:
                yield None
            if before.get(key) is value:
                continue
            number = value
            if MAPS[name] is not int:
                if id(value) not in self.records:
                    yield self._record(value)
                    self.records[id(value)] = len(self.records)
                number = self.records[id(value)]
            pairs.append((_text(name, key), number))
            if len(pairs) == BATCH_SIZE:
                yield Put(name, pairs)
                pairs = []
        if pairs:
            yield Put(name, pairs)

    def _gone(self, name: str, now: Any, before: Any) -> Iterator[Line | None]:
        gone: list[str] = []
        for seen, key in enumerate(before):
            if seen % BATCH_SIZE == 0:
                yield None
            if key not in now:
                gone.append(_text(name, key))
            if len(gone) == BATCH_SIZE:
                yield Gone(name, gone)
                gone = []
        if gone:
            yield Gone(name, gone)

    def _record(self, record: Any) -> Line:
        made: Any = RECORDS[type(record)]
        line: Line
        if isinstance(record, (Cart, Order)) and record.items:
            bare = [self._bare(item) for item in record.items]
            without = replace(record, items=tuple(item for item, _ in bare))
            line = made(without, tuple(goods for _, goods in bare))
        else:
            line = made(record)
        return line

    def _bare(self, item: CartItem) -> tuple[CartItem, Goods]:
        """Return an item without what it has of the seed world, and the names of that."""
        product, promotion = item.product, item.promotion
        product_id = code = None
        if product is not None and self.seed.products.get(product.id) is product:
            product_id = product.id
        if promotion is not None and self.seed.promotions.get(promotion.code) is promotion:
            code = promotion.code
        bare = replace(
            item,
            product=product if product_id is None else None,
            promotion=promotion if code is None else None,
        )
        return bare, (product_id, code)


def _state(snapshot: str | None, state: SandboxState, world: int) -> StateLine:
    frozen_at, offset = state.clock.state
    book = state.rules
    drawn: Any = book.rng.getstate()
    return StateLine(
        snapshot=snapshot,
        world=world,
        frozen_at=frozen_at,
        offset=offset,
        drawn=state.ids.counters(),
        rules=[RuleLine(r.id, r.given, r.expires_at, r.matched, r.fired) for r in book.rules],
        rules_drawn=book.drawn,
        rng=None if drawn == seeded_random(book.seed).getstate() else drawn,
    )


def _text(name: str, key: Any) -> str:
    text: str = key.hex() if name in BY_DIGEST else key
    return text
