"""The day itself: who works at the same time, how fast, and until when."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random

import psutil

from benchmarks.soak import load
from benchmarks.soak.beside import BESIDE, FAULTS, Passer, Reloader, break_connection
from benchmarks.soak.client import Client
from benchmarks.soak.control import ACTIONS, Controller
from benchmarks.soak.ledger import Breach, Ledger
from benchmarks.soak.misbehaviour import KINDS, Rude
from benchmarks.soak.rooms import Rooms
from benchmarks.soak.watch import Watch
from benchmarks.soak.wire import Connection, NoAnswer

SHARE = 0.6
"""Of one core: the load takes no more, so that the server has its own."""
CONTROLLERS, RUDE, PASSERS = 2, 6, 12
PROGRESS_S, LOOKS_S = 30, 0.5
TO_FILL = 400
"""So many requests a sandbox, on an average, fill its journal, its carts and its snapshots."""
MAX_OVERTIME_S = 120
"""How much longer a short run may last, until everything has happened once."""
Address = tuple[str, int]


class _Evening(Exception):
    """The time is over."""


@dataclass(slots=True)
class Pacer:
    """Keeps this process at `SHARE` of a core, by spacing the requests of all clients."""

    ledger: Ledger
    rate: float = 300.0
    _next: float = 0.0

    async def turn(self) -> None:
        """Wait for one's turn."""
        now = time.perf_counter()
        self._next = max(self._next, now - 0.05) + 1 / self.rate
        if (wait := self._next - now) > 0:
            await asyncio.sleep(wait)

    async def adapt(self) -> None:
        """Look once in a while at what this process takes, and change the pace."""
        while True:
            used, at = time.process_time(), time.perf_counter()
            await asyncio.sleep(LOOKS_S)
            took = time.perf_counter() - at
            self.ledger.stalled_s = max(self.ledger.stalled_s, took - LOOKS_S)
            share = (time.process_time() - used) / took
            self.rate = min(max(self.rate * min(max(SHARE / share, 0.7), 1.3), 20.0), 20_000.0)


@dataclass(slots=True)
class Day:
    """Everything that goes on. `main` serves the load, `side` breaks connections and keeps few
    sandboxes, `reloading` reads `fixture` anew; `news` gives what the servers logged that is no
    request. `filled_after` is after how many seconds the sandboxes were full."""

    main: Address
    side: Address
    reloading: Address
    fixture: Path
    watches: list[Watch]
    news: Callable[[], str | None]
    seconds: float
    connections: int
    sandboxes: int
    seed: int
    ledger: Ledger = field(default_factory=Ledger)
    lasted: float = 0.0
    filled_after: float | None = None

    async def live(self) -> None:
        """Live through the day, to its end or to the first breach, which is in the ledger."""
        start = time.perf_counter()
        rooms = Rooms(self.sandboxes)
        pacer = Pacer(self.ledger)
        controllers = [
            Controller(Client(self.main, self.ledger, self._chance(f"controller {n}")), rooms, n)
            for n in "ab"[:CONTROLLERS]
        ]
        reloader = Reloader(
            self.reloading, self.fixture, self.ledger, lambda: controllers[0].download
        )
        clients = [
            Client(self.main, self.ledger, self._chance(f"client {n}"))
            for n in range(self.connections)
        ]
        passers = [
            Passer(Connection(self.side), self.ledger, self._chance(f"passer {n}"))
            for n in range(PASSERS)
        ]
        try:
            async with asyncio.TaskGroup() as group:
                for client in clients:
                    group.create_task(_work(client, rooms, pacer))
                for controller in controllers:
                    group.create_task(_again(controller.act, 0.06))
                for passer in passers:
                    group.create_task(_again(passer.act, 0.1))
                for number in range(RUDE):
                    group.create_task(self._misbehave(number))
                group.create_task(self._break_connections())
                group.create_task(_again(reloader.act, min(10.0, self.seconds / 30)))
                group.create_task(pacer.adapt())
                group.create_task(self._watch(start))
                group.create_task(self._tell(start))
        except* _Evening:
            pass
        except* (Breach, NoAnswer, psutil.Error) as wrong:
            self.ledger.found(str(_first(wrong)))
        finally:
            self.lasted = time.perf_counter() - start
            for each in (*clients, *(controller.client for controller in controllers)):
                each.connection.drop()
            for passer in passers:
                passer.connection.drop()

    def _chance(self, whose: str) -> Random:
        return Random(f"{self.seed} {whose}")

    async def _misbehave(self, number: int) -> None:
        rng = self._chance(f"rude {number}")
        rude = Rude(self.main, self.ledger, rng, f"rude-{number}")
        kinds = [*KINDS]
        for turn in count(number * len(kinds) // RUDE):
            await rude.act(kinds[turn % len(kinds)])
            await asyncio.sleep(rng.uniform(0.02, 0.2))

    async def _break_connections(self) -> None:
        for number in count():
            await break_connection(self.side, self.ledger, number)
            await asyncio.sleep(0.3)

    async def _watch(self, start: float) -> None:
        while True:
            at = time.perf_counter() - start
            if self.filled_after is None and self.ledger.total >= TO_FILL * self.sandboxes:
                self.filled_after = at
            for watch in self.watches:
                watch.samples.append(watch.look(at))
            if (told := self.news()) is not None:
                raise Breach(f"the server logged a fault: {told}")
            if at >= self.seconds:
                missing = self._missing()
                if not missing:
                    raise _Evening
                if at >= self.seconds + MAX_OVERTIME_S:
                    raise Breach(f"the day is over, and this never happened: {missing}")
            await asyncio.sleep(min(1.0, self.seconds / 10))

    def _missing(self) -> list[str]:
        """Return what has not happened yet: a day without it would show nothing."""
        seen = self.ledger.control + self.ledger.misbehaviour + self.ledger.on_demand
        return [each for each in (*KINDS, *ACTIONS, *FAULTS, *BESIDE) if not seen[each]]

    async def _tell(self, start: float) -> None:
        before = 0
        while True:
            await asyncio.sleep(PROGRESS_S)
            seconds, done = time.perf_counter() - start, self.ledger.total
            rate = (done - before) / PROGRESS_S
            sample = self.watches[0].samples[-1]
            latencies = self.ledger.latencies
            print(
                f"{seconds / 60:6.1f} min  {done:>9,} requests ({rate:.0f}/s)"
                f"  {self.ledger.control.total():>7,} control"
                f"  {self.ledger.misbehaviour.total():>7,} misbehaviours"
                f"  p50 {latencies.percentile(0.5)} p99 {latencies.percentile(0.99)} ms"
                f"  {sample.memory:.1f} MB  {sample.threads} threads  {sample.descriptors} fds",
                flush=True,
            )
            before = done


async def _work(client: Client, rooms: Rooms, pacer: Pacer) -> None:
    actions, weights = [*load.ACTIONS], [*load.ACTIONS.values()]
    while True:
        await pacer.turn()
        room = rooms.pick(client.rng)
        [action] = client.rng.choices(actions, weights)
        with room.visit():
            await action(client, room)


async def _again(act: Callable[[], Awaitable[object]], pause: float) -> None:
    while True:
        await act()
        await asyncio.sleep(pause)


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    first: BaseException = group
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return first
