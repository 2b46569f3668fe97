"""Ids and tokens. They come from the seed and a counter per kind, so that the same seed and the
same requests give the same ids in every process. Nothing here is a secret worth keeping: whoever
knows the seed knows them all, as a test server wants it.
"""

import random
from collections import Counter
from collections.abc import Mapping
from hashlib import sha256
from uuid import UUID, uuid5


def membership_id(member_id: str, account_id: str) -> str:
    """Return the id of a membership that fixtures give none: always the same one."""
    return str(uuid5(UUID(member_id), account_id))


class Ids:
    """The id sequence of one sandbox. Not thread-safe: the sandbox's lock guards it."""

    def __init__(self, seed: int, drawn: Mapping[str, int] | None = None) -> None:
        self._seed = seed
        self._drawn: Counter[str] = Counter(drawn)

    def copy(self) -> "Ids":
        """Return a sequence that goes on from here by itself."""
        return Ids(self._seed, self._drawn)

    def drawn(self) -> dict[str, int]:
        """Return how many of each kind were given out."""
        return dict(self._drawn)

    def uuid(self, kind: str) -> str:
        """Return the next UUID (version 4 by its form) of a kind such as `cart`."""
        return _version_4(self._next(kind))

    def token(self, kind: str) -> str:
        """Return the next opaque token of a kind: 40 hexadecimal digits, as bearer tokens have."""
        return self._next(kind).hex()[:40]

    def key(self, kind: str) -> bytes:
        """Return the signing key of a kind: 32 bytes, the same as long as the seed is."""
        return sha256(f"{self._seed}:key:{kind}".encode()).digest()

    def _next(self, kind: str) -> bytes:
        self._drawn[kind] += 1
        return sha256(f"{self._seed}:{kind}:{self._drawn[kind]}".encode()).digest()


def uuid_of(kind: str, name: str) -> str:
    """Return the UUID of something that has a name and is given no id: always the same."""
    return _version_4(sha256(f"{kind}:{name}".encode()).digest())


def _version_4(digest: bytes) -> str:
    """Return the UUID that a digest's first 16 bytes make; what the uuid module takes 2 µs for."""
    text = digest[:16].hex()
    variant = "89ab"[int(text[16], 16) & 3]
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{variant}{text[17:20]}-{text[20:]}"


Random = random.Random


def seeded_random(seed: int | str) -> Random:
    """Return a random generator that is the same for the same seed."""
    return Random(seed)  # repeatable on purpose
