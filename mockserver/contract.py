"""openapi.yaml as a typed value, made once at the start: operations, validators, the catalogue.

Everything else asks this value; nothing else reads the file.
"""

import copy
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Any, get_args
from urllib.parse import quote as percent_encode

import yaml

from mockserver import schema
from mockserver.errors import ErrorId, Violation
from mockserver.pointer import to_pointer

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
METHODS = ("get", "post", "put", "delete", "patch")
Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ErrorEntry:
    """One error of one operation (of every operation, where `operation` is `*`)."""

    id: str
    operation: str
    status: int
    body: Document
    provenance: str
    trigger: str
    sample: Mapping[str, Any]

    @property
    def error(self) -> Document:
        """The documented error object itself."""
        first: Document = self.body["errors"][0]
        return first

    def render(self, violations: Iterable[Violation] = (), **fields: Any) -> Document:
        """Return the body: as documented, or for a schema violation one entry per violation."""
        broken = [each for each in violations if each.error == self.id]
        if self.id == "schema-violation" and broken:
            return {"errors": [self._violated(each) for each in broken]}
        body = self.body
        for name, sample in self.sample.items():
            if name in fields:
                body = _fill(body, sample, fields[name])
        return body

    def _violated(self, violation: Violation) -> Document:
        return {
            "status": self.error["status"],
            "title": violation.keyword,
            "detail": violation.message,
            "source": violation.source,
        }


@dataclass(frozen=True, slots=True)
class Parameter:
    """A path or query parameter."""

    name: str
    where: str
    required: bool
    schema: Document
    validator: Any
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
    validator: Any
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
        known = _property_names(self.lenient)
        if isinstance(value, dict) and "data" not in value and known & value.keys():
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
    parameters: tuple[Parameter, ...]
    bodies: Mapping[str, Body]
    violation_order: tuple[str, ...]
    errors: Mapping[str, ErrorEntry]
    statuses: tuple[int, ...]

    @property
    def rule(self) -> str:
        """The path as Flask writes it."""
        return self.path.replace("{", "<").replace("}", ">")

    def first_error(self, violations: Iterable[Violation]) -> str:
        """Return which of several violations' errors is answered."""
        raised = {each.error for each in violations}
        return next(error for error in self.violation_order if error in raised)


@dataclass(frozen=True, slots=True)
class Contract:
    """The whole contract."""

    text: bytes
    document: Document
    operations: tuple[Operation, ...]
    gateway: Mapping[str, ErrorEntry]

    @classmethod
    def load(cls, path: Path) -> "Contract":
        """Read openapi.yaml. Raises ValueError when it and the code do not fit together."""
        text = path.read_bytes()
        document = yaml.load(text, yaml.CSafeLoader)
        resolved: Document = _resolve(document, document, {})
        gateway = dict(_errors("*", resolved["x-gateway-responses"]))
        operations = tuple(
            _operation(path, method, item[method], item, gateway)
            for path, item in resolved["paths"].items()
            for method in METHODS
            if method in item
        )
        contract = cls(text, document, operations, gateway)
        contract._check()
        return contract

    def operation(self, name: str) -> Operation | None:
        """Return the operation of an operationId or of one of its aliases."""
        return next((op for op in self.operations if name in (op.id, *op.aliases)), None)

    @property
    def operation_ids(self) -> frozenset[str]:
        """The id of every operation."""
        return frozenset(operation.id for operation in self.operations)

    def catalogue(self) -> Iterator[ErrorEntry]:
        """Yield every error: the gateway's, then operation by operation."""
        yield from self.gateway.values()
        for operation in self.operations:
            yield from (e for e in operation.errors.values() if e.operation != "*")

    def error_ids(self) -> set[str]:
        """Return the id of every error."""
        return {entry.id for entry in self.catalogue()}

    def describe(self, entry: ErrorEntry, magic: Mapping[str, str], base_url: str) -> Document:
        """Return a catalogue entry with the ways to provoke it.

        `magic` maps the fixtures' magic ids to error ids.
        """
        operation = self.operation(entry.operation) or self.operation("getCarts")
        assert operation is not None  # _check saw to it
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

    def _check(self) -> None:
        unknown = self.error_ids() ^ set(get_args(ErrorId))
        if unknown:
            raise ValueError(
                f"openapi.yaml and mockserver/errors.py differ in the errors {sorted(unknown)}"
            )


def _operation(
    path: str, method: str, spec: Document, item: Document, gateway: Mapping[str, ErrorEntry]
) -> Operation:
    magic = spec.get("x-magic-id")
    request_body = ("paths", path, method, "requestBody", "content")
    return Operation(
        id=spec["operationId"],
        aliases=tuple(spec.get("x-aliases", ())),
        method=method.upper(),
        path=path,
        summary=spec["summary"],
        callers=frozenset(spec["x-callers"]),
        magic_id=tuple(magic.split(":", 1)) if magic else None,
        parameters=tuple(
            _parameter(each, to_pointer((*place, "parameters", index)))
            for place, each_of in (
                (("paths", path), item.get("parameters", ())),
                (("paths", path, method), spec.get("parameters", ())),
            )
            for index, each in enumerate(each_of)
        ),
        bodies={
            media_type: _body(content, to_pointer((*request_body, media_type)))
            for media_type, content in spec.get("requestBody", {}).get("content", {}).items()
        },
        violation_order=tuple(spec.get("x-violation-order", ())),
        errors=dict(_errors(spec["operationId"], spec["responses"])) | dict(gateway),
        statuses=tuple(int(status) for status in spec["responses"]),
    )


def _parameter(spec: Document, pointer: str) -> Parameter:
    examples = list(spec.get("examples", {}).values())
    return Parameter(
        name=spec["name"],
        where=spec["in"],
        required=spec.get("required", False),
        schema=spec["schema"],
        validator=schema.validator(spec["schema"]),
        example=examples[0]["value"] if examples else None,
        spec=f"#{pointer}/schema",
    )


def _body(content: Document, pointer: str) -> Body:
    documented, *lenient = content["schema"].get("anyOf", [content["schema"]])
    return Body(
        schema=documented,
        validator=schema.validator(documented),
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
                    sample=example.get("x-sample", {}),
                ),
            )


def _resolve(node: Any, document: Document, done: dict[str, Any]) -> Any:
    """Return a node with every `$ref` replaced by what it names; keywords beside it win."""
    if isinstance(node, list):
        return [_resolve(each, document, done) for each in node]
    if not isinstance(node, dict):
        return node
    reference = node.get("$ref")
    if not isinstance(reference, str):
        return {key: _resolve(value, document, done) for key, value in node.items()}
    if reference not in done:
        target: Any = document
        for part in reference.removeprefix("#/").split("/"):
            target = target[part]
        done[reference] = _resolve(target, document, done)
    beside = {k: _resolve(v, document, done) for k, v in node.items() if k != "$ref"}
    return {**done[reference], **beside}


def _property_names(spec: Document) -> set[str]:
    names = set(spec.get("properties", ()))
    for part in spec.get("allOf", ()):
        names |= _property_names(part)
    return names


def _fill(node: Any, sample: Any, value: Any) -> Any:
    """Return a copy of a body with each occurrence of a sample replaced by the real value."""
    if isinstance(node, dict):
        return {key: _fill(each, sample, value) for key, each in node.items()}
    if isinstance(node, list):
        return [_fill(each, sample, value) for each in node]
    if type(node) is type(sample) and node == sample:
        return copy.copy(value)
    if isinstance(node, str) and isinstance(sample, str):
        return node.replace(sample, str(value))
    return node


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
