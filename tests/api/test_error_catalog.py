"""Every error of the catalog: documented, forced, and provoked by its cause
(contract.md §2 and §6).
"""

import json
import shlex
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from mockserver.app import create_app
from mockserver.cli.main import cli
from mockserver.core.config import Config, resource
from mockserver.openapi.contract import Contract
from tests.support.built_in_data import NEW_YEAR
from tests.support.error_causes import ONLY_ON_DEMAND, causes_of
from tests.support.error_causes.common import MAX_BODY_BYTES, Cause
from tests.support.markdown import ROOT
from tests.support.openapi_doc import (
    EVERY_OPERATION,
    Documented,
    error_entries,
    follow,
    operations,
    pairs,
)
from tests.support.sample_requests import GOOD, JSON, Request

PROVENANCES = {"page", "spec", "docs", "client", "inferred"}
INTEGER_STATUS = ("/v2/carts", "/v2/customers", "/v2/orders")
REQUEST_ID = "X-Moltin-Request-Id"
BASE_URL = "http://localhost:8080"

each_operation = pytest.mark.parametrize("operation", operations())
"""A test checks all errors of one operation, as there are hundreds, and names a failing one."""
each_owner = pytest.mark.parametrize("owner", [EVERY_OPERATION, *operations()])


def entries_of(operation: str) -> list[Documented]:
    """Return every error of an operation, the gateway's included."""
    return [entry for (name, _), entry in pairs().items() if name == operation]


def own_entries(owner: str) -> list[Documented]:
    """Return the errors that belong to an operation, or to the gateway."""
    return [entry for entry in error_entries() if entry.operation == owner]


@pytest.fixture(scope="module")
def shared_client(contract: Contract) -> FlaskClient:
    """A client for forced errors: they change nothing, so all tests can share one application."""
    return create_app(Config(frozen_at=NEW_YEAR), contract).test_client()


def assert_documented(response: TestResponse, entry: Documented) -> None:
    """Assert that a response is the documented one, but for the request id of a 500."""
    body = response.get_json()
    documented = json.loads(json.dumps(entry.body))
    if entry.id == "internal-server-error":
        documented["errors"][0]["request_id"] = response.headers[REQUEST_ID]
    assert (response.status_code, body) == (entry.status, documented), entry.id
    assert response.headers["Content-Type"] == JSON, entry.id


def run_errors(*options: str) -> str:
    """Return what `mockserver errors` prints."""
    result = CliRunner().invoke(cli, ["errors", *options])
    assert result.exit_code == 0, result.output
    return result.stdout


# --- the catalog itself


@pytest.mark.parametrize("name", operations())
def test_every_failing_response_names_its_errors(name: str) -> None:
    responses = operations()[name]["responses"]
    failing = {status: follow(each) for status, each in responses.items() if int(status) >= 400}
    assert failing
    for status, response in failing.items():
        assert response["content"][JSON]["examples"], f"{name} {status} has no example"


@each_owner
def test_entries_say_where_they_are_known_from(owner: str) -> None:
    for entry in own_entries(owner):
        assert entry.example["x-provenance"] in PROVENANCES, entry.id


@each_owner
def test_entries_say_in_one_line_what_triggers_them(owner: str) -> None:
    for entry in own_entries(owner):
        trigger = entry.example["x-trigger"]
        assert trigger.endswith("."), entry.id
        assert trigger == " ".join(trigger.split()), entry.id


@each_owner
def test_status_in_the_body_is_the_answers_and_typed_as_its_service_does(owner: str) -> None:
    path = "" if owner == EVERY_OPERATION else operations()[owner]["path"]
    is_cart = path.startswith(INTEGER_STATUS) or not path
    for entry in own_entries(owner):
        expected: object = entry.status if is_cart else str(entry.status)
        assert [error["status"] for error in entry.body["errors"]] == [expected], entry.id


