"""The bill of materials: valid CycloneDX, and all that an installed server has, and no more."""

import json
import tomllib
from importlib import metadata
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tests.documents import ROOT, table
from tests.supply_chain.conftest import licence

LOCK = tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))["package"]
PROJECT = "account-cart-sandbox"


def locked_for_production() -> dict[str, str]:
    """Return package → version: what the lock's project leads to without any group."""
    by_name = {each["name"]: each for each in LOCK}
    reached: dict[str, str] = {}
    ahead = [PROJECT]
    while ahead:
        name = ahead.pop()
        if name not in reached:
            reached[name] = by_name[name].get("version", "")  # the project's is in its source
            ahead += [each["name"] for each in by_name[name].get("dependencies", [])]
    del reached[PROJECT]
    return reached


def of_python(bill: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for each in bill["components"] if each["purl"].startswith("pkg:pypi/")]


def of_npm(bill: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for each in bill["components"] if each["purl"].startswith("pkg:npm/")]


@pytest.mark.parametrize("which", ["bill", "whole_bill"])
def test_a_bill_is_valid_cyclonedx(which: str, request: pytest.FixtureRequest) -> None:
    text = json.dumps(request.getfixturevalue(which))
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None


def test_what_is_not_cyclonedx_is_seen(bill: dict[str, Any]) -> None:
    text = json.dumps({**bill, "components": [{"name": "without a type"}]})
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is not None


def test_the_bill_has_the_locked_production_packages_and_no_others(bill: dict[str, Any]) -> None:
    listed = {each["name"]: each["version"] for each in of_python(bill)}
    assert listed == locked_for_production()
    assert len(listed) == len(of_python(bill))


def test_each_package_has_a_licence_and_the_digests_of_the_lock(bill: dict[str, Any]) -> None:
    locked = {
        each["name"]: {
            file["hash"].removeprefix("sha256:")
            for file in [*each.get("wheels", []), each.get("sdist")]
            if file
        }
        for each in LOCK
    }
    for each in of_python(bill):
        assert licence(each), each["name"]
        told = {
            digest["content"]
            for reference in each["externalReferences"]
            for digest in reference["hashes"]
        }
        assert told == locked[each["name"]]


def test_a_licence_is_the_one_that_the_package_tells(bill: dict[str, Any]) -> None:
    for each in of_python(bill):
        told = metadata.metadata(each["name"]).get("License-Expression")
        assert told in (None, licence(each)), each["name"]


def test_the_bill_has_the_browsers_files_with_their_packages(bill: dict[str, Any]) -> None:
    rows = table("mockserver/dashboard/VENDORED.md", "vendored")
    assert {each["purl"] for each in of_npm(bill)} == {
        f"pkg:npm/{row[1].replace('@', '%40')}@{row[2]}" for row in rows
    }
    assert all(licence(each) for each in of_npm(bill))


def test_everything_listed_is_what_the_server_depends_on(bill: dict[str, Any]) -> None:
    root = bill["metadata"]["component"]
    assert (root["name"], root["type"], licence(root)) == (PROJECT, "application", "MIT")
    edges = {each["ref"]: each.get("dependsOn", []) for each in bill["dependencies"]}
    reached, ahead = set(), [root["bom-ref"]]
    while ahead:
        ref = ahead.pop()
        if ref not in reached:
            reached.add(ref)
            ahead += edges[ref]
    assert reached == {each["bom-ref"] for each in [root, *bill["components"]]}


def test_the_whole_bill_has_the_tools_too(bill: dict[str, Any], whole_bill: dict[str, Any]) -> None:
    names = {each["name"] for each in whole_bill["components"]}
    assert names > {each["name"] for each in bill["components"]} | {"pytest", "ruff", "pip-audit"}
