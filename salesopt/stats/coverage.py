"""Put accounts with the people who are there where not all may find room: what stays unserved, who goes over.

A mixed-integer programme in HiGHS, in steps: first as much as possible is served, then at least cost with a price on
balance, then at least cost among plans as balanced. Pairs of high reduced cost in the relaxation are left out at first;
a pair left out with reduced cost r is in no plan cheaper than the relaxation plus r: the bound holds for all pairs.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

import highspy
import numpy as np
from scipy import sparse

from salesopt.stats.assignment import solve_matching
from salesopt.stats.highs import linear_model, quiet_solver
from salesopt.stats.matching import Flags, Load, Matching, Numbers, Places

SMALL = 4_000  # pairs up to which all are taken at once
FIRST = 5  # pairs per account to begin with where there are more
LOST = 1e-7  # what the second step may lose more than the first, as a fraction of all there is to lose
HEURISTICS = 0.3  # share of the work on finding plans: a bound near to the best is at hand from the start
LEAST = 0.2  # seconds that a search has in any case
NOBODY = -1


@dataclass(frozen=True, eq=False)
class Cover:
    """Who may serve which account, at what cost, within which hours, and what is lost where nobody does.

    cost     : accounts x people, infinite where a pair is not allowed; use : hours of each pair
    capacity : hours of each person; most : the most he may carry, above which there is no room at all
    over_price : what an hour above `capacity` costs, and in the search an hour's worth of balance beyond its limits
    loss     : what is lost where an account stays unserved, infinite where it must be served
    kept, least_kept : pairs of today, and how many of them must stay
    balance  : loads that should stay within their limits; their `scale` is what counts as an hour, per person
    missed_most : hours' worth of balance that may lie beyond the limits in all and then costs nothing; infinite: priced
    sites    : people of whom exactly `openings` are taken on; the others are there in any case
    """

    cost: Numbers
    use: Numbers
    capacity: Numbers
    most: Numbers
    over_price: float
    loss: Numbers
    kept: Flags
    least_kept: float = 0.0
    balance: tuple[Load, ...] = ()
    missed_most: float = np.inf
    sites: Places = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    openings: int = 0

    @property
    def priced(self) -> bool:
        """Whether balance beyond its limits is in the cost."""
        return not np.isfinite(self.missed_most)


@dataclass(frozen=True, eq=False)
class Covered:
    """The plan: whose each account is (-1 nobody's), its cost with what is over, the bound no plan undercuts.

    Cost and bound are without balance; the bound is that of all plans with no more `missed` (hours' worth of balance
    beyond the limits) than this one, so that a plan is not called dear for what balance alone could save.
    fixed : what the accounts cost that can only stay where they are
    lost, lost_bound : what is lost with the unserved accounts, and the least that any plan loses
    stake : what is lost if all accounts without somebody today go unserved; late : time was up before both were proved
    """

    choice: Places
    cost: float
    bound: float
    fixed: float
    lost: float
    lost_bound: float
    stake: float
    late: bool
    missed: float = 0.0

    @property
    def gap(self) -> float:
        """How far the cost of what can move may be above the least possible, as a fraction of it."""
        return max(0.0, (self.cost - self.bound) / max(self.cost - self.fixed, 1e-9))

    @property
    def lost_gap(self) -> float:
        """How much less might be lost, as a fraction of what is at stake."""
        return max(0.0, (self.lost - self.lost_bound) / max(self.stake, 1e-9))


def solve_cover(problem: Cover, *, gap: float = 1e-4, time_limit: float = 60.0, known: Places | None = None) -> Covered:
    """The plan that loses least and then costs least, to a relative `gap` or as near as `time_limit` seconds allow.

    Cost counts pairs and hours above capacity. Pairs of today must fit under `most`, and accounts without one have a
    finite `loss`: then there is always a plan. No plan is dearer than `known`, which serves all that can be served.
    """
    deadline = time.perf_counter() + time_limit
    if not len(problem.capacity):  # nobody is left
        everything = float(problem.loss.sum())
        return Covered(np.full(len(problem.cost), NOBODY), 0.0, 0.0, 0.0, everything, everything, everything, False)
    settled, free, small = _settle(problem)
    beyond = float(problem.loss[~np.isfinite(problem.cost).any(axis=1)].sum())  # lost in any plan
    if not len(free):
        cost = cost_of(replace(problem, balance=()), settled)
        return Covered(settled, cost, cost, cost, beyond, beyond, beyond, False, missed_of(problem, settled))
    programme = _Programme(small, allowance=0.0)
    choice, bound, late = np.zeros(0, dtype=np.int64), 0.0, False
    lost, lost_bound, stake = 0.0, 0.0, 0.0
    if programme.has_room():
        start, late = _within_limits(small, 0.9 * gap, time_limit)
        choice, bound, late_then = programme.search(deadline, gap, start)
        late = late or late_then
    if known is not None and not (choice.size and cost_of(small, choice) <= cost_of(small, known[free])):
        choice = known[free]
    if not choice.size:
        bare = replace(small, cost=np.where(np.isfinite(small.cost), 0.0, np.inf), over_price=0.0, balance=())
        stay = np.where(small.kept.any(axis=1), small.kept.argmax(axis=1), NOBODY)
        first, lost_bound, late_first = _Programme(bare).search(deadline, max(gap, 1e-6), stay)
        stake = stake_of(small)
        lost = float(small.loss[first == NOBODY].sum())
        lost_bound = min(max(lost_bound, 0.0), lost)
        choice, bound, late_then = _Programme(small, allowance=lost).search(deadline, gap, first)
        late = late or late_first or late_then
    small, choice, bound, late_then = _as_balanced(small, choice, bound, lost, deadline, gap)
    whole = settled.copy()
    whole[free] = choice
    cost, late, missed = cost_of(replace(problem, balance=()), whole), late or late_then, missed_of(problem, whole)
    fixed = cost - cost_of(small, choice)
    least = min(bound + fixed, cost)
    return Covered(whole, cost, least, fixed, lost + beyond, lost_bound + beyond, stake + beyond, late, missed)


def _as_balanced(
    problem: Cover, choice: Places, bound: float, lost: float, deadline: float, gap: float
) -> tuple[Cover, Places, float, bool]:
    """The problem without a price on balance, a plan for it as well balanced as `choice`, its bound, and time was up.

    Where balance costs more than all travel, the gap of the sum of both says nothing about travel: it is searched on.
    """
    if not problem.balance or not problem.priced:
        return problem, choice, bound, False
    missed = missed_of(problem, choice)
    bound -= problem.over_price * missed
    plain = replace(problem, missed_most=missed)
    cost = cost_of(plain, choice)
    if cost - bound <= gap * max(abs(cost), 1e-9):
        return plain, choice, bound, False
    choice, proved, late = _Programme(plain, allowance=lost).search(deadline, gap, choice)
    return plain, choice, max(bound, proved), late


def stake_of(problem: Cover) -> float:
    """What is lost if all accounts go unserved that nobody here has today."""
    return float(problem.loss[~problem.kept.any(axis=1)].sum())


def _within_limits(problem: Cover, gap: float, seconds: float) -> tuple[Places, bool]:
    """A plan with nobody above any limit to begin a large problem with, and whether the clock ended the search.

    Empty where there is none or the problem is small.
    """
    if len(problem.sites) or np.isfinite(problem.cost).sum() <= SMALL:
        return np.zeros(0, dtype=np.int64), False
    nothing = np.full(len(problem.capacity), -np.inf)
    hours = Load("hours", "capacity", problem.use, nothing, problem.capacity, np.maximum(problem.capacity, 1e-9))
    balance = [replace(load, scale=np.maximum(load.most, 1e-9)) for load in problem.balance]
    limits = Matching(problem.cost, (hours, *balance), problem.kept, max(problem.least_kept, 0.0))
    found = solve_matching(limits, time_limit=seconds, gap=gap)
    return found.choice, found.by_clock


def cost_of(problem: Cover, choice: Places) -> float:
    """What a plan costs: its pairs, hours above capacity, and balance missed where it is priced (not what is lost)."""
    rows = np.flatnonzero(choice >= 0)
    taken = choice[rows]
    hours = np.bincount(taken, problem.use[rows, taken], len(problem.capacity))
    total = problem.cost[rows, taken].sum() + problem.over_price * np.maximum(hours - problem.capacity, 0).sum()
    return float(total + problem.over_price * problem.priced * missed_of(problem, choice))


def missed_of(problem: Cover, choice: Places) -> float:
    """Hours' worth of the balanced measures that lie beyond their limits in a plan."""
    rows, total = np.flatnonzero(choice >= 0), 0.0
    taken = choice[rows]
    for load in problem.balance:
        made = np.bincount(taken, load.use[rows, taken], len(problem.capacity))
        beyond = np.maximum(made - load.most, 0) + np.maximum(load.least - made, 0)
        total += (beyond / load.scale).sum()
    return float(total)


def _settle(problem: Cover) -> tuple[Places, Places, Cover]:
    """Who has the accounts that can only stay; the rows of those that may go to somebody; the problem of these.

    Accounts that nobody may serve are in neither: they are nobody's in any plan.
    """
    allowed = np.isfinite(problem.cost)
    only = (allowed.sum(axis=1) == 1) & ~np.isfinite(problem.loss)
    settled = np.where(only, allowed.argmax(axis=1) if allowed.shape[1] else 0, NOBODY).astype(np.int64)
    rows, free = np.flatnonzero(only), np.flatnonzero(~only & allowed.any(axis=1))
    if len(free) == len(only):
        return settled, free, problem
    whose = settled[rows]

    def held(values: Numbers) -> Numbers:
        return np.bincount(whose, values[rows, whose], len(problem.capacity)).astype(float)

    hours = held(problem.use)
    loads = []
    for load in problem.balance:
        mine = held(load.use)
        loads.append(replace(load, use=load.use[free], least=load.least - mine, most=load.most - mine))
    small = replace(
        problem,
        cost=problem.cost[free],
        use=problem.use[free],
        capacity=np.maximum(problem.capacity - hours, 0.0),  # what is over already costs the same in any plan
        most=np.maximum(problem.most - hours, 0.0),
        loss=problem.loss[free],
        kept=problem.kept[free],
        least_kept=problem.least_kept - float(problem.kept[rows, whose].sum()),
        balance=tuple(loads),
    )
    return settled, free, small


class _Programme:
    """The integer programme over any of the pairs: columns pairs, unserved, over, balance missed, sites taken on.

    `allowance` is how much may be lost with unserved accounts; infinite makes that loss what is minimised.
    """

    def __init__(self, problem: Cover, allowance: float = np.inf) -> None:
        self.problem, self.allowance = problem, allowance
        self.usable = np.isfinite(problem.cost)
        self.drop = np.flatnonzero(np.isfinite(problem.loss)) if allowance > 0 else np.zeros(0, dtype=np.int64)
        self.people = len(problem.capacity)
        self.is_site = np.isin(np.arange(self.people), problem.sites)

    def has_room(self) -> bool:
        """Whether all accounts can be served, parts of accounts counted."""
        solver = self._load(self.usable, whole=False)
        solver.run()
        return bool(solver.getModelStatus() == highspy.HighsModelStatus.kOptimal)

    def search(self, deadline: float, gap: float, start: Places) -> tuple[Places, float, bool]:
        """The plan, the bound, and whether time was up: over few pairs first, widened until the gap is proved."""
        solver = self._load(self.usable, whole=False)
        solver.run()
        relaxed = float(solver.getInfo().objective_function_value)
        count = int(self.usable.sum())
        reduced = np.full(self.usable.shape, np.inf)
        reduced[self.usable] = np.maximum(np.array(solver.getSolution().col_dual)[:count], 0.0)
        many = min(FIRST * len(reduced), count) if count > SMALL else count
        reach = float(np.partition(reduced[self.usable], many - 1)[many - 1])
        best, bound, cost = start, relaxed, self._value(start) if start.size else np.inf
        if best.size and cost - bound <= gap * max(abs(cost), 1e-9):
            return best, min(bound, cost), False
        while True:
            usable = reduced <= reach if count > SMALL else self.usable
            everything = bool((usable == self.usable).all())
            choice, proved, late = self._branch(usable, deadline, gap)
            if choice.size and (value := self._value(choice)) <= cost:
                best, cost = choice, value
            proved = relaxed if everything and proved == np.inf and best.size else proved
            bound = max(bound, proved if everything else min(proved, relaxed + reach))
            if everything or late or (best.size and cost - bound <= gap * max(abs(cost), 1e-9)):
                return best, min(bound, cost), late
            wanted = cost - relaxed if best.size else np.inf
            reach = float(wanted) if reach < wanted < np.inf else max(4 * reach, float(reduced[self.usable].max()) / 64)

    def _value(self, choice: Places) -> float:
        if np.isfinite(self.allowance):
            return cost_of(self.problem, choice)
        return float(self.problem.loss[choice == NOBODY].sum())

    def _branch(self, usable: Flags, deadline: float, gap: float) -> tuple[Places, float, bool]:
        """The integer programme over the `usable` pairs: plan (empty where none was found), bound, time was up."""
        solver = self._load(usable, whole=True)
        account, rep = np.nonzero(usable)
        solver.setOptionValue("mip_rel_gap", gap)
        solver.setOptionValue(
            "mip_abs_gap", 1e-9 if np.isfinite(self.allowance) else max(gap * stake_of(self.problem), 1e-9)
        )
        solver.setOptionValue("time_limit", max(deadline - time.perf_counter(), LEAST))
        solver.run()
        status = solver.getModelStatus()
        if status == highspy.HighsModelStatus.kInfeasible:
            return np.zeros(0, dtype=np.int64), np.inf, False
        values = np.array(solver.getSolution().col_value)
        late = status == highspy.HighsModelStatus.kTimeLimit
        bound = float(solver.getInfo().mip_dual_bound)
        if solver.getInfo().primal_solution_status != 2 or not len(values):
            return np.zeros(0, dtype=np.int64), bound, late
        chosen = values[: len(account)] > 0.5
        choice = np.full(len(usable), NOBODY, dtype=np.int64)
        choice[account[chosen]] = rep[chosen]
        return choice, bound, late

    def _load(self, usable: Flags, *, whole: bool) -> highspy.Highs:
        """A solver that holds the programme over the `usable` pairs; `whole` asks for whole accounts."""
        account, rep = np.nonzero(usable)
        columns = _Columns(self, account, rep)
        whole_columns = np.asarray(columns.whole, dtype=bool) if whole else None
        model = linear_model(
            columns.matrix(), columns.cost, columns.lower, columns.upper, most=columns.most, whole=whole_columns
        )
        solver = quiet_solver()
        solver.setOptionValue("mip_heuristic_effort", HEURISTICS)
        solver.passModel(model)
        return solver


class _Columns:
    """The columns and rows of the programme over some pairs, as HiGHS takes them."""

    def __init__(self, programme: _Programme, account: Places, rep: Places) -> None:
        problem, people, drop = programme.problem, programme.people, programme.drop
        self.rows: list[Places] = []
        self.places: list[Places] = []
        self.values: list[Numbers] = []
        self.lower, self.upper = np.zeros(0), np.zeros(0)
        loads, sites = len(problem.balance), len(problem.sites)
        pairs, unserved, every = np.arange(len(account)), len(account) + np.arange(len(drop)), np.arange(people)
        over = len(account) + len(drop) + every
        missed = over[-1:] + 1 + np.arange(2 * loads * people).reshape(2 * loads, people)
        site = len(account) + len(drop) + people * (1 + 2 * loads) + np.arange(sites)
        minimise_loss = not np.isfinite(programme.allowance)
        worth = [1 / load.scale for load in problem.balance for _ in range(2)]
        price = [problem.over_price * problem.priced * one for one in worth]
        losing = problem.loss[drop] if minimise_loss else np.zeros(len(drop))
        beyond = np.full(people, problem.over_price)
        self.cost = np.concatenate([problem.cost[account, rep], losing, beyond, *price, np.zeros(sites)])
        room = np.maximum(problem.most - problem.capacity, 0.0)
        most = [np.ones(len(account) + len(drop)), room, np.full(2 * loads * people, np.inf), np.ones(sites)]
        self.most = np.concatenate(most)
        whole = [np.ones(len(account) + len(drop)), np.zeros(people * (1 + 2 * loads)), np.ones(sites)]
        self.whole = np.concatenate(whole) > 0
        one = np.ones(len(problem.cost))
        self._add(one, one, (account, pairs, np.ones(len(pairs))), (drop, unserved, np.ones(len(drop))))
        fixed = np.where(programme.is_site, 0.0, 1.0)
        taken = (problem.sites, site, -problem.capacity[problem.sites])
        self._add(
            np.full(people, -np.inf), problem.capacity * fixed,
            (rep, pairs, problem.use[account, rep]), (every, over, -np.ones(people)), taken,
        )  # fmt: skip
        for number, load in enumerate(problem.balance):
            made = (rep, pairs, load.use[account, rep])
            self._add(np.full(people, -np.inf), load.most, made, (every, missed[2 * number], -np.ones(people)))
            self._add(load.least, np.full(people, np.inf), made, (every, missed[2 * number + 1], np.ones(people)))
        if loads and not problem.priced:
            most_missed = np.array([problem.missed_most * (1 + 1e-9) + 1e-9])
            self._add(np.array([-np.inf]), most_missed, (0 * missed.ravel(), missed.ravel(), np.concatenate(worth)))
        if problem.least_kept > 0:
            kept = np.flatnonzero(problem.kept[account, rep])
            self._add(np.array([problem.least_kept]), np.array([np.inf]), (0 * kept, kept, np.ones(len(kept))))
        if sites:
            self._take_on(programme, rep, pairs, over, site, room)
        if 0 < programme.allowance < np.inf:
            allowed = np.array([programme.allowance + LOST * problem.loss[drop].sum()])
            self._add(np.array([-np.inf]), allowed, (0 * drop, unserved, problem.loss[drop]))

    def _take_on(
        self, programme: _Programme, rep: Places, pairs: Places, over: Places, site: Places, room: Numbers
    ) -> None:
        """Exactly as many sites as asked; only who is taken on serves accounts and works over."""
        sites = programme.problem.sites
        count = np.array([float(programme.problem.openings)])
        self._add(count, count, (0 * sites, site, np.ones(len(site))))
        at = pairs[programme.is_site[rep]]
        row, column, one = np.arange(len(at)), site[np.searchsorted(sites, rep[at])], np.ones(len(at))
        self._add(-np.inf * one, 0 * one, (row, at, one), (row, column, -one))
        row = np.arange(len(sites))
        self._add(
            np.full(len(sites), -np.inf), np.zeros(len(sites)),
            (row, over[sites], np.ones(len(sites))), (row, site, -room[sites]),
        )  # fmt: skip

    def _add(self, lower: Numbers, upper: Numbers, *entries: tuple[Places, Places, Numbers]) -> None:
        """Rows with their limits and entries (row from 0, column, value)."""
        for row, place, value in entries:
            self.rows.append(row + len(self.lower))
            self.places.append(place)
            self.values.append(value)
        self.lower, self.upper = np.concatenate([self.lower, lower]), np.concatenate([self.upper, upper])

    def matrix(self) -> sparse.csc_matrix:
        shape = (len(self.lower), len(self.cost))
        place = (np.concatenate(self.rows), np.concatenate(self.places))
        return sparse.csc_matrix((np.concatenate(self.values), place), shape=shape)
