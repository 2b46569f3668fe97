"""Snapshots: a state saved, gone back to, and taken home as a fixture."""

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from tests.control.conftest import Sandbox
from tests.seeds import ACCOUNT_1, SHOPPER, naming


def carts(box: Sandbox) -> list[dict[str, object]]:
    found: list[dict[str, object]] = box.call("GET", "/v2/carts?page[limit]=100").json["data"]
    return found


def test_a_snapshot_is_saved_listed_restored_and_deleted(box: Sandbox) -> None:
    before = carts(box)
    assert box.told("PUT", "/snapshots/start")["carts"] == len(before)
    box.call("DELETE", "/v2/carts/free-cart")
    box.told("PUT", "/clock", {"action": "advance", "duration": "P1D"})
    box.told("POST", "/snapshots/start/restore")
    assert carts(box) == before
    assert box.told("GET", "/clock")["now"] == "2026-01-01T00:00:00.000Z"
    assert [each["name"] for each in box.told("GET", "/snapshots")] == ["start"]
    box.told("POST", "/snapshots/start/restore")
    box.told("DELETE", "/snapshots/start")
    assert box.told("GET", "/snapshots") == []


def test_a_snapshot_survives_a_reset_and_can_be_restored_again(box: Sandbox) -> None:
    box.call("DELETE", "/v2/carts/free-cart")
    box.told("PUT", "/snapshots/without")
    for _ in range(2):
        box.told("POST", "/reset")
        assert carts(box)[0]["id"] == "free-cart"
        box.told("POST", "/snapshots/without/restore")
        assert carts(box)[0]["id"] == "ada-cart"


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/snapshots/x/restore"), ("DELETE", "/snapshots/x"), ("GET", "/snapshots/x/fixture")],
)
def test_a_snapshot_that_is_not_there_is_told_with_those_that_are(
    box: Sandbox, method: str, path: str
) -> None:
    box.told("PUT", "/snapshots/mine")
    answer = box.admin(method, path)
    assert answer.status_code == 404
    assert "known: mine" in answer.json["errors"][0]["detail"]


def test_snapshots_are_bounded(box: Sandbox) -> None:
    for number in range(100):
        box.told("PUT", f"/snapshots/s{number}")
    assert box.admin("PUT", "/snapshots/one-more").status_code == 409
    assert box.admin("PUT", "/snapshots/s0").status_code == 200


def test_a_state_found_by_hand_becomes_a_fixture(
    box: Sandbox, make_app: Callable[..., Flask], tmp_path: Path
) -> None:
    made = {
        "name": "Ünusual: yes",
        "description": "two\nlines",
        "custom_attributes": {"n": {"type": "integer", "value": 1}},
        "snapshot_date": "2030-01-01T00:00:00Z",
    }
    box.call("POST", "/v2/carts", json={"data": {"id": "mine", **made}})
    box.told("PUT", "/clock", {"action": "advance", "duration": "PT1H"})
    box.call("POST", "/v2/carts/free-cart/relationships/accounts", json=naming(ACCOUNT_1))
    signup = {
        "type": "account_management_authentication_token",
        "authentication_mechanism": "self_signup",
        "password_profile_id": "b0000000-0000-4000-8000-000000000001",
        "username": "new@example.com",
        "password": "secret",
        "name": "New",
        "email": "new@example.com",
    }
    box.call("POST", "/v2/account-members/tokens", SHOPPER, json={"data": signup})
    box.told("PUT", "/rate-limit", {"requests_per_second": 1000})
    box.told("PUT", "/snapshots/found")
    text = box.admin("GET", "/snapshots/found/fixture").text
    assert text == box.admin("GET", "/fixture").text
    file = tmp_path / "found.yaml"
    file.write_text(text, "utf-8")

    now = 1_767_225_600_000 + 3_600_000
    again = Sandbox(make_app(fixtures=(str(file),), frozen_at=now).test_client())
    assert carts(again) == carts(box)
    accounts = [each.call("GET", "/v2/accounts").json["data"] for each in (again, box)]
    assert [a["id"] for a in accounts[0]] == [a["id"] for a in accounts[1]]
    login = {**signup, "authentication_mechanism": "password"}
    answer = again.call("POST", "/v2/account-members/tokens", SHOPPER, json={"data": login})
    assert answer.status_code == 201
    assert again.told("GET", "/rate-limit") == {"requests_per_second": 1000}
    assert again.admin("GET", "/fixture").text == text
