"""Bodies of the admin API: read, held against a schema, and answered."""

import re
from typing import Any

from flask import Response, request
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from mockserver.admin import document
from mockserver.core import json_text
from mockserver.core.errors import AdminError
from mockserver.http.request import body_of
from mockserver.http.response import flask_response


def body(operation_id: str) -> Any:
    """Return the request's body as an operation of the admin API wants it, {} where there is none.

    Raises AdminError that says what to write instead.
    """
    try:
        raw = body_of(request.environ)
        value = json_text.parse(raw) if raw.strip() else {}
    except RequestEntityTooLarge:
        raise AdminError(413, "Payload Too Large", "Send a smaller body.") from None
    except ClientDisconnected:
        raise bad_request("The body ended too early.") from None
    except json_text.MalformedJson as error:
        raise bad_request(f"The body is not JSON: {error}.") from None
    wrong = document.body_validator(operation_id).violations(value, "body", bounded=True)
    if wrong:
        raise bad_request("; ".join(each.message for each in wrong) + ".")
    return value


def bad_request(detail: str) -> AdminError:
    """Return the error for a request that is not as the admin API wants it."""
    return AdminError(400, "Bad Request", detail)


def number(name: str, given: object, least: int, most: int) -> int:
    """Return a query parameter as a number between two bounds. Raises AdminError."""
    text = str(given)
    if re.fullmatch(r"[0-9]{1,9}", text) and least <= int(text) <= most:
        return int(text)
    raise bad_request(f"{name} must be a number from {least} to {most}.")


def data(value: Any, status: int = 200) -> Response:
    """Return an answer of the admin API."""
    return flask_response(status, value)


def nothing() -> Response:
    """Return the answer that has nothing to say."""
    return flask_response(204, None)
