"""Contract coverage of the consumer, over all sandboxes that there were."""

from flask import Blueprint, Response, request

from mockserver import coverage
from mockserver.contract import Contract
from mockserver.control.bodies import data
from mockserver.sandboxes import Sandboxes


def add_routes(admin: Blueprint, contract: Contract, held: Sandboxes) -> None:
    """Add the routes of this noun."""

    @admin.get("/coverage")
    def get_coverage() -> Response:
        magic = held.default.world.magic
        base_url = request.host_url.rstrip("/")
        return data(coverage.report(contract, held.counts(), held.findings(), magic, base_url))
