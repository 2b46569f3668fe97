"""Contestants measured in turn: their lives, from the start to the memory that they take, and the
load that they bear.

A life is lived alone; for the load all are up, warm and filled, and `wrk` goes from one to the next
within each round, so that what the machine does meanwhile meets all of them.
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
WEIGHED_AFTER = ("write", "get")
"""The work that each does in its life, before its memory is measured again."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How many rounds there are, how long each measurement takes, and how long each kind of work is
    done before anything is measured: a just-in-time compiler needs seconds to learn it."""

    rounds: int
    seconds: float
    warm_seconds: float


QUICK = Effort(rounds=1, seconds=1, warm_seconds=1)
THOROUGH = Effort(rounds=5, seconds=2, warm_seconds=5)


def lives(contestants: Sequence[Contestant], effort: Effort) -> list[dict[str, Any]]:
    """Return how long each took to its first answer (s), and its memory (MB) then and after the
    load, in each round."""
    found = []
    for number in range(effort.rounds):
        for each in turn(contestants, number):
            _tell(f"life {number + 1}/{effort.rounds}: {each.title}")
            with running(each.command, each.first) as process:
                at_rest = process.megabytes()
                each.fill(process.port)
                for kind in WEIGHED_AFTER:
                    if kind in each.jobs:
                        job = each.jobs[kind]
                        wrk.rate(process.port, job, MAX_CONNECTIONS, effort.seconds)
                found.append(
                    {
                        "round": number,
                        "contestant": each.name,
                        "first_answer_s": process.first_answer_s,
                        "rest_mb": at_rest,
                        "loaded_mb": process.megabytes(),
                    }
                )
    return found


def loads(
    contestants: Sequence[Contestant], effort: Effort, connections: Sequence[int] = CONNECTIONS
) -> list[dict[str, Any]]:
    """Return the requests per second and the latencies (ms) of each contestant in each round, by
    the kind of work and the number of connections."""
    with ExitStack() as stack:
        ports = {}
        for each in contestants:
            process = stack.enter_context(running(each.command, each.first))
            ports[each.name] = process.port
            each.fill(process.port)
            for kind, job in each.jobs.items():
                _tell(f"warming {each.title}: {kind}")
                check(process.port, job, each.title)
                wrk.rate(process.port, job, MAX_CONNECTIONS, effort.warm_seconds)
        return list(_measured(contestants, ports, effort, connections))


def _measured(
    contestants: Sequence[Contestant],
    ports: dict[str, int],
    effort: Effort,
    connections: Sequence[int],
) -> Iterator[dict[str, Any]]:
    kinds = list(dict.fromkeys(kind for each in contestants for kind in each.jobs))
    for number in range(effort.rounds):
        for kind in kinds:
            for count in connections:
                _tell(f"round {number + 1}/{effort.rounds}: {kind}, {count} connections")
                for each in turn(contestants, number):
                    if kind in each.jobs:
                        rate = wrk.rate(ports[each.name], each.jobs[kind], count, effort.seconds)
                        yield {
                            "round": number,
                            "contestant": each.name,
                            "job": kind,
                            "connections": count,
                            **asdict(rate),
                        }


def turn(contestants: Sequence[Contestant], number: int) -> list[Contestant]:
    """Return the contestants in the order of a round: another one begins each time."""
    first = number % len(contestants)
    return [*contestants[first:], *contestants[:first]]


def _tell(what: str) -> None:
    print(what, file=sys.stderr, flush=True)
