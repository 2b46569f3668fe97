"""Snapshots: saved states, restored or downloaded as fixture files."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from flask.testing import FlaskClient
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from mockserver.app import create_app
from mockserver.core.clock import parse_instant
from mockserver.core.config import Config
from mockserver.fixtures.load import load_fixtures
from tests.support import admin
from tests.support.built_in_data import (
    ACCOUNT_1,
    ACCOUNT_3,
    ACCOUNT_TOKEN,
    ADMIN,
    CUSTOMER_2,
    NEW_YEAR,
    SHOPPER,
    acting_as,
    as_customer,
    naming,
)
from tests.support.contract import CONTRACT
from tests.support.examples import examples
from tests.support.sample_requests import CHECKOUT, GOOD, GUEST, SIGN_IN, TOKENS

RULE = {"operation": "getCarts", "then": {"error": "forbidden"}, "skip": 1, "times": 2}


def carts(client: FlaskClient, headers: dict[str, str] = ADMIN) -> Any:
    """Return every cart, as listed."""
    response = client.get("/v2/carts?page[limit]=100", headers=headers)
    assert response.status_code == 200, response.text
    return response.get_json()["data"]


def ids(client: FlaskClient) -> list[str]:
    return [cart["id"] for cart in carts(client)]


def save(client: FlaskClient, name: str, sandbox: str | None = None) -> Any:
    return admin.put(client, f"/snapshots/{name}", sandbox=sandbox)


def restore(client: FlaskClient, name: str) -> None:
    assert admin.call(client, "POST", f"/snapshots/{name}/restore").status_code == 204


# --- saved, listed, restored, deleted


def test_a_snapshot_is_described(client: FlaskClient) -> None:
    snapshot = {"name": "s", "now": "2026-01-01T00:00:00.000Z", "carts": 11}
    assert save(client, "s") == snapshot
    assert admin.get(client, "/snapshots") == [snapshot]


def test_snapshots_are_listed_by_name(client: FlaskClient) -> None:
    for name in ("b", "a", "c"):
        save(client, name)
    assert [snapshot["name"] for snapshot in admin.get(client, "/snapshots")] == ["a", "b", "c"]


def test_restoring_resets_the_store_state_the_clock_the_ids_and_the_rules(
    client: FlaskClient,
) -> None:
    admin.arm(client, RULE)
    save(client, "s")
    before = ids(client)
    cart_id = GOOD["createACart"].sent_by(client).get_json()["data"]["id"]
    client.delete("/v2/carts/free-cart", headers=ADMIN)
    admin.put(client, "/clock", {"action": "advance", "duration": "PT1H"})
    admin.call(client, "DELETE", "/rules")
    restore(client, "s")
    assert [(rule["matched"], rule["fired"]) for rule in admin.get(client, "/rules")] == [(0, 0)]
    assert ids(client) == before
    assert admin.get(client, "/clock")["now"] == "2026-01-01T00:00:00.000Z"
    assert GOOD["createACart"].sent_by(client).get_json()["data"]["id"] == cart_id


def test_a_snapshot_can_be_restored_again_and_again(client: FlaskClient) -> None:
    save(client, "s")
    for _ in range(3):
        client.delete("/v2/carts/free-cart", headers=ADMIN)
        assert "free-cart" not in ids(client)
        restore(client, "s")
        assert "free-cart" in ids(client)


def test_saving_again_replaces(client: FlaskClient) -> None:
    save(client, "s")
    client.delete("/v2/carts/free-cart", headers=ADMIN)
    assert save(client, "s")["carts"] == 10
    client.post("/__admin/reset")
    restore(client, "s")
    assert "free-cart" not in ids(client)


def test_a_reset_keeps_snapshots(client: FlaskClient) -> None:
    save(client, "s")
    client.post("/__admin/reset")
    restore(client, "s")


def test_a_deleted_snapshot_is_gone(client: FlaskClient) -> None:
    save(client, "s")
    assert admin.call(client, "DELETE", "/snapshots/s").status_code == 204
    assert admin.get(client, "/snapshots") == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/snapshots/other/restore"),
        ("DELETE", "/snapshots/other"),
        ("GET", "/snapshots/other/fixture"),
    ],
)
def test_an_unknown_snapshot_is_reported_with_the_known_ones(
    client: FlaskClient, method: str, path: str
) -> None:
    response = admin.call(client, method, path)
    assert admin.detail(response, 404) == 'There is no snapshot "other"; known: none.'
    save(client, "b")
    save(client, "a")
    response = admin.call(client, method, path)
    assert admin.detail(response, 404) == 'There is no snapshot "other"; known: a, b.'


@pytest.mark.parametrize("name", ["a%20b", "%C3%A4", "x" * 101])
def test_a_name_that_is_invalid_in_a_path_is_rejected(client: FlaskClient, name: str) -> None:
    response = admin.call(client, "PUT", f"/snapshots/{name}")
    assert admin.detail(response, 400).startswith("A snapshot's name has 1 to 100")


def test_a_sandbox_keeps_at_most_a_hundred(client: FlaskClient) -> None:
    for number in range(100):
        save(client, f"s-{number}")
    response = admin.call(client, "PUT", "/snapshots/one-more")
    assert admin.detail(response, 409) == "A sandbox keeps at most 100 snapshots; delete one."
    save(client, "s-1")


def test_each_sandbox_has_its_own(client: FlaskClient) -> None:
    save(client, "s", sandbox="one")
    assert admin.get(client, "/snapshots") == []
    assert len(admin.get(client, "/snapshots", "one")) == 1


# --- downloaded as a fixture file


def change_everything(client: FlaskClient) -> None:
    """Bring the store into a state that differs from the fixtures."""
    client.post(TOKENS, headers=SHOPPER, json={"data": SIGN_UP})
    client.post("/v2/carts", headers=acting_as(2), json={"data": {"id": "mine", "name": "Grace's"}})
    client.delete("/v2/carts/free-cart", headers=ADMIN)
    for name, body in CHANGES.items():
        response = client.put(f"/v2/carts/{name}", headers=ADMIN, json={"data": body})
        assert response.status_code == 200, response.text
    admin.put(client, "/clock", {"action": "advance", "duration": "PT6H30M5S"})
    path = "/v2/carts/contact-cart"
    client.put(path, headers=ADMIN, json={"data": {"contact": {"email": "new@example.com"}}})
    client.post(
        "/v2/carts/grace-cart/relationships/accounts", headers=ADMIN, json=naming(ACCOUNT_1)
    )
    client.put("/v2/settings/cart", headers=ADMIN, json={"data": {"show_all_carts": False}})
    headers = {**SHOPPER, "X-MOLTIN-CURRENCY": "GBP"}
    items = [
        {"type": "cart_item", "sku": "keyboard", "quantity": 2, "location": "london"},
        {"type": "cart_item", "sku": "mug", "quantity": 1, "custom_inputs": {"text": "é: -"}},
        {"type": "custom_item", "name": "Wrap", "quantity": 3, "price": {"amount": 300}},
        {"type": "promotion_item", "code": "TEN-PERCENT"},
        {"type": "promotion_item", "code": "FIVE-OFF"},
    ]
    body = {"data": items, "options": {"add_all_or_nothing": True}}
    response = client.post("/v2/carts/ada-second-cart/items", headers=headers, json=body)
    assert response.status_code == 201, response.text
    create_orders(client)
    admin.put(client, "/rate-limit", {"requests_per_second": 1000})
    admin.arm(client, RULE)


def create_orders(client: FlaskClient) -> None:
    """Create orders of an account, of a customer and of a guest, paid in part and in full, which
    also reduce the stock of a product."""
    for headers, cart, data, payment in (
        (acting_as(2), "grace-cart", {"contact": GUEST, "order_number": "2"}, {"amount": 1}),
        (ADMIN, "grace-cart", {"customer": {"id": CUSTOMER_2}}, {"method": "authorize"}),
        (SHOPPER, "ada-second-cart", {"external_ref": "é"}, {}),
    ):
        body = {"data": {**CHECKOUT, **data}}
        response = client.post(f"/v2/carts/{cart}/checkout", headers=headers, json=body)
        assert response.status_code == 201, response.text
        admin.put(client, "/clock", {"action": "advance", "duration": "PT1M"})
        path = f"/v2/orders/{response.get_json()['data']['id']}/payments"
        paid = client.post(
            path,
            headers=headers,
            json={"data": {"gateway": "manual", "method": "purchase", **payment}},
        )
        assert paid.status_code == 200, paid.text


SIGN_UP = {
    **{key: SIGN_IN[key] for key in ("type", "password_profile_id")},
    "authentication_mechanism": "self_signup",
    "name": "Mary",
    "email": "mary@example.com",
    "username": "Mary@example.com",
    "password": "mary-password",
}
CHANGES: dict[str, Any] = {
    "ada-cart": {
        "name": 'yes: "no" # - 1e3 é 漢 😀',
        "description": "2026-01-01\n\ttwo lines \u2028 \x7f",
        "custom_attributes": {
            "text": {"type": "string", "value": "null"},
            "count": {"type": "integer", "value": 7},
            "flag": {"type": "boolean", "value": True},
            "ratio": {"type": "float", "value": 0.1},
        },
        "discount_settings": {"custom_discounts_enabled": True},
    },
    "shared-cart": {"snapshot_date": "2030-01-01T00:00:00Z"},
}


def reloaded(text: str, folder: Path, instant: str) -> FlaskClient:
    """Return a client of a new server with a downloaded fixture and a frozen clock."""
    file = folder / "saved.yaml"
    file.write_text(text, "utf-8")
    return create_app(
        Config(fixtures=(str(file),), frozen_at=parse_instant(instant)), CONTRACT
    ).test_client()


def pages(client: FlaskClient) -> dict[str, Any]:
    """Return everything that a server lists."""
    paths = (
        "/v2/carts?page[limit]=100",
        "/v2/carts/ada-second-cart/items",
        "/v2/carts/grace-cart/items",
        "/v2/accounts",
        "/v2/account-members",
        f"/v2/accounts/{ACCOUNT_3}/account-memberships",
        "/v2/settings/cart",
        "/v2/currencies",
        "/catalog/products",
        "/catalog/hierarchies",
        "/v2/orders?include=items&page[limit]=100",
    )
    content = {path: client.get(path, headers=ADMIN).get_json() for path in paths}
    content["authentication"] = client.get(
        "/v2/settings/account-authentication", headers=SHOPPER
    ).get_json()
    for number in (1, 2, 3):
        content[f"account {number}"] = carts(client, acting_as(number))
    for number in (1, 2):
        content[f"customer {number}"] = carts(client, as_customer(number))
    content["rate limit"] = admin.get(client, "/rate-limit")
    return content


@pytest.mark.parametrize("path", ["/snapshots/s/fixture", "/fixture"])
def test_a_downloaded_fixture_has_the_same_state(
    client: FlaskClient, tmp_path: Path, path: str
) -> None:
    change_everything(client)
    now = save(client, "s")["now"]
    text = client.get(f"/__admin{path}").text
    admin.call(client, "DELETE", "/rules")
    again = reloaded(text, tmp_path, now)
    (rule,) = admin.get(again, "/rules")
    assert {name: rule[name] for name in RULE} == RULE
    admin.call(again, "DELETE", "/rules")
    assert pages(again) == pages(client)
    lamps = [{"type": "cart_item", "sku": "lamp", "quantity": quantity} for quantity in (2, 1)]
    for item, expected in zip(lamps, (400, 201), strict=True):
        response = again.post("/v2/carts/more/items", headers=SHOPPER, json={"data": item})
        assert response.status_code == expected


def test_a_downloaded_fixture_keeps_the_logins(client: FlaskClient, tmp_path: Path) -> None:
    change_everything(client)
    text = client.get("/__admin/fixture").text
    again = reloaded(text, tmp_path, admin.get(client, "/clock")["now"])
    for username, password in (
        ("ada@example.com", "ada-password"),
        ("MARY@example.com", "mary-password"),
    ):
        body = {"data": {**SIGN_IN, "username": username, "password": password}}
        response = again.post(TOKENS, headers=SHOPPER, json=body)
        assert response.status_code == 201, response.text
    assert again.get("/v2/carts/always-cart-not-found", headers=ADMIN).status_code == 200
    assert again.delete("/v2/carts/always-cart-not-found", headers=ADMIN).status_code == 404
    code = {**SIGN_IN, "authentication_mechanism": "passwordless", "username": "ada@example.com"}
    code["one_time_password_token"] = "ada-code"
    del code["password"]
    assert again.post(TOKENS, headers=SHOPPER, json={"data": code}).status_code == 201


def test_an_issued_token_is_not_exported(client: FlaskClient, tmp_path: Path) -> None:
    issued = client.post(TOKENS, headers=SHOPPER, json={"data": SIGN_IN}).get_json()["data"][0]
    text = client.get("/__admin/fixture").text
    assert issued["token"] not in text
    again = reloaded(text, tmp_path, "2026-01-01T00:00:00Z")
    headers = {**SHOPPER, ACCOUNT_TOKEN: issued["token"]}
    assert again.get("/v2/carts", headers=headers).status_code == 401


def test_a_downloaded_fixture_exports_the_same_fixture(client: FlaskClient, tmp_path: Path) -> None:
    change_everything(client)
    text = client.get("/__admin/fixture").text
    again = reloaded(text, tmp_path, admin.get(client, "/clock")["now"])
    assert yaml.safe_load(again.get("/__admin/fixture").text) == yaml.safe_load(text)


def test_expired_carts_are_not_exported(client: FlaskClient) -> None:
    admin.put(client, "/clock", {"action": "advance", "duration": "PT1H"})
    text = client.get("/__admin/fixture").text
    assert "expiring-cart" not in {cart["id"] for cart in yaml.safe_load(text)["carts"]}


def test_a_snapshot_is_downloaded_as_it_was(client: FlaskClient) -> None:
    save(client, "s")
    client.delete("/v2/carts/free-cart", headers=ADMIN)
    saved, current = (client.get(f"/__admin{p}").text for p in ("/snapshots/s/fixture", "/fixture"))
    assert "free-cart" in saved
    assert "free-cart" not in current


@pytest.mark.stress
@settings(max_examples=examples(60), deadline=None)
@example(name="a\x85b", description="\u2028")
@example(name="0", description="\x85 \u2029 \r\n")
@given(name=st.text(min_size=1, max_size=30), description=st.text(max_size=60))
def test_any_text_survives_the_round_trip(
    tmp_path_factory: pytest.TempPathFactory, name: str, description: str
) -> None:
    client = create_app(Config(frozen_at=NEW_YEAR), CONTRACT).test_client()
    body = {"data": {"id": "odd", "name": name, "description": description}}
    assume(client.post("/v2/carts", headers=ADMIN, json=body).status_code == 201)
    file = tmp_path_factory.mktemp("odd") / "saved.yaml"
    file.write_bytes(client.get("/__admin/fixture").data)
    cart = load_fixtures([str(file)], CONTRACT).carts["odd"]
    assert (cart.name, cart.description) == (name, description)
