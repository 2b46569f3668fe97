"""Requests that cause each error of the catalog, without forcing it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tests.support import openapi_doc
from tests.support.built_in_data import (
    ACCOUNT_1,
    ACCOUNT_TOKEN,
    ADAS_ORDER,
    ADMIN,
    CUSTOMER_1,
    CUSTOMER_TOKEN,
    GLOBE,
    GRACES_ORDER,
    ITEM,
    LAMP,
    MEMBER_ADA,
    MEMBER_GRACE,
    MEMBERSHIP_GRACE,
    MUG,
    SHOPPER,
    TEN_PERCENT,
    UMBRELLA,
    acting_as,
    as_customer,
)
from tests.support.owners import ACCOUNTS, CUSTOMERS, Owners
from tests.support.sample_requests import (
    A_MUG,
    ADDRESS,
    CHECKOUT,
    CUSTOMER_SIGN_IN,
    DATA,
    FORM,
    GOOD,
    GRACE_CART,
    GUEST,
    JSON,
    REALM,
    RENAMED,
    RESTRICTED,
    RESTRICTED_STATE,
    SIGN_IN,
    Request,
    belonging,
)

ONLY_ON_DEMAND = frozenset(
    {
        "write-conflict",
        "too-many-requests",
        "internal-server-error",
        "service-unavailable",
        "store-id-mismatch",
    }
)
"""Errors that nothing but asking for them gives (contract.md §6)."""

MAX_BODY_BYTES = 1024 * 1024
MAX_HEADER_BYTES = 32 * 1024
NO_SUCH_ACCOUNT = "a0000000-0000-4000-8000-00000000dead"
NO_SUCH_PRODUCT = "e0000000-0000-4000-8000-00000000dead"
SHIPPING_WORLD = str(DATA / "shipping.yaml")
NO_SIGNUP_WORLD = str(DATA / "no-signup.yaml")


@dataclass(frozen=True)
class Cause:
    """A request that fails, the ones to send before it, and the fixtures beside the built-in."""

    request: Request
    before: Sequence[Request] = ()
    fixtures: tuple[str, ...] = ()


def causes_of(operation: str, error: str) -> Sequence[Cause]:
    """Return the causes of one operation's error; none where no request is known to cause it."""
    given = CAUSES.get((operation, error)) or _common(GOOD[operation]).get(error, ())
    return [each if isinstance(each, Cause) else Cause(each) for each in given]


def _common(good: Request) -> dict[str, Sequence[Request | Cause]]:
    """Return the causes that every operation has (contract.md §2 and §6)."""
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
        "malformed-json": _not_json(anyhow),
        "invalid-json-payload": _not_json(anyhow),
    }


WRONG_BEARERS = ("Bearer no-such-token", "Bearer", "Bearer account-1", "admin", "Basic admin", "")


def _not_json(request: Request) -> list[Request]:
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


def _signing_in(request: Request, **changes: str) -> Request:
    return request.evolve(body={"data": {**SIGN_IN, **changes}})


def _association_causes(
    operation: str, owners: Owners
) -> Iterator[tuple[str, list[Request | Cause]]]:
    good = GOOD[operation]
    kind = owners.kind
    unknown = good.evolve(path=f"/v2/carts/no-such-cart/relationships/{kind}s")
    anothers = good.evolve(path=f"/v2/carts/{owners.anothers_cart}/relationships/{kind}s")

    def bodies(*given: Any) -> list[Request | Cause]:
        return [good.evolve(body=body) for body in given]

    one = {"type": kind, "id": owners.first}
    foreign = ACCOUNT_1 if kind == "customer" else CUSTOMER_1
    yield (
        "invalid-json-payload",
        [
            *_not_json(good.evolve(body=None)),
            *bodies(None, {}, {"data": None}, {"data": one}, one, {"data": kind}, kind, 1),
        ],
    )
    yield (
        f"type-not-{kind}",
        bodies(
            {"data": []},
            [],
            {"data": [{"id": owners.first}]},
            {"data": [{**one, "type": owners.other_kind}]},
            [{**one, "type": kind.title()}],
        ),
    )
    yield "schema-violation", bodies({"data": [{"type": kind}]}, [{"type": kind}])
    two = {"type": kind, "id": owners.second}
    yield f"cannot-associate-more-than-one-{kind}", bodies({"data": [one, two]}, [one, one])
    yield (
        f"{kind}-lacks-permissions",
        [
            good.evolve(headers=SHOPPER),
            good.evolve(headers=owners.acting(2)),
            good.evolve(headers=owners.acting(2, ADMIN)),
            anothers.evolve(headers=owners.acting(1)),
        ],
    )
    yield "cart-not-found", [unknown, unknown.evolve(headers=owners.acting(1))]
    missing = (owners.unknown, f"no-such-{kind}", foreign)
    yield f"{kind}-not-found", bodies(*(owners.naming(owner_id) for owner_id in missing))


