"""Vendored files: listed, licensed, unchanged."""

from hashlib import sha256

from cyclonedx.spdx import is_expression, is_supported_id

from tests.support.markdown import ROOT, table

WEB = ROOT / "mockserver" / "dashboard"
OWN = {"app.css", "app.js", "docs.css", "docs.js", "icon.svg", "theme.js"}
COLUMNS = ("file", "package", "version", "licence", "texts", "home", "digest")
ROWS = [
    dict(zip(COLUMNS, row, strict=True))
    for row in table("mockserver/dashboard/VENDORED.md", "vendored")
]


def test_each_file_that_is_not_ours_has_a_row_and_no_row_is_without_a_file() -> None:
    there = {path.name for path in (WEB / "static").iterdir()} - OWN
    assert sorted(row["file"] for row in ROWS) == sorted(there)


def test_each_row_is_complete() -> None:
    for row in ROWS:
        assert all(row.values()), row
        assert row["version"].replace(".", "").isdigit()
        assert is_supported_id(row["licence"]) or is_expression(row["licence"])
        assert row["home"].startswith("https://")


def test_each_file_is_unchanged() -> None:
    for row in ROWS:
        assert sha256((WEB / "static" / row["file"]).read_bytes()).hexdigest() == row["digest"]


def test_each_licence_has_its_text_and_each_text_its_file() -> None:
    named = {text for row in ROWS for text in row["texts"].split(", ")}
    assert named == {path.name for path in (WEB / "licences").iterdir()}
    assert all((WEB / "licences" / name).read_text("utf-8").strip() for name in named)
