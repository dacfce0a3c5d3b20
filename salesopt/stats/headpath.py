"""The best way of a whole team over the years, proved: units that share a limit on hires and the people who move.

Only the team's head count of each year joins the units: it says who must be hired or let go, and how fast the team
grows. At a price per head and year each unit's best way is a shortest path (`headgraph`), and the sum of these is a
bound. The prices come from a linear programme over the ways found so far, to which each round adds every unit's best
way (Dantzig and Wolfe, "Decomposition principle for linear programs", 1960). What then can be in no plan better than
the best one known, since it loses more than the distance to the bound, is struck out; the few steps left are settled
by a mixed-integer programme.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from salesopt.stats.effort import Numbers
from salesopt.stats.headgraph import Terms, UnitGraph, Walk, walk, worth_of
from salesopt.stats.headteam import (
    Prices,
    Rest,
    Ways,
    choose,
    losses_of_slacks,
    paid_for,
    priced,
    slacks,
    team_programme,
    team_sides,
    team_sums,
    today_of,
    worth_of_limits,
)
from salesopt.stats.programme import Programme, solve_programme

ROUNDS = 400
TINY = 1e-10  # fraction of a plan's worth below which it is as good as its bound
MANY = 60_000  # steps up to which a programme over them is tried before the last one


@dataclass(frozen=True, eq=False)
class Way:
    """The best plan: heads by year and unit, its worth, the bound that no plan exceeds, and what proves it."""

    heads: Numbers
    value: float
    bound: float
    prices: Prices
    ways: Ways


def best_way(graphs: Sequence[UnitGraph], terms: Terms, *, seconds: float = 60.0, near: Way | None = None) -> Way:
    """The plan that earns most, its costs of hiring, moving and letting go taken off.

    seconds : for the last programme; what is then not proved shows as a bound above the value
    near    : the best plan of nearly the same problem, to start from
    The graphs must hold a plan within the team's limits: the one that goes to the fewest heads in the first year.
    """
    ways = Ways()
    for unit, graph in enumerate(graphs):
        for heads in _plain_ways(graph, terms):
            ways.add(unit, heads, worth_of(graph, terms, heads))
    for unit, heads in zip(near.ways.unit, near.ways.heads, strict=True) if near else ():
        ways.add(unit, heads, worth_of(graphs[unit], terms, heads))
    prices, walks = _find_prices(graphs, terms, ways, near.prices.duals if near else np.zeros(3 * terms.years))
    best, value = _best_of_known(graphs, terms, ways, prices, [near.heads] if near else [])
    bound = prices.bound
    for share in (0.02, 0.2, 1.0):
        allowed = prices.bound - value
        if allowed <= TINY * max(abs(value), terms.cost):
            return Way(best, value, max(prices.bound, value), prices, ways)
        rest = Rest(graphs, terms, prices, walks, share * allowed)
        if share < 1 and rest.size > MANY:
            continue
        found, bound = rest.solve(seconds)
        if found is not None and (worth := team_worth(graphs, terms, found)) > value:
            best, value = found, worth
    return Way(best, value, max(min(bound, prices.bound), value), prices, ways)


def _plain_ways(graph: UnitGraph, terms: Terms) -> list[Numbers]:
    """Staying as near to today as the limits allow, and the fewest heads from the first year on."""
    fewest, most = graph.heads[graph.first[0]], graph.heads[graph.last[0]]
    return [np.full(terms.years, heads) for heads in (np.clip(graph.heads[graph.start], fewest, most), fewest)]


def team_worth(graphs: Sequence[UnitGraph], terms: Terms, plan: Numbers) -> float:
    """What a plan earns in all, weighted; -inf where it breaks a limit."""
    units = sum(worth_of(graph, terms, plan[:, unit]) for unit, graph in enumerate(graphs))
    totals = np.concatenate([[today_of(graphs)], plan.sum(axis=1)])
    if (np.diff(totals) > terms.hires + 1e-6).any() or (totals[1:] > terms.reps + 1e-6).any():
        return -np.inf
    flow = totals[1:] - (1 - terms.turnover) * totals[:-1]
    paid = (terms.hiring - terms.moving) * np.maximum(flow, 0) + terms.severance * np.maximum(-flow, 0)
    return float(units - terms.weight @ paid)


def _find_prices(graphs: Sequence[UnitGraph], terms: Terms, ways: Ways, start: Numbers) -> tuple[Prices, list[Walk]]:
    """Prices with the lowest bound, and the units' best ways at them; adds the ways it meets to `ways`."""
    prices = priced(terms, start)
    best: tuple[Prices, list[Walk]] | None = None
    for _ in range(ROUNDS):
        walks = [walk(graph, terms, prices.head) for graph in graphs]
        constant = worth_of_limits(terms, prices, today_of(graphs))
        bound = float(sum(one.value for one in walks) + constant)
        if best is None or bound < best[0].bound:
            best = (replace(prices, bound=bound), walks)
        new = [ways.add(unit, one.heads, one.value + float(prices.head @ one.heads)) for unit, one in enumerate(walks)]
        value, duals = _solve_master(graphs, terms, ways)
        if not any(new) or best[0].bound - value <= 1e-11 * max(abs(value), terms.cost):
            break
        prices = priced(terms, duals)
    assert best is not None
    return best


def _solve_master(graphs: Sequence[UnitGraph], terms: Terms, ways: Ways) -> tuple[float, Numbers]:
    """The best mixture of known ways: its worth and the worth of the team's sums."""
    programme = _mixture(graphs, terms, ways, np.array(ways.worth), paid_for(terms))
    solution = solve_programme(programme)
    return solution.objective * terms.cost, solution.row_dual[len(graphs) :] * terms.cost


def _mixture(graphs: Sequence[UnitGraph], terms: Terms, ways: Ways, worth: Numbers, paid: Numbers) -> Programme:
    """Choose one way per unit, or a mixture, within the team's limits; money in heads' cost."""
    belongs = sparse.csr_matrix((np.ones(len(worth)), (ways.unit, np.arange(len(worth)))), (len(graphs), len(worth)))
    totals = team_sums(terms) @ np.array(ways.heads).T
    matrix = sparse.bmat([[belongs, None], [sparse.csr_matrix(totals), slacks(terms)]], format="csc")
    sides = np.concatenate([np.ones(len(graphs)), team_sides(terms, today_of(graphs))])
    return team_programme(terms, np.concatenate([worth, paid]) / terms.cost, len(worth), matrix, sides)


def _best_of_known(
    graphs: Sequence[UnitGraph], terms: Terms, ways: Ways, prices: Prices, plans: list[Numbers]
) -> tuple[Numbers, float]:
    """The best of `plans` and of those that take one known way of each unit."""
    losing = np.array(ways.worth) - np.array(ways.heads) @ prices.head
    unit = np.array(ways.unit)
    top = np.full(len(graphs), -np.inf)
    np.maximum.at(top, unit, losing)
    programme = _mixture(graphs, terms, ways, losing - top[unit], losses_of_slacks(terms, prices))
    fewest = np.stack([_plain_ways(graph, terms)[-1] for graph in graphs], axis=1)
    plans = [fewest, *plans]
    if (chosen := choose(programme, len(losing), 10.0, 1e-6)) is not None:
        plan = fewest.copy()
        for place in chosen[0]:
            plan[:, ways.unit[place]] = ways.heads[place]
        plans.append(plan)
    worth = [team_worth(graphs, terms, plan) for plan in plans]
    best = int(np.argmax(worth))
    return plans[best], worth[best]
