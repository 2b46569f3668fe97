"""The sandbox's clock, and everything that depends on it."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from mockserver.app import create_app
from mockserver.core.config import Config
from tests.support import admin
from tests.support.built_in_data import ACCOUNT_TOKEN, ADMIN, SHOPPER, acting_as
from tests.support.contract import CONTRACT
from tests.support.sample_requests import GOOD, SIGN_IN, TOKENS

HOUR_S, DAY_S = 3600, 86_400
START = "2026-01-01T00:00:00.000Z"


def change(client: FlaskClient, **change: Any) -> Any:
    return admin.put(client, "/clock", change)


def advance(client: FlaskClient, seconds: int) -> None:
    change(client, action="advance", duration=f"PT{seconds}S")


def status(client: FlaskClient, path: str, headers: dict[str, str]) -> int:
    return client.get(path, headers=headers).status_code


# --- its actions


def test_it_returns_the_time_and_whether_it_is_frozen(client: FlaskClient) -> None:
    assert admin.get(client, "/clock") == {"now": START, "frozen": True}
    running = admin.get(create_app(Config(), CONTRACT).test_client(), "/clock")
    assert not running["frozen"]


def test_freeze_stops_at_an_instant(client: FlaskClient) -> None:
    clock = change(client, action="freeze", instant="2027-03-04T05:06:07.089+01:00")
    assert clock == {"now": "2027-03-04T04:06:07.089Z", "frozen": True}
    assert admin.get(client, "/clock") == clock


def test_freeze_without_an_instant_stops_at_the_current_time() -> None:
    client = create_app(Config(), CONTRACT).test_client()
    before = admin.get(client, "/clock")["now"]
    frozen = change(client, action="freeze")
    assert frozen["frozen"]
    assert before <= frozen["now"]
    assert admin.get(client, "/clock") == frozen


@pytest.mark.parametrize(
    ("duration", "now"),
    [
        ("PT1S", "2026-01-01T00:00:01.000Z"),
        ("PT90M", "2026-01-01T01:30:00.000Z"),
        ("PT1H", "2026-01-01T01:00:00.000Z"),
        ("P1D", "2026-01-02T00:00:00.000Z"),
        ("P6DT23H59M59S", "2026-01-07T23:59:59.000Z"),
        ("PT0S", START),
    ],
)
def test_advance_moves_it_forward(client: FlaskClient, duration: str, now: str) -> None:
    assert change(client, action="advance", duration=duration) == {"now": now, "frozen": True}


def test_a_running_clock_runs_on_after_an_advance() -> None:
    client = create_app(Config(), CONTRACT).test_client()
    before = admin.get(client, "/clock")["now"]
    moved = change(client, action="advance", duration="P400D")
    assert not moved["frozen"]
    assert moved["now"] > before
    assert moved["now"][:4] > before[:4]


def test_resume_continues_from_the_frozen_time(client: FlaskClient) -> None:
    change(client, action="freeze", instant="2050-01-01T00:00:00Z")
    resumed = change(client, action="resume")
    assert not resumed["frozen"]
    assert resumed["now"].startswith("2050-01-01T")


def test_reset_restores_the_initial_state(client: FlaskClient) -> None:
    change(client, action="freeze", instant="2050-01-01T00:00:00Z")
    change(client, action="resume")
    assert change(client, action="reset") == {"now": START, "frozen": True}


def test_resetting_the_sandbox_resets_its_clock(client: FlaskClient) -> None:
    change(client, action="advance", duration="P1D")
    client.post("/__admin/reset")
    assert admin.get(client, "/clock") == {"now": START, "frozen": True}


def test_each_sandbox_has_its_own(client: FlaskClient) -> None:
    admin.put(client, "/clock", {"action": "advance", "duration": "P1D"}, sandbox="one")
    assert admin.get(client, "/clock", "one")["now"] == "2026-01-02T00:00:00.000Z"
    assert admin.get(client, "/clock", "two")["now"] == START
    assert admin.get(client, "/clock")["now"] == START


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "action is required."),
        ({"action": "stop"}, "action must be one of freeze, advance, resume, reset."),
        ({"action": "advance"}, "duration is required."),
        ({"action": "advance", "duration": "1h"}, "duration must be a valid duration, such"),
        ({"action": "advance", "duration": "P1Y"}, "duration must be a valid duration, such"),
        ({"action": "advance", "duration": "-PT1H"}, "duration must be a valid duration, such"),
        ({"action": "advance", "duration": 5}, "duration must be of type string."),
        ({"action": "freeze", "instant": "now"}, "instant must be a valid date-time, such"),
        ({"action": "freeze", "instant": "2026-01-01"}, "instant must be a valid date-time, such"),
        ({"action": "freeze", "instant": "2026-13-01T00:00:00Z"}, "instant must be a valid"),
        ({"action": "resume", "at": 1}, "at is not a known field; known: action, duration, ins"),
        (
            {"action": "advance", "duration": "P999999999D"},
            "The clock would leave the years 1971 to 8999; stay inside.",
        ),
        (
            {"action": "freeze", "instant": "1970-12-31T23:59:59Z"},
            "The clock would leave the years 1971 to 8999; stay inside.",
        ),
        (
            {"action": "freeze", "instant": "9000-01-01T00:00:00Z"},
            "The clock would leave the years 1971 to 8999; stay inside.",
        ),
    ],
)
def test_an_invalid_change_is_reported_and_changes_nothing(
    client: FlaskClient, body: dict[str, Any], message: str
) -> None:
    assert admin.detail(admin.call(client, "PUT", "/clock", body), 400).startswith(message)
    assert admin.get(client, "/clock") == {"now": START, "frozen": True}


# --- what depends on it


@pytest.mark.parametrize(
    "credentials",
    [
        {"grant_type": "implicit", "client_id": "storefront"},
        {
            "grant_type": "client_credentials",
            "client_id": "backoffice",
            "client_secret": "backoffice-secret",
        },
    ],
    ids=["implicit", "client credentials"],
)
def test_bearer_ends_at_exactly_expires_in(
    client: FlaskClient, credentials: dict[str, str]
) -> None:
    issued = client.post("/oauth/access_token", data=credentials).get_json()
    bearer = {"Authorization": f"Bearer {issued['access_token']}"}
    assert issued["expires_in"] == HOUR_S
    advance(client, issued["expires_in"] - 1)
    assert status(client, "/v2/carts/free-cart", bearer) == 200
    advance(client, 1)
    assert status(client, "/v2/carts/free-cart", bearer) == 401
    advance(client, 1)
    assert status(client, "/v2/carts/free-cart", bearer) == 401


def test_account_token_ends_at_exactly_24_hours(client: FlaskClient) -> None:
    answer = client.post(TOKENS, headers=SHOPPER, json={"data": SIGN_IN})
    issued = answer.get_json()["data"][0]
    assert issued["expires"] == "2026-01-02T00:00:00.000Z"
    headers = {**SHOPPER, ACCOUNT_TOKEN: issued["token"]}
    advance(client, DAY_S - 1)
    assert status(client, "/v2/carts", headers) == 200
    advance(client, 1)
    assert status(client, "/v2/carts", headers) == 401
    advance(client, 1)
    assert status(client, "/v2/carts", headers) == 401


def cart_ids(client: FlaskClient) -> set[str]:
    return {cart["id"] for cart in client.get("/v2/carts", headers=ADMIN).get_json()["data"]}


def test_cart_ends_seven_days_after_its_last_update(client: FlaskClient) -> None:
    advance(client, DAY_S)
    client.put("/v2/carts/free-cart", headers=ADMIN, json={"data": {"name": "Touched"}})
    advance(client, 7 * DAY_S - 1)
    assert cart_ids(client) == {"free-cart"}
    advance(client, 1)
    assert cart_ids(client) == set()


def test_cart_about_to_expire_does_so_in_an_hour(client: FlaskClient) -> None:
    advance(client, HOUR_S - 1)
    assert "expiring-cart" in cart_ids(client)
    advance(client, 1)
    assert "expiring-cart" not in cart_ids(client)


def test_timestamps_come_from_the_clock(client: FlaskClient) -> None:
    advance(client, 5)
    cart = GOOD["createACart"].sent_by(client).get_json()["data"]
    assert cart["meta"]["timestamps"] == {
        "created_at": "2026-01-01T00:00:05Z",
        "updated_at": "2026-01-01T00:00:05Z",
        "expires_at": "2026-01-08T00:00:05Z",
    }
    assert admin.get(client, "/requests")["requests"][0]["time"] == "2026-01-01T00:00:05.000Z"


def test_snapshot_date_is_in_the_clocks_future(client: FlaskClient) -> None:
    body = {"data": {"snapshot_date": "2026-01-01T00:00:10Z"}}
    assert client.put("/v2/carts/free-cart", headers=ADMIN, json=body).status_code == 200
    advance(client, 11)
    assert client.put("/v2/carts/ada-cart", headers=ADMIN, json=body).status_code == 400


def test_rate_limit_counts_per_second_of_the_clock(client: FlaskClient) -> None:
    admin.put(client, "/rate-limit", {"requests_per_second": 2})

    def sent() -> list[int]:
        return [status(client, "/v2/carts", acting_as(1)) for _ in range(3)]

    assert sent() == [200, 200, 429]
    assert sent() == [429, 429, 429]
    advance(client, 1)
    assert sent() == [200, 200, 429]


def test_a_frozen_clock_gives_equal_responses(client: FlaskClient) -> None:
    first, second = (client.get("/v2/carts/free-cart", headers=ADMIN).get_json() for _ in range(2))
    assert first == second
