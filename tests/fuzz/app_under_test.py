"""The application under test, and what must hold for each of its responses: no failure, the API's
form, no change of state by a rejected request, and no secret in any log or journal."""

import json
import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from io import BytesIO, StringIO
from itertools import islice
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qsl, unquote, unquote_to_bytes

from mockserver.app import create_app
from mockserver.core import json_text, log
from mockserver.core.config import Config, resource
from mockserver.dashboard import is_page
from mockserver.openapi.contract import Contract
from mockserver.sandbox.journal import REDACTED, Query, is_secret
from mockserver.store.state import StoreState
from tests.support.built_in_data import NEW_YEAR

CONTRACT = Contract.load(resource("openapi.yaml"))
STANDARD = ("Mock-Server", "Mock-Request-Id", "X-Moltin-Request-Id")
MARK = "s3cr3t"
"""What inputs hold in their secrets: it must not be seen again."""
MAX_CHUNKS = 2000
LINE = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]*")
LOG_LINE = re.compile(r"\d\d:\d\d:\d\d\.\d{3} [!-~]+ /[!-~]* \d{3} [!-~ ]+ ms")
VALUE = re.compile(r"[\t -~\x80-\xff]*")
NAME = re.compile(r"[\w .$@\[\]-]{1,50}")
"""What may be reported of an invalid form or of unknown fields: their names."""
FORM = "x-www-form-urlencoded"


