"""Client warnings: for each one a client that causes it, and one that does not."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from mockserver.app import create_app
from mockserver.core.config import Config
from mockserver.sandbox.client_warnings import ADVICE, MAX_REMEMBERED, ClientWarnings, Observation
from tests.support import admin
from tests.support.built_in_data import (
    ACCOUNT_1,
    ACCOUNT_2,
    ACCOUNT_TOKEN,
    ADMIN,
    NEW_YEAR,
    SHOPPER,
    naming,
)
from tests.support.contract import CONTRACT
from tests.support.sample_requests import ASSOCIATIONS, GOOD, SIGN_IN, TOKENS

Counts = dict[str, int]
Act = Callable[[FlaskClient], object]
OLD = {"Authorization": "Bearer old"}


def client_warnings(client: FlaskClient, query: str = "") -> list[Any]:
    warnings: list[Any] = admin.get(client, f"/coverage?{query}")["client_warnings"]
    return warnings


def warning_counts(client: FlaskClient, query: str = "") -> Counts:
    return {item["warning"]: item["count"] for item in client_warnings(client, query)}


# --- the clients


def limited(client: FlaskClient) -> str:
    """Run into the rate limit; return how long to wait."""
    admin.put(client, "/rate-limit", {"requests_per_second": 1})
    client.get("/v2/carts", headers=ADMIN)
    return client.get("/v2/carts", headers=ADMIN).headers["Retry-After"]


def retries_at_once(client: FlaskClient) -> None:
    limited(client)
    client.get("/v2/carts", headers=ADMIN)


def waits_for_retry_after(client: FlaskClient) -> None:
    duration = f"PT{limited(client)}S"
    admin.put(client, "/clock", {"action": "advance", "duration": duration})
    assert client.get("/v2/carts", headers=ADMIN).status_code == 200


def calls_something_else_meanwhile(client: FlaskClient) -> None:
    limited(client)
    client.get("/v2/carts/free-cart", headers=ADMIN)


def uses_a_refused_bearer(client: FlaskClient) -> None:
    for path in ("/v2/carts", "/v2/accounts"):
        assert client.get(path, headers=OLD).status_code == 401


def uses_a_refused_account_token(client: FlaskClient) -> None:
    for _ in range(2):
        client.get("/v2/carts", headers={**SHOPPER, ACCOUNT_TOKEN: "old"})


def gets_a_new_bearer(client: FlaskClient) -> None:
    client.get("/v2/carts/free-cart", headers=OLD)
    credentials = {"grant_type": "implicit", "client_id": "storefront"}
    token = client.post("/oauth/access_token", data=credentials).get_json()["access_token"]
    client.get("/v2/carts/free-cart", headers={"Authorization": f"Bearer {token}"})


def signs_in_again(client: FlaskClient) -> None:
    client.get("/v2/carts", headers={**SHOPPER, ACCOUNT_TOKEN: "old"})
    answer = client.post(TOKENS, headers=SHOPPER, json={"data": SIGN_IN})
    token = answer.get_json()["data"][0]["token"]
    client.get("/v2/carts", headers={**SHOPPER, ACCOUNT_TOKEN: token})


def calls_without_any_token(client: FlaskClient) -> None:
    for _ in range(2):
        client.get("/v2/carts")


def sends_unknown_fields(client: FlaskClient) -> None:
    client.post("/v2/carts", headers=ADMIN, json={"data": {"name": "Cart", "colour": "red"}})


def sends_unknown_fields_inside(client: FlaskClient) -> None:
    body = {"data": {"name": "Cart", "contact": {"email": "guest@example.com", "phone": "1"}}}
    client.post("/v2/carts", headers=ADMIN, json=body)


def sends_known_fields(client: FlaskClient) -> None:
    attributes = {"anything": {"type": "string", "value": "x"}}
    body = {"data": {"name": "Cart", "description": "", "custom_attributes": attributes}}
    assert client.post("/v2/carts", headers=ADMIN, json=body).status_code == 201


def stops_at_the_first_page(client: FlaskClient) -> None:
    client.get("/v2/carts?page[limit]=2", headers=ADMIN)


def stops_at_the_second_page(client: FlaskClient) -> None:
    first = client.get("/v2/carts?page[limit]=2", headers=ADMIN).get_json()
    client.get(first["links"]["next"], headers=ADMIN)


def reads_every_page(client: FlaskClient) -> None:
    url = "http://localhost/v2/carts?page[limit]=3"
    while url:
        url = client.get(url, headers=ADMIN).get_json()["links"]["next"]


def reads_every_page_by_itself(client: FlaskClient) -> None:
    for offset in range(0, 11, 4):
        client.get(f"/v2/carts?page[limit]=4&page[offset]={offset}", headers=ADMIN)


def reads_all_on_one_page(client: FlaskClient) -> None:
    client.get("/v2/carts", headers=ADMIN)


def associates_twice(client: FlaskClient) -> None:
    for _ in range(2):
        client.post(ASSOCIATIONS, headers=ADMIN, json=naming(ACCOUNT_1))


def associates_a_customer_twice(client: FlaskClient) -> None:
    for _ in range(2):
        GOOD["createCustomerCartAssociation"].sent_by(client)


def associates_two_accounts(client: FlaskClient) -> None:
    for account in (ACCOUNT_1, ACCOUNT_2):
        client.post(ASSOCIATIONS, headers=ADMIN, json=naming(account))


def associates_again_after_leaving(client: FlaskClient) -> None:
    for method in ("POST", "DELETE", "POST"):
        client.open(ASSOCIATIONS, method=method, headers=ADMIN, json=naming(ACCOUNT_1))


CLIENTS: list[tuple[Act, Counts]] = [
    (retries_at_once, {"retried-too-early": 1}),
    (waits_for_retry_after, {}),
    (calls_something_else_meanwhile, {}),
    (uses_a_refused_bearer, {"used-a-refused-token": 1}),
    (uses_a_refused_account_token, {"used-a-refused-token": 1}),
    (gets_a_new_bearer, {}),
    (signs_in_again, {}),
    (calls_without_any_token, {}),
    (sends_unknown_fields, {"sent-unknown-fields": 1}),
    (sends_unknown_fields_inside, {"sent-unknown-fields": 1}),
    (sends_known_fields, {}),
    (stops_at_the_first_page, {"ignored-the-next-page": 1}),
    (stops_at_the_second_page, {"ignored-the-next-page": 1}),
    (reads_every_page, {}),
    (reads_every_page_by_itself, {}),
    (reads_all_on_one_page, {}),
    (associates_twice, {"associated-twice": 1}),
    (associates_a_customer_twice, {"associated-twice": 1}),
    (associates_two_accounts, {}),
    (associates_again_after_leaving, {}),
]


@pytest.mark.parametrize(("act", "expected"), CLIENTS, ids=[act.__name__ for act, _ in CLIENTS])
def test_warnings_of_a_client(client: FlaskClient, act: Act, expected: Counts) -> None:
    act(client)
    assert warning_counts(client) == expected


def test_every_warning_has_a_client_that_causes_it() -> None:
    assert {name for _, expected in CLIENTS for name in expected} == set(ADVICE)


def test_a_warning_has_count_last_detail_and_advice(client: FlaskClient) -> None:
    for _ in range(3):
        associates_twice(client)
    (warning,) = client_warnings(client)
    assert warning == {
        "warning": "associated-twice",
        "count": 5,
        "detail": f"{ASSOCIATIONS} was associated with that account already",
        "advice": ADVICE["associated-twice"],
    }


@pytest.mark.parametrize(
    ("act", "detail"),
    [
        (retries_at_once, "GET /v2/carts came again before Retry-After"),
        (uses_a_refused_bearer, "GET /v2/accounts with a token after its 401"),
        (sends_unknown_fields, "createACart does not have the field data.colour"),
        (sends_unknown_fields_inside, "createACart does not have the field data.contact.phone"),
        (stops_at_the_first_page, "/v2/carts had more pages that nobody asked for"),
    ],
)
def test_a_warning_names_its_request(client: FlaskClient, act: Act, detail: str) -> None:
    act(client)
    assert [item["detail"] for item in client_warnings(client)] == [detail]


def test_no_warning_contains_a_token(client: FlaskClient) -> None:
    secret = {"Authorization": "Bearer very-secret"}
    for _ in range(2):
        client.get("/v2/carts", headers=secret)
    assert "very-secret" not in str(client_warnings(client))


def test_warnings_are_merged_over_sandboxes_and_outlive_them(client: FlaskClient) -> None:
    body = {"data": {"name": "Cart", "colour": "red"}}
    for name in ("default", "one", "two"):
        client.post("/v2/carts", headers={**ADMIN, "Mock-Sandbox": name}, json=body)
    admin.call(client, "DELETE", "/sandboxes/two")
    assert warning_counts(client) == {"sent-unknown-fields": 3}
    assert warning_counts(client, "sandbox=one") == {"sent-unknown-fields": 1}


def test_warnings_outlive_a_reset(client: FlaskClient) -> None:
    associates_twice(client)
    client.post("/__admin/reset")
    assert warning_counts(client) == {"associated-twice": 1}


def test_a_reset_clears_what_was_observed(client: FlaskClient) -> None:
    limited(client)
    admin.put(client, "/rate-limit", {"requests_per_second": None})
    assert client.get("/v2/accounts", headers=OLD).status_code == 401
    client.post("/__admin/reset")
    client.get("/v2/carts", headers=ADMIN)
    client.get("/v2/accounts", headers=OLD)
    assert warning_counts(client) == {}


def test_a_request_in_another_sandbox_is_no_retry(client: FlaskClient) -> None:
    limited(client)
    client.get("/sandboxes/one/v2/carts", headers=ADMIN)
    assert warning_counts(client) == {}


def test_the_memory_of_warnings_is_bounded() -> None:
    warnings = ClientWarnings()
    for number in range(3 * MAX_REMEMBERED):
        warnings.observe(
            Observation(
                request_id=str(number),
                time=NEW_YEAR,
                operation="getCarts",
                method="GET",
                path=f"/v2/carts/{number}",
                query="",
                tokens=(str(number).encode(),),
                status=429,
                error="unauthorized",
                retry_after_s=1,
                unknown_fields=(),
                next_page=f"http://localhost/?offset={number}",
            )
        )
    assert warnings.warnings()["ignored-the-next-page"].count == MAX_REMEMBERED


def test_an_ordinary_client_causes_no_warnings() -> None:
    client = create_app(Config(), CONTRACT).test_client()
    credentials = {"grant_type": "implicit", "client_id": "storefront"}
    issued = client.post("/oauth/access_token", data=credentials).get_json()
    bearer = {"Authorization": f"Bearer {issued['access_token']}"}
    login = client.post(TOKENS, headers=bearer, json={"data": SIGN_IN}).get_json()["data"][0]
    headers = {**bearer, ACCOUNT_TOKEN: login["token"]}
    client.get("/v2/carts", headers=headers)
    client.post(ASSOCIATIONS, headers=headers, json=naming(ACCOUNT_1))
    assert warning_counts(client) == {}
