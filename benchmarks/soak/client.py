"""A client of one connection that checks every response."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from random import Random
from time import perf_counter
from typing import Any

from benchmarks.soak import checks
from benchmarks.soak.http_wire import ADMIN, Connection, NoResponse, Response, build_request
from benchmarks.soak.sandbox_pool import Sandbox
from benchmarks.soak.stats import Breach, Stats

REQUESTS_PER_CONNECTION = 500
"""After so many a connection is closed and a new one opened, as real clients come and go."""


class Client:
    """A well-behaved client. `rng` decides how it names its sandbox: by header or by path."""

    def __init__(self, address: tuple[str, int], stats: Stats, rng: Random) -> None:
        self.connection = Connection(address)
        self.stats = stats
        self.rng = rng
        self._sent = 0

    async def call(
        self,
        sandbox: Sandbox,
        kind: str,
        method: str,
        path: str,
        body: Any = None,
        *,
        expect: Collection[int],
        headers: Mapping[str, str] = ADMIN,
    ) -> Response | None:
        """Send a request to a sandbox's API and return its response, whose status is expected.

        Returns None for another status that a rule, the rate limit, `Prefer` or a magic id
        requested: then nothing has changed. Raises Breach for any other response, and for none.
        """
        prefix, sandbox_header = "", {}
        if self.rng.random() < 0.5:
            prefix = f"/sandboxes/{sandbox.name}"
        else:
            sandbox_header = {"Mock-Sandbox": sandbox.name}
        raw = build_request(method, prefix + path, {**headers, **sandbox_header}, body)
        started = perf_counter()
        response = await self.send(raw, sandbox.allowed_tags)
        self.stats.requests[kind] += 1
        if "mock-notes" not in response.headers:
            self.stats.latencies.add(perf_counter() - started)
        if response.status in expect:
            return response
        requested_by = checks.requested_by(response, sandbox.model.rule_statuses)
        if requested_by is None and response.status == 429 and sandbox.model.limited:
            requested_by = "rate limit"
        if problem := checks.unexpected_status(response, expect, requested_by):
            raise Breach(f"{method} {prefix + path} in {sandbox.name}: {problem}")
        self.stats.count_requested_error(response, requested_by or "")
        return None

    async def admin(
        self,
        sandbox_name: str | None,
        method: str,
        path: str,
        body: Any = None,
        *,
        expect: Collection[int] = (200, 201, 204),
        allowed_tags: Collection[str] = (),
    ) -> Response:
        """Send a request to the admin API and return its response, which may hold texts of the
        sandbox and of `allowed_tags`.

        Raises Breach for a status that is not expected, and for no response.
        """
        headers = {} if sandbox_name is None else {"Mock-Sandbox": sandbox_name}
        raw = build_request(method, f"/__admin{path}", headers, body)
        own_tag = [] if sandbox_name is None else [sandbox_name]
        response = await self.send(raw, [*own_tag, *allowed_tags])
        if problem := checks.unexpected_status(response, expect, None):
            raise Breach(f"{method} /__admin{path} in {sandbox_name}: {problem}")
        return response

    async def send(self, raw: bytes, allowed_tags: Collection[str]) -> Response:
        """Send a request and return its response, which holds texts of some sandboxes only."""
        self._sent += 1
        if self._sent % REQUESTS_PER_CONNECTION == 0:
            self.connection.drop()
        line = raw.partition(b"\r\n")[0].decode("latin-1")
        try:
            response = await self.connection.send(raw)
        except NoResponse as error:
            raise Breach(f"{line}: no response: {error}") from None
        if problem := checks.cross_talk(response, allowed_tags):
            raise Breach(f"{line}: {problem}")
        return response
