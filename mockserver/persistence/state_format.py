"""The lines of a state file: what sandboxes have come to, beside the world that they started from.

The structures are the format, each line a JSON array whose first element is its tag; who changes
one raises `FORMAT`. `state_writer` makes the lines, `state_reader` reads them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from hashlib import sha256
from typing import Annotated, Any, TypeAlias

import msgspec
from rpds import HashTrieMap

from mockserver.store import derived
from mockserver.store.world import (
    Account,
    AccountToken,
    Bearer,
    Cart,
    Customer,
    CustomerToken,
    Member,
    Order,
    StoreState,
)

FORMAT = 1

MAPS: dict[str, type] = {
    "accounts": Account,
    "members": Member,
    "customers": Customer,
    "bearers": Bearer,
    "account_tokens": AccountToken,
    "customer_tokens": CustomerToken,
    "carts": Cart,
    "orders": Order,
    "allocated": int,
}
"""The maps of a world that change, and what they hold."""
BY_DIGEST = ("bearers", "account_tokens", "customer_tokens")
"""Those whose keys are bytes: they stand as hexadecimal digits."""
VALUES = ("epoch", "revision", "settings", "sweep_at")
"""The other fields of a world that change as a whole."""
SEED = tuple(
    each.name for each in fields(StoreState) if each.name not in (*MAPS, *VALUES, *derived.FIELDS)
)
"""The fields that no operation changes: they are the seed world's."""

Number: TypeAlias = Annotated[int, msgspec.Meta(ge=0)]
Goods: TypeAlias = tuple[str | None, str | None]
"""What an item has of the seed world: the id of its product, the code of its promotion."""


class Mismatch(ValueError):
    """Lines that no server of this format has written. The message tells what is wrong."""


class Line(msgspec.Struct, array_like=True, frozen=True):
    """One line: an array whose first element is the tag."""


class Put(Line, tag="put", frozen=True):
    """Records of the next world's map, by key: each the number of its line, or a plain number."""

    map: str
    pairs: Sequence[tuple[str, Number]]


class Gone(Line, tag="gone", frozen=True):
    """Keys of the seed world that the next world's map does not have."""

    map: str
    keys: Sequence[str]


class WorldLine(Line, tag="world", frozen=True):
    """A world, after what `Put` and `Gone` said of its maps. `settings` may be the seed world's."""

    epoch: int
    revision: int
    settings: Mapping[str, Mapping[str, Any]] | None
    sweep_at: Mapping[str, int]


class RuleLine(Line, frozen=True):
    """An armed rule."""

    id: str
    given: Mapping[str, Any]
    expires_at: int | None
    matched: int
    fired: int


class SandboxLine(Line, tag="sandbox", frozen=True):
    """A sandbox; its state and those of its snapshots follow."""

    name: str


class StateLine(Line, tag="state", frozen=True):
    """A state of the last sandbox: the present one, or that of a snapshot.

    `chance` is None for a rulebook that has drawn nothing by rng.
    """

    snapshot: str | None
    world: Number
    frozen_at: int | None
    offset: int
    drawn: Mapping[str, Number]
    rules: Sequence[RuleLine]
    rules_drawn: Number
    rng: tuple[int, tuple[int, ...], float | None] | None


RECORDS: dict[type, Any] = {
    kind: msgspec.defstruct(
        f"{kind.__name__}Line",
        [("record", kind), ("goods", tuple[Goods, ...], ())],
        bases=(Line,),
        tag=kind.__name__,
        array_like=True,
        frozen=True,
    )
    for kind in MAPS.values()
    if kind is not int
}
"""The lines of records, by what they hold; `goods` are those of its items."""
ANY: Any = Put | Gone | WorldLine | SandboxLine | StateLine
for _line in RECORDS.values():
    ANY |= _line


def digest(world: StoreState) -> str:
    """Return what tells a seed world from all others: 64 hexadecimal digits."""
    encoder = msgspec.json.Encoder(order="deterministic", enc_hook=_pairs)
    whole = sha256()
    for each in fields(world):
        if each.name not in ("epoch", *derived.FIELDS):
            value = getattr(world, each.name)
            plain = _pairs(value) if isinstance(value, Mapping) else value
            whole.update(encoder.encode([each.name, plain]))
    return whole.hexdigest()


def _pairs(value: Any) -> list[Any]:
    """Return a map as its pairs, whatever its keys are."""
    if not isinstance(value, (Mapping, HashTrieMap)):
        raise NotImplementedError
    return sorted(value.items(), key=lambda pair: str(pair[0]))
