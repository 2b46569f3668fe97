"""What can be done on the dashboard: each form is one call of the admin API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import quote

from mockserver.dashboard import curl
from mockserver.dashboard.admin_client import Admin, Refused

Form = Mapping[str, str]


def replay(admin: Admin, form: Form) -> str:
    """Make the call of a journal entry once more; return the id of its new entry."""
    entry = admin.get(f"/requests/{_part(form, 'id')}")
    if entry["request"].get("note"):
        raise Refused(409, "Its body was too large to be kept, so it can't be sent again.")
    tokens = admin.get("/state", limit=1000)["tokens"]["shown"]
    sent = curl.headers(entry, tokens)
    _, _, headers = admin.call(entry["method"], curl.target(entry), curl.body(entry), sent)
    return str(headers["Mock-Request-Id"])


def _arm(admin: Admin, form: Form) -> None:
    rule = {"then": {"error": form.get("error", "")}, "times": 1}
    if form.get("operation", "*") != "*":
        rule["operation"] = form["operation"]
    admin.do("POST", "/rules", rule)


def _disarm(admin: Admin, form: Form) -> None:
    admin.do("DELETE", f"/rules/{_part(form, 'id')}")


def _move_clock(admin: Admin, form: Form) -> None:
    fields = ("action", "instant", "duration")
    admin.do("PUT", "/clock", {name: form[name] for name in fields if form.get(name)})


def _reset(admin: Admin, _: Form) -> None:
    admin.do("POST", "/reset")


def _clear_journal(admin: Admin, _: Form) -> None:
    admin.do("DELETE", "/requests")


def _fork(admin: Admin, form: Form) -> str:
    """Fork the sandbox that is shown, or one of its snapshots, and go there."""
    body = {"fork_of": admin.sandbox}
    if form.get("snapshot"):
        body["snapshot"] = form["snapshot"]
    made = admin.do("POST", f"/sandboxes/{_part(form, 'name')}", body)
    return f"{made['base_path']}/ui/sandboxes"


def _delete_sandbox(admin: Admin, form: Form) -> None:
    admin.do("DELETE", f"/sandboxes/{_part(form, 'name')}")


def _save(admin: Admin, form: Form) -> None:
    admin.do("PUT", f"/snapshots/{_part(form, 'name')}")


def _restore(admin: Admin, form: Form) -> None:
    admin.do("POST", f"/snapshots/{_part(form, 'name')}/restore")


def _forget(admin: Admin, form: Form) -> None:
    admin.do("DELETE", f"/snapshots/{_part(form, 'name')}")


def _part(form: Form, name: str) -> str:
    """Return a field as a part of a path. Raises Refused where it is empty."""
    value = form.get(name, "").strip()
    if not value:
        raise Refused(400, f"{name} is required.")
    return quote(value, safe="")


ACTIONS: Mapping[str, Callable[[Admin, Form], str | None]] = {
    "arm": _arm,
    "disarm": _disarm,
    "clock": _move_clock,
    "reset": _reset,
    "clear-journal": _clear_journal,
    "fork": _fork,
    "delete-sandbox": _delete_sandbox,
    "save": _save,
    "restore": _restore,
    "forget": _forget,
}
"""By the name in the form's address; an action returns where to go, or None for back."""