@each_owner
def test_body_has_the_documented_shape(owner: str) -> None:
    for entry in own_entries(owner):
        assert list(entry.body) == ["errors"], entry.id
        (error,) = entry.body["errors"]
        assert {"status", "title"} <= error.keys(), entry.id
        assert error.keys() <= {"status", "title", "detail", "source", "meta", "request_id"}
        assert ("request_id" in error) == (entry.status == 500), entry.id


def test_every_error_id_has_a_magic_id() -> None:
    magic_ids = yaml.safe_load(resource("fixtures/default.yaml").read_text("utf-8"))["magic_ids"]
    assert {each["id"]: each["error"] for each in magic_ids} == {
        f"always-{each.id}": each.id for each in error_entries()
    }, "correct magic_ids in fixtures/default.yaml"


def test_admin_api_and_command_line_list_the_documented_errors(shared_client: FlaskClient) -> None:
    listed = shared_client.get("/__admin/errors", base_url=BASE_URL).get_json()
    assert listed == json.loads(run_errors("--format", "json"))
    assert len(listed) >= 20
    assert [(each["operation"], each["id"], each["status"], each["body"]) for each in listed] == [
        (entry.operation, entry.id, entry.status, entry.body) for entry in error_entries()
    ]


def test_docs_errors_md_is_up_to_date() -> None:
    page = ROOT / "docs" / "errors.md"
    assert page.read_text("utf-8") == run_errors("--format", "markdown"), "run `make docs`"


def test_text_of_the_command_line_names_every_error() -> None:
    printed = run_errors().splitlines()
    for entry in error_entries():
        provenance = entry.example["x-provenance"]
        assert f"{entry.id}  ({entry.operation}, {provenance})" in printed
    assert printed[-1] == f"{len(error_entries())} errors"


def test_errors_of_one_operation_are_listed_alone() -> None:
    listed = json.loads(run_errors("--format", "json", "--operation", "getCarts"))
    assert [each["id"] for each in listed] == [
        each.id for each in error_entries() if each.operation == "getCarts"
    ]


# --- forced


@each_operation
def test_errors_are_forced_by_the_prefer_header(shared_client: FlaskClient, operation: str) -> None:
    for entry in entries_of(operation):
        preference = f"code={entry.status}, example={entry.id}"
        response = GOOD[operation].with_headers(Prefer=preference).sent_by(shared_client)
        assert_documented(response, entry)
        assert response.headers["Preference-Applied"] == preference


@each_operation
def test_errors_are_forced_by_the_query(shared_client: FlaskClient, operation: str) -> None:
    for entry in entries_of(operation):
        query = {"__code": str(entry.status), "__example": entry.id}
        response = GOOD[operation].evolve(query=query).sent_by(shared_client)
        assert_documented(response, entry)
        assert response.headers["Preference-Applied"] == f"code={entry.status}, example={entry.id}"


def test_magic_id_is_taken_where_a_request_names_something() -> None:
    magic = {name: spec.get("x-magic-id") for name, spec in operations().items()}
    in_paths = {
        name: f"path:{spec['path'].partition('{')[2].partition('}')[0]}"
        for name, spec in operations().items()
        if "{" in spec["path"]
    }
    in_bodies = {
        "createAnAccessToken": "body:/client_id",
        "post-v2-account-members-tokens": "body:/data/username",
        "createACart": "body:/data/id",
        "createACustomerToken": "body:/data/email",
        "post-v2-accounts": "body:/data/parent_id",
    }
    assert {name: at for name, at in magic.items() if at} == {**in_paths, **in_bodies}


@pytest.mark.parametrize(
    "operation", [name for name, spec in operations().items() if "x-magic-id" in spec]
)
def test_errors_are_forced_by_magic_ids(shared_client: FlaskClient, operation: str) -> None:
    for entry in entries_of(operation):
        request = naming_magic_id(operation, f"always-{entry.id}")
        assert_documented(request.sent_by(shared_client), entry)


