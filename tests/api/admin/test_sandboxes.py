"""SandboxRegistry: isolated from each other on one server."""

import logging
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from mockserver.app import create_app
from mockserver.core.config import Config
from mockserver.core.errors import AdminError
from mockserver.sandbox.registry import SandboxRegistry
from mockserver.sandbox.sandbox import Sandbox
from mockserver.store.entities import Bearer
from mockserver.store.state import StoreState
from tests.support import admin
from tests.support.built_in_data import ACCOUNT_1, ADMIN, NEW_YEAR, SHOPPER, acting_as, naming
from tests.support.contract import CONTRACT
from tests.support.sample_requests import SIGN_IN, TOKENS

HEADER = "Mock-Sandbox"


def ids(client: FlaskClient, sandbox: str | None = None) -> set[str]:
    headers = ADMIN if sandbox is None else {**ADMIN, HEADER: sandbox}
    response = client.get("/v2/carts?page[limit]=100", headers=headers)
    assert response.status_code == 200, response.text
    return {cart["id"] for cart in response.get_json()["data"]}


def add_cart(client: FlaskClient, cart_id: str, sandbox: str) -> None:
    body = {"data": {"id": cart_id, "name": "Cart"}}
    response = client.post("/v2/carts", headers={**ADMIN, HEADER: sandbox}, json=body)
    assert response.status_code == 201, response.text


def names(client: FlaskClient) -> list[str]:
    return [sandbox["name"] for sandbox in admin.get(client, "/sandboxes")]


# --- how a request names one


def test_the_header_names_a_sandbox(client: FlaskClient) -> None:
    add_cart(client, "mine", "one")
    assert "mine" in ids(client, "one")
    assert "mine" not in ids(client, "two")
    assert "mine" not in ids(client)


def test_the_path_names_a_sandbox(client: FlaskClient) -> None:
    add_cart(client, "mine", "one")
    cart = client.get("/sandboxes/one/v2/carts/mine", headers=ADMIN)
    assert cart.get_json()["data"]["name"] == "Cart"
    carts = client.get("/sandboxes/one/v2/carts", headers=ADMIN).get_json()["data"]
    assert {cart["id"] for cart in carts} == ids(client, "one")


def test_the_path_wins_over_the_header(client: FlaskClient) -> None:
    add_cart(client, "mine", "one")
    headers = {**ADMIN, HEADER: "two"}
    listed = client.get("/sandboxes/one/v2/carts", headers=headers).get_json()["data"]
    assert "mine" in {cart["id"] for cart in listed}


def test_a_request_without_a_name_uses_the_default_one(client: FlaskClient) -> None:
    add_cart(client, "mine", "default")
    assert "mine" in ids(client)


def links_in(value: Any) -> list[str]:
    """Return every link in a JSON value."""
    if isinstance(value, list):
        return [link for child in value for link in links_in(child)]
    if not isinstance(value, dict):
        return []
    nested = [child for name, child in value.items() if name != "links"]
    return links_in(nested) + [link for link in (value.get("links") or {}).values() if link]


@pytest.mark.parametrize(
    "path",
    ["/v2/carts?page[limit]=2", "/v2/carts/free-cart", "/v2/accounts", f"/v2/accounts/{ACCOUNT_1}"],
)
def test_links_keep_the_prefix_and_work(client: FlaskClient, path: str) -> None:
    response = client.get(f"/sandboxes/one{path}", headers=ADMIN)
    links = links_in(response.get_json())
    assert links
    for link in links:
        assert link.startswith("http://localhost/sandboxes/one/v2/")
        assert client.get(link, headers=ADMIN).status_code == 200


def test_a_link_to_the_next_page_stays_in_the_sandbox(client: FlaskClient) -> None:
    add_cart(client, "mine", "one")
    url, seen = "/sandboxes/one/v2/carts?page[limit]=2", set()
    while url:
        page = client.get(url, headers=ADMIN).get_json()
        seen |= {cart["id"] for cart in page["data"]}
        url = page["links"]["next"]
    assert seen == ids(client, "one")


def test_links_without_a_prefix_have_none(client: FlaskClient) -> None:
    response = client.get("/v2/carts", headers={**ADMIN, HEADER: "one"})
    for link in links_in(response.get_json()):
        assert link.startswith("http://localhost/v2/")


@pytest.mark.parametrize("path", ["/openapi.yaml", "/__admin/health", "/__admin/clock"])
def test_everything_is_served_below_the_prefix(client: FlaskClient, path: str) -> None:
    assert client.get(f"/sandboxes/one{path}").status_code == 200


def test_a_path_below_a_sandbox_that_the_contract_lacks_is_404(client: FlaskClient) -> None:
    for path in ("/sandboxes/one/v2", "/sandboxes/one/v2/cartz"):
        assert client.get(path, headers=ADMIN).status_code == 404


