"""Accounts: who reads them (contract.md §3), and their administration (contract.md §9)."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from mockserver.app import create_app
from mockserver.core.clock import MINUTE
from mockserver.core.config import Config
from tests.support.built_in_data import ACCOUNT_1, ACCOUNT_2, ACCOUNT_3, ADMIN, NEW_YEAR, acting_as
from tests.support.contract import CONTRACT
from tests.support.sample_requests import SIGN_IN, TOKENS

NAMES = {ACCOUNT_1: "Ada's Engines", ACCOUNT_2: "Grace's Compilers", ACCOUNT_3: "Hedy's Radios"}
UNKNOWN = "a0000000-0000-4000-8000-000000000004"
BASE = "http://localhost/v2/accounts"


def expected_account(account_id: str) -> dict[str, Any]:
    """The shape of an account of the built-in data, to the letter."""
    return {
        "id": account_id,
        "type": "account",
        "name": NAMES[account_id],
        "legal_name": None,
        "registration_id": None,
        "external_ref": None,
        "parent_id": None,
        "meta": {
            "timestamps": {
                "created_at": "2026-01-01T00:00:00.000Z",
                "updated_at": "2026-01-01T00:00:00.000Z",
            }
        },
        "relationships": {},
        "links": {"self": f"{BASE}/{account_id}"},
    }


@pytest.mark.parametrize("account_id", NAMES)
def test_account_has_the_documented_shape(client: FlaskClient, account_id: str) -> None:
    answer = client.get(f"/v2/accounts/{account_id}", headers=ADMIN)
    assert answer.status_code == 200
    assert answer.get_json() == {
        "data": expected_account(account_id),
        "links": {"self": f"{BASE}/{account_id}"},
    }


def test_accounts_are_listed_by_name(client: FlaskClient) -> None:
    answer = client.get("/v2/accounts", headers=ADMIN)
    url = f"{BASE}?page[offset]=0&page[limit]=20"
    assert answer.status_code == 200
    assert answer.get_json() == {
        "data": [expected_account(account_id) for account_id in NAMES],
        "meta": {
            "page": {"limit": 20, "offset": 0, "current": 1, "total": 1},
            "results": {"total": 3},
        },
        "links": {"current": url, "first": url, "last": None, "next": None, "prev": None},
    }


def test_order_is_that_of_the_names_and_not_of_the_ids(tmp_path: Any) -> None:
    fixture = tmp_path / "first.yaml"
    fixture.write_text(f"accounts: [{{ id: {UNKNOWN}, name: Aaron's Mill }}]\n", "utf-8")
    client = create_app(Config(fixtures=("default", str(fixture))), CONTRACT).test_client()
    listed = client.get("/v2/accounts", headers=ADMIN).get_json()["data"]
    assert [account["id"] for account in listed] == [UNKNOWN, *NAMES]


def test_pages_lead_from_account_to_account(client: FlaskClient) -> None:
    target, ids = "/v2/accounts?page[limit]=1", []
    while target:
        page = client.get(target, headers=ADMIN).get_json()
        ids += [account["id"] for account in page["data"]]
        target = page["links"]["next"]
    assert ids == list(NAMES)
    assert page["meta"]["page"] == {"limit": 1, "offset": 2, "current": 3, "total": 3}
    assert page["links"]["prev"] == f"{BASE}?page[offset]=1&page[limit]=1"


@pytest.mark.parametrize(
    ("query", "keyword"),
    [
        ({"page[limit]": "0"}, "minimum"),
        ({"page[limit]": "101"}, "maximum"),
        ({"page[limit]": "x"}, "type"),
        ({"page[offset]": "-1"}, "minimum"),
        ({"page[offset]": "10001"}, "maximum"),
    ],
    ids=str,
)
def test_other_limits_are_rejected_with_a_textual_status(
    client: FlaskClient, query: dict[str, str], keyword: str
) -> None:
    answer = client.get("/v2/accounts", headers=ADMIN, query_string=query)
    assert answer.status_code == 400
    (error,) = answer.get_json()["errors"]
    assert (error["status"], error["title"], error["source"]) == ("400", keyword, *query)


def test_member_pages_through_its_own_accounts(client: FlaskClient) -> None:
    page = client.get("/v2/accounts?page[limit]=1", headers=acting_as(2)).get_json()
    assert [account["id"] for account in page["data"]] == [ACCOUNT_2]
    assert page["meta"]["results"] == {"total": 2}


def test_id_is_found_in_any_case(client: FlaskClient) -> None:
    for headers in (ADMIN, acting_as(1)):
        answer = client.get(f"/v2/accounts/{ACCOUNT_1.upper()}", headers=headers)
        assert answer.get_json()["data"]["id"] == ACCOUNT_1


def test_unknown_account_is_not_found_by_an_administrator(client: FlaskClient) -> None:
    answer = client.get(f"/v2/accounts/{UNKNOWN}", headers=ADMIN)
    assert answer.status_code == 404
    assert answer.get_json()["errors"] == [
        {"title": "Not Found", "status": "404", "detail": "account not found"}
    ]


def test_unknown_account_is_as_forbidden_to_a_member_as_anothers(client: FlaskClient) -> None:
    unknown, anothers = (
        client.get(f"/v2/accounts/{account_id}", headers=acting_as(1))
        for account_id in (UNKNOWN, ACCOUNT_2)
    )
    assert unknown.status_code == 403
    assert unknown.get_json() == anothers.get_json()


@pytest.mark.parametrize("account_id", ["ada", "1", ACCOUNT_1[:-1], f"{ACCOUNT_1}0", "%20"])
def test_id_must_be_a_uuid(client: FlaskClient, account_id: str) -> None:
    answer = client.get(f"/v2/accounts/{account_id}", headers=ADMIN)
    assert answer.status_code == 400
    assert answer.get_json()["errors"] == [
        {
            "status": "400",
            "title": "format",
            "detail": "accountID must be a valid uuid",
            "source": "accountID",
        }
    ]


def test_account_shows_what_the_fixtures_say(tmp_path: Any) -> None:
    fields = {
        "id": UNKNOWN,
        "name": "Ada's Looms",
        "legal_name": "Ada's Looms Ltd",
        "registration_id": "00-11",
        "external_ref": "crm-7",
        "parent_id": ACCOUNT_1,
    }
    fixture = tmp_path / "looms.yaml"
    lines = "\n    ".join(f'{name}: "{value}"' for name, value in fields.items())
    fixture.write_text(f"accounts:\n  - {lines}\n", "utf-8")
    app = create_app(Config(fixtures=("default", str(fixture)), frozen_at=NEW_YEAR), CONTRACT)
    account = app.test_client().get(f"/v2/accounts/{UNKNOWN}", headers=ADMIN).get_json()["data"]
    assert fields.items() <= account.items()
    parent = {"data": {"type": "account", "id": ACCOUNT_1}}
    assert account["relationships"] == {"parent": parent, "ancestors": [parent]}


# --- administration


def an_account(**fields: Any) -> dict[str, Any]:
    return {"data": {"type": "account", "name": "New", **fields}}


def make(client: FlaskClient, **fields: Any) -> Any:
    answer = client.post("/v2/accounts", headers=ADMIN, json=an_account(**fields))
    assert answer.status_code == 201, answer.data
    return answer.get_json()["data"]


def names(client: FlaskClient, **query: str) -> list[str]:
    answer = client.get("/v2/accounts", headers=ADMIN, query_string=query)
    assert answer.status_code == 200, answer.data
    return [account["name"] for account in answer.get_json()["data"]]


def test_new_account_is_the_one_that_a_get_shows(client: FlaskClient) -> None:
    fields = {"legal_name": "New Ltd", "registration_id": "reg-1", "external_ref": "crm-1"}
    made = make(client, **fields, parent_id=ACCOUNT_1.upper())
    assert {**fields, "name": "New", "parent_id": ACCOUNT_1}.items() <= made.items()
    body = client.get(f"/v2/accounts/{made['id']}", headers=ADMIN).get_json()
    assert body == {"data": made, "links": made["links"]}


def test_ancestors_come_with_the_root_first(client: FlaskClient) -> None:
    child = make(client, parent_id=ACCOUNT_1)
    grandchild = make(client, parent_id=child["id"])
    ancestors = [
        {"data": {"type": "account", "id": account_id}} for account_id in (ACCOUNT_1, child["id"])
    ]
    assert grandchild["relationships"] == {"ancestors": ancestors, "parent": ancestors[1]}


def test_update_changes_what_it_names_and_never_the_parent(app: Flask, client: FlaskClient) -> None:
    made = make(client, legal_name="Ltd", external_ref="crm-1", parent_id=ACCOUNT_1)
    app.extensions["sandbox"].clock.advance(MINUTE)
    path = f"/v2/accounts/{made['id']}"
    body = an_account(name="Renamed", external_ref=None, parent_id=ACCOUNT_2)
    changed = client.put(path, headers=ADMIN, json=body).get_json()["data"]
    updated = {"created_at": "2026-01-01T00:00:00.000Z", "updated_at": "2026-01-01T00:01:00.000Z"}
    assert changed == {
        **made,
        "name": "Renamed",
        "external_ref": None,
        "meta": {"timestamps": updated},
    }
    assert client.get(path, headers=ADMIN).get_json()["data"] == changed


def test_registration_id_is_one_accounts_only(client: FlaskClient) -> None:
    made = make(client, registration_id="reg-1")
    again = client.post("/v2/accounts", headers=ADMIN, json=an_account(registration_id="reg-1"))
    assert again.status_code == 409
    path = f"/v2/accounts/{made['id']}"
    same = client.put(path, headers=ADMIN, json=an_account(registration_id="reg-1"))
    assert same.status_code == 200
    assert make(client, registration_id=None)["registration_id"] is None


def test_member_updates_its_own_account_where_the_store_allows_it(tmp_path: Any) -> None:
    file = tmp_path / "self.yaml"
    settings = "{ account_authentication: { account_member_self_management: update_only } }"
    file.write_text(f"settings: {settings}\n", "utf-8")
    client = create_app(Config(fixtures=("default", str(file))), CONTRACT).test_client()
    for account_id, expected in ((ACCOUNT_1, 200), (ACCOUNT_2, 403)):
        answer = client.put(f"/v2/accounts/{account_id}", headers=acting_as(1), json=an_account())
        assert answer.status_code == expected


def test_deleted_account_takes_all_that_hangs_on_it(client: FlaskClient) -> None:
    child = make(client, parent_id=ACCOUNT_1)
    assert client.delete(f"/v2/accounts/{ACCOUNT_1}", headers=ADMIN).status_code == 204
    assert client.get(f"/v2/accounts/{ACCOUNT_1}", headers=ADMIN).status_code == 404
    assert client.get("/v2/carts", headers=acting_as(1)).status_code == 401
    carts = client.get("/v2/carts", headers=ADMIN).get_json()["data"]
    owners = {cart["id"]: cart["relationships"]["accounts"] for cart in carts}
    assert (owners["ada-cart"], owners["ada-second-cart"]) == ({}, {})
    assert [owner["id"] for owner in owners["shared-cart"]["data"]] == [ACCOUNT_2]
    orphan = client.get(f"/v2/accounts/{child['id']}", headers=ADMIN).get_json()["data"]
    assert (orphan["parent_id"], orphan["relationships"]) == (None, {})
    signed_in = client.post(TOKENS, headers=ADMIN, json={"data": SIGN_IN}).get_json()
    assert signed_in["data"] == []
    assert client.get("/v2/carts", headers=acting_as(2)).status_code == 200


def test_order_of_the_carts_after_a_deletion_is_the_one_before(client: FlaskClient) -> None:
    client.delete(f"/v2/accounts/{ACCOUNT_1}", headers=ADMIN)
    carts = client.get("/v2/carts", headers=ADMIN).get_json()["data"]
    assert [cart["id"] for cart in carts][:3] == ["ada-cart", "ada-second-cart", "shared-cart"]


ADA, GRACE, HEDY = (NAMES[account_id] for account_id in (ACCOUNT_1, ACCOUNT_2, ACCOUNT_3))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (f"eq(id,{ACCOUNT_2.upper()})", [GRACE]),
        (f"in(id,{ACCOUNT_1},{ACCOUNT_3})", [ADA, HEDY]),
        (f"gt(id,{ACCOUNT_1}):lt(id,{ACCOUNT_3})", [GRACE]),
        (f"ge(id,{ACCOUNT_2})", [GRACE, HEDY]),
        (f"le(id,{ACCOUNT_1})", [ADA]),
        ("like(name,*Engines)", [ADA]),
        ("like(name,*engines)", []),
        (f'eq(name,"{HEDY}")|eq(name,"{ADA}")', [ADA, HEDY]),
        ("like(legal_name,*)", []),
        ("ge(created_at,2026-01-01T00:00:00.000Z)", [ADA, GRACE, HEDY]),
        ("ge(created_at,2026-01-01T01:00:00.000+01:00)", [ADA, GRACE, HEDY]),
        ("gt(updated_at,2026-01-01T00:00:00.000Z)", []),
        ('eq(created_at,"2026-01-01T00:00:00Z")', [ADA, GRACE, HEDY]),
        (f"contains(account_tags,{ACCOUNT_1})", []),
    ],
)
def test_accounts_are_filtered(client: FlaskClient, expression: str, expected: list[str]) -> None:
    assert names(client, filter=expression) == expected


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        (
            "ilike(name,x)",
            "position 1: expected lt(…), le(…), eq(…), gt(…), ge(…), in(…), like(…) or",
        ),
        (
            "gt(name,x)",
            "position 4: expected id, created_at or updated_at, the fields that gt takes",
        ),
        ("in(name,x)", "position 4: expected id, the field that in takes"),
        (
            "gt(created_at,yesterday)",
            "position 15: expected an instant, such as 2026-01-31T12:00:00.000Z",
        ),
        ("eq(id,a,b)", "position 8: expected )"),
        ("in(id,a,)", 'position 9: expected a value, such as "*cart*"'),
    ],
)
def test_error_in_a_filter_is_reported_with_its_position(
    client: FlaskClient, expression: str, reason: str
) -> None:
    answer = client.get("/v2/accounts", headers=ADMIN, query_string={"filter": expression})
    assert answer.status_code == 400
    (error,) = answer.get_json()["errors"]
    assert (error["status"], error["source"]) == ("400", "filter")
    assert error["detail"].startswith(f"The filter can't be read: {reason}")


def test_accounts_are_sorted(app: Flask, client: FlaskClient) -> None:
    app.extensions["sandbox"].clock.advance(MINUTE)
    make(client, name="Babbage's Mill")
    mill = "Babbage's Mill"
    assert names(client) == [ADA, mill, GRACE, HEDY]
    assert names(client, sort="-name") == [HEDY, GRACE, mill, ADA]
    assert names(client, sort="created_at") == [ADA, GRACE, HEDY, mill]
    assert names(client, sort="-created_at") == [mill, ADA, GRACE, HEDY]
    app.extensions["sandbox"].clock.advance(MINUTE)
    client.put(f"/v2/accounts/{ACCOUNT_2}", headers=ADMIN, json=an_account(name=GRACE))
    assert names(client, sort="-updated_at") == [GRACE, mill, ADA, HEDY]


def test_links_keep_filter_and_sort(client: FlaskClient) -> None:
    query = {"filter": "like(name,*e*)", "sort": "-name", "page[limit]": "1"}
    page = client.get("/v2/accounts", headers=ADMIN, query_string=query).get_json()
    names = [page["data"][0]["name"]]
    while page["links"]["next"]:
        page = client.get(page["links"]["next"], headers=ADMIN).get_json()
        names.append(page["data"][0]["name"])
    assert names == [HEDY, GRACE, ADA]


def test_other_fields_are_no_order(client: FlaskClient) -> None:
    answer = client.get("/v2/accounts?sort=legal_name", headers=ADMIN)
    assert answer.status_code == 400
    assert answer.get_json()["errors"][0]["source"] == "sort"
