"""The state file: a header that says whose it is, and the sandboxes as one JSON document.

It is replaced as a whole or not at all, and refused when it is not whole. It holds passwords and
digests of tokens: only its owner may read it.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec
from filelock import lock_descriptor

from mockserver import __version__
from mockserver.core import log
from mockserver.core.errors import AdminError
from mockserver.persistence.codec import (
    StateError,
    decode_sandboxes,
    digest_of,
    encode_sandboxes,
)

if TYPE_CHECKING:
    from mockserver.sandbox.registry import SandboxRegistry
    from mockserver.sandbox.sandbox import Checkpoint
    from mockserver.store.state import StoreState

FORMAT = 2
HINT = "delete it, name another --state-file, or start with --state-mismatch discard"
PORTABLE_FLAGS = sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))
CAN_REPLACE_OPEN_FILES = os.name == "posix"


class Header(msgspec.Struct, frozen=True, rename={"format": "mockserver-state"}):
    """The first line. `fixtures` is the digest of the initial data, `sha256` the checksum."""

    format: int
    server: str
    seed: int
    fixtures: str
    sha256: str


class StateFileError(click.ClickException):
    """A state file that holds nothing that this server can go on from."""


@dataclass(slots=True)
class StateFile:
    """A file that keeps the sandboxes of a server, whose ids come from `seed` and whose clocks
    start at `frozen_at`, an instant in milliseconds since 1970, or with the system's time."""

    path: Path
    seed: int
    frozen_at: int | None
    _locked: int | None = field(default=None, init=False)
    """The present file, which is locked, too: a removed lock file lets no second server in."""

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other servers off the file. Raises click.ClickException when one has it."""
        try:
            lock = _open(self.path.with_name(f"{self.path.name}.lock"), os.O_RDWR | os.O_CREAT)
        except OSError as error:
            raise self._unusable(error) from None
        try:
            self._locked = self._open_existing()
            for descriptor in (lock, self._locked):
                if descriptor is not None and not _try_lock(descriptor):
                    raise click.ClickException(
                        f"another server keeps its state in {self.path}; name another --state-file"
                    )
            yield
        finally:
            os.close(lock)
            if self._locked is not None:
                os.close(self._locked)
                self._locked = None

    def load(self, sandboxes: SandboxRegistry, discard: bool = False) -> bool:
        """Let sandboxes go on from what the file holds; return whether there is a file.

        Raises click.ClickException, and leaves the sandboxes as they are, for a file that is not
        whole, not of this format, or not of these fixtures and this seed. With `discard` such a
        file is renamed to `.rejected` instead.
        """
        descriptor = self._open_existing()
        if descriptor is None:
            return False
        try:
            with os.fdopen(descriptor, "rb") as file:
                self._load(file.read(), sandboxes)
        except OSError as error:
            raise self._unusable(error) from None
        except StateFileError as error:
            if not discard:
                raise
            rejected = self.path.with_name(f"{self.path.name}.rejected")
            try:
                self.path.replace(rejected)
            except OSError as failure:
                raise self._unusable(failure) from None
            log.server.warning("%s; it is kept as %s", error.message.partition(";")[0], rejected)
            return False
        return True

    def write(self, checkpoints: Iterable[tuple[str, Checkpoint]], initial: StoreState) -> None:
        """Replace the file by one that holds sandboxes that came of initial data.

        Raises OSError; the old file stays then.
        """
        body = encode_sandboxes(checkpoints, initial)
        checksum = _checksum(__version__, body)
        header = Header(FORMAT, __version__, self.seed, digest_of(initial), checksum)
        temporary = self.path.with_name(f"{self.path.name}.tmp")
        temporary.unlink(missing_ok=True)  # whatever it is: a planted file keeps its mode and links
        descriptor = _open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL)
        try:
            if CAN_REPLACE_OPEN_FILES:
                _try_lock(descriptor)
            with os.fdopen(os.dup(descriptor), "wb") as file:
                for part in (msgspec.json.encode(header), b"\n", body, b"\n"):
                    file.write(part)
                file.flush()
                os.fsync(file.fileno())
            self._replace_by(temporary, descriptor)
        except BaseException:
            os.close(descriptor)
            with suppress(OSError):
                temporary.unlink()
            raise

    def write_first(self, sandboxes: SandboxRegistry) -> None:
        """Write the file for the first time. Raises click.ClickException where that can't be."""
        checkpoints = [(name, checkpoint) for name, _, checkpoint in sandboxes.checkpoints()]
        try:
            self.write(checkpoints, sandboxes.default.initial_state)
        except OSError as error:
            raise self._unusable(error) from None

    def _load(self, data: bytes, sandboxes: SandboxRegistry) -> None:
        first, _, body = data.partition(b"\n")
        try:
            header = msgspec.json.decode(first, type=Header)
        except (ValueError, RecursionError):
            raise self._refusal("is no state file of this server") from None
        initial = sandboxes.default.initial_state
        if header.format != FORMAT:
            raise self._refusal(f"has the format {header.format}; this server reads {FORMAT}")
        if body[-1:] != b"\n" or _checksum(header.server, body[:-1]) != header.sha256:
            raise self._refusal("is torn, or somebody has changed it")
        if header.seed != self.seed:
            raise self._refusal(f"was written with --seed {header.seed}, not {self.seed}")
        if header.fixtures != digest_of(initial):
            raise self._refusal("was written with other fixtures")
        try:
            sandboxes.load(decode_sandboxes(body, initial, self.seed, self.frozen_at))
        except (StateError, AdminError) as error:
            raise self._refusal(f"is inconsistent: {error}") from None

    def _replace_by(self, temporary: Path, descriptor: int) -> None:
        if not CAN_REPLACE_OPEN_FILES:
            for open_file in (descriptor, self._locked):
                if open_file is not None:
                    os.close(open_file)
            self._locked = None
            temporary.replace(self.path)
            return
        temporary.replace(self.path)
        if self._locked is not None:
            os.close(self._locked)
        self._locked = descriptor
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # the new name is on the disk, too
        finally:
            os.close(folder)

    def _open_existing(self) -> int | None:
        try:
            return _open(self.path, os.O_RDONLY)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unusable(error) from None

    def _refusal(self, why: str) -> StateFileError:
        return StateFileError(f"the state file {self.path} {why}; {HINT}")

    def _unusable(self, error: OSError) -> click.ClickException:
        reason = "it is a link" if error.errno == errno.ELOOP else error.strerror or str(error)
        return click.ClickException(
            f"the state file {self.path} can't be used: {reason.lower()}; "
            "name a file in a folder that is there and writable as --state-file"
        )


def _open(path: Path, flags: int) -> int:
    """Return the descriptor of a regular file that is no link. Raises OSError."""
    descriptor = os.open(path, flags | PORTABLE_FLAGS, 0o600)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file")
    return descriptor


def _checksum(server: str, body: bytes) -> str:
    """Return the checksum of what no other check of a header and a body would notice."""
    return sha256(server.encode("utf-8", "replace") + b"\n" + body).hexdigest()


def _try_lock(descriptor: int) -> bool:
    return lock_descriptor(descriptor, blocking=False)