@pytest.mark.parametrize("name", ["a b", "ä", "x" * 101, "a/b", "*", ""])
def test_a_name_that_is_invalid_in_a_path_is_rejected(client: FlaskClient, name: str) -> None:
    response = client.get("/v2/carts", headers={**ADMIN, HEADER: name.encode().decode("latin-1")})
    assert admin.detail(response, 400).startswith("A sandbox's name has 1 to 100 of the characters")
    assert names(client) == ["default"]


@pytest.mark.parametrize("name", ["a", "A-1_b.c", "x" * 100, "..."])
def test_names_are_valid_in_a_path(client: FlaskClient, name: str) -> None:
    assert "free-cart" in ids(client, name)


def test_a_server_may_require_a_name() -> None:
    client = create_app(Config(require_sandbox=True), CONTRACT).test_client()
    rejected = client.get("/v2/carts", headers=ADMIN)
    assert admin.detail(rejected, 400) == (
        "Name a sandbox: the header Mock-Sandbox, or a path below /sandboxes/NAME."
    )
    assert client.get("/v2/carts", headers={**ADMIN, HEADER: "one"}).status_code == 200
    assert client.get("/sandboxes/one/v2/carts", headers=ADMIN).status_code == 200
    assert client.get("/v2/carts", headers={**ADMIN, HEADER: "default"}).status_code == 200
    assert client.get("/__admin/clock").status_code == 200
    assert client.get("/openapi.yaml").status_code == 200


# --- created, forked, deleted


def test_a_sandbox_is_created_from_the_fixtures_on_first_use(client: FlaskClient) -> None:
    client.delete("/v2/carts/free-cart", headers=ADMIN)
    assert names(client) == ["default"]
    assert "free-cart" in ids(client, "one")
    assert names(client) == ["default", "one"]


def test_a_sandbox_is_described(client: FlaskClient) -> None:
    add_cart(client, "mine", "one")
    assert admin.get(client, "/sandboxes/one") == {
        "name": "one",
        "base_path": "/sandboxes/one",
        "now": "2026-01-01T00:00:00.000Z",
        "carts": 12,
        "requests": 1,
    }


def test_getting_a_sandbox_does_not_create_it(client: FlaskClient) -> None:
    assert admin.detail(admin.call(client, "GET", "/sandboxes/one"), 404) == (
        'There is no sandbox "one".'
    )
    assert names(client) == ["default"]


def test_a_sandbox_can_be_created_explicitly(client: FlaskClient) -> None:
    created = admin.call(client, "POST", "/sandboxes/one")
    assert created.status_code == 201
    assert created.get_json()["carts"] == 11
    again = admin.call(client, "POST", "/sandboxes/one")
    assert admin.detail(again, 409) == 'There is a sandbox "one" already.'
    assert admin.call(client, "POST", "/sandboxes/default").status_code == 409


def test_a_fork_starts_from_the_state_of_another_and_is_independent(client: FlaskClient) -> None:
    add_cart(client, "before", "one")
    admin.put(client, "/clock", {"action": "advance", "duration": "PT1H"}, sandbox="one")
    admin.arm(client, {"then": {"error": "forbidden"}, "operation": "getACart"}, "one")
    forked = admin.call(client, "POST", "/sandboxes/two", {"fork_of": "one"})
    assert forked.get_json()["now"] == "2026-01-01T01:00:00.000Z"
    add_cart(client, "after", "one")
    assert ids(client, "two") == ids(client, "one") - {"after"}
    assert [rule["operation"] for rule in admin.get(client, "/rules", "two")] == ["getACart"]
    assert admin.get(client, "/sandboxes/two")["requests"] == 1
    admin.call(client, "DELETE", "/rules", sandbox="two")
    assert admin.get(client, "/rules", "one")


def test_a_fork_keeps_tokens_and_continues_the_id_sequence(client: FlaskClient) -> None:
    login = client.post(TOKENS, headers={**SHOPPER, HEADER: "one"}, json={"data": SIGN_IN})
    token = login.get_json()["data"][0]["token"]
    admin.call(client, "POST", "/sandboxes/two", {"fork_of": "one"})
    headers = {**SHOPPER, "EP-Account-Management-Authentication-Token": token}
    created = [
        client.post("/v2/carts", headers={**headers, HEADER: name}, json={"data": {"name": "New"}})
        for name in ("one", "two")
    ]
    assert created[0].get_json()["data"]["id"] == created[1].get_json()["data"]["id"]


