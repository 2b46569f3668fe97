"""Contract coverage of the consumer, and the habits of its clients."""

import json
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import pytest
from flask import Flask

from mockserver.coverage_report import FORMATS
from tests.control.conftest import Sandbox
from tests.seeds import ACCOUNT_1, ADMIN, SHOPPER, acting_as, naming


def outcome(report: Any, operation: str, name: str) -> int:
    """Return how often an outcome was seen: a status such as 200, or an error's id."""
    [found] = [each for each in report["operations"] if each["id"] == operation]
    counts: list[int] = [
        each["count"]
        for each in found["outcomes"]
        if name == (each["error"] or str(each["status"]))
    ]
    return counts[0]


def test_what_was_seen_is_counted_and_what_was_not_is_told_with_its_curl(box: Sandbox) -> None:
    for _ in range(2):
        box.call("GET", "/v2/carts")
    box.call("DELETE", "/v2/carts/no-such-cart")
    box.call("GET", "/nowhere")
    report = box.told("GET", "/coverage")
    assert outcome(report, "getCarts", "200") == 2
    assert outcome(report, "deleteACart", "cart-not-found") == 1
    assert outcome(report, "*", "no-such-path") == 1
    assert outcome(report, "deleteACart", "last-cart") == 0
    assert report["outcomes"]["seen"] == 3
    assert report["percent"] == round(300 / report["outcomes"]["documented"], 1)
    unseen = [each for op in report["operations"] for each in op["outcomes"] if not each["count"]]
    assert all(each["curl"].startswith("curl ") for each in unseen if each["error"])


def test_coverage_outlives_ring_reset_and_sandboxes(make_app: Callable[..., Flask]) -> None:
    app = make_app(journal_size=1, max_sandboxes=1)
    box = Sandbox(app.test_client())
    for name in ("a", "b", "default"):
        for _ in range(2):
            Sandbox(app.test_client(), name).call("GET", "/v2/carts")
    box.told("POST", "/reset")
    assert outcome(box.told("GET", "/coverage"), "getCarts", "200") == 6
    assert outcome(box.told("GET", "/coverage?sandbox=b"), "getCarts", "200") == 2
    assert box.admin("GET", "/coverage?sandbox=a").status_code == 404


@pytest.fixture
def report(box: Sandbox) -> Any:
    box.call(
        "POST", "/v2/carts/free-cart/relationships/accounts", acting_as(1), json=naming(ACCOUNT_1)
    )
    box.call(
        "POST", "/v2/carts/free-cart/relationships/accounts", acting_as(1), json=naming(ACCOUNT_1)
    )
    box.call("POST", "/v2/carts", json={"data": {"name": "x", "<b>": 1}})
    return box.told("GET", "/coverage")


def test_the_text_has_the_untested_errors_first_each_with_the_line_that_provokes_it(
    report: Any,
) -> None:
    lines = FORMATS["text"](report).splitlines()
    assert lines[0].startswith("never: createAnAccessToken 400 bad-request")
    assert lines[2].strip().startswith("curl ")
    errors = [
        i for i, line in enumerate(lines) if line.startswith("never: ") and line.count(" ") > 2
    ]
    successes = [i for i, line in enumerate(lines) if line.startswith("never: getCarts 200")]
    assert max(errors) < min(successes)
    assert lines[-1] == (
        f"{report['percent']} % of the contract: "
        f"3 of {report['successes']['documented']} successes, "
        f"0 of {report['errors']['documented']} errors seen"
    )


def test_junit_fails_a_case_for_each_outcome_that_was_never_seen(report: Any) -> None:
    suite = ElementTree.fromstring(FORMATS["junit"](report))
    cases = suite.findall("testcase")
    assert len(cases) == int(suite.attrib["tests"]) == report["outcomes"]["documented"]
    failed = [case for case in cases if case.find("failure") is not None]
    assert len(failed) == int(suite.attrib["failures"]) == len(cases) - 3


def test_html_is_one_file_with_everything_escaped(report: Any) -> None:
    html = FORMATS["html"](report)
    assert f"Contract coverage: {report['percent']} %" in html
    assert "<b>" not in html
    assert "&lt;b&gt;" in html
    assert "http-equiv" not in html
    assert "src=" not in html


def test_markdown_and_json_tell_the_same(report: Any) -> None:
    assert "| createACart | 201 | 1 |" in FORMATS["markdown"](report)
    assert "| createACart | 400 malformed-json | **never** |" in FORMATS["markdown"](report)
    assert json.loads(FORMATS["json"](report)) == report


Call = tuple[str, str, dict[str, str], Any]
LIST: Call = ("GET", "/v2/carts", ADMIN, None)
STALE = {"Authorization": "Bearer stale"}
ASSOCIATE: Call = (
    "POST",
    "/v2/carts/free-cart/relationships/accounts",
    acting_as(1),
    naming(ACCOUNT_1),
)


def advance(seconds: int) -> Call:
    return ("PUT", "/__admin/clock", {}, {"action": "advance", "duration": f"PT{seconds}S"})


LIMIT: Call = ("PUT", "/__admin/rate-limit", {}, {"requests_per_second": 1})
FIRST: Call = ("GET", "/v2/carts?page[limit]=4", ADMIN, None)
SECOND: Call = ("GET", "/v2/carts?page[limit]=4&page[offset]=4", ADMIN, None)
HABITS: dict[str, tuple[list[Call], list[Call]]] = {
    "retried-too-early": ([LIMIT, LIST, LIST, LIST], [LIMIT, LIST, LIST, advance(1), LIST]),
    "used-a-refused-token": (
        [("GET", "/v2/carts", STALE, None)] * 2,
        [("GET", "/v2/carts", STALE, None), LIST],
    ),
    "sent-unknown-fields": (
        [("POST", "/v2/carts", SHOPPER, {"data": {"name": "x", "colour": "red"}})],
        [("POST", "/v2/carts", SHOPPER, {"data": {"name": "x", "contact": {}}})],
    ),
    "ignored-the-next-page": ([FIRST, LIST], [FIRST, SECOND]),
    "associated-twice": ([ASSOCIATE, ASSOCIATE], [ASSOCIATE]),
}


@pytest.mark.parametrize("habit", HABITS)
def test_a_habit_is_found_in_the_client_that_has_it_and_in_no_other(
    make_app: Callable[..., Flask], habit: str
) -> None:
    found: list[set[str]] = []
    for calls in HABITS[habit]:
        box = Sandbox(make_app().test_client())
        for method, path, headers, body in calls:
            box.call(method, path, headers, **({"json": body} if body else {}))
        found.append({each["habit"] for each in box.told("GET", "/coverage")["findings"]})
    assert found == [{habit}, set()]
