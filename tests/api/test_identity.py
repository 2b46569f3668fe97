"""A token is worth what it was issued for, or nothing (contract.md §3)."""

from itertools import product
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from mockserver.app import create_app
from mockserver.core.config import Config
from tests.support.built_in_data import ADMIN, NEW_YEAR
from tests.support.contract import CONTRACT

IMPLICIT = {"grant_type": "implicit", "client_id": "storefront"}
ADMINISTRATOR = {
    "grant_type": "client_credentials",
    "client_id": "backoffice",
    "client_secret": "backoffice-secret",
}
OTHER_SHOP = {"grant_type": "implicit", "client_id": "other-shop"}
APPLICATIONS = [IMPLICIT, ADMINISTRATOR, OTHER_SHOP]
SANDBOXES = ["default", "a", "b"]


@pytest.fixture
def app(tmp_path: Any) -> Flask:
    more = tmp_path / "more.yaml"
    more.write_text("applications: [{client_id: other-shop, grant: implicit}]\n", "utf-8")
    config = Config(frozen_at=NEW_YEAR, fixtures=("default", str(more)))
    return create_app(config, CONTRACT)


def issue(client: FlaskClient, application: dict[str, str], sandbox: str, times: int = 1) -> str:
    token = ""
    for _ in range(times):
        answer = client.post(
            "/oauth/access_token", data=application, headers={"Mock-Sandbox": sandbox}
        )
        token = answer.json["access_token"]
    return token


def reset_all(client: FlaskClient) -> None:
    for name in SANDBOXES:
        client.post("/__admin/reset", headers={"Mock-Sandbox": name})


def caller(client: FlaskClient, token: str, sandbox: str) -> str:
    """Return as whom a token acts: the list of carts is for administrators only."""
    headers = {"Authorization": f"Bearer {token}", "Mock-Sandbox": sandbox}
    status = client.get("/v2/carts", headers=headers).status_code
    return {200: "client_credentials", 403: "implicit", 401: "nobody"}[status]


@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_token_never_works_as_somebody_elses(app: Flask, times: int) -> None:
    client = app.test_client()
    for before, after in product(APPLICATIONS, APPLICATIONS):
        for first, second in product(SANDBOXES, SANDBOXES):
            reset_all(client)
            old = issue(client, before, first, times)
            reset_all(client)
            issue(client, after, second, times)
            is_issued_again = before is after
            for name in SANDBOXES:
                expected = before["grant_type"] if is_issued_again and name == second else "nobody"
                assert caller(client, old, name) == expected, (before, after, first, second, name)


def test_a_token_of_another_process_is_worth_nothing_until_issued_again(app: Flask) -> None:
    old = issue(app.test_client(), ADMINISTRATOR, "default")
    again = create_app(Config(frozen_at=NEW_YEAR), CONTRACT).test_client()
    issue(again, IMPLICIT, "default", 3)
    assert caller(again, old, "default") == "nobody"
    assert issue(again, ADMINISTRATOR, "default") == old  # the same seed gives the same bytes
    assert caller(again, old, "default") == "client_credentials"


def test_every_sandbox_gives_the_same_tokens(app: Flask) -> None:
    client = app.test_client()
    tokens = {issue(client, ADMINISTRATOR, sandbox) for sandbox in SANDBOXES}
    assert len(tokens) == 1


def test_a_token_goes_with_a_fork_and_a_snapshot(app: Flask) -> None:
    client = app.test_client()
    token = issue(client, ADMINISTRATOR, "a")
    client.put("/__admin/snapshots/kept", headers={"Mock-Sandbox": "a"})
    client.post("/__admin/sandboxes/forked", json={"fork_of": "a"})
    assert caller(client, token, "forked") == "client_credentials"
    client.post("/__admin/reset", headers={"Mock-Sandbox": "a"})
    assert caller(client, token, "a") == "nobody"
    client.post("/__admin/snapshots/kept/restore", headers={"Mock-Sandbox": "a"})
    assert caller(client, token, "a") == "client_credentials"


def test_a_cart_id_that_a_page_remembers_does_not_stop_the_next_cart(app: Flask) -> None:
    """contract.md §4: without an id in the body, creation never answers 409."""
    client = app.test_client()
    body = {"data": {"name": "x"}}
    remembered = [
        client.post("/v2/carts", headers=ADMIN, json=body).json["data"]["id"] for _ in range(3)
    ]
    client.post("/__admin/reset")
    for cart_id in remembered[:2]:
        client.get(f"/v2/carts/{cart_id}", headers=ADMIN)
    answers = [client.post("/v2/carts", headers=ADMIN, json=body) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json["data"]["id"] == remembered[2]
