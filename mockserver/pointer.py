"""Places inside a JSON value: as a JSON pointer (RFC 6901), and as the API writes them."""

from collections.abc import Iterable
from typing import Any


def to_pointer(path: Iterable[Any]) -> str:
    """Return a path's JSON pointer: `/data/0/id`."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def from_pointer(pointer: str) -> tuple[Any, ...]:
    """Return a JSON pointer's path; a part of digits is taken as an index."""
    parts = (part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])
    return tuple(int(part) if part.isdigit() else part for part in parts)


def to_source(path: Iterable[Any]) -> str:
    """Return a path as the API writes it: `data[0].id`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def find(value: Any, pointer: str) -> Any:
    """Return what a JSON pointer names in a value, or None where there is nothing."""
    return at(value, from_pointer(pointer))


def at(value: Any, path: Iterable[Any]) -> Any:
    """Return what stands at a path in a value, or None where there is nothing."""
    for part in path:
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return None
    return value
