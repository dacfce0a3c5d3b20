"""Tests of instruments, for many units at once, from cross-products per cluster.

The first stage is judged by the effective F of Montiel Olea and Pflueger (2013), with the included regressors
partialled out of every instrument; the Anderson and Rubin (1949) set holds its level however weak the instruments are.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import eig
from scipy.stats import chi2, f, ncx2, t

from salesopt.stats.cells import Cells, Codes, Floats, Mask
from salesopt.stats.inference import Estimates, spread_of, with_crossing
from salesopt.stats.regression import (
    fit,
    independent,
    influence,
    masked_inverse,
    moments,
    small_sample,
    sum_of_squares,
)

BIAS = 0.1
LEVEL = 0.05
EVERYTHING = ((-np.inf, np.inf),)

Pieces = tuple[tuple[float, float], ...]


@dataclass(frozen=True, eq=False)
class InstrumentTests:
    """One entry per unit; nan where a test does not apply.

    effective_f, critical : effective F and the value above which bias is under 10 % of the worst case (5 % level)
    sets                  : Anderson-Rubin confidence set: pieces (low, high); none where every value is rejected
    hausman_p             : probability of so large a difference from least squares if the price were exogenous
    overid, overid_p      : Hansen's J with the estimate's own clusters, and its probability if all are valid
    sargan, sargan_p      : Sargan's statistic, for errors that are alike and independent
    """

    effective_f: Floats
    critical: Floats
    sets: tuple[Pieces, ...]
    hausman_p: Floats
    overid: Floats
    overid_p: Floats
    sargan: Floats
    sargan_p: Floats


def check_instruments(
    cells: Cells,
    found: Estimates,
    x: Sequence[int],
    y: int,
    w: Sequence[int],
    excluded: Sequence[int],
    confidence: float,
    *,
    clustered: bool = True,
) -> InstrumentTests:
    """Test the instruments of `found`, the two-stage estimate of `y` on `x`, whose last variable is the price.

    `w` are all exogenous variables and `excluded` the instruments among them, the last of `w`.
    """
    count = len(excluded)
    price = x[-1]
    forms, covariance, inverse, freedom = _reduced_forms(cells, found, price, y, w, count, clustered)
    effective, critical = _effective_f(forms[0], covariance[:, :count, :count], inverse)
    used = np.einsum("uii->ui", inverse) > 0
    w, x = list(w), list(x)
    sets = tuple(
        anderson_rubin(forms[:, unit][:, keep], _blocks(covariance[unit], keep), freedom[unit], confidence)
        for unit, keep in enumerate(used)
    )
    over = used.sum(axis=1) - 1
    sargan = _sargan(found, x, y, w)
    overid = _hansen(found, x, y, w)
    return InstrumentTests(
        effective,
        critical,
        sets,
        _hausman(found, x, y, w, clustered),
        np.where(over > 0, overid, np.nan),
        np.where(over > 0, chi2.sf(overid, np.maximum(over, 1)), np.nan),
        np.where(over > 0, sargan, np.nan),
        np.where(over > 0, chi2.sf(sargan, np.maximum(over, 1)), np.nan),
    )


def _reduced_forms(
    cells: Cells, found: Estimates, price: int, y: int, w: Sequence[int], count: int, clustered: bool
) -> tuple[Floats, Floats, Floats, Floats]:
    """The price and the outcome regressed on all exogenous variables, seen at the excluded instruments.

    Returns coefficients (2, units, instruments), their joint variance (units, 2 x instruments, 2 x instruments), the
    inverse of Z'Z with the included variables partialled out (units, instruments, instruments), degrees of freedom.
    """
    sums = found.moments
    first, second = (fit(sums.total, sums.least, w, outcome) for outcome in (price, y))

    def push(matrix: Floats, owner: Codes) -> Floats:
        both = [influence(form, matrix, owner, w, outcome) for form, outcome in ((first, price), (second, y))]
        return np.concatenate([part[:, -count:] for part in both], axis=1)

    def again(left_out: Cells) -> Floats:
        less = moments(left_out)
        forms = [fit(less.total, less.least, w, outcome) for outcome in (price, y)]
        kept: Mask = np.logical_and.reduce(forms[0].used[:, -count:], axis=1)
        both = np.concatenate([form.beta[:, -count:] for form in forms], axis=1)
        return np.where(kept[:, None], both, np.nan)

    full = np.concatenate([first.beta[:, -count:], second.beta[:, -count:]], axis=1)
    spread = spread_of(with_crossing(cells), sums, push, again, full, first.used.sum(axis=1), clustered)
    forms = np.stack([full[:, :count], full[:, count:]])
    return forms, spread.variance, first.inverse[:, -count:, -count:], spread.freedom


def _effective_f(form: Floats, covariance: Floats, inverse: Floats) -> tuple[Floats, Floats]:
    """Effective F of each unit and its critical value (the simplified one of Montiel Olea and Pflueger 2013)."""
    used = np.einsum("uii->ui", inverse) > 0
    products = masked_inverse(inverse, used)
    values, vectors = np.linalg.eigh(products)
    root = np.einsum("uij,uj,ukj->uik", vectors, np.sqrt(np.maximum(values, 0)), vectors)
    spread = root @ covariance @ root
    trace = np.einsum("uii->u", spread)
    with np.errstate(divide="ignore", invalid="ignore"):
        effective = np.einsum("ui,uij,uj->u", form, products, form) / trace
        largest = np.linalg.eigvalsh(np.nan_to_num(spread))[:, -1]
        bias = 1 / BIAS
        freedom = trace**2 * (1 + 2 * bias) / (np.einsum("uij,uji->u", spread, spread) + 2 * bias * trace * largest)
        critical = ncx2.ppf(1 - LEVEL, freedom, bias * freedom) / freedom
    return effective, critical


def _blocks(covariance: Floats, keep: Mask) -> Floats:
    """(2, 2, instruments, instruments) of a joint variance, for the instruments kept."""
    count = len(keep)
    blocks = covariance.reshape(2, count, 2, count).transpose(0, 2, 1, 3)
    return blocks[:, :, keep][:, :, :, keep]


def anderson_rubin(forms: Floats, blocks: Floats, freedom: float, confidence: float) -> Pieces:
    """All values b that the test of "instruments do not move outcome - b x price" leaves standing.

    forms  : (2, instruments) coefficients of price and outcome on the instruments
    blocks : (2, 2, instruments, instruments) their joint variance

    The limits of the set are where c V(b) - d(b) d(b)' is singular, d(b) = outcome - b price and V(b) its variance: a
    quadratic eigenvalue problem, so that no grid is needed and unbounded or divided sets come out as they are.
    """
    count = forms.shape[1]
    if count == 0 or not np.isfinite(blocks).all() or freedom < count:
        return EVERYTHING
    bound = float(f.ppf(confidence, count, freedom - count + 1)) * count * freedom / (freedom - count + 1)
    price, outcome = forms
    steady = bound * blocks[1, 1] - np.outer(outcome, outcome)
    linear = -bound * (blocks[0, 1] + blocks[1, 0]) + np.outer(outcome, price) + np.outer(price, outcome)
    square = bound * blocks[0, 0] - np.outer(price, price)
    eye, zero = np.eye(count), np.zeros((count, count))
    roots = eig(np.block([[zero, eye], [-steady, -linear]]), np.block([[eye, zero], [zero, square]]), right=False)
    real = roots[np.isfinite(roots) & (np.abs(roots.imag) <= 1e-7 * (1 + np.abs(roots.real)))].real
    edges = np.concatenate(([-np.inf], np.unique(real), [np.inf]))

    def stands(value: float) -> bool:
        gap = outcome - value * price
        variance = blocks[1, 1] - value * (blocks[0, 1] + blocks[1, 0]) + value**2 * blocks[0, 0]
        return bool(gap @ np.linalg.solve(variance, gap) <= bound)

    return _joined(edges, [stands(_between(low, high)) for low, high in itertools.pairwise(edges)])


def _between(low: float, high: float) -> float:
    """A value inside an interval that may be unbounded."""
    if np.isinf(low) and np.isinf(high):
        return 0.0
    if np.isinf(low):
        return high - 1 - abs(high)
    return low + 1 + abs(low) if np.isinf(high) else (low + high) / 2


def _joined(edges: Floats, inside: list[bool]) -> Pieces:
    """The intervals between `edges` that are inside, neighbours joined."""
    pieces: list[tuple[float, float]] = []
    for (low, high), good in zip(itertools.pairwise(edges), inside, strict=True):
        if good and pieces and pieces[-1][1] == low:
            pieces[-1] = (pieces[-1][0], float(high))
        elif good:
            pieces.append((float(low), float(high)))
    return tuple(pieces)


def _hausman(found: Estimates, x: Sequence[int], y: int, w: Sequence[int], clustered: bool) -> Floats:
    """Robust Hausman test (Wooldridge 2010): does the first stage's residual, beside the price, move the outcome?"""
    sums, price = found.moments, x[-1]
    first = fit(sums.total, sums.least, w, price)
    width = sums.total.shape[1]
    residual = np.zeros((len(sums.total), width))
    residual[:, list(w)] = -first.beta
    residual[:, price] += 1
    grown = _grow(sums.total, residual)
    least = np.append(sums.least, sums.least[:, [price]], axis=1)
    regressors = [*x, width]
    refit = fit(grown, least, regressors, y)
    crossed = [
        sum_of_squares(influence(refit, _grow(matrix, residual[owner]), owner, regressors, y), owner, len(grown))
        for matrix, owner in zip(sums.clusters, sums.owner, strict=True)
    ]
    parameters = refit.used.sum(axis=1)
    number = found.clusters.astype(float)
    if not clustered:
        left = sums.rows - parameters - sums.taken
        variance = crossed[0] * (sums.rows / np.maximum(left, 1))[:, None, None]
    else:
        left = number - 1
        parts: list[Floats] = [
            matrix * small_sample(sums.rows, parameters + free, number)[:, None, None]
            for matrix, free in zip(crossed, sums.free, strict=True)
        ]
        variance = parts[0] if len(parts) == 1 else parts[0] + parts[1] - parts[2]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = refit.beta[:, -1] / np.sqrt(np.maximum(variance[:, -1, -1], 0))
    return np.where(refit.used[:, -1], 2 * t.sf(np.abs(ratio), np.maximum(left, 1)), np.nan)


