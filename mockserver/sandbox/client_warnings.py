"""Client warnings: what a client did that works here and hurts on the real service.

Each is reported once, with a count and the last request that caused it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import NamedTuple, TypeVar
from urllib.parse import parse_qsl, urlsplit

from mockserver.core.clock import SECOND

MAX_REMEMBERED = 100
TOKEN_ERRORS = (
    "unable-to-validate-access-token",
    "unauthorized",
    "account-token-not-valid",
    "customer-token-not-valid",
)
ASSOCIATIONS = {
    "createAccountCartAssociation": "account",
    "createCustomerCartAssociation": "customer",
}
ADVICE = {
    "retried-too-early": "Wait as long as Retry-After says before the next try.",
    "used-a-refused-token": "After a 401, get a new token before the next call.",
    "sent-unknown-fields": "Leave out fields that the contract does not have: nothing reads them.",
    "ignored-the-next-page": "Follow links.next: a list may be longer than a page.",
    "associated-twice": "Ask first, or keep in mind, whether the cart is associated already.",
}
Key = TypeVar("Key")
Value = TypeVar("Value")


class Observation(NamedTuple):
    """A finished request, as far as warnings depend on it. `tokens` are digests of tokens that were
    rejected."""

    request_id: str
    time: int
    operation: str
    method: str
    path: str
    query: str
    tokens: tuple[str, ...]
    status: int
    error: str | None
    retry_after_s: int | None
    unknown_fields: tuple[str, ...]
    next_page: str | None


@dataclass(slots=True)
class ClientWarning:
    """How often a client did something, and the last time."""

    count: int = 0
    detail: str = ""
    request_id: str = ""


@dataclass(slots=True)
class ClientWarnings:
    """The client warnings of one sandbox, and the past requests that it needs to detect them."""

    _lock: Lock = field(default_factory=Lock)
    _warnings: dict[str, ClientWarning] = field(default_factory=dict)
    _wait_until: OrderedDict[tuple[str, str], int] = field(default_factory=OrderedDict)
    _rejected_tokens: OrderedDict[tuple[str, ...], bool] = field(default_factory=OrderedDict)
    _pages: OrderedDict[tuple[str, frozenset[tuple[str, str]]], str] = field(
        default_factory=OrderedDict
    )

    @property
    def expects_followup(self) -> bool:
        """Whether the next request matters: after a 429, or when there is a next page."""
        return bool(self._wait_until or self._pages)

    def observe(self, request: Observation) -> None:
        """Record the warnings of one finished request to an operation."""
        with self._lock:
            for name, detail in self._detect(request):
                warning = self._warnings.setdefault(name, ClientWarning())
                warning.count += 1
                warning.detail, warning.request_id = _printable(detail), request.request_id

    def warnings(self) -> dict[str, ClientWarning]:
        """Return the warnings by name; a next page counts as ignored until it is requested."""
        with self._lock:
            warnings = {name: replace(warning) for name, warning in self._warnings.items()}
            if self._pages:
                (path, _), request_id = next(reversed(self._pages.items()))
                detail = f"{_printable(path)} had more pages that nobody asked for"
                ignored = ClientWarning(len(self._pages), detail, request_id)
                warnings["ignored-the-next-page"] = ignored
            return warnings

    def reset(self) -> None:
        """Forget rejected tokens and waiting times, when the sandbox is reset; warnings stay."""
        with self._lock:
            self._wait_until.clear()
            self._rejected_tokens.clear()

    def _detect(self, request: Observation) -> Iterator[tuple[str, str]]:
        method, path = request.method, request.path
        if self._wait_until and request.time < self._wait_until.pop((method, path), 0):
            yield "retried-too-early", f"{method} {path} came again before Retry-After"
        while self._wait_until and next(iter(self._wait_until.values())) <= request.time:
            self._wait_until.popitem(last=False)  # a request from now on has waited
        if request.status == 429 and request.retry_after_s is not None:
            wait_until = request.time + request.retry_after_s * SECOND
            _remember(self._wait_until, (method, path), wait_until)
        if request.tokens:
            if request.tokens in self._rejected_tokens:
                yield "used-a-refused-token", f"{method} {path} with a token after its 401"
            _remember(self._rejected_tokens, request.tokens, True)
        for name in request.unknown_fields:
            yield "sent-unknown-fields", f"{request.operation} does not have the field {name[:100]}"
        if self._pages:
            self._pages.pop((path, _parameters(request.query)), None)
        if request.next_page is not None:
            next_query = urlsplit(request.next_page).query
            _remember(self._pages, (path, _parameters(next_query)), request.request_id)
        if request.operation in ASSOCIATIONS and request.status == 204:
            owner = ASSOCIATIONS[request.operation]
            yield "associated-twice", f"{path} was associated with that {owner} already"


def _parameters(query: str) -> frozenset[tuple[str, str]]:
    return frozenset(parse_qsl(query, keep_blank_values=True))


def _printable(text: str) -> str:
    """Return a text without control characters: it contains what a client sent, and a terminal may
    print it."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def _remember(memory: OrderedDict[Key, Value], key: Key, value: Value) -> None:
    memory[key] = value
    if len(memory) > MAX_REMEMBERED:
        memory.popitem(last=False)
