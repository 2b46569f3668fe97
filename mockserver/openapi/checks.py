"""Checks that openapi.yaml is complete: `mockserver validate` and the tests run them all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from typing import Any

from mockserver.openapi.contract import Contract, Document, Operation, Parameter
from mockserver.openapi.schema import FORMATS, MESSAGES
from mockserver.openapi.unknown_fields import properties

GATEWAY_ERRORS = ("no-such-path", "method-not-allowed", "headers-too-large")
EVERY_OPERATION_ERRORS = (
    "unsupported-media-type",
    "payload-too-large",
    "too-many-requests",
    "internal-server-error",
)
MALFORMED_BODY_ERRORS = ("malformed-json", "invalid-json-payload")
BEARER_ERRORS = ("unauthorized", "unable-to-validate-access-token")
CALLERS = {"anyone", "anonymous", "account", "customer", "administrator"}
PROVENANCES = {"page", "spec", "docs", "client", "inferred"}
EXTENSION_KEYS = {
    "x-aliases",
    "x-allowed-callers",
    "x-error-by-keyword",
    "x-error-precedence",
    "x-gateway-responses",
    "x-lenient",
    "x-magic-id",
    "x-placeholders",
    "x-provenance",
    "x-trigger",
    "x-unsupported-paths",
}
ANY_KEYWORD = "*"
_NESTED = ("items", "then", "else", "additionalProperties")
_OPAQUE = ("value", "default", "const", "enum")
"""Keywords whose values are data, not parts of the document."""


def contract_errors(contract: Contract, functions: Set[str]) -> list[str]:
    """Return one message for each error of the contract; `functions` are the keys of OPERATIONS.

    An operation must document every error that the pipeline can raise for it: a missing one turns
    into a 500.
    """
    messages = [
        *_extension_key_errors(contract.document, ()),
        *_missing("x-gateway-responses", contract.gateway, GATEWAY_ERRORS),
        *_example_errors(contract),
        *(
            f"x-unsupported-paths has {path}, which is served; remove it there and in "
            "docs/what-is-not-served.md"
            for path in contract.document["x-unsupported-paths"]
            if path in contract.document["paths"]
        ),
        *(message for operation in contract.operations for message in _operation_errors(operation)),
    ]
    return [
        *contract.binding_errors(functions),
        *(f"openapi.yaml: {message}" for message in messages),
    ]


def _operation_errors(operation: Operation) -> Iterator[str]:
    name = f"operation {operation.id}"
    documented = operation.errors
    yield from _caller_errors(name, operation)
    yield from _missing(name, documented, EVERY_OPERATION_ERRORS)
    if operation.bodies:
        yield from _missing_all(name, documented, MALFORMED_BODY_ERRORS)
    yield from _schema_errors(name, operation)
    yield from _magic_id_errors(name, operation)
    for status in operation.statuses:
        if status >= 400 and not any(entry.status == status for entry in documented.values()):
            yield f"{name} has no error for its response {status}; add an example"
    for media_type, body in operation.bodies.items():
        if body.example is None:
            yield f"{name} has no example of its {media_type} body; add one"


def _caller_errors(name: str, operation: Operation) -> Iterator[str]:
    callers = operation.callers
    if not callers:
        yield f"{name} has no x-allowed-callers; add a list of {_list(CALLERS)}"
    for caller in sorted(callers - CALLERS):
        yield f"{name}: x-allowed-callers has {caller}; use {_list(CALLERS)}"
    if "anyone" in callers:
        return
    yield from _missing_all(name, operation.errors, BEARER_ERRORS)
    yield from _missing(name, operation.errors, ("account-token-not-valid", "forbidden"))
    if "customer" in callers:
        yield from _missing(name, operation.errors, ("customer-token-not-valid",))


def _schema_errors(name: str, operation: Operation) -> Iterator[str]:
    """Yield errors in x-error-by-keyword and x-error-precedence."""
    raised: set[str] = set()
    for parameter in operation.parameters:
        raised |= violation_errors(_of_raw_value(parameter))
        yield from _keyword_errors(f"{name}, parameter {parameter.name}", parameter.schema)
    for media_type, body in operation.bodies.items():
        raised |= violation_errors(body.schema)
        yield from _keyword_errors(f"{name}, {media_type} body", body.schema)
    precedence = set(operation.violation_order)
    yield from _missing(name, operation.errors, sorted(raised | precedence))
    for error_id in sorted(raised - precedence):
        yield f"{name} can respond with {error_id}; add it to its x-error-precedence"


def _of_raw_value(parameter: Parameter) -> Document:
    """Return a parameter's schema without what no raw value breaks: each is a string or a list of
    strings, and no segment of a path is empty."""
    schema = dict(parameter.schema)
    if schema.get("type") == "array":
        schema["items"] = {key: value for key, value in schema["items"].items() if key != "type"}
    if schema.get("type") in ("string", "array"):
        del schema["type"]
    if parameter.where == "path" and schema.get("minLength") == 1:
        del schema["minLength"]
    return schema


def violation_errors(schema: Mapping[str, Any]) -> set[str]:
    """Return the ids of the errors that violations of a schema can cause."""
    mapped: Mapping[str, str] = schema.get("x-error-by-keyword", {})
    errors: set[str] = set()
    for keyword in MESSAGES.keys() & schema.keys():
        value = schema[keyword]
        if (keyword == "format" and value not in FORMATS) or (
            keyword == "additionalProperties" and value is not False
        ):
            continue
        errors |= {error for key, error in mapped.items() if key.startswith(f"{keyword}/")}
        if keyword != "required" or any(f"required/{field}" not in mapped for field in value):
            errors.add(mapped.get(keyword) or mapped.get(ANY_KEYWORD) or "schema-violation")
    for part in _subschemas(schema):
        errors |= violation_errors(part)
    return errors


def _keyword_errors(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    for key in schema.get("x-error-by-keyword", {}):
        keyword = key.partition("/")[0]
        if keyword != ANY_KEYWORD and keyword not in schema:
            yield f"{name}: x-error-by-keyword has {key}, but the schema has no {keyword}"
    for part in _subschemas(schema):
        yield from _keyword_errors(name, part)


def _subschemas(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from schema.get("properties", {}).values()
    yield from schema.get("allOf", ())
    yield from (schema[key] for key in _NESTED if isinstance(schema.get(key), dict))


def _magic_id_errors(name: str, operation: Operation) -> Iterator[str]:
    if operation.magic_id is None:
        return
    where, at = operation.magic_id
    if where == "path":
        names = [parameter.name for parameter in operation.parameters if parameter.where == "path"]
        if at not in names:
            yield f"{name}: x-magic-id names the path parameter {at!r}; use one of {_list(names)}"
    elif where != "body":
        yield f"{name}: x-magic-id is in {where!r}; write path:NAME or body:/POINTER"
    elif not operation.bodies:
        yield f"{name}: x-magic-id is in the body, but the operation has none"
    for body in operation.bodies.values() if where == "body" else ():
        schema: Mapping[str, Any] | None = body.schema
        for part in operation.magic_path:
            fields = {} if schema is None else properties(schema)
            schema = schema.get("items") if schema and isinstance(part, int) else fields.get(part)
        if schema is None:
            yield f"{name}: x-magic-id points to {at}, which the schema of the body does not have"


def _example_errors(contract: Contract) -> Iterator[str]:
    for entry in contract.error_entries():
        owner = "x-gateway-responses" if entry.operation == "*" else f"operation {entry.operation}"
        name = f"{owner}, error {entry.id}"
        if entry.provenance not in PROVENANCES:
            yield f"{name} has no valid x-provenance; use one of {_list(PROVENANCES)}"
        if not entry.trigger:
            yield f"{name} has no x-trigger; add a sentence that says what causes it"
        if entry.id == "internal-server-error" and not (
            "request_id" in entry.sample and "request_id" in entry.error
        ):
            yield f"{name} has no request_id; add one to its body and to its x-placeholders"


def _extension_key_errors(node: Any, path: tuple[str, ...]) -> Iterator[str]:
    if isinstance(node, list):
        for index, item in enumerate(node):
            yield from _extension_key_errors(item, (*path, str(index)))
    elif isinstance(node, dict):
        for key, value in node.items():
            text = str(key)
            if text.startswith("x-") and text not in EXTENSION_KEYS:
                place = " / ".join(path) or "the document"
                yield f"unknown key {text} in {place}; use one of {_list(EXTENSION_KEYS)}"
            elif text not in _OPAQUE:
                yield from _extension_key_errors(value, (*path, text))


def _missing(name: str, documented: Mapping[str, Any], required: Iterable[str]) -> Iterator[str]:
    for error_id in required:
        if error_id not in documented:
            yield f"{name} does not document {error_id}; add it as an example of a response"


def _missing_all(
    name: str, documented: Mapping[str, Any], alternatives: Iterable[str]
) -> Iterator[str]:
    """Yield an error unless one of the alternatives is documented."""
    if not documented.keys() & set(alternatives):
        either = " or ".join(alternatives)
        yield f"{name} does not document {either}; add it as an example of a response"


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
