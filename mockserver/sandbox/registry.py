"""The registry of a server's sandboxes: created on first use, deleted when idle or too many."""

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
from mockserver.sandbox.sandbox import Checkpoint, Sandbox, SandboxState

DEFAULT = "default"
Changes = dict[str, tuple[Sandbox, int]]
"""By the names of sandboxes: which one it is, and how often it has changed."""
Checkpoints = list[tuple[str, Sandbox, Checkpoint]]
NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")


@dataclass(slots=True)
class _Entry:
    sandbox: Sandbox
    used_at: float


class SandboxRegistry:
    """The sandboxes by name.

    `make` returns a sandbox with the initial data. At most `max_sandboxes` are kept, the least
    recently used one is deleted first; one that was idle for `idle_timeout_s` by `stopwatch` is
    deleted too. The one named `default` stays, and does not count.
    """

    def __init__(
        self,
        make: Callable[[], Sandbox],
        max_sandboxes: int,
        idle_timeout_s: float,
        stopwatch: Callable[[], float] = stopwatch,
    ) -> None:
        self._make = make
        self._max_sandboxes = max_sandboxes
        self._idle_timeout_s = idle_timeout_s
        self._stopwatch = stopwatch
        self._lock = Lock()
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        """The least recently used one first."""
        self._deleted_counts: Counts = Counter()
        self._deleted_warnings: dict[str, ClientWarning] = {}
        self.default = make()

    def get_or_create(self, name: str) -> Sandbox:
        """Return the sandbox of a name, created if there is none. AdminError 400 for a bad name."""
        if name == DEFAULT:
            return self.default
        check_name(name)
        with self._lock:
            self._expire()
            entry = self._entries.get(name)
            if entry is None:
                return self._add(name, self._make())
            entry.used_at = self._stopwatch()
            self._entries.move_to_end(name)
            return entry.sandbox

    def get(self, name: str) -> Sandbox:
        """Return the sandbox of a name; AdminError 404 when there is none."""
        if name == DEFAULT:
            return self.default
        with self._lock:
            self._expire()
            entry = self._entries.get(name)
        if entry is None:
            raise AdminError(404, "Not Found", f'There is no sandbox "{name[:100]}".')
        return entry.sandbox

    def create(self, name: str, fork_of: str | None = None, snapshot: str | None = None) -> Sandbox:
        """Create a sandbox with the initial data, or in the state of another one or its snapshot.

        AdminError 409 when the name is taken, 404 when `fork_of` or `snapshot` does not exist.
        """
        check_name(name)
        sandbox = self._make() if fork_of is None else self.get(fork_of).fork(snapshot)
        with self._lock:
            self._expire()
            if name == DEFAULT or name in self._entries:
                raise AdminError(409, "Conflict", f'There is a sandbox "{name}" already.')
            return self._add(name, sandbox)

    def delete(self, name: str) -> None:
        """Delete a sandbox; the default one is reset instead. AdminError 404."""
        self.get(name)
        if name == DEFAULT:
            self.default.reset()
        with self._lock:
            self._delete(name)

    def all(self) -> list[tuple[str, Sandbox]]:
        """Return all sandboxes with their names, the default one first."""
        with self._lock:
            self._expire()
            named = sorted((name, entry.sandbox) for name, entry in self._entries.items())
            return [(DEFAULT, self.default), *named]

    def checkpoints(self, final: bool = False) -> Checkpoints:
        """Return checkpoints of all sandboxes: the default one, then the least recently used one.

        After a `final` call nothing can change any more, as `Sandbox.checkpoint` says.
        """
        self._lock.acquire()
        try:
            self._expire()
            named = [(name, entry.sandbox) for name, entry in self._entries.items()]
        finally:
            if not final:
                self._lock.release()
        sandboxes = [(DEFAULT, self.default), *named]
        return [(name, sandbox, sandbox.checkpoint(final)) for name, sandbox in sandboxes]

    def changes(self) -> Changes:
        """Return how often each sandbox has changed: a different result means a change."""
        with self._lock:
            named = {name: entry.sandbox for name, entry in self._entries.items()}
        sandboxes = {DEFAULT: self.default, **named}
        return {name: (sandbox, sandbox.changes) for name, sandbox in sandboxes.items()}

    def load(self, states: Mapping[str, tuple[SandboxState, Mapping[str, SandboxState]]]) -> None:
        """Continue from the checkpoints of another process: by the names of sandboxes the present
        states, and those of their snapshots. AdminError for a bad name; nothing changes then."""
        for name in states:
            check_name(name)
        for name, (present, snapshots) in states.items():
            self.get_or_create(name).load(present, snapshots)

    def counts(self) -> Counts:
        """Return the counts of all journals, those of deleted sandboxes included."""
        with self._lock:
            total = self._deleted_counts + self.default.journal.counts()
            for entry in self._entries.values():
                total += entry.sandbox.journal.counts()
            return total

    def client_warnings(self) -> dict[str, ClientWarning]:
        """Return the client warnings of all sandboxes, those of deleted ones included."""
        with self._lock:
            sandboxes = [self.default, *(entry.sandbox for entry in self._entries.values())]
            total = {name: replace(warning) for name, warning in self._deleted_warnings.items()}
        for sandbox in sandboxes:
            _merge(total, sandbox.client_warnings.warnings())
        return total

    def _add(self, name: str, sandbox: Sandbox) -> Sandbox:
        self._entries[name] = _Entry(sandbox, self._stopwatch())
        while len(self._entries) > self._max_sandboxes:
            self._delete_oldest(f"more than {self._max_sandboxes} sandboxes")
        return sandbox

    def _expire(self) -> None:
        oldest_allowed = self._stopwatch() - self._idle_timeout_s
        while self._entries and next(iter(self._entries.values())).used_at < oldest_allowed:
            self._delete_oldest("idle")

    def _delete_oldest(self, reason: str) -> None:
        name = next(iter(self._entries))
        self._delete(name)
        log.server.info('sandbox "%s" deleted: %s', name, reason)

    def _delete(self, name: str) -> None:
        if (entry := self._entries.pop(name, None)) is not None:
            self._deleted_counts += entry.sandbox.journal.counts()
            _merge(self._deleted_warnings, entry.sandbox.client_warnings.warnings())
            entry.sandbox.close(partial(self.get_or_create, name))


def prefix_of(name: str) -> str:
    """Return the path prefix of a sandbox; the default one has none."""
    return "" if name == DEFAULT else SANDBOX_PREFIX + name


def _merge(total: dict[str, ClientWarning], warnings: Mapping[str, ClientWarning]) -> None:
    for name, warning in warnings.items():
        count = total[name].count if name in total else 0
        total[name] = replace(warning, count=count + warning.count)


def check_name(name: str, what: str = "sandbox") -> None:
    """Raise AdminError 400 unless a name is one that a path can hold."""
    if not NAME.fullmatch(name):
        raise AdminError(
            400,
            "Bad Request",
            f"A {what}'s name has 1 to 100 of the characters A-Z, a-z, 0-9, dot, dash, underscore.",
        )
