"""What tests do to sandboxes as a whole, through the admin API: snapshots, forks, resets, clocks,
rules. Where an action replaces a state, the model's own copy is put in the same place.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from benchmarks.soak import load
from benchmarks.soak.armoury import BROKEN, RULES, TTL_S
from benchmarks.soak.client import Client
from benchmarks.soak.ledger import Breach
from benchmarks.soak.model import Cart, Model, different
from benchmarks.soak.rooms import Room, Rooms

SNAPSHOTS = ("morning", "evening")


@dataclass(slots=True)
class Controller:
    """One who acts on sandboxes. `download` is the last state that was taken home as a fixture
    file, with the carts that are in it."""

    client: Client
    rooms: Rooms
    name: str
    download: tuple[str, dict[str, str]] | None = None
    _forked: int = 0
    _turn: int = 0
    _order: list[str] = field(default_factory=list)

    async def act(self) -> str | None:
        """Take the next action, on a sandbox by chance; returns its name, None if it did not fit.

        Every action gets its turn before any is taken again.
        """
        rng = self.client.rng
        if not self._order:
            self._order = [*ACTIONS]
            rng.shuffle(self._order)
        name = self._order.pop()
        among = self.rooms.jumping if name in CLOCK else self.rooms.all
        if name in OF_SNAPSHOTS:
            among = [room for room in among if room.saved]
        room = self.rooms.pick_open(among, rng)
        if room is None or not await ACTIONS[name](self, room):
            return None
        self.client.ledger.control[name] += 1
        return name

    async def save(self, room: Room) -> bool:
        """Take a snapshot."""
        async with room.alone():
            name = self.client.rng.choice(SNAPSHOTS)
            await self.client.admin(room.name, "PUT", f"/snapshots/{name}")
            room.saved[name] = room.model.copy()
        return True

    async def restore(self, room: Room) -> bool:
        """Go back to a snapshot, and find everything as it was."""
        async with room.alone():
            if not room.saved:
                return False
            name = self.client.rng.choice([*room.saved])
            await self.client.admin(room.name, "POST", f"/snapshots/{name}/restore")
            room.model = room.saved[name].copy()
            await self._verify(room)
        return True

    async def forget(self, room: Room) -> bool:
        """Throw a snapshot away."""
        async with room.alone():
            if not room.saved:
                return False
            name, _ = room.saved.popitem()
            await self.client.admin(room.name, "DELETE", f"/snapshots/{name}")
        return True

    async def reset(self, room: Room) -> bool:
        """Go back to the fixtures."""
        async with room.alone():
            await self.client.admin(room.name, "POST", "/reset")
            room.model = Model()
            await self._verify(room)
        return True

    async def throw_away(self, room: Room) -> bool:
        """Delete a sandbox; the next one who names it makes a new one."""
        async with room.alone():
            await self.client.admin(None, "DELETE", f"/sandboxes/{room.name}", expect=[204, 404])
            room.model, room.saved = Model(), {}
        return True

    async def fork(self, room: Room) -> bool:
        """Make a sandbox in another one's state, write in it, and throw it away."""
        return await self._fork(room, None)

    async def fork_of_snapshot(self, room: Room) -> bool:
        """Make a sandbox in the state of another one's snapshot."""
        if not room.saved:
            return False
        return await self._fork(room, self.client.rng.choice([*room.saved]))

    async def take_home(self, room: Room) -> bool:
        """Download a state as a fixture file, which has to hold the acknowledged carts."""
        async with room.alone():
            where = self.client.rng.choice([None, *room.saved])
            path = "/fixture" if where is None else f"/snapshots/{where}/fixture"
            answer = await self.client.admin(room.name, "GET", path)
            model = (room.model if where is None else room.saved[where]).copy()
        text = answer.body.decode()
        carts = {
            each["id"]: each["name"] for each in yaml.load(text, yaml.CSafeLoader).get("carts", ())
        }
        expected = {each.id: each.name for each in model.alive().values()}
        found = {cart_id: name for cart_id, name in carts.items() if name.startswith("~")}
        if found != expected:
            raise Breach(f"the state of {room.name} as a file: {different(expected, found)}")
        if not model.refusals and not model.limited:
            self.download = (text, expected)
        return True

    async def advance(self, room: Room) -> bool:
        """Move a clock on by some days: carts that nobody touched for a week are gone."""
        async with room.alone():
            days = self.client.rng.choice((1, 2, 3, 8))
            await self._clock(room, action="advance", duration=f"P{days}D")
            room.model.day += days
            await self._verify(room)
        return True

    async def freeze(self, room: Room) -> bool:
        """Stop a clock, or let it run on."""
        async with room.alone():
            await self._clock(room, action="resume" if room.model.frozen else "freeze")
            room.model.frozen = not room.model.frozen
        return True

    async def put_back(self, room: Room) -> bool:
        """Put a clock back to the present: what it took is there again, as far as it was kept."""
        async with room.alone():
            await self._clock(room, action="reset")
            room.model.day, room.model.frozen = 0, False
            await self._verify(room)
        return True

    async def arm(self, room: Room) -> bool:
        """Arm a few rules in place of those that were armed."""
        async with room.alone():
            await self.client.admin(room.name, "DELETE", "/rules")
            chosen = self.client.rng.sample(RULES, 3)
            for rule, _ in chosen:
                await self.client.admin(room.name, "POST", "/rules", {**rule, "ttl_s": TTL_S})
            room.model.refusals = frozenset(status for _, status in chosen if status is not None)
        return True

    async def disarm(self, room: Room) -> bool:
        """Take all rules away: from now on nothing may fail."""
        async with room.alone():
            await self.client.admin(room.name, "DELETE", "/rules")
            room.model.refusals = frozenset()
        return True

    async def limit(self, room: Room) -> bool:
        """Set a rate limit, or take it away."""
        async with room.alone():
            most = None if room.model.limited else 20
            await self.client.admin(room.name, "PUT", "/rate-limit", {"requests_per_second": most})
            room.model.limited = most is not None
        return True

    async def look(self, room: Room) -> bool:
        """Read the journal, the world and the sandboxes, while others work in them."""
        with room.visit():
            for path in ("/requests?limit=20", "/world", f"/coverage?sandbox={room.name}"):
                await self.client.admin(room.name, "GET", path)
        return True

    async def mistake(self, room: Room) -> bool:
        """Send the admin API something that is no use."""
        method, path, body, status = self.client.rng.choice(BROKEN)
        with room.visit():
            await self.client.admin(
                room.name, method, path.replace("{own}", room.name), body, expect=[status]
            )
        return True

    async def _clock(self, room: Room, **change: str) -> None:
        await self.client.admin(room.name, "PUT", "/clock", change)

    async def _fork(self, room: Room, snapshot: str | None) -> bool:
        self._forked += 1
        name = f"fork-{self.name}{self._forked}"
        twin = Room(name, knows=(name, room.name))
        async with room.alone():
            if snapshot is not None and snapshot not in room.saved:
                return False
            await self.client.admin(room.name, "GET", "/clock")  # so that there is one to fork
            body = {"fork_of": room.name, **({"snapshot": snapshot} if snapshot else {})}
            await self.client.admin(None, "POST", f"/sandboxes/{name}", body)
            twin.model = (room.saved[snapshot] if snapshot else room.model).copy()
        await self._verify(twin)
        for action in (load.create, load.rename, load.list_all, load.delete):
            with twin.visit():
                await action(self.client, twin)
        await self._verify(twin)
        await self.client.admin(None, "DELETE", f"/sandboxes/{name}")
        return True

    async def _verify(self, room: Room) -> None:
        """Hold a whole sandbox, where nobody else is, against its model."""
        path = "/world?filter=~&limit=1000"
        answer = await self.client.admin(room.name, "GET", path, knows=room.knows)
        found = {each["id"]: _told(each) for each in answer.json["carts"]["shown"]}
        expected = {each.id: _acknowledged(each) for each in room.model.alive().values()}
        if found != expected:
            raise Breach(f"the world of {room.name}: {different(expected, found)}")


