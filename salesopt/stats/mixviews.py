"""What surrounds the best plan: shadow prices by name, the frontier over budgets, other plans nearly as good."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from salesopt.errors import InfeasibleError
from salesopt.stats.conflict import Element, cheapest_relaxation, smallest_conflict
from salesopt.stats.mix import Allocation, build_programme, mean_of_worst
from salesopt.stats.mixtable import MixProblem, draw_curves
from salesopt.stats.piecewise import break_curves, cut_pieces
from salesopt.stats.programme import INFINITE, Programme, Solver, with_row
from salesopt.stats.refine import Optimum, solve_mix, with_dense_pieces
from salesopt.stats.response import Curves
from salesopt.stats.shadow import Bound, Price, price_bound

Numbers = NDArray[np.float64]
PRICE_COLUMNS = ("limit", "kind", "bound", "slack", "shadow_price", "valid_from", "valid_to")
DENSE = 256  # pieces of a curve for the ranges of shadow prices
NODES = 5_000  # branches after which the search for one alternative stops: equal on every machine, unlike seconds
FREE_MIP = 12  # decisions up to which a plan with 0/1 columns is searched for alternatives


def decision_names(built: MixProblem) -> list[str]:
    """Name of every decision: the row of the table, with the period where there are several."""
    if built.periods == 1:
        return built.names
    return [f"{name}, period {period + 1}" for period in range(built.periods) for name in built.names]


def price_table(built: MixProblem, optimum: Optimum, *, drift: float, ranged: bool = True) -> pd.DataFrame:
    """Shadow price and range of every limit and every bound of a decision; columns `PRICE_COLUMNS`."""
    if ranged and not built.problem.risk and not built.problem.whole:
        optimum = with_dense_pieces(optimum, DENSE)
    rows = [_limit_row(built, optimum, number, drift, ranged) for number in range(len(built.problem.limits))]
    rows += _bound_rows(built, optimum, drift, ranged)
    return pd.DataFrame(rows, columns=list(PRICE_COLUMNS))


def _limit_row(built: MixProblem, optimum: Optimum, number: int, drift: float, ranged: bool) -> tuple[object, ...]:
    limit = built.problem.limits[number]
    used = limit_use(built.problem, number, optimum.spend)
    sense = "=" if limit.lower == limit.upper else ("<=" if limit.upper < INFINITE else ">=")
    value = limit.lower if sense == ">=" else limit.upper
    slack = {"=": 0.0, "<=": value - used, ">=": used - value}[sense]
    unit = max(abs(value), abs(used), float(np.abs(limit.spend) @ optimum.spend), 1e-9)
    slack = 0.0 if abs(slack) <= 1e-6 * unit else slack
    price = _price(built, optimum, Bound(True, number, sense, value, unit), slack, drift, ranged)
    return limit.name, limit.kind, value, slack, price.worth, price.valid_from, price.valid_to


def limit_use(problem: Allocation, number: int, spend: Numbers) -> float:
    """How much of a limit a plan uses, on the true curves."""
    limit = problem.limits[number]
    used = float(limit.spend @ spend)
    if limit.opening is not None:
        used += float(limit.opening[(spend > 1e-9 * problem.upper) & (problem.opening > 0)].sum())
    if limit.response is not None:
        used += float(limit.response @ problem.curves.response(problem.effective(spend)))
    return used


def _bound_rows(built: MixProblem, optimum: Optimum, drift: float, ranged: bool) -> list[tuple[object, ...]]:
    """A row for each bound of a decision that holds the plan."""
    problem, rows = built.problem, []
    on_foot = optimum.problem.curves.kind != problem.curves.kind  # there the price is that of the very next unit alone
    feet = set(np.flatnonzero(np.abs(problem.mixing.T) @ on_foot).tolist())
    for number, name in enumerate(decision_names(built)):
        spend, unit = optimum.spend[number], max(problem.upper[number], 1.0)
        gated = number in problem.gated
        open_ = not gated or spend > 1e-9 * unit
        if open_ and problem.upper[number] - spend <= 1e-6 * unit:
            rows.append(("max " + name, "most", "<=", problem.upper[number], number))
        least = max(problem.lower[number], problem.lot[number] if gated and open_ else 0.0)
        if open_ and spend - least <= 1e-6 * unit:
            rows.append(
                (("min lot " if least > problem.lower[number] else "min ") + name, "least", ">=", least, number)
            )
    table: list[tuple[object, ...]] = []
    for label, kind, sense, value, number in rows:
        price = _price(built, optimum, Bound(False, number, sense, value, max(value, 1.0)), 0.0, drift, ranged)
        price = dataclasses.replace(price, valid_from=np.nan, valid_to=np.nan) if number in feet else price
        table.append((label, kind, value, 0.0, price.worth, price.valid_from, price.valid_to))
    return table


def _price(built: MixProblem, optimum: Optimum, bound: Bound, slack: float, drift: float, ranged: bool) -> Price:
    if built.problem.whole and slack <= 0:
        return _whole_price(built, optimum, bound)
    if not ranged and slack <= 0:
        values = optimum.solution.row_dual if bound.row else optimum.solution.reduced
        return Price(float(values[bound.number]), np.nan, np.nan)
    return price_bound(optimum, bound, slack, drift=drift)


def _whole_price(built: MixProblem, optimum: Optimum, bound: Bound) -> Price:
    """Whole numbers have no marginal price: solve again with one more unit."""
    problem = built.problem
    if bound.row:
        limit = problem.limits[bound.number]
        moved = dataclasses.replace(limit, lower=limit.lower + 1, upper=limit.upper + 1)
        limits = (*problem.limits[: bound.number], moved, *problem.limits[bound.number + 1 :])
        changed = dataclasses.replace(problem, limits=limits)
    else:
        more = np.eye(len(problem.lower))[bound.number]
        lower, upper = (more, 0) if bound.sense == ">=" else (0, more)
        changed = dataclasses.replace(problem, lower=problem.lower + lower, upper=problem.upper + upper)
    try:
        again = solve_mix(changed)
    except InfeasibleError:
        return Price(np.nan, bound.value, bound.value)
    return Price(again.objective - optimum.objective, bound.value, bound.value + 1)


def with_budget(problem: Allocation, budget: float) -> Allocation:
    """The problem at another budget; inf for none."""
    limits = tuple(
        dataclasses.replace(limit, upper=budget) if limit.kind == "budget" else limit
        for limit in problem.limits
        if limit.kind != "budget" or np.isfinite(budget)
    )
    return dataclasses.replace(problem, limits=limits)


def spent_in_full(problem: Allocation) -> Allocation:
    """The problem with its budget spent to the last unit, so that a frontier shows what too much money costs."""
    limits = tuple(
        dataclasses.replace(limit, lower=limit.upper) if limit.kind == "budget" else limit for limit in problem.limits
    )
    return dataclasses.replace(problem, limits=limits)


def frontier_table(built: MixProblem, budgets: Numbers, *, tolerance: float) -> pd.DataFrame:
    """The best plan that spends each budget in full: budget, spend, response, profit, shadow_price; rows in order.

    Profit is worth x response - spend - openings, whatever the objective; the shadow price (of the budget) is negative
    where more money loses money. Budgets that no plan can spend in full are left out.
    """
    rows = []
    place = next(number for number, limit in enumerate(built.problem.limits) if limit.kind == "budget")
    for budget in np.unique(budgets):
        try:
            best = solve_mix(spent_in_full(with_budget(built.problem, float(budget))), tolerance=tolerance)
        except InfeasibleError:
            continue
        price = np.nan if built.problem.whole else float(best.solution.row_dual[place])
        spent, response = limit_use(built.problem, place, best.spend), built.responses(best.spend)
        rows.append((budget, spent, response.sum(), float(built.worth @ response) - spent, price))
    return pd.DataFrame(rows, columns=["budget", "spend", "response", "profit", "shadow_price"])


def plan_programme(built: MixProblem, optimum: Optimum, pieces: int) -> Programme:
    """The programme that other plans are searched in: around the optimum, or with its 0/1 columns where it has any."""
    problem = built.problem
    pattern = len(problem.gated) or problem.whole or optimum.problem is not problem
    if not pattern or len(problem.lower) > FREE_MIP:
        return optimum.solver.programme
    place, at = break_curves(problem.curves, problem.floor, problem.roof, pieces)
    return build_programme(problem, cut_pieces(problem.curves, problem.scenarios if problem.risk else (), place, at))


def alternative_plans(built: MixProblem, optimum: Optimum, *, within: float, most: int = 3) -> pd.DataFrame:
    """Plans whose objective is within a share `within` of the best and that differ most from it and from each other.

    Each decision is made as small and as large as that allows. Returns plan ("more TV"), channel row, spend, best,
    objective, and for each decision least and most over all such plans.
    """
    programme = plan_programme(built, optimum, 24)
    best = optimum.solution.objective if programme is optimum.solver.programme else optimum.objective
    floor = best - within * abs(optimum.objective) - programme.offset
    solver = Solver(with_row(programme, programme.cost, floor, INFINITE), gap=1e-3, nodes=NODES)
    decisions, names = len(built.problem.lower), decision_names(built)
    found: list[tuple[str, Numbers]] = []
    for number, name in enumerate(names):
        for sign, word in ((1.0, "more"), (-1.0, "less")):
            aim = np.zeros(len(programme.cost))
            aim[number] = sign
            solver.aim(aim)
            found.append((f"{word} {name}", solver.solve().values[:decisions]))
    spends = np.array([spend for _, spend in found])
    chosen: list[int] = []
    while len(chosen) < min(most, len(found)):
        kept = np.array([optimum.spend, *spends[chosen]])
        apart = np.abs(spends[:, None, :] - kept[None]).sum(axis=2).min(axis=1)
        if apart.max() <= 1e-6 * max(np.abs(optimum.spend).sum(), 1.0):
            break
        chosen.append(int(apart.argmax()))
    least, highest = np.vstack([spends, optimum.spend]).min(axis=0), np.vstack([spends, optimum.spend]).max(axis=0)
    rows = [("best", optimum.spend), *(found[one] for one in chosen)]
    table = [
        (
            plan,
            name,
            spend[number],
            optimum.spend[number],
            built.problem.objective(spend),
            least[number],
            highest[number],
        )
        for plan, spend in rows
        for number, name in enumerate(names)
    ]
    return pd.DataFrame(table, columns=["plan", "channel", "spend", "best", "objective", "least", "most"])


def outcomes(built: MixProblem, draws: pd.DataFrame, spends: dict[str, Numbers]) -> dict[str, Numbers]:
    """Objective of each plan under every draw of the curves."""
    sets = draw_curves(built, draws)
    return {plan: np.array([_objective(built, spend, curves) for curves in sets]) for plan, spend in spends.items()}


def _objective(built: MixProblem, spend: Numbers, curves: Curves) -> float:
    changed = dataclasses.replace(built.problem, curves=curves, risk=0.0, scenarios=())
    return changed.objective(spend) + built.constant


def robust_table(made: dict[str, Numbers]) -> pd.DataFrame:
    """plan, expected, worst_5_percent (mean of the worst 5 % of draws), low, high (5 % and 95 % of draws)."""
    rows = [
        (plan, values.mean(), mean_of_worst(values), *np.quantile(values, [0.05, 0.95]))
        for plan, values in made.items()
    ]
    return pd.DataFrame(rows, columns=["plan", "expected", "worst_5_percent", "low", "high"])


def explain_conflict(built: MixProblem) -> InfeasibleError:
    """The error that says which limits clash, in words, and the cheapest way out."""
    problem = built.problem
    place, at = break_curves(problem.curves, problem.floor, problem.roof, 24)
    programme = build_programme(problem, cut_pieces(problem.curves, (), place, at))
    names = decision_names(built)
    elements = [Element(limit.name, "row", number) for number, limit in enumerate(problem.limits)]
    elements += [Element(f"min {names[one]}", "lower", int(one)) for one in np.flatnonzero(problem.lower > 0)]
    gated = set(problem.gated.tolist())
    elements += [Element(f"max {name}", "upper", one) for one, name in enumerate(names) if one not in gated]
    clash = smallest_conflict(programme, elements)
    words = [_in_words(problem, element) for element in clash]
    ways = [_concession(problem, one.element, one.amount) for one in cheapest_relaxation(programme, elements)]
    message = "no plan meets all limits: " + " and ".join(words) + " cannot hold together"
    message += f". Cheapest way out: {' and '.join(ways)}." if ways else "."
    return InfeasibleError(message, conflict=[element.name for element in clash], relaxation=" and ".join(ways))


def _in_words(problem: Allocation, element: Element) -> str:
    if element.where == "lower":
        return f"'{element.name}' (at least {problem.lower[element.number]:,.6g})"
    if element.where == "upper":
        return f"'{element.name}' (at most {problem.upper[element.number]:,.6g})"
    limit = problem.limits[element.number]
    if limit.lower == limit.upper:
        return f"'{limit.name}' (exactly {limit.upper:,.6g})"
    low = limit.upper >= INFINITE
    return f"'{limit.name}' (at {'least' if low else 'most'} {limit.lower if low else limit.upper:,.6g})"


def _concession(problem: Allocation, element: Element, amount: float) -> str:
    if element.where == "lower":
        now = problem.lower[element.number]
    elif element.where == "upper":
        now = problem.upper[element.number]
    else:
        limit = problem.limits[element.number]
        now = limit.upper if limit.upper < INFINITE else limit.lower
    return f"{'raise' if amount > 0 else 'lower'} '{element.name}' from {now:,.6g} to {now + amount:,.6g}"
