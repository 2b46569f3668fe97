"""The state file: a head that tells whose it is, the lines of all sandboxes, and a seal.

It is replaced as a whole or not at all, and one that is not whole is refused. It holds passwords
and the digests of tokens: only its owner may read it.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import click
import msgspec

from mockserver import __version__
from mockserver.core.clock import yield_to_others
from mockserver.core.errors import AdminError
from mockserver.persistence.state_format import FORMAT, Mismatch, digest
from mockserver.persistence.state_reader import Reader
from mockserver.persistence.state_writer import lines
from mockserver.sandbox.registry import Sandboxes
from mockserver.sandbox.state import Checkpoint
from mockserver.store.world import StoreState

SEAL = b"sha256 "
MAX_AT_ONCE = 64 * 1024
WAY_OUT = "delete it, or name another --state-file"


class Head(msgspec.Struct, frozen=True, rename={"format": "mockserver-state"}):
    """The first line. `fixtures` is the digest of the seed world, `server` who wrote it."""

    format: int
    server: str
    seed: int
    fixtures: str


@dataclass(frozen=True, slots=True)
class StateFile:
    """A file that keeps the sandboxes of a server, whose ids come from `seed` and whose clocks
    start at `frozen_at`, or with the system's time."""

    path: Path
    seed: int
    frozen_at: int | None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other servers off the file. Raises click.ClickException when one has it."""
        beside = self.path.with_name(f"{self.path.name}.lock")
        try:
            held = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise self._unusable(error) from None
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(held)
            raise click.ClickException(
                f"another server keeps its state in {self.path}; name another --state-file"
            ) from None
        try:
            yield
        finally:
            os.close(held)

    def load(self, sandboxes: Sandboxes) -> bool:
        """Let sandboxes go on from what the file holds; whether there is a file.

        Raises click.ClickException, and leaves the sandboxes as they are, for a file that is not
        whole, not of this format, or not of these fixtures and this seed.
        """
        try:
            if not self.path.exists():
                return False
            if not self.path.is_file():
                raise click.ClickException(
                    f"{self.path} is no file; write the path of one as --state-file"
                )
            whole = self.path.read_bytes()
        except OSError as error:
            raise self._unusable(error) from None
        body = self._body(whole, sandboxes.default.initial_state)
        reader = Reader(sandboxes.default.initial_state, self.seed, self.frozen_at)
        try:
            for line in body:
                reader.take(line)
            sandboxes.resume(
                {name: (each.present, each.snapshots) for name, each in reader.end().items()}
            )
        except (Mismatch, AdminError) as error:
            raise self._refused(f"does not hold together: {error}") from None
        return True

    def write(self, captured: Iterable[tuple[str, Checkpoint]], world: StoreState) -> None:
        """Replace the file by one that holds captured sandboxes of a seed world.

        Raises OSError, and Mismatch for what the format can't hold; the old file stays then.
        """
        beside = self.path.with_name(f"{self.path.name}.tmp")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
        try:
            with os.fdopen(os.open(beside, flags, 0o600), "wb", MAX_AT_ONCE) as file:
                self._write(file, captured, world)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self.path)
        except BaseException:
            with suppress(OSError):
                beside.unlink()
            raise
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # the new name is on the disk, too
        finally:
            os.close(folder)

    def write_first(self, sandboxes: Sandboxes) -> None:
        """Write the file for the first time. Raises click.ClickException where that can't be."""
        captured = [(name, each) for name, _, each in sandboxes.captured()]
        try:
            self.write(captured, sandboxes.default.initial_state)
        except OSError as error:
            raise self._unusable(error) from None

    def _write(
        self, file: BinaryIO, captured: Iterable[tuple[str, Checkpoint]], world: StoreState
    ) -> None:
        seal = sha256()
        head = Head(FORMAT, __version__, self.seed, digest(world))
        for line in chain([msgspec.json.encode(head)], lines(captured, world)):
            if line:
                file.write(line + b"\n")
                seal.update(line + b"\n")
            else:
                yield_to_others()
        file.write(SEAL + seal.hexdigest().encode() + b"\n")

    def _body(self, whole: bytes, world: StoreState) -> list[bytes]:
        first, _, _ = whole.partition(b"\n")
        try:
            head = msgspec.json.decode(first, type=Head)
        except (ValueError, RecursionError):
            raise self._refused("is no state file of this server") from None
        if head.format != FORMAT:
            raise self._refused(f"has the format {head.format}; this server reads {FORMAT}")
        end = whole.rfind(b"\n", 0, -1) + 1
        if whole[end:] != SEAL + sha256(whole[:end]).hexdigest().encode() + b"\n":
            raise self._refused("is torn, or somebody has changed it")
        if head.seed != self.seed:
            raise self._refused(f"was written with --seed {head.seed}, not {self.seed}")
        if head.fixtures != digest(world):
            raise self._refused("was written with other fixtures")
        return whole[len(first) + 1 : end].splitlines()

    def _refused(self, why: str) -> click.ClickException:
        return click.ClickException(f"the state file {self.path} {why}; {WAY_OUT}")

    def _unusable(self, error: OSError) -> click.ClickException:
        reason = (error.strerror or str(error)).lower()
        return click.ClickException(
            f"the state file {self.path} can't be used: {reason}; "
            "name a file in a folder that is there and writable as --state-file"
        )