def _grow(matrix: Floats, combination: Floats) -> Floats:
    """Each matrix of cross-products with one more variable, a linear combination of those it has."""
    cross = np.einsum("uij,uj->ui", matrix, combination)
    grown = np.empty((len(matrix), matrix.shape[1] + 1, matrix.shape[1] + 1))
    grown[:, :-1, :-1] = matrix
    grown[:, -1, :-1] = grown[:, :-1, -1] = cross
    grown[:, -1, -1] = (cross * combination).sum(axis=1)
    return grown


def _sargan(found: Estimates, x: Sequence[int], y: int, w: Sequence[int]) -> Floats:
    """Rows times the R-squared of the residual on all exogenous variables."""
    sums = found.moments
    gap = _unexplained(sums.total, found, x, y, w)
    inverse = masked_inverse(sums.total[:, w][:, :, w], independent(sums.total, sums.least, w))
    with np.errstate(divide="ignore", invalid="ignore"):
        return sums.rows * np.einsum("ui,uij,uj->u", gap, inverse, gap) / found.fit.rss


def _unexplained(matrix: Floats, found: Estimates, x: Sequence[int], y: int, w: Sequence[int]) -> Floats:
    """W'(outcome - price etc. x coefficients) of each matrix of a unit."""
    return matrix[:, w, y] - np.einsum("uwx,ux->uw", matrix[:, w][:, :, x], found.beta)


def _hansen(found: Estimates, x: Sequence[int], y: int, w: Sequence[int]) -> Floats:
    """Hansen's J of the two-step GMM estimate; nan where there are not more clusters than exogenous variables."""
    sums = found.moments
    places = independent(sums.total, sums.least, w)
    statistic = np.full(len(sums.total), np.nan)
    matrix, owner = sums.clusters[0], sums.owner[0]
    score = matrix[:, w, y] - np.einsum("gwx,gx->gw", matrix[:, w][:, :, x], found.beta[owner])
    weights = sum_of_squares(score, owner, len(sums.total))
    for unit in range(len(sums.total)):
        keep, used = np.flatnonzero(places[unit]), np.flatnonzero(found.fit.used[unit])
        if np.count_nonzero(owner == unit) <= len(keep):
            continue
        rows, columns = np.array(w)[keep], np.array(x)[used]
        inverse = np.linalg.inv(weights[unit][np.ix_(keep, keep)])
        design, target = sums.total[unit][np.ix_(rows, columns)], sums.total[unit][rows, y]
        beta = np.linalg.solve(design.T @ inverse @ design, design.T @ inverse @ target)
        gap = target - design @ beta
        statistic[unit] = gap @ inverse @ gap
    return statistic