_sign_in = GOOD["post-v2-account-members-tokens"]
_sign_up = _signing_in(
    _sign_in,
    authentication_mechanism="self_signup",
    username="new@example.com",
    name="New",
    email="new@example.com",
)
_oauth = GOOD["createAnAccessToken"]
_create = GOOD["createACart"]
_update = GOOD["updateACart"]
_settings = GOOD["put-v2-settings-cart"]
_to_guest = GOOD["createAccountCartAssociation"].evolve(
    path="/v2/carts/contact-cart/relationships/accounts"
)
_customer_to_guest = GOOD["createCustomerCartAssociation"].evolve(
    path="/v2/carts/contact-cart/relationships/customers"
)
_customer = GOOD["createACustomerToken"]
_account = GOOD["post-v2-accounts"]
_registered = {"data": {**RENAMED["data"], "registration_id": "reg-1"}}
_membership = GOOD["post-v2-accounts-accountID-account-memberships"]
_of_membership = "-v2-accounts-accountID-account-memberships-membershipID"
_ada = f"/v2/accounts/{ACCOUNT_1}"
_email = {"name": "Guest", "contact": {"email": "guest@example.com"}}
_past = {"name": "Snapshot", "snapshot_date": "2020-01-01T00:00:00Z"}
_future = {"data": {"snapshot_date": "2030-01-01T00:00:00Z"}}
_unsafe = "/v2/carts/not%20safe"

_add = GOOD["manageCarts"]
_update_all = GOOD["bulkUpdateItemsInCart"]
_update_one = GOOD["updateACartItem"]
_promoted = _add.evolve(body={"data": {"type": "promotion_item", "code": TEN_PERCENT}})
_custom_discounts = Request(
    "PUT", GRACE_CART, body={"data": {"discount_settings": {"custom_discounts_enabled": True}}}
)
_in_dollars = "e2000000-0000-4000-8000-000000000001"
_million = 1_000_000


def _adding(**item: Any) -> Request:
    return _add.evolve(body={"data": {"type": "cart_item", "quantity": 1, **item}})


def _custom(name: str, amount: int = 100) -> dict[str, Any]:
    return {"type": "custom_item", "name": name, "quantity": 1, "price": {"amount": amount}}


def _item_update_causes() -> Iterator[tuple[tuple[str, str], list[Request | Cause]]]:
    """Yield the causes that a change of one item and of several have in common."""
    for operation, path, wrap in (
        ("updateACartItem", f"items/{ITEM}", lambda data: data),
        ("bulkUpdateItemsInCart", "items", lambda data: [{"id": ITEM, **data}]),
    ):
        good = GOOD[operation]

        def sending(good: Request = good, wrap: Any = wrap, **data: Any) -> Request:
            return good.evolve(body={"data": wrap(data)})

        yield (operation, "cart-not-found"), [good.evolve(path=f"/v2/carts/no-such-cart/{path}")]
        yield (operation, "quantity-too-high"), [sending(quantity=_million + 1)]
        yield (operation, "insufficient-stock"), [sending(quantity=6)]
        yield (operation, "shipping-groups-not-found"), [sending(shipping_group_id=_in_dollars)]
        mismatch = sending(shipping_group_id=_in_dollars).evolve(path=f"/v2/carts/in-pounds/{path}")
        yield (operation, "cart-currency-mismatch"), [Cause(mismatch, fixtures=(SHIPPING_WORLD,))]


