"""Which fields of a request body the contract does not know. They are no mistake, but a habit."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from mockserver.core.pointer import is_name, to_source

NO_NAME = "[no name]"
Path = tuple[str | int, ...]


class KnownFields:
    """The fields that a schema knows, at every depth; made when they are first asked for."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema = schema

    def unknown(self, value: Any, most: int) -> tuple[str, ...]:
        """Return the first places in a value that the schema does not know, such as `data[0].sku`:
        so many at most."""
        found: list[Path] = []
        self._look(value, (), most, found)
        return tuple(to_source(map(_told, path)) for path in found)

    def _look(self, value: Any, path: Path, most: int, found: list[Path]) -> None:
        if isinstance(value, list):
            if self._items is not None:
                for index, each in enumerate(value):
                    self._items._look(each, (*path, index), most, found)
        elif isinstance(value, dict) and self._properties:
            for name, each in value.items():
                known = self._properties.get(name)
                if len(found) == most:
                    return
                if known is None:
                    found.append((*path, name))
                elif isinstance(each, (dict, list)):
                    known._look(each, (*path, name), most, found)

    @cached_property
    def _items(self) -> KnownFields | None:
        items = self._schema.get("items")
        return KnownFields(items) if isinstance(items, dict) else None

    @cached_property
    def _properties(self) -> dict[str, KnownFields]:
        """The properties by name; none where any may stand, or where the schema names none."""
        if "additionalProperties" in self._schema:
            return {}
        return {name: KnownFields(each) for name, each in properties(self._schema).items()}


def _told(part: str | int) -> str | int:
    return part if isinstance(part, int) or is_name(part) else NO_NAME


def properties(schema: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the properties that a schema and the parts of its `allOf` name, by their names."""
    found = dict(schema.get("properties", {}))
    for part in schema.get("allOf", ()):
        found |= properties(part)
    return found
