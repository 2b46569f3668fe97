"""Account members, who are created by signing up (contract.md §3)."""

from dataclasses import replace

from mockserver.operations.base import OperationContext, OperationResult, single_response
from mockserver.operations.lists.filters import Grammar
from mockserver.operations.lists.pages import instant_field, list_response, text_field, uuid_field
from mockserver.operations.records import check_self_management, get_member_or_404
from mockserver.operations.serializers.accounts import NAME_PARTS, serialize_member


def list_members(ctx: OperationContext) -> OperationResult:
    """List all members, or the one who signed in, by name."""
    own_id = ctx.caller.member_id
    members = (member for member in ctx.tx.members.all() if own_id in (None, member.id))
    path = "/v2/account-members"
    return list_response(ctx, path, members, serialize_member, _grammar(ctx), "name")


def get(ctx: OperationContext) -> OperationResult:
    member = get_member_or_404(ctx, ctx.params["accountMemberID"])
    return single_response(serialize_member(member, ctx))


def update(ctx: OperationContext) -> OperationResult:
    """Mark a member as updated now: the documented body has no field to change."""
    check_self_management(ctx)
    member = get_member_or_404(ctx, ctx.params["accountMemberID"])
    changed = ctx.tx.members.save(replace(member, updated_at=ctx.tx.now))
    return single_response(serialize_member(changed, ctx))


def _grammar(ctx: OperationContext) -> Grammar:
    return {
        "email": text_field("email", "ilike"),
        "name": text_field("name", "ilike"),
        **{name: text_field(name, "ilike", "is_null") for name in NAME_PARTS},
        "id": uuid_field("id"),
        "created_at": instant_field(ctx, "created_at"),
        "updated_at": instant_field(ctx, "updated_at"),
    }
