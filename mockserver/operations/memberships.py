"""Memberships: which members may act as an account (contract.md §3)."""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import Any

from mockserver.core.errors import ApiError
from mockserver.operations.base import OperationContext, OperationResult, single_response
from mockserver.operations.lists.filters import Grammar
from mockserver.operations.lists.pages import instant_field, list_response, text_field, uuid_field
from mockserver.operations.records import get_member_or_404, get_visible_account, new_membership
from mockserver.operations.serializers.accounts import (
    serialize_account,
    serialize_member,
    serialize_membership,
)
from mockserver.store.entities import Membership


def list_of_account(ctx: OperationContext) -> OperationResult:
    """List the memberships of an account, the newest first."""
    account = get_visible_account(ctx)
    path = f"/v2/accounts/{account.id}/account-memberships"
    return _list_response(ctx, path, _memberships(ctx, account.id), "account_member")


def list_of_member(ctx: OperationContext) -> OperationResult:
    """List the memberships of a member, the newest first."""
    member = get_member_or_404(ctx, ctx.params["accountMemberId"])
    path = f"/v2/account-members/{member.id}/account-memberships"
    return _list_response(ctx, path, member.memberships, "account")


def list_unassigned(ctx: OperationContext) -> OperationResult:
    """List the members who do not belong to an account, the newest first."""
    account = get_visible_account(ctx)
    members = (m for m in ctx.tx.members.all() if account.id not in m.account_ids)
    path = f"/v2/accounts/{account.id}/account-memberships/unassigned-account-members"
    grammar: Grammar = {
        "email": text_field("email", "eq", "like"),
        "name": text_field("name", "eq", "like"),
        **_sort_fields(ctx),
    }
    return list_response(ctx, path, members, serialize_member, grammar, "-created_at")


def get(ctx: OperationContext) -> OperationResult:
    result = single_response(serialize_membership(_get_membership_or_404(ctx), ctx))
    return _add_included(ctx, result, "account_member")


def create(ctx: OperationContext) -> OperationResult:
    account = get_visible_account(ctx)
    member = ctx.tx.members.get(ctx.body["data"]["account_member_id"].lower())
    if member is None:
        raise ApiError("account-member-not-found")
    if account.id in member.account_ids:
        raise ApiError("account-membership-exists")
    membership = new_membership(ctx, account.id, member.id)
    ctx.tx.members.save(replace(member, memberships=(*member.memberships, membership)))
    return single_response(serialize_membership(membership, ctx), 201)


def update(ctx: OperationContext) -> OperationResult:
    """Mark a membership as updated now: its member cannot be changed."""
    membership = _get_membership_or_404(ctx)
    if ctx.body["data"]["account_member_id"].lower() != membership.member_id:
        raise ApiError("cannot-change-account-member")
    changed = replace(membership, updated_at=ctx.tx.now)
    _replace(ctx, membership, (changed,))
    return single_response(serialize_membership(changed, ctx))


def delete(ctx: OperationContext) -> OperationResult:
    """End a membership; the account tokens issued through it end with it."""
    _replace(ctx, _get_membership_or_404(ctx), ())
    return OperationResult(204)


def _memberships(ctx: OperationContext, account_id: str) -> Iterable[Membership]:
    return (
        membership
        for member in ctx.tx.members.of_account(account_id)
        for membership in member.memberships
        if membership.account_id == account_id
    )


def _get_membership_or_404(ctx: OperationContext) -> Membership:
    account, membership_id = get_visible_account(ctx), ctx.params["membershipID"].lower()
    for membership in _memberships(ctx, account.id):
        if membership.id == membership_id:
            return membership
    raise ApiError("account-membership-not-found")


def _replace(
    ctx: OperationContext, membership: Membership, replacement: tuple[Membership, ...]
) -> None:
    """Replace a membership by another one, or by none."""
    member = ctx.tx.state.members[membership.member_id]
    at = member.memberships.index(membership)
    memberships = (*member.memberships[:at], *replacement, *member.memberships[at + 1 :])
    ctx.tx.members.save(replace(member, memberships=memberships))


def _list_response(
    ctx: OperationContext, path: str, memberships: Iterable[Membership], related: str
) -> OperationResult:
    grammar = {"account_member_id": uuid_field("member_id", "eq", "like"), **_sort_fields(ctx)}
    serialize = partial(_serialize_listed, related=related)
    result = list_response(ctx, path, memberships, serialize, grammar, "-created_at")
    return _add_included(ctx, result, related)


def _serialize_listed(
    membership: Membership, ctx: OperationContext, related: str
) -> dict[str, Any]:
    """Return a membership as lists hold it: with the id of its member as a field."""
    data = serialize_membership(membership, ctx, related)
    return {**data, "account_member_id": membership.member_id}


def _sort_fields(ctx: OperationContext) -> Grammar:
    """Return the fields that a list can be sorted by, and not filtered by."""
    return {
        "id": uuid_field("id"),
        "created_at": instant_field(ctx, "created_at"),
        "updated_at": instant_field(ctx, "updated_at"),
    }


def _add_included(ctx: OperationContext, result: OperationResult, related: str) -> OperationResult:
    """Add the accounts or members of a result's memberships, if the request includes them."""
    if related not in ctx.params.get("include", "").split(","):
        return result
    data = result.body["data"]
    memberships = [data] if isinstance(data, dict) else data
    ids = dict.fromkeys(m["relationships"][related]["data"]["id"] for m in memberships)
    state = ctx.tx.state
    if related == "account":
        included = [serialize_account(state.accounts[account_id], ctx) for account_id in ids]
    else:
        included = [serialize_member(state.members[member_id], ctx) for member_id in ids]
    if included:
        result.body["included"] = {f"{related}s": included}
    return result
