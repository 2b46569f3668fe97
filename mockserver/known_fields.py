"""Which fields of a request body the contract does not know. They are no mistake, but a habit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from mockserver.pointer import is_name

NO_NAME = "[no name]"


class KnownFields:
    """The fields that a schema knows, at every depth; made when they are first asked for."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema = schema

    def unknown(self, value: Any, path: str = "") -> Iterator[str]:
        """Yield the places in a value that the schema does not know, such as `data[0].sku`."""
        if isinstance(value, list):
            if self._items is not None:
                for index, each in enumerate(value):
                    yield from self._items.unknown(each, f"{path}[{index}]")
        elif isinstance(value, dict) and self._properties:
            for name, each in value.items():
                told = name if is_name(name) else NO_NAME
                place = f"{path}.{told}" if path else told
                known = self._properties.get(name)
                if known is None:
                    yield place
                elif isinstance(each, (dict, list)):
                    yield from known.unknown(each, place)

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


def properties(schema: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the properties that a schema and the parts of its `allOf` name, by their names."""
    found = dict(schema.get("properties", {}))
    for part in schema.get("allOf", ()):
        found |= properties(part)
    return found
