"""A system of demand equations, one per product, each on the log prices of all products of its group.

Equation by equation least squares; errors from clusters that run through all equations at once, so that restrictions
across equations (symmetry, signs) get honest errors too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls

from salesopt.stats.demand import Array, Places

FEW_CLUSTERS = 30
COLLINEAR = 1e-9


@dataclass(frozen=True, eq=False)
class Equation:
    """One product's demand: outcome (n), prices (n x k), others (n x m, controls and effects), cluster (n, codes)."""

    outcome: Array
    prices: Array
    others: Array
    cluster: Places


@dataclass(frozen=True, eq=False)
class SystemFit:
    """Estimates of a system of k equations with k prices each.

    matrix    : k x k elasticities; row: whose units, column: whose price
    deviation : clusters x k*k; deviation.T @ deviation is the variance of matrix.ravel()
    weight    : k*k x k*k, block diagonal: information of each equation about its prices, others partialled out
    rows      : rows of each equation
    clusters  : number of clusters
    few       : True where the errors are CRV3 (jackknife), because there are fewer than 30 clusters
    """

    matrix: Array
    deviation: Array
    weight: Array
    rows: tuple[int, ...]
    clusters: int
    few: bool

    @property
    def variance(self) -> Array:
        """Variance of matrix.ravel()."""
        return self.deviation.T @ self.deviation


def fit_system(equations: Sequence[Equation], clusters: int) -> SystemFit:
    """Least squares for each equation; CRV3 errors below 30 clusters, CRV1 from there on.

    Raises numpy.linalg.LinAlgError where the prices of an equation are collinear with each other or its effects.
    """
    count = len(equations)
    few = clusters < FEW_CLUSTERS
    matrix, weight = np.zeros((count, count)), np.zeros((count * count, count * count))
    deviation = np.zeros((clusters, count * count))
    for row, equation in enumerate(equations):
        place = slice(row * count, (row + 1) * count)
        matrix[row], weight[place, place], deviation[:, place] = _fit(equation, clusters, few)
    return SystemFit(matrix, deviation, weight, tuple(len(one.outcome) for one in equations), clusters, few)


def _fit(equation: Equation, clusters: int, few: bool) -> tuple[Array, Array, Array]:
    """Coefficients of the prices, their information, and what each cluster does to them."""
    width = equation.prices.shape[1]
    basis = _basis(equation.others)
    prices = equation.prices - basis @ (basis.T @ equation.prices)
    outcome = equation.outcome - basis @ (basis.T @ equation.outcome)
    square = prices.T @ prices
    scale = np.sqrt(np.diag(equation.prices.T @ equation.prices))
    if np.linalg.eigvalsh(square / np.outer(scale, scale))[0] < COLLINEAR:
        raise np.linalg.LinAlgError("prices are collinear")
    inverse = np.linalg.inv(square)
    slope = inverse @ (prices.T @ outcome)
    residual = outcome - prices @ slope
    free = len(outcome) - basis.shape[1] - width
    information = square / (residual @ residual / max(free, 1))
    if few:
        together = np.column_stack([basis, prices @ np.linalg.cholesky(inverse)])
        return slope, information, _jackknife(equation.cluster, clusters, prices @ inverse, residual, together)
    score = np.zeros((clusters, width))
    np.add.at(score, equation.cluster, prices * residual[:, None])
    factor = clusters / (clusters - 1) * (len(outcome) - 1) / max(free, 1)
    return slope, information, np.sqrt(factor) * score @ inverse


def _basis(columns: Array) -> Array:
    """Orthonormal basis of the column space."""
    left, size, _ = np.linalg.svd(columns, full_matrices=False)
    return left[:, size > size.max(initial=0.0) * 1e-10]


def _jackknife(cluster: Places, clusters: int, pull: Array, residual: Array, basis: Array) -> Array:
    """What leaving each cluster out does to the slopes, scaled so that the squares sum to the CRV3 variance.

    pull : (X'X)^-1 of the prices times each row; basis : orthonormal, of prices and all else. Leaving out the rows g
    changes the slopes by -pull_g' (I - H_gg)^-1 residual_g with the hat matrix H. Source: MacKinnon, Nielsen and Webb
    (2023), Fast and reliable jackknife and bootstrap methods for cluster-robust inference.
    """
    order = np.argsort(cluster, kind="stable")
    edges = np.searchsorted(cluster[order], np.arange(clusters + 1))
    change = np.zeros((clusters, pull.shape[1]))
    for group in range(clusters):
        rows = order[edges[group] : edges[group + 1]]
        if len(rows):
            hat = basis[rows]
            if len(rows) <= hat.shape[1]:
                spread = np.linalg.pinv(np.eye(len(rows)) - hat @ hat.T, rcond=1e-9, hermitian=True) @ residual[rows]
            else:
                inner = np.linalg.pinv(np.eye(hat.shape[1]) - hat.T @ hat, rcond=1e-9, hermitian=True)
                spread = residual[rows] + hat @ (inner @ (hat.T @ residual[rows]))
            change[group] = -pull[rows].T @ spread
    return np.sqrt((clusters - 1) / clusters) * change


