"""Bearer tokens for applications, account tokens for account members (contract.md §3)."""

from pathlib import Path
from typing import Any

import jwt
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from mockserver.app import create_app
from mockserver.core.clock import HOUR
from mockserver.core.config import Config
from tests.support.built_in_data import (
    ACCOUNT_1,
    ACCOUNT_2,
    ACCOUNT_3,
    ACCOUNT_TOKEN,
    ADMIN,
    MEMBER_ADA,
    MEMBER_GRACE,
    MEMBER_HEDY,
    NEW_YEAR,
    PROFILE,
    SHOPPER,
    acting_as,
)
from tests.support.contract import CONTRACT
from tests.support.sample_requests import DATA, FORM, GOOD, JSON, ONE_TIME_PASSWORD, SIGN_IN, TOKENS

OAUTH = "/oauth/access_token"
IMPLICIT = {"grant_type": "implicit", "client_id": "storefront"}
CLIENT_CREDENTIALS = {
    "grant_type": "client_credentials",
    "client_id": "backoffice",
    "client_secret": "backoffice-secret",
}
UNAUTHORIZED = {"errors": [{"title": "Unauthorized", "status": "401"}]}
BAD_REQUEST = {"errors": [{"title": "Bad Request", "status": "400"}]}

each_grant = pytest.mark.parametrize(
    "credentials", [IMPLICIT, CLIENT_CREDENTIALS], ids=["implicit", "client credentials"]
)


def urlencoded(fields: dict[str, str]) -> str:
    return "&".join(f"{name}={value}" for name, value in fields.items())


# --- bearer tokens


@each_grant
def test_bearer_token_is_not_wrapped_and_lasts_an_hour(
    client: FlaskClient, credentials: dict[str, str]
) -> None:
    answer = client.post(OAUTH, data=credentials)
    assert answer.status_code == 200
    body = answer.get_json()
    token = body.pop("access_token")
    assert body == {
        "token_type": "Bearer",
        "expires_in": 3600,
        "expires": NEW_YEAR // 1000 + 3600,
        "identifier": credentials["grant_type"],
    }
    assert len(token) == 40
    assert set(token) <= set("0123456789abcdef")


@each_grant
@pytest.mark.parametrize(
    ("declared", "is_form"),
    [
        (FORM, True),
        (f"{FORM}; charset=utf-8", True),
        (JSON, False),
        (f"{JSON}; charset=utf-8", False),
        (JSON, True),
        (FORM, False),
    ],
    ids=["form", "form utf-8", "json", "json utf-8", "form as json", "json as form"],
)
def test_form_and_json_are_distinguished_by_their_content(
    client: FlaskClient, credentials: dict[str, str], declared: str, is_form: bool
) -> None:
    answer = (
        client.post(OAUTH, data=urlencoded(credentials), content_type=declared)
        if is_form
        else client.post(OAUTH, json=credentials, headers={"Content-Type": declared})
    )
    assert answer.status_code == 200
    bearer = {"Authorization": f"Bearer {answer.get_json()['access_token']}"}
    assert client.get("/v2/carts/free-cart", headers=bearer).status_code == 200


@pytest.mark.parametrize("header", ["Bearer admin", "Bearer no-such-token", "Basic eDp5", "x", ""])
def test_authorization_header_is_ignored(client: FlaskClient, header: str) -> None:
    answer = client.post(OAUTH, data=IMPLICIT, headers={"Authorization": header})
    assert answer.status_code == 200
    assert answer.get_json()["identifier"] == "implicit"


def test_each_bearer_token_is_a_new_one(client: FlaskClient) -> None:
    tokens = {client.post(OAUTH, data=IMPLICIT).get_json()["access_token"] for _ in range(3)}
    assert len(tokens) == 3


