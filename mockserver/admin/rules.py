"""Rules: arm, list, disarm; and the rate limit."""

from flask import Blueprint, Response

from mockserver.admin.bodies import bad_request, body, data, nothing
from mockserver.core.config import Config
from mockserver.http.context import current
from mockserver.openapi.contract import Contract
from mockserver.sandbox import rules


def add_routes(admin: Blueprint, config: Config, contract: Contract) -> None:
    """Add the routes of this noun."""

    @admin.get("/rules")
    def list_rules() -> Response:
        return data(current().sandbox.rules())

    @admin.post("/rules")
    def arm_rule() -> Response:
        given = body("armRule")
        wrong = [
            f"{'.'.join(path)}: {text}"
            for path, text in rules.validate_rule(given, contract, config.faults)
        ]
        if wrong:
            raise bad_request("; ".join(wrong) + ".")
        return data(current().sandbox.arm_rule(given).to_dict(), 201)

    @admin.delete("/rules")
    def disarm_all() -> Response:
        current().sandbox.disarm_rules()
        return nothing()

    @admin.delete("/rules/<rule_id>")
    def disarm(rule_id: str) -> Response:
        current().sandbox.disarm_rules(rule_id)
        return nothing()

    @admin.get("/rate-limit")
    def get_rate_limit() -> Response:
        return data(dict(current().sandbox.store.settings["rate_limit"]))

    @admin.put("/rate-limit")
    def put_rate_limit() -> Response:
        given = body("setRateLimit")
        current().sandbox.run(lambda tx, _: tx.update_settings("rate_limit", given))
        return data(given)
