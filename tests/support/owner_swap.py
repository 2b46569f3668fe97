"""Accounts and customers with their roles swapped, so that one test covers both.

What is sent and what is answered is rewritten in the other's words: a test that is written for
accounts then holds for customers.
"""

import json
import re
from pathlib import Path
from typing import Any

import yaml
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from mockserver.core.config import resource
from mockserver.fixtures.load import load_fixtures
from mockserver.store.state import StoreState
from tests.support.built_in_data import ACCOUNT_TOKEN, CUSTOMER_TOKEN
from tests.support.contract import CONTRACT

PAIRS = (("account", "customer"), ("Account", "Customer"), ("a0000000-", "f0000000-"))
OTHER = {one: other for pair in PAIRS for one, other in (pair, pair[::-1])}
ANY = re.compile("|".join(OTHER))


def swapped(text: str) -> str:
    """Return a text in the other's words; swapped twice it is itself again."""
    return ANY.sub(lambda match: OTHER[match[0]], text)


class SwappedClient(FlaskClient):
    """A client for customers, to those who speak of accounts."""

    def open(self, *args: Any, **request: Any) -> TestResponse:
        headers = request.get("headers") or {}
        request["headers"] = {
            CUSTOMER_TOKEN if name == ACCOUNT_TOKEN else name: swapped(text)
            for name, text in headers.items()
        }
        if "json" in request:
            request["json"] = json.loads(swapped(json.dumps(request["json"])))
        if isinstance(request.get("data"), bytes):
            request["data"] = swapped(request["data"].decode()).encode()
        answer = super().open(swapped(args[0]), **request)
        if answer.is_json:
            answer.set_data(swapped(answer.get_data(as_text=True)))
        return answer


def swapped_state(folder: Path) -> StoreState:
    """Return the built-in data with the accounts' carts given to customers; its file goes there."""
    data = yaml.safe_load(resource("fixtures/default.yaml").read_text("utf-8"))
    third = {"id": f"f{data['accounts'][2]['id'][1:]}", "name": "Third", "email": "3@example.com"}
    data["customers"].append(third)
    data["customer_tokens"].append({"token": "customer-3", "customer_id": third["id"]})
    data["carts"] = [
        json.loads(swapped(json.dumps(cart)))
        for cart in data["carts"]
        if "customer_ids" not in cart
    ]
    file = folder / "swapped.yaml"
    file.write_text(yaml.safe_dump(data, sort_keys=False), "utf-8")
    return load_fixtures((str(file),), CONTRACT)
