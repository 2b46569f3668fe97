"""Memberships: which members may act as an account (contract.md §3)."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from mockserver.core.errors import ApiError
from mockserver.operations import accounts, members
from mockserver.operations.base import OperationContext, OperationResult
from mockserver.operations.lists.filters import Grammar
from mockserver.operations.lists.listing import attribute, identifier, instant, listed
from mockserver.store.entities import Membership


def list_of_account(ctx: OperationContext) -> OperationResult:
    """List the memberships of an account, the newest first."""
    account = accounts.visible(ctx)
    path = f"/v2/accounts/{account.id}/account-memberships"
    reply = _listed(ctx, path, _memberships(ctx, account.id), "account_member")
    return _including(ctx, reply, "account_member")


def list_of_member(ctx: OperationContext) -> OperationResult:
    """List the memberships of a member, the newest first."""
    member = members.named(ctx, ctx.params["accountMemberId"])
    path = f"/v2/account-members/{member.id}/account-memberships"
    return _including(ctx, _listed(ctx, path, member.memberships, "account"), "account")


def list_unassigned(ctx: OperationContext) -> OperationResult:
    """List the members who do not belong to an account, the newest first."""
    account = accounts.visible(ctx)
    found = (each for each in ctx.tx.members.all() if account.id not in each.account_ids)
    path = f"/v2/accounts/{account.id}/account-memberships/unassigned-account-members"
    grammar: Grammar = {
        "email": attribute("email", "eq", "like"),
        "name": attribute("name", "eq", "like"),
        **_times(ctx),
    }
    return listed(ctx, path, found, lambda each: members.show(each, ctx), grammar, "-created_at")


def get(ctx: OperationContext) -> OperationResult:
    """Return one membership of an account."""
    return _including(ctx, _entity(_named(ctx), ctx), "account_member")


def create(ctx: OperationContext) -> OperationResult:
    """Make a member belong to an account."""
    account = accounts.visible(ctx)
    member = ctx.tx.members.get(ctx.body["data"]["account_member_id"].lower())
    if member is None:
        raise ApiError("account-member-not-found")
    if account.id in member.account_ids:
        raise ApiError("account-membership-exists")
    membership = new_membership(ctx, account.id, member.id)
    ctx.tx.members.save(replace(member, memberships=(*member.memberships, membership)))
    return _entity(membership, ctx, 201)


def update(ctx: OperationContext) -> OperationResult:
    """Note a membership as updated now: its member cannot be changed."""
    membership = _named(ctx)
    if ctx.body["data"]["account_member_id"].lower() != membership.member_id:
        raise ApiError("cannot-change-account-member")
    changed = replace(membership, updated_at=ctx.tx.now)
    _replace(ctx, membership, (changed,))
    return _entity(changed, ctx)


def delete(ctx: OperationContext) -> OperationResult:
    """End a membership; the account tokens that came of it end with it."""
    _replace(ctx, _named(ctx), ())
    return OperationResult(204)


def new_membership(ctx: OperationContext, account_id: str, member_id: str) -> Membership:
    """Return a membership that begins now."""
    now = ctx.tx.now
    return Membership(ctx.ids.uuid("membership"), account_id, member_id, now, now)


def _memberships(ctx: OperationContext, account_id: str) -> Iterable[Membership]:
    return (
        membership
        for member in ctx.tx.members.of_account(account_id)
        for membership in member.memberships
        if membership.account_id == account_id
    )


def _named(ctx: OperationContext) -> Membership:
    """Return the membership that the path names."""
    account, membership_id = accounts.visible(ctx), ctx.params["membershipID"].lower()
    for membership in _memberships(ctx, account.id):
        if membership.id == membership_id:
            return membership
    raise ApiError("account-membership-not-found")


def _replace(ctx: OperationContext, gone: Membership, by: tuple[Membership, ...]) -> None:
    """Put another membership, or none, in the place of one."""
    member = ctx.tx.state.members[gone.member_id]
    at = member.memberships.index(gone)
    changed = (*member.memberships[:at], *by, *member.memberships[at + 1 :])
    ctx.tx.members.save(replace(member, memberships=changed))


def _listed(
    ctx: OperationContext, path: str, found: Iterable[Membership], related: str
) -> OperationResult:
    ids = {"account_member_id": identifier("member_id", "eq", "like"), **_times(ctx)}
    return listed(
        ctx,
        path,
        found,
        lambda each: {**_show(each, ctx, related), "account_member_id": each.member_id},
        ids,
        "-created_at",
    )


def _times(ctx: OperationContext) -> Grammar:
    """Return what can be sorted by, and not asked for by a filter."""
    return {
        "id": identifier("id"),
        "created_at": instant(ctx, "created_at"),
        "updated_at": instant(ctx, "updated_at"),
    }


def _including(ctx: OperationContext, reply: OperationResult, related: str) -> OperationResult:
    """Add to a reply the accounts or members that its memberships name, if the call asks so."""
    if related not in ctx.params.get("include", "").split(","):
        return reply
    data = reply.body["data"]
    shown = [data] if isinstance(data, dict) else data
    ids = dict.fromkeys(each["relationships"][related]["data"]["id"] for each in shown)
    included = [RELATED[related](ctx, each) for each in ids]
    if included:
        reply.body["included"] = {f"{related}s": included}
    return reply


RELATED: dict[str, Callable[[OperationContext, str], dict[str, Any]]] = {
    "account": lambda ctx, each: accounts.show(ctx.tx.state.accounts[each], ctx),
    "account_member": lambda ctx, each: members.show(ctx.tx.state.members[each], ctx),
}


def _show(
    membership: Membership, ctx: OperationContext, related: str = "account_member"
) -> dict[str, Any]:
    ids = {"account_member": membership.member_id, "account": membership.account_id}
    path = f"/v2/accounts/{membership.account_id}/account-memberships/{membership.id}"
    return {
        "id": membership.id,
        "type": "account_membership",
        "meta": {"timestamps": accounts.timestamps(membership, ctx)},
        "relationships": {related: {"data": {"id": ids[related], "type": related}}},
        "links": {"self": ctx.base_url + path},
    }


def _entity(membership: Membership, ctx: OperationContext, status: int = 200) -> OperationResult:
    shown = _show(membership, ctx)
    return OperationResult(status, {"data": shown, "links": shown["links"]})
