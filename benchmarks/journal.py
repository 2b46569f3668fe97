"""Does the journal keep its memory flat? `python -m benchmarks.journal [REQUESTS]`

A server's process answers requests with a full journal; the ratio compares its memory after all of
them with its memory when the journal had just filled up.
"""

import resource
import sys

from mockserver.app import create_app
from mockserver.config import Config

REQUESTS = 20_000
TO_FILL = 2_000
GET = {"path": "/v2/carts/free-cart", "headers": {"Authorization": "Bearer admin"}}


def megabytes() -> float:
    """Return the most memory that this process has had until now."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(requests: int = REQUESTS) -> None:
    """Print both sizes and their ratio."""
    client = create_app(Config()).test_client()
    for _ in range(TO_FILL):
        client.get(**GET)
    full = megabytes()
    for _ in range(requests):
        client.get(**GET)
    end = megabytes()
    print(
        f"memory with a full journal: {full:.1f} MB, after {requests} more requests {end:.1f} MB: "
        f"ratio {end / full:.3f}"
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
