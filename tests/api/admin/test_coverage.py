"""Contract coverage: which outcomes a test run has seen, and which it has not."""

import json
import re
import shlex
from typing import Any
from xml.etree import ElementTree

import pytest
from flask.testing import FlaskClient

from mockserver.app import create_app
from mockserver.cli.coverage_report import FORMATS
from mockserver.core.config import Config
from tests.support import admin, openapi_doc
from tests.support.built_in_data import (
    ACCOUNT_1,
    ADMIN,
    CUSTOMER_1,
    NEW_YEAR,
    naming,
    naming_customers,
)
from tests.support.contract import CONTRACT
from tests.support.sample_requests import ASSOCIATIONS, GOOD

DOCUMENTED_ERRORS = {(error.operation, error.id) for error in openapi_doc.error_entries()}
DOCUMENTED_SUCCESSES = {
    (name, int(status))
    for name, operation in openapi_doc.operations().items()
    for status in operation["responses"]
    if int(status) < 400
}


def report(client: FlaskClient, query: str = "") -> Any:
    return admin.get(client, f"/coverage?{query}")


def outcomes(coverage: Any) -> dict[tuple[str, Any], Any]:
    """Return each outcome by its operation and its error id, or its status for a success."""
    return {
        (operation["id"], outcome["error"] or outcome["status"]): outcome
        for operation in coverage["operations"]
        for outcome in operation["outcomes"]
    }


def seen(client: FlaskClient, query: str = "") -> dict[tuple[str, Any], int]:
    """Return the outcomes that were seen, and how often."""
    return {
        key: outcome["count"]
        for key, outcome in outcomes(report(client, query)).items()
        if outcome["count"]
    }


def some_calls(client: FlaskClient, sandbox: str | None = None) -> None:
    prefix = "" if sandbox is None else f"/sandboxes/{sandbox}"
    client.get(f"{prefix}/v2/carts", headers=ADMIN)
    client.get(f"{prefix}/v2/carts", headers=ADMIN)
    client.get(f"{prefix}/v2/carts")
    client.get(f"{prefix}/nowhere")
    client.post(f"{prefix}{ASSOCIATIONS}", headers=ADMIN, json=naming(ACCOUNT_1))


SOME = {
    ("getCarts", 200): 2,
    ("getCarts", "unable-to-validate-access-token"): 1,
    ("*", "no-such-path"): 1,
    ("createAccountCartAssociation", 200): 1,
}


# --- what is counted


def test_exactly_the_documented_outcomes_are_listed(client: FlaskClient) -> None:
    assert set(outcomes(report(client))) == DOCUMENTED_ERRORS | DOCUMENTED_SUCCESSES


def test_outcomes_are_counted(client: FlaskClient) -> None:
    assert seen(client) == {}
    some_calls(client)
    assert seen(client) == SOME


def test_totals_and_percent(client: FlaskClient) -> None:
    some_calls(client)
    coverage = report(client)
    errors, successes = len(DOCUMENTED_ERRORS), len(DOCUMENTED_SUCCESSES)
    assert coverage["errors"] == {"seen": 2, "documented": errors}
    assert coverage["successes"] == {"seen": 2, "documented": successes}
    assert coverage["outcomes"] == {"seen": 4, "documented": errors + successes}
    assert coverage["percent"] == round(100 * 4 / (errors + successes), 1)


def test_the_curl_command_of_each_error_provokes_it(client: FlaskClient) -> None:
    for (operation, error), outcome in outcomes(report(client)).items():
        if outcome["error"]:
            words = shlex.split(outcome["curl"])
            url, method = (
                next(w for w in words if w.startswith("http")),
                words[words.index("-X") + 1],
            )
            headers = [words[i + 1].split(": ", 1) for i, word in enumerate(words) if word == "-H"]
            data = words[words.index("-d") + 1] if "-d" in words else None
            answer = client.open(url, method=method, headers=headers, data=data)
            assert answer.status_code == outcome["status"], (operation, error)
    never = {key for key, item in outcomes(report(client)).items() if not item["count"]}
    assert never == DOCUMENTED_SUCCESSES


