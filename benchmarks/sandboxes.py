"""Do fork, reset, snapshot and restore cost the same at any size?

Run `python -m benchmarks.sandboxes`.
"""

from collections.abc import Callable
from dataclasses import replace
from statistics import median
from time import perf_counter

from rpds import HashTrieMap

from mockserver.config import Config
from mockserver.contract import Contract
from mockserver.fixtures import load
from mockserver.resources import resource
from mockserver.sandbox import Sandbox
from mockserver.world import World

FEW, MANY = 10, 100_000
ROUNDS = 200


def world(seed: World, carts: int) -> World:
    """Return a world of so many carts."""
    one = seed.carts["free-cart"]
    return replace(
        seed, carts=HashTrieMap({f"c{n}": replace(one, id=f"c{n}") for n in range(carts)})
    )


def actions(sandbox: Sandbox) -> dict[str, Callable[[], object]]:
    """Return what is measured."""
    return {
        "fork": sandbox.fork,
        "snapshot": lambda: sandbox.save("s"),
        "restore": lambda: sandbox.restore("s"),
        "reset": sandbox.reset,
    }


def main() -> None:
    """Print a ratio for each."""
    seed = load(Config().fixtures, Contract.load(resource("openapi.yaml")))
    measured = {size: actions(Sandbox(world(seed, size), 0, 0, 10)) for size in (FEW, MANY)}
    for name in measured[FEW]:
        seconds: dict[int, list[float]] = {FEW: [], MANY: []}
        for _ in range(ROUNDS):
            for size, act in measured.items():
                measured[size]["snapshot"]()
                start = perf_counter()
                act[name]()
                seconds[size].append(perf_counter() - start)
        few, many = (median(seconds[size]) * 1e6 for size in (FEW, MANY))
        told = f"{few:.1f} µs with {FEW} carts, {many:.1f} µs with {MANY}"
        print(f"{name}: {told}: ratio {many / few:.2f}")


if __name__ == "__main__":
    main()
