"""Lists that can be filtered and sorted, then cut into pages."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar
from urllib.parse import quote as percent_encode

from mockserver.clock import parse_instant
from mockserver.operations import filters
from mockserver.operations.call import Call, Reply
from mockserver.operations.filters import Field, Grammar
from mockserver.operations.pages import page

Record = TypeVar("Record")
COMPARISONS = ("lt", "le", "eq", "gt", "ge")


def listed(
    call: Call,
    path: str,
    records: Iterable[Record],
    show: Callable[[Record], dict[str, Any]],
    grammar: Grammar,
    order: str = "",
) -> Reply:
    """Return the page of `records` that the call asks for, by its `filter` and its `sort`.

    `order` is the sort of a call that names none; without it the records' own order stays.
    """
    expression, sort = call.params.get("filter", ""), call.params.get("sort", "")
    if expression:
        records = filter(filters.parse(expression, grammar), records)
    found = _sorted(records, sort or order, grammar) if sort or order else list(records)
    query = f"&filter={percent_encode(expression, safe='(),:*|')}" if expression else ""
    return page(call, path, found, show, query=query + (f"&sort={sort}" if sort else ""))


def instant(call: Call, name: str, *operators: str) -> Field:
    """Return the field of a record's instant, which a filter writes as RFC 3339 has it."""
    return Field(
        operators,
        lambda record: call.tx.absolute(getattr(record, name)),
        parse_instant,
        "an instant, such as 2026-01-31T12:00:00.000Z",
    )


def attribute(name: str, *operators: str) -> Field:
    """Return the field of a record's text."""
    return Field(operators, lambda record: getattr(record, name))


def identifier(name: str, *operators: str) -> Field:
    """Return the field of a UUID, whose case does not count."""
    return Field(operators, lambda record: getattr(record, name), str.lower)


def _sorted(records: Iterable[Record], sort: str, grammar: Grammar) -> list[Record]:
    """Return the records by a field, a `-` before it meaning downwards; equal ones by their id."""
    read = grammar[sort.removeprefix("-")].read
    return sorted(sorted(records, key=grammar["id"].read), key=read, reverse=sort.startswith("-"))
