"""What is to be reached, and whether it is. All goals are ratios, or exponents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks import measures, ratios
from benchmarks.measures import Measure, Results

POST, WRITE, REFUSED = (measures.load(job, 16) for job in ("post", "write", "refused"))


@dataclass(frozen=True, slots=True)
class Goal:
    """Ours ÷ the peer's, or with `inverse` the peer's ÷ ours, is to be at least or at most this.
    `ours` names which of our own takes part."""

    measure: Measure
    peer: str
    least: float | None = None
    most: float | None = None
    inverse: bool = False
    title: str = ""
    ours: str = "ours"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a goal; `reached` is None when it was not measured."""

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
            ("wiremock-forgetful", 0.6),
        )
    ),
    *(
        Goal(
            measure,
            "wiremock-forgetful",
            least=0.6,
            title=f"without journal, {measure.title}",
            ours="ours-forgetful",
        )
        for measure in (POST, WRITE)
    ),
    Goal(REFUSED, "prism", least=2.5),
    Goal(POST, "bare", most=1.6, inverse=True, title="cost of a valid POST, 16 connections"),
    Goal(WRITE, "bare", most=1.6, inverse=True, title="cost of one that writes, 16 connections"),
    Goal(measures.FIRST_ANSWER, "moto", most=0.75),
    Goal(measures.FIRST_ANSWER, "prism", most=0.35),
    Goal(measures.REST, "moto", most=1),
    Goal(measures.LOADED, "moto", most=1),
)
MAX_EXPONENT = 0.1
FLAT = (
    *("get", "associate", "reset", "fork"),
    *("list, administrator", "list, account", "filter, an account's", "filter, every name"),
)
"""What is to cost the same in a world of any size: whole requests, and lists by their page."""


def verdicts(results: Results) -> list[Verdict]:
    """Return what became of every goal, but of those where one side took no part."""
    took_part = set(results.get("contestants", ()))
    ratios_of = [_judge(goal, results) for goal in GOALS if {goal.ours, goal.peer} <= took_part]
    return [*ratios_of, *_exponents(results)]


def _judge(goal: Goal, results: Results) -> Verdict:
    sides = [goal.measure.of(results, name) for name in (goal.ours, goal.peer)]
    found = ratios.ratio(*(reversed(sides) if goal.inverse else sides))
    title = goal.title or goal.measure.title
    beside = results["contestants"][goal.peer]["title"]
    wanted = f"≥ {goal.least:g} ×" if goal.least is not None else f"≤ {goal.most:g} ×"
    if found is None:
        return Verdict(title, f"{wanted} {beside}", None, None, False)
    is_met = _within(found.median, goal.least, goal.most)
    return Verdict(title, f"{wanted} {beside}", found.median, (found.least, found.most), is_met)


def _exponents(results: Results) -> Iterator[Verdict]:
    for action in FLAT:
        found = fitted(results, action)
        is_met = found is not None and found <= MAX_EXPONENT
        goal = f"exponent ≤ {MAX_EXPONENT:g}"
        yield Verdict(f"{action}, by the number of carts", goal, found, None, is_met)


def fitted(results: Results, action: str) -> float | None:
    """Return the exponent of an action's cost by the number of carts; None if it was not fitted."""
    return ratios.exponent(points(results, action))


def points(results: Results, action: str) -> Sequence[tuple[float, float]]:
    """Return the (carts, seconds) of an action."""
    size = results.get("size", ())
    return [(each["carts"], each["seconds"]) for each in size if each["action"] == action]


def _within(value: float, least: float | None, most: float | None) -> bool:
    return (least is None or value >= least) and (most is None or value <= most)
