"""The Flask application. Each request: sandbox selected → headers limited → pipeline of an
operation, or Flask's own dispatch → response headers, journal, client warnings, log.

Flask dispatches what is no operation of the contract: the admin API, the pages, the documents. An
operation bypasses Flask's routes, contexts and hooks, which would double its time.
"""

from collections.abc import Iterable
from functools import partial
from typing import Any

from flask import Flask
from flask import Response as FlaskResponse
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from mockserver import __version__, admin, dashboard
from mockserver.core import log, wsgi
from mockserver.core.config import Config, resource
from mockserver.core.errors import INTERNAL_SERVER_ERROR, AdminError
from mockserver.core.wsgi import yield_slot
from mockserver.dashboard.admin_client import QUIET
from mockserver.fixtures.load import load_fixtures
from mockserver.http import cors, pipeline
from mockserver.http.context import RequestContext, current
from mockserver.http.request import MAX_BODY_BYTES, read_body_eagerly
from mockserver.http.response import (
    Response,
    error_response,
    flask_response,
    json_response,
    stream_slowly,
)
from mockserver.http.routing import Routes
from mockserver.openapi.contract import Contract, ContractError
from mockserver.operations import OPERATIONS
from mockserver.sandbox.registry import DEFAULT, SandboxRegistry
from mockserver.sandbox.sandbox import Sandbox
from mockserver.store.state import StoreState

SANDBOX_HEADER = "Mock-Sandbox"
NAME_A_SANDBOX = f"Name a sandbox: the header {SANDBOX_HEADER}, or a path below /sandboxes/NAME."
UNSUPPORTED_PATH_NOTE = "outside the contract"
MAX_HEADER_BYTES = 32 * 1024
MAX_HOST_CHARACTERS = 253 + len(":65535")
_SANDBOX_KEY = wsgi.header_key(SANDBOX_HEADER)


def create_app(
    config: Config | None = None,
    contract: Contract | None = None,
    initial_state: StoreState | None = None,
) -> Flask:
    """Return the application. Raises FixtureError or ContractError for unusable files.

    Pass `contract` and `initial_state`, which replaces the fixtures of `config`, to create many
    applications: both are immutable, and loading them takes longest.
    """
    config = config or Config()
    contract = contract or Contract.load(resource("openapi.yaml"))
    if errors := contract.binding_errors(OPERATIONS.keys()):
        raise ContractError(errors)
    initial_state = initial_state or load_fixtures(config.fixtures, contract, config.faults)
    sandboxes = SandboxRegistry(
        partial(Sandbox, initial_state, config.frozen_at, config.seed, config.journal_size),
        config.max_sandboxes,
        config.sandbox_idle_s,
    )
    return Application(config, contract, sandboxes)


