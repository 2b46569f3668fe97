"""Every `contract.md §n` in code, tests and documents leads to a section of docs/contract.md."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
SUFFIXES = (".py", ".yaml", ".yml", ".md", ".mjs", ".js", ".ts", ".html", ".toml")
SECTIONS = [str(number) for number in range(1, 10)]
CITATION = re.compile(
    r"contract\.md(?:#(?P<anchor>\w+)|[\s#*]+(?P<sections>§\d+(?:(?:,|\s+and|\s+to)\s+§\d+)*))"
)
PAGE = (ROOT / "docs" / "contract.md").read_text("utf-8")


def texts() -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each file of the project that may cite the page."""
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if not name.startswith((".", "_", "node_modules"))]
        for file in files:
            if file.endswith(SUFFIXES):
                path = Path(folder, file)
                yield path.relative_to(ROOT).as_posix(), path.read_text("utf-8")


def cited_sections(text: str) -> Iterator[str]:
    for citation in CITATION.finditer(text):
        sections: str = citation["sections"]
        yield from [citation["anchor"]] if citation["anchor"] else re.findall(r"\d+", sections)


def test_page_has_nine_sections_each_with_its_anchor() -> None:
    assert re.findall(r'^<a id="(\w+)"></a>\n## (\d+)\. \S', PAGE, re.M) == [
        (number, number) for number in SECTIONS
    ]


def test_every_citation_leads_to_a_section() -> None:
    citations = {(name, section) for name, text in texts() for section in cited_sections(text)}
    assert len(citations) > len(SECTIONS)
    assert [(name, section) for name, section in citations if section not in SECTIONS] == []


def test_every_reference_within_the_page_leads_to_a_section() -> None:
    assert set(re.findall(r"§(\w+)", PAGE)) <= set(SECTIONS)


def test_every_section_of_rules_has_a_test_that_names_it() -> None:
    named = {
        section
        for name, text in texts()
        if re.fullmatch(r"tests/(.+/)?test_\w+\.py", name)
        for section in cited_sections(text)
    }
    assert [section for section in SECTIONS if section not in {"1", *named}] == []
