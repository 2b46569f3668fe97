"""Requests of checkout, orders and payments, and values read from the responses."""

from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.built_in_data import SHOPPER
from tests.support.carts import put_in
from tests.support.sample_requests import ADDRESS, GUEST


def check_out(
    client: FlaskClient, cart_id: str, headers: dict[str, str] | None = None, **data: Any
) -> TestResponse:
    """Check a cart out: as a guest, where `data` names no one."""
    if not {"customer", "contact"} & data.keys():
        data["customer"] = GUEST
    body = {"data": {"billing_address": ADDRESS, **data}}
    return client.post(f"/v2/carts/{cart_id}/checkout", headers=headers or SHOPPER, json=body)


def ordered(
    client: FlaskClient, items: Any, headers: dict[str, str] | None = None, **data: Any
) -> Any:
    """Put things into a new cart and check it out; returns the answer's body."""
    created = client.post("/v2/carts", headers=SHOPPER, json={"data": {"name": "New"}})
    cart_id = created.get_json()["data"]["id"]
    put_in(client, cart_id, items)
    answer = check_out(client, cart_id, headers, **data)
    assert answer.status_code == 201, answer.data
    return answer.get_json()


def pay(
    client: FlaskClient,
    order_id: str,
    method: str = "purchase",
    headers: dict[str, str] | None = None,
    **data: Any,
) -> TestResponse:
    """Pay for an order by the manual gateway, unless `data` says otherwise."""
    body = {"data": {"gateway": "manual", "method": method, **data}}
    return client.post(f"/v2/orders/{order_id}/payments", headers=headers or SHOPPER, json=body)


def read(client: FlaskClient, order_id: str, headers: dict[str, str], **query: str) -> Any:
    """Return an order as the API shows it now."""
    answer = client.get(f"/v2/orders/{order_id}", headers=headers, query_string=query)
    assert answer.status_code == 200, answer.data
    return answer.get_json()


def statuses(order: Any) -> tuple[str, str, str]:
    return order["status"], order["payment"], order["shipping"]


def totals(order: Any) -> dict[str, int]:
    """The amounts of an order."""
    return {name: price["amount"] for name, price in order["meta"]["display_price"].items()}
