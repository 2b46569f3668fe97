"""Responses: a result or an error of the catalog as status, headers and bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from flask import Response as FlaskResponse

from mockserver.core import json_text
from mockserver.core.clock import pause
from mockserver.core.errors import ErrorEntry, Violation
from mockserver.http.context import RequestContext
from mockserver.openapi.contract import JSON, Operation
from mockserver.operations.base import OperationResult

MAX_VIOLATION_BYTES = 8 * 1024
NOTE_BYTES = 100
HEADERS = {"too-many-requests": {"Retry-After": "1"}}
"""The headers of an error, whether it is forced or not."""
_LINES = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}


@dataclass(slots=True)
class Response:
    """One response, before it is sent."""

    status: int
    headers: dict[str, str]
    body: bytes = b""

    def send(self, method: str, start_response: Any, body: Iterable[bytes] = ()) -> Iterable[bytes]:
        """Send the response as a WSGI application, with `body` as another iterable of its body.

        Granian sends a list at once, and any other iterable piece by piece.
        """
        start_response(_LINES[self.status], list(self.headers.items()))
        if method == "HEAD":
            return []
        return body or [self.body]

    def to_flask(self) -> FlaskResponse:
        response = FlaskResponse(self.body, self.status, self.headers)
        if "Content-Type" not in self.headers:
            del response.headers["Content-Type"]  # Flask's default
        return response


def json_response(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Response:
    """Return a response with a JSON body, or without a body if it is None."""
    if body is None:
        return Response(status, {**headers} if headers else {})
    text = json_text.dump(body)
    own = {"Content-Type": JSON, "Content-Length": str(len(text))}
    return Response(status, {**own, **headers} if headers else own, text)


def flask_response(
    status: int, body: Any, headers: Mapping[str, str] | None = None
) -> FlaskResponse:
    """Return Flask's response with a JSON body, or without a body if it is None."""
    return json_response(status, body, headers).to_flask()


def result_response(operation: Operation, result: OperationResult) -> Response:
    """Return an operation's response, with the errors of failed parts beside the data."""
    if not result.partial_errors:
        return json_response(result.status, result.body, result.headers)
    errors = [
        operation.errors[error.id].render(error.violations, **error.fields)["errors"][0]
        for error in result.partial_errors
    ]
    return json_response(result.status, {**result.body, "errors": errors}, result.headers)


def error_response(
    context: RequestContext,
    entry: ErrorEntry,
    violations: tuple[Violation, ...] = (),
    headers: Mapping[str, str] | None = None,
    **fields: Any,
) -> Response:
    """Return an error's response; `fields` replace the placeholders of its body."""
    context.error = entry.id
    context.violations = violations
    body = entry.render(violations, request_id=context.request_id, **fields)
    response = json_response(entry.status, body, {**HEADERS.get(entry.id, {}), **(headers or {})})
    if violations:
        response.headers["Mock-Violations"] = violations_header(violations)
    return response


def stream_slowly(body: bytes, chunks: int, duration_ms: float) -> Iterator[bytes]:
    """Yield a body in chunks, spread over a duration."""
    size = max(1, -(-len(body) // chunks))
    for start in range(0, len(body), size):
        pause(duration_ms / chunks)
        yield body[start : start + size]


def violations_header(violations: tuple[Violation, ...]) -> str:
    """Return the violations as JSON of at most 8 kB, with a note if some did not fit."""
    items: list[dict[str, Any]] = []
    size = NOTE_BYTES
    for violation in violations:
        item = {name: value for name, value in violation.to_dict().items() if name != "spec"}
        size += len(json_text.dump_ascii(item)) + 1
        if size > MAX_VIOLATION_BYTES:
            items.append({"note": f"{len(violations) - len(items)} more did not fit"})
            break
        items.append(item)
    return json_text.dump_ascii(items)
