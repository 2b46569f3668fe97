"""The script that CI runs, with a make that only says what it was asked for."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.documents import ROOT

JOBS = ["needs", "lint", "audit", "sbom", "soak", "test", "benchmark"]
MAKE = """#!/bin/sh
echo "made $*"
case " $BROKEN " in *" $1 "*) exit 7;; esac
case "$1" in "$ENDLESS") sleep 1000 & echo $! >"$ENDLESS_PID"; wait;; esac
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with the script, and with the make that it will find."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci" / "run")
    (tmp_path / "bin").mkdir()
    make = tmp_path / "bin" / "make"
    make.write_text(MAKE, "utf-8")
    make.chmod(0o755)
    return tmp_path


def started(checkout: Path, **env: str) -> subprocess.Popen[str]:
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


def ended(process: subprocess.Popen[str]) -> tuple[int, list[str]]:
    told, _ = process.communicate(timeout=60)
    return process.returncode, told.splitlines()


def outcomes(lines: list[str]) -> dict[str, str]:
    """Return job → how it ended."""
    told = [line.removeprefix("=== ").split(": ") for line in lines if line.startswith("=== ")]
    return {each[0]: each[1].split(",")[0] for each in told if len(each) == 2}


def is_gone(pid: int) -> bool:
    """Whether a process ends within half a minute; a zombie, which nobody has looked at, has."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            state = Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
    return False


def test_every_job_is_run_and_told(checkout: Path) -> None:
    status, lines = ended(started(checkout))
    assert status == 0
    assert outcomes(lines) == dict.fromkeys(JOBS, "ok")
    assert lines[-1] == "all passed"
    assert "made test" in lines  # the README's own command
    assert "made audit ARGS=--data-optional" in lines


def test_all_is_installed_before_any_job_starts(checkout: Path) -> None:
    _, lines = ended(started(checkout))
    assert lines[0] == "made .venv/.dev .venv/.bench"


@pytest.mark.parametrize("broken", JOBS)
def test_a_job_that_fails_fails_all_after_the_others_ran(checkout: Path, broken: str) -> None:
    status, lines = ended(started(checkout, BROKEN=broken))
    assert status == 1
    assert outcomes(lines) == {**dict.fromkeys(JOBS, "ok"), broken: "FAILED with status 7"}
    assert lines[-1] == f"failed: {broken}"


def test_what_cannot_be_installed_ends_it(checkout: Path) -> None:
    status, lines = ended(started(checkout, BROKEN=".venv/.dev"))
    assert status == 7
    assert outcomes(lines) == {}


@pytest.mark.parametrize(
    ("endless", "told"), [("test", ["needs", "lint", "audit", "sbom", "soak"]), ("lint", ["needs"])]
)
def test_ended_from_outside_it_leaves_nothing_running(
    checkout: Path, endless: str, told: list[str]
) -> None:
    process = started(checkout, ENDLESS=endless)
    pid = checkout / "pid"
    while not (pid.exists() and pid.read_text().endswith("\n")):
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    status, lines = ended(process)
    assert status == 143
    assert list(outcomes(lines)) == told
    assert is_gone(int(pid.read_text()))
    assert [path.name for path in checkout.iterdir() if path.name.startswith("tmp.")] == []
