"""The peers, installed into a folder of their own: the versions that `peers/` lists, once."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

LISTED = Path(__file__).parent / "peers"
FOLDER = Path(__file__).parent / ".peers"
NODE = FOLDER / "node"
MODULES = NODE / "node_modules"
VENV = FOLDER / "venv"
NEEDED = {
    "node": "Node.js 20 (Debian: apt-get install nodejs npm)",
    "npm": "npm (Debian: apt-get install npm)",
    "java": "Java 17 (Debian: apt-get install default-jre-headless)",
}


def needed(*programs: str) -> None:
    """SystemExit, in one line, when a program that the peers run on is missing."""
    missing = [NEEDED[each] for each in programs if not shutil.which(each)]
    if missing:
        what = " and ".join(missing)
        raise SystemExit(f"the peers need {what}: install it, or leave them out with --only")


def node_packages() -> None:
    """Install the packages from npm, unless they are there."""
    needed("node", "npm")
    lock, stamp = LISTED / "package-lock.json", MODULES / "installed"
    if _same(lock, stamp):
        return
    NODE.mkdir(parents=True, exist_ok=True)
    shutil.copy(LISTED / "package.json", NODE)
    shutil.copy(lock, NODE)
    print("installing Prism, WireMock and Mockoon from npm …", file=sys.stderr)
    # their own scripts are not run: they only count installations
    _run("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", folder=NODE)
    shutil.copy(lock, stamp)


def python_packages() -> None:
    """Install the packages from PyPI into an environment of their own, unless they are there."""
    listed, stamp = LISTED / "requirements.txt", VENV / "requirements.txt"
    if _same(listed, stamp):
        return
    print("installing moto from PyPI …", file=sys.stderr)
    uv = (sys.executable, "-m", "uv", "--quiet")
    _run(*uv, "venv", "--clear", "--python", sys.executable, str(VENV))
    python = str(VENV / "bin" / "python")
    _run(*uv, "pip", "install", "--python", python, "--require-hashes", "-r", str(listed))
    shutil.copy(listed, stamp)


def npm_version(package: str) -> str:
    """Return the version of an installed package."""
    found: str = json.loads((MODULES / package / "package.json").read_bytes())["version"]
    return found


def pypi_version(package: str) -> str:
    """Return the version that the environment of the peers has."""
    for line in (LISTED / "requirements.txt").read_text("utf-8").splitlines():
        if line.startswith((f"{package}==", f"{package}[")):
            return line.partition("==")[2].split()[0]
    raise LookupError(package)


def _same(one: Path, other: Path) -> bool:
    return other.is_file() and one.read_bytes() == other.read_bytes()


def _run(*command: str, folder: Path = LISTED) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip()[-500:]
        raise SystemExit(f"{' '.join(command)} failed: {said}")
