"""The log: one line per request, as text or JSON, without headers, query and body, and so without
tokens and passwords.
"""

from __future__ import annotations

import logging
import re
from collections import deque
from dataclasses import asdict, dataclass
from threading import Event, Lock, Thread
from typing import Any
from urllib.parse import quote

from mockserver.core import json_text
from mockserver.core.clock import pause, system_time, to_milliseconds_text

server = logging.getLogger("mockserver")
reloader = logging.getLogger("werkzeug")
BATCH_INTERVAL_MS = 20
MAX_PENDING = 10_000
_SAFE = "/!$&'()*+,:;=@~[]"
_PLAIN = re.compile(rf"[A-Za-z0-9_.{re.escape(_SAFE)}-]*", re.ASCII)


@dataclass(slots=True)
class Line:
    """One request in the log."""

    method: str
    path: str
    status: int
    error: str | None
    sandbox: str
    duration_ms: float
    request_id: str


def _as_text(line: Line) -> str:
    """Return `12:00:00.000 POST /v2/carts 201 1.2 ms`, with the error's id if there is one."""
    path = line.path
    if not _PLAIN.fullmatch(path):
        path = quote(path, safe=_SAFE)  # no line breaks, no escapes
    error = f" {line.error}" if line.error else ""
    return f"{_time()} {line.method} {path} {line.status}{error} {line.duration_ms} ms"


def _as_json(line: Line) -> str:
    return _json_line("info", asdict(line))


def _json_line(level: str, fields: dict[str, Any]) -> str:
    now = to_milliseconds_text(system_time())
    return json_text.dump({"time": now, "level": level, **fields}).decode()


def _time() -> str:
    """Return the time of day: `12:00:00.000`."""
    minutes, milliseconds = divmod(system_time() % 86_400_000, 60_000)
    seconds = f"{milliseconds // 1000:02}.{milliseconds % 1000:03}"
    return f"{minutes // 60:02}:{minutes % 60:02}:{seconds}"


class _TextFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return f"{_time()} {super().format(record)}"


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return _json_line(record.levelname.lower(), {"message": super().format(record)})


_FORMATS = {"text": (_as_text, _TextFormatter), "json": (_as_json, _JsonFormatter)}


class Handler(logging.StreamHandler[Any]):
    """Writes messages, and request lines without logging's records, in a format, `text` or `json`:
    immediately to a stream, or in batches to standard error."""

    def __init__(self, log_format: str, stream: Any = None) -> None:
        super().__init__(stream)
        self._render, formatter = _FORMATS[log_format]
        self.setFormatter(formatter())
        self._batches = stream is None
        self._pending: deque[str] = deque()
        self._writing = Lock()
        self._writer = Thread()
        self._idle, self._awake = Event(), Event()

    def write(self, line: Line) -> None:
        """Write a request's line in a batch: one system call per line would make every thread wait
        for the interpreter lock. At the end, `flush` writes the rest."""
        self._pending.append(self._render(line) + self.terminator)
        if not self._batches or len(self._pending) >= MAX_PENDING:
            self.flush()  # a slow reader of the log slows the server down
        elif not self._writer.is_alive():  # as after a fork
            self._start()
        if self._idle.is_set():
            self._idle.clear()
            self._awake.set()

    def emit(self, record: logging.LogRecord) -> None:
        """Write a message after all pending lines."""
        self.flush()
        super().emit(record)

    def flush(self) -> None:
        """Write all pending lines; a closed log is ignored."""
        with self._writing:
            lines = [self._pending.popleft() for _ in range(len(self._pending))]
            try:
                if lines:
                    self.stream.write("".join(lines))
                self.stream.flush()
            except (OSError, ValueError):
                pass

    def _start(self) -> None:
        with self._writing:
            if not self._writer.is_alive():
                self._writer = Thread(target=self._write, daemon=True, name="log")
                self._writer.start()

    def _write(self) -> None:
        while True:
            pause(BATCH_INTERVAL_MS)
            if self._pending:
                self.flush()
                continue
            self._idle.set()
            if not self._pending:
                self._awake.wait()
            self._awake.clear()


def configure(log_format: str) -> None:
    """Send the server's log to standard error in a format, `text` or `json`."""
    handler = Handler(log_format)
    for logger in (server, reloader):
        logger.handlers = [handler]
        logger.setLevel(logging.INFO)
        logger.propagate = False


def request(line: Line) -> None:
    """Log a request, if a `Handler` is configured."""
    for handler in server.handlers:
        if isinstance(handler, Handler):
            handler.write(line)
