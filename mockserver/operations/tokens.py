"""Bearer tokens for applications, account tokens for account members, customer tokens
(contract.md §3)."""

import hmac
from collections.abc import Callable
from typing import Any

from mockserver.core.clock import SECOND, to_milliseconds_text
from mockserver.core.errors import ApiError
from mockserver.operations.base import OperationContext, OperationResult
from mockserver.operations.lists.pages import page_response
from mockserver.operations.records import create_account, new_membership
from mockserver.store.entities import (
    Account,
    AccountToken,
    Bearer,
    CustomerToken,
    Member,
    Membership,
)

BEARER_LIFETIME_S = 3600
CUSTOMER_TOKEN_LIFETIME_S = 24 * 3600
AUTHENTICATION = "account_authentication"


def create_access_token(ctx: OperationContext) -> OperationResult:
    """Exchange an application's credentials for a bearer token. The body has no `data`."""
    body = ctx.body
    application = ctx.tx.tokens.application(body["client_id"])
    if application is None or application.grant != body["grant_type"]:
        raise ApiError("wrong-credentials")
    if application.client_secret is not None and not _is_same_secret(
        application.client_secret, body.get("client_secret", "")
    ):
        raise ApiError("wrong-credentials")
    expires_at = ctx.tx.now + BEARER_LIFETIME_S * SECOND
    # counted for each application: a token from before a reset never becomes another one's
    token = ctx.ids.token(f"bearer:{application.grant}:{application.client_id}")
    ctx.tx.tokens.add(token, Bearer(application.client_id, expires_at))
    response = {
        "access_token": token,
        "token_type": "Bearer",
        "expires_in": BEARER_LIFETIME_S,
        "expires": ctx.tx.absolute(expires_at) // SECOND,
        "identifier": application.grant,
    }
    return OperationResult(200, response)


def create_customer_token(ctx: OperationContext) -> OperationResult:
    """Exchange a customer's e-mail address and password for a customer token."""
    data = ctx.body["data"]
    customer = ctx.tx.customers.by_email(data["email"])
    password = customer.password if customer and customer.password else ""
    if not _is_same_secret(password, data["password"]) or customer is None:
        raise ApiError("wrong-credentials")
    expires_at = ctx.tx.now + CUSTOMER_TOKEN_LIFETIME_S * SECOND
    expires = ctx.tx.absolute(expires_at) // SECOND
    token_id = ctx.ids.uuid("customer-token")
    claims = {
        "sub": customer.id,
        "name": customer.name,
        "iat": ctx.tx.absolute(ctx.tx.now) // SECOND,
        "exp": expires,
        "jti": token_id,
    }
    token = _sign(ctx, claims, "customer-token")
    ctx.tx.tokens.add(token, CustomerToken(customer.id, expires_at))
    response = {
        "type": "token",
        "id": token_id,
        "customer_id": customer.id,
        "token": token,
        "expires": expires,
    }
    return OperationResult(200, {"data": response})


def create_account_tokens(ctx: OperationContext) -> OperationResult:
    """Sign a member in by one of five mechanisms; returns a token for each of its accounts."""
    data = ctx.body["data"]
    member = MECHANISMS[data["authentication_mechanism"]](ctx, data)
    accounts = [a for a in map(ctx.tx.accounts.get, member.account_ids) if a is not None]
    return page_response(
        ctx,
        "/v2/account-members/tokens",
        accounts,
        lambda account, ctx: _issue_account_token(ctx, member, account),
        status=201,
        account_member_id=member.id,
    )


def _by_password(ctx: OperationContext, data: dict[str, Any]) -> Member:
    _check_password_profile(ctx, data)
    member = ctx.tx.members.by_username(data["username"])
    password = member.password if member and member.password else ""
    if not _is_same_secret(password, data["password"]):
        raise ApiError("wrong-credentials")
    assert member is not None  # an empty password never matches: the schema requires one character
    return member


def _by_sign_up(ctx: OperationContext, data: dict[str, Any]) -> Member:
    """Create a member, and an account for it where the settings require one."""
    _check_password_profile(ctx, data)
    if not ctx.tx.setting(AUTHENTICATION, "enable_self_signup"):
        raise ApiError("self-signup-disabled")
    if ctx.tx.members.by_username(data["username"]) is not None:
        raise ApiError("username-taken")
    member_id = ctx.ids.uuid("member")
    memberships: tuple[Membership, ...] = ()
    if ctx.tx.setting(AUTHENTICATION, "auto_create_account_for_account_members"):
        account = create_account(ctx, {"name": data["name"]})
        memberships = (new_membership(ctx, account.id, member_id),)
    member = Member(
        member_id,
        data["name"],
        data["email"],
        data["username"],
        data["password"],
        memberships,
        data.get("given_name"),
        data.get("middle_name"),
        data.get("family_name"),
        ctx.tx.now,
        ctx.tx.now,
    )
    return ctx.tx.members.save(member)


def _by_one_time_token(ctx: OperationContext, data: dict[str, Any]) -> Member:
    _check_password_profile(ctx, data)
    member = ctx.tx.members.by_code("passwordless", data["one_time_password_token"])
    if member is None or member.username.casefold() != data["username"].casefold():
        raise ApiError("wrong-credentials")
    return member


def _by_openid_connect(ctx: OperationContext, data: dict[str, Any]) -> Member:
    member = ctx.tx.members.by_code("oidc", data["oauth_authorization_code"])
    if member is None:
        raise ApiError("wrong-credentials")
    return member


def _by_account_token(ctx: OperationContext, _: dict[str, Any]) -> Member:
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


def _check_password_profile(ctx: OperationContext, data: dict[str, Any]) -> None:
    if data["password_profile_id"].lower() not in ctx.tx.state.password_profiles:
        raise ApiError("password-profile-not-found")


def _issue_account_token(ctx: OperationContext, member: Member, account: Account) -> dict[str, Any]:
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
    token = _sign(ctx, claims, "account-token")
    ctx.tx.tokens.add(token, AccountToken(account.id, member.id, expires_at))
    return {
        "type": "account_management_authentication_token",
        "account_id": account.id,
        "account_name": account.name,
        "token": token,
        "expires": to_milliseconds_text(ctx.tx.absolute(expires_at)),
    }


def _sign(ctx: OperationContext, claims: dict[str, Any], key: str) -> str:
    import jwt  # loads cryptography, a fifth of the start-up time: only a login pays for it

    return jwt.encode(claims, ctx.ids.key(key), algorithm="HS256")


def _is_same_secret(expected: str, actual: str) -> bool:
    """Compare two secrets in constant time, which does not reveal where they differ."""
    return hmac.compare_digest(expected.encode(), actual.encode())
