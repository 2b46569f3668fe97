"""Indexes: from what a record belongs to, to the records' ids. Persistent maps like the world's."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import TypeAlias, TypeVar

from rpds import HashTrieMap, HashTrieSet

Key = TypeVar("Key", bound=Hashable)
Index: TypeAlias = "HashTrieMap[Key, HashTrieSet[str]]"


def reindexed(
    index: Index[Key], record_id: str, before: Iterable[Key], after: Iterable[Key]
) -> Index[Key]:
    """Return the index after a record has moved from some keys to others."""
    for key in before:
        ids = index[key].remove(record_id)
        index = index.insert(key, ids) if len(ids) else index.remove(key)
    for key in after:
        known = index.get(key)
        index = index.insert(key, (HashTrieSet() if known is None else known).insert(record_id))
    return index


def indexed(records: Iterable[tuple[str, Iterable[Key]]]) -> Index[Key]:
    """Return the index of records, each given by its id and its keys."""
    index: Index[Key] = HashTrieMap()
    for record_id, keys in records:
        index = reindexed(index, record_id, (), keys)
    return index
