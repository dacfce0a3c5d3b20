"""Best, base and worst case from factors that may come about, each with a probability and an impact."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.float64]
SCENARIOS = ("best", "base", "worst")
FUTURES = 4000


def tell_scenarios(
    names: Sequence[str],
    probability: Array,
    impact: Array,
    panels_probability: Array,
    panels_impact: Array,
    *,
    tail: float,
    correlation: float,
    effect_per_point: float,
    confidence: float,
    seed: int,
) -> tuple[pd.DataFrame, list[str]]:
    """Three scenarios of the sum of the impacts that come about, and what to doubt about them.

    probability, impact : per factor; impact is signed (above 0 good)
    panels_...          : panels x factors, what other raters might have said
    tail                : worst and best are the sums beyond which this fraction of futures lies; base is the expected
                          sum
    correlation         : of a common cause that makes good turns likelier and bad turns less likely, or the reverse

    Columns: scenario, net (points), low, high (interval over panels), drivers (the factors that tell the scenario
    from the base, the three that matter most), sales_effect (fraction of sales; missing without `effect_per_point`),
    correlation.
    """
    common = _futures(len(names), seed)
    happens = _occurrences(probability, impact, correlation, common)
    outcomes = happens @ impact
    points = _ends(outcomes, float(probability @ impact), tail)
    others = np.array(
        [
            _ends(_occurrences(chance, size, correlation, common) @ size, float(chance @ size), tail)
            for chance, size in zip(np.clip(panels_probability, 0.0, 1.0), panels_impact, strict=True)
        ]
    )
    side = (1 - confidence) / 2
    known = bool((others.std(axis=0) > 0).any())
    low, high = np.quantile(others, [side, 1 - side], axis=0) if known else np.full((2, 3), math.nan)
    table = pd.DataFrame({"scenario": SCENARIOS, "net": points, "low": low, "high": high})
    table["drivers"] = _drivers(names, happens, outcomes, impact, points)
    table["sales_effect"] = table["net"] * effect_per_point
    table["correlation"] = correlation
    return table, _doubts(points, probability, impact, common, tail, correlation, effect_per_point)


def _futures(items: int, seed: int) -> tuple[Array, Array]:
    """The same random numbers for every panel, so that panels differ by what they say and not by chance."""
    generator = np.random.default_rng(seed)
    return generator.standard_normal((FUTURES, 1)), generator.standard_normal((FUTURES, items))


def _occurrences(probability: Array, impact: Array, correlation: float, common: tuple[Array, Array]) -> Array:
    """Futures x factors: 1 where the factor comes about (a Gaussian copula with one common cause)."""
    cause, own = common
    lean = math.sqrt(correlation) * cause * np.sign(impact) + math.sqrt(1 - correlation) * own
    return (lean > stats.norm.isf(probability)).astype(float)


def _ends(outcomes: Array, expected: float, tail: float) -> Array:
    worst, best = np.quantile(outcomes, [tail, 1 - tail])
    return np.array([best, expected, worst])


def _drivers(names: Sequence[str], happens: Array, outcomes: Array, impact: Array, points: Array) -> list[str]:
    """The factors whose coming about differs most between a tail and all futures, weighed by impact."""
    usual = happens.mean(axis=0)
    words = []
    for end in (outcomes >= points[0], None, outcomes <= points[2]):
        if end is None or not end.any():
            words.append("")
            continue
        part = (happens[end].mean(axis=0) - usual) * impact
        most = np.argsort(-np.abs(part), kind="stable")[:3]
        told = [
            f"{names[at]} ({'comes' if happens[end][:, at].mean() > usual[at] else 'stays away'})"
            for at in most
            if part[at] != 0
        ]
        words.append("; ".join(told))
    return words


def _doubts(
    points: Array,
    probability: Array,
    impact: Array,
    common: tuple[Array, Array],
    tail: float,
    correlation: float,
    effect: float,
) -> list[str]:
    width = points[0] - points[2]
    doubts = []
    if correlation == 0 and width > 0:
        wider = _ends(_occurrences(probability, impact, 0.3, common) @ impact, 0.0, tail)
        doubts.append(
            "The scenarios let each factor come on its own; if good and bad turns came together (correlation 0.3), "
            f"best and worst would lie {(wider[0] - wider[2]) / width - 1:.0%} further apart."
        )
    if math.isnan(effect):
        doubts.append("The scenarios are in points; what a point is worth in sales was not given (effect_per_point).")
    return doubts
