"""The OpenAPI documents behind `/docs` and `/__admin/docs`, and the logins to try calls with."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mockserver.admin import schema

if TYPE_CHECKING:
    from mockserver.openapi.contract import Contract

Document = dict[str, Any]


def api(contract: Contract, server: str) -> Document:
    """Return the contract for calls to `server`, with each error's trigger as its summary."""
    document = _with_server(contract.document, server)
    _summarize_errors(document)
    return document


def admin(server: str) -> Document:
    """Return the admin API's contract for calls to `server`."""
    return _with_server(schema.document(), server)


def _with_server(document: Document, server: str) -> Document:
    return {**copy.deepcopy(document), "servers": [{"url": server}]}


def _summarize_errors(node: Any) -> None:
    if isinstance(node, dict):
        for name, child in node.items():
            if isinstance(child, dict) and "x-trigger" in child:
                child.setdefault("summary", f"{name}: {child['x-trigger']}")
            _summarize_errors(child)
    elif isinstance(node, list):
        for child in node:
            _summarize_errors(child)


def logins(tokens: Sequence[Mapping[str, Any]], names: Mapping[str, str]) -> list[dict[str, str]]:
    """Return the callers of the fixtures as the tokens to send, by security scheme: applications,
    then account members and customers.

    `tokens` are those of the store state, `names` those of members and customers by id.
    """
    static = [token for token in tokens if token["token"]]
    bearers = [token["token"] for token in static if token["kind"] == "bearer"]
    result = [_login(bearer, bearer) for bearer in bearers]
    for token in static:
        if token["kind"] != "bearer":
            owner = token["member_id"] or token["customer_id"]
            name = f"{names.get(owner, owner)} ({token['token']})"
            scheme = "accountToken" if token["kind"] == "account" else "customerToken"
            result.append(_login(name, (bearers or [""])[0], **{scheme: token["token"]}))
    return result


def _login(name: str, bearer: str, **tokens: str) -> dict[str, str]:
    return {"name": name, "bearerAuth": bearer, "accountToken": "", "customerToken": "", **tokens}
