"""Raw results in a JSON file: each command writes its own section and keeps the others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

FILE = Path(__file__).parent / ".results.json"
FILE_OPTION = click.option(
    "--json",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    default=FILE,
    help="File for the raw results; python -m benchmarks.table FILE makes tables of them.",
)
"""The option of every command."""


def read(file: Path) -> dict[str, Any]:
    """Return the sections of a file; none when there is no such file.

    Raises SystemExit with one line when it is not such a file.
    """
    if not file.exists():
        return {}
    try:
        sections = json.loads(file.read_bytes())
    except ValueError:
        sections = None
    if not isinstance(sections, dict):
        raise SystemExit(f"{file} holds no results; name a file that --json wrote")
    return sections


def keep(file: Path, **sections: Any) -> dict[str, Any]:
    """Write sections to a file, and return all that it holds now."""
    merged = {**read(file), **sections}
    file.write_text(json.dumps(merged, indent=1) + "\n", "utf-8")
    return merged
