"""Accounts, to be read (contract.md §3)."""

from typing import Any

from mockserver.access import ACCOUNT
from mockserver.clock import to_milliseconds_text
from mockserver.errors import ApiError
from mockserver.operations.call import Call, Reply
from mockserver.operations.pages import page
from mockserver.world import Account


def list_accounts(call: Call) -> Reply:
    """List all accounts, or those of the member who signed in, by name."""
    found = sorted(
        (account for account in call.tx.accounts() if _visible(call, account.id)),
        key=lambda account: (account.name, account.id),
    )
    return page(call, "/v2/accounts", found, lambda account: _show(account, call))


def get_account(call: Call) -> Reply:
    """Return one account."""
    account_id = call.params["accountID"].lower()
    if not _visible(call, account_id):
        raise ApiError("forbidden")
    account = call.tx.account(account_id)
    if account is None:
        raise ApiError("account-not-found")
    shown = _show(account, call)
    return Reply(200, {"data": shown, "links": shown["links"]})


def _visible(call: Call, account_id: str) -> bool:
    """Whether the caller may read an account: an account member only its own ones."""
    if call.caller.kind != ACCOUNT or call.caller.member_id is None:
        return True
    member = call.tx.member(call.caller.member_id)
    return member is not None and account_id in member.account_ids


def _show(account: Account, call: Call) -> dict[str, Any]:
    created_at = to_milliseconds_text(call.tx.absolute(account.created_at))
    parent = {"data": {"type": "account", "id": account.parent_id}}
    return {
        "id": account.id,
        "type": "account",
        "name": account.name,
        "legal_name": account.legal_name,
        "registration_id": account.registration_id,
        "external_ref": account.external_ref,
        "parent_id": account.parent_id,
        "meta": {"timestamps": {"created_at": created_at, "updated_at": created_at}},
        "relationships": {"parent": parent} if account.parent_id else {},
        "links": {"self": f"{call.base_url}/v2/accounts/{account.id}"},
    }
