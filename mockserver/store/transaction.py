"""The transaction: the only way to a world.

Reads and changes count as a whole, or not at all. Nothing is locked here and nothing is undone:
whoever opened a transaction keeps its `world` when all went well, and drops it otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import islice
from typing import Any, TypeVar

from mockserver.core.clock import DAY
from mockserver.store.index_specs import ALL, Facet
from mockserver.store.people import People
from mockserver.store.products import Product, Promotion
from mockserver.store.queries import View
from mockserver.store.world import (
    ACCOUNT,
    AccountToken,
    Application,
    Bearer,
    Cart,
    CustomerToken,
    Order,
    digest,
)

Token = TypeVar("Token", Bearer, AccountToken, CustomerToken)

SWEEP_AT_LEAST = 10_000
"""Expired records are thrown away whenever a map has grown to twice what was alive before, and to
this many at least: so memory is bounded by what is alive, and the cost per request is constant."""
SWEEP_BATCH_SIZE = 512


class Transaction(People):
    """One transaction on a world, at an instant in milliseconds since 1970."""

    # --- carts

    def cart(self, cart_id: str) -> Cart | None:
        """Return a cart that has not expired."""
        cart = self.state.carts.get(cart_id)
        return cart if cart is not None and cart.expires_at > self.now else None

    def carts(self, facet: Facet = ALL) -> View[Cart]:
        """Return the carts, or those of an owner, that have not expired, the last updated first."""
        return View(self.state.listed_carts, facet, self.now)

    def save_cart(self, cart: Cart, **changes: Any) -> Cart:
        """Store a cart with some changes, as updated now; its life starts anew. Returns it as
        stored."""
        saved = replace(
            cart,
            **changes,
            updated_at=self.now,
            expires_at=self.now + self.setting("cart", "cart_expiry_days") * DAY,
            revision=self.state.revision + 1,
        )
        self._store(self.state.carts.get(saved.id), saved)
        self._sweep_carts()
        return saved

    def delete_cart(self, cart_id: str) -> None:
        """Remove a cart and its associations."""
        gone = self.state.carts[cart_id]
        self.state = self.state.evolve(
            carts=self.state.carts.remove(cart_id),
            listed_carts=self.state.listed_carts.noted(gone, None),
        )

    def _store(self, before: Cart | None, cart: Cart) -> None:
        self.state = self.state.evolve(
            carts=self.state.carts.insert(cart.id, cart),
            listed_carts=self.state.listed_carts.noted(before, cart),
            revision=cart.revision,
        )

    def _sweep_carts(self) -> None:
        """Throw away some of the carts that have expired, when there are many carts: so many that
        they become fewer, and so few that nobody waits."""
        size = len(self.state.carts)
        if size < self.state.sweep_at.get("carts", SWEEP_AT_LEAST):
            return
        carts, listed = self.state.carts, self.state.listed_carts
        for cart in list(islice(listed.ended(self.now), SWEEP_BATCH_SIZE)):
            carts, listed = carts.remove(cart.id), listed.noted(cart, None)
        is_done = size - len(carts) < SWEEP_BATCH_SIZE
        at = max(SWEEP_AT_LEAST, 2 * len(carts)) if is_done else len(carts) + SWEEP_BATCH_SIZE // 8
        sweep_at = {**self.state.sweep_at, "carts": at}
        self.state = self.state.evolve(carts=carts, listed_carts=listed, sweep_at=sweep_at)

    # --- accounts with what hangs on them

    def delete_account(self, account_id: str) -> None:
        """Remove an account, its memberships, and its carts' associations; its children stay, as
        accounts of their own. Its tokens end with its memberships."""
        owner = (ACCOUNT, account_id)
        for cart in reversed(list(self.carts(owner))):
            self.save_cart(cart, owners=tuple(o for o in cart.owners if o != owner))
        self.remove_account(account_id)

    # --- the catalog

    def product(self, given: Mapping[str, Any]) -> Product | None:
        """Return the product of an `id`, or else of a `sku`."""
        if "id" in given:
            return self.state.products.get(given["id"].lower())
        return self.state.products_by_sku.get(given["sku"])

    def promotion(self, code: str) -> Promotion | None:
        """Return the promotion of a code."""
        return self.state.promotions.get(code)

    # --- orders

    def order(self, order_id: str) -> Order | None:
        """Return an order."""
        return self.state.orders.get(order_id)

    def orders(self, facet: Facet = ALL) -> View[Order]:
        """Return the orders, or those of an owner, the newest first."""
        return View(self.state.listed_orders, facet, self.now)

    def add_order(self, order: Order) -> Order:
        """Store a new order, behind all that were made before. Returns it as stored."""
        saved = replace(order, revision=self.state.revision + 1)
        self.state = self.state.evolve(
            orders=self.state.orders.insert(saved.id, saved),
            listed_orders=self.state.listed_orders.noted(None, saved),
            revision=saved.revision,
        )
        return saved

    def update_order(self, order: Order) -> None:
        """Store an order as updated now. Whom it belongs to never changes."""
        saved = replace(order, updated_at=self.now)
        self.state = self.state.evolve(
            orders=self.state.orders.insert(saved.id, saved),
            listed_orders=self.state.listed_orders.noted(self.state.orders[saved.id], saved),
        )

    def available(self, product: Product) -> int:
        """Return how many of a product whose stock is managed no order has taken."""
        return product.stock - (self.state.allocated.get(product.id) or 0)

    def allocate(self, product: Product, quantity: int) -> None:
        """Take some of a product for an order."""
        taken = (self.state.allocated.get(product.id) or 0) + quantity
        self.state = self.state.evolve(allocated=self.state.allocated.insert(product.id, taken))

    # --- applications, tokens, settings

    def application(self, client_id: str) -> Application | None:
        """Return the application of a client id."""
        return self.state.applications.get(client_id)

    def bearer(self, token: str) -> Bearer | None:
        """Return what a bearer token stands for, unless it has expired."""
        return self._alive(self.state.bearers.get(digest(token)))

    def add_bearer(self, token: str, bearer: Bearer) -> None:
        """Store an issued bearer token."""
        self.state = self.state.evolve(bearers=self.state.bearers.insert(digest(token), bearer))
        self._sweep("bearers")

    def account_token(self, token: str) -> AccountToken | None:
        """Return what an account token stands for, unless it has expired, or the member does not
        belong to the account any more."""
        known = self._alive(self.state.account_tokens.get(digest(token)))
        member = None if known is None else self.member(known.member_id)
        return known if known and member and known.account_id in member.account_ids else None

    def add_account_token(self, token: str, account_token: AccountToken) -> None:
        """Store an issued account token."""
        tokens = self.state.account_tokens.insert(digest(token), account_token)
        self.state = self.state.evolve(account_tokens=tokens)
        self._sweep("account_tokens")

    def customer_token(self, token: str) -> CustomerToken | None:
        """Return what a customer token stands for, unless it has expired."""
        return self._alive(self.state.customer_tokens.get(digest(token)))

    def add_customer_token(self, token: str, customer_token: CustomerToken) -> None:
        """Store an issued customer token."""
        tokens = self.state.customer_tokens.insert(digest(token), customer_token)
        self.state = self.state.evolve(customer_tokens=tokens)
        self._sweep("customer_tokens")

    def setting(self, group: str, name: str) -> Any:
        """Return one setting of the store."""
        return self.state.settings[group][name]

    def update_settings(self, group: str, values: Mapping[str, Any]) -> None:
        """Change some settings of a group."""
        settings = {**self.state.settings, group: {**self.state.settings[group], **values}}
        self.state = self.state.evolve(settings=settings)

    def _alive(self, token: Token | None) -> Token | None:
        expired = (
            token is not None and token.expires_at is not None and token.expires_at <= self.now
        )
        return None if expired else token

    def _sweep(self, name: str) -> None:
        """Throw expired tokens away when their map has grown enough to make it worth while."""
        records = getattr(self.state, name)
        if len(records) < self.state.sweep_at.get(name, SWEEP_AT_LEAST):
            return
        for key, record in records.items():
            if record.expires_at is not None and record.expires_at <= self.now:
                records = records.remove(key)
        sweep_at = {**self.state.sweep_at, name: max(SWEEP_AT_LEAST, 2 * len(records))}
        self.state = self.state.evolve(sweep_at=sweep_at, **{name: records})
