"""List responses: filtered, sorted and cut into pages as the API does (contract.md §4)."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol, TypeVar
from urllib.parse import quote as percent_encode

from mockserver.core.clock import parse_instant
from mockserver.operations.base import OperationContext, OperationResult
from mockserver.operations.lists import filters
from mockserver.operations.lists.filters import Field, Grammar

Record = TypeVar("Record")
Item = TypeVar("Item", covariant=True)
COMPARISONS = ("lt", "le", "eq", "gt", "ge")
DEFAULT_LIMIT = 20


class Records(Protocol[Item]):
    """What can be cut into pages: a sequence, or a query that is evaluated as far as it is read."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Item]: ...
    def __getitem__(self, part: slice, /) -> Sequence[Item]: ...


def list_response(
    ctx: OperationContext,
    path: str,
    records: Iterable[Record],
    serialize: Callable[[Record, OperationContext], dict[str, Any]],
    grammar: Grammar,
    default_sort: str = "",
) -> OperationResult:
    """Return the page of `records` that the request's `filter`, `sort` and `page[…]` select.

    Without `default_sort` the records are in order already and the request cannot sort them.
    Without a filter, a query of the store is only read as far as the page needs it.
    """
    expression, sort = ctx.params.get("filter", ""), ctx.params.get("sort", "")
    matches: Any = records
    if expression:
        matches = list(filter(filters.parse(expression, grammar), records))
    if default_sort:
        matches = _sort(matches, sort or default_sort, grammar)
    query = f"&filter={percent_encode(expression, safe='(),:*|')}" if expression else ""
    query += f"&sort={sort}" if sort else ""
    return page_response(ctx, path, matches, serialize, query=query)


def page_response(
    ctx: OperationContext,
    path: str,
    records: Records[Record],
    serialize: Callable[[Record, OperationContext], dict[str, Any]],
    status: int = 200,
    query: str = "",
    **meta: Any,
) -> OperationResult:
    """Return the page of `records` that the request's `page[…]` selects.

    `path` and `query` (`&filter=…`) make the links; `meta` is added to the page's own.
    """
    limit = ctx.params.get("page[limit]", DEFAULT_LIMIT)
    offset = ctx.params.get("page[offset]", 0)
    total = len(records)
    last_offset = (total - 1) // limit * limit if total else 0

    def link(to: int) -> str:
        return f"{ctx.base_url}{path}?page[offset]={to}&page[limit]={limit}{query}"

    body = {
        "data": [serialize(record, ctx) for record in records[offset : offset + limit]],
        "meta": {
            "page": {
                "limit": limit,
                "offset": offset,
                "current": offset // limit + 1,
                "total": -(-total // limit),
            },
            "results": {"total": total},
            **meta,
        },
        "links": {
            "current": link(offset),
            "first": link(0),
            "last": link(last_offset) if total > limit else None,
            "next": link(offset + limit) if offset + limit < total else None,
            "prev": link(max(offset - limit, 0)) if offset > 0 else None,
        },
    }
    return OperationResult(status, body)


def instant_field(ctx: OperationContext, name: str, *operators: str) -> Field:
    """Return the field of a record's instant, which a filter writes as RFC 3339 has it."""
    return Field(
        operators,
        lambda record: ctx.tx.absolute(getattr(record, name)),
        parse_instant,
        "an instant, such as 2026-01-31T12:00:00.000Z",
    )


def text_field(name: str, *operators: str) -> Field:
    return Field(operators, lambda record: getattr(record, name))


def uuid_field(name: str, *operators: str) -> Field:
    """Return the field of a UUID, whose case does not count."""
    return Field(operators, lambda record: getattr(record, name), str.lower)


def _sort(records: Iterable[Record], sort: str, grammar: Grammar) -> list[Record]:
    """Return the records by a field, descending after a `-`; equal ones by their id."""
    key = grammar[sort.removeprefix("-")].read
    return sorted(sorted(records, key=grammar["id"].read), key=key, reverse=sort.startswith("-"))
