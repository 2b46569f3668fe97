"""The store's settings that clients read, and change (contract.md §8 and §9)."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from mockserver.app import create_app
from mockserver.core.config import Config
from tests.support.built_in_data import ADMIN, SHOPPER, acting_as
from tests.support.contract import CONTRACT

CART = "/v2/settings/cart"
AUTHENTICATION = "/v2/settings/account-authentication"
SEED = {
    "type": "settings",
    "show_all_carts": True,
    "cart_expiry_days": 7,
    "discounts": {"custom_discounts_enabled": False, "use_rule_promotions": False},
    "inventories": {"defer_inventory_check": False},
}


def put(client: FlaskClient, data: Any) -> TestResponse:
    return client.put(CART, headers=ADMIN, json={"data": data})


def current(client: FlaskClient) -> Any:
    answer = client.get(CART, headers=ADMIN)
    assert answer.status_code == 200
    return answer.get_json()["data"]


@pytest.mark.parametrize(
    "headers", [SHOPPER, ADMIN, acting_as(1)], ids=["implicit", "administrator", "account"]
)
def test_everyone_reads_how_members_sign_in(client: FlaskClient, headers: dict[str, str]) -> None:
    answer = client.get(AUTHENTICATION, headers=headers)
    assert answer.status_code == 200
    realm = {"id": "d0000000-0000-4000-8000-000000000002", "type": "authentication_realm"}
    assert answer.get_json() == {
        "data": {
            "id": "d0000000-0000-4000-8000-000000000003",
            "type": "account_authentication_settings",
            "enable_self_signup": True,
            "auto_create_account_for_account_members": True,
            "account_member_self_management": "disabled",
            "account_management_authentication_token_timeout_secs": 86400,
            "relationships": {"authentication_realm": {"data": realm}},
            "meta": {"client_id": "account-management"},
        },
        "links": {"self": f"http://localhost{AUTHENTICATION}"},
    }


def test_sign_in_settings_come_from_the_fixtures(tmp_path: Any) -> None:
    fixture = tmp_path / "own.yaml"
    own = "enable_self_signup: false, account_member_self_management: update_only"
    fixture.write_text(f"settings: {{ account_authentication: {{ {own} }} }}\n", "utf-8")
    client = create_app(Config(fixtures=("default", str(fixture))), CONTRACT).test_client()
    data = client.get(AUTHENTICATION, headers=SHOPPER).get_json()["data"]
    assert data["enable_self_signup"] is False
    assert data["account_member_self_management"] == "update_only"
    assert data["auto_create_account_for_account_members"] is True


def test_cart_settings_have_the_documented_shape(client: FlaskClient) -> None:
    answer = client.get(CART, headers=ADMIN)
    assert answer.status_code == 200
    assert answer.get_json() == {"data": SEED, "links": {"self": f"http://localhost{CART}"}}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, {}),
        ({"type": "settings"}, {}),
        ({"show_all_carts": False}, {"show_all_carts": False}),
        ({"cart_expiry_days": 1}, {"cart_expiry_days": 1}),
        ({"cart_expiry_days": 365}, {"cart_expiry_days": 365}),
        (
            {"discounts": {"use_rule_promotions": True}},
            {"discounts": {"custom_discounts_enabled": False, "use_rule_promotions": True}},
        ),
        (
            {"inventories": {"defer_inventory_check": True}},
            {"inventories": {"defer_inventory_check": True}},
        ),
        ({"tax_settings": {"x": 1}}, {}),
        (
            {"show_all_carts": False, "cart_expiry_days": 14},
            {"show_all_carts": False, "cart_expiry_days": 14},
        ),
    ],
    ids=str,
)
def test_update_changes_what_it_names_and_nothing_else(
    client: FlaskClient, change: dict[str, Any], expected: dict[str, Any]
) -> None:
    answer = put(client, change)
    assert answer.status_code == 200
    assert answer.get_json()["data"] == {**SEED, **expected} == current(client)


@pytest.mark.parametrize(
    ("data", "source", "keyword"),
    [
        ({"cart_expiry_days": 0}, "data.cart_expiry_days", "minimum"),
        ({"cart_expiry_days": "7"}, "data.cart_expiry_days", "type"),
        ({"cart_expiry_days": 1.5}, "data.cart_expiry_days", "type"),
        ({"cart_expiry_days": True}, "data.cart_expiry_days", "type"),
        ({"cart_expiry_days": None}, "data.cart_expiry_days", "type"),
        ({"show_all_carts": "yes"}, "data.show_all_carts", "type"),
        ({"discounts": None}, "data.discounts", "type"),
        (
            {"discounts": {"use_rule_promotions": 1}},
            "data.discounts.use_rule_promotions",
            "type",
        ),
        (None, "data", "type"),
        ([], "data", "type"),
    ],
    ids=str,
)
def test_other_values_are_rejected_and_change_nothing(
    client: FlaskClient, data: Any, source: str, keyword: str
) -> None:
    answer = put(client, data)
    assert answer.status_code == 400
    (error,) = answer.get_json()["errors"]
    assert (error["status"], error["title"], error["source"]) == ("400", keyword, source)
    assert current(client) == SEED


@pytest.mark.parametrize("days", [366, 10**9])
def test_cart_lives_no_more_than_a_year(client: FlaskClient, days: int) -> None:
    answer = put(client, {"cart_expiry_days": days})
    assert answer.status_code == 400
    assert answer.get_json()["errors"] == [
        {
            "title": "number_lte",
            "status": "400",
            "detail": "Must be less than or equal to 365",
            "source": "data.cart_expiry_days",
            "meta": {"value": days},
        }
    ]
    assert current(client) == SEED


@pytest.mark.parametrize(
    "changes",
    [
        [{"discounts": {"custom_discounts_enabled": True, "use_rule_promotions": True}}],
        [
            {"discounts": {"use_rule_promotions": True}},
            {"discounts": {"custom_discounts_enabled": True}},
        ],
    ],
    ids=["at once", "one after the other"],
)
def test_both_discounts_together_are_rejected(
    client: FlaskClient, changes: list[dict[str, Any]]
) -> None:
    *before, last = changes
    for change in before:
        assert put(client, change).status_code == 200
    kept = current(client)
    answer = put(client, {**last, "show_all_carts": False})
    assert answer.status_code == 422
    assert answer.get_json()["errors"] == [
        {
            "title": "Cannot use both discounts together",
            "status": "422",
            "detail": "Only one discount setting can be set to true at a time.",
        }
    ]
    assert current(client) == kept


def test_shorter_life_counts_from_the_next_update(client: FlaskClient) -> None:
    put(client, {"cart_expiry_days": 1})

    def expires_at() -> Any:
        cart = client.get("/v2/carts/free-cart", headers=SHOPPER).get_json()["data"]
        start, end = (cart["meta"]["timestamps"][name] for name in ("updated_at", "expires_at"))
        return int(end[8:10]) - int(start[8:10])

    assert expires_at() == 7
    client.put("/v2/carts/free-cart", headers=SHOPPER, json={"data": {}})
    assert expires_at() == 1
