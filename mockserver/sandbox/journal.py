"""The journal of a sandbox: its last requests, and how often each outcome was seen.

Entries hold what is needed to show them and are rendered only when read. Secrets are taken out of
the headers when an entry is made, and out of the bodies when it is shown.

A hundred sandboxes remember a hundred thousand requests. They are kept as tuples of nothing but
tuples, texts, bytes and numbers: of these the garbage collector lets go, and looks at no more than
one for each request; objects of their own would have it stop everything for a quarter of a second.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode

from mockserver.core import json_text
from mockserver.core.clock import to_milliseconds_text
from mockserver.core.errors import Violation
from mockserver.core.pointer import is_name
from mockserver.core.wsgi import header_key, header_name

MAX_BODY_BYTES = 16 * 1024
Counts = Counter[tuple[str | None, int, str | None]]
"""How often each (operation, status, error id) was seen."""
REDACTED = "[redacted]"
SECRET_HEADERS = frozenset(
    (
        "authorization",
        "cookie",
        "ep-account-management-authentication-token",
        "proxy-authorization",
        "x-moltin-customer-token",
    )
)
_SECRET_KEYS = frozenset(map(header_key, SECRET_HEADERS))
SECRET_FIELDS = frozenset(
    (
        "access_token",
        "client_secret",
        "oauth_authorization_code",
        "oauth_code_verifier",
        "one_time_password_token",
        "password",
        "token",
    )
)


CALLER = ("kind", "account_id", "customer_id")
"""What is told of a caller, in this order."""


class Message(NamedTuple):
    """One side of an context, without its secret headers; of a long body only the `size` is kept.
    With `by_key` the headers stand by their keys in WSGI's environment."""

    headers: tuple[tuple[str, str], ...]
    body: bytes
    size: int
    by_key: bool = False

    @classmethod
    def received(cls, headers: Iterable[tuple[str, str]], body: bytes) -> Message:
        """Return a request's message; its headers stand by their keys in the environment."""
        kept = [(key, REDACTED if key in _SECRET_KEYS else value) for key, value in headers]
        return cls(tuple(kept), _kept(body), len(body), True)

    @classmethod
    def sent(cls, headers: Iterable[tuple[str, str]], body: bytes) -> Message:
        """Return an answer's message: it has no secret headers."""
        return cls(tuple(headers), _kept(body), len(body))

    def show(self) -> dict[str, Any]:
        """Return the message as JSON values, with secrets taken out of its body."""
        headers = [
            [header_name(name) if self.by_key else name, value] for name, value in self.headers
        ]
        shown: dict[str, Any] = {"headers": headers}
        if not self.size:
            return shown
        if self.size > len(self.body):
            return {**shown, "size": self.size, "body": None, "note": "too large to be kept"}
        return {**shown, "size": self.size, "body": self._body(headers)}

    def _body(self, headers: list[list[str]]) -> Any:
        media_type = next((v for n, v in headers if n.lower() == "content-type"), "")
        try:  # what the content is tells, as it does for operations: clients declare either
            return redacted(json_text.parse(self.body))
        except json_text.MalformedJson:
            if "x-www-form-urlencoded" in media_type and not self.body.startswith((b"{", b"[")):
                text = self.body.decode("utf-8", "replace")
                if all(is_name(name) for name, _ in parse_qsl(text, keep_blank_values=True)):
                    return redacted_form(text)
            return f"[{self.size} bytes that are not JSON]"


def _kept(body: bytes) -> bytes:
    return body if len(body) <= MAX_BODY_BYTES else b""


def redacted(value: Any) -> Any:
    """Return a JSON value whose secret fields are replaced."""
    if isinstance(value, dict):
        return {
            name: REDACTED if name in SECRET_FIELDS and each is not None else redacted(each)
            for name, each in value.items()
        }
    return [redacted(each) for each in value] if isinstance(value, list) else value


def redacted_form(text: str) -> str:
    """Return a form, or a query, whose secret fields are replaced; as it is if it has none."""
    pairs = parse_qsl(text, keep_blank_values=True)
    if SECRET_FIELDS.isdisjoint(name for name, _ in pairs):
        return text
    return urlencode([(name, REDACTED if name in SECRET_FIELDS else v) for name, v in pairs])


class Entry(NamedTuple):
    """One request and its answer. `time` is by the sandbox's clock, in milliseconds since 1970;
    `caller` holds what `CALLER` names."""

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

    def show(self) -> dict[str, Any]:
        """Return the entry as JSON values."""
        return {
            "id": self.id,
            "time": to_milliseconds_text(self.time),
            "method": self.method,
            "path": self.path,
            "query": redacted_form(self.query),
            "operation": self.operation,
            "caller": dict(zip(CALLER, self.caller, strict=True)) if self.caller else None,
            "status": self.status,
            "error": self.error,
            "violations": [violation.to_dict() for violation in self.violations],
            "notes": list(self.notes),
            "near_miss": self.near_miss,
            "duration_ms": self.duration_ms,
            "request": self.request.show(),
            "response": self.response.show(),
        }

    def packed(self) -> tuple[Any, ...]:
        """Return it as it is kept: a named tuple is an object that the garbage collector keeps."""
        return (*self[:-2], tuple(self.request), tuple(self.response))

    @classmethod
    def unpacked(cls, packed: tuple[Any, ...]) -> Entry:
        """Return what was packed."""
        return cls._make((*packed[:-2], Message(*packed[-2]), Message(*packed[-1])))


@dataclass(frozen=True, slots=True)
class Query:
    """Which entries are asked for; what is None does not matter."""

    operation: str | None = None
    status: int | None = None
    error: str | None = None
    since: int | None = None
    unmatched: bool | None = None

    def matches(self, entry: Entry) -> bool:
        """Whether an entry is asked for."""
        return (
            self.operation in (None, entry.operation)
            and self.status in (None, entry.status)
            and self.error in (None, entry.error)
            and (self.since is None or entry.time >= self.since)
            and (self.unmatched is None or self.unmatched == (entry.near_miss is not None))
        )


class Journal:
    """The last `size` requests, newest last, and counts of all there ever were.

    With a size of 0 nothing is remembered: requests are only counted.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._lock = Lock()
        self._entries: deque[tuple[Any, ...]] = deque(maxlen=size)
        self._seen: Counts = Counter()

    def add(self, entry: Entry) -> None:
        """Remember an entry; the oldest one goes when there are too many."""
        packed = entry.packed()
        with self._lock:
            self._entries.append(packed)
            self._seen[entry.operation, entry.status, entry.error] += 1

    def count(self, operation: str | None, status: int, error: str | None) -> None:
        """Count a request of which nothing is to be remembered."""
        with self._lock:
            self._seen[operation, status, error] += 1

    def find(self, entry_id: str) -> Entry | None:
        """Return the entry of a request id, while it is remembered."""
        entries = map(Entry.unpacked, self._kept())
        return next((entry for entry in entries if entry.id == entry_id), None)

    def select(self, query: Query) -> list[Entry]:
        """Return the entries that a query asks for, newest first."""
        entries = map(Entry.unpacked, reversed(self._kept()))
        return [entry for entry in entries if query.matches(entry)]

    def clear(self) -> None:
        """Forget the entries; the counts stay."""
        with self._lock:
            self._entries.clear()

    def counts(self) -> Counts:
        """Return how often each (operation, status, error id) was seen."""
        with self._lock:
            return Counter(self._seen)

    def total(self) -> int:
        """Return how many requests there ever were."""
        with self._lock:
            return self._seen.total()

    def _kept(self) -> list[tuple[Any, ...]]:
        with self._lock:
            return list(self._entries)