def test_fields_that_are_not_known_do_no_harm(client: FlaskClient) -> None:
    assert client.post(OAUTH, data={**IMPLICIT, "scope": "x"}).status_code == 200
    assert client.post(OAUTH, data={**IMPLICIT, "client_secret": "x"}).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "nobody"},
        {"client_id": "storefront"},
        {"client_secret": "wrong"},
        {"client_secret": ""},
        {"client_secret": "backoffice-secret "},
        {"client_secret": "Backoffice-secret"},
        {"client_secret": None},
        {"grant_type": "implicit"},
        {"client_id": "BackOffice"},
    ],
    ids=str,
)
def test_wrong_credentials_are_unauthorized(
    client: FlaskClient, changes: dict[str, str | None]
) -> None:
    credentials = {k: v for k, v in {**CLIENT_CREDENTIALS, **changes}.items() if v is not None}
    for answer in (client.post(OAUTH, data=credentials), client.post(OAUTH, json=credentials)):
        assert (answer.status_code, answer.get_json()) == (401, UNAUTHORIZED)


@pytest.mark.parametrize(
    "credentials",
    [
        {},
        {"client_id": "storefront"},
        {"grant_type": "", "client_id": "storefront"},
        {"grant_type": "password", "client_id": "storefront"},
        {"grant_type": "Implicit", "client_id": "storefront"},
        {"grant_type": "implicit"},
        {"grant_type": "implicit", "client_id": ""},
        {"grant_type": "client_credentials"},
    ],
    ids=str,
)
def test_incomplete_requests_are_bad(client: FlaskClient, credentials: dict[str, str]) -> None:
    for answer in (client.post(OAUTH, data=credentials), client.post(OAUTH, json=credentials)):
        assert (answer.status_code, answer.get_json()) == (400, BAD_REQUEST)


@pytest.mark.parametrize("credentials", [{"grant_type": 1}, {"client_id": 1}, {"client_secret": 1}])
def test_credentials_are_text(client: FlaskClient, credentials: dict[str, int]) -> None:
    answer = client.post(OAUTH, json={**CLIENT_CREDENTIALS, **credentials})
    assert (answer.status_code, answer.get_json()) == (400, BAD_REQUEST)


@pytest.mark.parametrize("body", [b"[]", b'[{"grant_type": "implicit"}]'])
def test_list_is_no_request(client: FlaskClient, body: bytes) -> None:
    answer = client.post(OAUTH, data=body, content_type=JSON)
    assert (answer.status_code, answer.get_json()) == (400, BAD_REQUEST)


def test_other_media_types_are_rejected(client: FlaskClient) -> None:
    answer = client.post(OAUTH, data=urlencoded(IMPLICIT), content_type="text/plain")
    assert answer.status_code == 415
    assert answer.get_json()["errors"][0]["status"] == "415"


def test_no_bearer_is_given_away_for_the_sake_of_the_query(client: FlaskClient) -> None:
    assert client.post(OAUTH, query_string=IMPLICIT).status_code == 400


# --- account tokens: what is answered


def sign_in(
    client: FlaskClient, headers: dict[str, str] | None = None, **changes: Any
) -> TestResponse:
    """Sign in as Ada, but for the changes; None leaves a field away."""
    data = {k: v for k, v in {**SIGN_IN, **changes}.items() if v is not None}
    return client.post(TOKENS, headers=headers or SHOPPER, json={"data": data})


def accounts_of(answer: TestResponse) -> list[str]:
    assert answer.status_code == 201, answer.data
    return [token["account_id"] for token in answer.get_json()["data"]]


def errors_of(answer: TestResponse) -> list[tuple[str, str]]:
    """The title and the source of each error of a 400, whose status is text here, sorted."""
    assert answer.status_code == 400, answer.data
    errors = answer.get_json()["errors"]
    assert {error["status"] for error in errors} == {"400"}
    return sorted((error["title"], error["source"]) for error in errors)


