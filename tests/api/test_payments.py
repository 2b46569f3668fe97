"""Paying for orders by the manual gateway."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from mockserver.core.clock import HOUR
from tests.support.built_in_data import (
    ADAS_ORDER,
    ADMIN,
    ALANS_ORDER,
    GRACES_ORDER,
    SHOPPER,
    acting_as,
    as_customer,
)
from tests.support.carts import error_of
from tests.support.orders import pay, read, statuses, totals


def order(client: FlaskClient, order_id: str = ADAS_ORDER) -> Any:
    return read(client, order_id, ADMIN)["data"]


def settled(client: FlaskClient) -> dict[str, int]:
    order_totals = totals(order(client))
    return {name: order_totals[name] for name in ("paid", "authorized", "balance_owing")}


def test_purchase_completes_the_order(app: Flask, client: FlaskClient) -> None:
    app.extensions["sandbox"].clock.advance(HOUR)
    answer = pay(client, ADAS_ORDER, headers=acting_as(1))
    assert answer.status_code == 200
    transaction = answer.get_json()["data"]
    assert transaction.pop("id")
    assert transaction == {
        "type": "transaction",
        "reference": "manual",
        "gateway": "manual",
        "amount": 3000,
        "refunded_amount": 0,
        "currency": "USD",
        "transaction_type": "purchase",
        "status": "complete",
        "relationships": {"order": {"data": {"type": "order", "id": ADAS_ORDER}}},
        "meta": {
            "display_price": {"amount": 3000, "currency": "USD", "formatted": "$30.00"},
            "display_refunded_amount": {
                "total": {"amount": 0, "currency": "USD", "formatted": "$0.00"}
            },
            "timestamps": {
                "created_at": "2026-01-01T01:00:00Z",
                "updated_at": "2026-01-01T01:00:00Z",
            },
        },
    }
    paid = order(client)
    assert statuses(paid) == ("complete", "paid", "unfulfilled")
    assert settled(client) == {"paid": 3000, "authorized": 0, "balance_owing": 0}
    assert paid["meta"]["timestamps"] == {
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T01:00:00Z",
        "fully_paid_at": "2026-01-01T01:00:00Z",
    }


def test_authorized_order_is_being_processed(client: FlaskClient) -> None:
    assert pay(client, ADAS_ORDER, "authorize").get_json()["data"]["transaction_type"] == (
        "authorize"
    )
    assert statuses(order(client))[:2] == ("processing", "authorized")
    assert settled(client) == {"paid": 0, "authorized": 3000, "balance_owing": 0}
    assert "fully_paid_at" not in order(client)["meta"]["timestamps"]


def test_order_is_paid_in_parts(client: FlaskClient) -> None:
    for amount, expected in (
        (1000, ("incomplete", "partially_paid")),
        (2000, ("complete", "paid")),
    ):
        assert pay(client, ADAS_ORDER, amount=amount).get_json()["data"]["amount"] == amount
        assert statuses(order(client))[:2] == expected
    assert settled(client) == {"paid": 3000, "authorized": 0, "balance_owing": 0}


def test_order_is_authorized_in_parts(client: FlaskClient) -> None:
    pay(client, ADAS_ORDER, "authorize", amount=1000)
    assert statuses(order(client))[:2] == ("incomplete", "partially_authorized")
    assert settled(client) == {"paid": 0, "authorized": 1000, "balance_owing": 2000}
    pay(client, ADAS_ORDER, "authorize")
    assert statuses(order(client))[:2] == ("processing", "authorized")


def test_what_is_authorized_is_not_owing_any_more(client: FlaskClient) -> None:
    pay(client, ADAS_ORDER, "authorize", amount=1000)
    assert pay(client, ADAS_ORDER).get_json()["data"]["amount"] == 2000
    assert statuses(order(client))[:2] == ("incomplete", "partially_paid")
    assert settled(client) == {"paid": 2000, "authorized": 1000, "balance_owing": 0}
    assert pay(client, ADAS_ORDER).status_code == 422


def test_payment_may_have_a_name_and_a_reference(client: FlaskClient) -> None:
    meta = {"name": "Voucher", "custom_reference": "V-1"}
    transaction = pay(
        client, ADAS_ORDER, paymentmethod_meta={**meta, "id": "mine", "more": "no"}
    ).get_json()["data"]
    assert meta.items() <= transaction.items()
    assert "more" not in transaction
    assert transaction["id"] != "mine"


@pytest.mark.parametrize(
    ("method", "order_id"), [("purchase", ADAS_ORDER), ("authorize", ADAS_ORDER)]
)
def test_order_is_not_paid_twice(client: FlaskClient, method: str, order_id: str) -> None:
    assert pay(client, order_id, method).status_code == 200
    before = order(client)
    for again in ("purchase", "authorize"):
        assert error_of(pay(client, order_id, again)) == (422, "Unprocessable Entity")
    assert order(client) == before


def test_paid_order_of_the_fixtures_is_paid(client: FlaskClient) -> None:
    (error,) = pay(client, GRACES_ORDER).get_json()["errors"]
    assert error["detail"] == (
        "Order has status: order:complete, payment:paid; it takes no payment any more"
    )
    paid_order = order(client, GRACES_ORDER)
    assert totals(paid_order)["paid"] == totals(paid_order)["with_tax"]
    assert paid_order["meta"]["timestamps"]["fully_paid_at"] == "2025-12-31T00:00:00Z"


def test_nothing_is_overpaid(client: FlaskClient) -> None:
    (error,) = pay(client, ADAS_ORDER, amount=3001).get_json()["errors"]
    assert (error["status"], error["detail"]) == (
        (422, "The amount of 3001 is more than the 3000 that are owing")
    )
    assert statuses(order(client))[:2] == ("incomplete", "unpaid")


@pytest.mark.parametrize(
    "data",
    [
        {"gateway": "stripe"},
        {"gateway": "no-such-gateway"},
        {"method": "purchase_setup"},
        {"method": "no-such-method"},
    ],
)
def test_only_the_manual_gateway_is_there(client: FlaskClient, data: Any) -> None:
    answer = pay(client, ADAS_ORDER, **{"gateway": "manual", **data})
    assert answer.status_code == 400
    assert answer.get_json()["errors"] == [
        {"status": 400, "title": "Bad Request", "detail": "Request could not be processed"}
    ]
    assert statuses(order(client))[:2] == ("incomplete", "unpaid")


@pytest.mark.parametrize("data", [{}, {"gateway": "manual"}, {"method": "purchase"}])
def test_gateway_and_method_are_required(client: FlaskClient, data: Any) -> None:
    answer = client.post(f"/v2/orders/{ADAS_ORDER}/payments", headers=SHOPPER, json={"data": data})
    assert answer.get_json()["errors"][0]["detail"] == "Request could not be processed"


@pytest.mark.parametrize("amount", [0, -1, "all", 1.5])
def test_amount_is_a_whole_number_of_one_or_more(client: FlaskClient, amount: Any) -> None:
    assert pay(client, ADAS_ORDER, amount=amount).status_code == 400


@pytest.mark.parametrize(
    ("headers", "order_id", "expected"),
    [
        (SHOPPER, ADAS_ORDER, 200),
        (ADMIN, ADAS_ORDER, 200),
        (acting_as(1), ADAS_ORDER, 200),
        (as_customer(1), ALANS_ORDER, 200),
        (acting_as(2), ADAS_ORDER, 404),
        (as_customer(2), ALANS_ORDER, 404),
        (as_customer(1), ADAS_ORDER, 404),
        (ADMIN, "no-such-order", 404),
    ],
)
def test_whoever_knows_an_order_pays_it_but_a_token_pays_its_own_orders_only(
    client: FlaskClient, headers: dict[str, str], order_id: str, expected: int
) -> None:
    assert pay(client, order_id, headers=headers).status_code == expected
