"""Does a reset take the same time however many carts there are?  `python -m benchmarks.reset`

Two figures: going back to the fixtures, and giving back the memory of the world that was left. The
latter is Python's work, at the end of the reset or of the last request that still uses that world.
"""

from statistics import median
from time import perf_counter

from flask import Flask

from mockserver.app import create_app
from mockserver.config import Config

FEW, MANY = 10, 10_000
ROUNDS = 3
HEADERS = {
    "Authorization": "Bearer shopper",
    "EP-Account-Management-Authentication-Token": "account-1",
}


def fill(app: Flask, carts: int) -> None:
    client = app.test_client()
    for _ in range(carts):
        answer = client.post("/v2/carts", headers=HEADERS, json={"data": {"name": "Cart"}})
        assert answer.status_code == 201


def measure(app: Flask) -> tuple[float, float]:
    """Return the seconds of a reset, and those of giving back what it left."""
    sandbox = app.extensions["sandbox"]
    left = sandbox.world
    start = perf_counter()
    sandbox.reset()
    reset = perf_counter()
    del left
    return reset - start, perf_counter() - reset


def main() -> None:
    apps = {carts: create_app(Config()) for carts in (FEW, MANY)}
    seconds: dict[int, list[tuple[float, float]]] = {carts: [] for carts in apps}
    for _ in range(ROUNDS):
        for carts, app in apps.items():
            fill(app, carts)
            seconds[carts].append(measure(app))
    for index, what in enumerate(("reset", "memory given back")):
        few, many = (median(each[index] for each in seconds[carts]) for carts in (FEW, MANY))
        print(
            f"{what}: {few * 1e6:.1f} µs with {FEW} carts, {many * 1e6:.1f} µs with {MANY}: "
            f"ratio {many / few:.2f}"
        )


if __name__ == "__main__":
    main()
