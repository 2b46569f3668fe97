"""Rules: failures configured in advance, for apps whose requests can't be changed."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from mockserver.app import create_app
from mockserver.core.config import Config
from mockserver.fixtures.yaml_document import FixtureError
from mockserver.sandbox import rules
from mockserver.sandbox.rules import MatchInput, RuleSet
from tests.support import admin
from tests.support.built_in_data import (
    ACCOUNT_1,
    ACCOUNT_2,
    ADMIN,
    NEW_YEAR,
    SHOPPER,
    acting_as,
    naming,
)
from tests.support.contract import CONTRACT
from tests.support.sample_requests import ASSOCIATIONS, GOOD, Request

BUSY = {"error": "too-many-requests"}
A_CART = Request("GET", "/v2/carts/ada-cart")
MATCH_INPUT = MatchInput(
    ("getCarts",), "GET", "/v2/carts", None, None, frozenset({"too-many-requests"})
)


def statuses(client: FlaskClient, count: int, request: Request = A_CART) -> list[int]:
    return [request.sent_by(client).status_code for _ in range(count)]


# --- which calls a rule matches


@pytest.mark.parametrize(
    ("match", "matching", "other"),
    [
        ({"operation": "getCarts"}, GOOD["getCarts"], A_CART),
        ({"method": "PUT"}, GOOD["updateACart"], A_CART),
        ({"path": "/v2/carts/ada-cart"}, A_CART, GOOD["getACart"]),
        ({"path": "/v2/carts/*"}, A_CART, GOOD["getCarts"]),
        ({"path": "/v2/carts/ada-*"}, A_CART, GOOD["getACart"]),
        (
            {"account": ACCOUNT_1},
            A_CART.evolve(headers=acting_as(1)),
            A_CART.evolve(headers=acting_as(2)),
        ),
        ({"account": ACCOUNT_2}, GOOD["getCarts"].evolve(headers=acting_as(2)), GOOD["getCarts"]),
        ({"cart": "ada-cart"}, A_CART, GOOD["getACart"]),
        ({"cart": "free-cart"}, Request("POST", ASSOCIATIONS, body=naming(ACCOUNT_1)), A_CART),
        (
            {"cart": "mine"},
            GOOD["createACart"].evolve(body={"data": {"id": "mine", "name": "Mine"}}),
            GOOD["createACart"],
        ),
        (
            {"operation": "getACart", "cart": "ada-cart", "account": ACCOUNT_1},
            A_CART.evolve(headers=acting_as(1)),
            A_CART,
        ),
        ({}, A_CART, None),
    ],
    ids=lambda value: "+".join(value) or "anything" if isinstance(value, dict) else None,
)
def test_a_rule_matches_calls_by_all_its_fields(
    client: FlaskClient, match: dict[str, str], matching: Request, other: Request | None
) -> None:
    admin.arm(client, {**match, "then": BUSY})
    if other is not None:
        assert other.sent_by(client).status_code < 300
    assert matching.sent_by(client).status_code == 429
    assert [rule["fired"] for rule in admin.get(client, "/rules")] == [1]


@pytest.mark.parametrize("alias", [a for op in CONTRACT.operations for a in op.aliases])
def test_an_operation_may_be_named_by_an_alias(client: FlaskClient, alias: str) -> None:
    operation = CONTRACT.operation(alias)
    assert operation is not None
    admin.arm(client, {"operation": alias, "then": {"error": "internal-server-error"}})
    assert GOOD[operation.id].sent_by(client).status_code == 500


def test_a_rule_comes_before_every_check_of_the_caller(client: FlaskClient) -> None:
    admin.arm(client, {"operation": "getCarts", "then": BUSY})
    assert client.get("/v2/carts").status_code == 429


def test_an_error_that_the_operation_does_not_document_is_never_returned(
    client: FlaskClient,
) -> None:
    admin.arm(client, {"then": {"error": "cart-already-exists"}})
    assert A_CART.sent_by(client).status_code == 200
    assert GOOD["createACart"].sent_by(client).status_code == 409
    assert [rule["matched"] for rule in admin.get(client, "/rules")] == [1]


@pytest.mark.parametrize(
    ("operation", "error"), sorted((op.id, e) for op in CONTRACT.operations for e in op.errors)
)
def test_every_documented_error_can_be_armed(operation: str, error: str) -> None:
    """Calls the functions directly, since there are hundreds of errors."""
    rule = {"operation": operation, "then": {"error": error}}
    assert not list(rules.validate_rule(rule, CONTRACT, faults=False))
    entry = CONTRACT.operation(operation)
    assert entry is not None
    rule_set = RuleSet(0)
    rule_set.add(rule, NEW_YEAR)
    match_input = MatchInput(
        (operation,), entry.method, entry.path, None, None, frozenset(entry.errors)
    )
    outcome = rule_set.decide(match_input, NEW_YEAR)
    assert outcome is not None
    assert outcome.error == error


def test_the_response_is_that_of_the_catalog(client: FlaskClient) -> None:
    preferred = A_CART.with_headers(Prefer="example=too-many-requests").sent_by(client)
    admin.arm(client, {"then": BUSY})
    response = A_CART.sent_by(client)
    assert response.get_json() == preferred.get_json()
    assert response.headers["Retry-After"] == "1"
    assert response.headers["Mock-Notes"] == "rule-1 fired"


def test_a_failed_call_changes_nothing(client: FlaskClient) -> None:
    admin.arm(client, {"operation": "deleteACart", "then": {"error": "service-unavailable"}})
    assert GOOD["deleteACart"].sent_by(client).status_code == 503
    assert GOOD["getACart"].sent_by(client).get_json()["data"]["name"] == "Free cart"


def test_the_first_rule_that_fires_wins(client: FlaskClient) -> None:
    admin.arm(client, {"then": {"error": "service-unavailable"}, "times": 1})
    admin.arm(client, {"then": BUSY, "times": 1})
    assert statuses(client, 3) == [503, 429, 200]


# --- how often


def test_skip_one_times_two_is_pass_fail_fail_pass(client: FlaskClient) -> None:
    admin.arm(client, {"then": BUSY, "skip": 1, "times": 2})
    assert statuses(client, 4) == [200, 429, 429, 200]
    assert [(r["matched"], r["fired"]) for r in admin.get(client, "/rules")] == [(4, 2)]


@pytest.mark.parametrize(("skip", "times"), [(0, 7), (13, 29), (99, 5)])
def test_exactly_times_fail_under_a_hundred_calls_at_once(
    app: Flask, skip: int, times: int
) -> None:
    admin.arm(app.test_client(), {"then": BUSY, "skip": skip, "times": times})
    with ThreadPoolExecutor(100) as threads:
        results = list(
            threads.map(lambda _: A_CART.sent_by(app.test_client()).status_code, range(100))
        )
    assert results.count(429) == min(times, 100 - skip)
    assert results.count(200) == 100 - min(times, 100 - skip)


def test_probability_is_decided_by_the_seed() -> None:
    def results(seed: int) -> list[int]:
        client = create_app(Config(frozen_at=NEW_YEAR, seed=seed), CONTRACT).test_client()
        admin.arm(client, {"then": BUSY, "probability": 0.5})
        return statuses(client, 40)

    first = results(1)
    assert set(first) == {200, 429}
    assert results(1) == first
    assert results(2) != first


@pytest.mark.parametrize(("probability", "status"), [(0, 200), (1, 429)])
def test_probability_of_0_and_1(client: FlaskClient, probability: int, status: int) -> None:
    admin.arm(client, {"then": BUSY, "probability": probability})
    assert set(statuses(client, 20)) == {status}


def test_times_counts_only_fired_matches(client: FlaskClient) -> None:
    admin.arm(client, {"then": BUSY, "probability": 0.3, "times": 4})
    assert statuses(client, 60).count(429) == 4


def test_ttl_expires_by_the_sandboxs_clock(client: FlaskClient) -> None:
    rule = admin.arm(client, {"then": BUSY, "ttl_s": 60})
    assert rule["expires_at"] == "2026-01-01T00:01:00.000Z"
    admin.put(client, "/clock", {"action": "advance", "duration": "PT59S"})
    assert statuses(client, 1) == [429]
    admin.put(client, "/clock", {"action": "advance", "duration": "PT1S"})
    assert statuses(client, 1) == [200]
    assert admin.get(client, "/rules") == []


# --- armed, listed, disarmed


def test_a_rule_is_returned_as_it_was_armed(client: FlaskClient) -> None:
    rule = {"operation": "getCarts", "then": BUSY, "skip": 1, "times": 2}
    armed = {"id": "rule-1", **rule, "matched": 0, "fired": 0, "expires_at": None}
    assert admin.arm(client, rule) == armed
    assert admin.get(client, "/rules") == [armed]


def test_one_rule_or_all_are_disarmed(client: FlaskClient) -> None:
    for _ in range(3):
        admin.arm(client, {"then": BUSY})
    assert admin.call(client, "DELETE", "/rules/rule-2").status_code == 204
    assert [rule["id"] for rule in admin.get(client, "/rules")] == ["rule-1", "rule-3"]
    response = admin.call(client, "DELETE", "/rules/rule-2")
    assert admin.detail(response, 404) == "There is no rule rule-2."
    assert admin.call(client, "DELETE", "/rules").status_code == 204
    assert admin.call(client, "DELETE", "/rules").status_code == 204
    assert statuses(client, 1) == [200]


def test_a_sandbox_has_its_own_rules(client: FlaskClient) -> None:
    admin.arm(client, {"then": BUSY}, sandbox="one")
    assert statuses(client, 1) == [200]
    assert A_CART.with_headers(Mock_Sandbox="one").sent_by(client).status_code == 429
    assert client.get("/sandboxes/one/v2/carts/ada-cart", headers=ADMIN).status_code == 429


def test_there_are_at_most_a_thousand(app: Flask, client: FlaskClient) -> None:
    for _ in range(1000):
        app.extensions["sandbox"].arm_rule({"then": BUSY})
    response = admin.call(client, "POST", "/rules", {"then": BUSY})
    assert admin.detail(response, 409) == "A sandbox has at most 1000 rules."


INVALID_RULES: list[tuple[dict[str, Any], str]] = [
    ({}, "then is required."),
    ({"then": {}}, "then breaks the rule minProperties."),
    ({"then": {"error": "teapot"}}, 'then.error: no error "teapot" here; known: account-'),
    (
        {"operation": "getCarts", "then": {"error": "cart-already-exists"}},
        'then.error: no error "cart-already-exists" here; known: ',
    ),
    ({"operation": "getTeapot", "then": BUSY}, 'operation: no operation "getTeapot"; known: '),
    ({"method": "get", "then": BUSY}, "method must be one of GET, POST, PUT, DELETE, PATCH."),
    ({"then": BUSY, "times": 0}, "times must be at least 1."),
    ({"then": BUSY, "skip": -1}, "skip must be at least 0."),
    ({"then": BUSY, "probability": 1.5}, "probability must be at most 1."),
    ({"then": BUSY, "ttl_s": 0}, "ttl_s must be at least 1."),
    ({"then": BUSY, "status": 500}, "status is not a known field; known: account, cart, "),
    ({"then": {"delay_ms": 60_001}}, "then.delay_ms must be at most 60000."),
    ({"then": {"delay": {"distribution": "uniform"}}}, "then.delay.min_ms is required; then.delay"),
    (
        {"then": {"delay": {"distribution": "uniform", "min_ms": 2, "max_ms": 1}}},
        "then.delay.min_ms: must not be more than max_ms.",
    ),
    ({"then": {"delay": {"distribution": "lognormal"}}}, "then.delay.median_ms is required; then."),
    ({"then": {"slow_body": {"chunks": 0, "duration_ms": 1}}}, "then.slow_body.chunks must be at"),
    ({"then": {"fault": "SEGFAULT"}}, "then.fault must be one of CONNECTION_RESET_BY_PEER, EMPTY"),
    (
        {"then": {"fault": "EMPTY_RESPONSE"}},
        "then.fault: needs the socket layer; start the server with --faults.",
    ),
]


@pytest.mark.parametrize(
    ("rule", "message"), INVALID_RULES, ids=[message for _, message in INVALID_RULES]
)
def test_an_invalid_rule_is_reported_and_not_armed(
    client: FlaskClient, rule: dict[str, Any], message: str
) -> None:
    assert admin.detail(admin.call(client, "POST", "/rules", rule), 400).startswith(message)
    assert admin.get(client, "/rules") == []


# --- delays and slow bodies: in real time, so only the minimum is asserted


def took_ms(action: Callable[[], object]) -> float:
    start = perf_counter()
    action()
    return (perf_counter() - start) * 1000


def test_a_delay_takes_at_least_its_time_and_then_the_call_succeeds(client: FlaskClient) -> None:
    admin.arm(client, {"then": {"delay_ms": 30}, "times": 1})
    assert took_ms(lambda: statuses(client, 1)) >= 30
    assert statuses(client, 1) == [200]
    assert admin.get(client, "/requests")["requests"][1]["duration_ms"] >= 30


def test_a_delay_may_be_combined_with_an_error(client: FlaskClient) -> None:
    admin.arm(client, {"then": {"delay_ms": 20, **BUSY}})
    assert took_ms(lambda: statuses(client, 1)) >= 20
    assert statuses(client, 1) == [429]


def test_a_slow_body_arrives_completely_in_chunks(client: FlaskClient) -> None:
    usual = A_CART.sent_by(client).data
    admin.arm(client, {"then": {"slow_body": {"chunks": 5, "duration_ms": 25}}})
    responses = []
    assert took_ms(lambda: responses.append(A_CART.sent_by(client).data)) >= 25
    assert responses == [usual]


def delays(then: dict[str, Any], seed: int = 0) -> list[float]:
    """Return the delays of a rule for many calls."""
    rule_set = RuleSet(seed)
    rule_set.add({"then": then}, NEW_YEAR)
    outcomes = [rule_set.decide(MATCH_INPUT, NEW_YEAR) for _ in range(400)]
    return [outcome.delay_ms for outcome in outcomes if outcome is not None]


def test_uniform_delays_are_within_their_bounds() -> None:
    samples = delays({"delay": {"distribution": "uniform", "min_ms": 10, "max_ms": 20}})
    assert all(10 <= delay_ms <= 20 for delay_ms in samples)
    assert min(samples) < 11
    assert max(samples) > 19


def test_lognormal_delays_have_their_median_and_a_tail() -> None:
    samples = sorted(
        delays({"delay": {"distribution": "lognormal", "median_ms": 100, "sigma": 0.5}})
    )
    assert 85 < samples[200] < 115
    assert samples[-1] > 250
    assert samples[0] > 10


def test_no_delay_is_longer_than_a_minute() -> None:
    samples = delays({"delay": {"distribution": "lognormal", "median_ms": 60_000, "sigma": 5}})
    assert max(samples) == 60_000


def test_delays_depend_on_the_seed() -> None:
    spread = {"delay": {"distribution": "uniform", "min_ms": 0, "max_ms": 1000}}
    assert delays(spread, 1) == delays(spread, 1)
    assert delays(spread, 1) != delays(spread, 2)


# --- in fixtures

FIXTURE = """\
rules:
  - { operation: getACart, then: { error: too-many-requests }, times: 1 }
