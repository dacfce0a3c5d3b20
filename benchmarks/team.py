"""Speed and proof of the team's solvers beside named peers, side by side in one run.

transport  : 200 representatives x 10,000 accounts that weigh the same: our flow, PuLP + HiGHS (LP), and with `--slow`
             scipy's linear_sum_assignment with each representative repeated once per place
balanced   : 50 x 1,000 with hours and potential balanced within 15 %: proved gap of ours and of PuLP + CBC, equal time
             (seconds by the clock: on a busy machine the same time proves less); and the sample firm, 24 x 600 within
             20 %, where four in five accounts stay
sizing     : 1,000 units, 5,000 heads, S-shaped: the dynamic programme, HiGHS with a binary per unit and head count, and
             greedy

    python benchmarks/team.py [--seconds 60] [--slow] [--only transport,balanced,sizing]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pulp
from scipy import optimize, sparse
from scipy.cluster import vq

from salesopt.stats.allocation import HillCurves, divide_whole
from salesopt.stats.assignment import solve_matching
from salesopt.stats.flow import solve_flow
from salesopt.stats.matching import Load, Matching
from salesopt.stats.pairs import make_pairs
from salesopt.study.tables import require_table

FIRM = Path(__file__).parents[1] / "data" / "orchard"


def transport(accounts: int, reps: int, slow: bool) -> pd.DataFrame:
    """Seconds and cost of the transport form."""
    draw = np.random.default_rng(1)
    places, bases = draw.uniform(0, 100, (accounts, 2)), draw.uniform(0, 100, (reps, 2))
    cost = np.hypot(*(places[:, None] - bases[None]).transpose(2, 0, 1))
    room = np.full(reps, int(np.ceil(1.02 * accounts / reps)))
    start = time.perf_counter()
    ours = solve_flow(cost, np.zeros(reps, dtype=np.int64), room)
    rows = [("ours: flow (OR-Tools)", time.perf_counter() - start, ours.cost)]
    start = time.perf_counter()
    problem = pulp.LpProblem("transport", pulp.LpMinimize)
    share = pulp.LpVariable.matrix("x", (range(accounts), range(reps)), lowBound=0)
    problem += pulp.lpSum(cost[a, r] * share[a][r] for a in range(accounts) for r in range(reps))
    for a in range(accounts):
        problem += pulp.lpSum(share[a]) == 1
    for r in range(reps):
        problem += pulp.lpSum(share[a][r] for a in range(accounts)) <= room[r]
    problem.solve(pulp.HiGHS(msg=False))
    rows.append(("PuLP + HiGHS", time.perf_counter() - start, pulp.value(problem.objective)))
    if slow:
        start = time.perf_counter()
        wide = np.repeat(cost, room, axis=1)
        pairs = optimize.linear_sum_assignment(wide)
        rows.append(("scipy linear_sum_assignment, expanded", time.perf_counter() - start, wide[pairs].sum()))
    table = pd.DataFrame(rows, columns=["solver", "seconds", "cost"])
    return table.assign(ratio=table["seconds"] / table["seconds"].iloc[0], excess=table["cost"] / ours.cost - 1)


def drawn_problem(accounts: int, reps: int) -> Matching:
    """As in the literature: whole costs from 10 to 50 without geography, hours that depend on the pair."""
    draw = np.random.default_rng(0)
    hours, potential = draw.uniform(5, 25, accounts), draw.lognormal(3, 0.5, accounts)
    cost = draw.integers(10, 51, (accounts, reps)).astype(float)
    capacity = np.full(reps, 1.1 * hours.sum() / reps)
    use = hours[:, None] * draw.uniform(0.9, 1.1, (accounts, reps))
    full = Load("hours", "capacity", use, np.full(reps, -np.inf), capacity, capacity)
    return Matching(cost, (*balances(hours, potential, reps), full))


def balances(hours: np.ndarray, potential: np.ndarray, reps: int) -> list[Load]:
    """Hours and potential within 15 % of an even share."""
    loads = []
    for name, values in (("hours", hours), ("potential", potential)):
        fair = np.full(reps, values.sum() / reps)
        use = np.repeat(values[:, None], reps, axis=1)
        loads.append(Load(name, "balance", use, 0.85 * fair, 1.15 * fair, fair))
    return loads


def placed_problem(accounts: int, reps: int, spread: float, seed: int = 0, *, middle: bool = False) -> Matching:
    """Accounts in a square, travel to the bases, potential lognormal with `spread`.

    People live anywhere (the hard case: nearly all limits bind), or with `middle` each amid accounts of his own (k
    means, the best of ten starts).
    """
    draw = np.random.default_rng(seed)
    places, bases = draw.uniform(0, 100, (accounts, 2)), draw.uniform(0, 100, (reps, 2))
    if middle:
        starts = [vq.kmeans2(places, draw.permutation(places)[:reps], minit="matrix") for _ in range(10)]
        bases = min(starts, key=lambda found: np.square(places - found[0][found[1]]).sum())[0]
    calls = draw.integers(4, 30, accounts)
    hours = calls * draw.uniform(0.5, 1.5, accounts)
    potential = draw.lognormal(3, spread, accounts)
    cost = calls[:, None] * np.hypot(*(places[:, None] - bases[None]).transpose(2, 0, 1)) / 30
    capacity = np.full(reps, 1.3 * (hours.sum() + 1.3 * cost.min(axis=1).sum()) / reps)
    full = Load("hours", "capacity", hours[:, None] + cost, np.full(reps, -np.inf), capacity, capacity)
    return Matching(cost, (*balances(hours, potential, reps), full))


def firm_problem() -> Matching:
    """The sample firm divided anew, as the README does it."""
    accounts, reps = (require_table(name, pd.read_csv(FIRM / f"{name}.csv")) for name in ("accounts", "reps"))
    pairs = make_pairs(
        accounts, reps, balance=("hours", "potential"), tolerance=0.2, keep=0.8, fit=None, distances=None,
        neighbours=None, locked={}, speed=60, detour=1.0, calls_per_trip=4, prices=(1.0, 0.0, 0.0), today=None,
    )  # fmt: skip
    return pairs.problem


def balanced(problem: Matching, seconds: float) -> pd.DataFrame:
    """Cost, bound and proved gap of the balanced form at equal time."""
    accounts, reps = problem.cost.shape
    start = time.perf_counter()
    ours = solve_matching(problem, time_limit=seconds, gap=1e-3)
    rows = [("ours", time.perf_counter() - start, ours.cost, ours.bound)]
    start = time.perf_counter()
    model = pulp.LpProblem("balanced", pulp.LpMinimize)
    pick = pulp.LpVariable.matrix("x", (range(accounts), range(reps)), cat="Binary")
    model += pulp.lpSum(problem.cost[a, r] * pick[a][r] for a in range(accounts) for r in range(reps))
    for a in range(accounts):
        model += pulp.lpSum(pick[a]) == 1
    for load in problem.loads:
        for r in range(reps):
            total = pulp.lpSum(load.use[a, r] * pick[a][r] for a in range(accounts))
            model += total <= load.most[r]
            if np.isfinite(load.least[r]):
                model += total >= load.least[r]
    if problem.kept is not None:
        stay = zip(*np.nonzero(problem.kept), strict=True)
        model += pulp.lpSum(pick[a][r] for a, r in stay) >= problem.least_kept
    relaxed = solve_matching_bound(problem)
    model.solve(pulp.PULP_CBC_CMD(msg=False, timeLimit=seconds, gapRel=1e-3, threads=1))
    found = model.sol_status in (pulp.LpSolutionOptimal, pulp.LpSolutionIntegerFeasible)
    cost = pulp.value(model.objective) if found else np.nan
    rows.append(("PuLP + CBC (bound: the relaxation)", time.perf_counter() - start, cost, relaxed))
    table = pd.DataFrame(rows, columns=["solver", "seconds", "cost", "bound"])
    return table.assign(gap=(table["cost"] - table["bound"]) / table["cost"])


def solve_matching_bound(problem: Matching) -> float:
    """The bound of the relaxation, for a peer that does not tell its own."""
    from salesopt.stats.relaxation import relax

    return relax(problem).bound


def sizing(units: int, heads: int) -> pd.DataFrame:
    """Seconds and value of dividing `heads` over S-shaped units."""
    draw = np.random.default_rng(2)
    curves = HillCurves(draw.lognormal(0, 1, units), draw.uniform(1.2, 4, units), draw.lognormal(1.5, 0.5, units))
    values = list(curves.gain(np.arange(31)[:, None]).T)
    start = time.perf_counter()
    best = float(divide_whole(values, heads).value[heads])
    rows = [("ours: dynamic programme", time.perf_counter() - start, best)]
    start = time.perf_counter()
    worth, unit = np.concatenate(values), np.repeat(np.arange(units), 31)
    count = np.tile(np.arange(31), units)
    matrix = sparse.vstack([sparse.csr_matrix((np.ones(len(unit)), (unit, np.arange(len(unit))))), count[None, :]])
    limit = np.append(np.ones(units), heads)
    found = optimize.milp(
        -worth,
        integrality=np.ones(len(worth)),
        bounds=(0, 1),
        constraints=optimize.LinearConstraint(matrix, limit, limit),
        options={"mip_rel_gap": 1e-7},
    )
    rows.append(("HiGHS, one binary per unit and head count", time.perf_counter() - start, -found.fun))
    start = time.perf_counter()
    value = greedy(values, heads)
    rows.append(("greedy, one head at a time", time.perf_counter() - start, value))
    table = pd.DataFrame(rows, columns=["solver", "seconds", "value"])
    return table.assign(ratio=table["seconds"] / table["seconds"].iloc[0], loss=1 - table["value"] / best)


def greedy(values: list[np.ndarray], heads: int) -> float:
    """Give each head to the unit where it adds most; what an S-shaped curve makes of that is the point."""
    plan = np.zeros(len(values), dtype=int)
    steps = np.array([np.append(np.diff(value), -np.inf) for value in values])
    for _ in range(heads):
        plan[steps[np.arange(len(values)), plan].argmax()] += 1
    return float(sum(value[count] for value, count in zip(values, plan, strict=True)))


def main() -> None:
    """Run what is asked for and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--slow", action="store_true")
    parser.add_argument("--only", default="sizing,transport,balanced")
    chosen = parser.parse_args()
    for name in chosen.only.split(","):
        if name == "transport":
            print("transport form, 200 x 10,000\n" + transport(10_000, 200, chosen.slow).to_string(index=False))
        elif name == "balanced":
            kinds = {
                "50 x 1,000, costs drawn freely": drawn_problem(1000, 50),
                "50 x 1,000, people amid accounts in a square": placed_problem(1000, 50, 0.5, middle=True),
                "50 x 1,000, people anywhere in a square": placed_problem(1000, 50, 0.5),
                "24 x 600, the sample firm": firm_problem(),
            }
            for kind, problem in kinds.items():
                table = balanced(problem, chosen.seconds)
                print(f"balanced form, {kind}\n" + table.to_string(index=False))
        else:
            print("sizing, 1,000 units, 5,000 heads\n" + sizing(1000, 5000).to_string(index=False))


if __name__ == "__main__":
    main()
