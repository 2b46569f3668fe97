"""The work that every server is given: requests, and how to know that they were answered well.

What a request means to each server is `contestants`' business.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

ACCOUNT_ID = "a0000000-0000-4000-8000-000000000001"
VALID = json.dumps({"data": [{"type": "account", "id": ACCOUNT_ID}]})
REFUSED = json.dumps({"data": [{"type": "account", "id": 1}]})
ASSOCIATION_SCHEMA = {
    "type": "object",
    "required": ["data"],
    "properties": {
        "data": {
            "type": "array",
            "minItems": 1,
            "maxItems": 1,
            "items": {
                "type": "object",
                "required": ["type", "id"],
                "properties": {
                    "type": {"type": "string", "const": "account"},
                    "id": {"type": "string", "minLength": 1},
                },
            },
        }
    },
}
"""The contract's AccountAssociations, for servers that are not given the contract itself."""
HEADERS = {"Authorization": "Bearer admin", "Content-Type": "application/json"}
CARTS = 64
"""Over how many carts the writes go round: more than there are connections, so that a cart's next
request never overtakes its last one."""
CONNECTIONS = (1, 16)
"""Over how many connections the work comes."""
JOBS = {
    "post": "valid POST",
    "write": "valid POST that writes",
    "get": "GET",
    "refused": "refused POST",
}
"""The kinds of work, with their names in the table."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request."""

    method: str
    path: str
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=lambda: HEADERS)


@dataclass(frozen=True, slots=True)
class Job:
    """Requests that are sent in turn; each is to be answered with one of some statuses, and all
    bodies, put together, are to hold some word."""

    requests: Sequence[Request]
    statuses: frozenset[int]
    word: str = ""

    @classmethod
    def of(cls, request: Request, status: int, word: str = "") -> Job:
        """Return the job of one request, again and again."""
        return cls((request,), frozenset({status}), word)

    @property
    def is_refused(self) -> bool:
        """Whether errors are what is wanted."""
        return min(self.statuses) >= 400


def cart(cart_id: str) -> Request:
    """Return the request for a cart."""
    return Request("GET", f"/v2/carts/{cart_id}")


def association(cart_id: str, method: str = "POST", body: str = VALID) -> Request:
    """Return the request that associates a cart with an account, or parts them with DELETE."""
    return Request(method, f"/v2/carts/{cart_id}/relationships/accounts", body)


def writes() -> tuple[Request, ...]:
    """Return requests that each change a cart: all are associated, then all are parted again."""
    return tuple(
        association(f"bench-{n}", method) for method in ("POST", "DELETE") for n in range(CARTS)
    )


def check(port: int, job: Job, who: str) -> None:
    """Send a job's requests once. SystemExit, in one line, unless they are answered as they are to
    be: nobody is measured giving wrong answers."""
    said = b""
    for request in job.requests:
        status, body = answer(port, request)
        if status not in job.statuses:
            raise SystemExit(
                f"{who} answers {status} to {request.method} {request.path}, "
                f"not {sorted(job.statuses)}: {body[:200]!r}"
            )
        said += body
    if job.word.encode() not in said:
        raise SystemExit(f"{who} does not say {job.word!r}: {said[:200]!r}")


def answer(port: int, request: Request) -> tuple[int, bytes]:
    """Return the status and the body of a request's answer. Raises OSError while nobody listens."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(
            request.method, request.path, request.body or None, dict(request.headers)
        )
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()
