"""Change sets and sandboxes as bytes and back; what is read is checked, every type of it.

A store state is written as its change set from the initial data: what equals the fixtures costs
nothing. In a document each record is written once, however many sandboxes and snapshots share it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Annotated, Any

import msgspec

from mockserver.core.clock import Clock
from mockserver.core.ids import Ids
from mockserver.sandbox.rules import Rule, RuleSet
from mockserver.sandbox.sandbox import Checkpoint, SandboxState
from mockserver.store.state import COLLECTIONS, INDEXES, ChangeSet, StoreState, apply, changes_since

INLINE = ("allocated", "settings", "counters")
"""The collections whose records are written where they are used: they are small."""
Count = Annotated[int, msgspec.Meta(ge=0)]
SandboxStates = dict[str, tuple[SandboxState, dict[str, SandboxState]]]
"""By the name of a sandbox: its state, and those of its snapshots by name."""


class StateError(ValueError):
    """Bytes that no server has written as a state. The message says what is wrong."""


def _struct(name: str, field_types: Iterable[tuple[str, Any]], default: type) -> Any:
    named = [(n, t, msgspec.field(default_factory=default)) for n, t in field_types]
    return msgspec.defstruct(
        name, named, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
    )


def _keyed(record_type: Any) -> Any:
    return dict[str, record_type | None]  # None: removed


_Changes = _struct("Changes", ((n, _keyed(t)) for n, t in COLLECTIONS.items()), dict)
_References = _struct(
    "References",
    ((n, _keyed(t if n in INLINE else Count)) for n, t in COLLECTIONS.items()),
    dict,
)
"""A change set whose records are their places in the document's table of records."""


def _listed(record_type: Any) -> Any:
    return list[record_type]


_Table = _struct(
    "Table", ((n, _listed(t)) for n, t in COLLECTIONS.items() if n not in INLINE), list
)
_RawTable = _struct(
    "RawTable", ((n, list[msgspec.Raw]) for n in COLLECTIONS if n not in INLINE), list
)


