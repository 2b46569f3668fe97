"""Memberships: which members may act as an account (contract.md §3)."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from mockserver.core.errors import ApiError
from mockserver.operations import accounts, members
from mockserver.operations.base import Call, Reply
from mockserver.operations.lists.filters import Grammar
from mockserver.operations.lists.listing import attribute, identifier, instant, listed
from mockserver.store.world import Membership


def list_of_account(call: Call) -> Reply:
    """List the memberships of an account, the newest first."""
    account = accounts.visible(call)
    path = f"/v2/accounts/{account.id}/account-memberships"
    reply = _listed(call, path, _memberships(call, account.id), "account_member")
    return _including(call, reply, "account_member")


def list_of_member(call: Call) -> Reply:
    """List the memberships of a member, the newest first."""
    member = members.named(call, call.params["accountMemberId"])
    path = f"/v2/account-members/{member.id}/account-memberships"
    return _including(call, _listed(call, path, member.memberships, "account"), "account")


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
    return _including(call, _entity(_named(call), call), "account_member")


def create(call: Call) -> Reply:
    """Make a member belong to an account."""
    account = accounts.visible(call)
    member = call.tx.member(call.body["data"]["account_member_id"].lower())
    if member is None:
        raise ApiError("account-member-not-found")
    if account.id in member.account_ids:
        raise ApiError("account-membership-exists")
    membership = new_membership(call, account.id, member.id)
    call.tx.save_member(replace(member, memberships=(*member.memberships, membership)))
    return _entity(membership, call, 201)


def update(call: Call) -> Reply:
    """Note a membership as updated now: its member cannot be changed."""
    membership = _named(call)
    if call.body["data"]["account_member_id"].lower() != membership.member_id:
        raise ApiError("cannot-change-account-member")
    changed = replace(membership, updated_at=call.tx.now)
    _replace(call, membership, (changed,))
    return _entity(changed, call)


def delete(call: Call) -> Reply:
    """End a membership; the account tokens that came of it end with it."""
    _replace(call, _named(call), ())
    return Reply(204)


def new_membership(call: Call, account_id: str, member_id: str) -> Membership:
    """Return a membership that begins now."""
    now = call.tx.now
    return Membership(call.ids.uuid("membership"), account_id, member_id, now, now)


def _memberships(call: Call, account_id: str) -> Iterable[Membership]:
    return (
        membership
        for member in call.tx.members_of(account_id)
        for membership in member.memberships
        if membership.account_id == account_id
    )


def _named(call: Call) -> Membership:
    """Return the membership that the path names."""
    account, membership_id = accounts.visible(call), call.params["membershipID"].lower()
    for membership in _memberships(call, account.id):
        if membership.id == membership_id:
            return membership
    raise ApiError("account-membership-not-found")


def _replace(call: Call, gone: Membership, by: tuple[Membership, ...]) -> None:
    """Put another membership, or none, in the place of one."""
    member = call.tx.world.members[gone.member_id]
    at = member.memberships.index(gone)
    changed = (*member.memberships[:at], *by, *member.memberships[at + 1 :])
    call.tx.save_member(replace(member, memberships=changed))


def _listed(call: Call, path: str, found: Iterable[Membership], related: str) -> Reply:
    ids = {"account_member_id": identifier("member_id", "eq", "like"), **_times(call)}
    return listed(
        call,
        path,
        found,
        lambda each: {**_show(each, call, related), "account_member_id": each.member_id},
        ids,
        "-created_at",
    )


def _times(call: Call) -> Grammar:
    """Return what can be sorted by, and not asked for by a filter."""
    return {
        "id": identifier("id"),
        "created_at": instant(call, "created_at"),
        "updated_at": instant(call, "updated_at"),
    }


def _including(call: Call, reply: Reply, related: str) -> Reply:
    """Add to a reply the accounts or members that its memberships name, if the call asks so."""
    if related not in call.params.get("include", "").split(","):
        return reply
    data = reply.body["data"]
    shown = [data] if isinstance(data, dict) else data
    ids = dict.fromkeys(each["relationships"][related]["data"]["id"] for each in shown)
    included = [RELATED[related](call, each) for each in ids]
    if included:
        reply.body["included"] = {f"{related}s": included}
    return reply


RELATED: dict[str, Callable[[Call, str], dict[str, Any]]] = {
    "account": lambda call, each: accounts.show(call.tx.world.accounts[each], call),
    "account_member": lambda call, each: members.show(call.tx.world.members[each], call),
}


def _show(membership: Membership, call: Call, related: str = "account_member") -> dict[str, Any]:
    ids = {"account_member": membership.member_id, "account": membership.account_id}
    path = f"/v2/accounts/{membership.account_id}/account-memberships/{membership.id}"
    return {
        "id": membership.id,
        "type": "account_membership",
        "meta": {"timestamps": accounts.timestamps(membership, call)},
        "relationships": {related: {"data": {"id": ids[related], "type": related}}},
        "links": {"self": call.base_url + path},
    }


def _entity(membership: Membership, call: Call, status: int = 200) -> Reply:
    shown = _show(membership, call)
    return Reply(status, {"data": shown, "links": shown["links"]})
