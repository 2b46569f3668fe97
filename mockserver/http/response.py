"""Answers: a reply or an error of the catalog as status, headers and bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from flask import Response

from mockserver.core import json_text
from mockserver.core.clock import pause
from mockserver.core.errors import ErrorEntry, Violation
from mockserver.http.context import RequestContext
from mockserver.openapi.contract import JSON, Operation
from mockserver.operations.base import OperationResult

MAX_VIOLATION_BYTES = 8 * 1024
NOTE_BYTES = 100
HEADERS = {"too-many-requests": {"Retry-After": "1"}}
"""What an error carries beside its body, however it comes about."""
_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


@dataclass(slots=True)
class Answer:
    """One answer, before it is sent."""

    status: int
    headers: dict[str, str]
    body: bytes = b""

    def send(self, method: str, start_response: Any, body: Iterable[bytes] = ()) -> Iterable[bytes]:
        """Send it as WSGI does, with another way to the same `body` where one is given.

        A list is what Granian sends in one go; from anything else it fetches piece by piece.
        """
        start_response(_LINES[self.status], list(self.headers.items()))
        if method == "HEAD":
            return []
        return body or [self.body]

    def response(self) -> Response:
        """Return it as Flask's response."""
        response = Response(self.body, self.status, self.headers)
        if "Content-Type" not in self.headers:
            del response.headers["Content-Type"]  # Flask's default
        return response


def json_response(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Answer:
    """Return an answer with a JSON body, or with none at all where `body` is None."""
    if body is None:
        return Answer(status, {**headers} if headers else {})
    text = json_text.dump(body)
    own = {"Content-Type": JSON, "Content-Length": str(len(text))}
    return Answer(status, {**own, **headers} if headers else own, text)


def answer(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Response:
    """Return Flask's response with a JSON body, or with none at all where `body` is None."""
    return json_response(status, body, headers).response()


def result_response(operation: Operation, reply: OperationResult) -> Answer:
    """Return an operation's answer, with what was refused of the request beside what was done."""
    if not reply.partial_errors:
        return json_response(reply.status, reply.body, reply.headers)
    refused = [
        operation.errors[error.id].render(error.violations, **error.fields)["errors"][0]
        for error in reply.partial_errors
    ]
    return json_response(reply.status, {**reply.body, "errors": refused}, reply.headers)


def error_response(
    context: RequestContext,
    entry: ErrorEntry,
    violations: tuple[Violation, ...] = (),
    headers: Mapping[str, str] | None = None,
    **fields: Any,
) -> Answer:
    """Return an error's answer; `fields` fill the parts of its body that are samples."""
    context.error = entry.id
    context.violations = violations
    body = entry.render(violations, request_id=context.request_id, **fields)
    told = json_response(entry.status, body, {**HEADERS.get(entry.id, {}), **(headers or {})})
    if violations:
        told.headers["Mock-Violations"] = violations_header(violations)
    return told


def stream_slowly(body: bytes, chunks: int, duration_ms: float) -> Iterator[bytes]:
    """Yield a body in pieces, spread over a duration."""
    size = max(1, -(-len(body) // chunks))
    for start in range(0, len(body), size):
        pause(duration_ms / chunks)
        yield body[start : start + size]


def violations_header(violations: tuple[Violation, ...]) -> str:
    """Return all violations as JSON of at most 8 kB, with a note where some did not fit."""
    told: list[dict[str, Any]] = []
    size = NOTE_BYTES
    for violation in violations:
        one = {name: each for name, each in violation.show().items() if name != "spec"}
        size += len(json_text.dump_ascii(one)) + 1
        if size > MAX_VIOLATION_BYTES:
            told.append({"note": f"{len(violations) - len(told)} more did not fit"})
            break
        told.append(one)
    return json_text.dump_ascii(told)
