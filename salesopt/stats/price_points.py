"""Prices that must come from a list: ladders, endings, steps; and the best choice under linear limits (a MILP).

A point is a price that a product may have. Without limits the best point is found product by product; with linear
limits on prices one binary per product and point goes to HiGHS through PuLP; with cross effects the choice is
enumerated where that is small, and improved round by round where it is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pulp

from salesopt.errors import InfeasibleError, ParameterError
from salesopt.stats.demand import Array, Places
from salesopt.stats.highs import quiet_solver
from salesopt.stats.joint_price import Demand

MOST_COMBINATIONS = 200_000


class _SilentHiGHS(pulp.HiGHS):
    """PuLP's HiGHS on a solver that prints no banner, on one thread."""

    def createAndConfigureSolver(self, lp: pulp.LpProblem) -> None:  # the name is PuLP's
        lp.solverModel = quiet_solver(gap=1e-9)
        lp.solverModel.setOptionValue("time_limit", 120.0)


@dataclass(frozen=True, eq=False)
class LinearLimits:
    """Linear limits on the n prices: matrix @ prices (sense) bound, one row per limit, named.

    fixed : what products with a fixed price use up of each limit; taken off `bounds` already, for display only
    """

    names: tuple[str, ...]
    senses: tuple[str, ...]
    bounds: Array
    matrix: Array
    fixed: Array | None = None

    def slack(self, prices: Array) -> Array:
        """Room left under every limit at `prices` (... x n), negative where one is broken; 0 or less for "="."""
        over = prices @ self.matrix.T - self.bounds
        senses = np.array(self.senses)
        return np.where(senses == "<=", -over, np.where(senses == ">=", over, -np.abs(over)))

    def part(self, group: Places) -> LinearLimits:
        """The limits that bear on a group of products, over these alone; every such limit must lie within the group."""
        kept = np.flatnonzero(np.any(self.matrix[:, group], axis=1))
        names, senses = tuple(self.names[at] for at in kept), tuple(self.senses[at] for at in kept)
        return LinearLimits(names, senses, self.bounds[kept], self.matrix[kept][:, group])

    def without(self, name: str) -> LinearLimits:
        """These limits but for the one called `name`."""
        kept = [at for at, other in enumerate(self.names) if other != name]
        names, senses = tuple(self.names[at] for at in kept), tuple(self.senses[at] for at in kept)
        return LinearLimits(names, senses, self.bounds[kept], self.matrix[kept])


def price_points(
    least: float, most: float, *, ladder: Sequence[float] = (), endings: Sequence[float] = (), step: float | None = None
) -> Array:
    """The prices allowed between `least` and `most`: of the ladder; else with these endings; else multiples of `step`.

    endings : what the price ends in, as fractions of one currency unit (0.49, 0.99) or of ten or a hundred (9.90, 99)
    Raises ParameterError for an ending that is not a number of at least 0.
    """
    wrong = [ending for ending in endings if not (isinstance(ending, (int, float)) and ending >= 0)]
    if wrong:
        raise ParameterError(f"endings are numbers of at least 0, such as 0.99; found {', '.join(map(repr, wrong))}")
    slack = 1e-9 * max(most, 1.0)
    if len(ladder):
        points = np.asarray(ladder, dtype=float)
    elif len(endings):
        parts = []
        for ending in endings:
            every = 1.0 if ending < 1 else 10.0 ** np.ceil(np.log10(ending + 1e-9))
            parts.append(np.arange(np.floor(least / every) - 1, np.ceil(most / every) + 1) * every + ending)
        points = np.concatenate(parts)
    elif step is not None:
        points = np.arange(np.ceil((least - slack) / step), np.floor((most + slack) / step) + 1) * step
    else:
        raise ValueError("one of ladder, endings and step is needed")
    inside = points[(points >= least - slack) & (points <= most + slack)]
    return np.unique(np.round(inside, 10))


def choose_points(points: Sequence[Array], values: Sequence[Array], limits: LinearLimits | None = None) -> Array:
    """For each product the point with which the sum of `values` is highest, within the limits; returns indices.

    Exact: by product where there are no limits, else a MILP proved to 1e-9 of the sum by HiGHS. Raises
    InfeasibleError naming the limits that clash and the least loosening that would make room.
    """
    if limits is None or not limits.names:
        return np.array([int(np.argmax(value)) for value in values])
    chosen = _solve(points, values, limits, elastic=False)
    if chosen is None:
        slacks = _solve(points, values, limits, elastic=True)
        assert isinstance(slacks, dict)
        broken = {name: gap for name, gap in slacks.items() if gap > 1e-9}
        loosening = ", ".join(f"'{name}' by {gap:.4g}" for name, gap in broken.items())
        raise InfeasibleError(
            f"no choice of the allowed prices meets all price limits; loosening {loosening} would make room",
            conflict=tuple(broken),
            relaxation=f"loosen {loosening}",
        )
    assert isinstance(chosen, np.ndarray)
    return chosen