def naming_magic_id(operation: str, magic_id: str) -> Request:
    """Return the good request with a magic id where the operation takes one."""
    where, _, at = operations()[operation]["x-magic-id"].partition(":")
    good = GOOD[operation]
    if where == "path":
        return good.evolve(path=operations()[operation]["path"].replace("{" + at + "}", magic_id))
    body = json.loads(json.dumps(good.body))
    *outer, last = at.strip("/").split("/")
    inner = body
    for part in outer:
        inner = inner[part]
    inner[last] = magic_id
    return good.evolve(body=body)


def test_magic_id_of_an_error_that_the_operation_has_not_is_an_ordinary_id(
    client: FlaskClient,
) -> None:
    response = client.get("/v2/carts/always-last-cart", headers=GOOD["getACart"].headers)
    assert response.status_code == 200
    assert response.get_json()["data"]["id"] == "always-last-cart"


def test_forced_405_names_the_allowed_methods(shared_client: FlaskClient) -> None:
    response = shared_client.get("/v2/carts", headers={"Prefer": "code=405"})
    assert response.headers["Allow"].split(", ") == ["GET", "HEAD", "POST"]


def test_error_is_forced_without_any_token(shared_client: FlaskClient) -> None:
    response = shared_client.get("/v2/carts", headers={"Prefer": "code=503"})
    assert response.status_code == 503


def test_forced_error_changes_nothing(client: FlaskClient) -> None:
    forced = GOOD["deleteACart"].with_headers(Prefer="example=write-conflict")
    assert forced.sent_by(client).status_code == 409
    assert GOOD["deleteACart"].sent_by(client).status_code == 204


ASSOCIATE = GOOD["createAccountCartAssociation"]
PREFERENCES = {
    "code": ("code=422", 422, "cart-has-contact-email"),
    "the first of several by code": ("code=403", 403, "invalid-json-payload"),
    "example": ("example=cart-not-found", 404, "cart-not-found"),
    "quoted": ('code="404", example="account-not-found"', 404, "account-not-found"),
    "semicolon": ("code=404; example=account-not-found", 404, "account-not-found"),
    "no spaces": ("code=404,example=account-not-found", 404, "account-not-found"),
    "name in capitals": ("Code=404, Example=account-not-found", 404, "account-not-found"),
    "among others": ("respond-async, code=409, wait=10", 409, "write-conflict"),
}


@pytest.mark.parametrize(("prefer", "status", "error"), PREFERENCES.values(), ids=PREFERENCES)
def test_preference_may_be_partial(
    shared_client: FlaskClient, prefer: str, status: int, error: str
) -> None:
    response = ASSOCIATE.with_headers(Prefer=prefer).sent_by(shared_client)
    assert_documented(response, pairs()["createAccountCartAssociation", error])
    assert response.headers["Preference-Applied"] == f"code={status}, example={error}"


@pytest.mark.parametrize(
    ("query", "error"),
    [({"__code": "422"}, "cart-has-contact-email"), ({"__example": "last-cart"}, None)],
    ids=["code", "example of another operation"],
)
def test_query_may_have_half_of_a_preference(
    shared_client: FlaskClient, query: dict[str, str], error: str | None
) -> None:
    response = ASSOCIATE.evolve(query=query).sent_by(shared_client)
    if error is None:
        assert response.status_code == 400
        assert "Preference-Applied" not in response.headers
    else:
        assert_documented(response, pairs()["createAccountCartAssociation", error])


@pytest.mark.parametrize("prefer", ["respond-async", "return=minimal, wait=10", "handling=strict"])
def test_other_preferences_are_ignored(client: FlaskClient, prefer: str) -> None:
    response = GOOD["getACart"].with_headers(Prefer=prefer).sent_by(client)
    assert response.status_code == 200
    assert "Preference-Applied" not in response.headers


