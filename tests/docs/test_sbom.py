"""The bill of materials: valid CycloneDX, with exactly what an installed server has."""

import json
import tomllib
from importlib import metadata
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tests.docs.conftest import licence
from tests.support.markdown import ROOT, table

LOCK = tomllib.loads((ROOT / "uv.lock").read_text("utf-8"))["package"]
PROJECT = "account-cart-sandbox"


def locked_for_production() -> dict[str, str]:
    """Return package → version: what the project needs, without any group."""
    by_name = {package["name"]: package for package in LOCK}
    reached: dict[str, str] = {}
    pending = [PROJECT]
    while pending:
        name = pending.pop()
        if name not in reached:
            reached[name] = by_name[name].get("version", "")  # the project's is in its source
            pending += [package["name"] for package in by_name[name].get("dependencies", [])]
    del reached[PROJECT]
    return reached


def python_components(bill: dict[str, Any]) -> list[dict[str, Any]]:
    return [c for c in bill["components"] if c["purl"].startswith("pkg:pypi/")]


def npm_components(bill: dict[str, Any]) -> list[dict[str, Any]]:
    return [c for c in bill["components"] if c["purl"].startswith("pkg:npm/")]


@pytest.mark.parametrize("which", ["bill", "whole_bill"])
def test_a_bill_is_valid_cyclonedx(which: str, request: pytest.FixtureRequest) -> None:
    text = json.dumps(request.getfixturevalue(which))
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None


def test_an_invalid_bill_is_rejected(bill: dict[str, Any]) -> None:
    text = json.dumps({**bill, "components": [{"name": "without a type"}]})
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is not None


def test_the_bill_has_the_locked_production_packages_and_no_others(bill: dict[str, Any]) -> None:
    versions = {component["name"]: component["version"] for component in python_components(bill)}
    assert versions == locked_for_production()
    assert len(versions) == len(python_components(bill))


def test_each_package_has_a_licence_and_the_digests_of_the_lock(bill: dict[str, Any]) -> None:
    locked = {
        package["name"]: {
            file["hash"].removeprefix("sha256:")
            for file in [*package.get("wheels", []), package.get("sdist")]
            if file
        }
        for package in LOCK
    }
    for component in python_components(bill):
        assert licence(component), component["name"]
        digests = {
            digest["content"]
            for reference in component["externalReferences"]
            for digest in reference["hashes"]
        }
        assert digests == locked[component["name"]]


def test_a_licence_is_the_one_of_the_package(bill: dict[str, Any]) -> None:
    for component in python_components(bill):
        expression = metadata.metadata(component["name"]).get("License-Expression")
        assert expression in (None, licence(component)), component["name"]


def test_the_bill_has_the_browsers_files_with_their_packages(bill: dict[str, Any]) -> None:
    rows = table("mockserver/dashboard/VENDORED.md", "vendored")
    assert {component["purl"] for component in npm_components(bill)} == {
        f"pkg:npm/{row[1].replace('@', '%40')}@{row[2]}" for row in rows
    }
    assert all(licence(component) for component in npm_components(bill))


def test_everything_listed_is_what_the_server_depends_on(bill: dict[str, Any]) -> None:
    root = bill["metadata"]["component"]
    assert (root["name"], root["type"], licence(root)) == (PROJECT, "application", "MIT")
    edges = {d["ref"]: d.get("dependsOn", []) for d in bill["dependencies"]}
    reached, pending = set(), [root["bom-ref"]]
    while pending:
        ref = pending.pop()
        if ref not in reached:
            reached.add(ref)
            pending += edges[ref]
    assert reached == {component["bom-ref"] for component in [root, *bill["components"]]}


def test_the_whole_bill_has_the_tools_too(bill: dict[str, Any], whole_bill: dict[str, Any]) -> None:
    names = {component["name"] for component in whole_bill["components"]}
    assert names > {component["name"] for component in bill["components"]} | {
        "pytest",
        "ruff",
        "pip-audit",
    }
