"""Properties of items: of prices as pure functions, and of carts over thousands of random steps.

The model of a cart is a plain list of what is in it. After every step the cart is compared with
it, so that a request that fails and changes something is found too.
"""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from mockserver.app import create_app
from mockserver.core.config import Config
from mockserver.operations.pricing import Amounts, price_items, total
from mockserver.store.entities import CartItem, Price, Promotion
from tests.support.built_in_data import (
    FIVE_OFF,
    GLOBE,
    KEYBOARD,
    LAMP,
    MUG,
    NEW_YEAR,
    TEN_PERCENT,
    UMBRELLA,
)
from tests.support.carts import cart, custom, look_in, product, promotion, put_in, send
from tests.support.contract import CONTRACT
from tests.support.examples import examples

# --- prices


@st.composite
def items(draw: st.DrawFn) -> CartItem:
    """A product, taxed or not, or a promotion."""
    if draw(st.integers(0, 3)) == 0:
        percent = draw(st.none() | st.integers(1, 100))
        amount = {} if percent else {"USD": draw(st.integers(0, 10**6))}
        code = draw(st.sampled_from("ABC"))
        off = Promotion(code, code, code, percent, amount)
        return CartItem(code, "promotion_item", code, "", code, 1, 0, 0, promotion=off)
    price = Price(draw(st.integers(0, 10**9)), draw(st.booleans()))
    rate = draw(st.sampled_from([0, 0, 700, 825, 2000, 10_000]))
    return CartItem(
        "i",
        "cart_item",
        "Thing",
        "",
        "sku",
        draw(st.integers(1, 10**6)),
        0,
        0,
        currency="USD",
        price=price,
        product_id="p",
        tax_basis_points=rate,
    )


PROPERTY = settings(max_examples=examples(400), derandomize=True, deadline=None, database=None)


@PROPERTY
@given(st.lists(items(), max_size=12))
def test_the_totals_are_the_sums_over_the_items(cart_items: list[CartItem]) -> None:
    priced_items = price_items(cart_items)
    amounts = total(priced_items)
    for name in ("with_tax", "without_tax", "tax", "discount", "without_discount"):
        assert getattr(amounts, name) == sum(
            getattr(priced.amounts, name) for priced in priced_items
        )
    assert amounts.with_tax == amounts.without_tax + amounts.tax


@PROPERTY
@given(st.lists(items(), max_size=12))
def test_nothing_is_ever_below_zero(cart_items: list[CartItem]) -> None:
    for priced in price_items(cart_items):
        amounts = priced.amounts
        assert min(amounts.with_tax, amounts.without_tax, amounts.tax) >= 0
        assert -amounts.without_discount <= amounts.discount <= 0


@PROPERTY
@given(st.lists(items(), max_size=12))
def test_promotions_discount_what_the_items_lack(cart_items: list[CartItem]) -> None:
    priced_items = price_items(cart_items)
    discount = sum(
        share for priced in priced_items if priced.item.promotion for _, share in priced.discounts
    )
    assert discount == -total(priced_items).discount
    for priced in priced_items:
        if priced.item.promotion is None:
            assert sum(share for _, share in priced.discounts) == -priced.amounts.discount
        else:
            assert priced.amounts == Amounts()


@PROPERTY
@given(st.lists(items().filter(lambda item: item.promotion is None), max_size=12))
def test_without_promotions_an_item_costs_the_same_in_any_cart(cart_items: list[CartItem]) -> None:
    alone = [price_items([item])[0].amounts for item in cart_items]
    assert [priced.amounts for priced in price_items(cart_items)] == alone


# --- carts

CARTS = st.sampled_from(["one", "two", "three"])
PRODUCTS = {MUG: None, KEYBOARD: None, LAMP: 5, GLOBE: 0}
"""The stock of each; None where it is not managed."""
INPUTS = st.sampled_from([None, {"text": "A"}, {"text": "B"}])
Key = tuple[str, str | None]
"""A product with its text, a custom item's SKU, or a promotion's code."""


