"""Properties of lists: whatever happened before, a list is what sorting everything alive gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from random import Random
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mockserver.core.clock import DAY, HOUR
from mockserver.core.ids import Ids
from mockserver.operations import carts, orders
from mockserver.operations.auth import ADMINISTRATOR, Caller
from mockserver.operations.base import OperationContext
from mockserver.persistence.codec import decode_changes, encode_changes
from mockserver.store import carts as store_carts
from mockserver.store import indexes, ordered_map
from mockserver.store import state as store_state
from mockserver.store.entities import ACCOUNT, CUSTOMER, Account, Bearer, Cart, Order, Owner
from mockserver.store.ordered_map import Node, OrderedMap, SortSpec
from mockserver.store.state import ChangeSet, StoreState, apply, changes_since
from mockserver.store.transaction import Transaction
from tests.support.examples import examples

PROPERTY = settings(
    max_examples=examples(200),
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trees of a few records are deep, and a few changes are many."""
    monkeypatch.setattr(ordered_map, "WIDTH", 4)
    monkeypatch.setattr(indexes, "MAX_PENDING", 3)


# --- ordered maps ------------------------------------------------------------------------------


class Thing(NamedTuple):
    rank: int
    expiry: int


SPEC: SortSpec[Thing] = SortSpec(lambda thing: thing.rank, lambda thing: thing.expiry)
RANKS = st.sets(st.integers(0, 300), max_size=40)
EXPIRIES = st.integers(0, 9)
STEPS = st.lists(st.tuples(RANKS, EXPIRIES, st.booleans() | st.none()), min_size=1, max_size=12)
"""Ranks whose things are removed where there are any, and added where there are none; whether only
the one or the other happens."""


def nodes(node: Node[Thing] | None) -> Iterator[Node[Thing]]:
    if node is not None:
        yield node
        for item in node.items if node.height else ():
            yield from nodes(item)


def all_of(things: OrderedMap[Thing]) -> list[Thing]:
    return list(things.iter_desc(-1))[::-1]


@PROPERTY
@given(RANKS, STEPS, st.sampled_from([4, 8]))
def test_an_ordered_map_is_a_sorted_list(start: set[int], steps: list[Any], width: int) -> None:
    ordered_map.WIDTH = width  # which the fixture sets back
    known = {rank: Thing(rank, rank % 10) for rank in start}
    things = OrderedMap.build([known[rank] for rank in sorted(known)], SPEC)
    for ranks, expiry, only_add in steps:
        before, expected_before = things, sorted(known.values())
        removed = [] if only_add else [known.pop(rank) for rank in ranks if rank in known]
        added = (
            [] if only_add is False else [Thing(r, (expiry + r) % 10) for r in ranks - known.keys()]
        )
        known |= {thing.rank: thing for thing in added}
        things = things.apply_changes(removed, added)
        assert all_of(before) == expected_before
        assert all_of(things) == sorted(known.values())
        check_nodes(things)
        for now in (-1, 3, 5, 9):
            alive = [thing for thing in sorted(known.values()) if thing.expiry > now]
            assert things.count(now) == len(alive)
            assert set(things.iter_expired(now)) == set(known.values()) - set(alive)
            for skip in (0, 1, 7, 50):
                assert list(things.iter_desc(now, skip)) == alive[::-1][skip:]


def check_nodes(things: OrderedMap[Thing]) -> None:
    """Check what every node says of what is below it, and that none is empty or too wide."""
    for node in nodes(things.root):
        below = all_of(OrderedMap(SPEC, node))
        expiries = [thing.expiry for thing in below]
        assert (node.size, node.first) == (len(below), below[0])
        assert (node.first_expiry, node.last_expiry) == (min(expiries), max(expiries))
        assert 0 < len(node.items) <= ordered_map.WIDTH
        assert not node.height or {item.height for item in node.items} == {node.height - 1}


