"""The /__admin API: what tests ask of the sandbox itself. Guarded as `Config.admin` says."""

import hmac

from flask import Blueprint, Response, request

from mockserver import __version__, json_text
from mockserver.answer import answer
from mockserver.config import Config
from mockserver.contract import Contract
from mockserver.errors import ControlError
from mockserver.sandbox import Sandbox

PREFIX = "/__admin"
HEALTH = f"{PREFIX}/health"


def blueprint(config: Config, contract: Contract, sandbox: Sandbox) -> Blueprint:
    """Return the routes of the admin API."""
    admin = Blueprint("admin", __name__, url_prefix=PREFIX)

    @admin.before_request
    def guard() -> None:
        _guard(config)

    @admin.get("/health")
    def health() -> Response:
        return _json({"status": "ok", "version": __version__})

    @admin.get("/errors")
    def errors() -> Response:
        magic = sandbox.world.magic
        base_url = request.host_url.rstrip("/")
        return _json([contract.describe(e, magic, base_url) for e in contract.catalogue()])

    @admin.post("/reset")
    def reset() -> Response:
        sandbox.reset()
        return answer(204, None)

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
    if origin is not None and origin.partition("://")[2] != request.host:
        raise ControlError(403, "Forbidden", "A page of another origin may not use the admin API.")
    if config.admin == "open":
        return
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if not config.admin_token:
        how = "start the server with --admin-token or --open-admin"
        raise ControlError(401, "Unauthorized", f"The admin API is closed beyond localhost: {how}.")
    if scheme.lower() != "bearer" or not hmac.compare_digest(
        token.strip().encode("utf-8", "replace"), config.admin_token.encode()
    ):
        how = '"Authorization: Bearer <the server\'s admin token>"'
        raise ControlError(401, "Unauthorized", f"The admin API wants the header {how}.")


def _json(value: object) -> Response:
    return Response(json_text.dump(value), content_type="application/json")
