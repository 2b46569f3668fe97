"""Customers, who sign in with an e-mail address and a password."""

from mockserver.core.clock import SECOND
from mockserver.core.errors import ApiError
from mockserver.operations.base import Call, Reply
from mockserver.operations.tokens import same_secret
from mockserver.store.world import CustomerToken

TOKEN_SECONDS = 24 * 3600


def sign_in(call: Call) -> Reply:
    """Exchange a customer's credentials for a customer token of 24 hours."""
    import jwt  # loads cryptography, a fifth of the start-up time: only a login pays for it

    given = call.body["data"]
    customer = call.tx.customer_with(given["email"])
    password = customer.password if customer and customer.password else ""
    if not same_secret(password, given["password"]) or customer is None:
        raise ApiError("wrong-credentials")
    expires_at = call.tx.now + TOKEN_SECONDS * SECOND
    expires = call.tx.absolute(expires_at) // SECOND
    token_id = call.ids.uuid("customer-token")
    claims = {
        "sub": customer.id,
        "name": customer.name,
        "iat": call.tx.absolute(call.tx.now) // SECOND,
        "exp": expires,
        "jti": token_id,
    }
    token = jwt.encode(claims, call.ids.key("customer-token"), algorithm="HS256")
    call.tx.add_customer_token(token, CustomerToken(customer.id, expires_at))
    data = {
        "type": "token",
        "id": token_id,
        "customer_id": customer.id,
        "token": token,
        "expires": expires,
    }
    return Reply(200, {"data": data})
