"""Assignment where every account weighs the same: a minimum-cost flow (OR-Tools), whole by nature and fast."""

from __future__ import annotations

import numpy as np
from ortools.graph.python import min_cost_flow

from salesopt.stats.matching import Matching, Numbers, Places, Solution

GRID = 2.0**40  # whole cost units that the dearest pair becomes


def flow_counts(problem: Matching) -> tuple[Places, Places] | None:
    """Fewest and most accounts of each representative where every limit is one on a count; None where it is not."""
    accounts, reps = problem.cost.shape
    if problem.region is not None or problem.least_kept > 0:
        return None
    least, most = np.zeros(reps), np.full(reps, float(accounts))
    for load in problem.loads:
        unit = float(load.use.flat[0])
        if unit <= 0 or not np.all(load.use == unit):
            return None
        least = np.maximum(least, np.ceil(load.least / unit - 1e-9))
        most = np.minimum(most, np.floor(load.most / unit + 1e-9))
    return least.astype(np.int64), most.astype(np.int64)


def solve_flow(cost: Numbers, least: Places, most: Places) -> Solution | None:
    """Assign each account once, each representative getting `least` to `most` of them; None where none fits.

    A minimum-cost flow from the accounts through the representatives. Costs are put on a grid of 2**-40 of the dearest,
    which the bound allows for.
    """
    accounts, reps = cost.shape
    if accounts == 0 or least.sum() > accounts or most.sum() < accounts:
        return None
    allowed = np.isfinite(cost)
    finite = np.where(allowed, cost, 0.0)
    grid = min(GRID, 2.0**52 / (accounts + reps)) / (float(np.abs(finite).max()) or 1.0)
    solver = min_cost_flow.SimpleMinCostFlow()
    account, rep = np.nonzero(allowed)
    solver.add_arcs_with_capacity_and_unit_cost(
        account, accounts + rep, np.ones(len(account), dtype=np.int64), np.rint(finite[allowed] * grid).astype(np.int64)
    )
    ends = np.full(reps, accounts + reps)
    zeros = np.zeros(reps, dtype=np.int64)
    solver.add_arcs_with_capacity_and_unit_cost(accounts + np.arange(reps), ends, most - least, zeros)
    supply = np.concatenate([np.ones(accounts, dtype=np.int64), -least, [int(least.sum()) - accounts]])
    solver.set_nodes_supplies(np.arange(accounts + reps + 1), supply)
    if solver.solve() != solver.OPTIMAL:
        return None
    used = solver.flows(np.arange(len(account))) > 0
    choice = np.empty(accounts, dtype=np.int64)
    choice[account[used]] = rep[used]
    total = float(cost[np.arange(accounts), choice].sum())
    marginal = _flow_marginal(cost, choice, least, most)
    bound = max(total - accounts / grid, float(cost.min(axis=1).sum()))  # exact where everybody has his cheapest
    return Solution(choice, total, min(bound, total), marginal, "flow")


def _flow_marginal(cost: Numbers, choice: Places, least: Places, most: Places) -> Numbers:
    """Cost of each pair and of the chain of moves that makes room for it; without the chain where no room is left."""
    reps = cost.shape[1]
    move = np.full((reps + 1, reps + 1), np.inf)
    np.fill_diagonal(move, 0.0)
    count = np.bincount(choice, minlength=reps)
    for rep in range(reps):
        mine = np.flatnonzero(choice == rep)
        if len(mine):
            move[rep, :reps] = np.minimum(move[rep, :reps], (cost[mine] - cost[mine, rep][:, None]).min(axis=0))
    move[:reps, reps] = np.where(count < most, 0.0, np.inf)
    for through in range(reps + 1):
        move = np.minimum(move, move[:, through, None] + move[through])
    price = np.where(np.isfinite(move[:reps, reps]), np.maximum(move[:reps, reps], 0.0), 0.0)
    return cost + price
