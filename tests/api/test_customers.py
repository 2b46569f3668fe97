"""Customers: signing in, and their carts; the associations themselves are in test_associations."""

from typing import Any

import jwt
import pytest
from flask import Flask
from flask.testing import FlaskClient

from mockserver.core.clock import DAY, SECOND
from tests.support import admin
from tests.support.built_in_data import (
    ACCOUNT_1,
    ACCOUNT_TOKEN,
    ADMIN,
    CUSTOMER_1,
    CUSTOMER_2,
    CUSTOMER_TOKEN,
    NEW_YEAR,
    SHOPPER,
    acting_as,
    as_customer,
    naming,
    naming_customers,
)
from tests.support.sample_requests import CUSTOMER_SIGN_IN, GOOD, SIGN_IN, TOKENS, Request

ALAN = as_customer(1)
SIGN_IN_PATH = "/v2/customers/tokens"


def sign_in(client: FlaskClient, **changes: str) -> Any:
    """Return the answered token."""
    body = {"data": {**CUSTOMER_SIGN_IN, **changes}}
    answer = client.post(SIGN_IN_PATH, headers=SHOPPER, json=body)
    assert answer.status_code == 200, answer.data
    return answer.get_json()["data"]


def listed(client: FlaskClient, headers: dict[str, str]) -> list[str]:
    return [cart["id"] for cart in client.get("/v2/carts", headers=headers).get_json()["data"]]


# --- signing in


def test_token_has_the_documented_shape(client: FlaskClient) -> None:
    token = sign_in(client)
    assert token == {
        "type": "token",
        "id": token["id"],
        "customer_id": CUSTOMER_1,
        "token": token["token"],
        "expires": (NEW_YEAR + DAY) // SECOND,
    }
    claims = jwt.decode(token["token"], options={"verify_signature": False})
    assert (claims["sub"], claims["exp"]) == (CUSTOMER_1, token["expires"])


def test_each_token_is_a_new_one(client: FlaskClient) -> None:
    first, second = sign_in(client), sign_in(client)
    assert first["token"] != second["token"]
    assert first["id"] != second["id"]


def test_email_is_found_in_any_case(client: FlaskClient) -> None:
    assert sign_in(client, email="ALAN@example.com")["customer_id"] == CUSTOMER_1


def test_official_clients_name_the_mechanism(client: FlaskClient) -> None:
    assert sign_in(client, authentication_mechanism="password")["customer_id"] == CUSTOMER_1


def test_issued_token_acts_as_the_customer_for_a_day(app: Flask, client: FlaskClient) -> None:
    headers = {**SHOPPER, CUSTOMER_TOKEN: sign_in(client)["token"]}
    app.extensions["sandbox"].clock.advance(DAY - SECOND)
    assert listed(client, headers) == ["alan-cart", "alan-other-cart"]
    app.extensions["sandbox"].clock.advance(SECOND)
    answer = client.get("/v2/carts", headers=headers)
    assert answer.status_code == 401
    assert answer.get_json()["errors"][0]["title"] == "Unable to validate access token"


def test_error_repeats_no_password(client: FlaskClient) -> None:
    sign_in = {**CUSTOMER_SIGN_IN, "password": "not-the-password"}
    answer = client.post(SIGN_IN_PATH, headers=SHOPPER, json={"data": sign_in})
    assert answer.status_code == 401
    assert b"not-the-password" not in answer.data


def test_journal_keeps_no_secret_of_a_customer(client: FlaskClient) -> None:
    token = sign_in(client)["token"]
    client.get("/v2/carts", headers={**SHOPPER, CUSTOMER_TOKEN: token})
    client.get("/v2/carts", headers=ALAN)
    kept = str(admin.get(client, "/requests"))
    assert "[redacted]" in kept
    for secret in (token, "alan-password", "customer-1"):
        assert secret not in kept


# --- the customer's carts


def test_cart_of_a_customer_is_theirs_at_once(client: FlaskClient) -> None:
    made = client.post("/v2/carts", headers=ALAN, json={"data": {"name": "Mine"}}).get_json()
    assert made["data"]["relationships"]["customers"] == naming_customers(CUSTOMER_1)
    assert made["data"]["relationships"]["accounts"] == {}
    assert listed(client, ALAN)[0] == made["data"]["id"]


def test_last_cart_of_a_customer_has_its_own_error(client: FlaskClient) -> None:
    answer = client.delete("/v2/carts/barbara-only-cart", headers=as_customer(2))
    assert answer.get_json()["errors"] == [
        {
            "status": 400,
            "title": "Last cart",
            "detail": "This is the last cart associated with a customer and it cannot be deleted, "
            "try disassociating instead",
        }
    ]