@st.composite
def things(draw: st.DrawFn) -> tuple[Key, int, dict[str, Any]]:
    """Something to add: its key, its quantity, and how a request says it."""
    quantity = draw(st.integers(1, 4))
    kind = draw(st.integers(0, 5))
    if kind == 0:
        code = draw(st.sampled_from([TEN_PERCENT, FIVE_OFF, "NO-SUCH-CODE"]))
        return (code, None), 1, promotion(code)
    if kind == 1:
        sku = draw(st.sampled_from(["wrap", "gift"]))
        return (sku, None), quantity, custom(sku, 300, quantity, sku=sku)
    inputs = draw(INPUTS)
    chosen = draw(st.sampled_from([*PRODUCTS, MUG, LAMP, UMBRELLA, "no-such-product"]))
    more = {"custom_inputs": inputs} if inputs else {}
    key = (chosen, inputs["text"] if inputs else None)
    return key, quantity, product(chosen, quantity, **more)


Held = dict[Key, int]


def added(held: Held, key: Key, quantity: int) -> Held | None:
    """What a cart holds after an addition; None where it is refused."""
    name = key[0]
    if name in ("NO-SUCH-CODE", UMBRELLA, "no-such-product"):
        return None
    after = {**held, key: held.get(key, 0) + quantity}
    if name in (TEN_PERCENT, FIVE_OFF):
        after[key] = 1
    stock = PRODUCTS.get(name)
    if (
        stock is not None
        and sum(n for (product_id, _), n in after.items() if product_id == name) > stock
    ):
        return None
    return after


def key_of(item: dict[str, Any]) -> Key:
    inputs = item.get("custom_inputs", {})
    return item.get("product_id", item["sku"]), inputs.get("text")


