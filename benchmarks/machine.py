"""The machine on which something was measured, and the versions of what ran on it."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

VERSIONS = {
    "wrk": (("wrk", "-v"), r"wrk (?:debian/)?(\d[\d.]*)"),
    "Node.js": (("node", "--version"), r"v(\d[\d.]*)"),
    "Java": (("java", "-version"), r'version "(\d[\d.]*)'),
}


def describe() -> dict[str, str]:
    """Return what the machine is, by name, and today's date."""
    import psutil  # comes with the group `bench` only, and tables are made without it

    found = {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
    }
    return found | {
        name: _version(command, pattern)
        for name, (command, pattern) in VERSIONS.items()
        if shutil.which(command[0])
    }


def _processor() -> str:
    listed = Path("/proc/cpuinfo")
    text = listed.read_text("utf-8") if listed.exists() else ""
    named = re.search(r"^model name\s*:\s*(.+)$", text, re.M)
    return named[1] if named else platform.machine()


def _version(command: tuple[str, ...], pattern: str) -> str:
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(pattern, run.stdout + run.stderr)
    return found[1] if found else "of an unknown version"
