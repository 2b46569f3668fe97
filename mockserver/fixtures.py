"""YAML files into a seed world. All mistakes are told at once, each with its place and what to
write instead; how a file is read with its places is `yaml_source`'s business.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

from rpds import HashTrieMap, HashTrieSet

from mockserver import schema, yaml_source
from mockserver.clock import DAY, parse_duration
from mockserver.config import BUILT_IN
from mockserver.pointer import from_pointer
from mockserver.resources import resource
from mockserver.world import (
    Account,
    AccountToken,
    Application,
    Bearer,
    Cart,
    Member,
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
}

# section -> the field that names a record; two records of one name are a mistake
KEYS = {
    "applications": "client_id",
    "bearer_tokens": "token",
    "password_profiles": "id",
    "accounts": "id",
    "members": "id",
    "account_tokens": "token",
    "sign_in_codes": "code",
    "carts": "id",
    "magic_ids": "id",
}
# section, field -> the section whose records it names
REFERENCES = {
    ("bearer_tokens", "client_id"): "applications",
    ("accounts", "parent_id"): "accounts",
    ("members", "account_ids"): "accounts",
    ("account_tokens", "account_id"): "accounts",
    ("account_tokens", "member_id"): "members",
    ("sign_in_codes", "member_id"): "members",
    ("carts", "account_ids"): "accounts",
}


@dataclass(frozen=True, slots=True)
class Record:
    """One entry of a section, and where it stands."""

    section: str
    index: int
    values: Mapping[str, Any]
    source: Source

    @property
    def key(self) -> str:
        """The value that names the record."""
        return str(self.values[KEYS[self.section]])

    def mistake(self, path: Sequence[Any], message: str) -> Mistake:
        """Return a mistake at a place inside the record."""
        return self.source.mistake((self.section, self.index, *path), message)


def load(paths: Sequence[str], error_ids: Iterable[str]) -> World:
    """Return the seed world of fixture files and folders, later ones adding to earlier ones.

    `paths` may hold `default`, the built-in world. Raises FixtureError with every mistake.
    """
    sources = [yaml_source.read(file) for file in files(paths)]
    mistakes = [mistake for source in sources for mistake in source.mistakes]
    rules = schema.validator(json.loads(resource("fixtures/schema.json").read_text("utf-8")))
    broken: set[tuple[str, Any, Any]] = set()
    for source in sources:
        for violation in schema.violations(rules, source.value, "fixture"):
            path = from_pointer(violation.pointer)
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
    mistakes += _check(records, whole, set(error_ids))
    _raise(mistakes)
    return _build(records, sources)


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


def _check(records: list[Record], whole: list[Record], error_ids: set[str]) -> list[Mistake]:
    """Return what a schema can't see: names used twice, names of nothing, rules across fields.

    `whole` are the records that the schema has no complaint about.
    """
    known: dict[str, dict[str, Record]] = {section: {} for section in KEYS}
    usernames: dict[str, Record] = {}
    mistakes: list[Mistake] = []
    for record in records:
        _claim(record, KEYS[record.section], known[record.section], record.key, mistakes)
    for record in whole:
        if record.section == "members":
            name = record.values["username"].casefold()
            _claim(record, "username", usernames, name, mistakes)
        for (section, field), target in REFERENCES.items():
            if section != record.section or record.values.get(field) is None:
                continue
            value = record.values[field]
            for path, name in (
                [((field, i), each) for i, each in enumerate(value)]
                if isinstance(value, list)
                else [((field,), value)]
            ):
                if name not in known[target]:
                    mistakes.append(record.mistake(path, _unknown(target, name, known[target])))
        mistakes += _check_fields(record, error_ids, known["members"])
    return mistakes


def _claim(
    record: Record, field: str, taken: dict[str, Record], name: str, mistakes: list[Mistake]
) -> None:
    if (other := taken.setdefault(name, record)) is not record:
        place = other.source.place((other.section, other.index))
        message = (
            f'"{name}" is defined already at {place}; write another one, or remove one of them'
        )
        mistakes.append(record.mistake((field,), message))


def _check_fields(
    record: Record, error_ids: set[str], members: Mapping[str, Record]
) -> Iterable[Mistake]:
    values = record.values
    if record.section == "magic_ids" and values["error"] not in error_ids:
        yield record.mistake(("error",), _unknown("errors", values["error"], error_ids))
    if record.section == "carts":
        if values.get("account_ids") and (values.get("contact") or {}).get("email"):
            message = "a cart has either account_ids or a contact e-mail; remove one of them"
            yield record.mistake(("contact",), message)
        if "idle" in values and parse_duration(values["idle"]) > 365 * DAY:
            yield record.mistake(("idle",), "write at most P365D")
    if record.section == "account_tokens" and values["member_id"] in members:
        own = members[values["member_id"]].values.get("account_ids") or ()
        if values["account_id"] not in own:
            message = f"not an account of this member, who has {', '.join(own) or 'none'}"
            yield record.mistake(("account_id",), message)


def _unknown(section: str, name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    listed = ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
    singular = section.removesuffix("s").replace("_", " ")
    return f'no {singular} "{name}"; known: {listed or "none"}'


def _build(records: list[Record], sources: list[Source]) -> World:
    of: dict[str, list[Mapping[str, Any]]] = {section: [] for section in KEYS}
    for record in records:
        of[record.section].append(record.values)
    settings = SETTINGS
    store = {"id": NIL, "realm_id": NIL}
    for source in sources:
        store |= source.value.get("store", {})
        given = source.value.get("settings", {})
        settings = {group: {**values, **given.get(group, {})} for group, values in settings.items()}
    lifetime = settings["cart"]["cart_expiry_days"] * DAY
    carts = [_cart(-index, values, lifetime) for index, values in enumerate(of["carts"])]
    by_account: HashTrieMap[str, HashTrieSet[str]] = HashTrieMap()
    for cart in carts:
        for account_id in cart.account_ids:
            ids = by_account.get(account_id)
            by_account = by_account.insert(
                account_id, (HashTrieSet() if ids is None else ids).insert(cart.id)
            )
    member = partial(_record, Member)
    return World(
        settings=settings,
        store=store,
        magic={each["id"]: each["error"] for each in of["magic_ids"]},
        static_bearers={each["token"]: each["client_id"] for each in of["bearer_tokens"]},
        static_account_tokens={each["token"]: each["account_id"] for each in of["account_tokens"]},
        password_profiles=frozenset(each["id"] for each in of["password_profiles"]),
        applications=HashTrieMap(
            {
                each["client_id"]: _record(Application, {"role": "seller_admin", **each})
                for each in of["applications"]
            }
        ),
        accounts=HashTrieMap(
            {each["id"]: _record(Account, {**each, "created_at": 0}) for each in of["accounts"]}
        ),
        members=HashTrieMap({each["id"]: member(each) for each in of["members"]}),
        usernames=HashTrieMap({each["username"].casefold(): each["id"] for each in of["members"]}),
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
        carts=HashTrieMap({cart.id: cart for cart in carts}),
        carts_by_account=by_account,
    )


def _cart(revision: int, values: Mapping[str, Any], lifetime: int) -> Cart:
    updated_at = -parse_duration(values["idle"]) if "idle" in values else 0
    built: Cart = _record(
        Cart,
        {
            "description": "",
            **{name: value for name, value in values.items() if name != "idle"},
            "account_ids": tuple(dict.fromkeys(values.get("account_ids", ()))),
            "created_at": updated_at,
            "updated_at": updated_at,
            "expires_at": updated_at + lifetime,
            "revision": revision,
        },
    )
    return built


def _record(kind: Any, values: Mapping[str, Any]) -> Any:
    """Make an entity of a record's values; lists become tuples, absent values None."""
    made = {name: tuple(v) if isinstance(v, list) else v for name, v in values.items()}
    optional = {
        each.name: None
        for each in fields(kind)
        if each.name not in made and each.default is not None and "None" in str(each.type)
    }
    return kind(**made, **optional)
