"""One request to an operation: body read → forced error? → rate limit, rules → caller → media type,
JSON, schema → operation in a transaction → answer. The order of the checks is contract.md §2's.
"""

from collections.abc import Mapping

from mockserver.core import wsgi
from mockserver.core.clock import pause
from mockserver.core.errors import ApiError
from mockserver.core.ids import Ids
from mockserver.core.pointer import at
from mockserver.core.wsgi import yield_slot
from mockserver.http import forced_errors, request
from mockserver.http.context import ACCOUNT_TOKEN_KEY, CUSTOMER_TOKEN_KEY, RequestContext
from mockserver.http.response import Answer, error_response, json_response, result_response
from mockserver.openapi.contract import Operation
from mockserver.operations import OPERATIONS, auth
from mockserver.operations.base import OperationContext, OperationResult
from mockserver.sandbox.rules import MatchInput
from mockserver.store.entities import digest
from mockserver.store.transaction import Transaction

MAX_UNKNOWN_FIELDS = 20


def serve(context: RequestContext, operation: Operation, path: Mapping[str, str]) -> Answer:
    """Answer a request, given the parameters of its path. Raises AdminError for a wish to the
    sandbox that can't be met."""
    sandbox, environ = context.sandbox, context.environ
    try:
        asked = request.read(environ, operation, path)
        context.body = asked.raw
        if documented := operation.bodies.get(asked.media_type):
            unknown = documented.known_fields.unknown(asked.body, MAX_UNKNOWN_FIELDS)
            context.unknown_fields = unknown
        prefer = environ.get("HTTP_PREFER")
        if preferred := forced_errors.by_preference(operation, prefer, asked.query):
            entry, applied = preferred
            return error_response(context, entry, headers={"Preference-Applied": applied})
        if magic := forced_errors.by_magic_id(operation, path, asked.body, sandbox.store.magic):
            return error_response(context, magic)

        if sandbox.exceeds_rate_limit():
            return error_response(context, operation.errors["too-many-requests"])
        if sandbox.has_rules:
            context.decision = sandbox.decide(_facts(context, operation, asked))
        if (decision := context.decision) is not None:
            context.add_note(f"{decision.rule} fired")
            if decision.delay_ms:
                yield_slot(environ)
                pause(decision.delay_ms)
            if decision.fault:
                return json_response(502, None)  # what breaks the connection lets nothing through
            if decision.error:
                return error_response(context, operation.errors[decision.error])

        def act(tx: Transaction, ids: Ids) -> OperationResult:
            context.caller = caller = auth.authenticate(
                operation,
                environ.get("HTTP_AUTHORIZATION"),
                environ.get(ACCOUNT_TOKEN_KEY),
                environ.get(CUSTOMER_TOKEN_KEY),
                tx,
            )
            params = request.check(asked)
            run = OPERATIONS[operation.id]
            return run(
                OperationContext(params, asked.body, caller, tx, ids, wsgi.base_url(environ))
            )

        reply = sandbox.run(act)
    except ApiError as error:
        entry = operation.errors[error.id]
        return error_response(context, entry, error.violations, **error.fields)
    if asked.note:
        context.add_note(asked.note)
    if context.caller is not None and context.caller.note:
        context.add_note(context.caller.note)
    context.next_page = at(reply.body, ("links", "next"))
    return result_response(operation, reply)


def _facts(
    context: RequestContext, operation: Operation, asked: request.ParsedRequest
) -> MatchInput:
    """Return what rules can match of a request."""
    world, environ = context.sandbox.store, context.environ
    account = world.account_tokens.get(digest(environ.get(ACCOUNT_TOKEN_KEY, "")))
    customer = world.customer_tokens.get(digest(environ.get(CUSTOMER_TOKEN_KEY, "")))
    return MatchInput(
        operations=(operation.id, *operation.aliases),
        method=operation.method,
        path=context.path,
        account=account.account_id if account else None,
        customer=customer.customer_id if customer else None,
        cart=asked.path.get("cartID") or at(asked.body, ("data", "id")),
        errors=frozenset(operation.errors),
    )
