"""Customers, who sign in with an e-mail address and a password."""

from mockserver.core.clock import SECOND
from mockserver.core.errors import ApiError
from mockserver.operations.base import OperationContext, OperationResult
from mockserver.operations.tokens import same_secret
from mockserver.store.entities import CustomerToken

TOKEN_SECONDS = 24 * 3600


def sign_in(ctx: OperationContext) -> OperationResult:
    """RequestContext a customer's credentials for a customer token of 24 hours."""
    import jwt  # loads cryptography, a fifth of the start-up time: only a login pays for it

    given = ctx.body["data"]
    customer = ctx.tx.customers.by_email(given["email"])
    password = customer.password if customer and customer.password else ""
    if not same_secret(password, given["password"]) or customer is None:
        raise ApiError("wrong-credentials")
    expires_at = ctx.tx.now + TOKEN_SECONDS * SECOND
    expires = ctx.tx.absolute(expires_at) // SECOND
    token_id = ctx.ids.uuid("customer-token")
    claims = {
        "sub": customer.id,
        "name": customer.name,
        "iat": ctx.tx.absolute(ctx.tx.now) // SECOND,
        "exp": expires,
        "jti": token_id,
    }
    token = jwt.encode(claims, ctx.ids.key("customer-token"), algorithm="HS256")
    ctx.tx.tokens.add_customer_token(token, CustomerToken(customer.id, expires_at))
    data = {
        "type": "token",
        "id": token_id,
        "customer_id": customer.id,
        "token": token,
        "expires": expires,
    }
    return OperationResult(200, {"data": data})
