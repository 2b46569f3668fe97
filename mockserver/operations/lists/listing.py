"""Lists that can be filtered and sorted, then cut into pages."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar
from urllib.parse import quote as percent_encode

from mockserver.core.clock import parse_instant
from mockserver.operations.base import OperationContext, OperationResult
from mockserver.operations.lists import filters
from mockserver.operations.lists.filters import Field, Grammar
from mockserver.operations.lists.pages import page

Record = TypeVar("Record")
COMPARISONS = ("lt", "le", "eq", "gt", "ge")


def listed(
    ctx: OperationContext,
    path: str,
    records: Iterable[Record],
    show: Callable[[Record], dict[str, Any]],
    grammar: Grammar,
    order: str = "",
) -> OperationResult:
    """Return the page of `records` that the request asks for, by its `filter` and its `sort`.

    `order` is the sort of a request that names none; without it the records are in order already.
    Without a filter, a query of the store is only read as far as the page needs it.
    """
    expression, sort = ctx.params.get("filter", ""), ctx.params.get("sort", "")
    matches: Any = records
    if expression:
        matches = list(filter(filters.parse(expression, grammar), records))
    if order:
        matches = _sorted(matches, sort or order, grammar)
    query = f"&filter={percent_encode(expression, safe='(),:*|')}" if expression else ""
    query += f"&sort={sort}" if sort else ""
    return page(ctx, path, matches, show, query=query)


def instant(ctx: OperationContext, name: str, *operators: str) -> Field:
    """Return the field of a record's instant, which a filter writes as RFC 3339 has it."""
    return Field(
        operators,
        lambda record: ctx.tx.absolute(getattr(record, name)),
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
