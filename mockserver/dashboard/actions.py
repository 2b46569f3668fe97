"""The actions of the dashboard: each form makes one call of the admin API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import quote

from mockserver.dashboard import curl
from mockserver.dashboard.admin_client import AdminApiError, InProcessClient

Form = Mapping[str, str]


def _replay(admin: InProcessClient, form: Form) -> str:
    """Send the request of a journal entry again; return the path of its new entry's page."""
    entry = admin.get(_path(form, "requests", "id"))
    if entry["request"].get("note"):
        raise AdminApiError(409, "Its body was too large to be stored, so it can't be sent again.")
    tokens = admin.get("/state", limit=1000)["tokens"]["shown"]
    headers = curl.headers(entry, tokens)
    entry_id = admin.send(entry["method"], curl.target(entry), curl.body(entry), headers)
    return f"/ui/journal/{entry_id}"


def _arm_rule(admin: InProcessClient, form: Form) -> None:
    rule = {"then": {"error": form.get("error", "")}, "times": 1}
    if form.get("operation", "*") != "*":
        rule["operation"] = form["operation"]
    admin.call("POST", "/rules", rule)


def _change_clock(admin: InProcessClient, form: Form) -> None:
    fields = ("action", "instant", "duration")
    admin.call("PUT", "/clock", {name: form[name] for name in fields if form.get(name)})


def _fork(admin: InProcessClient, form: Form) -> str:
    """Fork the sandbox, or one of its snapshots; return the path of the new one's page."""
    body = {"fork_of": admin.sandbox}
    if form.get("snapshot"):
        body["snapshot"] = form["snapshot"]
    sandbox = admin.call("POST", _path(form, "sandboxes"), body)
    return f"{sandbox['base_path']}/ui/sandboxes"


def _path(form: Form, resource: str, field: str = "name") -> str:
    """Return the path of the resource that a field names. Raises AdminApiError if it is empty."""
    value = form.get(field, "").strip()
    if not value:
        raise AdminApiError(400, f"{field} is required.")
    return f"/{resource}/{quote(value, safe='')}"


ACTIONS: Mapping[str, Callable[[InProcessClient, Form], object]] = {
    "arm": _arm_rule,
    "disarm": lambda admin, form: admin.call("DELETE", _path(form, "rules", "id")),
    "clock": _change_clock,
    "reset": lambda admin, _: admin.call("POST", "/reset"),
    "clear-journal": lambda admin, _: admin.call("DELETE", "/requests"),
    "delete-sandbox": lambda admin, form: admin.call("DELETE", _path(form, "sandboxes")),
    "save": lambda admin, form: admin.call("PUT", _path(form, "snapshots")),
    "restore": lambda admin, form: admin.call("POST", f"{_path(form, 'snapshots')}/restore"),
    "forget": lambda admin, form: admin.call("DELETE", _path(form, "snapshots")),
}
"""By the name in the form's URL."""
NAVIGATIONS: Mapping[str, Callable[[InProcessClient, Form], str]] = {
    "replay": _replay,
    "fork": _fork,
}
"""Actions that return the path of the page to go to."""
