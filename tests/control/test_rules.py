"""Rules: failures that are armed beforehand."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from mockserver.yaml_source import FixtureError
from tests.control.conftest import Sandbox
from tests.seeds import ACCOUNT_1, ACCOUNT_2, acting_as, naming

LIMITED = {"then": {"error": "too-many-requests"}}


def arm(box: Sandbox, **rule: Any) -> Any:
    return box.told("POST", "/rules", {**LIMITED, **rule})


def statuses(box: Sandbox, calls: int) -> list[int]:
    return [box.call("GET", "/v2/carts").status_code for _ in range(calls)]


def test_a_rule_skips_and_then_fires_so_many_times(box: Sandbox) -> None:
    arm(box, operation="getCarts", skip=1, times=2)
    assert statuses(box, 5) == [200, 429, 429, 200, 200]
    [rule] = box.told("GET", "/rules")
    assert (rule["matched"], rule["fired"]) == (5, 2)


def test_exactly_so_many_of_a_hundred_calls_at_once_fail(box: Sandbox, app: Flask) -> None:
    arm(box, operation="getCarts", skip=5, times=37)
    with ThreadPoolExecutor(16) as pool:
        calls = [
            pool.submit(Sandbox(app.test_client()).call, "GET", "/v2/carts") for _ in range(100)
        ]
        answers = [call.result().status_code for call in calls]
    assert sorted(answers) == [200] * 63 + [429] * 37


@pytest.mark.parametrize(
    ("rule", "met", "missed"),
    [
        ({"operation": "getACart"}, ("GET", "/v2/carts/free-cart"), ("GET", "/v2/carts")),
        ({"operation": "getAccounts"}, ("GET", "/v2/accounts"), ("GET", "/v2/carts")),
        ({"method": "DELETE"}, ("DELETE", "/v2/carts/free-cart"), ("GET", "/v2/carts/free-cart")),
        (
            {"path": "/v2/carts/ada-*"},
            ("GET", "/v2/carts/ada-cart"),
            ("GET", "/v2/carts/free-cart"),
        ),
        ({"cart": "ada-cart"}, ("GET", "/v2/carts/ada-cart"), ("GET", "/v2/carts/free-cart")),
    ],
    ids=lambda each: str(next(iter(each))) if isinstance(each, dict) else None,
)
def test_a_rule_means_only_what_it_matches(
    box: Sandbox, rule: Any, met: tuple[str, str], missed: tuple[str, str]
) -> None:
    arm(box, **rule)
    assert box.call(*missed).status_code == 200
    assert box.call(*met).status_code == 429


def test_a_rule_may_mean_one_account(box: Sandbox) -> None:
    arm(box, account=ACCOUNT_2)
    assert box.call("GET", "/v2/carts", acting_as(1)).status_code == 200
    assert box.call("GET", "/v2/carts", acting_as(2)).status_code == 429


def test_a_rule_fires_only_where_the_error_is_documented(box: Sandbox) -> None:
    arm(box, then={"error": "last-cart"})
    path = "/v2/carts/free-cart"
    assert box.call("GET", path).status_code == 200
    assert box.call("DELETE", path).json["errors"][0]["title"] == "Last cart"
    assert box.call("GET", path).json["data"]["name"] == "Free cart"


def test_chance_comes_from_the_seed(make_app: Callable[..., Flask]) -> None:
    def run(seed: int) -> list[int]:
        box = Sandbox(make_app(seed=seed).test_client())
        arm(box, probability=0.5)
        return statuses(box, 40)

    assert run(1) == run(1) != run(2)
    assert set(run(1)) == {200, 429}


def test_a_rule_ends_by_the_clock(box: Sandbox) -> None:
    arm(box, ttl_s=60)
    assert statuses(box, 1) == [429]
    box.told("PUT", "/clock", {"action": "advance", "duration": "PT1M"})
    assert statuses(box, 1) == [200]
    assert box.told("GET", "/rules") == []


def test_rules_are_disarmed_one_by_one_and_all_together(box: Sandbox) -> None:
    first, second = arm(box)["id"], arm(box)["id"]
    box.told("DELETE", f"/rules/{first}")
    assert [rule["id"] for rule in box.told("GET", "/rules")] == [second]
    box.told("DELETE", "/rules")
    assert statuses(box, 1) == [200]
    assert box.admin("DELETE", f"/rules/{first}").status_code == 404


def test_a_delay_lets_the_call_happen(box: Sandbox) -> None:
    arm(box, then={"delay_ms": 1})
    body = naming(ACCOUNT_1)
    answer = box.call("POST", "/v2/carts/free-cart/relationships/accounts", json=body)
    assert answer.status_code == 200
    assert answer.headers["Mock-Notes"] == "rule-1 fired"


@pytest.mark.parametrize(
    "delay",
    [
        {"distribution": "uniform", "min_ms": 0, "max_ms": 2},
        {"distribution": "lognormal", "median_ms": 1, "sigma": 0.1},
    ],
    ids=lambda each: each["distribution"],
)
def test_a_delay_may_be_spread(box: Sandbox, delay: Any) -> None:
    arm(box, then={"delay": delay, "error": "too-many-requests"})
    assert statuses(box, 3) == [429] * 3


def test_a_slow_body_arrives_whole(box: Sandbox) -> None:
    quick = box.call("GET", "/v2/carts").data
    arm(box, then={"slow_body": {"chunks": 5, "duration_ms": 5}})
    assert box.call("GET", "/v2/carts").data == quick


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({}, "then is required"),
        ({"then": {}}, "then"),
        ({"then": {"error": "no-such"}}, 'no error "no-such" here; known: '),
        ({"operation": "getCart", **LIMITED}, 'no operation "getCart"; known: '),
        ({"operation": "getCarts", "then": {"error": "last-cart"}}, 'no error "last-cart" here'),
        ({"times": 0, **LIMITED}, "times must be at least 1"),
        ({"probability": 2, **LIMITED}, "probability must be at most 1"),
        ({"until": 3, **LIMITED}, "until is not a known field"),
        ({"then": {"fault": "EMPTY_RESPONSE"}}, "start the server with --faults"),
        (
            {"then": {"delay": {"distribution": "uniform", "min_ms": 2, "max_ms": 1}}},
            "must not be more than max_ms",
        ),
    ],
)
def test_a_rule_that_cannot_be_is_refused(box: Sandbox, rule: Any, said: str) -> None:
    answer = box.admin("POST", "/rules", rule)
    assert answer.status_code == 400
    assert said in answer.json["errors"][0]["detail"]
    assert box.told("GET", "/rules") == []


def test_rules_of_the_fixtures_are_armed_at_the_start_and_after_a_reset(
    make_app: Callable[..., Flask], tmp_path: Path
) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(
        "rules:\n  - { operation: getCarts, times: 1, then: { error: write-conflict } }\n"
    )
    with pytest.raises(FixtureError, match=r"rules.yaml:2:\d+: rules\[0\].then.error: no error"):
        make_app(fixtures=("default", str(file)))
    file.write_text(
        "rules:\n  - { operation: getCarts, times: 1, then: { error: service-unavailable } }\n"
    )
    box = Sandbox(make_app(fixtures=("default", str(file))).test_client())
    assert statuses(box, 2) == [503, 200]
    arm(box)
    box.told("POST", "/reset")
    assert statuses(box, 2) == [503, 200]
