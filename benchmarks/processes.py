"""Servers as processes: started on a free port, polled until they respond, measured, stopped."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import socket
from time import perf_counter, sleep
from typing import Any

from benchmarks.work import Request, send

START_TIMEOUT_S = 60
POLL_S = 0.002
STOP_TIMEOUT_S = 10


@dataclass(frozen=True, slots=True)
class Process:
    """A running server, and the time from its start to its first response."""

    port: int
    first_response_s: float
    handle: subprocess.Popen[bytes]

    def megabytes(self) -> float:
        """Return the memory of the process and its descendants; shared memory counts once."""
        import psutil  # comes with the group `bench` only, and tables are made without it

        top = psutil.Process(self.handle.pid)
        tree = [top, *top.children(recursive=True)]
        return sum(bytes_of(process) for process in tree) / 1e6


@contextmanager
def running(command: Callable[[int], Sequence[str]], first: Request) -> Iterator[Process]:
    """Run a server until the end of the block; `first` is sent until there is any response.

    `command` gets the port. Raises SystemExit with the command when there is no response.
    """
    port = free_port()
    words = list(command(port))
    start = perf_counter()
    handle = subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,  # some log every request: no contestant pays for a disk
        env=_environment(),
    )
    try:
        while not _responds(port, first):
            if handle.poll() is not None or perf_counter() - start > START_TIMEOUT_S:
                raise SystemExit(f"no response; see why with: {' '.join(words)}")
            sleep(POLL_S)
        yield Process(port, perf_counter() - start, handle)
    finally:
        handle.terminate()
        try:
            handle.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            handle.kill()
            handle.wait(STOP_TIMEOUT_S)


def free_port() -> int:
    """Return a port that no server listens on."""
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _responds(port: int, first: Request) -> bool:
    try:
        send(port, first)
    except OSError:
        return False
    return True


def bytes_of(process: Any) -> int:
    """Return the memory of a process: what n processes share counts as an n-th."""
    full = process.memory_full_info()
    size: int = getattr(full, "pss", full.uss)  # only Linux knows the proportional size
    return size


def _environment() -> dict[str, str]:
    """Return the environment without the settings that would change a server of ours."""
    root = str(Path(__file__).parent.parent)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MOCKSERVER_")}
    return {**environment, "PYTHONPATH": root}
