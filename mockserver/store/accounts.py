"""People of a transaction: accounts, their members, customers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mockserver.store.entities import ACCOUNT, Account, Customer, Member, Owner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mockserver.store.transaction import Transaction


@dataclass(slots=True)
class Accounts:
    """The accounts of the store."""

    _tx: Transaction

    def get(self, account_id: str) -> Account | None:
        """Return an account."""
        return self._tx.state.accounts.get(account_id)

    def all(self) -> Iterator[Account]:
        """Yield every account, in no particular order."""
        return iter(self._tx.state.accounts.values())

    def ancestors(self, account: Account) -> list[Account]:
        """Return the parents of an account, the root first; fixtures may not make them a ring."""
        ancestors: list[Account] = []
        parent = self.get(account.parent_id) if account.parent_id else None
        while parent is not None:
            ancestors.insert(0, parent)
            parent = self.get(parent.parent_id) if parent.parent_id else None
        return ancestors

    def save(self, account: Account) -> Account:
        """Store an account as updated now. Returns it as stored."""
        saved = replace(account, updated_at=self._tx.now)
        self._tx.write({"accounts": {saved.id: saved}})
        return saved

    def delete(self, account_id: str) -> None:
        """Remove an account, its memberships, and its carts' associations; its children stay, as
        accounts without a parent. Its tokens end with its memberships."""
        owner = Owner(ACCOUNT, account_id)
        carts = self._tx.carts
        for cart in reversed(list(carts.list(owner))):
            carts.save(cart, owners=tuple(o for o in cart.owners if o != owner))
        members = self._tx.members
        for member in list(members.of_account(account_id)):
            left = tuple(m for m in member.memberships if m.account_id != account_id)
            members.save(replace(member, memberships=left))
        accounts: dict[str, Any] = {account_id: None}
        for child in self.all():
            if child.parent_id == account_id:
                accounts[child.id] = replace(child, parent_id=None)
        self._tx.write({"accounts": accounts})


@dataclass(slots=True)
class Members:
    """The account members of the store, with their memberships."""

    _tx: Transaction

    def get(self, member_id: str) -> Member | None:
        """Return an account member."""
        return self._tx.state.members.get(member_id)

    def all(self) -> Iterator[Member]:
        """Yield every account member, in no particular order."""
        return iter(self._tx.state.members.values())

    def of_account(self, account_id: str) -> Iterator[Member]:
        """Yield the members of an account, in no particular order."""
        state = self._tx.state
        return (state.members[key] for key in state.members_by_account.get(account_id) or ())

    def by_username(self, username: str) -> Member | None:
        """Return the member of a user name, compared without regard to case (contract.md §3)."""
        state = self._tx.state
        member_id = state.usernames.get(username.casefold())
        return None if member_id is None else state.members[member_id]

    def by_code(self, mechanism: str, code: str) -> Member | None:
        """Return the member whom a one-time or OpenID Connect code of the fixtures signs in."""
        member_id = self._tx.state.codes.get((mechanism, code))
        return None if member_id is None else self.get(member_id)

    def save(self, member: Member) -> Member:
        """Store a member with its memberships. Returns it as stored."""
        self._tx.write({"members": {member.id: member}})
        return member


@dataclass(slots=True)
class Customers:
    """The customers of the store."""

    _tx: Transaction

    def get(self, customer_id: str) -> Customer | None:
        """Return a customer."""
        return self._tx.state.customers.get(customer_id)

    def by_email(self, email: str) -> Customer | None:
        """Return the customer of an e-mail address, compared without regard to case."""
        state = self._tx.state
        customer_id = state.customers_by_email.get(email.casefold())
        return None if customer_id is None else state.customers[customer_id]
