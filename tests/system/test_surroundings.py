"""Restricted environments: a read-only file system, no home directory, PID 1 of a container."""

import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from mockserver.testing.server_process import PROGRAM, RunningServer
from tests.conftest import running_server
from tests.support.environment import unmeasured
from tests.support.processes import children, make_cart
from tests.support.wait import until

Start = Callable[..., RunningServer]

WRITES_NOTHING = """
import os, resource, sys
os.chdir(sys.argv.pop(1))
os.rmdir(os.getcwd())
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
os.execv(sys.executable, [sys.executable, "-B", "-m", "mockserver", *sys.argv[1:]])
"""
"""A server whose working directory is deleted, and which can't write to any file: like a read-only
file system, but for root as well."""

ORPHANS = 3
ADOPTS = f"""
import ctypes, os, sys, time
PR_SET_CHILD_SUBREAPER = 36
assert ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1) == 0
go = sys.argv.pop(1)
if not (parent := os.fork()):
    for _ in range({ORPHANS}):
        if not os.fork():
            while not os.path.exists(go):
                time.sleep(0.01)
            os._exit(0)
    os._exit(0)
os.waitpid(parent, 0)
os.execv(sys.executable, [sys.executable, "-m", "mockserver", *sys.argv[1:]])
"""
"""A server that has inherited orphans, like PID 1 of a container. They end when a file exists."""

PID_1 = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")


def test_server_needs_no_writable_file_system(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    nowhere = {"HOME": str(tmp_path / "no-home"), "TMPDIR": str(tmp_path / "no-tmp")}
    package = {"PYTHONPATH": str(Path(__file__).parents[2])}
    program = (sys.executable, "-c", WRITES_NOTHING, str(gone))
    with running_server(env={**nowhere, **package}, program=program) as server:
        assert not gone.exists()
        make_cart(server.url)
        assert httpx.get(f"{server.url}/").status_code == 200
        assert httpx.get(f"{server.url}/__admin/fixture").status_code == 200
        assert server.stop() == 0
    assert list(tmp_path.iterdir()) == []


def test_server_needs_no_environment_variables() -> None:
    program = ("env", "-i", "PYTHONUNBUFFERED=1", *PROGRAM)
    with running_server(program=program) as server:
        make_cart(server.url)
        assert server.stop() == 0


def test_state_file_needs_only_its_own_folder_writable(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    nowhere = {"HOME": "/nonexistent", "TMPDIR": "/nonexistent"}
    options = ("--state-file", str(folder / "kept"))
    with running_server(*options, env=nowhere) as server:
        cart = make_cart(server.url)
        assert server.stop() == 0
    assert cart in (folder / "kept").read_text("utf-8")
    assert sorted(path.name for path in folder.iterdir()) == ["kept", "kept.lock"]


def test_tls_without_a_writable_folder_is_an_error() -> None:
    run = subprocess.run(
        [*PROGRAM, "--port", "0", "--tls"],
        env=unmeasured(),  # coverage, which writes a file at the end, would complain as well
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)),
    )
    assert run.returncode == 1
    [line] = run.stderr.splitlines()
    assert line.startswith("mockserver: --tls needs a folder for its certificate: ")
    assert line.endswith("; set TMPDIR to a writable one")


def test_busy_port_does_not_touch_the_state_file(start_server: Start, tmp_path: Path) -> None:
    first = start_server("--state-file", str(tmp_path / "first"))
    port = first.url.rpartition(":")[2]
    run = subprocess.run(
        [*PROGRAM, "--port", port, "--state-file", str(tmp_path / "second")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 1
    assert "address already in use" in run.stderr
    assert not (tmp_path / "second").exists()


def test_server_as_pid_1_stops_on_sigterm() -> None:
    if not shutil.which("unshare") or subprocess.run([*PID_1, "true"], check=False).returncode:
        pytest.skip("this machine gives no process number 1")
    with running_server(program=(*PID_1, *PROGRAM)) as server:
        [first] = children(server.process.pid)
        status = Path(f"/proc/{first}/status").read_text("ascii")
        [numbers] = [line for line in status.splitlines() if line.startswith("NSpid:")]
        assert numbers.split()[-1] == "1"
        make_cart(server.url)
        os.kill(first, signal.SIGTERM)
        assert server.process.wait(timeout=30) == 0


def test_inherited_orphans_are_reaped(tmp_path: Path) -> None:
    go = tmp_path / "go"
    with running_server(program=(sys.executable, "-c", ADOPTS, str(go))) as server:
        there = children(server.process.pid)
        assert len(there) == 1 + ORPHANS
        go.touch()
        until(lambda: len(children(server.process.pid)) == 1)
        make_cart(server.url)
        assert server.stop() == 0
