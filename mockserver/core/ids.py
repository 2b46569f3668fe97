"""Ids, tokens and random numbers, derived from the seed and a counter per kind.

The same seed and the same requests give the same ids in every process. None of them is a secret:
a test server is meant to be predictable.
"""

import random
from collections import Counter
from collections.abc import Mapping
from hashlib import sha256
from uuid import UUID, uuid5


def membership_id(member_id: str, account_id: str) -> str:
    """Return the deterministic id of a membership that has none in the fixtures."""
    return str(uuid5(UUID(member_id), account_id))


class Ids:
    """The id sequence of one sandbox. Not thread-safe: the sandbox's lock guards it."""

    def __init__(self, seed: int, counters: Mapping[str, int] | None = None) -> None:
        self._seed = seed
        self._counters: Counter[str] = Counter(counters)

    def copy(self) -> "Ids":
        """Return an independent sequence that continues from here."""
        return Ids(self._seed, self._counters)

    def counters(self) -> dict[str, int]:
        """Return the number of ids issued per kind."""
        return dict(self._counters)

    def uuid(self, kind: str) -> str:
        """Return the next UUID, in the form of version 4, of a kind such as `cart`."""
        return _version_4(self._next(kind))

    def token(self, kind: str) -> str:
        """Return the next opaque token of a kind: 40 hexadecimal digits, like bearer tokens."""
        return self._next(kind).hex()[:40]

    def key(self, kind: str) -> bytes:
        """Return the signing key of a kind: 32 bytes, constant for a seed."""
        return sha256(f"{self._seed}:key:{kind}".encode()).digest()

    def _next(self, kind: str) -> bytes:
        self._counters[kind] += 1
        return sha256(f"{self._seed}:{kind}:{self._counters[kind]}".encode()).digest()


def uuid_of(kind: str, name: str) -> str:
    """Return the deterministic UUID of something that has a name but no id."""
    return _version_4(sha256(f"{kind}:{name}".encode()).digest())


def _version_4(digest: bytes) -> str:
    """Return a digest's first 16 bytes as a UUID; the uuid module would take 2 µs."""
    text = digest[:16].hex()
    variant = "89ab"[int(text[16], 16) & 3]
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{variant}{text[17:20]}-{text[20:]}"


Random = random.Random


def seeded_random(seed: int | str) -> Random:
    """Return a random generator that is the same for the same seed."""
    return Random(seed)  # repeatable on purpose
