"""Who may do what, and until when (contract.md §3)."""

from collections.abc import Mapping
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from mockserver.app import create_app
from mockserver.core.clock import DAY, HOUR
from mockserver.core.config import Config
from tests.support.access import ACCESS, FORBIDDEN, LACKS_PERMISSIONS
from tests.support.built_in_data import (
    ACCOUNT_1,
    ACCOUNT_2,
    ACCOUNT_3,
    ACCOUNT_TOKEN,
    ADMIN,
    NEW_YEAR,
    SHOPPER,
    acting_as,
    as_customer,
    naming,
)
from tests.support.contract import CONTRACT
from tests.support.sample_requests import (
    CART_SETTINGS,
    GOOD,
    RESTRICTED,
    RESTRICTED_STATE,
    SIGN_IN,
    TOKENS,
)

CALLERS: dict[str, dict[str, str]] = {
    "anonymous": SHOPPER,
    "account": acting_as(1),
    "account with client credentials": acting_as(1, ADMIN),
    "customer": as_customer(1),
    "administrator": ADMIN,
}
EACH_ACCESS = [
    pytest.param(operation, headers, outcomes[caller.split()[0]], id=f"{operation}-{caller}")
    for operation, outcomes in ACCESS.items()
    for caller, headers in CALLERS.items()
]


def outcome(answer: TestResponse) -> int | str:
    """Return the status of a success, or the title of an error."""
    if answer.status_code < 300:
        return answer.status_code
    assert answer.status_code in (403, 404)
    title: str = answer.get_json()["errors"][0]["title"]
    return title


def listed(client: FlaskClient, headers: Mapping[str, str], path: str = "/v2/carts") -> set[str]:
    """Return the ids on a list."""
    answer = client.get(path, headers=dict(headers))
    assert answer.status_code == 200, answer.data
    return {cart["id"] for cart in answer.get_json()["data"]}


ADAS_CARTS = {"ada-cart", "ada-second-cart", "shared-cart"}
ALANS_CARTS = {"alan-cart", "alan-other-cart"}
ASSOCIATED_CARTS = {
    *ADAS_CARTS,
    *ALANS_CARTS,
    "grace-cart",
    "hedy-only-cart",
    "barbara-only-cart",
}
ALL_CARTS = {*ASSOCIATED_CARTS, "free-cart", "contact-cart", "expiring-cart"}


# --- the table

ONLY_ADMINISTRATORS = {
    *("get-v2-settings-cart", "put-v2-settings-cart", "post-v2-accounts"),
    "delete-v2-accounts-accountID",
    "get-v2-accounts-accountID-account-memberships-unassigned-account-members",
    "post-v2-accounts-accountID-account-memberships",
    "put-v2-accounts-accountID-account-memberships-membershipID",
    "delete-v2-accounts-accountID-account-memberships-membershipID",
}
NOT_ANONYMOUS = {
    *("getCarts", "getCustomerOrders", "getAnOrder", "getOrderItems"),
    *("get-v2-accounts", "get-v2-accounts-accountID", "put-v2-accounts-accountID"),
    "get-v2-accounts-accountID-account-memberships",
    "get-v2-accounts-accountID-account-memberships-membershipID",
    *("get-v2-account-members", "get-v2-account-members-accountMemberID"),
    "put-v2-account-members-accountMemberID",
    "get-v2-account-members-accountMemberId-account-memberships",
}


@pytest.mark.parametrize(
    ("operations", "refused"),
    [
        (ONLY_ADMINISTRATORS, {"anonymous", "account", "customer"}),
        (NOT_ANONYMOUS, {"anonymous"}),
    ],
    ids=["for administrators", "not for anonymous shoppers"],
)
def test_openapi_yaml_refuses_whom_the_service_refuses(
    operations: set[str], refused: set[str]
) -> None:
    """contract.md §3 and §9: written out, so that the server and openapi.yaml can't err together"""
    for name in operations:
        operation = CONTRACT.operation(name)
        assert operation is not None
        assert not operation.callers & refused, name


