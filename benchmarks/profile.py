"""Where do a request's microseconds go?  `python -m benchmarks.profile [REQUESTS]`

One process answers the same request again and again under the profiler. Told are the shares of the
rooms and libraries in which the time was spent; the profiler's own cost is in them, and grows with
the number of calls, so they are shares of a slower program.
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
LEAST_SHARE = 0.01
PATH = "/v2/carts/ada-cart/relationships/accounts"
BODY = b'{"data":[{"type":"account","id":"a0000000-0000-4000-8000-000000000001"}]}'


def environ() -> dict[str, Any]:
    """Return a valid association as WSGI gives it."""
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


def answering() -> Callable[[], None]:
    """Return what has an application answer one request."""
    app = create_app(Config())

    def answer() -> None:
        told: list[str] = []
        chunks = app.wsgi_app(environ(), lambda status, *_: told.append(status))
        b"".join(chunks)
        assert told[0].startswith("204"), told

    return answer


def room(file: str) -> str:
    """Return the room or the library that a function's file belongs to."""
    parts = Path(file).parts
    if "site-packages" in parts:
        return parts[parts.index("site-packages") + 1]
    if "mockserver" in parts:
        inner = parts[len(parts) - parts[::-1].index("mockserver") :]
        return f"mockserver/{inner[0]}"
    return "Python itself"


def shares(answer: Callable[[], None], requests: int) -> dict[str, float]:
    """Return room → its share of the time; what is in C counts where it was called from."""
    for _ in range(requests // 10):
        answer()
    profile = cProfile.Profile()
    profile.enable()
    for _ in range(requests):
        answer()
    profile.disable()
    spent: Counter[str] = Counter()
    for (file, _, _), (_, _, own, _, callers) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined] # typeshed leaves it out
        if file.startswith(("~", "<")):
            for (caller, _, _), (_, _, part, _) in callers.items():
                spent[room(caller)] += part
        else:
            spent[room(file)] += own
    del spent["benchmarks"]
    total = sum(spent.values())
    return {name: own / total for name, own in spent.most_common()}


def main(requests: int = REQUESTS) -> None:
    """Print the shares as a Markdown table."""
    print("| where | share |\n| --- | --- |")
    rest = 0.0
    for name, share in shares(answering(), requests).items():
        if share < LEAST_SHARE:
            rest += share
        else:
            print(f"| {name} | {share:.0%} |")
    print(f"| the rest | {rest:.0%} |")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
