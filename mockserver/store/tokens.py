"""Tokens of a transaction, and the applications that get them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from mockserver.store.entities import AccountToken, Application, Bearer, CustomerToken, digest

if TYPE_CHECKING:
    from mockserver.store.transaction import Transaction

Token = TypeVar("Token", Bearer, AccountToken, CustomerToken)
COLLECTION = {Bearer: "bearers", AccountToken: "account_tokens", CustomerToken: "customer_tokens"}


@dataclass(slots=True)
class Tokens:
    """The tokens that have not expired."""

    _tx: Transaction

    def application(self, client_id: str) -> Application | None:
        """Return the application of a client id."""
        return self._tx.state.applications.get(client_id)

    def bearer(self, token: str) -> Bearer | None:
        """Return what a bearer token stands for."""
        return self._unexpired(self._tx.state.bearers.get(digest(token)))

    def account_token(self, token: str) -> AccountToken | None:
        """Return what an account token stands for, while the member belongs to the account."""
        record = self._unexpired(self._tx.state.account_tokens.get(digest(token)))
        member = None if record is None else self._tx.state.members.get(record.member_id)
        return record if record and member and record.account_id in member.account_ids else None

    def customer_token(self, token: str) -> CustomerToken | None:
        """Return what a customer token stands for."""
        return self._unexpired(self._tx.state.customer_tokens.get(digest(token)))

    def add(self, token: str, record: Bearer | AccountToken | CustomerToken) -> None:
        """Store an issued token, and delete the expired ones of its kind when there are many."""
        collection = COLLECTION[type(record)]
        self._tx.write({collection: {digest(token): record}})
        if not self._tx.state.is_sweep_due(collection):
            return
        records = getattr(self._tx.state, collection)
        expired = {
            key: None
            for key, issued in records.items()
            if issued.expires_at is not None and issued.expires_at <= self._tx.now
        }
        next_size = 2 * (len(records) - len(expired))
        self._tx.write({collection: expired, "counters": {f"sweep {collection} at": next_size}})

    def _unexpired(self, token: Token | None) -> Token | None:
        if token is None or token.expires_at is None or token.expires_at > self._tx.now:
            return token
        return None
