"""The server process: reserving the port, running Granian, stopping."""

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

SHUTDOWN_TIMEOUT_S = 5
"""How long a stopping server waits for open requests; less than `docker stop` waits."""
MAX_THREADS = 64
"""The maximum of concurrent requests, slow ones included. Threads start when needed."""


@contextmanager
def reserved(host: str, port: int) -> Iterator[tuple[str, int]]:
    """Reserve an address for the server; yields its IP address and its port (0 = any free).

    Raises click.ClickException if the address is not available.
    """
    try:
        family, _, _, _, sockaddr = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError):
        raise click.ClickException(
            f"--host {host} is no address of this machine; write 127.0.0.1 or 0.0.0.0"
        ) from None
    address = str(sockaddr[0])
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        _bind(probe, address, port)
        port = probe.getsockname()[1]
    with socket.socket(family, socket.SOCK_STREAM) as held:
        # bound but not listening: it gets no connections, but no other process gets the port
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
    on_stop: Callable[[Any], None],
    hooks: Sequence[LifecycleHook],
) -> None:
    """Serve until SIGTERM or Ctrl-C, and then complete open requests.

    `app` is the result of `load`; a worker that can't inherit it by a fork calls `load` itself.
    `announce` is called once when the first connection is possible. In the worker, `hooks` start
    and stop in their order, and `on_stop` is called with the application when a signal stops it.
    Raises click.ClickException when the worker can't start or dies.
    """
    limit_malloc_arenas()  # before Granian is loaded
    hooks = [*hooks, HeapTrimmer()]
    from granian.constants import Interfaces, SSLProtocols
    from granian.server.mp import MPServer

    gc.freeze()  # the collector skips what is loaded, so the worker keeps sharing its memory
    inherited = sys.platform == "linux"
    if inherited:  # both processes share the imports and the data, whatever Python's default is
        multiprocessing.set_start_method("fork", force=True)
    server = MPServer(
        target="mockserver",
        address=address,
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=MAX_THREADS,
        websockets=False,
        log_enabled=False,
        workers_kill_timeout=SHUTDOWN_TIMEOUT_S + ceil(sum(hook.grace_seconds for hook in hooks)),
        ssl_cert=tls.cert if tls else None,
        ssl_key=tls.key if tls else None,
        ssl_protocol_min=SSLProtocols.tls12,
        reload_paths=[
            Path("/")
        ],  # unused; the default is the working directory, which may have been deleted
    )
    loader = _Loader(
        load if not inherited else lambda: app, announce, address, port, on_stop, hooks
    )
    if inherited:
        _reap_orphans(lambda: {worker.inner.pid for worker in server.wrks})
    try:
        server.serve(target_loader=loader, wrap_loader=False)
    except SystemExit:
        raise click.ClickException("the worker process stopped unexpectedly") from None


def _reap_orphans(own: Callable[[], Container[int]]) -> None:
    """Reap ended processes that this one inherited as a container's PID 1, except its `own`."""

    def reap(*_: Any) -> None:
        peek = os.WEXITED | os.WNOHANG | os.WNOWAIT
        with suppress(ChildProcessError):
            while (ended := os.waitid(os.P_ALL, 0, peek)) and ended.si_pid not in own():
                os.waitpid(ended.si_pid, 0)

    signal.signal(signal.SIGCHLD, reap)


@dataclass(frozen=True, slots=True)
class _Loader:
    """Loads the application in the worker, and announces the server when it accepts connections."""

    load: Callable[[], Any]
    announce: Callable[[], None]
    address: str
    port: int
    on_stop: Callable[[Any], None]
    hooks: Sequence[LifecycleHook]

    def __call__(self) -> Any:
        _remove_header_variables()
        install_gate(ThreadGate())
        WorkerLifecycle(self.hooks, self.on_stop, SHUTDOWN_TIMEOUT_S).start(app := self.load())
        announce_when_up(self.announce, self.address, self.port)
        return app


def _remove_header_variables() -> None:
    """Remove environment variables that WSGI would take for headers: HTTP_PROXY is Proxy."""
    for name in [*os.environ]:
        if name.startswith("HTTP_") or name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            del os.environ[name]


def announce_when_up(announce: Callable[[], None], address: str, port: int) -> None:
    """Call `announce`, in a thread, when the first connection is possible."""
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
