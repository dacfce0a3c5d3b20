"""Improve an assignment by choosing anew, for all representatives at once, among whole sets of accounts.

Neighbourhoods of a few representatives end where only a chain through many territories helps. The sets that each could
serve at little loss, at the prices of the bound, are few enough to be listed, and the integer programme over the lists,
one set for each representative, has almost no gap of its own, so that it is solved where the programme over pairs is
not (set partitioning over a pool of routes: Rochat and Taillard, "Probabilistic diversification and
intensification in local search for vehicle routing", Journal of Heuristics 1, 1995).
A plan with a set that is on no list costs at least what that set loses, so the programme also raises the bound.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from salesopt.stats.highs import begin_from, linear_model, quiet_solver
from salesopt.stats.matching import Numbers, Places
from salesopt.stats.packing import Packing

WIDTH = 3000  # sets in the making that a list goes on with


def recombine(
    packing: Packing, plan: Places, beyond: float, many: int, gap: float, deadline: float
) -> tuple[Places, float]:
    """A plan no dearer than `plan` made of sets near the best, and a bound on all plans.

    plan   : representative of each account, within all limits
    beyond : loss, above a representative's best, of the sets to be listed; many : sets of each at most
    gap    : cost within which the programme may end; deadline : of `time.perf_counter`
    """
    pool, unlisted = _pool(packing, plan, beyond, many, deadline)
    chosen, bound = _choose(packing, pool, gap, deadline)
    better = plan.copy()
    for place in chosen:
        better[pool.members[place]] = pool.owner[place]
    return better, min(bound, packing.bound + unlisted)


@dataclass(frozen=True, eq=False)
class _Pool:
    """Sets of accounts, those of the plan first: members, owner, and cost less the worth of its accounts."""

    members: list[Places]
    owner: Places
    loss: Numbers


def _pool(packing: Packing, plan: Places, beyond: float, many: int, deadline: float) -> tuple[_Pool, float]:
    """The sets known that a plan better than this one can have, and the loss below which all are known."""
    packing.unlock()
    worth, kept_worth = packing.worth()
    most = packing.problem.cost_of(plan) - packing.bound
    found = [(rep, np.flatnonzero(plan == rep)) for rep in range(packing.reps)]
    unlisted = np.inf
    for rep, bundles in enumerate(packing.bundles):
        if time.perf_counter() > deadline:
            unlisted = 0.0
            break
        least, sets = bundles.within(worth, kept_worth, min(beyond, most), width=WIDTH, many=many)
        unlisted = min(unlisted, max(least - float(packing.floors[rep]), 0.0))
        found += [(rep, np.flatnonzero(own)) for own in sets]
    found += zip(packing.owners, packing.members, strict=True)
    known = list({(rep, members.tobytes()): (rep, members) for rep, members in found}.values())
    owner = np.array([rep for rep, _ in known])
    cost = packing.problem.cost
    loss = np.array([(cost[members, rep] - worth[members]).sum() for rep, members in known])
    kept = packing.problem.kept
    stay = np.array([0.0 if kept is None else kept[members, rep].sum() for rep, members in known])
    useful = loss - kept_worth * stay - packing.floors[owner] <= most
    useful[: packing.reps] = True
    return _Pool(
        [one for (_, one), use in zip(known, useful, strict=True) if use], owner[useful], loss[useful]
    ), unlisted


def _choose(packing: Packing, pool: _Pool, gap: float, deadline: float) -> tuple[Places, float]:
    """Places of the sets chosen, one for each representative, and a bound on what the pool allows."""
    matrix, lower, upper = _rows(packing, pool)
    count = len(pool.owner)
    solver = quiet_solver(gap=0.0)
    solver.setOptionValue("mip_abs_gap", gap)
    solver.setOptionValue("time_limit", max(deadline - time.perf_counter(), 0.1))
    solver.passModel(linear_model(matrix, pool.loss, lower, upper, most=1.0, whole=np.ones(count, dtype=bool)))
    begin_from(solver, np.arange(count) < packing.reps)
    solver.run()
    info = solver.getInfo()
    bound = float(info.mip_dual_bound + packing.best[: packing.accounts].sum())
    if info.primal_solution_status != 2:
        return np.arange(packing.reps), bound
    return np.flatnonzero(np.array(solver.getSolution().col_value) > 0.5), bound


def _rows(packing: Packing, pool: _Pool) -> tuple[sparse.csc_matrix, Numbers, Numbers]:
    """Each account once, one set for each representative, pairs kept as many as must be."""
    count, sizes = len(pool.owner), [len(one) for one in pool.members]
    rows = [np.concatenate(pool.members), packing.accounts + pool.owner]
    columns, values = [np.repeat(np.arange(count), sizes), np.arange(count)], [np.ones(sum(sizes)), np.ones(count)]
    lower = upper = np.ones(packing.accounts + packing.reps)
    kept = packing.problem.kept
    if kept is not None and packing.problem.least_kept > 0:
        rows.append(np.full(count, len(lower)))
        columns.append(np.arange(count))
        values.append(np.array([kept[one, rep].sum() for one, rep in zip(pool.members, pool.owner, strict=True)]))
        lower, upper = np.append(lower, packing.problem.least_kept), np.append(upper, np.inf)
    entries = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
    return sparse.csc_matrix(entries, shape=(len(lower), count)), lower, upper
