"""The training that closes most of the gap within a budget: an exact knapsack with a set-up cost per course."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pulp

from salesopt.stats.levels import expected_gap
from salesopt.stats.programme import Solver, programme_of, unit_of

WHOLE = 1e3  # what the dearest cost and the largest gain count as for the solver
SAME = 1e-9  # share by which what two plans close, or a budget, may differ and be the same


@dataclass(frozen=True, eq=False)
class Steps:
    """What training can be bought: one entry per person, skill and level to be gained, in the order they are taken.

    person, skill : numbers; cost: currency; gain: gap closed, level-hours a year; course_cost: per skill, currency
    """

    person: np.ndarray
    skill: np.ndarray
    cost: np.ndarray
    gain: np.ndarray
    course_cost: np.ndarray

    @property
    def full_cost(self) -> float:
        """Cost of all that closes any gap."""
        used = np.unique(self.skill[self.gain > 0])
        return float(self.cost[self.gain > 0].sum() + self.course_cost[used].sum())


def training_steps(
    mean: np.ndarray,
    deviation: np.ndarray,
    need: np.ndarray,
    hours: np.ndarray,
    cost: np.ndarray,
    course_cost: np.ndarray,
) -> Steps:
    """Whole courses of one level each that close part of somebody's gap, and the gap that each is expected to close.

    mean, deviation : people x skills, level to be expected and its standard deviation (0: known); need : groups x
    skills; hours : people x groups, hours a year; cost, course_cost : per skill, nan where it is not known (then there
    is no course). The gap is convex in the level, so that each further course closes no more than the one before.
    """
    rows = []
    for person, skill in np.argwhere(np.isfinite(cost)[None, :] & (need.max(axis=0) > mean + 1e-9)):
        courses = int(np.ceil(need[:, skill].max() - mean[person, skill] - 1e-9))
        left = need[:, skill][:, None] - np.arange(courses + 1)[None, :]
        gap = hours[person] @ expected_gap(mean[person, skill], deviation[person, skill], left)
        rows += [(person, skill, cost[skill], gain) for gain in -np.diff(gap) if gain > 1e-9]
    table = np.array(rows, float).reshape(-1, 4)
    return Steps(
        table[:, 0].astype(int), table[:, 1].astype(int), table[:, 2], table[:, 3], np.nan_to_num(course_cost, nan=0.0)
    )


def plan_training(steps: Steps, budgets: np.ndarray, *, cheapest: bool = True) -> np.ndarray:
    """For each budget whether each step is bought: budgets x steps, the proved optimum of a 0-1 programme (HiGHS).

    Of plans that close as much the `cheapest` is taken; without, any of them.
    """
    bought = np.zeros((len(budgets), len(steps.gain)), bool)
    if not len(steps.gain):
        return bought
    steps, money, _ = _in_solver_units(steps)
    solver = Solver(programme_of(*_model(steps, whole=True)), gap=0.0)
    least = Solver(programme_of(*_model(steps, whole=True, least_cost=True)), gap=0.0) if cheapest else None
    for number, budget in enumerate(budgets):
        solver.bound_row(0, -np.inf, float(budget) / money)
        bought[number] = solver.solve().values[: len(steps.gain)] > 0.5
        if least is not None and bought[number].any():
            least.bound_row(0, float(steps.gain @ bought[number] * (1 - SAME)), np.inf)
            found = least.solve().values[: len(steps.gain)] > 0.5
            bought[number] = found if spent(steps, found) < spent(steps, bought[number]) else bought[number]
    return _in_order(steps, bought)


def most_with(steps: Steps, budget: float, skill: int) -> float:
    """The most level-hours that `budget` closes where somebody has to be trained in `skill`, which it must allow."""
    scaled, money, _ = _in_solver_units(steps)
    problem, columns = _model(scaled, whole=True)
    problem += pulp.lpSum(columns[at] for at in np.flatnonzero(steps.skill == skill)) >= 1
    solver = Solver(programme_of(problem, columns), gap=0.0)
    solver.bound_row(0, -np.inf, float(budget) / money)
    return float(steps.gain @ (solver.solve().values[: len(steps.gain)] > 0.5))


def shadow_price(steps: Steps, budget: float) -> float:
    """What one more unit of budget closes, level-hours per currency, were courses divisible (linear programme).

    At a budget where the price changes, and at none, it is the price of more.
    """
    if not len(steps.gain):
        return 0.0
    scaled, money, closed = _in_solver_units(steps)
    problem, columns = _model(scaled, whole=False)
    solver = Solver(programme_of(problem, columns))
    solver.bound_row(0, -np.inf, float(budget) / money + SAME * scaled.full_cost)
    return float(solver.solve().row_dual[0]) * closed / money


def spent(steps: Steps, bought: np.ndarray) -> float:
    """Cost of the steps bought, the courses held for them included."""
    return float(steps.cost[bought].sum() + steps.course_cost[np.unique(steps.skill[bought])].sum())


def _in_solver_units(steps: Steps) -> tuple[Steps, float, float]:
    """The steps with the dearest cost and the largest gain a thousand, and a unit of these in currency and level-hours.

    Solvers know costs to a fixed number of decimals, whatever the study counts its money in.
    """
    money, closed = unit_of(np.append(steps.cost, steps.course_cost)) / WHOLE, unit_of(steps.gain) / WHOLE
    parts = {"cost": steps.cost / money, "course_cost": steps.course_cost / money, "gain": steps.gain / closed}
    return replace(steps, **parts), money, closed


def _model(steps: Steps, *, whole: bool, least_cost: bool = False) -> tuple[pulp.LpProblem, list[pulp.LpVariable]]:
    """Row 0 is the budget, under which most is closed; or what has to be closed, at `least_cost`.

    Then a step wants its skill's course held.
    """
    kind = pulp.LpBinary if whole else pulp.LpContinuous
    problem = pulp.LpProblem("training", pulp.LpMaximize)
    buy = [problem.add_variable(f"buy_{at}", 0, 1, kind) for at in range(len(steps.gain))]
    held = {int(skill): problem.add_variable(f"hold_{skill}", 0, 1, kind) for skill in np.unique(steps.skill)}
    closed = pulp.lpSum(each * x for each, x in zip(steps.gain, buy, strict=True))
    paid = pulp.lpSum(cost * x for cost, x in zip(steps.cost, buy, strict=True))
    paid += pulp.lpSum(steps.course_cost[skill] * y for skill, y in held.items())
    problem += -paid if least_cost else closed
    problem += closed >= 0 if least_cost else paid <= 0
    for at, skill in enumerate(steps.skill):
        if steps.course_cost[skill] > 0:
            problem += buy[at] <= held[int(skill)]
    return problem, [*buy, *held.values()]


def _in_order(steps: Steps, bought: np.ndarray) -> np.ndarray:
    """The same number of levels per person and skill, the first ones first (steps of equal gain may be swapped)."""
    group = pd.factorize(pd.Series(list(zip(steps.person, steps.skill, strict=True))))[0]
    place = pd.Series(group).groupby(group).cumcount().to_numpy()
    count = np.stack([np.bincount(group, row, minlength=group.max() + 1) for row in bought])
    return place[None, :] < count[:, group] - 0.5
