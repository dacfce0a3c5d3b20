"""Assign accounts to representatives at least cost within limits on every representative's totals, proved.

The relaxation is solved by column generation (a few pairs per account at a time); its reduced costs then say which
pairs can be in a better plan at all, and the integer programme is solved over these alone. A pair left out with reduced
cost r cannot be in any plan cheaper than the relaxation plus r, so that the proved gap holds for all pairs.
Where that does not settle it soon, whole sets of accounts give a better bound and a plan near it (`packing`), the plan
is improved by neighbourhoods, and the programme goes on from there.
Where every account weighs the same on every limit the problem is a flow, and OR-Tools solves it outright.
"""

from __future__ import annotations

import dataclasses
import time

import highspy
import numpy as np
from scipy import sparse

from salesopt.stats.flow import flow_counts, solve_flow
from salesopt.stats.highs import begin_anew, begin_from, linear_model, quiet_solver
from salesopt.stats.matching import Flags, Matching, Numbers, Places, Solution, connected_patches
from salesopt.stats.neighbourhoods import GROUPS, improve_plan
from salesopt.stats.packing import Packing
from salesopt.stats.recombine import recombine
from salesopt.stats.relaxation import Rows, relax

PATIENCE = 2.0  # where time is up without any plan, this multiple of it is added to find a first one
FIRST, BOUND, PLAN, SEARCH = 0.05, 0.32, 0.72, 0.98  # fractions of the time after which each part ends at the latest
LARGEST = 5  # group of the first search by neighbourhoods; one more in each that follows
NEAR_BEST, FURTHER = 0.1, 2.0  # loss of the sets listed: of what the plan is above the bound at first, and its growth
LISTED, LONGER = 100, 3  # sets of each representative at first, and their growth
RECOMBINE, RECOMBINE_MOST = 0.25, 0.5  # of the time left that a choice among whole sets may take; where one helped
CLOSE, TIGHTEN = 1.5, 0.25  # gaps wanted that a plan is away at most when the bound gets a part of the time left again
PAIRS_FIRST = 12  # pairs per account that the first integer programme may use


def solve_matching(problem: Matching, *, time_limit: float = 60.0, gap: float = 1e-4) -> Solution:
    """The cheapest assignment within the limits, to a relative `gap` or as near as `time_limit` seconds allow.

    A solution with an empty `choice` means that no plan was found; where `missed` has entries none exists.
    """
    start = time.perf_counter()
    dearest = float(np.abs(problem.cost[np.isfinite(problem.cost)]).max(initial=0.0))
    if 0 < dearest < 1:  # solvers know costs to a fixed number of decimals: small ones are made larger, exactly
        factor = 2.0 ** -np.floor(np.log2(dearest))
        larger = dataclasses.replace(problem, cost=problem.cost * factor)
        return _smaller(problem, solve_matching(larger, time_limit=time_limit, gap=gap), factor)
    if not np.isfinite(problem.cost).any(axis=1).all():  # nobody may serve some account
        return Solution(np.zeros(0, dtype=np.int64), np.inf, np.inf, None, "linear")
    counts = flow_counts(problem)
    if counts is not None and (counts[0] <= counts[1]).all():
        found = solve_flow(problem.cost, *counts)
        if found is not None:
            return found
    relaxed = relax(problem)
    if relaxed.missed.max(initial=0.0) > 0 or relaxed.missed_kept > 0:
        return relaxed
    if relaxed.choice.size and problem.region is None:
        return relaxed
    return _integer(problem, relaxed, max(start + time_limit - time.perf_counter(), 1.0), gap)


def _smaller(problem: Matching, found: Solution, factor: float) -> Solution:
    """The solution of a problem whose costs were made larger by `factor`, in the costs of `problem`."""
    cost = problem.cost_of(found.choice) if found.choice.size else found.cost
    marginal = None if found.marginal is None else found.marginal / factor
    bound, price = min(found.bound / factor, cost), found.kept_price / factor
    return dataclasses.replace(found, cost=cost, bound=bound, marginal=marginal, kept_price=price)


def _integer(problem: Matching, relaxed: Solution, seconds: float, gap: float) -> Solution:
    """The integer programme; where it is not settled soon, a search for a better plan, and the programme from there."""
    start = time.perf_counter()
    none = np.zeros(0, dtype=np.int64)
    marginal = relaxed.marginal if relaxed.marginal is not None else problem.cost
    best = Solution(none, np.inf, relaxed.bound, marginal, "integer")
    if problem.region is None:  # the search does not know which regions hang together
        first = start + FIRST * seconds
        best = _widen(problem, best, relaxed.bound, first, gap, patient=False)
        if best.gap <= gap or time.perf_counter() < start + 0.95 * FIRST * seconds:  # settled, not stopped by the clock
            return best
        packing = Packing(problem, relaxed)
        packing.raise_bound(gap / 20, start + BOUND * seconds, best.cost * (1 - gap))
        best = _better(problem, best, none, packing.bound)
        if best.gap <= gap:
            return dataclasses.replace(best, by_clock=True)
        plan = packing.settle(start + PLAN * seconds)
        best = dataclasses.replace(_alternate(packing, plan, best, gap, start + SEARCH * seconds), by_clock=True)
        if best.gap <= gap:
            return best
    best = _widen(problem, best, relaxed.bound, start + seconds, gap, patient=True)
    return dataclasses.replace(best, by_clock=best.by_clock or time.perf_counter() >= start + seconds)


