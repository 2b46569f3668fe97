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
from mockserver.core.errors import AdminError
from mockserver.core.resources import resource
from mockserver.core.wsgi import yield_slot
from mockserver.dashboard.admin_client import QUIET
from mockserver.fixtures.load import load_fixtures
from mockserver.http import cors, documents, pipeline
from mockserver.http.context import RequestContext, current
from mockserver.http.request import MAX_BODY_BYTES, read_body_eagerly
from mockserver.http.response import Answer, error_response, json_response, stream_slowly
from mockserver.http.routing import Routes
from mockserver.openapi.contract import Contract
from mockserver.sandbox.registry import DEFAULT, SandboxRegistry
from mockserver.sandbox.sandbox import Sandbox
from mockserver.store.state import StoreState

SANDBOX_HEADER = "Mock-Sandbox"
NAME_A_SANDBOX = f"Name a sandbox: the header {SANDBOX_HEADER}, or a path below /sandboxes/NAME."
OUTSIDE = "outside the contract"
MAX_HEADER_BYTES = 32 * 1024
MAX_HOST_CHARACTERS = 253 + len(":65535")
_SANDBOX_KEY = wsgi.header_key(SANDBOX_HEADER)


def create_app(
    config: Config | None = None,
    contract: Contract | None = None,
    initial_state: StoreState | None = None,
) -> Flask:
    """Return the application. Raises FixtureError for fixtures that can't be used.

    `contract` and `initial_state`, which stands for the fixtures of `config`, are for who makes many
    applications: they never change, and loading them takes longest.
    """
    config = config or Config()
    contract = contract or Contract.load(resource("openapi.yaml"))
    initial_state = initial_state or load_fixtures(config.fixtures, contract, config.faults)
    sandboxes = SandboxRegistry(
        partial(Sandbox, initial_state, config.frozen_at, config.seed, config.journal_size),
        config.max_sandboxes,
        config.sandbox_idle_s,
    )
    return Application(config, contract, sandboxes)


