"""Which operation an unmatched request may have meant, and what differs."""

from __future__ import annotations

from difflib import SequenceMatcher
from itertools import zip_longest

from mockserver.contract import Contract, Operation

ALIKE = 0.6
"""From which similarity on two path segments are a slip of the pen apart."""


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
    pairs = list(zip_longest(_segments(operation.path), _segments(path)))
    score = sum(_alike(ours, theirs) for ours, theirs in pairs) / max(len(pairs), 1)
    return score, operation.method == method


def _differences(operation: Operation, method: str, path: str) -> list[str]:
    told = []
    if operation.method != method:
        told.append(f"the method is {method}, the contract has {operation.method}")
    pairs = zip_longest(_segments(operation.path), _segments(path))
    for number, (ours, theirs) in enumerate(pairs, start=1):
        if theirs is None:
            told.append(f"segment {number}, {ours}, is missing")
        elif ours is None:
            told.append(f"segment {number}, {theirs[:100]!r}, is one too many")
        elif not ours.startswith("{") and ours != theirs:
            told.append(f"segment {number} is {theirs[:100]!r}, the contract has {ours!r}")
    return told or ["nothing but the trailing slash"]


def _alike(ours: str | None, theirs: str | None) -> float:
    if ours is None or theirs is None:
        return 0
    if ours.startswith("{"):
        return 0.9
    ratio = SequenceMatcher(None, ours, theirs[:100]).ratio()
    return ratio if ratio >= ALIKE else 0


def _segments(path: str) -> list[str]:
    return path.strip("/").split("/")[:20]
