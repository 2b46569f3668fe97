"""What a sandbox must hold: the carts whose writes were acknowledged, and how far its clock moved.

A model is compared with what the server shows; it never asks. Who may touch it when is `rooms`'
business.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

EXPIRY_DAYS = 7
ACCOUNTS = {n: f"a0000000-0000-4000-8000-00000000000{n}" for n in (1, 2, 3)}


@dataclass(frozen=True, slots=True)
class Cart:
    """A cart as it was last acknowledged. `day` is where the sandbox's clock stood, in days."""

    id: str
    name: str
    description: str = ""
    accounts: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    day: int = 0

    def difference(self, shown: Mapping[str, Any]) -> str | None:
        """Return how the server's picture of the cart differs, if it does."""
        relationships = shown["relationships"]
        accounts = sorted(each["id"] for each in relationships["accounts"].get("data") or ())
        items = len(relationships["items"]["data"] or ())
        for what, expected, got in (
            ("id", self.id, shown["id"]),
            ("name", self.name, shown["name"]),
            ("description", self.description, shown["description"]),
            ("accounts", sorted(self.accounts), accounts),
            ("number of items", len(self.items), items),
        ):
            if expected != got:
                return f"cart {self.id}: its {what} is {got!r}; acknowledged was {expected!r}"
        return None


@dataclass(slots=True)
class Model:
    """The acknowledged state of one sandbox.

    `refusals` are the statuses that its rules may answer with; `limited` tells whether calls may
    meet its rate limit. `day` counts how many days its clock was moved on.
    """

    carts: dict[str, Cart] = field(default_factory=dict)
    day: int = 0
    frozen: bool = False
    refusals: frozenset[int] = frozenset()
    limited: bool = False

    def copy(self) -> Model:
        """Return the same state, going on by itself: what a snapshot or a fork holds."""
        return replace(self, carts=dict(self.carts))

    def keep(self, cart: Cart) -> None:
        """A write was acknowledged: the cart's life starts anew."""
        self.carts[cart.id] = replace(cart, day=self.day)

    def lose(self, cart_id: str) -> None:
        """A deletion was acknowledged."""
        del self.carts[cart_id]

    def alive(self) -> dict[str, Cart]:
        """Return the carts that have not expired."""
        return {each.id: each for each in self.carts.values() if not self.is_expired(each)}

    def expired(self) -> list[Cart]:
        """Return the carts that the clock has taken."""
        return [each for each in self.carts.values() if self.is_expired(each)]

    def is_expired(self, cart: Cart) -> bool:
        """Whether the clock has taken a cart: its life is a whole number of days."""
        return self.day - cart.day >= EXPIRY_DAYS


def list_difference(
    expected: Mapping[str, Cart],
    shown: Iterable[Mapping[str, Any]],
    in_doubt: Collection[str],
    foreign: Collection[str],
) -> str | None:
    """Return how a list of carts differs from the acknowledged ones, if it does.

    `in_doubt` holds the ids and names of carts that somebody wrote meanwhile: they may be there or
    not. `foreign` are the names of carts that the model does not know, the fixtures'.
    """
    found = {each["id"]: each for each in shown}
    for cart_id, cart in expected.items():
        if cart_id in in_doubt:
            continue
        if cart_id not in found:
            return f"a write is lost: cart {cart_id} ({cart.name}) was acknowledged, is not listed"
        if told := cart.difference(found[cart_id]):
            return told
    for cart_id, each in found.items():
        known = cart_id in expected or cart_id in in_doubt or each["name"] in in_doubt
        if not known and each["name"] not in foreign:
            return f"nobody has made cart {cart_id} ({each['name']}), or it was deleted"
    return None


def different(expected: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """Return the first difference of two mappings by cart id, in words."""
    for cart_id in [*expected, *found]:
        if expected.get(cart_id) != found.get(cart_id):
            return (
                f"cart {cart_id} is {found.get(cart_id, 'not there')}; "
                f"acknowledged was {expected.get(cart_id, 'nothing')}"
            )
    return "the same"
