"""The actions of well-behaved clients in the sandboxes, one function each, and their weights."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from benchmarks.soak import error_scenarios
from benchmarks.soak.checks import tagged
from benchmarks.soak.client import Client
from benchmarks.soak.http_wire import ADMIN, Response
from benchmarks.soak.model import ACCOUNTS, Cart, list_difference
from benchmarks.soak.sandbox_pool import MAX_CARTS, Sandbox
from benchmarks.soak.stats import Breach

SHOPPER = {"Authorization": "Bearer shopper"}
ACCOUNT_TOKEN = "EP-Account-Management-Authentication-Token"
MAX_ITEMS = 3
LIST_PATH = "/v2/carts?page[limit]=100"
FIXTURE_CART_NAMES = frozenset(
    (
        *("Free cart", "Ada's cart", "Ada's second cart", "Ada and Grace's cart", "Grace's cart"),
        *("Hedy's only cart", "Guest's cart", "Alan's cart", "Alan's other cart"),
        *("Barbara's only cart", "Expiring cart"),
    )
)
"""The names of the fixtures' carts, which no client changes."""


async def create(client: Client, sandbox: Sandbox) -> None:
    """Create a cart, as an account or as an administrator, with or without an id."""
    if len(sandbox.model.carts) >= MAX_CARTS:
        await delete(client, sandbox)
        return
    number = sandbox.new_text()
    name = tagged(sandbox.name, number)
    account = client.rng.choice((None, None, 1, 2, 3))
    data = {
        "name": name,
        **({"id": f"{sandbox.name}-{number}"} if client.rng.random() < 0.5 else {}),
    }
    headers = ADMIN if account is None else {**SHOPPER, ACCOUNT_TOKEN: f"account-{account}"}
    with sandbox.holding(name):
        response = await client.call(
            sandbox, "create", "POST", "/v2/carts", {"data": data}, expect=[201], headers=headers
        )
        if response is not None:
            accounts = () if account is None else (ACCOUNTS[account],)
            cart = Cart(response.json["data"]["id"], name, accounts=accounts)
            _compare(cart, response)
            sandbox.model.save(cart)


async def read(client: Client, sandbox: Sandbox) -> None:
    """Read a cart that was acknowledged."""
    if (cart := sandbox.pick_free_cart(client.rng)) is None:
        return
    with sandbox.holding(cart.id):
        response = await client.call(sandbox, "read", "GET", f"/v2/carts/{cart.id}", expect=[200])
        if response is not None:
            _compare(cart, response)


async def rename(client: Client, sandbox: Sandbox) -> None:
    """Change a cart's name or its description."""
    if (cart := sandbox.pick_free_cart(client.rng)) is None:
        return
    text = tagged(sandbox.name, sandbox.new_text())
    named = client.rng.random() < 0.5
    with sandbox.holding(cart.id):
        body = {"data": {"name" if named else "description": text}}
        response = await client.call(sandbox, "change", "PUT", _path(cart), body, expect=[200])
        if response is not None:
            changed = replace(cart, name=text) if named else replace(cart, description=text)
            _compare(changed, response)
            sandbox.model.save(changed)


async def delete(client: Client, sandbox: Sandbox) -> None:
    """Delete a cart, and check that it is gone."""
    cart = sandbox.pick_free_cart(client.rng)
    if cart is None or (cart.accounts and sandbox.model.day):
        return  # where the clock took an account's other carts, this one may be its last
    with sandbox.holding(cart.id):
        response = await client.call(sandbox, "delete", "DELETE", _path(cart), expect=[204])
        if response is not None:
            sandbox.model.delete(cart.id)
            await _check_deleted(client, sandbox, cart)


async def associate(client: Client, sandbox: Sandbox) -> None:
    """Associate a cart with an account that it does not have."""
    cart = sandbox.pick_free_cart(client.rng)
    account = client.rng.choice(tuple(ACCOUNTS.values()))
    if cart is not None and account not in cart.accounts:
        await _change_association(client, sandbox, cart, "POST", account, (*cart.accounts, account))


async def dissociate(client: Client, sandbox: Sandbox) -> None:
    cart = sandbox.pick_free_cart(client.rng)
    if cart is not None and cart.accounts:
        account = client.rng.choice(cart.accounts)
        remaining = tuple(a for a in cart.accounts if a != account)
        await _change_association(client, sandbox, cart, "DELETE", account, remaining)


