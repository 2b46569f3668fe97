"""A request to an operation: parsed, then validated against the contract.

Parsing keeps the errors of a body for the validation, so that the order of the checks is that of
contract.md §2.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import IO, Any
from urllib.parse import parse_qsl

from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.wsgi import get_input_stream

from mockserver.core import json_text, pointer
from mockserver.core.errors import ApiError, Violation
from mockserver.core.wsgi import Environ, header_key
from mockserver.openapi.contract import FORM, JSON, Operation, Parameter

MAX_BODY_BYTES = 1024 * 1024


@dataclass(slots=True)
class ParsedRequest:
    """A parsed request; `malformed` is the syntax error of its body, `note` a note about it."""

    operation: Operation
    path: Mapping[str, str]
    query: Mapping[str, list[str]]
    media_type: str
    raw: bytes
    body: Any
    malformed: str | None
    note: str | None
    environ: Environ

    def raw_values(self, parameter: Parameter) -> list[str]:
        """Return the values of a parameter in the request."""
        if parameter.where == "path":
            return [self.path[parameter.name]]
        if parameter.where == "header":
            text = self.environ.get(header_key(parameter.name))
            return [] if text is None else [text]
        return self.query.get(parameter.name, [])


def parse(environ: Environ, operation: Operation, path: Mapping[str, str]) -> ParsedRequest:
    """Return the parsed request. Raises ApiError only for a body that is too large."""
    malformed, note, body = None, None, None
    try:
        raw = body_of(environ)
    except RequestEntityTooLarge:
        raise ApiError("payload-too-large") from None
    except ClientDisconnected:
        raw, malformed = b"", "the body ended too early"
    media_type = _media_type(environ)
    if FORM in operation.bodies and media_type in operation.bodies:
        # some clients declare JSON but send a form
        media_type = JSON if raw.lstrip().startswith((b"{", b"[")) else FORM
    if raw:
        try:
            body = _form(raw) if media_type == FORM else json_text.parse(raw)
        except json_text.MalformedJson as error:
            malformed = str(error)
    if documented := operation.bodies.get(media_type):
        body, note = documented.normalise(body)
    query = _query(environ)
    return ParsedRequest(operation, path, query, media_type, raw, body, malformed, note, environ)


def read_body_eagerly(environ: Environ) -> bool:
    """Read a body with a moderate Content-Length, and return whether that is all of it.

    Any other body, such as a chunked one, is read later, with a limit.
    """
    if "HTTP_TRANSFER_ENCODING" in environ:
        return False
    if not environ.get("CONTENT_LENGTH"):
        return True
    size = _content_length(environ)
    if size is None:
        return False
    try:
        environ["wsgi.input"] = BytesIO(_read_exactly(size, environ["wsgi.input"]))
    except OSError:  # the client has closed the connection
        environ["wsgi.input"] = BytesIO()
    return True


def body_of(environ: Environ) -> bytes:
    """Return a request's body. Raises RequestEntityTooLarge for more than a mebibyte, and
    ClientDisconnected for less than its Content-Length."""
    is_chunked = "HTTP_TRANSFER_ENCODING" in environ
    if not is_chunked and not environ.get("CONTENT_LENGTH"):
        return b""
    size = None if is_chunked else _content_length(environ)
    stream: IO[bytes] = environ["wsgi.input"]
    if size is None:
        stream = get_input_stream(environ, max_content_length=MAX_BODY_BYTES + 1)
    try:
        raw = stream.read()
    except OSError:
        raise ClientDisconnected from None
    if len(raw) > MAX_BODY_BYTES:
        raise RequestEntityTooLarge
    if size is not None and len(raw) < size:
        raise ClientDisconnected
    return raw


def _content_length(environ: Environ) -> int | None:
    """Return the Content-Length; None if it is too large or no number."""
    text: str = environ.get("CONTENT_LENGTH", "")
    size = int(text) if text.isdecimal() and len(text) < 8 else MAX_BODY_BYTES + 1
    return size if size <= MAX_BODY_BYTES else None


def _read_exactly(size: int, stream: IO[bytes]) -> bytes:
    """Return `size` bytes, or fewer if the stream ends before."""
    raw = stream.read(size)
    while len(raw) < size and (more := stream.read(size - len(raw))):
        raw += more
    return raw


def validate(request: ParsedRequest) -> dict[str, Any]:
    """Return the typed parameters of a valid request. Raises ApiError for an invalid one."""
    operation = request.operation
    if request.raw and request.media_type not in (operation.bodies or (JSON,)):
        raise ApiError("unsupported-media-type")
    body = operation.bodies.get(request.media_type) or next(iter(operation.bodies.values()), None)
    if body is not None and request.malformed is not None:
        raise _malformed(operation, request.malformed)
    params, violations = _parameters(request)
    if body is not None:
        violations += body.validator.violations(request.body, "body", spec=body.spec, bounded=True)
    if violations:
        error: Any = operation.first_error(violations)
        raise ApiError(error, tuple(violations), **_invalid_value(request, violations, error))
    return params


def _media_type(environ: Environ) -> str:
    """Return the media type of the body, JSON by default."""
    content_type = environ.get("CONTENT_TYPE") or JSON
    return JSON if content_type == JSON else parse_options_header(content_type)[0].lower() or JSON


def _query(environ: Environ) -> dict[str, list[str]]:
    """Return the query's values by name; invalid UTF-8 stays percent-encoded."""
    text = environ.get("QUERY_STRING")
    query: dict[str, list[str]] = {}
    if text:
        text = text.encode("latin-1").decode("utf-8", "replace")
        for name, value in parse_qsl(text, keep_blank_values=True, errors="werkzeug.url_quote"):
            query.setdefault(name, []).append(value)
    return query


def _form(raw: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(raw.decode("utf-8"), keep_blank_values=True, max_num_fields=100)
    except ValueError as error:
        raise json_text.MalformedJson(str(error)) from None
    return dict(pairs)


def _malformed(operation: Operation, reason: str) -> ApiError:
    """Return the error for a body that can't be parsed: associations have their own."""
    error: Any = (
        "malformed-json" if "malformed-json" in operation.errors else "invalid-json-payload"
    )
    return ApiError(error, (Violation("body", "", "json", reason, "request", error),))


def _parameters(request: ParsedRequest) -> tuple[dict[str, Any], list[Violation]]:
    params: dict[str, Any] = {}
    violations: list[Violation] = []
    for parameter in request.operation.parameters:
        if raw_values := request.raw_values(parameter):
            value = params[parameter.name] = parameter.read(raw_values)
            violations += parameter.validator.violations(
                value, parameter.where, parameter.name, parameter.spec, bounded=True
            )
    return params, violations


def _invalid_value(
    request: ParsedRequest, violations: Iterable[Violation], error: str
) -> dict[str, Any]:
    """Return the value and the place of the first violation that causes an error."""
    first = next(violation for violation in violations if violation.error == error)
    return {
        "value": pointer.find(request.body, first.pointer),
        "source": first.source,
    }
