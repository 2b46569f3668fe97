"""Secondary indexes: carts and orders in the order of their lists, all of them and each owner's.

An index is a value, like the state that it is part of. Writing only notes a change as pending; the
ordered maps take pending changes in when somebody reads, or when there are many.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeAlias

from rpds import HashTrieMap

from mockserver.store.ordered_map import OrderedMap, Record, SortSpec

if TYPE_CHECKING:
    from mockserver.store.entities import Cart, Order, Owner

MAX_PENDING = 256
NEVER = 1 << 62
Maps: TypeAlias = "HashTrieMap[Owner | None, OrderedMap[Record]]"
Changes: TypeAlias = "tuple[tuple[Record | None, Record | None], ...]"
"""Each record before and after a change; None where there was or is none."""


class IndexSpec(NamedTuple, Generic[Record]):
    """In which order records are listed, and to which owners each belongs."""

    sort: SortSpec[Record]
    owners: Callable[[Record], tuple[Owner, ...]]


class RecordIndex(Generic[Record]):
    """Records by owner, and all of them under None."""

    __slots__ = ("_contents", "spec")

    def __init__(
        self,
        spec: IndexSpec[Record],
        maps: Maps[Record] | None = None,
        pending: Changes[Record] = (),
    ) -> None:
        self.spec = spec
        # one attribute: another thread sees both parts as they were, or both as they are
        self._contents = (HashTrieMap() if maps is None else maps, pending)

    def with_changes(
        self, changes: Iterable[tuple[Record | None, Record | None]]
    ) -> RecordIndex[Record]:
        """Return the index after some changes."""
        maps, pending = self._contents
        if len(pending) >= MAX_PENDING:
            maps, pending = self._flush(), ()
        return RecordIndex(self.spec, maps, (*pending, *changes))

    def query(self, owner: Owner | None, now: int) -> RecordQuery[Record]:
        """Return the records of an owner, or all, that have not expired, the last one first."""
        records = self._flush().get(owner)
        return RecordQuery(OrderedMap(self.spec.sort) if records is None else records, now)

    def iter_expired(self, now: int) -> Iterator[Record]:
        """Yield the records that have expired."""
        records = self._flush().get(None)
        return iter(()) if records is None else records.iter_expired(now)

    def _flush(self) -> Maps[Record]:
        """Return the ordered maps with the pending changes taken in, and keep them: the index
        still says the same."""
        maps, pending = self._contents
        if pending:
            for owner, (removed, added) in self._by_owner(pending).items():
                records = maps.get(owner)
                records = OrderedMap(self.spec.sort) if records is None else records
                records = records.apply_changes(removed, added)
                maps = maps.insert(owner, records) if records else maps.discard(owner)
            self._contents = (maps, ())
        return maps

    def _by_owner(
        self, pending: Changes[Record]
    ) -> dict[Owner | None, tuple[list[Record], list[Record]]]:
        """Return by owner what to remove, each record as it was first, and what to add, each as it
        is now."""
        first: dict[str, Record | None] = {}
        last: dict[str, Record | None] = {}
        for before, after in pending:
            record: Any = after or before
            first.setdefault(record.id, before)
            last[record.id] = after
        by_owner: dict[Owner | None, tuple[list[Record], list[Record]]] = {}
        for part, records in enumerate((first, last)):
            for present in filter(None, records.values()):
                for owner in (None, *self.spec.owners(present)):
                    by_owner.setdefault(owner, ([], []))[part].append(present)
        return by_owner


class RecordQuery(Generic[Record]):
    """The records of an ordered map that have not expired at an instant, the last one first."""

    __slots__ = ("_now", "_records")

    def __init__(self, records: OrderedMap[Record], now: int) -> None:
        self._records = records
        self._now = now

    def __len__(self) -> int:
        return self._records.count(self._now)

    def __iter__(self) -> Iterator[Record]:
        return self._records.iter_desc(self._now)

    def __getitem__(self, part: slice) -> list[Record]:
        """Return the records from `part.start` to `part.stop`, without a look at those before."""
        records = self._records.iter_desc(self._now, part.start)
        return list(islice(records, part.stop - part.start))


def cart_index() -> RecordIndex[Cart]:
    """Return an empty index of carts: the last updated first."""
    return RecordIndex(_CARTS)


def order_index() -> RecordIndex[Order]:
    """Return an empty index of orders: the newest first."""
    return RecordIndex(_ORDERS)


_CARTS: IndexSpec[Cart] = IndexSpec(
    SortSpec(attrgetter("updated_at", "revision"), attrgetter("expires_at")),
    attrgetter("owners"),
)
_ORDERS: IndexSpec[Order] = IndexSpec(
    SortSpec(attrgetter("created_at", "revision"), lambda _: NEVER),
    lambda order: () if order.owner is None else (order.owner,),
)
