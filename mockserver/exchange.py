"""What is known about the request under way, gathered on its way through the pipeline."""

from __future__ import annotations

from dataclasses import dataclass, field

from flask import Request, Response, g

from mockserver.access import ACCOUNT_TOKEN_HEADER, CUSTOMER_TOKEN_HEADER, Caller
from mockserver.clock import stopwatch
from mockserver.contract import Contract
from mockserver.errors import Violation
from mockserver.journal import Entry, Message
from mockserver.lint import Observation
from mockserver.nearest import nearest
from mockserver.rules import Decision
from mockserver.sandbox import Sandbox
from mockserver.world import digest

UNMATCHED = ("no-such-path", "method-not-allowed")


@dataclass(slots=True)
class Exchange:
    """One request and its answer, while they are made."""

    sandbox_name: str
    sandbox: Sandbox
    request_id: str
    instant: int
    started: float = field(default_factory=stopwatch)
    operation: str | None = None
    caller: Caller | None = None
    error: str | None = None
    violations: tuple[Violation, ...] = ()
    notes: tuple[str, ...] = ()
    body: bytes = b""
    unknown_fields: tuple[str, ...] = ()
    next_page: str | None = None
    decision: Decision | None = None

    @property
    def duration_ms(self) -> float:
        """How long it has taken until now."""
        return round((stopwatch() - self.started) * 1000, 1)

    @property
    def is_unmatched(self) -> bool:
        """Whether nothing in the contract matches the request; a preflight is none of these."""
        return self.operation is None and self.error in UNMATCHED

    def observation(self, request: Request, response: Response) -> Observation | None:
        """Return what the lint looks at; None for what is no operation."""
        if self.operation is None:
            return None
        names = ("Authorization", ACCOUNT_TOKEN_HEADER, CUSTOMER_TOKEN_HEADER)
        tokens = [request.headers.get(name) for name in names]
        retry_after = response.headers.get("Retry-After")
        return Observation(
            request_id=self.request_id,
            time=self.instant,
            operation=self.operation,
            method=request.method,
            path=request.path,
            query=request.query_string.decode("latin-1"),
            tokens=tuple(digest(token) for token in tokens if token),
            status=response.status_code,
            error=self.error,
            retry_after_s=int(retry_after) if retry_after else None,
            unknown_fields=self.unknown_fields,
            next_page=self.next_page,
        )

    def entry(self, contract: Contract, request: Request, response: Response) -> Entry:
        """Return the journal's entry of the finished exchange."""
        caller = self.caller
        return Entry(
            id=self.request_id,
            time=self.instant,
            method=request.method,
            path=request.path,
            query=request.query_string.decode("latin-1"),
            operation=self.operation,
            caller=caller.show() if caller else None,
            status=response.status_code,
            error=self.error,
            violations=self.violations,
            notes=self.notes,
            nearest=(
                nearest(contract, request.method, request.path) if self.is_unmatched else None
            ),
            duration_ms=self.duration_ms,
            request=Message.of(request.headers.items(), self.body),
            response=Message.of(response.headers.items(), response.get_data()),
        )


def current() -> Exchange:
    """Return the exchange of the request under way."""
    exchange: Exchange = g.exchange
    return exchange
