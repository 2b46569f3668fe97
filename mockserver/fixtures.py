"""YAML files into a seed world. All mistakes are told at once, each with its place and what to
write instead; how a file is read with its places is `yaml_source`'s business.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rpds import HashTrieMap

from mockserver import fixture_catalog, rules, schema, yaml_source
from mockserver.clock import DAY
from mockserver.config import BUILT_IN
from mockserver.contract import Contract
from mockserver.derived import derived
from mockserver.fixture_checks import KEYS, Record, check
from mockserver.fixture_goods import check_goods
from mockserver.fixture_records import (
    make_account,
    make_cart,
    make_member,
    make_order,
    make_record,
)
from mockserver.pointer import path_in
from mockserver.resources import resource
from mockserver.world import (
    AccountToken,
    Application,
    Bearer,
    Customer,
    CustomerToken,
    World,
    digest,
)
from mockserver.yaml_source import FixtureError, Mistake, Source

NIL = "00000000-0000-4000-8000-000000000000"
SETTINGS: dict[str, dict[str, Any]] = {
    "cart": {
        "show_all_carts": True,
        "cart_expiry_days": 7,
        "discounts": {"custom_discounts_enabled": False, "use_rule_promotions": False},
        "inventories": {"defer_inventory_check": False},
    },
    "account_authentication": {
        "id": NIL,
        "client_id": "account-management",
        "enable_self_signup": True,
        "auto_create_account_for_account_members": True,
        "account_member_self_management": "disabled",
        "account_management_authentication_token_timeout_secs": 86400,
    },
    "rate_limit": {"requests_per_second": None},
}


def load(paths: Sequence[str], contract: Contract, faults: bool = True) -> World:
    """Return the seed world of fixture files and folders, later ones adding to earlier ones.

    `paths` may hold `default`, the built-in world. `faults` says whether rules may break
    connections on this server. Raises FixtureError with every mistake.
    """
    sources = [yaml_source.read(file) for file in files(paths)]
    mistakes = [mistake for source in sources for mistake in source.mistakes]
    shape = schema.Validator(document())
    broken: set[tuple[str, Any, Any]] = set()
    for source in sources:
        for violation in shape.violations(source.value, "fixture"):
            path = path_in(source.value, violation.pointer)
            broken.add((source.file, *(*path, None, None)[:2]))
            mistakes.append(source.mistake(path, violation.message, named=violation.source))
    records = [
        Record(section, index, values, source)
        for source in sources
        for section in KEYS
        if isinstance(source.value.get(section), list)
        for index, values in enumerate(source.value[section])
        if isinstance(values, dict) and isinstance(values.get(KEYS[section]), str)
    ]
    whole = [r for r in records if (r.source.file, r.section, r.index) not in broken]
    mistakes += check(records, whole, contract.error_ids())
    mistakes += check_goods(records, whole)
    for source in sources:
        for index, given in enumerate(_rules(source)):
            if (source.file, "rules", index) not in broken:
                for path, message in rules.mistakes(given, contract, faults):
                    mistakes.append(source.mistake(("rules", index, *path), message))
    _raise(mistakes)
    return _build(records, sources)


def document() -> dict[str, Any]:
    """Return the JSON Schema of a fixture file."""
    loaded: dict[str, Any] = json.loads(resource("fixtures/schema.json").read_bytes())
    return loaded


def _rules(source: Source) -> list[Any]:
    given = source.value.get("rules")
    return given if isinstance(given, list) else []


def files(paths: Sequence[str]) -> list[Path]:
    """Return the fixture files of files and folders. Raises FixtureError for a missing one."""
    found: list[Path] = []
    mistakes: list[Mistake] = []
    for each in paths:
        path = resource("fixtures/default.yaml") if each == BUILT_IN else Path(each)
        if path.is_dir():
            inside = sorted([*path.glob("*.yaml"), *path.glob("*.yml")])
            if not inside:
                mistakes.append(Mistake(each, 0, 0, "", "the folder has no *.yaml file"))
            found += inside
        elif path.is_file():
            found.append(path)
        else:
            hint = "no such file or folder; write a path, or default for the built-in fixtures"
            mistakes.append(Mistake(each, 0, 0, "", hint))
    _raise(mistakes)
    return found


def _raise(mistakes: list[Mistake]) -> None:
    if mistakes:
        raise FixtureError(sorted(mistakes, key=lambda each: (each.file, each.line, each.column)))


def _build(records: list[Record], sources: list[Source]) -> World:
    of: dict[str, list[Mapping[str, Any]]] = {section: [] for section in KEYS}
    for record in records:
        of[record.section].append(record.values)
    settings = SETTINGS
    store = {"id": NIL, "realm_id": NIL, "catalog_id": NIL}
    for source in sources:
        store |= source.value.get("store", {})
        given = source.value.get("settings", {})
        settings = {group: {**values, **given.get(group, {})} for group, values in settings.items()}
    lifetime = settings["cart"]["cart_expiry_days"] * DAY
    catalogue = fixture_catalog.catalogue(of)
    carts = [
        make_cart(-index, {**values, "items": fixture_catalog.items(values, catalogue)}, lifetime)
        for index, values in enumerate(of["carts"])
    ]
    orders = [
        make_order(-index, {**values, "items": fixture_catalog.items(values, catalogue)})
        for index, values in enumerate(of["orders"])
    ]
    memberships: dict[str, list[Mapping[str, Any]]] = {each["id"]: [] for each in of["members"]}
    for each in of["memberships"]:
        memberships[each["member_id"]].append(each)
    members = [make_member(each, memberships[each["id"]]) for each in of["members"]]
    customers: list[Customer] = [make_record(Customer, each) for each in of["customers"]]
    return World(
        settings=settings,
        store=store,
        rules=tuple(given for source in sources for given in _rules(source)),
        magic={each["id"]: each["error"] for each in of["magic_ids"]},
        static_bearers={each["token"]: each["client_id"] for each in of["bearer_tokens"]},
        static_account_tokens={
            each["token"]: {"account_id": each["account_id"], "member_id": each["member_id"]}
            for each in of["account_tokens"]
        },
        static_customer_tokens={
            each["token"]: each["customer_id"] for each in of["customer_tokens"]
        },
        password_profiles={each["id"]: each.get("name", "") for each in of["password_profiles"]},
        applications=HashTrieMap(
            {
                each["client_id"]: make_record(Application, {"role": "seller_admin", **each})
                for each in of["applications"]
            }
        ),
        accounts=HashTrieMap({each["id"]: make_account(each) for each in of["accounts"]}),
        members=HashTrieMap({each.id: each for each in members}),
        customers=HashTrieMap({each.id: each for each in customers}),
        codes={
            (each["mechanism"], each["code"]): each["member_id"] for each in of["sign_in_codes"]
        },
        bearers=HashTrieMap(
            {digest(each["token"]): Bearer(each["client_id"], None) for each in of["bearer_tokens"]}
        ),
        account_tokens=HashTrieMap(
            {
                digest(each["token"]): AccountToken(each["account_id"], each["member_id"], None)
                for each in of["account_tokens"]
            }
        ),
        customer_tokens=HashTrieMap(
            {
                digest(each["token"]): CustomerToken(each["customer_id"], None)
                for each in of["customer_tokens"]
            }
        ),
        carts=HashTrieMap({cart.id: cart for cart in carts}),
        orders=HashTrieMap({order.id: order for order in orders}),
        **derived(members, customers, carts, orders),
        **catalogue,
    )
