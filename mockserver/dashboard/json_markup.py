"""A JSON value as HTML, with what is wrong marked at its place."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

from mockserver.core.pointer import find, to_pointer

INDENT = "  "


def marked(value: Any, violations: Sequence[Mapping[str, Any]] = ()) -> Markup:
    """Return a value as indented JSON; each violation stands beside the value it is about, or,
    where something is missing, beside what lacks it."""
    told: dict[str, list[str]] = {}
    for violation in violations:
        pointer = violation["pointer"]
        if find(value, pointer) is None and "/" in pointer:
            pointer = pointer.rpartition("/")[0]
        told.setdefault(pointer, []).append(violation["message"])
    return Markup("").join(_value(value, [], told, "", ""))


def _value(
    value: Any, path: list[str | int], told: Mapping[str, list[str]], before: str, after: str
) -> Iterator[Markup]:
    indent = INDENT * len(path)
    messages = told.get(to_pointer(path), ())
    if isinstance(value, dict | list) and value:
        opening, closing = "{}" if isinstance(value, dict) else "[]"
        yield _line(f"{indent}{before}{opening}", messages)
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        last = len(value) - 1
        for number, (name, each) in enumerate(pairs):
            label = f"{_text(name)}: " if isinstance(value, dict) else ""
            yield from _value(each, [*path, name], told, label, "," if number < last else "")
        yield _line(f"{indent}{closing}{after}", ())
    else:
        yield _line(f"{indent}{before}{_text(value)}{after}", messages)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _line(text: str, messages: Sequence[str]) -> Markup:
    if not messages:
        return escape(text) + Markup("\n")
    wrong = Markup("<mark>{}</mark> <span class=wrong>← {}</span>\n")
    indent = text[: len(text) - len(text.lstrip())]
    return escape(indent) + wrong.format(text.lstrip(), "; ".join(messages))
