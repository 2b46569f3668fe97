"""The /__admin API: what tests ask of the sandbox itself. One module a noun; here is the guard.

A request to it means the sandbox that it names, like any other request.
"""

import hmac
from urllib.parse import urlsplit

from flask import Blueprint, request

from mockserver.config import Config
from mockserver.contract import Contract
from mockserver.control import clock, coverage, journal, rules, sandboxes, snapshots, state
from mockserver.errors import ControlError
from mockserver.sandboxes import Sandboxes

PREFIX = "/__admin"
HEALTH = f"{PREFIX}/health"


def blueprint(config: Config, contract: Contract, held: Sandboxes) -> Blueprint:
    """Return the routes of the admin API."""
    admin = Blueprint("admin", __name__, url_prefix=PREFIX)

    @admin.before_request
    def guard() -> None:
        _guard(config)

    state.add_routes(admin, contract)
    sandboxes.add_routes(admin, held)
    clock.add_routes(admin)
    snapshots.add_routes(admin)
    rules.add_routes(admin, config, contract)
    journal.add_routes(admin, contract)
    coverage.add_routes(admin, contract, held)
    return admin


def _guard(config: Config) -> None:
    """Let a request to the admin API through, or raise ControlError.

    Health is open to everyone, since probes carry no token. A web page of another origin is refused
    whatever the mode is: it could not read the answer, but it could reset the server.
    """
    if request.path == HEALTH:
        return
    if config.admin == "disabled":
        raise ControlError(404, "Not Found", "The admin API is disabled on this server.")
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        raise ControlError(403, "Forbidden", "A page of another origin may not use the admin API.")
    if config.admin == "open":
        return
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if config.admin_token is None:
        how = "start the server with --admin-token or --open-admin"
        raise ControlError(401, "Unauthorized", f"The admin API is closed beyond localhost: {how}.")
    if scheme.lower() != "bearer" or not hmac.compare_digest(
        token.strip().encode("utf-8", "replace"), config.admin_token.encode()
    ):
        how = '"Authorization: Bearer <the server\'s admin token>"'
        raise ControlError(401, "Unauthorized", f"The admin API wants the header {how}.")
