"""Account members and memberships: which people may act as which accounts (contract.md §3, §9)."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from mockserver.app import create_app
from mockserver.core.clock import MINUTE
from mockserver.core.config import Config
from tests.support.built_in_data import (
    ACCOUNT_1,
    ACCOUNT_2,
    ACCOUNT_3,
    ADMIN,
    MEMBER_ADA,
    MEMBER_GRACE,
    MEMBER_HEDY,
    MEMBERSHIP_ADA,
    NEW_YEAR,
    SHOPPER,
    acting_as,
)
from tests.support.contract import CONTRACT
from tests.support.sample_requests import SIGN_IN, TOKENS, belonging

MEMBERS = "/v2/account-members"
BASE = "http://localhost"
START = "2026-01-01T00:00:00.000Z"
ONE_MINUTE = "2026-01-01T00:01:00.000Z"
SELF_MANAGED = (
    "settings: { account_authentication: { account_member_self_management: update_only }}"
)


def memberships(account_id: str) -> str:
    return f"/v2/accounts/{account_id}/account-memberships"


def data(client: FlaskClient, path: str, headers: dict[str, str] = ADMIN, **query: str) -> Any:
    answer = client.get(path, headers=headers, query_string=query)
    assert answer.status_code == 200, answer.data
    return answer.get_json()["data"]


def names(client: FlaskClient, path: str, headers: dict[str, str] = ADMIN, **query: str) -> Any:
    return [member["name"] for member in data(client, path, headers, **query)]


def add(client: FlaskClient, account_id: str, member_id: str) -> Any:
    answer = client.post(memberships(account_id), headers=ADMIN, json=belonging(member_id))
    assert answer.status_code == 201, answer.data
    return answer.get_json()["data"]


def accounts_of_hedy(client: FlaskClient) -> list[str]:
    """Return the accounts that Hedy's signing in opens, in their order."""
    sign_in = {**SIGN_IN, "username": "hedy@example.com", "password": "hedy-password"}
    answer = client.post(TOKENS, headers=SHOPPER, json={"data": sign_in})
    return [token["account_id"] for token in answer.get_json()["data"]]


# --- members


def test_member_has_the_documented_shape(client: FlaskClient) -> None:
    answer = client.get(f"{MEMBERS}/{MEMBER_ADA}", headers=ADMIN)
    links = {"self": f"{BASE}{MEMBERS}/{MEMBER_ADA}"}
    assert answer.get_json() == {
        "data": {
            "id": MEMBER_ADA,
            "type": "account_member",
            "name": "Ada Lovelace",
            "given_name": None,
            "middle_name": None,
            "family_name": None,
            "email": "ada@example.com",
            "meta": {"timestamps": {"created_at": START, "updated_at": START}},
            "links": links,
        },
        "links": links,
    }


def test_member_reads_itself_and_nobody_else(client: FlaskClient) -> None:
    ada = acting_as(1)
    assert data(client, f"{MEMBERS}/{MEMBER_ADA.upper()}", ada)["name"] == "Ada Lovelace"
    assert names(client, MEMBERS, ada) == ["Ada Lovelace"]
    for path in (f"{MEMBERS}/{MEMBER_HEDY}", f"{MEMBERS}/{MEMBER_HEDY}/account-memberships"):
        assert client.get(path, headers=ada).status_code == 403


def test_members_are_listed_by_name(client: FlaskClient) -> None:
    assert names(client, MEMBERS) == ["Ada Lovelace", "Grace Hopper", "Hedy Lamarr"]


def test_who_signed_up_is_a_member_with_the_parts_of_the_name(client: FlaskClient) -> None:
    sign_up = {
        **SIGN_IN,
        "authentication_mechanism": "self_signup",
        "username": "mary@example.com",
        "name": "Mary Anning",
        "given_name": "Mary",
        "family_name": "Anning",
        "email": "mary@example.com",
    }
    answer = client.post(TOKENS, headers=SHOPPER, json={"data": sign_up}).get_json()
    mary = data(client, f"{MEMBERS}/{answer['meta']['account_member_id']}")
    assert (mary["given_name"], mary["middle_name"], mary["family_name"]) == (
        "Mary",
        None,
        "Anning",
    )
    account_id = answer["data"][0]["account_id"]
    assert [
        membership["account_member_id"] for membership in data(client, memberships(account_id))
    ] == [mary["id"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"sort": "-name"}, ["Hedy Lamarr", "Grace Hopper", "Ada Lovelace"]),
        ({"sort": "email"}, ["Ada Lovelace", "Grace Hopper", "Hedy Lamarr"]),
        ({"sort": "-created_at"}, ["Ada Lovelace", "Grace Hopper", "Hedy Lamarr"]),
        ({"filter": "ilike(email,'GRACE@example.com')"}, ["Grace Hopper"]),
        (
            {"filter": 'ilike(name,"*LAM*"):is_null(middle_name)'},
            ["Hedy Lamarr"],
        ),
        ({"filter": "ilike(given_name,*)"}, []),
        ({"filter": "is_null(given_name)", "page[limit]": "1"}, ["Ada Lovelace"]),
    ],
    ids=str,
)
def test_members_are_filtered_and_sorted(
    client: FlaskClient, query: dict[str, str], expected: list[str]
) -> None:
    assert names(client, MEMBERS, **query) == expected


