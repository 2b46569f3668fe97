"""What an operation receives and what it returns, without any web framework."""

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
    parsed body in its documented shape, or None; `base_url` is the prefix of links in a response.
    """

    params: Mapping[str, Any]
    body: Any
    caller: Caller
    tx: Transaction
    ids: Ids
    base_url: str

    def product_of(self, item: CartItem) -> Product | None:
        """Return the product of an item; custom items and promotions have none."""
        return None if item.product_id is None else self.tx.products.get(item.product_id)


class OperationResult(NamedTuple):
    """One response; without a body it has no content. `partial_errors` go into the body's `errors`:
    what failed in parts of a request whose other parts succeeded."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = NO_HEADERS
    partial_errors: tuple[ApiError, ...] = ()


def single_response(data: dict[str, Any], status: int = 200) -> OperationResult:
    """Return one serialized resource; its links are repeated beside `data`."""
    return OperationResult(status, {"data": data, "links": data["links"]})
