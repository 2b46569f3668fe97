"""What is made of numbers: medians of the rounds' ratios, and the exponent of a power law."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import log10
from statistics import linear_regression, median


@dataclass(frozen=True, slots=True)
class Ratio:
    """One thing in terms of another: the median of the rounds' ratios, the least and the most."""

    median: float
    least: float
    most: float


def ratio(ours: Mapping[int, float], theirs: Mapping[int, float]) -> Ratio | None:
    """Return ours ÷ theirs over the rounds that both have; None when there is none."""
    found = [ours[each] / theirs[each] for each in sorted(ours.keys() & theirs.keys())]
    return Ratio(median(found), min(found), max(found)) if found else None


def exponent(points: Iterable[tuple[float, float]]) -> float | None:
    """Return the k of cost = c · size^k that fits (size, cost) points best, in logarithms; None for
    fewer than two points. 0 says that the size does not matter, 1 that it is paid in full.
    """
    given = [(log10(size), log10(cost)) for size, cost in points]
    if len(given) < 2:
        return None
    return linear_regression(*zip(*given, strict=True)).slope
