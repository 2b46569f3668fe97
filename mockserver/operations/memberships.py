"""Memberships: which members may act as an account (contract.md §3)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from mockserver.errors import ApiError
from mockserver.operations import accounts, members
from mockserver.operations.call import Call, Reply
from mockserver.operations.filters import Grammar
from mockserver.operations.listing import attribute, identifier, instant, listed
from mockserver.world import Member, Membership


@dataclass(frozen=True, slots=True)
class Entry:
    """A membership and whose it is."""

    membership: Membership
    member: Member

    @property
    def id(self) -> str:
        return self.membership.id

    @property
    def account_member_id(self) -> str:
        return self.member.id

    @property
    def created_at(self) -> int:
        return self.membership.created_at

    @property
    def updated_at(self) -> int:
        return self.membership.updated_at


def list_of_account(call: Call) -> Reply:
    """List the memberships of an account, the newest first."""
    account = accounts.visible(call)
    path = f"/v2/accounts/{account.id}/account-memberships"
    reply = _listed(call, path, _entries(call, account.id), "account_member")
    ids = [each["account_member_id"] for each in reply.body["data"]]
    found = [member for each in ids if (member := call.tx.member(each))]
    return _including(call, reply, "account_member", [members.show(each, call) for each in found])


def list_of_member(call: Call) -> Reply:
    """List the memberships of a member, the newest first."""
    member = members.named(call, call.params["accountMemberId"])
    path = f"/v2/account-members/{member.id}/account-memberships"
    entries = [Entry(each, member) for each in member.memberships]
    reply = _listed(call, path, entries, "account")
    ids = [each["relationships"]["account"]["data"]["id"] for each in reply.body["data"]]
    found = [account for each in ids if (account := call.tx.account(each))]
    return _including(call, reply, "account", [accounts.show(each, call) for each in found])


def list_unassigned(call: Call) -> Reply:
    """List the members who do not belong to an account, the newest first."""
    account = accounts.visible(call)
    found = (each for each in call.tx.members() if account.id not in each.account_ids)
    path = f"/v2/accounts/{account.id}/account-memberships/unassigned-account-members"
    grammar: Grammar = {
        "email": attribute("email", "eq", "like"),
        "name": attribute("name", "eq", "like"),
        **_times(call),
    }
    return listed(call, path, found, lambda each: members.show(each, call), grammar, "-created_at")


def get(call: Call) -> Reply:
    """Return one membership of an account."""
    entry = _named(call)
    reply = _entity(entry, call)
    return _including(call, reply, "account_member", [members.show(entry.member, call)])


def create(call: Call) -> Reply:
    """Make a member belong to an account."""
    account = accounts.visible(call)
    member = call.tx.member(call.body["data"]["account_member_id"].lower())
    if member is None:
        raise ApiError("account-member-not-found")
    if account.id in member.account_ids:
        raise ApiError("account-membership-exists")
    membership = new_membership(call, account.id)
    call.tx.save_member(replace(member, memberships=(*member.memberships, membership)))
    return _entity(Entry(membership, member), call, 201)


def update(call: Call) -> Reply:
    """Note a membership as updated now: its member cannot be changed."""
    entry = _named(call)
    if call.body["data"]["account_member_id"].lower() != entry.member.id:
        raise ApiError("cannot-change-account-member")
    changed = replace(entry.membership, updated_at=call.tx.now)
    memberships = [changed if each.id == entry.id else each for each in entry.member.memberships]
    call.tx.save_member(replace(entry.member, memberships=tuple(memberships)))
    return _entity(Entry(changed, entry.member), call)


def delete(call: Call) -> Reply:
    """End a membership; the account tokens that came of it end with it."""
    entry = _named(call)
    left = tuple(each for each in entry.member.memberships if each.id != entry.id)
    call.tx.save_member(replace(entry.member, memberships=left))
    return Reply(204)


def new_membership(call: Call, account_id: str) -> Membership:
    """Return a membership of an account that begins now."""
    return Membership(call.ids.uuid("membership"), account_id, call.tx.now, call.tx.now)


def _entries(call: Call, account_id: str) -> Iterable[Entry]:
    return (
        Entry(membership, member)
        for member in call.tx.members_of(account_id)
        for membership in member.memberships
        if membership.account_id == account_id
    )


def _named(call: Call) -> Entry:
    """Return the membership that the path names."""
    account, membership_id = accounts.visible(call), call.params["membershipID"].lower()
    for entry in _entries(call, account.id):
        if entry.id == membership_id:
            return entry
    raise ApiError("account-membership-not-found")


def _listed(call: Call, path: str, entries: Iterable[Entry], related: str) -> Reply:
    grammar = {"account_member_id": attribute("account_member_id", "eq", "like"), **_times(call)}
    return listed(
        call,
        path,
        entries,
        lambda entry: {
            **_show(entry, call, related),
            "account_member_id": entry.member.id,
        },
        grammar,
        "-created_at",
    )


def _times(call: Call) -> Grammar:
    """Return what can be sorted by, and not asked for by a filter."""
    return {
        "id": identifier("id"),
        "created_at": instant(call, "created_at"),
        "updated_at": instant(call, "updated_at"),
    }


def _including(call: Call, reply: Reply, name: str, shown: list[dict[str, Any]]) -> Reply:
    """Return the reply with the related records, if the call asks for them."""
    if shown and name in call.params.get("include", "").split(","):
        reply.body["included"] = {f"{name}s": shown}
    return reply


def _show(entry: Entry, call: Call, related: str = "account_member") -> dict[str, Any]:
    ids = {"account_member": entry.member.id, "account": entry.membership.account_id}
    path = f"/v2/accounts/{entry.membership.account_id}/account-memberships/{entry.id}"
    return {
        "id": entry.id,
        "type": "account_membership",
        "meta": {"timestamps": accounts.timestamps(entry.membership, call)},
        "relationships": {related: {"data": {"id": ids[related], "type": related}}},
        "links": {"self": call.base_url + path},
    }


def _entity(entry: Entry, call: Call, status: int = 200) -> Reply:
    shown = _show(entry, call)
    return Reply(status, {"data": shown, "links": shown["links"]})
