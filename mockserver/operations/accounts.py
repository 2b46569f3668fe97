"""Accounts (contract.md §3)."""

from dataclasses import replace
from typing import Any

from mockserver.core.errors import ApiError
from mockserver.operations.base import OperationContext, OperationResult, single_response
from mockserver.operations.lists.filters import Field, Grammar
from mockserver.operations.lists.pages import (
    COMPARISONS,
    instant_field,
    list_response,
    text_field,
    uuid_field,
)
from mockserver.operations.records import (
    check_self_management,
    create_account,
    get_visible_account,
    is_account_visible,
)
from mockserver.operations.serializers.accounts import serialize_account

CHANGEABLE = ("name", "legal_name", "registration_id", "external_ref")


def list_accounts(ctx: OperationContext) -> OperationResult:
    """List all accounts, or those of the member who signed in, by name."""
    accounts = (account for account in ctx.tx.accounts.all() if is_account_visible(ctx, account.id))
    return list_response(ctx, "/v2/accounts", accounts, serialize_account, _grammar(ctx), "name")


def get(ctx: OperationContext) -> OperationResult:
    return single_response(serialize_account(get_visible_account(ctx), ctx))


def create(ctx: OperationContext) -> OperationResult:
    """Create an account, which may have a parent."""
    data = ctx.body["data"]
    parent_id = data.get("parent_id")
    if parent_id is not None and ctx.tx.accounts.get(parent_id.lower()) is None:
        raise ApiError("account-not-found")
    _check_registration(ctx, data, None)
    return single_response(serialize_account(create_account(ctx, data), ctx), 201)


def update(ctx: OperationContext) -> OperationResult:
    """Change the fields that the body names; the parent cannot be changed."""
    check_self_management(ctx)
    account, data = get_visible_account(ctx), ctx.body["data"]
    _check_registration(ctx, data, account.id)
    changes = {name: data[name] for name in CHANGEABLE if name in data}
    changed = ctx.tx.accounts.save(replace(account, **changes))
    return single_response(serialize_account(changed, ctx))


def delete(ctx: OperationContext) -> OperationResult:
    """Delete an account, its memberships and the associations of its carts."""
    ctx.tx.accounts.delete(get_visible_account(ctx).id)
    return OperationResult(204)


def _check_registration(ctx: OperationContext, data: dict[str, Any], own_id: str | None) -> None:
    """Reject a registration id that another account has."""
    registration_id = data.get("registration_id")
    if registration_id is not None and any(
        account.registration_id == registration_id and account.id != own_id
        for account in ctx.tx.accounts.all()
    ):
        raise ApiError("registration-id-taken")


def _grammar(ctx: OperationContext) -> Grammar:
    texts = ("name", "legal_name", "registration_id", "external_ref")
    return {
        "id": uuid_field("id", *COMPARISONS, "in"),
        "created_at": instant_field(ctx, "created_at", *COMPARISONS),
        "updated_at": instant_field(ctx, "updated_at", *COMPARISONS),
        **{name: text_field(name, "eq", "like") for name in texts},
        "account_tags": Field(("contains",), lambda _: ()),
    }
