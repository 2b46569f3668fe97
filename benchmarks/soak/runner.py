"""Runs the clients of a soak at the same time, at a bounded rate, until the time is up."""

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
from benchmarks.soak.admin_calls import ACTIONS, AdminWorker
from benchmarks.soak.bad_clients import BEHAVIOURS, BadClient
from benchmarks.soak.client import Client
from benchmarks.soak.http_wire import Connection, NoResponse
from benchmarks.soak.process_monitor import ProcessMonitor
from benchmarks.soak.sandbox_pool import SandboxPool
from benchmarks.soak.secondary_servers import (
    FAULTS,
    SECONDARY_EVENTS,
    EvictionClient,
    Reloader,
    break_connection,
)
from benchmarks.soak.stats import Breach, Stats

CPU_SHARE = 0.6
"""Of one core: the load takes no more, so that the server has its own."""
ADMIN_WORKERS, BAD_CLIENTS, EVICTION_CLIENTS = 2, 6, 12
PROGRESS_S, ADAPT_S = 30, 0.5
REQUESTS_TO_FILL = 400
"""So many requests per sandbox, on average, fill its journal, its carts and its snapshots."""
MAX_OVERTIME_S = 120
"""How much longer a short run may last, until everything has happened once."""
Address = tuple[str, int]


class _TimeIsUp(Exception):
    pass


@dataclass(slots=True)
class Pacer:
    """Keeps this process at `CPU_SHARE` of a core, by spacing the requests of all clients."""

    stats: Stats
    rate: float = 300.0
    _next: float = 0.0

    async def wait_for_turn(self) -> None:
        now = time.perf_counter()
        self._next = max(self._next, now - 0.05) + 1 / self.rate
        if (wait := self._next - now) > 0:
            await asyncio.sleep(wait)

    async def adapt(self) -> None:
        """Measure the processor time of this process again and again, and adapt the rate to it."""
        while True:
            used, at = time.process_time(), time.perf_counter()
            await asyncio.sleep(ADAPT_S)
            took = time.perf_counter() - at
            self.stats.stalled_s = max(self.stats.stalled_s, took - ADAPT_S)
            share = (time.process_time() - used) / took
            self.rate = min(max(self.rate * min(max(CPU_SHARE / share, 0.7), 1.3), 20.0), 20_000.0)


