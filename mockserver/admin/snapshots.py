"""Snapshots: save, list, restore, delete, and download as a fixture file."""

from typing import Any

from flask import Blueprint, Response

from mockserver.admin.bodies import data, nothing
from mockserver.core.clock import to_milliseconds_text
from mockserver.fixtures.export import to_yaml
from mockserver.http.context import current
from mockserver.sandbox.registry import check_name
from mockserver.sandbox.sandbox import SandboxState


def add_routes(admin: Blueprint) -> None:
    """Add the routes of this noun."""

    @admin.get("/snapshots")
    def list_snapshots() -> Response:
        saved = current().sandbox.snapshots()
        return data([_show(name, state) for name, state in sorted(saved.items())])

    @admin.put("/snapshots/<name>")
    def save_snapshot(name: str) -> Response:
        check_name(name, "snapshot")
        sandbox = current().sandbox
        sandbox.save_snapshot(name)
        return data(_show(name, sandbox.snapshot(name)))

    @admin.post("/snapshots/<name>/restore")
    def restore_snapshot(name: str) -> Response:
        current().sandbox.restore_snapshot(name)
        return nothing()

    @admin.delete("/snapshots/<name>")
    def delete_snapshot(name: str) -> Response:
        current().sandbox.delete_snapshot(name)
        return nothing()

    @admin.get("/snapshots/<name>/fixture")
    def download_snapshot(name: str) -> Response:
        state = current().sandbox.snapshot(name)
        return _yaml(state)

    @admin.get("/fixture")
    def download_present() -> Response:
        return _yaml(current().sandbox.state())


def _show(name: str, state: SandboxState) -> dict[str, Any]:
    return {
        "name": name,
        "now": to_milliseconds_text(state.clock.now()),
        "carts": len(state.store.carts),
    }


def _yaml(state: SandboxState) -> Response:
    armed = [rule.definition for rule in state.rules.rules]
    text = to_yaml(state.store, state.clock.now(), armed)
    return Response(text, content_type="application/yaml")
