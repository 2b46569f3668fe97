"""How members prove who they are: the store's realm and its password profiles."""

from typing import Any

from mockserver.core.clock import to_milliseconds_text
from mockserver.core.errors import ApiError
from mockserver.operations.base import OperationContext, OperationResult
from mockserver.operations.lists.pages import page


def list_password_profiles(ctx: OperationContext) -> OperationResult:
    """List the password profiles of the store's realm."""
    path = _realm(ctx)
    profiles = sorted(ctx.tx.state.password_profiles.items())
    return page(ctx, path, profiles, lambda profile: _show(ctx, path, *profile))


def request_one_time_password(ctx: OperationContext) -> OperationResult:
    """Take a wish for a one-time password token: 202, whether or not there is such a user name.

    The real service sends the token by a webhook; here it is one of the fixtures' sign-in codes.
    """
    _realm(ctx)
    if ctx.params["passwordProfileId"].lower() not in ctx.tx.state.password_profiles:
        raise ApiError("password-profile-not-found")
    return OperationResult(202)


def _realm(ctx: OperationContext) -> str:
    """Return the path of the password profiles of the realm that the path names."""
    realm_id = ctx.params["realmId"].lower()
    if realm_id != ctx.tx.state.store["realm_id"]:
        raise ApiError("authentication-realm-not-found")
    return f"/v2/authentication-realms/{realm_id}/password-profiles"


def _show(ctx: OperationContext, path: str, profile_id: str, name: str) -> dict[str, Any]:
    made = to_milliseconds_text(ctx.tx.absolute(0))
    return {
        "id": profile_id,
        "type": "password_profile",
        "name": name,
        "meta": {"created_at": made, "updated_at": made},
        "links": {"self": f"{ctx.base_url}{path}/{profile_id}"},
    }
