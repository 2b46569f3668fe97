"""What well-behaved clients do beside their carts: mistakes, wishes for errors, signing in."""

from __future__ import annotations

from benchmarks.soak.client import Client
from benchmarks.soak.rooms import Room
from benchmarks.soak.wire import ADMIN

UPSET = (
    ("POST", "/v2/carts", b'{"data":{"name":7}}', 400),
    ("POST", "/v2/carts", b'{"data":', 400),
    ("PUT", "/v2/carts/free-cart", b"[]", 400),
    ("POST", "/v2/carts/free-cart/relationships/accounts", b'{"data":[]}', 400),
    ("POST", "/v2/carts/free-cart/relationships/accounts", b"nonsense", 403),
    ("GET", "/v2/carts?filter=nonsense", None, 400),
    ("GET", "/v2/no-such-thing", None, 404),
    ("PATCH", "/v2/carts", None, 405),
)
"""Mistakes that clients make, and the status that they get."""
WISHES: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("GET", "/v2/carts", {"Prefer": "code=500"}),
    ("GET", "/v2/carts/free-cart", {"Prefer": "code=503"}),
    ("POST", "/v2/carts", {"Prefer": "code=409"}),
    ("GET", "/v2/carts?__code=503", {}),
)


async def upset(client: Client, room: Room) -> None:
    """Make a mistake."""
    method, path, body, status = client.rng.choice(UPSET)
    await client.call(room, "mistake", method, path, body, expect=[status])


async def wish(client: Client, room: Room) -> None:
    """Ask for an error, by a preference."""
    method, path, headers = client.rng.choice(WISHES)
    headers = {**ADMIN, **headers}
    answer = await client.call(room, "wish", method, path, expect=(), headers=headers)
    assert answer is None


async def magic(client: Client, room: Room) -> None:
    """Ask for an error, by a magic id."""
    path = "/v2/carts/always-internal-server-error"
    if (await client.call(room, "magic id", "GET", path, expect=[500])) is not None:
        client.ledger.on_demand["magic id 500"] += 1


async def sign_in(client: Client, room: Room) -> None:
    """Get a bearer token, and use it."""
    grant = {"grant_type": "implicit", "client_id": "storefront"}
    path = "/oauth/access_token"
    answer = await client.call(room, "sign in", "POST", path, grant, expect=[200], headers={})
    if answer is not None:
        bearer = {"Authorization": f"Bearer {answer.json['access_token']}"}
        await client.call(room, "read", "GET", "/v2/currencies", expect=[200], headers=bearer)


async def stranger(client: Client, room: Room) -> None:
    """Come with a token that nobody knows."""
    headers = {"Authorization": "Bearer nobody"}
    await client.call(room, "stranger", "GET", "/v2/carts", expect=[401], headers=headers)
