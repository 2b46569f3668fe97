"""Statistics of the results: medians of the rounds' ratios, and the exponent of a power law."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import log10
from statistics import linear_regression, median


@dataclass(frozen=True, slots=True)
class Ratio:
    """The median, the least and the greatest of the rounds' ratios."""

    median: float
    least: float
    most: float


def ratio(ours: Mapping[int, float], theirs: Mapping[int, float]) -> Ratio | None:
    """Return ours ÷ theirs over the rounds that both have; None when there is none."""
    values = [ours[number] / theirs[number] for number in ours.keys() & theirs.keys()]
    return Ratio(median(values), min(values), max(values)) if values else None


def exponent(points: Iterable[tuple[float, float]]) -> float | None:
    """Return the k of cost = c · size^k that fits (size, cost) points best, in logarithms; None for
    fewer than two points. 0 means that the size does not matter, 1 that the cost is proportional.
    """
    logarithms = [(log10(size), log10(cost)) for size, cost in points]
    if len(logarithms) < 2:
        return None
    return linear_regression(*zip(*logarithms, strict=True)).slope
