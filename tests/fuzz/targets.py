"""What is fuzzed: each target takes bytes, hands them to one reader, and asserts what must hold.

Where an input has parts, they are lines that a person can write: a word that names nothing stands
for something, too, so that no change of an input is wasted.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any, TypeVar

from mockserver.core import json_text
from mockserver.core.config import Config
from mockserver.core.errors import ApiError
from mockserver.core.json_text import MalformedJson
from mockserver.fixtures.export import to_yaml
from mockserver.fixtures.load import load_fixtures
from mockserver.fixtures.yaml_document import FixtureError
from mockserver.operations import accounts, carts, members, orders
from mockserver.operations.lists import filters
from mockserver.operations.lists.filters import Grammar
from mockserver.sandbox.sandbox import Sandbox
from mockserver.store.entities import Application, Bearer, digest
from mockserver.store.state import StoreState
from mockserver.store.transaction import Transaction
from tests.control import admin
from tests.fuzz.bounds import bounded
from tests.fuzz.served import CONTRACT, Answer, Sent, Served
from tests.requests import GOOD
from tests.seeds import ACCOUNT_TOKEN, ADMIN, CUSTOMER_TOKEN, NEW_YEAR, SHOPPER

Value = TypeVar("Value")
MAX_STEPS = 8
ADMIN_TOKEN = "admin-token-of-this-server"
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
STEP = b"\n---\n"
CALLERS: Mapping[str, Mapping[str, str]] = {
    "admin": ADMIN,
    "shopper": SHOPPER,
    "account-1": {**SHOPPER, ACCOUNT_TOKEN: "account-1"},
    "account-2": {**SHOPPER, ACCOUNT_TOKEN: "account-2"},
    "customer-1": {**SHOPPER, CUSTOMER_TOKEN: "customer-1"},
    "nobody": {},
}
LISTS = ("/v2/carts", "/v2/accounts", "/v2/account-members", "/v2/orders")
READS = (*LISTS, "/v2/currencies", "/catalog/products", "/catalog/hierarchies", "/__admin/state")
ACTIONS = (
    *("arm", "disarm", "clock", "reset", "clear-journal", "fork", "delete-sandbox"),
    *("save", "restore", "forget", "replay"),
)


def pick(table: Mapping[str, Value], word: bytes) -> Value:
    """Return what a word names in a table; another word means something of it, too."""
    named = table.get(word.decode("latin-1"))
    return list(table.values())[sum(word) % len(table)] if named is None else named


def latin(raw: bytes) -> str:
    """Return bytes as a header's value may hold them."""
    return re.sub(r"[\x00-\x08\x0a-\x1f\x7f]", "", raw.decode("latin-1")).strip()


def visible(raw: bytes) -> bytes:
    """Return bytes as a request's target may hold them."""
    return re.sub(rb"[^!-~]|#.*", b"", raw)


@cache
def served() -> Served:
    return Served()


@cache
def small() -> Served:
    """An application with a small world."""
    world = str(Path(__file__).parent / "world.yaml")
    return Served(Config(frozen_at=NEW_YEAR, max_sandboxes=4, fixtures=(world,)))


@cache
def guarded() -> Served:
    """An application whose admin API wants a token."""
    return Served(Config(frozen_at=NEW_YEAR, host="0.0.0.0", admin_token=ADMIN_TOKEN))


# --- fixtures


def fixture(data: bytes) -> None:
    """A fixture file becomes a world that can be served and written again, or each mistake in it is
    told in one line that begins with its place."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "world.yaml")
        path.write_bytes(data)
        try:
            world = load_fixtures([str(path)], CONTRACT, faults=False)
        except FixtureError as error:
            _check_mistakes(str(error), str(path))
            return
        _serve(world)


def _check_mistakes(text: str, path: str) -> None:
    lines = text.split("\n")
    for line in lines:
        assert re.match(rf"{re.escape(path)}:[1-9]\d*:[1-9]\d*: \S", line), line
        assert line.isprintable(), line
        assert len(line) < 10_000, line
    assert len(lines) <= 1001, f"{len(lines)} mistakes"


def _serve(world: StoreState) -> None:
    """Let an administrator read everything in a world."""
    seed = Sandbox(_with_admin(world), NEW_YEAR, 0, 100)
    app = served().anew()
    own, app.sandboxes.default = app.sandboxes.default, seed
    try:
        paths = [
            *READS,
            *(f"/v2/carts/{each}" for each in list(world.carts)[:3]),
            *(f"/v2/carts/{each}/items" for each in list(world.carts)[:3]),
            *(f"/v2/orders/{each}/items" for each in list(world.orders)[:3]),
            *(f"/catalog/products/{each}" for each in list(world.products)[:3]),
        ]
        for path in paths:
            app.send(Sent("GET", path.encode(), tuple(ADMIN.items())))
        _again(app)
    finally:
        app.sandboxes.default = own


def _with_admin(world: StoreState) -> StoreState:
    """Return a world in which the token `admin` is an administrator's."""
    application = Application("fuzz", "client_credentials", "x", "seller_admin")
    return replace(
        world,
        applications=world.applications.insert("fuzz", application),
        bearers=world.bearers.insert(digest("admin"), Bearer("fuzz", None)),
    )


