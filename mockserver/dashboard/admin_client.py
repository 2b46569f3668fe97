"""The admin API as the dashboard calls it: inside this process, the way a client would."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextvars import Context
from shlex import quote
from typing import Any
from urllib.parse import urlencode

from flask import Request, Response
from werkzeug.test import EnvironBuilder, run_wsgi_app

from mockserver.core import wsgi
from mockserver.core.wsgi import SANDBOX_KEY
from mockserver.sandbox.registry import DEFAULT

QUIET = "mockserver.quiet"
"""In the environment of a call that gets no log line: the page that made it has one."""


class Refused(Exception):
    """What the admin API, or the API, answered instead of doing what was asked."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class Admin:
    """Calls on behalf of one request to the dashboard, in the sandbox that it shows.

    `token` is the admin token to use. `curls` tells what was called, as commands.
    """

    def __init__(self, wsgi_app: Any, request: Request, token: str | None) -> None:
        self._app = wsgi_app
        self._request = request
        self._token = token
        self.curls: list[str] = []

    @property
    def sandbox(self) -> str:
        """The name of the sandbox that is shown."""
        return str(self._request.environ.get(SANDBOX_KEY, DEFAULT))

    @property
    def base_url(self) -> str:
        """What addresses of that sandbox begin with."""
        return wsgi.base_url(self._request.environ)

    def get(self, path: str, **query: Any) -> Any:
        """Return what a path below /__admin says. Raises Refused."""
        text = urlencode({name: value for name, value in query.items() if value not in (None, "")})
        return self._json(*self.call("GET", f"/__admin{path}{'?' if text else ''}{text}"))

    def do(self, method: str, path: str, body: Any = None) -> Any:
        """Change something below /__admin; return what it says. Raises Refused."""
        return self._json(*self.call(method, f"/__admin{path}", body))

    def stream(self, path: str) -> Response:
        """Return an answer as it comes."""
        chunks, status, headers = self._run(self._environ("GET", f"/__admin{path}"), False)
        response = Response(chunks, int(status.split(" ")[0]), content_type=headers["Content-Type"])
        for name in ("Cache-Control", "X-Accel-Buffering"):
            if name in headers:
                response.headers[name] = headers[name]
        return response

    def download(self, path: str, name: str) -> Response:
        """Return an answer as a file to keep."""
        response = self.stream(path)
        if response.status_code == 200:
            response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return response

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Iterable[tuple[str, str]] | None = None,
    ) -> tuple[int, bytes, Any]:
        """Send one request to this server; return status, body and headers."""
        environ = self._environ(method, path, body, headers)
        if headers is None:
            self.curls.append(self._curl(method, path, body))
        chunks, status, answered = self._run(environ, True)
        return int(status.split(" ")[0]), b"".join(chunks), answered

    def _run(self, environ: dict[str, Any], buffered: bool) -> tuple[Any, str, Any]:
        """Run the application in a context of its own: it must not meet the page's request."""
        return Context().run(run_wsgi_app, self._app, environ, buffered)

    def _environ(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Iterable[tuple[str, str]] | None = None,
    ) -> dict[str, Any]:
        sent = list(headers or ())
        if headers is None and self._token:
            sent.append(("Authorization", f"Bearer {self._token}"))
        builder = EnvironBuilder(
            self._request.root_path + path,
            base_url=wsgi.server_url(self._request.environ),
            method=method,
            headers=sent,
            data=body if isinstance(body, bytes) else None,
            json=None if isinstance(body, bytes) else body,
        )
        environ = builder.get_environ()
        environ[QUIET] = headers is None
        return environ

    def _json(self, status: int, body: bytes, _: Any) -> Any:
        value: Any = json.loads(body) if body else None
        if status >= 400:
            raise Refused(status, value["errors"][0].get("detail") or value["errors"][0]["title"])
        return value

    def _curl(self, method: str, path: str, body: Any) -> str:
        words = ["curl", *(("-X", method) if method != "GET" else ())]
        words.append(quote(self.base_url + path))
        if self._token:
            words += ["-H", '"Authorization: Bearer $ADMIN_TOKEN"']
        if body is not None:
            words += ["-d", quote(json.dumps(body))]
        return " ".join(words)
