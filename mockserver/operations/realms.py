"""How members prove who they are: the store's realm and its password profiles."""

from typing import Any

from mockserver.core.clock import to_milliseconds_text
from mockserver.core.errors import ApiError
from mockserver.operations.base import Call, Reply
from mockserver.operations.lists.pages import page


def list_password_profiles(call: Call) -> Reply:
    """List the password profiles of the store's realm."""
    path = _realm(call)
    profiles = sorted(call.tx.world.password_profiles.items())
    return page(call, path, profiles, lambda profile: _show(call, path, *profile))


def request_one_time_password(call: Call) -> Reply:
    """Take a wish for a one-time password token: 202, whether or not there is such a user name.

    The real service sends the token by a webhook; here it is one of the fixtures' sign-in codes.
    """
    _realm(call)
    if call.params["passwordProfileId"].lower() not in call.tx.world.password_profiles:
        raise ApiError("password-profile-not-found")
    return Reply(202)


def _realm(call: Call) -> str:
    """Return the path of the password profiles of the realm that the path names."""
    realm_id = call.params["realmId"].lower()
    if realm_id != call.tx.world.store["realm_id"]:
        raise ApiError("authentication-realm-not-found")
    return f"/v2/authentication-realms/{realm_id}/password-profiles"


def _show(call: Call, path: str, profile_id: str, name: str) -> dict[str, Any]:
    made = to_milliseconds_text(call.tx.absolute(0))
    return {
        "id": profile_id,
        "type": "password_profile",
        "name": name,
        "meta": {"created_at": made, "updated_at": made},
        "links": {"self": f"{call.base_url}{path}/{profile_id}"},
    }
