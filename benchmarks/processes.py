"""Servers as processes: started on a free port, asked until they answer, weighed, stopped."""

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

from benchmarks.work import Request, answer

PATIENCE_S = 60
POLL_S = 0.002
STOP_S = 10


@dataclass(frozen=True, slots=True)
class Process:
    """A running server, and how long it took from its start to its first answer."""

    port: int
    first_answer_s: float
    handle: subprocess.Popen[bytes]

    def megabytes(self) -> float:
        """Return the memory of the process and of all below it; what they share counts once."""
        import psutil  # comes with the group `bench` only, and tables are made without it

        top = psutil.Process(self.handle.pid)
        tree = [top, *top.children(recursive=True)]
        return sum(bytes_of(each) for each in tree) / 1e6


@contextmanager
def running(command: Callable[[int], Sequence[str]], first: Request) -> Iterator[Process]:
    """Run a server until the end of the block; `first` is asked until it is answered at all.

    `command` is given the port. SystemExit, with the command, when there is no answer.
    """
    port = free_port()
    words = list(command(port))
    start = perf_counter()
    handle = subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,  # some log every request there; so nobody pays for a disk
        env=_environment(),
    )
    try:
        while not _answers(port, first):
            if handle.poll() is not None or perf_counter() - start > PATIENCE_S:
                raise SystemExit(f"it never answered; see why with: {' '.join(words)}")
            sleep(POLL_S)
        yield Process(port, perf_counter() - start, handle)
    finally:
        handle.terminate()
        try:
            handle.wait(STOP_S)
        except subprocess.TimeoutExpired:
            handle.kill()
            handle.wait(STOP_S)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(port: int, first: Request) -> bool:
    try:
        answer(port, first)
    except OSError:
        return False
    return True


def bytes_of(process: Any) -> int:
    """Return the memory of a process: what n processes share counts as an n-th."""
    full = process.memory_full_info()
    size: int = getattr(full, "pss", full.uss)  # only Linux knows the proportional size
    return size


def _environment() -> dict[str, str]:
    """This process's environment without the settings that would change a server of ours."""
    root = str(Path(__file__).parent.parent)
    kept = {name: each for name, each in os.environ.items() if not name.startswith("MOCKSERVER_")}
    return {**kept, "PYTHONPATH": root}
