"""Do fork, reset, snapshot and restore take the same time however many carts there are?
`python -m benchmarks.sandboxes`

Each figure is the best of many calls; a ratio of about 1 says that the size does not matter.
"""

from collections.abc import Callable
from dataclasses import replace
from time import perf_counter

from rpds import HashTrieMap

from mockserver.config import Config
from mockserver.contract import Contract
from mockserver.fixtures import load
from mockserver.resources import resource
from mockserver.sandbox import Sandbox
from mockserver.world import Cart

FEW, MANY = 10, 100_000
ROUNDS = 500


def sandbox_with(carts: int) -> Sandbox:
    """Return a sandbox whose seed has as many carts."""
    world = load(Config().fixtures, Contract.load(resource("openapi.yaml")))
    made = {
        f"cart-{n}": Cart(f"cart-{n}", "Cart", "", 0, 0, 7 * 86_400_000, -n) for n in range(carts)
    }
    return Sandbox(replace(world, carts=HashTrieMap(made)), None, 0, 1000)


def actions(sandbox: Sandbox) -> dict[str, Callable[[], object]]:
    """Return what is measured, by its name."""
    sandbox.save("saved")
    return {
        "fork": sandbox.fork,
        "fork of a snapshot": lambda: sandbox.fork("saved"),
        "reset": sandbox.reset,
        "snapshot": lambda: sandbox.save("another"),
        "restore": lambda: sandbox.restore("saved"),
    }


def best_of(action: Callable[[], object]) -> float:
    """Return the seconds of the fastest of many calls."""
    seconds = []
    for _ in range(ROUNDS):
        start = perf_counter()
        action()
        seconds.append(perf_counter() - start)
    return min(seconds)


def main() -> None:
    """Print the times and their ratios."""
    few, many = (actions(sandbox_with(carts)) for carts in (FEW, MANY))
    for name in few:
        small, large = best_of(few[name]), best_of(many[name])
        print(
            f"{name}: {small * 1e6:.1f} µs with {FEW} carts, {large * 1e6:.1f} µs with {MANY}: "
            f"ratio {large / small:.2f}"
        )


if __name__ == "__main__":
    main()