GRACE: dict[str, Any] = {"username": "grace@example.com", "password": "grace-password"}
PASSWORDLESS: dict[str, Any] = {
    "authentication_mechanism": "passwordless",
    "one_time_password_token": "ada-code",
    "password": None,
}
OIDC: dict[str, Any] = {
    "authentication_mechanism": "oidc",
    "oauth_authorization_code": "grace-code",
    "oauth_redirect_uri": "http://localhost:3000/callback",
    "oauth_code_verifier": "verifier",
    "username": None,
    "password": None,
    "password_profile_id": None,
}
SWITCH: dict[str, Any] = {
    "authentication_mechanism": "account_management_authentication_token",
    "username": None,
    "password": None,
    "password_profile_id": None,
}
SIGN_UP: dict[str, Any] = {
    "authentication_mechanism": "self_signup",
    "username": "new@example.com",
    "password": "new-password",
    "name": "Newcomer",
    "email": "new@example.com",
}


@pytest.mark.parametrize("bearer", [SHOPPER, ADMIN], ids=["implicit", "client credentials"])
def test_sign_in_answers_a_token_for_each_account(
    client: FlaskClient, bearer: dict[str, str]
) -> None:
    answer = sign_in(client, bearer, **GRACE)
    assert answer.status_code == 201
    body = answer.get_json()
    tokens = [token.pop("token") for token in body["data"]]
    url = f"http://localhost{TOKENS}?page[offset]=0&page[limit]=20"
    assert body == {
        "data": [
            {
                "type": "account_management_authentication_token",
                "account_id": account_id,
                "account_name": name,
                "expires": "2026-01-02T00:00:00.000Z",
            }
            for account_id, name in (
                (ACCOUNT_2, "Grace's Compilers"),
                (ACCOUNT_3, "Hedy's Radios"),
            )
        ],
        "meta": {
            "page": {"limit": 20, "offset": 0, "current": 1, "total": 1},
            "results": {"total": 2},
            "account_member_id": MEMBER_GRACE,
        },
        "links": {"current": url, "first": url, "last": None, "next": None, "prev": None},
    }
    assert len(set(tokens)) == 2


def test_token_is_a_jwt_of_the_member_and_the_account(client: FlaskClient) -> None:
    for issued in sign_in(client, **GRACE).get_json()["data"]:
        token = issued["token"]
        assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT"}
        claims = jwt.decode(token, options={"verify_signature": False})
        assert {
            "sub": MEMBER_GRACE,
            "scope": issued["account_id"],
            "iat": NEW_YEAR // 1000,
            "exp": NEW_YEAR // 1000 + 24 * 3600,
            "realm_id": "d0000000-0000-4000-8000-000000000002",
            "store_id": "d0000000-0000-4000-8000-000000000001",
        }.items() <= claims.items()


def test_token_that_was_tampered_with_is_rejected(client: FlaskClient) -> None:
    head, claims, signature = sign_in(client).get_json()["data"][0]["token"].split(".")
    another = sign_in(client, **GRACE).get_json()["data"][0]["token"].split(".")
    for forged in (
        f"{head}.{another[1]}.{signature}",
        f"{head}.{claims}.{another[2]}",
        f"{head}.{claims}.",
    ):
        answer = client.get("/v2/carts", headers={**SHOPPER, ACCOUNT_TOKEN: forged})
        assert answer.status_code == 401


@pytest.mark.parametrize(
    ("username", "password", "member", "accounts"),
    [
        ("ada@example.com", "ada-password", MEMBER_ADA, [ACCOUNT_1]),
        ("grace@example.com", "grace-password", MEMBER_GRACE, [ACCOUNT_2, ACCOUNT_3]),
        ("hedy@example.com", "hedy-password", MEMBER_HEDY, [ACCOUNT_3]),
        ("ADA@EXAMPLE.COM", "ada-password", MEMBER_ADA, [ACCOUNT_1]),
        ("Grace@Example.com", "grace-password", MEMBER_GRACE, [ACCOUNT_2, ACCOUNT_3]),
    ],
)
def test_password_signs_in_whatever_the_case_of_the_user_name(
    client: FlaskClient, username: str, password: str, member: str, accounts: list[str]
) -> None:
    answer = sign_in(client, username=username, password=password)
    assert accounts_of(answer) == accounts
    assert answer.get_json()["meta"]["account_member_id"] == member


