"""The type of a cause, and the causes that every operation has (contract.md §2 and §6)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.support.built_in_data import (
    ACCOUNT_TOKEN,
    ADMIN,
    CUSTOMER_TOKEN,
    SHOPPER,
)
from tests.support.openapi_doc import follow, operations
from tests.support.sample_requests import (
    DATA,
    GOOD,
    JSON,
    RESTRICTED,
    RESTRICTED_STATE,
    Request,
)

MAX_BODY_BYTES = 1024 * 1024
MAX_HEADER_BYTES = 32 * 1024
NO_SUCH_ACCOUNT = "a0000000-0000-4000-8000-00000000dead"
NO_SUCH_PRODUCT = "e0000000-0000-4000-8000-00000000dead"
SHIPPING_STATE = str(DATA / "shipping.yaml")
NO_SIGNUP_STATE = str(DATA / "no-signup.yaml")


@dataclass(frozen=True)
class Cause:
    """A request that fails, the ones to send before it, and the fixtures beside the built-in."""

    request: Request
    before: Sequence[Request] = ()
    fixtures: tuple[str, ...] = ()


Causes = Mapping[tuple[str, str], Sequence[Request | Cause]]
"""The causes of some errors, by operation and error id."""

WRONG_BEARERS = ("Bearer no-such-token", "Bearer", "Bearer account-1", "admin", "Basic admin", "")


def common_causes(operation: str) -> dict[str, Sequence[Request | Cause]]:
    """Return the causes that every operation has (contract.md §2 and §6), and those of lists."""
    good = GOOD[operation]
    parameters = {
        follow(parameter)["name"] for parameter in operations()[operation].get("parameters", ())
    }
    anyhow = Request(good.method, good.path, good.headers)
    refused = [
        good.without_header("Authorization"),
        *(good.evolve(headers={"Authorization": text}) for text in WRONG_BEARERS),
    ]
    return {
        "no-such-path": [
            good.evolve(path=f"{good.path}/no/such/path"),
            good.evolve(path="/v3/carts"),
        ],
        "method-not-allowed": [good.evolve(method="PATCH"), good.evolve(method="OPTIONS")],
        "headers-too-large": [good.with_headers(X_Padding="x" * MAX_HEADER_BYTES)],
        "unable-to-validate-access-token": refused,
        "unauthorized": refused,
        "account-token-not-valid": [
            good.evolve(headers={**bearer, ACCOUNT_TOKEN: text})
            for bearer in (SHOPPER, ADMIN)
            for text in ("no-such-token", "Bearer account-1", "shopper")
        ],
        "customer-token-not-valid": [
            good.evolve(headers={**bearer, CUSTOMER_TOKEN: text})
            for bearer in (SHOPPER, ADMIN)
            for text in ("no-such-token", "Bearer customer-1", "account-1", "shopper")
        ],
        "forbidden": [Cause(good.evolve(headers=RESTRICTED), fixtures=(RESTRICTED_STATE,))],
        "payload-too-large": [
            anyhow.evolve(raw=b" " * (MAX_BODY_BYTES + 1), content_type=media_type)
            for media_type in (JSON, "text/plain")
        ],
        "unsupported-media-type": [
            anyhow.evolve(raw="{}", content_type=media_type)
            for media_type in ("text/plain", "application/xml", "application/vnd.api+json")
        ],
        "malformed-json": not_json(anyhow),
        "invalid-json-payload": not_json(anyhow),
        **{
            error: [good.evolve(query={name: value})]
            for name, value, error in (
                ("page[limit]", "101", "schema-violation"),
                ("filter", "anything", "invalid-filter"),
            )
            if name in parameters
        },
    }


def not_json(request: Request) -> list[Request]:
    return [
        request.evolve(raw=raw, content_type=JSON)
        for raw in (
            b"not JSON",
            b'{"data": ',
            b"{'data': {}}",
            b'{"data": {}, "data": {}}',
            b"\xff",
        )
    ]
