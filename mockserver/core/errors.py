"""Errors, raised by name. `openapi.yaml` has the status, title and body of each.

`ErrorId` lists the names, so that a type checker rejects a misspelt one. The server compares the
list with the error catalog at its start.
"""

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

ErrorId = Literal[
    "account-lacks-permissions",
    "account-not-found",
    "account-token-missing",
    "account-token-not-valid",
    "bad-request",
    "cannot-associate-more-than-one-account",
    "cannot-remove-snapshot-date",
    "cannot-use-both-discounts-together",
    "cart-already-exists",
    "cart-currency-mismatch",
    "cart-expiry-days-too-high",
    "cart-has-contact-email",
    "cart-not-found",
    "could-not-apply-promotion",
    "forbidden",
    "headers-too-large",
    "insufficient-stock",
    "internal-server-error",
    "invalid-filter",
    "invalid-json-payload",
    "invalid-snapshot-date",
    "item-not-found",
    "items-not-found",
    "last-cart",
    "malformed-json",
    "method-not-allowed",
    "no-such-path",
    "number-gte",
    "password-profile-not-found",
    "payload-too-large",
    "price-not-in-currency",
    "product-not-found",
    "product-sku-not-found",
    "promotion-not-found",
    "quantity-too-high",
    "schema-violation",
    "self-signup-disabled",
    "service-unavailable",
    "shipping-groups-not-found",
    "too-many-items",
    "too-many-requests",
    "type-not-account",
    "unable-to-validate-access-token",
    "unauthorized",
    "unsupported-media-type",
    "username-taken",
    "write-conflict",
    "wrong-credentials",
    # customers, administrators of accounts
    "authentication-realm-not-found",
    "account-member-not-found",
    "account-membership-exists",
    "account-membership-not-found",
    "account-name-empty",
    "cannot-associate-more-than-one-customer",
    "cannot-change-account-member",
    "customer-cart-has-contact-email",
    "customer-lacks-permissions",
    "customer-last-cart",
    "customer-not-found",
    "customer-token-not-valid",
    "registration-id-taken",
    "store-id-mismatch",
    "type-not-customer",
    # checkout, orders, payments
    "amount-too-high",
    "cart-empty",
    "checkout-of-snapshot",
    "customer-or-contact-required",
    "email-format",
    "order-not-found",
    "order-not-payable",
    "payment-not-processed",
]


@dataclass(frozen=True, slots=True)
class Violation:
    """One place where a request violates the contract.

    `where` is body, path, query or header; `pointer` the JSON pointer in it; `source` the same
    place in the API's notation (`data[0].id`); `error` the id of the error that it causes; `spec`
    the JSON pointer of the violated rule in the contract, with references resolved.
    """

    where: str
    pointer: str
    keyword: str
    message: str
    source: str
    error: str
    spec: str = field(default="", compare=False)

    def to_dict(self) -> dict[str, str]:
        return {
            "where": self.where,
            "pointer": self.pointer,
            "keyword": self.keyword,
            "message": self.message,
            "spec": self.spec,
        }


@dataclass(frozen=True, slots=True)
class ErrorEntry:
    """One error of one operation (of every operation, where `operation` is `*`)."""

    id: str
    operation: str
    status: int
    body: dict[str, Any]
    provenance: str
    trigger: str
    sample: Mapping[str, Any]

    @property
    def error(self) -> dict[str, Any]:
        """The only error object of the body."""
        first: dict[str, Any] = self.body["errors"][0]
        return first

    def render(self, violations: Iterable[Violation] = (), **fields: Any) -> dict[str, Any]:
        """Return the body with `fields` in place of the placeholders.

        The body of `schema-violation` has one error object per violation.
        """
        own = [violation for violation in violations if violation.error == self.id]
        if self.id == "schema-violation" and own:
            return {"errors": [self._violation_error(violation) for violation in own]}
        body = self.body
        for name, sample in self.sample.items():
            if name in fields:
                body = _fill(body, sample, fields[name])
        return body

    def _violation_error(self, violation: Violation) -> dict[str, Any]:
        return {
            "status": self.error["status"],
            "title": violation.keyword,
            "detail": violation.message,
            "source": violation.source,
        }


_NIL_UUID = "00000000-0000-4000-8000-000000000000"
INTERNAL_SERVER_ERROR = ErrorEntry(
    id="internal-server-error",
    operation="*",
    status=500,
    body={
        "errors": [
            {
                "status": 500,
                "title": "Internal Server Error",
                "detail": "There was an internal server error, "
                "you can report with your request id.",
                "request_id": _NIL_UUID,
            }
        ]
    },
    provenance="docs",
    trigger="Something fails inside.",
    sample={"request_id": _NIL_UUID},
)
"""The last resort, for requests to no operation or to one that documents no such error."""


class ApiError(Exception):
    """An error of the error catalog, raised by its id.

    `violations` are its causes; `fields` replace the placeholders of the body.
    """

    def __init__(
        self, error_id: ErrorId, violations: tuple[Violation, ...] = (), **fields: Any
    ) -> None:
        super().__init__(error_id)
        self.id: str = error_id
        self.violations = violations
        self.fields = fields


class AdminError(Exception):
    """An error of the sandbox's own features, such as the admin API, not of the emulated API.

    Its response has the same envelope; the detail suggests a fix.
    """

    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.body = envelope(status=status, title=title, detail=detail)


def envelope(**error: Any) -> dict[str, Any]:
    """Return the API's error body with one error."""
    return {"errors": [error]}


def _fill(node: Any, sample: Any, value: Any) -> Any:
    """Return a copy of a body with each occurrence of a placeholder replaced by a value."""
    if type(node) is type(sample) and node == sample:
        return copy.copy(value)
    if isinstance(node, dict):
        return {key: _fill(item, sample, value) for key, item in node.items()}
    if isinstance(node, list):
        return [_fill(item, sample, value) for item in node]
    if isinstance(node, str) and isinstance(sample, str):
        return node.replace(sample, str(value))
    return node