def test_a_complete_run_is_a_hundred_percent(client: FlaskClient) -> None:
    test_the_curl_command_of_each_error_provokes_it(client)
    for name, request in GOOD.items():
        request.with_headers(Mock_Sandbox=name).sent_by(client)
    for cart, kind, body in (
        ("ada-cart", "accounts", naming(ACCOUNT_1)),
        ("alan-cart", "customers", naming_customers(CUSTOMER_1)),
    ):
        client.post(f"/v2/carts/{cart}/relationships/{kind}", headers=ADMIN, json=body)
    never = {key for key, item in outcomes(report(client)).items() if not item["count"]}
    assert never == set()
    assert report(client)["percent"] == 100


def test_an_error_of_the_sandbox_itself_is_no_outcome(client: FlaskClient) -> None:
    client.get("/v2/carts", headers={**ADMIN, "Prefer": "example=nothing"})
    client.get("/v2/carts", headers={**ADMIN, "Mock-Sandbox": "no name"})
    client.get("/openapi.yaml")
    assert seen(client) == {}


def test_the_admin_api_is_not_counted(client: FlaskClient) -> None:
    admin.get(client, "/clock")
    admin.call(client, "GET", "/sandboxes/nowhere")
    assert seen(client) == {}


# --- what keeps the counts


def test_counts_outlive_the_ring() -> None:
    client = create_app(Config(frozen_at=NEW_YEAR, journal_size=2), CONTRACT).test_client()
    some_calls(client)
    assert admin.get(client, "/requests")["total"] == 2
    assert seen(client) == SOME


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/reset"), ("DELETE", "/requests"), ("DELETE", "/sandboxes/default")],
)
def test_counts_outlive_a_reset(client: FlaskClient, method: str, path: str) -> None:
    some_calls(client)
    assert admin.call(client, method, path).status_code == 204
    assert seen(client) == SOME


def test_counts_outlive_their_sandbox(client: FlaskClient) -> None:
    some_calls(client, "one")
    admin.call(client, "DELETE", "/sandboxes/one")
    assert seen(client) == SOME


def test_counts_outlive_an_eviction() -> None:
    client = create_app(Config(frozen_at=NEW_YEAR, max_sandboxes=1), CONTRACT).test_client()
    some_calls(client, "one")
    client.get("/sandboxes/two/openapi.yaml")
    assert [sandbox["name"] for sandbox in admin.get(client, "/sandboxes")] == ["default", "two"]
    assert seen(client) == SOME


def test_counts_outlive_a_restored_snapshot(client: FlaskClient) -> None:
    admin.put(client, "/snapshots/s")
    some_calls(client)
    admin.call(client, "POST", "/snapshots/s/restore")
    assert seen(client) == SOME


# --- one sandbox or all


def test_sandboxes_are_merged(client: FlaskClient) -> None:
    some_calls(client)
    some_calls(client, "one")
    some_calls(client, "two")
    admin.call(client, "DELETE", "/sandboxes/two")
    assert seen(client) == {key: 3 * count for key, count in SOME.items()}


def test_one_sandbox_can_be_selected(client: FlaskClient) -> None:
    some_calls(client, "one")
    client.get("/v2/carts", headers=ADMIN)
    assert seen(client, "sandbox=one") == SOME
    assert seen(client, "sandbox=default") == {("getCarts", 200): 1}
    answer = admin.call(client, "GET", "/coverage?sandbox=two")
    assert admin.detail(answer, 404) == 'There is no sandbox "two".'


# --- the report's formats


@pytest.fixture
def coverage(client: FlaskClient) -> Any:
    """A report with two errors, three successes and a client warning."""
    some_calls(client)
    client.post(ASSOCIATIONS, headers=ADMIN, json=naming(ACCOUNT_1))
    return report(client)


