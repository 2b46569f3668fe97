"""The state of a sandbox as a person looks at it: who is there, which carts, who sees them."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from flask import Blueprint, Response, request

from mockserver.admin.bodies import data, number
from mockserver.core.clock import to_milliseconds_text
from mockserver.http.context import current
from mockserver.sandbox.sandbox import Sandbox
from mockserver.store.entities import ACCOUNT, CUSTOMER, Account, Cart, Customer, Member, Owner
from mockserver.store.transaction import Transaction

Record = TypeVar("Record")
DEFAULT_LIMIT, MAX_LIMIT = 50, 1000


def add_routes(admin: Blueprint) -> None:
    """Add the routes of this noun."""

    @admin.get("/state")
    def get_state() -> Response:
        limit = number("limit", request.args.get("limit", DEFAULT_LIMIT), 1, MAX_LIMIT)
        wanted = request.args.get("filter", "").casefold()
        return data(_State(current().sandbox, wanted, limit).show())


class _State:
    """The records of a sandbox whose texts hold `wanted`, at most `limit` of each kind."""

    def __init__(self, sandbox: Sandbox, wanted: str, limit: int) -> None:
        self.tx = Transaction(sandbox.store, sandbox.clock.now())
        self.wanted = wanted
        self.limit = limit

    def show(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        state = self.tx.state
        return {
            "carts": self._some(
                self.tx.carts.list(),
                self._cart,
                lambda c: (c.id, c.name, *(owner for _, owner in c.owners)),
            ),
            "accounts": self._some(
                sorted(state.accounts.values(), key=lambda a: a.id),
                self._account,
                lambda a: (a.id, a.name),
            ),
            "members": self._some(
                sorted(state.members.values(), key=lambda m: m.id),
                _member,
                lambda m: (m.id, m.name, m.username, *m.account_ids),
            ),
            "customers": self._some(
                sorted(state.customers.values(), key=lambda c: c.id),
                self._customer,
                lambda c: (c.id, c.name, c.email),
            ),
            "tokens": self._some(
                self._tokens(), dict, lambda t: tuple(v for v in t.values() if v is not None)
            ),
        }

    def _some(
        self,
        records: Iterable[Record],
        show: Callable[[Record], dict[str, Any]],
        texts: Callable[[Record], tuple[str, ...]],
    ) -> dict[str, Any]:
        """Return how many records hold the wanted text, and the first of them."""
        found = [
            each
            for each in records
            if not self.wanted or any(self.wanted in text.casefold() for text in texts(each))
        ]
        return {"total": len(found), "shown": [show(each) for each in found[: self.limit]]}

    def _when(self, instant: int | None) -> str | None:
        return None if instant is None else to_milliseconds_text(self.tx.absolute(instant))

    def _cart(self, cart: Cart) -> dict[str, Any]:
        return {
            "id": cart.id,
            "name": cart.name,
            "account_ids": list(cart.owner_ids(ACCOUNT)),
            "customer_ids": list(cart.owner_ids(CUSTOMER)),
            "items": sum(item.quantity for item in cart.items if item.promotion is None),
            "contact_email": cart.contact_email,
            "updated_at": self._when(cart.updated_at),
            "expires_at": self._when(cart.expires_at),
        }

    def _account(self, account: Account) -> dict[str, Any]:
        return {"id": account.id, "name": account.name, "carts": self._carts(ACCOUNT, account.id)}

    def _customer(self, customer: Customer) -> dict[str, Any]:
        return {
            "id": customer.id,
            "name": customer.name,
            "email": customer.email,
            "carts": self._carts(CUSTOMER, customer.id),
        }

    def _carts(self, kind: str, owner_id: str) -> int:
        return len(self.tx.carts.list(Owner(kind, owner_id)))

    def _tokens(self) -> Iterable[dict[str, str | None]]:
        """Yield the tokens that are alive: those of the fixtures with their text, issued ones
        without, since only their digests are kept."""
        state = self.tx.state
        for text, client_id in state.static_bearers.items():
            yield _token("bearer", text, None, client_id=client_id)
        for text, owner in state.static_account_tokens.items():
            yield _token("account", text, None, **owner)
        for text, customer_id in state.static_customer_tokens.items():
            yield _token("customer", text, None, customer_id=customer_id)
        for bearer in state.bearers.values():
            if bearer.expires_at is not None and bearer.expires_at > self.tx.now:
                when = self._when(bearer.expires_at)
                yield _token("bearer", None, when, client_id=bearer.client_id)
        for token in state.account_tokens.values():
            if token.expires_at is not None and token.expires_at > self.tx.now:
                yield _token(
                    "account",
                    None,
                    self._when(token.expires_at),
                    account_id=token.account_id,
                    member_id=token.member_id,
                )
        for issued in state.customer_tokens.values():
            if issued.expires_at is not None and issued.expires_at > self.tx.now:
                when = self._when(issued.expires_at)
                yield _token("customer", None, when, customer_id=issued.customer_id)


def _member(member: Member) -> dict[str, Any]:
    return {
        "id": member.id,
        "name": member.name,
        "username": member.username,
        "account_ids": list(member.account_ids),
    }


def _token(kind: str, text: str | None, expires_at: str | None, **owner: str) -> dict[str, Any]:
    blank = dict.fromkeys(("client_id", "account_id", "member_id", "customer_id"))
    return {"kind": kind, "token": text, "expires_at": expires_at, **blank, **owner}