@pytest.mark.parametrize("operation", ["getACart", "createACart", "createAccountCartAssociation"])
def test_openapi_yaml_lets_anonymous_shoppers_use_carts(operation: str) -> None:
    """contract.md §3"""
    assert "anonymous" in CONTRACT.operation(operation).callers


def test_every_operation_but_one_requires_a_bearer_token() -> None:
    assert {*ACCESS, "createAnAccessToken"} == set(GOOD)


@pytest.mark.parametrize(("operation", "headers", "expected"), EACH_ACCESS)
def test_access(
    client: FlaskClient, operation: str, headers: dict[str, str], expected: int | str
) -> None:
    assert outcome(GOOD[operation].evolve(headers=headers).sent_by(client)) == expected, (
        "correct x-allowed-callers, or add to EXCEPTIONS in tests/support/access.py"
    )


@pytest.mark.parametrize("operation", ACCESS)
def test_restricted_application_may_do_nothing_but_lend_its_bearer_to_an_account(
    operation: str,
) -> None:
    client = create_app(Config(fixtures=("default", RESTRICTED_STATE)), CONTRACT).test_client()
    assert outcome(GOOD[operation].evolve(headers=RESTRICTED).sent_by(client)) == FORBIDDEN
    lent = GOOD[operation].evolve(headers=acting_as(1, RESTRICTED))
    assert outcome(lent.sent_by(client)) == ACCESS[operation]["account"]


@pytest.mark.parametrize("operation", ["getACart", "updateACart", "deleteACart"])
@pytest.mark.parametrize("headers", CALLERS.values(), ids=CALLERS)
def test_knowing_the_id_is_enough_for_a_cart_of_another(
    client: FlaskClient, operation: str, headers: dict[str, str]
) -> None:
    request = GOOD[operation].evolve(path="/v2/carts/grace-cart", headers=headers)
    assert request.sent_by(client).status_code == ACCESS[operation]["anonymous"]


# --- whose carts and accounts


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (acting_as(1), ADAS_CARTS),
        (acting_as(1, ADMIN), ADAS_CARTS),
        (acting_as(2), {"shared-cart", "grace-cart"}),
        (acting_as(3), {"hedy-only-cart"}),
        (as_customer(1), ALANS_CARTS),
        (as_customer(1, ADMIN), ALANS_CARTS),
        (as_customer(2), {"barbara-only-cart"}),
        (ADMIN, ALL_CARTS),
    ],
    ids=[
        "account 1",
        "account 1 with client credentials",
        "account 2",
        "account 3",
        "customer 1",
        "customer 1 with client credentials",
        "customer 2",
        "all",
    ],
)
def test_list_has_the_callers_carts(
    client: FlaskClient, headers: dict[str, str], expected: set[str]
) -> None:
    assert listed(client, headers) == expected


def test_administrator_sees_only_associated_carts_when_the_store_says_so(
    client: FlaskClient,
) -> None:
    hide = {"data": {"show_all_carts": False}}
    assert client.put(CART_SETTINGS, headers=ADMIN, json=hide).status_code == 200
    assert listed(client, ADMIN) == ASSOCIATED_CARTS
    assert listed(client, acting_as(1)) == ADAS_CARTS


