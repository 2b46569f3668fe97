"""The jobs of every server: requests, and how to check their responses.

`contestants` says what a request means to each server.
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
"""AccountAssociations of the contract, for servers that do not read the contract."""
HEADERS = {"Authorization": "Bearer admin", "Content-Type": "application/json"}
CARTS = 64
"""How many carts the writes use in turn: more than there are connections, so that a cart's next
request never overtakes its last one."""
CONNECTIONS = (1, 16)
"""The numbers of connections that are measured."""
JOBS = {
    "post": "valid POST",
    "write": "valid POST that writes",
    "get": "GET",
    "refused": "refused POST",
}
"""The jobs, with their names in the table."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request."""

    method: str
    path: str
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=lambda: HEADERS)


@dataclass(frozen=True, slots=True)
class Job:
    """Requests that are sent in turn. Each response must have one of `statuses`; all bodies
    together must hold `word`."""

    requests: Sequence[Request]
    statuses: frozenset[int]
    word: str = ""

    @classmethod
    def of(cls, request: Request, status: int, word: str = "") -> Job:
        """Return the job that repeats one request."""
        return cls((request,), frozenset({status}), word)

    @property
    def is_refused(self) -> bool:
        """Whether errors are expected."""
        return min(self.statuses) >= 400


def cart(cart_id: str) -> Request:
    """Return the request that reads a cart."""
    return Request("GET", f"/v2/carts/{cart_id}")


def association(cart_id: str, method: str = "POST", body: str = VALID) -> Request:
    """Return the request that associates a cart with an account, or with DELETE dissociates it."""
    return Request(method, f"/v2/carts/{cart_id}/relationships/accounts", body)


def writes() -> tuple[Request, ...]:
    """Return requests that each change a cart: all are associated, then all are dissociated."""
    return tuple(
        association(f"bench-{n}", method) for method in ("POST", "DELETE") for n in range(CARTS)
    )


def check(port: int, job: Job, title: str) -> None:
    """Send a job's requests once. Raises SystemExit with one line for a wrong response: no server
    is measured giving wrong responses."""
    bodies = b""
    for request in job.requests:
        status, body = send(port, request)
        if status not in job.statuses:
            raise SystemExit(
                f"{title} returns {status} to {request.method} {request.path}, "
                f"not {sorted(job.statuses)}: {body[:200]!r}"
            )
        bodies += body
    if job.word.encode() not in bodies:
        raise SystemExit(f"{title} does not return {job.word!r}: {bodies[:200]!r}")


def send(port: int, request: Request) -> tuple[int, bytes]:
    """Return the status and the body of a response. Raises OSError while no server listens."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(
            request.method, request.path, request.body or None, dict(request.headers)
        )
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()
