"""Many estimates of one kind made better together: hierarchical ("empirical Bayes") pooling with two levels.

An item's true value scatters about its group's mean with spread tau, group means about the overall mean with spread
omega. Both spreads are averaged over, with weak priors (Gelman 2006), instead of being fixed at one estimate: with few
items a fixed spread of zero would pull everything together and make the intervals too narrow.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from salesopt.stats.cells import Codes, Floats

GRID = 40
LEAST = 3
DRAWS = 4000
BLOCK = 100  # draws held in memory at once


@dataclass(frozen=True, eq=False)
class Pooled:
    """Pooled values of items and groups.

    mean, error, low, high : (items,) posterior mean, standard deviation and interval
    own_weight             : (items,) share of the item's own estimate in its pooled value; the rest is its group's
    group_mean, group_error: (groups,) the same for the groups' means
    overall, overall_error : mean over the groups and its standard deviation
    spread, group_spread   : posterior means of tau and omega
    medians                : draws of the median over the items; they are drawn together, as they share their means
    """

    mean: Floats
    error: Floats
    low: Floats
    high: Floats
    own_weight: Floats
    group_mean: Floats
    group_error: Floats
    overall: float
    overall_error: float
    spread: float
    group_spread: float
    medians: Floats


def pool(estimate: Floats, error: Floats, group: Codes, confidence: float = 0.95, seed: int = 0) -> Pooled:
    """Pool `estimate` (standard errors `error`) within the groups 0, 1, ... of `group`; at least three items."""
    tau, omega, size = _grid(estimate, error, group)
    precision = 1 / (error**2 + tau[:, None] ** 2)
    member = np.equal.outer(group, np.arange(group.max() + 1)).astype(float)
    sums = precision @ member
    means = (precision * estimate) @ member / sums
    between = 1 / (omega[:, None] ** 2 + 1 / sums)
    total = between.sum(axis=1)
    overall = (between * means).sum(axis=1) / total

    # likelihood of each pair of spreads with all means integrated out
    density = np.log(precision).sum(axis=1) - np.log1p(omega[:, None] ** 2 * sums).sum(axis=1) - np.log(total)
    density -= (precision * (estimate - means[:, group]) ** 2).sum(axis=1)
    density -= (between * (means - overall[:, None]) ** 2).sum(axis=1)
    # two or three groups say little about their spread: weigh against one beyond that of the items themselves
    density -= (omega / max(float(np.std(estimate)), float(np.finfo(float).tiny))) ** 2
    weight = size * np.exp(0.5 * (density - density.max()))
    weight = weight / weight.sum()

    hold = omega[:, None] ** 2 * sums / (1 + omega[:, None] ** 2 * sums)
    group_mean = hold * means + (1 - hold) * overall[:, None]
    group_variance = omega[:, None] ** 2 * (1 - hold) + (1 - hold) ** 2 / total[:, None]
    own = tau[:, None] ** 2 * precision
    mean = own * estimate + (1 - own) * group_mean[:, group]
    variance = own * error**2 + (1 - own) ** 2 * group_variance[:, group]
    medians, random = [], np.random.default_rng(seed)
    for at in np.array_split(random.choice(len(weight), DRAWS, p=weight), DRAWS // BLOCK):
        middle = overall[at] + random.standard_normal(len(at)) / np.sqrt(total[at])
        loose = omega[at, None] * np.sqrt(1 - hold[at]) * random.standard_normal((len(at), means.shape[1]))
        groups = hold[at] * means[at] + (1 - hold[at]) * middle[:, None] + loose
        items = own[at] * estimate + (1 - own[at]) * groups[:, group]
        items += np.sqrt(own[at]) * error * random.standard_normal(items.shape)
        medians.append(np.median(items, axis=1))
    tail = (1 - confidence) / 2
    center, spread = _mixture(weight, mean, variance)
    group_center, group_spread = _mixture(weight, group_mean, group_variance)
    overall_center, overall_spread = _mixture(weight, overall[:, None], 1 / total[:, None])
    return Pooled(
        center,
        spread,
        _quantile(weight, mean, np.sqrt(variance), tail),
        _quantile(weight, mean, np.sqrt(variance), 1 - tail),
        weight @ own,
        group_center,
        group_spread,
        float(overall_center[0]),
        float(overall_spread[0]),
        float(weight @ tau),
        float(weight @ omega),
        np.concatenate(medians),
    )


def _grid(estimate: Floats, error: Floats, group: Codes) -> tuple[Floats, Floats, Floats]:
    """Pairs of spreads, dense near zero and reaching to where the likelihood has died out; and each pair's share."""
    reach = 4 * (np.std(estimate) + np.median(error))
    root = (np.arange(GRID) + 0.5) / GRID
    if group.max() == 0:
        return reach * root**2, np.zeros(GRID), root
    tau, omega = np.meshgrid(root, root, indexing="ij")
    return reach * tau.ravel() ** 2, reach * omega.ravel() ** 2, (tau * omega).ravel()


def _mixture(weight: Floats, mean: Floats, variance: Floats) -> tuple[Floats, Floats]:
    center = weight @ mean
    return center, np.sqrt(weight @ (variance + (mean - center) ** 2))


def _quantile(weight: Floats, mean: Floats, error: Floats, share: float) -> Floats:
    """Quantile of each item's mixture of normals, by bisection to 1e-12 of its range."""
    kept = weight > 1e-9 * weight.max()
    weight, mean, error = weight[kept] / weight[kept].sum(), mean[kept], np.maximum(error[kept], 1e-300)
    reach = abs(float(ndtri(min(share, 1 - share)))) + 1
    low, high = (mean - reach * error).min(axis=0), (mean + reach * error).max(axis=0)
    for _ in range(44):
        middle = (low + high) / 2
        below = weight @ ndtr((middle - mean) / error) < share
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return (low + high) / 2


def median_interval(mean: Floats, error: Floats, confidence: float, seed: int = 0) -> tuple[float, float]:
    """Interval of the median of items whose values are `mean` with independent errors of size `error`."""
    draws = np.random.default_rng(seed).standard_normal((DRAWS, len(mean)))
    low, high = np.quantile(np.median(mean + error * draws, axis=1), [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)
