"""Sandboxes: list, make, fork, throw away."""

from typing import Any

from flask import Blueprint, Response

from mockserver.admin.bodies import body, data, nothing
from mockserver.core.clock import to_milliseconds_text
from mockserver.sandbox.registry import SandboxRegistry
from mockserver.sandbox.sandbox import Sandbox


def add_routes(admin: Blueprint, held: SandboxRegistry) -> None:
    """Add the routes of this noun."""

    @admin.get("/sandboxes")
    def list_sandboxes() -> Response:
        return data([_show(name, sandbox) for name, sandbox in held.all()])

    @admin.get("/sandboxes/<name>")
    def get_sandbox(name: str) -> Response:
        return data(_show(name, held.get(name)))

    @admin.post("/sandboxes/<name>")
    def create_sandbox(name: str) -> Response:
        given = body("createSandbox")
        made = held.create(name, given.get("fork_of"), given.get("snapshot"))
        return data(_show(name, made), 201)

    @admin.delete("/sandboxes/<name>")
    def delete_sandbox(name: str) -> Response:
        held.delete(name)
        return nothing()


def _show(name: str, sandbox: Sandbox) -> dict[str, Any]:
    return {
        "name": name,
        "base_path": f"/sandboxes/{name}",
        "now": to_milliseconds_text(sandbox.clock.now()),
        "carts": len(sandbox.store.carts),
        "requests": sandbox.journal.total(),
    }
