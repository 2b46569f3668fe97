"""Writing the state of a running server to its file: every few seconds when something has changed,
and at the end. A failure is logged once, and so is the recovery; in between the server goes on.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mockserver.core import log

if TYPE_CHECKING:
    from mockserver.persistence.state_file import StateFile
    from mockserver.sandbox.registry import Changes, SandboxRegistry


@dataclass(slots=True)
class Autosave:
    """Writes a state file every `interval_s` seconds, from the worker process."""

    file: StateFile
    interval_s: float
    grace_seconds: float = 60
    _sandboxes: SandboxRegistry | None = None
    _thread: threading.Thread | None = None
    _stopping: Any = None
    _written: Changes = field(default_factory=dict)
    _failure: str = ""

    def start(self, app: Any) -> None:
        """Start to save the state of an application. The present state is in the file already."""
        self._sandboxes = app.extensions["sandboxes"]
        self._written = self._sandboxes.changes()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="autosave")
        self._thread.start()

    def stop(self) -> None:
        """Write the last state; from now on nobody can change it."""
        if self._thread is not None:
            self._stopping.set()
            self._thread.join()
            self._save(final=True)

    def _run(self) -> None:
        while not self._stopping.wait(self.interval_s):
            assert self._sandboxes is not None
            if self._sandboxes.changes() != self._written:
                self._save()

    def _save(self, final: bool = False) -> None:
        assert self._sandboxes is not None
        captures = self._sandboxes.checkpoints(final=final)
        try:
            self.file.write(
                [(name, checkpoint) for name, _, checkpoint in captures],
                self._sandboxes.default.initial_state,
            )
        except Exception as error:  # whatever it is, the server serves on and tries again
            self._report(error, final)
            return
        if self._failure:
            log.server.info("the state is saved again in %s", self.file.path)
        self._failure = ""
        self._written = {
            name: (sandbox, checkpoint.changes) for name, sandbox, checkpoint in captures
        }

    def _report(self, error: Exception, final: bool) -> None:
        reason = error.strerror if isinstance(error, OSError) else None
        failure = (reason or f"{type(error).__name__}: {error}").lower()
        if failure != self._failure:
            retry = f"; the last complete one stays, next try in {self.interval_s:g} s"
            log.server.error(
                "can't save the state in %s: %s%s", self.file.path, failure, "" if final else retry
            )
        self._failure = failure
