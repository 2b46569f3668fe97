"""Accounts, account members and memberships as JSON values."""

from typing import Any

from mockserver.core.clock import to_milliseconds_text
from mockserver.operations.base import OperationContext
from mockserver.store.entities import Account, Member, Membership

NAME_PARTS = ("given_name", "middle_name", "family_name")


def serialize_account(account: Account, ctx: OperationContext) -> dict[str, Any]:
    ancestors = [
        {"data": {"type": "account", "id": ancestor.id}}
        for ancestor in ctx.tx.accounts.ancestors(account)
    ]
    return {
        "id": account.id,
        "type": "account",
        "name": account.name,
        "legal_name": account.legal_name,
        "registration_id": account.registration_id,
        "external_ref": account.external_ref,
        "parent_id": account.parent_id,
        "meta": {"timestamps": _serialize_timestamps(account, ctx)},
        "relationships": {"ancestors": ancestors, "parent": ancestors[-1]} if ancestors else {},
        "links": {"self": f"{ctx.base_url}/v2/accounts/{account.id}"},
    }


def serialize_member(member: Member, ctx: OperationContext) -> dict[str, Any]:
    return {
        "id": member.id,
        "type": "account_member",
        "name": member.name,
        **{name: getattr(member, name) for name in NAME_PARTS},
        "email": member.email,
        "meta": {"timestamps": _serialize_timestamps(member, ctx)},
        "links": {"self": f"{ctx.base_url}/v2/account-members/{member.id}"},
    }


def serialize_membership(
    membership: Membership, ctx: OperationContext, related: str = "account_member"
) -> dict[str, Any]:
    """Return a membership related to its `account_member`, or to its `account`."""
    ids = {"account_member": membership.member_id, "account": membership.account_id}
    path = f"/v2/accounts/{membership.account_id}/account-memberships/{membership.id}"
    return {
        "id": membership.id,
        "type": "account_membership",
        "meta": {"timestamps": _serialize_timestamps(membership, ctx)},
        "relationships": {related: {"data": {"id": ids[related], "type": related}}},
        "links": {"self": ctx.base_url + path},
    }


def _serialize_timestamps(
    record: Account | Member | Membership, ctx: OperationContext
) -> dict[str, str]:
    return {
        name: to_milliseconds_text(ctx.tx.absolute(getattr(record, name)))
        for name in ("created_at", "updated_at")
    }
