"""The admin API as the tests call it, and its document as they read it."""

from functools import cache
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from mockserver.admin import document
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
    """Return what the admin API says below a path."""
    answer = call(client, "GET", path, sandbox=sandbox)
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def put(client: FlaskClient, path: str, body: Any = None, sandbox: str | None = None) -> Any:
    """Change something; return what it has become."""
    answer = call(client, "PUT", path, body, sandbox)
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def arm(client: FlaskClient, rule: dict[str, Any], sandbox: str | None = None) -> Any:
    """Arm a rule; return it."""
    answer = call(client, "POST", "/rules", rule, sandbox)
    assert answer.status_code == 201, answer.text
    return answer.get_json()


def detail(answer: TestResponse, status: int) -> str:
    """Return what a refusal says."""
    assert answer.status_code == status, answer.text
    (error,) = answer.get_json()["errors"]
    assert error["status"] == status
    text: str = error["detail"]
    return text


@cache
def operations() -> dict[str, Any]:
    """Return each operation by its id, references written out, with its path and method."""
    whole = resolve(document.document(), document.document(), {})
    return {
        item[method]["operationId"]: {**item[method], "path": path, "method": method.upper()}
        for path, item in whole["paths"].items()
        for method in METHODS
        if method in item
    }


def sample_path(operation_id: str) -> str:
    """Return an operation's path with something in the place of each parameter."""
    path: str = operations()[operation_id]["path"]
    return path.format(**SAMPLES)
