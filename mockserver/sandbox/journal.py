"""The journal of a sandbox: its last requests, and how often each outcome was seen.

Entries are serialized only when they are read. Secrets are removed from the headers when an entry
is made, and from the bodies when it is serialized.

A hundred sandboxes record a hundred thousand requests. Entries are stored as tuples of nothing but
tuples, texts, bytes and numbers: the garbage collector untracks these and visits at most one for
each request; with objects of their own it would stop the process for a quarter of a second.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from threading import Lock
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

from mockserver.core import json_text
from mockserver.core.clock import to_milliseconds_text
from mockserver.core.errors import Violation
from mockserver.core.pointer import is_name
from mockserver.core.wsgi import header_name

MAX_BODY_BYTES = 16 * 1024
Counts = Counter[tuple[str | None, int, str | None]]
"""How often each (operation, status, error id) was seen."""
REDACTED = "[redacted]"
SECRET_WORDS = re.compile(
    "token|secret|password|passwd|api-?key|authorization|cookie|session|credential|code-?verifier"
)
"""What the name of a secret contains, whatever its case, with dashes for underscores."""
PUBLIC_NAMES = frozenset(
    (
        "password_profile_id",
        "token_type",
        "authentication_mechanism",
        "account_management_authentication_token_timeout_secs",
    )
)
MAX_TEXT = 4096
"""The most characters of a target or of a header that are kept."""
MAX_HEADERS = 100
CALLER_FIELDS = ("kind", "account_id", "customer_id")
"""The names of `Entry.caller`'s values."""


class Message(NamedTuple):
    """A request or a response without its secret headers; of a long body only the `size` is kept.
    With `by_key` the headers have the names of their keys in WSGI's environment."""

    headers: tuple[tuple[str, str], ...]
    body: bytes
    size: int
    by_key: bool = False

    @classmethod
    def from_request(cls, headers: Iterable[tuple[str, str]], body: bytes) -> Message:
        """Return a request; its headers have the names of their keys in the environment."""
        kept = [(key, _kept(key, value)) for key, value in islice(headers, MAX_HEADERS)]
        return cls(tuple(kept), _truncate(body), len(body), True)

    @classmethod
    def from_response(cls, headers: Iterable[tuple[str, str]], body: bytes) -> Message:
        """Return a response: it has no secret headers."""
        return cls(tuple(headers), _truncate(body), len(body))

    def to_dict(self) -> dict[str, Any]:
        """Return the message as JSON values, without the secrets of its body."""
        headers = [
            [header_name(name) if self.by_key else name, value] for name, value in self.headers
        ]
        if not self.size:
            return {"headers": headers}
        message: dict[str, Any] = {"headers": headers, "size": self.size}
        if self.size > len(self.body):
            return {**message, "body": None, "note": "too large to be kept"}
        return {**message, "body": self._parse_body(headers)}

    def _parse_body(self, headers: list[list[str]]) -> Any:
        media_type = next((v for n, v in headers if n.lower() == "content-type"), "")
        try:  # the content decides, as it does for operations: clients declare either
            return redact(json_text.parse(self.body))
        except json_text.MalformedJson:
            if "x-www-form-urlencoded" in media_type and not self.body.startswith((b"{", b"[")):
                text = self.body.decode("utf-8", "replace")
                if all(is_name(name) for name, _ in parse_qsl(text, keep_blank_values=True)):
                    return redact_form(text)
            return f"[{self.size} bytes that are not JSON]"


@lru_cache(maxsize=1024)
def is_secret(name: str) -> bool:
    """Return whether the value of a header, a field or a parameter is a secret, by its name."""
    return (
        name.lower() not in PUBLIC_NAMES
        and SECRET_WORDS.search(name.lower().replace("_", "-")) is not None
    )


def cut(text: str) -> str:
    """Return a text as it is kept: the beginning of one that is too long."""
    return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}… ({len(text)} characters)"


def _kept(key: str, value: str) -> str:
    """Return the value of a header as it is kept: a Referer without the secrets of its query."""
    if is_secret(key):
        return REDACTED
    if key == "HTTP_REFERER" and "?" in value:
        address, _, query = value.partition("?")
        return cut(f"{address}?{redact_form(query)}")
    return cut(value)


