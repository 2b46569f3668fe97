"""The same seed, the same time, the same requests: the same answers, to the byte."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.conftest import RunningServer, running_server
from tests.support.built_in_data import (
    ACCOUNT_1,
    ACCOUNT_2,
    ADMIN,
    PROFILE,
    SHOPPER,
    acting_as,
    naming,
)
from tests.support.sample_requests import GOOD, SIGN_IN, TOKENS

HOST = {"Host": "sandbox.test"}
"""Links in answers begin with what the client calls the server."""
OF_THE_TRANSPORT = {"date", "server"}
MIDNIGHT = "2026-01-01T00:00:00Z"

CREDENTIALS = {
    "grant_type": "client_credentials",
    "client_id": "backoffice",
    "client_secret": "backoffice-secret",
}
SIGN_UP = {
    **SIGN_IN,
    "authentication_mechanism": "self_signup",
    "username": "new@example.com",
    "email": "new@example.com",
    "name": "New",
}
CART = {"json": {"data": {"name": "Cart"}}}
FREE = "/v2/carts/free-cart/relationships/accounts"


def asks(method: str, path: str, headers: dict[str, str] = ADMIN, **content: Any) -> dict[str, Any]:
    return {"method": method, "url": path, "headers": {**headers, **HOST}, **content}


SCRIPT = [
    *(
        asks(request.method, request.path, dict(request.headers), json=request.body)
        for request in GOOD.values()
    ),
    asks("POST", "/oauth/access_token", {}, data=CREDENTIALS),
    asks("POST", "/oauth/access_token", {}, data={**CREDENTIALS, "client_secret": "wrong"}),
    asks("POST", "/oauth/access_token", {}, data={}),
    asks("POST", TOKENS, SHOPPER, json={"data": {**SIGN_IN, "username": "grace@example.com"}}),
    asks("POST", TOKENS, SHOPPER, json={"data": {**SIGN_IN, "password": "wrong"}}),
    asks("POST", TOKENS, SHOPPER, json={"data": SIGN_UP}),
    asks("POST", TOKENS, SHOPPER, json={"data": SIGN_UP}),
    asks("POST", TOKENS, SHOPPER, json={"data": {"password_profile_id": PROFILE}}),
    asks("GET", "/v2/accounts"),
    asks("GET", "/v2/accounts", acting_as(2), params={"page[limit]": 1}),
    asks("POST", "/v2/carts", acting_as(1), **CART),
    asks("POST", "/v2/carts", acting_as(2), **CART),
    asks("POST", "/v2/carts", SHOPPER, **CART),
    asks("POST", "/v2/carts", SHOPPER, json={"name": "Cart"}),
    asks("POST", "/v2/carts", SHOPPER, json={"data": {"id": "/", "name": "", "description": 1}}),
    asks("POST", "/v2/carts", SHOPPER, content=b"{"),
    asks("GET", "/v2/carts"),
    asks("GET", "/v2/carts", params={"page[limit]": 2, "page[offset]": 2}),
    asks("GET", "/v2/carts", params={"filter": 'ilike(name,"*a*")|contains(account_ids,"x")'}),
    asks("GET", "/v2/carts", params={"filter": "nonsense", "page[limit]": 1000}),
    asks("GET", "/v2/carts", SHOPPER),
    asks("GET", "/v2/carts/never-seen", SHOPPER),
    asks("PUT", "/v2/carts/never-seen", SHOPPER, json={"data": {"custom_attributes": {"a": 1}}}),
    asks("DELETE", "/v2/carts/hedy-only-cart"),
    asks("POST", FREE, json=naming(ACCOUNT_2)),
    asks("POST", FREE, acting_as(1), json=naming(ACCOUNT_1)),
    asks("POST", FREE, json=naming(ACCOUNT_1, ACCOUNT_2)),
    asks("POST", FREE, json={"data": {}}),
    asks("DELETE", FREE, json=naming(ACCOUNT_2)),
    asks("GET", "/v2/carts", {}),
    asks("GET", "/v2/nowhere"),
    asks("PATCH", "/v2/carts"),
    asks("GET", "/v2/carts/always-service-unavailable"),
    asks("GET", "/v2/carts", {**ADMIN, "Prefer": "code=500"}),
    asks("GET", "/__admin/errors", {}),
    asks("GET", "/openapi.json", {}),
]
"""Every operation once, and after that successes and failures of every kind."""


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[RunningServer, RunningServer]]:
    """Two processes that differ only in how Python hashes its strings."""
    options = ("--seed", "7", "--freeze-time", MIDNIGHT)
    with (
        running_server(*options, env={"PYTHONHASHSEED": "1"}) as first,
        running_server(*options, env={"PYTHONHASHSEED": "2"}) as second,
    ):
        yield first, second


def answers(server: RunningServer) -> list[tuple[int, dict[str, str], bytes]]:
    """Send the script, and return what the server answers."""
    with httpx.Client(base_url=server.url, timeout=60) as client:
        return [comparable(client.request(**request)) for request in SCRIPT]


def reset(server: RunningServer) -> RunningServer:
    httpx.post(f"{server.url}/__admin/reset", timeout=60).raise_for_status()
    return server


def comparable(answer: httpx.Response) -> tuple[int, dict[str, str], bytes]:
    headers = {k: v for k, v in answer.headers.items() if k not in OF_THE_TRANSPORT}
    return answer.status_code, headers, answer.content


def new_ids(server: RunningServer) -> tuple[str, str, str]:
    """A new cart's id, a new bearer token and a request's id."""
    with httpx.Client(base_url=reset(server).url, timeout=60) as client:
        cart = client.post("/v2/carts", headers=SHOPPER, **CART)
        token = client.post("/oauth/access_token", data=CREDENTIALS)
    return (
        cart.json()["data"]["id"],
        token.json()["access_token"],
        cart.headers["X-Moltin-Request-Id"],
    )


def test_the_script_has_successes_and_errors_of_every_kind(
    servers: tuple[RunningServer, RunningServer],
) -> None:
    statuses = {status for status, _, _ in answers(reset(servers[0]))}
    assert statuses >= {200, 201, 204, 400, 401, 403, 404, 405, 422, 500, 503}
    assert len(SCRIPT) >= 40


def test_two_processes_answer_alike(servers: tuple[RunningServer, RunningServer]) -> None:
    firsts, seconds = map(answers, map(reset, servers))
    for request, first, second in zip(SCRIPT, firsts, seconds, strict=True):
        assert first == second, request


def test_a_process_answers_after_a_reset_as_at_its_start() -> None:
    with running_server("--freeze-time", MIDNIGHT) as server:
        at_start = answers(server)
        for request, before, after in zip(SCRIPT, at_start, answers(reset(server)), strict=True):
            assert before == after, request


def test_another_seed_gives_other_ids(servers: tuple[RunningServer, RunningServer]) -> None:
    same, again = map(new_ids, servers)
    assert same == again
    with running_server("--seed", "8", "--freeze-time", MIDNIGHT) as server:
        assert not set(same) & set(new_ids(server))