def test_member_is_noted_as_updated(app: Flask, client: FlaskClient) -> None:
    app.extensions["sandbox"].clock.advance(MINUTE)
    body = {"data": {"type": "account_member"}}
    answer = client.put(f"{MEMBERS}/{MEMBER_ADA}", headers=ADMIN, json=body)
    assert answer.get_json()["data"]["meta"]["timestamps"] == {
        "created_at": START,
        "updated_at": ONE_MINUTE,
    }


def test_member_updates_itself_where_the_store_allows_it(tmp_path: Any) -> None:
    file = tmp_path / "self.yaml"
    file.write_text(SELF_MANAGED, "utf-8")
    client = create_app(Config(fixtures=("default", str(file))), CONTRACT).test_client()
    body = {"data": {"type": "account_member"}}
    own, another = (f"{MEMBERS}/{member_id}" for member_id in (MEMBER_ADA, MEMBER_HEDY))
    assert client.put(own, headers=acting_as(1), json=body).status_code == 200
    assert client.put(another, headers=acting_as(1), json=body).status_code == 403


# --- memberships


def test_membership_has_the_documented_shape(client: FlaskClient) -> None:
    answer = client.get(f"{memberships(ACCOUNT_1)}/{MEMBERSHIP_ADA}", headers=ADMIN)
    links = {"self": f"{BASE}{memberships(ACCOUNT_1)}/{MEMBERSHIP_ADA}"}
    assert answer.get_json() == {
        "data": {
            "id": MEMBERSHIP_ADA,
            "type": "account_membership",
            "meta": {"timestamps": {"created_at": START, "updated_at": START}},
            "relationships": {
                "account_member": {"data": {"id": MEMBER_ADA, "type": "account_member"}}
            },
            "links": links,
        },
        "links": links,
    }


def test_new_membership_opens_the_account_to_the_member(client: FlaskClient) -> None:
    assert accounts_of_hedy(client) == [ACCOUNT_3]
    made = add(client, ACCOUNT_1, MEMBER_HEDY)
    assert accounts_of_hedy(client) == [ACCOUNT_3, ACCOUNT_1]
    assert data(client, f"{memberships(ACCOUNT_1)}/{made['id']}") == made
    assert client.get(f"/v2/accounts/{ACCOUNT_1}", headers=acting_as(3)).status_code == 200


def test_membership_is_its_own_accounts(client: FlaskClient) -> None:
    path = f"{memberships(ACCOUNT_2)}/{MEMBERSHIP_ADA}"
    assert client.get(path, headers=ADMIN).status_code == 404
    assert client.delete(path, headers=ADMIN).status_code == 404
    assert len(data(client, memberships(ACCOUNT_1))) == 1


def test_ended_membership_ends_the_tokens_that_came_of_it(client: FlaskClient) -> None:
    path = f"{memberships(ACCOUNT_1)}/{MEMBERSHIP_ADA}"
    assert client.get("/v2/carts", headers=acting_as(1)).status_code == 200
    assert client.delete(path, headers=ADMIN).status_code == 204
    assert client.get("/v2/carts", headers=acting_as(1)).status_code == 401
    assert client.get(path, headers=ADMIN).status_code == 404
    assert client.get("/v2/carts", headers=acting_as(2)).status_code == 200