class Sampling:
    """Every how many-th changed state is written and read again: each in a test; atheris, which
    tries thousands of its kind, gets on faster without."""

    every = 1
    count = 0

    @classmethod
    def next(cls) -> bool:
        cls.count += 1
        return cls.count % cls.every == 0


def _again(app: Served, start: StoreState | None = None) -> None:
    """Assert that what a sandbox has become can be downloaded and started from, as it is; nothing
    has to be where it is as it was at the start."""
    state = app.sandboxes.default.state()
    armed = [rule.definition for rule in state.rules.rules]
    if state.store is start and state.clock.now() == NEW_YEAR and not armed:
        return
    if not Sampling.next():
        return
    with TemporaryDirectory() as folder:
        path = Path(folder, "state.yaml")
        path.write_text(to_yaml(state.store, state.clock.now(), armed), "utf-8")
        loaded = load_fixtures([str(path)], CONTRACT, faults=False)
    tx = Transaction(state.store, state.clock.now())
    assert _told(loaded.carts.values()) == _told(tx.carts.list())
    assert _told(loaded.orders.values()) == _told(state.store.orders.values())


def _told(records: Iterable[Any]) -> dict[str, Any]:
    """Return what a client has given the records."""
    fields = ("name", "description", "owners", "contact", "customer", "custom_attributes")
    return {
        each.id: (
            *(getattr(each, name, None) or None for name in fields),
            [(i.id, i.name, i.quantity, i.custom_inputs, i.location) for i in each.items],
        )
        for each in records
    }


# --- texts


def filter_text(data: bytes) -> None:
    """A filter is a test of any record, or refused by its own error at a position in it."""
    word, _, text = data.partition(b"\n")
    grammar, records = pick(_grammars(), word)
    expression = text.decode("utf-8", "replace")
    refused = None
    try:
        test = filters.parse(expression, grammar)
    except ApiError as error:
        refused = error
    if refused is not None:
        assert refused.id == "invalid-filter"
        found = re.match(r"position (\d+): ", refused.fields["reason"])
        assert found, refused.fields
        assert 1 <= int(found[1]) <= len(expression) + 1
        assert len(refused.fields["reason"]) < 500
        return
    for record in records:
        assert test(record) in (True, False)


@cache
def _grammars() -> dict[str, tuple[Grammar, list[Any]]]:
    """Each list's grammar, with its records in the seed world."""
    sandbox = served().anew().sandboxes.default
    tx = Transaction(sandbox.store, sandbox.clock.now())
    call: Any = SimpleNamespace(tx=tx)
    return {
        "carts": (carts.GRAMMAR, list(tx.carts.list())),
        "accounts": (accounts._grammar(call), list(tx.accounts.all())),
        "members": (members._grammar(call), list(sandbox.store.members.values())),
        "orders": (orders._grammar(call), list(sandbox.store.orders.values())),
    }


def json_body(data: bytes) -> None:
    """A JSON text is read as Python reads it, and comes back as it went; or it is refused."""
    told = None
    try:
        value = json_text.parse(data)
    except MalformedJson as error:
        told = str(error)
    if told is not None:
        assert told.isprintable()
        assert 0 < len(told) < 200
        return
    loaded = json.loads(data)
    assert loaded == value or isinstance(loaded, int | list | dict)  # integers became doubles
    assert json_text.parse(json_text.dump(value)) == value
    assert json_text.parse(json_text.dump_ascii(value).encode("ascii")) == value


# --- requests


def http_request(data: bytes) -> None:
    """Any request: a line with method and target, lines of headers, a blank line, the body."""
    served().anew().send(read_request(data))


def read_request(data: bytes) -> Sent:
    """Return the request that an input means."""
    head, _, body = data.partition(b"\n\n")
    line, *lines = head.split(b"\n")
    word, _, target = line.partition(b" ")
    method = re.sub(rb"[^A-Z]", b"", word.upper())[:20] or b"GET"
    headers = {}
    for each in lines:
        name, _, value = each.partition(b":")
        if kept := re.sub(rb"[^A-Za-z0-9-]", b"", name).decode():
            headers[kept] = latin(value)
    headers.pop("Content-Length", None)
    at = b"/" + visible(target).lstrip(b"/") if not target.startswith(b"/") else visible(target)
    return Sent(method.decode(), at or b"/", tuple(headers.items()), body)


def query(data: bytes) -> None:
    """A query of a list: a line with the list's path and the caller, then the query."""
    line, _, text = data.partition(b"\n")
    path, _, caller = line.partition(b" ")
    start = pick({each: each for each in READS}, path).encode()
    headers = tuple(pick(CALLERS, caller).items())
    served().anew().send(Sent("GET", start + b"?" + visible(text), headers))


