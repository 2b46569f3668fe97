"""One application in this process, and what holds of each of its answers, whatever was sent: it is
no failure, it is in the API's form, it changes nothing when it refuses, and it keeps secrets."""

import json
import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from io import BytesIO, StringIO
from itertools import islice
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qsl, unquote, unquote_to_bytes

from mockserver.app import create_app
from mockserver.core import json_text, log
from mockserver.core.config import Config
from mockserver.core.resources import resource
from mockserver.dashboard import is_page
from mockserver.openapi.contract import Contract
from mockserver.sandbox.journal import REDACTED, SECRET_FIELDS, SECRET_HEADERS, Query
from mockserver.store.state import StoreState
from tests.seeds import NEW_YEAR

CONTRACT = Contract.load(resource("openapi.yaml"))
STANDARD = ("Mock-Server", "Mock-Request-Id", "X-Moltin-Request-Id")
MARK = "s3cr3t"
"""What an input writes into the secrets that must not be seen again."""
MAX_CHUNKS = 2000
LINE = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]*")
LOG_LINE = re.compile(r"\d\d:\d\d:\d\d\.\d{3} [!-~]+ /[!-~]* \d{3} [!-~ ]+ ms")
VALUE = re.compile(r"[\t -~\x80-\xff]*")
NAME = re.compile(r"[\w .$@\[\]-]{1,50}")
"""What may be told of a form that is none, or of fields that there are not: their names."""
FORM = "x-www-form-urlencoded"


