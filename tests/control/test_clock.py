"""The clock of a sandbox, and everything that follows it."""

from typing import Any

import pytest

from tests.control.conftest import Sandbox
from tests.seeds import ACCOUNT_TOKEN, PROFILE, SHOPPER

FORM = {"grant_type": "implicit", "client_id": "storefront"}


def move(box: Sandbox, action: str, **more: Any) -> Any:
    return box.told("PUT", "/clock", {"action": action, **more})


def test_the_clock_freezes_advances_resumes_and_resets(box: Sandbox) -> None:
    assert box.told("GET", "/clock") == {"now": "2026-01-01T00:00:00.000Z", "frozen": True}
    assert move(box, "advance", duration="PT1H30M")["now"] == "2026-01-01T01:30:00.000Z"
    instant = "2030-02-03T04:05:06.789Z"
    assert move(box, "freeze", instant=instant) == {"now": instant, "frozen": True}
    assert move(box, "resume")["frozen"] is False
    assert move(box, "freeze")["now"] >= instant
    assert move(box, "reset") == {"now": "2026-01-01T00:00:00.000Z", "frozen": True}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "action is required"),
        ({"action": "stop"}, "action must be one of freeze, advance, resume, reset"),
        ({"action": "advance"}, "duration is required"),
        ({"action": "advance", "duration": "1h"}, "duration must be a valid duration"),
        ({"action": "freeze", "instant": "tomorrow"}, "instant must be a valid date-time"),
        ({"action": "freeze", "instant": "9500-01-01T00:00:00Z"}, "1971 to 8999"),
        ({"action": "advance", "duration": "P9999999D"}, "1971 to 8999"),
        ({"action": "resume", "when": "now"}, "when is not a known field"),
    ],
)
def test_a_clock_that_cannot_be_set_stays(box: Sandbox, body: Any, said: str) -> None:
    answer = box.admin("PUT", "/clock", body)
    assert answer.status_code == 400
    assert said in answer.json["errors"][0]["detail"]
    assert box.told("GET", "/clock")["now"] == "2026-01-01T00:00:00.000Z"


def test_a_bearer_token_ends_after_exactly_expires_in(box: Sandbox) -> None:
    given = box.call("POST", "/oauth/access_token", {}, data=FORM).json
    bearer = {"Authorization": f"Bearer {given['access_token']}"}
    move(box, "advance", duration=f"PT{given['expires_in'] - 1}S")
    assert box.call("GET", "/v2/carts/free-cart", bearer).status_code == 200
    move(box, "advance", duration="PT1S")
    assert box.call("GET", "/v2/carts/free-cart", bearer).status_code == 401


def test_an_account_token_ends_after_a_day(box: Sandbox) -> None:
    login = {
        "type": "account_management_authentication_token",
        "authentication_mechanism": "password",
        "password_profile_id": PROFILE,
        "username": "ada@example.com",
        "password": "ada-password",
    }
    given = box.call("POST", "/v2/account-members/tokens", SHOPPER, json={"data": login}).json
    caller = {**SHOPPER, ACCOUNT_TOKEN: given["data"][0]["token"]}
    move(box, "advance", duration="PT23H59M59S")
    assert box.call("GET", "/v2/carts", caller).status_code == 200
    move(box, "advance", duration="PT1S")
    assert box.call("GET", "/v2/carts", caller).status_code == 401


def test_a_cart_is_gone_after_seven_days(box: Sandbox) -> None:
    move(box, "advance", duration="P6DT23H59M59S")
    assert box.call("DELETE", "/v2/carts/free-cart").status_code == 204
    assert box.call("GET", "/v2/carts").json["data"]
    move(box, "advance", duration="PT1S")
    assert box.call("GET", "/v2/carts").json["data"] == []


def test_the_rate_limit_goes_by_the_clock(box: Sandbox) -> None:
    box.told("PUT", "/rate-limit", {"requests_per_second": 2})
    assert box.told("GET", "/rate-limit") == {"requests_per_second": 2}
    answers = [box.call("GET", "/v2/carts") for _ in range(3)]
    assert [each.status_code for each in answers] == [200, 200, 429]
    assert answers[2].headers["Retry-After"] == "1"
    move(box, "advance", duration="PT1S")
    assert box.call("GET", "/v2/carts").status_code == 200
    box.told("PUT", "/rate-limit", {"requests_per_second": None})
    assert {box.call("GET", "/v2/carts").status_code for _ in range(9)} == {200}