def _alternate(packing: Packing, plan: Places, best: Solution, gap: float, deadline: float) -> Solution:
    """`best` or better from `plan`: neighbourhoods and whole sets in turn, each further out, then the bound."""
    problem, detours = packing.problem, _reduced(packing.detours())
    largest, listed, beyond, share = LARGEST, LISTED, 0.0, RECOMBINE
    while time.perf_counter() < deadline:
        enough = best.bound / (1 - gap / 2)
        plan = improve_plan(
            problem, plan, detours, enough=enough, deadline=deadline, slack=packing.slack, largest=largest, seed=largest
        )
        best = _better(problem, best, plan, best.bound)
        if not plan.size:
            break
        while best.gap > gap and (now := time.perf_counter()) < deadline:
            beyond, until = max(beyond, NEAR_BEST * (best.cost - best.bound)), now + share * (deadline - now)
            plan, bound = recombine(packing, best.choice, beyond, listed, gap / 20 * abs(best.bound), until)
            helped = problem.cost_of(plan) < best.cost
            best = _better(problem, best, plan, bound)
            if time.perf_counter() < until:  # what was not settled in the time is not for longer lists either
                listed, beyond = LONGER * listed, FURTHER * beyond
            share = RECOMBINE_MOST if helped else share / 4
            if not helped:
                break
        if gap < best.gap <= CLOSE * gap:  # all that lacks may be time for the bound
            now = time.perf_counter()
            packing.raise_bound(gap / 20, now + TIGHTEN * (deadline - now), best.cost * (1 - gap))
            best = _better(problem, best, plan, packing.bound)
        if best.gap <= gap or largest == GROUPS[-1]:
            break
        largest += 1
    return best


def _reduced(marginal: Numbers) -> Numbers:
    return marginal - marginal.min(axis=1, keepdims=True)


def _widen(
    problem: Matching, best: Solution, relaxed: float, deadline: float, gap: float, *, patient: bool
) -> Solution:
    """The programme over the pairs that matter, from the plan `best` on, widened until the gap is proved or time is up.

    relaxed : bound of the relaxation; patient : whether to go on beyond the deadline for a first plan
    """
    accounts, reps = problem.cost.shape
    reduced = _reduced(best.marginal if best.marginal is not None else problem.cost)
    many = min(PAIRS_FIRST, reps) * accounts
    reach = float(np.partition(reduced.ravel(), many - 1)[many - 1])
    while True:
        usable = np.isfinite(problem.cost) & (reduced <= reach)
        everything = bool((usable == np.isfinite(problem.cost)).all())
        usable[np.arange(len(best.choice)), best.choice] = True
        choice, bound = _branch(problem, usable, best.choice, deadline, gap / 2, patient=patient)
        best = _better(problem, best, choice, bound if everything else min(bound, relaxed + reach))
        if everything or best.gap <= gap or time.perf_counter() > deadline:
            return best
        wanted = best.cost - relaxed if best.choice.size else np.inf
        reach = float(wanted) if reach < wanted < np.inf else max(4 * reach, np.partition(reduced.ravel(), -1)[-1] / 64)


def _better(problem: Matching, best: Solution, choice: Places, bound: float) -> Solution:
    """The cheaper of the plan so far and `choice` (which may be empty), with the greater of the bounds."""
    cost = problem.cost_of(choice) if choice.size else np.inf
    choice, cost = (choice, cost) if cost < best.cost else (best.choice, best.cost)
    return dataclasses.replace(best, choice=choice, cost=cost, bound=min(max(best.bound, bound), cost))


