"""What a sandbox must hold: the carts whose writes were acknowledged, and how far its clock moved.

A model is compared with responses; it sends no requests. `sandbox_pool` guards access to it.
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

    def difference(self, payload: Mapping[str, Any]) -> str | None:
        """Return how the API's representation of the cart differs, if it does."""
        relationships = payload["relationships"]
        accounts = sorted(account["id"] for account in relationships["accounts"].get("data") or ())
        items = len(relationships["items"]["data"] or ())
        for field_name, expected, actual in (
            ("id", self.id, payload["id"]),
            ("name", self.name, payload["name"]),
            ("description", self.description, payload["description"]),
            ("accounts", sorted(self.accounts), accounts),
            ("number of items", len(self.items), items),
        ):
            if expected != actual:
                return (
                    f"cart {self.id}: its {field_name} is {actual!r}; acknowledged was {expected!r}"
                )
        return None


@dataclass(slots=True)
class Model:
    """The acknowledged state of one sandbox.

    `rule_statuses` are the statuses that its rules may respond with; `limited` says whether it has
    a rate limit. `day` is how many days its clock was advanced.
    """

    carts: dict[str, Cart] = field(default_factory=dict)
    day: int = 0
    frozen: bool = False
    rule_statuses: frozenset[int] = frozenset()
    limited: bool = False

    def copy(self) -> Model:
        """Return an independent copy: what a snapshot or a fork holds."""
        return replace(self, carts=dict(self.carts))

    def save(self, cart: Cart) -> None:
        """Record an acknowledged write: the cart's expiry starts again."""
        self.carts[cart.id] = replace(cart, day=self.day)

    def delete(self, cart_id: str) -> None:
        """Record an acknowledged deletion."""
        del self.carts[cart_id]

    def alive(self) -> dict[str, Cart]:
        """Return the carts that have not expired."""
        return {cart.id: cart for cart in self.carts.values() if not self.is_expired(cart)}

    def expired(self) -> list[Cart]:
        return [cart for cart in self.carts.values() if self.is_expired(cart)]

    def is_expired(self, cart: Cart) -> bool:
        """Whether a cart has expired; its lifetime is a whole number of days."""
        return self.day - cart.day >= EXPIRY_DAYS


def list_difference(
    expected: Mapping[str, Cart],
    payloads: Iterable[Mapping[str, Any]],
    uncertain: Collection[str],
    fixture_names: Collection[str],
) -> str | None:
    """Return how a list of carts differs from the acknowledged ones, if it does.

    `uncertain` holds the ids and names of carts that were written meanwhile: they may be there or
    not. `fixture_names` are the names of the fixtures' carts, which the model does not hold.
    """
    listed = {payload["id"]: payload for payload in payloads}
    for cart_id, cart in expected.items():
        if cart_id in uncertain:
            continue
        if cart_id not in listed:
            return f"a write is lost: cart {cart_id} ({cart.name}) was acknowledged, is not listed"
        if problem := cart.difference(listed[cart_id]):
            return problem
    for cart_id, payload in listed.items():
        name = payload["name"]
        known = cart_id in expected or cart_id in uncertain or name in uncertain
        if not known and name not in fixture_names:
            return f"cart {cart_id} ({name}) was never created, or it was deleted"
    return None


def describe_difference(expected: Mapping[str, Any], actual: Mapping[str, Any]) -> str:
    """Return the first difference of two mappings by cart id, in words."""
    for cart_id in [*expected, *actual]:
        if expected.get(cart_id) != actual.get(cart_id):
            return (
                f"cart {cart_id} is {actual.get(cart_id, 'not there')}; "
                f"acknowledged was {expected.get(cart_id, 'nothing')}"
            )
    return "the same"
