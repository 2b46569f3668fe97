"""Which operation an unmatched request may have meant, and what differs."""

from __future__ import annotations

from difflib import SequenceMatcher
from functools import lru_cache
from itertools import product
from typing import NamedTuple

from mockserver.openapi.contract import Contract, Operation

ALIKE = 0.6
"""From which similarity on two path segments are a slip of the pen apart."""
ANYTHING = 0.4
"""How much a parameter is like whatever stands in its place: less than a name is like itself."""


class _Pair(NamedTuple):
    """A segment of the contract's path and one of the request's; None where a side has none."""

    ours: str | None
    theirs: str | None
    number: int


def nearest(contract: Contract, method: str, path: str) -> dict[str, str] | None:
    """Return the operation most like a request, and in a sentence what differs."""
    best = max(contract.operations, key=lambda operation: _likeness(operation, method, path))
    differences = list(_differences(best, method, path))
    return {
        "operation": best.id,
        "request": f"{best.method} {best.path}",
        "differs": "; ".join(differences),
    }


def _likeness(operation: Operation, method: str, path: str) -> tuple[float, bool]:
    pairs = _aligned(_segments(operation.path), _segments(path))
    score = sum(_alike(pair.ours, pair.theirs) for pair in pairs) / max(len(pairs), 1)
    return score, operation.method == method


def _differences(operation: Operation, method: str, path: str) -> list[str]:
    told = []
    if operation.method != method:
        told.append(f"the method is {method}, the contract has {operation.method}")
    for ours, theirs, number in _aligned(_segments(operation.path), _segments(path)):
        if theirs is None:
            told.append(f"segment {number}, {ours}, is missing")
        elif ours is None:
            told.append(f"segment {number}, {theirs[:100]!r}, is one too many")
        elif not ours.startswith("{") and ours != theirs:
            told.append(f"segment {number} is {theirs[:100]!r}, the contract has {ours!r}")
    return told or ["nothing but the trailing slash"]


def _aligned(ours: list[str], theirs: list[str]) -> list[_Pair]:
    """Return the segments in pairs, so that as many as possible are alike."""
    best: dict[tuple[int, int], tuple[float, list[_Pair]]] = {(len(ours), len(theirs)): (0, [])}
    for here, there in product(range(len(ours), -1, -1), range(len(theirs), -1, -1)):
        own = ours[here] if here < len(ours) else None
        other = theirs[there] if there < len(theirs) else None
        ways = [
            (_Pair(own, other, there + 1), (here + 1, there + 1)),
            (_Pair(own, None, here + 1), (here + 1, there)),
            (_Pair(None, other, there + 1), (here, there + 1)),
        ]
        for pair, rest in ways:
            if rest in best and (here, there) != rest:
                score = best[rest][0] + _alike(pair.ours, pair.theirs)
                if (here, there) not in best or score > best[here, there][0]:
                    best[here, there] = score, [pair, *best[rest][1]]
    return best[0, 0][1]


@lru_cache(maxsize=1024)
def _alike(ours: str | None, theirs: str | None) -> float:
    if ours is None or theirs is None:
        return 0
    if ours.startswith("{"):
        return ANYTHING
    ratio = SequenceMatcher(None, ours, theirs[:100]).ratio()
    return ratio if ratio >= ALIKE else 0


def _segments(path: str) -> list[str]:
    return path.strip("/").split("/")[:20]
