"""One request to an operation: body read → forced error? → rate limit, rules → caller → media type,
JSON, schema → operation in a transaction → answer. The order of the checks is contract.md §2's.
"""

from collections.abc import Mapping

from mockserver.core import wsgi
from mockserver.core.clock import pause
from mockserver.core.errors import ApiError
from mockserver.core.ids import Ids
from mockserver.core.pointer import at
from mockserver.core.wsgi import step_aside
from mockserver.http import forced_errors, request
from mockserver.http.context import ACCOUNT_TOKEN_KEY, CUSTOMER_TOKEN_KEY, Exchange
from mockserver.http.response import Answer, answer_error, answer_reply, json_answer
from mockserver.openapi.contract import Operation
from mockserver.operations import OPERATIONS, auth
from mockserver.operations.base import Call, Reply
from mockserver.sandbox.rules import Facts
from mockserver.store.transaction import Transaction
from mockserver.store.world import digest

MOST_UNKNOWN_FIELDS = 20


def serve(exchange: Exchange, operation: Operation, path: Mapping[str, str]) -> Answer:
    """Answer a request, given the parameters of its path. Raises ControlError for a wish to the
    sandbox that can't be met."""
    sandbox, environ = exchange.sandbox, exchange.environ
    try:
        asked = request.read(environ, operation, path)
        exchange.body = asked.raw
        if documented := operation.bodies.get(asked.media_type):
            unknown = documented.known_fields.unknown(asked.body, MOST_UNKNOWN_FIELDS)
            exchange.unknown_fields = unknown
        prefer = environ.get("HTTP_PREFER")
        if preferred := forced_errors.by_preference(operation, prefer, asked.query):
            entry, applied = preferred
            return answer_error(exchange, entry, headers={"Preference-Applied": applied})
        if magic := forced_errors.by_magic_id(operation, path, asked.body, sandbox.world.magic):
            return answer_error(exchange, magic)

        if sandbox.over_the_limit():
            return answer_error(exchange, operation.errors["too-many-requests"])
        if sandbox.has_rules:
            exchange.decision = sandbox.decide(_facts(exchange, operation, asked))
        if (decision := exchange.decision) is not None:
            exchange.tell(f"{decision.rule} fired")
            if decision.delay_ms:
                step_aside(environ)
                pause(decision.delay_ms)
            if decision.fault:
                return json_answer(502, None)  # what breaks the connection lets nothing through
            if decision.error:
                return answer_error(exchange, operation.errors[decision.error])

        def act(tx: Transaction, ids: Ids) -> Reply:
            exchange.caller = caller = auth.identify(
                operation,
                environ.get("HTTP_AUTHORIZATION"),
                environ.get(ACCOUNT_TOKEN_KEY),
                environ.get(CUSTOMER_TOKEN_KEY),
                tx,
            )
            params = request.check(asked)
            run = OPERATIONS[operation.id]
            return run(Call(params, asked.body, caller, tx, ids, wsgi.base_url(environ)))

        reply = sandbox.run(act)
    except ApiError as error:
        entry = operation.errors[error.id]
        return answer_error(exchange, entry, error.violations, **error.fields)
    if asked.note:
        exchange.tell(asked.note)
    if exchange.caller is not None and exchange.caller.note:
        exchange.tell(exchange.caller.note)
    exchange.next_page = at(reply.body, ("links", "next"))
    return answer_reply(operation, reply)


def _facts(exchange: Exchange, operation: Operation, asked: request.Incoming) -> Facts:
    """Return what rules can match of a request."""
    world, environ = exchange.sandbox.world, exchange.environ
    account = world.account_tokens.get(digest(environ.get(ACCOUNT_TOKEN_KEY, "")))
    customer = world.customer_tokens.get(digest(environ.get(CUSTOMER_TOKEN_KEY, "")))
    return Facts(
        operations=(operation.id, *operation.aliases),
        method=operation.method,
        path=exchange.path,
        account=account.account_id if account else None,
        customer=customer.customer_id if customer else None,
        cart=asked.path.get("cartID") or at(asked.body, ("data", "id")),
        errors=frozenset(operation.errors),
    )
