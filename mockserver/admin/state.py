"""An overview of the store state of a sandbox: carts, accounts, members, customers, tokens."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from flask import Blueprint, Response, request

from mockserver.admin.schema import integer, json_response
from mockserver.core.clock import to_milliseconds_text
from mockserver.http.context import current
from mockserver.sandbox.sandbox import Sandbox
from mockserver.store.entities import ACCOUNT, CUSTOMER, Account, Cart, Customer, Member, Owner
from mockserver.store.transaction import Transaction

Record = TypeVar("Record")
DEFAULT_LIMIT, MAX_LIMIT = 50, 1000


def add_routes(admin: Blueprint) -> None:
    @admin.get("/state")
    def get_state() -> Response:
        limit = integer("limit", request.args.get("limit", DEFAULT_LIMIT), 1, MAX_LIMIT)
        filter_text = request.args.get("filter", "").casefold()
        return json_response(_Overview(current().sandbox, filter_text, limit).to_dict())


class _Overview:
    """The records of a sandbox with a text that contains `filter_text`, `limit` of each kind."""

    def __init__(self, sandbox: Sandbox, filter_text: str, limit: int) -> None:
        self.tx = Transaction(sandbox.store, sandbox.clock.now())
        self.filter_text = filter_text
        self.limit = limit

    def to_dict(self) -> dict[str, Any]:
        state = self.tx.state
        return {
            "carts": self._matching(
                self.tx.carts.list(),
                self._cart,
                lambda cart: (cart.id, cart.name, *(owner_id for _, owner_id in cart.owners)),
            ),
            "accounts": self._matching(
                sorted(state.accounts.values(), key=lambda account: account.id),
                self._account,
                lambda account: (account.id, account.name),
            ),
            "members": self._matching(
                sorted(state.members.values(), key=lambda member: member.id),
                _member,
                lambda member: (member.id, member.name, member.username, *member.account_ids),
            ),
            "customers": self._matching(
                sorted(state.customers.values(), key=lambda customer: customer.id),
                self._customer,
                lambda customer: (customer.id, customer.name, customer.email),
            ),
            "tokens": self._matching(
                self._tokens(),
                dict,
                lambda token: tuple(text for text in token.values() if text is not None),
            ),
        }

    def _matching(
        self,
        records: Iterable[Record],
        to_dict: Callable[[Record], dict[str, Any]],
        texts: Callable[[Record], tuple[str, ...]],
    ) -> dict[str, Any]:
        """Return how many records match the filter, and the first of them."""
        matches = [
            record
            for record in records
            if not self.filter_text
            or any(self.filter_text in text.casefold() for text in texts(record))
        ]
        return {
            "total": len(matches),
            "shown": [to_dict(record) for record in matches[: self.limit]],
        }

    def _time(self, instant: int | None) -> str | None:
        return None if instant is None else to_milliseconds_text(self.tx.absolute(instant))

    def _cart(self, cart: Cart) -> dict[str, Any]:
        return {
            "id": cart.id,
            "name": cart.name,
            "account_ids": list(cart.owner_ids(ACCOUNT)),
            "customer_ids": list(cart.owner_ids(CUSTOMER)),
            "items": sum(item.quantity for item in cart.items if item.promotion is None),
            "contact_email": cart.contact_email,
            "updated_at": self._time(cart.updated_at),
            "expires_at": self._time(cart.expires_at),
        }

    def _account(self, account: Account) -> dict[str, Any]:
        carts = len(self.tx.carts.list(Owner(ACCOUNT, account.id)))
        return {"id": account.id, "name": account.name, "carts": carts}

    def _customer(self, customer: Customer) -> dict[str, Any]:
        return {
            "id": customer.id,
            "name": customer.name,
            "email": customer.email,
            "carts": len(self.tx.carts.list(Owner(CUSTOMER, customer.id))),
        }

    def _tokens(self) -> Iterator[dict[str, str | None]]:
        """Yield the valid tokens: those of the fixtures with their text, issued ones without it,
        since only their digests are stored."""
        state = self.tx.state
        for text, client_id in state.static_bearers.items():
            yield _token("bearer", text, None, client_id=client_id)
        for text, owner in state.static_account_tokens.items():
            yield _token("account", text, None, **owner)
        for text, customer_id in state.static_customer_tokens.items():
            yield _token("customer", text, None, customer_id=customer_id)
        issued: Iterable[tuple[str, Mapping[str, Any], tuple[str, ...]]] = (
            ("bearer", state.bearers, ("client_id",)),
            ("account", state.account_tokens, ("account_id", "member_id")),
            ("customer", state.customer_tokens, ("customer_id",)),
        )
        for kind, records, names in issued:
            for token in records.values():
                if token.expires_at is not None and token.expires_at > self.tx.now:
                    owner = {name: getattr(token, name) for name in names}
                    yield _token(kind, None, self._time(token.expires_at), **owner)


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