def _truncate(body: bytes) -> bytes:
    return body if len(body) <= MAX_BODY_BYTES else b""


def redact(value: Any) -> Any:
    """Return a JSON value whose secret fields are replaced."""
    if isinstance(value, dict):
        return {
            name: REDACTED if field is not None and is_secret(name) else redact(field)
            for name, field in value.items()
        }
    return [redact(element) for element in value] if isinstance(value, list) else value


def redact_form(text: str) -> str:
    """Return a form, or a query, whose secret fields are replaced; unchanged if it has none."""
    pairs = parse_qsl(text, keep_blank_values=True)
    if not any(is_secret(name) for name, _ in pairs):
        return text
    return urlencode([(name, REDACTED if is_secret(name) else value) for name, value in pairs])


class Entry(NamedTuple):
    """A request and its response. `time` is by the sandbox's clock, in milliseconds since 1970;
    `caller` holds the values that `CALLER_FIELDS` names."""

    id: str
    time: int
    method: str
    path: str
    query: str
    operation: str | None
    caller: tuple[str | None, ...] | None
    status: int
    error: str | None
    violations: tuple[Violation, ...]
    notes: tuple[str, ...]
    near_miss: Mapping[str, str] | None
    duration_ms: float
    request: Message
    response: Message

    def to_dict(self) -> dict[str, Any]:
        return {
            **self._asdict(),
            "time": to_milliseconds_text(self.time),
            "query": redact_form(self.query),
            "caller": dict(zip(CALLER_FIELDS, self.caller, strict=True)) if self.caller else None,
            "violations": [violation.to_dict() for violation in self.violations],
            "request": self.request.to_dict(),
            "response": self.response.to_dict(),
        }

    def pack(self) -> tuple[Any, ...]:
        """Return the stored form: the garbage collector never untracks a named tuple."""
        return (*self[:-2], tuple(self.request), tuple(self.response))

    @classmethod
    def unpack(cls, packed: tuple[Any, ...]) -> Entry:
        return cls._make((*packed[:-2], Message(*packed[-2]), Message(*packed[-1])))


@dataclass(frozen=True, slots=True)
class Query:
    """Criteria for entries; None matches anything."""

    operation: str | None = None
    status: int | None = None
    error: str | None = None
    since: int | None = None
    unmatched: bool | None = None

    def matches(self, entry: Entry) -> bool:
        return (
            self.operation in (None, entry.operation)
            and self.status in (None, entry.status)
            and self.error in (None, entry.error)
            and (self.since is None or entry.time >= self.since)
            and (self.unmatched is None or self.unmatched == (entry.near_miss is not None))
        )


class Journal:
    """The last `size` requests, newest last, and the counts of all requests.

    With a size of 0 requests are only counted.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._lock = Lock()
        self._entries: deque[tuple[Any, ...]] = deque(maxlen=size)
        self._counts: Counts = Counter()

    def add(self, entry: Entry) -> None:
        """Store an entry; the oldest one is dropped when there are too many."""
        packed = entry.pack()
        with self._lock:
            self._entries.append(packed)
            self._counts[entry.operation, entry.status, entry.error] += 1

    def count(self, operation: str | None, status: int, error: str | None) -> None:
        with self._lock:
            self._counts[operation, status, error] += 1

    def find(self, entry_id: str) -> Entry | None:
        """Return the entry of a request id, or None when it is no longer stored."""
        entries = map(Entry.unpack, self._packed())
        return next((entry for entry in entries if entry.id == entry_id), None)

    def select(self, query: Query) -> list[Entry]:
        """Return the entries that match a query, newest first."""
        entries = map(Entry.unpack, reversed(self._packed()))
        return [entry for entry in entries if query.matches(entry)]

    def clear(self) -> None:
        """Delete the entries; the counts stay."""
        with self._lock:
            self._entries.clear()

    def counts(self) -> Counts:
        """Return how often each (operation, status, error id) was seen."""
        with self._lock:
            return Counter(self._counts)

    def total(self) -> int:
        with self._lock:
            return self._counts.total()

    def _packed(self) -> list[tuple[Any, ...]]:
        with self._lock:
            return list(self._entries)
