"""A world as a fixture file, so that a state found by hand becomes a committed fixture.

Tokens that the server issued are left out: only their digests are kept. Whoever has one signs in
again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from mockserver.fixture_goods_writer import catalogue, duration, items, orders
from mockserver.world import (
    ACCOUNT,
    CUSTOMER,
    Account,
    Application,
    Cart,
    Customer,
    Member,
    Membership,
    World,
)

HEADER = """\
# yaml-language-server: $schema=./schema.json
# Saved from a running sandbox; `mockserver --fixtures THIS_FILE` starts with it.

"""
ACCOUNT_FIELDS = ("legal_name", "registration_id", "external_ref", "parent_id")
_LINE_BREAK = re.compile("[\x85\u2028\u2029]")
CART_FIELDS = (
    "contact",
    "discount_settings",
    "inventory_settings",
    "custom_attributes",
    "snapshot_date",
    "payment_intent_id",
)
MEMBER_FIELDS = ("given_name", "middle_name", "family_name", "password")


def to_yaml(world: World, instant: int, rules: Iterable[Mapping[str, Any]]) -> str:
    """Return the fixture file of a world as it is at an instant (milliseconds since 1970), with the
    rules that are armed there; each starts to count anew."""
    now = instant - world.epoch
    carts = [cart for cart in world.carts.values() if cart.expires_at > now]
    carts.sort(key=lambda cart: (cart.updated_at, cart.revision), reverse=True)
    value: dict[str, Any] = {
        "store": dict(world.store),
        "settings": {group: dict(values) for group, values in world.settings.items()},
        "applications": [_application(a) for a in _sorted(world.applications)],
        "bearer_tokens": [
            {"token": token, "client_id": client} for token, client in world.static_bearers.items()
        ],
        "password_profiles": [
            {"id": each, "name": name} for each, name in sorted(world.password_profiles.items())
        ],
        "accounts": [_account(each, now) for each in _sorted(world.accounts)],
        "members": [_member(each, now) for each in _sorted(world.members)],
        "memberships": [
            {"id": each.id, "account_id": each.account_id, "member_id": each.member_id}
            | _times(each, now)
            for member in _sorted(world.members)
            for each in member.memberships
        ],
        "account_tokens": [
            {"token": token, **each}
            for token, each in world.static_account_tokens.items()
            if each["account_id"] in world.members[each["member_id"]].account_ids
        ],
        "customers": [_customer(each) for each in _sorted(world.customers)],
        "customer_tokens": [
            {"token": token, "customer_id": customer}
            for token, customer in world.static_customer_tokens.items()
        ],
        "sign_in_codes": [
            {"mechanism": mechanism, "code": code, "member_id": member}
            for (mechanism, code), member in world.codes.items()
        ],
        **catalogue(world),
        "carts": [_cart(cart, now) for cart in carts],
        "orders": orders(world, now),
        "rules": [dict(rule) for rule in rules],
        "magic_ids": [{"id": name, "error": error} for name, error in world.magic.items()],
    }
    text: str = yaml.dump(
        {name: each for name, each in value.items() if each},
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=100,
    )
    return HEADER + text


class _Dumper(yaml.SafeDumper):
    """Writes every value out: a fixture without aliases reads better."""

    def ignore_aliases(self, _: Any) -> bool:
        return True

    def represent_str(self, data: str) -> yaml.ScalarNode:
        """Write Unicode's line breaks as escapes: PyYAML folds them into spaces otherwise."""
        style = '"' if _LINE_BREAK.search(data) else None
        return self.represent_scalar("tag:yaml.org,2002:str", data, style)


_Dumper.add_representer(str, _Dumper.represent_str)


def _sorted(records: Any) -> list[Any]:
    return [record for _, record in sorted(records.items())]


def _application(application: Application) -> dict[str, Any]:
    value = {
        "client_id": application.client_id,
        "grant": application.grant,
        "role": application.role,
    }
    secret = application.client_secret
    return value if secret is None else {**value, "client_secret": secret}


def _account(account: Account, now: int) -> dict[str, Any]:
    optional = {name: getattr(account, name) for name in ACCOUNT_FIELDS}
    given = {name: value for name, value in optional.items() if value is not None}
    return {"id": account.id, "name": account.name, **given, **_times(account, now)}


def _member(member: Member, now: int) -> dict[str, Any]:
    optional = {name: getattr(member, name) for name in MEMBER_FIELDS}
    return {
        "id": member.id,
        "name": member.name,
        "email": member.email,
        "username": member.username,
        "account_ids": list(member.account_ids),
        **{name: value for name, value in optional.items() if value is not None},
        **_times(member, now),
    }


def _customer(customer: Customer) -> dict[str, Any]:
    value = {"id": customer.id, "name": customer.name, "email": customer.email}
    return value if customer.password is None else {**value, "password": customer.password}


def _cart(cart: Cart, now: int) -> dict[str, Any]:
    optional = {name: getattr(cart, name) for name in CART_FIELDS}
    return {
        "id": cart.id,
        "name": cart.name,
        "description": cart.description,
        "account_ids": list(cart.owner_ids(ACCOUNT)),
        "customer_ids": list(cart.owner_ids(CUSTOMER)),
        **{name: value for name, value in optional.items() if value is not None},
        **_times(cart, now),
        **items(cart, now),
    }


def _times(record: Account | Member | Membership | Cart, now: int) -> dict[str, str]:
    """Return how long ago a record was changed and made."""
    return {
        "idle": duration(now - record.updated_at),
        "age": duration(now - record.created_at),
    }
