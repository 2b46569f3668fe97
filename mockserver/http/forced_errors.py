"""Errors on demand: which error of the catalog a request asks for, if any.

Three ways, all answered before anything else is looked at: the header `Prefer` (RFC 7240), the
query parameters `__code` and `__example`, and a magic id of the fixtures.
"""

from collections.abc import Mapping
from typing import Any

from werkzeug.http import parse_list_header

from mockserver.core.errors import AdminError, ErrorEntry
from mockserver.core.pointer import at
from mockserver.openapi.contract import Operation

WISHES = ("code", "example")


def by_preference(
    operation: Operation, prefer: str | None, query: Mapping[str, list[str]]
) -> tuple[ErrorEntry, str] | None:
    """Return the error that the request prefers, and the text for `Preference-Applied`.

    Other preferences than `code` and `example` are ignored, as RFC 7240 wants it. Raises
    AdminError for a wish that the operation can't fulfil.
    """
    wish = _preferences(prefer) if prefer else {}
    if query:
        wish |= {each: query[f"__{each}"][0] for each in WISHES if f"__{each}" in query}
    code, example = wish.get("code"), wish.get("example")
    if code is None and example is None:
        return None
    for entry in operation.errors.values():
        if code in (None, str(entry.status)) and example in (None, entry.id):
            return entry, f"code={entry.status}, example={entry.id}"
    raise _impossible(operation, code, example)


def by_magic_id(
    operation: Operation, path: Mapping[str, str], body: Any, magic: Mapping[str, str]
) -> ErrorEntry | None:
    """Return the error of the magic id that the request names, if the operation documents it."""
    if operation.magic_id is None:
        return None
    named = at(path if operation.magic_id[0] == "path" else body, operation.magic_path)
    error_id = magic.get(named) if isinstance(named, str) else None
    return operation.errors.get(error_id) if error_id else None


def _preferences(header: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for item in parse_list_header(header.replace(";", ",")):
        name, _, value = item.partition("=")
        found.setdefault(name.strip().lower(), value.strip().strip('"'))
    return {name: found[name] for name in WISHES if name in found}


def _impossible(operation: Operation, code: str | None, example: str | None) -> AdminError:
    wish = ", ".join(
        f"{name}={value[:100]}"
        for name, value in (("code", code), ("example", example))
        if value is not None
    )
    possible = ", ".join(f"{entry.id} ({entry.status})" for entry in operation.errors.values())
    return AdminError(
        400,
        "Unknown example",
        f"{operation.id} has no error for the preference {wish}. Prefer one of: {possible}",
    )
