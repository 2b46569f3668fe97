"""A journal entry as a call that can be made again.

The journal holds no secrets: in their place stand the fixtures' own tokens, which act as the same
caller, or a name in capitals where there is none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from shlex import quote
from typing import Any

REDACTED = "[redacted]"
OWNERS = {
    "ep-account-management-authentication-token": "account_id",
    "x-moltin-customer-token": "customer_id",
}
"""The headers that name whom a call acts as, and the field of a caller that tells it."""
LEFT_OUT = ("host", "content-length", "connection", "accept-encoding", "cookie", "mock-sandbox")

Entry = Mapping[str, Any]
Tokens = Sequence[Mapping[str, Any]]


def headers(entry: Entry, tokens: Tokens) -> list[tuple[str, str]]:
    """Return the headers to send again, with tokens in the place of what was taken out."""
    kept = []
    for name, value in entry["request"]["headers"]:
        if name.lower() not in LEFT_OUT:
            kept.append(
                (name, _secret(name.lower(), entry, tokens) if value == REDACTED else value)
            )
    return kept


def body(entry: Entry) -> bytes | None:
    """Return the body to send again; None where there was none, or where it was not kept."""
    shown = entry["request"].get("body")
    if shown is None:
        return None
    return shown.encode() if isinstance(shown, str) else json.dumps(shown).encode()


def target(entry: Entry) -> str:
    """Return path and query."""
    query = entry["query"]
    return str(entry["path"] + (f"?{query}" if query else ""))


def as_curl(entry: Entry, tokens: Tokens, base_url: str) -> str:
    """Return the command that makes the call again."""
    words = ["curl", "-i", "-X", entry["method"], quote(base_url + target(entry))]
    for name, value in headers(entry, tokens):
        words += ["-H", quote(f"{name}: {value}")]
    if (content := body(entry)) is not None:
        words += ["-d", quote(content.decode())]
    return " ".join(words)


def _secret(name: str, entry: Entry, tokens: Tokens) -> str:
    """Return a token of the fixtures that acts as the caller of an entry."""
    caller = entry["caller"] or {"kind": None, "account_id": None, "customer_id": None}
    for header, owner in OWNERS.items():
        if name == header:
            found = [t["token"] for t in tokens if caller[owner] and t[owner] == caller[owner]]
            return _first(found, "TOKEN")
    if name == "authorization":
        bearers = [t["token"] for t in tokens if t["kind"] == "bearer" and t["token"]]
        if caller["kind"] == "administrator":
            bearers = bearers[::-1]
        return f"Bearer {_first(bearers, 'TOKEN')}"
    return "SECRET"


def _first(found: Sequence[str | None], otherwise: str) -> str:
    return next((token for token in found if token), otherwise)
