"""What well-behaved clients do in the sandboxes: one function an action, and their weights."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from benchmarks.soak import wishes
from benchmarks.soak.checks import tagged
from benchmarks.soak.client import Client
from benchmarks.soak.ledger import Breach
from benchmarks.soak.model import ACCOUNTS, Cart, list_difference
from benchmarks.soak.rooms import MAX_CARTS, Room
from benchmarks.soak.wire import ADMIN, Answer

SHOPPER = {"Authorization": "Bearer shopper"}
ACCOUNT_TOKEN = "EP-Account-Management-Authentication-Token"
MAX_ITEMS = 3
LISTED = "/v2/carts?page[limit]=100"
SEED_CARTS = frozenset(
    (
        *("Free cart", "Ada's cart", "Ada's second cart", "Ada and Grace's cart", "Grace's cart"),
        *("Hedy's only cart", "Guest's cart", "Alan's cart", "Alan's other cart"),
        *("Barbara's only cart", "Expiring cart"),
    )
)
"""The names of the fixtures' carts, which no client changes."""


async def create(client: Client, room: Room) -> None:
    """Create a cart, as an account or as an administrator, its id given or not."""
    if len(room.model.carts) >= MAX_CARTS:
        await delete(client, room)
        return
    number = room.new_name()
    name = tagged(room.name, number)
    account = client.rng.choice((None, None, 1, 2, 3))
    given = {
        "name": name,
        **({"id": f"{room.name}-{number}"} if client.rng.random() < 0.5 else {}),
    }
    headers = ADMIN if account is None else {**SHOPPER, ACCOUNT_TOKEN: f"account-{account}"}
    with room.taking(name):
        answer = await client.call(
            room, "create", "POST", "/v2/carts", {"data": given}, expect=[201], headers=headers
        )
        if answer is not None:
            accounts = () if account is None else (ACCOUNTS[account],)
            cart = Cart(answer.json["data"]["id"], name, accounts=accounts)
            _compare(cart, answer)
            room.model.keep(cart)


async def read(client: Client, room: Room) -> None:
    """Read a cart that was acknowledged."""
    if (cart := room.free_cart(client.rng)) is None:
        return
    with room.taking(cart.id):
        answer = await client.call(room, "read", "GET", f"/v2/carts/{cart.id}", expect=[200])
        if answer is not None:
            _compare(cart, answer)


async def rename(client: Client, room: Room) -> None:
    """Change a cart's name or its description."""
    if (cart := room.free_cart(client.rng)) is None:
        return
    text = tagged(room.name, room.new_name())
    named = client.rng.random() < 0.5
    with room.taking(cart.id):
        body = {"data": {"name" if named else "description": text}}
        answer = await client.call(room, "change", "PUT", _path(cart), body, expect=[200])
        if answer is not None:
            changed = replace(cart, name=text) if named else replace(cart, description=text)
            _compare(changed, answer)
            room.model.keep(changed)


async def delete(client: Client, room: Room) -> None:
    """Delete a cart, and see that it is gone."""
    cart = room.free_cart(client.rng)
    if cart is None or (cart.accounts and room.model.day):
        return  # where the clock took an account's other carts, this one may be its last
    with room.taking(cart.id):
        answer = await client.call(room, "delete", "DELETE", _path(cart), expect=[204])
        if answer is not None:
            room.model.lose(cart.id)
            await _is_gone(client, room, cart)


async def associate(client: Client, room: Room) -> None:
    """Associate a cart with an account that it does not have."""
    cart = room.free_cart(client.rng)
    account = client.rng.choice(tuple(ACCOUNTS.values()))
    if cart is not None and account not in cart.accounts:
        await _bind(client, room, cart, "POST", account, (*cart.accounts, account))


async def dissociate(client: Client, room: Room) -> None:
    """Take away one of a cart's accounts."""
    cart = room.free_cart(client.rng)
    if cart is not None and cart.accounts:
        account = client.rng.choice(cart.accounts)
        left = tuple(each for each in cart.accounts if each != account)
        await _bind(client, room, cart, "DELETE", account, left)


