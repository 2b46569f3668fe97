"""The Flask application, and the way of one request through it:

headers bounded → body read → forced error? → caller → media type, JSON, schema → operation in a
transaction → answer. The order of the checks is contract.md §2's.
"""

from collections.abc import Callable
from functools import partial
from itertools import islice

from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from mockserver import (
    __version__,
    access,
    control,
    cors,
    faults,
    fixtures,
    forced,
    incoming,
    lint,
    log,
    routes,
    web,
)
from mockserver.answer import answer, answer_error, answer_reply, dribble
from mockserver.clock import pause
from mockserver.config import Config
from mockserver.contract import Contract, Operation
from mockserver.errors import ApiError, ControlError
from mockserver.exchange import Exchange, current
from mockserver.ids import Ids
from mockserver.operations import OPERATIONS
from mockserver.operations.call import Call, Reply
from mockserver.pointer import find
from mockserver.resources import resource
from mockserver.rules import Facts
from mockserver.sandbox import Sandbox
from mockserver.sandboxes import DEFAULT, Sandboxes
from mockserver.transaction import Transaction
from mockserver.web.admin import QUIET
from mockserver.world import World, digest
from mockserver.wsgi import SANDBOX_KEY, routed

SANDBOX_HEADER = "Mock-Sandbox"
OUTSIDE = "outside the contract"
MOST_UNKNOWN_FIELDS = 20
MOST_HEADER_BYTES = 32 * 1024


def create_app(config: Config | None = None, contract: Contract | None = None) -> Flask:
    """Return the application. Raises FixtureError for fixtures that can't be used.

    `contract` is for who makes many applications: it never changes, and loading it takes longest.
    """
    config = config or Config()
    contract = contract or Contract.load(resource("openapi.yaml"))
    seed_world = fixtures.load(config.fixtures, contract, config.faults)
    sandboxes = Sandboxes(
        partial(Sandbox, seed_world, config.frozen_at, config.seed, config.journal_size),
        config.max_sandboxes,
        config.sandbox_idle_s,
    )
    app = Flask("mockserver", static_folder=None)
    app.extensions["sandboxes"] = sandboxes
    app.extensions["sandbox"] = sandboxes.default
    app.config["MAX_CONTENT_LENGTH"] = incoming.MOST_BODY_BYTES + 1  # the one more is told apart
    routes.add(app, contract, lambda each: partial(_serve, each, OPERATIONS[each.id]))
    app.register_blueprint(control.blueprint(config, contract, sandboxes))
    app.register_blueprint(web.blueprint(config, contract, app))
    routes.add_document(app, contract)
    app.before_request(partial(_begin, config, contract, sandboxes))
    app.after_request(partial(_finish, config, contract))
    app.register_error_handler(Exception, partial(_failed, contract))
    app.wsgi_app = routed(app.wsgi_app)  # type: ignore[method-assign] # as Flask advises
    return app


def _begin(config: Config, contract: Contract, sandboxes: Sandboxes) -> Response | None:
    """Choose the sandbox; answer preflights; refuse absurd headers."""
    asked = request.environ.get(SANDBOX_KEY, request.headers.get(SANDBOX_HEADER))
    try:
        _exchange_in(sandboxes, DEFAULT if asked is None else asked)
    except ControlError:
        _exchange_in(sandboxes, DEFAULT)  # a bad name is answered like anything else
        raise
    if cors.is_preflight(request) and _may_read(config):
        return cors.preflight(request)
    size = sum(len(name) + len(value) + 4 for name, value in request.headers)
    if size > MOST_HEADER_BYTES:
        return answer_error(contract.gateway["headers-too-large"])
    if asked is None and config.require_sandbox and request.endpoint in contract.operation_ids:
        raise ControlError(
            400,
            "Bad Request",
            f"Name a sandbox: the header {SANDBOX_HEADER}, or a path below /sandboxes/NAME.",
        )
    return None


def _exchange_in(sandboxes: Sandboxes, name: str) -> None:
    sandbox = sandboxes.get(name)
    request_id = sandbox.request_id("request" if _is_the_apis() else "admin-request")
    g.exchange = Exchange(name, sandbox, request_id, sandbox.clock.now())


