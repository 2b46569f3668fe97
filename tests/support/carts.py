"""Requests to the items of a cart, and values read from the responses."""

from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.built_in_data import SHOPPER

CURRENCY = "X-MOLTIN-CURRENCY"


def product(product_id: str, quantity: int = 1, **more: Any) -> dict[str, Any]:
    return {"type": "cart_item", "id": product_id, "quantity": quantity, **more}


def custom(name: str, amount: int = 500, quantity: int = 1, **more: Any) -> dict[str, Any]:
    price = {"amount": amount}
    return {"type": "custom_item", "name": name, "quantity": quantity, "price": price, **more}


def promotion(code: str) -> dict[str, Any]:
    return {"type": "promotion_item", "code": code}


def cart(cart_id: str) -> dict[str, Any]:
    return {"type": "cart_items", "cart_id": cart_id}


def send(
    client: FlaskClient,
    method: str,
    cart_id: str,
    data: Any = None,
    item: str = "",
    headers: dict[str, str] | None = None,
    **options: Any,
) -> TestResponse:
    """Send a request to a cart's items, or to one of them."""
    body = {"data": data, **({"options": options} if options else {})}
    return client.open(
        f"/v2/carts/{cart_id}/items" + (f"/{item}" if item else ""),
        method=method,
        headers={**SHOPPER, **(headers or {})},
        **({"json": body} if data is not None else {}),
    )


def put_in(client: FlaskClient, cart_id: str, data: Any, **more: Any) -> Any:
    """Add to a cart, and return the answer's body."""
    answer = send(client, "POST", cart_id, data, **more)
    assert answer.status_code == 201, answer.data
    return answer.get_json()


def look_in(client: FlaskClient, cart_id: str) -> Any:
    answer = send(client, "GET", cart_id)
    assert answer.status_code == 200, answer.data
    return answer.get_json()


def held(body: Any) -> list[tuple[str, int]]:
    """The SKU, or else the name, and the quantity of each item of an answer."""
    return [(item["sku"] or item["name"], item["quantity"]) for item in body["data"]]


def amounts(body: Any) -> dict[str, int]:
    """The totals of an answer."""
    return {name: price["amount"] for name, price in body["meta"]["display_price"].items()}


def error_of(answer: TestResponse) -> tuple[int, str]:
    """The status and the title of the only error."""
    (error,) = answer.get_json()["errors"]
    return answer.status_code, error["title"]
