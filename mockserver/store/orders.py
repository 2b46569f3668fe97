"""Orders of a transaction, and the products whose stock they take."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mockserver.store.entities import Order, Owner, Product, Promotion
    from mockserver.store.indexes import RecordQuery
    from mockserver.store.transaction import Transaction


@dataclass(slots=True)
class Orders:
    """The orders of the store."""

    _tx: Transaction

    def get(self, order_id: str) -> Order | None:
        """Return an order."""
        return self._tx.state.orders.get(order_id)

    def list(self, owner: Owner | None = None) -> RecordQuery[Order]:
        """Return all orders, or those of an owner, the newest first."""
        return self._tx.state.order_index.query(owner, self._tx.now)

    def add(self, order: Order) -> Order:
        """Store a new order, listed before all that exist. Returns it as stored."""
        revision = self._tx.state.revision + 1
        saved = replace(order, revision=revision)
        self._tx.write({"orders": {saved.id: saved}, "counters": {"revision": revision}})
        return saved

    def save(self, order: Order) -> None:
        """Store an order as updated now. Its owner never changes."""
        self._tx.write({"orders": {order.id: replace(order, updated_at=self._tx.now)}})


@dataclass(slots=True)
class Products:
    """The product catalog of the store, and its stock."""

    _tx: Transaction

    def get(self, product_id: str) -> Product | None:
        """Return the product of an id."""
        return self._tx.state.products.get(product_id.lower())

    def by_sku(self, sku: str) -> Product | None:
        """Return the product of a SKU."""
        return self._tx.state.products_by_sku.get(sku)

    def promotion(self, code: str) -> Promotion | None:
        """Return the promotion of a code."""
        return self._tx.state.promotions.get(code)

    def available(self, product: Product) -> int:
        """Return how much of a product's managed stock no order has taken."""
        return product.stock - (self._tx.state.allocated.get(product.id) or 0)

    def allocate(self, product: Product, quantity: int) -> None:
        """Take some of a product's stock for an order."""
        taken = (self._tx.state.allocated.get(product.id) or 0) + quantity
        self._tx.write({"allocated": {product.id: taken}})
