"""Take the facts out of the published OpenAPI files: names and types, no sentence of theirs.

    python -m tests.upstream.extract carts-and-orders.yaml account-management.yaml \
        authentication.yaml > tests/upstream/facts.yaml

For each operation that openapi.yaml serves and the files know: path, method, operationId, success
codes. For each schema of SCHEMAS: the types of every property, `data[].id` being the id of each
element of data, and `*` any name.
"""

import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests import documented

HEADER = "# Made by extract.py from the published OpenAPI files; don't edit.\n"
SCHEMAS = (
    "AccountCheckout",
    "AccountAuthenticationSettingsResponse",
    "AccountManagementAuthenticationTokenResponse",
    "Account",
    "AccountMember",
    "AccountMemberResponse",
    "AccountMembership",
    "AccountMembershipResponse",
    "AccountMembershipResponseUsingAccountMemberId",
    "AccountResponse",
    "Bearer",
    "CartItemObjectData",
    "CartItemResponse",
    "CartMergeObject",
    "CartResponse",
    "CartsRelationshipsAccountsData",
    "CartsRelationshipsCustomersData",
    "CartsRequest",
    "CustomItemObjectData",
    "CustomerCheckout",
    "Data.ManualPayment",
    "ErrorResponse",
    "MetaAccountMemberId",
    "MetaList",
    "OrderItemResponse",
    "OrderResponse",
    "PromotionItemObjectData",
    "ReOrderObject",
    "Response.ErrorResponse",
    "Response.Meta.Carts",
    "Response.Meta.Orders",
    "Response.PageLinks",
    "Token",
    "TransactionResponse",
    "UpdateCartsItems",
)
OF_A_VALUE = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}


def facts(published: list[Any]) -> dict[str, Any]:
    """Return what the documents say of the operations and schemas in question."""
    operations = [each for document in published for each in _operations(document)]
    return {
        "operations": sorted(operations, key=lambda each: (each["path"], each["method"])),
        "schemas": {name: _schema(name, published) for name in SCHEMAS},
    }


def _schema(name: str, published: list[Any]) -> dict[str, list[str]]:
    """Return the types of a schema's properties; of all documents that have one of that name."""
    found: dict[str, list[str]] = {}
    for document in published:
        if name in document["components"]["schemas"]:
            found |= property_types(document["components"]["schemas"][name], document)
    return dict(sorted(found.items()))


def _operations(document: Any) -> Iterator[dict[str, Any]]:
    served = documented.document()["paths"]
    for path, item in document["paths"].items():
        for method in documented.METHODS:
            if method in served.get(path, {}) and method in item:
                statuses = item[method]["responses"]
                yield {
                    "path": path,
                    "method": method,
                    "operationId": item[method]["operationId"],
                    "success": sorted(each for each in statuses if each.startswith("2")),
                }


def property_types(schema: Any, document: Any) -> dict[str, list[str]]:
    """Return the types of each property below a schema."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    _collect(schema, document, "", found)
    return {path: sorted(types) for path, types in sorted(found.items()) if path}


def _collect(schema: Any, document: Any, at: str, found: defaultdict[str, set[str]]) -> None:
    while "$ref" in schema:
        target = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        schema = target
    found[at] |= _types(schema)
    for keyword in ("allOf", "anyOf", "oneOf"):
        for part in schema.get(keyword, ()):
            _collect(part, document, at, found)
    for name, each in schema.get("properties", {}).items():
        _collect(each, document, f"{at}.{name}" if at else name, found)
    if isinstance(schema.get("items"), dict):
        _collect(schema["items"], document, f"{at}[]", found)
    if isinstance(schema.get("additionalProperties"), dict):
        _collect(schema["additionalProperties"], document, f"{at}.*", found)


def _types(schema: Any) -> set[str]:
    """Return the types that a schema names, or that follow from its other keywords."""
    named = schema.get("type", [])
    types = {named} if isinstance(named, str) else set(named)
    if not types and ("properties" in schema or "additionalProperties" in schema):
        return {"object"}
    values = [schema["const"]] if "const" in schema else schema.get("enum", ())
    return types or {OF_A_VALUE[type(value)] for value in values}


if __name__ == "__main__":
    published = [yaml.safe_load(Path(name).read_text("utf-8")) for name in sys.argv[1:]]
    text = yaml.safe_dump(facts(published), sort_keys=False, default_flow_style=None, width=100)
    print(HEADER + text, end="")
