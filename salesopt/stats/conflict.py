"""Why no plan meets all limits: the smallest set of limits that clash, and the cheapest way to give in.

The smallest set is found by implicit hitting sets: guess the fewest limits that hit every known way out, test whether
they clash on their own, and if not, learn one more way out. (Ignatiev, Previti, Liffiton, Marques-Silva, "Smallest MUS
extraction with minimal hitting set dualization", CP 2015.)
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from salesopt.stats.programme import INFINITE, Programme, Solver, solve_programme

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Element:
    """A limit that may be given up: a row, or the lower or upper bound of a column of a programme."""

    name: str
    where: str  # "row", "lower" or "upper"
    number: int


@dataclass(frozen=True)
class Concession:
    """A limit and by how much its bound must give, in its own unit: up if positive, down if negative."""

    element: Element
    amount: float


def smallest_conflict(programme: Programme, elements: Sequence[Element]) -> list[Element]:
    """The fewest of `elements` that no point meets together; empty where the clash does not need any of them."""
    solver = Solver(dataclasses.replace(programme, cost=np.zeros_like(programme.cost)))
    held = [True] * len(elements)

    def feasible(kept: set[int]) -> bool:
        for number, element in enumerate(elements):
            if held[number] != (number in kept):
                _hold(solver, programme, element, number in kept)
                held[number] = number in kept
        return solver.is_feasible()

    ways_out: list[set[int]] = []
    everything = set(range(len(elements)))
    while True:
        guess = _fewest_hitting(ways_out, len(elements))
        if not feasible(guess):
            return [elements[number] for number in sorted(guess)]
        kept = set(guess)
        for number in sorted(everything - kept):
            if feasible(kept | {number}):
                kept.add(number)
        if kept == everything:
            return []
        ways_out.append(everything - kept)


def cheapest_relaxation(programme: Programme, elements: Sequence[Element]) -> list[Concession]:
    """How far which bounds must give so that a plan exists, at the least sum of shares of the bounds."""
    columns = len(programme.cost)
    bounds = np.array([_bound(programme, element) for element in elements])
    signs = np.array([_way_out(programme, element) for element in elements])
    return _solve_relaxation(programme, elements, bounds, signs, columns)


def _way_out(programme: Programme, element: Element) -> float:
    """1 where what the element restrains must seem larger to fit, -1 where smaller, 0 for an equality."""
    if element.where != "row":
        return -1.0 if element.where == "upper" else 1.0
    low, high = programme.row_lower[element.number], programme.row_upper[element.number]
    return 0.0 if low == high else (-1.0 if high < INFINITE else 1.0)


def _solve_relaxation(
    programme: Programme, elements: Sequence[Element], bounds: Numbers, signs: Numbers, columns: int
) -> list[Concession]:
    """Add to every element a column that lifts (sign 1) or lowers (sign -1) what it restrains; equalities get both."""
    lower, upper = programme.lower.copy(), programme.upper.copy()
    own = [number for number, element in enumerate(elements) if element.where != "row"]
    extra = sparse.lil_matrix((len(own), columns))
    extra_low, extra_high = np.full(len(own), -INFINITE), np.full(len(own), INFINITE)
    for place, number in enumerate(own):
        element = elements[number]
        extra[place, element.number] = 1
        if element.where == "lower":
            extra_low[place], lower[element.number] = lower[element.number], min(0.0, lower[element.number])
        else:
            extra_high[place], upper[element.number] = upper[element.number], INFINITE
    base = sparse.vstack([programme.matrix, extra], format="csc")
    places = {number: len(programme.row_lower) + place for place, number in enumerate(own)}
    slack: list[tuple[int, int, float]] = []
    for number, element in enumerate(elements):
        row = places.get(number, element.number)
        slack += [(number, row, sign) for sign in ((1.0, -1.0) if signs[number] == 0 else (signs[number],))]
    added = sparse.csc_matrix(
        ([sign for _, _, sign in slack], ([row for _, row, _ in slack], range(len(slack)))),
        shape=(base.shape[0], len(slack)),
    )
    cost = -np.array([1 / max(abs(bounds[number]), 1.0) for number, _, _ in slack])
    relaxed = Programme(
        cost=np.concatenate([np.zeros(columns), cost]),
        lower=np.concatenate([lower, np.zeros(len(slack))]),
        upper=np.concatenate([upper, np.full(len(slack), INFINITE)]),
        whole=np.concatenate([programme.whole, np.zeros(len(slack), dtype=bool)]),
        matrix=sparse.csc_matrix(sparse.hstack([base, added])),
        row_lower=np.concatenate([programme.row_lower, extra_low]),
        row_upper=np.concatenate([programme.row_upper, extra_high]),
    )
    used = solve_programme(relaxed).values[columns:]
    return [
        Concession(elements[number], -sign * amount)
        for (number, _, sign), amount in zip(slack, used, strict=True)
        if amount > 1e-7 * max(abs(bounds[number]), 1.0)
    ]


def _bound(programme: Programme, element: Element) -> float:
    if element.where == "lower":
        return float(programme.lower[element.number])
    if element.where == "upper":
        return float(programme.upper[element.number])
    low, high = programme.row_lower[element.number], programme.row_upper[element.number]
    return float(high if high < INFINITE else low)


def _hold(solver: Solver, programme: Programme, element: Element, on: bool) -> None:
    """Switch an element on or off in the solver."""
    if element.where == "row":
        low, high = programme.row_lower[element.number], programme.row_upper[element.number]
        solver.bound_row(element.number, low if on else -INFINITE, high if on else INFINITE)
    elif element.where == "lower":
        solver.change_lower(element.number, programme.lower[element.number] if on else 0.0)
    else:
        solver.change_upper(element.number, programme.upper[element.number] if on else INFINITE)


def _fewest_hitting(sets: list[set[int]], size: int) -> set[int]:
    """The fewest numbers below `size` that hit every set."""
    if not sets:
        return set()
    rows = np.array([[float(number in one) for number in range(size)] for one in sets])
    programme = Programme(
        cost=-np.ones(size),
        lower=np.zeros(size),
        upper=np.ones(size),
        whole=np.ones(size, dtype=bool),
        matrix=sparse.csc_matrix(rows),
        row_lower=np.ones(len(sets)),
        row_upper=np.full(len(sets), INFINITE),
    )
    return set(np.flatnonzero(solve_programme(programme).values > 0.5).tolist())
