"""Records of a fixture file as entities of a world."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from mockserver.clock import parse_duration
from mockserver.ids import membership_id
from mockserver.world import ACCOUNT, CUSTOMER, Account, Cart, Member, Membership, Order

NO_ORDER_FIELDS = (
    *("idle", "age", "paid_ago", "account_id", "customer_id"),
    *("currency", "shipping_groups"),
)
"""What a fixture says of an order that is no field of it."""


def make_account(values: Mapping[str, Any]) -> Account:
    """Make an account."""
    built: Account = make_record(Account, {**_without(values, "idle", "age"), **_times(values)})
    return built


def make_member(values: Mapping[str, Any], memberships: Iterable[Mapping[str, Any]]) -> Member:
    """Make a member; its memberships are those of its `account_ids`, then the ones of their own
    section, which may tell more of an account that `account_ids` names already."""
    own = {each["account_id"]: each for each in memberships}
    given = {account_id: own.get(account_id, values) for account_id in values["account_ids"]} | own
    made = tuple(
        Membership(
            each["id"] if account_id in own else membership_id(values["id"], account_id),
            account_id,
            values["id"],
            **_times(each),
        )
        for account_id, each in given.items()
    )
    kept = _without(values, "idle", "age", "account_ids")
    built: Member = make_record(Member, {**kept, **_times(values), "memberships": made})
    return built


def make_cart(revision: int, values: Mapping[str, Any], lifetime: int) -> Cart:
    """Make a cart; a greater `revision` lists it before others of the same age."""
    idle = _age(values, "idle")
    built: Cart = make_record(
        Cart,
        {
            "description": "",
            **_without(values, "idle", "age", "account_ids", "customer_ids", "currency"),
            "owners": tuple(
                (kind, owner_id)
                for kind in (ACCOUNT, CUSTOMER)
                for owner_id in dict.fromkeys(values.get(f"{kind}_ids", ()))
            ),
            "created_at": -_age(values, "age", default=idle),
            "updated_at": -idle,
            "expires_at": lifetime - idle,
            "revision": revision,
        },
    )
    return built


def make_order(revision: int, values: Mapping[str, Any]) -> Order:
    """Make an order; a greater `revision` lists it before others of the same age."""
    owners = [(kind, values.get(f"{kind}_id")) for kind in (ACCOUNT, CUSTOMER)]
    times = _times(values)
    paid_at = times["updated_at"] if values.get("payment") == "paid" else None
    if "paid_ago" in values:
        paid_at = -_age(values, "paid_ago")
    built: Order = make_record(
        Order,
        {
            "shipping_address": values["billing_address"],
            **_without(values, *NO_ORDER_FIELDS),
            "owner": next((owner for owner in owners if owner[1] is not None), None),
            "fully_paid_at": paid_at,
            **times,
            "revision": revision,
        },
    )
    return built


def make_record(kind: Any, values: Mapping[str, Any]) -> Any:
    """Make an entity of a record's values; lists become tuples, absent values None."""
    made = {name: tuple(v) if isinstance(v, list) else v for name, v in values.items()}
    optional = {
        each.name: None
        for each in fields(kind)
        if each.name not in made and each.default is not None and "None" in str(each.type)
    }
    return kind(**made, **optional)


def _times(values: Mapping[str, Any]) -> dict[str, int]:
    """Return when a record was made and last changed, by its `age` and `idle`."""
    idle = _age(values, "idle", default=_age(values, "age"))
    return {"created_at": -_age(values, "age", default=idle), "updated_at": -idle}


def _without(values: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in names}


def _age(values: Mapping[str, Any], name: str, default: int = 0) -> int:
    return parse_duration(values[name]) if name in values else default
