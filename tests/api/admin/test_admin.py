"""The server itself: authorization of /__admin, reset, the contract, its own headers, CORS."""

import json
from typing import Any

import pytest
import yaml
from flask.testing import FlaskClient

from mockserver import __version__
from mockserver.app import create_app
from mockserver.core.clock import DAY
from mockserver.core.config import Config, resource
from tests.support.built_in_data import ACCOUNT_1, ADMIN, NEW_YEAR, SHOPPER, naming
from tests.support.contract import CONTRACT
from tests.support.sample_requests import GOOD

ORIGIN = "https://shop.example"
EXPOSED = {
    "Mock-Request-Id",
    "Mock-Server",
    "Mock-Violations",
    "Mock-Notes",
    "Preference-Applied",
    "X-Moltin-Request-Id",
    "Allow",
    "Retry-After",
}
PREFLIGHT = {"Origin": ORIGIN, "Access-Control-Request-Method": "PUT"}

CASES = {
    "200": ("GET", "/v2/carts", ADMIN),
    "204": ("DELETE", "/v2/carts/free-cart", SHOPPER),
    "400": ("GET", "/v2/carts/a.b", SHOPPER),
    "401": ("GET", "/v2/carts", {}),
    "403": ("GET", "/v2/carts", SHOPPER),
    "404 path": ("GET", "/no/such/path", {}),
    "404 record": ("DELETE", "/v2/carts/no-such-cart", SHOPPER),
    "405": ("PATCH", "/v2/carts", ADMIN),
    "405 options": ("OPTIONS", "/v2/carts", {}),
    "431": ("GET", "/v2/carts", {"X-Long": "x" * 40_000}),
    "500": ("GET", "/v2/carts", {**ADMIN, "Prefer": "code=500"}),
    "preflight": ("OPTIONS", "/v2/carts", PREFLIGHT),
    "contract": ("GET", "/openapi.yaml", {}),
}
ADMIN_CASES = {
    "health": ("GET", "/__admin/health", {}),
    "reset": ("POST", "/__admin/reset", {}),
    "405": ("DELETE", "/__admin/health", {}),
    "404": ("GET", "/__admin/no-such", {}),
    "403": ("POST", "/__admin/reset", {"Origin": ORIGIN}),
}


def by_name(cases: dict[str, Any]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("method", "path", "headers"), cases.values(), ids=cases)


def serving(**settings: Any) -> FlaskClient:
    return create_app(Config(frozen_at=NEW_YEAR, **settings), CONTRACT).test_client()


# --- health


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"host": "0.0.0.0"},
        {"admin_token": "secret"},
        {"disable_admin": True},
        {"open_admin": True},
    ],
    ids=str,
)
def test_health_is_open_to_everyone(settings: dict[str, Any]) -> None:
    response = serving(**settings).get("/__admin/health", headers={"Origin": ORIGIN})
    assert (response.status_code, response.get_json()) == (
        200,
        {"status": "ok", "version": __version__},
    )


# --- reset


def everything(client: FlaskClient) -> Any:
    """Return what the API lists."""
    paths = ("/v2/carts?page[limit]=100", "/v2/accounts", "/v2/settings/cart")
    return [client.get(path, headers=ADMIN).get_json() for path in paths]


def change_everything(client: FlaskClient) -> list[Any]:
    """Change everything, and return responses with generated ids and tokens."""
    sign_up = {
        "type": "account_management_authentication_token",
        "authentication_mechanism": "self_signup",
        "password_profile_id": "b0000000-0000-4000-8000-000000000001",
        "username": "new@example.com",
        "password": "new",
        "name": "New",
        "email": "new@example.com",
    }
    generated = [
        client.post("/v2/carts", headers=SHOPPER, json={"data": {"name": "New"}}).get_json(),
        client.post("/v2/account-members/tokens", headers=ADMIN, json={"data": sign_up}).get_json(),
        client.post("/oauth/access_token", data=GOOD["createAnAccessToken"].body).get_json(),
    ]
    client.put("/v2/carts/ada-cart", headers=SHOPPER, json={"data": {"name": "Renamed"}})
    client.delete("/v2/carts/contact-cart", headers=SHOPPER)
    path = "/v2/carts/free-cart/relationships/accounts"
    client.post(path, headers=ADMIN, json=naming(ACCOUNT_1))
    client.put("/v2/settings/cart", headers=ADMIN, json={"data": {"show_all_carts": False}})
    return generated


def test_reset_restores_everything_including_ids(client: FlaskClient) -> None:
    fresh = everything(client)
    generated = change_everything(client)
    assert everything(client) != fresh
    response = client.post("/__admin/reset")
    assert (response.status_code, response.data) == (204, b"")
    assert "Content-Type" not in response.headers
    assert everything(client) == fresh
    assert change_everything(client) == generated


