"""A persistent ordered map, so that a page of a list costs what is on it, at any size.

A B+tree whose nodes know how many records are below them, and when the first and the last of these
expires: so expired records are left out, and left out of the count, without a look at each.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from operator import attrgetter
from typing import Any, Generic, NamedTuple, TypeVar

Record = TypeVar("Record")

WIDTH = 32
"""How many records, or nodes, a node holds at most: wider ones are slower to change, narrower ones
make the tree deeper."""


class SortSpec(NamedTuple, Generic[Record]):
    """The sort key of records, different for each, and the instant at which one expires."""

    key: Callable[[Record], Any]
    expires_at: Callable[[Record], int]


class Node(NamedTuple, Generic[Record]):
    """Some records in their order, or at a `height` above 0 the nodes that hold them."""

    items: tuple[Any, ...]
    first: Record
    size: int
    first_expiry: int
    last_expiry: int
    height: int


_SIZE, _FIRST_EXPIRY, _LAST_EXPIRY = map(attrgetter, ("size", "first_expiry", "last_expiry"))


class OrderedMap(Generic[Record]):
    """Records in their order: a value, whose changed copies share with it what has stayed."""

    __slots__ = ("root", "spec")

    def __init__(self, spec: SortSpec[Record], root: Node[Record] | None = None) -> None:
        self.spec = spec
        self.root = root

    def __bool__(self) -> bool:
        return self.root is not None

    @classmethod
    def build(cls, records: Iterable[Record], spec: SortSpec[Record]) -> OrderedMap[Record]:
        """Return the map of records: in linear time when they are in order, or nearly."""
        nodes = _pack(sorted(records, key=spec.key), 0, spec)
        return cls(spec, _build_root(nodes, spec))

    def apply_changes(
        self, removed: Sequence[Record], added: Sequence[Record]
    ) -> OrderedMap[Record]:
        """Return the map without some of its records, and with others, in any order."""
        if self.root is None:
            return OrderedMap.build(added, self.spec)
        if len(removed) > 1:
            removed = sorted(removed, key=self.spec.key)
        if len(added) > 1:
            added = sorted(added, key=self.spec.key)
        nodes = _apply_changes(self.root, removed, added, self.spec)
        return OrderedMap(self.spec, _build_root(nodes, self.spec))

    def count(self, now: int) -> int:
        """Return how many records have not expired."""
        return 0 if self.root is None else _count(self.root, now, self.spec)

    def iter_desc(self, now: int, skip: int = 0) -> Iterator[Record]:
        """Yield the records that have not expired, the last one first, except the last `skip`."""
        expires_at = self.spec.expires_at
        nodes = [] if self.root is None else [self.root]
        while nodes:
            node = nodes.pop()
            if node.last_expiry <= now:
                continue
            if skip >= node.size and node.first_expiry > now:
                skip -= node.size
            elif node.height:
                nodes += node.items
            else:
                for record in reversed(node.items):
                    if expires_at(record) <= now:
                        continue
                    if skip:
                        skip -= 1
                    else:
                        yield record

    def iter_expired(self, now: int) -> Iterator[Record]:
        """Yield the records that have expired, the first one first."""
        expires_at = self.spec.expires_at
        nodes = [] if self.root is None else [self.root]
        while nodes:
            node = nodes.pop()
            if node.first_expiry > now:
                continue
            if node.height:
                nodes += reversed(node.items)
            else:
                yield from (record for record in node.items if expires_at(record) <= now)


def _count(node: Node[Record], now: int, spec: SortSpec[Record]) -> int:
    if node.last_expiry <= now:
        return 0
    if node.first_expiry > now:
        return node.size
    if node.height:
        return sum(_count(child, now, spec) for child in node.items)
    return sum(spec.expires_at(record) > now for record in node.items)


def _apply_changes(
    node: Node[Record],
    removed: Sequence[Record],
    added: Sequence[Record],
    spec: SortSpec[Record],
) -> list[Node[Record]]:
    """Return the nodes, of the same height, that take a node's place; none when it is empty."""
    items = list(node.items)
    if node.height:
        removals = dict(_partition(items, removed, spec)) if removed else {}
        additions = dict(_partition(items, added, spec)) if added else {}
        # from the last place to the first, so that earlier places stay valid
        for place in sorted({*removals, *additions}, reverse=True):
            nodes = _apply_changes(
                items[place], removals.get(place, ()), additions.get(place, ()), spec
            )
            items[place : place + 1] = nodes
            if not nodes or len(nodes[0].items) < WIDTH // 4:
                _join_neighbours(items, place, spec)
    else:
        key = spec.key
        for record in removed:
            del items[bisect_left(items, key(record), key=key)]
        if items and added and key(items[-1]) > key(added[0]):
            items = sorted([*items, *added], key=key)
        else:
            items += added
    if not 0 < len(items) <= WIDTH:
        return _pack(items, node.height, spec)
    return [_update_node(node, tuple(items), removed, added, spec)]


