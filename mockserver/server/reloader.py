"""Serving with Werkzeug for `--reload`: a process that starts anew at each change.

Werkzeug watches the code. What is served is watched here, as Werkzeug knows neither files that come
and go nor changes from before its first look.
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
"""The exit status upon which Werkzeug's first process starts the second one anew."""
LOOK_MS = 250


def is_reloaded() -> bool:
    """Whether this is the process that starts anew at each change."""
    from werkzeug.serving import is_running_from_reloader

    return is_running_from_reloader()


def watch(files: Callable[[], Sequence[Path]]) -> Callable[[], Path | None]:
    """Return what tells a file that has changed, come or gone since this call, or None.

    `files` gives the present ones each time.
    """

    def look() -> dict[Path, tuple[int, int, int] | None]:
        return {path: _stamp(path) for path in files()}

    def changed() -> Path | None:
        now = look()
        paths = sorted(before.keys() | now.keys())
        return next((path for path in paths if before.get(path) != now.get(path)), None)

    before = look()
    return changed


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def serve(
    app: Any,
    address: str,
    port: int,
    tls: Certificate | None,
    changed: Callable[[], Path | None] | None = None,
    announce: Callable[[], None] | None = None,
) -> None:
    """Serve until SIGTERM or Ctrl-C, starting anew when the code changes or `changed` tells a file.

    The first process only holds the port and calls `announce` when the first connection is
    possible; it runs the command line again in a second one, which serves.
    """
    from werkzeug.serving import WSGIRequestHandler, run_simple

    class Handler(WSGIRequestHandler):
        """The application has a log of its own."""

        def log_request(self, *_: Any) -> None:
            """Write nothing."""

    if announce:
        announce_when_up(announce, address, port)
    if changed:
        _start_anew_when(changed)
    run_simple(
        address,
        port,
        app,
        use_reloader=True,
        threaded=True,
        request_handler=Handler,
        ssl_context=(str(tls.cert), str(tls.key)) if tls else None,
    )


def _start_anew_when(changed: Callable[[], Path | None]) -> None:
    """Look for a change now and then, in a thread; the main thread ends the process."""

    def look() -> None:
        while not (path := changed()):
            pause(LOOK_MS)
        log.reloader.info("%s changed; starting anew", path)
        signal.pthread_kill(main, signal.SIGUSR1)

    main = threading.get_ident()
    signal.signal(signal.SIGUSR1, lambda *_: sys.exit(RELOAD_EXIT_CODE))
    threading.Thread(target=look, daemon=True).start()
