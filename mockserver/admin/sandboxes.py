"""Sandboxes, and what acts on one as a whole: reset, clock, snapshots, download as a fixture."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, Response

from mockserver.admin.schema import bad_request, json_response, no_content, validated_body
from mockserver.core.clock import EARLIEST, LATEST, Clock, parse_duration, parse_instant
from mockserver.core.clock import to_milliseconds_text as to_text
from mockserver.fixtures.export import to_yaml
from mockserver.http.context import current
from mockserver.sandbox.registry import SandboxRegistry, check_name
from mockserver.sandbox.sandbox import Sandbox, SandboxState


def _freeze(clock: Clock, body: Mapping[str, Any]) -> None:
    clock.freeze(parse_instant(body["instant"]) if "instant" in body else None)


CLOCK_ACTIONS: Mapping[str, Callable[[Clock, Mapping[str, Any]], None]] = {
    "freeze": _freeze,
    "advance": lambda clock, body: clock.advance(parse_duration(body["duration"])),
    "resume": lambda clock, _: clock.resume(),
    "reset": lambda clock, _: clock.reset(),
}


def add_routes(admin: Blueprint, registry: SandboxRegistry) -> None:
    @admin.get("/sandboxes")
    def list_sandboxes() -> Response:
        return json_response([_sandbox_to_dict(name, sandbox) for name, sandbox in registry.all()])

    @admin.get("/sandboxes/<name>")
    def get_sandbox(name: str) -> Response:
        return json_response(_sandbox_to_dict(name, registry.get(name)))

    @admin.post("/sandboxes/<name>")
    def create_sandbox(name: str) -> Response:
        body = validated_body("createSandbox")
        sandbox = registry.create(name, body.get("fork_of"), body.get("snapshot"))
        return json_response(_sandbox_to_dict(name, sandbox), 201)

    @admin.delete("/sandboxes/<name>")
    def delete_sandbox(name: str) -> Response:
        registry.delete(name)
        return no_content()

    @admin.post("/reset")
    def reset() -> Response:
        current().sandbox.reset()
        return no_content()

    @admin.get("/clock")
    def get_clock() -> Response:
        return json_response(_clock_to_dict(current().sandbox.clock))

    @admin.put("/clock")
    def change_clock() -> Response:
        body = validated_body("changeClock")
        act = CLOCK_ACTIONS[body["action"]]

        def change(clock: Clock) -> None:
            trial = clock.copy()
            act(trial, body)
            if not EARLIEST <= trial.now() < LATEST:
                raise bad_request("The clock would leave the years 1971 to 8999; stay inside.")
            act(clock, body)

        return json_response(_clock_to_dict(current().sandbox.move_clock(change)))

    @admin.get("/snapshots")
    def list_snapshots() -> Response:
        snapshots = current().sandbox.snapshots()
        return json_response([_snapshot_to_dict(*item) for item in sorted(snapshots.items())])

    @admin.put("/snapshots/<name>")
    def save_snapshot(name: str) -> Response:
        check_name(name, "snapshot")
        sandbox = current().sandbox
        sandbox.save_snapshot(name)
        return json_response(_snapshot_to_dict(name, sandbox.snapshot(name)))

    @admin.post("/snapshots/<name>/restore")
    def restore_snapshot(name: str) -> Response:
        current().sandbox.restore_snapshot(name)
        return no_content()

    @admin.delete("/snapshots/<name>")
    def delete_snapshot(name: str) -> Response:
        current().sandbox.delete_snapshot(name)
        return no_content()

    @admin.get("/snapshots/<name>/fixture")
    def download_snapshot(name: str) -> Response:
        return _fixture_response(current().sandbox.snapshot(name))

    @admin.get("/fixture")
    def download_state() -> Response:
        return _fixture_response(current().sandbox.state())


def _sandbox_to_dict(name: str, sandbox: Sandbox) -> dict[str, Any]:
    return {
        "name": name,
        "base_path": f"/sandboxes/{name}",
        "now": to_text(sandbox.clock.now()),
        "carts": len(sandbox.store.carts),
        "requests": sandbox.journal.total(),
    }


def _clock_to_dict(clock: Clock) -> dict[str, Any]:
    return {"now": to_text(clock.now()), "frozen": clock.is_frozen}


def _snapshot_to_dict(name: str, state: SandboxState) -> dict[str, Any]:
    return {
        "name": name,
        "now": to_text(state.clock.now()),
        "carts": len(state.store.carts),
    }


def _fixture_response(state: SandboxState) -> Response:
    rules = [rule.definition for rule in state.rules.rules]
    text = to_yaml(state.store, state.clock.now(), rules)
    return Response(text, content_type="application/yaml")
