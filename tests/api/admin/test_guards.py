"""Authorization of the admin API: by address, token, origin and host."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from mockserver.app import create_app
from mockserver.core.config import Config
from tests.support import admin
from tests.support.built_in_data import ADMIN
from tests.support.contract import CONTRACT

EVERYWHERE = "0.0.0.0"
TOKEN = "admin-token"
PAGE = "http://localhost:3000"
GUARDED = [name for name in admin.operations() if name != "getHealth"]


def client_of(**settings: Any) -> FlaskClient:
    return create_app(Config(**settings), CONTRACT).test_client()


def sent(
    client: FlaskClient, name: str, headers: dict[str, str], host: str = "localhost"
) -> TestResponse:
    """Send a request to an operation of the admin API."""
    operation = admin.operations()[name]
    return client.open(
        admin.sample_path(name),
        method=operation["method"],
        headers=headers,
        base_url=f"http://{host}",
        **({"json": {}} if "requestBody" in operation else {}),
    )


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


# --- the token


@pytest.mark.parametrize("settings", [{}, {"admin_token": TOKEN}], ids=["no token", "token"])
@pytest.mark.parametrize(
    "headers",
    [{}, ADMIN, bearer("wrong"), bearer(""), bearer("ädmin"), {"Authorization": TOKEN}],
    ids=["none", "the API's", "wrong", "empty", "not ASCII", "no scheme"],
)
def test_beyond_loopback_every_operation_requires_the_token(
    settings: dict[str, str], headers: dict[str, str]
) -> None:
    client = client_of(host=EVERYWHERE, **settings)
    for name in GUARDED:
        assert admin.detail(sent(client, name, headers), 401)


@pytest.mark.parametrize("host", [EVERYWHERE, "::", "192.0.2.1", "127.0.0.1"])
def test_the_token_gives_access_to_every_operation(host: str) -> None:
    client = client_of(host=host, admin_token=TOKEN)
    for name in GUARDED:
        assert sent(client, name, {}).status_code == 401
        assert sent(client, name, bearer(TOKEN)).status_code not in (401, 403)


def test_scheme_of_the_token_is_case_insensitive() -> None:
    client = client_of(host=EVERYWHERE, admin_token=TOKEN)
    assert sent(client, "getClock", {"Authorization": f"bEARER {TOKEN}"}).status_code == 200


@pytest.mark.parametrize("token", [None, TOKEN])
def test_health_is_open_to_everyone(token: str | None) -> None:
    client = client_of(host=EVERYWHERE, admin_token=token)
    assert sent(client, "getHealth", {}).status_code == 200


def test_a_rejected_request_changes_nothing() -> None:
    client = client_of(host=EVERYWHERE, admin_token=TOKEN)
    client.delete("/v2/carts/free-cart", headers=ADMIN)
    assert client.post("/__admin/reset").status_code == 401
    listed = client.get("/v2/carts", headers=ADMIN).get_json()["data"]
    assert "free-cart" not in {cart["id"] for cart in listed}


def test_an_open_server_requires_nothing() -> None:
    client = client_of(host=EVERYWHERE, open_admin=True)
    for name in GUARDED:
        assert sent(client, name, {}).status_code not in (401, 403)


def test_a_disabled_api_is_not_there() -> None:
    client = client_of(disable_admin=True, admin_token=TOKEN)
    for name in GUARDED:
        assert admin.detail(sent(client, name, bearer(TOKEN)), 404) == (
            "The admin API is disabled on this server."
        )
    assert sent(client, "getHealth", {}).status_code == 200


def test_a_sandbox_of_the_path_requires_the_token_too() -> None:
    client = client_of(host=EVERYWHERE, admin_token=TOKEN)
    assert client.get("/sandboxes/one/__admin/clock").status_code == 401
    assert client.get("/__admin//clock").status_code == 401


# --- pages of other origins

any_server = pytest.mark.parametrize(
    "settings", [{}, {"host": EVERYWHERE, "open_admin": True}], ids=["loopback", "open"]
)


@any_server
@pytest.mark.parametrize("origin", [None, PAGE, "null", "http://localhost"])
def test_no_page_may_read_a_response(settings: dict[str, Any], origin: str | None) -> None:
    client = client_of(**settings)
    for name in admin.operations():
        headers = sent(client, name, {} if origin is None else {"Origin": origin}).headers
        assert not [key for key, _ in headers if key.lower().startswith("access-control-")]


@any_server
@pytest.mark.parametrize("origin", [PAGE, "null", "https://localhost.evil.example", "localhost"])
def test_a_page_of_another_origin_is_rejected(settings: dict[str, Any], origin: str) -> None:
    client = client_of(**settings)
    for name in GUARDED:
        assert admin.detail(sent(client, name, {"Origin": origin}), 403)


def test_a_page_of_the_servers_own_origin_may_call() -> None:
    assert sent(client_of(), "reset", {"Origin": "http://localhost"}).status_code == 204


def test_a_preflight_of_another_origin_gets_no_permission() -> None:
    answer = client_of().options(
        "/__admin/reset", headers={"Origin": PAGE, "Access-Control-Request-Method": "POST"}
    )
    assert answer.status_code == 403
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_named_origin_may_call_and_read() -> None:
    client = client_of(admin_origins=(PAGE,))
    headers = {"Origin": PAGE, "Access-Control-Request-Method": "POST"}
    permission = client.options("/__admin/reset", headers=headers)
    assert permission.status_code == 204
    assert permission.headers["Access-Control-Allow-Origin"] == PAGE
    answer = client.post("/__admin/reset", headers={"Origin": PAGE})
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE


def test_an_origin_that_was_not_named_is_rejected() -> None:
    client = client_of(admin_origins=("https://other.example",))
    answer = client.post("/__admin/reset", headers={"Origin": PAGE})
    assert answer.status_code == 403
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_named_origin_needs_the_token_too() -> None:
    client = client_of(admin_origins=(PAGE,), admin_token=TOKEN)
    assert client.post("/__admin/reset", headers={"Origin": PAGE}).status_code == 401


# --- the host


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.nip.io"]
)
def test_a_rebound_host_name_is_rejected_on_loopback(host: str) -> None:
    client = client_of()
    for name in GUARDED:
        assert admin.detail(sent(client, name, {}, host), 403)


def test_a_page_on_a_rebound_host_is_rejected() -> None:
    host = "evil.example:8080"
    answer = sent(client_of(), "reset", {"Origin": f"http://{host}"}, host)
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8080", "mock.localhost", "127.0.0.1:8080", "[::1]:8080"]
)
def test_a_local_host_name_is_served_on_loopback(host: str) -> None:
    assert sent(client_of(), "getClock", {}, host).status_code == 200


def test_a_server_beyond_loopback_may_have_any_name() -> None:
    client = client_of(host=EVERYWHERE, admin_token=TOKEN)
    assert sent(client, "getClock", bearer(TOKEN), "mock.staging.example").status_code == 200
