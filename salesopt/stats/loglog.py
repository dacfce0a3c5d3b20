"""The regressions behind an elasticity: least squares, two stages or Poisson, and the same in a more careful model."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from salesopt.stats.cells import Cells, Floats, Mask
from salesopt.stats.design import OTHER_UNITS, PRICE, TREND, UNITS, Design, Gathered
from salesopt.stats.inference import Estimates, estimate
from salesopt.stats.pitfalls import Evidence
from salesopt.stats.poisson import fit_poisson
from salesopt.stats.regression import fit, moments


@dataclass(frozen=True, eq=False)
class Solved:
    """The regressions of all units.

    x, y, w   : places of the regressors (the price last), the outcome, and the exogenous variables of two stages
    cells     : the data that were used
    fitted    : expected units of a Poisson fit, else None
    settled   : (units,) whether there is a finite solution
    r_squared : (units,) share of the variance (Poisson: deviance) explained
    """

    x: list[int]
    y: int
    w: list[int] | None
    cells: Cells
    found: Estimates
    fitted: Floats | None
    settled: Mask
    r_squared: Floats


def solve(cells: Cells, design: Design, method: str) -> Solved:
    """Run the regressions of `design` by `method`: "ols", "iv" or "ppml"."""
    x = design.places([*design.exogenous, *design.lagged, PRICE])
    y = design.places([UNITS])[0]
    clustered = bool(design.clusters)
    if method == "ppml":
        poisson = fit_poisson(cells, x, y, clustered=clustered)
        return Solved(
            x, y, None, poisson.cells, poisson.estimates, poisson.fitted, poisson.converged, poisson.explained
        )
    w = design.places([*design.exogenous, *design.instruments]) if method == "iv" else None
    found = estimate(cells, x, y, w, clustered=clustered)
    r_squared = 1 - found.fit.rss / np.maximum(found.moments.raw[:, y], np.finfo(float).tiny)
    return Solved(x, y, w, cells, found, None, np.ones(cells.units, dtype=bool), r_squared)


def identified(solved: Solved, design: Design, method: str) -> tuple[Mask, np.ndarray]:
    """(units,) whether the price coefficient and its error could be estimated, and why not."""
    found = solved.found
    beyond = "the effects" if not design.controls else "the effects and controls"
    reason = np.select(
        [
            ~found.fit.used[:, -1],
            ~found.fit.valid if method == "iv" else np.zeros(len(found.beta), dtype=bool),
            found.clusters < 2 if design.clusters else np.zeros(len(found.beta), dtype=bool),
            ~solved.settled,
            ~(found.variance[:, -1, -1] > 0),
        ],
        [
            f"the price does not vary beyond {beyond}",
            "no instrument varies beyond the effects and controls",
            f"only one {' and '.join(design.clusters)}, so that no error can be estimated",
            "the likelihood has no finite maximum: some regressor alone separates rows with from rows without sales",
            "too few rows for the number of effects and controls",
        ],
        "",
    )
    return reason == "", reason


def evidence_of(solved: Solved, gathered: Gathered, design: Design, good: Mask, method: str, pooled: bool) -> Evidence:
    """What the checks of `salesopt.stats.pitfalls` look at."""
    found, sums = solved.found, solved.found.moments
    before = fit(sums.total, sums.least, solved.x[:-1], solved.x[-1]) if len(solved.x) > 1 else None
    beyond = sums.total[:, solved.x[-1], solved.x[-1]] if before is None else before.rss
    weight = np.bincount(solved.cells.unit, solved.cells.weight * (1 if solved.fitted is None else solved.fitted))
    by_period = method != "ppml" and gathered.period is not None and "period" not in design.effects
    if design.over_time:
        other, name = _with_stretches(solved), "each stretch of time has a level of its own"
    elif by_period:
        other, name = _with_periods(solved, gathered), "each period has an effect of its own"
    else:
        other, name = _with_trend(solved, design), "demand has a trend of its own"
    return Evidence(
        price_move=np.sqrt(beyond / weight)[good],
        other=other[good],
        other_name=name,
        fragile=found.fragile[good],
        pooled=pooled,
        clusters=design.clusters,
        logs=method != "ppml",
        remark=_remark(design),
    )


def _remark(design: Design) -> str:
    """What is said beside every number of a comparison over time, "" elsewhere."""
    if not design.over_time:
        return ""
    held = "season, trend and the other products' sales" if OTHER_UNITS in design.controls else "season and trend"
    return f"compared over time in one market: only {held} are held equal"


def _with_trend(solved: Solved, design: Design) -> Floats:
    """(units,) own elasticity where each product has a linear trend; nan where the effects leave no trend."""
    sums, place = solved.found.moments, design.places([TREND])
    w = None if solved.w is None else [*place, *solved.w]
    extra = fit(sums.total, sums.least, [*place, *solved.x], solved.y, w)
    able = extra.used[:, 0] & extra.used[:, -1]
    # a Poisson fit's outcome is the working residual, so that this is one step from the solution
    start = np.zeros(len(able)) if solved.fitted is None else solved.found.beta[:, -1]
    return np.where(able, start + extra.beta[:, -1], np.nan)


def _with_stretches(solved: Solved) -> Floats:
    """(units,) own elasticity where prices are compared within each stretch of time only; nan where still."""
    cells = solved.cells
    if solved.fitted is not None:  # the level of a Poisson fit cannot be added in one step
        return np.full(cells.units, np.nan)
    sums = moments(replace(cells, effects=np.concatenate([cells.effects, cells.clusters[:1]])))
    other = fit(sums.total, sums.least, solved.x, solved.y, solved.w)
    return np.where(other.used[:, -1] & other.valid, other.beta[:, -1], np.nan)


def _with_periods(solved: Solved, gathered: Gathered) -> Floats:
    """(units,) own elasticity where each period has an effect too; nan where prices do not differ within a period."""
    cells, period = solved.cells, gathered.period
    more = replace(cells, effects=np.concatenate([cells.effects, np.asarray(period)[None]]))
    sums = moments(more)
    other = fit(sums.total, sums.least, solved.x, solved.y, solved.w)
    return np.where(other.used[:, -1] & other.valid, other.beta[:, -1], np.nan)
