"""Extract facts from the published OpenAPI files: names and types, none of their prose.

    python -m tests.upstream.extract carts-and-orders.yaml account-management.yaml \
        authentication.yaml > tests/upstream/facts.yaml

For each operation that openapi.yaml and the files have in common: path, method, operationId,
success codes. For each schema of SCHEMAS: the types of every property, where `data[].id` is the id
of each element of data, and `*` any name.
"""

import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.support import openapi_doc

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
JSON_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}


def facts(published: list[Any]) -> dict[str, Any]:
    """Return the facts of the documents about the operations and schemas of interest."""
    operations = [operation for document in published for operation in _operations(document)]
    return {
        "operations": sorted(
            operations, key=lambda operation: (operation["path"], operation["method"])
        ),
        "schemas": {name: _schema(name, published) for name in SCHEMAS},
    }


def _schema(name: str, published: list[Any]) -> dict[str, list[str]]:
    """Return the types of a schema's properties, in all documents that have the schema."""
    types_by_path: dict[str, list[str]] = {}
    for document in published:
        if name in document["components"]["schemas"]:
            types_by_path |= property_types(document["components"]["schemas"][name], document)
    return dict(sorted(types_by_path.items()))


def _operations(document: Any) -> Iterator[dict[str, Any]]:
    served = openapi_doc.document()["paths"]
    for path, item in document["paths"].items():
        for method in openapi_doc.METHODS:
            if method in served.get(path, {}) and method in item:
                statuses = item[method]["responses"]
                yield {
                    "path": path,
                    "method": method,
                    "operationId": item[method]["operationId"],
                    "success": sorted(status for status in statuses if status.startswith("2")),
                }


def property_types(schema: Any, document: Any) -> dict[str, list[str]]:
    """Return the types of each property below a schema."""
    types_by_path: defaultdict[str, set[str]] = defaultdict(set)
    _collect(schema, document, "", types_by_path)
    return {path: sorted(types) for path, types in sorted(types_by_path.items()) if path}


def _collect(
    schema: Any, document: Any, at: str, types_by_path: defaultdict[str, set[str]]
) -> None:
    while "$ref" in schema:
        target = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        schema = target
    types_by_path[at] |= _types(schema)
    for keyword in ("allOf", "anyOf", "oneOf"):
        for part in schema.get(keyword, ()):
            _collect(part, document, at, types_by_path)
    for name, inner in schema.get("properties", {}).items():
        _collect(inner, document, f"{at}.{name}" if at else name, types_by_path)
    if isinstance(schema.get("items"), dict):
        _collect(schema["items"], document, f"{at}[]", types_by_path)
    if isinstance(schema.get("additionalProperties"), dict):
        _collect(schema["additionalProperties"], document, f"{at}.*", types_by_path)


def _types(schema: Any) -> set[str]:
    """Return the types that a schema declares, or that follow from its other keywords."""
    declared = schema.get("type", [])
    types = {declared} if isinstance(declared, str) else set(declared)
    if not types and ("properties" in schema or "additionalProperties" in schema):
        return {"object"}
    values = [schema["const"]] if "const" in schema else schema.get("enum", ())
    return types or {JSON_TYPES[type(value)] for value in values}


if __name__ == "__main__":
    published = [yaml.safe_load(Path(name).read_text("utf-8")) for name in sys.argv[1:]]
    text = yaml.safe_dump(facts(published), sort_keys=False, default_flow_style=None, width=100)
    print(HEADER + text, end="")
