"""Who is calling: bearer, account token and customer token into a Caller (contract.md §3)."""

from typing import NamedTuple

from mockserver.core.errors import ApiError
from mockserver.openapi.contract import Operation
from mockserver.store.entities import ACCOUNT, CUSTOMER, Owner
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
    what to tell about the tokens.
    """

    kind: str
    owner: Owner | None = None
    member_id: str | None = None
    note: str | None = None

    @property
    def told(self) -> tuple[str | None, ...]:
        """Its kind, and the id of its account and of its customer, as far as it has one."""
        kind, owner_id = self.owner or (None, None)
        return self.kind, *(owner_id if kind == each else None for each in (ACCOUNT, CUSTOMER))


def authenticate(
    operation: Operation,
    authorization: str | None,
    account_token: str | None,
    customer_token: str | None,
    tx: Transaction,
) -> Caller:
    """Return the caller, checking the tokens and then the right to the operation at all.

    `authorization`, `account_token` and `customer_token` are the headers' values. An operation that
    is not for customers never looks at their token; beside an account token it counts for nothing.
    Raises ApiError: the bearer token is refused, then the other one, then the kind of caller
    (contract.md §2, checks 2 to 4).
    """
    if ANYONE in operation.callers:
        return Caller(ANYONE)
    bearer = tx.tokens.bearer(_bearer_token(authorization))
    application = tx.tokens.application(bearer.client_id) if bearer else None
    if application is None:
        services = "unauthorized" in operation.errors
        raise ApiError("unauthorized" if services else "unable-to-validate-access-token")
    if CUSTOMER not in operation.callers:
        customer_token = None
    if account_token:
        caller = _account(account_token, BOTH_TOKENS if customer_token else None, tx)
    elif customer_token:
        caller = _customer(customer_token, tx)
    elif application.grant == "implicit":
        caller = Caller(ANONYMOUS)
    else:
        caller = Caller(RESTRICTED if application.role == "restricted" else ADMINISTRATOR)
    if caller.kind not in operation.callers:
        raise ApiError("forbidden")
    return caller


def _account(text: str, note: str | None, tx: Transaction) -> Caller:
    token = tx.tokens.account_token(text)
    if token is None:
        raise ApiError("account-token-not-valid")
    return Caller(ACCOUNT, Owner(ACCOUNT, token.account_id), token.member_id, note)


def _customer(text: str, tx: Transaction) -> Caller:
    token = tx.tokens.customer_token(text)
    if token is None:
        raise ApiError("customer-token-not-valid")
    return Caller(CUSTOMER, Owner(CUSTOMER, token.customer_id))


def _bearer_token(authorization: str | None) -> str:
    scheme, _, token = (authorization or "").strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
