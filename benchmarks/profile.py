"""Profile of a request by package and library: `python -m benchmarks.profile [REQUESTS]`

One process serves the same request again and again under cProfile. The profiler's own cost is in
the shares and grows with the number of calls, so they are shares of a slower program.
"""

import cProfile
import io
import pstats
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mockserver.app import create_app
from mockserver.core.config import Config

REQUESTS = 3000
MIN_SHARE = 0.01
PATH = "/v2/carts/ada-cart/relationships/accounts"
BODY = b'{"data":[{"type":"account","id":"a0000000-0000-4000-8000-000000000001"}]}'


def environ() -> dict[str, Any]:
    """Return the WSGI environment of a valid association."""
    return {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": PATH,
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8080",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(BODY),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        "HTTP_HOST": "127.0.0.1:8080",
        "HTTP_AUTHORIZATION": "Bearer admin",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(BODY)),
    }


def make_request() -> Callable[[], None]:
    """Return a function that has an application serve one request."""
    app = create_app(Config())

    def serve_request() -> None:
        statuses: list[str] = []
        chunks = app.wsgi_app(environ(), lambda status, *_: statuses.append(status))
        b"".join(chunks)
        assert statuses[0].startswith("204"), statuses

    return serve_request


def package_of(file: str) -> str:
    """Return the package of ours, or the library, that a function's file belongs to."""
    parts = Path(file).parts
    if "site-packages" in parts:
        return parts[parts.index("site-packages") + 1]
    if "mockserver" in parts:
        inner = parts[len(parts) - parts[::-1].index("mockserver") :]
        return f"mockserver/{inner[0]}"
    return "Python itself"


def shares(serve_request: Callable[[], None], requests: int) -> dict[str, float]:
    """Return the share of time by package; functions in C count for their callers."""
    for _ in range(requests // 10):
        serve_request()
    profile = cProfile.Profile()
    profile.enable()
    for _ in range(requests):
        serve_request()
    profile.disable()
    spent: Counter[str] = Counter()
    for (file, _, _), (_, _, own, _, callers) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined] # missing in typeshed
        if file.startswith(("~", "<")):
            for (caller, _, _), (_, _, part, _) in callers.items():
                spent[package_of(caller)] += part
        else:
            spent[package_of(file)] += own
    del spent["benchmarks"]
    total = sum(spent.values())
    return {name: own / total for name, own in spent.most_common()}


def main(requests: int = REQUESTS) -> None:
    """Print the shares as a Markdown table."""
    print("| where | share |\n| --- | --- |")
    rest = 0.0
    for name, share in shares(make_request(), requests).items():
        if share < MIN_SHARE:
            rest += share
        else:
            print(f"| {name} | {share:.0%} |")
    print(f"| the rest | {rest:.0%} |")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
