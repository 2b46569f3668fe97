"""Accounts, to be read (contract.md §3)."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from mockserver.app import create_app
from mockserver.config import Config
from tests.seeds import ACCOUNT_1, ACCOUNT_2, ACCOUNT_3, ADMIN, NEW_YEAR, acting_as

NAMES = {ACCOUNT_1: "Ada's Engines", ACCOUNT_2: "Grace's Compilers", ACCOUNT_3: "Hedy's Radios"}
UNKNOWN = "a0000000-0000-4000-8000-000000000004"
BASE = "http://localhost/v2/accounts"


def shown(account_id: str) -> dict[str, Any]:
    """The shape of an account of the seed world, to the letter."""
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
        "data": shown(account_id),
        "links": {"self": f"{BASE}/{account_id}"},
    }


def test_accounts_are_listed_by_name(client: FlaskClient) -> None:
    answer = client.get("/v2/accounts", headers=ADMIN)
    url = f"{BASE}?page[offset]=0&page[limit]=20"
    assert answer.status_code == 200
    assert answer.get_json() == {
        "data": [shown(account_id) for account_id in NAMES],
        "meta": {
            "page": {"limit": 20, "offset": 0, "current": 1, "total": 1},
            "results": {"total": 3},
        },
        "links": {"current": url, "first": url, "last": None, "next": None, "prev": None},
    }


def test_order_is_that_of_the_names_and_not_of_the_ids(tmp_path: Any) -> None:
    fixture = tmp_path / "first.yaml"
    fixture.write_text(f"accounts: [{{ id: {UNKNOWN}, name: Aaron's Mill }}]\n", "utf-8")
    client = create_app(Config(fixtures=("default", str(fixture)))).test_client()
    listed = client.get("/v2/accounts", headers=ADMIN).get_json()["data"]
    assert [account["id"] for account in listed] == [UNKNOWN, *NAMES]


def test_pages_lead_from_account_to_account(client: FlaskClient) -> None:
    target, found = "/v2/accounts?page[limit]=1", []
    while target:
        page = client.get(target, headers=ADMIN).get_json()
        found += [account["id"] for account in page["data"]]
        target = page["links"]["next"]
    assert found == list(NAMES)
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
def test_other_limits_are_refused_with_a_textual_status(
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
        client.get(f"/v2/accounts/{each}", headers=acting_as(1)) for each in (UNKNOWN, ACCOUNT_2)
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
    given = {
        "id": UNKNOWN,
        "name": "Ada's Looms",
        "legal_name": "Ada's Looms Ltd",
        "registration_id": "00-11",
        "external_ref": "crm-7",
        "parent_id": ACCOUNT_1,
    }
    fixture = tmp_path / "looms.yaml"
    lines = "\n    ".join(f'{name}: "{value}"' for name, value in given.items())
    fixture.write_text(f"accounts:\n  - {lines}\n", "utf-8")
    app = create_app(Config(fixtures=("default", str(fixture)), frozen_at=NEW_YEAR))
    account = app.test_client().get(f"/v2/accounts/{UNKNOWN}", headers=ADMIN).get_json()["data"]
    assert given.items() <= account.items()
    parent = {"data": {"type": "account", "id": ACCOUNT_1}}
    assert account["relationships"] == {"parent": parent, "ancestors": [parent]}
