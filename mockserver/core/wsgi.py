"""A request's head as WSGI gives it, before any web framework has seen it."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from werkzeug.sansio.utils import get_host

SANDBOX_PREFIX = "/sandboxes/"
SANDBOX_KEY = "mockserver.sandbox"
"""Where the environment tells which sandbox the path named."""
_HOST = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")
_CONTENT = ("CONTENT_TYPE", "CONTENT_LENGTH")

YIELD_SLOT = "mockserver.yield_slot"
"""Where the environment has what lets another thread answer while this request waits."""
FAULT_HEADER = "mock-fault"
"""The response header that names the fault to be carried out."""

Environ = dict[str, Any]


def yield_slot(environ: Environ) -> None:
    """Let other requests be answered while this one waits, where the server supports it."""
    call: Callable[[], None] | None = environ.get(YIELD_SLOT)
    if call is not None:
        call()


def tidy(environ: Environ) -> None:
    """Serve `/v2//carts` like `/v2/carts`, since an official client sends it (contract.md §4); and
    take the sandbox's name out of `/sandboxes/NAME/…`, which then stands in every link."""
    path = environ["PATH_INFO"]
    if "//" in path:
        path = environ["PATH_INFO"] = re.sub("/{2,}", "/", path)
    if path.startswith(SANDBOX_PREFIX):
        name, slash, rest = path.removeprefix(SANDBOX_PREFIX).partition("/")
        environ[SANDBOX_KEY] = name
        environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + SANDBOX_PREFIX + name
        environ["PATH_INFO"] = slash + rest or "/"


def path_of(environ: Environ) -> str:
    """Return the path as text, with the slash that `OPTIONS *` lacks; bytes that are no UTF-8
    become replacement characters."""
    path = _text(environ["PATH_INFO"])
    return path if path.startswith("/") else f"/{path}"


def root_path_of(environ: Environ) -> str:
    """Return what the path begins with where a part of it has named the sandbox, else nothing."""
    return _text(environ.get("SCRIPT_NAME", "")).rstrip("/")


def headers_of(environ: Environ) -> list[tuple[str, str]]:
    """Return the headers by their keys in the environment: `HTTP_PREFER`, `CONTENT_TYPE`."""
    found = [item for item in environ.items() if item[0].startswith("HTTP_")]
    found += [(key, value) for key in _CONTENT if (value := environ.get(key))]
    return found


def header_name(key: str) -> str:
    """Return a header's name by its key in the environment: `Content-Type`."""
    return key.removeprefix("HTTP_").replace("_", "-").title()


def header_key(name: str) -> str:
    """Return a header's key in the environment."""
    key = name.upper().replace("-", "_")
    return key if key in _CONTENT else f"HTTP_{key}"


def server_url(environ: Environ) -> str:
    """Return scheme, host and port by which the server was called."""
    return f"{environ['wsgi.url_scheme']}://{host(environ)}"


def host(environ: Environ) -> str:
    """Return the host and port that were asked, or the server's own for a text that is none."""
    asked: str = environ.get("HTTP_HOST", "")
    if is_host(asked):
        return asked
    server = environ["SERVER_NAME"], int(environ["SERVER_PORT"])
    return get_host(environ["wsgi.url_scheme"], None, server)


def is_host(text: str) -> bool:
    """Whether a text is a host that a link can name: what brackets hold must be an address."""
    if not _HOST.fullmatch(text):
        return False
    if not text.startswith("["):
        return True
    try:
        return urlsplit(f"//{text}").hostname is not None
    except ValueError:
        return False


def base_url(environ: Environ) -> str:
    """Return what links begin with: the server, and the path that named the sandbox, if one did."""
    return server_url(environ) + root_path_of(environ)


def _text(native: str) -> str:
    """Return the text of what WSGI hands over byte by byte."""
    return native if native.isascii() else native.encode("latin-1").decode("utf-8", "replace")
