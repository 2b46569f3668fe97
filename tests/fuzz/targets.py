"""The fuzz targets: each takes bytes, gives them to one parser or API, and asserts what must hold.

The parts of an input are lines that a person can write. A word that names nothing is mapped to
something, too, so that no change of an input is wasted.
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
from tests.fuzz.app_under_test import CONTRACT, AppUnderTest, Request, Response
from tests.fuzz.bounds import bounded
from tests.support import admin
from tests.support.built_in_data import ACCOUNT_TOKEN, ADMIN, CUSTOMER_TOKEN, NEW_YEAR, SHOPPER
from tests.support.sample_requests import GOOD

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
    """Return the entry that a word names; any other word is mapped to some entry."""
    entry = table.get(word.decode("latin-1"))
    return list(table.values())[sum(word) % len(table)] if entry is None else entry


def header_value(raw: bytes) -> str:
    """Return bytes as a valid header value."""
    return re.sub(r"[\x00-\x08\x0a-\x1f\x7f]", "", raw.decode("latin-1")).strip()


def request_target(raw: bytes) -> bytes:
    """Return bytes as a valid request target."""
    return re.sub(rb"[^!-~]|#.*", b"", raw)


@cache
def default_app() -> AppUnderTest:
    return AppUnderTest()


@cache
def small_app() -> AppUnderTest:
    """Return an application with a small store."""
    store = str(Path(__file__).parent / "store.yaml")
    return AppUnderTest(Config(frozen_at=NEW_YEAR, max_sandboxes=4, fixtures=(store,)))


@cache
def guarded_app() -> AppUnderTest:
    """Return an application whose admin API requires a token."""
    return AppUnderTest(Config(frozen_at=NEW_YEAR, host="0.0.0.0", admin_token=ADMIN_TOKEN))


# --- fixtures


def fixture(data: bytes) -> None:
    """A fixture file gives a state that can be served and exported again, or each error in it is
    reported in one line that begins with its place."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "input.yaml")
        path.write_bytes(data)
        try:
            state = load_fixtures([str(path)], CONTRACT, faults=False)
        except FixtureError as error:
            _check_diagnostics(str(error), str(path))
            return
        _serve(state)


def _check_diagnostics(text: str, path: str) -> None:
    lines = text.split("\n")
    for line in lines:
        assert re.match(rf"{re.escape(path)}:[1-9]\d*:[1-9]\d*: \S", line), line
        assert line.isprintable(), line
        assert len(line) < 10_000, line
    assert len(lines) <= 1001, f"{len(lines)} diagnostics"


def _serve(state: StoreState) -> None:
    """Read everything in a state as an administrator."""
    sandbox = Sandbox(_with_admin(state), NEW_YEAR, 0, 100)
    app = default_app().reset()
    own, app.sandboxes.default = app.sandboxes.default, sandbox
    try:
        paths = [
            *READS,
            *(f"/v2/carts/{cart_id}" for cart_id in list(state.carts)[:3]),
            *(f"/v2/carts/{cart_id}/items" for cart_id in list(state.carts)[:3]),
            *(f"/v2/orders/{order_id}/items" for order_id in list(state.orders)[:3]),
            *(f"/catalog/products/{product_id}" for product_id in list(state.products)[:3]),
        ]
        for path in paths:
            app.send(Request("GET", path.encode(), tuple(ADMIN.items())))
        _check_round_trip(app)
    finally:
        app.sandboxes.default = own


def _with_admin(state: StoreState) -> StoreState:
    """Return a state in which the token `admin` is an administrator's."""
    application = Application("fuzz", "client_credentials", "x", "seller_admin")
    return replace(
        state,
        applications={**state.applications, "fuzz": application},
        bearers=state.bearers.insert(digest("admin"), Bearer("fuzz", None)),
    )


class Sampling:
    """Which of the changed states are exported and loaded again: every one in a test; fewer under
    atheris, which tries thousands of them."""

    every = 1
    count = 0

    @classmethod
    def next(cls) -> bool:
        cls.count += 1
        return cls.count % cls.every == 0


