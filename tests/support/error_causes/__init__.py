"""Requests that cause each error of the catalog, without forcing it: one module a resource."""

from collections.abc import Sequence

from tests.support.error_causes import (
    accounts,
    associations,
    cart_items,
    carts,
    catalog,
    orders,
    tokens,
)
from tests.support.error_causes.common import Cause, common_causes

ONLY_ON_DEMAND = frozenset(
    {
        "write-conflict",
        "too-many-requests",
        "internal-server-error",
        "service-unavailable",
        "store-id-mismatch",
    }
)
"""Errors that nothing but asking for them gives (contract.md §6)."""


RESOURCES = (accounts, associations, cart_items, carts, catalog, orders, tokens)
CAUSES = {key: causes for resource in RESOURCES for key, causes in resource.CAUSES.items()}


def causes_of(operation: str, error: str) -> Sequence[Cause]:
    """Return the causes of one operation's error; none where no request is known to cause it."""
    causes = CAUSES.get((operation, error)) or common_causes(operation).get(error, ())
    return [cause if isinstance(cause, Cause) else Cause(cause) for cause in causes]
