"""The rules of a sandbox, and its rate limit."""

from flask import Blueprint, Response

from mockserver.admin.schema import bad_request, json_response, no_content, validated_body
from mockserver.core.config import Config
from mockserver.http.context import current
from mockserver.openapi.contract import Contract
from mockserver.sandbox.rules import validate_rule


def add_routes(admin: Blueprint, config: Config, contract: Contract) -> None:
    @admin.get("/rules")
    def list_rules() -> Response:
        return json_response(current().sandbox.rules())

    @admin.post("/rules")
    def arm_rule() -> Response:
        rule = validated_body("armRule")
        errors = [
            f"{'.'.join(path)}: {message}"
            for path, message in validate_rule(rule, contract, config.faults)
        ]
        if errors:
            raise bad_request("; ".join(errors) + ".")
        return json_response(current().sandbox.arm_rule(rule).to_dict(), 201)

    @admin.delete("/rules")
    def disarm_rules() -> Response:
        current().sandbox.disarm_rules()
        return no_content()

    @admin.delete("/rules/<rule_id>")
    def disarm_rule(rule_id: str) -> Response:
        current().sandbox.disarm_rules(rule_id)
        return no_content()

    @admin.get("/rate-limit")
    def get_rate_limit() -> Response:
        return json_response(dict(current().sandbox.store.settings["rate_limit"]))

    @admin.put("/rate-limit")
    def set_rate_limit() -> Response:
        rate_limit = validated_body("setRateLimit")
        current().sandbox.run(lambda tx, _: tx.update_settings("rate_limit", rate_limit))
        return json_response(rate_limit)
