"""One valid request for each operation, as a value of which tests make invalid ones."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.built_in_data import (
    ACCOUNT_1,
    ADAS_ORDER,
    ADMIN,
    CUSTOMER_1,
    ITEM,
    MEMBER_ADA,
    MEMBER_HEDY,
    MEMBERSHIP_ADA,
    MUG,
    PROFILE,
    TEN_PERCENT,
    naming,
    naming_customers,
)
from tests.support.openapi_doc import operations

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
DATA = Path(__file__).parent / "data"
RESTRICTED = {"Authorization": "Bearer restricted"}
RESTRICTED_STATE = str(DATA / "restricted.yaml")


@dataclass(frozen=True)
class Request:
    """One request. `body` is sent as JSON; `raw` as it is, with `content_type`."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=lambda: ADMIN)
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    raw: str | bytes | None = None
    content_type: str | None = None

    def sent_by(self, client: FlaskClient) -> TestResponse:
        content: dict[str, Any] = (
            {"json": self.body}
            if self.raw is None and self.body is not None
            else {"data": self.raw, "content_type": self.content_type}
        )
        return client.open(
            self.path,
            method=self.method,
            headers=dict(self.headers),
            query_string=dict(self.query),
            **content,
        )

    def evolve(self, **changes: Any) -> "Request":
        return replace(self, **changes)

    def with_headers(self, **headers: str) -> "Request":
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.evolve(headers={**self.headers, **named})

    def without_header(self, name: str) -> "Request":
        return self.evolve(headers={k: v for k, v in self.headers.items() if k != name})


SIGN_IN = {
    "type": "account_management_authentication_token",
    "authentication_mechanism": "password",
    "password_profile_id": PROFILE,
    "username": "ada@example.com",
    "password": "ada-password",
}
TOKENS = "/v2/account-members/tokens"
CART_SETTINGS = "/v2/settings/cart"
FREE_CART = "/v2/carts/free-cart"
ASSOCIATIONS = f"{FREE_CART}/relationships/accounts"
GRACE_CART = "/v2/carts/grace-cart"
ITEMS = f"{GRACE_CART}/items"
A_MUG = {"type": "cart_item", "id": MUG, "quantity": 1}
CUSTOMER_ASSOCIATIONS = f"{FREE_CART}/relationships/customers"
REALM = "/v2/authentication-realms/d0000000-0000-4000-8000-000000000002"
ONE_TIME_PASSWORD = {
    "type": "one_time_password_token_request",
    "username": "ada@example.com",
    "purpose": "passwordless_authentication",
}
ADA = f"/v2/accounts/{ACCOUNT_1}"
MEMBERSHIPS = f"{ADA}/account-memberships"
ADAS_MEMBERSHIP = f"{MEMBERSHIPS}/{MEMBERSHIP_ADA}"
ADA_HERSELF = f"/v2/account-members/{MEMBER_ADA}"
RENAMED = {"data": {"type": "account", "name": "Renamed"}}


def belonging(member_id: str) -> dict[str, object]:
    """Return the body of a membership."""
    return {"data": {"type": "account_membership", "account_member_id": member_id}}


CUSTOMER_SIGN_IN = {"type": "token", "email": "alan@example.com", "password": "alan-password"}

ADDRESS = {
    "first_name": "Joan",
    "last_name": "Clarke",
    "line_1": "1 Sherwood Drive",
    "postcode": "MK3 6DX",
    "county": "Buckinghamshire",
    "country": "GB",
}
GUEST = {"name": "Joan Clarke", "email": "joan@example.com"}
CHECKOUT = {"customer": GUEST, "billing_address": ADDRESS}