def _check_round_trip(app: AppUnderTest, start: StoreState | None = None) -> None:
    """Assert that the state of the sandbox can be exported and loaded again unchanged; not needed
    where it is still `start`."""
    snapshot = app.sandboxes.default.state()
    armed = [rule.definition for rule in snapshot.rules.rules]
    if snapshot.store is start and snapshot.clock.now() == NEW_YEAR and not armed:
        return
    if not Sampling.next():
        return
    with TemporaryDirectory() as folder:
        path = Path(folder, "state.yaml")
        path.write_text(to_yaml(snapshot.store, snapshot.clock.now(), armed), "utf-8")
        loaded = load_fixtures([str(path)], CONTRACT, faults=False)
    tx = Transaction(snapshot.store, snapshot.clock.now())
    assert _by_id(loaded.carts.values()) == _by_id(tx.carts.list())
    assert _by_id(loaded.orders.values()) == _by_id(snapshot.store.orders.values())


def _by_id(records: Iterable[Any]) -> dict[str, Any]:
    """Return what clients have written to the records, by their ids."""
    fields = ("name", "description", "owners", "contact", "customer", "custom_attributes")
    return {
        record.id: (
            *(getattr(record, name, None) or None for name in fields),
            [(i.id, i.name, i.quantity, i.custom_inputs, i.location) for i in record.items],
        )
        for record in records
    }


# --- texts


def filter_text(data: bytes) -> None:
    """A filter can be applied to any record, or is rejected with the position of its error."""
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
        position = re.match(r"position (\d+): ", refused.fields["reason"])
        assert position, refused.fields
        assert 1 <= int(position[1]) <= len(expression) + 1
        assert len(refused.fields["reason"]) < 500
        return
    for record in records:
        assert test(record) in (True, False)


@cache
def _grammars() -> dict[str, tuple[Grammar, list[Any]]]:
    """Return each list's grammar, with its records in the initial state."""
    sandbox = default_app().reset().sandboxes.default
    tx = Transaction(sandbox.store, sandbox.clock.now())
    call: Any = SimpleNamespace(tx=tx)
    return {
        "carts": (carts.GRAMMAR, list(tx.carts.list())),
        "accounts": (accounts._grammar(call), list(tx.accounts.all())),
        "members": (members._grammar(call), list(sandbox.store.members.values())),
        "orders": (orders._grammar(call), list(sandbox.store.orders.values())),
    }


def json_body(data: bytes) -> None:
    """A JSON text is parsed as Python parses it and survives a round trip, or it is rejected."""
    message = None
    try:
        value = json_text.parse(data)
    except MalformedJson as error:
        message = str(error)
    if message is not None:
        assert message.isprintable()
        assert 0 < len(message) < 200
        return
    loaded = json.loads(data)
    assert loaded == value or isinstance(loaded, int | list | dict)  # integers became doubles
    assert json_text.parse(json_text.dump(value)) == value
    assert json_text.parse(json_text.dump_ascii(value).encode("ascii")) == value


# --- requests


def http_request(data: bytes) -> None:
    """Any request: a line with method and target, lines of headers, a blank line, the body."""
    default_app().reset().send(read_request(data))


def read_request(data: bytes) -> Request:
    """Return the request that an input describes."""
    head, _, body = data.partition(b"\n\n")
    line, *lines = head.split(b"\n")
    word, _, target = line.partition(b" ")
    method = re.sub(rb"[^A-Z]", b"", word.upper())[:20] or b"GET"
    headers = {}
    for header in lines:
        name, _, value = header.partition(b":")
        if valid_name := re.sub(rb"[^A-Za-z0-9-]", b"", name).decode():
            headers[valid_name] = header_value(value)
    headers.pop("Content-Length", None)
    at = (
        b"/" + request_target(target).lstrip(b"/")
        if not target.startswith(b"/")
        else request_target(target)
    )
    return Request(method.decode(), at or b"/", tuple(headers.items()), body)


def query(data: bytes) -> None:
    """A query of a list: a line with the list's path and the caller, then the query."""
    line, _, text = data.partition(b"\n")
    path, _, caller = line.partition(b" ")
    start = pick({read: read for read in READS}, path).encode()
    headers = tuple(pick(CALLERS, caller).items())
    default_app().reset().send(Request("GET", start + b"?" + request_target(text), headers))


def prefer(data: bytes) -> None:
    """A requested error: a line with an operation, the header `Prefer`, then the query."""
    word, _, rest = data.partition(b"\n")
    header, _, text = rest.partition(b"\n")
    good = pick(GOOD, word)
    headers = (*good.headers.items(), ("Prefer", header_value(header)))
    body = b"" if good.body is None else json_text.dump(good.body)
    target = good.path.encode() + b"?" + request_target(text)
    default_app().reset().send(
        Request(good.method, target, (*headers, ("Content-Type", JSON)), body)
    )