"""


def app_of(folder: Path, text: str, **settings: Any) -> Flask:
    file = folder / "rules.yaml"
    file.write_text(text, "utf-8")
    return create_app(
        Config(fixtures=("default", str(file)), frozen_at=NEW_YEAR, **settings), CONTRACT
    )


def test_fixtures_arm_rules(tmp_path: Path) -> None:
    client = app_of(tmp_path, FIXTURE).test_client()
    assert [rule["operation"] for rule in admin.get(client, "/rules")] == ["getACart"]
    assert statuses(client, 2) == [429, 200]


def test_every_sandbox_starts_with_the_fixtures_rules(tmp_path: Path) -> None:
    client = app_of(tmp_path, FIXTURE).test_client()
    for name in ("one", "two"):
        assert statuses(client, 2, A_CART.with_headers(Mock_Sandbox=name)) == [429, 200]


def test_a_reset_arms_the_fixtures_rules_again_and_drops_others(tmp_path: Path) -> None:
    client = app_of(tmp_path, FIXTURE).test_client()
    admin.arm(client, {"then": {"error": "forbidden"}, "operation": "getCarts"})
    assert statuses(client, 2) == [429, 200]
    client.post("/__admin/reset")
    assert [rule["operation"] for rule in admin.get(client, "/rules")] == ["getACart"]
    assert statuses(client, 2) == [429, 200]
    admin.call(client, "DELETE", "/rules")
    client.post("/__admin/reset")
    assert statuses(client, 2) == [429, 200]


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (
            "{ operation: getTeapot, then: { error: forbidden } }",
            '2:18: rules[0].operation: no operation "getTeapot"; known: bulkUpdateItemsInCart, ',
        ),
        (
            "{ then: { error: teapot } }",
            '2:22: rules[0].then.error: no error "teapot" here; known: account-',
        ),
        ("{ then: { error: forbidden }, times: 0 }", "2:42: rules[0].times: must be at least 1"),
        (
            "{ then: { fault: EMPTY_RESPONSE } }",
            "2:22: rules[0].then.fault: needs the socket layer; start the server with --faults",
        ),
        ("{ times: 1 }", "2:5: rules[0].then: is required"),
    ],
)
def test_an_invalid_rule_in_fixtures_is_reported_with_its_position(
    tmp_path: Path, rule: str, message: str
) -> None:
    with pytest.raises(FixtureError) as raised:
        app_of(tmp_path, f"rules:\n  - {rule}\n")
    assert str(raised.value).startswith(f"{tmp_path / 'rules.yaml'}:{message}")


def test_fixtures_may_contain_faults_for_a_server_with_faults(tmp_path: Path) -> None:
    text = "rules:\n  - { then: { fault: EMPTY_RESPONSE } }\n"
    assert app_of(tmp_path, text, faults=True)


# --- the rate limit


def test_more_calls_than_the_limit_get_429_with_retry_after(client: FlaskClient) -> None:
    assert admin.get(client, "/rate-limit") == {"requests_per_second": None}
    admin.put(client, "/rate-limit", {"requests_per_second": 3})
    responses = [A_CART.sent_by(client) for _ in range(5)]
    assert [response.status_code for response in responses] == [200, 200, 200, 429, 429]
    assert [response.headers.get("Retry-After") for response in responses] == [
        None,
        None,
        None,
        "1",
        "1",
    ]
    assert responses[-1].get_json()["errors"][0]["title"] == "Too Many Requests"


def test_waiting_for_retry_after_is_enough(client: FlaskClient) -> None:
    admin.put(client, "/rate-limit", {"requests_per_second": 1})
    statuses(client, 1)
    wait = A_CART.sent_by(client).headers["Retry-After"]
    admin.put(client, "/clock", {"action": "advance", "duration": f"PT{wait}S"})
    assert statuses(client, 1) == [200]


def test_the_limit_can_be_removed(client: FlaskClient) -> None:
    admin.put(client, "/rate-limit", {"requests_per_second": 1})
    assert admin.put(client, "/rate-limit", {"requests_per_second": None})
    assert statuses(client, 5) == [200] * 5


def test_a_reset_removes_the_limit(client: FlaskClient) -> None:
    admin.put(client, "/rate-limit", {"requests_per_second": 1})
    client.post("/__admin/reset")
    assert statuses(client, 5) == [200] * 5


def test_the_limit_is_each_sandboxs_own(client: FlaskClient) -> None:
    admin.put(client, "/rate-limit", {"requests_per_second": 1}, sandbox="one")
    assert statuses(client, 3) == [200] * 3
    assert statuses(client, 3, A_CART.with_headers(Mock_Sandbox="one")) == [200, 429, 429]


def test_the_limit_counts_neither_the_admin_api_nor_forced_errors(client: FlaskClient) -> None:
    admin.put(client, "/rate-limit", {"requests_per_second": 1})
    for _ in range(3):
        admin.get(client, "/clock")
        assert A_CART.with_headers(Prefer="code=503").sent_by(client).status_code == 503
    assert statuses(client, 2) == [200, 429]


def test_exactly_as_many_calls_as_the_limit_pass_at_once(app: Flask) -> None:
    admin.put(app.test_client(), "/rate-limit", {"requests_per_second": 9})
    with ThreadPoolExecutor(40) as threads:
        results = list(
            threads.map(lambda _: A_CART.sent_by(app.test_client()).status_code, range(60))
        )
    assert results.count(200) == 9


def test_fixtures_may_set_the_limit(tmp_path: Path) -> None:
    text = "settings: { rate_limit: { requests_per_second: 1 } }\n"
    client = app_of(tmp_path, text).test_client()
    assert statuses(client, 2, Request("GET", "/v2/carts/free-cart", SHOPPER)) == [200, 429]
