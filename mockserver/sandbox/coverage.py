"""Coverage of the contract: which documented outcomes a consumer's tests have caused.

An outcome is a success status of an operation, or one of its errors. The gateway's own errors
count once, for the operation `*`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mockserver.openapi import error_catalog
from mockserver.openapi.contract import Contract
from mockserver.sandbox.client_warnings import ADVICE, ClientWarning
from mockserver.sandbox.journal import Counts

Report = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Outcome:
    status: int
    error: str | None
    count: int
    trigger: str | None = None
    curl: str | None = None

    def to_dict(self) -> dict[str, Any]:
        outcome: dict[str, Any] = {"status": self.status, "error": self.error, "count": self.count}
        if self.error is None:
            return outcome
        return {**outcome, "cause": self.trigger, "curl": self.curl}


def report(
    contract: Contract,
    counts: Counts,
    warnings: Mapping[str, ClientWarning],
    magic: Mapping[str, str],
    base_url: str,
) -> Report:
    """Return the coverage report of counted requests, as JSON values."""
    seen = _by_outcome(contract, counts)
    operations: list[dict[str, Any]] = [
        {
            "id": operation.id,
            "request": f"{operation.method} {operation.path}",
            "outcomes": [
                *(
                    _Outcome(status, None, seen[operation.id, str(status)]).to_dict()
                    for status in operation.statuses
                    if status < 400
                ),
                *_errors(contract, operation.id, operation.errors, seen, magic, base_url),
            ],
        }
        for operation in contract.operations
    ]
    gateway = list(_errors(contract, "*", contract.gateway, seen, magic, base_url))
    operations.append({"id": "*", "request": "any path", "outcomes": gateway})
    outcomes = [outcome for operation in operations for outcome in operation["outcomes"]]
    return {
        "percent": _percent(outcomes),
        "outcomes": _totals(outcomes),
        "successes": _totals([o for o in outcomes if o["error"] is None]),
        "errors": _totals([o for o in outcomes if o["error"] is not None]),
        "operations": operations,
        "client_warnings": [
            {"warning": name, "count": each.count, "detail": each.detail, "advice": ADVICE[name]}
            for name, each in sorted(warnings.items())
        ],
    }


def _by_outcome(contract: Contract, counts: Counts) -> Counter[tuple[str, str]]:
    seen: Counter[tuple[str, str]] = Counter()
    for (operation, status, error), count in counts.items():
        owner = "*" if operation is None or error in contract.gateway else operation
        seen[owner, error or str(status)] += count
    return seen


def _errors(
    contract: Contract,
    owner: str,
    entries: Mapping[str, Any],
    seen: Counter[tuple[str, str]],
    magic: Mapping[str, str],
    base_url: str,
) -> list[dict[str, Any]]:
    return [
        _Outcome(
            entry.status,
            entry.id,
            seen[owner, entry.id],
            entry.trigger,
            error_catalog.describe(contract, entry, magic, base_url)["curl"],
        ).to_dict()
        for entry in entries.values()
        if entry.operation == owner
    ]


def _totals(outcomes: list[dict[str, Any]]) -> dict[str, int]:
    return {"seen": sum(outcome["count"] > 0 for outcome in outcomes), "documented": len(outcomes)}


def _percent(outcomes: list[dict[str, Any]]) -> float:
    totals = _totals(outcomes)
    return round(100 * totals["seen"] / totals["documented"], 1)
