"""What each caller may do with each operation, by `x-allowed-callers` and `EXCEPTIONS`."""

from typing import Any

from tests.support.openapi_doc import operations

CALLERS = ("anonymous", "account", "customer", "administrator")
FORBIDDEN = "Forbidden"
NOT_FOUND = "Not Found"
LACKS_PERMISSIONS = "Account does not have the required permissions to fulfill this request"
CUSTOMER_LACKS = "Customer does not have the required permissions to fulfill this request"

EXCEPTIONS: dict[str, dict[str, str]] = {
    # callers that are allowed, but not for the sample request: it names what is not theirs
    "createAccountCartAssociation": dict.fromkeys(("anonymous", "customer"), LACKS_PERMISSIONS),
    "deleteAccountCartAssociation": dict.fromkeys(("anonymous", "customer"), LACKS_PERMISSIONS),
    "createCustomerCartAssociation": dict.fromkeys(("anonymous", "account"), CUSTOMER_LACKS),
    "deleteCustomerCartAssociation": dict.fromkeys(("anonymous", "account"), CUSTOMER_LACKS),
    "put-v2-accounts-accountID": {"account": FORBIDDEN},
    "put-v2-account-members-accountMemberID": {"account": FORBIDDEN},
    "getAnOrder": {"customer": NOT_FOUND},
    "getOrderItems": {"customer": NOT_FOUND},
    "paymentSetup": {"customer": NOT_FOUND},
}


def _outcomes(spec: Any) -> dict[str, int | str]:
    """Return by caller the status of a success, or the title of the error.

    Where the contract does not name customers, a customer's token is ignored: only the bearer
    token counts.
    """
    success = min(int(status) for status in spec["responses"])
    allowed = spec["x-allowed-callers"]
    outcomes: dict[str, int | str] = {
        caller: success if caller in allowed else FORBIDDEN for caller in CALLERS
    }
    if "customer" not in allowed:
        outcomes["customer"] = outcomes["anonymous"]
    return outcomes | EXCEPTIONS.get(spec["operationId"], {})


ACCESS = {
    name: _outcomes(spec)
    for name, spec in operations().items()
    if spec["x-allowed-callers"] != ["anyone"]
}
"""By operation and caller. `anyone` means an operation without a bearer token."""
