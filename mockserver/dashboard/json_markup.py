"""A JSON value as HTML, with violations marked where they occur."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

from mockserver.core.pointer import find, to_pointer

INDENT = "  "


def to_markup(value: Any, violations: Sequence[Mapping[str, Any]] = ()) -> Markup:
    """Return a value as indented JSON. Each violation is marked beside the value at its pointer,
    or beside the parent if there is no such value."""
    messages: dict[str, list[str]] = {}
    for violation in violations:
        pointer = violation["pointer"]
        if find(value, pointer) is None and "/" in pointer:
            pointer = pointer.rpartition("/")[0]
        messages.setdefault(pointer, []).append(violation["message"])
    return Markup("").join(_lines(value, [], messages, "", ""))


def _lines(
    value: Any, path: list[str | int], messages: Mapping[str, list[str]], prefix: str, suffix: str
) -> Iterator[Markup]:
    """Yield the lines of a value; `messages` are those of the whole document, by pointer."""
    indent = INDENT * len(path)
    own_messages = messages.get(to_pointer(path), ())
    if isinstance(value, dict | list) and value:
        opening, closing = "{}" if isinstance(value, dict) else "[]"
        yield _line(f"{indent}{prefix}{opening}", own_messages)
        items = value.items() if isinstance(value, dict) else enumerate(value)
        last = len(value) - 1
        for number, (key, child) in enumerate(items):
            label = f"{_json(key)}: " if isinstance(value, dict) else ""
            comma = "," if number < last else ""
            yield from _lines(child, [*path, key], messages, label, comma)
        yield _line(f"{indent}{closing}{suffix}", ())
    else:
        yield _line(f"{indent}{prefix}{_json(value)}{suffix}", own_messages)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _line(text: str, messages: Sequence[str]) -> Markup:
    if not messages:
        return escape(text) + Markup("\n")
    marked = Markup("<mark>{}</mark> <span class=wrong>← {}</span>\n")
    indent = text[: len(text) - len(text.lstrip())]
    return escape(indent) + marked.format(text.lstrip(), "; ".join(messages))
