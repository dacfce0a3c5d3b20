"""Coefficients of many units with the variance that their clusters allow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from salesopt.stats.cells import Cells, Codes, Floats, Mask, levels, number_within
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
    few: Mask
    fragile: Mask
    fit: Fit
    moments: Moments


@dataclass(frozen=True, eq=False)
class Spread:
    """Variance of coefficients and what it rests on; the fields are those of `Estimates`."""

    variance: Floats
    freedom: Floats
    clusters: Codes
    few: Mask
    fragile: Mask


def estimate(
    cells: Cells, x: Sequence[int], y: int, w: Sequence[int] | None = None, *, clustered: bool = True
) -> Estimates:
    """Regress variable `y` on `x`, by two-stage least squares where the exogenous variables `w` are given.

    Errors are clustered along `cells.clusters`: one dimension, or two (Cameron, Gelbach and Miller 2011; the largest
    of the two-way and both one-way variances of the last regressor counts, as MacKinnon, Nielsen and Webb 2024 advise).
    Dimensions with fewer than 30 clusters use CRV3. With `clustered=False` every cell must be one row with a cluster of
    its own, and the variance is HC1.
    """
    cells = with_crossing(cells)
    sums = moments(cells)
    found = fit(sums.total, sums.least, x, y, w)

    def push(matrix: Floats, owner: Codes) -> Floats:
        return influence(found, matrix, owner, x, y, w)

    def again(left_out: Cells) -> Floats:
        less = moments(left_out)
        refit = fit(less.total, less.least, x, y, w)
        lost = ~refit.used[:, -1] | ~refit.valid
        return np.where(lost[:, None], np.nan, refit.beta)

    spread = spread_of(cells, sums, push, again, found.beta, found.used.sum(axis=1), clustered)
    return Estimates(
        found.beta, spread.variance, spread.freedom, spread.clusters, spread.few, spread.fragile, found, sums
    )


def spread_of(
    cells: Cells,
    sums: Moments,
    push: Callable[[Floats, Codes], Floats],
    again: Callable[[Cells], Floats],
    full: Floats,
    parameters: Floats,
    clustered: bool,
) -> Spread:
    """The variance of coefficients `full` (units, k).

    push       : each cluster's push on the coefficients, from the clusters' cross-products and their units
    again      : the coefficients of other cells, nan where they cannot be estimated
    parameters : (units,) number of regressors used
    """
    crossed = [
        sum_of_squares(push(matrix, owner), owner, cells.units)
        for matrix, owner in zip(sums.clusters, sums.owner, strict=True)
    ]
    few = np.zeros(cells.units, dtype=bool)
    fragile = np.zeros(cells.units, dtype=bool)
    if not clustered:
        left = sums.rows - parameters - sums.taken
        factor = np.where(left > 0, sums.rows / np.maximum(left, 1), np.nan)
        return Spread(crossed[0] * factor[:, None, None], left, sums.rows.astype(np.int64), few, fragile)
    count = np.stack([levels(cells.unit, codes) for codes in cells.clusters])
    least = count.min(axis=0)
    variances = [
        matrix * small_sample(sums.rows, parameters + free, least)[:, None, None]
        for matrix, free in zip(crossed, sums.free, strict=True)
    ]
    for dimension in range(min(len(count), 2)):
        wanted = np.flatnonzero((count[dimension] < FEW) & (count[dimension] > 1))
        if len(wanted):
            careful = jackknife(_part(cells, wanted), dimension, again, full[wanted])
            good = np.isfinite(careful).all(axis=(1, 2))
            variances[dimension][wanted[good]] = careful[good]
            few[wanted] = True
            fragile[wanted] |= ~good
    variance = variances[0] if len(variances) == 1 else _largest(variances)
    return Spread(variance, (least - 1).astype(float), least, few, fragile)


def with_crossing(cells: Cells) -> Cells:
    """With two dimensions of clusters, a third: their crossing."""
    if len(cells.clusters) != 2:
        return cells
    crossing = cells.clusters[0] * (int(cells.clusters[1].max()) + 1) + cells.clusters[1]
    both = np.concatenate([cells.clusters, number_within(cells.unit, crossing[None])])
    return Cells(cells.unit, cells.effects, both, cells.rows, cells.weight, cells.mean, cells.within)


def _part(cells: Cells, wanted: Codes) -> Cells:
    """The cells of the units `wanted`, which are numbered anew; levels and clusters keep their numbers."""
    position = np.full(cells.units, -1)
    position[wanted] = np.arange(len(wanted))
    keep = position[cells.unit] >= 0
    return Cells(
        position[cells.unit[keep]],
        cells.effects[:, keep],
        cells.clusters[:, keep],
        cells.rows[keep],
        cells.weight[keep],
        cells.mean[:, keep],
        None if cells.within is None else cells.within[:, keep],
    )


def _largest(variances: list[Floats]) -> Floats:
    """The two-way variance, or a one-way variance where that is larger for the last regressor."""
    both = variances[0] + variances[1] - variances[2]
    choices = np.stack([both, variances[0], variances[1]])
    best = np.nanargmax(np.where(np.isnan(choices[:, :, -1, -1]), -np.inf, choices[:, :, -1, -1]), axis=0)
    return choices[best, np.arange(choices.shape[1])]