def test_reset_removes_issued_tokens_and_keeps_static_ones(client: FlaskClient) -> None:
    token = change_everything(client)[2]["access_token"]
    issued = {"Authorization": f"Bearer {token}"}
    assert client.get("/v2/carts/free-cart", headers=issued).status_code == 200
    client.post("/__admin/reset")
    assert client.get("/v2/carts/free-cart", headers=issued).status_code == 401
    assert client.get("/v2/carts/free-cart", headers=SHOPPER).status_code == 200


def test_built_in_carts_have_the_same_age_after_a_reset_as_at_the_start() -> None:
    app = create_app(Config(frozen_at=NEW_YEAR), CONTRACT)
    client = app.test_client()
    app.extensions["sandbox"].clock.advance(30 * DAY)
    assert client.get("/v2/carts", headers=ADMIN).get_json()["data"] == []
    client.post("/__admin/reset")
    first, *others = client.get("/v2/carts", headers=ADMIN).get_json()["data"]
    assert (first["id"], len(others)) == ("free-cart", 10)
    assert first["meta"]["timestamps"]["expires_at"] == "2026-01-08T00:00:00Z"


@pytest.mark.parametrize("seed", [0, 1])
def test_same_seed_gives_the_same_ids_in_every_server(seed: int) -> None:
    first, second = (change_everything(serving(seed=seed)) for _ in range(2))
    assert first == second
    assert first[0] != change_everything(serving(seed=seed + 1))[0]


# --- authorization

RESETTING = {
    # settings -> status without a token, with a wrong one, with the right one
    "loopback": ({}, 204, 204, 204),
    "loopback by name": ({"host": "localhost"}, 204, 204, 204),
    "loopback, IPv6": ({"host": "::1"}, 204, 204, 204),
    "beyond": ({"host": "0.0.0.0"}, 401, 401, 401),
    "beyond, IPv6": ({"host": "::"}, 401, 401, 401),
    "beyond, empty token": ({"host": "0.0.0.0", "admin_token": ""}, 401, 401, 401),
    "beyond, open": ({"host": "0.0.0.0", "open_admin": True}, 204, 204, 204),
    "beyond, token": ({"host": "0.0.0.0", "admin_token": "secret"}, 401, 401, 204),
    "loopback, token": ({"admin_token": "secret"}, 401, 401, 204),
    "token and open": ({"admin_token": "secret", "open_admin": True}, 401, 401, 204),
    "disabled": ({"disable_admin": True}, 404, 404, 404),
    "disabled, token": ({"disable_admin": True, "admin_token": "secret"}, 404, 404, 404),
}


@pytest.mark.parametrize(
    ("settings", "without", "wrong", "right"), RESETTING.values(), ids=RESETTING
)
def test_admin_requires_the_token_as_configured(
    settings: dict[str, Any], without: int, wrong: int, right: int
) -> None:
    client = serving(**settings)
    for header, expected in (
        (None, without),
        ("Bearer admin", wrong),
        ("Bearer secre", wrong),
        ("Bearer ", wrong),
        ("Bearer \u00e9", wrong),
        ("Basic secret", wrong),
        ("secret", wrong),
        ("Bearer secret", right),
        ("bearer secret", right),
    ):
        headers = {} if header is None else {"Authorization": header}
        assert client.post("/__admin/reset", headers=headers).status_code == expected, header


@pytest.mark.parametrize(
    ("settings", "hint"),
    [
        ({"host": "0.0.0.0"}, "--admin-token"),
        ({"admin_token": "secret"}, "Authorization: Bearer"),
        ({"disable_admin": True}, "disabled"),
    ],
    ids=str,
)
def test_error_says_what_to_do_without_the_token(settings: dict[str, Any], hint: str) -> None:
    response = serving(**settings).get("/__admin/errors")
    (error,) = response.get_json()["errors"]
    assert error["status"] == response.status_code
    assert hint in error["detail"]
    assert b"secret" not in response.data


@pytest.mark.parametrize("settings", [{}, {"open_admin": True}, {"admin_token": "secret"}], ids=str)
@pytest.mark.parametrize(
    "origin",
    [
        ORIGIN,
        "null",
        "http://localhost:3000",
        "http://localhost.evil.example",
        "http://[",
        "localhost",
        "",
    ],
)
def test_page_of_another_origin_is_rejected(settings: dict[str, Any], origin: str) -> None:
    client = serving(**settings)
    client.delete("/v2/carts/free-cart", headers=SHOPPER)
    headers = {"Origin": origin, "Authorization": "Bearer secret"}
    assert client.post("/__admin/reset", headers=headers).status_code == 403
    listed = client.get("/v2/carts", headers=ADMIN).get_json()["data"]
    assert "free-cart" not in {cart["id"] for cart in listed}


def test_page_of_the_servers_own_origin_may_use_the_admin_api(client: FlaskClient) -> None:
    headers = {"Origin": "http://localhost"}
    assert client.post("/__admin/reset", headers=headers).status_code == 204


# --- the contract