class CartItemMachine(RuleBasedStateMachine):
    """`carts` is the model: what each cart holds, in its order."""

    app: Flask
    steps = 0

    def __init__(self) -> None:
        super().__init__()
        self.client: FlaskClient = self.app.test_client()
        self.carts: dict[str, Held] = {}

    @initialize()
    def start(self) -> None:
        self.app.extensions["sandbox"].reset()
        self.carts = {"one": {}, "two": {}, "three": {}}

    @rule(cart_id=CARTS, thing=things())
    def add_one(self, cart_id: str, thing: tuple[Key, int, dict[str, Any]]) -> None:
        key, quantity, data = thing
        after = added(self.carts[cart_id], key, quantity)
        answer = send(self.client, "POST", cart_id, data)
        assert answer.status_code == 201 if after is not None else 400 <= answer.status_code < 405
        self.carts[cart_id] = self.carts[cart_id] if after is None else after

    @rule(cart_id=CARTS, several=st.lists(things(), max_size=5), whole=st.booleans())
    def add_several(
        self, cart_id: str, several: list[tuple[Key, int, dict[str, Any]]], whole: bool
    ) -> None:
        held, refused = self.carts[cart_id], 0
        for key, quantity, _ in several:
            after = added(held, key, quantity)
            held, refused = (held, refused + 1) if after is None else (after, refused)
        data = [data for _, _, data in several]
        answer = send(self.client, "POST", cart_id, data, add_all_or_nothing=whole)
        if whole and refused:
            assert answer.status_code in (400, 404)
            return
        assert answer.status_code == 201
        assert len(answer.get_json().get("errors", ())) == refused
        self.carts[cart_id] = held

    @rule(source=CARTS, into=CARTS, listed=st.booleans(), whole=st.booleans())
    def merge(self, source: str, into: str, listed: bool, whole: bool) -> None:
        held, refused = self.carts[into], 0
        for key, quantity in self.carts[source].items():
            after = added(held, key, quantity)
            held, refused = (held, refused + 1) if after is None else (after, refused)
        data = [cart(source)] if listed else cart(source)
        answer = send(self.client, "POST", into, data, add_all_or_nothing=whole)
        if source not in self.known():
            assert answer.status_code in (201, 404)
        elif whole and refused:
            assert answer.status_code == 400
        else:
            assert answer.status_code == 201
            self.carts[into] = held

    @rule(cart_id=CARTS, at=st.integers(0, 4), quantity=st.integers(0, 6), bulk=st.booleans())
    def change(self, cart_id: str, at: int, quantity: int, bulk: bool) -> None:
        there = look_in(self.client, cart_id)["data"]
        if at >= len(there):
            return
        item_id, key = there[at]["id"], key_of(there[at])
        if bulk:
            answer = send(self.client, "PUT", cart_id, [{"id": item_id, "quantity": quantity}])
        else:
            answer = send(self.client, "PUT", cart_id, {"quantity": quantity}, item_id)
        held = self.carts[cart_id]
        if quantity == 0:
            assert answer.status_code == 200
            del held[key]
        elif added({**held, key: 0}, key, quantity) is None:
            assert answer.status_code == 400
        else:
            assert answer.status_code == 200
            held[key] = 1 if key[0] in (TEN_PERCENT, FIVE_OFF) else quantity

    @rule(cart_id=CARTS, at=st.integers(0, 4))
    def take_out(self, cart_id: str, at: int) -> None:
        there = look_in(self.client, cart_id)["data"]
        if at < len(there):
            answer = send(self.client, "DELETE", cart_id, item=there[at]["id"])
            assert answer.status_code == 200
            del self.carts[cart_id][key_of(there[at])]

    @rule(cart_id=CARTS)
    def empty(self, cart_id: str) -> None:
        answer = send(self.client, "DELETE", cart_id)
        assert answer.status_code == (204 if cart_id in self.known() else 404)
        self.carts[cart_id] = {}

    def known(self) -> set[str]:
        """The carts that there are: an unknown one is made only by adding to it."""
        store = self.app.extensions["sandbox"].store
        return {cart_id for cart_id in self.carts if cart_id in store.carts}

    @invariant()
    def carts_hold_what_the_model_says_and_cost_what_their_lines_do(self) -> None:
        store = self.app.extensions["sandbox"].store
        for cart_id, held in self.carts.items():
            if cart_id not in store.carts:
                assert not held
                continue
            body = look_in(self.client, cart_id)
            there = [(key_of(item), item["quantity"]) for item in body["data"]]
            assert there == list(held.items())
            lines = [item for item in body["data"] if item["type"] != "promotion_item"]
            for name, price in body["meta"]["display_price"].items():
                if not name.startswith("shipping"):
                    values = (line["meta"]["display_price"][name]["value"] for line in lines)
                    assert price["amount"] == sum(value["amount"] for value in values)
                    assert (price["amount"] <= 0) if name == "discount" else price["amount"] >= 0
        type(self).steps += 1


@pytest.mark.stress
def test_the_properties_of_items_hold_for_many_steps() -> None:
    CartItemMachine.app = create_app(Config(frozen_at=NEW_YEAR), CONTRACT)
    CartItemMachine.steps = 0
    run_state_machine_as_test(
        CartItemMachine,
        settings=settings(
            max_examples=examples(100),
            stateful_step_count=40,
            derandomize=True,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert CartItemMachine.steps >= examples(3_000)


def test_merging_keeps_the_sum_of_all_quantities() -> None:
    client = create_app(Config(frozen_at=NEW_YEAR), CONTRACT).test_client()
    put_in(client, "one", [product(MUG, 3), custom("Wrap", sku="wrap")])
    put_in(client, "two", [product(MUG, 4), product(LAMP, 2)])
    merged = put_in(client, "two", cart("one"))
    assert sum(item["quantity"] for item in merged["data"]) == 3 + 1 + 4 + 2
