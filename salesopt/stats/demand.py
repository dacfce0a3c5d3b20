"""Demand with constant elasticities: units, profit and the best price at any price, for many products at once.

Units at price p are `units_now * (p / price_now) ** elasticity`. Because units are counted from today's units at
today's price, the mean of the error of a log regression (the smearing factor) cancels and is not needed here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm

Array = NDArray[np.float64]
Places = NDArray[np.intp]


def units_at(price: ArrayLike, price_now: ArrayLike, units_now: ArrayLike, elasticity: ArrayLike) -> Array:
    """Units sold at `price`, in the unit of time of `units_now`; arguments broadcast."""
    ratio = np.asarray(price, dtype=float) / np.asarray(price_now, dtype=float)
    return np.asarray(units_now, dtype=float) * ratio ** np.asarray(elasticity, dtype=float)


def profit_at(
    price: ArrayLike, price_now: ArrayLike, units_now: ArrayLike, unit_cost: ArrayLike, elasticity: ArrayLike
) -> Array:
    """Profit before fixed cost at `price`; arguments broadcast."""
    margin = np.asarray(price, dtype=float) - np.asarray(unit_cost, dtype=float)
    return margin * units_at(price, price_now, units_now, elasticity)


def best_price(unit_cost: ArrayLike, elasticity: ArrayLike) -> Array:
    """The price with most profit, `cost * e / (1 + e)`; infinite where e is not below -1: profit then always rises.

    Source: the mark-up rule of Lerner (1934), (p - c) / p = -1 / e.
    """
    cost, slope = np.broadcast_arrays(np.asarray(unit_cost, dtype=float), np.asarray(elasticity, dtype=float))
    best = np.full(cost.shape, np.inf)
    elastic = slope < -1
    best[elastic] = cost[elastic] * slope[elastic] / (1 + slope[elastic])
    return best


def spread_draws(centre: ArrayLike, spread: ArrayLike, draws: int, random: np.random.Generator) -> Array:
    """`draws` x n normal draws around `centre` with standard deviation `spread`, independent across the n columns.

    Each column holds the `draws` evenly spaced quantiles of its normal distribution in random order (a Latin
    hypercube, McKay, Beckman and Conover 1979), so that the quantiles of one column carry no simulation noise.
    """
    middle = np.atleast_1d(np.asarray(centre, dtype=float))
    quantiles = norm.ppf((np.arange(draws) + 0.5) / draws)
    order = random.permuted(np.tile(np.arange(draws)[:, None], (1, len(middle))), axis=0)
    return middle + np.asarray(spread, dtype=float) * quantiles[order]


def breakeven_share(
    price: ArrayLike, new_price: ArrayLike, unit_cost: ArrayLike, new_unit_cost: ArrayLike | None = None
) -> Array:
    """Change of units (a fraction) that leaves profit as it is; infinite where the new margin is not positive.

    Source: Nagle and Holden, The Strategy and Tactics of Pricing: -(dP - dC) / (CM + dP - dC).
    """
    cost = np.asarray(unit_cost, dtype=float)
    cost_then = cost if new_unit_cost is None else np.asarray(new_unit_cost, dtype=float)
    margin_now, margin_then, _ = np.broadcast_arrays(
        np.asarray(price, dtype=float) - cost, np.asarray(new_price, dtype=float) - cost_then, 0.0
    )
    share = np.full(margin_now.shape, np.inf)
    positive = margin_then > 0
    share[positive] = margin_now[positive] / margin_then[positive] - 1
    return share