def prefer(data: bytes) -> None:
    """An error asked for: a line with an operation, the header `Prefer`, then the query."""
    word, _, rest = data.partition(b"\n")
    header, _, text = rest.partition(b"\n")
    good = pick(GOOD, word)
    headers = (*good.headers.items(), ("Prefer", latin(header)))
    body = b"" if good.body is None else json_text.dump(good.body)
    target = good.path.encode() + b"?" + visible(text)
    served().anew().send(Sent(good.method, target, (*headers, ("Content-Type", JSON)), body))


def operations(data: bytes) -> None:
    """Operations one after another, each a line with its id and the caller, then its body; what
    became of the world can be started from again."""
    app = served().anew()
    world = app.sandboxes.default.store
    for step in data.split(STEP)[:MAX_STEPS]:
        line, _, body = step.partition(b"\n")
        word, _, caller = line.partition(b" ")
        good = pick(GOOD, word)
        headers = (*pick(CALLERS, caller).items(), ("Content-Type", JSON))
        app.send(Sent(good.method, good.path.encode(), headers, body))
    _again(app, world)


def form(data: bytes) -> None:
    """A form for a bearer token: a line with the media type, then the form."""
    word, _, body = data.partition(b"\n")
    headers = (("Content-Type", latin(word) or FORM),)
    app = served().anew()
    app.send(Sent("POST", b"/oauth/access_token", headers, body))


def tokens(data: bytes) -> None:
    """Who is calling: lines with bearer, account token, customer token and cookie. Without the
    admin token nothing of the admin API opens."""
    bearer, account, customer, cookie, *_ = (
        latin(each) for each in (data + b"\n" * 4).split(b"\n")
    )
    given = {"Authorization": bearer, ACCOUNT_TOKEN: account, CUSTOMER_TOKEN: customer}
    headers = tuple((name, value) for name, value in given.items() if value)
    app = guarded().anew()
    for path in (b"/v2/carts", b"/v2/orders", b"/v2/accounts"):
        app.send(Sent("GET", path, headers))
    answer = app.send(Sent("GET", b"/__admin/clock", (*headers, ("Cookie", cookie))))
    opens = bearer.partition(" ")[2].strip() == ADMIN_TOKEN
    assert answer.status == (200 if opens and bearer[:6].lower() == "bearer" else 401), answer
    page = app.send(Sent("GET", b"/", (("Cookie", cookie),)))
    assert page.status == 401, page
    body = b"token=" + visible(data)
    sign_in = app.send(Sent("POST", b"/ui/session", (("Content-Type", FORM),), body))
    assert sign_in.header("Set-Cookie") is None or ADMIN_TOKEN.encode() in data


# --- the admin API and the dashboard


def control(data: bytes) -> None:
    """Operations of the admin API one after another, each a line with its id and what stands for
    the parameters of its path, then its body; the sandbox goes on, and can be started from."""
    app = small().anew()
    start = app.sandboxes.default.store
    for step in data.split(STEP)[:MAX_STEPS]:
        line, _, body = step.partition(b"\n")
        word, _, argument = line.partition(b" ")
        operation = pick(admin.operations(), word)
        name = visible(argument) or b"sample"
        path = re.sub(rb"\{\w+\}", name.replace(b"\\", rb"\\"), operation["path"].encode())
        app.send(Sent(operation["method"], path, (("Content-Type", JSON),), body))
    _goes_on(app, start)


def page(data: bytes) -> None:
    """A page of the dashboard, or a form of one: a line with the path or the action, then the
    query or the form."""
    app = small().anew()
    start = app.sandboxes.default.store
    for step in data.split(STEP)[:MAX_STEPS]:
        line, _, text = step.partition(b"\n")
        if line.startswith(b"/"):
            app.send(Sent("GET", b"/ui" + visible(line) + b"?" + visible(text)))
            continue
        action = pick({each: each for each in (*ACTIONS, "session")}, line)
        where = b"/ui/session" if action == "session" else b"/ui/actions/" + action.encode()
        answer = app.send(Sent("POST", where, (("Content-Type", FORM),), visible(text)))
        _stays_here(answer)
    _goes_on(app, start)


def _stays_here(answer: Answer) -> None:
    """Assert that a form leads to a page of this server."""
    location = answer.header("Location")
    assert location is None or re.match(r"/(?![/\\])", location), location


def _goes_on(app: Served, start: StoreState) -> None:
    """Assert that whatever was armed or moved, requests are answered and the state is written."""
    shopper = tuple(SHOPPER.items())
    for path in (b"/v2/carts", b"/v2/carts/free-cart", b"/__admin/clock", b"/__admin/state"):
        app.send(Sent("GET", path, shopper if path.startswith(b"/v2") else ()))
    _again(app, start)


Target = Callable[[bytes], None]
TARGETS: Mapping[str, Target] = {
    "fixture": fixture,
    "filter": filter_text,
    "json": json_body,
    "request": http_request,
    "query": query,
    "prefer": prefer,
    "operations": operations,
    "form": form,
    "tokens": tokens,
    "control": control,
    "page": page,
}


def run(name: str, data: bytes) -> None:
    """Hand bytes to a target, within bounds of time and memory. AssertionError for what breaks."""
    with bounded():
        TARGETS[name](data)
