"""The server process: the port, Granian, the end.

Nothing here knows what is served.
"""

import gc
import multiprocessing
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from ipaddress import ip_address
from math import ceil
from pathlib import Path
from typing import Any

import click

from mockserver.core.clock import pause
from mockserver.server.heap import HeapTrimmer, limit_malloc_arenas
from mockserver.server.lifecycle import LifecycleHook, WorkerLifecycle
from mockserver.server.thread_gate import ThreadGate, install_gate
from mockserver.server.tls import Certificate

STOP_SECONDS = 5
"""How long a stopping server waits for open requests; a container's stop waits longer."""
THREADS = 64
"""The most requests under way at once; a slow sender keeps one. Threads start when needed."""


@contextmanager
def reserved(host: str, port: int) -> Iterator[tuple[str, int]]:
    """Hold an address while the server starts; yields its IP address and its port (0 = any free).

    Raises click.ClickException, in one line, when the address can't be had.
    """
    try:
        family, _, _, _, found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError):
        raise click.ClickException(
            f"--host {host} is no address of this machine; write 127.0.0.1 or 0.0.0.0"
        ) from None
    address = str(found[0])
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        _bind(probe, address, port)
        port = probe.getsockname()[1]
    with socket.socket(family, socket.SOCK_STREAM) as held:
        # bound but never listening: no connection comes here, and nobody else gets the port
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        _bind(held, address, port)
        yield address, port


def _bind(sock: socket.socket, address: str, port: int) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((address, port))
    except OSError as error:
        hint = f"can't listen on {address}:{port}: {(error.strerror or str(error)).lower()}"
        raise click.ClickException(f"{hint}; write another --port, or 0 for any free one") from None


def serve(
    app: Any,
    load: Callable[[], Any],
    address: str,
    port: int,
    tls: Certificate | None,
    announce: Callable[[], None],
    told: Callable[[Any], None],
    hooks: Sequence[LifecycleHook],
) -> None:
    """Serve until SIGTERM or Ctrl-C; open requests are answered first.

    `app` is what `load` makes; a worker that can't inherit it from this process makes its own.
    `announce` is called once when the first connection is possible. In the worker, `hooks`
    begin and finish in their order, and `told` is called with the application when it is told to
    stop. Raises click.ClickException when the worker can't start or dies.
    """
    limit_malloc_arenas()  # before Granian is loaded
    hooks = [*hooks, HeapTrimmer()]
    from granian.constants import Interfaces, SSLProtocols
    from granian.server.mp import MPServer

    gc.freeze()  # what is loaded stays: no collection walks it, and the worker shares its memory
    inherited = sys.platform == "linux"
    if inherited:  # one import and one world for both processes, whatever Python's default is
        multiprocessing.set_start_method("fork", force=True)
    server = MPServer(
        target="mockserver",
        address=address,
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=THREADS,
        websockets=False,
        log_enabled=False,
        workers_kill_timeout=STOP_SECONDS + ceil(sum(each.grace_seconds for each in hooks)),
        ssl_cert=tls.cert if tls else None,
        ssl_key=tls.key if tls else None,
        ssl_protocol_min=SSLProtocols.tls12,
        reload_paths=[Path("/")],  # unused; the present folder otherwise, which may be gone
    )
    loader = _Loader(load if not inherited else lambda: app, announce, address, port, told, hooks)
    if inherited:
        _reap_orphans(lambda: {each.inner.pid for each in server.wrks})
    try:
        server.serve(target_loader=loader, wrap_loader=False)
    except SystemExit:
        raise click.ClickException("the worker process stopped unexpectedly") from None


def _reap_orphans(own: Callable[[], Container[int]]) -> None:
    """Let go of ended processes that came to this one as a container's first: not its `own`."""

    def bury(*_: Any) -> None:
        peek = os.WEXITED | os.WNOHANG | os.WNOWAIT
        with suppress(ChildProcessError):
            while (ended := os.waitid(os.P_ALL, 0, peek)) and ended.si_pid not in own():
                os.waitpid(ended.si_pid, 0)

    signal.signal(signal.SIGCHLD, bury)


@dataclass(frozen=True, slots=True)
class _Loader:
    """Gives the worker its application, and announces the server as soon as it accepts."""

    load: Callable[[], Any]
    announce: Callable[[], None]
    address: str
    port: int
    told: Callable[[Any], None]
    hooks: Sequence[LifecycleHook]

    def __call__(self) -> Any:
        _forget_headers_of_the_environment()
        install_gate(ThreadGate())
        WorkerLifecycle(self.hooks, self.told, STOP_SECONDS).begin(app := self.load())
        announce_when_up(self.announce, self.address, self.port)
        return app


def _forget_headers_of_the_environment() -> None:
    """Take away variables that would pass for headers: to WSGI, HTTP_PROXY is the header Proxy."""
    for name in [*os.environ]:
        if name.startswith("HTTP_") or name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            del os.environ[name]


def announce_when_up(announce: Callable[[], None], address: str, port: int) -> None:
    """OperationContext `announce`, in a thread, when the first connection is possible."""
    target = "::1" if address == "::" else address
    target = "127.0.0.1" if ip_address(target).is_unspecified else target

    def wait() -> None:
        while True:
            try:
                socket.create_connection((target, port), timeout=1).close()
            except OSError:
                pause(5)
            else:
                announce()
                return

    threading.Thread(target=wait, daemon=True).start()
