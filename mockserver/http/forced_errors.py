"""Forced errors: the error of the catalog that a request demands.

It does so by the header `Prefer` (RFC 7240), by the query parameters `__code` and `__example`, or
by a magic id of the fixtures. Forced errors come before any validation.
"""

from collections.abc import Mapping
from typing import Any

from werkzeug.http import parse_list_header

from mockserver.core.errors import AdminError, ErrorEntry
from mockserver.core.pointer import at
from mockserver.openapi.contract import Operation

PREFERENCES = ("code", "example")


def by_preference(
    operation: Operation, prefer: str | None, query: Mapping[str, list[str]]
) -> tuple[ErrorEntry, str] | None:
    """Return the error of the request's preference, and the value of `Preference-Applied`.

    Preferences other than `code` and `example` are ignored, as RFC 7240 requires. Raises AdminError
    for a preference that matches no error of the operation.
    """
    preference = _parse_prefer(prefer) if prefer else {}
    if query:
        preference |= {name: query[f"__{name}"][0] for name in PREFERENCES if f"__{name}" in query}
    code, example = preference.get("code"), preference.get("example")
    if code is None and example is None:
        return None
    for entry in operation.errors.values():
        if code in (None, str(entry.status)) and example in (None, entry.id):
            return entry, f"code={entry.status}, example={entry.id}"
    raise _unknown_preference(operation, code, example)


def by_magic_id(
    operation: Operation, path: Mapping[str, str], body: Any, magic: Mapping[str, str]
) -> ErrorEntry | None:
    """Return the error of the request's magic id, if the operation documents it."""
    if operation.magic_id is None:
        return None
    value = at(path if operation.magic_id[0] == "path" else body, operation.magic_path)
    error_id = magic.get(value) if isinstance(value, str) else None
    return operation.errors.get(error_id) if error_id else None


def _parse_prefer(header: str) -> dict[str, str]:
    preferences: dict[str, str] = {}
    for item in parse_list_header(header.replace(";", ",")):
        name, _, value = item.partition("=")
        preferences.setdefault(name.strip().lower(), value.strip().strip('"'))
    return {name: preferences[name] for name in PREFERENCES if name in preferences}


def _unknown_preference(operation: Operation, code: str | None, example: str | None) -> AdminError:
    preference = ", ".join(
        f"{name}={value[:100]}"
        for name, value in (("code", code), ("example", example))
        if value is not None
    )
    known = ", ".join(f"{entry.id} ({entry.status})" for entry in operation.errors.values())
    return AdminError(
        400,
        "Unknown example",
        f"{operation.id} has no error for the preference {preference}. Prefer one of: {known}",
    )