def test_a_snapshot_can_be_forked(client: FlaskClient) -> None:
    admin.put(client, "/snapshots/empty", sandbox="one")
    add_cart(client, "mine", "one")
    body = {"fork_of": "one", "snapshot": "empty"}
    assert admin.call(client, "POST", "/sandboxes/two", body).status_code == 201
    assert ids(client, "two") == ids(client, "one") - {"mine"}


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({"fork_of": "nowhere"}, 404, 'There is no sandbox "nowhere".'),
        ({"fork_of": "default", "snapshot": "x"}, 404, 'There is no snapshot "x"; known: none.'),
        ({"snapshot": "x"}, 400, "the request body breaks the rule dependentRequired."),
        ({"fork": "default"}, 400, "fork is not a known field; known: fork_of, snapshot."),
    ],
)
def test_an_invalid_fork_is_reported_and_creates_nothing(
    client: FlaskClient, body: dict[str, str], status: int, message: str
) -> None:
    response = admin.call(client, "POST", "/sandboxes/one", body)
    assert admin.detail(response, status) == message
    assert names(client) == ["default"]


def test_a_deleted_sandbox_starts_again_from_the_fixtures(client: FlaskClient) -> None:
    add_cart(client, "mine", "one")
    assert admin.call(client, "DELETE", "/sandboxes/one").status_code == 204
    assert names(client) == ["default"]
    assert "mine" not in ids(client, "one")


def test_deleting_the_default_one_resets_it(client: FlaskClient) -> None:
    add_cart(client, "mine", "default")
    assert admin.call(client, "DELETE", "/sandboxes/default").status_code == 204
    assert names(client) == ["default"]
    assert "mine" not in ids(client)


def test_a_reset_affects_one_sandbox(client: FlaskClient) -> None:
    for name in ("one", "two"):
        add_cart(client, "mine", name)
    admin.call(client, "POST", "/reset", sandbox="one")
    assert "mine" not in ids(client, "one")
    assert "mine" in ids(client, "two")
    client.post("/sandboxes/two/__admin/reset")
    assert "mine" not in ids(client, "two")


# --- how many, how long


def test_the_least_recently_used_one_is_evicted_and_logged(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("mockserver"), "propagate", True)
    client = create_app(Config(max_sandboxes=2), CONTRACT).test_client()
    with caplog.at_level(logging.INFO, "mockserver"):
        for name in ("one", "two"):
            add_cart(client, "mine", name)
        assert "mine" in ids(client, "one")
        add_cart(client, "mine", "three")
    assert names(client) == ["default", "one", "three"]
    assert 'sandbox "two" deleted: more than 2 sandboxes' in caplog.messages
    assert "mine" not in ids(client, "two")


def test_the_maximum_may_be_one_sandbox() -> None:
    client = create_app(Config(max_sandboxes=1), CONTRACT).test_client()
    add_cart(client, "mine", "one")
    assert "mine" in ids(client, "one")


def test_the_default_one_is_never_evicted() -> None:
    client = create_app(Config(max_sandboxes=1), CONTRACT).test_client()
    add_cart(client, "mine", "default")
    for name in ("one", "two", "three"):
        ids(client, name)
    assert "mine" in ids(client)


@pytest.fixture
def elapsed() -> list[float]:
    """The value of a stopwatch that the test controls."""
    return [0.0]


@pytest.fixture
def registry(elapsed: list[float]) -> SandboxRegistry:
    """SandboxRegistry that expire after ten seconds of that stopwatch."""

    def make() -> Sandbox:
        return Sandbox(StoreState(), NEW_YEAR, 0, 10)

    return SandboxRegistry(make, 1000, 10, stopwatch=lambda: elapsed[0])


def test_an_idle_sandbox_expires(registry: SandboxRegistry, elapsed: list[float]) -> None:
    first = registry.get_or_create("one")
    elapsed[0] = 10
    assert registry.get_or_create("one") is first
    elapsed[0] = 20.1
    assert [name for name, _ in registry.all()] == ["default"]
    with pytest.raises(AdminError):
        registry.get("one")
    assert registry.get_or_create("one") is not first


@pytest.mark.parametrize("how", ["idle", "deleted"])
def test_the_write_of_a_running_request_is_not_lost_with_its_sandbox(
    registry: SandboxRegistry, elapsed: list[float], how: str
) -> None:
    sandbox = registry.get_or_create("one")
    if how == "deleted":
        registry.delete("one")
    elapsed[0] = 20
    registry.get_or_create("another")
    sandbox.run(lambda tx, _: tx.tokens.add("acknowledged", Bearer("storefront", None)))
    assert (
        registry.get_or_create("one").run(lambda tx, _: tx.tokens.bearer("acknowledged"))
        is not None
    )
    assert registry.default.run(lambda tx, _: tx.tokens.bearer("acknowledged")) is None


