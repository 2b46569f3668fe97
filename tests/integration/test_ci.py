"""The script that CI runs, with a fake make that only prints its targets."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.support.markdown import ROOT

JOBS = ["needs", "lint", "audit", "sbom", "soak", "test", "benchmark"]
MAKE = """#!/bin/sh
echo "made $*"
case " $BROKEN " in *" $1 "*) exit 7;; esac
case "$1" in "$ENDLESS") sleep 1000 & echo $! >"$ENDLESS_PID"; wait;; esac
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with the script and the fake make."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci" / "run")
    (tmp_path / "bin").mkdir()
    make = tmp_path / "bin" / "make"
    make.write_text(MAKE, "utf-8")
    make.chmod(0o755)
    return tmp_path


def start(checkout: Path, **env: str) -> subprocess.Popen[str]:
    path = f"{checkout / 'bin'}{os.pathsep}{os.environ['PATH']}"
    defaults = {"BROKEN": "", "ENDLESS": "nothing", "ENDLESS_PID": str(checkout / "pid")}
    return subprocess.Popen(
        ["bash", checkout / ".ci" / "run"],
        env={**os.environ, "PATH": path, "TMPDIR": str(checkout), **defaults, **env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, list[str]]:
    output, _ = process.communicate(timeout=60)
    return process.returncode, output.splitlines()


def outcomes(lines: list[str]) -> dict[str, str]:
    """Return the outcome of each job."""
    fields = [line.removeprefix("=== ").split(": ") for line in lines if line.startswith("=== ")]
    return {field[0]: field[1].split(",")[0] for field in fields if len(field) == 2}


def is_gone(pid: int) -> bool:
    """Whether a process ends within half a minute; a zombie has ended."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            state = Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
    return False


def test_every_job_is_run_and_reported(checkout: Path) -> None:
    status, lines = finish(start(checkout))
    assert status == 0
    assert outcomes(lines) == dict.fromkeys(JOBS, "ok")
    assert lines[-1] == "all passed"
    assert "made test" in lines  # the README's own command
    assert "made audit ARGS=--data-optional" in lines


def test_all_is_installed_before_any_job_starts(checkout: Path) -> None:
    _, lines = finish(start(checkout))
    assert lines[0] == "made .venv/.dev .venv/.bench"


@pytest.mark.parametrize("broken", JOBS)
def test_a_job_that_fails_fails_all_after_the_others_ran(checkout: Path, broken: str) -> None:
    status, lines = finish(start(checkout, BROKEN=broken))
    assert status == 1
    assert outcomes(lines) == {**dict.fromkeys(JOBS, "ok"), broken: "FAILED with status 7"}
    assert lines[-1] == f"failed: {broken}"


def test_a_failed_installation_ends_the_script(checkout: Path) -> None:
    status, lines = finish(start(checkout, BROKEN=".venv/.dev"))
    assert status == 7
    assert outcomes(lines) == {}


@pytest.mark.parametrize(
    ("endless", "finished"),
    [("test", ["needs", "lint", "audit", "sbom", "soak"]), ("lint", ["needs"])],
)
def test_after_sigterm_nothing_is_left_running(
    checkout: Path, endless: str, finished: list[str]
) -> None:
    process = start(checkout, ENDLESS=endless)
    pid = checkout / "pid"
    while not (pid.exists() and pid.read_text().endswith("\n")):
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    status, lines = finish(process)
    assert status == 143
    assert list(outcomes(lines)) == finished
    assert is_gone(int(pid.read_text()))
    assert [path.name for path in checkout.iterdir() if path.name.startswith("tmp.")] == []
