"""Helpers for servers as processes: their children, how to kill them, and requests to them."""

import os
import signal
import socket
from pathlib import Path
from threading import Thread

import httpx

from mockserver.testing.server_process import START_SECONDS, RunningServer
from tests.support.built_in_data import ADMIN
from tests.support.wait import until

MAX_WAIT = 30


def worker_of(server: RunningServer) -> int:
    """Return the process that answers: the only child of the one that was started."""
    [worker] = children(server.process.pid)
    return worker


def children(pid: int) -> list[int]:
    """Return the children of a process."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii")
    return [int(each) for each in text.split()]


def killed(server: RunningServer) -> None:
    """Kill both processes of a server as a power cut does: neither has time for anything."""
    worker = worker_of(server)
    os.kill(worker, signal.SIGKILL)
    server.process.kill()
    server.process.wait(timeout=START_SECONDS)
    until(lambda: not is_running(worker))


def is_running(pid: int) -> bool:
    """Whether a process is there and not a zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def make_cart(url: str, name: str = "kept") -> str:
    """Make a cart; returns its id."""
    made = httpx.post(f"{url}/v2/carts", headers=ADMIN, json={"data": {"name": name}}, timeout=60)
    assert made.status_code == 201
    cart_id: str = made.json()["data"]["id"]
    return cart_id


def cart_ids(url: str) -> set[str]:
    """Return the ids of all carts that the admin API shows."""
    world = httpx.get(f"{url}/__admin/state", params={"limit": 1000}, timeout=60).json()
    return {each["id"] for each in world["carts"]["shown"]}


class Hammer(Thread):
    """A client that makes one cart after another on one connection until the server hangs up.

    `made` are the answers that came, whole; `torn` is what came of the last one.
    """

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        host, _, port = url.removeprefix("http://").partition(":")
        self._connection = socket.create_connection((host, int(port)), timeout=MAX_WAIT)
        self.made: list[bytes] = []
        self.torn = b""

    def run(self) -> None:
        body = b'{"data": {"name": "hammered"}}'
        request = (
            b"POST /v2/carts HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer admin\r\n"
            b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        with self._connection as connection:
            while answer := self._answer(connection, request):
                self.made.append(answer)

    def _answer(self, connection: socket.socket, request: bytes) -> bytes:
        """Return the body of the next answer, or nothing when it does not come as a whole."""
        got = b""
        try:
            connection.sendall(request)
            while not self._whole(got):
                data = connection.recv(65536)
                if not data:
                    break
                got += data
        except ConnectionError:
            pass
        if self._whole(got):
            return got.partition(b"\r\n\r\n")[2]
        self.torn = got
        return b""

    @staticmethod
    def _whole(got: bytes) -> bool:
        head, found, body = got.partition(b"\r\n\r\n")
        sizes = [
            int(line.partition(b":")[2])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length:")
        ]
        return bool(found) and len(body) == sizes[0]
