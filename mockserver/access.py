"""Who is calling: bearer and account token into a Caller (contract.md §3)."""

from dataclasses import dataclass

from mockserver.contract import Operation
from mockserver.errors import ApiError
from mockserver.transaction import Transaction

ANONYMOUS = "anonymous"
ACCOUNT = "account"
ADMINISTRATOR = "administrator"
RESTRICTED = "restricted"
ANYONE = "anyone"
ACCOUNT_TOKEN_HEADER = "EP-Account-Management-Authentication-Token"  # noqa: S105 - a name


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom a request acts as. Account and member are there where it acts as an account."""

    kind: str
    account_id: str | None = None
    member_id: str | None = None


def identify(
    operation: Operation, authorization: str | None, account_token: str | None, tx: Transaction
) -> Caller:
    """Return the caller, checking the tokens and then the right to the operation at all.

    `authorization` and `account_token` are the headers' values. Raises ApiError: the bearer token
    is refused, then the account token, then the kind of caller (contract.md §2, checks 2 to 4).
    """
    if ANYONE in operation.callers:
        return Caller(ANYONE)
    bearer = tx.bearer(_bearer_token(authorization))
    application = tx.application(bearer.client_id) if bearer else None
    if application is None:
        services = "unauthorized" in operation.errors
        raise ApiError("unauthorized" if services else "unable-to-validate-access-token")
    if account_token:
        token = tx.account_token(account_token)
        if token is None:
            raise ApiError("account-token-not-valid")
        caller = Caller(ACCOUNT, token.account_id, token.member_id)
    elif application.grant == "implicit":
        caller = Caller(ANONYMOUS)
    else:
        caller = Caller(RESTRICTED if application.role == "restricted" else ADMINISTRATOR)
    if caller.kind not in operation.callers:
        raise ApiError("forbidden")
    return caller


def _bearer_token(authorization: str | None) -> str:
    scheme, _, token = (authorization or "").strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
