"""A persistent tree of records in their order, so that a page costs what is on it.

A B+tree whose nodes know how many records are below them, and when the first and the last of these
ends: so records that have ended are left out, and counted out, without looking at them one by one.
A tree never changes; a changed one shares with it what has stayed. None is the empty tree. What
lies in which tree is the business of `shelf`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from operator import attrgetter
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

Record = TypeVar("Record")

WIDTH = 32
"""How many records, or nodes, a node holds at most: wider ones are slower to change, narrower ones
make the tree deeper."""


class Sorting(NamedTuple, Generic[Record]):
    """By what records are ordered, each having another rank; and when one ends, as an instant."""

    rank: Callable[[Record], Any]
    end: Callable[[Record], int]


class Node(NamedTuple, Generic[Record]):
    """Some records in their order, or at a `height` above 0 the nodes that hold them."""

    items: tuple[Any, ...]
    first: Record
    size: int
    first_end: int
    last_end: int
    height: int


Tree: TypeAlias = "Node[Record] | None"

_SIZE, _FIRST_END, _LAST_END = map(attrgetter, ("size", "first_end", "last_end"))


def tree_of(records: Sequence[Record], sorting: Sorting[Record]) -> Tree[Record]:
    """Return the tree of records that are in order already, in linear time."""
    return _risen(_packed(records, 0, sorting), sorting)


def changed(
    tree: Tree[Record], gone: Sequence[Record], new: Sequence[Record], sorting: Sorting[Record]
) -> Tree[Record]:
    """Return the tree without some of its records, and with others, in any order."""
    new = sorted(new, key=sorting.rank) if len(new) > 1 else new
    if tree is None:
        return tree_of(new, sorting)
    gone = sorted(gone, key=sorting.rank) if len(gone) > 1 else gone
    return _risen(_changed(tree, gone, new, sorting), sorting)


def count(tree: Tree[Record], now: int, sorting: Sorting[Record]) -> int:
    """Return how many records of a tree have not ended."""
    if tree is None or tree.last_end <= now:
        return 0
    if tree.first_end > now:
        return tree.size
    if tree.height:
        return sum(count(node, now, sorting) for node in tree.items)
    return sum(sorting.end(record) > now for record in tree.items)


def backwards(
    tree: Tree[Record], now: int, sorting: Sorting[Record], skip: int = 0
) -> Iterator[Record]:
    """Yield the records that have not ended, from the last to the first but the last `skip`."""
    nodes = [] if tree is None else [tree]
    while nodes:
        node = nodes.pop()
        if node.last_end <= now:
            continue
        if skip >= node.size and node.first_end > now:
            skip -= node.size
        elif node.height:
            nodes += node.items
        else:
            for record in reversed(node.items):
                if sorting.end(record) <= now:
                    continue
                if skip:
                    skip -= 1
                else:
                    yield record


def forwards(tree: Tree[Record]) -> Iterator[Record]:
    """Yield all records, from the first to the last."""
    nodes = [] if tree is None else [tree]
    while nodes:
        node = nodes.pop()
        if node.height:
            nodes += reversed(node.items)
        else:
            yield from node.items


def ended(tree: Tree[Record], now: int, sorting: Sorting[Record]) -> Iterator[Record]:
    """Yield the records that have ended."""
    nodes = [] if tree is None else [tree]
    while nodes:
        node = nodes.pop()
        if node.first_end > now:
            continue
        if node.height:
            nodes += reversed(node.items)
        else:
            yield from (record for record in node.items if sorting.end(record) <= now)


def _changed(
    node: Node[Record], gone: Sequence[Record], new: Sequence[Record], sorting: Sorting[Record]
) -> list[Node[Record]]:
    """Return the nodes, of the same height, that take a node's place; none when nothing is left."""
    items = list(node.items)
    if node.height:
        parts = dict(_parted(items, gone, sorting)) if gone else {}
        news = dict(_parted(items, new, sorting)) if new else {}
        for at in sorted({*parts, *news}, reverse=True):  # so that earlier places stay the same
            nodes = _changed(items[at], parts.get(at, ()), news.get(at, ()), sorting)
            items[at : at + 1] = nodes
            if not nodes or len(nodes[0].items) < WIDTH // 4:
                _join(items, at, sorting)
    else:
        rank = sorting.rank
        for record in gone:
            del items[bisect_left(items, rank(record), key=rank)]
        if items and new and rank(items[-1]) > rank(new[0]):
            items = sorted([*items, *new], key=rank)
        else:
            items += new
    if not 0 < len(items) <= WIDTH:
        return _packed(items, node.height, sorting)
    return [_altered(node, tuple(items), gone, new, sorting)]


