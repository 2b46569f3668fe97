"""The contestants: how each server is started, and what the same jobs mean to it.

A mock without state is configured with the responses of ours; one that can read the contract gets
it; moto, which has no carts, puts items into a DynamoDB table.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from benchmarks import install, stubs
from benchmarks.work import (
    ACCOUNT_ID,
    CARTS,
    REFUSED,
    Job,
    Request,
    association,
    cart,
    send,
    writes,
)
from mockserver import __version__

ROOT = Path(__file__).parent.parent
PYTHON = sys.executable


@dataclass(frozen=True, slots=True)
class Contestant:
    """A server: the `command` that serves on a port, its `jobs` by kind, and the `first` request,
    whose response says that it is up. `prepare` installs it, `fill` creates the data that the jobs
    need; `version` is called after that."""

    name: str
    title: str
    command: Callable[[int], Sequence[str]]
    jobs: Mapping[str, Job]
    first: Request
    version: Callable[[], str]
    prepare: Callable[[], None] = lambda: None
    fill: Callable[[int], None] = lambda port: None


def _jobs(post: int, write: Sequence[int], refused: int, name: str = "Free cart") -> dict[str, Job]:
    """Return the jobs on carts, with the statuses and a word of the responses."""
    return {
        "post": Job.of(association("ada-cart"), post, "" if post == 204 else ACCOUNT_ID),
        "write": Job(writes(), frozenset(write), ACCOUNT_ID),
        "get": Job.of(cart("free-cart"), 200, name),
        "refused": Job.of(association("ada-cart", body=REFUSED), refused, "errors"),
    }


OURS = _jobs(204, (200, 204), 400)
STUBBED = _jobs(200, (200,), 400)


def _fill_ours(port: int) -> None:
    """Create the carts of the writes: reading an unknown cart creates it."""
    for path in {request.path for request in OURS["write"].requests}:
        status, _ = send(port, Request("GET", path.partition("/relationships")[0]))
        assert status == 200, path


def ours(*options: str, name: str = "ours", title: str = "ours") -> Contestant:
    """Return our own server, started with additional options."""
    return Contestant(
        name,
        title,
        lambda port: (PYTHON, "-m", "mockserver", "--port", str(port), *options),
        OURS,
        cart("free-cart"),
        lambda: __version__,
        fill=_fill_ours,
    )


def _bare(kind: str, port: int) -> tuple[str, ...]:
    return (PYTHON, "-m", "benchmarks.bare", kind, str(port), str(stubs.CART))


def _prism(port: int) -> tuple[str, ...]:
    program = install.MODULES / "@stoplight" / "prism-cli" / "dist" / "index.js"
    contract = ROOT / "openapi.yaml"
    return ("node", str(program), "mock", "-h", "127.0.0.1", "-p", str(port), str(contract))


def _wiremock(port: int, journal: Sequence[str]) -> tuple[str, ...]:
    jar = install.MODULES / "wiremock" / "build" / f"wiremock-standalone-{_wiremock_version()}.jar"
    where = ("--bind-address", "127.0.0.1", "--port", str(port), "--root-dir", str(stubs.WIREMOCK))
    return ("java", "-jar", str(jar), *where, *journal)


def _wiremock_version() -> str:
    return install.npm_version("wiremock")


def _mockoon(port: int) -> tuple[str, ...]:
    program = install.MODULES / "@mockoon" / "cli" / "bin" / "run.js"
    where = ("--hostname", "127.0.0.1", "--port", str(port), "--data", str(stubs.MOCKOON))
    return ("node", str(program), "start", *where, "--disable-log-to-file")


def _prepare_wiremock() -> None:
    install.require("java")
    install.node_packages()
    stubs.write()


def _prepare_mockoon() -> None:
    install.node_packages()
    stubs.write()


def _dynamodb(action: str, **body: object) -> Request:
    headers = {
        "X-Amz-Target": f"DynamoDB_20120810.{action}",
        "Content-Type": "application/x-amz-json-1.0",
        "Authorization": "AWS4-HMAC-SHA256 "
        "Credential=any/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0",
    }
    return Request("POST", "/", json.dumps(body), headers)


def _put(cart_id: str | None, account: str = ACCOUNT_ID) -> Request:
    key = {} if cart_id is None else {"id": {"S": cart_id}}
    return _dynamodb("PutItem", TableName="carts", Item={**key, "account": {"S": account}})


GET_ITEM = _dynamodb("GetItem", TableName="carts", Key={"id": {"S": "cart-1"}})
MOTO = {
    "post": Job.of(_put("cart-1"), 200),
    "write": Job(
        tuple(
            _put(f"bench-{n}", account) for account in (ACCOUNT_ID, "none") for n in range(CARTS)
        ),
        frozenset({200}),
    ),
    "get": Job.of(GET_ITEM, 200, ACCOUNT_ID),
    "refused": Job.of(_put(None), 400, "ValidationException"),
}


def _fill_moto(port: int) -> None:
    """Create the table, and the item that is read."""
    key = {"AttributeName": "id"}
    table = _dynamodb(
        "CreateTable",
        TableName="carts",
        KeySchema=[{**key, "KeyType": "HASH"}],
        AttributeDefinitions=[{**key, "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    for request in (table, _put("cart-1")):
        status, body = send(port, request)
        assert status == 200, body


OURS_WITHOUT_JOURNAL = ours(
    "--journal-size", "0", name="ours-without-journal", title="ours without journal"
)
ALL = (
    ours(),
    OURS_WITHOUT_JOURNAL,
    Contestant(
        "bare",
        "bare Flask",
        lambda port: _bare("flask", port),
        STUBBED,
        cart("free-cart"),
        lambda: version("flask"),
        stubs.write,
    ),
    Contestant(
        "raw",
        "raw WSGI",
        lambda port: _bare("wsgi", port),
        {kind: STUBBED[kind] for kind in ("post", "write")},
        cart("free-cart"),
        lambda: f"Granian {version('granian')}",
        stubs.write,
    ),
    Contestant(
        "prism",
        "Prism",
        _prism,
        _jobs(200, (200, 204), 422, name='"cart"'),
        cart("free-cart"),
        lambda: install.npm_version("@stoplight/prism-cli"),
        install.node_packages,
    ),
    Contestant(
        "wiremock",
        "WireMock",
        # as many requests as ours keeps; by default it keeps all, until the memory is full
        lambda port: _wiremock(port, ("--max-request-journal-entries", "1000")),
        STUBBED,
        cart("free-cart"),
        _wiremock_version,
        _prepare_wiremock,
    ),
    Contestant(
        "wiremock-without-journal",
        "WireMock without journal",
        lambda port: _wiremock(port, ("--no-request-journal",)),
        STUBBED,
        cart("free-cart"),
        _wiremock_version,
        _prepare_wiremock,
    ),
    Contestant(
        "mockoon",
        "Mockoon",
        _mockoon,
        STUBBED,
        cart("free-cart"),
        lambda: install.npm_version("@mockoon/cli"),
        _prepare_mockoon,
    ),
    Contestant(
        "moto",
        "moto",
        lambda port: (
            str(install.VENV / "bin" / "moto_server"),
            "-H",
            "127.0.0.1",
            "-p",
            str(port),
        ),
        MOTO,
        GET_ITEM,
        lambda: install.pypi_version("moto"),
        install.python_packages,
        _fill_moto,
    ),
)
"""All contestants, ours first."""


def chosen(names: Sequence[str]) -> list[Contestant]:
    """Return the named contestants, ready to be started; ours is always among them.

    Raises SystemExit with one line for an unknown name, or when a program is missing.
    """
    known = {contestant.name: contestant for contestant in ALL}
    if unknown := [name for name in names if name not in known]:
        raise SystemExit(f"unknown contestant {unknown[0]}; known: {', '.join(known)}")
    selected = [c for c in ALL if c.name in names or c.name == "ours"]
    for contestant in selected:
        contestant.prepare()
    return selected
