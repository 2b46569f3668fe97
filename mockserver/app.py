"""The Flask application, and the way of one request through it: sandbox chosen → headers bounded →
operation answered (`pipeline`), or else Flask's own dispatch → headers, journal, lint, log.

What is no operation of the contract (the admin API, the pages, the documents) is Flask's to answer,
with its routes, contexts and hooks. An operation needs none of these, and they cost as much as all
that it does.
"""

from collections.abc import Iterable
from functools import partial
from typing import Any

from flask import Flask, Response
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from mockserver import __version__, admin, dashboard
from mockserver.core import log, wsgi
from mockserver.core.config import Config
from mockserver.core.errors import ControlError
from mockserver.core.resources import resource
from mockserver.core.wsgi import step_aside
from mockserver.dashboard.admin_client import QUIET
from mockserver.fixtures.load import load_fixtures
from mockserver.http import cors, documents, pipeline
from mockserver.http.context import Exchange, current
from mockserver.http.request import MOST_BODY_BYTES, prefetch
from mockserver.http.response import Answer, answer_error, dribble, json_answer
from mockserver.http.routing import Routes
from mockserver.openapi.contract import Contract
from mockserver.sandbox.registry import DEFAULT, Sandboxes
from mockserver.sandbox.sandbox import Sandbox
from mockserver.store.world import World

SANDBOX_HEADER = "Mock-Sandbox"
NAME_A_SANDBOX = f"Name a sandbox: the header {SANDBOX_HEADER}, or a path below /sandboxes/NAME."
OUTSIDE = "outside the contract"
MOST_HEADER_BYTES = 32 * 1024
MOST_HOST_CHARACTERS = 253 + len(":65535")
_SANDBOX_KEY = wsgi.header_key(SANDBOX_HEADER)


def create_app(
    config: Config | None = None,
    contract: Contract | None = None,
    seed_world: World | None = None,
) -> Flask:
    """Return the application. Raises FixtureError for fixtures that can't be used.

    `contract` and `seed_world`, which stands for the fixtures of `config`, are for who makes many
    applications: they never change, and loading them takes longest.
    """
    config = config or Config()
    contract = contract or Contract.load(resource("openapi.yaml"))
    seed_world = seed_world or load_fixtures(config.fixtures, contract, config.faults)
    sandboxes = Sandboxes(
        partial(Sandbox, seed_world, config.frozen_at, config.seed, config.journal_size),
        config.max_sandboxes,
        config.sandbox_idle_s,
    )
    return Application(config, contract, sandboxes)


