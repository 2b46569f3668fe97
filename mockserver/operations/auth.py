"""Authentication: from bearer, account token and customer token to a Caller (contract.md §3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from mockserver.core.errors import ApiError
from mockserver.store.entities import ACCOUNT, CUSTOMER, Owner

if TYPE_CHECKING:
    from mockserver.openapi.contract import Operation
    from mockserver.store.tokens import Tokens
    from mockserver.store.transaction import Transaction

ANONYMOUS = "anonymous"
ADMINISTRATOR = "administrator"
RESTRICTED = "restricted"
ANYONE = "anyone"
ACCOUNT_TOKEN_HEADER = "EP-Account-Management-Authentication-Token"  # noqa: S105 - a name
CUSTOMER_TOKEN_HEADER = "X-Moltin-Customer-Token"  # noqa: S105 - a name
BOTH_TOKENS = "the customer token is ignored beside an account token"


class Caller(NamedTuple):
    """Whom a request acts as.

    `owner` is the account or the customer, `member_id` the account's member who signed in, `note`
    a remark on the tokens for the journal.
    """

    kind: str
    owner: Owner | None = None
    member_id: str | None = None
    note: str | None = None

    def as_log_fields(self) -> tuple[str | None, ...]:
        """Return its kind, the id of its account or None, and that of its customer or None."""
        owner_type, owner_id = self.owner or (None, None)
        return self.kind, *(owner_id if owner_type == t else None for t in (ACCOUNT, CUSTOMER))


def authenticate(
    operation: Operation,
    authorization: str | None,
    account_token: str | None,
    customer_token: str | None,
    tx: Transaction,
) -> Caller:
    """Return the caller, after checking the tokens and the right to call the operation.

    `authorization`, `account_token` and `customer_token` are the headers' values. The customer
    token is ignored beside an account token, and by operations that are not for customers.
    Raises ApiError for the bearer token first, then for the other token, then for the kind of
    caller (contract.md §2, checks 2 to 4).
    """
    if ANYONE in operation.callers:
        return Caller(ANYONE)
    tokens = tx.tokens
    bearer = tokens.bearer(_bearer_token(authorization))
    application = tokens.application(bearer.client_id) if bearer else None
    if application is None:
        has_unauthorized = "unauthorized" in operation.errors
        raise ApiError("unauthorized" if has_unauthorized else "unable-to-validate-access-token")
    if CUSTOMER not in operation.callers:
        customer_token = None
    if account_token:
        caller = _authenticate_account(
            account_token, BOTH_TOKENS if customer_token else None, tokens
        )
    elif customer_token:
        caller = _authenticate_customer(customer_token, tokens)
    elif application.grant == "implicit":
        caller = Caller(ANONYMOUS)
    else:
        caller = Caller(RESTRICTED if application.role == "restricted" else ADMINISTRATOR)
    if caller.kind not in operation.callers:
        raise ApiError("forbidden")
    return caller


def _authenticate_account(text: str, note: str | None, tokens: Tokens) -> Caller:
    token = tokens.account_token(text)
    if token is None:
        raise ApiError("account-token-not-valid")
    return Caller(ACCOUNT, Owner(ACCOUNT, token.account_id), token.member_id, note)


def _authenticate_customer(text: str, tokens: Tokens) -> Caller:
    token = tokens.customer_token(text)
    if token is None:
        raise ApiError("customer-token-not-valid")
    return Caller(CUSTOMER, Owner(CUSTOMER, token.customer_id))


def _bearer_token(authorization: str | None) -> str:
    scheme, _, token = (authorization or "").strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
