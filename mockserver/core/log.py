"""Log lines: one a request, as text or as JSON. They hold no header, no query and no body, and so
no token and no password.
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
TOGETHER_MS = 20
MAX_WAITING = 10_000
_SAFE = "/!$&'()*+,:;=@~[]"
_PLAIN = re.compile(rf"[A-Za-z0-9_.{re.escape(_SAFE)}-]*", re.ASCII)


@dataclass(slots=True)
class Line:
    """What the log tells of one request."""

    method: str
    path: str
    status: int
    error: str | None
    sandbox: str
    duration_ms: float
    request_id: str


def _as_text(line: Line) -> str:
    """`12:00:00.000 POST /v2/carts 201 1.2 ms`, and the error's id where there was one."""
    path = line.path
    if not _PLAIN.fullmatch(path):
        path = quote(path, safe=_SAFE)  # no line breaks, no escapes
    error = f" {line.error}" if line.error else ""
    return f"{_time()} {line.method} {path} {line.status}{error} {line.duration_ms} ms"


def _as_json(line: Line) -> str:
    """One JSON object."""
    return _json_line("info", asdict(line))


def _json_line(level: str, told: dict[str, Any]) -> str:
    now = to_milliseconds_text(system_time())
    return json_text.dump({"time": now, "level": level, **told}).decode()


def _time() -> str:
    """Return the time of the day: `12:00:00.000`."""
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
    """Writes the server's messages, and requests without the detour over logging's records, in a
    format, `text` or `json`: at once to a stream, or a few together to standard error."""

    def __init__(self, log_format: str, stream: Any = None) -> None:
        super().__init__(stream)
        self._render, formatter = _FORMATS[log_format]
        self.setFormatter(formatter())
        self._together = stream is None
        self._waiting: deque[str] = deque()
        self._writing = Lock()
        self._writer = Thread()
        self._idle, self._awake = Event(), Event()

    def write(self, line: Line) -> None:
        """Write a request's line, with others that come at about the same time.

        A system call a line would have every thread wait for the interpreter. At the end, `flush`
        writes what is left.
        """
        self._waiting.append(self._render(line) + self.terminator)
        if not self._together or len(self._waiting) >= MAX_WAITING:
            self.flush()  # in the end whoever reads the log slowly has the server wait
        elif not self._writer.is_alive():  # nor is it in a process that was forked
            self._start()
        if self._idle.is_set():
            self._idle.clear()
            self._awake.set()

    def emit(self, record: logging.LogRecord) -> None:
        """Write a message behind what came before it."""
        self.flush()
        super().emit(record)

    def flush(self) -> None:
        """Write all lines that wait; a log that nobody reads any more stops nothing."""
        with self._writing:
            lines = [self._waiting.popleft() for _ in range(len(self._waiting))]
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
            pause(TOGETHER_MS)
            if self._waiting:
                self.flush()
                continue
            self._idle.set()
            if not self._waiting:
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
    """Log a request; without a `Handler` there is no log of requests."""
    for handler in server.handlers:
        if isinstance(handler, Handler):
            handler.write(line)
