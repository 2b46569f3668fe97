"""openapi.yaml as typed values: operations, validators, errors. Nothing else reads the file."""

import re
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, get_args

import yaml

from mockserver.core.errors import ErrorEntry, ErrorId, Violation
from mockserver.core.pointer import to_pointer
from mockserver.openapi.schema import Validator
from mockserver.openapi.unknown_fields import KnownFields, properties

ERROR_IDS = frozenset(get_args(ErrorId))
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
METHODS = ("get", "post", "put", "delete", "patch")
Document = dict[str, Any]


class ContractError(ValueError):
    """openapi.yaml can't be read, or does not fit the code: one message per line."""

    def __init__(self, messages: Iterable[str]) -> None:
        super().__init__("\n".join(messages))


@dataclass(frozen=True, slots=True)
class Parameter:
    """A path, query or header parameter."""

    name: str
    where: str
    required: bool
    schema: Document
    validator: Validator
    example: Any
    spec: str

    def read(self, raw_values: list[str]) -> Any:
        """Return the typed value of the raw values, or the first of them if it has another type."""
        kind = self.schema.get("type")
        if kind == "array":
            return [part for text in raw_values for part in text.split(",")]
        text = raw_values[0]
        if kind == "integer" and re.fullmatch(r"-?\d{1,15}", text, re.ASCII):
            return int(text)
        return text


@dataclass(frozen=True, slots=True)
class Body:
    """A request body of one media type."""

    schema: Document
    validator: Validator
    known_fields: KnownFields
    lenient: Document | None
    example: Any
    spec: str

    def normalise(self, value: Any) -> tuple[Any, str | None]:
        """Wrap a shape that real clients send although it is not the documented one.

        Returns the value to validate, and a note on the accepted shape if it was wrapped.
        """
        if self.lenient is None:
            return value, None
        if isinstance(value, list) and self.lenient.get("type") == "array":
            return {"data": value}, self.lenient["x-lenient"]
        if (
            isinstance(value, dict)
            and "data" not in value
            and properties(self.lenient).keys() & value.keys()
        ):
            return {"data": value}, self.lenient["x-lenient"]
        return value, None


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the contract."""

    id: str
    aliases: tuple[str, ...]
    method: str
    path: str
    summary: str
    callers: frozenset[str]
    magic_id: tuple[str, str] | None
    magic_path: tuple[Any, ...]
    parameters: tuple[Parameter, ...]
    bodies: Mapping[str, Body]
    violation_order: tuple[str, ...]
    errors: Mapping[str, ErrorEntry]
    statuses: tuple[int, ...]

    def first_error(self, violations: Iterable[Violation]) -> str:
        """Return the error to respond with, if several violations cause different ones."""
        raised = {violation.error for violation in violations}
        return next(error for error in self.violation_order if error in raised)


@dataclass(frozen=True)
class Contract:
    """The whole contract; `text` is the source of openapi.yaml."""

    text: bytes
    operations: tuple[Operation, ...]
    gateway: Mapping[str, ErrorEntry]
    unsupported_paths: re.Pattern[str]
    """Matches the paths of the real API that this contract leaves out."""

    @classmethod
    def load(cls, path: Path) -> "Contract":
        """Read openapi.yaml. Raises ContractError for syntax errors and dangling references."""
        text = path.read_bytes()
        try:
            document = yaml.load(text, yaml.CSafeLoader)
            resolved: Document = resolve(document, document, {})
        except (yaml.YAMLError, LookupError) as error:
            raise ContractError([f"openapi.yaml: {error}"]) from None
        gateway = dict(_errors("*", resolved.get("x-gateway-responses", {})))
        operations = tuple(
            _operation(path, method, item[method], item, gateway)
            for path, item in resolved["paths"].items()
            for method in METHODS
            if method in item
        )
        paths = (re.sub(r"\{\w+\}", "[^/]+", path) for path in document["x-unsupported-paths"])
        unsupported_paths = re.compile(rf"({'|'.join(paths)})(/|$)")
        return cls(text, operations, gateway, unsupported_paths)

    @cached_property
    def document(self) -> Document:
        """The document with its references, parsed again when it is first needed."""
        document: Document = yaml.load(self.text, yaml.CSafeLoader)
        return document

    def operation(self, name: str) -> Operation | None:
        """Return the operation of an operationId or of one of its aliases."""
        return next((op for op in self.operations if name in (op.id, *op.aliases)), None)

    @property
    def operation_ids(self) -> frozenset[str]:
        """The id of every operation."""
        return frozenset(operation.id for operation in self.operations)

    def error_entries(self) -> Iterator[ErrorEntry]:
        """Yield every error: the gateway's, then operation by operation."""
        yield from self.gateway.values()
        for operation in self.operations:
            yield from (e for e in operation.errors.values() if e.operation != "*")

    def error_ids(self) -> set[str]:
        """Return the id of every error."""
        return {entry.id for entry in self.error_entries()}

    def binding_errors(self, functions: Set[str]) -> list[str]:
        """Return how the contract and the code differ; `functions` are the keys of OPERATIONS.

        Fast enough for each start. `openapi.checks.contract_errors` checks the rest.
        """
        return [
            *(
                f"openapi.yaml: operation {operation_id} has no function; add it to OPERATIONS in "
                "mockserver/operations/__init__.py"
                for operation_id in sorted(self.operation_ids - functions)
            ),
            *(
                f"mockserver/operations/__init__.py: the function of {operation_id} has no "
                "operation; add the operation to openapi.yaml or remove the function"
                for operation_id in sorted(functions - self.operation_ids)
            ),
            *(
                f"openapi.yaml: error {error_id} is unknown to the code; add it to ErrorId in "
                "mockserver/core/errors.py"
                for error_id in sorted(self.error_ids() - ERROR_IDS)
            ),
            *(
                f"mockserver/core/errors.py: no operation documents {error_id}; add it to a "
                "response in openapi.yaml or remove it from ErrorId"
                for error_id in sorted(ERROR_IDS - self.error_ids())
            ),
        ]


