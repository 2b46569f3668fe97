"""A client of the admin API: what `mockserver ctl`, the pytest plugin and tests of one's own use.

from mockserver import AdminClient

mock = Client("http://localhost:8080").sandbox("checkout")
mock.fail("too-many-requests", operation="getCarts", times=2)
mock.advance("PT1H")
"""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, replace
from http.client import HTTPException
from typing import Any
from urllib.parse import quote, urlencode

TIMEOUT_S = 30
OF_THE_SERVER = ("/health", "/sandboxes", "/coverage")
"""What belongs to no sandbox: to name one there would make it."""


class MockServerError(Exception):
    """The server refused, or there is none. `status` is 0 where nothing answered."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Client:
    """The admin API of the server at `url`; of one sandbox where `sandbox_name` is given.

    Every method raises MockServerError when the server refuses.
    """

    url: str
    admin_token: str | None = None
    sandbox_name: str | None = None
    context: ssl.SSLContext | None = None

    def sandbox(self, name: str) -> Client:
        """Return a client of one sandbox, which the server makes on first use."""
        return replace(self, sandbox_name=name)

    @property
    def base_url(self) -> str:
        """What an app under test takes as its base URL."""
        prefix = f"/sandboxes/{quote(self.sandbox_name, safe='')}" if self.sandbox_name else ""
        return self.url.rstrip("/") + prefix

    def health(self) -> Any:
        """Return the server's health."""
        return self._call("GET", "/health")

    def errors(self) -> Any:
        """Return the error catalog."""
        return self._call("GET", "/errors")

    def reset(self) -> None:
        """Go back to the fixtures."""
        self._call("POST", "/reset")

    def state(self, **query: Any) -> Any:
        """Return carts, accounts, members and tokens; `query` may hold filter and limit."""
        return self._call("GET", f"/state{_query(query)}")

    # --- sandboxes

    def sandboxes(self) -> Any:
        """Return all sandboxes."""
        return self._call("GET", "/sandboxes")

    def create_sandbox(
        self, name: str, fork_of: str | None = None, snapshot: str | None = None
    ) -> Any:
        """Make a sandbox from the seed, or in the state of another one or of its snapshot."""
        body = {"fork_of": fork_of, "snapshot": snapshot}
        return self._call("POST", f"/sandboxes/{_part(name)}", _given(body))

    def delete_sandbox(self, name: str) -> None:
        """Throw a sandbox away."""
        self._call("DELETE", f"/sandboxes/{_part(name)}")

    # --- snapshots

    def snapshots(self) -> Any:
        """Return the saved states."""
        return self._call("GET", "/snapshots")

    def save(self, name: str) -> Any:
        """Save the present state under a name."""
        return self._call("PUT", f"/snapshots/{_part(name)}")

    def restore(self, name: str) -> None:
        """Go back to a saved state."""
        self._call("POST", f"/snapshots/{_part(name)}/restore")

    def forget(self, name: str) -> None:
        """Throw a saved state away."""
        self._call("DELETE", f"/snapshots/{_part(name)}")

    def fixture(self, name: str | None = None) -> str:
        """Return a saved state, or the present one, as a YAML fixture file."""
        path = "/fixture" if name is None else f"/snapshots/{_part(name)}/fixture"
        return str(self._call("GET", path))

    # --- clock

    def clock(self) -> Any:
        """Return what the clock shows, and whether it stands still."""
        return self._call("GET", "/clock")

    def freeze(self, instant: str | None = None) -> Any:
        """Stop the clock, at an instant such as 2026-01-01T00:00:00Z or where it is."""
        return self._call("PUT", "/clock", _given({"action": "freeze", "instant": instant}))

    def advance(self, duration: str) -> Any:
        """Move the clock on by a duration such as PT1H."""
        return self._call("PUT", "/clock", {"action": "advance", "duration": duration})

    def resume(self) -> Any:
        """Let the clock run on."""
        return self._call("PUT", "/clock", {"action": "resume"})

    def reset_clock(self) -> Any:
        """Put the clock back to how it was at the start."""
        return self._call("PUT", "/clock", {"action": "reset"})

    # --- rules

    def rules(self) -> Any:
        """Return the armed rules and how often they fired."""
        return self._call("GET", "/rules")

    def arm(self, rule: Mapping[str, Any]) -> Any:
        """Arm a rule, as `POST /__admin/rules` takes it."""
        return self._call("POST", "/rules", dict(rule))

    def fail(self, error: str, **match: Any) -> Any:
        """Arm a rule that answers with an error of the catalog.

        `match` may hold operation, method, path, account, customer, cart, skip, times, probability,
        ttl_s.
        """
        return self.arm({**match, "then": {"error": error}})

    def disarm(self, rule_id: str | None = None) -> None:
        """Take one rule away, or all."""
        self._call("DELETE", "/rules" if rule_id is None else f"/rules/{_part(rule_id)}")

    def limit_rate(self, requests_per_second: int | None) -> Any:
        """Answer 429 to more calls than this in one second of the clock; None sets no limit."""
        return self._call("PUT", "/rate-limit", {"requests_per_second": requests_per_second})

    # --- journal and coverage

    def requests(self, **query: Any) -> Any:
        """Return the journal, newest first.

        `query` may hold operation, status, error, since, unmatched, limit, offset.
        """
        return self._call("GET", f"/requests{_query(query)}")

    def request(self, request_id: str) -> Any:
        """Return one request of the journal."""
        return self._call("GET", f"/requests/{_part(request_id)}")

    def clear_requests(self) -> None:
        """Forget the journal's entries."""
        self._call("DELETE", "/requests")

    def verify(self, **expected: Any) -> None:
        """Return when the journal holds what is expected; else raise MockServerError 406.

        `expected` may hold operation, status, error, and count, at_least, at_most; or sequence.
        """
        self._call("POST", "/requests/verify", expected)

    def coverage(self) -> Any:
        """Return the contract coverage: of the sandbox, or of all where none is named."""
        return self._call("GET", f"/coverage{_query({'sandbox': self.sandbox_name})}")

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Content-Type": "application/json"}
        if self.sandbox_name and not path.startswith(OF_THE_SERVER):
            headers["Mock-Sandbox"] = self.sandbox_name
        if self.admin_token:
            headers["Authorization"] = f"Bearer {self.admin_token}"
        try:
            request = urllib.request.Request(  # noqa: S310 - the user's own server
                f"{self.url.rstrip('/')}/__admin{path}",
                method=method,
                headers=headers,
                data=None if body is None else json.dumps(body).encode(),
            )
            with urllib.request.urlopen(  # noqa: S310 - the user's own server
                request, timeout=TIMEOUT_S, context=self.context
            ) as answer:
                text = answer.read().decode()
                is_json = answer.headers.get_content_type() == "application/json"
                return (json.loads(text) if is_json else text) if text else None
        except urllib.error.HTTPError as error:
            with error:  # it holds the connection
                raise MockServerError(error.code, _detail(error)) from None
        except (OSError, HTTPException, ValueError) as error:
            reason = getattr(error, "reason", error)
            raise MockServerError(0, f"{self.url} does not answer: {reason}") from None


def _detail(error: urllib.error.HTTPError) -> str:
    try:
        body = json.loads(error.read())
        if "difference" in body:
            return str(body["difference"])
        first = body["errors"][0]
        return str(first.get("detail") or first["title"])
    except (ValueError, KeyError, IndexError, TypeError, OSError, HTTPException):
        return f"answered {error.code} {error.reason}"


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _query(values: Mapping[str, Any]) -> str:
    """Return the query string of what is given, true and false as in JSON; "" for nothing."""
    words = {True: "true", False: "false"}
    given = {n: words[v] if isinstance(v, bool) else v for n, v in _given(values).items()}
    return f"?{urlencode(given)}" if given else ""


def _part(name: str) -> str:
    return quote(name, safe="")
