"""Bearer tokens for applications, account tokens for account members (contract.md §3)."""

import hmac
from collections.abc import Callable
from typing import Any

from mockserver.core.clock import SECOND, to_milliseconds_text
from mockserver.core.errors import ApiError
from mockserver.operations.accounts import new_account
from mockserver.operations.base import OperationContext, OperationResult
from mockserver.operations.lists.pages import page
from mockserver.operations.memberships import new_membership
from mockserver.store.entities import Account, AccountToken, Bearer, Member, Membership

BEARER_SECONDS = 3600
AUTHENTICATION = "account_authentication"


def create_access_token(ctx: OperationContext) -> OperationResult:
    """RequestContext an application's credentials for a bearer token of one hour. Not wrapped in data."""
    given = ctx.body
    application = ctx.tx.tokens.application(given["client_id"])
    if application is None or application.grant != given["grant_type"]:
        raise ApiError("wrong-credentials")
    if application.client_secret is not None and not same_secret(
        application.client_secret, given.get("client_secret", "")
    ):
        raise ApiError("wrong-credentials")
    expires_at = ctx.tx.now + BEARER_SECONDS * SECOND
    token = ctx.ids.token("bearer")
    ctx.tx.tokens.add_bearer(token, Bearer(application.client_id, expires_at))
    body = {
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": BEARER_SECONDS,
        "expires": ctx.tx.absolute(expires_at) // SECOND,
        "identifier": application.grant,
    }
    return OperationResult(200, body)


def sign_in(ctx: OperationContext) -> OperationResult:
    """Sign a member in by one of five mechanisms; answers a token for each of the accounts."""
    given = ctx.body["data"]
    member = MECHANISMS[given["authentication_mechanism"]](ctx, given)
    accounts = [a for a in map(ctx.tx.accounts.get, member.account_ids) if a is not None]
    return page(
        ctx,
        "/v2/account-members/tokens",
        accounts,
        lambda account: _issue(ctx, member, account),
        status=201,
        account_member_id=member.id,
    )


def _by_password(ctx: OperationContext, given: dict[str, Any]) -> Member:
    _check_profile(ctx, given)
    member = ctx.tx.members.by_username(given["username"])
    if not same_secret(member.password if member and member.password else "", given["password"]):
        raise ApiError("wrong-credentials")
    assert member is not None  # an empty password never matches: the schema wants one character
    return member


def _by_sign_up(ctx: OperationContext, given: dict[str, Any]) -> Member:
    """Make a member, and an account for it where the settings say so."""
    _check_profile(ctx, given)
    if not ctx.tx.setting(AUTHENTICATION, "enable_self_signup"):
        raise ApiError("self-signup-disabled")
    if ctx.tx.members.by_username(given["username"]) is not None:
        raise ApiError("username-taken")
    member_id = ctx.ids.uuid("member")
    memberships: tuple[Membership, ...] = ()
    if ctx.tx.setting(AUTHENTICATION, "auto_create_account_for_account_members"):
        account = new_account(ctx, {"name": given["name"]})
        memberships = (new_membership(ctx, account.id, member_id),)
    member = Member(
        member_id,
        given["name"],
        given["email"],
        given["username"],
        given["password"],
        memberships,
        given.get("given_name"),
        given.get("middle_name"),
        given.get("family_name"),
        ctx.tx.now,
        ctx.tx.now,
    )
    return ctx.tx.members.save(member)


def _by_one_time_token(ctx: OperationContext, given: dict[str, Any]) -> Member:
    _check_profile(ctx, given)
    member = ctx.tx.members.by_code("passwordless", given["one_time_password_token"])
    if member is None or member.username.casefold() != given["username"].casefold():
        raise ApiError("wrong-credentials")
    return member


def _by_openid_connect(ctx: OperationContext, given: dict[str, Any]) -> Member:
    member = ctx.tx.members.by_code("oidc", given["oauth_authorization_code"])
    if member is None:
        raise ApiError("wrong-credentials")
    return member


def _by_account_token(ctx: OperationContext, _: dict[str, Any]) -> Member:
    """Take the member of the account token in the header."""
    if ctx.caller.member_id is None:
        raise ApiError("account-token-missing")
    member = ctx.tx.members.get(ctx.caller.member_id)
    if member is None:
        raise ApiError("account-token-not-valid")
    return member


MECHANISMS: dict[str, Callable[[OperationContext, dict[str, Any]], Member]] = {
    "password": _by_password,
    "self_signup": _by_sign_up,
    "passwordless": _by_one_time_token,
    "oidc": _by_openid_connect,
    "account_management_authentication_token": _by_account_token,
}


def _check_profile(ctx: OperationContext, given: dict[str, Any]) -> None:
    if given["password_profile_id"].lower() not in ctx.tx.state.password_profiles:
        raise ApiError("password-profile-not-found")


def _issue(ctx: OperationContext, member: Member, account: Account) -> dict[str, Any]:
    import jwt  # loads cryptography, a fifth of the start-up time: only a login pays for it

    seconds = ctx.tx.setting(AUTHENTICATION, "account_management_authentication_token_timeout_secs")
    expires_at = ctx.tx.now + seconds * SECOND
    claims = {
        "sub": member.id,
        "scope": account.id,
        "iat": ctx.tx.absolute(ctx.tx.now) // SECOND,
        "exp": ctx.tx.absolute(expires_at) // SECOND,
        "realm_id": ctx.tx.state.store["realm_id"],
        "store_id": ctx.tx.state.store["id"],
        "ancestors": "",
        "account_member_self_management": ctx.tx.setting(
            AUTHENTICATION, "account_member_self_management"
        ),
    }
    token = jwt.encode(claims, ctx.ids.key("account-token"), algorithm="HS256")
    ctx.tx.tokens.add_account_token(token, AccountToken(account.id, member.id, expires_at))
    return {
        "type": "account_management_authentication_token",
        "account_id": account.id,
        "account_name": account.name,
        "token": token,
        "expires": to_milliseconds_text(ctx.tx.absolute(expires_at)),
    }


def same_secret(expected: str, given: str) -> bool:
    """Compare secrets in a time that does not tell where they differ."""
    return hmac.compare_digest(expected.encode(), given.encode())
