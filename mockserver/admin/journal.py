"""The journal: list, stream, verify and clear the recorded requests of a sandbox."""

from collections.abc import Iterator, Mapping
from threading import BoundedSemaphore, Event
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.routing import BaseConverter

from mockserver.admin.schema import bad_request, integer, json_response, no_content, validated_body
from mockserver.core.clock import parse_instant, pause, stopwatch
from mockserver.core.errors import AdminError
from mockserver.core.wsgi import yield_slot
from mockserver.http.context import current
from mockserver.openapi.contract import Contract
from mockserver.sandbox.journal import Entry, Journal, Query

DEFAULT_LIMIT, MAX_LIMIT, MAX_OFFSET = 50, 1000, 999_999_999
STREAM_SECONDS = 60
"""A stream holds a thread, so it ends after a while; browsers reconnect automatically."""
MAX_STREAMS = 16
POLL_INTERVAL_MS = 500
MAX_SUMMARIZED = 50
NO_STORE = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class EntryId(BaseConverter):
    """Any path segment but those that are operations of their own."""

    regex = r"(?!(?:verify|stream)\Z)[^/]+"


def add_routes(admin: Blueprint, contract: Contract) -> None:
    streams = BoundedSemaphore(MAX_STREAMS)
    stopping = Event()
    admin.record_once(lambda setup: setup.app.url_map.converters.update(entry=EntryId))
    admin.record_once(lambda setup: setup.app.extensions.update(stopping=stopping))

    @admin.get("/requests")
    def list_requests() -> Response:
        entries = current().sandbox.journal.select(_query(contract, request.args))
        limit = integer("limit", request.args.get("limit", DEFAULT_LIMIT), 1, MAX_LIMIT)
        offset = integer("offset", request.args.get("offset", 0), 0, MAX_OFFSET)
        page = [entry.to_dict() for entry in entries[offset : offset + limit]]
        return json_response(
            {"requests": page, "total": len(entries), "limit": limit, "offset": offset}
        )

    @admin.get("/requests/<entry:entry_id>")
    def get_request(entry_id: str) -> Response:
        entry = current().sandbox.journal.find(entry_id)
        if entry is None:
            raise AdminError(404, "Not Found", "The journal has no request with this id.")
        return json_response(entry.to_dict())

    @admin.get("/requests/stream")
    def stream_requests() -> Response:
        yield_slot(request.environ)
        events = _events(current().sandbox.journal, streams, stopping)
        return Response(events, content_type="text/event-stream", headers=NO_STORE)

    @admin.delete("/requests")
    def delete_requests() -> Response:
        current().sandbox.journal.clear()
        return no_content()

    @admin.post("/requests/verify")
    def verify_requests() -> Response:
        expected = validated_body("verifyRequests")
        journal = current().sandbox.journal
        if not journal.size:
            detail = "The journal is off (--journal-size 0), so nothing can be verified."
            raise AdminError(409, "Conflict", detail)
        entries = journal.select(Query())[::-1]
        difference = _difference(contract, expected, entries)
        if difference is None:
            return json_response({"verified": True}, 202)
        return json_response({"verified": False, "difference": difference}, 406)


def _events(journal: Journal, streams: BoundedSemaphore, stopping: Event) -> Iterator[str]:
    """Yield server-sent events with the number of requests so far, whenever it has changed.

    They end when the server is stopping, since it waits for open responses.
    """
    if not streams.acquire(blocking=False):
        yield "retry: 5000\n\n"
        return
    try:
        yield "retry: 500\n\n"
        end = stopwatch() + STREAM_SECONDS
        sent: int | None = None
        while stopwatch() < end and not stopping.is_set():
            total = journal.total()
            # writing a comment detects that the client has disconnected
            yield f"event: requests\ndata: {total}\n\n" if total != sent else ":\n\n"
            sent = total
            pause(POLL_INTERVAL_MS)
    finally:
        streams.release()


def _query(contract: Contract, parameters: Mapping[str, Any]) -> Query:
    """Return the query of URL parameters or of a body. Raises AdminError for invalid values."""
    values = {
        name: parameters[name]
        for name in ("operation", "status", "error", "since")
        if name in parameters
    }
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
        values["status"] = integer("status", values["status"], 100, 599)
    if "since" in values:
        try:
            values["since"] = parse_instant(values["since"])
        except ValueError as error:
            raise bad_request(f"since: {error}.") from None
    if "unmatched" in parameters:
        if parameters["unmatched"] not in ("true", "false"):
            raise bad_request("unmatched must be true or false.")
        values["unmatched"] = parameters["unmatched"] == "true"
    return Query(**values)


def _difference(
    contract: Contract, expected: Mapping[str, Any], entries: list[Entry]
) -> str | None:
    """Return how the recorded requests differ from the expected ones, or None."""
    if "sequence" in expected:
        sequence = [_query(contract, parameters) for parameters in expected["sequence"]]
        return _sequence_difference(sequence, entries)
    query = _query(contract, expected)
    count = sum(query.matches(entry) for entry in entries)
    holds = {
        "count": count == expected.get("count", count),
        "at_least": count >= expected.get("at_least", 0),
        "at_most": count <= expected.get("at_most", count),
    }
    if not holds.keys() & expected.keys():
        holds["at_least"] = count >= 1
    failed = [
        f"{name.replace('_', ' ')} {expected.get(name, 1)}" for name in holds if not holds[name]
    ]
    if not failed:
        return None
    return f"expected {', '.join(failed)}, got {count}. Recorded: {_summary(entries)}"


def _sequence_difference(sequence: list[Query], entries: list[Entry]) -> str | None:
    """Return which request of a sequence is missing; other requests may come in between."""
    rest = iter(entries)
    for number, query in enumerate(sequence, start=1):
        if not any(query.matches(entry) for entry in rest):
            return f"request {number} of the sequence is missing. Recorded: {_summary(entries)}"
    return None


def _summary(entries: list[Entry]) -> str:
    lines = [
        f"{entry.operation or f'{entry.method} {entry.path}'} {entry.status}"
        for entry in entries[-MAX_SUMMARIZED:]
    ]
    return ", ".join(lines) or "nothing"
