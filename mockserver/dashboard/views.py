"""The pages of the dashboard: each reads the admin API and returns the values of its template."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from mockserver.dashboard.admin_client import InProcessClient
from mockserver.dashboard.association_graph import render_graph
from mockserver.dashboard.curl import as_curl

Arguments = Mapping[str, str]
MAX_ERRORS = 50


@dataclass(frozen=True, slots=True)
class View:
    """A page: its path, its template, and the function that returns the template's values."""

    name: str
    title: str
    path: str
    template: str
    read: Callable[[InProcessClient, Arguments], dict[str, Any]]


def _data(admin: InProcessClient, arguments: Arguments) -> dict[str, Any]:
    filter_text = arguments.get("filter", "")
    state = admin.get("/state", filter=filter_text)
    static_tokens = [token for token in state["tokens"]["shown"] if token["token"]]
    return {
        "state": state,
        "filter_text": filter_text,
        "graph": render_graph(state),
        "token_of": {
            token["member_id"]: token["token"]
            for token in reversed(static_tokens)
            if token["kind"] == "account"
        },
        "name_of": {
            owner["id"]: owner["name"]
            for kind in ("accounts", "customers")
            for owner in state[kind]["shown"]
        },
        "customer_token_of": {
            token["customer_id"]: token["token"]
            for token in static_tokens
            if token["kind"] == "customer"
        },
    }


def _journal(admin: InProcessClient, arguments: Arguments) -> dict[str, Any]:
    names = ("operation", "status", "error", "unmatched")
    query = {name: arguments.get(name, "") for name in names}
    page = admin.get("/requests", **query, offset=arguments.get("offset", "0"))
    operations = {error["operation"] for error in admin.get("/errors")} - {"*"}
    filters = {name: value for name, value in query.items() if value}
    start, limit, total = page["offset"], page["limit"], page["total"]
    return {
        "page": page,
        "query": query,
        "operations": sorted(operations, key=str.casefold),
        "url": _journal_url(filters, start),
        "older": _journal_url(filters, start + limit) if start + limit < total else None,
        "newer": _journal_url(filters, max(0, start - limit))
        if 0 < start < total + limit
        else None,
    }


def _journal_url(filters: Mapping[str, str], offset: int) -> str:
    return "/ui/journal?" + urlencode({**filters, "offset": offset})


def entry_view(entry_id: str) -> View:
    """Return the page of one request."""

    def read(admin: InProcessClient, _: Arguments) -> dict[str, Any]:
        entry = admin.get(f"/requests/{entry_id}")
        errors = [
            error
            for error in admin.get("/errors")
            if error["id"] == entry["error"] and error["operation"] in (entry["operation"], "*")
        ]
        tokens = admin.get("/state", limit=1000)["tokens"]["shown"]
        return {
            "entry": entry,
            "error": errors[0] if errors else None,
            "curl": as_curl(entry, tokens, admin.base_url),
        }

    return View("entry", "Request", f"/ui/journal/{entry_id}", "entry.html", read)


def _errors(admin: InProcessClient, arguments: Arguments) -> dict[str, Any]:
    """List the errors of one operation, or those of all operations that match a filter."""
    rules = admin.get("/rules")
    catalog = admin.get("/errors")
    filter_text = arguments.get("filter", "").casefold()
    operations = Counter(error["operation"] for error in catalog)
    operation = arguments.get("operation") or list(operations)[1]
    errors = [
        error
        for error in catalog
        if (_matches(error, filter_text) if filter_text else error["operation"] == operation)
    ]
    return {
        "rules": rules,
        "operations": operations,
        "operation": None if filter_text else operation,
        "errors": errors[:MAX_ERRORS],
        "total": len(errors),
        "filter_text": filter_text,
    }


def _matches(error: Mapping[str, Any], filter_text: str) -> bool:
    texts = (error["operation"], error["id"], str(error["status"]), error["title"])
    return filter_text in " ".join(texts).casefold()


def _clock(admin: InProcessClient, _: Arguments) -> dict[str, Any]:
    clock = admin.get("/clock")
    state = admin.get("/state", limit=200)
    carts = [
        {"kind": "cart", "name": cart["id"], "at": cart["expires_at"]}
        for cart in state["carts"]["shown"]
    ]
    tokens = [
        {
            "kind": f"{token['kind']} token",
            "name": f"of {token['account_id'] or token['customer_id'] or token['client_id']}",
            "at": token["expires_at"],
        }
        for token in state["tokens"]["shown"]
        if token["expires_at"]
    ]
    expirations = sorted([*carts, *tokens], key=lambda expiration: expiration["at"])
    return {"clock": clock, "expirations": expirations}


def _coverage(admin: InProcessClient, arguments: Arguments) -> dict[str, Any]:
    of_all = arguments.get("of") == "all"
    report = admin.get("/coverage", **({} if of_all else {"sandbox": admin.sandbox}))
    return {"report": report, "of_all": of_all}


def _sandboxes(admin: InProcessClient, _: Arguments) -> dict[str, Any]:
    return {"sandboxes": admin.get("/sandboxes"), "snapshots": admin.get("/snapshots")}


VIEWS = (
    View("data", "Data", "/", "data.html", _data),
    View("journal", "Journal", "/ui/journal", "journal.html", _journal),
    View("errors", "Errors", "/ui/errors", "errors.html", _errors),
    View("clock", "Clock", "/ui/clock", "clock.html", _clock),
    View("coverage", "Coverage", "/ui/coverage", "coverage.html", _coverage),
    View("sandboxes", "Sandboxes", "/ui/sandboxes", "sandboxes.html", _sandboxes),
)
