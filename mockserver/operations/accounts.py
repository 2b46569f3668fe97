"""Accounts (contract.md §3)."""

from dataclasses import replace
from typing import Any

from mockserver.core.clock import to_milliseconds_text
from mockserver.core.errors import ApiError
from mockserver.operations.base import OperationContext, OperationResult
from mockserver.operations.lists.filters import Field, Grammar
from mockserver.operations.lists.listing import COMPARISONS, attribute, identifier, instant, listed
from mockserver.store.entities import ACCOUNT, Account, Member, Membership

CHANGEABLE = ("name", "legal_name", "registration_id", "external_ref")


def list_accounts(ctx: OperationContext) -> OperationResult:
    """List all accounts, or those of the member who signed in, by name."""
    found = (account for account in ctx.tx.accounts.all() if is_visible(ctx, account.id))
    return listed(ctx, "/v2/accounts", found, lambda each: show(each, ctx), _grammar(ctx), "name")


def get_account(ctx: OperationContext) -> OperationResult:
    """Return one account."""
    return _entity(visible(ctx), ctx)


def create(ctx: OperationContext) -> OperationResult:
    """Create an account, which may have a parent."""
    given = ctx.body["data"]
    parent_id = given.get("parent_id")
    if parent_id is not None and ctx.tx.accounts.get(parent_id.lower()) is None:
        raise ApiError("account-not-found")
    _check_registration(ctx, given, None)
    return _entity(new_account(ctx, given), ctx, 201)


def update(ctx: OperationContext) -> OperationResult:
    """Change the fields that the body names; the parent stays what it is."""
    check_self_management(ctx)
    account, given = visible(ctx), ctx.body["data"]
    _check_registration(ctx, given, account.id)
    changes = {name: given[name] for name in CHANGEABLE if name in given}
    return _entity(ctx.tx.accounts.save(replace(account, **changes)), ctx)


def delete(ctx: OperationContext) -> OperationResult:
    """Delete an account, its memberships and the associations of its carts."""
    ctx.tx.accounts.delete(visible(ctx).id)
    return OperationResult(204)


def new_account(ctx: OperationContext, given: dict[str, Any]) -> Account:
    """Store an account with the given fields."""
    fields = {name: given.get(name) for name in ("legal_name", "registration_id", "external_ref")}
    parent_id = given.get("parent_id")
    account = Account(
        id=ctx.ids.uuid("account"),
        name=given["name"],
        parent_id=parent_id and parent_id.lower(),
        created_at=ctx.tx.now,
        updated_at=ctx.tx.now,
        **fields,
    )
    return ctx.tx.accounts.save(account)


def check_self_management(ctx: OperationContext) -> None:
    """Refuse a member's change of its own records, unless the store allows it."""
    setting = ctx.tx.setting("account_authentication", "account_member_self_management")
    if ctx.caller.kind == ACCOUNT and setting != "update_only":
        raise ApiError("forbidden")


def visible(ctx: OperationContext) -> Account:
    """Return the account that the path names, if the caller may read it."""
    account_id = ctx.params["accountID"].lower()
    if not is_visible(ctx, account_id):
        raise ApiError("forbidden")
    account = ctx.tx.accounts.get(account_id)
    if account is None:
        raise ApiError("account-not-found")
    return account


def is_visible(ctx: OperationContext, account_id: str) -> bool:
    """Whether the caller may read an account: an account member only its own ones."""
    if ctx.caller.member_id is None:
        return True
    member = ctx.tx.members.get(ctx.caller.member_id)
    return member is not None and account_id in member.account_ids


def show(account: Account, ctx: OperationContext) -> dict[str, Any]:
    """Return an account as the API shows it."""
    ancestors = [
        {"data": {"type": "account", "id": a.id}} for a in ctx.tx.accounts.ancestors(account)
    ]
    above = {"ancestors": ancestors, "parent": ancestors[-1]} if ancestors else {}
    return {
        "id": account.id,
        "type": "account",
        "name": account.name,
        "legal_name": account.legal_name,
        "registration_id": account.registration_id,
        "external_ref": account.external_ref,
        "parent_id": account.parent_id,
        "meta": {"timestamps": timestamps(account, ctx)},
        "relationships": above,
        "links": {"self": f"{ctx.base_url}/v2/accounts/{account.id}"},
    }


def timestamps(record: Account | Member | Membership, ctx: OperationContext) -> dict[str, str]:
    """Return when a record was made and last changed, as the account services show it."""
    return {
        name: to_milliseconds_text(ctx.tx.absolute(getattr(record, name)))
        for name in ("created_at", "updated_at")
    }


def _entity(account: Account, ctx: OperationContext, status: int = 200) -> OperationResult:
    shown = show(account, ctx)
    return OperationResult(status, {"data": shown, "links": shown["links"]})


def _check_registration(ctx: OperationContext, given: dict[str, Any], own_id: str | None) -> None:
    """Refuse a registration id that another account has."""
    wanted = given.get("registration_id")
    if wanted is not None and any(
        each.registration_id == wanted and each.id != own_id for each in ctx.tx.accounts.all()
    ):
        raise ApiError("registration-id-taken")


def _grammar(ctx: OperationContext) -> Grammar:
    texts = ("name", "legal_name", "registration_id", "external_ref")
    return {
        "id": identifier("id", *COMPARISONS, "in"),
        "created_at": instant(ctx, "created_at", *COMPARISONS),
        "updated_at": instant(ctx, "updated_at", *COMPARISONS),
        **{name: attribute(name, "eq", "like") for name in texts},
        "account_tags": Field(("contains",), lambda _: ()),
    }
