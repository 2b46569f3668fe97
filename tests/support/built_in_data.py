"""Names of the built-in data (contract.md §7), as the tests write them."""

SHOPPER = {"Authorization": "Bearer shopper"}
ADMIN = {"Authorization": "Bearer admin"}
ACCOUNT_TOKEN = "EP-Account-Management-Authentication-Token"
ACCOUNT_1, ACCOUNT_2, ACCOUNT_3 = (f"a0000000-0000-4000-8000-00000000000{n}" for n in (1, 2, 3))
MEMBER_ADA, MEMBER_GRACE, MEMBER_HEDY = (
    f"c0000000-0000-4000-8000-00000000000{n}" for n in (1, 2, 3)
)
CUSTOMER_TOKEN = "X-Moltin-Customer-Token"
CUSTOMER_1, CUSTOMER_2 = (f"f0000000-0000-4000-8000-00000000000{n}" for n in (1, 2))
MEMBERSHIP_ADA, MEMBERSHIP_GRACE = (f"ca000000-0000-4000-8000-00000000000{n}" for n in (1, 2))
PROFILE = "b0000000-0000-4000-8000-000000000001"
MUG, NOTEBOOK, KEYBOARD, LAMP, GLOBE, UMBRELLA = (
    f"e0000000-0000-4000-8000-00000000000{n}" for n in range(1, 7)
)
ITEM = "e1000000-0000-4000-8000-000000000001"
"""The only item of the built-in data: two lamps in grace-cart."""
ADAS_ORDER, GRACES_ORDER, ALANS_ORDER = (
    f"01000000-0000-4000-8000-00000000000{n}" for n in (1, 2, 3)
)
"""The orders of the built-in data: unpaid, paid, and a customer's unpaid one."""
TEN_PERCENT, FIVE_OFF = "TEN-PERCENT", "FIVE-OFF"
NEW_YEAR = 1_767_225_600_000
"""2026-01-01T00:00:00Z, in milliseconds since 1970."""


def acting_as(number: int, bearer: dict[str, str] = SHOPPER) -> dict[str, str]:
    """Return the headers of a caller with the static token of account 1, 2 or 3."""
    return {**bearer, ACCOUNT_TOKEN: f"account-{number}"}


def as_customer(number: int, bearer: dict[str, str] = SHOPPER) -> dict[str, str]:
    """Return the headers of a caller with the static token of customer 1 or 2."""
    return {**bearer, CUSTOMER_TOKEN: f"customer-{number}"}


def naming_customers(*customer_ids: str) -> dict[str, object]:
    """Return the body of a customer's association."""
    return {"data": [{"type": "customer", "id": customer_id} for customer_id in customer_ids]}


def naming(*account_ids: str) -> dict[str, object]:
    """Return the body of an association."""
    return {"data": [{"type": "account", "id": account_id} for account_id in account_ids]}
