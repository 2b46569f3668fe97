"""What a client did that works here and hurts on the real service. Each finding is a habit, told
once with a count and the last request that showed it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
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
    """What the lint looks at. `tokens` stands for tokens that were refused, and tells none of
    them."""

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
    """How often a habit was seen, and the last time."""

    count: int = 0
    detail: str = ""
    request_id: str = ""


@dataclass(slots=True)
class ClientWarnings:
    """The habits that one sandbox has seen, and what it needs to remember to see them."""

    _lock: Lock = field(default_factory=Lock)
    _findings: dict[str, ClientWarning] = field(default_factory=dict)
    _wait_until: OrderedDict[tuple[str, str], int] = field(default_factory=OrderedDict)
    _refused: OrderedDict[tuple[str, ...], bool] = field(default_factory=OrderedDict)
    _pages: OrderedDict[tuple[str, frozenset[tuple[str, str]]], str] = field(
        default_factory=OrderedDict
    )

    @property
    def waits(self) -> bool:
        """Whether it waits for what comes next: a request after a 429, or for a next page."""
        return bool(self._wait_until or self._pages)

    def observe(self, seen: Observation) -> None:
        """Look at one finished request to an operation."""
        with self._lock:
            for name, detail in self._habits(seen):
                self._tell(name, detail, seen.request_id)

    def findings(self) -> dict[str, ClientWarning]:
        """Return what was found; a next page counts as ignored until it is asked for."""
        with self._lock:
            found = {
                n: ClientWarning(f.count, f.detail, f.request_id) for n, f in self._findings.items()
            }
            if self._pages:
                (path, _), request_id = next(reversed(self._pages.items()))
                detail = f"{_printable(path)} had more pages that nobody asked for"
                found["ignored-the-next-page"] = ClientWarning(len(self._pages), detail, request_id)
            return found

    def start_anew(self) -> None:
        """Forget what is under way, when the sandbox goes back to its start; findings stay."""
        with self._lock:
            self._wait_until.clear()
            self._refused.clear()

    def _habits(self, seen: Observation) -> Iterator[tuple[str, str]]:
        call = (seen.method, seen.path)
        if self._wait_until and seen.time < self._wait_until.pop(call, 0):
            yield "retried-too-early", f"{seen.method} {seen.path} came again before Retry-After"
        while self._wait_until and next(iter(self._wait_until.values())) <= seen.time:
            self._wait_until.popitem(last=False)  # whoever comes now has waited
        if seen.status == 429 and seen.retry_after_s is not None:
            _remember(self._wait_until, call, seen.time + seen.retry_after_s * SECOND)
        if seen.tokens:
            if seen.tokens in self._refused:
                yield (
                    "used-a-refused-token",
                    f"{seen.method} {seen.path} with a token after its 401",
                )
            _remember(self._refused, seen.tokens, True)
        for name in seen.unknown_fields:
            yield "sent-unknown-fields", f"{seen.operation} does not have the field {name[:100]}"
        if self._pages:
            self._pages.pop((seen.path, _page(seen.query)), None)
        if seen.next_page is not None:
            following = urlsplit(seen.next_page)
            _remember(self._pages, (seen.path, _page(following.query)), seen.request_id)
        if seen.operation in ASSOCIATIONS and seen.status == 204:
            owner = ASSOCIATIONS[seen.operation]
            yield "associated-twice", f"{seen.path} was associated with that {owner} already"

    def _tell(self, name: str, detail: str, request_id: str) -> None:
        finding = self._findings.setdefault(name, ClientWarning())
        finding.count += 1
        finding.detail, finding.request_id = _printable(detail), request_id


def _page(query: str) -> frozenset[tuple[str, str]]:
    return frozenset(parse_qsl(query, keep_blank_values=True))


def _printable(text: str) -> str:
    """Return a text that does nothing to a terminal: what a client sent stands in it."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)


def _remember(memory: OrderedDict[Key, Value], key: Key, value: Value) -> None:
    memory[key] = value
    if len(memory) > MAX_REMEMBERED:
        memory.popitem(last=False)