def _branch(
    problem: Matching, usable: Flags, start: Places, deadline: float, gap: float, *, patient: bool
) -> tuple[Places, float]:
    """Solve the integer programme over the `usable` pairs; cuts are added until every territory hangs together.

    Returns the plan (empty where none was found) and a bound over these pairs (infinite where they allow no plan).
    `patient` adds time where there is none left and no plan is known.
    """
    rows = Rows(problem)
    account, rep = np.nonzero(usable)
    cost = problem.cost[account, rep]
    matrix, lower, upper = rows.matrix(account, rep), rows.lower, rows.upper
    territories = _Territories(problem, account, rep) if problem.region is not None else None
    if territories is not None:
        matrix, lower, upper = territories.extend(matrix, lower, upper)
        cost = np.concatenate([cost, np.zeros(matrix.shape[1] - len(cost))])
    solver = quiet_solver(gap=gap)
    whole = np.ones(len(cost), dtype=bool)
    solver.passModel(linear_model(matrix, cost, lower, upper, most=1.0, whole=whole))
    if start.size:
        begin_from(solver, start[account] == rep)
    bound, patience = -np.inf, max(deadline - time.perf_counter(), 1.0) if patient and not start.size else 0.0
    while True:
        left = deadline - time.perf_counter()
        left = max(left, 0.0) if left > 1 or not patience else PATIENCE * patience
        solver.setOptionValue("time_limit", left + solver.getRunTime())
        solver.run()
        info, status = solver.getInfo(), solver.getModelStatus()
        if status == highspy.HighsModelStatus.kInfeasible:
            return np.zeros(0, dtype=np.int64), np.inf
        bound = max(bound, float(info.mip_dual_bound))
        values = np.array(solver.getSolution().col_value)
        if info.primal_solution_status != 2 or not len(values):
            if time.perf_counter() > deadline + PATIENCE * patience:
                return np.zeros(0, dtype=np.int64), bound
            solver.setOptionValue("mip_max_improving_sols", 1)
            continue
        chosen = values[: len(account)] > 0.5
        choice = np.empty(problem.cost.shape[0], dtype=np.int64)
        choice[account[chosen]] = rep[chosen]
        if territories is None or not territories.add_cuts(solver, choice):
            return choice, bound
        if time.perf_counter() > deadline:
            return np.zeros(0, dtype=np.int64), bound
        begin_anew(solver)


class _Territories:
    """Which regions each representative serves, as columns of the integer programme, and cuts that keep them together.

    A cut: where a representative serves region r inside a patch and region s outside it, he also serves one of the
    regions around the patch.
    """

    def __init__(self, problem: Matching, account: Places, rep: Places) -> None:
        assert problem.region is not None and problem.neighbours is not None
        self.region, self.neighbours = problem.region, problem.neighbours
        self.reps = problem.cost.shape[1]
        self.pairs, self.first = len(account), len(account)
        self.account, self.rep = account, rep

    def column(self, region: Places | int, rep: Places | int) -> Places:
        return np.asarray(self.first + np.asarray(region) * self.reps + rep)

    def extend(
        self, matrix: sparse.csc_matrix, lower: Numbers, upper: Numbers
    ) -> tuple[sparse.csc_matrix, Numbers, Numbers]:
        """Add a column per region and representative: it is 1 if and only if he serves an account there."""
        regions = len(self.neighbours)
        placed = np.flatnonzero(self.region[self.account] >= 0)
        count = len(placed)
        link = sparse.csc_matrix(
            (
                np.concatenate([np.ones(count), -np.ones(count)]),
                (
                    np.tile(np.arange(count), 2),
                    np.concatenate([placed, self.column(self.region[self.account[placed]], self.rep[placed])]),
                ),
            ),
            shape=(count, self.pairs + regions * self.reps),
        )
        wide = sparse.hstack([matrix, sparse.csc_matrix((matrix.shape[0], regions * self.reps))])
        served = self.region[self.account[placed]] * self.reps + self.rep[placed]
        total = regions * self.reps
        earn = sparse.hstack(
            [
                sparse.csc_matrix((-np.ones(count), (served, placed)), shape=(total, self.pairs)),
                sparse.identity(total, format="csc"),
            ]
        )
        return (
            sparse.vstack([wide, link, earn]).tocsc(),
            np.concatenate([lower, np.full(count + total, -np.inf)]),
            np.concatenate([upper, np.zeros(count + total)]),
        )

    def add_cuts(self, solver: highspy.Highs, choice: Places) -> bool:
        """Cut off the territories of this plan that fall apart; False where all hang together."""
        broken = False
        for rep in range(self.reps):
            served = np.unique(self.region[(choice == rep) & (self.region >= 0)])
            patches = connected_patches(served, self.neighbours)
            for patch in patches[1:]:
                broken = True
                around = np.setdiff1d(np.flatnonzero(self.neighbours[patch].any(axis=0)), patch)
                for other in range(self.reps):  # what holds for one representative holds for all
                    columns = np.concatenate(
                        [self.column(np.array([patch[0], patches[0][0]]), other), self.column(around, other)]
                    ).astype(np.int32)
                    values = np.concatenate([np.ones(2), -np.ones(len(around))])
                    solver.addRow(-np.inf, 1.0, len(columns), columns, values)
        return broken
