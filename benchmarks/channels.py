"""How long the channel programme takes against its peers: the same model built and solved by each, in one run.

Usage: python benchmarks/channels.py [channels ...]   (default 375 and 3000 channels of 64 pieces: 24,000 and 192,000)

The model: maximise the worth of 64 straight pieces of each channel's concave response, under a budget, a limit on
people and a least reach. `direct` passes pieces straight to the rows (the plain way to write it); `salesopt` is
`optimise_channel_mix`'s programme, which has a spend column per channel beside the pieces, solved with duals;
`whole call` is `solve_mix`, which goes on until the gap to the true curves is below 1e-6.
Seconds are processor seconds.
"""

from __future__ import annotations

import os
import resource
import sys

import cvxpy
import highspy
import numpy as np
import pandas as pd
import pulp
from scipy import sparse
from scipy.optimize import linprog

from salesopt.stats.mix import Allocation, Limit, build_programme
from salesopt.stats.piecewise import Pieces, break_curves, cut_pieces
from salesopt.stats.programme import INFINITE, Programme, Solver
from salesopt.stats.refine import solve_mix
from salesopt.stats.response import Curves


def cpu_seconds() -> float:
    """Processor seconds of this process and its children (CBC is one): other work on the machine does not count."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def make_problem(channels: int, seed: int = 0) -> Allocation:
    """Concave channels with a budget, people and reach."""
    random = np.random.default_rng(seed)
    curves = Curves(
        np.full(channels, "hill"),
        np.zeros(channels),
        random.uniform(200, 900, channels),
        random.uniform(0.6, 1.0, channels),
        random.uniform(50, 400, channels),
        np.full(channels, np.nan),
    )
    people, reach = random.uniform(0.5, 2, channels), random.uniform(0.5, 3, channels)
    return Allocation(
        curves=curves,
        worth=random.uniform(1, 3, channels),
        price=np.ones(channels),
        lower=np.zeros(channels),
        upper=np.full(channels, 1000.0),
        lot=np.zeros(channels),
        opening=np.zeros(channels),
        mixing=sparse.identity(channels, format="csr"),
        before=np.zeros(channels),
        limits=(
            Limit("budget", "budget", -INFINITE, 120.0 * channels, np.ones(channels)),
            Limit("people", "limit", -INFINITE, 140.0 * channels, people),
            Limit("reach", "limit", 150.0 * channels, INFINITE, reach),
        ),
    )


def plain_programme(problem: Allocation, pieces: Pieces) -> Programme:
    """The same model without spend columns: every row speaks of every piece."""
    rows = np.array([limit.spend[pieces.place] for limit in problem.limits])
    return Programme(
        cost=problem.worth[pieces.place] * pieces.slope[0] - 1,
        lower=np.zeros(len(pieces.place)),
        upper=pieces.length,
        whole=np.zeros(len(pieces.place), dtype=bool),
        matrix=sparse.csc_matrix(rows),
        row_lower=np.array([limit.lower for limit in problem.limits]),
        row_upper=np.array([limit.upper for limit in problem.limits]),
        offset=float(problem.worth @ pieces.origin[0]),
    )


def run_pulp(plain: Programme, solver: pulp.LpSolver) -> tuple[float, float, float]:
    """Build with PuLP's own calls, solve, read duals."""
    start = cpu_seconds()
    model = pulp.LpProblem("mix", pulp.LpMaximize)
    bounds = zip(plain.lower, plain.upper, strict=True)
    columns = [model.add_variable(f"p{number}", low, up) for number, (low, up) in enumerate(bounds)]
    model += pulp.LpAffineExpression(list(zip(columns, plain.cost.tolist(), strict=True)), constant=plain.offset)
    dense = plain.matrix.toarray()
    for row, (low, up) in enumerate(zip(plain.row_lower, plain.row_upper, strict=True)):
        use = pulp.LpAffineExpression(list(zip(columns, dense[row].tolist(), strict=True)))
        model += (use <= float(up)) if np.isfinite(up) else (use >= float(low)), f"row{row}"
    built = cpu_seconds()
    model.solve(solver)
    duals = [constraint.pi for constraint in model.constraints()]
    if None in duals:
        raise RuntimeError("no duals")
    return built - start, cpu_seconds() - built, float(pulp.value(model.objective))