@pytest.mark.parametrize(
    "changes",
    [
        {"password": "wrong"},
        {"password": "Ada-password"},
        {"password": "grace-password"},
        {"username": "nobody@example.com"},
        {"username": "ada"},
        {"username": " ada@example.com"},
        {**PASSWORDLESS, "one_time_password_token": "wrong"},
        {**PASSWORDLESS, "username": "grace@example.com"},
        {**PASSWORDLESS, "one_time_password_token": "grace-code", "username": "grace@example.com"},
        {**OIDC, "oauth_authorization_code": "wrong"},
        {**OIDC, "oauth_authorization_code": "ada-code"},
    ],
    ids=str,
)
def test_wrong_credentials_of_a_member_are_unauthorized(
    client: FlaskClient, changes: dict[str, str]
) -> None:
    answer = sign_in(client, **changes)
    assert (answer.status_code, answer.get_json()) == (401, UNAUTHORIZED)


@pytest.mark.parametrize("mechanism", [{}, PASSWORDLESS, SIGN_UP], ids=["password", "code", "new"])
def test_password_profile_must_exist(client: FlaskClient, mechanism: dict[str, str]) -> None:
    answer = sign_in(client, **{**mechanism, "password_profile_id": MEMBER_ADA})
    assert answer.status_code == 404
    assert answer.get_json()["errors"] == [
        {"title": "Not Found", "status": "404", "detail": "password profile not found"}
    ]


