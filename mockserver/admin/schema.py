"""The admin API's OpenAPI document, validation of request bodies and parameters, and responses.

The document is loaded on first use, so that it does not delay the start of the server.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from flask import Response, request
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from mockserver.core import json_text
from mockserver.core.errors import AdminError
from mockserver.fixtures.load import fixture_schema
from mockserver.http.request import body_of
from mockserver.http.response import flask_response
from mockserver.openapi.contract import JSON, METHODS, resolve
from mockserver.openapi.schema import Validator

PATH = Path(__file__).with_name("openapi.yaml")


@cache
def document() -> dict[str, Any]:
    """Return the document, with the schema of a rule from the schema of fixture files."""
    loaded: dict[str, Any] = yaml.load(PATH.read_bytes(), yaml.CSafeLoader)
    loaded["components"]["schemas"]["Rule"] = fixture_schema()["$defs"]["rule"]
    return loaded


@cache
def document_yaml() -> str:
    """Return the document as YAML."""
    text: str = yaml.dump(
        document(), Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=100
    )
    return text


@cache
def _body_validator(operation_id: str) -> Validator:
    operation = next(
        item[method]
        for item in document()["paths"].values()
        for method in METHODS
        if method in item and item[method]["operationId"] == operation_id
    )
    body_schema = operation["requestBody"]["content"][JSON]["schema"]
    return Validator(resolve(body_schema, document(), {}))


def validated_body(operation_id: str) -> Any:
    """Return the request's JSON body, validated for an operation; {} if the body is empty.

    Raises AdminError with all violations.
    """
    try:
        raw = body_of(request.environ)
        value = json_text.parse(raw) if raw.strip() else {}
    except RequestEntityTooLarge:
        raise AdminError(413, "Payload Too Large", "Send a smaller body.") from None
    except ClientDisconnected:
        raise bad_request("Incomplete request body.") from None
    except json_text.MalformedJson as error:
        raise bad_request(f"The body is not JSON: {error}.") from None
    violations = _body_validator(operation_id).violations(value, "body", bounded=True)
    if violations:
        raise bad_request("; ".join(violation.message for violation in violations) + ".")
    return value


def integer(name: str, value: object, minimum: int, maximum: int) -> int:
    """Return a query parameter as an integer within bounds. Raises AdminError."""
    text = str(value)
    if re.fullmatch(r"[0-9]{1,9}", text) and minimum <= int(text) <= maximum:
        return int(text)
    raise bad_request(f"{name} must be a number from {minimum} to {maximum}.")


def bad_request(detail: str) -> AdminError:
    return AdminError(400, "Bad Request", detail)


def json_response(value: Any, status: int = 200) -> Response:
    return flask_response(status, value)


def no_content() -> Response:
    return flask_response(204, None)
