"""Rules that fail, delay or respond slowly, and invalid requests to the admin API."""

from __future__ import annotations

from typing import Any

TTL_S = 20
RULES: tuple[tuple[dict[str, Any], int | None], ...] = (
    (
        {"operation": "getCarts", "probability": 0.3, "then": {"error": "internal-server-error"}},
        500,
    ),
    ({"operation": "createACart", "times": 5, "then": {"error": "service-unavailable"}}, 503),
    ({"operation": "updateACart", "skip": 2, "times": 5, "then": {"error": "write-conflict"}}, 409),
    ({"method": "DELETE", "times": 3, "then": {"error": "too-many-requests"}}, 429),
    ({"path": "*/relationships/*", "times": 5, "then": {"error": "internal-server-error"}}, 500),
    ({"operation": "getACart", "times": 10, "then": {"delay_ms": 30}}, None),
    (
        {
            "probability": 0.2,
            "times": 20,
            "then": {"delay": {"distribution": "uniform", "min_ms": 1, "max_ms": 40}},
        },
        None,
    ),
    (
        {
            "probability": 0.1,
            "times": 20,
            "then": {"delay": {"distribution": "lognormal", "median_ms": 5, "sigma": 1}},
        },
        None,
    ),
    ({"operation": "getCarts", "then": {"slow_body": {"chunks": 6, "duration_ms": 60}}}, None),
)
"""Rules, and the status that each may respond with."""
INVALID_ADMIN_REQUESTS: tuple[tuple[str, str, Any, int], ...] = (
    ("POST", "/rules", {"then": {"error": "no-such-error"}}, 400),
    ("POST", "/rules", {"then": {"fault": "EMPTY_RESPONSE"}}, 400),
    ("POST", "/rules", b"{", 400),
    ("PUT", "/clock", {"action": "freeze", "instant": "yesterday"}, 400),
    ("PUT", "/clock", {"action": "advance", "duration": "P999999999D"}, 400),
    ("POST", "/snapshots/never-saved/restore", None, 404),
    ("DELETE", "/snapshots/never-saved", None, 404),
    ("PUT", "/snapshots/sp%20ace", None, 400),
    ("POST", "/sandboxes/of-nothing", {"fork_of": "never-made"}, 404),
    ("POST", "/sandboxes/{own}", None, 409),
    ("POST", "/sandboxes/b%C3%A4d", None, 400),
    ("PUT", "/rate-limit", {"requests_per_second": -1}, 400),
)
"""Invalid requests, and the status that each gets; `{own}` is the name of the sandbox."""
