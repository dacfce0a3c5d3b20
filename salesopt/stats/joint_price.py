"""Prices of products that take sales from each other (or lift each other), chosen together.

Demand: log units_i = const + sum_j matrix[i, j] * log(price_j / price_now_j); own elasticities on the diagonal.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.stats import qmc

from salesopt.stats.demand import Array


@dataclass(frozen=True, eq=False)
class Demand:
    """Today's point of a group of n products and how it answers to prices.

    price_now, units_now, unit_cost : arrays of n
    matrix : n x n, or draws x n x n; row: whose units, column: whose price
    """

    price_now: Array
    units_now: Array
    unit_cost: Array
    matrix: Array

    def units(self, prices: Array) -> Array:
        """Units of every product at `prices` (... x n)."""
        moved = np.log(prices / self.price_now)
        return self.units_now * np.exp((self.matrix @ moved[..., None])[..., 0])

    def profits(self, prices: Array) -> Array:
        """Profit of every product at `prices` (... x n)."""
        return (prices - self.unit_cost) * self.units(prices)


def best_joint_prices(demand: Demand, least: Array, most: Array, *, starts: int = 16, seed: int = 0) -> Array:
    """Prices between `least` and `most` with the highest total profit: L-BFGS-B in log prices from many starts.

    Profit of a group is not concave, so one start can stop at a lower hill: the starts are today's prices, both
    ends, and a Sobol sequence between them. The best of all is returned.
    """
    ends = np.log(least / demand.price_now), np.log(most / demand.price_now)
    inner = qmc.Sobol(len(least), seed=seed).random(starts)
    tries = [np.clip(np.zeros(len(least)), *ends), *ends, *(ends[0] + inner * (ends[1] - ends[0]))]
    scale = float(np.sum(np.abs(demand.profits(demand.price_now)))) or 1.0

    def loss(moved: Array) -> tuple[float, Array]:
        prices = demand.price_now * np.exp(moved)
        units = demand.units(prices)
        margins = (prices - demand.unit_cost) * units
        return -margins.sum() / scale, -(prices * units + demand.matrix.T @ margins) / scale

    options = {"ftol": 1e-15, "gtol": 1e-11, "maxiter": 2000}
    limits = list(zip(*ends, strict=True))
    found = [minimize(loss, start, jac=True, method="L-BFGS-B", bounds=limits, options=options) for start in tries]
    winner = min(found, key=lambda one: float(one.fun))
    return np.clip(demand.price_now * np.exp(winner.x), least, most)


def best_limited_prices(
    demand: Demand,
    least: Array,
    most: Array,
    matrix: Array,
    senses: tuple[str, ...],
    bounds: Array,
    *,
    starts: int = 4,
    seed: int = 0,
) -> Array | None:
    """Prices within their ranges and under linear limits (matrix @ prices, sense, bound) with the highest total profit.

    Sequential quadratic programming (SLSQP) in multiples of today's prices, from today's prices, the best prices
    without limits, and a Sobol sequence; the best allowed end point is returned, None where there is none.
    """
    now, scale = demand.price_now, float(np.sum(np.abs(demand.profits(demand.price_now)))) or 1.0
    ends = least / now, most / now
    rows = matrix * now

    def loss(ratio: Array) -> tuple[float, Array]:
        prices = now * ratio
        units = demand.units(prices)
        margins = (prices - demand.unit_cost) * units
        return -margins.sum() / scale, -(prices * units + demand.matrix.T @ margins) / ratio / scale

    sign = np.where(np.array(senses) == ">=", 1.0, -1.0)
    equal = np.array(senses) == "="
    limits = [
        {"type": kind, "fun": lambda x, a=a, b=b: a @ x - b, "jac": lambda x, a=a: a}
        for kind, a, b in (
            ("eq", rows[equal], bounds[equal]),
            ("ineq", (sign[:, None] * rows)[~equal], (sign * bounds)[~equal]),
        )
        if len(a)
    ]
    inner = qmc.Sobol(len(now), seed=seed).random(starts)
    free = best_joint_prices(demand, least, most, starts=1) / now
    tries = [np.clip(np.ones(len(now)), *ends), free, *(ends[0] + inner * (ends[1] - ends[0]))]
    found = []
    for start in tries:
        options = {"ftol": 1e-12, "maxiter": 500}
        pairs = list(zip(*ends, strict=True))
        one = minimize(loss, start, jac=True, method="SLSQP", bounds=pairs, constraints=limits, options=options)
        ratio = np.clip(one.x, *ends)
        over = rows @ ratio - bounds
        broken = np.where(equal, np.abs(over), -sign * over).max(initial=0.0)
        if broken <= 1e-7 * max(1.0, float(np.abs(bounds).max(initial=0.0))):
            found.append((loss(ratio)[0], ratio))
    return now * min(found, key=lambda pair: pair[0])[1] if found else None


def best_joint_draws(
    demand: Demand, least: Array, most: Array, start: Array, *, rounds: int = 400, tolerance: float = 1e-6
) -> tuple[Array, Array]:
    """Best joint prices for every draw of the matrix at once, and which draws settled.

    Solves each product's first-order condition for its own price, the others held, and repeats with damping:
    price_i = (cost_i * e_ii - sum_{j != i} margin_j * units_j / units_i * e_ji) / (1 + e_ii); where e_ii is not below
    -1 the price goes to `most`. Prices stay between `least` and `most`.
    """
    own = np.diagonal(demand.matrix, axis1=-2, axis2=-1)
    others = demand.matrix - own[..., None] * np.eye(own.shape[-1])
    elastic = own < -1
    below = np.where(elastic, 1 + own, -1.0)
    prices = np.broadcast_to(start, own.shape).copy()
    settled = np.zeros(len(prices), dtype=bool)
    for _ in range(rounds):
        units = demand.units(prices)
        spill = np.einsum("dj,dji->di", (prices - demand.unit_cost) * units, others) / units
        target = np.where(elastic, (demand.unit_cost * own - spill) / below, most)
        new = np.exp(0.5 * np.log(prices) + 0.5 * np.log(np.clip(target, least, most)))
        settled = np.max(np.abs(new / prices - 1), axis=1) < tolerance
        prices = new
        if settled.all():
            break
    return prices, settled