@pytest.mark.parametrize(
    "prefer",
    [
        "example=no-such-example",
        "example=last-cart",
        "code=418",
        "code=404, example=last-cart",
        "code=400, example=cart-not-found",
        "code=",
    ],
)
@pytest.mark.parametrize("operation", ["createAccountCartAssociation", "getCarts"])
def test_unknown_preference_gets_the_known_ones(
    shared_client: FlaskClient, operation: str, prefer: str
) -> None:
    response = GOOD[operation].with_headers(Prefer=prefer).sent_by(shared_client)
    assert response.status_code == 400
    (error,) = response.get_json()["errors"]
    known = [error_id for (name, error_id) in pairs() if name == operation]
    assert [error_id for error_id in known if f"{error_id} (" not in error["detail"]] == []
    assert "Preference-Applied" not in response.headers


# --- by cause

Served = Callable[[Cause], FlaskClient]


@pytest.fixture(scope="module")
def served(contract: Contract) -> Served:
    """Return a function that returns a client of a new server, with the fixtures of a cause."""
    apps: dict[Sequence[str], Flask] = {}

    def fresh(cause: Cause) -> FlaskClient:
        if cause.fixtures not in apps:
            config = Config(fixtures=("default", *cause.fixtures), frozen_at=NEW_YEAR)
            apps[cause.fixtures] = create_app(config, contract)
        apps[cause.fixtures].extensions["sandbox"].reset()
        return apps[cause.fixtures].test_client()

    return fresh


@each_operation
def test_every_error_has_causes_and_each_gives_it(served: Served, operation: str) -> None:
    for entry in entries_of(operation):
        causes = causes_of(operation, entry.id)
        assert causes or entry.id in ONLY_ON_DEMAND, (
            f"add a request that causes {entry.id} of {operation} to tests/support/error_causes/"
        )
        for cause in causes:
            client = served(cause)
            for request in cause.before:
                assert request.sent_by(client).status_code < 300, (entry.id, request)
            assert_documented(cause.request.sent_by(client), entry)


@pytest.mark.parametrize("operation", GOOD)
def test_request_without_a_fault_succeeds(client: FlaskClient, operation: str) -> None:
    response = GOOD[operation].sent_by(client)
    assert response.status_code in map(int, operations()[operation]["responses"])
    assert response.status_code < 300


def test_body_of_exactly_one_mebibyte_is_taken(client: FlaskClient) -> None:
    raw = json.dumps({"data": {"name": "New"}}).encode().ljust(MAX_BODY_BYTES)
    response = GOOD["createACart"].evolve(raw=raw, content_type=JSON).sent_by(client)
    assert response.status_code == 201


def test_request_ids_differ_from_answer_to_answer(client: FlaskClient) -> None:
    forced = GOOD["getCarts"].with_headers(Prefer="code=500")
    ids = [forced.sent_by(client).get_json()["errors"][0]["request_id"] for _ in range(3)]
    assert len(set(ids)) == 3


# --- the ready-made commands


@pytest.fixture(scope="module")
def curl_lines() -> dict[tuple[str, str], str]:
    """Each entry's command."""
    listed = json.loads(run_errors("--format", "json"))
    return {(each["operation"], each["id"]): each["curl"] for each in listed}


@each_owner
def test_curl_lines_give_the_errors(
    shared_client: FlaskClient, curl_lines: dict[tuple[str, str], str], owner: str
) -> None:
    for entry in own_entries(owner):
        assert_documented(run_curl(shared_client, curl_lines[owner, entry.id]), entry)


def run_curl(client: FlaskClient, line: str) -> TestResponse:
    """Send what a curl command of -i, -X, -H, -d and a URL would send."""
    program, *words = shlex.split(line)
    assert program == "curl"
    send: Any = partial(client.open)
    headers: list[tuple[str, str]] = []
    for word in (rest := iter(words)):
        match word:
            case "-i":
                pass
            case "-X":
                send = partial(send, method=next(rest))
            case "-H":
                name, _, value = next(rest).partition(": ")
                headers.append((name, value))
            case "-d":
                send = partial(send, data=next(rest))
            case _:
                url = urlsplit(word)
                assert f"{url.scheme}://{url.netloc}" == BASE_URL
                send = partial(send, url.path, base_url=BASE_URL)
    response: TestResponse = send(headers=headers)
    return response
