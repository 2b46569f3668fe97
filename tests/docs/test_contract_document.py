"""openapi.yaml as a document: valid OpenAPI 3.1, whose links lead somewhere and whose examples
keep to the schemas beside them."""

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.support import openapi_doc
from tests.upstream.extract import property_types

Case = tuple[str, Any, Any]


def contents() -> Iterator[tuple[str, Any]]:
    """Yield every place of the document where a schema and examples stand together."""
    for name, operation in openapi_doc.operations().items():
        item = openapi_doc.document()["paths"][operation["path"]]
        for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
            yield f"{name} {media_type}", content
        for status, response in operation["responses"].items():
            for content in openapi_doc.follow(response).get("content", {}).values():
                yield f"{name} {status}", content
        for parameter in (*item.get("parameters", ()), *operation.get("parameters", ())):
            found = openapi_doc.follow(parameter)
            yield f"{name} {found['name']}", found


EXAMPLES: list[Case] = [
    (f"{where} {name}", content["schema"], openapi_doc.follow(example)["value"])
    for where, content in contents()
    for name, example in content.get("examples", {}).items()
]
LINKS: list[Case] = [
    (f"{name} {status} {link}", (operation, response), target)
    for name, operation in openapi_doc.operations().items()
    for status, response in operation["responses"].items()
    for link, target in openapi_doc.follow(response).get("links", {}).items()
]


def named(cases: list[Case]) -> list[str]:
    return [name for name, _, _ in cases]


def standalone(schema: Any) -> Any:
    """A schema with what it refers to."""
    return {"components": openapi_doc.document()["components"], "allOf": [schema]}


def path_parameters(operation: Any) -> set[str]:
    item = openapi_doc.document()["paths"][operation["path"]]
    return {openapi_doc.follow(each)["name"] for each in item.get("parameters", ())}


def test_it_is_valid_openapi() -> None:
    assert openapi_doc.document()["openapi"].startswith("3.1.")
    errors = OpenAPIV31SpecValidator(openapi_doc.document()).iter_errors()
    assert [each.message for each in errors] == []


@pytest.mark.parametrize(("name", "schema", "example"), EXAMPLES, ids=named(EXAMPLES))
def test_an_example_keeps_to_its_schema(name: str, schema: Any, example: Any) -> None:
    Draft202012Validator(standalone(schema)).validate(example)


@pytest.mark.parametrize("name", openapi_doc.operations())
def test_an_operation_with_a_body_shows_one(name: str) -> None:
    for content in (
        openapi_doc.operations()[name].get("requestBody", {}).get("content", {}).values()
    ):
        assert content["examples"]


@pytest.mark.parametrize(("name", "origin", "link"), LINKS, ids=named(LINKS))
def test_a_link_leads_to_an_operation_with_all_it_needs(name: str, origin: Any, link: Any) -> None:
    target = openapi_doc.operations()[link["operationId"]]
    assert set(link["parameters"]) == path_parameters(target)
    for expression in link["parameters"].values():
        assert is_known(expression, *origin)
    if link.get("requestBody") == "$request.body":
        assert origin[0]["requestBody"] == target["requestBody"]
    elif "requestBody" in link:
        schema = target["requestBody"]["content"]["application/json"]["schema"]
        Draft202012Validator(standalone(schema)).validate(link["requestBody"])


def is_known(expression: str, operation: Any, response: Any) -> bool:
    """Whether a runtime expression names a path parameter of the request or a property of the
    answer, which must be a string."""
    where, _, pointer = expression.partition("#")
    if where.startswith("$request.path."):
        return where.removeprefix("$request.path.") in path_parameters(operation)
    path = pointer.removeprefix("/").replace("/0", "[]").replace("/", ".")
    schema = openapi_doc.follow(response)["content"]["application/json"]["schema"]
    types = property_types(schema, openapi_doc.document())
    return where == "$response.body" and types.get(path) == ["string"]


def test_every_link_is_tested() -> None:
    assert len(LINKS) > 10


@pytest.mark.parametrize("broken", [{"data": {}}, {"data": []}, {}, [], None, {"data": [{}]}])
def test_the_schema_of_an_association_refuses_what_is_none(broken: Any) -> None:
    """The examples' check can fail: a schema that takes everything would prove nothing."""
    schema = {"$ref": "#/components/schemas/AccountAssociations"}
    assert not Draft202012Validator(standalone(schema)).is_valid(broken)
