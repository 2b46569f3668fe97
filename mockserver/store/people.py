"""The part of a transaction that knows people: accounts, their members, customers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mockserver.store.index import reindexed
from mockserver.store.world import Account, Customer, Member, StoreState


class People:
    """Accounts, members and customers of a world, at an instant in milliseconds since 1970."""

    def __init__(self, state: StoreState, instant: int) -> None:
        self.state = state
        self.now = instant - state.epoch

    def absolute(self, when: int) -> int:
        """Return a world's instant as milliseconds since 1970."""
        return when + self.state.epoch

    # --- accounts

    def account(self, account_id: str) -> Account | None:
        """Return an account."""
        return self.state.accounts.get(account_id)

    def accounts(self) -> Iterator[Account]:
        """Yield every account, in no particular order."""
        return iter(self.state.accounts.values())

    def ancestors(self, account: Account) -> list[Account]:
        """Return the parents of an account, the root first; fixtures may not make them a ring."""
        found: list[Account] = []
        above = self.account(account.parent_id) if account.parent_id else None
        while above is not None:
            found.insert(0, above)
            above = self.account(above.parent_id) if above.parent_id else None
        return found

    def save_account(self, account: Account) -> Account:
        """Store an account as updated now. Returns it as stored."""
        saved = replace(account, updated_at=self.now)
        self.state = self.state.evolve(accounts=self.state.accounts.insert(saved.id, saved))
        return saved

    def remove_account(self, account_id: str) -> None:
        """Remove an account and its memberships; its children have no parent any more."""
        for member in list(self.members_of(account_id)):
            left = tuple(m for m in member.memberships if m.account_id != account_id)
            self.save_member(replace(member, memberships=left))
        accounts = self.state.accounts.remove(account_id)
        for child in self.state.accounts.values():
            if child.parent_id == account_id:
                accounts = accounts.insert(child.id, replace(child, parent_id=None))
        self.state = self.state.evolve(accounts=accounts)

    # --- members

    def member(self, member_id: str) -> Member | None:
        """Return an account member."""
        return self.state.members.get(member_id)

    def members(self) -> Iterator[Member]:
        """Yield every account member, in no particular order."""
        return iter(self.state.members.values())

    def members_of(self, account_id: str) -> Iterator[Member]:
        """Yield the members of an account, in no particular order."""
        ids = self.state.members_by_account.get(account_id) or ()
        return (self.state.members[member_id] for member_id in ids)

    def member_named(self, username: str) -> Member | None:
        """Return the member of a user name, whose case does not count (contract.md §3)."""
        member_id = self.state.usernames.get(username.casefold())
        return None if member_id is None else self.state.members[member_id]

    def member_of_code(self, mechanism: str, code: str) -> Member | None:
        """Return the member whom the fixtures let in by a one-time or OpenID Connect code."""
        member_id = self.state.codes.get((mechanism, code))
        return None if member_id is None else self.state.members.get(member_id)

    def save_member(self, member: Member) -> Member:
        """Store a member with its memberships. Returns it as stored."""
        before = self.state.members.get(member.id)
        index = reindexed(
            self.state.members_by_account,
            member.id,
            () if before is None else before.account_ids,
            member.account_ids,
        )
        self.state = self.state.evolve(
            members=self.state.members.insert(member.id, member),
            members_by_account=index,
            usernames=self.state.usernames.insert(member.username.casefold(), member.id),
        )
        return member

    # --- customers

    def customer(self, customer_id: str) -> Customer | None:
        """Return a customer."""
        return self.state.customers.get(customer_id)

    def customer_with(self, email: str) -> Customer | None:
        """Return the customer of an e-mail address, whose case does not count."""
        customer_id = self.state.customers_by_email.get(email.casefold())
        return None if customer_id is None else self.state.customers[customer_id]
