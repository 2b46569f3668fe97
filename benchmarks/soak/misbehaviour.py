"""What badly behaved clients do. Each of them gets a refusal, or what it asked for in order, or its
connection is ended; never a 5xx, and nothing that was sent in part only is ever carried out.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from time import monotonic
from typing import Any

from benchmarks.soak import checks
from benchmarks.soak.checks import GHOST, tagged
from benchmarks.soak.garbled import GARBLED, UNFINISHED
from benchmarks.soak.ledger import Breach, Ledger
from benchmarks.soak.wire import ADMIN, PATIENCE_S, Answer, Connection, NoAnswer, request

REFUSED = range(400, 500)
HEAD_S = 20
"""Whoever takes longer for a request, because the machine stood still, may be refused one."""
BIG = "/openapi.json"


@dataclass(slots=True)
class Rude:
    """A client that misbehaves, in a sandbox of its own."""

    address: tuple[str, int]
    ledger: Ledger
    rng: Random
    name: str
    _count: int = 0

    async def act(self, kind: str) -> None:
        """Misbehave in one way, then see that the server is as it was. Raises Breach."""
        with suppress(ConnectionError):  # it may end the connection while it is being written to
            if kind in GARBLED:
                await self._refused(kind)
            else:
                await ACTIONS[kind](self)
        self.ledger.misbehaviour[kind] += 1
        with_list = request("GET", "/v2/carts?page[limit]=100", self._headers())
        await self._expect(kind, with_list, [200])

    async def slow_writer(self) -> None:
        """Send a request byte by byte; it counts like any other."""
        raw = self._create()
        connection = Connection(self.address)
        _, writer = await connection.open()
        step, began = max(1, len(raw) // 30), monotonic()
        for start in range(0, len(raw), step):
            writer.write(raw[start : start + step])
            await writer.drain()
            await asyncio.sleep(0.02)
        too_slow = monotonic() - began > HEAD_S
        answer = await self._answer(connection, "slow writer", [201], may_end=too_slow)
        if answer is not None:
            await self._created(answer)
        connection.drop()

    async def slow_reader(self) -> None:
        """Read a large answer in small pieces, through a small window."""
        sock = await self._small_window()
        try:
            loop = asyncio.get_running_loop()
            await loop.sock_sendall(sock, request("GET", BIG, {"Connection": "close"}))
            got = b""
            async with asyncio.timeout(PATIENCE_S):
                while part := await loop.sock_recv(sock, 4096):
                    got += part
                    if len(got) < 120_000:
                        await asyncio.sleep(0.02)
        except TimeoutError:
            raise Breach("a slow reader waits without an end") from None
        finally:
            sock.close()
        head, _, body = got.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        if not head.startswith(b"HTTP/1.1 200") or len(body) != length:
            raise Breach(f"a slow reader got {len(body)} bytes of {length}")

    async def no_reader(self) -> None:
        """Ask for much, read nothing of it, and go away."""
        sock = await self._small_window()
        try:
            loop = asyncio.get_running_loop()
            await loop.sock_sendall(sock, request("GET", BIG) * 10)
            await asyncio.sleep(0.3)
        finally:
            _reset(sock)

    async def half_closed(self) -> None:
        """Send a request, say that no more comes, and wait for the answer, or for the end: the HTTP
        layer takes it as a client that has gone where it has not begun to answer yet."""
        connection = Connection(self.address)
        _, writer = await connection.open()
        writer.write(request("GET", "/v2/carts/free-cart", self._headers()))
        writer.write_eof()
        await self._answer(connection, "half closed", [200], may_end=True)
        connection.drop()

    async def pipelining(self) -> None:
        """Send many requests at once; each sees what those before it did."""
        created = await self._expect("pipelining", self._create(), [201])
        path = f"/v2/carts/{created.json['data']['id']}"
        names = [tagged(self.name, f"pipelined-{n}") for n in range(6)]
        raw = b"".join(
            request("PUT", path, self._headers(), {"data": {"name": name}})
            + request("GET", path, self._headers())
            for name in names
        )
        connection = Connection(self.address)
        _, writer = await connection.open()
        writer.write(raw)
        for name in names:
            for _ in range(2):
                answer = await self._answer(connection, "pipelining", [200])
                if answer.json["data"]["name"] != name:
                    raise Breach(f"pipelined answers are out of order: {answer.body[:200]!r}")
        connection.drop()
        await self._created(created)

    async def aborted_body(self) -> None:
        """Promise a body, send half of it, and go away: nothing may come of it."""
        connection = Connection(self.address)
        _, writer = await connection.open()
        body = b'{"data":{"name":"%b"}}' % tagged(f"{GHOST}-1", "sent in part").encode()
        raw = request("POST", "/v2/carts", self._headers(), body)
        writer.write(raw.replace(b"Content-Length: ", b"Content-Length: 9"))
        if self.rng.random() < 0.5:
            writer.write_eof()
            await self._answer(connection, "aborted body", REFUSED)
        else:
            await writer.drain()
        self._tear(connection)

    async def aborted_head(self) -> None:
        """Go away in the middle of the headers."""
        connection = Connection(self.address)
        _, writer = await connection.open()
        raw = request("POST", "/v2/carts", self._headers())
        writer.write(raw[: self.rng.randrange(1, len(raw) - 4)])
        await writer.drain()
        self._tear(connection)

    async def silence(self) -> None:
        """Open connections and say nothing."""
        connections = [Connection(self.address) for _ in range(10)]
        for connection in connections:
            await connection.open()
        await asyncio.sleep(0.3)
        for connection in connections:
            connection.drop()

    async def left_stream(self) -> None:
        """Follow the journal, and go away without a word."""
        connection = Connection(self.address)
        reader, writer = await connection.open()
        writer.write(request("GET", "/__admin/requests/stream", self._headers()))
        try:
            async with asyncio.timeout(PATIENCE_S):
                await reader.readuntil(b"\r\n\r\n")
        except (TimeoutError, EOFError) as error:
            raise Breach(f"a stream does not begin: {error}") from None
        self._tear(connection)

    # --- how it goes on

    def _headers(self) -> dict[str, str]:
        return {**ADMIN, "Mock-Sandbox": self.name}

    def _create(self) -> bytes:
        self._count += 1
        name = tagged(self.name, str(self._count))
        return request("POST", "/v2/carts", self._headers(), {"data": {"name": name}})

    async def _created(self, answer: Answer) -> None:
        """Delete a cart that was made, so that they don't pile up."""
        path = f"/v2/carts/{answer.json['data']['id']}"
        await self._expect("deletion", request("DELETE", path, self._headers()), [204])

    async def _refused(self, kind: str) -> None:
        """Send what must be refused: by an answer, or by the end of the connection."""
        connection = Connection(self.address)
        _, writer = await connection.open()
        writer.write(GARBLED[kind](self._headers(), self.rng))
        if kind in UNFINISHED:
            writer.write_eof()
        await self._answer(connection, kind, REFUSED, may_end=True)
        connection.drop()

    async def _expect(self, kind: str, raw: bytes, expected: Collection[int]) -> Answer:
        connection = Connection(self.address)
        _, writer = await connection.open()
        writer.write(raw)
        answer: Answer = await self._answer(connection, kind, expected)
        connection.drop()
        return answer

    async def _answer(
        self, connection: Connection, kind: str, expected: Collection[int], may_end: bool = False
    ) -> Any:
        """Return the next Answer; None where there is none and the connection may end."""
        try:
            answer = await connection.answer()
        except NoAnswer as error:
            if may_end and "nothing came" not in str(error):
                return None
            raise Breach(f"{kind}: no answer: {error}") from None
        told = checks.cross_talk(answer, [self.name])
        told = told or checks.unexpected(answer, expected, None)
        if told:
            raise Breach(f"{kind}: {told}")
        return answer

    async def _small_window(self) -> socket.socket:
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, self.address)
        return sock

    def _tear(self, connection: Connection) -> None:
        """End a connection by a reset, not by a polite end."""
        if connection.writer is not None:
            sock = connection.writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.drop()


def _reset(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


ACTIONS: dict[str, Callable[[Rude], Awaitable[None]]] = {
    "slow writer": Rude.slow_writer,
    "slow reader": Rude.slow_reader,
    "no reader": Rude.no_reader,
    "half closed": Rude.half_closed,
    "pipelining": Rude.pipelining,
    "aborted body": Rude.aborted_body,
    "aborted head": Rude.aborted_head,
    "silence": Rude.silence,
    "left stream": Rude.left_stream,
}
KINDS = (*ACTIONS, *GARBLED)
"""All ways to misbehave."""