def _solve(
    points: Sequence[Array], values: Sequence[Array], limits: LinearLimits, *, elastic: bool
) -> Array | dict[str, float] | None:
    """The MILP; with `elastic` the smallest sum of loosenings instead, by name of the limit."""
    problem = pulp.LpProblem("prices", pulp.LpMaximize)
    pick = [
        [problem.add_variable(f"x_{row}_{at}", cat="Binary") for at in range(len(choices))]
        for row, choices in enumerate(points)
    ]
    scale = max(float(sum(np.ptp(value) for value in values)), 1e-12)
    gaps = {}
    for at, name in enumerate(limits.names):
        terms = [
            (variable, float(coefficient * price))
            for choices, variables, coefficient in zip(points, pick, limits.matrix[at], strict=True)
            if coefficient
            for variable, price in zip(variables, choices, strict=True)
        ]
        left = pulp.LpAffineExpression(terms)
        if elastic:
            over, under = problem.add_variable(f"over_{at}", 0), problem.add_variable(f"under_{at}", 0)
            gaps[name] = (over, under)
            left = left - over + under
        sense = {"<=": pulp.LpConstraintLE, ">=": pulp.LpConstraintGE, "=": pulp.LpConstraintEQ}[limits.senses[at]]
        problem += pulp.LpConstraint(left, sense, f"limit_{at}", float(limits.bounds[at]))
    for row, variables in enumerate(pick):
        problem += pulp.lpSum(variables) == 1, f"one_{row}"
    if elastic:
        problem.setObjective(-pulp.lpSum(one for pair in gaps.values() for one in pair))
    else:
        worth = [
            (variable, float(gain))
            for variables, value in zip(pick, values, strict=True)
            for variable, gain in zip(variables, (value - value.max()) / scale, strict=True)
        ]
        problem.setObjective(pulp.LpAffineExpression(worth))
    status = problem.solve(_SilentHiGHS(msg=False))
    if elastic:
        return {name: float(over.value() + under.value()) for name, (over, under) in gaps.items()}
    if pulp.LpStatus[status] != "Optimal":
        return None
    return np.array([int(np.argmax([variable.value() for variable in variables])) for variables in pick])


def choose_jointly(
    points: Sequence[Array], demand: Demand, limits: LinearLimits | None = None, start: Array | None = None
) -> tuple[Array, bool]:
    """The points with the highest total profit where products act on each other, and whether that is proved.

    Up to 200,000 combinations are enumerated (proved). Beyond, every round values each point of each product with the
    others held (at `start` first), chooses all anew (by MILP under limits) within ever fewer steps, and keeps what
    gains; moves of one and two products by one step end the search.
    """
    sizes = [len(choices) for choices in points]
    if float(np.prod([float(size) for size in sizes])) <= MOST_COMBINATIONS:
        return _enumerate(points, demand, limits), True
    begin = demand.price_now if start is None else start
    held = np.array(
        [choices[int(np.argmin(np.abs(choices - here)))] for choices, here in zip(points, begin, strict=True)]
    )
    at = choose_points(points, _values(points, demand, held), limits)
    best = _total(points, demand, at)
    reach = max(sizes) if start is None else min(max(sizes), 4)
    while reach >= 1:
        prices = _prices(points, at)
        windows = [
            np.flatnonzero(np.abs(np.arange(size) - here) <= reach) for size, here in zip(sizes, at, strict=True)
        ]
        near = [choices[window] for choices, window in zip(points, windows, strict=True)]
        picked = choose_points(near, _values(near, demand, prices), limits)
        new = np.array([window[one] for window, one in zip(windows, picked, strict=True)])
        total = _total(points, demand, new)
        if total > best * (1 + 1e-12) + 1e-12:
            at, best = new, total
        else:
            reach //= 2
    return _swap(points, demand, limits, at), False


def _swap(points: Sequence[Array], demand: Demand, limits: LinearLimits | None, at: Array) -> Array:
    """Improve a choice by moving one product, then two at a time, by one step, until nothing gains."""
    best, count = _total(points, demand, at), len(points)
    moves = [np.eye(count, dtype=int)[row] * sign for row in range(count) for sign in (1, -1)]
    moves += [one + other for nth, one in enumerate(moves) for other in moves[nth + 1 :] if np.any(one + other)]
    steps, sizes = np.array(moves), np.array([len(choices) for choices in points])
    while True:
        tries = at + steps
        tries = tries[np.all((tries >= 0) & (tries < sizes), axis=1)]
        prices = np.stack([choices[tries[:, row]] for row, choices in enumerate(points)], axis=1)
        if limits is not None and limits.names:
            allowed = np.all(limits.slack(prices) >= -1e-9, axis=1)
            tries, prices = tries[allowed], prices[allowed]
        totals = demand.profits(prices).sum(axis=1)
        if not len(totals) or totals.max() <= best * (1 + 1e-12) + 1e-12:
            return at
        at, best = tries[int(np.argmax(totals))], float(totals.max())


def _enumerate(points: Sequence[Array], demand: Demand, limits: LinearLimits | None) -> Array:
    every = np.stack(
        [grid.ravel() for grid in np.meshgrid(*[np.arange(len(p)) for p in points], indexing="ij")], axis=1
    )
    prices = np.stack([choices[every[:, row]] for row, choices in enumerate(points)], axis=1)
    totals = demand.profits(prices).sum(axis=1)
    if limits is not None and limits.names:
        allowed = np.all(limits.slack(prices) >= -1e-9, axis=1)
        if not allowed.any():
            choose_points(points, [np.zeros(len(choices)) for choices in points], limits)  # raises, naming the clash
        totals = np.where(allowed, totals, -np.inf)
    return every[int(np.argmax(totals))]


def _values(points: Sequence[Array], demand: Demand, held: Array) -> list[Array]:
    """Total profit with one product at each of its points and the others at `held`."""
    values = []
    for row, choices in enumerate(points):
        prices = np.tile(held, (len(choices), 1))
        prices[:, row] = choices
        values.append(demand.profits(prices).sum(axis=1))
    return values


def _prices(points: Sequence[Array], at: Array) -> Array:
    return np.array([choices[here] for choices, here in zip(points, at, strict=True)])


def _total(points: Sequence[Array], demand: Demand, at: Array) -> float:
    return float(demand.profits(_prices(points, at)).sum())
