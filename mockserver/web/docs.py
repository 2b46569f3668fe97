"""`/docs`: the API's reference with try-it against this server, and the admin API's."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from mockserver.contract import Contract
from mockserver.control import document

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
    """Return the seed's callers as the tokens to send: applications, then account members.

    `tokens` are the world's, `names` the members' by id.
    """
    bearers = [t["token"] for t in tokens if t["kind"] == "bearer" and t["token"]]
    found = [{"name": token, "bearerAuth": token, "accountToken": ""} for token in bearers]
    for token in tokens:
        if token["kind"] == "account" and token["token"]:
            name = f"{names.get(token['member_id'], token['member_id'])} ({token['token']})"
            found.append(
                {"name": name, "bearerAuth": (bearers or [""])[0], "accountToken": token["token"]}
            )
    return found