def symmetric(fit: SystemFit, revenue: Array) -> SystemFit:
    """The fit under revenue_i * e_ij = revenue_j * e_ji: a price of one moves the other's units as much as the reverse.

    Restricted least squares in the metric of the equations' information; errors carried through from the clusters.
    Source: Slutsky symmetry without income effects, Deaton and Muellbauer (1980).
    """
    count = len(revenue)
    share = revenue / revenue.sum()
    limits = []
    for first in range(count):
        for second in range(first + 1, count):
            line = np.zeros((count, count))
            line[first, second], line[second, first] = share[first], -share[second]
            limits.append(line.ravel())
    restriction = np.array(limits)
    spread = np.linalg.solve(fit.weight, restriction.T)
    keep = np.eye(count * count) - spread @ np.linalg.solve(restriction @ spread, restriction)
    matrix = (keep @ fit.matrix.ravel()).reshape(count, count)
    return SystemFit(matrix, fit.deviation @ keep.T, fit.weight, fit.rows, fit.clusters, fit.few)


def signed(fit: SystemFit, revenue: Array | None, draws: int, random: np.random.Generator) -> tuple[Array, Array]:
    """The nearest matrix with own terms <= 0, cross terms >= 0 (symmetric too given `revenue`), and draws of it.

    Non-negative least squares in the metric of the information; the draws project normal draws of the unrestricted
    estimate in the same way, so their quantiles make an interval that respects the signs.
    """
    count = len(fit.matrix)
    shape = _signed_shape(count, revenue)
    root = np.linalg.cholesky(fit.weight).T
    design = root @ shape
    noise = random.standard_normal((draws, fit.clusters)) @ fit.deviation
    tried = np.vstack([np.zeros(count * count), noise]) + fit.matrix.ravel()
    found = np.array([shape @ nnls(design, root @ one)[0] for one in tried]).reshape(-1, count, count)
    return found[0], found[1:]


def _signed_shape(count: int, revenue: Array | None) -> Array:
    """Columns that span, with non-negative weights, all matrices of the right signs."""
    columns = []
    for row in range(count):
        for column in range(count):
            if revenue is not None and row > column:
                continue
            one = np.zeros((count, count))
            one[row, column] = -1.0 if row == column else 1.0
            if revenue is not None and row != column:
                one[column, row] = revenue[row] / revenue[column]
            columns.append(one.ravel())
    return np.array(columns).T


def shrink(values: Array, errors: Array) -> tuple[Array, Array, float]:
    """Draw `values` towards their weighted mean as far as their errors explain their spread; new errors; the mean.

    Empirical Bayes with the variance between values by Paule and Mandel (1982) and errors with Morris's (1983)
    allowance for the estimated mean and variance. Fewer than three values stay as they are.
    """
    if len(values) < 3:
        return values.copy(), errors.copy(), float("nan")
    between = _between(values, errors)
    weight = 1 / (errors**2 + between)
    mean = float(weight @ values / weight.sum())
    own = between / (errors**2 + between)
    count = len(values)
    slack = (count - 3) / (count - 1) if count > 3 else 0.0
    pull = slack * (1 - own)
    shrunk = (1 - pull) * values + pull * mean
    typical = np.sum(weight * errors**2) / weight.sum()
    variance = errors**2 * (1 - pull * (1 - weight / weight.sum()))
    variance += (
        2 / (count - 3) * pull**2 * (typical + between) / (errors**2 + between) * (values - mean) ** 2
        if count > 3
        else 0.0
    )
    return shrunk, np.sqrt(variance), mean


def _between(values: Array, errors: Array) -> float:
    """Variance between the true values, by bisection of Q(tau2) = n - 1."""

    def excess(tau: float) -> float:
        weight = 1 / (errors**2 + tau)
        mean = weight @ values / weight.sum()
        return float(weight @ (values - mean) ** 2) - (len(values) - 1)

    if excess(0.0) <= 0:
        return 0.0
    low, high = 0.0, float(np.var(values) * 10 + 1e-12)
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
    return (low + high) / 2
