"""What a panel of raters thinks, and how sure that is: panel means, leave-one-out deviations, intervals, draws.

Raters are the sample, factors are not: another panel would have scored the same factors. All arrays are
raters x items with nan for a missing score. A statistic's deviations come from leaving out one rater at a time
(the jackknife of Tukey, 1958), so that normalised weights and products of means need no formula of their own.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.float64]
Statistic = Callable[[Array], Array]


def panel_means(scores: Array, take: Array) -> Array:
    """Mean score of each item over the raters that each row of `take` (0 or 1 per rater) takes; nan where none
    scored."""
    given = ~np.isnan(scores)
    count = take @ given
    total = take @ np.where(given, scores, 0.0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def panel_weights(weights: Array, take: Array, *, rounds: int = 500) -> Array:
    """Weights of the panel, summing to 1 in each row of `take`.

    Each rater's weights are first brought to the panel's scale, so that points out of 100 and fractions count
    the same: over the items a rater weighed, they sum to what the panel gives these items. With complete scores
    that is each rater's weights divided by their sum; with gaps it is found by repeating (a two-way fit), and a
    rater who weighed few items does not inflate them. Items that no rater of the row weighed get nan.
    """
    given = ~np.isnan(weights)
    value = np.where(given, weights, 0.0)
    own = value.sum(axis=1)
    own = np.where(own > 0, own, np.inf)
    count = take @ given
    scale = np.broadcast_to(1 / own, take.shape)
    panel = np.zeros((len(take), weights.shape[1]))
    for _ in range(rounds):
        before = panel
        panel = (take * scale) @ value / np.maximum(count, 1)
        panel = panel / panel.sum(axis=1, keepdims=True)
        if np.abs(panel - before).max() < 1e-14:
            break
        scale = (panel @ given.T) / own
    return np.where(count > 0, panel, np.nan)


def deviations(statistic: Statistic, raters: int) -> tuple[Array, Array]:
    """The statistic over all raters, and each rater's deviation from it (raters x numbers).

    `statistic` takes rows of zeros and ones (which raters to take) and returns one row of numbers for each. The
    deviations are centred pseudo-values: for a plain mean they are exactly score minus mean. With one rater they are
    nan.
    """
    estimate = statistic(np.ones((1, raters)))[0]
    if raters < 2:
        return estimate, np.full((raters, len(estimate)), np.nan)
    without = statistic(1.0 - np.eye(raters))
    return estimate, (raters - 1) * (without.mean(axis=0) - without)


def standard_errors(deviation: Array) -> Array:
    """Standard error of each number from its raters' deviations; nan with one rater."""
    raters = len(deviation)
    if raters < 2:
        return np.full(deviation.shape[1], np.nan)
    return np.sqrt((deviation**2).sum(axis=0) / (raters * (raters - 1)))


def interval(estimate: Array, error: Array, freedom: Array | float, confidence: float) -> tuple[Array, Array]:
    """Low and high end of the t interval of each number; nan where there is no standard error."""
    reach = stats.t.ppf((1 + confidence) / 2, np.maximum(freedom, 1.0)) * error
    return estimate - reach, estimate + reach


def moderated_errors(deviation: Array) -> tuple[Array, Array]:
    """Standard errors and degrees of freedom of many like items, each variance drawn towards that of all items.

    Six raters who happen to give one item the same score are not certain of it. Each item's variance is averaged
    with the pooled one, with as much weight on the pooled one as the scatter of the variances says (Smyth, 2004,
    Stat. Appl. Genet. Mol. Biol. 3(1), with moments in place of logs, because a variance may be 0). Raters who are
    strict throughout tie the items together; the degrees of freedom of the pooled variance allow for that
    (Satterthwaite). Under 4 items nothing is pooled. Columns with nan stay nan and are left out of the pool.
    """
    raters, items = deviation.shape
    freedom = float(raters - 1)
    own = np.full(items, np.nan) if raters < 2 else (deviation**2).sum(axis=0) / freedom
    known = np.isfinite(own)
    if known.sum() < 4 or not (own[known] > 0).any():
        return np.sqrt(own / raters), np.full(items, freedom)
    pool, pooled_freedom = _pooled(deviation[:, known])
    scatter = own[known].var(ddof=1) / own[known].mean() ** 2
    extra = (scatter - 2 / freedom) / (1 + 2 / freedom)
    prior = 4 + 2 / extra if extra > 0 else np.inf
    share = 1.0 if np.isinf(prior) else prior / (prior + freedom)
    variance = share * pool + (1 - share) * own
    return np.sqrt(variance / raters), np.full(items, max(freedom, min(freedom + prior, pooled_freedom)))


def _pooled(deviation: Array) -> tuple[float, float]:
    """Variance of one score in a two-way layout (rater's strictness plus rest), and its degrees of freedom."""
    raters, items = deviation.shape
    strictness = deviation.mean(axis=1)
    between = (strictness**2).sum() / (raters - 1)
    rest = ((deviation - strictness[:, None]) ** 2).sum() / ((raters - 1) * items)
    freedom = (between + rest) ** 2 / (between**2 / (raters - 1) + rest**2 / ((raters - 1) * (items - 1)))
    return float(between + rest), float(freedom)


def draw(
    estimate: Array,
    deviation: Array,
    *,
    draws: int,
    seed: int,
    errors: Array | None = None,
    freedom: Array | None = None,
) -> Array:
    """Panels that might as well have been asked: `draws` x numbers, jointly, around `estimate`.

    Each draw re-weights the raters' deviations at random and is stretched so that every number alone follows the t
    distribution of its interval: with few raters the plain bootstrap of raters is too narrow by sqrt((n - 1) / n) and
    has no heavy tails. `errors` and `freedom` replace the standard errors and degrees of freedom of the numbers (see
    `moderated_errors`); what errors add is drawn independently. With one rater every draw equals the estimate.
    """
    raters = len(deviation)
    if raters < 2:
        return np.tile(estimate, (draws, 1))
    generator = np.random.default_rng(seed)
    own = standard_errors(deviation)
    wanted = own if errors is None else np.where(np.isfinite(errors), errors, own)
    shrink = np.divide(np.minimum(wanted, own), own, out=np.zeros_like(own), where=own > 0)
    extra = np.sqrt(np.maximum(wanted**2 - own**2, 0.0))
    luck = generator.uniform(size=(draws, 1))
    degrees = np.full(len(estimate), raters - 1.0) if freedom is None else freedom
    tail = np.empty((draws, len(estimate)))
    for each in np.unique(degrees):
        tail[:, degrees == each] = np.sqrt(each / stats.chi2.ppf(luck, each))
    joint = generator.standard_normal((draws, raters)) @ (deviation * shrink) / np.sqrt(raters * (raters - 1))
    alone = generator.standard_normal((draws, len(estimate))) * extra
    return estimate + tail * (joint + alone)


def rank_shares(draws: Array) -> Array:
    """Share of draws in which each item (row) holds each rank (column; first = largest)."""
    items = draws.shape[1]
    ranks = (-draws).argsort(axis=1, kind="stable").argsort(axis=1, kind="stable")
    return np.stack([(ranks == rank).mean(axis=0) for rank in range(items)], axis=1)
