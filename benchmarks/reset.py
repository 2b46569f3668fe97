"""Does a reset take the same time however many carts there are?  `python -m benchmarks.reset`

Measured are the whole call, and the longest stall that a request in the same process met while the
memory of the world that was left was given back.
"""

from statistics import median
from time import perf_counter

from flask import Flask

from mockserver.app import create_app
from mockserver.config import Config

FEW, MANY = 10, 10_000
ROUNDS = 5
AFTERWARDS = 200
HEADERS = {
    "Authorization": "Bearer shopper",
    "EP-Account-Management-Authentication-Token": "account-1",
}


def fill(app: Flask, carts: int) -> None:
    """Create carts the way an app does."""
    client = app.test_client()
    for _ in range(carts):
        answer = client.post("/v2/carts", headers=HEADERS, json={"data": {"name": "Cart"}})
        assert answer.status_code == 201


def measure(app: Flask) -> tuple[float, float]:
    """Return the seconds of a reset, and those of the slowest of the requests after it."""
    client = app.test_client()
    start = perf_counter()
    app.extensions["sandbox"].reset()
    reset = perf_counter() - start
    slowest = 0.0
    for _ in range(AFTERWARDS):
        start = perf_counter()
        client.get("/v2/carts/free-cart", headers=HEADERS)
        slowest = max(slowest, perf_counter() - start)
    return reset, slowest


def main() -> None:
    """Print both figures as ratios."""
    apps = {carts: create_app(Config()) for carts in (FEW, MANY)}
    seconds: dict[int, list[tuple[float, float]]] = {carts: [] for carts in apps}
    for _ in range(ROUNDS):
        for carts, app in apps.items():
            fill(app, carts)
            seconds[carts].append(measure(app))
    for index, what in enumerate(("reset", "slowest request after it")):
        few, many = (median(each[index] for each in seconds[carts]) for carts in (FEW, MANY))
        print(
            f"{what}: {few * 1e6:.0f} µs with {FEW} carts, {many * 1e6:.0f} µs with {MANY}: "
            f"ratio {many / few:.2f}"
        )


if __name__ == "__main__":
    main()
