"""Contract coverage of the consumer, over all sandboxes that there were, or of one."""

from flask import Blueprint, Response, request

from mockserver.admin.bodies import data
from mockserver.core import wsgi
from mockserver.openapi.contract import Contract
from mockserver.sandbox import coverage
from mockserver.sandbox.registry import DEFAULT, SandboxRegistry, prefix_of


def add_routes(admin: Blueprint, contract: Contract, held: SandboxRegistry) -> None:
    """Add the routes of this noun."""

    @admin.get("/coverage")
    def get_coverage() -> Response:
        magic = held.default.store.magic
        name = request.args.get("sandbox")
        base_url = wsgi.server_url(request.environ) + prefix_of(name or DEFAULT)
        if name:
            only = held.get(name)
            counts, findings = only.journal.counts(), only.client_warnings.warnings()
        else:
            counts, findings = held.counts(), held.client_warnings()
        return data(coverage.report(contract, counts, findings, magic, base_url))
