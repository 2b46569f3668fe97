"""Log lines: one a request, as text or as JSON. They hold no header, no query and no body, and so
no token and no password.
"""

import logging
import sys
from typing import Any
from urllib.parse import quote

from mockserver import json_text
from mockserver.clock import to_milliseconds_text

access = logging.getLogger("mockserver.access")
server = logging.getLogger("mockserver")
reloader = logging.getLogger("werkzeug")


class TextFormatter(logging.Formatter):
    """`12:00:00.000 POST /v2/carts 201 1.2 ms`, and the error's id where there was one."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        time = to_milliseconds_text(int(record.created * 1000))[11:23]
        facts: dict[str, Any] | None = getattr(record, "facts", None)
        if facts is None:
            return f"{time} {super().format(record)}"
        path = quote(facts["path"], safe="/!$&'()*+,:;=@~[]")  # no line breaks, no escapes
        error = f" {facts['error']}" if facts["error"] else ""
        return f"{time} {facts['method']} {path} {facts['status']}{error} {facts['duration_ms']} ms"


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        line: dict[str, Any] = {
            "time": to_milliseconds_text(int(record.created * 1000)),
            "level": record.levelname.lower(),
        }
        facts: dict[str, Any] | None = getattr(record, "facts", None)
        line |= facts if facts is not None else {"message": super().format(record)}
        return json_text.dump(line).decode()


def configure(log_format: str) -> None:
    """Send the server's log to standard error in a format, `text` or `json`."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if log_format == "json" else TextFormatter())
    for logger in (server, reloader):
        logger.handlers = [handler]
        logger.setLevel(logging.INFO)
        logger.propagate = False
