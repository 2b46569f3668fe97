"""Carts of a transaction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from mockserver.core.clock import DAY

if TYPE_CHECKING:
    from mockserver.store.entities import Cart, Owner
    from mockserver.store.indexes import RecordQuery
    from mockserver.store.transaction import Transaction

SWEEP_BATCH_SIZE = 512


@dataclass(slots=True)
class Carts:
    """The carts that have not expired."""

    _tx: Transaction

    def get(self, cart_id: str) -> Cart | None:
        """Return a cart."""
        cart = self._tx.state.carts.get(cart_id)
        return cart if cart is not None and cart.expires_at > self._tx.now else None

    def list(self, owner: Owner | None = None) -> RecordQuery[Cart]:
        """Return all carts, or those of an owner, the last updated first."""
        return self._tx.state.cart_index.query(owner, self._tx.now)

    def save(self, cart: Cart, **changes: Any) -> Cart:
        """Store a cart with some changes, as updated now; its lifetime starts again. Returns it as
        stored."""
        tx = self._tx
        revision = tx.state.revision + 1
        saved = replace(
            cart,
            **changes,
            updated_at=tx.now,
            expires_at=tx.now + tx.setting("cart", "cart_expiry_days") * DAY,
            revision=revision,
        )
        tx.write({"carts": {saved.id: saved}, "counters": {"revision": revision}})
        self._sweep()
        return saved

    def delete(self, cart_id: str) -> None:
        """Remove a cart and its associations."""
        self._tx.write({"carts": {cart_id: None}})

    def _sweep(self) -> None:
        """Delete expired carts when there are many: more than come, so few that nobody waits."""
        state = self._tx.state
        if not state.is_sweep_due("carts"):
            return
        expired = {
            cart.id: None
            for cart in islice(state.cart_index.iter_expired(self._tx.now), SWEEP_BATCH_SIZE)
        }
        left = len(state.carts) - len(expired)
        is_done = len(expired) < SWEEP_BATCH_SIZE
        next_size = 2 * left if is_done else left + SWEEP_BATCH_SIZE // 8
        self._tx.write({"carts": expired, "counters": {"sweep carts at": next_size}})