GOOD = {
    **{
        name: Request(spec["method"], spec["path"])
        for name, spec in operations().items()
        if "{" not in spec["path"] and "requestBody" not in spec
    },
    "createAnAccessToken": Request(
        "POST",
        "/oauth/access_token",
        {},
        body={"grant_type": "implicit", "client_id": "storefront"},
    ),
    "post-v2-account-members-tokens": Request("POST", TOKENS, body={"data": SIGN_IN}),
    "get-v2-accounts-accountID": Request("GET", f"/v2/accounts/{ACCOUNT_1}"),
    "put-v2-settings-cart": Request("PUT", CART_SETTINGS, body={"data": {"cart_expiry_days": 14}}),
    "createACart": Request("POST", "/v2/carts", body={"data": {"name": "New"}}),
    "getACart": Request("GET", FREE_CART),
    "updateACart": Request("PUT", FREE_CART, body={"data": {"name": "Renamed"}}),
    "deleteACart": Request("DELETE", FREE_CART),
    "createAccountCartAssociation": Request("POST", ASSOCIATIONS, body=naming(ACCOUNT_1)),
    "deleteAccountCartAssociation": Request("DELETE", ASSOCIATIONS, body=naming(ACCOUNT_1)),
    "getCartItems": Request("GET", ITEMS),
    "manageCarts": Request("POST", ITEMS, body={"data": A_MUG}),
    "bulkUpdateItemsInCart": Request("PUT", ITEMS, body={"data": [{"id": ITEM, "quantity": 3}]}),
    "deleteAllCartItems": Request("DELETE", ITEMS),
    "updateACartItem": Request("PUT", f"{ITEMS}/{ITEM}", body={"data": {"quantity": 3}}),
    "deleteACartItem": Request("DELETE", f"{ITEMS}/{ITEM}"),
    "deleteAPromotionViaPromotionCode": Request("DELETE", f"{GRACE_CART}/discounts/{TEN_PERCENT}"),
    "getByContextProduct": Request("GET", f"/catalog/products/{MUG}"),
    "createCustomerCartAssociation": Request(
        "POST", CUSTOMER_ASSOCIATIONS, body=naming_customers(CUSTOMER_1)
    ),
    "deleteCustomerCartAssociation": Request(
        "DELETE", CUSTOMER_ASSOCIATIONS, body=naming_customers(CUSTOMER_1)
    ),
    "createACustomerToken": Request(
        "POST", "/v2/customers/tokens", body={"data": CUSTOMER_SIGN_IN}
    ),
    "getAllPasswordProfiles": Request("GET", f"{REALM}/password-profiles"),
    "createOneTimePasswordTokenRequest": Request(
        "POST",
        f"{REALM}/password-profiles/{PROFILE}/one-time-password-token-request",
        body={"data": ONE_TIME_PASSWORD},
    ),
    "post-v2-accounts": Request("POST", "/v2/accounts", body=RENAMED),
    "put-v2-accounts-accountID": Request("PUT", ADA, body=RENAMED),
    "delete-v2-accounts-accountID": Request("DELETE", ADA),
    "get-v2-account-members-accountMemberID": Request("GET", ADA_HERSELF),
    "put-v2-account-members-accountMemberID": Request(
        "PUT", ADA_HERSELF, body={"data": {"type": "account_member"}}
    ),
    "get-v2-accounts-accountID-account-memberships": Request("GET", MEMBERSHIPS),
    "post-v2-accounts-accountID-account-memberships": Request(
        "POST", MEMBERSHIPS, body=belonging(MEMBER_HEDY)
    ),
    "get-v2-accounts-accountID-account-memberships-unassigned-account-members": Request(
        "GET", f"{MEMBERSHIPS}/unassigned-account-members"
    ),
    "get-v2-accounts-accountID-account-memberships-membershipID": Request("GET", ADAS_MEMBERSHIP),
    "put-v2-accounts-accountID-account-memberships-membershipID": Request(
        "PUT", ADAS_MEMBERSHIP, body=belonging(MEMBER_ADA)
    ),
    "delete-v2-accounts-accountID-account-memberships-membershipID": Request(
        "DELETE", ADAS_MEMBERSHIP
    ),
    "get-v2-account-members-accountMemberId-account-memberships": Request(
        "GET", f"{ADA_HERSELF}/account-memberships"
    ),
    "checkoutAPI": Request("POST", f"{GRACE_CART}/checkout", body={"data": CHECKOUT}),
    "getAnOrder": Request("GET", f"/v2/orders/{ADAS_ORDER}"),
    "getOrderItems": Request("GET", f"/v2/orders/{ADAS_ORDER}/items"),
    "paymentSetup": Request(
        "POST",
        f"/v2/orders/{ADAS_ORDER}/payments",
        body={"data": {"gateway": "manual", "method": "purchase"}},
    ),
}
"""A request that succeeds, for each operation: listed if it has path parameters or a body."""
if missing := operations().keys() - GOOD.keys():
    raise LookupError(f"tests/support/sample_requests.py: GOOD lacks {', '.join(sorted(missing))}")
WITH_BODY = [name for name, request in GOOD.items() if request.body is not None]
