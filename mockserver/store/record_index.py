"""Where records lie so that lists find them: all of them, each owner's, those of each name.

A shelf is a value like the world that it is a part of. Writing only notes what has changed; the
trees take the notes in when somebody looks, or when there are many. How a tree works is the
business of `ordered`; how a list asks, that of `shelf_views`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, Generic, NamedTuple, TypeAlias

from rpds import HashTrieMap

from mockserver.store.btree import Node, Sorting, Tree, changed, ended, forwards, tree_of
from mockserver.store.index_specs import ALL, NAME, NAMES, Facet, Facets, Filing, Record

MAX_NOTES = 256
WORTH = 4
"""How many records must have the same name, on average, for trees of these to be worth while."""
MAX_MISSED = 1 / 16
"""The part of all records that a rack may have missed: beyond, making it anew costs less."""
_Trees: TypeAlias = "Mapping[str, HashTrieMap[str, Node[Record]]]"
_Notes: TypeAlias = "tuple[tuple[Record | None, Record | None], ...]"


class _Rack(NamedTuple, Generic[Record]):
    """Trees, unless they are not worth it, and what they have missed."""

    trees: _Trees[Record] | None
    missed: tuple[_Notes[Record], ...] = ()


class _State(NamedTuple, Generic[Record]):
    trees: _Trees[Record]
    notes: _Notes[Record]
    racks: Mapping[str, _Rack[Record]]


class Shelf(Generic[Record]):
    """Records by their facets. What it says never changes; how much of it is in trees does."""

    __slots__ = ("_filing", "_state")

    def __init__(self, filing: Filing[Record], state: _State[Record] | None = None) -> None:
        self._filing = filing
        self._state = state or _State({}, (), {})  # other threads see all of a state, or nothing

    @classmethod
    def of(cls, filing: Filing[Record], records: Iterable[Record]) -> Shelf[Record]:
        """Return the shelf of records: in linear time when they are in order, or nearly."""
        ordered = sorted(records, key=filing.sorting.rank)
        return cls(filing, _State(_trees(ordered, filing.facets, filing.sorting), (), {}))

    @property
    def sorting(self) -> Sorting[Record]:
        """By what the records are ordered."""
        return self._filing.sorting

    def noted(self, before: Record | None, after: Record | None) -> Shelf[Record]:
        """Return the shelf after a record was added (nothing before), changed, or removed.

        `before` must be the very record that was noted last.
        """
        state = self._state if len(self._state.notes) < MAX_NOTES else self._settled()
        notes = (*state.notes, (before, after))
        return Shelf(self._filing, _State(state.trees, notes, state.racks))

    def tree(self, facet: Facet) -> Tree[Record]:
        """Return the tree of a facet."""
        kind, value = facet
        trees = self._rack(kind) if kind in self._filing.racks else self._settled().trees
        found = None if trees is None else trees.get(kind)
        return None if found is None else found.get(value)

    def named(self, facet: Facet) -> list[Node[Record]] | None:
        """Return the trees of all records, or of the associated ones, parted by name. None when it
        is no such facet, or when so many names differ that looking at every record costs less."""
        kinds = NAMES.get(facet, ())
        trees = self._rack(NAME) if kinds and NAME in self._filing.racks else None
        if trees is None:
            return None
        return [tree for kind in kinds for tree in (trees[kind].values() if kind in trees else ())]

    def ended(self, now: int) -> Iterator[Record]:
        """Yield the records that have ended."""
        return ended(self.tree(ALL), now, self.sorting)

    def parts(self) -> list[Any]:
        """Return the maps and the sequences that the shelf is made of."""
        state = self._state
        racks = state.racks.values()
        trees = [
            by for each in (state.trees, *(r.trees or {} for r in racks)) for by in each.values()
        ]
        return [*trees, *(notes for rack in racks for notes in rack.missed)]

    def _settled(self) -> _State[Record]:
        """Return the state with its notes taken in, and keep it, since it says the same.

        A rack takes them in when it is asked for; one that has missed much is given up.
        """
        state = self._state
        if state.notes:
            trees = _amended(state.trees, state.notes, self._filing.facets, self.sorting)
            most = max(_size(trees) * MAX_MISSED / MAX_NOTES, 4)
            racks = {
                name: _Rack(rack.trees, (*rack.missed, state.notes))
                for name, rack in state.racks.items()
                if len(rack.missed) < most
            }
            self._state = state = _State(trees, (), racks)
        return state

    def _rack(self, name: str) -> _Trees[Record] | None:
        """Return the trees of a rack, made now or brought up to date."""
        state, facets = self._settled(), self._filing.racks[name]
        rack = state.racks.get(name)
        if rack is not None and (rack.trees is None or not rack.missed):
            return rack.trees
        size = _size(state.trees)
        if rack is None:
            records = list(forwards(self.tree(ALL)))
            values = len({facet for record in records for facet in facets(record)})
            trees = _trees(records, facets, self.sorting) if _is_worth(values, size) else None
        else:
            assert rack.trees is not None  # or it was returned above
            notes = tuple(chain.from_iterable(rack.missed))
            trees = _amended(rack.trees, notes, facets, self.sorting)
            if not _is_worth(sum(map(len, trees.values())), size):
                trees = None
        self._state = state._replace(racks={**state.racks, name: _Rack(trees)})
        return trees


def _size(trees: _Trees[Record]) -> int:
    every = trees.get(ALL[0])
    tree = None if every is None else every.get(ALL[1])
    return 0 if tree is None else tree.size


def _is_worth(values: int, records: int) -> bool:
    return values * WORTH <= max(records, WORTH * MAX_NOTES)


def _trees(
    records: Iterable[Record], facets: Facets[Record], sorting: Sorting[Record]
) -> _Trees[Record]:
    """Return the trees of records that are in order."""
    groups: dict[str, dict[str, list[Record]]] = {}
    for record in records:
        for kind, value in facets(record):
            groups.setdefault(kind, {}).setdefault(value, []).append(record)
    return {
        kind: HashTrieMap(
            {value: tree for value, some in by.items() if (tree := tree_of(some, sorting))}
        )
        for kind, by in groups.items()
    }


def _amended(
    trees: _Trees[Record],
    notes: _Notes[Record],
    facets: Facets[Record],
    sorting: Sorting[Record],
) -> _Trees[Record]:
    """Return the trees with notes taken in: of each record the first state gone, the last new."""
    befores: dict[str, Record | None] = {}
    afters: dict[str, Record | None] = {}
    for before, after in notes:
        either = after or before
        assert either is not None
        befores.setdefault(either.id, before)
        afters[either.id] = after
    changes: dict[Facet, tuple[list[Record], list[Record]]] = {}
    for part, records in enumerate((befores, afters)):
        for record in filter(None, records.values()):
            for facet in facets(record):
                changes.setdefault(facet, ([], []))[part].append(record)
    amended = dict(trees)
    for (kind, value), (gone, new) in changes.items():
        by = amended.get(kind) or HashTrieMap()
        tree = changed(by.get(value), gone, new, sorting)
        amended[kind] = by.discard(value) if tree is None else by.insert(value, tree)
    return amended
