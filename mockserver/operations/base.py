"""What an operation is given and what it returns. No web framework in sight."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mockserver.core.errors import ApiError
    from mockserver.core.ids import Ids
    from mockserver.operations.auth import Caller
    from mockserver.store.entities import CartItem, Product
    from mockserver.store.transaction import Transaction

NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class OperationContext(NamedTuple):
    """One validated request. `params` holds path, query and header parameters by name; `body` the
    parsed body in its documented shape, or None; `base_url` what links in the answer begin with."""

    params: Mapping[str, Any]
    body: Any
    caller: Caller
    tx: Transaction
    ids: Ids
    base_url: str

    def product_of(self, item: CartItem) -> Product | None:
        """Return the product that an item is of; custom items and promotions have none."""
        return None if item.product_id is None else self.tx.products.get(item.product_id)


class OperationResult(NamedTuple):
    """One answer; without a body it has no content. `refused` goes into the body's `errors`: what
    went wrong with parts of a request whose other parts were done."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = NO_HEADERS
    refused: tuple[ApiError, ...] = ()
