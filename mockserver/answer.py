"""Answers: a reply or an error of the catalogue as a Flask response."""

from collections.abc import Iterator, Mapping
from typing import Any

from flask import Response

from mockserver import json_text
from mockserver.clock import pause
from mockserver.contract import JSON, Operation
from mockserver.errors import ErrorEntry, Violation
from mockserver.exchange import current
from mockserver.operations.call import Reply

MOST_VIOLATION_BYTES = 8 * 1024
NOTE_BYTES = 100
HEADERS = {"too-many-requests": {"Retry-After": "1"}}
"""What an error carries beside its body, however it comes about."""


def answer(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Response:
    """Return a response with a JSON body, or with none at all where `body` is None."""
    response = Response(
        b"" if body is None else json_text.dump(body),
        status=status,
        headers=dict(headers or {}),
        content_type=JSON,
    )
    if body is None:
        del response.headers["Content-Type"]
    return response


def answer_reply(operation: Operation, reply: Reply) -> Response:
    """Return an operation's response, with what was refused of the request beside what was done."""
    refused = [
        operation.errors[error.id].render(error.violations, **error.fields)["errors"][0]
        for error in reply.refused
    ]
    body = {**reply.body, "errors": refused} if refused else reply.body
    return answer(reply.status, body, reply.headers)


def answer_error(
    entry: ErrorEntry,
    violations: tuple[Violation, ...] = (),
    headers: Mapping[str, str] | None = None,
    **fields: Any,
) -> Response:
    """Return an error's response; `fields` fill the parts of its body that are samples."""
    exchange = current()
    exchange.error = entry.id
    exchange.violations = violations
    body = entry.render(violations, request_id=exchange.request_id, **fields)
    response = answer(entry.status, body, {**HEADERS.get(entry.id, {}), **(headers or {})})
    if violations:
        response.headers["Mock-Violations"] = violations_header(violations)
    return response


def dribble(body: bytes, chunks: int, duration_ms: float) -> Iterator[bytes]:
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
        if size > MOST_VIOLATION_BYTES:
            told.append({"note": f"{len(violations) - len(told)} more did not fit"})
            break
        told.append(one)
    return json_text.dump_ascii(told)
