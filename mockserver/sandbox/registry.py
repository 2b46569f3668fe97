"""All sandboxes of a server: made on first use, thrown away when idle or too many."""

from __future__ import annotations

import re
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from threading import Lock

from mockserver.core import log
from mockserver.core.clock import stopwatch
from mockserver.core.errors import AdminError
from mockserver.core.wsgi import SANDBOX_PREFIX
from mockserver.sandbox.client_warnings import ClientWarning
from mockserver.sandbox.journal import Counts
from mockserver.sandbox.sandbox import Sandbox
from mockserver.sandbox.state import Checkpoint, SandboxState

DEFAULT = "default"
Changes = dict[str, tuple[Sandbox, int]]
"""By the names of sandboxes: which one it is, and how often it has changed."""
Captures = list[tuple[str, Sandbox, Checkpoint]]
NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")


@dataclass(slots=True)
class _Held:
    sandbox: Sandbox
    used_at: float


class Sandboxes:
    """The sandboxes by name.

    `make` makes a fresh one from the seed; at most `most` are held, the least recently used one
    goes first; one that was idle for `idle_seconds` by `stopwatch` goes too. The one named
    `default` stays, and does not count.
    """

    def __init__(
        self,
        make: Callable[[], Sandbox],
        most: int,
        idle_seconds: float,
        stopwatch: Callable[[], float] = stopwatch,
    ) -> None:
        self._make = make
        self._most = most
        self._idle_seconds = idle_seconds
        self._stopwatch = stopwatch
        self._lock = Lock()
        self._held: OrderedDict[str, _Held] = OrderedDict()
        self._retired: Counts = Counter()
        self._retired_findings: dict[str, ClientWarning] = {}
        self.default = make()

    def get(self, name: str) -> Sandbox:
        """Return the sandbox of a name, made now if there is none. AdminError for a bad name."""
        if name == DEFAULT:
            return self.default
        check_name(name)
        with self._lock:
            self._expire()
            held = self._held.get(name)
            if held is None:
                return self._hold(name, self._make())
            held.used_at = self._stopwatch()
            self._held.move_to_end(name)
            return held.sandbox

    def find(self, name: str) -> Sandbox:
        """Return the sandbox of a name; AdminError 404 when there is none."""
        held = self.default if name == DEFAULT else None
        with self._lock:
            self._expire()
            if held is None and name in self._held:
                held = self._held[name].sandbox
        if held is None:
            raise AdminError(404, "Not Found", f'There is no sandbox "{name[:100]}".')
        return held

    def create(self, name: str, fork_of: str | None = None, snapshot: str | None = None) -> Sandbox:
        """Make a sandbox from the seed, or in the state of another one or of its snapshot.

        AdminError 409 when the name is taken, 404 when `fork_of` or `snapshot` names none.
        """
        check_name(name)
        made = self._make() if fork_of is None else self.find(fork_of).fork(snapshot)
        with self._lock:
            self._expire()
            if name == DEFAULT or name in self._held:
                raise AdminError(409, "Conflict", f'There is a sandbox "{name}" already.')
            return self._hold(name, made)

    def delete(self, name: str) -> None:
        """Throw a sandbox away; the default one goes back to its seed. AdminError 404."""
        self.find(name)
        if name == DEFAULT:
            self.default.reset()
        with self._lock:
            self._let_go(name)

    def all(self) -> list[tuple[str, Sandbox]]:
        """Return all sandboxes with their names, the default one first."""
        with self._lock:
            self._expire()
            held = sorted((name, each.sandbox) for name, each in self._held.items())
            return [(DEFAULT, self.default), *held]

    def captured(self, for_good: bool = False) -> Captures:
        """Return all sandboxes as they are: the default one, then the least recently used one.

        After one `for_good` nothing can change any more, as `Sandbox.capture` says.
        """
        self._lock.acquire()
        try:
            self._expire()
            held = [(name, each.sandbox) for name, each in self._held.items()]
        finally:
            if not for_good:
                self._lock.release()
        everyone = [(DEFAULT, self.default), *held]
        return [(name, each, each.capture(for_good)) for name, each in everyone]

    def changes(self) -> Changes:
        """Return how often each sandbox has changed; other ones tell that something has."""
        with self._lock:
            held = {name: each.sandbox for name, each in self._held.items()}
        everyone = {DEFAULT: self.default, **held}
        return {name: (each, each.changes) for name, each in everyone.items()}

    def resume(self, states: Mapping[str, tuple[SandboxState, Mapping[str, SandboxState]]]) -> None:
        """Let sandboxes go on from what another process has captured: by their names the present
        states, and those of their snapshots. AdminError for a bad name; nothing changes then."""
        for name in states:
            check_name(name)
        for name, (present, snapshots) in states.items():
            self.get(name).resume(present, snapshots)

    def counts(self) -> Counts:
        """Return what all sandboxes have seen, those that are gone included."""
        with self._lock:
            total = self._retired + self.default.journal.counts()
            for held in self._held.values():
                total += held.sandbox.journal.counts()
            return total

    def findings(self) -> dict[str, ClientWarning]:
        """Return the habits that all sandboxes have seen, those that are gone included."""
        with self._lock:
            lints = [
                self.default.client_warnings,
                *(held.sandbox.client_warnings for held in self._held.values()),
            ]
            total = {name: replace(finding) for name, finding in self._retired_findings.items()}
        for lint in lints:
            _merge(total, lint.findings())
        return total

    def _let_go(self, name: str) -> None:
        if (held := self._held.pop(name, None)) is not None:
            self._retired += held.sandbox.journal.counts()
            _merge(self._retired_findings, held.sandbox.client_warnings.findings())
            held.sandbox.close(partial(self.get, name))

    def _hold(self, name: str, sandbox: Sandbox) -> Sandbox:
        self._held[name] = _Held(sandbox, self._stopwatch())
        while len(self._held) > self._most:
            self._let_go_oldest(f"made room: at most {self._most} are kept")
        return sandbox

    def _expire(self) -> None:
        """Let go of what was idle for too long: the least recently used ones stand first."""
        longest_ago = self._stopwatch() - self._idle_seconds
        while self._held and next(iter(self._held.values())).used_at < longest_ago:
            self._let_go_oldest("was idle")

    def _let_go_oldest(self, reason: str) -> None:
        oldest = next(iter(self._held))
        self._let_go(oldest)
        log.server.info('sandbox "%s" thrown away: it %s', oldest, reason)


def prefix_of(name: str) -> str:
    """Return what paths of a sandbox begin with; the default one's begin with nothing."""
    return "" if name == DEFAULT else SANDBOX_PREFIX + name


def _merge(total: dict[str, ClientWarning], findings: Mapping[str, ClientWarning]) -> None:
    for name, finding in findings.items():
        count = total[name].count if name in total else 0
        total[name] = replace(finding, count=count + finding.count)


def check_name(name: str, what: str = "sandbox") -> None:
    """Raise AdminError unless a name is one that a path can hold."""
    if not NAME.fullmatch(name):
        raise AdminError(
            400,
            "Bad Request",
            f"A {what}'s name has 1 to 100 of the characters A-Z, a-z, 0-9, dot, dash, underscore.",
        )
