"""What must hold for every single answer: no failure that nobody asked for, no word of another's.

Pure functions: they return what is wrong, or None.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Set

from benchmarks.soak.wire import Answer

TAG = re.compile(rb"~([a-z]+-[0-9a-z]+)\.")
"""Every text that the load stores holds the name of its sandbox: `~room-42.`."""
GHOST = "ghost"
"""The tag of what was sent in part only: no answer may ever hold it."""
FIRED = re.compile(r"rule-\d+ fired")


def tagged(sandbox: str, text: str) -> str:
    """Return a text that tells which sandbox it belongs to."""
    return f"~{sandbox}.{text}"


def cross_talk(answer: Answer, sandboxes: Collection[str]) -> str | None:
    """Return what an answer holds that was stored elsewhere than in `sandboxes`, if anything."""
    for tag in TAG.findall(answer.body):
        name = tag.decode()
        if name not in sandboxes:
            place = " or ".join(sandboxes)
            return f"cross-talk: an answer of {place} holds a text of {name}"
    return None


def asked_for(answer: Answer, refusals: Set[int] = frozenset()) -> str | None:
    """Return who asked for an error: a rule that may answer so, or the request. None for nobody.

    `refusals` are the statuses that the sandbox's rules may answer with.
    """
    if "preference-applied" in answer.headers:
        return "Prefer"
    fired = FIRED.search(answer.headers.get("mock-notes", ""))
    return "rule" if fired and answer.status in refusals else None


def unexpected(answer: Answer, expected: Collection[int], asked_by: str | None) -> str | None:
    """Return what is wrong with an answer's status, if it is neither expected nor asked for."""
    if answer.status in expected or asked_by is not None:
        return None
    what = "an unexpected 5xx" if answer.status >= 500 else "an unexpected status"
    text = answer.body[:500].decode("utf-8", "replace")
    return f"{what}: {answer.status} instead of {sorted(expected)}: {text}"
