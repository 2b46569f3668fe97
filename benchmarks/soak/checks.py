"""What must hold for every response: no error that was not requested, no text of another sandbox.

Pure functions: they return what is wrong, or None.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Set
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.soak.http_wire import Response

TAG = re.compile(rb"~([a-z]+-[0-9a-z]+)\.")
"""Every text that the load stores holds the name of its sandbox: `~sandbox-42.`."""
GHOST = "ghost"
"""The tag of what was sent in part only: no response may ever hold it."""
FIRED = re.compile(r"rule-\d+ fired")


def tagged(sandbox_name: str, text: str) -> str:
    """Return a text that holds the name of the sandbox it belongs to."""
    return f"~{sandbox_name}.{text}"


def cross_talk(response: Response, sandbox_names: Collection[str]) -> str | None:
    """Return what a response holds that was stored in none of the named sandboxes, if anything."""
    for tag in TAG.findall(response.body):
        name = tag.decode()
        if name not in sandbox_names:
            place = " or ".join(sandbox_names)
            return f"cross-talk: a response of {place} holds a text of {name}"
    return None


def requested_by(response: Response, rule_statuses: Set[int] = frozenset()) -> str | None:
    """Return what requested an error: a preference, or a rule. None if nothing did.

    `rule_statuses` are the statuses that the sandbox's rules may respond with.
    """
    if "preference-applied" in response.headers:
        return "Prefer"
    fired = FIRED.search(response.headers.get("mock-notes", ""))
    return "rule" if fired and response.status in rule_statuses else None


def unexpected_status(
    response: Response, expected: Collection[int], error_requested_by: str | None
) -> str | None:
    """Return what is wrong with a status that is neither expected nor requested."""
    if response.status in expected or error_requested_by is not None:
        return None
    kind = "an unexpected 5xx" if response.status >= 500 else "an unexpected status"
    text = response.body[:500].decode("utf-8", "replace")
    return f"{kind}: {response.status} instead of {sorted(expected)}: {text}"