async def add_item(client: Client, room: Room) -> None:
    """Put an item into a cart."""
    cart = room.free_cart(client.rng)
    if cart is None or len(cart.items) >= MAX_ITEMS:
        return
    name = tagged(room.name, room.new_name())
    item = {"type": "custom_item", "name": name, "quantity": 1, "price": {"amount": 500}}
    path = f"{_path(cart)}/items"
    with room.taking(cart.id):
        answer = await client.call(room, "add item", "POST", path, {"data": item}, expect=[201])
        if answer is not None:
            room.model.keep(replace(cart, items=(*cart.items, name)))


async def empty(client: Client, room: Room) -> None:
    """Take all items out of a cart."""
    cart = room.free_cart(client.rng)
    if cart is None or not cart.items:
        return
    with room.taking(cart.id):
        path = f"{_path(cart)}/items"
        answer = await client.call(room, "empty", "DELETE", path, expect=[204])
        if answer is not None:
            room.model.keep(replace(cart, items=()))


async def read_items(client: Client, room: Room) -> None:
    """Read the items of a cart."""
    if (cart := room.free_cart(client.rng)) is None:
        return
    with room.taking(cart.id):
        path = f"{_path(cart)}/items"
        answer = await client.call(room, "read items", "GET", path, expect=[200])
        if answer is not None:
            names = tuple(each["name"] for each in answer.json["data"])
            if names != cart.items:
                raise Breach(f"{path} in {room.name} has {names}, acknowledged were {cart.items}")


async def list_all(client: Client, room: Room) -> None:
    """List all carts as an administrator."""
    with room.doubting() as doubt:
        expected = room.model.alive()
        answer = await client.call(room, "list", "GET", LISTED, expect=[200])
    if answer is not None:
        compare_list(room.name, expected, answer, doubt)


async def list_own(client: Client, room: Room) -> None:
    """List the carts of an account with its token."""
    number = client.rng.choice((1, 2, 3))
    headers = {**SHOPPER, ACCOUNT_TOKEN: f"account-{number}"}
    with room.doubting() as doubt:
        owned = {
            each.id: each
            for each in room.model.alive().values()
            if ACCOUNTS[number] in each.accounts
        }
        answer = await client.call(room, "list", "GET", LISTED, expect=[200], headers=headers)
    if answer is not None:
        compare_list(room.name, owned, answer, doubt)


async def look_for_expired(client: Client, room: Room) -> None:
    """Ask for a cart that the clock has taken."""
    if expired := room.model.expired():
        await _is_gone(client, room, client.rng.choice(expired))


Action = Callable[[Client, Room], Awaitable[None]]
ACTIONS: dict[Action, float] = {
    read: 22,
    rename: 16,
    create: 14,
    list_all: 8,
    list_own: 4,
    associate: 8,
    dissociate: 4,
    delete: 5,
    add_item: 8,
    empty: 2,
    read_items: 3,
    look_for_expired: 1,
    wishes.upset: 3,
    wishes.wish: 1,
    wishes.magic: 0.5,
    wishes.sign_in: 0.5,
    wishes.stranger: 1,
}
"""How often each action is taken, relative to the others."""


def compare_list(sandbox: str, expected: dict[str, Cart], answer: Answer, doubt: set[str]) -> None:
    """Raise Breach unless a list shows the acknowledged carts, and no others."""
    if told := list_difference(expected, answer.json["data"], doubt, SEED_CARTS):
        raise Breach(f"the list of {sandbox}: {told}")


def _path(cart: Cart) -> str:
    return f"/v2/carts/{cart.id}"


def _compare(cart: Cart, answer: Answer) -> None:
    if told := cart.difference(answer.json["data"]):
        raise Breach(told)


async def _is_gone(client: Client, room: Room, cart: Cart) -> None:
    body = {"data": {"description": tagged(room.name, "gone")}}
    await client.call(room, "look for gone", "PUT", _path(cart), body, expect=[404])


async def _bind(
    client: Client, room: Room, cart: Cart, method: str, account: str, then: tuple[str, ...]
) -> None:
    kind = {"POST": "associate", "DELETE": "dissociate"}[method]
    body = {"data": [{"type": "account", "id": account}]}
    path = f"{_path(cart)}/relationships/accounts"
    expect = [200] if method == "POST" else [204]
    with room.taking(cart.id):
        answer = await client.call(room, kind, method, path, body, expect=expect)
        if answer is not None:
            room.model.keep(replace(cart, accounts=then))
