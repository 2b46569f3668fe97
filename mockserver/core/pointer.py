"""Places inside a JSON value, as JSON pointers (RFC 6901) and in the API's notation."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")
_NAME = re.compile(r"[\w .$@\[\]-]{1,50}")


def to_pointer(path: Iterable[Any]) -> str:
    """Return a path's JSON pointer: `/data/0/id`."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def to_source(path: Iterable[Any]) -> str:
    """Return a path in the API's notation: `data[0].id`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def path_in(value: Any, pointer: str) -> tuple[Any, ...]:
    """Return a JSON pointer's path in a value: an int for an element of a list, else a string."""
    return tuple(part for part, _ in _steps(value, pointer))


def find(value: Any, pointer: str) -> Any:
    """Return the part of a value that a JSON pointer names, or None."""
    for _, part in _steps(value, pointer):
        value = part
    return value


def at(value: Any, path: Iterable[Any]) -> Any:
    """Return the part of a value at a path, or None."""
    for part in path:
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return None
    return value


def _steps(value: Any, pointer: str) -> Iterator[tuple[Any, Any]]:
    """Yield each part of a pointer with the value that it names, None if there is none."""
    for text in pointer.split("/")[1:]:
        part: Any = text.replace("~1", "/").replace("~0", "~")
        if isinstance(value, list) and _INDEX.fullmatch(part):
            part = int(part)
            value = value[part] if part < len(value) else None
        else:
            value = value.get(part) if isinstance(value, dict) else None
        yield part, value


def is_name(text: str) -> bool:
    """Return whether a text can be the name of a field, and so may be logged.

    JSON that is parsed as a form is a single name, with every secret in it.
    """
    return _NAME.fullmatch(text) is not None
