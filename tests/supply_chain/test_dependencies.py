"""docs/dependencies.md gives a reason for each dependency, and for nothing else."""

import json
import re
import tomllib
from collections.abc import Iterable
from typing import Any

import pytest

from tests.documents import ROOT, table
from tests.supply_chain.conftest import licence

DOCUMENT = "docs/dependencies.md"
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
NODE = [
    json.loads(path.read_text("utf-8"))["packages"]
    for top in ("tests", "examples")
    for path in ROOT.glob(f"{top}/*/package-lock.json")
]


def names(requirements: Iterable[Any]) -> set[str]:
    """Return the packages that requirements name; a group that is included is its own matter."""
    return {re.split(r"[^\w.-]", each)[0] for each in requirements if isinstance(each, str)}


GROUPS = {
    "production": names(PYPROJECT["project"]["dependencies"]),
    "build": names(PYPROJECT["build-system"]["requires"]),
    **{group: names(listed) for group, listed in PYPROJECT["dependency-groups"].items()},
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
    found = re.findall(r"^<!-- table: (\S+) -->$", (ROOT / DOCUMENT).read_text("utf-8"), re.M)
    assert sorted(found) == sorted([*TABLES, "transitive"])


def test_licences_are_those_that_the_packages_tell(whole_bill: dict[str, Any]) -> None:
    told = {each["name"]: licence(each) for each in whole_bill["components"]}
    told |= {
        name.removeprefix("node_modules/"): each.get("license")
        for lock in NODE
        for name, each in lock.items()
    }
    documented = {row[0]: row[1] for group in TABLES for row in table(DOCUMENT, group)}
    assert {
        name: said for name, said in documented.items() if told.get(name) not in (None, said)
    } == {}
    assert sum(told.get(name) is not None for name in documented) > len(GROUPS["production"])


def test_what_the_dependencies_bring_along_is_in_the_table(bill: dict[str, Any]) -> None:
    by_ref = {each["bom-ref"]: each for each in bill["components"]}
    needed_by: dict[str, list[str]] = {}
    for each in bill["dependencies"]:
        for ref in each.get("dependsOn", []):
            if each["ref"] in by_ref:
                needed_by.setdefault(ref, []).append(by_ref[each["ref"]]["name"])
    expected = [
        [by_ref[ref]["name"], licence(by_ref[ref]), ", ".join(sorted(needed_by[ref]))]
        for ref in sorted(needed_by, key=lambda ref: by_ref[ref]["name"])
        if by_ref[ref]["name"] not in GROUPS["production"]
    ]
    lines = "\n".join(f"| `{name}` | {said} | {parents} |" for name, said, parents in expected)
    assert table(DOCUMENT, "transitive") == expected, f"the table should be\n{lines}"
