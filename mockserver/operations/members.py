"""Account members, who come to be by signing up (contract.md §3)."""

from dataclasses import replace
from typing import Any

from mockserver.core.errors import ApiError
from mockserver.operations.accounts import check_self_management, timestamps
from mockserver.operations.base import Call, Reply
from mockserver.operations.lists.filters import Grammar
from mockserver.operations.lists.listing import attribute, identifier, instant, listed
from mockserver.store.world import Member

PARTS_OF_NAMES = ("given_name", "middle_name", "family_name")


def list_members(call: Call) -> Reply:
    """List all members, or the one who signed in, by name."""
    own = call.caller.member_id
    found = (member for member in call.tx.members() if own in (None, member.id))
    return listed(
        call, "/v2/account-members", found, lambda each: show(each, call), _grammar(call), "name"
    )


def get(call: Call) -> Reply:
    """Return one member."""
    return _entity(named(call, call.params["accountMemberID"]), call)


def update(call: Call) -> Reply:
    """Note a member as updated now: the documented body has no field to change."""
    check_self_management(call)
    member = named(call, call.params["accountMemberID"])
    return _entity(call.tx.save_member(replace(member, updated_at=call.tx.now)), call)


def named(call: Call, member_id: str) -> Member:
    """Return a member, if the caller may read it: who signed in may read itself."""
    member_id = member_id.lower()
    if call.caller.member_id not in (None, member_id):
        raise ApiError("forbidden")
    member = call.tx.member(member_id)
    if member is None:
        raise ApiError("account-member-not-found")
    return member


def show(member: Member, call: Call) -> dict[str, Any]:
    """Return a member as the API shows it."""
    return {
        "id": member.id,
        "type": "account_member",
        "name": member.name,
        **{name: getattr(member, name) for name in PARTS_OF_NAMES},
        "email": member.email,
        "meta": {"timestamps": timestamps(member, call)},
        "links": {"self": f"{call.base_url}/v2/account-members/{member.id}"},
    }


def _entity(member: Member, call: Call) -> Reply:
    shown = show(member, call)
    return Reply(200, {"data": shown, "links": shown["links"]})


def _grammar(call: Call) -> Grammar:
    return {
        "email": attribute("email", "ilike"),
        "name": attribute("name", "ilike"),
        **{name: attribute(name, "ilike", "is_null") for name in PARTS_OF_NAMES},
        "id": identifier("id"),
        "created_at": instant(call, "created_at"),
        "updated_at": instant(call, "updated_at"),
    }
