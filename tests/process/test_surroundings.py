"""Where a server has to live: nothing to write to, no home, as the first process of a container."""

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
from tests.environment import unmeasured
from tests.process.processes import children, make_cart
from tests.waiting import until

Start = Callable[..., RunningServer]

WRITES_NOTHING = """
import os, resource, sys
os.chdir(sys.argv.pop(1))
os.rmdir(os.getcwd())
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
os.execv(sys.executable, [sys.executable, "-B", "-m", "mockserver", *sys.argv[1:]])
"""
"""A server whose present folder is gone, and which can put no byte into any file: a read-only root
as even root has to bear it."""

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
"""A server to which orphans have come, as they do to the first process of a container. They end
when a file is there."""

PID_1 = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")


def test_it_needs_no_place_to_write_to(tmp_path: Path) -> None:
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


def test_it_needs_no_home_and_nothing_else_of_the_environment() -> None:
    program = ("env", "-i", "PYTHONUNBUFFERED=1", *PROGRAM)
    with running_server(program=program) as server:
        make_cart(server.url)
        assert server.stop() == 0


def test_where_only_the_state_can_be_written_it_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    nowhere = {"HOME": "/nonexistent", "TMPDIR": "/nonexistent"}
    options = ("--state-file", str(folder / "kept"))
    with running_server(*options, env=nowhere) as server:
        cart = make_cart(server.url)
        assert server.stop() == 0
    assert cart in (folder / "kept").read_text("utf-8")
    assert sorted(each.name for each in folder.iterdir()) == ["kept", "kept.lock"]


def test_tls_without_a_folder_for_its_certificate_is_told() -> None:
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


def test_a_busy_port_leaves_the_state_alone(start_server: Start, tmp_path: Path) -> None:
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


def test_as_the_first_process_it_stops_when_told() -> None:
    if not shutil.which("unshare") or subprocess.run([*PID_1, "true"], check=False).returncode:
        pytest.skip("this machine gives no process number 1")
    with running_server(program=(*PID_1, *PROGRAM)) as server:
        [first] = children(server.process.pid)
        status = Path(f"/proc/{first}/status").read_text("ascii")
        [numbers] = [each for each in status.splitlines() if each.startswith("NSpid:")]
        assert numbers.split()[-1] == "1"
        make_cart(server.url)
        os.kill(first, signal.SIGTERM)
        assert server.process.wait(timeout=30) == 0


def test_orphans_that_come_to_it_do_not_pile_up(tmp_path: Path) -> None:
    go = tmp_path / "go"
    with running_server(program=(sys.executable, "-c", ADOPTS, str(go))) as server:
        there = children(server.process.pid)
        assert len(there) == 1 + ORPHANS
        go.touch()
        until(lambda: len(children(server.process.pid)) == 1)
        make_cart(server.url)
        assert server.stop() == 0
