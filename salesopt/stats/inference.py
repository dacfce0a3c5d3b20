"""Coefficients of many units with the variance that their clusters allow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from salesopt.stats.cells import Cells, Codes, Floats, levels, number_within
from salesopt.stats.fewclusters import FEW, jackknife
from salesopt.stats.regression import Fit, Moments, fit, influence, moments, small_sample, sum_of_squares


@dataclass(frozen=True, eq=False)
class Estimates:
    """Coefficients of many units.

    beta     : (units, regressors)
    variance : (units, regressors, regressors); nan where there is none
    freedom  : (units,) degrees of freedom of t: clusters - 1, or rows less parameters without clusters
    clusters : (units,) number of clusters, of the dimension that has fewer
    few      : (units,) whether the variance is CRV3 because there are under 30 clusters
    fragile  : (units,) whether a coefficient cannot be estimated without one of the clusters; then the variance is CRV1
    fit, moments : what it was made of
    """

    beta: Floats
    variance: Floats
    freedom: Floats
    clusters: Codes
    few: NDArray[np.bool_]
    fragile: NDArray[np.bool_]
    fit: Fit
    moments: Moments


def estimate(
    cells: Cells, x: Sequence[int], y: int, w: Sequence[int] | None = None, *, clustered: bool = True
) -> Estimates:
    """Regress variable `y` on `x`, by two-stage least squares where the exogenous variables `w` are given.

    Errors are clustered along `cells.clusters`: one dimension, or two (Cameron, Gelbach and Miller 2011; the largest
    of the two-way and both one-way variances of the last regressor counts, as MacKinnon, Nielsen and Webb 2024 advise).
    Dimensions with fewer than 30 clusters use CRV3. With `clustered=False` every cell must be one row with a cluster of
    its own, and the variance is HC1.
    """
    cells = _with_crossing(cells)
    sums = moments(cells)
    found = fit(sums.total, sums.least, x, y, w)
    parameters = found.used.sum(axis=1)
    crossed = [
        sum_of_squares(influence(found, matrix, owner, x, y, w), owner, cells.units)
        for matrix, owner in zip(sums.clusters, sums.owner, strict=True)
    ]
    if not clustered:
        left = sums.rows - parameters - sums.taken
        with np.errstate(divide="ignore", invalid="ignore"):
            variance = crossed[0] * np.where(left > 0, sums.rows / left, np.nan)[:, None, None]
        none = np.zeros(cells.units, dtype=bool)
        return Estimates(found.beta, variance, left, sums.rows.astype(np.int64), none, none, found, sums)

    count = np.stack([levels(cells.unit, codes) for codes in cells.clusters])
    least = count.min(axis=0)
    variances = [
        matrix * small_sample(sums.rows, parameters + free, least)[:, None, None]
        for matrix, free in zip(crossed, sums.free, strict=True)
    ]
    few = np.zeros(cells.units, dtype=bool)
    fragile = np.zeros(cells.units, dtype=bool)
    for dimension in range(min(len(count), 2)):
        wanted = np.flatnonzero((count[dimension] < FEW) & (count[dimension] > 1))
        if len(wanted):
            careful = _careful(cells, dimension, wanted, found, x, y, w)
            good = np.isfinite(careful[:, -1, -1])
            variances[dimension][wanted[good]] = careful[good]
            few[wanted] = True
            fragile[wanted] |= ~good
    variance = variances[0] if len(variances) == 1 else _largest(variances)
    return Estimates(found.beta, variance, (least - 1).astype(float), least, few, fragile, found, sums)


def _with_crossing(cells: Cells) -> Cells:
    """With two dimensions of clusters, a third: their crossing."""
    if len(cells.clusters) != 2:
        return cells
    crossing = cells.clusters[0] * (int(cells.clusters[1].max()) + 1) + cells.clusters[1]
    both = np.concatenate([cells.clusters, number_within(cells.unit, crossing[None])])
    return Cells(cells.unit, cells.effects, both, cells.rows, cells.weight, cells.mean, cells.within)


def _careful(
    cells: Cells, dimension: int, wanted: Codes, full: Fit, x: Sequence[int], y: int, w: Sequence[int] | None
) -> Floats:
    """CRV3 variance of the units `wanted`."""
    position = np.full(cells.units, -1)
    position[wanted] = np.arange(len(wanted))
    keep = position[cells.unit] >= 0
    part = Cells(
        position[cells.unit[keep]],
        cells.effects[:, keep],
        cells.clusters[:, keep],
        cells.rows[keep],
        cells.weight[keep],
        cells.mean[:, keep],
        None if cells.within is None else cells.within[:, keep],
    )

    def again(left_out: Cells) -> Floats:
        sums = moments(left_out)
        found = fit(sums.total, sums.least, x, y, w)
        lost = ~found.used[:, -1] | ~found.valid
        return np.where(lost[:, None], np.nan, found.beta)

    return jackknife(part, dimension, again, full.beta[wanted])


def _largest(variances: list[Floats]) -> Floats:
    """The two-way variance, or a one-way variance where that is larger for the last regressor."""
    both = variances[0] + variances[1] - variances[2]
    choices = np.stack([both, variances[0], variances[1]])
    best = np.nanargmax(np.where(np.isnan(choices[:, :, -1, -1]), -np.inf, choices[:, :, -1, -1]), axis=0)
    return choices[best, np.arange(choices.shape[1])]
