"""Helpers that call the admin API, and its OpenAPI document."""

from functools import cache
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from mockserver.admin import schema
from mockserver.openapi.contract import resolve

METHODS = ("get", "post", "put", "delete")
UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"
SAMPLES = {"name": "sample", "rule_id": "rule-1", "entry_id": UNKNOWN_ID}


def call(
    client: FlaskClient, method: str, path: str, body: Any = None, sandbox: str | None = None
) -> TestResponse:
    """Send one request to the admin API."""
    headers = {} if sandbox is None else {"Mock-Sandbox": sandbox}
    content = {} if body is None else {"json": body}
    return client.open(f"/__admin{path}", method=method, headers=headers, **content)


def get(client: FlaskClient, path: str, sandbox: str | None = None) -> Any:
    """Return the JSON at a path of the admin API."""
    response = call(client, "GET", path, sandbox=sandbox)
    assert response.status_code == 200, response.text
    return response.get_json()


def put(client: FlaskClient, path: str, body: Any = None, sandbox: str | None = None) -> Any:
    """PUT a body; return the JSON of the response."""
    response = call(client, "PUT", path, body, sandbox)
    assert response.status_code == 200, response.text
    return response.get_json()


def arm(client: FlaskClient, rule: dict[str, Any], sandbox: str | None = None) -> Any:
    """Arm a rule; return it."""
    response = call(client, "POST", "/rules", rule, sandbox)
    assert response.status_code == 201, response.text
    return response.get_json()


def detail(response: TestResponse, status: int) -> str:
    """Return the detail of an error response."""
    assert response.status_code == status, response.text
    (error,) = response.get_json()["errors"]
    assert error["status"] == status
    text: str = error["detail"]
    return text


@cache
def operations() -> dict[str, Any]:
    """Return each operation by its id, with references resolved, its path and its method."""
    whole = resolve(schema.document(), schema.document(), {})
    return {
        item[method]["operationId"]: {**item[method], "path": path, "method": method.upper()}
        for path, item in whole["paths"].items()
        for method in METHODS
        if method in item
    }


def sample_path(operation_id: str) -> str:
    """Return an operation's path with sample parameters."""
    path: str = operations()[operation_id]["path"]
    return path.format(**SAMPLES)
