"""Fakes of PyPI and the npm registry on localhost, with the advisories that a test defines.

pip-audit only uses https://pypi.org, so the fake is a proxy to it: it accepts any CONNECT and
serves inside it with a certificate of its own. npm gets the fake's address.
"""

import json
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import trustme

BULK = "/-/npm/v1/security/advisories/bulk"


@dataclass
class Registries:
    """The data of both registries. A status other than 200 applies to all responses."""

    pypi: dict[tuple[str, str], str | None] = field(default_factory=dict)
    """Release → the id of a vulnerability, or None when PyPI does not know the release. Any other
    release has no vulnerabilities."""
    npm: dict[str, str] = field(default_factory=dict)
    """Package → the title of an advisory against all its versions."""
    status: int = 200

    def get(self, path: str) -> tuple[int, Any]:
        if not path.startswith("/pypi/"):
            name = path.strip("/")
            return self.status, {"name": name, "versions": {"1.0.0": {"name": name}}}
        _, _, name, version, _ = path.split("/")
        advisory = self.pypi.get((name, version), "")
        if advisory is None:
            return 404, {}
        vulnerability = {
            "id": advisory,
            "aliases": [],
            "summary": "It is faked.",
            "fixed_in": ["9.9"],
        }
        return self.status, {"info": {}, "vulnerabilities": [vulnerability] if advisory else []}

    def post(self, path: str) -> tuple[int, Any]:
        advisories = {
            name: [{"id": 1, "title": title, "severity": "high", "vulnerable_versions": "*"}]
            for name, title in self.npm.items()
        }
        return (self.status, advisories) if path == BULK else (404, {})


def handler(registries: Registries, inside: ssl.SSLContext) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_CONNECT(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.connection = inside.wrap_socket(self.connection, server_side=True)
            self.rfile = self.connection.makefile("rb")
            self.wfile = self.connection.makefile("wb", 0)
            self.close_connection = False

        def finish(self) -> None:
            super().finish()
            self.connection.close()

        def do_GET(self) -> None:
            self.respond(*registries.get(self.path))

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.respond(*registries.post(self.path))

        def respond(self, status: int, value: Any) -> None:
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    return Handler


@contextmanager
def fake_registries(registries: Registries, folder: Path) -> Iterator[Mapping[str, str]]:
    """Serve them until the block ends; yield the environment that directs programs to them."""
    authority = trustme.CA()
    inside = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("pypi.org").configure_cert(inside)
    authority.cert_pem.write_to_path(folder / "authority.pem")
    with ThreadingHTTPServer(("127.0.0.1", 0), handler(registries, inside)) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            yield environment_for(f"http://127.0.0.1:{server.server_port}", folder)
        finally:
            server.shutdown()
            serving.join()


def environment_for(address: str, folder: Path) -> Mapping[str, str]:
    """Return the environment that makes pip-audit and npm use this address and no cache."""
    return {
        "HTTPS_PROXY": address,
        "https_proxy": address,
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
        "REQUESTS_CA_BUNDLE": str(folder / "authority.pem"),
        "PIP_CACHE_DIR": str(folder / "pip"),
        "npm_config_registry": address,
        "npm_config_cache": str(folder / "npm"),
    }