def test_contract_is_served_as_the_file(client: FlaskClient) -> None:
    response = client.get("/openapi.yaml")
    assert (response.status_code, response.content_type) == (200, "application/yaml")
    assert response.data == resource("openapi.yaml").read_bytes()


def test_contract_is_served_as_json(client: FlaskClient) -> None:
    response = client.get("/openapi.json")
    assert (response.status_code, response.content_type) == (200, "application/json")
    assert json.loads(response.data) == yaml.safe_load(resource("openapi.yaml").read_bytes())


# --- headers of every response


@by_name({**CASES, **{f"admin {name}": case for name, case in ADMIN_CASES.items()}})
def test_every_response_names_the_server(
    client: FlaskClient, method: str, path: str, headers: dict[str, str]
) -> None:
    response = client.open(path, method=method, headers=headers)
    assert response.headers["Mock-Server"] == __version__
    groups = response.headers["X-Moltin-Request-Id"].split("-")
    assert [len(group) for group in groups] == [8, 4, 4, 4, 12]


@by_name(CASES)
def test_each_request_has_its_own_id(
    client: FlaskClient, method: str, path: str, headers: dict[str, str]
) -> None:
    responses = [client.open(path, method=method, headers=headers) for _ in range(3)]
    assert len({response.headers["X-Moltin-Request-Id"] for response in responses}) == 3


@by_name(CASES)
def test_case_has_the_status_that_it_is_named_after(
    client: FlaskClient, method: str, path: str, headers: dict[str, str], request: Any
) -> None:
    response = client.open(path, method=method, headers=headers)
    name = request.node.callspec.id.split()[0]
    assert str(response.status_code) == {"preflight": "204", "contract": "200"}.get(name, name)


def test_wrong_method_gets_the_allowed_ones(client: FlaskClient) -> None:
    response = client.patch("/v2/carts/free-cart", headers=SHOPPER)
    assert response.status_code == 405
    assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD", "PUT", "DELETE"}


# --- CORS


@by_name(CASES)
@pytest.mark.parametrize("origin", [ORIGIN, "null", None])
def test_every_page_may_read_every_response(
    client: FlaskClient, method: str, path: str, headers: dict[str, str], origin: str | None
) -> None:
    changed = {**headers, "Origin": origin}
    sent = {name: value for name, value in changed.items() if value is not None}
    response = client.open(path, method=method, headers=sent)
    assert response.headers["Access-Control-Allow-Origin"] == (origin or "*")
    assert set(response.headers["Access-Control-Expose-Headers"].split(", ")) == EXPOSED
    allowed = response.headers.get("Access-Control-Allow-Credentials")
    assert allowed == ("true" if origin else None)
    assert ("Origin" in response.headers.get("Vary", "")) == bool(origin)


@pytest.mark.parametrize("path", ["/v2/carts", "/v2/carts/free-cart", "/oauth/access_token", "/x"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "requested", ["authorization", "ep-account-management-authentication-token, x-my-own", None]
)
def test_preflight_allows_any_method_and_header(
    client: FlaskClient, path: str, method: str, requested: str | None
) -> None:
    headers = {"Origin": ORIGIN, "Access-Control-Request-Method": method}
    if requested:
        headers["Access-Control-Request-Headers"] = requested
    response = client.options(path, headers=headers)
    assert (response.status_code, response.data) == (204, b"")
    assert "Content-Type" not in response.headers
    assert response.headers.get("Access-Control-Allow-Headers") == requested
    assert method in response.headers["Access-Control-Allow-Methods"].split(", ")
    assert int(response.headers["Access-Control-Max-Age"]) > 0


@pytest.mark.parametrize(("requested", "allowed"), [("true", "true"), (None, None)])
def test_public_page_may_reach_a_private_network(
    client: FlaskClient, requested: str | None, allowed: str | None
) -> None:
    extra = {"Access-Control-Request-Private-Network": requested} if requested else {}
    response = client.options("/v2/carts", headers={**PREFLIGHT, **extra})
    assert response.headers.get("Access-Control-Allow-Private-Network") == allowed


@pytest.mark.parametrize(
    "headers",
    [{}, {"Origin": ORIGIN}, {"Access-Control-Request-Method": "PUT"}],
    ids=["plain", "origin only", "method only"],
)
def test_options_without_preflight_is_a_wrong_method(
    client: FlaskClient, headers: dict[str, str]
) -> None:
    response = client.options("/v2/carts", headers=headers)
    assert response.status_code == 405
    assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD", "POST"}


@by_name({**ADMIN_CASES, "preflight": ("OPTIONS", "/__admin/reset", {**PREFLIGHT})})
def test_no_page_may_read_the_admin_api(
    client: FlaskClient, method: str, path: str, headers: dict[str, str]
) -> None:
    response = client.open(path, method=method, headers={"Origin": ORIGIN, **headers})
    assert "Access-Control-Allow-Origin" not in response.headers
    assert "Access-Control-Allow-Credentials" not in response.headers
