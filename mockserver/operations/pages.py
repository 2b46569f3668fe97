"""Lists, cut into pages as the API does (contract.md §4)."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from mockserver.operations.call import Call, Reply

Record = TypeVar("Record")
DEFAULT_LIMIT = 20


def page(
    call: Call,
    path: str,
    records: Sequence[Record],
    show: Callable[[Record], dict[str, Any]],
    status: int = 200,
    query: str = "",
    **meta: Any,
) -> Reply:
    """Return the page of `records` that the call asks for.

    `path` and `query` (`&filter=…`) make the links; `meta` is added to the page's own.
    """
    limit = call.params.get("page[limit]", DEFAULT_LIMIT)
    offset = call.params.get("page[offset]", 0)
    total = len(records)
    last_offset = (total - 1) // limit * limit if total else 0

    def link(to: int) -> str:
        return f"{call.base_url}{path}?page[offset]={to}&page[limit]={limit}{query}"

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
    return Reply(status, body)
