"""The sandboxes of a run, each used by many clients that read and write carts, or by one that acts
on the sandbox as a whole.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from random import Random

from benchmarks.soak.model import Cart, Model

MAX_CARTS = 30
HOT_SANDBOXES = 8
"""So many of the sandboxes get half of the load: there connections really meet."""


class Sandbox:
    """A sandbox: its name, its model, the models of its snapshots, and its users.

    `allowed_tags` are the sandboxes whose texts may be in it: itself, and the one that a fork comes
    from.
    """

    def __init__(self, name: str, allowed_tags: tuple[str, ...] = ()) -> None:
        self.name = name
        self.allowed_tags = allowed_tags or (name,)
        self.model = Model()
        self.snapshots: dict[str, Model] = {}
        self.closed = False
        self._users = 0
        self._user_left = asyncio.Event()
        self._held: set[str] = set()
        self._collected: list[set[str]] = []
        self._texts = 0

    def new_text(self) -> str:
        """Return a text that this sandbox has never stored before."""
        self._texts += 1
        return str(self._texts)

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Use the sandbox together with others."""
        assert not self.closed, f"{self.name} is closed"
        self._users += 1
        try:
            yield
        finally:
            self._users -= 1
            self._user_left.set()

    @asynccontextmanager
    async def exclusive(self) -> AsyncIterator[None]:
        """Wait until all users have left, and keep others out."""
        assert not self.closed, f"{self.name} is closed"
        self.closed = True
        try:
            while self._users:
                self._user_left.clear()
                await self._user_left.wait()
            yield
        finally:
            self.closed = False

    @contextmanager
    def holding(self, *texts: str) -> Iterator[None]:
        """Reserve a cart, by its id or its name: lists that are read meanwhile may or may not show
        its change."""
        self._held.update(texts)
        for collected in self._collected:
            collected.update(texts)
        try:
            yield
        finally:
            self._held.difference_update(texts)

    @contextmanager
    def collecting_held(self) -> Iterator[set[str]]:
        """Yield the ids and names that were held at some time in the block."""
        collected = set(self._held)
        self._collected.append(collected)
        try:
            yield collected
        finally:
            self._collected = [held for held in self._collected if held is not collected]

    def pick_free_cart(self, rng: Random) -> Cart | None:
        """Return a cart that is neither expired nor held, if there is one."""
        free = [cart for cart in self.model.alive().values() if cart.id not in self._held]
        return rng.choice(free) if free else None


class SandboxPool:
    """All sandboxes of the load. In the last eighth of them the clock jumps by days."""

    def __init__(self, count: int) -> None:
        jumping = max(1, count // 8)
        self.all = [Sandbox(f"sandbox-{n}") for n in range(count)]
        self.jumping = self.all[-jumping:]

    def pick(self, rng: Random) -> Sandbox:
        """Return a sandbox that is open, one of the hot ones half of the time."""
        while True:
            candidates = self.all[:HOT_SANDBOXES] if rng.random() < 0.5 else self.all
            sandbox = rng.choice(candidates)
            if not sandbox.closed:
                return sandbox

    def pick_open(self, candidates: list[Sandbox], rng: Random) -> Sandbox | None:
        """Return one of some sandboxes that is open, or None."""
        still_open = [sandbox for sandbox in candidates if not sandbox.closed]
        return rng.choice(still_open) if still_open else None
