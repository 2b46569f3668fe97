"""Contract coverage of the consumer: what a test run has seen, and what it never has."""

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
from tests import documented
from tests.contract import CONTRACT
from tests.control import admin
from tests.requests import ASSOCIATIONS, GOOD
from tests.seeds import ACCOUNT_1, ADMIN, CUSTOMER_1, NEW_YEAR, naming, naming_customers

DOCUMENTED_ERRORS = {(each.operation, each.id) for each in documented.error_entries()}
DOCUMENTED_SUCCESSES = {
    (name, int(status))
    for name, operation in documented.operations().items()
    for status in operation["responses"]
    if int(status) < 400
}


def report(client: FlaskClient, query: str = "") -> Any:
    return admin.get(client, f"/coverage?{query}")


def outcomes(told: Any) -> dict[tuple[str, Any], Any]:
    """Return each outcome by its operation and its error id, or its status for a success."""
    return {
        (operation["id"], each["error"] or each["status"]): each
        for operation in told["operations"]
        for each in operation["outcomes"]
    }


def seen(client: FlaskClient, query: str = "") -> dict[tuple[str, Any], int]:
    """Return the outcomes that were seen, and how often."""
    found = outcomes(report(client, query))
    return {key: each["count"] for key, each in found.items() if each["count"]}


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


def test_every_documented_outcome_is_listed_and_none_else(client: FlaskClient) -> None:
    assert set(outcomes(report(client))) == DOCUMENTED_ERRORS | DOCUMENTED_SUCCESSES


def test_outcomes_are_counted(client: FlaskClient) -> None:
    assert seen(client) == {}
    some_calls(client)
    assert seen(client) == SOME


def test_totals_and_percent(client: FlaskClient) -> None:
    some_calls(client)
    told = report(client)
    errors, successes = len(DOCUMENTED_ERRORS), len(DOCUMENTED_SUCCESSES)
    assert told["errors"] == {"seen": 2, "documented": errors}
    assert told["successes"] == {"seen": 2, "documented": successes}
    assert told["outcomes"] == {"seen": 4, "documented": errors + successes}
    assert told["percent"] == round(100 * 4 / (errors + successes), 1)


def test_the_line_beside_each_error_provokes_it(client: FlaskClient) -> None:
    for (operation, error), each in outcomes(report(client)).items():
        if each["error"]:
            words = shlex.split(each["curl"])
            url, method = (
                next(w for w in words if w.startswith("http")),
                words[words.index("-X") + 1],
            )
            told = [words[i + 1].split(": ", 1) for i, word in enumerate(words) if word == "-H"]
            data = words[words.index("-d") + 1] if "-d" in words else None
            answer = client.open(url, method=method, headers=told, data=data)
            assert answer.status_code == each["status"], (operation, error)
    never = {key for key, each in outcomes(report(client)).items() if not each["count"]}
    assert never == DOCUMENTED_SUCCESSES


def test_a_whole_run_is_a_hundred_percent(client: FlaskClient) -> None:
    test_the_line_beside_each_error_provokes_it(client)
    for name, request in GOOD.items():
        request.with_headers(Mock_Sandbox=name).sent_by(client)
    for cart, kind, body in (
        ("ada-cart", "accounts", naming(ACCOUNT_1)),
        ("alan-cart", "customers", naming_customers(CUSTOMER_1)),
    ):
        client.post(f"/v2/carts/{cart}/relationships/{kind}", headers=ADMIN, json=body)
    never = {key for key, each in outcomes(report(client)).items() if not each["count"]}
    assert never == set()
    assert report(client)["percent"] == 100


def test_what_the_sandbox_itself_refuses_is_no_outcome(client: FlaskClient) -> None:
    client.get("/v2/carts", headers={**ADMIN, "Prefer": "example=nothing"})
    client.get("/v2/carts", headers={**ADMIN, "Mock-Sandbox": "no name"})
    client.get("/openapi.yaml")
    assert seen(client) == {}


def test_the_admin_api_is_not_counted(client: FlaskClient) -> None:
    admin.get(client, "/clock")
    admin.call(client, "GET", "/sandboxes/nowhere")
    assert seen(client) == {}


# --- what survives


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
    assert [each["name"] for each in admin.get(client, "/sandboxes")] == ["default", "two"]
    assert seen(client) == SOME


