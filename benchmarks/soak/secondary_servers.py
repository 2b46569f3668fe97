"""Clients of the secondary servers: sandboxes that are evicted while they are used, broken
connections, and fixtures that break and are repaired while a server reloads them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from time import monotonic

from benchmarks.soak import checks
from benchmarks.soak.checks import tagged
from benchmarks.soak.http_wire import ADMIN, Connection, NoResponse, Response, build_request
from benchmarks.soak.stats import Breach, Stats

RELOAD_TIMEOUT_S, ATTEMPT_TIMEOUT_S = 120, 5
"""How long a server may take to reload, and one request to it meanwhile."""
MAX_SANDBOXES = 8
NAMES = 24
"""So many names are used on a server that keeps only `MAX_SANDBOXES` of them."""
FAULTS = (
    "CONNECTION_RESET_BY_PEER",
    "EMPTY_RESPONSE",
    "MALFORMED_RESPONSE_CHUNK",
    "RANDOM_DATA_THEN_CLOSE",
)
SECONDARY_EVENTS = (
    *("read before an eviction", "read after an eviction"),
    *("fixture broken", "fixture repaired", "serve a downloaded state"),
)
"""What is counted here among the admin actions."""
GOOD_FIXTURE = """\
applications: [{ client_id: backoffice, grant: client_credentials, client_secret: s }]
bearer_tokens: [{ token: admin, client_id: backoffice }]
carts:
"""
BROKEN_FIXTURES = (
    "carts: [\n",
    "carts:\n  - { id: one, name: One, colour: red }\n",
    "carts:\n  - { id: one, name: One }\n  - { id: one, name: Two }\n",
    "carts:\n  - { id: one, name: One, account_ids: [no-uuid] }\n",
)


@dataclass(slots=True)
class EvictionClient:
    """A client of sandboxes that get evicted: what it reads is its own, or gone."""

    connection: Connection
    stats: Stats
    rng: Random
    _count: int = 0

    async def act(self) -> None:
        """Write a cart, and read it. Raises Breach when it is another sandbox's."""
        self._count += 1
        sandbox = f"brief-{self.rng.randrange(NAMES)}"
        cart_id = f"cart-{self.rng.randrange(50)}"
        headers = {**ADMIN, "Mock-Sandbox": sandbox}
        body = {"data": {"id": cart_id, "name": tagged(sandbox, str(self._count))}}
        await self._send(sandbox, build_request("POST", "/v2/carts", headers, body), (201, 409))
        path = f"/v2/carts/{cart_id}"
        response = await self._send(sandbox, build_request("GET", path, headers), (200,))
        evicted = response.json["data"]["name"] == "Cart"
        self.stats.admin_actions[
            "read after an eviction" if evicted else "read before an eviction"
        ] += 1

    async def _send(self, sandbox: str, raw: bytes, expected: tuple[int, ...]) -> Response:
        try:
            response = await self.connection.send(raw)
        except NoResponse as error:
            raise Breach(f"no response in {sandbox}: {error}") from None
        if problem := (
            checks.cross_talk(response, [sandbox])
            or checks.unexpected_status(response, expected, None)
        ):
            raise Breach(f"in {sandbox}, which may be evicted: {problem}")
        return response


async def break_connection(address: tuple[str, int], stats: Stats, number: int) -> None:
    """Arm a fault, meet it, and check that the next request is served. Raises Breach."""
    fault = FAULTS[number % len(FAULTS)]
    path = f"/v2/carts/{fault}"  # reading it creates a cart, so there are only four
    rule = {"path": path, "times": 1, "ttl_s": 60, "then": {"fault": fault}}
    connection = Connection(address)
    armed = await connection.send(build_request("POST", "/__admin/rules", {}, rule))
    if armed.status != 201:
        raise Breach(f"arming {fault}: {armed.status}: {armed.body[:300]!r}")
    try:
        response = await connection.send(build_request("GET", path, ADMIN))
    except NoResponse:
        stats.requested_errors[fault] += 1
    else:
        raise Breach(f"{fault} was armed, but a response came: {response.status}")
    response = await connection.send(build_request("GET", path, ADMIN))
    if response.status != 200:
        raise Breach(f"after {fault}: {response.status}: {response.body[:300]!r}")
    connection.drop()


@dataclass(slots=True)
class Reloader:
    """Changes the fixture file of a server that reloads it. `download` returns a state that was
    downloaded from the main server, with the names of its carts by id."""

    address: tuple[str, int]
    file: Path
    stats: Stats
    download: Callable[[], tuple[str, dict[str, str]] | None]
    _round: int = 0

    async def act(self) -> None:
        """Break the file, then repair it: the server reports the error, then serves again.

        Raises Breach when it does not within `RELOAD_TIMEOUT_S` seconds.
        """
        self._round += 1
        self.file.write_text(BROKEN_FIXTURES[self._round % len(BROKEN_FIXTURES)], "utf-8")
        await self._wait_until("broken", self._reports_the_error)
        text, names = self._next_state()
        self.file.write_text(text, "utf-8")
        await self._wait_until("repaired", lambda response: self._lists(response, names))

    def _next_state(self) -> tuple[str, dict[str, str]]:
        downloaded = self.download() if self._round % 2 else None
        if downloaded is not None:
            self.stats.admin_actions["serve a downloaded state"] += 1
            return downloaded
        names = {f"cart-{n}": f"Cart {n} of round {self._round}" for n in range(5)}
        return fixture_text(names), names

    def _reports_the_error(self, response: Response) -> bool:
        return response.status == 503 and f"{self.file.name}:" in response.body.decode()

    def _lists(self, response: Response, names: dict[str, str]) -> bool:
        if response.status != 200:
            return False
        listed = {cart["id"]: cart["name"] for cart in response.json["data"]}
        return names.items() <= listed.items()

    async def _wait_until(self, change: str, is_done: Callable[[Response], bool]) -> None:
        end, last = monotonic() + RELOAD_TIMEOUT_S, "no response"
        while monotonic() < end:
            connection = Connection(self.address)
            try:
                raw = build_request(
                    "GET", "/v2/carts?page[limit]=100", {**ADMIN, "Connection": "close"}
                )
                async with asyncio.timeout(ATTEMPT_TIMEOUT_S):
                    response = await connection.send(raw)
            except (NoResponse, TimeoutError) as error:  # while it restarts
                last = str(error) or "nothing"
            else:
                if is_done(response):
                    self.stats.admin_actions[f"fixture {change}"] += 1
                    return
                last = f"{response.status}: {response.body[:300]!r}"
            finally:
                connection.drop()
            await asyncio.sleep(0.2)
        raise Breach(
            f"{RELOAD_TIMEOUT_S} s after its fixture was {change}, --reload returns {last}"
        )


def fixture_text(names: dict[str, str]) -> str:
    """Return a fixture file with carts of these ids and names."""
    return GOOD_FIXTURE + "".join(
        f"  - {{ id: {cart_id}, name: {name} }}\n" for cart_id, name in names.items()
    )
