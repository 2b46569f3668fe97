"""`/docs`: the API's reference with try-it against this server, and the admin API's."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from mockserver.admin import document
from mockserver.openapi.contract import Contract

Document = dict[str, Any]


def api(contract: Contract, server: str) -> Document:
    """Return the contract as a reader wants it: calls go to `server`, and each error is shown with
    what triggers it."""
    shown = _for(contract.document, server)
    _summarise(shown)
    return shown


def admin(server: str) -> Document:
    """Return the admin API's contract to be read; calls go to `server`."""
    return _for(document.document(), server)


def _for(source: Document, server: str) -> Document:
    return {**copy.deepcopy(source), "servers": [{"url": server}]}


def _summarise(node: Any) -> None:
    """Give each example of an error its trigger as a summary."""
    if isinstance(node, dict):
        for name, each in node.items():
            if isinstance(each, dict) and "x-trigger" in each:
                each.setdefault("summary", f"{name}: {each['x-trigger']}")
            _summarise(each)
    elif isinstance(node, list):
        for each in node:
            _summarise(each)


def logins(tokens: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the seed's callers as the tokens to send, by their security schemes: applications,
    then account members and customers.

    `tokens` are the state's, `names` those of members and customers by id.
    """
    static = [token for token in tokens if token["token"]]
    bearers = [each["token"] for each in static if each["kind"] == "bearer"]
    found = [_login(token, token) for token in bearers]
    for each in static:
        if each["kind"] != "bearer":
            owner = each["member_id"] or each["customer_id"]
            name = f"{names.get(owner, owner)} ({each['token']})"
            scheme = "accountToken" if each["kind"] == "account" else "customerToken"
            found.append(_login(name, (bearers or [""])[0], **{scheme: each["token"]}))
    return found


def _login(name: str, bearer: str, **tokens: str) -> dict[str, str]:
    return {"name": name, "bearerAuth": bearer, "accountToken": "", "customerToken": "", **tokens}
