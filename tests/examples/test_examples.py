"""The JavaScript examples run as their READMEs say: `npm ci`, `npm test`."""

import fcntl
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
SECONDS = 300


@pytest.fixture(scope="session")
def npm() -> str:
    """The path of npm; without it these tests fail, since nothing else runs the examples."""
    path = shutil.which("npm")
    if path is None:
        pytest.fail("npm is missing: install Node.js 20.19 or newer", pytrace=False)
    return path


@pytest.fixture(scope="session")
def chromium() -> str:
    path = os.environ.get("CHROMIUM_PATH", "/usr/bin/chromium")
    if shutil.which(path) is None:
        hint = "apt-get install chromium, or name one by CHROMIUM_PATH"
        pytest.fail(f"there is no Chromium at {path}: {hint}", pytrace=False)
    return path


def install(npm: str, folder: Path) -> None:
    """Install the locked packages once, whichever process comes first."""
    lock, done = folder / "package-lock.json", folder / "node_modules" / ".package-lock.json"
    with lock.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if not done.exists() or done.stat().st_mtime < lock.stat().st_mtime:
            run([npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"], folder)


def run(command: list[str], folder: Path, env: Mapping[str, str] | None = None) -> str:
    """Run a command with this Python's `mockserver` on the PATH, and return its output."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("MOCKSERVER_")}
    path = os.pathsep.join((str(Path(sys.executable).parent), kept["PATH"]))
    done = subprocess.run(
        command,
        cwd=folder,
        env={**kept, "PATH": path, "CI": "1", **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
    )
    if done.returncode:
        pytest.fail(f"{' '.join(command)} in {folder.name}:\n{done.stdout}", pytrace=False)
    return done.stdout


def free_ports(count: int) -> list[str]:
    """Return ports that no process listens on."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [str(sock.getsockname()[1]) for sock in sockets]
    for sock in sockets:
        sock.close()
    return ports


def test_the_sdk_works_with_a_sandbox(npm: str) -> None:
    folder = EXAMPLES / "vitest"
    install(npm, folder)
    assert "9 passed" in run([npm, "test"], folder)


def test_the_storefront_works_with_a_sandbox(npm: str, chromium: str) -> None:
    folder = EXAMPLES / "playwright"
    install(npm, folder)
    mockserver, storefront = free_ports(2)
    env = {
        "CHROMIUM_PATH": chromium,
        "MOCKSERVER_PORT": mockserver,
        "STOREFRONT_PORT": storefront,
    }
    assert "6 passed" in run([npm, "test"], folder, env)


@pytest.mark.parametrize("folder", ["playwright", "vitest"])
def test_lock_files_name_no_other_registry_than_npms(folder: str) -> None:
    lines = (EXAMPLES / folder / "package-lock.json").read_text().splitlines()
    resolved = [line for line in lines if '"resolved"' in line]
    assert [line for line in resolved if '"https://registry.npmjs.org/' not in line] == []
