"""The head of a request, read from the WSGI environment without a web framework."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from werkzeug.sansio.utils import get_host

SANDBOX_PREFIX = "/sandboxes/"
SANDBOX_KEY = "mockserver.sandbox"
"""The key of the sandbox's name, if the path has one."""
_HOST = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")
_CONTENT = ("CONTENT_TYPE", "CONTENT_LENGTH")

YIELD_SLOT = "mockserver.yield_slot"
"""The key of a function that lets another thread run while this request waits."""
FAULT_HEADER = "mock-fault"
"""The response header that names the fault to inject."""

Environ = dict[str, Any]


def yield_slot(environ: Environ) -> None:
    """Let other requests run while this one waits, if the server supports it."""
    call: Callable[[], None] | None = environ.get(YIELD_SLOT)
    if call is not None:
        call()


def tidy(environ: Environ) -> None:
    """Normalize the path: merge slashes, as an official client sends `/v2//carts` (contract.md §4),
    and move `/sandboxes/NAME` to SCRIPT_NAME, so that it becomes part of every link."""
    path = environ["PATH_INFO"]
    if "//" in path:
        path = environ["PATH_INFO"] = re.sub("/{2,}", "/", path)
    if path.startswith(SANDBOX_PREFIX):
        name, slash, rest = path.removeprefix(SANDBOX_PREFIX).partition("/")
        environ[SANDBOX_KEY] = name
        environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + SANDBOX_PREFIX + name
        environ["PATH_INFO"] = slash + rest or "/"


def path_of(environ: Environ) -> str:
    """Return the path as text, with a leading slash even for `OPTIONS *`; invalid UTF-8 becomes
    replacement characters."""
    path = _text(environ["PATH_INFO"])
    return path if path.startswith("/") else f"/{path}"


def root_path_of(environ: Environ) -> str:
    """Return the prefix of the path that names the sandbox, else an empty string."""
    return _text(environ.get("SCRIPT_NAME", "")).rstrip("/")


def headers_of(environ: Environ) -> list[tuple[str, str]]:
    """Return the headers by their keys in the environment: `HTTP_PREFER`, `CONTENT_TYPE`."""
    headers = [item for item in environ.items() if item[0].startswith("HTTP_")]
    headers += [(key, value) for key in _CONTENT if (value := environ.get(key))]
    return headers


def header_name(key: str) -> str:
    """Return a header's name by its key in the environment: `Content-Type`."""
    return key.removeprefix("HTTP_").replace("_", "-").title()


def header_key(name: str) -> str:
    """Return a header's key in the environment."""
    key = name.upper().replace("-", "_")
    return key if key in _CONTENT else f"HTTP_{key}"


def server_url(environ: Environ) -> str:
    """Return the scheme, host and port of the request's URL."""
    return f"{environ['wsgi.url_scheme']}://{host(environ)}"


def host(environ: Environ) -> str:
    """Return the host and port of the Host header, or the server's own if that is invalid."""
    requested: str = environ.get("HTTP_HOST", "")
    if is_host(requested):
        return requested
    server = environ["SERVER_NAME"], int(environ["SERVER_PORT"])
    return get_host(environ["wsgi.url_scheme"], None, server)


def is_host(text: str) -> bool:
    """Return whether a text is a valid host for links; brackets must contain an IP address."""
    if not _HOST.fullmatch(text):
        return False
    if not text.startswith("["):
        return True
    try:
        return urlsplit(f"//{text}").hostname is not None
    except ValueError:
        return False


def base_url(environ: Environ) -> str:
    """Return the base of links: the server, and the prefix of the path that names the sandbox."""
    return server_url(environ) + root_path_of(environ)


def _text(native: str) -> str:
    """Decode a WSGI string, which has one character per byte."""
    return native if native.isascii() else native.encode("latin-1").decode("utf-8", "replace")
