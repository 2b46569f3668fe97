"""Keeping the state of a running server: every few seconds when something has changed, and at the
end. A failure is logged once, and so is its end; in between the server goes on.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from mockserver.core import log
from mockserver.persistence.state_file import StateFile
from mockserver.sandbox.registry import Captures, Changes, Sandboxes
from mockserver.store.release import release
from mockserver.store.world import StoreState


@dataclass(slots=True)
class Keeper:
    """Writes a state file every so many seconds, from the worker process."""

    file: StateFile
    every: float
    grace_seconds: float = 60
    _sandboxes: Sandboxes | None = None
    _thread: threading.Thread | None = None
    _ended: Any = None
    _written: Changes = field(default_factory=dict)
    _failure: str = ""

    def start(self, app: Any) -> None:
        """Start to keep the state of an application. The present state is in the file already."""
        self._sandboxes = app.extensions["sandboxes"]
        self._written = self._sandboxes.changes()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep, daemon=True, name="keeper")
        self._thread.start()

    def stop(self) -> None:
        """Write the last state; from now on nobody can change it."""
        if self._thread is not None:
            self._ended.set()
            self._thread.join()
            self._save(last=True)

    def _keep(self) -> None:
        while not self._ended.wait(self.every):
            assert self._sandboxes is not None
            if self._sandboxes.changes() != self._written:
                self._save()

    def _save(self, last: bool = False) -> None:
        assert self._sandboxes is not None
        captured = self._sandboxes.captured(for_good=last)
        try:
            self.file.write(
                [(name, each) for name, _, each in captured],
                self._sandboxes.default.initial_state,
            )
        except Exception as error:  # whatever it is, the server serves on and tries again
            self._tell(error, last)
            return
        if self._failure:
            log.server.info("the state is kept again in %s", self.file.path)
        self._failure = ""
        self._written = {name: (sandbox, each.changes) for name, sandbox, each in captured}
        if not last:
            self._let_go(captured)

    def _tell(self, error: Exception, last: bool) -> None:
        reason = error.strerror if isinstance(error, OSError) else None
        failure = (reason or f"{type(error).__name__}: {error}").lower()
        if failure != self._failure:
            then = "" if last else f"; the last complete one stays, next try in {self.every:g} s"
            log.server.error("can't keep the state in %s: %s%s", self.file.path, failure, then)
        self._failure = failure

    def _let_go(self, captured: Captures) -> None:
        """Give back, bit by bit, the worlds that sandboxes have left while they were written."""
        assert self._sandboxes is not None
        present = _worlds(self._sandboxes.captured())
        for number, world in _worlds(captured).items():
            if number not in present:
                release(world, self._sandboxes.default.initial_state)


def _worlds(captured: Captures) -> dict[int, StoreState]:
    """Return the worlds of sandboxes and their snapshots, by identity."""
    states = [state for _, _, each in captured for state in (each.state, *each.snapshots.values())]
    return {id(state.store): state.store for state in states}