class _StoredRule(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    definition: dict[str, Any]
    expires_at: int | None
    matched: Count
    fired: Count


class _StoredState(msgspec.Struct, forbid_unknown_fields=True):
    """A state of a sandbox; `store` is the place of its store state in the document."""

    store: Count
    frozen_at: int | None
    offset: int
    ids: dict[str, Count]
    rules: list[_StoredRule]
    rules_issued: Count
    draws: Count


class _StoredSandbox(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    state: _StoredState
    snapshots: dict[str, _StoredState]


def _document(table: Any, store: Any) -> Any:
    return msgspec.defstruct(
        "Document",
        [("records", table), ("stores", list[store]), ("sandboxes", list[_StoredSandbox])],
        forbid_unknown_fields=True,
    )


_Store = msgspec.defstruct(
    "Store", [("epoch", int), ("changes", _References)], forbid_unknown_fields=True
)
_Document = _document(_Table, _Store)
_RawDocument = _document(_RawTable, _Store)
"""A document whose records are encoded already."""

_encode = msgspec.json.Encoder().encode
_decode_changes = msgspec.json.Decoder(_Changes).decode
_decode_document = msgspec.json.Decoder(_Document).decode


def encode_changes(changes: ChangeSet) -> bytes:
    """Return a change set as JSON."""
    return _encode(changes)


def decode_changes(data: bytes) -> ChangeSet:
    """Return the change set of a JSON text. Raises StateError for anything else."""
    return _present(_checked(_decode_changes, data))


def encode_sandboxes(checkpoints: Iterable[tuple[str, Checkpoint]], initial: StoreState) -> bytes:
    """Return sandboxes that came of initial data as one JSON document."""
    table = _RawTable()
    stores: list[Any] = []
    place_of: dict[int, int] = {}  # by identity: whoever made the checkpoints keeps them alive
    sandboxes = []

    def reference(collection: str, record: Any) -> Any:
        if record is None or collection in INLINE:
            return record
        if id(record) not in place_of:
            records = getattr(table, collection)
            place_of[id(record)] = len(records)
            records.append(msgspec.Raw(_encode(record)))
        return place_of[id(record)]

    def store_place(store: StoreState) -> int:
        if id(store) not in place_of:
            references = {
                name: {key: reference(name, record) for key, record in records.items()}
                for name, records in changes_since(initial, store).items()
            }
            place_of[id(store)] = len(stores)
            stores.append(_Store(store.epoch, _References(**references)))
        return place_of[id(store)]

    for name, checkpoint in checkpoints:
        stored = {
            snapshot: _stored_state(state, store_place(state.store))
            for snapshot, state in checkpoint.snapshots.items()
        }
        present = _stored_state(checkpoint.state, store_place(checkpoint.state.store))
        sandboxes.append(_StoredSandbox(name, present, stored))
    return _encode(_RawDocument(table, stores, sandboxes))


def decode_sandboxes(
    data: bytes, initial: StoreState, seed: int, start: int | None
) -> SandboxStates:
    """Return the states of sandboxes that came of initial data.

    Their ids come from `seed`, and `start` is the instant at which their clocks begin, or None for
    the system's time. Raises StateError, and has changed nothing then.
    """
    document = _checked(_decode_document, data)
    sandboxes: SandboxStates = {}
    try:
        stores = [
            _checked_settings(
                apply(initial, _resolve(stored.changes, document.records)), initial
            ).evolve(epoch=stored.epoch)
            for stored in document.stores
        ]
        for stored in document.sandboxes:
            if stored.name in sandboxes:
                raise StateError(f"the sandbox {stored.name[:100]!r} is there twice")
            sandboxes[stored.name] = (
                _sandbox_state(stored.state, stores, seed, start),
                {
                    name: _sandbox_state(snapshot, stores, seed, start)
                    for name, snapshot in stored.snapshots.items()
                },
            )
    except StateError:
        raise
    except (LookupError, TypeError, ValueError, OverflowError) as error:
        raise StateError(f"{type(error).__name__}: {error}") from None
    return sandboxes


def digest_of(initial: StoreState) -> str:
    """Return the digest that identifies initial data: 64 hexadecimal digits."""
    encoder = msgspec.json.Encoder(order="deterministic", enc_hook=_plain)
    static = (
        field.name
        for field in dataclasses.fields(initial)
        if field.name not in ("epoch", *INDEXES, *COLLECTIONS)
    )
    digest = sha256()
    for name in (*static, *COLLECTIONS):
        value = getattr(initial, name)
        digest.update(encoder.encode([name, value if isinstance(value, tuple) else _plain(value)]))
    return digest.hexdigest()


def _checked(decode: Any, data: bytes) -> Any:
    try:
        return decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise StateError(str(error)) from None


def _present(changes: Any) -> ChangeSet:
    return {name: records for name in COLLECTIONS if (records := getattr(changes, name))}


def _resolve(references: Any, table: Any) -> ChangeSet:
    """Return the change set that references to a table of records stand for."""
    return {
        name: places
        if name in INLINE
        else {
            key: None if place is None else getattr(table, name)[place]
            for key, place in places.items()
        }
        for name, places in _present(references).items()
    }


def _checked_settings(store: StoreState, initial: StoreState) -> StoreState:
    for group, settings in initial.settings.items():
        if missing := settings.keys() - (store.settings.get(group) or {}).keys():
            raise StateError(f"the setting {group}.{min(missing)} is missing")
    return store


def _stored_state(state: SandboxState, store_place: int) -> _StoredState:
    frozen_at, offset = state.clock.state
    rules = state.rules
    return _StoredState(
        store=store_place,
        frozen_at=frozen_at,
        offset=offset,
        ids=state.ids.counters(),
        rules=[
            _StoredRule(r.id, dict(r.definition), r.expires_at, r.matched, r.fired)
            for r in rules.rules
        ],
        rules_issued=rules.issued,
        draws=rules.draws,
    )


def _sandbox_state(
    stored: _StoredState, stores: Sequence[StoreState], seed: int, start: int | None
) -> SandboxState:
    clock = Clock(start)
    clock.set_state((stored.frozen_at, stored.offset))
    rules = []
    for rule in stored.rules:
        if not isinstance(rule.definition.get("then"), dict):
            raise StateError(f"the rule {rule.id[:100]!r} does nothing")
        rules.append(Rule(rule.id, rule.definition, rule.expires_at, rule.matched, rule.fired))
    rule_set = RuleSet(seed, rules, stored.rules_issued, stored.draws)
    return SandboxState(stores[stored.store], clock, Ids(seed, stored.ids), rule_set)


def _plain(value: Any) -> Any:
    """Return a map as its pairs, whatever its keys are."""
    if not hasattr(value, "items"):
        raise NotImplementedError
    return sorted(value.items(), key=lambda pair: str(pair[0]))
