"""Memory that lies idle: threads need not lay some by each, and it goes back to the system."""

import ctypes
import platform
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from mockserver.server.heap import GRANIANS_MEMORY, sweep
from tests.conftest import running_server
from tests.process.processes import worker_of
from tests.seeds import ADMIN
from tests.waiting import until

ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="Granian has this allocator there")
WITH_GLIBC = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="it is of glibc")
HEAP_BYTES = 64 * 1024 * 1024
"""The address space of one of glibc's arenas, at a multiple of it."""

ASKS_THE_ALLOCATOR = f"""
import importlib.abc, os, sys

class Before(importlib.abc.MetaPathFinder):
    def find_spec(self, name, *_):
        if name == "granian._granian":
            os.environ["{GRANIANS_MEMORY}"] = "confirm_conf:true," + os.environ["{GRANIANS_MEMORY}"]

sys.meta_path.insert(0, Before())
from mockserver.cli.main import main
main()
"""
"""A server whose allocator tells, when it is loaded, what it was told."""

COUNTS_LARGE_BLOCKS = """
import ctypes
from mockserver.server.heap import limit_malloc_arenas

class Information(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in "arena ordblks smblks hblks".split()]
    _fields_ += [("more", ctypes.c_size_t * 6)]

def from_the_system():
    return information().hblks

glibc = ctypes.CDLL(None)
glibc.malloc.restype = ctypes.c_void_p
glibc.malloc.argtypes = [ctypes.c_size_t]
glibc.free.argtypes = [ctypes.c_void_p]
information = glibc.mallinfo2
information.restype = Information
limit_malloc_arenas()
before = from_the_system()
glibc.free(glibc.malloc(30 * 2**20))
glibc.malloc(15 * 2**20)
print(from_the_system() - before)
"""
"""A process that tells how many of its blocks have come from the system, of one that is left.

The first is nearly the largest (32 MiB) that glibc learns from; the second is larger than any hole
that the interpreter may have left in the heap, which would be filled first whatever is set.
"""

SWEEPS_OFTEN = """
import os, sys
from mockserver.server import heap
from mockserver.cli.main import main

def told():
    sweep()
    print("swept", os.getpid(), file=sys.stderr, flush=True)

sweep, heap.sweep, heap.SWEEP_SECONDS = heap.sweep, told, 0.01
main()
"""
"""A server that need not be waited for, and tells when it has given memory back."""


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


@WITH_GLIBC
def test_threads_share_one_arena() -> None:
    with running_server() as server:

        def read(_: int) -> int:
            return httpx.get(f"{server.url}/v2/carts", headers=ADMIN).status_code

        with ThreadPoolExecutor(16) as pool:
            assert set(pool.map(read, range(200))) == {200}
        assert arenas_beside_the_heap(worker_of(server)) == 0


@WITH_GLIBC
def test_a_large_block_goes_back_to_the_system_however_large_the_last_one_was() -> None:
    program = (sys.executable, "-c", COUNTS_LARGE_BLOCKS)
    told = subprocess.run(program, capture_output=True, text=True, check=True)
    assert told.stdout == "1\n"


@WITH_GLIBC
def test_free_pages_between_blocks_in_use_are_given_back() -> None:
    glibc = ctypes.CDLL(None)
    glibc.malloc.restype = ctypes.c_void_p
    glibc.malloc.argtypes = [ctypes.c_size_t]
    glibc.free.argtypes = [ctypes.c_void_p]
    blocks = [glibc.malloc(64 * 1024) for _ in range(1000)]
    for block in blocks:
        ctypes.memset(block, 1, 64 * 1024)
    left, kept = blocks[::2], blocks[1::2]
    before = resident_bytes()
    for block in left:
        glibc.free(block)
    sweep()
    assert resident_bytes() < before - 0.9 * len(left) * 64 * 1024
    assert all(ctypes.string_at(block, 64 * 1024) == b"\1" * 64 * 1024 for block in kept)
    for block in kept:
        glibc.free(block)


@WITH_GLIBC
def test_the_process_that_answers_gives_back_its_memory() -> None:
    with running_server(program=(sys.executable, "-c", SWEEPS_OFTEN)) as server:
        line = f"swept {worker_of(server)}\n"
        until(lambda: server.errors.count(line) > 1)
        assert httpx.get(f"{server.url}/v2/carts", headers=ADMIN).status_code == 200
        assert server.stop() == 0
    assert set(server.errors) >= {line}


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


def resident_bytes() -> int:
    """Return how much of this process is in memory."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))
