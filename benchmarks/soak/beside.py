"""What happens beside the main server: sandboxes that are thrown away under their clients, broken
connections, and fixtures that are broken and mended while a server reads them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any

from benchmarks.soak import checks
from benchmarks.soak.checks import tagged
from benchmarks.soak.ledger import Breach, Ledger
from benchmarks.soak.wire import ADMIN, Answer, Connection, NoAnswer, request

RELOAD_S, ONE_TRY_S = 120, 5
"""How long a server may take to start anew, and one request to it meanwhile."""
MAX_SANDBOXES = 8
NAMES = 24
"""So many names are used on a server that keeps only `MAX_SANDBOXES` of them."""
FAULTS = (
    "CONNECTION_RESET_BY_PEER",
    "EMPTY_RESPONSE",
    "MALFORMED_RESPONSE_CHUNK",
    "RANDOM_DATA_THEN_CLOSE",
)
BESIDE = (
    *("read before an eviction", "read after an eviction"),
    *("fixture broken", "fixture mended", "serve a state that was taken home"),
)
"""What the ledger counts here."""
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
class Passer:
    """A client of sandboxes that don't last: what it reads is its own, or it is gone."""

    connection: Connection
    ledger: Ledger
    rng: Random
    _count: int = 0

    async def act(self) -> None:
        """Write a cart, and read it. Raises Breach when it is somebody else's."""
        self._count += 1
        sandbox = f"brief-{self.rng.randrange(NAMES)}"
        cart_id = f"cart-{self.rng.randrange(50)}"
        headers = {**ADMIN, "Mock-Sandbox": sandbox}
        body = {"data": {"id": cart_id, "name": tagged(sandbox, str(self._count))}}
        await self._ask(sandbox, request("POST", "/v2/carts", headers, body), (201, 409))
        path = f"/v2/carts/{cart_id}"
        answer = await self._ask(sandbox, request("GET", path, headers), (200,))
        lost = answer.json["data"]["name"] == "Cart"
        self.ledger.control["read after an eviction" if lost else "read before an eviction"] += 1

    async def _ask(self, sandbox: str, raw: bytes, expected: tuple[int, ...]) -> Answer:
        try:
            answer = await self.connection.ask(raw)
        except NoAnswer as error:
            raise Breach(f"no answer in {sandbox}: {error}") from None
        told = checks.cross_talk(answer, [sandbox]) or checks.unexpected(answer, expected, None)
        if told:
            raise Breach(f"in {sandbox}, which may be evicted: {told}")
        return answer


async def break_connection(address: tuple[str, int], ledger: Ledger, number: int) -> None:
    """Arm a fault, meet it, and see that the next request is served. Raises Breach."""
    fault = FAULTS[number % len(FAULTS)]
    path = f"/v2/carts/{fault}"  # of which the reading makes a cart, so there are only four
    rule = {"path": path, "times": 1, "ttl_s": 60, "then": {"fault": fault}}
    connection = Connection(address)
    armed = await connection.ask(request("POST", "/__admin/rules", {}, rule))
    if armed.status != 201:
        raise Breach(f"arming {fault}: {armed.status}: {armed.body[:300]!r}")
    try:
        answer = await connection.ask(request("GET", path, ADMIN))
    except NoAnswer:
        ledger.on_demand[fault] += 1
    else:
        raise Breach(f"{fault} was armed, and the answer came: {answer.status}")
    answer = await connection.ask(request("GET", path, ADMIN))
    if answer.status != 200:
        raise Breach(f"after {fault}: {answer.status}: {answer.body[:300]!r}")
    connection.drop()


@dataclass(slots=True)
class Reloader:
    """Changes the fixture file of a server that reads it anew. `download` gives a state that was
    taken home from the main server, with the names of its carts."""

    address: tuple[str, int]
    file: Path
    ledger: Ledger
    download: Callable[[], tuple[str, dict[str, str]] | None]
    _round: int = 0

    async def act(self) -> None:
        """Break the file, then mend it: the server says where the mistake is, then serves again.

        Raises Breach when it does not within `RELOAD_S` seconds.
        """
        self._round += 1
        self.file.write_text(BROKEN_FIXTURES[self._round % len(BROKEN_FIXTURES)], "utf-8")
        await self._until("broken", self._tells_the_mistake)
        text, names = self._next_state()
        self.file.write_text(text, "utf-8")
        await self._until("mended", lambda answer: self._shows(answer, names))

    def _next_state(self) -> tuple[str, dict[str, str]]:
        downloaded = self.download() if self._round % 2 else None
        if downloaded is not None:
            self.ledger.control["serve a state that was taken home"] += 1
            return downloaded
        names = {f"cart-{n}": f"Cart {n} of round {self._round}" for n in range(5)}
        return fixture(names), names

    def _tells_the_mistake(self, answer: Answer) -> bool:
        return answer.status == 503 and f"{self.file.name}:" in answer.body.decode()

    def _shows(self, answer: Answer, names: dict[str, str]) -> bool:
        if answer.status != 200:
            return False
        shown: list[dict[str, Any]] = answer.json["data"]
        found = {each["id"]: each["name"] for each in shown}
        return names.items() <= found.items()

    async def _until(self, what: str, is_so: Callable[[Answer], bool]) -> None:
        end, last = monotonic() + RELOAD_S, "no answer"
        while monotonic() < end:
            connection = Connection(self.address)
            try:
                raw = request("GET", "/v2/carts?page[limit]=100", {**ADMIN, "Connection": "close"})
                async with asyncio.timeout(ONE_TRY_S):
                    answer = await connection.ask(raw)
            except (NoAnswer, TimeoutError) as error:  # while it starts anew
                last = str(error) or "nothing"
            else:
                if is_so(answer):
                    self.ledger.control[f"fixture {what}"] += 1
                    return
                last = f"{answer.status}: {answer.body[:300]!r}"
            finally:
                connection.drop()
            await asyncio.sleep(0.2)
        raise Breach(f"{RELOAD_S} s after its fixture was {what}, --reload answers {last}")


def fixture(names: dict[str, str]) -> str:
    """Return a fixture file with carts of these ids and names."""
    return GOOD_FIXTURE + "".join(
        f"  - {{ id: {each}, name: {name} }}\n" for each, name in names.items()
    )