def test_text_lists_uncovered_errors_first_each_with_a_command(coverage: Any) -> None:
    lines = FORMATS["text"](coverage).splitlines()
    never = [line for line in lines if line.startswith("never: ")]
    errors = [line for line in never if len(line.split()) == 4]
    assert never[: len(errors)] == errors
    assert lines[0] == errors[0]
    assert lines[: 3 * len(errors) : 3] == errors
    missing = DOCUMENTED_ERRORS - {key for key in SOME if isinstance(key[1], str)}
    assert {(e.split()[1], e.split()[3]) for e in errors} == missing
    for line in lines[2 : 3 * len(errors) : 3]:
        assert line.startswith("  curl -i -X ")
    assert re.fullmatch(
        r"[\d.]+ % of the contract: 3 of \d+ successes, 2 of \d+ errors seen", lines[-1]
    )
    assert lines[-3:-1] == [
        "warning: associated-twice (1 times): /v2/carts/free-cart/relationships/accounts was "
        "associated with that account already",
        "  Ask first, or keep in mind, whether the cart is associated already.",
    ]


def test_json_is_the_report(coverage: Any) -> None:
    assert json.loads(FORMATS["json"](coverage)) == coverage


def test_junit_has_a_case_for_each_outcome_and_a_failure_for_each_uncovered_one(
    coverage: Any,
) -> None:
    suite = ElementTree.fromstring(FORMATS["junit"](coverage))
    cases = {(case.get("classname"), case.get("name")): case for case in suite.iter("testcase")}
    failed = [case for case in cases.values() if case.find("failure") is not None]
    assert suite.get("tests") == str(len(cases)) == str(coverage["outcomes"]["documented"])
    assert suite.get("failures") == str(len(failed))
    assert len(failed) == coverage["outcomes"]["documented"] - coverage["outcomes"]["seen"]
    assert cases["getCarts", "200"].find("failure") is None
    failure = cases["getCarts", "429 too-many-requests"].find("failure")
    assert failure is not None
    assert (failure.text or "").startswith("curl -i -X GET http://localhost/v2/carts ")


def test_html_is_self_contained(coverage: Any) -> None:
    page = FORMATS["html"](coverage)
    assert f"<h1>Contract coverage: {coverage['percent']} %</h1>" in page
    assert not re.search(r"<(script|link|img|iframe)\b|@import|url\(", page)
    for operation in coverage["operations"]:
        assert f"<h2>{operation['id']} <code>" in page
    assert (
        page.count('class="never"')
        == coverage["outcomes"]["documented"] - coverage["outcomes"]["seen"]
    )
    assert "associated-twice" in page


def test_html_escapes_what_a_client_sent(client: FlaskClient) -> None:
    for _ in range(2):  # the warning contains the path
        client.get("/v2/carts/<script>alert(1)", headers={**ADMIN, "Prefer": "code=429"})
    page = FORMATS["html"](report(client))
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_markdown_is_tables(coverage: Any) -> None:
    lines = FORMATS["markdown"](coverage).splitlines()
    assert lines[0] == f"# Contract coverage: {coverage['percent']} %"
    assert "| getCarts | 200 | 2 |" in lines
    assert "| getCarts | 429 too-many-requests | **never** |" in lines
    rows = [line for line in lines if line.startswith("| ") and line.count("|") == 4]
    assert len(rows) == coverage["outcomes"]["documented"] + 2


def test_markdown_keeps_what_a_client_sent_in_its_cell(client: FlaskClient) -> None:
    body = {"data": {"name": "Cart", "a | b\n| c": 1}}
    client.post("/v2/carts", headers=ADMIN, json=body)
    (row,) = (r for r in FORMATS["markdown"](report(client)).splitlines() if "unknown-fields" in r)
    assert len(re.findall(r"(?<!\\)\|", row)) == 5


def test_text_keeps_what_a_client_sent_on_its_line(client: FlaskClient) -> None:
    body = {"data": {"name": "Cart", "a\nnever: getCarts 200\x1b[2J": 1}}
    client.post("/v2/carts", headers=ADMIN, json=body)
    text = FORMATS["text"](report(client))
    assert text.count("never: getCarts 200\n") == 1
    assert "\x1b" not in text


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_accepts_any_text_that_a_client_sent(client: FlaskClient, name: str) -> None:
    body = {"data": {"name": "Cart", "\x01\ufffe]]>&<é😀": 1}}
    client.post("/v2/carts", headers=ADMIN, json=body)
    written = FORMATS[name](report(client))
    assert written.endswith("\n")
    if name == "junit":
        ElementTree.fromstring(written)