def run_scipy(plain: Programme) -> tuple[float, float, float]:
    """linprog with HiGHS, which also gives marginals."""
    start = cpu_seconds()
    up = np.isfinite(plain.row_upper)
    rows = sparse.vstack([plain.matrix.tocsr()[up], -plain.matrix.tocsr()[~up]], format="csc")
    limits = np.concatenate([plain.row_upper[up], -plain.row_lower[~up]])
    bounds = np.column_stack([plain.lower, plain.upper])
    built = cpu_seconds()
    found = linprog(-plain.cost, A_ub=rows, b_ub=limits, bounds=bounds, method="highs")
    return built - start, cpu_seconds() - built, plain.offset - found.fun


def run_cvxpy(plain: Programme) -> tuple[float, float, float]:
    """cvxpy with HiGHS."""
    start = cpu_seconds()
    x = cvxpy.Variable(len(plain.cost), bounds=[plain.lower, plain.upper])
    up = np.isfinite(plain.row_upper)
    rows = plain.matrix.tocsr()
    model = cvxpy.Problem(
        cvxpy.Maximize(plain.cost @ x), [rows[up] @ x <= plain.row_upper[up], rows[~up] @ x >= plain.row_lower[~up]]
    )
    built = cpu_seconds()
    model.solve(solver=cvxpy.HIGHS)
    return built - start, cpu_seconds() - built, plain.offset + float(model.value)


def run_direct(plain: Programme) -> tuple[float, float, float]:
    """highspy alone: the arrays passed column-wise, run, duals read."""
    start = cpu_seconds()
    model = highspy.HighsLp()
    model.num_col_, model.num_row_, model.offset_ = len(plain.cost), len(plain.row_lower), -plain.offset
    model.col_cost_, model.col_lower_, model.col_upper_ = -plain.cost, plain.lower, plain.upper
    model.row_lower_, model.row_upper_ = plain.row_lower, plain.row_upper
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_, model.a_matrix_.index_ = plain.matrix.indptr, plain.matrix.indices
    model.a_matrix_.value_ = plain.matrix.data
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("threads", 1)
    highs.passModel(model)
    built = cpu_seconds()
    highs.run()
    if not len(highs.getSolution().row_dual):
        raise RuntimeError("no duals")
    return built - start, cpu_seconds() - built, -highs.getInfo().objective_function_value


def run_ours(problem: Allocation, pieces: Pieces) -> tuple[float, float, float]:
    """The programme of `optimise_channel_mix` at this size: same pieces, a spend column per channel."""
    start = cpu_seconds()
    solver = Solver(build_programme(problem, pieces))
    built = cpu_seconds()
    solution = solver.solve()
    if not np.isfinite(solution.row_dual).all():
        raise RuntimeError("no duals")
    return built - start, cpu_seconds() - built, solution.objective


def compare(channels: int) -> pd.DataFrame:
    """One row per way to solve the model: seconds, and the total against direct highspy and PuLP with CBC."""
    problem = make_problem(channels)
    start = cpu_seconds()
    place, at = break_curves(problem.curves, problem.floor, problem.roof, 64)
    pieces = cut_pieces(problem.curves, (), place, at)
    cutting = cpu_seconds() - start
    plain = plain_programme(problem, pieces)
    ways = {
        "salesopt": lambda: run_ours(problem, pieces),
        "highspy direct": lambda: run_direct(plain),
        "scipy linprog": lambda: run_scipy(plain),
        "cvxpy + HiGHS": lambda: run_cvxpy(plain),
        "PuLP + CBC": lambda: run_pulp(plain, pulp.COIN_CMD(msg=False, path=pulp.apis.PULP_CBC_CMD.pulp_cbc_path)),
        "PuLP + HiGHS": lambda: run_pulp(plain, pulp.HiGHS(msg=False)),
    }
    rows = [(name, *way()) for name, way in ways.items()]
    start = cpu_seconds()
    best = solve_mix(problem)
    rows.append(("salesopt, whole call", cutting, cpu_seconds() - start - cutting, best.objective))
    table = pd.DataFrame(rows, columns=["way", "build_s", "solve_s", "objective"])
    total = table["build_s"] + table["solve_s"]
    at_way = dict(zip(table["way"], total, strict=True))
    print(f"\n{len(pieces.place):,} variables, {channels:,} channels; gap of the whole call {best.gap:.1e}")
    print(f"largest difference of the objectives {np.ptp(table['objective'][:6]) / table['objective'][0]:.1e}")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")
    return table.assign(
        total_s=total, of_direct=total / at_way["highspy direct"], of_pulp_cbc=total / at_way["PuLP + CBC"]
    )


if __name__ == "__main__":
    for size in [int(word) for word in sys.argv[1:]] or [375, 3000]:
        print(compare(size).round(3).to_string(index=False))
