"""The TCP proxy in front of the server (`--faults`), which injects connection faults.

A WSGI application can't break a connection. So with `--faults` the server listens on a private
address, and the proxy on the public one. If a response has the fault header with this process's
secret, the proxy drops it and injects that fault. It forwards everything else unchanged.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from mockserver.core.ids import seeded_random
from mockserver.core.wsgi import FAULT_HEADER

CHUNK = 64 * 1024
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"


@dataclass(slots=True)
class FaultProxy:
    """Forwards connections to a private address.

    `secret` distinguishes fault headers from response data. On shutdown, the last responses have
    `grace_seconds` to reach their clients.
    """

    address: tuple[str, int]
    private: tuple[str, int]
    secret: str
    grace_seconds: float = 1
    _loop: asyncio.AbstractEventLoop | None = None
    _open: set[asyncio.Task[None]] = field(default_factory=set)

    def start(self, _: Any) -> None:
        """Do nothing: `listen` is called when the server accepts connections."""

    def listen(self) -> None:
        """Listen in a thread; returns when connections are possible."""
        ready = threading.Event()
        loop = self._loop = asyncio.new_event_loop()

        def run() -> None:
            listening = socket.create_server(
                self.address,
                family=socket.AF_INET6 if ":" in self.address[0] else socket.AF_INET,
                reuse_port=True,
            )
            server = asyncio.start_server(self._handle_connection, sock=listening)
            loop.run_until_complete(server)
            ready.set()
            loop.run_forever()

        threading.Thread(target=run, daemon=True, name="faults").start()
        ready.wait()

    def stop(self) -> None:
        """Wait until the last responses are sent."""
        if self._loop is not None:
            asyncio.run_coroutine_threadsafe(self._drain(), self._loop).result()

    async def _drain(self) -> None:
        if self._open:
            await asyncio.wait(self._open, timeout=self.grace_seconds)

    async def _handle_connection(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        task.add_done_callback(self._open.discard)
        try:
            inner_reader, inner_writer = await asyncio.open_connection(*self.private)
        except OSError:
            writer.transport.abort()
            return
        requests = asyncio.ensure_future(_pump(reader, inner_writer))
        try:
            await self._forward_responses(inner_reader, writer)
        finally:
            requests.cancel()
            inner_writer.close()
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _forward_responses(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        marker = f"{FAULT_HEADER}: {self.secret}-".encode()
        while data := await reader.read(CHUNK):
            _, separator, rest = data.partition(marker)
            if separator:
                FAULTS[rest.partition(b"\r\n")[0].decode()](writer)
                return
            writer.write(data)
            try:
                await writer.drain()
            except ConnectionError:
                return


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(CHUNK):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except (ConnectionError, OSError):
        writer.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close so that the peer gets a TCP reset."""
    connection: socket.socket = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def _empty(writer: asyncio.StreamWriter) -> None:
    writer.close()


def _malformed_chunk(writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD + b"transfer-encoding: chunked\r\n\r\nthis is not a chunk\r\n")
    writer.close()


def _random_data(writer: asyncio.StreamWriter) -> None:
    writer.write(seeded_random(0).randbytes(512))
    writer.close()


FAULTS: dict[str, Callable[[asyncio.StreamWriter], None]] = {
    "CONNECTION_RESET_BY_PEER": _reset,
    "EMPTY_RESPONSE": _empty,
    "MALFORMED_RESPONSE_CHUNK": _malformed_chunk,
    "RANDOM_DATA_THEN_CLOSE": _random_data,
}