def _parted(
    nodes: Sequence[Node[Record]], records: Sequence[Record], sorting: Sorting[Record]
) -> Iterator[tuple[int, Sequence[Record]]]:
    """Yield the places of nodes with the records that belong there."""
    rank = sorting.rank
    start = 0
    while start < len(records):
        after = bisect_right(nodes, rank(records[start]), key=lambda each: rank(each.first))
        at, stop = max(after - 1, 0), len(records)
        if at + 1 < len(nodes):
            stop = bisect_left(records, rank(nodes[at + 1].first), start, key=rank)
        yield at, records[start:stop]
        start = stop


def _altered(
    node: Node[Record],
    items: tuple[Any, ...],
    gone: Sequence[Record],
    new: Sequence[Record],
    sorting: Sorting[Record],
) -> Node[Record]:
    """Return a node with other items. Only when a bound may be gone is it looked for in all."""
    first_end, last_end = node.first_end, node.last_end
    if gone and (first_end != last_end or len(gone) == node.size):
        ends = list(map(sorting.end, gone))
        if min(ends) == first_end or max(ends) == last_end:
            return _node(items, node.height, sorting)
    if new:
        ends = list(map(sorting.end, new))
        first_end, last_end = min(first_end, *ends), max(last_end, *ends)
    total = node.size + len(new) - len(gone)
    first = items[0].first if node.height else items[0]
    return Node(items, first, total, first_end, last_end, node.height)


def _join(nodes: list[Node[Record]], at: int, sorting: Sorting[Record]) -> None:
    """Make one of thin neighbours, so that a tree is not left full of holes."""
    for left in (at, at - 1):
        if 0 <= left < len(nodes) - 1:
            one, other = nodes[left : left + 2]
            if len(one.items) + len(other.items) <= WIDTH // 2:
                joined = _node((*one.items, *other.items), one.height, sorting)
                nodes[left : left + 2] = [joined]


def _packed(items: Sequence[Any], height: int, sorting: Sorting[Record]) -> list[Node[Record]]:
    """Return the nodes of a height that hold these items, as evenly as can be."""
    pieces = -(-len(items) // WIDTH)
    if pieces <= 1:
        return [_node(tuple(items), height, sorting)] if items else []
    cuts = [len(items) * each // pieces for each in range(pieces + 1)]
    return [_node(tuple(items[start:end]), height, sorting) for start, end in pairwise(cuts)]


def _risen(nodes: list[Node[Record]], sorting: Sorting[Record]) -> Tree[Record]:
    """Return the tree over nodes of one height."""
    while len(nodes) > 1:
        nodes = _packed(nodes, nodes[0].height + 1, sorting)
    if not nodes:
        return None
    top = nodes[0]
    while top.height and len(top.items) == 1:
        top = top.items[0]
    return top


def _node(items: tuple[Any, ...], height: int, sorting: Sorting[Record]) -> Node[Record]:
    if height:
        total = sum(map(_SIZE, items))
        first_end, last_end = min(map(_FIRST_END, items)), max(map(_LAST_END, items))
        return Node(items, items[0].first, total, first_end, last_end, height)
    ends = list(map(sorting.end, items))
    return Node(items, items[0], len(items), min(ends), max(ends), 0)
