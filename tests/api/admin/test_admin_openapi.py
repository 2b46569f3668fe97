"""The admin API's OpenAPI document: valid, complete, true, and used to validate bodies."""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from mockserver.admin import schema
from mockserver.app import create_app
from mockserver.core.config import Config
from tests.support import admin
from tests.support.built_in_data import ADMIN, SHOPPER
from tests.support.contract import CONTRACT
from tests.support.sample_requests import GOOD

JSON = "application/json"
WITH_BODY = [name for name, operation in admin.operations().items() if "requestBody" in operation]
EVENT = {"then": {"error": "too-many-requests"}, "operation": "getCarts", "times": 1}
RESPONSES: list[tuple[str, str, str, Any, int]] = [
    # requests in this order: operation id, method, path, body, expected status
    ("getHealth", "GET", "/health", None, 200),
    ("getAdminContract", "GET", "/openapi.yaml", None, 200),
    ("listErrors", "GET", "/errors", None, 200),
    ("listSandboxes", "GET", "/sandboxes", None, 200),
    ("createSandbox", "POST", "/sandboxes/b", None, 201),
    ("createSandbox", "POST", "/sandboxes/b", {"fork_of": "default"}, 409),
    ("createSandbox", "POST", "/sandboxes/c", {"fork_of": "nowhere"}, 404),
    ("createSandbox", "POST", "/sandboxes/c", {"snapshot": "s"}, 400),
    ("getSandbox", "GET", "/sandboxes/b", None, 200),
    ("getSandbox", "GET", "/sandboxes/c", None, 404),
    ("deleteSandbox", "DELETE", "/sandboxes/b", None, 204),
    ("deleteSandbox", "DELETE", "/sandboxes/b", None, 404),
    ("getClock", "GET", "/clock", None, 200),
    ("changeClock", "PUT", "/clock", {"action": "advance", "duration": "PT1S"}, 200),
    ("changeClock", "PUT", "/clock", {"action": "advance"}, 400),
    ("listSnapshots", "GET", "/snapshots", None, 200),
    ("saveSnapshot", "PUT", "/snapshots/s", None, 200),
    ("saveSnapshot", "PUT", "/snapshots/a%20b", None, 400),
    ("listSnapshots", "GET", "/snapshots", None, 200),
    ("downloadSnapshot", "GET", "/snapshots/s/fixture", None, 200),
    ("downloadSnapshot", "GET", "/snapshots/t/fixture", None, 404),
    ("restoreSnapshot", "POST", "/snapshots/s/restore", None, 204),
    ("restoreSnapshot", "POST", "/snapshots/t/restore", None, 404),
    ("deleteSnapshot", "DELETE", "/snapshots/s", None, 204),
    ("deleteSnapshot", "DELETE", "/snapshots/s", None, 404),
    ("downloadState", "GET", "/fixture", None, 200),
    ("armRule", "POST", "/rules", {**EVENT, "ttl_s": 5}, 201),
    ("armRule", "POST", "/rules", {"then": {}}, 400),
    ("listRules", "GET", "/rules", None, 200),
    ("disarmRule", "DELETE", "/rules/rule-1", None, 204),
    ("disarmRule", "DELETE", "/rules/rule-1", None, 404),
    ("disarmRules", "DELETE", "/rules", None, 204),
    ("getRateLimit", "GET", "/rate-limit", None, 200),
    ("setRateLimit", "PUT", "/rate-limit", {"requests_per_second": None}, 200),
    ("setRateLimit", "PUT", "/rate-limit", {"requests_per_second": 0}, 400),
    ("getState", "GET", "/state?filter=ada", None, 200),
    ("getState", "GET", "/state?limit=0", None, 400),
    ("listRequests", "GET", "/requests", None, 200),
    ("listRequests", "GET", "/requests?limit=0", None, 400),
    ("getRequest", "GET", f"/requests/{admin.UNKNOWN_ID}", None, 404),
    ("verifyRequests", "POST", "/requests/verify", {"operation": "getCarts"}, 202),
    ("verifyRequests", "POST", "/requests/verify", {"operation": "getACart", "count": 7}, 406),
    ("verifyRequests", "POST", "/requests/verify", {"operation": "?"}, 400),
    ("getCoverage", "GET", "/coverage", None, 200),
    ("getCoverage", "GET", "/coverage?sandbox=nowhere", None, 404),
    ("deleteRequests", "DELETE", "/requests", None, 204),
    ("reset", "POST", "/reset", None, 204),
]


@pytest.fixture
def busy(client: FlaskClient) -> FlaskClient:
    """A client of a server whose journal holds every kind of entry."""
    for request in GOOD.values():
        request.sent_by(client)
    client.get("/v2/cartz", headers=ADMIN)
    client.get("/v2/carts", headers=SHOPPER)
    client.post("/v2/carts", headers=ADMIN, json={"data": {"name": "", "extra": 1}})
    client.post("/v2/carts", headers=ADMIN, json={"name": "Bare"})
    return client


def test_document_is_valid_openapi() -> None:
    errors = OpenAPIV31SpecValidator(schema.document()).iter_errors()
    assert [error.message for error in errors] == []


