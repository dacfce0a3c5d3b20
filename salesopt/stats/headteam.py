"""A team's heads over the years as a programme: the sums that its limits are put on, their prices, the steps left.

The rows are the flow of people (who is hired, who is let go), the growth and the heads of the team in each year; the
columns are ways or single steps of units, and what is hired, let go, not grown and not used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from salesopt.errors import SalesoptError
from salesopt.stats.effort import Numbers
from salesopt.stats.headgraph import Terms, UnitGraph, Walk, places_before
from salesopt.stats.programme import INFINITE, Programme, Solver

SCALE = 1000.0  # the loss of the best plan known is this many in the last programme, so that its tolerances are tiny


@dataclass(frozen=True, eq=False)
class Prices:
    """What one unit more of each of the team's sums is worth, by year: of the flow of people, of growth, of heads.

    head  : price of one head in each year that these make for every unit
    bound : no plan is worth more
    """

    flow: Numbers
    growth: Numbers
    heads: Numbers
    head: Numbers
    bound: float = np.inf

    @property
    def duals(self) -> Numbers:
        """Flow, growth, heads in one."""
        return np.concatenate([self.flow, self.growth, self.heads])


@dataclass(frozen=True, eq=False)
class Ways:
    """Ways found so far: of which unit, its heads by year, its worth."""

    unit: list[int] = field(default_factory=list)
    heads: list[Numbers] = field(default_factory=list)
    worth: list[float] = field(default_factory=list)
    known: set[tuple[int, bytes]] = field(default_factory=set)

    def add(self, unit: int, heads: Numbers, worth: float) -> bool:
        """Add a way unless it is known or not allowed; says whether it was added."""
        key = (unit, heads.tobytes())
        if key in self.known or not np.isfinite(worth):
            return False
        self.known.add(key)
        self.unit.append(unit)
        self.heads.append(heads)
        self.worth.append(worth)
        return True


def today_of(graphs: Sequence[UnitGraph]) -> float:
    """Heads of the team before the first year."""
    return float(sum(graph.heads[graph.start] for graph in graphs))


def team_sums(terms: Terms) -> Numbers:
    """Rows flow, growth, heads by year over the team's heads of each year: what the limits are put on."""
    years = terms.years
    before = np.eye(years, k=-1)
    return np.vstack([np.eye(years) - (1 - terms.turnover) * before, np.eye(years) - before, np.eye(years)])


def team_sides(terms: Terms, today: float) -> Numbers:
    """Right-hand sides of these rows: the flow of the first year counts from today's heads."""
    years = terms.years
    flow, growth = np.zeros(years), terms.hires.copy()
    flow[0] += (1 - terms.turnover) * today
    growth[0] += today
    return np.concatenate([flow, growth, np.full(years, terms.reps)])


def priced(terms: Terms, duals: Numbers) -> Prices:
    """Duals made valid whatever the solver's rounding, and the price of a head that they make."""
    flow, growth, heads = duals.reshape(3, terms.years)
    flow = np.clip(flow, -terms.weight * terms.severance, terms.weight * (terms.hiring - terms.moving))
    growth = np.where(np.isfinite(terms.hires), np.maximum(growth, 0.0), 0.0)
    heads = np.maximum(heads, 0.0) if np.isfinite(terms.reps) else np.zeros(terms.years)
    return Prices(flow, growth, heads, np.concatenate([flow, growth, heads]) @ team_sums(terms))


def worth_of_limits(terms: Terms, prices: Prices, today: float) -> float:
    """What the limits themselves are worth at `prices`."""
    sides = team_sides(terms, today)
    return float(prices.duals @ np.where(np.isfinite(sides), sides, 0.0))


def paid_for(terms: Terms) -> Numbers:
    """Worth of one more hire and of one more let go, by year; slacks of growth and heads are free."""
    years = terms.years
    hire, leave = -terms.weight * (terms.hiring - terms.moving), -terms.weight * terms.severance
    return np.concatenate([hire, leave, np.zeros(2 * years)])


def slacks(terms: Terms) -> sparse.csr_matrix:
    """Columns hired, let go, room left to grow, heads not used, over the rows flow, growth, heads."""
    one = sparse.identity(terms.years)
    none = sparse.csr_matrix((terms.years, terms.years))
    return sparse.csr_matrix(sparse.bmat([[-one, one, none, none], [none, none, one, none], [none, none, none, one]]))


def team_programme(terms: Terms, cost: Numbers, chosen: int, matrix: sparse.csc_matrix, sides: Numbers) -> Programme:
    """A programme whose first `chosen` columns are chosen or not, the rest being the team's slacks."""
    count = len(cost)
    free = ~np.isfinite(sides)
    return Programme(
        cost=cost,
        lower=np.zeros(count),
        upper=np.concatenate([np.ones(chosen), np.full(count - chosen, INFINITE)]),
        whole=np.zeros(count, dtype=bool),
        matrix=matrix,
        row_lower=np.where(free, -INFINITE, sides),
        row_upper=np.where(free, INFINITE, sides),
    )


