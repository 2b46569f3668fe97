"""The admin API's own OpenAPI document, and the schemas of its request bodies, taken from it.

It is read when somebody first uses the admin API: the start of the server does not wait for it.
"""

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from mockserver.fixtures.load import fixture_schema
from mockserver.openapi import schema
from mockserver.openapi.contract import JSON, METHODS, resolve

PATH = Path(__file__).with_name("openapi.yaml")


@cache
def document() -> dict[str, Any]:
    """Return the document, with the schema of a rule from where fixtures have it."""
    loaded: dict[str, Any] = yaml.load(PATH.read_bytes(), yaml.CSafeLoader)
    loaded["components"]["schemas"]["Rule"] = fixture_schema()["$defs"]["rule"]
    return loaded


@cache
def text() -> str:
    """Return the document as YAML."""
    written: str = yaml.dump(
        document(), Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=100
    )
    return written


@cache
def body_validator(operation_id: str) -> schema.Validator:
    """Return the compiled validator of an operation's request body."""
    operation = next(
        item[method]
        for item in document()["paths"].values()
        for method in METHODS
        if method in item and item[method]["operationId"] == operation_id
    )
    shape = operation["requestBody"]["content"][JSON]["schema"]
    return schema.Validator(resolve(shape, document(), {}))