def resolve(node: Any, document: Document, done: dict[str, Any]) -> Any:
    """Return a node with every `$ref` replaced by its target; keywords beside it take precedence.

    `done` caches the targets. Raises LookupError for a reference without a target.
    """
    if isinstance(node, list):
        return [resolve(item, document, done) for item in node]
    if not isinstance(node, dict):
        return node
    reference = node.get("$ref")
    if not isinstance(reference, str):
        return {key: resolve(value, document, done) for key, value in node.items()}
    if reference not in done:
        target: Any = document
        for part in reference.removeprefix("#/").split("/"):
            if part not in target:
                raise LookupError(f"the reference {reference} has no target")
            target = target[part]
        done[reference] = resolve(target, document, done)
    siblings = {k: resolve(v, document, done) for k, v in node.items() if k != "$ref"}
    return {**done[reference], **siblings}


def _operation(
    path: str, method: str, spec: Document, item: Document, gateway: Mapping[str, ErrorEntry]
) -> Operation:
    operation_id = spec.get("operationId", f"{method.upper()} {path}")
    where, _, at = spec.get("x-magic-id", "").partition(":")
    magic = (where, at) if where else None
    request_body = ("paths", path, method, "requestBody", "content")
    return Operation(
        id=operation_id,
        aliases=tuple(spec.get("x-aliases", ())),
        method=method.upper(),
        path=path,
        summary=spec.get("summary", ""),
        callers=frozenset(spec.get("x-allowed-callers", ())),
        magic_id=magic,
        magic_path=_magic_path(*magic) if magic else (),
        parameters=_parameters(path, method, item),
        bodies={
            media_type: _body(content, to_pointer((*request_body, media_type)))
            for media_type, content in spec.get("requestBody", {}).get("content", {}).items()
        },
        violation_order=tuple(spec.get("x-error-precedence", ())),
        errors=dict(_errors(operation_id, spec["responses"])) | dict(gateway),
        statuses=tuple(int(status) for status in spec["responses"]),
    )


def _magic_path(where: str, at: str) -> tuple[Any, ...]:
    """Return the path to a magic id in the path parameters or in the body."""
    if where == "path":
        return (at,)
    return tuple(int(part) if part.isdecimal() else part for part in at.split("/")[1:])


def _parameters(path: str, method: str, item: Document) -> tuple[Parameter, ...]:
    """Return the parameters of a path and of an operation; the operation's own come first."""
    parameters = {
        (spec["name"], spec["in"]): _parameter(spec, to_pointer((*place, "parameters", index)))
        for place, owner in ((("paths", path), item), (("paths", path, method), item[method]))
        for index, spec in enumerate(owner.get("parameters", ()))
    }
    return tuple(parameters.values())


def _parameter(spec: Document, pointer: str) -> Parameter:
    examples = list(spec.get("examples", {}).values())
    return Parameter(
        name=spec["name"],
        where=spec["in"],
        required=spec.get("required", False),
        schema=spec["schema"],
        validator=Validator(spec["schema"]),
        example=examples[0]["value"] if examples else None,
        spec=f"#{pointer}/schema",
    )


def _body(content: Document, pointer: str) -> Body:
    documented, *lenient = content["schema"].get("anyOf", [content["schema"]])
    examples = list(content.get("examples", {}).values())
    return Body(
        schema=documented,
        validator=Validator(documented),
        known_fields=KnownFields(documented),
        lenient=lenient[0] if lenient else None,
        example=examples[0]["value"] if examples else None,
        spec=f"#{pointer}/schema" + ("/anyOf/0" if lenient else ""),
    )


def _errors(operation: str, responses: Document) -> Iterator[tuple[str, ErrorEntry]]:
    for status, response in responses.items():
        if int(status) < 400:
            continue
        examples = response.get("content", {}).get(JSON, {}).get("examples", {})
        for name, example in examples.items():
            yield (
                name,
                ErrorEntry(
                    id=name,
                    operation=operation,
                    status=int(status),
                    body=example["value"],
                    provenance=example.get("x-provenance", ""),
                    trigger=example.get("x-trigger", ""),
                    sample=example.get("x-placeholders", {}),
                ),
            )
