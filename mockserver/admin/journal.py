"""The journal: the requests of a sandbox, listed, found, counted and verified."""

from collections.abc import Iterator, Mapping
from threading import BoundedSemaphore, Event
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.routing import BaseConverter

from mockserver.admin.bodies import bad_request, body, data, nothing, number
from mockserver.core.clock import parse_instant, pause, stopwatch
from mockserver.core.errors import AdminError
from mockserver.core.wsgi import yield_slot
from mockserver.http.context import current
from mockserver.openapi.contract import Contract
from mockserver.sandbox.journal import Entry, Journal, Query

DEFAULT_LIMIT, MAX_LIMIT, MAX_OFFSET = 50, 1000, 999_999_999
STREAM_SECONDS = 60
"""How long a stream lasts; browsers open the next one by themselves. It holds a thread."""
MAX_STREAMS = 16
LOOKS_MS = 500
NEVER_STORED = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class EntryId(BaseConverter):
    """Whatever may be an entry's id: not the path segment that is an operation of its own."""

    regex = r"(?!(?:verify|stream)\Z)[^/]+"


def add_routes(admin: Blueprint, contract: Contract) -> None:
    """Add the routes of this noun."""
    admin.record_once(lambda made: made.app.url_map.converters.update(entry=EntryId))
    streams = BoundedSemaphore(MAX_STREAMS)
    stopping = Event()
    admin.record_once(lambda made: made.app.extensions.update(stopping=stopping))

    @admin.get("/requests")
    def list_requests() -> Response:
        found = current().sandbox.journal.select(_query(contract, request.args))
        limit = number("limit", request.args.get("limit", DEFAULT_LIMIT), 1, MAX_LIMIT)
        offset = number("offset", request.args.get("offset", 0), 0, MAX_OFFSET)
        shown = [entry.to_dict() for entry in found[offset : offset + limit]]
        return data({"requests": shown, "total": len(found), "limit": limit, "offset": offset})

    @admin.get("/requests/<entry:entry_id>")
    def get_request(entry_id: str) -> Response:
        entry = current().sandbox.journal.find(entry_id)
        if entry is None:
            raise AdminError(404, "Not Found", "No request of this id is remembered here.")
        return data(entry.to_dict())

    @admin.get("/requests/stream")
    def stream_requests() -> Response:
        yield_slot(request.environ)
        events = _events(current().sandbox.journal, streams, stopping)
        return Response(events, content_type="text/event-stream", headers=NEVER_STORED)

    @admin.delete("/requests")
    def delete_requests() -> Response:
        current().sandbox.journal.clear()
        return nothing()

    @admin.post("/requests/verify")
    def verify() -> Response:
        given = body("verifyRequests")
        journal = current().sandbox.journal
        if not journal.size:
            detail = "The journal is off (--journal-size 0), so nothing can be verified."
            raise AdminError(409, "Conflict", detail)
        entries = journal.select(Query())[::-1]
        difference = _difference(contract, given, entries)
        if difference is None:
            return data({"verified": True}, 202)
        return data({"verified": False, "difference": difference}, 406)


def _events(journal: Journal, streams: BoundedSemaphore, stopping: Event) -> Iterator[str]:
    """Yield server-sent events: how many requests there were, whenever there are more. They end
    when the server is stopping, which would have to wait for them."""
    if not streams.acquire(blocking=False):
        yield "retry: 5000\n\n"
        return
    try:
        yield "retry: 500\n\n"
        end = stopwatch() + STREAM_SECONDS
        told: int | None = None
        while stopwatch() < end and not stopping.is_set():
            total = journal.total()
            # a comment shows whether the client is still there
            yield f"event: requests\ndata: {total}\n\n" if total != told else ":\n\n"
            told = total
            pause(LOOKS_MS)
    finally:
        streams.release()


def _query(contract: Contract, given: Mapping[str, Any]) -> Query:
    """Return the query of parameters or of a body. Raises AdminError for unknown names."""
    values = {name: given[name] for name in ("operation", "status", "error") if name in given}
    if "operation" in values:
        operation = contract.operation(values["operation"])
        if operation is None:
            known = ", ".join(sorted(contract.operation_ids))
            raise bad_request(f"There is no operation {values['operation'][:100]}; known: {known}.")
        values["operation"] = operation.id
    if "error" in values and values["error"] not in contract.error_ids():
        known = ", ".join(sorted(contract.error_ids()))
        raise bad_request(f"There is no error {values['error'][:100]}; known: {known}.")
    if "status" in values:
        values["status"] = number("status", values["status"], 100, 599)
    if "since" in given:
        try:
            values["since"] = parse_instant(given["since"])
        except ValueError as error:
            raise bad_request(f"since: {error}.") from None
    if "unmatched" in given:
        if given["unmatched"] not in ("true", "false"):
            raise bad_request("unmatched must be true or false.")
        values["unmatched"] = given["unmatched"] == "true"
    return Query(**values)


def _difference(contract: Contract, given: dict[str, Any], entries: list[Entry]) -> str | None:
    """Return what differs between the requests that came and what is expected, if anything."""
    if "sequence" in given:
        return _sequence_difference([_query(contract, each) for each in given["sequence"]], entries)
    query = _query(contract, given)
    seen = sum(query.matches(entry) for entry in entries)
    wanted = {
        "count": seen == given.get("count", seen),
        "at_least": seen >= given.get("at_least", 0),
        "at_most": seen <= given.get("at_most", seen),
    }
    if not {"count", "at_least", "at_most"} & given.keys():
        wanted["at_least"] = seen >= 1
    failed = [name for name, holds in wanted.items() if not holds]
    if not failed:
        return None
    expected = ", ".join(f"{name.replace('_', ' ')} {given.get(name, 1)}" for name in failed)
    return f"expected {expected}, came {seen}. All that came: {_told(entries)}"


def _sequence_difference(sequence: list[Query], entries: list[Entry]) -> str | None:
    """Return which request did not come in its turn, whatever came between them."""
    rest = iter(entries)
    for turn, query in enumerate(sequence, start=1):
        if not any(query.matches(entry) for entry in rest):
            return f"number {turn} of the sequence did not come in its turn. Came: {_told(entries)}"
    return None


def _told(entries: list[Entry]) -> str:
    lines = [f"{e.operation or e.method + ' ' + e.path} {e.status}" for e in entries[-50:]]
    return ", ".join(lines) or "nothing"
