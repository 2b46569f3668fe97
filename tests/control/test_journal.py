"""The journal: what came, what was answered, and why."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from mockserver.contract import Contract
from mockserver.pointer import find
from mockserver.references import resolve
from tests.control.conftest import Sandbox
from tests.documented import document
from tests.seeds import ACCOUNT_1, ACCOUNT_TOKEN, PROFILE, SHOPPER, acting_as, naming

ASSOCIATION = "/v2/carts/free-cart/relationships/accounts"


def entries(box: Sandbox, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = box.told("GET", f"/requests{query}")["requests"]
    return found


def test_an_entry_tells_the_whole_exchange(box: Sandbox) -> None:
    answer = box.call("POST", ASSOCIATION, acting_as(1), json=naming(ACCOUNT_1)["data"])
    entry = box.told("GET", f"/requests/{answer.headers['Mock-Request-Id']}")
    assert entry["time"] == "2026-01-01T00:00:00.000Z"
    assert (entry["method"], entry["path"], entry["status"]) == ("POST", ASSOCIATION, 200)
    assert entry["operation"] == "createAccountCartAssociation"
    assert entry["caller"] == {"kind": "account", "account_id": ACCOUNT_1}
    assert entry["notes"] == ["bare array accepted"]
    assert entry["request"]["body"] == naming(ACCOUNT_1)["data"]
    assert entry["response"]["body"] == naming(ACCOUNT_1)
    assert (entry["error"], entry["nearest"], entry["violations"]) == (None, None, [])


def test_a_violation_points_into_the_request_and_into_the_contract(box: Sandbox) -> None:
    box.call("POST", "/v2/carts", json={"data": {"name": 1}})
    [entry] = entries(box)
    [violation] = entry["violations"]
    assert find(entry["request"]["body"], violation["pointer"]) == 1
    whole = resolve(document(), document(), {})
    pointer = violation["spec"].removeprefix("#")
    assert find(whole, pointer) == "string"
    assert entry["error"] == "schema-violation"


def test_no_secret_is_kept(box: Sandbox) -> None:
    login = {
        "type": "account_management_authentication_token",
        "authentication_mechanism": "password",
        "password_profile_id": PROFILE,
        "username": "ada@example.com",
        "password": "ada-password",
    }
    signed_in = box.call("POST", "/v2/account-members/tokens", SHOPPER, json={"data": login}).json
    form = {
        "grant_type": "client_credentials",
        "client_id": "backoffice",
        "client_secret": "backoffice-secret",
    }
    bearer = box.call("POST", "/oauth/access_token", {}, data=form).json["access_token"]
    token = signed_in["data"][0]["token"]
    box.call("GET", "/v2/carts", {"Authorization": f"Bearer {bearer}", ACCOUNT_TOKEN: token})
    told = json.dumps(entries(box))
    for secret in ("ada-password", "backoffice-secret", bearer, token, "Bearer shopper"):
        assert secret not in told
    assert "backoffice" in told
    assert "ada@example.com" in told


def test_a_long_body_and_one_that_is_not_json_are_told_by_their_size(box: Sandbox) -> None:
    box.call("POST", "/v2/carts", json={"data": {"name": "x", "description": "y" * 20_000}})
    box.call("POST", "/v2/carts", data="{", content_type="application/json")
    broken, long = entries(box)
    assert long["request"]["body"] is None
    assert long["request"]["size"] > 20_000
    assert broken["request"]["body"] == "[1 bytes that are not JSON]"


@pytest.mark.parametrize(
    ("method", "path", "operation", "differs"),
    [
        ("GET", "/v2/cart/x", "getACart", "segment 2 is 'cart', the contract has 'carts'"),
        ("PATCH", "/v2/carts", "getCarts", "the method is PATCH, the contract has GET"),
        (
            "POST",
            "/v2/carts/x/relationships/account",
            "createAccountCartAssociation",
            "segment 5 is 'account', the contract has 'accounts'",
        ),
        (
            "POST",
            "/v2/carts/x/y/relationships/accounts",
            "createAccountCartAssociation",
            "too many",
        ),
        ("POST", "/oauth", "createAnAccessToken", "segment 2, access_token, is missing"),
        ("GET", "/v2/carts/", "getCarts", "nothing but the trailing slash"),
    ],
)
def test_an_unmatched_request_is_told_with_the_nearest_operation(
    box: Sandbox, method: str, path: str, operation: str, differs: str
) -> None:
    assert box.call(method, path).status_code in (404, 405)
    [entry] = entries(box, "?unmatched=true")
    assert entry["operation"] is None
    assert entry["nearest"]["operation"] == operation
    assert differs in entry["nearest"]["differs"]


def test_the_journal_is_filtered_and_paged(box: Sandbox) -> None:
    box.call("GET", "/v2/carts")
    box.told("PUT", "/clock", {"action": "advance", "duration": "PT1H"})
    box.call("DELETE", "/v2/carts/no-such-cart")
    box.call("GET", "/nowhere")

    def paths(query: str) -> list[str]:
        return [each["path"] for each in entries(box, query)]

    assert paths("") == ["/nowhere", "/v2/carts/no-such-cart", "/v2/carts"]
    assert paths("?operation=getCarts") == ["/v2/carts"]
    assert paths("?status=404") == ["/nowhere", "/v2/carts/no-such-cart"]
    assert paths("?error=cart-not-found") == ["/v2/carts/no-such-cart"]
    assert paths("?since=2026-01-01T01:00:00Z") == ["/nowhere", "/v2/carts/no-such-cart"]
    assert paths("?unmatched=false") == ["/v2/carts/no-such-cart", "/v2/carts"]
    assert paths("?limit=1&offset=1") == ["/v2/carts/no-such-cart"]
    assert box.told("GET", "/requests?limit=1")["total"] == 3


@pytest.mark.parametrize(
    "query",
    [
        "operation=getCart",
        "error=none",
        "status=ok",
        "since=now",
        "unmatched=1",
        "limit=0",
        "offset=x",
    ],
)
def test_a_question_that_makes_no_sense_is_refused(box: Sandbox, query: str) -> None:
    answer = box.admin("GET", f"/requests?{query}")
    assert answer.status_code == 400
    assert query.split("=")[0] in answer.json["errors"][0]["detail"]


def test_the_journal_remembers_so_many_and_forgets_when_told(
    make_app: Callable[..., Flask],
) -> None:
    box = Sandbox(make_app(journal_size=3).test_client())
    first = box.call("GET", "/v2/carts").headers["Mock-Request-Id"]
    for _ in range(3):
        box.call("GET", "/v2/carts")
    assert len(entries(box)) == 3
    assert box.admin("GET", f"/requests/{first}").status_code == 404
    box.told("DELETE", "/requests")
    assert entries(box) == []
    assert box.told("GET", "/sandboxes/default")["requests"] == 4


@pytest.mark.parametrize(
    ("expected", "status"),
    [
        ({"operation": "getCarts"}, 202),
        ({"operation": "getCarts", "count": 2}, 202),
        ({"operation": "getCarts", "at_least": 3}, 406),
        ({"operation": "getCarts", "at_most": 1}, 406),
        ({"operation": "createACart", "count": 0}, 202),
        ({"operation": "createACart"}, 406),
        ({"error": "cart-not-found", "status": 404, "count": 1}, 202),
        ({"sequence": [{"operation": "getCarts"}, {"operation": "deleteACart"}]}, 202),
        ({"sequence": [{"operation": "deleteACart"}, {"operation": "getCarts"}]}, 202),
        ({"sequence": [{"operation": "deleteACart"}, {"operation": "deleteACart"}]}, 406),
        ({"operation": "nothing"}, 400),
        ({"counts": 1}, 400),
    ],
)
def test_what_came_is_verified(box: Sandbox, expected: Any, status: int) -> None:
    for method, path in (
        ("GET", "/v2/carts"),
        ("DELETE", "/v2/carts/no-such-cart"),
        ("GET", "/v2/carts"),
    ):
        box.call(method, path)
    answer = box.admin("POST", "/requests/verify", expected)
    assert answer.status_code == status
    if status == 406:
        assert "getCarts 200, deleteACart 404, getCarts 200" in answer.json["difference"]


def test_the_contract_is_untouched_by_what_a_rule_of_it_says(contract: Contract) -> None:
    assert contract.document == document()