_checkout = GOOD["checkoutAPI"]
_pay = GOOD["paymentSetup"]
_unknown_order = "/v2/orders/no-such-order"


def _checking_out(**changes: Any) -> Request:
    return _checkout.evolve(body={"data": {**CHECKOUT, **changes}})


def _paying(**changes: Any) -> Request:
    return _pay.evolve(body={"data": {**_pay.body["data"], **changes}})


ORDER_CAUSES: dict[tuple[str, str], Sequence[Request | Cause]] = {
    ("checkoutAPI", "schema-violation"): [
        _checkout.evolve(body={"data": {"customer": GUEST}}),
    ],
    ("checkoutAPI", "email-format"): [
        _checking_out(customer={"name": "Joan", "email": "joan.@example.com"}),
        _checking_out(customer={"name": "Joan", "email": "joan"}),
    ],
    ("checkoutAPI", "customer-or-contact-required"): [
        _checkout.evolve(body={"data": {"billing_address": ADDRESS}}),
        _checkout.evolve(headers=acting_as(1), body={"data": {"billing_address": ADDRESS}}),
        _checkout.evolve(headers=as_customer(1), body={"data": {"billing_address": ADDRESS}}),
    ],
    ("checkoutAPI", "checkout-of-snapshot"): [
        Cause(_checkout, before=[_update.evolve(path=GRACE_CART, body=_future)])
    ],
    ("checkoutAPI", "cart-empty"): [
        _checkout.evolve(path="/v2/carts/free-cart/checkout"),
        Cause(_checkout, before=[GOOD["deleteAllCartItems"]]),
    ],
    ("checkoutAPI", "insufficient-stock"): [
        Cause(_checkout, before=[_adding(id=LAMP, quantity=2), _checkout])
    ],
    ("checkoutAPI", "account-lacks-permissions"): [
        _checking_out(account={"id": ACCOUNT_1}).evolve(headers=acting_as(2)),
        _checking_out(account={"id": ACCOUNT_1}).evolve(headers=as_customer(1)),
    ],
    ("checkoutAPI", "customer-lacks-permissions"): [
        _checking_out(customer={"id": CUSTOMER_1}).evolve(headers=as_customer(2)),
        _checking_out(customer={"id": CUSTOMER_1}).evolve(headers=acting_as(1)),
    ],
    ("checkoutAPI", "cart-not-found"): [_checkout.evolve(path="/v2/carts/no-such-cart/checkout")],
    ("checkoutAPI", "account-not-found"): [
        _checking_out(account={"id": NO_SUCH_ACCOUNT}),
        _checking_out(account={"id": NO_SUCH_ACCOUNT}).evolve(headers=SHOPPER),
    ],
    ("checkoutAPI", "account-member-not-found"): [
        _checking_out(account={"id": ACCOUNT_1, "member_id": member})
        for member in ("no-such-member", MEMBER_GRACE)
    ],
    ("checkoutAPI", "customer-not-found"): [_checking_out(customer={"id": "no-such-customer"})],
    ("manageCarts", "order-not-found"): [
        _add.evolve(body={"data": {"type": "order_items", "order_id": "no-such-order"}}),
        _add.evolve(
            headers=acting_as(2), body={"data": {"type": "order_items", "order_id": ADAS_ORDER}}
        ),
    ],
    ("getCustomerOrders", "schema-violation"): [
        GOOD["getCustomerOrders"].evolve(query={"page[limit]": "101"})
    ],
    ("getCustomerOrders", "invalid-filter"): [
        GOOD["getCustomerOrders"].evolve(query={"filter": "anything"})
    ],
    **{
        (name, "order-not-found"): [
            GOOD[name].evolve(path=f"{_unknown_order}{rest}"),
            GOOD[name].evolve(headers=acting_as(2)),
            GOOD[name].evolve(headers=as_customer(1)),
        ]
        for name, rest in (
            ("getAnOrder", ""),
            ("getOrderItems", "/items"),
            ("paymentSetup", "/payments"),
        )
    },
    **{
        (name, "forbidden"): [
            GOOD[name].evolve(headers=SHOPPER),
            Cause(GOOD[name].evolve(headers=RESTRICTED), fixtures=(RESTRICTED_STATE,)),
        ]
        for name in ("getCustomerOrders", "getAnOrder", "getOrderItems")
    },
    ("paymentSetup", "schema-violation"): [_paying(amount=0)],
    ("paymentSetup", "payment-not-processed"): [
        _paying(gateway="stripe"),
        _paying(method="purchase_setup"),
        _pay.evolve(body={"data": {"gateway": "manual"}}),
    ],
    ("paymentSetup", "order-not-payable"): [
        Cause(_pay, before=[_pay]),
        _pay.evolve(path=f"/v2/orders/{GRACES_ORDER}/payments"),
    ],
    ("paymentSetup", "amount-too-high"): [_paying(amount=3001)],
}
"""Causes that belong to orders."""

