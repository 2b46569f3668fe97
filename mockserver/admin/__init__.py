"""The /__admin API: what tests ask of the sandbox itself. One module a noun; here is the guard.

A request to it means the sandbox that it names, like any other request.
"""

import hmac
from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import Blueprint, request

from mockserver.admin import clock, coverage, health, journal, rules, sandboxes, snapshots, state
from mockserver.core import wsgi
from mockserver.core.config import LOOPBACK, Config
from mockserver.core.errors import AdminError
from mockserver.openapi.contract import Contract
from mockserver.sandbox.registry import SandboxRegistry

PREFIX = "/__admin"
HEALTH = f"{PREFIX}/health"


def blueprint(config: Config, contract: Contract, held: SandboxRegistry) -> Blueprint:
    """Return the routes of the admin API."""
    admin = Blueprint("admin", __name__, url_prefix=PREFIX)

    @admin.before_request
    def guard() -> None:
        _guard(config)

    health.add_routes(admin, contract)
    sandboxes.add_routes(admin, held)
    clock.add_routes(admin)
    snapshots.add_routes(admin)
    rules.add_routes(admin, config, contract)
    state.add_routes(admin)
    journal.add_routes(admin, contract)
    coverage.add_routes(admin, contract, held)
    return admin


def _guard(config: Config) -> None:
    """Let a request to the admin API through, or raise AdminError.

    Health is open to everyone, since probes carry no token. A web page of another origin is refused
    whatever the mode is, unless its origin was named: it could reset the server. So is, on a
    loopback address, a host name that somebody else's DNS may have bent to here.
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
        raise AdminError(401, "Unauthorized", f"The admin API wants the header {how}.")


def _is_local(host: str) -> bool:
    """Whether a Host header is a name of this machine that no DNS answers for."""
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
