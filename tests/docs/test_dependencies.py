"""docs/dependencies.md gives a reason for every dependency, and for nothing else."""

import json
import re
import tomllib
from collections.abc import Iterable
from typing import Any

import pytest

from tests.docs.conftest import licence
from tests.support.markdown import ROOT, table

DOCUMENT = "docs/dependencies.md"
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
NODE = [
    json.loads(path.read_text("utf-8"))["packages"]
    for top in ("tests", "examples")
    for path in ROOT.glob(f"{top}/*/package-lock.json")
]


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


def test_licences_are_those_of_the_packages(whole_bill: dict[str, Any]) -> None:
    licences = {c["name"]: licence(c) for c in whole_bill["components"]}
    licences |= {
        name.removeprefix("node_modules/"): package.get("license")
        for lock in NODE
        for name, package in lock.items()
    }
    documented = {row[0]: row[1] for group in TABLES for row in table(DOCUMENT, group)}
    assert {
        name: text for name, text in documented.items() if licences.get(name) not in (None, text)
    } == {}
    assert sum(licences.get(name) is not None for name in documented) > len(GROUPS["production"])


def test_transitive_dependencies_are_in_the_table(bill: dict[str, Any]) -> None:
    by_ref = {component["bom-ref"]: component for component in bill["components"]}
    needed_by: dict[str, list[str]] = {}
    for dependency in bill["dependencies"]:
        for ref in dependency.get("dependsOn", []):
            if dependency["ref"] in by_ref:
                needed_by.setdefault(ref, []).append(by_ref[dependency["ref"]]["name"])
    expected = [
        [by_ref[ref]["name"], licence(by_ref[ref]), ", ".join(sorted(needed_by[ref]))]
        for ref in sorted(needed_by, key=lambda ref: by_ref[ref]["name"])
        if by_ref[ref]["name"] not in GROUPS["production"]
    ]
    lines = "\n".join(f"| `{name}` | {text} | {parents} |" for name, text, parents in expected)
    assert table(DOCUMENT, "transitive") == expected, f"the table should be\n{lines}"
