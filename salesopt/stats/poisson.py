"""Poisson pseudo-maximum likelihood with fixed effects, for many units at once (Santos Silva and Tenreyro 2006).

It needs no Poisson data: only that expected units are exp(regressors x coefficients). Rows with zero units stay in,
which a regression in logs has to drop. Rows that effects or regressors predict to be empty for certain (a market that
never sold the product) say nothing; they are taken out, as Correia, Guimaraes and Zylkin (2020) show they must be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from salesopt.stats.cells import Cells, Codes, Floats, Mask, levels, take
from salesopt.stats.effects import absorb
from salesopt.stats.inference import Estimates, estimate
from salesopt.stats.regression import fit, moments

STEPS = 100
CONVERGED = 1e-11
FARTHEST = 40.0
NOTHING = 1e-7


@dataclass(frozen=True, eq=False)
class PoissonFit:
    """Coefficients and what became of the rows.

    estimates : coefficients, variance (sandwich; below 30 clusters the linearised jackknife of MacKinnon, Nielsen and
                Webb 2023) and moments at the solution, where the outcome is the working residual (units / fitted - 1)
    cells     : the rows used; `kept` says which of the given ones
    fitted    : (rows used,) expected units
    converged : (units,) whether the coefficients settled at finite values
    explained : (units,) share of the deviance explained
    """

    estimates: Estimates
    cells: Cells
    kept: Mask
    fitted: Floats
    converged: Mask
    explained: Floats


def fit_poisson(cells: Cells, x: Sequence[int], y: int, *, clustered: bool = True) -> PoissonFit:
    """Regress variable `y` (at least 0, some of it above 0 in every unit) on `x` and the effects of `cells`.

    Every cell must be one row. Iterated least squares; the effects are solved for exactly in every step.
    """
    kept = _with_sales(cells, y)
    cells = take(cells, kept)
    count = cells.mean[y]
    starts = cells.starts[:-1]
    average = np.add.reduceat(cells.weight * count, starts) / np.add.reduceat(cells.weight, starts)
    fitted = (count + average[cells.unit]) / 2
    beta = np.zeros((cells.units, len(x)))
    deviance = np.full(cells.units, np.inf)
    converged = np.zeros(cells.units, dtype=bool)
    for _ in range(STEPS):
        predictor = np.log(fitted)
        working = _weighted(cells, y, fitted, predictor + count / fitted - 1)
        sums = moments(working)
        beta = fit(sums.total, sums.least, x, y).beta
        residual = absorb(working).residual
        rest = residual[y] - np.einsum("xr,rx->r", residual[list(x)], beta[cells.unit])
        predictor = np.clip(working.mean[y] - rest, -FARTHEST, FARTHEST)
        fitted = np.exp(predictor)
        last, deviance = deviance, _deviance(cells, count, fitted, starts)
        converged = np.abs(last - deviance) <= CONVERGED * (np.abs(deviance) + 0.1)
        if converged.all():
            break
    empty = (count == 0) & (fitted < NOTHING * average[cells.unit])
    if empty.any():
        again = fit_poisson(take(cells, ~empty), x, y, clustered=clustered)
        kept[np.flatnonzero(kept)] = _spread_out(~empty, again.kept)
        return replace(again, kept=kept)
    final = estimate(_weighted(cells, y, fitted, count / fitted - 1), x, y, clustered=clustered)
    null = _deviance(cells, count, average[cells.unit], starts)
    with np.errstate(divide="ignore", invalid="ignore"):
        explained = 1 - deviance / null
    settled = Estimates(
        beta + final.beta,
        final.variance,
        final.freedom,
        final.clusters,
        final.few,
        final.fragile,
        final.fit,
        final.moments,
    )
    return PoissonFit(settled, cells, kept, fitted, converged, explained)


def _with_sales(cells: Cells, y: int) -> Mask:
    """Which rows are in levels of every effect that have a sale; taking a level out may empty another."""
    kept = np.ones(len(cells.unit), dtype=bool)
    while True:
        before = int(kept.sum())
        for codes in cells.effects:
            count = levels(cells.unit, codes)
            place = (np.cumsum(count) - count)[cells.unit] + codes
            sold = np.bincount(place[kept], cells.mean[y][kept], minlength=int(count.sum()))
            kept &= sold[place] > 0
        if int(kept.sum()) == before:
            return kept


def _spread_out(first: Mask, second: Mask) -> Mask:
    """Which rows pass both, where the second was asked only of those that pass the first."""
    both = first.copy()
    both[np.flatnonzero(first)] = second
    return both


def _weighted(cells: Cells, y: int, fitted: Floats, working: Floats) -> Cells:
    mean = cells.mean.copy()
    mean[y] = working
    return Cells(cells.unit, cells.effects, cells.clusters, cells.rows, cells.weight * fitted, mean)


def _deviance(cells: Cells, count: Floats, fitted: Floats, starts: Codes) -> Floats:
    """(units,) twice the likelihood lost against a perfect fit."""
    ratio = np.where(count > 0, count / fitted, 1.0)
    part = count * np.log(ratio) - (count - fitted)
    return 2 * np.add.reduceat(cells.weight * part, starts)
