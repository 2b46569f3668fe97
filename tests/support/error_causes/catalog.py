"""Causes of the errors of the catalog."""

from tests.support.error_causes.common import NO_SUCH_PRODUCT, Causes
from tests.support.sample_requests import (
    GOOD,
)

CAUSES: Causes = {
    ("getByContextProduct", "schema-violation"): [
        GOOD["getByContextProduct"].with_headers(X_MOLTIN_CURRENCY="dollars")
    ],
    ("getByContextProduct", "product-not-found"): [
        GOOD["getByContextProduct"].evolve(path=f"/catalog/products/{NO_SUCH_PRODUCT}")
    ],
}