def test_password_profile_is_found_in_any_case(client: FlaskClient) -> None:
    assert accounts_of(sign_in(client, password_profile_id=PROFILE.upper())) == [ACCOUNT_1]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"type": None}, [("required", "data.type")]),
        ({"type": "token"}, [("const", "data.type")]),
        ({"authentication_mechanism": None}, [("required", "data.authentication_mechanism")]),
        ({"authentication_mechanism": "magic"}, [("enum", "data.authentication_mechanism")]),
        ({"password": None}, [("required", "data.password")]),
        ({"password": ""}, [("minLength", "data.password")]),
        ({"username": None}, [("required", "data.username")]),
        ({"username": 1}, [("type", "data.username")]),
        ({"password_profile_id": None}, [("required", "data.password_profile_id")]),
        ({"password_profile_id": "x"}, [("format", "data.password_profile_id")]),
        (
            {**PASSWORDLESS, "one_time_password_token": None},
            [("required", "data.one_time_password_token")],
        ),
        (
            {"authentication_mechanism": "oidc"},
            [
                ("required", "data.oauth_authorization_code"),
                ("required", "data.oauth_code_verifier"),
                ("required", "data.oauth_redirect_uri"),
            ],
        ),
        (
            {**SIGN_UP, "name": None, "email": "new"},
            [("format", "data.email"), ("required", "data.name")],
        ),
    ],
    ids=str,
)
def test_each_mechanism_wants_its_fields(
    client: FlaskClient, changes: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert errors_of(sign_in(client, **changes)) == expected


def test_error_repeats_no_password(client: FlaskClient) -> None:
    answer = sign_in(client, username=1, password="very-secret-password")
    assert answer.status_code == 400
    assert b"very-secret" not in answer.data + str(answer.headers).encode()


def test_sign_in_wants_a_bearer(client: FlaskClient) -> None:
    answer = client.post(TOKENS, json={"data": SIGN_IN})
    assert (answer.status_code, answer.get_json()) == (401, UNAUTHORIZED)


def test_page_of_the_tokens_can_be_no_smaller(client: FlaskClient) -> None:
    body = {"data": {**SIGN_IN, **GRACE}}
    answer = client.post(f"{TOKENS}?page[limit]=1", headers=SHOPPER, json=body)
    assert accounts_of(answer) == [ACCOUNT_2, ACCOUNT_3]


# --- codes


@pytest.mark.parametrize(
    ("changes", "member", "accounts"),
    [
        (PASSWORDLESS, MEMBER_ADA, [ACCOUNT_1]),
        ({**PASSWORDLESS, "username": "ADA@example.com"}, MEMBER_ADA, [ACCOUNT_1]),
        (OIDC, MEMBER_GRACE, [ACCOUNT_2, ACCOUNT_3]),
    ],
    ids=["passwordless", "passwordless in another case", "oidc"],
)
def test_code_of_the_fixtures_signs_in_again_and_again(
    client: FlaskClient, changes: dict[str, str], member: str, accounts: list[str]
) -> None:
    for _ in range(2):
        answer = sign_in(client, **changes)
        assert accounts_of(answer) == accounts
        assert answer.get_json()["meta"]["account_member_id"] == member


# --- switching


def test_account_token_lists_the_members_accounts_again(client: FlaskClient) -> None:
    issued = sign_in(client, **GRACE).get_json()["data"][1]
    again = sign_in(client, {**SHOPPER, ACCOUNT_TOKEN: issued["token"]}, **SWITCH)
    assert accounts_of(again) == [ACCOUNT_2, ACCOUNT_3]
    assert again.get_json()["meta"]["account_member_id"] == MEMBER_GRACE
    headers = {**SHOPPER, ACCOUNT_TOKEN: again.get_json()["data"][0]["token"]}
    listed = client.get("/v2/carts", headers=headers).get_json()["data"]
    assert [cart["id"] for cart in listed] == ["shared-cart", "grace-cart"]


def test_switching_restarts_the_24_hours(app: Flask, client: FlaskClient) -> None:
    issued = sign_in(client).get_json()["data"][0]
    app.extensions["sandbox"].clock.advance(23 * HOUR)
    again = sign_in(client, {**SHOPPER, ACCOUNT_TOKEN: issued["token"]}, **SWITCH)
    assert again.get_json()["data"][0]["expires"] == "2026-01-02T23:00:00.000Z"
    app.extensions["sandbox"].clock.advance(HOUR)
    again = sign_in(client, {**SHOPPER, ACCOUNT_TOKEN: issued["token"]}, **SWITCH)
    assert (again.status_code, again.get_json()) == (401, UNAUTHORIZED)


@pytest.mark.parametrize("bearer", [SHOPPER, ADMIN], ids=["implicit", "client credentials"])
def test_switching_wants_the_account_token(client: FlaskClient, bearer: dict[str, str]) -> None:
    answer = sign_in(client, bearer, **SWITCH)
    assert answer.status_code == 401
    (error,) = answer.get_json()["errors"]
    assert error == {
        "title": "Unauthorized",
        "status": "401",
        "detail": f"Send the account token in the header {ACCOUNT_TOKEN}.",
    }


def test_static_account_token_can_switch_too(client: FlaskClient) -> None:
    assert accounts_of(sign_in(client, acting_as(2), **SWITCH)) == [ACCOUNT_2, ACCOUNT_3]


def test_password_counts_even_beside_an_account_token(client: FlaskClient) -> None:
    assert accounts_of(sign_in(client, acting_as(1), **GRACE)) == [ACCOUNT_2, ACCOUNT_3]


# --- signing up


def with_settings(tmp_path: Path, **settings: bool) -> FlaskClient:
    fixture = tmp_path / "settings.yaml"
    lines = "".join(f"    {name}: {str(value).lower()}\n" for name, value in settings.items())
    fixture.write_text(f"settings:\n  account_authentication:\n{lines}", "utf-8")
    paths = ("default", str(fixture))
    return create_app(Config(fixtures=paths, frozen_at=NEW_YEAR), CONTRACT).test_client()


def test_self_signup_makes_a_member_and_its_account(client: FlaskClient) -> None:
    answer = sign_in(client, **SIGN_UP)
    (account_id,) = accounts_of(answer)
    (issued,) = answer.get_json()["data"]
    assert issued["account_name"] == "Newcomer"
    account = client.get(f"/v2/accounts/{account_id}", headers=ADMIN).get_json()["data"]
    assert (account["id"], account["name"]) == (account_id, "Newcomer")
    headers = {**SHOPPER, ACCOUNT_TOKEN: issued["token"]}
    cart = client.post("/v2/carts", headers=headers, json={"data": {"name": "First"}}).get_json()
    assert cart["data"]["relationships"]["accounts"]["data"][0]["id"] == account_id


def test_who_signed_up_signs_in_with_the_password(client: FlaskClient) -> None:
    signed_up = sign_in(client, **SIGN_UP)
    signed_in = sign_in(client, username="NEW@example.com", password="new-password")
    assert accounts_of(signed_in) == accounts_of(signed_up)
    assert signed_in.get_json()["meta"] == signed_up.get_json()["meta"]


@pytest.mark.parametrize("username", ["ada@example.com", "Ada@Example.COM"])
def test_user_name_is_taken_once(client: FlaskClient, username: str) -> None:
    answer = sign_in(client, **{**SIGN_UP, "username": username})
    assert answer.status_code == 422
    assert answer.get_json()["errors"] == [
        {"title": "Unprocessable Entity", "status": "422", "detail": "username already exists"}
    ]
    assert client.get("/v2/accounts", headers=ADMIN).get_json()["meta"]["results"]["total"] == 3


def test_nobody_signs_up_where_the_store_does_not_want_it() -> None:
    paths = ("default", str(DATA / "no-signup.yaml"))
    client = create_app(Config(fixtures=paths, frozen_at=NEW_YEAR), CONTRACT).test_client()
    answer = sign_in(client, **SIGN_UP)
    assert answer.status_code == 403
    assert answer.get_json()["errors"] == [
        {"title": "Forbidden", "status": "403", "detail": "self signup is disabled"}
    ]
    answer = sign_in(client, username="new@example.com", password="new-password")
    assert answer.status_code == 401
    assert accounts_of(sign_in(client)) == [ACCOUNT_1]


def test_member_has_no_account_where_the_store_makes_none(tmp_path: Path) -> None:
    client = with_settings(tmp_path, auto_create_account_for_account_members=False)
    answer = sign_in(client, **SIGN_UP)
    assert accounts_of(answer) == []
    assert answer.get_json()["meta"]["account_member_id"]
    assert client.get("/v2/accounts", headers=ADMIN).get_json()["meta"]["results"]["total"] == 3


# --- password profiles


def test_storefront_finds_the_password_profile_by_the_settings(client: FlaskClient) -> None:
    settings = client.get("/v2/settings/account-authentication", headers=SHOPPER).get_json()
    realm = settings["data"]["relationships"]["authentication_realm"]["data"]["id"]
    path = f"/v2/authentication-realms/{realm}/password-profiles"
    (profile,) = client.get(path, headers=SHOPPER).get_json()["data"]
    assert profile == {
        "id": PROFILE,
        "type": "password_profile",
        "name": "Passwords",
        "meta": dict.fromkeys(("created_at", "updated_at"), "2026-01-01T00:00:00.000Z"),
        "links": {"self": f"http://localhost{path}/{PROFILE}"},
    }


@pytest.mark.parametrize("wrap", [True, False], ids=["enveloped", "bare"])
@pytest.mark.parametrize("username", ["ada@example.com", "nobody@example.com"])
def test_request_for_a_one_time_password_reveals_no_user_names(
    client: FlaskClient, wrap: bool, username: str
) -> None:
    data = {**ONE_TIME_PASSWORD, "username": username}
    good = GOOD["createOneTimePasswordTokenRequest"]
    answer = good.evolve(body={"data": data} if wrap else data).sent_by(client)
    assert (answer.status_code, answer.data) == (202, b"")
    assert ("Mock-Notes" in answer.headers) == (not wrap)