def _told(shown: Mapping[str, Any]) -> tuple[str, list[str], int]:
    return shown["name"], sorted(shown["account_ids"]), shown["items"]


def _acknowledged(cart: Cart) -> tuple[str, list[str], int]:
    return cart.name, sorted(cart.accounts), len(cart.items)


OF_SNAPSHOTS = frozenset(("restore", "forget", "fork a snapshot"))
"""The actions for sandboxes that have a snapshot."""
CLOCK = frozenset(("advance", "freeze or resume", "put clock back"))
"""The actions for sandboxes whose clock may jump."""
ACTIONS: Mapping[str, Callable[[Controller, Room], Awaitable[bool]]] = {
    "save": Controller.save,
    "save again": Controller.save,
    "restore": Controller.restore,
    "forget": Controller.forget,
    "reset": Controller.reset,
    "throw away": Controller.throw_away,
    "fork": Controller.fork,
    "fork a snapshot": Controller.fork_of_snapshot,
    "take home": Controller.take_home,
    "advance": Controller.advance,
    "freeze or resume": Controller.freeze,
    "put clock back": Controller.put_back,
    "arm": Controller.arm,
    "disarm": Controller.disarm,
    "limit": Controller.limit,
    "look": Controller.look,
    "mistake": Controller.mistake,
}
