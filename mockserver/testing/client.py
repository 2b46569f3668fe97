"""A client of the admin API, for tests, the pytest plugin and `mockserver admin`.

from mockserver import AdminClient

mock = AdminClient("http://localhost:8080").sandbox("checkout")
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
from urllib.parse import quote, urlencode, urlsplit

LOOPBACK = ("localhost", "127.0.0.1", "::1")
SERVER_PATHS = ("/health", "/sandboxes", "/coverage")
"""Paths without a sandbox: to name one there would create it."""


class MockServerError(Exception):
    """An error response, or none at all; then `status` is 0."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


@dataclass(frozen=True, slots=True)
class AdminClient:
    """The admin API of the server at `url`, for the sandbox `sandbox_name` or the default one.

    Every method raises MockServerError if the server returns an error or cannot be reached.
    """

    url: str
    admin_token: str | None = None
    sandbox_name: str | None = None
    context: ssl.SSLContext | None = None
    timeout_s: float = 30

    def sandbox(self, name: str) -> AdminClient:
        """Return a client of one sandbox, which the server creates on first use."""
        return replace(self, sandbox_name=name)

    @property
    def base_url(self) -> str:
        """The base URL for the app under test."""
        prefix = f"/sandboxes/{quote(self.sandbox_name, safe='')}" if self.sandbox_name else ""
        return self.url.rstrip("/") + prefix

    def health(self) -> Any:
        """Return the status and the version of the server."""
        return self._call("GET", "/health")

    def errors(self) -> Any:
        """Return the error catalog."""
        return self._call("GET", "/errors")

    def reset(self) -> None:
        """Reset the sandbox to the fixtures."""
        self._call("POST", "/reset")

    def state(self, **query: Any) -> Any:
        """Return carts, accounts, members, customers and tokens.

        `query` may contain filter and limit.
        """
        return self._call("GET", f"/state{_query(query)}")

    # --- sandboxes

    def sandboxes(self) -> Any:
        return self._call("GET", "/sandboxes")

    def create_sandbox(
        self, name: str, fork_of: str | None = None, snapshot: str | None = None
    ) -> Any:
        """Create a sandbox from the fixtures, from another sandbox, or from a snapshot of it."""
        body = {"fork_of": fork_of, "snapshot": snapshot}
        return self._call("POST", f"/sandboxes/{_part(name)}", _without_none(body))

    def delete_sandbox(self, name: str) -> None:
        """Delete a sandbox; the default one is reset instead."""
        self._call("DELETE", f"/sandboxes/{_part(name)}")

    # --- snapshots

    def snapshots(self) -> Any:
        return self._call("GET", "/snapshots")

    def save_snapshot(self, name: str) -> Any:
        """Save the current state, replacing a snapshot of that name."""
        return self._call("PUT", f"/snapshots/{_part(name)}")

    def restore_snapshot(self, name: str) -> None:
        self._call("POST", f"/snapshots/{_part(name)}/restore")

    def delete_snapshot(self, name: str) -> None:
        self._call("DELETE", f"/snapshots/{_part(name)}")

    def export_fixture(self, name: str | None = None) -> str:
        """Return a snapshot, by default the current state, as a YAML fixture file."""
        path = "/fixture" if name is None else f"/snapshots/{_part(name)}/fixture"
        return str(self._call("GET", path))

    # --- clock

    def clock(self) -> Any:
        """Return the time of the clock, and whether it is frozen."""
        return self._call("GET", "/clock")

    def freeze(self, instant: str | None = None) -> Any:
        """Freeze the clock, at an instant such as 2026-01-01T00:00:00Z or at its current time."""
        return self._call("PUT", "/clock", _without_none({"action": "freeze", "instant": instant}))

    def advance(self, duration: str) -> Any:
        """Advance the clock by a duration such as PT1H."""
        return self._call("PUT", "/clock", {"action": "advance", "duration": duration})

    def resume(self) -> Any:
        """Let the clock run from its current time."""
        return self._call("PUT", "/clock", {"action": "resume"})

    def reset_clock(self) -> Any:
        """Reset the clock to its initial state."""
        return self._call("PUT", "/clock", {"action": "reset"})

    # --- rules

    def rules(self) -> Any:
        """Return the armed rules and how often each fired."""
        return self._call("GET", "/rules")

    def arm_rule(self, rule: Mapping[str, Any]) -> Any:
        """Arm a rule in the format of `POST /__admin/rules`."""
        return self._call("POST", "/rules", dict(rule))

    def fail(self, error: str, **match: Any) -> Any:
        """Arm a rule that responds with an error of the catalog.

        `match` may contain operation, method, path, account, customer, cart, skip, times,
        probability, ttl_s.
        """
        return self.arm_rule({**match, "then": {"error": error}})

    def disarm_rules(self, rule_id: str | None = None) -> None:
        """Disarm one rule, or all."""
        self._call("DELETE", "/rules" if rule_id is None else f"/rules/{_part(rule_id)}")

    def set_rate_limit(self, requests_per_second: int | None) -> Any:
        """Respond with 429 above this many requests per second of the clock; None for no limit."""
        return self._call("PUT", "/rate-limit", {"requests_per_second": requests_per_second})

    # --- journal and coverage

    def requests(self, **query: Any) -> Any:
        """Return a page of the recorded requests, newest first.

        `query` may contain operation, status, error, since, unmatched, limit, offset.
        """
        return self._call("GET", f"/requests{_query(query)}")

    def request(self, request_id: str) -> Any:
        return self._call("GET", f"/requests/{_part(request_id)}")

    def clear_requests(self) -> None:
        """Clear the journal."""
        self._call("DELETE", "/requests")

    def verify(self, **expected: Any) -> None:
        """Verify the recorded requests. Raises MockServerError 406 with the difference.

        `expected` may contain operation, status, error, and count, at_least, at_most; or sequence.
        """
        self._call("POST", "/requests/verify", expected)

    def coverage(self) -> Any:
        """Return the contract coverage of the sandbox, or of all without a sandbox name."""
        return self._call("GET", f"/coverage{_query({'sandbox': self.sandbox_name})}")

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Content-Type": "application/json"}
        if self.sandbox_name and not path.startswith(SERVER_PATHS):
            headers["Mock-Sandbox"] = self.sandbox_name
        if self.admin_token:
            headers["Authorization"] = f"Bearer {self.admin_token}"
        proxies: dict[str, str] = {}
        try:
            proxies = self._proxies()
            request = urllib.request.Request(  # noqa: S310 - the user's own server
                f"{self.url.rstrip('/')}/__admin{path}",
                method=method,
                headers=headers,
                data=None if body is None else json.dumps(body).encode(),
            )
            opener = urllib.request.build_opener(
                urllib.request.ProxyHandler(proxies),
                urllib.request.HTTPSHandler(context=self.context),
            )
            with opener.open(request, timeout=self.timeout_s) as response:
                text = response.read().decode()
                is_json = response.headers.get_content_type() == "application/json"
                return (json.loads(text) if is_json else text) if text else None
        except urllib.error.HTTPError as error:
            with error:  # closes the connection
                raise MockServerError(error.code, _detail(error)) from None
        except (OSError, HTTPException, ValueError) as error:
            reason = getattr(error, "reason", error)
            proxy = proxies.get(self.url.partition(":")[0])
            through = f" through the proxy {proxy}" if proxy else ""
            raise MockServerError(0, f"{self.url} does not respond{through}: {reason}") from None

    def _proxies(self) -> dict[str, str]:
        """Return the proxies of the environment: none for loopback, nor for hosts of NO_PROXY."""
        host = urlsplit(self.url).hostname or ""
        if host in LOOPBACK or urllib.request.proxy_bypass(host):
            return {}
        return urllib.request.getproxies()


def _detail(error: urllib.error.HTTPError) -> str:
    try:
        body = json.loads(error.read())
        if "difference" in body:
            return str(body["difference"])
        first = body["errors"][0]
        return str(first.get("detail") or first["title"])
    except (ValueError, KeyError, IndexError, TypeError, OSError, HTTPException):
        return f"HTTP {error.code} {error.reason}"


def _without_none(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _query(values: Mapping[str, Any]) -> str:
    """Return the query string, with booleans as in JSON and without None; "" if it is empty."""
    parameters = {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in _without_none(values).items()
    }
    return f"?{urlencode(parameters)}" if parameters else ""


def _part(name: str) -> str:
    return quote(name, safe="")