def test_counts_outlive_a_restored_snapshot(client: FlaskClient) -> None:
    admin.put(client, "/snapshots/s")
    some_calls(client)
    admin.call(client, "POST", "/snapshots/s/restore")
    assert seen(client) == SOME


# --- of which sandboxes


def test_sandboxes_are_merged(client: FlaskClient) -> None:
    some_calls(client)
    some_calls(client, "one")
    some_calls(client, "two")
    admin.call(client, "DELETE", "/sandboxes/two")
    assert seen(client) == {key: 3 * count for key, count in SOME.items()}


def test_one_sandbox_can_be_asked_for(client: FlaskClient) -> None:
    some_calls(client, "one")
    client.get("/v2/carts", headers=ADMIN)
    assert seen(client, "sandbox=one") == SOME
    assert seen(client, "sandbox=default") == {("getCarts", 200): 1}
    answer = admin.call(client, "GET", "/coverage?sandbox=two")
    assert admin.detail(answer, 404) == 'There is no sandbox "two".'


# --- the report's formats


@pytest.fixture
def told(client: FlaskClient) -> Any:
    """A report with two errors, three successes and a habit of the client."""
    some_calls(client)
    client.post(ASSOCIATIONS, headers=ADMIN, json=naming(ACCOUNT_1))
    return report(client)


def test_text_has_the_untested_errors_first_each_with_its_line(told: Any) -> None:
    lines = FORMATS["text"](told).splitlines()
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
        "habit: associated-twice (1 times): /v2/carts/free-cart/relationships/accounts was "
        "associated with that account already",
        "  Ask first, or keep in mind, whether the cart is associated already.",
    ]


def test_json_is_the_report(told: Any) -> None:
    assert json.loads(FORMATS["json"](told)) == told


def test_junit_has_a_case_an_outcome_and_a_failure_for_what_was_never_seen(told: Any) -> None:
    suite = ElementTree.fromstring(FORMATS["junit"](told))
    cases = {(each.get("classname"), each.get("name")): each for each in suite.iter("testcase")}
    failed = [each for each in cases.values() if each.find("failure") is not None]
    assert suite.get("tests") == str(len(cases)) == str(told["outcomes"]["documented"])
    assert suite.get("failures") == str(len(failed))
    assert len(failed) == told["outcomes"]["documented"] - told["outcomes"]["seen"]
    assert cases["getCarts", "200"].find("failure") is None
    failure = cases["getCarts", "429 too-many-requests"].find("failure")
    assert failure is not None
    assert (failure.text or "").startswith("curl -i -X GET http://localhost/v2/carts ")


def test_html_is_one_file_with_everything_in_it(told: Any) -> None:
    page = FORMATS["html"](told)
    assert f"<h1>Contract coverage: {told['percent']} %</h1>" in page
    assert not re.search(r"<(script|link|img|iframe)\b|@import|url\(", page)
    for operation in told["operations"]:
        assert f"<h2>{operation['id']} <code>" in page
    assert page.count('class="never"') == told["outcomes"]["documented"] - told["outcomes"]["seen"]
    assert "associated-twice" in page


def test_html_escapes_what_a_client_sent(client: FlaskClient) -> None:
    for _ in range(2):  # a habit is told with its path
        client.get("/v2/carts/<script>alert(1)", headers={**ADMIN, "Prefer": "code=429"})
    page = FORMATS["html"](report(client))
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_markdown_is_tables(told: Any) -> None:
    lines = FORMATS["markdown"](told).splitlines()
    assert lines[0] == f"# Contract coverage: {told['percent']} %"
    assert "| getCarts | 200 | 2 |" in lines
    assert "| getCarts | 429 too-many-requests | **never** |" in lines
    rows = [line for line in lines if line.startswith("| ") and line.count("|") == 4]
    assert len(rows) == told["outcomes"]["documented"] + 2


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
def test_every_format_takes_any_text_that_a_client_sent(client: FlaskClient, name: str) -> None:
    body = {"data": {"name": "Cart", "\x01\ufffe]]>&<é😀": 1}}
    client.post("/v2/carts", headers=ADMIN, json=body)
    written = FORMATS[name](report(client))
    assert written.endswith("\n")
    if name == "junit":
        ElementTree.fromstring(written)