def test_use_keeps_a_sandbox_alive(registry: SandboxRegistry, elapsed: list[float]) -> None:
    first = registry.get_or_create("one")
    for _ in range(5):
        elapsed[0] += 9
        registry.get_or_create("other")
        assert registry.get_or_create("one") is first


def test_only_the_idle_ones_expire(registry: SandboxRegistry, elapsed: list[float]) -> None:
    registry.get_or_create("old")
    elapsed[0] = 6
    registry.get_or_create("new")
    elapsed[0] = 11
    assert [name for name, _ in registry.all()] == ["default", "new"]


def test_an_expired_name_can_be_used_again(registry: SandboxRegistry, elapsed: list[float]) -> None:
    registry.create("one")
    elapsed[0] = 11
    assert registry.create("one") is registry.get_or_create("one")


def test_the_default_one_never_expires(registry: SandboxRegistry, elapsed: list[float]) -> None:
    elapsed[0] = 1e9
    assert registry.get_or_create("default") is registry.default
    assert registry.get("default") is registry.default


# --- isolation under concurrency

SANDBOXES, STEPS, THREADS = 50, 200, 16
Step = Callable[[random.Random], tuple[str, str, dict[str, str], Any]]
CARTS = ("free-cart", "ada-cart", "shared-cart", "x-1", "x-2", "x-3", "hedy-only-cart")


def _cart(rng: random.Random) -> str:
    return f"/v2/carts/{rng.choice(CARTS)}"


OPERATIONS: tuple[Step, ...] = (
    lambda c: ("GET", "/v2/carts", ADMIN, None),
    lambda c: ("GET", "/v2/carts", acting_as(c.choice((1, 2, 3))), None),
    lambda c: ("POST", "/v2/carts", acting_as(1), {"data": {"name": f"Cart {c.random()}"}}),
    lambda c: ("POST", "/v2/carts", ADMIN, {"data": {"id": c.choice(CARTS), "name": "Own id"}}),
    lambda c: ("GET", _cart(c), SHOPPER, None),
    lambda c: ("PUT", _cart(c), SHOPPER, {"data": {"description": str(c.random())}}),
    lambda c: ("DELETE", _cart(c), ADMIN, None),
    lambda c: ("POST", f"{_cart(c)}/relationships/accounts", ADMIN, naming(ACCOUNT_1)),
    lambda c: ("DELETE", f"{_cart(c)}/relationships/accounts", ADMIN, naming(ACCOUNT_1)),
    lambda c: ("POST", TOKENS, SHOPPER, {"data": SIGN_IN}),
    lambda c: (
        "POST",
        "/oauth/access_token",
        {},
        {"grant_type": "implicit", "client_id": "storefront"},
    ),
    lambda c: ("PUT", "/__admin/clock", {}, {"action": "advance", "duration": "PT1H"}),
    lambda c: (
        "POST",
        "/__admin/rules",
        {},
        {"then": {"error": "forbidden"}, "operation": "getACart", "probability": 0.5, "times": 2},
    ),
    lambda c: ("GET", "/__admin/rules", {}, None),
    lambda c: ("PUT", "/__admin/snapshots/s", {}, None),
    lambda c: ("POST", "/__admin/snapshots/s/restore", {}, None),
    lambda c: ("POST", "/__admin/requests/verify", {}, {"operation": "getACart", "count": 3}),
)


def transcript(app: Flask, number: int) -> list[tuple[Any, ...]]:
    """Send a sandbox's random steps; return its complete responses."""
    rng, name, client = random.Random(number), f"sandbox-{number}", app.test_client()
    lines = []
    for step in range(STEPS):
        method, path, headers, body = rng.choice(OPERATIONS)(rng)
        if step % 2:
            path = f"/sandboxes/{name}{path}"
        else:
            headers = {**headers, HEADER: name}
        content = {} if body is None else {"json": body}
        response = client.open(path, method=method, headers=headers, **content)
        lines.append((method, path, response.status, sorted(response.headers), response.data))
    return lines


@pytest.mark.stress
def test_concurrent_sandboxes_respond_as_each_would_alone() -> None:
    together = create_app(Config(frozen_at=NEW_YEAR), CONTRACT)
    with ThreadPoolExecutor(THREADS) as threads:
        transcripts = list(
            threads.map(lambda number: transcript(together, number), range(SANDBOXES))
        )
    assert len({str(lines) for lines in transcripts}) == SANDBOXES
    for number, lines in enumerate(transcripts):
        assert lines == transcript(create_app(Config(frozen_at=NEW_YEAR), CONTRACT), number)


def test_one_sandbox_used_by_many_threads_loses_no_cart(app: Flask) -> None:
    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(lambda n: add_cart(app.test_client(), f"cart-{n}", "one"), range(80)))
    assert {f"cart-{n}" for n in range(80)} < ids(app.test_client(), "one")
