"""The context of the current request, filled by the pipeline."""

from __future__ import annotations

from collections.abc import Iterable

from flask import request

from mockserver.core.clock import stopwatch
from mockserver.core.errors import Violation
from mockserver.core.wsgi import Environ, header_key, headers_of, path_of
from mockserver.http.near_miss import find_near_miss
from mockserver.openapi.contract import Contract, Operation
from mockserver.operations.auth import ACCOUNT_TOKEN_HEADER, CUSTOMER_TOKEN_HEADER, Caller
from mockserver.sandbox.client_warnings import ASSOCIATIONS, TOKEN_ERRORS, Observation
from mockserver.sandbox.journal import Entry, Message, cut
from mockserver.sandbox.rules import RuleOutcome
from mockserver.sandbox.sandbox import Sandbox
from mockserver.store.entities import digest

UNMATCHED = ("no-such-path", "method-not-allowed")
ACCOUNT_TOKEN_KEY = header_key(ACCOUNT_TOKEN_HEADER)
CUSTOMER_TOKEN_KEY = header_key(CUSTOMER_TOKEN_HEADER)
_TOKEN_KEYS = ("HTTP_AUTHORIZATION", ACCOUNT_TOKEN_KEY, CUSTOMER_TOKEN_KEY)
_KEY = "mockserver.context"


class RequestContext:
    """One request, and what the journal, the log and the client warnings need of its response."""

    __slots__ = (
        "body",
        "caller",
        "decision",
        "environ",
        "error",
        "headers",
        "instant",
        "is_api_request",
        "method",
        "next_page",
        "notes",
        "operation",
        "path",
        "query",
        "request_id",
        "sandbox",
        "sandbox_name",
        "started",
        "unknown_fields",
        "violations",
    )

    def __init__(self, environ: Environ) -> None:
        self.started = stopwatch()
        self.environ = environ
        self.method: str = environ["REQUEST_METHOD"]
        self.path = path_of(environ)
        self.query: str = environ.get("QUERY_STRING", "")
        self.headers = headers_of(environ)
        self.sandbox_name: str
        self.sandbox: Sandbox
        self.is_api_request: bool
        self.request_id: str
        self.instant: int
        self.operation: Operation | None = None
        self.caller: Caller | None = None
        self.error: str | None = None
        self.violations: tuple[Violation, ...] = ()
        self.notes: tuple[str, ...] = ()
        self.body = b""
        self.unknown_fields: tuple[str, ...] = ()
        self.next_page: str | None = None
        self.decision: RuleOutcome | None = None
        environ[_KEY] = self

    def bind_sandbox(self, sandbox_name: str, sandbox: Sandbox, is_api_request: bool) -> None:
        """Assign the request to a sandbox. Requests to the admin API and to the dashboard have
        request ids of their own, so that they don't change those of the tested app."""
        self.sandbox_name = sandbox_name
        self.sandbox = sandbox
        self.is_api_request = is_api_request
        self.request_id = sandbox.request_id("request" if is_api_request else "admin-request")
        self.instant = sandbox.clock.now()

    @property
    def duration_ms(self) -> float:
        """The duration until now."""
        return round((stopwatch() - self.started) * 1000, 1)

    @property
    def is_unmatched(self) -> bool:
        """Whether the contract has no operation for the request; False for a preflight."""
        return self.operation is None and self.error in UNMATCHED

    def add_note(self, note: str) -> None:
        """Add a note for the client, which is sent in the header Mock-Notes."""
        self.notes += (note,)

    def may_show_client_warning(self, operation: Operation, status: int) -> bool:
        """Return whether this request can cause a client warning, without any other request."""
        if self.error or self.unknown_fields or self.next_page:
            return True
        return status == 204 and operation.id in ASSOCIATIONS

    def observation(
        self, operation: Operation, status: int, retry_after: str | None
    ) -> Observation:
        """Return the input of the client warnings."""
        return Observation(
            request_id=self.request_id,
            time=self.instant,
            operation=operation.id,
            method=self.method,
            path=self.path,
            query=self.query,
            tokens=self._tokens() if self.error in TOKEN_ERRORS else (),
            status=status,
            error=self.error,
            retry_after_s=int(retry_after) if retry_after else None,
            unknown_fields=self.unknown_fields,
            next_page=self.next_page,
        )

    def _tokens(self) -> tuple[str, ...]:
        return tuple(digest(each) for key in _TOKEN_KEYS if (each := self.environ.get(key)))

    def entry(
        self, contract: Contract, status: int, headers: Iterable[tuple[str, str]], body: bytes
    ) -> Entry:
        """Return the journal's entry of the request and its response."""
        return Entry(
            id=self.request_id,
            time=self.instant,
            method=self.method,
            path=cut(self.path),
            query=cut(self.query),
            operation=None if self.operation is None else self.operation.id,
            caller=None if self.caller is None else self.caller.as_log_fields(),
            status=status,
            error=self.error,
            violations=self.violations,
            notes=self.notes,
            near_miss=find_near_miss(contract, self.method, self.path)
            if self.is_unmatched
            else None,
            duration_ms=self.duration_ms,
            request=Message.from_request(self.headers, self.body),
            response=Message.from_response(headers, body),
        )


def current() -> RequestContext:
    """Return the context of the request that Flask is handling."""
    context: RequestContext = request.environ[_KEY]
    return context
