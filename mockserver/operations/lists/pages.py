"""Lists, cut into pages as the API does (contract.md §4)."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

from mockserver.operations.base import OperationContext, OperationResult

Record = TypeVar("Record")
Held = TypeVar("Held", covariant=True)
DEFAULT_LIMIT = 20


class Records(Protocol[Held]):
    """What can be cut into pages: a sequence, or a view that is made as far as it is looked at."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Held]: ...
    def __getitem__(self, part: slice, /) -> Sequence[Held]: ...


def page(
    ctx: OperationContext,
    path: str,
    records: Records[Record],
    show: Callable[[Record], dict[str, Any]],
    status: int = 200,
    query: str = "",
    **meta: Any,
) -> OperationResult:
    """Return the page of `records` that the call asks for.

    `path` and `query` (`&filter=…`) make the links; `meta` is added to the page's own.
    """
    limit = ctx.params.get("page[limit]", DEFAULT_LIMIT)
    offset = ctx.params.get("page[offset]", 0)
    total = len(records)
    last_offset = (total - 1) // limit * limit if total else 0

    def link(to: int) -> str:
        return f"{ctx.base_url}{path}?page[offset]={to}&page[limit]={limit}{query}"

    body = {
        "data": [show(record) for record in records[offset : offset + limit]],
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
