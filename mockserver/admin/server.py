"""What belongs to the whole server: health, contract of the admin API, error catalog, coverage."""

from flask import Blueprint, Response, request

from mockserver import __version__
from mockserver.admin.schema import document_yaml, json_response
from mockserver.core import wsgi
from mockserver.http.context import current
from mockserver.openapi import error_catalog
from mockserver.openapi.contract import Contract
from mockserver.sandbox import coverage
from mockserver.sandbox.registry import DEFAULT, SandboxRegistry, prefix_of


def add_routes(admin: Blueprint, contract: Contract, registry: SandboxRegistry) -> None:
    @admin.get("/health")
    def get_health() -> Response:
        return json_response({"status": "ok", "version": __version__})

    @admin.get("/openapi.yaml")
    def get_openapi() -> Response:
        return Response(document_yaml(), content_type="application/yaml")

    @admin.get("/errors")
    def list_errors() -> Response:
        magic = current().sandbox.store.magic
        base_url = wsgi.server_url(request.environ) + prefix_of(current().sandbox_name)
        return json_response(
            [
                error_catalog.describe(contract, entry, magic, base_url)
                for entry in contract.error_entries()
            ]
        )

    @admin.get("/coverage")
    def get_coverage() -> Response:
        """Report on one sandbox, or on all that ever were."""
        name = request.args.get("sandbox")
        if name:
            sandbox = registry.get(name)
            counts, warnings = sandbox.journal.counts(), sandbox.client_warnings.warnings()
        else:
            counts, warnings = registry.counts(), registry.client_warnings()
        magic = registry.default.store.magic
        base_url = wsgi.server_url(request.environ) + prefix_of(name or DEFAULT)
        return json_response(coverage.report(contract, counts, warnings, magic, base_url))
