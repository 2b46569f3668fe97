"""Bad clients: slow, broken, or sending malformed requests.

Each gets a 4xx, or the responses to its valid requests in order, or its connection is closed; never
a 5xx, and no partial request is ever carried out.
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
from benchmarks.soak.http_wire import (
    ADMIN,
    RESPONSE_TIMEOUT_S,
    Connection,
    NoResponse,
    Response,
    build_request,
)
from benchmarks.soak.malformed_requests import MALFORMED_REQUESTS, UNFINISHED
from benchmarks.soak.stats import Breach, Stats

REJECTED = range(400, 500)
SLOW_REQUEST_S = 20
"""A request that takes longer to send, because the machine stalled, may be rejected."""
LARGE_DOCUMENT = "/openapi.json"


@dataclass(slots=True)
class BadClient:
    """A bad client, in a sandbox of its own."""

    address: tuple[str, int]
    stats: Stats
    rng: Random
    name: str
    _count: int = 0

    async def act(self, kind: str) -> None:
        """Behave badly in one way, then check that the server still serves. Raises Breach."""
        with suppress(ConnectionError):  # the server may close the connection during a write
            if kind in MALFORMED_REQUESTS:
                await self._send_malformed(kind)
            else:
                await ACTIONS[kind](self)
        self.stats.bad_clients[kind] += 1
        list_request = build_request("GET", "/v2/carts?page[limit]=100", self._headers())
        await self._expect(kind, list_request, [200])

    async def slow_writer(self) -> None:
        """Send a request in small pieces; it is served like any other."""
        raw = self._create()
        connection = Connection(self.address)
        _, writer = await connection.open()
        step, began = max(1, len(raw) // 30), monotonic()
        for start in range(0, len(raw), step):
            writer.write(raw[start : start + step])
            await writer.drain()
            await asyncio.sleep(0.02)
        too_slow = monotonic() - began > SLOW_REQUEST_S
        response = await self._read_response(connection, "slow writer", [201], may_end=too_slow)
        if response is not None:
            await self._delete_created(response)
        connection.drop()

    async def slow_reader(self) -> None:
        """Read a large response in small pieces, through a small window."""
        sock = await self._small_window()
        try:
            loop = asyncio.get_running_loop()
            await loop.sock_sendall(
                sock, build_request("GET", LARGE_DOCUMENT, {"Connection": "close"})
            )
            received = b""
            async with asyncio.timeout(RESPONSE_TIMEOUT_S):
                while part := await loop.sock_recv(sock, 4096):
                    received += part
                    if len(received) < 120_000:
                        await asyncio.sleep(0.02)
        except TimeoutError:
            raise Breach("a slow reader never gets the end of its response") from None
        finally:
            sock.close()
        head, _, body = received.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        if not head.startswith(b"HTTP/1.1 200") or len(body) != length:
            raise Breach(f"a slow reader got {len(body)} bytes of {length}")

    async def no_reader(self) -> None:
        """Request much, read nothing of it, and disconnect."""
        sock = await self._small_window()
        try:
            loop = asyncio.get_running_loop()
            await loop.sock_sendall(sock, build_request("GET", LARGE_DOCUMENT) * 10)
            await asyncio.sleep(0.3)
        finally:
            _reset(sock)

    async def half_closed(self) -> None:
        """Send a request, close the sending side, and wait for the response or the end: before the
        response begins, a server may take the end of input for a disconnect."""
        connection = Connection(self.address)
        _, writer = await connection.open()
        writer.write(build_request("GET", "/v2/carts/free-cart", self._headers()))
        writer.write_eof()
        await self._read_response(connection, "half closed", [200], may_end=True)
        connection.drop()

    async def pipelining(self) -> None:
        """Send many requests at once; each sees the effects of those before it."""
        created = await self._expect("pipelining", self._create(), [201])
        path = f"/v2/carts/{created.json['data']['id']}"
        names = [tagged(self.name, f"pipelined-{n}") for n in range(6)]
        raw = b"".join(
            build_request("PUT", path, self._headers(), {"data": {"name": name}})
            + build_request("GET", path, self._headers())
            for name in names
        )
        connection = Connection(self.address)
        _, writer = await connection.open()
        writer.write(raw)
        for name in names:
            for _ in range(2):
                response = await self._read_response(connection, "pipelining", [200])
                if response.json["data"]["name"] != name:
                    raise Breach(f"pipelined responses are out of order: {response.body[:200]!r}")
        connection.drop()
        await self._delete_created(created)

    async def aborted_body(self) -> None:
        """Send a part of a body, and disconnect: the request may have no effect."""
        connection = Connection(self.address)
        _, writer = await connection.open()
        body = b'{"data":{"name":"%b"}}' % tagged(f"{GHOST}-1", "sent in part").encode()
        raw = build_request("POST", "/v2/carts", self._headers(), body)
        writer.write(raw.replace(b"Content-Length: ", b"Content-Length: 9"))
        if self.rng.random() < 0.5:
            writer.write_eof()
            await self._read_response(connection, "aborted body", REJECTED)
        else:
            await writer.drain()
        self._abort(connection)

    async def aborted_head(self) -> None:
        """Disconnect in the middle of the headers."""
        connection = Connection(self.address)
        _, writer = await connection.open()
        raw = build_request("POST", "/v2/carts", self._headers())
        writer.write(raw[: self.rng.randrange(1, len(raw) - 4)])
        await writer.drain()
        self._abort(connection)

    async def silence(self) -> None:
        """Open connections and send nothing."""
        connections = [Connection(self.address) for _ in range(10)]
        for connection in connections:
            await connection.open()
        await asyncio.sleep(0.3)
        for connection in connections:
            connection.drop()

    async def left_stream(self) -> None:
        """Follow the journal, and disconnect."""
        connection = Connection(self.address)
        reader, writer = await connection.open()
        writer.write(build_request("GET", "/__admin/requests/stream", self._headers()))
        try:
            async with asyncio.timeout(RESPONSE_TIMEOUT_S):
                await reader.readuntil(b"\r\n\r\n")
        except (TimeoutError, EOFError) as error:
            raise Breach(f"a stream does not begin: {error}") from None
        self._abort(connection)

    # --- helpers

    def _headers(self) -> dict[str, str]:
        return {**ADMIN, "Mock-Sandbox": self.name}

    def _create(self) -> bytes:
        self._count += 1
        name = tagged(self.name, str(self._count))
        return build_request("POST", "/v2/carts", self._headers(), {"data": {"name": name}})

    async def _delete_created(self, response: Response) -> None:
        """Delete a cart that was created, so that they don't pile up."""
        path = f"/v2/carts/{response.json['data']['id']}"
        await self._expect("deletion", build_request("DELETE", path, self._headers()), [204])

    async def _send_malformed(self, kind: str) -> None:
        """Send what must be rejected: by a response, or by the end of the connection."""
        connection = Connection(self.address)
        _, writer = await connection.open()
        writer.write(MALFORMED_REQUESTS[kind](self._headers(), self.rng))
        if kind in UNFINISHED:
            writer.write_eof()
        await self._read_response(connection, kind, REJECTED, may_end=True)
        connection.drop()

    async def _expect(self, kind: str, raw: bytes, expected: Collection[int]) -> Response:
        connection = Connection(self.address)
        _, writer = await connection.open()
        writer.write(raw)
        response: Response = await self._read_response(connection, kind, expected)
        connection.drop()
        return response

    async def _read_response(
        self, connection: Connection, kind: str, expected: Collection[int], may_end: bool = False
    ) -> Any:
        """Return the next Response, or None if the connection ended and may do so."""
        try:
            response = await connection.read_response()
        except NoResponse as error:
            if may_end and "nothing came" not in str(error):
                return None
            raise Breach(f"{kind}: no response: {error}") from None
        if problem := (
            checks.cross_talk(response, [self.name])
            or checks.unexpected_status(response, expected, None)
        ):
            raise Breach(f"{kind}: {problem}")
        return response

    async def _small_window(self) -> socket.socket:
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, self.address)
        return sock

    def _abort(self, connection: Connection) -> None:
        """Reset a connection instead of closing it."""
        if connection.writer is not None:
            sock = connection.writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.drop()


def _reset(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


ACTIONS: dict[str, Callable[[BadClient], Awaitable[None]]] = {
    "slow writer": BadClient.slow_writer,
    "slow reader": BadClient.slow_reader,
    "no reader": BadClient.no_reader,
    "half closed": BadClient.half_closed,
    "pipelining": BadClient.pipelining,
    "aborted body": BadClient.aborted_body,
    "aborted head": BadClient.aborted_head,
    "silence": BadClient.silence,
    "left stream": BadClient.left_stream,
}
BEHAVIOURS = (*ACTIONS, *MALFORMED_REQUESTS)
"""All kinds of bad behaviour."""
