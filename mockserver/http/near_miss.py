"""The near miss of an unmatched request: the operation it may have meant, and the differences."""

from __future__ import annotations

from difflib import SequenceMatcher
from functools import lru_cache
from itertools import product
from typing import NamedTuple

from mockserver.openapi.contract import Contract, Operation

MIN_SIMILARITY = 0.6
"""The similarity from which two path segments count as a typo of each other."""
PARAMETER_SIMILARITY = 0.4
"""The similarity of a path parameter to any value: less than that of a name to itself."""


class _Pair(NamedTuple):
    """A segment of the contract's path and one of the request's; None if a side has none."""

    documented: str | None
    requested: str | None
    number: int


def find_near_miss(contract: Contract, method: str, path: str) -> dict[str, str] | None:
    """Return the operation most similar to a request, and the differences as text."""
    best = max(contract.operations, key=lambda operation: _similarity(operation, method, path))
    differences = list(_differences(best, method, path))
    return {
        "operation": best.id,
        "request": f"{best.method} {best.path}",
        "differs": "; ".join(differences),
    }


def _similarity(operation: Operation, method: str, path: str) -> tuple[float, bool]:
    pairs = _aligned(_segments(operation.path), _segments(path))
    score = sum(_segment_similarity(pair.documented, pair.requested) for pair in pairs) / max(
        len(pairs), 1
    )
    return score, operation.method == method


def _differences(operation: Operation, method: str, path: str) -> list[str]:
    differences = []
    if operation.method != method:
        differences.append(f"the method is {method}, the contract has {operation.method}")
    for documented, requested, number in _aligned(_segments(operation.path), _segments(path)):
        if requested is None:
            differences.append(f"segment {number}, {documented}, is missing")
        elif documented is None:
            differences.append(f"segment {number}, {requested[:100]!r}, is one too many")
        elif not documented.startswith("{") and documented != requested:
            differences.append(
                f"segment {number} is {requested[:100]!r}, the contract has {documented!r}"
            )
    return differences or ["nothing but the trailing slash"]


def _aligned(documented: list[str], requested: list[str]) -> list[_Pair]:
    """Return the alignment of the segments with the greatest total similarity."""
    ends = len(documented), len(requested)
    best: dict[tuple[int, int], tuple[float, list[_Pair]]] = {ends: (0, [])}
    for i, j in product(range(ends[0], -1, -1), range(ends[1], -1, -1)):
        left = documented[i] if i < ends[0] else None
        right = requested[j] if j < ends[1] else None
        steps = [
            (_Pair(left, right, j + 1), (i + 1, j + 1)),
            (_Pair(left, None, i + 1), (i + 1, j)),
            (_Pair(None, right, j + 1), (i, j + 1)),
        ]
        for pair, rest in steps:
            if rest in best and (i, j) != rest:
                score = best[rest][0] + _segment_similarity(pair.documented, pair.requested)
                if (i, j) not in best or score > best[i, j][0]:
                    best[i, j] = score, [pair, *best[rest][1]]
    return best[0, 0][1]


@lru_cache(maxsize=1024)
def _segment_similarity(documented: str | None, requested: str | None) -> float:
    if documented is None or requested is None:
        return 0
    if documented.startswith("{"):
        return PARAMETER_SIMILARITY
    ratio = SequenceMatcher(None, documented, requested[:100]).ratio()
    return ratio if ratio >= MIN_SIMILARITY else 0


def _segments(path: str) -> list[str]:
    return path.strip("/").split("/")[:20]