@dataclass(slots=True)
class Runner:
    """A soak run. `main` serves the load, `side` breaks connections and keeps few sandboxes,
    `reloading` reloads `fixture`; `logged` returns what the servers logged apart from requests.
    `filled_after` is after how many seconds the sandboxes were full."""

    main: Address
    side: Address
    reloading: Address
    fixture: Path
    monitors: list[ProcessMonitor]
    logged: Callable[[], str | None]
    seconds: float
    connections: int
    sandboxes: int
    seed: int
    stats: Stats = field(default_factory=Stats)
    lasted: float = 0.0
    filled_after: float | None = None

    async def run(self) -> None:
        """Run until the time is up or until the first breach, which is in the stats."""
        start = time.perf_counter()
        pool = SandboxPool(self.sandboxes)
        pacer = Pacer(self.stats)
        admin_workers = [
            AdminWorker(Client(self.main, self.stats, self._rng(f"admin worker {n}")), pool, n)
            for n in "ab"[:ADMIN_WORKERS]
        ]
        reloader = Reloader(
            self.reloading, self.fixture, self.stats, lambda: admin_workers[0].download
        )
        clients = [
            Client(self.main, self.stats, self._rng(f"client {n}")) for n in range(self.connections)
        ]
        eviction_clients = [
            EvictionClient(Connection(self.side), self.stats, self._rng(f"eviction client {n}"))
            for n in range(EVICTION_CLIENTS)
        ]
        try:
            async with asyncio.TaskGroup() as group:
                for client in clients:
                    group.create_task(_work(client, pool, pacer))
                for admin_worker in admin_workers:
                    group.create_task(_repeat(admin_worker.act, 0.06))
                for eviction_client in eviction_clients:
                    group.create_task(_repeat(eviction_client.act, 0.1))
                for number in range(BAD_CLIENTS):
                    group.create_task(self._misbehave(number))
                group.create_task(self._break_connections())
                group.create_task(_repeat(reloader.act, min(10.0, self.seconds / 30)))
                group.create_task(pacer.adapt())
                group.create_task(self._monitor(start))
                group.create_task(self._print_progress(start))
        except* _TimeIsUp:
            pass
        except* (Breach, NoResponse, psutil.Error) as errors:
            self.stats.record_breach(str(_first(errors)))
        finally:
            self.lasted = time.perf_counter() - start
            for client in (*clients, *(admin_worker.client for admin_worker in admin_workers)):
                client.connection.drop()
            for eviction_client in eviction_clients:
                eviction_client.connection.drop()

    def _rng(self, user: str) -> Random:
        return Random(f"{self.seed} {user}")

    async def _misbehave(self, number: int) -> None:
        rng = self._rng(f"bad client {number}")
        bad_client = BadClient(self.main, self.stats, rng, f"bad-{number}")
        kinds = [*BEHAVIOURS]
        for turn in count(number * len(kinds) // BAD_CLIENTS):
            await bad_client.act(kinds[turn % len(kinds)])
            await asyncio.sleep(rng.uniform(0.02, 0.2))

    async def _break_connections(self) -> None:
        for number in count():
            await break_connection(self.side, self.stats, number)
            await asyncio.sleep(0.3)

    async def _monitor(self, start: float) -> None:
        while True:
            at = time.perf_counter() - start
            if self.filled_after is None and self.stats.total >= REQUESTS_TO_FILL * self.sandboxes:
                self.filled_after = at
            for monitor in self.monitors:
                monitor.samples.append(monitor.sample(at))
            if (logged := self.logged()) is not None:
                raise Breach(f"the server logged a fault: {logged}")
            if at >= self.seconds:
                missing = self._missing()
                if not missing:
                    raise _TimeIsUp
                if at >= self.seconds + MAX_OVERTIME_S:
                    raise Breach(f"the time is up, and this never happened: {missing}")
            await asyncio.sleep(min(1.0, self.seconds / 10))

    def _missing(self) -> list[str]:
        """Return what has not happened yet: a run without it would prove nothing."""
        seen = self.stats.admin_actions + self.stats.bad_clients + self.stats.requested_errors
        kinds = (*BEHAVIOURS, *ACTIONS, *FAULTS, *SECONDARY_EVENTS)
        return [kind for kind in kinds if not seen[kind]]

    async def _print_progress(self, start: float) -> None:
        before = 0
        while True:
            await asyncio.sleep(PROGRESS_S)
            seconds, done = time.perf_counter() - start, self.stats.total
            rate = (done - before) / PROGRESS_S
            sample = self.monitors[0].samples[-1]
            latencies = self.stats.latencies
            print(
                f"{seconds / 60:6.1f} min  {done:>9,} requests ({rate:.0f}/s)"
                f"  {self.stats.admin_actions.total():>7,} admin actions"
                f"  {self.stats.bad_clients.total():>7,} bad requests"
                f"  p50 {latencies.percentile(0.5)} p99 {latencies.percentile(0.99)} ms"
                f"  {sample.memory:.1f} MB  {sample.threads} threads  {sample.descriptors} fds",
                flush=True,
            )
            before = done


async def _work(client: Client, pool: SandboxPool, pacer: Pacer) -> None:
    actions, weights = [*load.ACTIONS], [*load.ACTIONS.values()]
    while True:
        await pacer.wait_for_turn()
        sandbox = pool.pick(client.rng)
        [action] = client.rng.choices(actions, weights)
        with sandbox.shared():
            await action(client, sandbox)


async def _repeat(act: Callable[[], Awaitable[object]], pause: float) -> None:
    while True:
        await act()
        await asyncio.sleep(pause)


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    first: BaseException = group
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return first
