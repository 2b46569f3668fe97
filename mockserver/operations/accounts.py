"""Accounts (contract.md §3)."""

from dataclasses import replace
from typing import Any

from mockserver.core.clock import to_milliseconds_text
from mockserver.core.errors import ApiError
from mockserver.operations.base import Call, Reply
from mockserver.operations.lists.filters import Field, Grammar
from mockserver.operations.lists.listing import COMPARISONS, attribute, identifier, instant, listed
from mockserver.store.world import ACCOUNT, Account, Member, Membership

CHANGEABLE = ("name", "legal_name", "registration_id", "external_ref")


def list_accounts(call: Call) -> Reply:
    """List all accounts, or those of the member who signed in, by name."""
    found = (account for account in call.tx.accounts() if is_visible(call, account.id))
    return listed(
        call, "/v2/accounts", found, lambda each: show(each, call), _grammar(call), "name"
    )


def get_account(call: Call) -> Reply:
    """Return one account."""
    return _entity(visible(call), call)


def create(call: Call) -> Reply:
    """Create an account, which may have a parent."""
    given = call.body["data"]
    parent_id = given.get("parent_id")
    if parent_id is not None and call.tx.account(parent_id.lower()) is None:
        raise ApiError("account-not-found")
    _check_registration(call, given, None)
    return _entity(new_account(call, given), call, 201)


def update(call: Call) -> Reply:
    """Change the fields that the body names; the parent stays what it is."""
    check_self_management(call)
    account, given = visible(call), call.body["data"]
    _check_registration(call, given, account.id)
    changes = {name: given[name] for name in CHANGEABLE if name in given}
    return _entity(call.tx.save_account(replace(account, **changes)), call)


def delete(call: Call) -> Reply:
    """Delete an account, its memberships and the associations of its carts."""
    call.tx.delete_account(visible(call).id)
    return Reply(204)


def new_account(call: Call, given: dict[str, Any]) -> Account:
    """Store an account with the given fields."""
    fields = {name: given.get(name) for name in ("legal_name", "registration_id", "external_ref")}
    parent_id = given.get("parent_id")
    account = Account(
        id=call.ids.uuid("account"),
        name=given["name"],
        parent_id=parent_id and parent_id.lower(),
        created_at=call.tx.now,
        updated_at=call.tx.now,
        **fields,
    )
    return call.tx.save_account(account)


def check_self_management(call: Call) -> None:
    """Refuse a member's change of its own records, unless the store allows it."""
    setting = call.tx.setting("account_authentication", "account_member_self_management")
    if call.caller.kind == ACCOUNT and setting != "update_only":
        raise ApiError("forbidden")


def visible(call: Call) -> Account:
    """Return the account that the path names, if the caller may read it."""
    account_id = call.params["accountID"].lower()
    if not is_visible(call, account_id):
        raise ApiError("forbidden")
    account = call.tx.account(account_id)
    if account is None:
        raise ApiError("account-not-found")
    return account


def is_visible(call: Call, account_id: str) -> bool:
    """Whether the caller may read an account: an account member only its own ones."""
    if call.caller.member_id is None:
        return True
    member = call.tx.member(call.caller.member_id)
    return member is not None and account_id in member.account_ids


def show(account: Account, call: Call) -> dict[str, Any]:
    """Return an account as the API shows it."""
    ancestors = [{"data": {"type": "account", "id": a.id}} for a in call.tx.ancestors(account)]
    above = {"ancestors": ancestors, "parent": ancestors[-1]} if ancestors else {}
    return {
        "id": account.id,
        "type": "account",
        "name": account.name,
        "legal_name": account.legal_name,
        "registration_id": account.registration_id,
        "external_ref": account.external_ref,
        "parent_id": account.parent_id,
        "meta": {"timestamps": timestamps(account, call)},
        "relationships": above,
        "links": {"self": f"{call.base_url}/v2/accounts/{account.id}"},
    }


def timestamps(record: Account | Member | Membership, call: Call) -> dict[str, str]:
    """Return when a record was made and last changed, as the account services show it."""
    return {
        name: to_milliseconds_text(call.tx.absolute(getattr(record, name)))
        for name in ("created_at", "updated_at")
    }


def _entity(account: Account, call: Call, status: int = 200) -> Reply:
    shown = show(account, call)
    return Reply(status, {"data": shown, "links": shown["links"]})


def _check_registration(call: Call, given: dict[str, Any], own_id: str | None) -> None:
    """Refuse a registration id that another account has."""
    wanted = given.get("registration_id")
    if wanted is not None and any(
        each.registration_id == wanted and each.id != own_id for each in call.tx.accounts()
    ):
        raise ApiError("registration-id-taken")


def _grammar(call: Call) -> Grammar:
    texts = ("name", "legal_name", "registration_id", "external_ref")
    return {
        "id": identifier("id", *COMPARISONS, "in"),
        "created_at": instant(call, "created_at", *COMPARISONS),
        "updated_at": instant(call, "updated_at", *COMPARISONS),
        **{name: attribute(name, "eq", "like") for name in texts},
        "account_tags": Field(("contains",), lambda _: ()),
    }
