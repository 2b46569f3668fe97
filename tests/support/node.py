"""Node packages of a folder, installed once however many test workers there are; tests in Node."""

import fcntl
import os
import re
import shutil
import subprocess
from pathlib import Path

from tests.conftest import running_server

STAMP = Path("node_modules", ".package-lock.json")


def installed(folder: Path) -> None:
    """Install what the folder's package-lock.json lists, unless it is there already."""
    assert shutil.which("npm"), "these tests need Node.js 20 with npm: install them first"
    with (folder / "package.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = folder / STAMP
        listed = folder / "package-lock.json"
        if stamp.exists() and stamp.stat().st_mtime >= listed.stat().st_mtime:
            return
        run = subprocess.run(
            ["npm", "ci", "--no-audit", "--no-fund"],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert run.returncode == 0, run.stdout + run.stderr
        stamp.touch()


def compile_typescript(source: Path, *options: str) -> None:
    """Compile a file strictly, beside it; asserts that there are no errors. The declarations of
    packages are not checked: those of the JavaScript SDK have errors of their own."""
    run = subprocess.run(
        [
            *(source.parent / "node_modules" / ".bin" / "tsc", source.name, "--strict"),
            *("--skipLibCheck", "--target", "es2022", *options),
        ],
        cwd=source.parent,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def passed_on_a_server(script: Path, *options: str) -> int:
    """Run a script of node:test against a server started with some options; return how many tests
    passed. Asserts that none failed."""
    installed(script.parent)
    with running_server(*options) as server:
        authority = re.search(r"authority\s+(\S.*)", server.output)
        assert bool(authority) == ("--tls" in options), server.output
        run = subprocess.run(
            ["node", "--test", "--test-reporter=spec", script.name],
            cwd=script.parent,
            env={
                **os.environ,
                "MOCKSERVER_URL": server.url,
                **({"NODE_EXTRA_CA_CERTS": authority[1]} if authority else {}),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
    assert run.returncode == 0, run.stdout
    passed = re.search(r"pass (\d+)", run.stdout)
    assert passed is not None, run.stdout
    return int(passed[1])
