"""Bodies with thousands of violations: only a part of them is reported and kept. Bodies with too
many values are rejected before parsing.
"""

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from mockserver.fixtures.load import fixture_schema
from mockserver.openapi.schema import Validator
from tests.support import admin
from tests.support.built_in_data import ACCOUNT_1, ADMIN, naming
from tests.support.sample_requests import ASSOCIATIONS, FREE_CART, GOOD, JSON, WITH_BODY

A_LOT = 30_000
MANY = 9_900
LONG = "k" * 900_000


def _with_attributes(count: int) -> Any:
    return {
        "data": {"name": "x", "custom_attributes": {f"a{n}": {"type": 1} for n in range(count)}}
    }


WRONG = {
    "many elements": {"data": [{}] * MANY},
    "too many elements": {"data": [{}] * A_LOT},
    "many elements without data": [{}] * MANY,
    "too many elements without data": [{}] * A_LOT,
    "many fields": {"data": {f"{n:x}": 1 for n in range(2 * MANY)}},
    "too many fields": {"data": {f"{n:x}": 1 for n in range(A_LOT)}},
    "many attributes": _with_attributes(MANY),
    "too many attributes": _with_attributes(A_LOT),
    "a long name": {"data": {"name": "x", "custom_attributes": {LONG: {"type": "string"}}}},
    "a long field": {"data": [{LONG: 1}]},
}
BODIES = {name: json.dumps(body) for name, body in WRONG.items()}


def answered(client: FlaskClient, operation: str, body: str) -> tuple[int, int]:
    """Send a body to an operation; return the sizes of its answer's body and headers."""
    got = GOOD[operation].evolve(body=None, raw=body, content_type=JSON).sent_by(client)
    assert got.status_code < 500
    return len(got.data), sum(len(name) + len(value) for name, value in got.headers)


@pytest.mark.parametrize("operation", WITH_BODY)
@pytest.mark.parametrize("what", BODIES)
def test_answer_and_memory_stay_small_whatever_is_wrong(
    client: FlaskClient, operation: str, what: str
) -> None:
    body, headers = answered(client, operation, BODIES[what])
    assert body < 64 * 1024
    assert headers < 10 * 1024
    (entry,) = admin.get(client, "/requests?limit=1")["requests"]
    assert len(entry["violations"]) <= 100
    assert len(json.dumps(entry["violations"])) < 100 * 1024


def test_at_most_a_hundred_violations_are_reported(client: FlaskClient) -> None:
    answer = client.post(
        "/v2/carts", headers=ADMIN, data=BODIES["many attributes"], content_type=JSON
    )
    assert answer.status_code == 400
    assert len(answer.json["errors"]) == 100
    assert answer.json["errors"][0]["title"] == "maxProperties"


def test_a_long_name_is_cut(client: FlaskClient) -> None:
    answer = client.post("/v2/carts", headers=ADMIN, data=BODIES["a long name"], content_type=JSON)
    assert answer.json["errors"] == [
        {
            "status": 400,
            "title": "required",
            "detail": f"data.custom_attributes.{'k' * 100}….value is required",
            "source": f"data.custom_attributes.{'k' * 100}….value",
        }
    ]


@pytest.mark.parametrize(
    ("place", "title"),
    [
        (50, "The type does not exist or is not listed as account"),
        (150, "Cannot associate more than one account"),
    ],
)
def test_beyond_the_first_hundred_of_too_many_elements_nobody_looks(
    client: FlaskClient, place: int, title: str
) -> None:
    elements: list[Any] = naming(ACCOUNT_1)["data"] * 200  # type: ignore[operator]
    elements[place] = {"type": "cart", "id": ACCOUNT_1}
    answer = client.post(ASSOCIATIONS, headers=ADMIN, json={"data": elements})
    assert [error["title"] for error in answer.json["errors"]] == [title]


def test_all_elements_are_validated_up_to_the_allowed_number(client: FlaskClient) -> None:
    items: list[dict[str, Any]] = [{"id": f"i{n}", "quantity": 1} for n in range(100)]
    items[-1]["quantity"] = "one"
    answer = client.put(f"{FREE_CART}/items", headers=ADMIN, json={"data": items})
    assert [error["source"] for error in answer.json["errors"]] == ["data[99].quantity"]


@pytest.mark.parametrize("what", [what for what in BODIES if what.startswith("too many")])
def test_more_values_than_anybody_means_are_not_read(client: FlaskClient, what: str) -> None:
    answer = client.post("/v2/carts", headers=ADMIN, data=BODIES[what], content_type=JSON)
    assert answer.status_code == 400
    assert [error["title"] for error in answer.json["errors"]] == ["Bad Request"]
    (entry,) = admin.get(client, "/requests?limit=1")["requests"]
    assert [each["message"] for each in entry["violations"]] == ["more than 20000 values"]


def test_the_admin_api_reads_no_more_either(client: FlaskClient) -> None:
    rule = {f"field{n}": 1 for n in range(A_LOT)}
    answer = client.post("/__admin/rules", headers=ADMIN, json=rule)
    assert answer.status_code == 400
    assert answer.json["errors"][0]["detail"] == "The body is not JSON: more than 20000 values."


def test_admin_api_reports_no_more_violations(client: FlaskClient) -> None:
    rule = {f"field{n}": 1 for n in range(2 * MANY)}
    answer = client.post("/__admin/rules", headers=ADMIN, json=rule)
    assert answer.status_code == 400
    assert len(answer.data) < 64 * 1024
    assert "field0 is not a known field" in answer.json["errors"][0]["detail"]


def test_all_errors_of_a_fixture_are_reported() -> None:
    carts = [{"id": f"cart-{n}"} for n in range(300)]
    assert len(Validator(fixture_schema()).violations({"carts": carts}, "fixture")) == 300
