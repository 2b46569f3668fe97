"""Sessions of the dashboard: sign in once with the admin token, then by a cookie.

The cookie does not contain the token: it is signed with a key that is derived from it.
"""

import hmac
from hashlib import sha256

from flask import Request, Response
from itsdangerous import BadSignature, TimestampSigner

from mockserver.core import wsgi
from mockserver.core.config import Config
from mockserver.core.errors import AdminError

COOKIE = "mockserver-admin"
MAX_AGE_S = 7 * 86_400
SIGNED_VALUE = b"admin"


def token(config: Config, request: Request) -> str | None:
    """Return the admin token if the request has a valid session, else None."""
    if not config.admin_token:
        return None
    try:
        _signer(config.admin_token).unsign(request.cookies.get(COOKIE, ""), max_age=MAX_AGE_S)
    except BadSignature:
        return None
    return config.admin_token


def start(config: Config, request: Request, response: Response) -> bool:
    """Set the cookie if the form has the right token; return whether it has."""
    token = request.form.get("token", "").encode("utf-8", "replace")
    if not config.admin_token or not hmac.compare_digest(token, config.admin_token.encode()):
        return False
    response.set_cookie(
        COOKIE,
        _signer(config.admin_token).sign(SIGNED_VALUE).decode(),
        max_age=MAX_AGE_S,
        httponly=True,
        samesite="Strict",
        secure=request.is_secure,
    )
    return True


def reject_other_sites(request: Request) -> None:
    """Raise AdminError for a form sent by a page of another site."""
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    origin = request.headers.get("Origin")
    own = wsgi.server_url(request.environ)
    if site not in ("same-origin", "none") or origin not in (None, own):
        raise AdminError(403, "Forbidden", "A page of another site may not do this.")


def _signer(admin_token: str) -> TimestampSigner:
    return TimestampSigner(sha256(b"session " + admin_token.encode()).digest())
