"""Health, the admin API's own document, the error catalogue, and back to the fixtures."""

from flask import Blueprint, Response, request

from mockserver import __version__, catalogue, wsgi
from mockserver.contract import Contract
from mockserver.control import document
from mockserver.control.bodies import data, nothing
from mockserver.exchange import current
from mockserver.sandboxes import prefix_of


def add_routes(admin: Blueprint, contract: Contract) -> None:
    """Add the routes of this noun."""

    @admin.get("/health")
    def health() -> Response:
        return data({"status": "ok", "version": __version__})

    @admin.get("/openapi.yaml")
    def openapi() -> Response:
        return Response(document.text(), content_type="application/yaml")

    @admin.get("/errors")
    def errors() -> Response:
        magic = current().sandbox.world.magic
        base_url = wsgi.server_url(request.environ) + prefix_of(current().sandbox_name)
        return data(
            [catalogue.describe(contract, e, magic, base_url) for e in contract.catalogue()]
        )

    @admin.post("/reset")
    def reset() -> Response:
        current().sandbox.reset()
        return nothing()
