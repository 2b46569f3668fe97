"""The house is as docs/architecture.md draws it: every room named, imports running one way."""

import ast
import re
from pathlib import Path

import pytest

from tests.documents import ROOT

PACKAGE = ROOT / "mockserver"
TEXT = (ROOT / "docs" / "architecture.md").read_text("utf-8")
ROOMS = [
    name.removesuffix(".py").removesuffix("/")
    for row in re.findall(r"^\| (`[^|]+) \|", TEXT, re.M)
    for name in re.findall(r"`([^`]+)`", row)
]
MODULES = sorted(PACKAGE.rglob("*.py"))


def room(module: Path) -> str:
    """Return the room of a module: its own name, or its folder's."""
    first = module.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imported(module: Path) -> set[str]:
    """Return the rooms that a module imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "mockserver":
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mockserver."):
            names.add((node.module or "").split(".")[1])
    return {
        name for name in names if (PACKAGE / name).is_dir() or (PACKAGE / f"{name}.py").exists()
    }


def test_every_room_is_named_and_exists() -> None:
    there = {room(module) for module in MODULES} - {"__init__"}
    assert sorted(set(ROOMS)) == sorted(there)


@pytest.mark.parametrize("module", MODULES, ids=lambda each: str(each.relative_to(PACKAGE)))
def test_a_room_imports_only_rooms_below_it(module: Path) -> None:
    here = room(module)
    if here == "__init__":
        assert imported(module) <= {"client"}  # for those who ask for mockserver.Client
        return
    above = [name for name in imported(module) - {here} if ROOMS.index(name) < ROOMS.index(here)]
    assert not above, f"{here} is below {above}"


@pytest.mark.parametrize(
    "module", sorted((PACKAGE / "operations").glob("*.py")), ids=lambda each: each.name
)
def test_operations_know_no_web_framework(module: Path) -> None:
    assert not re.search(r"^(from|import) (flask|werkzeug)", module.read_text("utf-8"), re.M)


def test_only_the_clock_knows_the_time_and_only_ids_make_ids() -> None:
    for module in MODULES:
        text = module.read_text("utf-8")
        assert module.name == "clock.py" or not re.search(r"^(from|import) time\b", text, re.M)
        assert module.name == "ids.py" or not re.search(
            r"^(from|import) (uuid|random)\b", text, re.M
        )
