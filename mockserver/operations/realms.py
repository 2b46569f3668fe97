"""The store's authentication realm and its password profiles."""

from typing import Any

from mockserver.core.clock import to_milliseconds_text
from mockserver.core.errors import ApiError
from mockserver.operations.base import OperationContext, OperationResult
from mockserver.operations.lists.pages import page_response


def list_password_profiles(ctx: OperationContext) -> OperationResult:
    path = _get_profiles_path(ctx)
    instant = to_milliseconds_text(ctx.tx.absolute(0))

    def serialize(profile: tuple[str, str], ctx: OperationContext) -> dict[str, Any]:
        profile_id, name = profile
        return {
            "id": profile_id,
            "type": "password_profile",
            "name": name,
            "meta": {"created_at": instant, "updated_at": instant},
            "links": {"self": f"{ctx.base_url}{path}/{profile_id}"},
        }

    return page_response(ctx, path, sorted(ctx.tx.state.password_profiles.items()), serialize)


def request_one_time_password(ctx: OperationContext) -> OperationResult:
    """Accept a request for a one-time password token: 202, whether or not the user name exists.

    The real service sends the token by a webhook; here it is one of the fixtures' sign-in codes.
    """
    _get_profiles_path(ctx)
    if ctx.params["passwordProfileId"].lower() not in ctx.tx.state.password_profiles:
        raise ApiError("password-profile-not-found")
    return OperationResult(202)


def _get_profiles_path(ctx: OperationContext) -> str:
    """Return the path of the password profiles of the realm in the request's path, or raise 404."""
    realm_id = ctx.params["realmId"].lower()
    if realm_id != ctx.tx.state.store["realm_id"]:
        raise ApiError("authentication-realm-not-found")
    return f"/v2/authentication-realms/{realm_id}/password-profiles"
