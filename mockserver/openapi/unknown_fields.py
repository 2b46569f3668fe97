"""Fields of a request body that the contract does not know: allowed, but a client warning."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from mockserver.core.pointer import is_name, to_source

NO_NAME = "[no name]"
Path = tuple[str | int, ...]


class KnownFields:
    """The fields of a schema at every depth, computed when first needed."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema = schema

    def unknown(self, value: Any, limit: int) -> tuple[str, ...]:
        """Return the unknown fields of a value, such as `data[0].sku`, at most `limit` of them."""
        paths: list[Path] = []
        self._collect(value, (), limit, paths)
        return tuple(to_source(map(_printable, path)) for path in paths)

    def _collect(self, value: Any, path: Path, limit: int, paths: list[Path]) -> None:
        if isinstance(value, list):
            if self._items is not None:
                for index, item in enumerate(value):
                    self._items._collect(item, (*path, index), limit, paths)
        elif isinstance(value, dict) and self._properties:
            for name, item in value.items():
                known = self._properties.get(name)
                if len(paths) == limit:
                    return
                if known is None:
                    paths.append((*path, name))
                elif isinstance(item, (dict, list)):
                    known._collect(item, (*path, name), limit, paths)

    @cached_property
    def _items(self) -> KnownFields | None:
        items = self._schema.get("items")
        return KnownFields(items) if isinstance(items, dict) else None

    @cached_property
    def _properties(self) -> dict[str, KnownFields]:
        """The properties by name; empty if the schema allows others."""
        if "additionalProperties" in self._schema:
            return {}
        return {name: KnownFields(field) for name, field in properties(self._schema).items()}


def _printable(part: str | int) -> str | int:
    return part if isinstance(part, int) or is_name(part) else NO_NAME


def properties(schema: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the properties of a schema and of the parts of its `allOf`, by name."""
    fields = dict(schema.get("properties", {}))
    for part in schema.get("allOf", ()):
        fields |= properties(part)
    return fields
