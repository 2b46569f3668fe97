"""What an operation is given and what it returns. No web framework in sight."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mockserver.access import Caller
from mockserver.errors import ApiError
from mockserver.ids import Ids
from mockserver.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Call:
    """One validated request. `params` holds path, query and header parameters by name; `body` the
    parsed body in its documented shape, or None; `base_url` what links in the answer begin with."""

    params: Mapping[str, Any]
    body: Any
    caller: Caller
    tx: Transaction
    ids: Ids
    base_url: str


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer; without a body it has no content. `refused` goes into the body's `errors`: what
    went wrong with parts of a request whose other parts were done."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    refused: tuple[ApiError, ...] = ()
