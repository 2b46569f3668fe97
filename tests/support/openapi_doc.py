"""The content of openapi.yaml, parsed independently of the code under test."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from mockserver.core.config import resource

METHODS = ("get", "post", "put", "delete", "patch")
EVERY_OPERATION = "*"


@dataclass(frozen=True)
class Documented:
    """One error of one operation; `operation` is `*` where it belongs to the gateway."""

    operation: str
    id: str
    status: int
    example: Any

    @property
    def body(self) -> Any:
        return self.example["value"]


@cache
def document() -> Any:
    return yaml.safe_load(resource("openapi.yaml").read_text("utf-8"))


@cache
def operations() -> dict[str, Any]:
    """Return each operation by its id, with its path and method beside its own keywords."""
    return {
        item[method]["operationId"]: {**item[method], "path": path, "method": method.upper()}
        for path, item in document()["paths"].items()
        for method in METHODS
        if method in item
    }


@cache
def error_entries() -> tuple[Documented, ...]:
    """Return every error once: the gateway's, then each operation's own ones."""
    entries = list(_errors(EVERY_OPERATION, document()["x-gateway-responses"]))
    for name, operation in operations().items():
        entries += _errors(name, operation["responses"])
    return tuple(entries)


@cache
def pairs() -> dict[tuple[str, str], Documented]:
    """Return every error by (operation, error id): the gateway's ones with every operation."""
    return {
        (name, entry.id): entry
        for name in operations()
        for entry in error_entries()
        if entry.operation in (name, EVERY_OPERATION)
    }


def follow(node: Any) -> Any:
    """Return what a `$ref` names, or the node itself."""
    while "$ref" in node:
        target = document()
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


def _errors(operation: str, responses: Any) -> Iterator[Documented]:
    for status, response in responses.items():
        if int(status) >= 400:
            examples = follow(response)["content"]["application/json"].get("examples", {})
            for name, example in examples.items():
                yield Documented(operation, name, int(status), follow(example))
