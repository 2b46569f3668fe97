"""Minimal applications on the same server as ours: `python -m benchmarks.bare flask|wsgi PORT CART`

`flask` has a route that validates JSON against a schema and returns JSON, and one that returns the
cart of a JSON file; `wsgi` always returns the same. Both are served with our own settings.
"""

import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from benchmarks.work import ASSOCIATION_SCHEMA
from mockserver.server.process import serve

REFUSAL = {"errors": [{"status": 400, "title": "Bad Request", "detail": "The body is not valid."}]}
ECHO = b'{"data":[{"type":"account","id":"a0000000-0000-4000-8000-000000000001"}]}'


def flask_app(cart_document: dict[str, Any]) -> Any:
    """Return the application; `cart_document` is the response for every cart."""
    import jsonschema  # `wsgi` is measured without them
    from flask import Flask, request

    app = Flask("bare")
    validator = jsonschema.Draft202012Validator(ASSOCIATION_SCHEMA)

    @app.get("/v2/carts/<cart_id>")
    def cart(cart_id: str) -> Any:
        return cart_document

    @app.route("/v2/carts/<cart_id>/relationships/accounts", methods=["POST", "DELETE"])
    def association(cart_id: str) -> Any:
        body = request.get_json()
        return body if validator.is_valid(body) else (REFUSAL, 400)

    return app


def wsgi_app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(ECHO)))]
    start_response("200 OK", headers)
    return [ECHO]


def main(kind: str, port: str, cart: str) -> None:
    app = flask_app(json.loads(Path(cart).read_bytes())) if kind == "flask" else wsgi_app
    serve(app, lambda: app, "127.0.0.1", int(port), None, lambda: None, lambda _: None, ())


if __name__ == "__main__":
    main(*sys.argv[1:])