def _serve(operation: Operation, run: Callable[[Call], Reply], **path: str) -> Response:
    """Answer one request to an operation."""
    exchange = current()
    exchange.operation = operation.id
    sandbox = exchange.sandbox
    try:
        asked = incoming.read(request, operation, path)
        exchange.body = asked.raw
        if documented := operation.bodies.get(asked.media_type):
            unknown = lint.unknown_fields(documented.schema, asked.body)
            exchange.unknown_fields = tuple(islice(unknown, MOST_UNKNOWN_FIELDS))
        if preferred := forced.by_preference(operation, request.headers.get("Prefer"), asked.query):
            entry, applied = preferred
            return answer_error(entry, headers={"Preference-Applied": applied})
        if magic := forced.by_magic_id(operation, path, asked.body, sandbox.world.magic):
            return answer_error(magic)

        if sandbox.over_the_limit():
            return answer_error(operation.errors["too-many-requests"])
        exchange.decision = sandbox.decide(_facts(operation, asked, sandbox.world))
        if (decision := exchange.decision) is not None:
            exchange.notes += (f"{decision.rule} fired",)
            pause(decision.delay_ms)
            if decision.fault:
                return answer(502, None)  # what breaks the connection never lets it through
            if decision.error:
                return answer_error(operation.errors[decision.error])

        def act(tx: Transaction, ids: Ids) -> Reply:
            exchange.caller = caller = access.identify(
                operation,
                request.headers.get("Authorization"),
                request.headers.get(access.ACCOUNT_TOKEN_HEADER),
                request.headers.get(access.CUSTOMER_TOKEN_HEADER),
                tx,
            )
            params = incoming.check(asked)
            base_url = incoming.base_url(request)
            return run(Call(params, asked.body, caller, tx, ids, base_url))

        reply = sandbox.run(act)
    except ApiError as error:
        return answer_error(operation.errors[error.id], error.violations, **error.fields)
    told = (asked.note, exchange.caller.note if exchange.caller else None)
    exchange.notes += tuple(note for note in told if note)
    exchange.next_page = find(reply.body, "/links/next")
    return answer_reply(operation, reply)


def _is_the_apis() -> bool:
    """Whether a request is the tested app's, not one to the admin API or to the dashboard."""
    return not (request.path.startswith(control.PREFIX) or web.is_page(request.path))


def _may_read(config: Config) -> bool:
    """Whether a page may read the answer: any page the API's, a named one the admin API's."""
    if web.is_page(request.path):
        return False
    origin = request.headers.get("Origin", "")
    return not request.path.startswith(control.PREFIX) or origin in config.admin_origins


def _facts(operation: Operation, asked: incoming.Incoming, world: World) -> Facts:
    """Return what rules can match of a request."""
    account = world.account_tokens.get(digest(_header(access.ACCOUNT_TOKEN_HEADER)))
    customer = world.customer_tokens.get(digest(_header(access.CUSTOMER_TOKEN_HEADER)))
    return Facts(
        operations=(operation.id, *operation.aliases),
        method=operation.method,
        path=request.path,
        account=account.account_id if account else None,
        customer=customer.customer_id if customer else None,
        cart=asked.path.get("cartID") or find(asked.body, "/data/id"),
        errors=frozenset(operation.errors),
    )


def _header(name: str) -> str:
    return request.headers.get(name, "")


def _failed(contract: Contract, error: Exception) -> Response:
    """Answer what no operation answered, in the API's envelope; never with a traceback."""
    if isinstance(error, ControlError):
        current().error = "refused-by-the-sandbox"
        return answer(error.status, error.body)
    if isinstance(error, MethodNotAllowed):
        allowed = ", ".join(sorted(error.valid_methods or ()))
        return answer_error(contract.gateway["method-not-allowed"], headers={"Allow": allowed})
    if isinstance(error, NotFound):
        if contract.outside.match(request.path):
            current().notes += (OUTSIDE,)
        return answer_error(contract.gateway["no-such-path"])
    if isinstance(error, HTTPException) and error.code is not None and error.code < 500:
        told = error.description or ""
        return answer(error.code, ControlError(error.code, error.name, told).body)
    log.server.error("a request failed", exc_info=error)
    operation = contract.operation(request.endpoint or "") or contract.operation("getCarts")
    assert operation is not None  # the contract has it
    return answer_error(operation.errors["internal-server-error"])


def _finish(config: Config, contract: Contract, response: Response) -> Response:
    """Give every answer its headers, the journal its entry, and the log its line."""
    exchange = current()
    response.headers["Mock-Server"] = __version__
    response.headers["X-Moltin-Request-Id"] = exchange.request_id
    if exchange.notes:
        response.headers["Mock-Notes"] = "; ".join(exchange.notes)
    response.headers["Mock-Request-Id"] = exchange.request_id
    if response.status_code == 405 and exchange.operation:  # it was asked for
        response.headers["Allow"] = ", ".join(contract.methods_beside(exchange.operation))
    if _may_read(config):
        cors.allow(request, response)
    if _is_the_apis():
        journal = exchange.sandbox.journal
        if journal.size:
            journal.add(exchange.entry(contract, request, response))
        else:
            journal.count(exchange.operation, response.status_code, exchange.error)
        if (observation := exchange.observation(request, response)) is not None:
            exchange.sandbox.lint.observe(observation)
    facts = {
        "method": request.method,
        "path": request.path,
        "status": response.status_code,
        "error": exchange.error,
        "sandbox": exchange.sandbox_name,
        "duration_ms": exchange.duration_ms,
        "request_id": exchange.request_id,
    }
    if not request.environ.get(QUIET):
        log.access.info("", extra={"facts": facts})
    if (decision := exchange.decision) is not None:
        if decision.fault:
            response.headers[faults.HEADER] = f"{config.fault_secret}-{decision.fault}"
        if decision.slow_body:
            response.response = dribble(response.get_data(), **decision.slow_body)
    return response
