"""Memory that lies idle: threads that work one at a time need not lay some by each."""

import platform
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from mockserver.server import GRANIANS_MEMORY
from tests.conftest import running_server
from tests.process.processes import worker_of
from tests.seeds import ADMIN

ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="Granian has this allocator there")
HEAP_BYTES = 64 * 1024 * 1024
"""The address space of one of glibc's arenas, at a multiple of it."""

ASKS_THE_ALLOCATOR = f"""
import importlib.abc, os, sys

class Before(importlib.abc.MetaPathFinder):
    def find_spec(self, name, *_):
        if name == "granian._granian":
            os.environ["{GRANIANS_MEMORY}"] = "confirm_conf:true," + os.environ["{GRANIANS_MEMORY}"]

sys.meta_path.insert(0, Before())
from mockserver.cli import main
main()
"""
"""A server whose allocator tells, when it is loaded, what it was told."""


@ON_LINUX
def test_granians_threads_lay_no_memory_by() -> None:
    program = (sys.executable, "-c", ASKS_THE_ALLOCATOR)
    with running_server(program=program) as server:
        assert server.stop() == 0
    told = [line.strip() for line in server.errors if line.startswith("<jemalloc>: -- Set conf")]
    assert told[-2:] == [
        "<jemalloc>: -- Set conf value: narenas:1",
        "<jemalloc>: -- Set conf value: tcache:false",
    ]


@ON_LINUX
def test_an_operator_may_tell_granians_allocator_something_else() -> None:
    own = {GRANIANS_MEMORY: "confirm_conf:true,narenas:3"}
    with running_server(env=own) as server:
        assert server.stop() == 0
    assert "<jemalloc>: -- Set conf value: narenas:3\n" in server.errors
    assert "<jemalloc>: -- Set conf value: tcache:false\n" not in server.errors


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="it is glibc that has arenas")
def test_threads_share_two_arenas() -> None:
    with running_server() as server:

        def read(_: int) -> int:
            return httpx.get(f"{server.url}/v2/carts", headers=ADMIN).status_code

        with ThreadPoolExecutor(16) as pool:
            assert set(pool.map(read, range(200))) == {200}
        assert arenas_beside_the_heap(worker_of(server)) == 1


def arenas_beside_the_heap(pid: int) -> int:
    """Return how many arenas of glibc's a process has beside the heap, which is the first."""
    lines = Path(f"/proc/{pid}/maps").read_text("ascii").splitlines()
    parts = [re.match(r"(\w+)-(\w+) (\S+) \S+ \S+ 0 *$", line) for line in lines]
    spans = [(int(p[1], 16), int(p[2], 16), p[3]) for p in parts if p]
    ends = {start: end for start, end, rights in spans if rights == "---p"}
    return sum(
        start % HEAP_BYTES == 0 and ends.get(end) == start + HEAP_BYTES
        for start, end, rights in spans
        if rights == "rw-p"
    )