@dataclass(frozen=True)
class Sent:
    """A request as a server in front of the application passes it on: `target` in visible ASCII,
    the headers' values in Latin-1 without control characters."""

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
class Answer:
    """What came back."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    sent: Sent

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Served:
    """An application, started anew for each input by `anew`."""

    config: Config = field(default_factory=lambda: Config(frozen_at=NEW_YEAR, max_sandboxes=4))

    def __post_init__(self) -> None:
        self.app = create_app(self.config, CONTRACT)
        self.sandboxes = self.app.extensions["sandboxes"]
        self._logs: dict[str, StringIO] = {}

    def anew(self) -> "Served":
        """Go back to the fixtures and to one sandbox; returns itself."""
        for name, sandbox in self.sandboxes.all():
            sandbox.reset()
            for snapshot in sandbox.snapshots():
                sandbox.delete_snapshot(snapshot)
            self.sandboxes.delete(name)
        return self

    def send(self, sent: Sent) -> Answer:
        """Send one request; asserts all that holds of any answer."""
        before = self._worlds()
        entries = {name: sandbox.journal.total() for name, sandbox in self.sandboxes.all()}
        seen = {name: each.count for name, each in self.sandboxes.client_warnings().items()}
        with self._listening():
            answer = self._answered(sent)
        _check_form(answer)
        if answer.status >= 400:
            after = self._worlds()
            changed = [name for name, world in before.items() if after.get(name) is not world]
            assert not changed, f"{answer.status} changed the world of {changed}"
        told = [
            json_text.dump_ascii(entry.to_dict())
            for name, sandbox in self.sandboxes.all()
            for entry in sandbox.journal.select(Query())[: 1 if name in entries else None]
            if sandbox.journal.total() != entries.get(name)
        ]
        findings = self.sandboxes.client_warnings()
        told += [each.detail for name, each in findings.items() if each.count != seen.get(name)]
        told += self._logged()
        for secret in hidden(sent):
            assert not [each for each in told if secret in each], f"{secret!r} was told"
        return answer

    def _worlds(self) -> dict[str, StoreState]:
        return {name: sandbox.store for name, sandbox in self.sandboxes.all()}

    def _answered(self, sent: Sent) -> Answer:
        started: list[Any] = []

        def start(status: str, headers: list[tuple[str, str]], _: Any = None) -> None:
            started[:] = [int(status[:3]), headers]

        with patch("time.sleep"):
            chunks = self.app(sent.environ(), start)
            with closing(chunks) if hasattr(chunks, "close") else _nothing():
                body = b"".join(islice(chunks, MAX_CHUNKS if _ends(started) else 3))
        return Answer(*started, body, sent)

    @contextmanager
    def _listening(self) -> Iterator[None]:
        """Gather what the server logs; a failure that it told there is raised here."""
        records: list[logging.LogRecord] = []
        failures = logging.Handler()
        failures.emit = records.append  # type: ignore[method-assign]
        self._logs = {name: StringIO() for name in ("text", "json")}
        handlers = [failures, *(log.Handler(*each) for each in self._logs.items())]
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
        """Return what the log says of a request, in both formats; asserts the form of each line."""
        texts, objects = (each.getvalue().splitlines() for each in self._logs.values())
        for text, data in zip(texts, objects, strict=True):
            assert LINE.fullmatch(text), text
            assert "message" in json.loads(data) or LOG_LINE.fullmatch(text), text
        return texts + objects


@contextmanager
def _nothing() -> Iterator[None]:
    yield


def _ends(started: list[Any]) -> bool:
    """Whether an answer has an end: a stream has none."""
    return ("Content-Type", "text/event-stream; charset=utf-8") not in started[1]


def _check_form(answer: Answer) -> None:
    names = [name.lower() for name, _ in answer.headers]
    for name in STANDARD:
        assert names.count(name.lower()) == 1, f"{name} in {names}"
    for name, value in answer.headers:
        assert VALUE.fullmatch(value), f"{name}: {value!r}"
    assert b"Traceback" not in answer.body
    path, _, _ = answer.sent.target.partition(b"?")
    if answer.status == 204 or answer.sent.method == "HEAD":
        assert answer.body == b"" or answer.sent.method == "HEAD"
        return
    if answer.header("Content-Type") == "application/json":
        told = answer.json
        if answer.status >= 400 and answer.status != 406:
            assert told.keys() == {"errors"}, told
            for error in told["errors"]:
                assert int(error.get("status", answer.status)) == answer.status, error
                assert error.keys() & {"title", "detail"}, error
    elif answer.status >= 400:
        page = unquote(path.decode("ascii"))
        assert (answer.header("Content-Type") or "").startswith("text/html"), answer
        assert is_page("/" + re.sub("^/*(sandboxes/+[^/]*)?/*", "", re.sub("/+", "/", page))), page


# --- secrets


def hidden(sent: Sent) -> set[str]:
    """Return the marked texts that a request has in nothing but its secrets."""
    secret, open_ = list[str](), list[str]()
    for name, value in sent.headers:
        (secret if name.lower() in SECRET_HEADERS else open_).append(value)
    path, _, query = sent.target.decode("latin-1").partition("?")
    open_ += [sent.method, path, unquote(path), unquote(path, "latin-1")]
    _sort_form(query, secret, open_)
    try:
        _sort(json_text.parse(sent.body), secret, open_)
    except json_text.MalformedJson:
        kind = "".join(v for name, v in sent.headers if name.lower() == "content-type")
        text = sent.body.decode("utf-8", "replace")
        names = [name for name, _ in parse_qsl(text, keep_blank_values=True)]
        open_ += [name for name in names if NAME.fullmatch(name)]
        if FORM in kind and all(map(NAME.fullmatch, names)):
            _sort_form(text, secret, open_)
        else:
            secret.append(text)
    words = {word for text in secret for word in re.findall(rf"\w*{MARK}\w*", text, re.ASCII)}
    return {word for word in words if not any(word in text for text in open_)}


def _sort(value: Any, secret: list[str], open_: list[str]) -> None:
    """Gather the texts of a JSON value: those of its secret fields, and the others."""
    if isinstance(value, Mapping):
        for name, each in value.items():
            open_.append(name)
            if name in SECRET_FIELDS:
                secret.append(json.dumps(each, ensure_ascii=False))
            else:
                _sort(each, secret, open_)
    elif isinstance(value, list):
        for each in value:
            _sort(each, secret, open_)
    elif isinstance(value, str):
        open_.append(value)


def _sort_form(text: str, secret: list[str], open_: list[str]) -> None:
    for name, value in parse_qsl(text, keep_blank_values=True):
        open_.append(name)
        (secret if name in SECRET_FIELDS else open_).append(value)


assert MARK not in REDACTED