def test_an_ordered_map_is_not_left_full_of_holes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ordered_map, "WIDTH", 32)
    all_things = [Thing(rank, 9) for rank in range(10_000)]
    things = OrderedMap.build(all_things, SPEC)
    for thing in all_things:
        if thing.rank % 25:
            things = things.apply_changes([thing], [])
    assert all_of(things) == all_things[::25]
    check_nodes(things)
    assert sum(1 for node in nodes(things.root) if not node.height) < 400 / 5


def test_a_page_looks_at_no_more_than_it_shows_and_the_way_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ordered_map, "WIDTH", 32)
    looked: list[Thing] = []

    def expires_at(thing: Thing) -> int:
        looked.append(thing)
        return thing.expiry

    all_things = [Thing(rank, 1 if rank < 50_000 else 9) for rank in range(100_000)]
    things = OrderedMap.build(all_things, SortSpec(SPEC.key, expires_at))
    for now, alive in ((0, 100_000), (5, 50_000), (9, 0)):
        looked.clear()
        assert things.count(now) == alive
        assert len(looked) <= ordered_map.WIDTH
        for skip in (0, 10_000, 49_990):
            looked.clear()
            page = list(islice(things.iter_desc(now, skip), 10))
            assert page == (all_things[::-1][:alive])[skip : skip + 10]
            assert len(looked) <= 10 + 2 * ordered_map.WIDTH


# --- lists -----------------------------------------------------------------------------------

OWNERS = [Owner(kind, owner_id) for kind in (ACCOUNT, CUSTOMER) for owner_id in "xy"]
CART_IDS = "abcdefghijklmnop"
NAMES = ["Cart", "Cart", "cart 2", "long list", "List", ""]
Step = tuple[Any, ...]
FILTERS: dict[str, Callable[[Cart], bool]] = {
    "": lambda _: True,
    "contains(account_ids,x)": lambda cart: (ACCOUNT, "x") in cart.owners,
    "contains(account_ids,nobody)": lambda _: False,
    'ilike(name,"*cart*")': lambda cart: "cart" in cart.name.lower(),
    'ilike(name,"CART*")|ilike(name,"*list")': lambda cart: cart.name != "",
    'ilike(name,"*t"):ilike(name,"lo*")': lambda cart: cart.name == "long list",
    'ilike(name,"nothing")': lambda _: False,
    'contains(account_ids,x):ilike(name,"*t")': (
        lambda cart: (ACCOUNT, "x") in cart.owners and cart.name.endswith("t")
    ),
    "contains(account_ids,y):contains(account_ids,x)": (
        lambda cart: {(ACCOUNT, "x"), (ACCOUNT, "y")} <= set(cart.owners)
    ),
    'contains(account_ids,y)|ilike(name,"*list")': (
        lambda cart: (ACCOUNT, "y") in cart.owners or cart.name.lower().endswith("list")
    ),
}
ORDER_FILTERS: dict[str, Callable[[Order], bool]] = {
    "": lambda _: True,
    "eq(account_id,X)": lambda order: order.owner == (ACCOUNT, "x"),
    "eq(customer_id,x)": lambda order: order.owner == (CUSTOMER, "x"),
    'like(account_id,"*")': lambda order: order.owner is not None and order.owner[0] == ACCOUNT,
    "eq(status,complete)": lambda order: order.status == "complete",
    "eq(account_id,y):eq(status,complete)": (
        lambda order: order.owner == (ACCOUNT, "y") and order.status == "complete"
    ),
}
CALLERS = [None, None, None, *OWNERS]
STEPS_OF_A_HISTORY = 80


