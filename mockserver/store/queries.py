"""Lists of what lies on a shelf and has not ended, the last record first; made as far as needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import merge, nlargest
from itertools import islice
from typing import Generic

from mockserver.store.btree import Node, Sorting, backwards, count
from mockserver.store.index_specs import Facet, Record
from mockserver.store.record_index import Shelf


class View(Generic[Record]):
    """The records of one facet, as they are at an instant."""

    __slots__ = ("_shelf", "_tree", "facet", "now")

    def __init__(self, shelf: Shelf[Record], facet: Facet, now: int) -> None:
        self._shelf = shelf
        self._tree = shelf.tree(facet)
        self.facet = facet
        self.now = now

    def __len__(self) -> int:
        return count(self._tree, self.now, self._shelf.sorting)

    def __iter__(self) -> Iterator[Record]:
        return backwards(self._tree, self.now, self._shelf.sorting)

    def __getitem__(self, part: slice) -> list[Record]:
        """Return the records from `part.start` to `part.stop`, without a look at those before."""
        found = backwards(self._tree, self.now, self._shelf.sorting, part.start)
        return list(islice(found, part.stop - part.start))

    def of(self, facet: Facet) -> View[Record]:
        """Return the records of another facet."""
        return View(self._shelf, facet, self.now)

    def alike(self, test: Callable[[Record], bool]) -> Alike[Record] | None:
        """Return the records that pass a test of nothing but their name, tried once for each name;
        None where the shelf does not part them by name."""
        trees = self._shelf.named(self.facet)
        if trees is None:
            return None
        found = [tree for tree in trees if test(tree.first)]
        return Alike(found, self._shelf.sorting, self.now)


class Alike(Generic[Record]):
    """The records of several trees, as they are at an instant."""

    __slots__ = ("_now", "_sorting", "_trees")

    def __init__(self, trees: list[Node[Record]], sorting: Sorting[Record], now: int) -> None:
        self._trees = trees
        self._sorting = sorting
        self._now = now

    def __len__(self) -> int:
        return sum(count(tree, self._now, self._sorting) for tree in self._trees)

    def __iter__(self) -> Iterator[Record]:
        return self._merged(self._trees)

    def __getitem__(self, part: slice) -> list[Record]:
        """Return the records from `part.start` to `part.stop`. The first n of all are in no more
        than n trees, which are those whose own first ones are the latest."""
        rank = self._sorting.rank
        firsts = ((next(self._of(tree), None), tree) for tree in self._trees)
        alive = ((first, tree) for first, tree in firsts if first is not None)
        latest = nlargest(part.stop, alive, key=lambda each: rank(each[0]))
        return list(islice(self._merged([tree for _, tree in latest]), part.start, part.stop))

    def _merged(self, trees: list[Node[Record]]) -> Iterator[Record]:
        return merge(*map(self._of, trees), key=self._sorting.rank, reverse=True)

    def _of(self, tree: Node[Record]) -> Iterator[Record]:
        return backwards(tree, self._now, self._sorting)
