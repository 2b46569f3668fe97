"""The `/__admin` API, one module per resource; this module authorizes its requests.

Like any other request, one to the admin API names the sandbox that it acts on.
"""

import hmac
from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import Blueprint, request

from mockserver.admin import journal, rules, sandboxes, server, state
from mockserver.core import wsgi
from mockserver.core.config import LOOPBACK, Config
from mockserver.core.errors import AdminError
from mockserver.openapi.contract import Contract
from mockserver.sandbox.registry import SandboxRegistry

PREFIX = "/__admin"
HEALTH = f"{PREFIX}/health"


def blueprint(config: Config, contract: Contract, registry: SandboxRegistry) -> Blueprint:
    """Return the routes of the admin API."""
    admin = Blueprint("admin", __name__, url_prefix=PREFIX)

    @admin.before_request
    def authorize() -> None:
        _authorize(config)

    server.add_routes(admin, contract, registry)
    sandboxes.add_routes(admin, registry)
    rules.add_routes(admin, config, contract)
    state.add_routes(admin)
    journal.add_routes(admin, contract)
    return admin


def _authorize(config: Config) -> None:
    """Raise AdminError if the request may not use the admin API.

    Health needs no authorization, since probes carry no token. A web page of another origin could
    reset the server, so it is rejected unless --admin-origin names it. On a loopback address, host
    names other than localhost are rejected too, as protection against DNS rebinding.
    """
    if request.path == HEALTH:
        return
    if config.admin == "disabled":
        raise AdminError(404, "Not Found", "The admin API is disabled on this server.")
    if config.host in LOOPBACK and not _is_local(wsgi.host(request.environ)):
        detail = "On this address the admin API is called by localhost or by an IP address."
        raise AdminError(403, "Forbidden", detail)
    origin = request.headers.get("Origin")
    if origin is not None and not may_read(config, origin, wsgi.host(request.environ)):
        detail = "A page of another origin may not use the admin API; name it by --admin-origin."
        raise AdminError(403, "Forbidden", detail)
    if config.admin != "open":
        _check_token(config)


def may_read(config: Config, origin: str, host: str) -> bool:
    """Whether a page of an origin may use the admin API of a server called by `host`."""
    return origin in config.admin_origins or origin.partition("://")[2] == host


def _check_token(config: Config) -> None:
    if not config.admin_token:
        how = "start the server with --admin-token or --open-admin"
        raise AdminError(401, "Unauthorized", f"The admin API is closed beyond localhost: {how}.")
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(
        token.strip().encode("utf-8", "replace"), config.admin_token.encode()
    ):
        how = '"Authorization: Bearer <the server\'s admin token>"'
        raise AdminError(401, "Unauthorized", f"The admin API requires the header {how}.")


def _is_local(host: str) -> bool:
    """Whether a Host header is localhost or an IP address, which no DNS server can redirect."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return bool(ip_address(name))
    except ValueError:
        return False
