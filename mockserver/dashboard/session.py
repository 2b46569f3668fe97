"""Who may look: where the server has an admin token, it is asked for once and kept as a cookie.

The cookie does not hold the token: it is signed with a key that is derived from it.
"""

import hmac
from hashlib import sha256

from flask import Request, Response
from itsdangerous import BadSignature, TimestampSigner

from mockserver.core import wsgi
from mockserver.core.config import Config
from mockserver.core.errors import AdminError

COOKIE = "mockserver-admin"
SECONDS = 7 * 86_400
KNOWN = b"admin"


def token(config: Config, request: Request) -> str | None:
    """Return the admin token for somebody who has given it before."""
    if not config.admin_token:
        return None
    try:
        _signer(config.admin_token).unsign(request.cookies.get(COOKIE, ""), max_age=SECONDS)
    except BadSignature:
        return None
    return config.admin_token


def start(config: Config, request: Request, response: Response) -> bool:
    """Set the cookie for somebody who gives the right token; whether it was right."""
    given = request.form.get("token", "").encode("utf-8", "replace")
    if not config.admin_token or not hmac.compare_digest(given, config.admin_token.encode()):
        return False
    response.set_cookie(
        COOKIE,
        _signer(config.admin_token).sign(KNOWN).decode(),
        max_age=SECONDS,
        httponly=True,
        samesite="Strict",
        secure=request.is_secure,
    )
    return True


def refuse_other_sites(request: Request) -> None:
    """Raise AdminError for a form that a page of another site has sent."""
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    origin = request.headers.get("Origin")
    own = wsgi.server_url(request.environ)
    if site not in ("same-origin", "none") or origin not in (None, own):
        raise AdminError(403, "Forbidden", "A page of another site may not do this.")


def _signer(admin_token: str) -> TimestampSigner:
    return TimestampSigner(sha256(b"session " + admin_token.encode()).digest())