def step(rng: Random) -> Step:
    """Return something that happens, or that is asked; every second time a question."""
    page = rng.randint(1, 6), rng.choice([0, 0, 1, 4, 12])
    if rng.random() < 0.4:
        return "list", rng.choice(CALLERS), rng.choice([*FILTERS]), page
    if rng.random() < 0.2:
        return "orders", rng.choice(CALLERS), rng.choice([*ORDER_FILTERS]), page
    owners = tuple(rng.sample(OWNERS, rng.choice([0, 1, 1, 2])))
    return rng.choice(
        [
            *[("save", rng.choice(CART_IDS), rng.choice(NAMES), owners)] * 8,
            *[("delete", rng.choice(CART_IDS))] * 2,
            ("delete account", rng.choice("xy")),
            *[("clock", rng.choice([1, HOUR, DAY, 6 * DAY, -DAY, -HOUR]))] * 3,
            ("expiry", rng.choice([1, 7])),
            ("show all", rng.choice([True, False])),
            ("keep", rng.choice("pq")),
            ("restore", rng.choice("pq")),
            *[("reset",)] * (rng.random() < 0.3),
            *[("order", rng.choice([None, *OWNERS]))] * 2,
            ("pay", rng.randint(0, 9)),
        ]
    )


def start() -> StoreState:
    accounts = {
        account_id: Account(account_id, account_id, None, None, None, None, 0, 0)
        for account_id in "xy"
    }
    cart_settings = {"cart_expiry_days": 7, "show_all_carts": True}
    cart_settings |= {"discounts": {}, "inventories": {}}
    seeded = [
        Cart(cart_id, "Cart", "", -idle, -idle, HOUR * rest, -n, (Owner(ACCOUNT, "x"),))
        for n, (cart_id, idle, rest) in enumerate([("a", 0, 9), ("b", DAY, 1), ("c", DAY, 200)])
    ]
    return apply(
        StoreState(),
        {
            "settings": {"cart": cart_settings},
            "accounts": accounts,
            "carts": {cart.id: cart for cart in seeded},
        },
    )


@PROPERTY
@given(st.integers(0, 1 << 64))
def test_a_list_is_what_sorting_everything_gives(seed_of_chance: int) -> None:
    rng = Random(seed_of_chance)
    initial = state = start()
    kept: dict[str, StoreState] = {}
    now = 0
    for what, *args in (step(rng) for _ in range(STEPS_OF_A_HISTORY)):
        tx = Transaction(state, now)
        match what, *args:
            case "clock", int(duration):
                now += duration
            case "keep", str(name):
                kept[name] = state
            case "restore", str(name):
                tx.state = kept.get(name, state)
            case ["reset"]:
                tx.state = initial
            case "list", caller, str(expression), page:
                check_cart_list(tx, caller, expression, page)
            case "orders", caller, str(expression), page:
                check_order_list(tx, caller, expression, page)
            case _:
                change(tx, what, *args)
                check_change_set(state, tx)
        state = tx.state
    for owner in (None, *OWNERS):
        check_cart_list(Transaction(state, now), owner, "", (100, 0))
        check_order_list(Transaction(state, now), owner, "", (100, 0))


def check_change_set(before: StoreState, tx: Transaction) -> None:
    """A transaction's change set is all that it did, and survives being written and read."""
    assert decode_changes(encode_changes(tx.changes)) == tx.changes
    after = apply(before, tx.changes)
    assert after == tx.state
    assert list(after.cart_index.query(None, 0)) == list(tx.state.cart_index.query(None, 0))
    assert apply(before, changes_since(before, after)) == after


def change(tx: Transaction, what: str, *args: Any) -> None:
    match what, *args:
        case "save", str(cart_id), str(name), owners:
            known = tx.carts.get(cart_id) or Cart(cart_id, name, "", tx.now, tx.now, tx.now, 0)
            tx.carts.save(replace(known, name=name, owners=owners))
        case "delete", str(cart_id):
            if tx.carts.get(cart_id) is not None:
                tx.carts.delete(cart_id)
        case "delete account", str(account_id):
            if tx.accounts.get(account_id) is not None:
                tx.accounts.delete(account_id)
        case "expiry", int(days):
            tx.update_settings("cart", {"cart_expiry_days": days})
        case "show all", shows:
            tx.update_settings("cart", {"show_all_carts": shows})
        case "order", owner:
            number = f"order-{len(tx.state.orders)}"
            tx.orders.add(Order(number, tx.now, tx.now, 0, (), {}, {}, owner=owner))
        case "pay", int(number):
            order = tx.orders.get(f"order-{number}")
            if order is not None:
                tx.orders.save(replace(order, status="complete"))
        case _:
            raise AssertionError(what)


