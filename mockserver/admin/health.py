"""Health, the admin API's own document, the error catalog, and back to the fixtures."""

from flask import Blueprint, Response, request

from mockserver import __version__
from mockserver.admin import document
from mockserver.admin.bodies import data, nothing
from mockserver.core import wsgi
from mockserver.http.context import current
from mockserver.openapi import error_catalog
from mockserver.openapi.contract import Contract
from mockserver.sandbox.registry import prefix_of


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
        magic = current().sandbox.store.magic
        base_url = wsgi.server_url(request.environ) + prefix_of(current().sandbox_name)
        return data(
            [error_catalog.describe(contract, e, magic, base_url) for e in contract.error_entries()]
        )

    @admin.post("/reset")
    def reset() -> Response:
        current().sandbox.reset()
        return nothing()
