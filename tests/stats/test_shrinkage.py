"""Pooling: coverage, what it does to a wild estimate, and its posterior against brute-force integration."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from salesopt.stats.shrinkage import median_interval, pool


def draw(items: int, groups: int, spread: float, between: float, seed: int):
    rng = np.random.default_rng(seed)
    group = np.arange(items) % groups
    truth = -1.8 + between * rng.standard_normal(groups)[group] + spread * rng.standard_normal(items)
    error = rng.uniform(0.1, 0.8, items)
    return truth, truth + error * rng.standard_normal(items), error, group


@pytest.mark.parametrize(
    ("items", "groups", "spread", "between", "most"),
    [(40, 6, 0.3, 0.5, 0.97), (12, 1, 0.3, 0.0, 0.97), (30, 10, 0.1, 0.4, 0.98), (40, 6, 0.0, 0.0, 1.0)],
)
def test_intervals_cover_the_truth_and_errors_shrink(items, groups, spread, between, most):
    """Where all products are alike the data cannot prove it, and the intervals stay on the safe side."""
    inside, better, narrower = [], [], []
    for seed in range(60):
        truth, estimate, error, group = draw(items, groups, spread, between, seed)
        pooled = pool(estimate, error, group)
        inside.append(np.mean((pooled.low <= truth) & (truth <= pooled.high)))
        better.append(np.sqrt(np.mean((pooled.mean - truth) ** 2)) / np.sqrt(np.mean((estimate - truth) ** 2)))
        narrower.append(np.mean(pooled.high - pooled.low) / np.mean(2 * 1.96 * error))
    assert 0.93 <= np.mean(inside) <= most
    assert np.mean(better) < 0.85
    assert np.mean(narrower) < 0.9


def test_a_wrong_sign_is_drawn_to_its_line_and_a_sure_estimate_stays():
    estimate = np.array([-2.0, -1.8, -2.2, -2.1, 0.9, -1.0, -1.1, -0.9, -1.05])
    error = np.array([0.2, 0.2, 0.2, 0.2, 1.5, 0.05, 0.2, 0.2, 0.2])
    group = np.array([0, 0, 0, 0, 0, 1, 1, 1, 1])
    pooled = pool(estimate, error, group)
    assert pooled.mean[4] == pytest.approx(-2.0, abs=0.15)
    assert pooled.own_weight[4] < 0.05
    assert pooled.mean[5] == pytest.approx(-1.0, abs=0.02)
    assert pooled.group_mean[0] < pooled.overall < pooled.group_mean[1]


def test_posterior_equals_brute_force_over_the_spreads():
    """The same model with the joint normal density written out, over a grid of spreads four times as fine."""
    _, estimate, error, group = draw(9, 3, 0.3, 0.4, seed=5)
    reach, fine = 4 * (np.std(estimate) + np.median(error)), 160
    points = reach * ((np.arange(fine) + 0.5) / fine) ** 2
    size = np.sqrt(points)
    same = np.equal.outer(group, group).astype(float)
    density = np.empty((fine, fine))
    mean = np.empty((fine, fine, 9))
    ones = np.ones((9, 1))
    for i, tau in enumerate(points):
        for j, omega in enumerate(points):
            own = tau**2 * np.eye(9) + omega**2 * same
            total = own + np.diag(error**2)
            inverse = np.linalg.inv(total)
            precision = float((ones.T @ inverse @ ones)[0, 0])
            center = float((ones.T @ inverse @ estimate)[0]) / precision
            gap = estimate - center
            logdet = np.linalg.slogdet(total)[1]
            density[i, j] = -0.5 * (logdet + np.log(precision) + gap @ inverse @ gap)
            density[i, j] -= 0.5 * (omega / estimate.std()) ** 2
            mean[i, j] = center + own @ inverse @ gap
    weight = np.exp(density - density.max()) * np.outer(size, size)
    expected = np.einsum("ij,ijp->p", weight / weight.sum(), mean)
    assert pool(estimate, error, group).mean == pytest.approx(expected, abs=2e-3)


def test_equal_estimates_of_equal_precision_stay_where_they_are():
    pooled = pool(np.full(8, -1.5), np.full(8, 0.2), np.zeros(8, dtype=np.int64))
    assert pooled.mean == pytest.approx(-1.5)
    assert (pooled.error < 0.2).all()


def test_median_interval_of_one_item_is_its_own():
    low, high = median_interval(np.array([-2.0]), np.array([0.5]), 0.9)
    assert (low, high) == pytest.approx(tuple(norm.interval(0.9, -2, 0.5)), abs=0.05)
    many = median_interval(np.full(101, -2.0), np.full(101, 0.5), 0.9)
    # the median of n normals has a standard error of 1.253 x sd / sqrt(n)
    assert many[1] - many[0] == pytest.approx(2 * 1.645 * 1.253 * 0.5 / np.sqrt(101), rel=0.06)


@pytest.mark.parametrize(("spread", "groups"), [(0.0, 1), (0.1, 4)])
def test_the_interval_of_the_median_counts_what_pooled_items_have_in_common(spread, groups):
    held = []
    for seed in range(150):
        truth, estimate, error, group = draw(40, groups, spread, spread, seed)
        low, high = np.quantile(pool(estimate, error, group).medians, [0.025, 0.975])
        held.append(low <= np.median(truth) <= high)
    assert 0.89 <= np.mean(held) <= 1.0  # 0.61 if the items' errors were taken as independent


def test_draws_of_the_median_are_those_of_the_posterior_where_there_is_one_value():
    random = np.random.default_rng(5)
    error = np.full(60, 0.3)
    pooled = pool(-2 + error * random.standard_normal(60), error, np.zeros(60, dtype=np.int64))
    assert pooled.medians.mean() == pytest.approx(pooled.overall, abs=0.01)
    assert pooled.medians.std() == pytest.approx(0.3 / np.sqrt(60), rel=0.15)
    again = pool(-2 + error * np.random.default_rng(5).standard_normal(60), error, np.zeros(60, dtype=np.int64))
    assert (again.medians == pooled.medians).all()