def test_newest_membership_comes_first(app: Flask, client: FlaskClient) -> None:
    app.extensions["sandbox"].clock.advance(MINUTE)
    add(client, ACCOUNT_1, MEMBER_HEDY)
    listed = data(client, memberships(ACCOUNT_1))
    assert [membership["account_member_id"] for membership in listed] == [MEMBER_HEDY, MEMBER_ADA]
    listed = data(client, memberships(ACCOUNT_1), sort="created_at")
    assert [membership["account_member_id"] for membership in listed] == [MEMBER_ADA, MEMBER_HEDY]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (f"eq(account_member_id,{MEMBER_GRACE})", [MEMBER_GRACE]),
        (f"eq(account_member_id,{MEMBER_GRACE.upper()})", [MEMBER_GRACE]),
        ("like(account_member_id,*3)", [MEMBER_HEDY]),
        (f"eq(account_member_id,{MEMBER_ADA})", []),
    ],
)
def test_memberships_are_filtered_by_their_member(
    client: FlaskClient, expression: str, expected: list[str]
) -> None:
    listed = data(client, memberships(ACCOUNT_3), filter=expression)
    assert [membership["account_member_id"] for membership in listed] == expected


def test_members_are_sent_along_when_asked_for(client: FlaskClient) -> None:
    for path in (memberships(ACCOUNT_1), f"{memberships(ACCOUNT_1)}/{MEMBERSHIP_ADA}"):
        plain = client.get(path, headers=ADMIN).get_json()
        assert "included" not in plain
        full = client.get(path, headers=ADMIN, query_string={"include": "account_member"})
        included = full.get_json()["included"]
        assert [member["name"] for member in included["account_members"]] == ["Ada Lovelace"]


def test_member_lists_its_memberships_with_their_accounts(client: FlaskClient) -> None:
    path = f"{MEMBERS}/{MEMBER_GRACE}/account-memberships"
    for headers in (ADMIN, acting_as(2)):
        answer = client.get(path, headers=headers, query_string={"include": "account"}).get_json()
        assert [
            membership["relationships"]["account"]["data"]["id"] for membership in answer["data"]
        ] == [
            ACCOUNT_2,
            ACCOUNT_3,
        ]
        assert [account["id"] for account in answer["included"]["accounts"]] == [
            ACCOUNT_2,
            ACCOUNT_3,
        ]


def test_account_reads_the_memberships_of_its_own_accounts(client: FlaskClient) -> None:
    assert len(data(client, memberships(ACCOUNT_3), acting_as(2))) == 2
    assert client.get(memberships(ACCOUNT_1), headers=acting_as(2)).status_code == 403


def test_unassigned_members_are_those_without_a_membership(client: FlaskClient) -> None:
    path = f"{memberships(ACCOUNT_3)}/unassigned-account-members"
    assert names(client, path) == ["Ada Lovelace"]
    assert names(client, path, filter="like(name,*Lamarr)") == []
    assert names(client, path, filter="eq(email,ada@example.com)") == ["Ada Lovelace"]
    add(client, ACCOUNT_3, MEMBER_ADA)
    assert names(client, path) == []


def test_membership_is_noted_as_updated(app: Flask, client: FlaskClient) -> None:
    app.extensions["sandbox"].clock.advance(MINUTE)
    path = f"{memberships(ACCOUNT_1)}/{MEMBERSHIP_ADA}"
    answer = client.put(path, headers=ADMIN, json=belonging(MEMBER_ADA))
    assert answer.get_json()["data"]["meta"]["timestamps"] == {
        "created_at": START,
        "updated_at": ONE_MINUTE,
    }
    assert client.put(path, headers=ADMIN, json=belonging(MEMBER_HEDY)).status_code == 400
    assert data(client, path) == answer.get_json()["data"]


def test_state_with_memberships_is_exported_and_loaded_unchanged(
    app: Flask, client: FlaskClient, tmp_path: Any
) -> None:
    made = add(client, ACCOUNT_1, MEMBER_HEDY)
    client.delete(f"{memberships(ACCOUNT_2)}/ca000000-0000-4000-8000-000000000002", headers=ADMIN)
    file = tmp_path / "saved.yaml"
    file.write_bytes(client.get("/__admin/fixture").data)
    again = create_app(Config(fixtures=(str(file),), frozen_at=NEW_YEAR), CONTRACT).test_client()
    paths = [MEMBERS, *map(memberships, (ACCOUNT_1, ACCOUNT_2, ACCOUNT_3))]
    for path in paths:
        assert (
            again.get(path, headers=ADMIN).get_json() == client.get(path, headers=ADMIN).get_json()
        )
    assert made["id"] in {membership["id"] for membership in data(again, memberships(ACCOUNT_1))}
    assert again.get("/v2/carts", headers=acting_as(2)).status_code == 401
