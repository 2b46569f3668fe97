"""docs/dependencies.md gives a reason for every dependency, and for nothing else."""

import json
import re
import tomllib
from collections.abc import Iterable
from importlib import metadata
from typing import Any

import pytest
from cyclonedx.spdx import is_expression, is_supported_id

from tests.support.markdown import ROOT, table

DOCUMENT = "docs/dependencies.md"
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
NODE = [
    json.loads(path.read_text("utf-8"))["packages"]
    for top in ("tests", "examples")
    for path in ROOT.glob(f"{top}/*/package-lock.json")
]


LOCK = {
    package["name"]: package
    for package in tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))["package"]
}
LICENCES = {
    "axe-playwright-python": "MIT AND MPL-2.0",
    "blinker": "MIT",
    "itsdangerous": "BSD-3-Clause",
    "jinja2": "BSD-3-Clause",
    "pip-audit": "Apache-2.0",
    "typing-extensions": "PSF-2.0",
}
"""What metadata leaves open: it names none or a family only, so the text was read; or there is no
metadata, since not every Python needs the package."""


def licence(package: str) -> str | None:
    """Return the licence of an installed package as an SPDX expression; None when none is known."""
    try:
        fields = metadata.metadata(package)
    except metadata.PackageNotFoundError:
        return LICENCES.get(package)
    text = fields.get("License-Expression") or fields.get("License") or ""
    if text and (is_supported_id(text) or is_expression(text)):
        return text
    return LICENCES.get(package)


def names(requirements: Iterable[Any]) -> set[str]:
    """Return the packages that requirements name; included groups are left out."""
    return {re.split(r"[^\w.-]", text)[0] for text in requirements if isinstance(text, str)}


GROUPS = {
    "production": names(PYPROJECT["project"]["dependencies"]),
    "build": names(PYPROJECT["build-system"]["requires"]),
    **{group: names(texts) for group, texts in PYPROJECT["dependency-groups"].items()},
    "node": {
        name
        for lock in NODE
        for kind in ("dependencies", "devDependencies")
        for name in lock[""].get(kind, {})
    },
}
"""Table → the packages it must have. A group that only includes others has no table."""
TABLES = {group: packages for group, packages in GROUPS.items() if packages}


@pytest.mark.parametrize("group", TABLES)
def test_each_direct_dependency_has_a_row_and_no_row_is_too_many(group: str) -> None:
    rows = table(DOCUMENT, group)
    assert [row[0] for row in rows] == sorted(TABLES[group])
    assert all(len(row) == 4 and all(row) for row in rows)


def test_each_table_is_one_of_these() -> None:
    tables = re.findall(r"^<!-- table: (\S+) -->$", (ROOT / DOCUMENT).read_text("utf-8"), re.M)
    assert sorted(tables) == sorted([*TABLES, "transitive"])


def test_licences_are_those_of_the_packages() -> None:
    licences = {
        name.removeprefix("node_modules/"): package.get("license")
        for lock in NODE
        for name, package in lock.items()
    }
    documented = {row[0]: row[1] for group in TABLES for row in table(DOCUMENT, group)}
    known = {name: licence(name) or licences.get(name) for name in documented}
    assert {
        name: text for name, text in documented.items() if known[name] not in (None, text)
    } == {}
    assert sum(text is not None for text in known.values()) > len(GROUPS["production"])


def test_transitive_dependencies_are_in_the_table() -> None:
    needed_by: dict[str, list[str]] = {}
    reached: set[str] = set()
    pending = sorted(GROUPS["production"])
    while pending:
        name = pending.pop()
        if name not in reached:
            reached.add(name)
            for dependency in LOCK[name].get("dependencies", ()):
                needed_by.setdefault(dependency["name"], []).append(name)
                pending.append(dependency["name"])
    expected = [
        [name, licence(name), ", ".join(sorted(parents))]
        for name, parents in sorted(needed_by.items())
        if name not in GROUPS["production"]
    ]
    lines = "\n".join(f"| `{name}` | {text} | {parents} |" for name, text, parents in expected)
    assert table(DOCUMENT, "transitive") == expected, f"the table should be\n{lines}"


def test_each_package_of_an_installed_server_has_a_licence() -> None:
    names = [row[0] for group in ("production", "transitive") for row in table(DOCUMENT, group)]
    assert [name for name in names if licence(name) is None] == []
