"""CORS: every web page may call the API and read every response.

Tokens are sent in headers, never in cookies, so there is nothing to protect.
"""

from typing import Any

from mockserver.core.wsgi import Environ
from mockserver.http.response import Response

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
    """Return whether this is a CORS preflight: OPTIONS with an origin and a requested method."""
    return (
        environ["REQUEST_METHOD"] == "OPTIONS"
        and "HTTP_ORIGIN" in environ
        and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ
    )


def preflight(environ: Environ) -> Response:
    """Return the permission for every method and for the requested headers."""
    headers = {"Access-Control-Allow-Methods": METHODS}
    if requested := environ.get("HTTP_ACCESS_CONTROL_REQUEST_HEADERS"):
        headers["Access-Control-Allow-Headers"] = requested
    if environ.get("HTTP_ACCESS_CONTROL_REQUEST_PRIVATE_NETWORK") == "true":
        headers["Access-Control-Allow-Private-Network"] = "true"
    headers["Access-Control-Max-Age"] = "600"
    headers["Vary"] = "Origin, Access-Control-Request-Headers"
    return Response(204, headers)


def allow(environ: Environ, headers: Any) -> None:
    """Add the headers that let the requesting page read the response."""
    origin = environ.get("HTTP_ORIGIN")
    headers["Access-Control-Allow-Origin"] = origin or "*"
    if origin:
        headers["Access-Control-Allow-Credentials"] = "true"
        headers.setdefault("Vary", "Origin")
    headers["Access-Control-Expose-Headers"] = EXPOSED
