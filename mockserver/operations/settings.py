"""The store's settings that clients read (contract.md §8)."""

from typing import Any

from mockserver.core.errors import ApiError
from mockserver.operations.base import Call, Reply

AUTHENTICATION = "account_authentication"


def get_account_authentication(call: Call) -> Reply:
    """Return how account members sign in."""
    values = dict(call.tx.world.settings[AUTHENTICATION])
    realm = {"id": call.tx.world.store["realm_id"], "type": "authentication_realm"}
    data = {
        "id": values.pop("id"),
        "type": "account_authentication_settings",
        "meta": {"client_id": values.pop("client_id")},
        **values,
        "relationships": {"authentication_realm": {"data": realm}},
    }
    links = {"self": f"{call.base_url}/v2/settings/account-authentication"}
    return Reply(200, {"data": data, "links": links})


def get_cart(call: Call) -> Reply:
    """Return the cart settings."""
    data = {"type": "settings", **call.tx.world.settings["cart"]}
    return Reply(200, {"data": data, "links": {"self": f"{call.base_url}/v2/settings/cart"}})


def put_cart(call: Call) -> Reply:
    """Change the cart settings that the body names."""
    known = call.tx.world.settings["cart"]
    given: dict[str, Any] = {
        name: {**known[name], **value} if isinstance(value, dict) else value
        for name, value in call.body["data"].items()
        if name in known
    }
    discounts = given.get("discounts", known["discounts"])
    if discounts["custom_discounts_enabled"] and discounts["use_rule_promotions"]:
        raise ApiError("cannot-use-both-discounts-together")
    call.tx.update_settings("cart", given)
    return get_cart(call)
