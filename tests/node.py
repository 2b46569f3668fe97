"""Node packages of a folder, installed once however many test workers there are."""

import fcntl
import shutil
import subprocess
from pathlib import Path

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
