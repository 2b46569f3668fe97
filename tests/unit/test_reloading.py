"""What `--reload` watches; tests/system/test_cli.py starts servers with it."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from mockserver.cli.main import cli
from mockserver.server import reloader, run


def test_no_file_is_returned_before_a_change(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text("carts: []", "utf-8")
    changed = reloader.watch(lambda: [file, tmp_path / "missing.yaml"])
    assert (changed(), changed()) == (None, None)


def test_changed_added_and_deleted_files_are_returned(tmp_path: Path) -> None:
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"

    def files() -> list[Path]:
        return sorted(tmp_path.glob("*.yaml"))

    first.write_text("carts: []", "utf-8")
    changed = reloader.watch(files)
    first.write_text("carts: [1]", "utf-8")
    assert changed() == first

    changed = reloader.watch(files)
    second.write_text("carts: []", "utf-8")
    assert changed() == second

    changed = reloader.watch(files)
    first.unlink()
    assert changed() == first


def test_replaced_file_is_returned(tmp_path: Path) -> None:
    """Editors save like this; the new file may be older, and of the same size."""
    file, replacement = tmp_path / "own.yaml", tmp_path / "replacement"
    replacement.write_text("carts: [2]", "utf-8")
    file.write_text("carts: [1]", "utf-8")
    changed = reloader.watch(lambda: [file])
    replacement.replace(file)
    assert changed() == file


def test_change_while_fixtures_are_loaded_is_returned(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "own.yaml"
    file.write_text("carts: []", "utf-8")
    changes: list[Path | None] = []

    def read_and_change(_: Any) -> None:
        file.write_text("carts: [{ id: late, name: Late }]", "utf-8")

    def serve(_: Any, address: str, port: int, tls: Any, changed: Any) -> None:
        changes.append(changed())

    monkeypatch.setattr(reloader, "is_reloaded", lambda: True)
    monkeypatch.setattr(reloader, "serve", serve)
    monkeypatch.setattr(run, "_app_or_error", read_and_change)
    assert CliRunner().invoke(cli, ["--reload", "--fixtures", str(file)]).exit_code == 0
    assert changes == [file]
