"""The bills of materials, written once: what is shipped, and everything."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.markdown import ROOT


def write_bill(file: Path, *options: str) -> dict[str, Any]:
    command = [sys.executable, ROOT / ".ci" / "sbom.py", file, *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(file.read_text("utf-8"))


@pytest.fixture(scope="session")
def bill(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The bill of what is shipped, written into a folder that did not exist."""
    return write_bill(tmp_path_factory.mktemp("bill") / "dist" / "sbom.cdx.json")


@pytest.fixture(scope="session")
def whole_bill(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The bill of all groups."""
    return write_bill(tmp_path_factory.mktemp("whole-bill") / "sbom.cdx.json", "--all-groups")


def licence(component: dict[str, Any]) -> str | None:
    """Return a component's licence as an SPDX expression, or None when it has none."""
    for entry in component.get("licenses", []):
        return entry.get("expression") or entry["license"].get("id")
    return None
