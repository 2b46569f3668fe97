"""The two kinds of owners of carts, accounts and customers, for tests that hold for both."""

from dataclasses import dataclass
from typing import Any

import yaml

from mockserver.core.config import resource
from tests.support.built_in_data import (
    ACCOUNT_1,
    ACCOUNT_2,
    ACCOUNT_3,
    CUSTOMER_1,
    CUSTOMER_2,
    SHOPPER,
    acting_as,
    as_customer,
)


@dataclass(frozen=True)
class Owners:
    """A kind of owner of carts. The third customer is in `customers_data` only."""

    kind: str
    other_kind: str
    first: str
    second: str
    third: str
    unknown: str
    anothers_cart: str
    """A cart of the built-in data that only the second one owns."""

    @property
    def ids(self) -> tuple[str, str, str]:
        return self.first, self.second, self.third

    def acting(self, number: int, bearer: dict[str, str] = SHOPPER) -> dict[str, str]:
        """Return the headers of a caller with the static token of the first, second or third."""
        return (acting_as if self.kind == "account" else as_customer)(number, bearer)

    def naming(self, *ids: str) -> dict[str, Any]:
        """Return the body of an association."""
        return {"data": [{"type": self.kind, "id": owner_id} for owner_id in ids]}


ACCOUNTS = Owners(
    "account",
    "customer",
    ACCOUNT_1,
    ACCOUNT_2,
    ACCOUNT_3,
    "a0000000-0000-4000-8000-00000000dead",
    "grace-cart",
)
CUSTOMERS = Owners(
    "customer",
    "account",
    CUSTOMER_1,
    CUSTOMER_2,
    "f0000000-0000-4000-8000-000000000003",
    "f0000000-0000-4000-8000-00000000dead",
    "barbara-only-cart",
)


def customers_data() -> str:
    """Return the built-in data as YAML, with the accounts' carts given to customers."""
    data = yaml.safe_load(resource("fixtures/default.yaml").read_text("utf-8"))
    third = {"id": CUSTOMERS.third, "name": "Third", "email": "3@example.com"}
    data["customers"].append(third)
    data["customer_tokens"].append({"token": "customer-3", "customer_id": third["id"]})
    customer_of = dict(zip(ACCOUNTS.ids, CUSTOMERS.ids, strict=True))
    data["carts"] = [cart for cart in data["carts"] if "customer_ids" not in cart]
    for cart in data["carts"]:
        if "account_ids" in cart:
            cart["customer_ids"] = [customer_of[owner] for owner in cart.pop("account_ids")]
    return yaml.safe_dump(data, sort_keys=False)
