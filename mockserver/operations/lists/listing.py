"""Lists that can be filtered and sorted, then cut into pages."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar
from urllib.parse import quote as percent_encode

from mockserver.core.clock import parse_instant
from mockserver.operations.base import OperationContext, OperationResult
from mockserver.operations.lists import filters
from mockserver.operations.lists.filters import Field, Filter, Grammar
from mockserver.operations.lists.pages import Records, page
from mockserver.store.index_specs import ALL, ASSOCIATED, NAME
from mockserver.store.queries import View

Record = TypeVar("Record")
COMPARISONS = ("lt", "le", "eq", "gt", "ge")
EXACTLY = ("contains", "eq")
"""The operators that ask for a value itself."""


def listed(
    ctx: OperationContext,
    path: str,
    records: Iterable[Record] | View[Any],
    show: Callable[[Record], dict[str, Any]],
    grammar: Grammar,
    order: str = "",
) -> OperationResult:
    """Return the page of `records` that the call asks for, by its `filter` and its `sort`.

    `order` is the sort of a call that names none; without it the records' own order stays. A view
    is only looked at as far as the page needs it, if the filter allows that.
    """
    expression, sort = ctx.params.get("filter", ""), ctx.params.get("sort", "")
    found: Records[Record]
    if isinstance(records, View):
        found = _matching(records, filters.parse(expression, grammar)) if expression else records
    else:
        some = filter(filters.parse(expression, grammar), records) if expression else records
        found = _sorted(some, sort or order, grammar)
    query = f"&filter={percent_encode(expression, safe='(),:*|')}" if expression else ""
    return page(ctx, path, found, show, query=query + (f"&sort={sort}" if sort else ""))


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


def _matching(view: View[Any], wanted: Filter) -> Records[Any]:
    """Return what passes a filter, from the fewest records that have to be looked at."""
    if all(term.facet == NAME for both in wanted.either for term in both):
        alike = view.alike(wanted)
        if alike is not None:
            return alike
    must = wanted.either[0] if len(wanted.either) == 1 else ()
    owners = [t for t in must if t.facet and t.facet != NAME and t.operator in EXACTLY]
    if not owners or view.facet not in (ALL, ASSOCIATED):  # an owner's view holds its own only
        return [record for record in view if wanted(record)]
    views = [view.of((term.facet, term.values[0])) for term in owners]
    if len(must) == 1:
        return views[0]
    return [record for record in min(views, key=len) if wanted(record)]


def _sorted(records: Iterable[Record], sort: str, grammar: Grammar) -> list[Record]:
    """Return the records by a field, a `-` before it meaning downwards; equal ones by their id."""
    read = grammar[sort.removeprefix("-")].read
    return sorted(sorted(records, key=grammar["id"].read), key=read, reverse=sort.startswith("-"))
