"""Places inside a JSON value: as a JSON pointer (RFC 6901), and as the API writes them."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")
_NAME = re.compile(r"[\w .$@\[\]-]{1,50}")


def to_pointer(path: Iterable[Any]) -> str:
    """Return a path's JSON pointer: `/data/0/id`."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def to_source(path: Iterable[Any]) -> str:
    """Return a path as the API writes it: `data[0].id`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def path_in(value: Any, pointer: str) -> tuple[Any, ...]:
    """Return a JSON pointer's path in a value: a part is a number where it means a list's element,
    else a text, whatever it looks like."""
    return tuple(part for part, _ in _steps(value, pointer))


def find(value: Any, pointer: str) -> Any:
    """Return what a JSON pointer names in a value, or None where there is nothing."""
    for _, inner in _steps(value, pointer):
        value = inner
    return value


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


def _steps(value: Any, pointer: str) -> Iterator[tuple[Any, Any]]:
    """Yield each part of a pointer with what it names, None from where there is nothing on."""
    for text in pointer.split("/")[1:]:
        part: Any = text.replace("~1", "/").replace("~0", "~")
        if isinstance(value, list) and _INDEX.fullmatch(part):
            part = int(part)
            value = value[part] if part < len(value) else None
        else:
            value = value.get(part) if isinstance(value, dict) else None
        yield part, value


def is_name(text: str) -> bool:
    """Whether a text can be the name of a field, and so be told. JSON that is read as a form is one
    name from its first byte to its last, with every secret in it."""
    return _NAME.fullmatch(text) is not None
