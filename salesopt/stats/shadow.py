"""Shadow prices of an optimum: what one more unit of every bound is worth, and how far that holds.

A price is the derivative of the optimum on the true curves with respect to the bound, to the side of "one more unit".
Where everything is linear its range is exact (ranging of the basis, continued across degenerate bases); where curves
bend, the price changes all the way, and the range is where it stays within `drift` of what is said.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from salesopt.errors import InfeasibleError
from salesopt.stats.programme import INFINITE, NoSolution, Solution
from salesopt.stats.refine import Optimum

Numbers = NDArray[np.float64]
NUDGE = 1e-7
CAREFUL = 0.85  # share of the drift that is used: away from the optimum the price is that of pieces
STEPS = 24


@dataclass(frozen=True)
class Bound:
    """A bound of an optimum's programme: a row, or one side of a spend column; `sense` is "<=", ">=" or "="."""

    row: bool
    number: int
    sense: str
    value: float
    unit: float  # size of a typical value, for nudging


@dataclass(frozen=True)
class Price:
    """What one more unit of a bound is worth, between `valid_from` and `valid_to` of the bound."""

    worth: float
    valid_from: float
    valid_to: float


def price_bound(optimum: Optimum, bound: Bound, slack: float, *, drift: float = 0.1) -> Price:
    """The price of one bound and its range; a bound with `slack` is worth nothing as long as the slack lasts."""
    if slack > 1e-6 * bound.unit:
        used = bound.value - slack if bound.sense == "<=" else bound.value + slack
        return Price(0.0, used, np.inf) if bound.sense == "<=" else Price(0.0, -np.inf, used)
    worth_at = _prices_along(optimum, bound)
    here, _ = _worth_now(worth_at, bound)
    linear = bool((optimum.problem.curves.kind == "linear").all()) and not optimum.problem.risk
    if linear:
        low, high = _linear_range(optimum, bound, here, worth_at)
    else:
        low = _reach(worth_at, bound, here, drift, -1.0)
        high = _reach(worth_at, bound, here, drift, 1.0)
    _set(optimum, bound, bound.value)
    return Price(here, low, high)


def _worth_now(worth_at: Callable[[float], float | None], bound: Bound) -> tuple[float, float]:
    """The price on the side of one more unit; on the other side where one more unit is impossible."""
    for step in (NUDGE, -NUDGE, 0.0):
        here = worth_at(bound.value + step * bound.unit)
        if here is not None:
            return here, step
    return float("nan"), 0.0


def _prices_along(optimum: Optimum, bound: Bound) -> Callable[[float], float | None]:
    def worth_at(value: float) -> float | None:
        """The price where the bound is `value`; None where no plan exists."""
        if not bound.row and bound.sense == ">=" and value > optimum.problem.upper[bound.number]:
            return None
        if not bound.row and bound.sense == "<=" and value < optimum.problem.lower[bound.number]:
            return None
        _set(optimum, bound, value)
        try:
            solution = optimum.solver.solve()
        except (InfeasibleError, NoSolution):
            return None
        return _dual(solution, bound)

    return worth_at


def _dual(solution: Solution, bound: Bound) -> float:
    """The price of the bound's own side; a column at its other bound has no price here."""
    value = solution.row_dual[bound.number] if bound.row else solution.reduced[bound.number]
    if bound.sense == "<=":
        return max(float(value), 0.0)
    return min(float(value), 0.0) if bound.sense == ">=" else float(value)


def _set(optimum: Optimum, bound: Bound, value: float) -> None:
    programme = optimum.solver.programme
    if bound.row:
        shift = value - bound.value
        low, high = programme.row_lower[bound.number], programme.row_upper[bound.number]
        optimum.solver.bound_row(bound.number, low + shift, high + shift)
    elif bound.sense == "<=":
        optimum.solver.change_upper(bound.number, value)
    else:
        optimum.solver.change_lower(bound.number, value)


def _linear_range(
    optimum: Optimum, bound: Bound, here: float, worth_at: Callable[[float], float | None]
) -> tuple[float, float]:
    """Exact range of the price: from basis to basis until the price changes."""
    ends = []
    shift = 0.0 if not bound.row else bound.value - _programme_value(optimum, bound)
    for side in (-1.0, 1.0):
        at = bound.value
        for _ in range(STEPS):
            worth = worth_at(at + side * NUDGE * bound.unit)
            if worth is None or abs(worth - here) > 1e-7 * max(abs(here), 1e-9):
                break
            ranged = optimum.solver.row_range(bound.number) if bound.row else optimum.solver.column_range(bound.number)
            reached = (ranged[0] if side < 0 else ranged[1]) + shift
            if abs(reached) >= INFINITE or not np.isfinite(reached):
                at = side * np.inf
                break
            if side * (reached - at) <= 2 * NUDGE * bound.unit:
                break
            at = reached
        ends.append(float(at))
    return ends[0], ends[1]


def _programme_value(optimum: Optimum, bound: Bound) -> float:
    programme = optimum.solver.programme
    high = programme.row_upper[bound.number]
    return float(high if high < INFINITE else programme.row_lower[bound.number])


def _reach(worth_at: Callable[[float], float | None], bound: Bound, here: float, drift: float, side: float) -> float:
    """How far the bound can move to one side until the price has drifted or no plan exists; doubling, then halving."""

    def near(value: float) -> bool:
        worth = worth_at(value)
        return worth is not None and abs(worth - here) <= CAREFUL * drift * max(abs(here), 1e-12)

    inside, step = bound.value, 0.01 * bound.unit
    for _ in range(STEPS):
        if not near(bound.value + side * step):
            break
        inside, step = bound.value + side * step, 2 * step
    else:
        return side * np.inf
    outside = bound.value + side * step
    for _ in range(12):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if near(middle) else (inside, middle)
    return float(inside)
