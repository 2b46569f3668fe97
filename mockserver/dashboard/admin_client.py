"""A client of the admin API that calls it inside this process, through the WSGI application."""

from __future__ import annotations

import json
from contextvars import Context
from shlex import quote
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import Request, Response
from werkzeug.test import EnvironBuilder, run_wsgi_app

from mockserver.core import wsgi
from mockserver.core.wsgi import SANDBOX_KEY
from mockserver.sandbox.registry import DEFAULT

if TYPE_CHECKING:
    from collections.abc import Iterable

QUIET = "mockserver.quiet"
"""The environ key of requests that are not logged: the request for the page is."""


class AdminApiError(Exception):
    """An error response, or an action that can't be carried out."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail


class InProcessClient:
    """Calls the admin API for one request to the dashboard, in the sandbox of that request.

    `token` is the admin token to send. `curls` collects the calls as curl commands.
    """

    def __init__(self, wsgi_app: Any, request: Request, token: str | None) -> None:
        self._app = wsgi_app
        self._request = request
        self._token = token
        self.curls: list[str] = []

    @property
    def sandbox(self) -> str:
        """The name of the sandbox."""
        return str(self._request.environ.get(SANDBOX_KEY, DEFAULT))

    @property
    def base_url(self) -> str:
        """The base URL of the sandbox."""
        return wsgi.base_url(self._request.environ)

    def get(self, path: str, **query: Any) -> Any:
        """Return the JSON value at a path below /__admin. Raises AdminApiError."""
        text = urlencode({name: value for name, value in query.items() if value not in (None, "")})
        return self.call("GET", f"{path}{'?' if text else ''}{text}")

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Return the JSON value of a call below /__admin. Raises AdminApiError."""
        self.curls.append(self._curl(method, f"/__admin{path}", body))
        status, content, _ = self._send(self._environ(method, f"/__admin{path}", body))
        value: Any = json.loads(content) if content else None
        if status >= 400:
            error = value["errors"][0]
            raise AdminApiError(status, error.get("detail") or error["title"])
        return value

    def stream(self, path: str) -> Response:
        """Return the response at a path below /__admin without buffering it."""
        chunks, status, headers = self._run(self._environ("GET", f"/__admin{path}"), False)
        response = Response(chunks, int(status.split(" ")[0]), content_type=headers["Content-Type"])
        for name in ("Cache-Control", "X-Accel-Buffering"):
            if name in headers:
                response.headers[name] = headers[name]
        return response

    def download(self, path: str, filename: str) -> Response:
        """Return the response at a path below /__admin as a file to save."""
        response = self.stream(path)
        if response.status_code == 200:
            response.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
        return response

    def send(
        self, method: str, path: str, body: bytes | None, headers: Iterable[tuple[str, str]]
    ) -> str:
        """Send a request to the API itself; return the id of its journal entry."""
        _, _, response_headers = self._send(self._environ(method, path, body, headers))
        return str(response_headers["Mock-Request-Id"])

    def _send(self, environ: dict[str, Any]) -> tuple[int, bytes, Any]:
        chunks, status, headers = self._run(environ, True)
        return int(status.split(" ")[0]), b"".join(chunks), headers

    def _run(self, environ: dict[str, Any], buffered: bool) -> tuple[Any, str, Any]:
        """Run the application in a context of its own, separate from the page's request."""
        return Context().run(run_wsgi_app, self._app, environ, buffered)

    def _environ(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Iterable[tuple[str, str]] | None = None,
    ) -> dict[str, Any]:
        """Return the environ of a request: to the API with `headers`, to the admin API without."""
        all_headers = list(headers or ())
        if headers is None and self._token:
            all_headers.append(("Authorization", f"Bearer {self._token}"))
        builder = EnvironBuilder(
            self._request.root_path + path,
            base_url=wsgi.server_url(self._request.environ),
            method=method,
            headers=all_headers,
            data=body if isinstance(body, bytes) else None,
            json=None if isinstance(body, bytes) else body,
        )
        environ = builder.get_environ()
        environ[QUIET] = headers is None
        return environ

    def _curl(self, method: str, path: str, body: Any) -> str:
        words = ["curl", *(("-X", method) if method != "GET" else ())]
        words.append(quote(self.base_url + path))
        if self._token:
            words += ["-H", '"Authorization: Bearer $ADMIN_TOKEN"']
        if body is not None:
            words += ["-d", quote(json.dumps(body))]
        return " ".join(words)