def test_cart_may_belong_to_an_account_and_a_customer(client: FlaskClient) -> None:
    path = "/v2/carts/ada-cart/relationships"
    body = naming_customers(CUSTOMER_2)
    assert client.post(f"{path}/customers", headers=ADMIN, json=body).status_code == 200
    related = client.get("/v2/carts/ada-cart", headers=ADMIN).get_json()["data"]["relationships"]
    assert related["accounts"] == naming(ACCOUNT_1)
    assert related["customers"] == body
    for headers in (acting_as(1), as_customer(2)):
        assert "ada-cart" in listed(client, headers)
    assert client.delete(f"{path}/accounts", headers=ADMIN, json=naming(ACCOUNT_1)).data == b""
    assert "ada-cart" in listed(client, as_customer(2))


@pytest.mark.parametrize(
    ("headers", "path", "body"),
    [
        (ALAN, "/v2/carts/ada-cart/relationships/customers", naming_customers(CUSTOMER_1)),
        (acting_as(1), "/v2/carts/alan-cart/relationships/accounts", naming(ACCOUNT_1)),
    ],
    ids=["customer", "account"],
)
def test_cart_of_the_other_kind_is_anothers(
    client: FlaskClient, headers: dict[str, str], path: str, body: Any
) -> None:
    answer = client.post(path, headers=headers, json=body)
    assert answer.status_code == 403
    assert answer.get_json()["errors"][0]["title"].endswith(
        "does not have the required permissions to fulfill this request"
    )


@pytest.mark.parametrize("kind", ["account", "customer"])
def test_cart_is_on_every_device_where_its_owner_signs_in(client: FlaskClient, kind: str) -> None:
    if kind == "account":
        request, path, body = (
            Request("POST", TOKENS, SHOPPER, body={"data": SIGN_IN}),
            "ada",
            naming,
        )
        header, owner_id = ACCOUNT_TOKEN, ACCOUNT_1
    else:
        request, path, body = GOOD["createACustomerToken"], "alan", naming_customers
        header, owner_id = CUSTOMER_TOKEN, CUSTOMER_1
    devices = []
    for _ in range(2):
        data = request.sent_by(client).get_json()["data"]
        token = (data[0] if isinstance(data, list) else data)["token"]
        devices.append({**SHOPPER, header: token})
    for device in devices:
        assert f"{path}-cart" in listed(client, device)
    answer = client.delete(
        f"/v2/carts/{path}-cart/relationships/{kind}s", headers=devices[0], json=body(owner_id)
    )
    assert answer.status_code == 204
    for device in devices:
        assert f"{path}-cart" not in listed(client, device)


# --- which token counts


def test_account_token_wins_and_the_answer_says_so(client: FlaskClient) -> None:
    both = {**acting_as(1), CUSTOMER_TOKEN: "customer-1"}
    answer = client.get("/v2/carts", headers=both)
    assert answer.get_json()["data"][0]["id"] == "ada-cart"
    assert "customer token is ignored" in answer.headers["Mock-Notes"]
    (entry, *_) = admin.get(client, "/requests")["requests"]
    assert entry["notes"] == ["the customer token is ignored beside an account token"]
    assert entry["caller"] == {"kind": "account", "account_id": ACCOUNT_1, "customer_id": None}


def test_customer_is_the_journals_caller(client: FlaskClient) -> None:
    client.get("/v2/carts", headers=ALAN)
    (entry, *_) = admin.get(client, "/requests")["requests"]
    assert entry["caller"] == {"kind": "customer", "account_id": None, "customer_id": CUSTOMER_1}


@pytest.mark.parametrize("name", ["get-v2-accounts", "post-v2-account-members-tokens"])
def test_operations_for_accounts_never_look_at_a_customer_token(
    client: FlaskClient, name: str
) -> None:
    """The official JavaScript client sends an account's token in the customer's header."""
    for text in ("customer-1", "account-1", "no-such-token"):
        answer = GOOD[name].evolve(headers={**ADMIN, CUSTOMER_TOKEN: text}).sent_by(client)
        assert answer.status_code < 300
        assert "Mock-Notes" not in answer.headers


@pytest.mark.parametrize("token", ["account-1", "shopper", "customer-9"])
def test_other_tokens_are_no_customer_tokens(client: FlaskClient, token: str) -> None:
    answer = client.get("/v2/carts", headers={**SHOPPER, CUSTOMER_TOKEN: token})
    assert answer.status_code == 401


def test_rule_may_mean_one_customer(client: FlaskClient) -> None:
    then = {"error": "too-many-requests"}
    admin.arm(client, {"customer": CUSTOMER_1, "then": then})
    assert client.get("/v2/carts", headers=as_customer(2)).status_code == 200
    assert client.get("/v2/carts", headers=ADMIN).status_code == 200
    assert client.get("/v2/carts", headers=ALAN).status_code == 429