class Application(Flask):
    """The Flask application, whose operations of the contract bypass Flask's dispatch."""

    def __init__(self, config: Config, contract: Contract, sandboxes: SandboxRegistry) -> None:
        super().__init__("mockserver", static_folder=None)
        self._config = config
        self._contract = contract
        self._sandboxes = sandboxes
        self._routes = Routes(contract.operations)
        self.extensions["sandboxes"] = sandboxes
        self.extensions["sandbox"] = sandboxes.default
        self.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES + 1  # to detect one byte too many
        self.register_blueprint(admin.blueprint(config, contract, sandboxes))
        self.register_blueprint(dashboard.blueprint(config, contract, self))
        self.add_url_rule("/openapi.yaml", "openapi_yaml", self._openapi_yaml)
        self.add_url_rule("/openapi.json", "openapi_json", self._openapi_json)
        self.register_error_handler(Exception, partial(_handle_error, contract))

    def _openapi_yaml(self) -> FlaskResponse:
        return FlaskResponse(self._contract.text, content_type="application/yaml")

    def _openapi_json(self) -> FlaskResponse:
        return flask_response(200, self._contract.document)

    def wsgi_app(self, environ: wsgi.Environ, start_response: Any) -> Iterable[bytes]:
        """Handle one request, as a WSGI application."""
        if not read_body_eagerly(environ):
            yield_slot(environ)
        wsgi.tidy(environ)
        context = RequestContext(environ)
        response = self._respond(context)
        if response is None:
            return self._dispatch_to_flask(context, start_response)
        self._mark(context, response.headers)
        self._record(context, response.status, response.headers, response.body)
        body: Iterable[bytes] = ()
        if (decision := context.decision) is not None:
            if decision.fault:
                response.headers[wsgi.FAULT_HEADER] = (
                    f"{self._config.fault_secret}-{decision.fault}"
                )
            if decision.slow_body:
                yield_slot(environ)
                body = stream_slowly(response.body, **decision.slow_body)
        return response.send(context.method, start_response, body)

    def _dispatch_to_flask(self, context: RequestContext, start_response: Any) -> Iterable[bytes]:
        """Handle a request to no operation of the contract."""
        with self.request_context(context.environ):
            response = self.full_dispatch_request()
            self._mark(context, response.headers)
            body = response.get_data() if context.is_api_request else b""
            self._record(context, response.status_code, response.headers, body)
            return response(context.environ, start_response)

    def _respond(self, context: RequestContext) -> Response | None:
        """Return the response, or None for requests to no operation of the contract."""
        try:
            response = self._begin(context)
            if response is not None:
                return response
            match = self._routes.find(context.path)
            if match is None:
                return None
            methods, path = match
            operation = methods.operations.get(context.method)
            if operation is None:
                entry = self._contract.gateway["method-not-allowed"]
                return error_response(context, entry, headers={"Allow": methods.allowed})
            context.operation = operation
            if self._config.require_sandbox and not (
                wsgi.SANDBOX_KEY in context.environ or _SANDBOX_KEY in context.environ
            ):
                raise AdminError(400, "Bad Request", NAME_A_SANDBOX)
            response = pipeline.serve(context, operation, path)
            if response.status == 405:  # a forced error
                response.headers["Allow"] = methods.allowed
            return response
        except Exception as error:
            return _error_response(self._contract, context, error)

    def _begin(self, context: RequestContext) -> Response | None:
        """Select the sandbox; handle preflights; reject oversized headers."""
        environ = context.environ
        name: str | None = environ.get(wsgi.SANDBOX_KEY, environ.get(_SANDBOX_KEY))
        if name is None:
            name = DEFAULT
        path = context.path
        is_api_request = not (path.startswith(admin.PREFIX) or dashboard.is_page(path))
        try:
            context.bind_sandbox(name, self._sandboxes.get_or_create(name), is_api_request)
        except AdminError:  # the response to a bad name has all headers, too
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
        """Return whether a page may read the response: any page may read the API's, and those of
        `--admin-origin` the admin API's."""
        if context.is_api_request:
            return True
        origin = context.environ.get("HTTP_ORIGIN", "")
        return not dashboard.is_page(context.path) and origin in self._config.admin_origins

    def _mark(self, context: RequestContext, headers: Any) -> None:
        """Add the headers that every response has."""
        headers["Mock-Server"] = __version__
        headers["X-Moltin-Request-Id"] = context.request_id
        if context.notes:
            headers["Mock-Notes"] = "; ".join(context.notes)
        headers["Mock-Request-Id"] = context.request_id
        if self._may_read(context):
            cors.allow(context.environ, headers)

    def _record(self, context: RequestContext, status: int, headers: Any, body: bytes) -> None:
        """Record the request in the journal, the client warnings and the log."""
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


def _handle_error(contract: Contract, error: Exception) -> FlaskResponse:
    """Return the response to an exception in Flask, in the API's envelope, without a traceback."""
    return _error_response(contract, current(), error).to_flask()


def _error_response(contract: Contract, context: RequestContext, error: Exception) -> Response:
    """Return the response to a request that has raised an error."""
    if isinstance(error, AdminError):
        context.error = "refused-by-the-sandbox"
        return json_response(error.status, error.body)
    if isinstance(error, MethodNotAllowed):
        allowed = ", ".join(sorted(error.valid_methods or ()))
        entry = contract.gateway["method-not-allowed"]
        return error_response(context, entry, headers={"Allow": allowed})
    if isinstance(error, NotFound):
        if contract.unsupported_paths.match(context.path):
            context.add_note(UNSUPPORTED_PATH_NOTE)
        return error_response(context, contract.gateway["no-such-path"])
    if isinstance(error, HTTPException) and error.code is not None and error.code < 500:
        detail = error.description or ""
        return json_response(error.code, AdminError(error.code, error.name, detail).body)
    log.server.error("a request failed", exc_info=error)
    documented = {} if context.operation is None else context.operation.errors
    return error_response(context, documented.get("internal-server-error", INTERNAL_SERVER_ERROR))
