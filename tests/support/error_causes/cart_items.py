"""Causes of the errors of cart items."""

from collections.abc import Iterator
from typing import Any

from tests.support.built_in_data import (
    ADAS_ORDER,
    GLOBE,
    ITEM,
    MUG,
    TEN_PERCENT,
    UMBRELLA,
    acting_as,
)
from tests.support.error_causes.common import NO_SUCH_PRODUCT, SHIPPING_STATE, Cause, Causes
from tests.support.sample_requests import (
    A_MUG,
    GOOD,
    GRACE_CART,
    Request,
)

_add = GOOD["manageCarts"]
_update_all = GOOD["bulkUpdateItemsInCart"]
_update_one = GOOD["updateACartItem"]
_promoted = _add.evolve(body={"data": {"type": "promotion_item", "code": TEN_PERCENT}})
_custom_discounts = Request(
    "PUT", GRACE_CART, body={"data": {"discount_settings": {"custom_discounts_enabled": True}}}
)
_in_dollars = "e2000000-0000-4000-8000-000000000001"
_million = 1_000_000


def adding(**item: Any) -> Request:
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
        yield (operation, "cart-currency-mismatch"), [Cause(mismatch, fixtures=(SHIPPING_STATE,))]


CAUSES: Causes = {
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
        adding(id=MUG, quantity=_million + 1),
        Cause(adding(id=MUG), before=[adding(id=MUG, quantity=_million)]),
    ],
    ("manageCarts", "insufficient-stock"): [adding(id=GLOBE), adding(sku="globe")],
    ("manageCarts", "price-not-in-currency"): [
        adding(id=UMBRELLA),
        adding(id=UMBRELLA).with_headers(X_MOLTIN_CURRENCY="GBP"),
        adding(id=UMBRELLA).evolve(path="/v2/carts/free-cart/items"),
    ],
    ("manageCarts", "too-many-items"): [
        Cause(
            _add.evolve(body={"data": _custom("One more")}),
            before=[_add.evolve(body={"data": [_custom(str(number)) for number in range(99)]})],
        )
    ],
    ("manageCarts", "product-not-found"): [adding(id=NO_SUCH_PRODUCT)],
    ("manageCarts", "product-sku-not-found"): [adding(sku="no-such-sku")],
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
    ("manageCarts", "order-not-found"): [
        _add.evolve(body={"data": {"type": "order_items", "order_id": "no-such-order"}}),
        _add.evolve(
            headers=acting_as(2), body={"data": {"type": "order_items", "order_id": ADAS_ORDER}}
        ),
    ],
}
