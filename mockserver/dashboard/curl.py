"""A journal entry as a request that can be sent again.

The journal stores no secrets. They are replaced by tokens of the fixtures with the same caller, or
by a placeholder in capitals if there is none.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from shlex import quote
from typing import Any

REDACTED = "[redacted]"
OWNER_FIELDS = {
    "ep-account-management-authentication-token": "account_id",
    "x-moltin-customer-token": "customer_id",
}
"""The token headers, and the field of a caller that each token determines."""
OMITTED = ("host", "content-length", "connection", "accept-encoding", "cookie", "mock-sandbox")

Entry = Mapping[str, Any]
Tokens = Sequence[Mapping[str, Any]]


def headers(entry: Entry, tokens: Tokens) -> list[tuple[str, str]]:
    """Return the headers to send again, with secrets replaced."""
    return [
        (name, _secret(name.lower(), entry, tokens) if value == REDACTED else value)
        for name, value in entry["request"]["headers"]
        if name.lower() not in OMITTED
    ]


def body(entry: Entry) -> bytes | None:
    """Return the body to send again; None if there was none, or if it was not stored."""
    value = entry["request"].get("body")
    if value is None:
        return None
    return value.encode() if isinstance(value, str) else json.dumps(value).encode()


def target(entry: Entry) -> str:
    """Return path and query."""
    query = entry["query"]
    return str(entry["path"] + (f"?{query}" if query else ""))


def as_curl(entry: Entry, tokens: Tokens, base_url: str) -> str:
    """Return the curl command that sends the request again."""
    words = ["curl", "-i", "-X", entry["method"], quote(base_url + target(entry))]
    for name, value in headers(entry, tokens):
        words += ["-H", quote(f"{name}: {value}")]
    if (content := body(entry)) is not None:
        words += ["-d", quote(content.decode())]
    return " ".join(words)


def _secret(name: str, entry: Entry, tokens: Tokens) -> str:
    """Return a token of the fixtures with the caller of an entry."""
    caller = entry["caller"] or {"kind": None, "account_id": None, "customer_id": None}
    if name in OWNER_FIELDS:
        owner_id = caller[field := OWNER_FIELDS[name]]
        return _first(token["token"] for token in tokens if owner_id and token[field] == owner_id)
    if name == "authorization":
        bearers = [token["token"] for token in tokens if token["kind"] == "bearer"]
        if caller["kind"] == "administrator":
            bearers.reverse()
        return f"Bearer {_first(bearers)}"
    return "SECRET"


def _first(tokens: Iterable[str | None]) -> str:
    return next((token for token in tokens if token), "TOKEN")