def test_document_is_served(client: FlaskClient) -> None:
    response = client.get("/__admin/openapi.yaml")
    assert response.content_type == "application/yaml"
    assert yaml.safe_load(response.data) == schema.document()


def test_every_route_is_documented_and_every_documented_one_is_there(app: Flask) -> None:
    routes = {
        (method, rule.rule.replace("<entry:", "{").replace("<", "{").replace(">", "}"))
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("admin.")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert routes == {
        (operation["method"], operation["path"]) for operation in admin.operations().values()
    }


def test_every_path_parameter_is_documented() -> None:
    for path, item in schema.document()["paths"].items():
        named = {
            parameter["name"]
            for parameter in resolved_parameters(item)
            if parameter["in"] == "path"
        }
        assert named == {part[1:-1] for part in path.split("/") if part.startswith("{")}


def resolved_parameters(item: Any) -> Iterator[Any]:
    parameters = schema.document()["components"]["parameters"]
    for parameter in item.get("parameters", ()):
        yield parameters[parameter["$ref"].split("/")[-1]] if "$ref" in parameter else parameter


@pytest.mark.parametrize("name", WITH_BODY)
def test_example_bodies_are_valid_and_accepted(client: FlaskClient, name: str) -> None:
    content = admin.operations()[name]["requestBody"]["content"][JSON]
    for example in content["examples"].values():
        Draft202012Validator(content["schema"]).validate(example["value"])
        response = client.open(
            admin.sample_path(name),
            method=admin.operations()[name]["method"],
            json=example["value"],
        )
        assert response.status_code in (200, 201, 202, 406), response.text
        assert str(response.status_code) in admin.operations()[name]["responses"]
        admin.call(client, "DELETE", "/sandboxes/sample")


@pytest.mark.parametrize("name", WITH_BODY)
@pytest.mark.parametrize("body", [{"no_such_field": 1}, [], "text", 7])
def test_body_that_the_document_does_not_allow_is_rejected(
    client: FlaskClient, name: str, body: Any
) -> None:
    response = client.open(
        admin.sample_path(name), method=admin.operations()[name]["method"], json=body
    )
    assert admin.detail(response, 400)


@pytest.mark.parametrize("name", WITH_BODY)
@pytest.mark.parametrize("body", [b"{", b"\xff", b'{"a":1,"a":2}', b"NaN"])
def test_body_that_is_not_json_is_rejected(client: FlaskClient, name: str, body: bytes) -> None:
    response = client.open(
        admin.sample_path(name), method=admin.operations()[name]["method"], data=body
    )
    assert admin.detail(response, 400).startswith("The body is not JSON: ")


@pytest.mark.parametrize("name", WITH_BODY)
def test_body_of_more_than_a_mebibyte_is_rejected(client: FlaskClient, name: str) -> None:
    response = client.open(
        admin.sample_path(name),
        method=admin.operations()[name]["method"],
        data=b" " * (1024 * 1024 + 1),
    )
    assert admin.detail(response, 413) == "Send a smaller body."


def test_responses_are_as_documented(busy: FlaskClient) -> None:
    for name, method, path, body, status in RESPONSES:
        response = admin.call(busy, method, path, body)
        assert response.status_code == status, (name, path, response.text)
        check(name, response)
    for entry in admin.get(busy, "/requests")["requests"]:
        check("getRequest", admin.call(busy, "GET", f"/requests/{entry['id']}"))


def check(name: str, response: Any) -> None:
    """Validate a response against the document."""
    documented = admin.operations()[name]["responses"][str(response.status_code)]
    if "content" not in documented:
        assert not response.data
        return
    content = documented["content"][response.content_type]
    value = response.get_json() if response.is_json else yaml.safe_load(response.data)
    Draft202012Validator(content["schema"]).validate(value)


def test_every_operation_is_validated_against_the_document() -> None:
    endless = {"streamRequests"}  # tests/browser/test_pages.py reads its beginning
    assert {name for name, *_ in RESPONSES} == set(admin.operations()) - endless, (
        "add a request to RESPONSES for each documented status"
    )


def test_every_journaled_request_is_as_documented(busy: FlaskClient) -> None:
    response = admin.call(busy, "GET", "/requests?limit=1000")
    check("listRequests", response)
    assert response.get_json()["total"] > len(GOOD)


def test_schema_of_a_rule_is_defined_in_one_place() -> None:
    alone = yaml.safe_load(schema.PATH.read_bytes())
    assert "Rule" not in alone["components"]["schemas"]
    assert "Rule" in schema.document()["components"]["schemas"]


def test_start_of_the_server_does_not_read_the_document() -> None:
    schema.document.cache_clear()
    client = create_app(Config(), CONTRACT).test_client()
    client.get("/__admin/health")
    assert schema.document.cache_info().currsize == 0
    client.get("/__admin/openapi.yaml")
    schema.document_yaml.cache_clear()
    client.get("/__admin/openapi.yaml")
    assert schema.document.cache_info().currsize == 1
