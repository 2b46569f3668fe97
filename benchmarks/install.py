"""Installs the peers into a folder of their own, in the versions that `peers/` locks."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

LOCKS = Path(__file__).parent / "peers"
FOLDER = Path(__file__).parent / ".peers"
NODE = FOLDER / "node"
MODULES = NODE / "node_modules"
VENV = FOLDER / "venv"
PROGRAMS = {
    "node": "Node.js 20 (Debian: apt-get install nodejs npm)",
    "npm": "npm (Debian: apt-get install npm)",
    "java": "Java 17 (Debian: apt-get install default-jre-headless)",
}


def require(*programs: str) -> None:
    """Raise SystemExit with one line when a program that the peers need is missing."""
    missing = [PROGRAMS[program] for program in programs if not shutil.which(program)]
    if missing:
        raise SystemExit(
            f"the peers need {' and '.join(missing)}: install it, or leave them out with --only"
        )


def node_packages() -> None:
    """Install the packages from npm, unless they are installed."""
    require("node", "npm")
    lock, stamp = LOCKS / "package-lock.json", MODULES / "installed"
    if _same(lock, stamp):
        return
    NODE.mkdir(parents=True, exist_ok=True)
    shutil.copy(LOCKS / "package.json", NODE)
    shutil.copy(lock, NODE)
    print("installing Prism, WireMock and Mockoon from npm …", file=sys.stderr)
    # their scripts are not run: they only report installations
    _run("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", folder=NODE)
    shutil.copy(lock, stamp)


def python_packages() -> None:
    """Install the packages from PyPI into their own environment, unless they are installed."""
    lock, stamp = LOCKS / "requirements.txt", VENV / "requirements.txt"
    if _same(lock, stamp):
        return
    print("installing moto from PyPI …", file=sys.stderr)
    uv = (sys.executable, "-m", "uv", "--quiet")
    _run(*uv, "venv", "--clear", "--python", sys.executable, str(VENV))
    python = str(VENV / "bin" / "python")
    _run(*uv, "pip", "install", "--python", python, "--require-hashes", "-r", str(lock))
    shutil.copy(lock, stamp)


def npm_version(package: str) -> str:
    version: str = json.loads((MODULES / package / "package.json").read_bytes())["version"]
    return version


def pypi_version(package: str) -> str:
    """Return the locked version of a package from PyPI."""
    for line in (LOCKS / "requirements.txt").read_text("utf-8").splitlines():
        if line.startswith((f"{package}==", f"{package}[")):
            return line.partition("==")[2].split()[0]
    raise LookupError(package)


def _same(first: Path, second: Path) -> bool:
    return second.is_file() and first.read_bytes() == second.read_bytes()


def _run(*command: str, folder: Path = LOCKS) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        output = (done.stderr or done.stdout).strip()[-500:]
        raise SystemExit(f"{' '.join(command)} failed: {output}")
