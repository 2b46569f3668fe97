"""The transaction: the only way to a world.

Reads and changes count as a whole, or not at all. Nothing is locked here and nothing is undone:
whoever opened a transaction keeps its `world` when all went well, and drops it otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from rpds import HashTrieMap, HashTrieSet

from mockserver.clock import DAY
from mockserver.world import (
    Account,
    AccountToken,
    Application,
    Bearer,
    Cart,
    Member,
    Product,
    Promotion,
    World,
    digest,
)

Token = TypeVar("Token", Bearer, AccountToken)

SWEEP_AT_LEAST = 10_000
"""Expired records are thrown away whenever a map has grown to twice what was alive before, and to
this many at least: so memory is bounded by what is alive, and the cost per request is constant."""


class Transaction:
    """One transaction on a world, at an instant in milliseconds since 1970."""

    def __init__(self, world: World, instant: int) -> None:
        self.world = world
        self.now = instant - world.epoch

    def absolute(self, when: int) -> int:
        """Return a world's instant as milliseconds since 1970."""
        return when + self.world.epoch

    # --- carts

    def cart(self, cart_id: str) -> Cart | None:
        """Return a cart that has not expired."""
        cart = self.world.carts.get(cart_id)
        return cart if cart is not None and cart.expires_at > self.now else None

    def carts(self) -> Iterator[Cart]:
        """Yield every cart that has not expired, in no particular order."""
        return (cart for cart in self.world.carts.values() if cart.expires_at > self.now)

    def carts_of(self, account_id: str) -> Iterator[Cart]:
        """Yield an account's carts that have not expired, in no particular order."""
        ids = self.world.carts_by_account.get(account_id) or ()
        return (cart for cart_id in ids if (cart := self.cart(cart_id)) is not None)

    def save_cart(self, cart: Cart) -> Cart:
        """Store a cart as updated now; its life starts anew. Returns it as stored."""
        saved = replace(
            cart,
            updated_at=self.now,
            expires_at=self.now + self.setting("cart", "cart_expiry_days") * DAY,
            revision=self.world.revision + 1,
        )
        self._index(saved)
        self._sweep("carts")
        return saved

    def delete_cart(self, cart_id: str) -> None:
        """Remove a cart and its associations."""
        gone = self.world.carts[cart_id]
        self.world = replace(
            self.world,
            carts=self.world.carts.remove(cart_id),
            carts_by_account=_unindexed(self.world.carts_by_account, gone),
        )

    def _index(self, cart: Cart) -> None:
        index = self.world.carts_by_account
        if (before := self.world.carts.get(cart.id)) is not None:
            index = _unindexed(index, before)
        for account_id in cart.account_ids:
            ids = index.get(account_id)
            index = index.insert(
                account_id, (HashTrieSet() if ids is None else ids).insert(cart.id)
            )
        self.world = replace(
            self.world,
            carts=self.world.carts.insert(cart.id, cart),
            carts_by_account=index,
            revision=cart.revision,
        )

    # --- accounts and members

    def account(self, account_id: str) -> Account | None:
        """Return an account."""
        return self.world.accounts.get(account_id)

    def accounts(self) -> Iterator[Account]:
        """Yield every account, in no particular order."""
        return iter(self.world.accounts.values())

    def add_account(self, account: Account) -> None:
        """Store a new account."""
        self.world = replace(self.world, accounts=self.world.accounts.insert(account.id, account))

    def member(self, member_id: str) -> Member | None:
        """Return an account member."""
        return self.world.members.get(member_id)

    def member_named(self, username: str) -> Member | None:
        """Return the member of a user name, whose case does not count (contract.md §3)."""
        member_id = self.world.usernames.get(username.casefold())
        return None if member_id is None else self.world.members[member_id]

    def member_of_code(self, mechanism: str, code: str) -> Member | None:
        """Return the member whom the fixtures let in by a one-time or OpenID Connect code."""
        member_id = self.world.codes.get((mechanism, code))
        return None if member_id is None else self.world.members.get(member_id)

    def add_member(self, member: Member) -> None:
        """Store a new member."""
        self.world = replace(
            self.world,
            members=self.world.members.insert(member.id, member),
            usernames=self.world.usernames.insert(member.username.casefold(), member.id),
        )

    # --- the catalogue

    def product(self, given: Mapping[str, Any]) -> Product | None:
        """Return the product of an `id`, or else of a `sku`."""
        if "id" in given:
            return self.world.products.get(given["id"].lower())
        return self.world.products_by_sku.get(given["sku"])

    def promotion(self, code: str) -> Promotion | None:
        """Return the promotion of a code."""
        return self.world.promotions.get(code)

    # --- applications, tokens, settings

    def application(self, client_id: str) -> Application | None:
        """Return the application of a client id."""
        return self.world.applications.get(client_id)

    def bearer(self, token: str) -> Bearer | None:
        """Return what a bearer token stands for, unless it has expired."""
        return self._alive(self.world.bearers.get(digest(token)))

    def add_bearer(self, token: str, bearer: Bearer) -> None:
        """Store an issued bearer token."""
        self.world = replace(self.world, bearers=self.world.bearers.insert(digest(token), bearer))
        self._sweep("bearers")

    def account_token(self, token: str) -> AccountToken | None:
        """Return what an account token stands for, unless it has expired."""
        return self._alive(self.world.account_tokens.get(digest(token)))

    def add_account_token(self, token: str, account_token: AccountToken) -> None:
        """Store an issued account token."""
        tokens = self.world.account_tokens.insert(digest(token), account_token)
        self.world = replace(self.world, account_tokens=tokens)
        self._sweep("account_tokens")

    def setting(self, group: str, name: str) -> Any:
        """Return one setting of the store."""
        return self.world.settings[group][name]

    def update_settings(self, group: str, values: Mapping[str, Any]) -> None:
        """Change some settings of a group."""
        settings = {**self.world.settings, group: {**self.world.settings[group], **values}}
        self.world = replace(self.world, settings=settings)

    def _alive(self, token: Token | None) -> Token | None:
        expired = (
            token is not None and token.expires_at is not None and token.expires_at <= self.now
        )
        return None if expired else token

    def _sweep(self, name: str) -> None:
        """Throw expired records away when a map has grown enough to make it worth while."""
        size = len(getattr(self.world, name))
        if size < self.world.sweep_at.get(name, SWEEP_AT_LEAST):
            return
        for key, record in list(getattr(self.world, name).items()):
            if record.expires_at is not None and record.expires_at <= self.now:
                if name == "carts":
                    self.delete_cart(key)
                else:
                    records = getattr(self.world, name).remove(key)
                    self.world = replace(self.world, **{name: records})
        alive = len(getattr(self.world, name))
        sweep_at = {**self.world.sweep_at, name: max(SWEEP_AT_LEAST, 2 * alive)}
        self.world = replace(self.world, sweep_at=sweep_at)


def _unindexed(
    index: HashTrieMap[str, HashTrieSet[str]], cart: Cart
) -> HashTrieMap[str, HashTrieSet[str]]:
    for account_id in cart.account_ids:
        ids = index[account_id].remove(cart.id)
        index = index.insert(account_id, ids) if len(ids) else index.remove(account_id)
    return index
