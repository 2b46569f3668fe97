"""What each page of the dashboard shows: read from the admin API, made ready for its template."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from mockserver.dashboard.admin_client import Admin
from mockserver.dashboard.association_graph import picture
from mockserver.dashboard.curl import as_curl

Arguments = Mapping[str, str]
MAX_ERRORS = 50


@dataclass(frozen=True, slots=True)
class View:
    """One page: where it stands, its template, and what fills that."""

    name: str
    title: str
    path: str
    template: str
    read: Callable[[Admin, Arguments], dict[str, Any]]


def _data(admin: Admin, given: Arguments) -> dict[str, Any]:
    wanted = given.get("filter", "")
    state = admin.get("/state", filter=wanted)
    logins = [t for t in state["tokens"]["shown"] if t["kind"] == "account" and t["token"]]
    return {
        "state": state,
        "wanted": wanted,
        "picture": picture(state),
        "token_of": {login["member_id"]: login["token"] for login in reversed(logins)},
        "name_of": {
            each["id"]: each["name"]
            for kind in ("accounts", "customers")
            for each in state[kind]["shown"]
        },
        "customer_token_of": {
            each["customer_id"]: each["token"]
            for each in state["tokens"]["shown"]
            if each["kind"] == "customer" and each["token"]
        },
    }


def _journal(admin: Admin, given: Arguments) -> dict[str, Any]:
    query = {name: given.get(name, "") for name in ("operation", "status", "error", "unmatched")}
    offset = given.get("offset", "0")
    found = admin.get("/requests", **query, offset=offset)
    operations = sorted(
        {e["operation"] for e in admin.get("/errors") if e["operation"] != "*"}, key=str.casefold
    )
    asked = {name: value for name, value in query.items() if value}
    start = found["offset"]
    return {
        "found": found,
        "query": query,
        "operations": operations,
        "address": "/ui/journal?" + urlencode({**asked, "offset": start}),
        "older": _link(asked, start + found["limit"], found["total"]),
        "newer": _link(asked, start - found["limit"], found["total"]) if start else None,
    }


def _link(asked: Mapping[str, str], offset: int, total: int) -> str | None:
    if offset >= total:
        return None
    return "/ui/journal?" + urlencode({**asked, "offset": max(0, offset)})


def _entry(admin: Admin, entry_id: str) -> dict[str, Any]:
    entry = admin.get(f"/requests/{entry_id}")
    catalog = [e for e in admin.get("/errors") if e["id"] == entry["error"]]
    own = [e for e in catalog if e["operation"] in (entry["operation"], "*")]
    tokens = admin.get("/state", limit=1000)["tokens"]["shown"]
    return {
        "entry": entry,
        "catalog_entry": (own or [None])[0],
        "curl": as_curl(entry, tokens, admin.base_url),
    }


def entry_view(entry_id: str) -> View:
    """Return the page of one request."""
    path = f"/ui/journal/{entry_id}"
    return View("entry", "Request", path, "entry.html", lambda admin, _: _entry(admin, entry_id))


def _errors(admin: Admin, given: Arguments) -> dict[str, Any]:
    """Show the errors of one operation, or those that a filter finds in all."""
    rules = admin.get("/rules")
    catalog = admin.get("/errors")
    wanted = given.get("filter", "").casefold()
    operations = Counter(error["operation"] for error in catalog)
    operation = given.get("operation") or list(operations)[1]
    found = [
        error
        for error in catalog
        if (_found(error, wanted) if wanted else error["operation"] == operation)
    ]
    return {
        "rules": rules,
        "operations": operations,
        "operation": None if wanted else operation,
        "errors": found[:MAX_ERRORS],
        "total": len(found),
        "wanted": wanted,
    }


def _found(error: Mapping[str, Any], wanted: str) -> bool:
    texts = (error["operation"], error["id"], str(error["status"]), error["title"])
    return wanted in " ".join(texts).casefold()


def _clock(admin: Admin, _: Arguments) -> dict[str, Any]:
    clock = admin.get("/clock")
    state = admin.get("/state", limit=200)
    tokens = [t for t in state["tokens"]["shown"] if t["expires_at"]]
    ends = [
        *(
            {"what": "cart", "name": c["id"], "at": c["expires_at"]}
            for c in state["carts"]["shown"]
        ),
        *(
            {
                "what": f"{t['kind']} token",
                "name": f"of {t['account_id'] or t['customer_id'] or t['client_id']}",
                "at": t["expires_at"],
            }
            for t in tokens
        ),
    ]
    return {"clock": clock, "ends": sorted(ends, key=lambda each: each["at"])}


def _coverage(admin: Admin, given: Arguments) -> dict[str, Any]:
    of_all = given.get("of") == "all"
    report = admin.get("/coverage", **({} if of_all else {"sandbox": admin.sandbox}))
    return {"report": report, "of_all": of_all}


def _sandboxes(admin: Admin, _: Arguments) -> dict[str, Any]:
    return {"sandboxes": admin.get("/sandboxes"), "snapshots": admin.get("/snapshots")}


VIEWS = (
    View("data", "Data", "/", "data.html", _data),
    View("journal", "Journal", "/ui/journal", "journal.html", _journal),
    View("errors", "Errors", "/ui/errors", "errors.html", _errors),
    View("clock", "Clock", "/ui/clock", "clock.html", _clock),
    View("coverage", "Coverage", "/ui/coverage", "coverage.html", _coverage),
    View("sandboxes", "Sandboxes", "/ui/sandboxes", "sandboxes.html", _sandboxes),
)
