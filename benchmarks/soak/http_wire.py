"""A minimal HTTP client: requests as bytes, and a connection that reads responses.

A client library would cost more than the server that it measures.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any

import orjson

RESPONSE_TIMEOUT_S = 120
"""How long a response may take. The slowest one that is requested takes a second; shared machines
stall for half a minute."""
IDLE_S = 10
"""After so long without a request a connection is not used again: the server may have ended it."""
MAX_HEAD_BYTES = 256 * 1024
ADMIN = {"Authorization": "Bearer admin"}


class NoResponse(Exception):
    """The connection ended, or nothing came, where a response was due."""


@dataclass(frozen=True, slots=True)
class Response:
    """A response as it came. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


def build_request(
    method: str, path: str, headers: Mapping[str, str] | None = None, body: Any = None
) -> bytes:
    """Return the bytes of a request; `body` is sent as it is if it is bytes, else as JSON."""
    raw = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(raw)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + raw


class Connection:
    """A connection to the server, opened when it is first needed and after each end."""

    def __init__(self, address: tuple[str, int]) -> None:
        self._address = address
        self._used_at = 0.0
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect, unless the connection is open. Raises NoResponse."""
        idle, self._used_at = monotonic() - self._used_at, monotonic()
        if idle > IDLE_S:
            self.drop()
        if self.reader is not None and self.writer is not None and not self.writer.is_closing():
            return self.reader, self.writer
        try:
            async with asyncio.timeout(RESPONSE_TIMEOUT_S):
                opened = await asyncio.open_connection(*self._address, limit=MAX_HEAD_BYTES)
        except OSError as error:
            raise NoResponse(f"no connection: {error}") from None
        self.reader, self.writer = opened
        return opened

    async def send(self, raw: bytes) -> Response:
        """Send a request and return its response. Raises NoResponse."""
        try:
            _, writer = await self.open()
            writer.write(raw)
            return await self.read_response()
        except OSError as error:
            self.drop()
            raise NoResponse(str(error) or type(error).__name__) from None

    async def read_response(self) -> Response:
        """Return the next response on the connection. Raises NoResponse."""
        assert self.reader is not None, "no request was sent"
        try:
            async with asyncio.timeout(RESPONSE_TIMEOUT_S):
                response = await _read(self.reader)
            self._used_at = monotonic()
        except TimeoutError:
            self.drop()
            raise NoResponse(f"nothing came for {RESPONSE_TIMEOUT_S} s") from None
        except (OSError, EOFError, ValueError, asyncio.LimitOverrunError) as error:
            self.drop()
            raise NoResponse(str(error) or type(error).__name__) from None
        if response.headers.get("connection") == "close":
            self.drop()
        return response

    def drop(self) -> None:
        """End the connection at once."""
        if self.writer is not None:
            self.writer.transport.abort()
        self.reader = self.writer = None


async def _read(reader: asyncio.StreamReader) -> Response:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head[:-4].decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    version, _, rest = first.partition(" ")
    if not version.startswith("HTTP/1."):
        raise ValueError(f"not an HTTP response: {first[:80]!r}")
    status = int(rest[:3])
    if headers.get("transfer-encoding") == "chunked":
        return Response(status, headers, await _chunks(reader))
    length = 0 if status in (204, 304) else int(headers.get("content-length", 0))
    return Response(status, headers, await reader.readexactly(length) if length else b"")


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    parts = []
    while size := int((await reader.readuntil(b"\r\n")).partition(b";")[0], 16):
        parts.append(await reader.readexactly(size))
        await reader.readexactly(2)
    await reader.readuntil(b"\r\n")
    return b"".join(parts)
