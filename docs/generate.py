"""Regenerates what docs/ shows of the code: `make docs`. With `--check` it only names stale pages.

A generated table begins at `<!-- generated table: NAME -->` and ends at the next blank line.
"""

import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import click
from click.testing import CliRunner

from mockserver import app
from mockserver.cli.main import cli
from mockserver.core import clock, json_text
from mockserver.core.config import resource
from mockserver.fixtures import yaml_document
from mockserver.http import request, response
from mockserver.openapi import schema, schema_keywords
from mockserver.openapi.contract import Contract
from mockserver.operations import cart_changes
from mockserver.operations.lists import filters, pages
from mockserver.sandbox import journal, rules, sandbox

DOCS = Path(__file__).parent
UNITS = ((1024 * 1024, "MiB"), (1024, "KiB"))
LIMITS = (
    ("body of a request", request.MAX_BODY_BYTES, "bytes", "413"),
    ("headers of a request", app.MAX_HEADER_BYTES, "bytes", "431"),
    ("nesting of a JSON body", json_text.MAX_DEPTH, "levels", "400; associations: 403"),
    ("values in a JSON body", json_text.MAX_VALUES, "values", "400; associations: 403"),
    (
        "reported violations of a body",
        schema.MAX_VIOLATIONS,
        "violations",
        "the others are omitted",
    ),
    (
        "validated parts of an array or object that has too many",
        *(schema_keywords.MAX_CHECKED, "parts", "the others are not validated"),
    ),
    (
        "header `Mock-Violations`",
        response.MAX_VIOLATION_BYTES,
        "bytes",
        "a note says how many more",
    ),
    ("conditions of a filter", filters.MAX_TERMS, "conditions", "400"),
    ("records of a page, by default", pages.DEFAULT_LIMIT, "records", "see `links.next`"),
    ("items of a cart", cart_changes.MAX_ITEMS, "items", "400"),
    ("quantity of an item", cart_changes.MAX_QUANTITY, "", "400"),
    ("rules of a sandbox", rules.MAX_RULES, "rules", "409"),
    ("delay of a rule", rules.MAX_DELAY_MS, "ms", "400"),
    ("snapshots of a sandbox", sandbox.MAX_SNAPSHOTS, "snapshots", "409"),
    ("body in the journal", journal.MAX_BODY_BYTES, "bytes", "the rest is cut off"),
    ("size of a fixture file", yaml_document.MAX_BYTES, "bytes", "the server does not start"),
    ("values in a fixture file", yaml_document.MAX_VALUES, "values", "the server does not start"),
    ("nesting of a fixture file", yaml_document.MAX_DEPTH, "levels", "the server does not start"),
    ("age of a fixture's record", clock.MAX_AGE // clock.DAY, "days", "the server does not start"),
)
"""What, how much, unit, and what happens beyond."""


def operations() -> str:
    rows = [
        (f"`{o.method} {o.path}`", f"`{o.id}`", ", ".join(sorted(o.callers)))
        for o in Contract.load(resource("openapi.yaml")).operations
    ]
    return markdown(("request", "operation", "callers"), rows)


def options() -> str:
    rows = [
        (
            f"`{option.opts[0]}`",
            f"`MOCKSERVER_{option.opts[0].removeprefix('--').upper().replace('-', '_')}`",
            default(option),
            option.help or "",
        )
        for option in cli.params
        if isinstance(option, click.Option) and option.name != "version"
    ]
    return markdown(("option", "environment", "default", "description"), rows)


def default(option: click.Option) -> str:
    """Return what an option is without being set; a flag, or one that has no default, nothing."""
    values = option.default if isinstance(option.default, tuple) else (option.default,)
    texts = (
        f"{v:g}" if isinstance(v, float) else v for v in values if isinstance(v, str | int | float)
    )
    return "" if option.is_flag else ", ".join(f"`{text}`" for text in texts)


def limits() -> str:
    rows = [(name, amount(value, unit), beyond) for name, value, unit, beyond in LIMITS]
    return markdown(("limit", "at most", "beyond it"), rows)


def amount(value: int, unit: str) -> str:
    for size, larger in UNITS if unit == "bytes" else ():
        if value % size == 0:
            return f"{value // size:,} {larger}"
    return f"{value:,} {unit}".rstrip()


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


TABLES = {
    "operations-served.md": ("operations", operations),
    "options.md": ("options", options),
    "limits.md": ("limits", limits),
}


def generate() -> dict[Path, str]:
    """Return what each generated page should be."""
    errors = CliRunner().invoke(cli, ["errors", "--format", "markdown"], catch_exceptions=False)
    generated = {DOCS / "errors.md": errors.output}
    for page, (name, table) in TABLES.items():
        text = (DOCS / page).read_text("utf-8")
        pattern = rf"(?<=^<!-- generated table: {name} -->\n)(?:\|.*\n)*"
        generated[DOCS / page] = re.sub(pattern, table(), text, flags=re.M)
    return generated


def main() -> int:
    """Write the stale pages, or with `--check` report them and return 1 if there are any."""
    stale = {p: text for p, text in generate().items() if p.read_text("utf-8") != text}
    if "--check" in sys.argv:
        for page in stale:
            print(f"docs/{page.name} is stale; run `make docs` and commit the result")
        return int(bool(stale))
    for page, text in stale.items():
        page.write_text(text, "utf-8")
        print(f"docs/{page.name}: updated")
    return 0


if __name__ == "__main__":
    sys.exit(main())
