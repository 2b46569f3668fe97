"""What well-behaved clients do apart from carts: invalid requests, requested errors, signing in."""

from __future__ import annotations

from benchmarks.soak.client import Client
from benchmarks.soak.http_wire import ADMIN
from benchmarks.soak.sandbox_pool import Sandbox

INVALID_REQUESTS = (
    ("POST", "/v2/carts", b'{"data":{"name":7}}', 400),
    ("POST", "/v2/carts", b'{"data":', 400),
    ("PUT", "/v2/carts/free-cart", b"[]", 400),
    ("POST", "/v2/carts/free-cart/relationships/accounts", b'{"data":[]}', 400),
    ("POST", "/v2/carts/free-cart/relationships/accounts", b"nonsense", 403),
    ("GET", "/v2/carts?filter=nonsense", None, 400),
    ("GET", "/v2/no-such-thing", None, 404),
    ("PATCH", "/v2/carts", None, 405),
)
"""Invalid requests, and the status that each gets."""
PREFERENCES: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("GET", "/v2/carts", {"Prefer": "code=500"}),
    ("GET", "/v2/carts/free-cart", {"Prefer": "code=503"}),
    ("POST", "/v2/carts", {"Prefer": "code=409"}),
    ("GET", "/v2/carts?__code=503", {}),
)


async def send_invalid_request(client: Client, sandbox: Sandbox) -> None:
    method, path, body, status = client.rng.choice(INVALID_REQUESTS)
    await client.call(sandbox, "invalid request", method, path, body, expect=[status])


async def request_error_by_preference(client: Client, sandbox: Sandbox) -> None:
    method, path, headers = client.rng.choice(PREFERENCES)
    headers = {**ADMIN, **headers}
    response = await client.call(sandbox, "preference", method, path, expect=(), headers=headers)
    assert response is None


async def request_error_by_magic_id(client: Client, sandbox: Sandbox) -> None:
    path = "/v2/carts/always-internal-server-error"
    if (await client.call(sandbox, "magic id", "GET", path, expect=[500])) is not None:
        client.stats.requested_errors["magic id 500"] += 1


async def sign_in(client: Client, sandbox: Sandbox) -> None:
    """Get a bearer token, and use it."""
    grant = {"grant_type": "implicit", "client_id": "storefront"}
    path = "/oauth/access_token"
    response = await client.call(sandbox, "sign in", "POST", path, grant, expect=[200], headers={})
    if response is not None:
        bearer = {"Authorization": f"Bearer {response.json['access_token']}"}
        await client.call(sandbox, "read", "GET", "/v2/currencies", expect=[200], headers=bearer)


async def use_unknown_token(client: Client, sandbox: Sandbox) -> None:
    headers = {"Authorization": "Bearer nobody"}
    await client.call(sandbox, "unknown token", "GET", "/v2/carts", expect=[401], headers=headers)
