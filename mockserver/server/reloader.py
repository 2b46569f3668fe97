"""Serving with Werkzeug for `--reload`: the server process restarts at each change.

Werkzeug watches the code. This module watches the served files, as Werkzeug misses added and
deleted files, and changes before its first check.
"""

import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mockserver.core import log
from mockserver.core.clock import pause
from mockserver.server.process import announce_when_up
from mockserver.server.tls import Certificate

RELOAD_EXIT_CODE = 3
"""The exit status after which Werkzeug's parent process restarts the child."""
POLL_INTERVAL_MS = 250


def is_reloaded() -> bool:
    """Return whether this is the process that restarts at each change."""
    from werkzeug.serving import is_running_from_reloader

    return is_running_from_reloader()


def watch(files: Callable[[], Sequence[Path]]) -> Callable[[], Path | None]:
    """Return a function that returns a file changed, added or deleted since this call, or None.

    `files` returns the current files.
    """

    def stamps() -> dict[Path, tuple[int, int, int] | None]:
        return {path: _stamp(path) for path in files()}

    def changed() -> Path | None:
        now = stamps()
        paths = sorted(before.keys() | now.keys())
        return next((path for path in paths if before.get(path) != now.get(path)), None)

    before = stamps()
    return changed


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


def serve(
    app: Any,
    address: str,
    port: int,
    tls: Certificate | None,
    changed: Callable[[], Path | None] | None = None,
    announce: Callable[[], None] | None = None,
) -> None:
    """Serve until SIGTERM or Ctrl-C, restarting when the code changes or `changed` returns a file.

    The parent process only holds the port and calls `announce` when the first connection is
    possible; it runs the command line again in a child process, which serves.
    """
    from werkzeug.serving import WSGIRequestHandler, run_simple

    class Handler(WSGIRequestHandler):
        """Disables Werkzeug's request log: the application has its own."""

        def log_request(self, *_: Any) -> None:
            """Do nothing."""

    if announce:
        announce_when_up(announce, address, port)
    if changed:
        _restart_when(changed)
    run_simple(
        address,
        port,
        app,
        use_reloader=True,
        threaded=True,
        request_handler=Handler,
        ssl_context=(str(tls.cert), str(tls.key)) if tls else None,
    )


def _restart_when(changed: Callable[[], Path | None]) -> None:
    """Poll for a change in a thread; the main thread then ends the process."""

    def poll() -> None:
        while not (path := changed()):
            pause(POLL_INTERVAL_MS)
        log.reloader.info("%s changed; restarting", path)
        signal.pthread_kill(main, signal.SIGUSR1)

    main = threading.get_ident()
    signal.signal(signal.SIGUSR1, lambda *_: sys.exit(RELOAD_EXIT_CODE))
    threading.Thread(target=poll, daemon=True).start()
