"""What a schema can't see in fixtures: names used twice, names of nothing, rules across fields."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from typing import Any

from mockserver.clock import MOST_AGE, parse_duration
from mockserver.yaml_source import MOST_TOLD, Mistake, Source

# section -> the field that names a record; two records of one name are a mistake
KEYS = {
    "applications": "client_id",
    "bearer_tokens": "token",
    "password_profiles": "id",
    "accounts": "id",
    "members": "id",
    "memberships": "id",
    "customers": "id",
    "account_tokens": "token",
    "customer_tokens": "token",
    "sign_in_codes": "code",
    "carts": "id",
    "magic_ids": "id",
    "currencies": "code",
    "products": "id",
    "promotions": "code",
    "hierarchies": "id",
    "orders": "id",
}
SINGULAR = {"currencies": "currency"}
# section, field -> the section whose records it names
REFERENCES = {
    ("bearer_tokens", "client_id"): "applications",
    ("accounts", "parent_id"): "accounts",
    ("members", "account_ids"): "accounts",
    ("account_tokens", "account_id"): "accounts",
    ("account_tokens", "member_id"): "members",
    ("sign_in_codes", "member_id"): "members",
    ("carts", "account_ids"): "accounts",
    ("carts", "customer_ids"): "customers",
    ("memberships", "account_id"): "accounts",
    ("memberships", "member_id"): "members",
    ("customer_tokens", "customer_id"): "customers",
    ("orders", "account_id"): "accounts",
    ("orders", "member_id"): "members",
    ("orders", "customer_id"): "customers",
}

# section -> the other field that must be unique, and what of a record must be
ALSO_UNIQUE: Mapping[str, Callable[[Mapping[str, Any]], tuple[str, str]]] = {
    "members": lambda values: ("username", values["username"].casefold()),
    "customers": lambda values: ("email", values["email"].casefold()),
    "memberships": lambda values: (
        "account_id",
        f"{values['account_id']} of {values['member_id']}",
    ),
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


def check(records: list[Record], whole: list[Record], error_ids: set[str]) -> list[Mistake]:
    """Return what a schema can't see: names used twice, names of nothing, rules across fields.

    `whole` are the records that the schema has no complaint about.
    """
    known: dict[str, dict[str, Record]] = {section: {} for section in KEYS}
    taken: dict[str, dict[str, Record]] = {section: {} for section in ALSO_UNIQUE}
    mistakes: list[Mistake] = []
    for record in records:
        claim(record, KEYS[record.section], known[record.section], record.key, mistakes)
    rings, accounts_of = _rings(known["accounts"]), _accounts_of(known)
    for record in whole:
        if len(mistakes) > MOST_TOLD:
            break
        if record.section in ALSO_UNIQUE:
            field, name = ALSO_UNIQUE[record.section](record.values)
            claim(record, field, taken[record.section], name, mistakes)
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
                    mistakes.append(record.mistake(path, unknown(target, name, known[target])))
        mistakes += _check_fields(record, error_ids)
        if record.section == "accounts" and record.key in rings:
            message = "the account is its own ancestor; break the ring"
            mistakes.append(record.mistake(("parent_id",), message))
        if record.section == "account_tokens" and record.values["member_id"] in known["members"]:
            own = accounts_of.get(record.values["member_id"], {})
            if record.values["account_id"] not in own:
                message = f"not an account of this member, who has {', '.join(own) or 'none'}"
                mistakes.append(record.mistake(("account_id",), message))
    return mistakes


def claim(
    record: Record, field: str, taken: dict[str, Record], name: str, mistakes: list[Mistake]
) -> None:
    """Note who has a name that only one record may have; tell of a second one."""
    if (other := taken.setdefault(name, record)) is not record:
        place = other.source.place((other.section, other.index))
        message = (
            f'"{name}" is defined already at {place}; write another one, or remove one of them'
        )
        mistakes.append(record.mistake((field,), message))


def _check_fields(record: Record, error_ids: set[str]) -> Iterable[Mistake]:
    values = record.values
    if record.section == "magic_ids" and values["error"] not in error_ids:
        yield record.mistake(("error",), unknown("errors", values["error"], error_ids))
    if record.section == "carts":
        for field in ("account_ids", "customer_ids"):
            if values.get(field) and (values.get("contact") or {}).get("email"):
                message = f"a cart has either {field} or a contact e-mail; remove one of them"
                yield record.mistake(("contact",), message)
    if record.section == "orders" and {"account_id", "customer_id"} <= values.keys():
        message = "an order belongs to an account or to a customer; remove one of them"
        yield record.mistake(("customer_id",), message)
    for field in ("idle", "age", "paid_ago"):
        if parse_duration(values.get(field, "PT0S")) > MOST_AGE:
            yield record.mistake((field,), "write at most P3650D")


def _accounts_of(known: Mapping[str, Mapping[str, Record]]) -> dict[str, dict[str, None]]:
    """Return the ids of each member's accounts in their order, as far as they can be read."""
    found: dict[str, dict[str, None]] = {}
    for member in known["members"].values():
        own = member.values.get("account_ids")
        texts = [each for each in own if isinstance(each, str)] if isinstance(own, list) else []
        found[member.key] = dict.fromkeys(texts)
    for each in known["memberships"].values():
        account_id, member_id = each.values.get("account_id"), str(each.values.get("member_id"))
        if isinstance(account_id, str) and member_id in found:
            found[member_id][account_id] = None
    return found


def _rings(accounts: Mapping[str, Record]) -> set[str]:
    """Return the ids of the accounts that are their own ancestors, in one pass over all."""
    found: set[str] = set()
    done: set[str] = set()
    for each in accounts:
        line: dict[str, int] = {}
        above = each
        while above in accounts and above not in done and above not in line:
            line[above] = len(line)
            above = str(accounts[above].values.get("parent_id"))
        if above in line:
            found |= set(list(line)[line[above] :])
        done |= line.keys()
    return found


def unknown(section: str, name: str, known: Iterable[str]) -> str:
    """Return what is told of a name that no record of a section has."""
    names = list(known)
    more = f" and {len(names) - 10} more" if len(names) > 10 else ""
    listed = ", ".join(nsmallest(10, names)) + more
    singular = SINGULAR.get(section) or section.removesuffix("s").replace("_", " ")
    return f'no {singular} "{name}"; known: {listed or "none"}'
