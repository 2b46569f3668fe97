"""The goals, and whether they are met. All goals are ratios or exponents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks import measures, ratios
from benchmarks.measures import Measure, Results

POST, WRITE, REFUSED = (measures.load(job, 16) for job in ("post", "write", "refused"))


@dataclass(frozen=True, slots=True)
class Goal:
    """Ours ÷ the peer's, or with `inverse` the peer's ÷ ours, must be at least or at most this.
    `ours` names the contestant of ours that is compared."""

    measure: Measure
    peer: str
    least: float | None = None
    most: float | None = None
    inverse: bool = False
    title: str = ""
    ours: str = "ours"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of a goal; `reached` is None when it was not measured."""

    title: str
    goal: str
    reached: float | None
    spread: tuple[float, float] | None
    is_met: bool


GOALS = (
    *(
        Goal(measure, peer, least=least)
        for measure in (POST, WRITE)
        for peer, least in (
            ("prism", 2.5),
            ("moto", 8),
            ("wiremock", 0.6),
            ("wiremock-without-journal", 0.6),
        )
    ),
    *(
        Goal(
            measure,
            "wiremock-without-journal",
            least=0.6,
            title=f"without journal, {measure.title}",
            ours="ours-without-journal",
        )
        for measure in (POST, WRITE)
    ),
    Goal(REFUSED, "prism", least=2.5),
    Goal(POST, "bare", most=1.6, inverse=True, title="cost of a valid POST, 16 connections"),
    Goal(WRITE, "bare", most=1.6, inverse=True, title="cost of one that writes, 16 connections"),
    Goal(measures.FIRST_RESPONSE, "moto", most=0.75),
    Goal(measures.FIRST_RESPONSE, "prism", most=0.35),
    Goal(measures.REST, "moto", most=1),
    Goal(measures.LOADED, "moto", most=1),
)
MAX_EXPONENT = 0.1
FLAT_ACTIONS = (
    *("get", "associate", "reset", "fork"),
    *("list, administrator", "list, account", "filter, an account's", "filter, every name"),
)
"""What must cost the same for any number of carts: whole requests, and lists per page."""


def verdicts(results: Results) -> list[Verdict]:
    """Return the verdict on every goal whose contestants were both measured."""
    measured = set(results.get("contestants", ()))
    ratio_verdicts = [_judge(goal, results) for goal in GOALS if {goal.ours, goal.peer} <= measured]
    return [*ratio_verdicts, *_exponents(results)]


def _judge(goal: Goal, results: Results) -> Verdict:
    sides = [goal.measure.of(results, name) for name in (goal.ours, goal.peer)]
    reached = ratios.ratio(*(reversed(sides) if goal.inverse else sides))
    title = goal.title or goal.measure.title
    peer_title = results["contestants"][goal.peer]["title"]
    limit = f"≥ {goal.least:g} ×" if goal.least is not None else f"≤ {goal.most:g} ×"
    if reached is None:
        return Verdict(title, f"{limit} {peer_title}", None, None, False)
    is_met = _within(reached.median, goal.least, goal.most)
    return Verdict(
        title, f"{limit} {peer_title}", reached.median, (reached.least, reached.most), is_met
    )


def _exponents(results: Results) -> Iterator[Verdict]:
    for action in FLAT_ACTIONS:
        exponent = fitted(results, action)
        is_met = exponent is not None and exponent <= MAX_EXPONENT
        goal = f"exponent ≤ {MAX_EXPONENT:g}"
        yield Verdict(f"{action}, by the number of carts", goal, exponent, None, is_met)


def fitted(results: Results, action: str) -> float | None:
    """Return the exponent of an action's cost by the number of carts; None if it was not fitted."""
    return ratios.exponent(points(results, action))


def points(results: Results, action: str) -> Sequence[tuple[float, float]]:
    """Return the (carts, seconds) of an action."""
    size = results.get("size", ())
    return [(record["carts"], record["seconds"]) for record in size if record["action"] == action]


def _within(value: float, least: float | None, most: float | None) -> bool:
    return (least is None or value >= least) and (most is None or value <= most)
