"""The store's settings (contract.md §8)."""

from typing import Any

from mockserver.core.errors import ApiError
from mockserver.operations.base import OperationContext, OperationResult


def get_account_authentication(ctx: OperationContext) -> OperationResult:
    """Return how account members sign in."""
    values = dict(ctx.tx.state.settings["account_authentication"])
    realm = {"id": ctx.tx.state.store["realm_id"], "type": "authentication_realm"}
    data = {
        "id": values.pop("id"),
        "type": "account_authentication_settings",
        "meta": {"client_id": values.pop("client_id")},
        **values,
        "relationships": {"authentication_realm": {"data": realm}},
    }
    links = {"self": f"{ctx.base_url}/v2/settings/account-authentication"}
    return OperationResult(200, {"data": data, "links": links})


def get_cart(ctx: OperationContext) -> OperationResult:
    data = {"type": "settings", **ctx.tx.state.settings["cart"]}
    links = {"self": f"{ctx.base_url}/v2/settings/cart"}
    return OperationResult(200, {"data": data, "links": links})


def put_cart(ctx: OperationContext) -> OperationResult:
    settings = ctx.tx.state.settings["cart"]
    changes: dict[str, Any] = {
        name: {**settings[name], **value} if isinstance(value, dict) else value
        for name, value in ctx.body["data"].items()
        if name in settings
    }
    discounts = changes.get("discounts", settings["discounts"])
    if discounts["custom_discounts_enabled"] and discounts["use_rule_promotions"]:
        raise ApiError("cannot-use-both-discounts-together")
    ctx.tx.update_settings("cart", changes)
    return get_cart(ctx)
