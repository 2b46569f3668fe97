"""The system's clock is set back under a running server: nothing fails and nothing is lost."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from mockserver.app import create_app
from mockserver.core import clock
from mockserver.core.clock import HOUR, SECOND
from mockserver.core.config import Config
from mockserver.openapi.contract import Contract
from mockserver.sandbox.registry import SandboxRegistry
from tests.support.built_in_data import ADMIN, MUG, NEW_YEAR, acting_as
from tests.support.carts import product, put_in
from tests.support.orders import ordered, pay

BACK = [SECOND, HOUR, 30 * 24 * HOUR]
MANY = 200


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Set the system's clock to an instant in milliseconds; it is at the new year."""

    def put(instant: int) -> None:
        monkeypatch.setattr(clock.time, "time_ns", lambda: instant * 1_000_000)

    put(NEW_YEAR)
    return put


@pytest.fixture
def running(set_clock: Callable[[int], None], contract: Contract) -> Flask:
    """An application whose clock is the system's."""
    return create_app(Config(), contract)


def make(client: FlaskClient, name: str, headers: dict[str, str] = ADMIN) -> str:
    made = client.post("/v2/carts", headers=headers, json={"data": {"name": name}})
    assert made.status_code == 201
    cart_id: str = made.get_json()["data"]["id"]
    return cart_id


def names(client: FlaskClient) -> list[str]:
    answer = client.get("/v2/carts", headers=ADMIN, query_string={"page[limit]": 100})
    assert answer.status_code == 200
    return [each["name"] for each in answer.get_json()["data"]]


@pytest.mark.parametrize("back", BACK)
def test_no_cart_is_lost_and_the_list_follows_the_times_it_shows(
    running: Flask, set_clock: Callable[[int], None], back: int
) -> None:
    client = running.test_client()
    before = names(client)
    make(client, "before")
    set_clock(NEW_YEAR - back)
    make(client, "after")
    make(client, "last")
    listed = names(client)
    assert sorted(listed) == sorted([*before, "before", "after", "last"])
    assert listed[0] == "before"  # it is the newest by the time that it shows
    assert listed.index("last") + 1 == listed.index("after")
    answer = client.get("/v2/carts", headers=ADMIN, query_string={"page[limit]": 100})
    shown = [each["meta"]["timestamps"]["updated_at"] for each in answer.get_json()["data"]]
    assert shown == sorted(shown, reverse=True)


@pytest.mark.parametrize("back", BACK)
def test_what_was_begun_before_can_be_ended(
    running: Flask, set_clock: Callable[[int], None], back: int
) -> None:
    client = running.test_client()
    cart = make(client, "mine", acting_as(1))
    put_in(client, cart, [product(MUG)], headers=acting_as(1))
    order = ordered(client, [product(MUG)], acting_as(1))["data"]["id"]
    set_clock(NEW_YEAR - back)
    put_in(client, cart, [product(MUG)], headers=acting_as(1))
    assert client.get(f"/v2/carts/{cart}", headers=acting_as(1)).status_code == 200
    assert pay(client, order, headers=acting_as(1)).status_code == 200
    assert client.delete(f"/v2/carts/{cart}", headers=acting_as(1)).status_code == 204


@pytest.mark.parametrize("back", BACK)
def test_tokens_stay_valid(running: Flask, set_clock: Callable[[int], None], back: int) -> None:
    client = running.test_client()
    form = {
        "grant_type": "client_credentials",
        "client_id": "backoffice",
        "client_secret": "backoffice-secret",
    }
    token = client.post("/oauth/access_token", data=form).get_json()["access_token"]
    set_clock(NEW_YEAR - back)
    bearer = {"Authorization": f"Bearer {token}"}
    assert client.get("/v2/carts", headers=bearer).status_code == 200
    set_clock(NEW_YEAR + 2 * HOUR)
    assert client.get("/v2/carts", headers=bearer).status_code == 401


@pytest.mark.parametrize("back", BACK)
def test_what_looks_at_time_beside_the_operations_goes_on(
    running: Flask, set_clock: Callable[[int], None], back: int
) -> None:
    client = running.test_client()
    rule = {"operation": "getCarts", "then": {"error": "too-many-requests"}, "ttl_s": 60}
    client.post("/__admin/rules", json=rule)
    client.put("/__admin/rate-limit", json={"requests_per_second": 1000})
    client.put("/__admin/snapshots/before")
    for _ in range(2):
        assert client.get("/v2/carts", headers=ADMIN).status_code == 429
        set_clock(NEW_YEAR - back)
    for path in ("state", "requests", "fixture", "coverage", "sandboxes", "clock", "snapshots"):
        assert client.get(f"/__admin/{path}").status_code == 200
    assert client.post("/__admin/snapshots/before/restore").status_code == 204
    assert client.post("/__admin/reset").status_code == 204
    assert client.get("/v2/carts", headers=ADMIN).status_code == 200


def test_the_rate_limit_counts_each_second_again(
    running: Flask, set_clock: Callable[[int], None]
) -> None:
    client = running.test_client()
    client.put("/__admin/rate-limit", json={"requests_per_second": 1})
    statuses = [client.get("/v2/carts", headers=ADMIN).status_code for _ in range(2)]
    set_clock(NEW_YEAR - HOUR)
    statuses += [client.get("/v2/carts", headers=ADMIN).status_code for _ in range(2)]
    assert statuses == [200, 429, 200, 429]


def test_unused_sandboxes_go_by_a_clock_that_nobody_sets(
    running: Flask, set_clock: Callable[[int], None]
) -> None:
    held: SandboxRegistry = running.extensions["sandboxes"]
    held.create("mine")
    for instant in (NEW_YEAR + 365 * 24 * HOUR, NEW_YEAR - 365 * 24 * HOUR):
        set_clock(instant)
        assert [name for name, _ in held.all()] == ["default", "mine"]


def test_a_clock_that_jumps_at_every_request_loses_nothing(
    running: Flask, set_clock: Callable[[int], None]
) -> None:
    client = running.test_client()
    made = set()
    for turn in range(MANY):
        set_clock(NEW_YEAR + (turn * 7919 % 100 - 50) * SECOND)
        made.add(make(client, f"cart {turn}"))
    found: list[str] = []
    for offset in range(0, MANY + 100, 100):
        query = {"page[limit]": 100, "page[offset]": offset}
        answer = client.get("/v2/carts", headers=ADMIN, query_string=query)
        found += [each["id"] for each in answer.get_json()["data"]]
    assert made <= set(found)
    assert len(found) == len(set(found))
