"""The heap: threads share one arena, and idle memory goes back to the system."""

import ctypes
import platform
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from mockserver.server.heap import JEMALLOC_CONF_VARIABLE, trim
from tests.conftest import running_server
from tests.support.built_in_data import ADMIN
from tests.support.processes import worker_of
from tests.support.wait import until

ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="Granian has this allocator there")
WITH_GLIBC = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="it is of glibc")
HEAP_BYTES = 64 * 1024 * 1024
"""The address space of one of glibc's arenas, at a multiple of it."""

PRINTS_ALLOCATOR_SETTINGS = f"""
import importlib.abc, os, sys

class Before(importlib.abc.MetaPathFinder):
    def find_spec(self, name, *_):
        if name == "granian._granian":
            name = "{JEMALLOC_CONF_VARIABLE}"
            os.environ[name] = "confirm_conf:true," + os.environ[name]

sys.meta_path.insert(0, Before())
from mockserver.cli.main import main
main()
"""
"""A server whose allocator prints its settings when it is loaded."""

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
"""A process that prints how many mmapped blocks it has left, of one that should be left.

The first is nearly the largest (32 MiB) that glibc learns from; the second is larger than any hole
that the interpreter may have left in the heap, which would be filled first whatever is set.
"""

TRIMS_OFTEN = """
import os, sys
from mockserver.server import heap
from mockserver.cli.main import main

def trim_and_print():
    trim()
    print("trimmed", os.getpid(), file=sys.stderr, flush=True)

trim, heap.trim, heap.TRIM_INTERVAL_S = heap.trim, trim_and_print, 0.01
main()
"""
"""A server that trims its heap often, and prints a line each time."""


@ON_LINUX
def test_granians_allocator_has_one_arena_and_no_thread_caches() -> None:
    program = (sys.executable, "-c", PRINTS_ALLOCATOR_SETTINGS)
    with running_server(program=program) as server:
        assert server.stop() == 0
    settings = [
        line.strip() for line in server.errors if line.startswith("<jemalloc>: -- Set conf")
    ]
    assert settings[-2:] == [
        "<jemalloc>: -- Set conf value: narenas:1",
        "<jemalloc>: -- Set conf value: tcache:false",
    ]


@ON_LINUX
def test_operator_can_configure_granians_allocator() -> None:
    own = {JEMALLOC_CONF_VARIABLE: "confirm_conf:true,narenas:3"}
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
def test_large_block_goes_back_to_the_system_whatever_the_size_of_the_last_one() -> None:
    program = (sys.executable, "-c", COUNTS_LARGE_BLOCKS)
    run = subprocess.run(program, capture_output=True, text=True, check=True)
    assert run.stdout == "1\n"


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
    trim()
    assert resident_bytes() < before - 0.9 * len(left) * 64 * 1024
    assert all(ctypes.string_at(block, 64 * 1024) == b"\1" * 64 * 1024 for block in kept)
    for block in kept:
        glibc.free(block)


@WITH_GLIBC
def test_worker_process_trims_its_heap() -> None:
    with running_server(program=(sys.executable, "-c", TRIMS_OFTEN)) as server:
        line = f"trimmed {worker_of(server)}\n"
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
