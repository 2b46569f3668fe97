"""What a schema can't see in the catalogue and in carts' items: names of nothing, no such price."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mockserver.clock import MOST_AGE, parse_duration
from mockserver.fixture_catalog import NO_CURRENCY
from mockserver.fixture_checks import Record, claim, unknown
from mockserver.yaml_source import Mistake

Codes = dict[tuple[str, ...], str]
"""Currency codes by the places where they stand."""
Known = Mapping[str, Mapping[str, Record]]
FIELD_OF = {"cart_item": "product_id", "promotion_item": "code"}
"""Which field names what an item of a kind is."""
SECTIONS = ("currencies", "products", "promotions")


def check_goods(records: list[Record], whole: list[Record]) -> list[Mistake]:
    """Return the mistakes of all records: currencies, products and promotions that there are not,
    SKUs used twice. `whole` are the records that the schema has no complaint about."""
    known = {section: {r.key: r for r in records if r.section == section} for section in SECTIONS}
    skus: dict[str, Record] = {}
    mistakes: list[Mistake] = []
    for record in whole:
        if record.section == "products":
            claim(record, "sku", skus, record.values["sku"], mistakes)
        for field in ("prices", "amounts"):
            codes: Codes = {(field, code): code for code in record.values.get(field) or ()}
            mistakes += _check_currencies(record, codes, known)
        if {"percent", "amounts"} <= record.values.keys():
            message = "a promotion has either percent or amounts; remove one of them"
            mistakes.append(record.mistake(("amounts",), message))
        if record.section in ("carts", "orders"):
            mistakes += _check_cart(record, known)
    return mistakes


def _check_cart(record: Record, known: Known) -> Iterable[Mistake]:
    currencies = known["currencies"]
    default = next(
        (code for code, each in currencies.items() if each.values.get("default")),
        next(iter(currencies), NO_CURRENCY),
    )
    currency = record.values.get("currency", default)
    groups = record.values.get("shipping_groups") or {}
    codes: Codes = {("shipping_groups", name): code for name, code in groups.items()}
    yield from _check_currencies(record, {**codes, ("currency",): currency}, known)
    ids: set[str] = set()
    for index, item in enumerate(record.values.get("items") or ()):
        for path, message in _mistakes(item, currency, groups, known):
            yield record.mistake(("items", index, path), message)
        if item.get("id") in ids:
            yield record.mistake(("items", index, "id"), "another item of the cart has this id")
        ids |= {item["id"]} if "id" in item else set()


def _mistakes(
    item: Mapping[str, Any], currency: str, groups: Mapping[str, str], known: Known
) -> Iterable[tuple[str, str]]:
    """Yield what is wrong with an item of a cart: in which field, and why."""
    for field, section in (("product_id", "products"), ("code", "promotions")):
        if field in item and field != FIELD_OF.get(item["type"]):
            yield field, f"a {item['type']} has none"
        elif field in item and item[field] not in known[section]:
            yield field, unknown(section, item[field], known[section])
    product = known["products"].get(item.get("product_id", ""))
    prices = product.values.get("prices") if product else None
    if isinstance(prices, dict) and currency not in prices:
        yield "product_id", f"the product has no price in {currency}, the currency of the cart"
    group = item.get("shipping_group_id")
    if group is not None and group not in groups:
        yield "shipping_group_id", unknown("shipping_groups", group, groups)
    for field in ("idle", "age"):
        if parse_duration(item.get(field, "PT0S")) > MOST_AGE:
            yield field, "write at most P3650D"


def _check_currencies(record: Record, codes: Codes, known: Known) -> Iterable[Mistake]:
    currencies = set(known["currencies"]) or {NO_CURRENCY}
    for path, code in codes.items():
        if code not in currencies:
            yield record.mistake(path, unknown("currencies", code, currencies))