def operations(data: bytes) -> None:
    """Operations one after another, each a line with its id and the caller, then its body; the
    resulting state can be exported and loaded."""
    app = default_app().reset()
    state = app.sandboxes.default.store
    for step in data.split(STEP)[:MAX_STEPS]:
        line, _, body = step.partition(b"\n")
        word, _, caller = line.partition(b" ")
        good = pick(GOOD, word)
        headers = (*pick(CALLERS, caller).items(), ("Content-Type", JSON))
        app.send(Request(good.method, good.path.encode(), headers, body))
    _check_round_trip(app, state)


def form(data: bytes) -> None:
    """A form for a bearer token: a line with the media type, then the form."""
    word, _, body = data.partition(b"\n")
    headers = (("Content-Type", header_value(word) or FORM),)
    app = default_app().reset()
    app.send(Request("POST", b"/oauth/access_token", headers, body))


def tokens(data: bytes) -> None:
    """Credentials: lines with bearer token, account token, customer token and cookie. Without the
    admin token the admin API is closed."""
    bearer, account, customer, cookie, *_ = (
        header_value(line) for line in (data + b"\n" * 4).split(b"\n")
    )
    credentials = {"Authorization": bearer, ACCOUNT_TOKEN: account, CUSTOMER_TOKEN: customer}
    headers = tuple((name, value) for name, value in credentials.items() if value)
    app = guarded_app().reset()
    for path in (b"/v2/carts", b"/v2/orders", b"/v2/accounts"):
        app.send(Request("GET", path, headers))
    response = app.send(Request("GET", b"/__admin/clock", (*headers, ("Cookie", cookie))))
    has_token = bearer.partition(" ")[2].strip() == ADMIN_TOKEN
    assert response.status == (200 if has_token and bearer[:6].lower() == "bearer" else 401), (
        response
    )
    page = app.send(Request("GET", b"/", (("Cookie", cookie),)))
    assert page.status == 401, page
    body = b"token=" + request_target(data)
    sign_in = app.send(Request("POST", b"/ui/session", (("Content-Type", FORM),), body))
    assert sign_in.header("Set-Cookie") is None or ADMIN_TOKEN.encode() in data


# --- the admin API and the dashboard


def admin_api(data: bytes) -> None:
    """Operations of the admin API one after another, each a line with its id and the value of its
    path parameters, then its body; the sandbox stays usable and can be exported."""
    app = small_app().reset()
    start = app.sandboxes.default.store
    for step in data.split(STEP)[:MAX_STEPS]:
        line, _, body = step.partition(b"\n")
        word, _, argument = line.partition(b" ")
        operation = pick(admin.operations(), word)
        name = request_target(argument) or b"sample"
        path = re.sub(rb"\{\w+\}", name.replace(b"\\", rb"\\"), operation["path"].encode())
        app.send(Request(operation["method"], path, (("Content-Type", JSON),), body))
    _check_usable(app, start)


def page(data: bytes) -> None:
    """A page of the dashboard, or a form of one: a line with the path or the action, then the
    query or the form."""
    app = small_app().reset()
    start = app.sandboxes.default.store
    for step in data.split(STEP)[:MAX_STEPS]:
        line, _, text = step.partition(b"\n")
        if line.startswith(b"/"):
            app.send(Request("GET", b"/ui" + request_target(line) + b"?" + request_target(text)))
            continue
        action = pick({action: action for action in (*ACTIONS, "session")}, line)
        path = b"/ui/session" if action == "session" else b"/ui/actions/" + action.encode()
        response = app.send(Request("POST", path, (("Content-Type", FORM),), request_target(text)))
        _check_redirect(response)
    _check_usable(app, start)


def _check_redirect(response: Response) -> None:
    """Assert that a form redirects to a page of this server."""
    location = response.header("Location")
    assert location is None or re.match(r"/(?![/\\])", location), location


def _check_usable(app: AppUnderTest, start: StoreState) -> None:
    """Assert that requests are served and the state can be exported."""
    shopper = tuple(SHOPPER.items())
    for path in (b"/v2/carts", b"/v2/carts/free-cart", b"/__admin/clock", b"/__admin/state"):
        app.send(Request("GET", path, shopper if path.startswith(b"/v2") else ()))
    _check_round_trip(app, start)


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
    "admin": admin_api,
    "page": page,
}


def run(name: str, data: bytes) -> None:
    """Run a target within limits of time and memory. Raises AssertionError for a failure."""
    with bounded():
        TARGETS[name](data)