def _partition(
    nodes: Sequence[Node[Record]], records: Sequence[Record], spec: SortSpec[Record]
) -> Iterator[tuple[int, Sequence[Record]]]:
    """Yield the places of nodes with the records that belong there."""
    key = spec.key
    start = 0
    while start < len(records):
        after = bisect_right(nodes, key(records[start]), key=lambda node: key(node.first))
        place, stop = max(after - 1, 0), len(records)
        if place + 1 < len(nodes):
            stop = bisect_left(records, key(nodes[place + 1].first), start, key=key)
        yield place, records[start:stop]
        start = stop


def _update_node(
    node: Node[Record],
    items: tuple[Any, ...],
    removed: Sequence[Record],
    added: Sequence[Record],
    spec: SortSpec[Record],
) -> Node[Record]:
    """Return a node with other items. Only when a bound may be gone is it looked for in all."""
    first_expiry, last_expiry = node.first_expiry, node.last_expiry
    if removed and (first_expiry != last_expiry or len(removed) == node.size):
        expiries = list(map(spec.expires_at, removed))
        if min(expiries) == first_expiry or max(expiries) == last_expiry:
            return _make_node(items, node.height, spec)
    if added:
        expiries = list(map(spec.expires_at, added))
        first_expiry, last_expiry = min(first_expiry, *expiries), max(last_expiry, *expiries)
    size = node.size + len(added) - len(removed)
    first = items[0].first if node.height else items[0]
    return Node(items, first, size, first_expiry, last_expiry, node.height)


def _join_neighbours(nodes: list[Node[Record]], place: int, spec: SortSpec[Record]) -> None:
    """Make one node of thin neighbours, so that a tree is not left full of holes."""
    for left in (place, place - 1):
        if 0 <= left < len(nodes) - 1:
            items = (*nodes[left].items, *nodes[left + 1].items)
            if len(items) <= WIDTH // 2:
                nodes[left : left + 2] = [_make_node(items, nodes[left].height, spec)]


def _pack(items: Sequence[Any], height: int, spec: SortSpec[Record]) -> list[Node[Record]]:
    """Return the nodes of a height that hold these items, as evenly as can be."""
    count = -(-len(items) // WIDTH)
    if count <= 1:
        return [_make_node(tuple(items), height, spec)] if items else []
    cuts = [len(items) * number // count for number in range(count + 1)]
    return [_make_node(tuple(items[start:end]), height, spec) for start, end in pairwise(cuts)]


def _build_root(nodes: list[Node[Record]], spec: SortSpec[Record]) -> Node[Record] | None:
    """Return the node over nodes of one height."""
    while len(nodes) > 1:
        nodes = _pack(nodes, nodes[0].height + 1, spec)
    if not nodes:
        return None
    root = nodes[0]
    while root.height and len(root.items) == 1:
        root = root.items[0]
    return root


def _make_node(items: tuple[Any, ...], height: int, spec: SortSpec[Record]) -> Node[Record]:
    if height:
        first_expiry, last_expiry = min(map(_FIRST_EXPIRY, items)), max(map(_LAST_EXPIRY, items))
        size = sum(map(_SIZE, items))
        return Node(items, items[0].first, size, first_expiry, last_expiry, height)
    expiries = list(map(spec.expires_at, items))
    return Node(items, items[0], len(items), min(expiries), max(expiries), 0)
