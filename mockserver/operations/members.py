"""Account members, who come to be by signing up (contract.md §3)."""

from dataclasses import replace
from typing import Any

from mockserver.core.errors import ApiError
from mockserver.operations.accounts import check_self_management, timestamps
from mockserver.operations.base import OperationContext, OperationResult
from mockserver.operations.lists.filters import Grammar
from mockserver.operations.lists.listing import attribute, identifier, instant, listed
from mockserver.store.entities import Member

PARTS_OF_NAMES = ("given_name", "middle_name", "family_name")


def list_members(ctx: OperationContext) -> OperationResult:
    """List all members, or the one who signed in, by name."""
    own = ctx.caller.member_id
    found = (member for member in ctx.tx.members.all() if own in (None, member.id))
    return listed(
        ctx, "/v2/account-members", found, lambda each: show(each, ctx), _grammar(ctx), "name"
    )


def get(ctx: OperationContext) -> OperationResult:
    """Return one member."""
    return _entity(named(ctx, ctx.params["accountMemberID"]), ctx)


def update(ctx: OperationContext) -> OperationResult:
    """Note a member as updated now: the documented body has no field to change."""
    check_self_management(ctx)
    member = named(ctx, ctx.params["accountMemberID"])
    return _entity(ctx.tx.members.save(replace(member, updated_at=ctx.tx.now)), ctx)


def named(ctx: OperationContext, member_id: str) -> Member:
    """Return a member, if the caller may read it: who signed in may read itself."""
    member_id = member_id.lower()
    if ctx.caller.member_id not in (None, member_id):
        raise ApiError("forbidden")
    member = ctx.tx.members.get(member_id)
    if member is None:
        raise ApiError("account-member-not-found")
    return member


def show(member: Member, ctx: OperationContext) -> dict[str, Any]:
    """Return a member as the API shows it."""
    return {
        "id": member.id,
        "type": "account_member",
        "name": member.name,
        **{name: getattr(member, name) for name in PARTS_OF_NAMES},
        "email": member.email,
        "meta": {"timestamps": timestamps(member, ctx)},
        "links": {"self": f"{ctx.base_url}/v2/account-members/{member.id}"},
    }


def _entity(member: Member, ctx: OperationContext) -> OperationResult:
    shown = show(member, ctx)
    return OperationResult(200, {"data": shown, "links": shown["links"]})


def _grammar(ctx: OperationContext) -> Grammar:
    return {
        "email": attribute("email", "ilike"),
        "name": attribute("name", "ilike"),
        **{name: attribute(name, "ilike", "is_null") for name in PARTS_OF_NAMES},
        "id": identifier("id"),
        "created_at": instant(ctx, "created_at"),
        "updated_at": instant(ctx, "updated_at"),
    }
