"""Rules: arm, list, disarm; and the rate limit."""

from flask import Blueprint, Response

from mockserver import fixtures, rules
from mockserver.config import Config
from mockserver.contract import Contract
from mockserver.control.bodies import bad_request, body, data, nothing
from mockserver.exchange import current

RATE_LIMIT = {
    "type": "object",
    "additionalProperties": False,
    "required": ["requests_per_second"],
    "properties": {"requests_per_second": {"type": ["integer", "null"], "minimum": 1}},
}


def add_routes(admin: Blueprint, config: Config, contract: Contract) -> None:
    """Add the routes of this noun."""
    shape = fixtures.document()["$defs"]["rule"]

    @admin.get("/rules")
    def list_rules() -> Response:
        return data(current().sandbox.rules())

    @admin.post("/rules")
    def arm_rule() -> Response:
        given = body(shape)
        wrong = [f"{'.'.join(path)}: {text}" for path, text in rules.mistakes(given, contract)]
        if wrong:
            raise bad_request("; ".join(wrong) + ".")
        if "fault" in given["then"] and not config.faults:
            raise bad_request("Faults need the socket layer: start the server with --faults.")
        return data(current().sandbox.arm(given).show(), 201)

    @admin.delete("/rules")
    def disarm_all() -> Response:
        current().sandbox.disarm()
        return nothing()

    @admin.delete("/rules/<rule_id>")
    def disarm(rule_id: str) -> Response:
        current().sandbox.disarm(rule_id)
        return nothing()

    @admin.get("/rate-limit")
    def get_rate_limit() -> Response:
        return data(dict(current().sandbox.world.settings["rate_limit"]))

    @admin.put("/rate-limit")
    def put_rate_limit() -> Response:
        given = body(RATE_LIMIT)
        current().sandbox.run(lambda tx, _: tx.update_settings("rate_limit", given))
        return data(given)
