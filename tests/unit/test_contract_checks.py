"""A contract that is incomplete, or that the code does not fit, is reported before it is served."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from mockserver.app import create_app
from mockserver.cli import main
from mockserver.core.config import Config
from mockserver.core.errors import INTERNAL_SERVER_ERROR
from mockserver.openapi.checks import contract_errors
from mockserver.openapi.contract import Contract, ContractError
from mockserver.operations import OPERATIONS
from tests.support import openapi_doc
from tests.support.contract import BUILT_IN_STATE

Load = Callable[[Any], Contract]

SCHEMAS = "components", "schemas"
GET_CARTS = "paths", "/v2/carts", "get"
CREATE_CART = "paths", "/v2/carts", "post"
ASSOCIATE = "paths", "/v2/carts/{cartID}/relationships/accounts", "post"


@pytest.fixture
def document() -> Any:
    """Return openapi.yaml, to be changed."""
    return deepcopy(openapi_doc.document())


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def load(document: Any) -> Contract:
        return Contract.load(write(document, tmp_path))

    return load


def write(document: Any, folder: Path) -> Path:
    path = folder / "openapi.yaml"
    path.write_text(yaml.dump(document, Dumper=yaml.CSafeDumper, sort_keys=False), "utf-8")
    return path


def node(document: Any, *path: str) -> Any:
    for part in path:
        document = openapi_doc.follow(document[part])
    return document


def errors(contract: Contract) -> list[str]:
    return contract_errors(contract, OPERATIONS.keys())


def new_operation() -> dict[str, Any]:
    """Return an operation that is complete but for its function."""
    return {**openapi_doc.document()["paths"]["/v2/carts"]["get"], "operationId": "getFoo"}


def test_contract_of_the_repository_is_complete(load: Load, document: Any) -> None:
    assert errors(load(document)) == []


def test_operation_without_a_function_is_reported(load: Load, document: Any) -> None:
    document["paths"]["/v2/foo"] = {"get": new_operation()}
    assert errors(load(document)) == [
        "openapi.yaml: operation getFoo has no function; add it to OPERATIONS in "
        "mockserver/operations/__init__.py"
    ]


def test_function_without_an_operation_is_reported(load: Load, document: Any) -> None:
    assert contract_errors(load(document), {*OPERATIONS, "getFoo"}) == [
        "mockserver/operations/__init__.py: the function of getFoo has no operation; "
        "add the operation to openapi.yaml or remove the function"
    ]


def test_served_path_that_is_listed_as_unsupported_is_reported(load: Load, document: Any) -> None:
    document["x-unsupported-paths"].append("/v2/carts")
    assert errors(load(document)) == [
        "openapi.yaml: x-unsupported-paths has /v2/carts, which is served; remove it there and in "
        "docs/what-is-not-served.md"
    ]


def test_unknown_and_missing_error_ids_are_reported(load: Load, document: Any) -> None:
    examples = node(document, *GET_CARTS, "responses", "400", "content", "application/json")[
        "examples"
    ]
    examples["no-such-error"] = deepcopy(openapi_doc.follow(examples["schema-violation"]))
    gateway = document["x-gateway-responses"]
    del gateway["431"]
    assert errors(load(document)) == [
        "openapi.yaml: error no-such-error is unknown to the code; add it to ErrorId in "
        "mockserver/core/errors.py",
        "mockserver/core/errors.py: no operation documents headers-too-large; add it to a "
        "response in openapi.yaml or remove it from ErrorId",
        "openapi.yaml: x-gateway-responses does not document headers-too-large; "
        "add it as an example of a response",
    ]


@pytest.mark.parametrize(
    ("status", "error"),
    [
        ("500", "internal-server-error"),
        ("429", "too-many-requests"),
        ("415", "unsupported-media-type"),
        ("413", "payload-too-large"),
        ("400", "malformed-json or invalid-json-payload"),
        ("400", "schema-violation"),
    ],
)
def test_missing_error_is_reported(load: Load, document: Any, status: str, error: str) -> None:
    del document["paths"]["/v2/carts"]["post"]["responses"][status]
    assert (
        f"openapi.yaml: operation createACart does not document {error}; "
        "add it as an example of a response"
    ) in errors(load(document))


def test_missing_errors_of_callers_are_reported(load: Load, document: Any) -> None:
    for status in ("401", "403"):
        del document["paths"]["/v2/carts"]["get"]["responses"][status]
    missing = (
        "unauthorized or unable-to-validate-access-token",
        "account-token-not-valid",
        "customer-token-not-valid",
        "forbidden",
    )
    reported = errors(load(document))
    for error in missing:
        assert (
            f"openapi.yaml: operation getCarts does not document {error}; "
            "add it as an example of a response"
        ) in reported


def test_errors_of_violations_must_be_in_the_precedence(load: Load, document: Any) -> None:
    node(document, *ASSOCIATE)["x-error-precedence"].remove("type-not-account")
    assert (
        "openapi.yaml: operation createAccountCartAssociation can respond with type-not-account; "
        "add it to its x-error-precedence"
    ) in errors(load(document))


def test_error_of_a_keyword_must_be_documented(load: Load, document: Any) -> None:
    quantity = node(document, *SCHEMAS, "Quantity")
    quantity["x-error-by-keyword"] = {"maximum": "amount-too-high"}
    reported = errors(load(document))
    assert (
        "openapi.yaml: operation manageCarts does not document amount-too-high; "
        "add it as an example of a response"
    ) in reported
    assert (
        "openapi.yaml: operation manageCarts can respond with amount-too-high; "
        "add it to its x-error-precedence"
    ) in reported


def test_keyword_that_a_schema_does_not_have_is_reported(load: Load, document: Any) -> None:
    quantity = node(document, *SCHEMAS, "Quantity")
    quantity["x-error-by-keyword"] = {"maximun": "quantity-too-high", "*": "quantity-too-high"}
    assert (
        "openapi.yaml: operation manageCarts, application/json body: x-error-by-keyword has "
        "maximun, but the schema has no maximun"
    ) in errors(load(document))


def test_unknown_extension_key_is_reported_with_its_place(load: Load, document: Any) -> None:
    operation = node(document, *GET_CARTS)
    operation["x-error-precedense"] = operation.pop("x-error-precedence")
    reported = errors(load(document))
    assert reported[0].startswith(
        "openapi.yaml: unknown key x-error-precedense in paths / /v2/carts / get; use one of "
    )
    assert reported[1:] == [
        "openapi.yaml: operation getCarts can respond with schema-violation; "
        "add it to its x-error-precedence"
    ]


@pytest.mark.parametrize(
    ("magic_id", "message"),
    [
        ("path:cartId", "x-magic-id names the path parameter 'cartId'; use one of cartID"),
        ("query:cartID", "x-magic-id is in 'query'; write path:NAME or body:/POINTER"),
        (
            "body:/data/0/name",
            "x-magic-id points to /data/0/name, which the schema of the body does not have",
        ),
    ],
)
def test_magic_id_without_a_place_is_reported(
    load: Load, document: Any, magic_id: str, message: str
) -> None:
    node(document, *ASSOCIATE)["x-magic-id"] = magic_id
    assert errors(load(document)) == [
        f"openapi.yaml: operation createAccountCartAssociation: {message}"
    ]


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("x-provenance", "no valid x-provenance; use one of client, docs, inferred, page, spec"),
        ("x-trigger", "no x-trigger; add a sentence that says what causes it"),
        ("x-placeholders", "no request_id; add one to its body and to its x-placeholders"),
    ],
)
def test_incomplete_error_example_is_reported(
    load: Load, document: Any, key: str, message: str
) -> None:
    del node(document, "components", "examples", "internal-server-error")[key]
    assert (
        f"openapi.yaml: operation getCarts, error internal-server-error has {message}"
    ) in errors(load(document))


@pytest.mark.parametrize(
    ("callers", "message"),
    [
        ([], "has no x-allowed-callers; add a list of "),
        (["acount", "customer"], ": x-allowed-callers has acount; use "),
    ],
)
def test_unknown_caller_is_reported(
    load: Load, document: Any, callers: list[str], message: str
) -> None:
    node(document, *GET_CARTS)["x-allowed-callers"] = callers
    (reported,) = errors(load(document))
    assert "operation getCarts" in reported
    assert message in reported


def test_body_and_failing_response_need_examples(load: Load, document: Any) -> None:
    operation = node(document, *CREATE_CART)
    del operation["requestBody"]["content"]["application/json"]["examples"]
    operation["responses"]["418"] = {"description": "A teapot."}
    assert errors(load(document)) == [
        "openapi.yaml: operation createACart has no error for its response 418; add an example",
        "openapi.yaml: operation createACart has no example of its application/json body; add one",
    ]


def test_unreadable_contract_is_reported(load: Load, document: Any) -> None:
    document["paths"]["/v2/carts"]["get"]["responses"]["500"]["$ref"] = "#/components/nothing"
    with pytest.raises(ContractError, match="the reference #/components/nothing has no target"):
        load(document)


# --- on the command line, and at the start


def test_validate_prints_all_errors_and_exits_with_1(
    document: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    operation = new_operation()
    operation["responses"] = {k: v for k, v in operation["responses"].items() if k != "500"}
    document["paths"]["/v2/foo"] = {"get": operation}
    path = write(document, tmp_path)
    monkeypatch.setattr(main, "resource", lambda _: path)
    monkeypatch.setattr("sys.argv", ["mockserver", "validate"])
    with pytest.raises(SystemExit) as exit_info:
        main.main()
    assert exit_info.value.code == 1
    assert capsys.readouterr().err.splitlines() == [
        "openapi.yaml: operation getFoo has no function; add it to OPERATIONS in "
        "mockserver/operations/__init__.py",
        "openapi.yaml: operation getFoo does not document internal-server-error; "
        "add it as an example of a response",
    ]


def test_start_refuses_an_operation_without_a_function(load: Load, document: Any) -> None:
    document["paths"]["/v2/foo"] = {"get": new_operation()}
    with pytest.raises(ContractError, match=r"^openapi\.yaml: operation getFoo has no function"):
        create_app(Config(), load(document))


def test_failing_operation_without_a_documented_500_responds_with_one(
    load: Load, document: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    del document["paths"]["/v2/carts"]["get"]["responses"]["500"]

    def fail(_: Any) -> Any:
        raise RuntimeError

    monkeypatch.setitem(OPERATIONS, "getCarts", fail)  # type: ignore[arg-type]
    client = create_app(Config(), load(document), BUILT_IN_STATE).test_client()
    response = client.get("/v2/carts", headers={"Authorization": "Bearer admin", "Origin": "null"})
    assert response.status_code == 500
    (error,) = response.get_json()["errors"]
    assert error["status"] == 500
    assert error["title"] == "Internal Server Error"
    assert error["request_id"] == response.headers["X-Moltin-Request-Id"]
    assert response.headers["Access-Control-Allow-Origin"] == "null"


def test_last_resort_has_the_documented_body() -> None:
    example = openapi_doc.document()["components"]["examples"]["internal-server-error"]
    assert example["value"] == INTERNAL_SERVER_ERROR.body
    assert example["x-placeholders"] == INTERNAL_SERVER_ERROR.sample
