"""openapi.yaml as a typed value, made once at the start: operations, validators, the catalog.

Everything else asks this value; nothing else reads the file.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, get_args

import yaml

from mockserver.core.errors import ErrorEntry, ErrorId, Violation
from mockserver.core.pointer import to_pointer
from mockserver.openapi.ref_resolver import resolve
from mockserver.openapi.schema import Validator
from mockserver.openapi.unknown_fields import KnownFields, properties

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
METHODS = ("get", "post", "put", "delete", "patch")
Document = dict[str, Any]


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

    def read(self, texts: list[str]) -> Any:
        """Return the typed value of a parameter's texts, or the text where it has no such type."""
        kind = self.schema.get("type")
        if kind == "array":
            return [part for text in texts for part in text.split(",")]
        text = texts[0]
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

        Returns the value to check, and a note on what was accepted, if anything.
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
        """Return which of several violations' errors is answered."""
        raised = {each.error for each in violations}
        return next(error for error in self.violation_order if error in raised)


@dataclass(frozen=True)
class Contract:
    """The whole contract; `text` is openapi.yaml as it is written."""

    text: bytes
    operations: tuple[Operation, ...]
    gateway: Mapping[str, ErrorEntry]
    outside: re.Pattern[str]
    """Matches the paths that a store has and this contract leaves out."""

    @classmethod
    def load(cls, path: Path) -> "Contract":
        """Read openapi.yaml. Raises ValueError when it and the code do not fit together."""
        text = path.read_bytes()
        document = yaml.load(text, yaml.CSafeLoader)
        resolved: Document = resolve(document, document, {})
        gateway = dict(_errors("*", resolved["x-gateway-responses"]))
        operations = tuple(
            _operation(path, method, item[method], item, gateway)
            for path, item in resolved["paths"].items()
            for method in METHODS
            if method in item
        )
        paths = (re.sub(r"\{\w+\}", "[^/]+", each) for each in document["x-unsupported-paths"])
        outside = re.compile(rf"({'|'.join(paths)})(/|$)")
        contract = cls(text, operations, gateway, outside)
        contract._check()
        return contract

    @cached_property
    def document(self) -> Document:
        """The document as it is written, read again by the few that show it."""
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

    def _check(self) -> None:
        unknown = self.error_ids() ^ set(get_args(ErrorId))
        if unknown:
            raise ValueError(
                f"openapi.yaml and mockserver/errors.py differ in the errors {sorted(unknown)}"
            )


def _operation(
    path: str, method: str, spec: Document, item: Document, gateway: Mapping[str, ErrorEntry]
) -> Operation:
    where, _, at = spec.get("x-magic-id", "").partition(":")
    magic = (where, at) if where else None
    request_body = ("paths", path, method, "requestBody", "content")
    return Operation(
        id=spec["operationId"],
        aliases=tuple(spec.get("x-aliases", ())),
        method=method.upper(),
        path=path,
        summary=spec["summary"],
        callers=frozenset(spec["x-allowed-callers"]),
        magic_id=magic,
        magic_path=_magic_path(*magic) if magic else (),
        parameters=_parameters(path, method, item),
        bodies={
            media_type: _body(content, to_pointer((*request_body, media_type)))
            for media_type, content in spec.get("requestBody", {}).get("content", {}).items()
        },
        violation_order=tuple(spec.get("x-error-precedence", ())),
        errors=dict(_errors(spec["operationId"], spec["responses"])) | dict(gateway),
        statuses=tuple(int(status) for status in spec["responses"]),
    )


def _magic_path(where: str, at: str) -> tuple[Any, ...]:
    """Return where a magic id stands in the parameters of the path, or in the body."""
    if where == "path":
        return (at,)
    return tuple(int(part) if part.isdecimal() else part for part in at.split("/")[1:])


def _parameters(path: str, method: str, item: Document) -> tuple[Parameter, ...]:
    """Return the parameters of a path and of an operation; the operation's own come first."""
    found = {
        (each["name"], each["in"]): _parameter(each, to_pointer((*place, "parameters", index)))
        for place, owner in ((("paths", path), item), (("paths", path, method), item[method]))
        for index, each in enumerate(owner.get("parameters", ()))
    }
    return tuple(found.values())


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
    return Body(
        schema=documented,
        validator=Validator(documented),
        known_fields=KnownFields(documented),
        lenient=lenient[0] if lenient else None,
        example=next(iter(content["examples"].values()))["value"],
        spec=f"#{pointer}/schema" + ("/anyOf/0" if lenient else ""),
    )


def _errors(operation: str, responses: Document) -> Iterator[tuple[str, ErrorEntry]]:
    for status, response in responses.items():
        if int(status) < 400:
            continue
        for name, example in response["content"][JSON]["examples"].items():
            yield (
                name,
                ErrorEntry(
                    id=name,
                    operation=operation,
                    status=int(status),
                    body=example["value"],
                    provenance=example["x-provenance"],
                    trigger=example["x-trigger"],
                    sample=example.get("x-placeholders", {}),
                ),
            )
