"""The sandboxes of a run, and who may be in one: many that read and write carts, or one that acts
on the sandbox as a whole.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from random import Random

from benchmarks.soak.model import Cart, Model

MAX_CARTS = 30
HOT = 8
"""So many of the sandboxes get half of the load: there connections really meet."""


class Room:
    """One sandbox: its name, its model, the models of its snapshots, and who is in it.

    `knows` are the sandboxes whose texts may be in it: its own name, and that of what it is a fork
    of.
    """

    def __init__(self, name: str, knows: tuple[str, ...] = ()) -> None:
        self.name = name
        self.knows = knows or (name,)
        self.model = Model()
        self.saved: dict[str, Model] = {}
        self.closed = False
        self._visitors = 0
        self._left = asyncio.Event()
        self._in_hand: set[str] = set()
        self._doubts: list[set[str]] = []
        self._named = 0

    def new_name(self) -> str:
        """Return a text that this sandbox has never stored before."""
        self._named += 1
        return str(self._named)

    @contextmanager
    def visit(self) -> Iterator[None]:
        """Be one of many in the sandbox."""
        assert not self.closed, f"{self.name} is closed"
        self._visitors += 1
        try:
            yield
        finally:
            self._visitors -= 1
            self._left.set()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Wait until everybody has left, and keep others out."""
        assert not self.closed, f"{self.name} is closed"
        self.closed = True
        try:
            while self._visitors:
                self._left.clear()
                await self._left.wait()
            yield
        finally:
            self.closed = False

    @contextmanager
    def taking(self, *texts: str) -> Iterator[None]:
        """Have a cart in hand, by its id or its name: whoever lists meanwhile can't be sure."""
        self._in_hand.update(texts)
        for doubt in self._doubts:
            doubt.update(texts)
        try:
            yield
        finally:
            self._in_hand.difference_update(texts)

    @contextmanager
    def doubting(self) -> Iterator[set[str]]:
        """Yield the ids and names that were in somebody's hand at some time in the block."""
        doubt = set(self._in_hand)
        self._doubts.append(doubt)
        try:
            yield doubt
        finally:
            self._doubts = [each for each in self._doubts if each is not doubt]

    def free_cart(self, rng: Random) -> Cart | None:
        """Return a cart that is alive and in nobody's hand, if there is one."""
        free = [
            each
            for each in self.model.carts.values()
            if each.id not in self._in_hand and not self.model.is_expired(each)
        ]
        return rng.choice(free) if free else None


class Rooms:
    """All sandboxes of the load. In the last eighth of them the clock jumps by days."""

    def __init__(self, count: int) -> None:
        jumping = max(1, count // 8)
        self.all = [Room(f"room-{n}") for n in range(count)]
        self.jumping = self.all[-jumping:]

    def pick(self, rng: Random) -> Room:
        """Return a sandbox that is open, one of the hot ones half of the time."""
        while True:
            among = self.all[:HOT] if rng.random() < 0.5 else self.all
            room = rng.choice(among)
            if not room.closed:
                return room

    def pick_open(self, among: list[Room], rng: Random) -> Room | None:
        """Return one of some sandboxes that is open, or None."""
        still = [room for room in among if not room.closed]
        return rng.choice(still) if still else None