class Application(Flask):
    """The application: Flask, with the operations of the contract on a way of their own."""

    def __init__(self, config: Config, contract: Contract, sandboxes: Sandboxes) -> None:
        super().__init__("mockserver", static_folder=None)
        self._config = config
        self._contract = contract
        self._sandboxes = sandboxes
        self._routes = Routes(contract.operations)
        self.extensions["sandboxes"] = sandboxes
        self.extensions["sandbox"] = sandboxes.default
        self.config["MAX_CONTENT_LENGTH"] = MOST_BODY_BYTES + 1  # one more is told apart
        self.register_blueprint(admin.blueprint(config, contract, sandboxes))
        self.register_blueprint(dashboard.blueprint(config, contract, self))
        documents.add_routes(self, contract)
        self.register_error_handler(Exception, partial(_failed, contract))

    def wsgi_app(self, environ: wsgi.Environ, start_response: Any) -> Iterable[bytes]:
        """Answer one request, as WSGI wants it."""
        if not prefetch(environ):
            step_aside(environ)
        wsgi.tidy(environ)
        exchange = Exchange(environ)
        told = self._answer(exchange)
        if told is None:
            return self._by_flask(exchange, start_response)
        self._mark(exchange, told.headers)
        self._record(exchange, told.status, told.headers, told.body)
        body: Iterable[bytes] = ()
        if (decision := exchange.decision) is not None:
            if decision.fault:
                told.headers[wsgi.FAULT_HEADER] = f"{self._config.fault_secret}-{decision.fault}"
            if decision.slow_body:
                step_aside(environ)
                body = dribble(told.body, **decision.slow_body)
        return told.send(exchange.method, start_response, body)

    def _by_flask(self, exchange: Exchange, start_response: Any) -> Iterable[bytes]:
        """Answer what is no operation of the contract."""
        with self.request_context(exchange.environ):
            response = self.full_dispatch_request()
            self._mark(exchange, response.headers)
            body = response.get_data() if exchange.is_the_apis else b""
            self._record(exchange, response.status_code, response.headers, body)
            return response(exchange.environ, start_response)

    def _answer(self, exchange: Exchange) -> Answer | None:
        """Return the answer, or None for what is Flask's."""
        try:
            begun = self._begin(exchange)
            if begun is not None:
                return begun
            found = self._routes.find(exchange.path)
            if found is None:
                return None
            methods, path = found
            operation = methods.operations.get(exchange.method)
            if operation is None:
                refusal = self._contract.gateway["method-not-allowed"]
                return answer_error(exchange, refusal, headers={"Allow": methods.allowed})
            exchange.operation = operation
            if self._config.require_sandbox and not (
                wsgi.SANDBOX_KEY in exchange.environ or _SANDBOX_KEY in exchange.environ
            ):
                raise ControlError(400, "Bad Request", NAME_A_SANDBOX)
            told = pipeline.serve(exchange, operation, path)
            if told.status == 405:  # it was asked for
                told.headers["Allow"] = methods.allowed
            return told
        except Exception as error:
            return _refusal(self._contract, exchange, error)

    def _begin(self, exchange: Exchange) -> Answer | None:
        """Choose the sandbox; answer preflights; refuse absurd headers."""
        environ = exchange.environ
        name: str | None = environ.get(wsgi.SANDBOX_KEY, environ.get(_SANDBOX_KEY))
        if name is None:
            name = DEFAULT
        path = exchange.path
        is_the_apis = not (path.startswith(admin.PREFIX) or dashboard.is_page(path))
        try:
            exchange.enter(name, self._sandboxes.get(name), is_the_apis)
        except ControlError:  # a bad name is answered like anything else
            exchange.enter(DEFAULT, self._sandboxes.default, is_the_apis)
            raise
        host = environ.get("HTTP_HOST", "")
        if len(host) > MOST_HOST_CHARACTERS and wsgi.is_host(host):
            raise ControlError(400, "Bad Request", "No host has so long a name.")
        if cors.is_preflight(environ) and self._may_read(exchange):
            return cors.preflight(environ)
        size = sum(len(key) + len(value) - 1 for key, value in exchange.headers)
        if size > MOST_HEADER_BYTES:
            return answer_error(exchange, self._contract.gateway["headers-too-large"])
        return None

    def _may_read(self, exchange: Exchange) -> bool:
        """Whether a page may read the answer: any page the API's, a named one the admin API's."""
        if exchange.is_the_apis:
            return True
        origin = exchange.environ.get("HTTP_ORIGIN", "")
        return not dashboard.is_page(exchange.path) and origin in self._config.admin_origins

    def _mark(self, exchange: Exchange, headers: Any) -> None:
        """Give an answer the headers, a mapping, that every one has."""
        headers["Mock-Server"] = __version__
        headers["X-Moltin-Request-Id"] = exchange.request_id
        if exchange.notes:
            headers["Mock-Notes"] = "; ".join(exchange.notes)
        headers["Mock-Request-Id"] = exchange.request_id
        if self._may_read(exchange):
            cors.allow(exchange.environ, headers)

    def _record(self, exchange: Exchange, status: int, headers: Any, body: bytes) -> None:
        """Give the journal its entry, the lint its observation, and the log its line."""
        sandbox = exchange.sandbox
        if exchange.is_the_apis:
            if sandbox.journal.size:
                entry = exchange.entry(self._contract, status, headers.items(), body)
                sandbox.journal.add(entry)
            else:
                operation_id = None if exchange.operation is None else exchange.operation.id
                sandbox.journal.count(operation_id, status, exchange.error)
            if (operation := exchange.operation) is not None and (
                sandbox.lint.waits or exchange.is_telling(operation, status)
            ):
                retry_after = headers.get("Retry-After")
                sandbox.lint.observe(exchange.observation(operation, status, retry_after))
        if not exchange.environ.get(QUIET):
            log.request(
                log.Line(
                    exchange.method,
                    exchange.path,
                    status,
                    exchange.error,
                    exchange.sandbox_name,
                    exchange.duration_ms,
                    exchange.request_id,
                )
            )


def _failed(contract: Contract, error: Exception) -> Response:
    """Answer what Flask could not, in the API's envelope; never with a traceback."""
    return _refusal(contract, current(), error).response()


def _refusal(contract: Contract, exchange: Exchange, error: Exception) -> Answer:
    """Return the answer to a request that no operation has answered."""
    if isinstance(error, ControlError):
        exchange.error = "refused-by-the-sandbox"
        return json_answer(error.status, error.body)
    if isinstance(error, MethodNotAllowed):
        allowed = ", ".join(sorted(error.valid_methods or ()))
        refusal = contract.gateway["method-not-allowed"]
        return answer_error(exchange, refusal, headers={"Allow": allowed})
    if isinstance(error, NotFound):
        if contract.outside.match(exchange.path):
            exchange.tell(OUTSIDE)
        return answer_error(exchange, contract.gateway["no-such-path"])
    if isinstance(error, HTTPException) and error.code is not None and error.code < 500:
        told = error.description or ""
        return json_answer(error.code, ControlError(error.code, error.name, told).body)
    log.server.error("a request failed", exc_info=error)
    operation = exchange.operation or contract.operation("getCarts")
    assert operation is not None  # the contract has it
    return answer_error(exchange, operation.errors["internal-server-error"])
