"""The Flask application, and the way of one request through it:

headers bounded → body read → forced error? → caller → media type, JSON, schema → operation in a
transaction → answer. The order of the checks is contract.md §2's.
"""

import re
from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from mockserver import __version__, access, control, cors, fixtures, forced, incoming, log
from mockserver.answer import answer, answer_error
from mockserver.clock import Clock, stopwatch
from mockserver.config import Config
from mockserver.contract import Contract, Operation
from mockserver.errors import ApiError, ControlError
from mockserver.ids import Ids
from mockserver.operations import OPERATIONS
from mockserver.operations.call import Call, Reply
from mockserver.resources import resource
from mockserver.sandbox import Sandbox
from mockserver.world import Transaction

MOST_BODY_BYTES = 1024 * 1024
MOST_HEADER_BYTES = 32 * 1024
ACCOUNT_TOKEN_HEADER = "EP-Account-Management-Authentication-Token"  # noqa: S105 - a name


def create_app(config: Config | None = None, contract: Contract | None = None) -> Flask:
    """Return the application. Raises FixtureError for fixtures that can't be used.

    `contract` is for who makes many applications: it never changes, and loading it takes longest.
    """
    config = config or Config()
    contract = contract or Contract.load(resource("openapi.yaml"))
    seed_world = fixtures.load(config.fixtures, contract.error_ids())
    sandbox = Sandbox(seed_world, Clock(config.frozen_at), config.seed)
    app = Flask("mockserver", static_folder=None)
    app.extensions["sandbox"] = sandbox
    app.config["MAX_CONTENT_LENGTH"] = MOST_BODY_BYTES
    for operation in contract.operations:
        app.add_url_rule(
            operation.rule,
            operation.id,
            partial(_serve, operation, OPERATIONS[operation.id], sandbox),
            methods=[operation.method],
            provide_automatic_options=False,
        )
    app.register_blueprint(control.blueprint(config, contract, sandbox))
    for name, view in (("openapi.yaml", _openapi_yaml), ("openapi.json", _openapi_json)):
        app.add_url_rule(f"/{name}", name.replace(".", "-"), partial(view, contract))
    app.before_request(partial(_begin, contract, sandbox))
    app.after_request(_finish)
    app.register_error_handler(Exception, partial(_failed, contract))
    app.wsgi_app = _single_slashes(app.wsgi_app)  # type: ignore[method-assign] # as Flask advises
    return app


def _begin(contract: Contract, sandbox: Sandbox) -> Response | None:
    """Note what every answer needs; answer preflights; refuse absurd headers."""
    g.started = stopwatch()
    g.error = None
    g.request_id = sandbox.request_id()
    if cors.is_preflight(request):
        return cors.preflight(request)
    size = sum(len(name) + len(value) + 4 for name, value in request.headers)
    if size > MOST_HEADER_BYTES:
        return answer_error(contract.gateway["headers-too-large"])
    return None


def _serve(
    operation: Operation, run: Callable[[Call], Reply], sandbox: Sandbox, **path: str
) -> Response:
    """Answer one request to an operation."""
    try:
        asked = incoming.read(request, operation, path)
        if preferred := forced.by_preference(operation, request.headers.get("Prefer"), asked.query):
            entry, applied = preferred
            return answer_error(entry, headers={"Preference-Applied": applied})
        if magic := forced.by_magic_id(operation, path, asked.body, sandbox.world.magic):
            return answer_error(magic)

        def act(tx: Transaction, ids: Ids) -> Reply:
            caller = access.identify(
                operation,
                request.headers.get("Authorization"),
                request.headers.get(ACCOUNT_TOKEN_HEADER),
                tx,
            )
            params = incoming.check(asked)
            base_url = request.host_url.rstrip("/")
            return run(Call(params, asked.body, caller, tx, ids, base_url))

        reply = sandbox.run(act)
    except ApiError as error:
        return answer_error(operation.errors[error.id], error.violations, **error.fields)
    notes = {"Mock-Notes": asked.note} if asked.note else {}
    return answer(reply.status, reply.body, {**reply.headers, **notes})


def _failed(contract: Contract, error: Exception) -> Response:
    """Answer what no operation answered, in the API's envelope; never with a traceback."""
    if isinstance(error, ControlError):
        g.error = "refused-by-the-sandbox"
        return answer(error.status, error.body)
    if isinstance(error, MethodNotAllowed):
        allowed = ", ".join(sorted(error.valid_methods or ()))
        return answer_error(contract.gateway["method-not-allowed"], headers={"Allow": allowed})
    if isinstance(error, NotFound):
        return answer_error(contract.gateway["no-such-path"])
    if isinstance(error, HTTPException) and error.code is not None and error.code < 500:
        return answer(error.code, ControlError(error.code, error.name, "").body)
    log.server.error("a request failed", exc_info=error)
    operation = contract.operation(request.endpoint or "") or contract.operations[-1]
    return answer_error(operation.errors["internal-server-error"])


def _finish(response: Response) -> Response:
    """Give every answer its headers, and the log its line."""
    response.headers["Mock-Server"] = __version__
    response.headers["X-Moltin-Request-Id"] = g.request_id
    if not request.path.startswith(control.PREFIX):
        cors.allow(request, response)
    facts = {
        "method": request.method,
        "path": request.path,
        "status": response.status_code,
        "error": g.error,
        "duration_ms": round((stopwatch() - g.started) * 1000, 1),
        "request_id": g.request_id,
    }
    log.access.info("", extra={"facts": facts})
    return response


def _openapi_yaml(contract: Contract) -> Response:
    return Response(contract.text, content_type="application/yaml")


def _openapi_json(contract: Contract) -> Response:
    return answer(200, contract.document)


def _single_slashes(wsgi_app: Any) -> Any:
    """Serve `/v2//carts` like `/v2/carts`: an official client sends it (contract.md §4)."""

    def serve(environ: dict[str, Any], start_response: Any) -> Any:
        if "//" in environ["PATH_INFO"]:
            environ["PATH_INFO"] = re.sub("/{2,}", "/", environ["PATH_INFO"])
        return wsgi_app(environ, start_response)

    return serve
