"""The laws of lists: whatever happened before, a list is what a sort of everything alive gives."""

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
from mockserver.store import btree, record_index, transaction
from mockserver.store.btree import Node, Sorting, Tree
from mockserver.store.index_specs import ALL, CARTS
from mockserver.store.queries import View
from mockserver.store.record_index import Shelf
from mockserver.store.transaction import Transaction
from mockserver.store.world import ACCOUNT, CUSTOMER, Account, Cart, Order, Owner, StoreState

LAW = settings(
    max_examples=200,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trees of a few records are deep, and a few changes are many."""
    monkeypatch.setattr(btree, "WIDTH", 4)
    monkeypatch.setattr(record_index, "MAX_NOTES", 3)


# --- trees -----------------------------------------------------------------------------------


class Thing(NamedTuple):
    rank: int
    end: int


SORTING: Sorting[Thing] = Sorting(lambda thing: thing.rank, lambda thing: thing.end)
RANKS = st.sets(st.integers(0, 300), max_size=40)
ENDS = st.integers(0, 9)
STEPS = st.lists(st.tuples(RANKS, ENDS, st.booleans() | st.none()), min_size=1, max_size=12)
"""Ranks whose things go where there are any, and come with an end where there are none; whether
only the one or the other happens."""


def nodes(tree: Tree[Thing]) -> Iterator[Node[Thing]]:
    if tree is not None:
        yield tree
        for item in tree.items if tree.height else ():
            yield from nodes(item)


@LAW
@given(RANKS, STEPS, st.sampled_from([4, 8]))
def test_a_tree_is_a_sorted_list(start: set[int], steps: list[Any], width: int) -> None:
    btree.WIDTH = width  # which the fixture sets back
    known = {rank: Thing(rank, rank % 10) for rank in start}
    tree = btree.tree_of([known[rank] for rank in sorted(known)], SORTING)
    for ranks, end, only_new in steps:
        before, was = tree, sorted(known.values())
        gone = [] if only_new else [known.pop(rank) for rank in ranks if rank in known]
        new = [] if only_new is False else [Thing(r, (end + r) % 10) for r in ranks - known.keys()]
        known |= {thing.rank: thing for thing in new}
        tree = btree.changed(tree, gone, new, SORTING)
        assert list(btree.forwards(before)) == was
        assert list(btree.forwards(tree)) == sorted(known.values())
        hold_together(tree)
        for now in (-1, 3, 5, 9):
            alive = [thing for thing in sorted(known.values()) if thing.end > now]
            assert btree.count(tree, now, SORTING) == len(alive)
            assert set(btree.ended(tree, now, SORTING)) == set(known.values()) - set(alive)
            for skip in (0, 1, 7, 50):
                left = list(btree.backwards(tree, now, SORTING, skip))
                assert left == alive[::-1][skip:]


def hold_together(tree: Tree[Thing]) -> None:
    """Check what every node says of what is below it, and that none is empty or too wide."""
    for node in nodes(tree):
        below = list(btree.forwards(node))
        ends = [thing.end for thing in below]
        assert (node.size, node.first) == (len(below), below[0])
        assert (node.first_end, node.last_end) == (min(ends), max(ends))
        assert 0 < len(node.items) <= btree.WIDTH
        assert not node.height or {item.height for item in node.items} == {node.height - 1}


def test_a_tree_is_not_left_full_of_holes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(btree, "WIDTH", 32)
    things = [Thing(rank, 9) for rank in range(10_000)]
    tree = btree.tree_of(things, SORTING)
    for thing in things:
        if thing.rank % 25:
            tree = btree.changed(tree, [thing], [], SORTING)
    assert list(btree.forwards(tree)) == things[::25]
    hold_together(tree)
    assert sum(1 for node in nodes(tree) if not node.height) < 400 / 5


def test_a_page_looks_at_no_more_than_it_shows_and_the_way_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(btree, "WIDTH", 32)
    looked: list[Thing] = []

    def end(thing: Thing) -> int:
        looked.append(thing)
        return thing.end

    things = [Thing(rank, 1 if rank < 50_000 else 9) for rank in range(100_000)]
    sorting = Sorting(SORTING.rank, end)
    tree = btree.tree_of(things, sorting)
    for now, alive in ((0, 100_000), (5, 50_000), (9, 0)):
        looked.clear()
        assert btree.count(tree, now, sorting) == alive
        assert len(looked) <= btree.WIDTH
        for skip in (0, 10_000, 49_990):
            looked.clear()
            page = list(islice(btree.backwards(tree, now, sorting, skip), 10))
            assert page == (things[::-1][:alive])[skip : skip + 10]
            assert len(looked) <= 10 + 2 * btree.WIDTH


# --- lists -----------------------------------------------------------------------------------

OWNERS: list[Owner] = [(kind, owner_id) for kind in (ACCOUNT, CUSTOMER) for owner_id in "xy"]
CART_IDS = "abcdefghijklmnop"
NAMES = ["Cart", "Cart", "cart 2", "wish list", "List", ""]
Step = tuple[Any, ...]
FILTERS: dict[str, Callable[[Cart], bool]] = {
    "": lambda _: True,
    "contains(account_ids,x)": lambda cart: (ACCOUNT, "x") in cart.owners,
    "contains(account_ids,nobody)": lambda _: False,
    'ilike(name,"*cart*")': lambda cart: "cart" in cart.name.lower(),
    'ilike(name,"CART*")|ilike(name,"*list")': lambda cart: cart.name != "",
    'ilike(name,"*t"):ilike(name,"w*")': lambda cart: cart.name == "wish list",
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
    accounts = {each: Account(each, each, None, None, None, None, 0, 0) for each in "xy"}
    cart_settings = {"cart_expiry_days": 7, "show_all_carts": True}
    cart_settings |= {"discounts": {}, "inventories": {}}
    seeded = [
        Cart(cart_id, "Cart", "", -idle, -idle, HOUR * rest, -n, ((ACCOUNT, "x"),))
        for n, (cart_id, idle, rest) in enumerate([("a", 0, 9), ("b", DAY, 1), ("c", DAY, 200)])
    ]
    return StoreState(
        settings={"cart": cart_settings},
        accounts=StoreState().accounts.update(accounts),
        carts=StoreState().carts.update({cart.id: cart for cart in seeded}),
        listed_carts=Shelf.of(CARTS, seeded),
    )


@LAW
@given(st.integers(0, 1 << 64))
def test_a_list_is_what_sorting_everything_gives(seed_of_chance: int) -> None:
    rng = Random(seed_of_chance)
    seed = one = start()
    kept: dict[str, StoreState] = {}
    now = 0
    for what, *args in (step(rng) for _ in range(STEPS_OF_A_HISTORY)):
        tx = Transaction(one, now)
        match what, *args:
            case "clock", int(duration):
                now += duration
            case "keep", str(name):
                kept[name] = one
            case "restore", str(name):
                tx.state = kept.get(name, one)
            case ["reset"]:
                tx.state = seed
            case "list", caller, str(expression), page:
                hold_to_the_list(tx, caller, expression, page)
            case "orders", caller, str(expression), page:
                hold_to_the_orders(tx, caller, expression, page)
            case _:
                change(tx, what, *args)
        one = tx.state
    for owner in (None, *OWNERS):
        hold_to_the_list(Transaction(one, now), owner, "", (100, 0))
        hold_to_the_orders(Transaction(one, now), owner, "", (100, 0))


def change(tx: Transaction, what: str, *args: Any) -> None:
    match what, *args:
        case "save", str(cart_id), str(name), owners:
            known = tx.cart(cart_id) or Cart(cart_id, name, "", tx.now, tx.now, tx.now, 0)
            tx.save_cart(replace(known, name=name, owners=owners))
        case "delete", str(cart_id):
            if tx.cart(cart_id) is not None:
                tx.delete_cart(cart_id)
        case "delete account", str(account_id):
            if tx.account(account_id) is not None:
                tx.delete_account(account_id)
        case "expiry", int(days):
            tx.update_settings("cart", {"cart_expiry_days": days})
        case "show all", shows:
            tx.update_settings("cart", {"show_all_carts": shows})
        case "order", owner:
            number = f"order-{len(tx.state.orders)}"
            tx.add_order(Order(number, tx.now, tx.now, 0, (), {}, {}, owner=owner))
        case "pay", int(number):
            order = tx.order(f"order-{number}")
            if order is not None:
                tx.update_order(replace(order, status="complete"))
        case _:
            raise AssertionError(what)


def hold_to_the_list(
    tx: Transaction, owner: Owner | None, expression: str, page: tuple[int, int]
) -> None:
    shows_all = tx.setting("cart", "show_all_carts")
    found = [
        cart
        for cart in tx.state.carts.values()
        if cart.expires_at > tx.now
        and (owner in cart.owners if owner else shows_all or cart.owners)
        and FILTERS[expression](cart)
    ]
    found.sort(key=lambda cart: (cart.updated_at, cart.revision), reverse=True)
    body = carts.list_carts(call(tx, owner, expression, page)).body
    hold_to_the_page(body, [cart.id for cart in found], page)
    by_id = {cart.id: cart.name for cart in found}
    assert all(shown["name"] == by_id[shown["id"]] for shown in body["data"])


def hold_to_the_orders(
    tx: Transaction, owner: Owner | None, expression: str, page: tuple[int, int]
) -> None:
    found = [
        order
        for order in tx.state.orders.values()
        if (owner is None or order.owner == owner) and ORDER_FILTERS[expression](order)
    ]
    found.sort(key=lambda order: (order.created_at, order.revision), reverse=True)
    body = orders.list_orders(call(tx, owner, expression, page)).body
    hold_to_the_page(body, [order.id for order in found], page)
    assert all(shown["status"] == tx.state.orders[shown["id"]].status for shown in body["data"])


def hold_to_the_page(body: Any, found: list[str], page: tuple[int, int]) -> None:
    limit, offset = page
    assert [shown["id"] for shown in body["data"]] == found[offset : offset + limit]
    assert body["meta"]["results"] == {"total": len(found)}
    last = body["links"]["last"]
    expected = f"[offset]={(len(found) - 1) // limit * limit}&"
    assert expected in last if len(found) > limit else last is None


def call(
    tx: Transaction, owner: Owner | None, expression: str, page: tuple[int, int]
) -> OperationContext:
    caller = Caller(owner[0], owner) if owner else Caller(ADMINISTRATOR)
    params = {"filter": expression, "page[limit]": page[0], "page[offset]": page[1]}
    return OperationContext(params, None, caller, tx, Ids(0), "")


# --- many carts ------------------------------------------------------------------------------


def many(count: int, name: Callable[[int], str] = str) -> StoreState:
    made = [Cart(f"cart-{n}", name(n), "", n, n, DAY + n, n) for n in range(count)]
    return replace(
        start(),
        carts=StoreState().carts.update({cart.id: cart for cart in made}),
        listed_carts=Shelf.of(CARTS, made),
        revision=count,
    )


def test_names_are_tried_once_each_unless_nearly_all_differ() -> None:
    tried: list[str] = []

    def is_wanted(cart: Cart) -> bool:
        tried.append(cart.name)
        return cart.name == "name 1"

    few = View(many(1000, lambda n: f"name {n % 10}").listed_carts, ALL, 0).alike(is_wanted)
    assert few is not None
    assert sorted(tried) == [f"name {n}" for n in range(10)]
    assert [cart.id for cart in few[2:4]] == ["cart-971", "cart-961"]
    assert len(few) == 100
    assert View(many(1000).listed_carts, ALL, 0).alike(is_wanted) is None


def test_a_rack_is_brought_up_to_date_again_and_again() -> None:
    tx = Transaction(many(1000, lambda n: f"name {n % 10}"), 0)
    for round_ in range(20):
        for number in range(round_ * 7, round_ * 7 + 5):
            known = tx.cart(f"cart-{number}")
            assert known is not None
            tx.save_cart(replace(known, name="name 1"))
        found = tx.carts().alike(lambda cart: cart.name == "name 1")
        assert found is not None
        naive = [cart.id for cart in tx.carts() if cart.name == "name 1"]
        assert [cart.id for cart in found] == [cart.id for cart in found[0:1000]] == naive


def test_a_rack_that_nobody_asks_for_keeps_little_of_what_it_misses() -> None:
    tx = Transaction(many(100, lambda n: f"name {n % 2}"), 0)
    assert tx.carts().alike(lambda _: True)
    for number in range(200):
        tx.save_cart(Cart(f"cart-{number % 100}", "name 1", "", 0, 0, 0, 0))
    assert len(tx.state.listed_carts.parts()) < 10


def test_a_rack_that_missed_much_is_made_anew_and_says_the_same() -> None:
    tx = Transaction(many(500, lambda n: f"name {n % 2}"), 0)
    seen: list[list[str]] = []
    for round_ in range(3):
        found = tx.carts(ALL).alike(lambda cart: cart.name == "name 1")
        assert found is not None
        seen.append([cart.id for cart in found])
        for number in range(100 * round_, 100 * round_ + 90):
            known = tx.cart(f"cart-{number}")
            assert known is not None
            tx.save_cart(replace(known, name="name 2"))
    assert [len(ids) for ids in seen] == [250, 205, 160]
    assert len(tx.carts()) == 500


def test_expired_carts_are_thrown_away_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transaction, "SWEEP_AT_LEAST", 100)
    monkeypatch.setattr(transaction, "SWEEP_BATCH_SIZE", 16)
    tx = Transaction(many(1000), 2 * DAY)
    sizes = [len(tx.state.carts)]
    for number in range(200):
        tx.save_cart(Cart(f"new-{number}", "", "", 0, 0, 0, 0))
        sizes.append(len(tx.state.carts))
        assert sizes[-1] >= sizes[-2] + 1 - 16
    assert sizes[-1] == 200
    assert [cart.id for cart in tx.carts()] == [f"new-{n}" for n in reversed(range(200))]
    assert len(list(btree.forwards(tx.state.listed_carts.tree(ALL)))) == 200
