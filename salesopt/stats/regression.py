"""Least squares and two-stage least squares of many units at once, from sums of squares and products.

Everything follows from the cross-products of the variables, in all and per cluster, once the fixed effects are taken
out: coefficients, residual sums of squares and the clustered ("sandwich") variance of Liang and Zeger (1986) with the
small-sample factors of Stata and fixest (G/(G-1) x (N-1)/(N-K), where effects nested in clusters do not count in K).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from salesopt.stats.cells import Cells, Codes, Floats, levels, pairs
from salesopt.stats.effects import absorb

COLLINEAR = 1e-9
ROUNDING = 1e-13


@dataclass(frozen=True, eq=False)
class Moments:
    """Cross-products of the variables of many units after their fixed effects were taken out.

    total    : (units, variables, variables) in all
    raw      : (units, variables) sum of squares about the unit's mean, before the effects were taken out
    least    : (units, variables) sum of squares below which a variable counts as explained by others
    clusters : per dimension, the cross-products of each cluster (clusters, variables, variables)
    owner    : per dimension, the unit of each cluster (clusters,), ascending
    rows     : (units,) number of rows
    taken    : (units,) parameters that the effects take up
    free     : per dimension, (units,) parameters that the effects take up and that are not nested in the clusters
    """

    total: Floats
    raw: Floats
    least: Floats
    clusters: tuple[Floats, ...]
    owner: tuple[Codes, ...]
    rows: Floats
    taken: Codes
    free: tuple[Codes, ...]


def moments(cells: Cells) -> Moments:
    """Take the effects of `cells` out and sum the cross-products per unit and per cluster."""
    absorbed = absorb(cells)
    starts = cells.starts[:-1]
    product = _products(cells, absorbed.residual)
    total = _square(np.asarray(np.add.reduceat(product, starts, axis=1), dtype=np.float64))
    clusters, owner, free = [], [], []
    for codes in cells.clusters:
        count = levels(cells.unit, codes)
        place = (np.cumsum(count) - count)[cells.unit] + codes
        sums: Floats = np.stack([np.bincount(place, row, minlength=int(count.sum())) for row in product])
        clusters.append(_square(sums))
        owner.append(np.repeat(np.arange(cells.units), count))
        free.append(_not_nested(cells, codes, absorbed.rank))
    raw, origin = _raw_squares(cells, starts)
    least = np.maximum(np.maximum(COLLINEAR * raw, ROUNDING * origin), np.finfo(float).tiny)
    rows = np.add.reduceat(cells.rows, starts)
    return Moments(total, raw, least, tuple(clusters), tuple(owner), rows, absorbed.rank, tuple(free))


def _products(cells: Cells, residual: Floats) -> Floats:
    product = np.stack([cells.weight * residual[i] * residual[j] for i, j in pairs(len(residual))])
    if cells.within is not None:
        product += cells.within
    return product


def _square(packed: Floats) -> Floats:
    """(..., variables, variables) symmetric matrices from (pairs, ...) packed ones."""
    variables = int((np.sqrt(8 * len(packed) + 1) - 1) / 2)
    full = np.empty((packed.shape[1], variables, variables))
    for (i, j), values in zip(pairs(variables), packed, strict=True):
        full[:, i, j] = values
        full[:, j, i] = values
    return full


def _raw_squares(cells: Cells, starts: Codes) -> tuple[Floats, Floats]:
    weight = np.add.reduceat(cells.weight, starts)
    mean = np.add.reduceat(cells.weight * cells.mean, starts, axis=1) / weight
    squares = np.add.reduceat(cells.weight * (cells.mean - mean[:, cells.unit]) ** 2, starts, axis=1)
    if cells.within is not None:
        own = [place for place, (i, j) in enumerate(pairs(len(cells.mean))) if i == j]
        squares = squares + np.add.reduceat(cells.within[own], starts, axis=1)
    return squares.T, (squares + weight * mean**2).T


def _not_nested(cells: Cells, codes: Codes, rank: Codes) -> Codes:
    """Parameters of the effects that count in K: all but the levels of effects nested in the clusters."""
    free = rank.copy()
    for effect in cells.effects:
        count = levels(cells.unit, effect)
        place = (np.cumsum(count) - count)[cells.unit] + effect
        last = np.zeros(int(count.sum()), dtype=np.int64)
        last[place] = codes
        split = np.zeros(cells.units, dtype=bool)
        split[cells.unit[last[place] != codes]] = True
        free = np.where(split, free, free - count + 1)
    return np.maximum(free, 0)


@dataclass(frozen=True, eq=False)
class Fit:
    """Coefficients of many units.

    beta    : (units, regressors) coefficients, 0 where a regressor was left out
    inverse : (units, regressors, regressors) inverse of X'X, of the projected X for instruments
    first   : (units, instruments, regressors) first-stage coefficients; the identity for least squares
    used    : (units, regressors) whether a regressor was used; one that the others explain is left out
    rss     : (units,) residual sum of squares
    valid   : (units,) whether there are at least as many instruments as regressors
    """

    beta: Floats
    inverse: Floats
    first: Floats
    used: NDArray[np.bool_]
    rss: Floats
    valid: NDArray[np.bool_]


def fit(
    total: Floats, least: Floats, regressors: Sequence[int], outcome: int, instruments: Sequence[int] | None = None
) -> Fit:
    """Regress `outcome` on `regressors` in every unit, by two-stage least squares where `instruments` are given.

    `total` and `least` are those of `Moments`; the numbers are places of variables. `instruments`
    are all exogenous variables, included ones too. Where regressors are collinear the later one is left out.
    """
    x, w = list(regressors), list(regressors if instruments is None else instruments)
    used_w = independent(total, least, w)
    used = used_w if instruments is None else independent(total, least, x)
    weights_inverse = masked_inverse(total[:, w][:, :, w], used_w)
    first = weights_inverse @ total[:, w][:, :, x]
    if instruments is None:
        first = np.broadcast_to(np.eye(len(x)), (len(total), len(x), len(x))) * used[:, None, :]
        inverse = weights_inverse
    else:
        inverse = masked_inverse(np.swapaxes(first, 1, 2) @ total[:, w][:, :, x], used)
    beta = (inverse @ np.swapaxes(first, 1, 2) @ total[:, w, outcome][:, :, None])[:, :, 0]
    cross = total[:, x, outcome]
    square = np.einsum("ui,uij,uj->u", beta, total[:, x][:, :, x], beta)
    rss = total[:, outcome, outcome] - 2 * (beta * cross).sum(axis=1) + square
    return Fit(beta, inverse, first, used, np.maximum(rss, 0.0), used_w.sum(axis=1) >= used.sum(axis=1))


def independent(total: Floats, least: Floats, places: Sequence[int]) -> NDArray[np.bool_]:
    """(units, places) whether each variable varies beyond the effects and the variables before it."""
    left = total[:, list(places)][:, :, list(places)].copy()
    used = np.zeros(left.shape[:2], dtype=bool)
    for place, variable in enumerate(places):
        pivot = left[:, place, place]
        used[:, place] = pivot > least[:, variable]
        safe = np.where(used[:, place], pivot, 1.0)
        row = left[:, place, :] * used[:, place][:, None]
        left = left - row[:, :, None] * row[:, None, :] / safe[:, None, None]
    return used


def masked_inverse(matrix: Floats, used: NDArray[np.bool_]) -> Floats:
    """Inverse of the used rows and columns of each symmetric matrix, 0 elsewhere."""
    both = used[:, :, None] & used[:, None, :]
    eye = np.eye(matrix.shape[1])
    safe = np.where(both, matrix, eye)
    diagonal = np.sqrt(np.maximum(np.einsum("uii->ui", safe), np.finfo(float).tiny))
    scaled = safe / diagonal[:, :, None] / diagonal[:, None, :]
    return np.where(both, np.linalg.inv(scaled) / diagonal[:, :, None] / diagonal[:, None, :], 0.0)


def influence(
    found: Fit,
    clusters: Floats,
    owner: Codes,
    regressors: Sequence[int],
    outcome: int,
    instruments: Sequence[int] | None = None,
) -> Floats:
    """(clusters, regressors) each cluster's push on the coefficients: its score times the inverse."""
    x, w = list(regressors), list(regressors if instruments is None else instruments)
    fitted = np.einsum("gwx,gx->gw", clusters[:, w][:, :, x], found.beta[owner])
    score = np.einsum("gwx,gw->gx", found.first[owner], clusters[:, w, outcome] - fitted)
    return np.einsum("gij,gj->gi", found.inverse[owner], score)


def sum_of_squares(push: Floats, owner: Codes, units: int) -> Floats:
    """(units, k, k) sum of push x push' over the clusters of each unit."""
    width = push.shape[1]
    variance = np.zeros((units, width, width))
    for i, j in pairs(width):
        variance[:, i, j] = np.bincount(owner, push[:, i] * push[:, j], minlength=units)
        variance[:, j, i] = variance[:, i, j]
    return variance


def small_sample(rows: Floats, parameters: Floats, clusters: Floats) -> Floats:
    """The factor G/(G-1) x (N-1)/(N-K) of each unit; nan where a unit has one cluster or no degree of freedom."""
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = clusters / (clusters - 1) * (rows - 1) / (rows - parameters)
    return np.where((clusters > 1) & (rows > parameters), factor, np.nan)