async def add_item(client: Client, sandbox: Sandbox) -> None:
    cart = sandbox.pick_free_cart(client.rng)
    if cart is None or len(cart.items) >= MAX_ITEMS:
        return
    name = tagged(sandbox.name, sandbox.new_text())
    item = {"type": "custom_item", "name": name, "quantity": 1, "price": {"amount": 500}}
    path = f"{_path(cart)}/items"
    with sandbox.holding(cart.id):
        response = await client.call(
            sandbox, "add item", "POST", path, {"data": item}, expect=[201]
        )
        if response is not None:
            sandbox.model.save(replace(cart, items=(*cart.items, name)))


async def remove_items(client: Client, sandbox: Sandbox) -> None:
    cart = sandbox.pick_free_cart(client.rng)
    if cart is None or not cart.items:
        return
    with sandbox.holding(cart.id):
        path = f"{_path(cart)}/items"
        response = await client.call(sandbox, "remove items", "DELETE", path, expect=[204])
        if response is not None:
            sandbox.model.save(replace(cart, items=()))


async def read_items(client: Client, sandbox: Sandbox) -> None:
    if (cart := sandbox.pick_free_cart(client.rng)) is None:
        return
    with sandbox.holding(cart.id):
        path = f"{_path(cart)}/items"
        response = await client.call(sandbox, "read items", "GET", path, expect=[200])
        if response is not None:
            names = tuple(item["name"] for item in response.json["data"])
            if names != cart.items:
                raise Breach(
                    f"{path} in {sandbox.name} has {names}, acknowledged were {cart.items}"
                )


async def list_all(client: Client, sandbox: Sandbox) -> None:
    """List all carts as an administrator."""
    with sandbox.collecting_held() as uncertain:
        expected = sandbox.model.alive()
        response = await client.call(sandbox, "list", "GET", LIST_PATH, expect=[200])
    if response is not None:
        compare_list(sandbox.name, expected, response, uncertain)


async def list_own(client: Client, sandbox: Sandbox) -> None:
    """List the carts of an account with its token."""
    number = client.rng.choice((1, 2, 3))
    headers = {**SHOPPER, ACCOUNT_TOKEN: f"account-{number}"}
    with sandbox.collecting_held() as uncertain:
        owned = {
            cart.id: cart
            for cart in sandbox.model.alive().values()
            if ACCOUNTS[number] in cart.accounts
        }
        response = await client.call(
            sandbox, "list", "GET", LIST_PATH, expect=[200], headers=headers
        )
    if response is not None:
        compare_list(sandbox.name, owned, response, uncertain)


async def read_expired(client: Client, sandbox: Sandbox) -> None:
    """Request a cart that has expired."""
    if expired := sandbox.model.expired():
        await _check_deleted(client, sandbox, client.rng.choice(expired))


Action = Callable[[Client, Sandbox], Awaitable[None]]
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
    remove_items: 2,
    read_items: 3,
    read_expired: 1,
    error_scenarios.send_invalid_request: 3,
    error_scenarios.request_error_by_preference: 1,
    error_scenarios.request_error_by_magic_id: 0.5,
    error_scenarios.sign_in: 0.5,
    error_scenarios.use_unknown_token: 1,
}
"""How often each action is taken, relative to the others."""


def compare_list(
    sandbox_name: str, expected: dict[str, Cart], response: Response, uncertain: set[str]
) -> None:
    """Raise Breach unless a list shows the acknowledged carts, and no others."""
    if problem := list_difference(expected, response.json["data"], uncertain, FIXTURE_CART_NAMES):
        raise Breach(f"the list of {sandbox_name}: {problem}")


def _path(cart: Cart) -> str:
    return f"/v2/carts/{cart.id}"


def _compare(cart: Cart, response: Response) -> None:
    if problem := cart.difference(response.json["data"]):
        raise Breach(problem)


async def _check_deleted(client: Client, sandbox: Sandbox, cart: Cart) -> None:
    body = {"data": {"description": tagged(sandbox.name, "deleted")}}
    await client.call(sandbox, "write to deleted", "PUT", _path(cart), body, expect=[404])


async def _change_association(
    client: Client,
    sandbox: Sandbox,
    cart: Cart,
    method: str,
    account: str,
    accounts_after: tuple[str, ...],
) -> None:
    kind = {"POST": "associate", "DELETE": "dissociate"}[method]
    body = {"data": [{"type": "account", "id": account}]}
    path = f"{_path(cart)}/relationships/accounts"
    expect = [200] if method == "POST" else [204]
    with sandbox.holding(cart.id):
        response = await client.call(sandbox, kind, method, path, body, expect=expect)
        if response is not None:
            sandbox.model.save(replace(cart, accounts=accounts_after))