CAUSES: dict[tuple[str, str], Sequence[Request | Cause]] = {
    **ORDER_CAUSES,
    **dict(_item_update_causes()),
    ("getCartItems", "schema-violation"): [
        GOOD["getCartItems"].evolve(path="/v2/carts/not%20safe/items")
    ],
    ("manageCarts", "schema-violation"): [
        _add.evolve(body={"data": {"type": "cart_item", "id": MUG}}),
        _add.evolve(body={"data": {"type": "cart_item", "sku": "mug"}}),
    ],
    ("manageCarts", "number-gte"): [_add.evolve(body={"data": _custom("Gift", -100_000)})],
    ("manageCarts", "quantity-too-high"): [
        _adding(id=MUG, quantity=_million + 1),
        Cause(_adding(id=MUG), before=[_adding(id=MUG, quantity=_million)]),
    ],
    ("manageCarts", "insufficient-stock"): [_adding(id=GLOBE), _adding(sku="globe")],
    ("manageCarts", "price-not-in-currency"): [
        _adding(id=UMBRELLA),
        _adding(id=UMBRELLA).with_headers(X_MOLTIN_CURRENCY="GBP"),
        _adding(id=UMBRELLA).evolve(path="/v2/carts/free-cart/items"),
    ],
    ("manageCarts", "too-many-items"): [
        Cause(
            _add.evolve(body={"data": _custom("One more")}),
            before=[_add.evolve(body={"data": [_custom(str(number)) for number in range(99)]})],
        )
    ],
    ("manageCarts", "product-not-found"): [_adding(id=NO_SUCH_PRODUCT)],
    ("manageCarts", "product-sku-not-found"): [_adding(sku="no-such-sku")],
    ("manageCarts", "promotion-not-found"): [
        _add.evolve(body={"data": {"type": "promotion_item", "code": "NO-SUCH-CODE"}}),
        _add.evolve(
            body={
                "data": [A_MUG, {"type": "promotion_item", "code": "NO-SUCH-CODE"}],
                "options": {"add_all_or_nothing": True},
            }
        ),
    ],
    ("manageCarts", "cart-not-found"): [
        _add.evolve(body={"data": {"type": "cart_items", "cart_id": "no-such-cart"}})
    ],
    ("manageCarts", "could-not-apply-promotion"): [Cause(_promoted, before=[_custom_discounts])],
    ("bulkUpdateItemsInCart", "schema-violation"): [
        _update_all.evolve(body={"data": [{"quantity": 1}]})
    ],
    ("bulkUpdateItemsInCart", "items-not-found"): [
        _update_all.evolve(path="/v2/carts/free-cart/items"),
        Cause(_update_all, before=[GOOD["deleteACartItem"]]),
    ],
    ("bulkUpdateItemsInCart", "could-not-apply-promotion"): [
        Cause(_update_all, before=[_promoted, _custom_discounts])
    ],
    ("deleteAllCartItems", "schema-violation"): [
        GOOD["deleteAllCartItems"].evolve(path="/v2/carts/not%20safe/items")
    ],
    ("deleteAllCartItems", "cart-not-found"): [
        GOOD["deleteAllCartItems"].evolve(path="/v2/carts/no-such-cart/items")
    ],
    ("deleteAllCartItems", "could-not-apply-promotion"): [
        Cause(GOOD["deleteAllCartItems"], before=[_promoted, _custom_discounts])
    ],
    ("updateACartItem", "schema-violation"): [
        _update_one.evolve(body={"data": {"quantity": "two"}}),
    ],
    ("updateACartItem", "item-not-found"): [
        _update_one.evolve(path=f"/v2/carts/free-cart/items/{ITEM}")
    ],
    ("deleteACartItem", "schema-violation"): [
        GOOD["deleteACartItem"].evolve(path=f"/v2/carts/not%20safe/items/{ITEM}")
    ],
    ("deleteACartItem", "cart-not-found"): [
        GOOD["deleteACartItem"].evolve(path=f"/v2/carts/no-such-cart/items/{ITEM}")
    ],
    ("deleteACartItem", "item-not-found"): [
        GOOD["deleteACartItem"].evolve(path=f"/v2/carts/free-cart/items/{ITEM}"),
        Cause(GOOD["deleteACartItem"], before=[GOOD["deleteACartItem"]]),
    ],
    ("deleteAPromotionViaPromotionCode", "schema-violation"): [
        GOOD["deleteAPromotionViaPromotionCode"].evolve(path="/v2/carts/not%20safe/discounts/X")
    ],
    ("deleteAPromotionViaPromotionCode", "cart-not-found"): [
        GOOD["deleteAPromotionViaPromotionCode"].evolve(path="/v2/carts/no-such-cart/discounts/X")
    ],
    **{
        (operation, "schema-violation"): [GOOD[operation].evolve(query={"page[limit]": "101"})]
        for operation in (
            "getAllCurrencies",
            "getByContextAllHierarchies",
            "getByContextAllProducts",
        )
    },
    ("getByContextAllProducts", "invalid-filter"): [
        GOOD["getByContextAllProducts"].evolve(query={"filter": "anything"})
    ],
    ("getByContextProduct", "schema-violation"): [
        GOOD["getByContextProduct"].with_headers(X_MOLTIN_CURRENCY="dollars")
    ],
    ("getByContextProduct", "product-not-found"): [
        GOOD["getByContextProduct"].evolve(path=f"/catalog/products/{NO_SUCH_PRODUCT}")
    ],
    ("createAnAccessToken", "bad-request"): [
        _oauth.evolve(body={"client_id": "storefront"}),
        _oauth.evolve(body={"grant_type": "password", "client_id": "storefront"}),
        _oauth.evolve(body={"grant_type": "implicit"}),
        _oauth.evolve(body=None, raw="grant_type=implicit", content_type=FORM),
        _oauth.evolve(body=None),
    ],
    ("createAnAccessToken", "malformed-json"): [  # what is not JSON at all is taken as a form
        _oauth.evolve(raw=raw, content_type=content_type)
        for raw in (b'{"grant_type": ', b"{'grant_type': 'implicit'}", b"[")
        for content_type in (JSON, FORM)
    ],
    ("createAnAccessToken", "wrong-credentials"): [
        _oauth.evolve(body={"grant_type": "implicit", "client_id": "nobody"}),
        _oauth.evolve(body={"grant_type": "implicit", "client_id": "backoffice"}),
        _oauth.evolve(body={"grant_type": "client_credentials", "client_id": "backoffice"}),
        _oauth.evolve(
            raw="grant_type=client_credentials&client_id=backoffice&client_secret=wrong",
            content_type=FORM,
        ),
    ],
    ("post-v2-account-members-tokens", "schema-violation"): [_sign_in.evolve(body={})],
    ("post-v2-account-members-tokens", "wrong-credentials"): [
        _signing_in(_sign_in, password="wrong"),
        _signing_in(_sign_in, username="nobody@example.com"),
        _signing_in(
            _sign_in, authentication_mechanism="passwordless", one_time_password_token="wrong"
        ),
        _signing_in(
            _sign_in,
            authentication_mechanism="oidc",
            oauth_authorization_code="wrong",
            oauth_redirect_uri="http://localhost",
            oauth_code_verifier="verifier",
        ),
    ],
    ("post-v2-account-members-tokens", "account-token-missing"): [
        _signing_in(_sign_in, authentication_mechanism="account_management_authentication_token")
    ],
    ("post-v2-account-members-tokens", "self-signup-disabled"): [
        Cause(_sign_up, fixtures=(NO_SIGNUP_WORLD,))
    ],
    ("post-v2-account-members-tokens", "password-profile-not-found"): [
        _signing_in(_sign_in, password_profile_id=MEMBER_ADA),
        _signing_in(
            _sign_in,
            password_profile_id=MEMBER_ADA,
            authentication_mechanism="passwordless",
            one_time_password_token="ada-code",
        ),
    ],
    ("post-v2-account-members-tokens", "username-taken"): [
        Cause(_sign_up, before=[_sign_up]),
        _sign_up.evolve(body={"data": {**_sign_up.body["data"], "username": "ADA@example.com"}}),
    ],
    ("get-v2-accounts", "schema-violation"): [
        GOOD["get-v2-accounts"].evolve(query={"page[limit]": "101"})
    ],
    ("get-v2-accounts", "forbidden"): [
        GOOD["get-v2-accounts"].evolve(headers=SHOPPER),
        Cause(GOOD["get-v2-accounts"].evolve(headers=RESTRICTED), fixtures=(RESTRICTED_STATE,)),
    ],
    ("get-v2-accounts-accountID", "schema-violation"): [
        GOOD["get-v2-accounts-accountID"].evolve(path="/v2/accounts/ada")
    ],
    ("get-v2-accounts-accountID", "forbidden"): [
        GOOD["get-v2-accounts-accountID"].evolve(headers=SHOPPER),
        GOOD["get-v2-accounts-accountID"].evolve(headers=acting_as(2)),
    ],
    ("get-v2-accounts-accountID", "account-not-found"): [
        GOOD["get-v2-accounts-accountID"].evolve(path=f"/v2/accounts/{NO_SUCH_ACCOUNT}")
    ],
    ("put-v2-settings-cart", "schema-violation"): [_settings.evolve(body={})],
    ("put-v2-settings-cart", "cart-expiry-days-too-high"): [
        _settings.evolve(body={"data": {"cart_expiry_days": 366}})
    ],
    ("put-v2-settings-cart", "cannot-use-both-discounts-together"): [
        _settings.evolve(
            body={
                "data": {
                    "discounts": {"custom_discounts_enabled": True, "use_rule_promotions": True}
                }
            }
        ),
        Cause(
            _settings.evolve(body={"data": {"discounts": {"custom_discounts_enabled": True}}}),
            before=[_settings.evolve(body={"data": {"discounts": {"use_rule_promotions": True}}})],
        ),
    ],
    ("getCarts", "schema-violation"): [GOOD["getCarts"].evolve(query={"page[limit]": "101"})],
    ("getCarts", "invalid-filter"): [GOOD["getCarts"].evolve(query={"filter": "anything"})],
    ("getCarts", "forbidden"): [
        GOOD["getCarts"].evolve(headers=SHOPPER),
        Cause(GOOD["getCarts"].evolve(headers=RESTRICTED), fixtures=(RESTRICTED_STATE,)),
    ],
    ("createACart", "schema-violation"): [
        _create.evolve(body={"data": {}}),
        _create.evolve(
            body={"description": "bare attributes are accepted, but not without a name"}
        ),
    ],
    ("createACart", "invalid-snapshot-date"): [_create.evolve(body={"data": _past})],
    ("createACart", "cart-already-exists"): [
        _create.evolve(body={"data": {"id": "free-cart", "name": "Again"}}),
        Cause(
            _create.evolve(body={"data": {"id": "my-cart", "name": "Second"}}, headers=SHOPPER),
            before=[_create.evolve(body={"data": {"id": "my-cart", "name": "First"}})],
        ),
    ],
    ("createACart", "cart-has-contact-email"): [
        _create.evolve(body={"data": _email}, headers=acting_as(1))
    ],
    ("getACart", "schema-violation"): [
        GOOD["getACart"].evolve(path=_unsafe),
        GOOD["getACart"].evolve(path="/v2/carts/caf%C3%A9"),
        GOOD["getACart"].evolve(path="/v2/carts/line%0A"),
    ],
    ("updateACart", "schema-violation"): [_update.evolve(body={"data": {"name": 1}})],
    ("updateACart", "invalid-snapshot-date"): [_update.evolve(body={"data": _past})],
    ("updateACart", "cannot-remove-snapshot-date"): [
        Cause(
            _update.evolve(body={"data": {"snapshot_date": None}}),
            before=[_update.evolve(body=_future)],
        )
    ],
    ("updateACart", "cart-not-found"): [_update.evolve(path="/v2/carts/no-such-cart")],
    ("updateACart", "cart-has-contact-email"): [
        _update.evolve(path="/v2/carts/ada-cart", body={"data": _email})
    ],
    ("deleteACart", "schema-violation"): [GOOD["deleteACart"].evolve(path=_unsafe)],
    ("deleteACart", "last-cart"): [GOOD["deleteACart"].evolve(path="/v2/carts/hedy-only-cart")],
    ("deleteACart", "cart-not-found"): [
        GOOD["deleteACart"].evolve(path="/v2/carts/no-such-cart"),
        Cause(GOOD["deleteACart"], before=[GOOD["deleteACart"]]),
    ],
    ("createAccountCartAssociation", "cart-has-contact-email"): [
        _to_guest,
        _to_guest.evolve(headers=acting_as(1)),
    ],
    **{
        (f"{verb}{owners.kind.title()}CartAssociation", error): causes
        for owners in (ACCOUNTS, CUSTOMERS)
        for verb in ("create", "delete")
        for error, causes in _association_causes(
            f"{verb}{owners.kind.title()}CartAssociation", owners
        )
    },
    ("createCustomerCartAssociation", "customer-cart-has-contact-email"): [
        _customer_to_guest,
        _customer_to_guest.evolve(headers=as_customer(1)),
    ],
    ("createACart", "customer-cart-has-contact-email"): [
        _create.evolve(body={"data": _email}, headers=as_customer(1))
    ],
    ("updateACart", "customer-cart-has-contact-email"): [
        _update.evolve(path="/v2/carts/alan-cart", body={"data": _email})
    ],
    ("deleteACart", "customer-last-cart"): [
        GOOD["deleteACart"].evolve(path="/v2/carts/barbara-only-cart")
    ],
    ("getAllPasswordProfiles", "schema-violation"): [
        GOOD["getAllPasswordProfiles"].evolve(query={"page[limit]": "101"})
    ],
    ("createOneTimePasswordTokenRequest", "schema-violation"): [
        GOOD["createOneTimePasswordTokenRequest"].evolve(body={})
    ],
    ("createOneTimePasswordTokenRequest", "password-profile-not-found"): [
        GOOD["createOneTimePasswordTokenRequest"].evolve(
            path=f"{REALM}/password-profiles/mine/one-time-password-token-request"
        )
    ],
    **{
        (operation, "authentication-realm-not-found"): [
            GOOD[operation].evolve(path=GOOD[operation].path.replace(REALM, f"{REALM[:-1]}9"))
        ]
        for operation in ("getAllPasswordProfiles", "createOneTimePasswordTokenRequest")
    },
    ("createACustomerToken", "schema-violation"): [
        _customer.evolve(body={"data": {"type": "token", "password": "alan-password"}})
    ],
    ("createACustomerToken", "wrong-credentials"): [
        _customer.evolve(body={"data": {**CUSTOMER_SIGN_IN, "password": "wrong"}}),
        _customer.evolve(body={"data": {**CUSTOMER_SIGN_IN, "email": "nobody@example.com"}}),
    ],
    ("get-v2-accounts", "invalid-filter"): [
        GOOD["get-v2-accounts"].evolve(query={"filter": "anything"})
    ],
    **{
        (operation, "invalid-filter"): [GOOD[operation].evolve(query={"filter": "anything"})]
        for operation in GOOD
        if operation.startswith("get") and operation.endswith(("members", "memberships"))
    },
    **{
        (operation, "schema-violation"): [GOOD[operation].evolve(query={"page[limit]": "101"})]
        for operation in GOOD
        if operation.startswith("get") and operation.endswith(("members", "memberships"))
    },
    **{
        (operation, "schema-violation"): [GOOD[operation].evolve(body={})]
        for operation in GOOD
        if operation.startswith(("post-v2-accounts", "put-v2-account"))
    },
    **{
        (operation, "schema-violation"): [GOOD[operation].evolve(path=path)]
        for operation, path in (
            ("delete-v2-accounts-accountID", "/v2/accounts/ada"),
            (f"get{_of_membership}", f"/v2/accounts/ada/account-memberships/{MEMBERSHIP_GRACE}"),
            (f"delete{_of_membership}", f"/v2/accounts/ada/account-memberships/{MEMBERSHIP_GRACE}"),
            ("get-v2-account-members-accountMemberID", "/v2/account-members/ada"),
        )
    },
    **{
        (operation, "account-not-found"): [
            GOOD[operation].evolve(path=GOOD[operation].path.replace(ACCOUNT_1, NO_SUCH_ACCOUNT))
        ]
        for operation in GOOD
        if "/{accountID}" in openapi_doc.operations()[operation]["path"]
    },
    ("post-v2-accounts", "account-not-found"): [
        _account.evolve(body={"data": {**RENAMED["data"], "parent_id": NO_SUCH_ACCOUNT}})
    ],
    **{
        (operation, "account-name-empty"): [
            GOOD[operation].evolve(body={"data": {"type": "account", "name": ""}})
        ]
        for operation in ("post-v2-accounts", "put-v2-accounts-accountID")
    },
    **{
        (operation, "registration-id-taken"): [
            Cause(
                GOOD[operation].evolve(body=_registered),
                before=[_account.evolve(body=_registered)],
            )
        ]
        for operation in ("post-v2-accounts", "put-v2-accounts-accountID")
    },
    **{
        (operation, "account-member-not-found"): [
            GOOD[operation].evolve(path=GOOD[operation].path.replace(MEMBER_ADA, ACCOUNT_1))
        ]
        for operation in GOOD
        if "{accountMember" in openapi_doc.operations()[operation]["path"]
    },
    **{
        (f"{method}{_of_membership}", "account-membership-not-found"): [
            GOOD[f"{method}{_of_membership}"].evolve(path=f"{_ada}/account-memberships/{other}")
            for other in (MEMBERSHIP_GRACE, NO_SUCH_ACCOUNT)
        ]
        for method in ("get", "put", "delete")
    },
    (f"put{_of_membership}", "cannot-change-account-member"): [
        GOOD[f"put{_of_membership}"].evolve(body=belonging(MEMBER_GRACE))
    ],
    ("post-v2-accounts-accountID-account-memberships", "account-membership-exists"): [
        _membership.evolve(body=belonging(MEMBER_ADA)),
        Cause(_membership, before=[_membership]),
    ],
    ("post-v2-accounts-accountID-account-memberships", "account-member-not-found"): [
        _membership.evolve(body=belonging(ACCOUNT_1))
    ],
}