def losses_of_slacks(terms: Terms, prices: Prices) -> Numbers:
    """What each unit of the slacks loses against the bound (0 or below)."""
    hire = prices.flow - terms.weight * (terms.hiring - terms.moving)
    leave = -prices.flow - terms.weight * terms.severance
    return np.minimum(np.concatenate([hire, leave, -prices.growth, -prices.heads]), 0.0)


def choose(
    programme: Programme, count: int, seconds: float, gap: float, *, totals: int = 0
) -> tuple[NDArray[np.intp], float] | None:
    """Places of the chosen of the first `count` columns, and the proved bound; None where no plan was found in time.

    totals : columns after these that are whole too
    """
    whole = np.arange(len(programme.cost)) < count + totals
    try:
        solution = Solver(replace(programme, whole=whole), gap=gap, seconds=seconds).solve()
    except SalesoptError:
        return None
    return np.flatnonzero(solution.values[:count] > 0.5), solution.bound


class Rest:
    """The steps that can be in a plan that loses at most `allowed` against the bound, as a programme over steps."""

    def __init__(
        self, graphs: Sequence[UnitGraph], terms: Terms, prices: Prices, walks: list[Walk], allowed: float
    ) -> None:
        self.graphs, self.terms, self.prices, self.allowed = graphs, terms, prices, allowed
        steps = [_steps_left(graph, terms, prices.head, one, allowed) for graph, one in zip(graphs, walks, strict=True)]
        self.unit = np.concatenate([np.full(len(one), unit) for unit, one in enumerate(steps)])
        self.year, self.before, self.after = np.concatenate(steps)[:, :3].astype(np.int64).T
        self.loss = np.concatenate(steps)[:, 3]
        self.size = len(self.loss)

    def solve(self, seconds: float) -> tuple[Numbers | None, float]:
        """The best plan among the steps left, or None, and the bound on all plans that use only these."""
        programme = self._programme()
        chosen = choose(programme, self.size, seconds, 1e-9, totals=self.terms.years)
        if chosen is None:
            return None, self.prices.bound
        plan = np.zeros((self.terms.years, len(self.graphs)))
        for place in chosen[0]:
            unit = self.unit[place]
            plan[self.year[place], unit] = self.graphs[unit].heads[self.after[place]]
        return plan, self.prices.bound + chosen[1] * self.allowed / SCALE

    def _programme(self) -> Programme:
        years, count = self.terms.years, self.size
        columns = np.arange(count)
        width = 1 + max(int(self.after.max()), int(self.before.max()))
        came = np.where(self.year == 0, 0, self.before)
        enter = (self.unit * years + self.year) * width + came  # the place a step starts from
        leave = (self.unit * years + self.year + 1) * width + self.after
        inner = self.year < years - 1
        nodes = np.unique(np.concatenate([enter, leave[inner]]))
        rows = np.concatenate([np.searchsorted(nodes, enter), np.searchsorted(nodes, leave[inner])])
        signs = np.concatenate([np.ones(count), -np.ones(inner.sum())])
        flow = sparse.csr_matrix((signs, (rows, np.concatenate([columns, columns[inner]]))), (len(nodes), count))
        starts = np.isin(nodes, enter[self.year == 0])
        heads = np.array([self.graphs[unit].heads[place] for unit, place in zip(self.unit, self.after, strict=True)])
        by_year = sparse.csr_matrix((heads, (self.year, columns)), (years, count))
        # The team's heads are columns of their own, in whole steps: to branch on these closes most of the distance.
        step = self.terms.step * sparse.identity(years)
        sums = sparse.csr_matrix(team_sums(self.terms)) @ step
        matrix = sparse.bmat(
            [[flow, None, None], [by_year, -step, None], [None, sums, slacks(self.terms)]], format="csc"
        )
        sides = np.concatenate([starts.astype(float), np.zeros(years), team_sides(self.terms, today_of(self.graphs))])
        losing = np.concatenate([self.loss, np.zeros(years), losses_of_slacks(self.terms, self.prices)])
        return team_programme(self.terms, losing * SCALE / self.allowed, count, matrix, sides)


def _steps_left(graph: UnitGraph, terms: Terms, price: Numbers, best: Walk, allowed: float) -> Numbers:
    """Steps of one unit on ways that lose at most `allowed`: year, place before, place after, what the step loses."""
    found = []
    for year in range(terms.years):
        come, go = places_before(graph, year), slice(graph.first[year], graph.last[year] + 1)
        earned = terms.weight[year] * graph.earned[year][come, go] - price[year] * graph.heads[go]
        onward = earned + best.ahead[year + 1][go]
        through = best.so_far[year][come, None] + onward
        before, after = np.nonzero(best.value - through <= allowed * (1 + 1e-9))
        lost = np.minimum(onward[before, after] - best.ahead[year][come][before], 0.0)
        found.append(np.column_stack([np.full(len(before), year), before + come.start, after + go.start, lost]))
    return np.concatenate(found)
