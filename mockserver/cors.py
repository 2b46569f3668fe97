"""Cross-origin requests, as browsers want them: every page may call the API and read every answer.

The shopper's tokens travel in headers, never in cookies, so there is nothing to protect here.
"""

from flask import Request, Response

from mockserver.answer import answer

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


def is_preflight(request: Request) -> bool:
    """Whether a browser asks for permission: OPTIONS with an origin and a method to come."""
    return (
        request.method == "OPTIONS"
        and "Origin" in request.headers
        and "Access-Control-Request-Method" in request.headers
    )


def preflight(request: Request) -> Response:
    """Return the permission: every method, and whatever headers are asked for."""
    response = answer(204, None)
    response.headers["Access-Control-Allow-Methods"] = METHODS
    if asked := request.headers.get("Access-Control-Request-Headers"):
        response.headers["Access-Control-Allow-Headers"] = asked
    if request.headers.get("Access-Control-Request-Private-Network") == "true":
        response.headers["Access-Control-Allow-Private-Network"] = "true"
    response.headers["Access-Control-Max-Age"] = "600"
    response.headers["Vary"] = "Origin, Access-Control-Request-Headers"
    return response


def allow(request: Request, response: Response) -> None:
    """Let the page that asked read the answer."""
    origin = request.headers.get("Origin")
    response.headers["Access-Control-Allow-Origin"] = origin or "*"
    if origin:
        response.headers["Access-Control-Allow-Credentials"] = "true"
        response.headers.setdefault("Vary", "Origin")
    response.headers["Access-Control-Expose-Headers"] = EXPOSED
