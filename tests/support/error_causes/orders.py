"""Causes of the errors of checkout, orders and payments."""

from typing import Any

from tests.support.built_in_data import (
    ACCOUNT_1,
    CUSTOMER_1,
    GRACES_ORDER,
    LAMP,
    MEMBER_GRACE,
    SHOPPER,
    acting_as,
    as_customer,
)
from tests.support.error_causes.cart_items import adding
from tests.support.error_causes.carts import FUTURE
from tests.support.error_causes.common import NO_SUCH_ACCOUNT, Cause, Causes
from tests.support.sample_requests import (
    ADDRESS,
    CHECKOUT,
    GOOD,
    GRACE_CART,
    GUEST,
    RESTRICTED,
    RESTRICTED_STATE,
    Request,
)

_checkout = GOOD["checkoutAPI"]
_pay = GOOD["paymentSetup"]
_unknown_order = "/v2/orders/no-such-order"


def _checkout_with(**changes: Any) -> Request:
    return _checkout.evolve(body={"data": {**CHECKOUT, **changes}})


def _pay_with(**changes: Any) -> Request:
    return _pay.evolve(body={"data": {**_pay.body["data"], **changes}})


CAUSES: Causes = {
    ("checkoutAPI", "schema-violation"): [
        _checkout.evolve(body={"data": {"customer": GUEST}}),
    ],
    ("checkoutAPI", "email-format"): [
        _checkout_with(customer={"name": "Joan", "email": "joan.@example.com"}),
        _checkout_with(customer={"name": "Joan", "email": "joan"}),
    ],
    ("checkoutAPI", "customer-or-contact-required"): [
        _checkout.evolve(body={"data": {"billing_address": ADDRESS}}),
        _checkout.evolve(headers=acting_as(1), body={"data": {"billing_address": ADDRESS}}),
        _checkout.evolve(headers=as_customer(1), body={"data": {"billing_address": ADDRESS}}),
    ],
    ("checkoutAPI", "checkout-of-snapshot"): [
        Cause(_checkout, before=[GOOD["updateACart"].evolve(path=GRACE_CART, body=FUTURE)])
    ],
    ("checkoutAPI", "cart-empty"): [
        _checkout.evolve(path="/v2/carts/free-cart/checkout"),
        Cause(_checkout, before=[GOOD["deleteAllCartItems"]]),
    ],
    ("checkoutAPI", "insufficient-stock"): [
        Cause(_checkout, before=[adding(id=LAMP, quantity=2), _checkout])
    ],
    ("checkoutAPI", "account-lacks-permissions"): [
        _checkout_with(account={"id": ACCOUNT_1}).evolve(headers=acting_as(2)),
        _checkout_with(account={"id": ACCOUNT_1}).evolve(headers=as_customer(1)),
    ],
    ("checkoutAPI", "customer-lacks-permissions"): [
        _checkout_with(customer={"id": CUSTOMER_1}).evolve(headers=as_customer(2)),
        _checkout_with(customer={"id": CUSTOMER_1}).evolve(headers=acting_as(1)),
    ],
    ("checkoutAPI", "cart-not-found"): [_checkout.evolve(path="/v2/carts/no-such-cart/checkout")],
    ("checkoutAPI", "account-not-found"): [
        _checkout_with(account={"id": NO_SUCH_ACCOUNT}),
        _checkout_with(account={"id": NO_SUCH_ACCOUNT}).evolve(headers=SHOPPER),
    ],
    ("checkoutAPI", "account-member-not-found"): [
        _checkout_with(account={"id": ACCOUNT_1, "member_id": member})
        for member in ("no-such-member", MEMBER_GRACE)
    ],
    ("checkoutAPI", "customer-not-found"): [_checkout_with(customer={"id": "no-such-customer"})],
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
    ("paymentSetup", "schema-violation"): [_pay_with(amount=0)],
    ("paymentSetup", "payment-not-processed"): [
        _pay_with(gateway="stripe"),
        _pay_with(method="purchase_setup"),
        _pay.evolve(body={"data": {"gateway": "manual"}}),
    ],
    ("paymentSetup", "order-not-payable"): [
        Cause(_pay, before=[_pay]),
        _pay.evolve(path=f"/v2/orders/{GRACES_ORDER}/payments"),
    ],
    ("paymentSetup", "amount-too-high"): [_pay_with(amount=3001)],
}