@pytest.mark.parametrize(
    ("headers", "associated"),
    [
        (SHOPPER, {}),
        (ADMIN, {}),
        (acting_as(2), naming(ACCOUNT_2)),
        (acting_as(2, ADMIN), naming(ACCOUNT_2)),
    ],
    ids=["anonymous", "administrator", "account", "account with client credentials"],
)
def test_cart_belongs_to_the_account_that_made_it(
    client: FlaskClient, headers: dict[str, str], associated: dict[str, Any]
) -> None:
    made = GOOD["createACart"].evolve(headers=headers).sent_by(client).get_json()["data"]
    assert made["relationships"]["accounts"] == associated
    assert (made["id"] in listed(client, acting_as(2))) == bool(associated)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (acting_as(1), {ACCOUNT_1}),
        (acting_as(2), {ACCOUNT_2, ACCOUNT_3}),
        (acting_as(2, ADMIN), {ACCOUNT_2, ACCOUNT_3}),
        (acting_as(3), {ACCOUNT_3}),
        (ADMIN, {ACCOUNT_1, ACCOUNT_2, ACCOUNT_3}),
    ],
    ids=["ada", "grace", "grace with client credentials", "hedy", "administrator"],
)
def test_member_sees_its_own_accounts_and_no_others(
    client: FlaskClient, headers: dict[str, str], expected: set[str]
) -> None:
    assert listed(client, headers, "/v2/accounts") == expected
    for account_id in (ACCOUNT_1, ACCOUNT_2, ACCOUNT_3):
        answer = client.get(f"/v2/accounts/{account_id}", headers=headers)
        assert outcome(answer) == (200 if account_id in expected else FORBIDDEN)


# --- how the tokens travel


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
def test_scheme_is_written_in_any_case(client: FlaskClient, scheme: str) -> None:
    assert client.get("/v2/carts", headers={"Authorization": f"{scheme} admin"}).status_code == 200


