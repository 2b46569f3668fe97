"""The error catalog as text, as JSON, or as the page docs/errors.md."""

import json
from collections.abc import Callable, Mapping
from shlex import quote
from typing import Any
from urllib.parse import quote as percent_encode

from mockserver.core.errors import ErrorEntry
from mockserver.openapi.contract import JSON, Contract, Operation

Entries = list[dict[str, Any]]

INTRODUCTION = """\
# Errors

<!-- Generated from openapi.yaml by `mockserver errors --format markdown`; don't edit. -->

Each error below is documented by the API or follows from its documentation. Its source is one of:
**page** (the reference page of account cart associations), **spec** (the published OpenAPI files),
**docs** (other documentation), **client** (expected by official clients), **inferred** (chosen
here, as there is no source).

There are three ways to get an error, with the same body:

1. by its cause, see the table;
2. by the request header `Prefer: code=…, example=…`, or by `?__code=…&__example=…` in the URL;
3. by a magic id, for apps that can't set a header: send it as the cart's id in the path, or as
   `data.id` when a cart is created; as the account's or the product's id; as
   `username` at a member's login; or as `client_id` at an application's.
"""


def describe(
    contract: Contract, entry: ErrorEntry, magic: Mapping[str, str], base_url: str
) -> dict[str, Any]:
    """Return a catalog entry with the ways to provoke it.

    `magic` maps the fixtures' magic ids to error ids.
    """
    operation = contract.operation(entry.operation) or contract.operation("getCarts")
    assert operation is not None  # the contract has it
    names = [name for name, error in magic.items() if error == entry.id]
    return {
        "id": entry.id,
        "operation": entry.operation,
        "method": operation.method if entry.operation != "*" else "*",
        "path": operation.path if entry.operation != "*" else "*",
        "status": entry.status,
        "title": entry.error["title"],
        "detail": entry.error.get("detail"),
        "provenance": entry.provenance,
        "trigger": entry.trigger,
        "body": entry.body,
        "prefer": f"code={entry.status}, example={entry.id}",
        "magic": (
            {"in": operation.magic_id[0], "at": operation.magic_id[1], "value": names[0]}
            if operation.magic_id and names
            else None
        ),
        "curl": _curl(operation, entry, base_url),
    }


def _curl(operation: Operation, entry: ErrorEntry, base_url: str) -> str:
    """Return a command that provokes the error with the built-in fixtures."""
    path = operation.path
    for parameter in operation.parameters:
        if parameter.where == "path":
            path = path.replace(
                "{" + parameter.name + "}", percent_encode(str(parameter.example), safe="")
            )
    words = ["curl", "-i", "-X", operation.method, quote(base_url + path)]
    if "anyone" not in operation.callers:
        words += ["-H", quote("Authorization: Bearer admin")]
    words += ["-H", quote(f"Prefer: code={entry.status}, example={entry.id}")]
    for media_type, body in operation.bodies.items():
        words += ["-H", quote(f"Content-Type: {media_type}")]
        data = (
            json.dumps(body.example)
            if media_type == JSON
            else "&".join(f"{name}={value}" for name, value in body.example.items())
        )
        words += ["-d", quote(data)]
        break
    return " ".join(words)


def text(entries: Entries) -> str:
    """Return the catalog for a terminal."""
    lines: list[str] = []
    for entry in entries:
        detail = f" - {entry['detail']}" if entry["detail"] else ""
        lines += [
            f"{entry['id']}  ({entry['operation']}, {entry['provenance']})",
            f"  {entry['status']} {entry['title']}{detail}",
            f"  cause: {entry['trigger']}",
            f"  {entry['curl']}",
            "",
        ]
    return "\n".join(lines) + f"{len(entries)} errors\n"


def as_json(entries: Entries) -> str:
    """Return the catalog as a JSON array."""
    return json.dumps(entries, indent=2, ensure_ascii=False) + "\n"


def markdown(entries: Entries) -> str:
    """Return docs/errors.md: a section per error id, a row per operation that documents it."""
    by_id: dict[str, Entries] = {}
    for entry in entries:
        by_id.setdefault(entry["id"], []).append(entry)
    sections = [INTRODUCTION]
    for error_id in sorted(by_id, key=lambda name: (by_id[name][0]["status"], name)):
        sections.append(_section(error_id, by_id[error_id]))
    return "\n".join(sections)


def _section(error_id: str, entries: Entries) -> str:
    first = entries[0]
    magic = next((entry["magic"]["value"] for entry in entries if entry["magic"]), None)
    bodies = list(dict.fromkeys(json.dumps(entry["body"]) for entry in entries))
    rows = [
        f"| `{entry['operation']}` | {entry['provenance']} | {_cell(entry['trigger'])} |"
        for entry in entries
    ]
    return "\n".join(
        [
            f"## {error_id}",
            "",
            f"`{first['status']}` {first['title']}",
            "",
            "| operation | source | cause |",
            "| --- | --- | --- |",
            *rows,
            "",
            f"`Prefer: {first['prefer']}`" + (f" · magic id `{magic}`" if magic else ""),
            "",
            "```json",
            *bodies,
            "```",
            "",
            "```sh",
            first["curl"],
            "```",
            "",
        ]
    )


def _cell(sentence: str) -> str:
    return sentence.replace("|", "\\|")


FORMATS: Mapping[str, Callable[[Entries], str]] = {
    "text": text,
    "json": as_json,
    "markdown": markdown,
}
