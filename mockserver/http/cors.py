"""Cross-origin requests, as browsers want them: every page may call the API and read every answer.

The shopper's tokens travel in headers, never in cookies, so there is nothing to protect here.
"""

from typing import Any

from mockserver.core.wsgi import Environ
from mockserver.http.response import Answer

EXPOSED = ", ".join(
    (
        "Mock-Server",
        "Mock-Violations",
        "Mock-Notes",
        "Mock-Request-Id",
        "Preference-Applied",
        "X-Moltin-Request-Id",
        "Allow",
        "Retry-After",
    )
)
METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"


def is_preflight(environ: Environ) -> bool:
    """Whether a browser asks for permission: OPTIONS with an origin and a method to come."""
    return (
        environ["REQUEST_METHOD"] == "OPTIONS"
        and "HTTP_ORIGIN" in environ
        and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ
    )


def preflight(environ: Environ) -> Answer:
    """Return the permission: every method, and whatever headers are asked for."""
    headers = {"Access-Control-Allow-Methods": METHODS}
    if asked := environ.get("HTTP_ACCESS_CONTROL_REQUEST_HEADERS"):
        headers["Access-Control-Allow-Headers"] = asked
    if environ.get("HTTP_ACCESS_CONTROL_REQUEST_PRIVATE_NETWORK") == "true":
        headers["Access-Control-Allow-Private-Network"] = "true"
    headers["Access-Control-Max-Age"] = "600"
    headers["Vary"] = "Origin, Access-Control-Request-Headers"
    return Answer(204, headers)


def allow(environ: Environ, headers: Any) -> None:
    """Let the page that asked read the answer with these headers, a mapping."""
    origin = environ.get("HTTP_ORIGIN")
    headers["Access-Control-Allow-Origin"] = origin or "*"
    if origin:
        headers["Access-Control-Allow-Credentials"] = "true"
        headers.setdefault("Vary", "Origin")
    headers["Access-Control-Expose-Headers"] = EXPOSED
