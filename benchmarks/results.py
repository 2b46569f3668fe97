"""Raw numbers in a JSON file: each command puts its own section there and leaves the others."""

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
    help="Where the raw numbers are kept; python -m benchmarks.table FILE makes tables of them.",
)
"""What each command takes."""


def read(file: Path) -> dict[str, Any]:
    """Return the sections of a file; none when there is no such file.

    SystemExit, in one line, when it is not one of these files.
    """
    if not file.exists():
        return {}
    try:
        found = json.loads(file.read_bytes())
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise SystemExit(f"{file} holds no results; write the file that --json made")
    return found


def keep(file: Path, **sections: Any) -> dict[str, Any]:
    """Put sections into a file, and return all that it holds now."""
    kept = {**read(file), **sections}
    file.write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
    return kept
