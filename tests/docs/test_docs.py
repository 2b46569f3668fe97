"""The pages of docs/ agree with the code, the contract and the built-in data."""

import re
import subprocess
import sys

import click
import pytest
import yaml
from flask.testing import FlaskClient

from mockserver.cli.main import cli
from tests.support.markdown import ROOT, table
from tests.support.openapi_doc import document, operations

PAGES = (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "benchmarks" / "RESULTS.md")
PATH = re.compile(r"`((?:\.ci|\.github|mockserver|tests|benchmarks|docs|fixtures)/[\w./-]*)`")
LINK = re.compile(r"(?<!`)\[[^]]*\]\((?!https?:)([^)#\s]+)(#[^)]*)?\)")


def test_generated_tables_are_up_to_date() -> None:
    run = subprocess.run(
        [sys.executable, ROOT / "docs" / "generate.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_table_of_operations_is_the_contract() -> None:
    documented = [
        [f"{each['method']} {each['path']}", name, ", ".join(sorted(each["x-allowed-callers"]))]
        for name, each in operations().items()
    ]
    assert table("docs/operations-served.md", "operations") == documented


def test_table_of_options_is_the_command_line() -> None:
    options = [each for each in cli.params if isinstance(each, click.Option)]
    served = {
        each.opts[0]: "MOCKSERVER_" + each.opts[0].removeprefix("--").upper().replace("-", "_")
        for each in options
        if each.opts[0] != "--version"
    }
    assert {row[0]: row[1] for row in table("docs/options.md", "options")} == served


def test_built_in_data_are_those_of_the_fixtures() -> None:
    text = (ROOT / "docs" / "built-in-data.md").read_text("utf-8")
    data = yaml.safe_load((ROOT / "fixtures" / "default.yaml").read_text("utf-8"))
    in_backticks = {
        *(cart["id"] for cart in data["carts"]),
        *(person["email"] for person in data["members"] + data["customers"]),
        *(person["password"] for person in data["members"] + data["customers"]),
        *(token["token"] for token in data["bearer_tokens"]),
        *(token["token"] for token in data["account_tokens"] + data["customer_tokens"]),
        *(code["code"] for code in data["sign_in_codes"]),
        *(application["client_id"] for application in data["applications"]),
        *(product["sku"] for product in data["products"]),
        *(currency["code"] for currency in data["currencies"]),
        *(promotion["code"] for promotion in data["promotions"]),
    }
    assert {name for name in in_backticks if f"`{name}`" not in text} == set()
    names = [record["name"] for record in data["accounts"] + data["hierarchies"]]
    assert [name for name in names if name not in text] == []
    # the table has nothing that the fixtures lack; ids are abbreviated to their last digits
    known = (ROOT / "fixtures" / "default.yaml").read_text("utf-8")
    shown = [re.findall("`([^`]+)`", row) for row in text.splitlines() if row.startswith("| ")]
    values = [value for row in shown for value in row if value[0] != "…" and value != "always-"]
    assert [value for value in values if value not in known] == []


def test_unsupported_paths_are_those_of_the_contract() -> None:
    rows = table("docs/what-is-not-served.md", "unsupported paths")
    assert [row[0] for row in rows] == document()["x-unsupported-paths"], (
        "docs/what-is-not-served.md and openapi.yaml differ; add or remove the row"
    )


@pytest.mark.parametrize("row", table("docs/what-is-not-served.md", "unsupported operations"))
def test_an_unsupported_operation_is_not_served(client: FlaskClient, row: list[str]) -> None:
    method, path = row[0].split()
    response = client.open(path, method=method, headers={"Authorization": "Bearer admin"})
    assert response.status_code in (404, 405)
    assert "Mock-Notes" not in response.headers


def test_links_lead_to_files() -> None:
    missing = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in PAGES
        for target, _ in LINK.findall(page.read_text("utf-8"))
        if not (page.parent / target).exists()
    ]
    assert missing == []


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text("utf-8")
    names = [page.name for page in (ROOT / "docs").glob("*.md") if page.name != "README.md"]
    assert [name for name in names if f"]({name})" not in index] == []


def test_guides_name_files_that_exist() -> None:
    """Also a reminder: who moves a file changes the guides that name it."""
    missing = [
        f"{page}: {path}"
        for page in ("CONTRIBUTING.md", "docs/architecture.md")
        for path in PATH.findall((ROOT / page).read_text("utf-8"))
        if not (ROOT / path).exists()
    ]
    assert missing == []
