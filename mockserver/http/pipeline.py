"""The pipeline of a request to an operation: parse → forced error? → rate limit, rules → caller →
media type, JSON, schema → operation in a transaction → response, in the order of contract.md §2.
"""

from collections.abc import Mapping

from mockserver.core import wsgi
from mockserver.core.clock import pause
from mockserver.core.errors import ApiError
from mockserver.core.ids import Ids
from mockserver.core.pointer import at
from mockserver.core.wsgi import yield_slot
from mockserver.http import forced_errors
from mockserver.http.context import ACCOUNT_TOKEN_KEY, CUSTOMER_TOKEN_KEY, RequestContext
from mockserver.http.request import ParsedRequest, parse, validate
from mockserver.http.response import Response, error_response, json_response, result_response
from mockserver.openapi.contract import Operation
from mockserver.operations import OPERATIONS, auth
from mockserver.operations.base import OperationContext, OperationResult
from mockserver.sandbox.rules import MatchInput
from mockserver.store.entities import digest
from mockserver.store.transaction import Transaction

MAX_UNKNOWN_FIELDS = 20


def serve(context: RequestContext, operation: Operation, path: Mapping[str, str]) -> Response:
    """Return the response to a request, given the parameters of its path. Raises AdminError for a
    preference that matches no error."""
    sandbox, environ = context.sandbox, context.environ
    try:
        request = parse(environ, operation, path)
        context.body = request.raw
        if documented := operation.bodies.get(request.media_type):
            unknown = documented.known_fields.unknown(request.body, MAX_UNKNOWN_FIELDS)
            context.unknown_fields = unknown
        prefer = environ.get("HTTP_PREFER")
        if preferred := forced_errors.by_preference(operation, prefer, request.query):
            entry, applied = preferred
            return error_response(context, entry, headers={"Preference-Applied": applied})
        if magic := forced_errors.by_magic_id(operation, path, request.body, sandbox.store.magic):
            return error_response(context, magic)

        if sandbox.exceeds_rate_limit():
            return error_response(context, operation.errors["too-many-requests"])
        if sandbox.has_rules:
            context.decision = sandbox.decide(_match_input(context, operation, request))
        if (decision := context.decision) is not None:
            context.add_note(f"{decision.rule} fired")
            if decision.delay_ms:
                yield_slot(environ)
                pause(decision.delay_ms)
            if decision.fault:
                return json_response(502, None)  # the fault proxy discards it
            if decision.error:
                return error_response(context, operation.errors[decision.error])

        def run(tx: Transaction, ids: Ids) -> OperationResult:
            context.caller = caller = auth.authenticate(
                operation,
                environ.get("HTTP_AUTHORIZATION"),
                environ.get(ACCOUNT_TOKEN_KEY),
                environ.get(CUSTOMER_TOKEN_KEY),
                tx,
            )
            params = validate(request)
            base_url = wsgi.base_url(environ)
            ctx = OperationContext(params, request.body, caller, tx, ids, base_url)
            return OPERATIONS[operation.id](ctx)

        result = sandbox.run(run)
    except ApiError as error:
        entry = operation.errors[error.id]
        return error_response(context, entry, error.violations, **error.fields)
    if request.note:
        context.add_note(request.note)
    if context.caller is not None and context.caller.note:
        context.add_note(context.caller.note)
    context.next_page = at(result.body, ("links", "next"))
    return result_response(operation, result)


def _match_input(
    context: RequestContext, operation: Operation, request: ParsedRequest
) -> MatchInput:
    """Return the properties of a request that rules can match."""
    store, environ = context.sandbox.store, context.environ
    account = store.account_tokens.get(digest(environ.get(ACCOUNT_TOKEN_KEY, "")))
    customer = store.customer_tokens.get(digest(environ.get(CUSTOMER_TOKEN_KEY, "")))
    return MatchInput(
        operations=(operation.id, *operation.aliases),
        method=operation.method,
        path=context.path,
        account=account.account_id if account else None,
        customer=customer.customer_id if customer else None,
        cart=request.path.get("cartID") or at(request.body, ("data", "id")),
        errors=frozenset(operation.errors),
    )