def check_cart_list(
    tx: Transaction, owner: Owner | None, expression: str, page: tuple[int, int]
) -> None:
    shows_all = tx.setting("cart", "show_all_carts")
    matches = [
        cart
        for cart in tx.state.carts.values()
        if cart.expires_at > tx.now
        and (owner in cart.owners if owner else shows_all or cart.owners)
        and FILTERS[expression](cart)
    ]
    matches.sort(key=lambda cart: (cart.updated_at, cart.revision), reverse=True)
    body = carts.list_carts(call(tx, owner, expression, page)).body
    check_page(body, [cart.id for cart in matches], page)
    by_id = {cart.id: cart.name for cart in matches}
    assert all(data["name"] == by_id[data["id"]] for data in body["data"])


def check_order_list(
    tx: Transaction, owner: Owner | None, expression: str, page: tuple[int, int]
) -> None:
    matches = [
        order
        for order in tx.state.orders.values()
        if (owner is None or order.owner == owner) and ORDER_FILTERS[expression](order)
    ]
    matches.sort(key=lambda order: (order.created_at, order.revision), reverse=True)
    body = orders.list_orders(call(tx, owner, expression, page)).body
    check_page(body, [order.id for order in matches], page)
    assert all(data["status"] == tx.state.orders[data["id"]].status for data in body["data"])


def check_page(body: Any, ids: list[str], page: tuple[int, int]) -> None:
    limit, offset = page
    assert [data["id"] for data in body["data"]] == ids[offset : offset + limit]
    assert body["meta"]["results"] == {"total": len(ids)}
    last = body["links"]["last"]
    expected = f"[offset]={(len(ids) - 1) // limit * limit}&"
    assert expected in last if len(ids) > limit else last is None


def call(
    tx: Transaction, owner: Owner | None, expression: str, page: tuple[int, int]
) -> OperationContext:
    caller = Caller(owner[0], owner) if owner else Caller(ADMINISTRATOR)
    params = {"filter": expression, "page[limit]": page[0], "page[offset]": page[1]}
    return OperationContext(params, None, caller, tx, Ids(0), "")


# --- many carts ------------------------------------------------------------------------------


def many(count: int) -> StoreState:
    made = [Cart(f"cart-{n}", str(n), "", n, n, DAY + n, n + 1) for n in range(count)]
    before = start()
    carts_of_before = dict.fromkeys(before.carts)
    changes: ChangeSet = {
        "carts": {**carts_of_before, **{cart.id: cart for cart in made}},
        "counters": {"revision": count},
    }
    return apply(before, changes)


def test_expired_carts_are_thrown_away_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_state, "MIN_SWEEP_SIZE", 100)
    monkeypatch.setattr(store_carts, "SWEEP_BATCH_SIZE", 16)
    tx = Transaction(many(1000), 2 * DAY)
    sizes = [len(tx.state.carts)]
    for number in range(200):
        tx.carts.save(Cart(f"new-{number}", "", "", 0, 0, 0, 0))
        sizes.append(len(tx.state.carts))
        assert sizes[-1] >= sizes[-2] + 1 - 16
    assert sizes[-1] == 200
    assert [cart.id for cart in tx.carts.list()] == [f"new-{n}" for n in reversed(range(200))]
    assert len(tx.state.cart_index.query(None, -(10**15))) == 200


def test_expired_tokens_are_thrown_away_when_there_are_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(store_state, "MIN_SWEEP_SIZE", 100)
    kept = start().bearers
    tx = Transaction(start(), 0)
    for number in range(90):
        tx.tokens.add(f"old-{number}", Bearer("storefront", HOUR))
    tx.now = HOUR
    for number in range(90):
        tx.tokens.add(f"new-{number}", Bearer("storefront", 2 * HOUR))
    assert len(tx.state.bearers) == len(kept) + 90
    assert tx.tokens.bearer("new-0")
    assert not tx.tokens.bearer("old-0")
    assert all(key in tx.state.bearers for key in kept)
