"""Calls of the admin API on whole sandboxes: snapshots, forks, resets, clocks, rules.

An action that replaces a sandbox's state replaces its model by the model's own copy.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from benchmarks.soak import load
from benchmarks.soak.client import Client
from benchmarks.soak.model import Cart, Model, describe_difference
from benchmarks.soak.rule_samples import INVALID_ADMIN_REQUESTS, RULES, TTL_S
from benchmarks.soak.sandbox_pool import Sandbox, SandboxPool
from benchmarks.soak.stats import Breach

SNAPSHOTS = ("morning", "evening")


@dataclass(slots=True)
class AdminWorker:
    """Acts on whole sandboxes. `download` is the last state that was downloaded as a fixture file,
    with the names of its carts by id."""

    client: Client
    pool: SandboxPool
    name: str
    download: tuple[str, dict[str, str]] | None = None
    _forked: int = 0
    _turn: int = 0
    _order: list[str] = field(default_factory=list)

    async def act(self) -> str | None:
        """Take the next action, on a random sandbox; return its name, or None if it did not fit.

        Every action is tried once before any is taken again.
        """
        rng = self.client.rng
        if not self._order:
            self._order = [*ACTIONS]
            rng.shuffle(self._order)
        name = self._order.pop()
        candidates = self.pool.jumping if name in CLOCK_ACTIONS else self.pool.all
        if name in SNAPSHOT_ACTIONS:
            candidates = [sandbox for sandbox in candidates if sandbox.snapshots]
        sandbox = self.pool.pick_open(candidates, rng)
        if sandbox is None or not await ACTIONS[name](self, sandbox):
            return None
        self.client.stats.admin_actions[name] += 1
        return name

    async def save(self, sandbox: Sandbox) -> bool:
        async with sandbox.exclusive():
            name = self.client.rng.choice(SNAPSHOTS)
            await self.client.admin(sandbox.name, "PUT", f"/snapshots/{name}")
            sandbox.snapshots[name] = sandbox.model.copy()
        return True

    async def restore(self, sandbox: Sandbox) -> bool:
        """Restore a snapshot, and verify that everything is as it was."""
        async with sandbox.exclusive():
            if not sandbox.snapshots:
                return False
            name = self.client.rng.choice([*sandbox.snapshots])
            await self.client.admin(sandbox.name, "POST", f"/snapshots/{name}/restore")
            sandbox.model = sandbox.snapshots[name].copy()
            await self._verify(sandbox)
        return True

    async def delete_snapshot(self, sandbox: Sandbox) -> bool:
        async with sandbox.exclusive():
            if not sandbox.snapshots:
                return False
            name, _ = sandbox.snapshots.popitem()
            await self.client.admin(sandbox.name, "DELETE", f"/snapshots/{name}")
        return True

    async def reset(self, sandbox: Sandbox) -> bool:
        async with sandbox.exclusive():
            await self.client.admin(sandbox.name, "POST", "/reset")
            sandbox.model = Model()
            await self._verify(sandbox)
        return True

    async def delete(self, sandbox: Sandbox) -> bool:
        """Delete a sandbox; the next request that names it creates a new one."""
        async with sandbox.exclusive():
            await self.client.admin(None, "DELETE", f"/sandboxes/{sandbox.name}", expect=[204, 404])
            sandbox.model, sandbox.snapshots = Model(), {}
        return True

    async def fork(self, sandbox: Sandbox) -> bool:
        """Fork a sandbox, write to the fork, and delete it."""
        return await self._fork(sandbox, None)

    async def fork_of_snapshot(self, sandbox: Sandbox) -> bool:
        if not sandbox.snapshots:
            return False
        return await self._fork(sandbox, self.client.rng.choice([*sandbox.snapshots]))

    async def download_fixture(self, sandbox: Sandbox) -> bool:
        """Download a state as a fixture file, which must hold the acknowledged carts."""
        async with sandbox.exclusive():
            snapshot = self.client.rng.choice([None, *sandbox.snapshots])
            path = "/fixture" if snapshot is None else f"/snapshots/{snapshot}/fixture"
            response = await self.client.admin(sandbox.name, "GET", path)
            model = (sandbox.model if snapshot is None else sandbox.snapshots[snapshot]).copy()
        text = response.body.decode()
        carts = yaml.load(text, yaml.CSafeLoader).get("carts", ())
        actual = {cart["id"]: cart["name"] for cart in carts if cart["name"].startswith("~")}
        expected = {cart.id: cart.name for cart in model.alive().values()}
        if actual != expected:
            difference = describe_difference(expected, actual)
            raise Breach(f"the state of {sandbox.name} as a file: {difference}")
        if not model.rule_statuses and not model.limited:
            self.download = (text, expected)
        return True

    async def advance(self, sandbox: Sandbox) -> bool:
        """Advance a clock by some days: carts that were not changed for a week expire."""
        async with sandbox.exclusive():
            days = self.client.rng.choice((1, 2, 3, 8))
            await self._change_clock(sandbox, action="advance", duration=f"P{days}D")
            sandbox.model.day += days
            await self._verify(sandbox)
        return True

    async def freeze_or_resume(self, sandbox: Sandbox) -> bool:
        async with sandbox.exclusive():
            await self._change_clock(sandbox, action="resume" if sandbox.model.frozen else "freeze")
            sandbox.model.frozen = not sandbox.model.frozen
        return True

    async def reset_clock(self, sandbox: Sandbox) -> bool:
        """Reset a clock to the present: carts that had expired are there again."""
        async with sandbox.exclusive():
            await self._change_clock(sandbox, action="reset")
            sandbox.model.day, sandbox.model.frozen = 0, False
            await self._verify(sandbox)
        return True

    async def arm(self, sandbox: Sandbox) -> bool:
        """Replace the rules that are armed by a few others."""
        async with sandbox.exclusive():
            await self.client.admin(sandbox.name, "DELETE", "/rules")
            chosen = self.client.rng.sample(RULES, 3)
            for rule, _ in chosen:
                await self.client.admin(sandbox.name, "POST", "/rules", {**rule, "ttl_s": TTL_S})
            sandbox.model.rule_statuses = frozenset(
                status for _, status in chosen if status is not None
            )
        return True

    async def disarm(self, sandbox: Sandbox) -> bool:
        """Delete all rules: from now on nothing may fail."""
        async with sandbox.exclusive():
            await self.client.admin(sandbox.name, "DELETE", "/rules")
            sandbox.model.rule_statuses = frozenset()
        return True

    async def change_rate_limit(self, sandbox: Sandbox) -> bool:
        """Set a rate limit, or remove it."""
        async with sandbox.exclusive():
            limit = None if sandbox.model.limited else 20
            await self.client.admin(
                sandbox.name, "PUT", "/rate-limit", {"requests_per_second": limit}
            )
            sandbox.model.limited = limit is not None
        return True

    async def inspect(self, sandbox: Sandbox) -> bool:
        """Read the journal, the state and the coverage, while others use the sandbox."""
        with sandbox.shared():
            for path in ("/requests?limit=20", "/state", f"/coverage?sandbox={sandbox.name}"):
                await self.client.admin(sandbox.name, "GET", path)
        return True

    async def send_invalid_request(self, sandbox: Sandbox) -> bool:
        method, path, body, status = self.client.rng.choice(INVALID_ADMIN_REQUESTS)
        with sandbox.shared():
            await self.client.admin(
                sandbox.name, method, path.replace("{own}", sandbox.name), body, expect=[status]
            )
        return True

    async def _change_clock(self, sandbox: Sandbox, **change: str) -> None:
        await self.client.admin(sandbox.name, "PUT", "/clock", change)

    async def _fork(self, sandbox: Sandbox, snapshot: str | None) -> bool:
        self._forked += 1
        name = f"fork-{self.name}{self._forked}"
        fork = Sandbox(name, allowed_tags=(name, sandbox.name))
        async with sandbox.exclusive():
            if snapshot is not None and snapshot not in sandbox.snapshots:
                return False
            await self.client.admin(sandbox.name, "GET", "/clock")  # so that it exists
            body = {"fork_of": sandbox.name, **({"snapshot": snapshot} if snapshot else {})}
            await self.client.admin(None, "POST", f"/sandboxes/{name}", body)
            fork.model = (sandbox.snapshots[snapshot] if snapshot else sandbox.model).copy()
        await self._verify(fork)
        for action in (load.create, load.rename, load.list_all, load.delete):
            with fork.shared():
                await action(self.client, fork)
        await self._verify(fork)
        await self.client.admin(None, "DELETE", f"/sandboxes/{name}")
        return True

    async def _verify(self, sandbox: Sandbox) -> None:
        """Compare a sandbox that no other client uses with its model."""
        path = "/state?filter=~&limit=1000"
        response = await self.client.admin(
            sandbox.name, "GET", path, allowed_tags=sandbox.allowed_tags
        )
        actual = {cart["id"]: _actual(cart) for cart in response.json["carts"]["shown"]}
        expected = {cart.id: _expected(cart) for cart in sandbox.model.alive().values()}
        if actual != expected:
            raise Breach(f"the state of {sandbox.name}: {describe_difference(expected, actual)}")


def _actual(cart: Mapping[str, Any]) -> tuple[str, list[str], int]:
    return cart["name"], sorted(cart["account_ids"]), cart["items"]


def _expected(cart: Cart) -> tuple[str, list[str], int]:
    return cart.name, sorted(cart.accounts), len(cart.items)


SNAPSHOT_ACTIONS = frozenset(("restore", "delete snapshot", "fork a snapshot"))
"""The actions for sandboxes that have a snapshot."""
CLOCK_ACTIONS = frozenset(("advance", "freeze or resume", "reset clock"))
"""The actions for sandboxes whose clock may jump."""
ACTIONS: Mapping[str, Callable[[AdminWorker, Sandbox], Awaitable[bool]]] = {
    "save": AdminWorker.save,
    "save again": AdminWorker.save,
    "restore": AdminWorker.restore,
    "delete snapshot": AdminWorker.delete_snapshot,
    "reset": AdminWorker.reset,
    "delete": AdminWorker.delete,
    "fork": AdminWorker.fork,
    "fork a snapshot": AdminWorker.fork_of_snapshot,
    "download": AdminWorker.download_fixture,
    "advance": AdminWorker.advance,
    "freeze or resume": AdminWorker.freeze_or_resume,
    "reset clock": AdminWorker.reset_clock,
    "arm": AdminWorker.arm,
    "disarm": AdminWorker.disarm,
    "rate limit": AdminWorker.change_rate_limit,
    "inspect": AdminWorker.inspect,
    "invalid request": AdminWorker.send_invalid_request,
}
