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
    """Return the properties of the machine, by name, and today's date."""
    import psutil  # comes with the group `bench` only, and tables are made without it

    properties = {
        "date": datetime.now(UTC).date().isoformat(),
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
    }
    return properties | {
        name: _version(command, pattern)
        for name, (command, pattern) in VERSIONS.items()
        if shutil.which(command[0])
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    text = cpuinfo.read_text("utf-8") if cpuinfo.exists() else ""
    match = re.search(r"^model name\s*:\s*(.+)$", text, re.M)
    return match[1] if match else platform.machine()


def _version(command: tuple[str, ...], pattern: str) -> str:
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    match = re.search(pattern, run.stdout + run.stderr)
    return match[1] if match else "of an unknown version"
