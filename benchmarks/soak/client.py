"""A client of one connection that holds every answer against what may be answered."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from random import Random
from time import perf_counter
from typing import Any

from benchmarks.soak import checks
from benchmarks.soak.ledger import Breach, Ledger
from benchmarks.soak.rooms import Room
from benchmarks.soak.wire import ADMIN, Answer, Connection, NoAnswer, request

REQUESTS_A_CONNECTION = 500
"""After so many a connection is closed and a new one opened, as real clients come and go."""


class Client:
    """One well-behaved client. `chance` decides how it names its sandbox: by header or by path."""

    def __init__(self, address: tuple[str, int], ledger: Ledger, rng: Random) -> None:
        self.connection = Connection(address)
        self.ledger = ledger
        self.rng = rng
        self._sent = 0

    async def call(
        self,
        room: Room,
        kind: str,
        method: str,
        path: str,
        body: Any = None,
        *,
        expect: Collection[int],
        headers: Mapping[str, str] = ADMIN,
    ) -> Answer | None:
        """Send a request to a sandbox's API and return its answer, whose status is expected.

        Returns None where a rule, the rate limit, `Prefer` or a magic id wanted another one: then
        nothing has happened. Raises Breach for any other answer, and for none.
        """
        prefix, named = "", {}
        if self.rng.random() < 0.5:
            prefix = f"/sandboxes/{room.name}"
        else:
            named = {"Mock-Sandbox": room.name}
        raw = request(method, prefix + path, {**headers, **named}, body)
        started = perf_counter()
        answer = await self.send(raw, room.knows)
        self.ledger.requests[kind] += 1
        if "mock-notes" not in answer.headers:
            self.ledger.latencies.add(perf_counter() - started)
        if answer.status in expect:
            return answer
        asked_by = checks.asked_for(answer, room.model.refusals)
        if asked_by is None and answer.status == 429 and room.model.limited:
            asked_by = "rate limit"
        if told := checks.unexpected(answer, expect, asked_by):
            raise Breach(f"{method} {prefix + path} in {room.name}: {told}")
        self.ledger.failed_on_demand(answer, asked_by or "")
        return None

    async def admin(
        self,
        sandbox: str | None,
        method: str,
        path: str,
        body: Any = None,
        *,
        expect: Collection[int] = (200, 201, 204),
        knows: Collection[str] = (),
    ) -> Answer:
        """Send a request to the admin API; the answer may hold texts of the sandbox and of `knows`.

        Raises Breach for a status that is not expected, and for no answer.
        """
        named = {} if sandbox is None else {"Mock-Sandbox": sandbox}
        raw = request(method, f"/__admin{path}", named, body)
        own = [] if sandbox is None else [sandbox]
        answer = await self.send(raw, [*own, *knows])
        if told := checks.unexpected(answer, expect, None):
            raise Breach(f"{method} /__admin{path} in {sandbox}: {told}")
        return answer

    async def send(self, raw: bytes, sandboxes: Collection[str]) -> Answer:
        """Send a request, and return its answer, which holds texts of some sandboxes only."""
        self._sent += 1
        if self._sent % REQUESTS_A_CONNECTION == 0:
            self.connection.drop()
        line = raw.partition(b"\r\n")[0].decode("latin-1")
        try:
            answer = await self.connection.ask(raw)
        except NoAnswer as error:
            raise Breach(f"{line}: no answer: {error}") from None
        if told := checks.cross_talk(answer, sandboxes):
            raise Breach(f"{line}: {told}")
        return answer
