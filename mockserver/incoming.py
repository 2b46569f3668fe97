"""One request to an operation, read and held against the contract.

Reading never judges: what is wrong with a body is kept and told in its turn, so that the order of
the checks stays contract.md §2's.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from flask import Request
from werkzeug.datastructures import Headers
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.sansio.utils import get_host

from mockserver import json_text, pointer, schema
from mockserver.contract import FORM, JSON, Operation, Parameter
from mockserver.errors import ApiError, Violation

MOST_BODY_BYTES = 1024 * 1024
_HOST = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request as it was read: its parsed body, or why that is none, and what to note about it."""

    operation: Operation
    path: dict[str, str]
    query: dict[str, list[str]]
    media_type: str
    raw: bytes
    body: Any
    malformed: str | None
    note: str | None
    headers: Headers = field(default_factory=Headers)

    def texts(self, parameter: Parameter) -> list[str]:
        """Return what the request gives for a parameter."""
        if parameter.where == "path":
            return [self.path[parameter.name]]
        if parameter.where == "header":
            return self.headers.getlist(parameter.name)
        return self.query.get(parameter.name, [])


def read(request: Request, operation: Operation, path: dict[str, str]) -> Incoming:
    """Read and parse a request. Raises ApiError only for a body that is too large to be read."""
    malformed, note, body = None, None, None
    try:
        raw = body_of(request)
    except RequestEntityTooLarge:
        raise ApiError("payload-too-large") from None
    except ClientDisconnected:
        raw, malformed = b"", "the body ended too early"
    media_type = request.mimetype or JSON
    if FORM in operation.bodies and media_type in operation.bodies:
        # clients declare JSON and send a form: the content tells
        media_type = JSON if raw.lstrip().startswith((b"{", b"[")) else FORM
    if raw:
        try:
            body = _form(raw) if media_type == FORM else json_text.parse(raw)
        except json_text.MalformedJson as error:
            malformed = str(error)
    if documented := operation.bodies.get(media_type):
        body, note = documented.normalise(body)
    query = {name: request.args.getlist(name) for name in request.args}
    return Incoming(operation, path, query, media_type, raw, body, malformed, note, request.headers)


def body_of(request: Request) -> bytes:
    """Return a request's body. Raises RequestEntityTooLarge for more than a mebibyte, and
    ClientDisconnected for less than was promised."""
    try:
        raw = request.get_data(cache=False)
    except OSError:
        raise ClientDisconnected from None
    if len(raw) > MOST_BODY_BYTES:
        raise RequestEntityTooLarge
    if len(raw) < (request.content_length or 0):
        raise ClientDisconnected
    return raw


def base_url(request: Request) -> str:
    """Return what links begin with: the server, and the path that named the sandbox, if one did."""
    return server_url(request) + request.root_path


def server_url(request: Request) -> str:
    """Return scheme, host and port by which the server was called."""
    return f"{request.scheme}://{host(request)}"


def host(request: Request) -> str:
    """Return the host and port that were asked, or the server's own for a text that is none."""
    asked = request.headers.get("Host", "")
    return asked if _is_host(asked) else get_host(request.scheme, None, request.server)


def _is_host(text: str) -> bool:
    """Whether a text is a host that a link can name: what brackets hold must be an address."""
    try:
        return _HOST.fullmatch(text) is not None and urlsplit(f"//{text}").hostname is not None
    except ValueError:
        return False


def check(incoming: Incoming) -> dict[str, Any]:
    """Return the typed parameters of a request that the contract allows; else raise ApiError."""
    operation = incoming.operation
    if incoming.raw and incoming.media_type not in (operation.bodies or (JSON,)):
        raise ApiError("unsupported-media-type")
    body = operation.bodies.get(incoming.media_type) or next(iter(operation.bodies.values()), None)
    if body is not None and incoming.malformed is not None:
        raise _malformed(operation, incoming.malformed)
    params, found = _parameters(incoming)
    if body is not None:
        found += schema.violations(body.validator, incoming.body, "body", spec=body.spec)
    if found:
        error: Any = operation.first_error(found)
        raise ApiError(error, tuple(found), **_offending(incoming, found, error))
    return params


def _form(raw: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(raw.decode("utf-8"), keep_blank_values=True, max_num_fields=100)
    except ValueError as error:
        raise json_text.MalformedJson(str(error)) from None
    return dict(pairs)


def _malformed(operation: Operation, reason: str) -> ApiError:
    """Return the error for a body that can't be parsed: associations have one of their own."""
    error: Any = (
        "malformed-json" if "malformed-json" in operation.errors else "invalid-json-payload"
    )
    return ApiError(error, (Violation("body", "", "json", reason, "request", error),))


def _parameters(incoming: Incoming) -> tuple[dict[str, Any], list[Violation]]:
    params: dict[str, Any] = {}
    found: list[Violation] = []
    for parameter in incoming.operation.parameters:
        if texts := incoming.texts(parameter):
            value = params[parameter.name] = parameter.read(texts)
            found += schema.violations(
                parameter.validator, value, parameter.where, parameter.name, parameter.spec
            )
    return params, found


def _offending(incoming: Incoming, found: Iterable[Violation], error: str) -> dict[str, Any]:
    """Return the value that the first violation of an error complains about, and its place."""
    first = next(each for each in found if each.error == error)
    return {"value": pointer.find(incoming.body, first.pointer), "source": first.source}