class Application(Flask):
    """The application: Flask, with the operations of the contract on a way of their own."""

    def __init__(self, config: Config, contract: Contract, sandboxes: SandboxRegistry) -> None:
        super().__init__("mockserver", static_folder=None)
        self._config = config
        self._contract = contract
        self._sandboxes = sandboxes
        self._routes = Routes(contract.operations)
        self.extensions["sandboxes"] = sandboxes
        self.extensions["sandbox"] = sandboxes.default
        self.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES + 1  # one more is told apart
        self.register_blueprint(admin.blueprint(config, contract, sandboxes))
        self.register_blueprint(dashboard.blueprint(config, contract, self))
        documents.add_routes(self, contract)
        self.register_error_handler(Exception, partial(_failed, contract))

    def wsgi_app(self, environ: wsgi.Environ, start_response: Any) -> Iterable[bytes]:
        """Answer one request, as WSGI wants it."""
        if not read_body_eagerly(environ):
            yield_slot(environ)
        wsgi.tidy(environ)
        context = RequestContext(environ)
        told = self._answer(context)
        if told is None:
            return self._by_flask(context, start_response)
        self._mark(context, told.headers)
        self._record(context, told.status, told.headers, told.body)
        body: Iterable[bytes] = ()
        if (decision := context.decision) is not None:
            if decision.fault:
                told.headers[wsgi.FAULT_HEADER] = f"{self._config.fault_secret}-{decision.fault}"
            if decision.slow_body:
                yield_slot(environ)
                body = stream_slowly(told.body, **decision.slow_body)
        return told.send(context.method, start_response, body)

    def _by_flask(self, context: RequestContext, start_response: Any) -> Iterable[bytes]:
        """Answer what is no operation of the contract."""
        with self.request_context(context.environ):
            response = self.full_dispatch_request()
            self._mark(context, response.headers)
            body = response.get_data() if context.is_api_request else b""
            self._record(context, response.status_code, response.headers, body)
            return response(context.environ, start_response)

    def _answer(self, context: RequestContext) -> Answer | None:
        """Return the answer, or None for what is Flask's."""
        try:
            begun = self._begin(context)
            if begun is not None:
                return begun
            found = self._routes.find(context.path)
            if found is None:
                return None
            methods, path = found
            operation = methods.operations.get(context.method)
            if operation is None:
                refusal = self._contract.gateway["method-not-allowed"]
                return error_response(context, refusal, headers={"Allow": methods.allowed})
            context.operation = operation
            if self._config.require_sandbox and not (
                wsgi.SANDBOX_KEY in context.environ or _SANDBOX_KEY in context.environ
            ):
                raise AdminError(400, "Bad Request", NAME_A_SANDBOX)
            told = pipeline.serve(context, operation, path)
            if told.status == 405:  # it was asked for
                told.headers["Allow"] = methods.allowed
            return told
        except Exception as error:
            return _refusal(self._contract, context, error)

    def _begin(self, context: RequestContext) -> Answer | None:
        """Choose the sandbox; answer preflights; refuse absurd headers."""
        environ = context.environ
        name: str | None = environ.get(wsgi.SANDBOX_KEY, environ.get(_SANDBOX_KEY))
        if name is None:
            name = DEFAULT
        path = context.path
        is_api_request = not (path.startswith(admin.PREFIX) or dashboard.is_page(path))
        try:
            context.bind_sandbox(name, self._sandboxes.get_or_create(name), is_api_request)
        except AdminError:  # a bad name is answered like anything else
            context.bind_sandbox(DEFAULT, self._sandboxes.default, is_api_request)
            raise
        host = environ.get("HTTP_HOST", "")
        if len(host) > MAX_HOST_CHARACTERS and wsgi.is_host(host):
            raise AdminError(400, "Bad Request", "No host has so long a name.")
        if cors.is_preflight(environ) and self._may_read(context):
            return cors.preflight(environ)
        size = sum(len(key) + len(value) - 1 for key, value in context.headers)
        if size > MAX_HEADER_BYTES:
            return error_response(context, self._contract.gateway["headers-too-large"])
        return None

    def _may_read(self, context: RequestContext) -> bool:
        """Whether a page may read the answer: any page the API's, a named one the admin API's."""
        if context.is_api_request:
            return True
        origin = context.environ.get("HTTP_ORIGIN", "")
        return not dashboard.is_page(context.path) and origin in self._config.admin_origins

    def _mark(self, context: RequestContext, headers: Any) -> None:
        """Give an answer the headers, a mapping, that every one has."""
        headers["Mock-Server"] = __version__
        headers["X-Moltin-Request-Id"] = context.request_id
        if context.notes:
            headers["Mock-Notes"] = "; ".join(context.notes)
        headers["Mock-Request-Id"] = context.request_id
        if self._may_read(context):
            cors.allow(context.environ, headers)

    def _record(self, context: RequestContext, status: int, headers: Any, body: bytes) -> None:
        """Give the journal its entry, the lint its observation, and the log its line."""
        sandbox = context.sandbox
        if context.is_api_request:
            if sandbox.journal.size:
                entry = context.entry(self._contract, status, headers.items(), body)
                sandbox.journal.add(entry)
            else:
                operation_id = None if context.operation is None else context.operation.id
                sandbox.journal.count(operation_id, status, context.error)
            if (operation := context.operation) is not None and (
                sandbox.client_warnings.expects_followup
                or context.may_show_client_warning(operation, status)
            ):
                retry_after = headers.get("Retry-After")
                sandbox.client_warnings.observe(context.observation(operation, status, retry_after))
        if not context.environ.get(QUIET):
            log.request(
                log.Line(
                    context.method,
                    context.path,
                    status,
                    context.error,
                    context.sandbox_name,
                    context.duration_ms,
                    context.request_id,
                )
            )


def _failed(contract: Contract, error: Exception) -> Response:
    """Answer what Flask could not, in the API's envelope; never with a traceback."""
    return _refusal(contract, current(), error).response()


def _refusal(contract: Contract, context: RequestContext, error: Exception) -> Answer:
    """Return the answer to a request that no operation has answered."""
    if isinstance(error, AdminError):
        context.error = "refused-by-the-sandbox"
        return json_response(error.status, error.body)
    if isinstance(error, MethodNotAllowed):
        allowed = ", ".join(sorted(error.valid_methods or ()))
        refusal = contract.gateway["method-not-allowed"]
        return error_response(context, refusal, headers={"Allow": allowed})
    if isinstance(error, NotFound):
        if contract.outside.match(context.path):
            context.add_note(OUTSIDE)
        return error_response(context, contract.gateway["no-such-path"])
    if isinstance(error, HTTPException) and error.code is not None and error.code < 500:
        told = error.description or ""
        return json_response(error.code, AdminError(error.code, error.name, told).body)
    log.server.error("a request failed", exc_info=error)
    operation = context.operation or contract.operation("getCarts")
    assert operation is not None  # the contract has it
    return error_response(context, operation.errors["internal-server-error"])
