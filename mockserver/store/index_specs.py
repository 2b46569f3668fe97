"""How carts and orders are filed, so that lists find them: in which order, and with which others.

What is done with that is the business of `shelf`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any, Generic, NamedTuple, Protocol, TypeAlias, TypeVar

from mockserver.store.btree import Sorting

Facet: TypeAlias = "tuple[str, str]"
"""What the records of one tree have in common: a kind and a value, such as an owner."""
ALL: Facet = ("all", "")
ASSOCIATED: Facet = ("associated", "")
NAME = "name"
NAMES: Mapping[Facet, tuple[str, ...]] = {
    ALL: ("free-name", "associated-name"),
    ASSOCIATED: ("associated-name",),
}
"""By which kinds of facets the records of such a tree are parted by name."""
NEVER = 1 << 62


class _Cart(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def owners(self) -> tuple[Facet, ...]: ...


class _Order(Protocol):
    @property
    def owner(self) -> Facet | None: ...


class _Record(Protocol):
    @property
    def id(self) -> str: ...


Record = TypeVar("Record", bound=_Record)
Facets: TypeAlias = "Callable[[Record], tuple[Facet, ...]]"


class Filing(NamedTuple, Generic[Record]):
    """How records of a kind are filed: by facets whose trees are always there, and on `racks` by
    facets whose trees are made when they are first asked for."""

    sorting: Sorting[Record]
    facets: Facets[Record]
    racks: Mapping[str, Facets[Record]]


def _facets_of_cart(cart: _Cart) -> tuple[Facet, ...]:
    return ALL, *cart.owners


def _association_of_cart(cart: _Cart) -> tuple[Facet, ...]:
    return (ASSOCIATED,) if cart.owners else ()


def _name_of_cart(cart: _Cart) -> tuple[Facet, ...]:
    return (("associated-name" if cart.owners else "free-name", cart.name),)


def _facets_of_order(order: _Order) -> tuple[Facet, ...]:
    return (ALL,) if order.owner is None else (ALL, order.owner)


CARTS: Filing[Any] = Filing(
    Sorting(attrgetter("updated_at", "revision"), attrgetter("expires_at")),
    _facets_of_cart,
    {ASSOCIATED[0]: _association_of_cart, NAME: _name_of_cart},
)
ORDERS: Filing[Any] = Filing(
    Sorting(attrgetter("created_at", "revision"), lambda _: NEVER), _facets_of_order, {}
)