@pytest.mark.parametrize("token", ["Admin", "ADMIN"])
def test_token_itself_is_compared_exactly(client: FlaskClient, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    assert client.get("/v2/carts", headers=headers).status_code == 401


@pytest.mark.parametrize("change", [str, str.lower, str.upper], ids=["as written", "low", "high"])
def test_headers_are_named_in_any_case(client: FlaskClient, change: Any) -> None:
    headers = {change(name): value for name, value in acting_as(1).items()}
    assert listed(client, headers) == ADAS_CARTS


def test_empty_account_header_is_no_account_header(client: FlaskClient) -> None:
    assert listed(client, {**ADMIN, ACCOUNT_TOKEN: ""}) == ALL_CARTS
    answer = client.get("/v2/carts", headers={**SHOPPER, ACCOUNT_TOKEN: ""})
    assert outcome(answer) == FORBIDDEN


def test_account_token_alone_is_no_access(client: FlaskClient) -> None:
    answer = client.get("/v2/carts", headers={ACCOUNT_TOKEN: "account-1"})
    assert answer.status_code == 401


# --- tokens from a login

CREDENTIALS = {
    "implicit": {"grant_type": "implicit", "client_id": "storefront"},
    "client credentials": {
        "grant_type": "client_credentials",
        "client_id": "backoffice",
        "client_secret": "backoffice-secret",
    },
}
each_grant = pytest.mark.parametrize("credentials", CREDENTIALS.values(), ids=CREDENTIALS)


def bearer_for(client: FlaskClient, credentials: dict[str, str]) -> dict[str, str]:
    answer = client.post("/oauth/access_token", data=credentials)
    return {"Authorization": f"Bearer {answer.get_json()['access_token']}"}


def sign_in(client: FlaskClient, bearer: dict[str, str], **changes: str) -> TestResponse:
    return client.post(TOKENS, headers=bearer, json={"data": {**SIGN_IN, **changes}})


@each_grant
def test_issued_tokens_let_the_caller_act_as_the_account(
    client: FlaskClient, credentials: dict[str, str]
) -> None:
    bearer = bearer_for(client, credentials)
    token = sign_in(client, bearer).get_json()["data"][0]["token"]
    headers = {**bearer, ACCOUNT_TOKEN: token}
    assert listed(client, headers) == ADAS_CARTS
    request = GOOD["createAccountCartAssociation"].evolve(headers=headers)
    assert request.sent_by(client).status_code == 200
    assert outcome(request.evolve(body=naming(ACCOUNT_2)).sent_by(client)) == LACKS_PERMISSIONS


def test_issued_client_credentials_act_as_the_administrator(client: FlaskClient) -> None:
    assert listed(client, bearer_for(client, CREDENTIALS["client credentials"])) == ALL_CARTS


def test_issued_implicit_bearer_is_an_anonymous_shopper(client: FlaskClient) -> None:
    bearer = bearer_for(client, CREDENTIALS["implicit"])
    assert outcome(client.get("/v2/carts", headers=bearer)) == FORBIDDEN


# --- the end of a token's life


@each_grant
def test_bearer_ends_after_exactly_one_hour(
    app: Flask, client: FlaskClient, credentials: dict[str, str]
) -> None:
    bearer = bearer_for(client, credentials)
    clock = app.extensions["sandbox"].clock
    clock.advance(HOUR - 1)
    assert client.get("/v2/carts/free-cart", headers=bearer).status_code == 200
    clock.advance(1)
    assert client.get("/v2/carts/free-cart", headers=bearer).status_code == 401
    assert client.get("/v2/carts/free-cart", headers=SHOPPER).status_code == 200


def test_account_token_ends_after_exactly_one_day(app: Flask, client: FlaskClient) -> None:
    issued = sign_in(client, SHOPPER).get_json()["data"][0]
    assert issued["expires"] == "2026-01-02T00:00:00.000Z"
    headers = {**SHOPPER, ACCOUNT_TOKEN: issued["token"]}
    clock = app.extensions["sandbox"].clock
    clock.advance(DAY - 1)
    assert listed(client, headers) == ADAS_CARTS
    clock.advance(1)
    answer = client.get("/v2/carts", headers=headers)
    assert answer.status_code == 401
    assert answer.get_json()["errors"][0]["title"] == "Unable to validate access token"


def test_account_token_outlives_the_bearer_that_it_came_with(
    app: Flask, client: FlaskClient
) -> None:
    bearer = bearer_for(client, CREDENTIALS["implicit"])
    token = sign_in(client, bearer).get_json()["data"][0]["token"]
    app.extensions["sandbox"].clock.advance(HOUR)
    assert client.get("/v2/carts", headers={**bearer, ACCOUNT_TOKEN: token}).status_code == 401
    assert listed(client, {**SHOPPER, ACCOUNT_TOKEN: token}) == ADAS_CARTS


def test_expired_account_token_is_rejected_where_the_bearer_alone_would_do(
    app: Flask, client: FlaskClient
) -> None:
    token = sign_in(client, ADMIN).get_json()["data"][0]["token"]
    app.extensions["sandbox"].clock.advance(DAY)
    answer = GOOD["getACart"].evolve(headers={**ADMIN, ACCOUNT_TOKEN: token}).sent_by(client)
    assert answer.status_code == 401
    assert GOOD["getACart"].sent_by(client).status_code == 200


def test_static_tokens_never_expire(app: Flask, client: FlaskClient) -> None:
    app.extensions["sandbox"].clock.advance(10_000 * DAY)
    for headers in CALLERS.values():
        assert client.get("/v2/carts/free-cart", headers=headers).status_code == 200


def test_lifetime_of_account_tokens_is_the_settings(tmp_path: Any) -> None:
    settings = tmp_path / "short.yaml"
    seconds = "account_management_authentication_token_timeout_secs: 60"
    settings.write_text(f"settings: {{ account_authentication: {{ {seconds} }} }}\n", "utf-8")
    app = create_app(Config(fixtures=("default", str(settings)), frozen_at=NEW_YEAR), CONTRACT)
    client = app.test_client()
    issued = sign_in(client, SHOPPER).get_json()["data"][0]
    assert issued["expires"] == "2026-01-01T00:01:00.000Z"
    headers = {**SHOPPER, ACCOUNT_TOKEN: issued["token"]}
    assert listed(client, headers) == ADAS_CARTS
    app.extensions["sandbox"].clock.advance(60_000)
    assert client.get("/v2/carts", headers=headers).status_code == 401