@dataclass(frozen=True)
class Request:
    """A request as an HTTP server passes it on: `target` in visible ASCII, header values in Latin-1
    without control characters."""

    method: str
    target: bytes
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def environ(self) -> dict[str, Any]:
        path, _, query = self.target.partition(b"?")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query.decode("latin-1"),
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8080",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "localhost:8080",
            "CONTENT_LENGTH": str(len(self.body)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(self.body),
            "wsgi.errors": BytesIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in self.headers:
            key = name.upper().replace("-", "_")
            if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
                key = f"HTTP_{key}"
            environ[key] = value
        return environ


@dataclass
class Response:
    status: int
    headers: list[tuple[str, str]]
    body: bytes
    request: Request

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class AppUnderTest:
    """An application; `reset` makes it as new for each input."""

    config: Config = field(default_factory=lambda: Config(frozen_at=NEW_YEAR, max_sandboxes=4))

    def __post_init__(self) -> None:
        self.app = create_app(self.config, CONTRACT)
        self.sandboxes = self.app.extensions["sandboxes"]
        self._logs: dict[str, StringIO] = {}

    def reset(self) -> "AppUnderTest":
        """Go back to the fixtures and to one sandbox; return self."""
        for name, sandbox in self.sandboxes.all():
            sandbox.reset()
            for snapshot in sandbox.snapshots():
                sandbox.delete_snapshot(snapshot)
            self.sandboxes.delete(name)
        return self

    def send(self, request: Request) -> Response:
        """Send a request; assert what must hold for any response."""
        before = self._states()
        entries = {name: sandbox.journal.total() for name, sandbox in self.sandboxes.all()}
        counts = {name: finding.count for name, finding in self.sandboxes.client_warnings().items()}
        with self._capturing_log():
            response = self._call(request)
        _check_form(response)
        if response.status >= 400:
            after = self._states()
            changed = [name for name, state in before.items() if after.get(name) is not state]
            assert not changed, f"{response.status} changed the state of {changed}"
        texts = [
            json_text.dump_ascii(entry.to_dict())
            for name, sandbox in self.sandboxes.all()
            for entry in sandbox.journal.select(Query())[: 1 if name in entries else None]
            if sandbox.journal.total() != entries.get(name)
        ]
        warnings = self.sandboxes.client_warnings()
        texts += [f.detail for name, f in warnings.items() if f.count != counts.get(name)]
        texts += self._logged()
        for secret in find_secrets(request):
            assert not [text for text in texts if secret in text], f"{secret!r} leaked"
        return response

    def _states(self) -> dict[str, StoreState]:
        return {name: sandbox.store for name, sandbox in self.sandboxes.all()}

    def _call(self, request: Request) -> Response:
        started: list[Any] = []

        def start(status: str, headers: list[tuple[str, str]], _: Any = None) -> None:
            started[:] = [int(status[:3]), headers]

        with patch("time.sleep"):
            chunks = self.app(request.environ(), start)
            with closing(chunks) if hasattr(chunks, "close") else nullcontext():
                body = b"".join(islice(chunks, MAX_CHUNKS if _is_finite(started) else 3))
        return Response(*started, body, request)

    @contextmanager
    def _capturing_log(self) -> Iterator[None]:
        """Capture what the server logs; raise an error that it logs."""
        records: list[logging.LogRecord] = []
        failures = logging.Handler()
        failures.emit = records.append  # type: ignore[method-assign]
        self._logs = {name: StringIO() for name in ("text", "json")}
        handlers = [failures, *(log.Handler(*log_format) for log_format in self._logs.items())]
        level = log.server.level
        log.server.setLevel(logging.INFO)
        for handler in handlers:
            log.server.addHandler(handler)
        try:
            yield
        finally:
            for handler in handlers:
                handler.flush()
                log.server.removeHandler(handler)
            log.server.setLevel(level)
        for record in records:
            if record.levelno >= logging.ERROR:
                cause = record.exc_info[1] if record.exc_info else None
                raise AssertionError(f"the server failed: {record.getMessage()}") from cause

    def _logged(self) -> list[str]:
        """Return the log lines of a request in both formats; assert the form of each."""
        texts, objects = (stream.getvalue().splitlines() for stream in self._logs.values())
        for text, data in zip(texts, objects, strict=True):
            assert LINE.fullmatch(text), text
            assert "message" in json.loads(data) or LOG_LINE.fullmatch(text), text
        return texts + objects


def _is_finite(started: list[Any]) -> bool:
    """Whether a response has an end: an event stream has none."""
    return ("Content-Type", "text/event-stream; charset=utf-8") not in started[1]


def _check_form(response: Response) -> None:
    names = [name.lower() for name, _ in response.headers]
    for name in STANDARD:
        assert names.count(name.lower()) == 1, f"{name} in {names}"
    for name, value in response.headers:
        assert VALUE.fullmatch(value), f"{name}: {value!r}"
    assert b"Traceback" not in response.body
    path, _, _ = response.request.target.partition(b"?")
    if response.status == 204 or response.request.method == "HEAD":
        assert response.body == b"" or response.request.method == "HEAD"
        return
    if response.header("Content-Type") == "application/json":
        document = response.json
        if response.status >= 400 and response.status != 406:
            assert document.keys() == {"errors"}, document
            for error in document["errors"]:
                assert int(error.get("status", response.status)) == response.status, error
                assert error.keys() & {"title", "detail"}, error
    elif response.status >= 400:
        page = unquote(path.decode("ascii"))
        assert (response.header("Content-Type") or "").startswith("text/html"), response
        assert is_page("/" + re.sub("^/*(sandboxes/+[^/]*)?/*", "", re.sub("/+", "/", page))), page


# --- secrets


def find_secrets(request: Request) -> set[str]:
    """Return the marked texts that a request has in its secrets only."""
    secret, public = list[str](), list[str]()
    for name, value in request.headers:
        (secret if is_secret(name) else public).append(value)
    path, _, query = request.target.decode("latin-1").partition("?")
    public += [request.method, path, unquote(path), unquote(path, "latin-1")]
    _classify_form(query, secret, public)
    try:
        _classify(json_text.parse(request.body), secret, public)
    except json_text.MalformedJson:
        kind = "".join(v for name, v in request.headers if name.lower() == "content-type")
        text = request.body.decode("utf-8", "replace")
        names = [name for name, _ in parse_qsl(text, keep_blank_values=True)]
        public += [name for name in names if NAME.fullmatch(name)]
        if FORM in kind and all(map(NAME.fullmatch, names)):
            _classify_form(text, secret, public)
        else:
            secret.append(text)
    words = {word for text in secret for word in re.findall(rf"\w*{MARK}\w*", text, re.ASCII)}
    return {word for word in words if not any(word in text for text in public)}


def _classify(value: Any, secret: list[str], public: list[str]) -> None:
    """Collect the texts of a JSON value: those of its secret fields, and the others."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            public.append(name)
            if is_secret(name):
                secret.append(json.dumps(inner, ensure_ascii=False))
            else:
                _classify(inner, secret, public)
    elif isinstance(value, list):
        for inner in value:
            _classify(inner, secret, public)
    elif isinstance(value, str):
        public.append(value)


def _classify_form(text: str, secret: list[str], public: list[str]) -> None:
    for name, value in parse_qsl(text, keep_blank_values=True):
        public.append(name)
        (secret if is_secret(name) else public).append(value)


assert MARK not in REDACTED
