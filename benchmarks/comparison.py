"""Measures contestants in turn: start-up time and memory, and requests under load.

For start-up and memory one server runs at a time. For the load all servers are up, warm and filled,
and `wrk` goes from one to the next within each round, so that disturbances affect all of them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks import wrk
from benchmarks.contestants import Contestant
from benchmarks.processes import running
from benchmarks.work import CONNECTIONS, check

MAX_CONNECTIONS = max(CONNECTIONS)
FOOTPRINT_JOBS = ("write", "get")
"""The jobs that each server does before its memory is measured again."""


@dataclass(frozen=True, slots=True)
class Effort:
    """The number of rounds, the length of each measurement, and how long each job runs before
    anything is measured: a just-in-time compiler needs seconds to warm up."""

    rounds: int
    seconds: float
    warm_seconds: float


QUICK = Effort(rounds=1, seconds=1, warm_seconds=1)
THOROUGH = Effort(rounds=5, seconds=2, warm_seconds=5)


def measure_footprints(contestants: Sequence[Contestant], effort: Effort) -> list[dict[str, Any]]:
    """Return each server's time to its first response (s), and its memory (MB) then and after the
    load, in each round."""
    records = []
    for number in range(effort.rounds):
        for contestant in rotate(contestants, number):
            _print_progress(f"footprint {number + 1}/{effort.rounds}: {contestant.title}")
            with running(contestant.command, contestant.first) as process:
                at_rest = process.megabytes()
                contestant.fill(process.port)
                for kind in FOOTPRINT_JOBS:
                    if kind in contestant.jobs:
                        job = contestant.jobs[kind]
                        wrk.rate(process.port, job, MAX_CONNECTIONS, effort.seconds)
                records.append(
                    {
                        "round": number,
                        "contestant": contestant.name,
                        "first_response_s": process.first_response_s,
                        "rest_mb": at_rest,
                        "loaded_mb": process.megabytes(),
                    }
                )
    return records


def measure_loads(
    contestants: Sequence[Contestant], effort: Effort, connections: Sequence[int] = CONNECTIONS
) -> list[dict[str, Any]]:
    """Return the requests per second and the latencies (ms) of each contestant in each round, by
    job and number of connections."""
    with ExitStack() as stack:
        ports = {}
        for contestant in contestants:
            process = stack.enter_context(running(contestant.command, contestant.first))
            ports[contestant.name] = process.port
            contestant.fill(process.port)
            for kind, job in contestant.jobs.items():
                _print_progress(f"warming {contestant.title}: {kind}")
                check(process.port, job, contestant.title)
                wrk.rate(process.port, job, MAX_CONNECTIONS, effort.warm_seconds)
        return list(_measure_rounds(contestants, ports, effort, connections))


def _measure_rounds(
    contestants: Sequence[Contestant],
    ports: dict[str, int],
    effort: Effort,
    connections: Sequence[int],
) -> Iterator[dict[str, Any]]:
    kinds = list(dict.fromkeys(kind for contestant in contestants for kind in contestant.jobs))
    for number in range(effort.rounds):
        for kind in kinds:
            for count in connections:
                _print_progress(f"round {number + 1}/{effort.rounds}: {kind}, {count} connections")
                for contestant in rotate(contestants, number):
                    if kind in contestant.jobs:
                        rate = wrk.rate(
                            ports[contestant.name], contestant.jobs[kind], count, effort.seconds
                        )
                        yield {
                            "round": number,
                            "contestant": contestant.name,
                            "job": kind,
                            "connections": count,
                            **asdict(rate),
                        }


def rotate(contestants: Sequence[Contestant], number: int) -> list[Contestant]:
    """Return the contestants in the order of a round: each round begins with another one."""
    first = number % len(contestants)
    return [*contestants[first:], *contestants[:first]]


def _print_progress(message: str) -> None:
    print(message, file=sys.stderr, flush=True)
