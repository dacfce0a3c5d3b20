"""The linear relaxation of an assignment by column generation (HiGHS): its bound, its prices, what cannot be met."""

from __future__ import annotations

import highspy
import numpy as np
from scipy import sparse

from salesopt.stats.matching import Flags, Matching, Numbers, Places, Solution

PENALTY = 1e3  # of missing a limit by its whole scale, in multiples of the dearest pair
TOLERANCE = 1e-9  # a pair comes in if it is cheaper by this fraction of the dearest; the bound allows for it


class Rows:
    """The rows of a matching as a sparse matrix over any chosen pairs: accounts, then loads, then pairs kept."""

    def __init__(self, problem: Matching) -> None:
        accounts, reps = problem.cost.shape
        self.problem, self.accounts, self.reps = problem, accounts, reps
        lower, upper = [np.ones(accounts)], [np.ones(accounts)]
        for load in problem.loads:
            lower.append(load.least / load.scale)
            upper.append(load.most / load.scale)
        self.has_kept = problem.kept is not None and problem.least_kept > 0
        if self.has_kept:
            lower.append(np.array([1.0]))
            upper.append(np.array([np.inf]))
        self.lower, self.upper = np.concatenate(lower), np.concatenate(upper)

    def matrix(self, account: Places, rep: Places) -> sparse.csc_matrix:
        columns = np.arange(len(account))
        rows, places, values = [account], [columns], [np.ones(len(account))]
        for number, load in enumerate(self.problem.loads):
            rows.append(self.accounts + number * self.reps + rep)
            places.append(columns)
            values.append(load.use[account, rep] / load.scale[rep])
        if self.has_kept and self.problem.kept is not None:
            kept = self.problem.kept[account, rep]
            rows.append(np.full(kept.sum(), len(self.lower) - 1))
            places.append(columns[kept])
            values.append(np.full(kept.sum(), 1 / self.problem.least_kept))
        shape = (len(self.lower), len(account))
        return sparse.csc_matrix((np.concatenate(values), (np.concatenate(rows), np.concatenate(places))), shape=shape)

    def prices(self, duals: Numbers) -> tuple[Numbers, Numbers]:
        """The price of each account, and what each pair pays for the limits it uses."""
        pays = np.zeros(self.problem.cost.shape)
        for number, load in enumerate(self.problem.loads):
            first = self.accounts + number * self.reps
            price = duals[first : first + self.reps] / load.scale
            if np.any(price):
                pays += load.use * price
        if self.has_kept and self.problem.kept is not None:
            pays += self.problem.kept * (duals[-1] / self.problem.least_kept)
        return duals[: self.accounts], pays


def relax(
    problem: Matching, *, feasibility: bool = False, weights: Numbers | None = None, kept_weight: float = 1.0
) -> Solution:
    """The linear relaxation by column generation.

    With `feasibility` only the missed limits are minimised, each as a fraction of its scale; `weights` (one per load)
    and `kept_weight` say how dear it is to miss one.
    """
    rows = Rows(problem)
    accounts, reps = problem.cost.shape
    cost = np.where(np.isfinite(problem.cost), 0.0, np.inf) if feasibility else problem.cost
    dearest = float(np.abs(cost[np.isfinite(cost)]).max(initial=0.0)) or 1.0
    penalty = 1.0 if feasibility else PENALTY * dearest
    solver = quiet_solver()
    slack_rows, signs = _slacks(rows)
    by_row = np.repeat(np.ones(len(problem.loads)) if weights is None else weights, reps)
    dear = np.concatenate([by_row, [kept_weight]])[slack_rows - accounts]
    slack = sparse.csc_matrix((signs, (slack_rows, np.arange(len(signs)))), shape=(len(rows.lower), len(signs)))
    taken = _first_pairs(problem)
    account, rep = np.nonzero(taken)
    start = sparse.hstack([slack, rows.matrix(account, rep)]).tocsc()
    _pass(solver, start, np.concatenate([penalty * dear, cost[account, rep]]), rows)
    while True:
        solver.run()
        answer = solver.getSolution()
        worth, pays = rows.prices(np.array(answer.row_dual))
        reduced = np.where(taken, np.inf, cost - pays - worth[:, None])
        new = reduced < -TOLERANCE * dearest
        if not new.any():
            break
        if new.sum() > 20 * accounts:  # the steepest few of each account are enough for one round
            new &= reduced <= np.partition(reduced, min(9, reps - 1), axis=1)[:, min(9, reps - 1), None]
        taken |= new
        more_account, more_rep = np.nonzero(new)
        piece = rows.matrix(more_account, more_rep)
        solver.addCols(
            len(more_account), cost[more_account, more_rep], np.zeros(len(more_account)),
            np.full(len(more_account), np.inf), piece.nnz, piece.indptr[:-1], piece.indices, piece.data,
        )  # fmt: skip
        account, rep = np.concatenate([account, more_account]), np.concatenate([rep, more_rep])
    values = np.array(answer.col_value)
    missed, missed_kept = _missed(rows, slack_rows, values[: len(signs)])
    share = values[len(signs) :]
    whole = bool(np.all(np.minimum(share, 1 - share) < 1e-7)) and not feasibility
    most = np.lexsort((share, account))[np.cumsum(np.bincount(account, minlength=accounts)) - 1]
    choice = np.asarray(rep[most])
    bound = float(solver.getInfo().objective_function_value) - accounts * TOLERANCE * dearest
    total = float(problem.cost[np.arange(accounts), choice].sum()) if whole else np.inf
    plan = choice if whole else np.zeros(0, dtype=np.int64)
    return Solution(plan, total, bound, cost - pays, "linear", missed, missed_kept, choice)


class _Highs(highspy.Highs):
    """HiGHS without its Python callbacks: setting these up prints a banner that no option turns off."""

    def __init__(self) -> None:
        super(highspy.Highs, self).__init__()


def quiet_solver(*, gap: float | None = None) -> highspy.Highs:
    """HiGHS that prints nothing, on one thread with a fixed seed; `gap` is the relative gap at which it may stop."""
    solver = _Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    solver.setOptionValue("random_seed", 0)
    if gap is not None:
        solver.setOptionValue("mip_rel_gap", gap)
    return solver


def _slacks(rows: Rows) -> tuple[Places, Numbers]:
    """A slack for each finite side of each limit: its row and sign."""
    limits = np.arange(rows.accounts, len(rows.lower))
    short, over = limits[np.isfinite(rows.lower[limits])], limits[np.isfinite(rows.upper[limits])]
    return np.concatenate([short, over]), np.concatenate([np.ones(len(short)), -np.ones(len(over))])


def _first_pairs(problem: Matching) -> Flags:
    """The few cheapest pairs of each account, and those kept, to begin with; every pair where they are not many."""
    allowed = np.isfinite(problem.cost)
    accounts, reps = problem.cost.shape
    few = min(8, reps)
    if accounts * reps <= 20_000:
        return allowed
    taken = problem.cost <= np.partition(problem.cost, few - 1, axis=1)[:, few - 1, None]
    return (taken if problem.kept is None else taken | problem.kept) & allowed


def _pass(solver: highspy.Highs, matrix: sparse.csc_matrix, cost: Numbers, rows: Rows) -> None:
    model = highspy.HighsLp()
    model.num_col_, model.num_row_ = matrix.shape[1], matrix.shape[0]
    model.col_cost_, model.col_lower_ = cost, np.zeros(len(cost))
    model.col_upper_ = np.full(len(cost), np.inf)
    model.row_lower_, model.row_upper_ = rows.lower, rows.upper
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_, model.a_matrix_.index_ = matrix.indptr, matrix.indices
    model.a_matrix_.value_ = matrix.data
    solver.passModel(model)


def _missed(rows: Rows, slack_rows: Places, slack: Numbers) -> tuple[Numbers, float]:
    """By how much each load must miss its limits, in its own unit, and pairs short of the floor."""
    total = np.zeros(len(rows.lower))
    np.add.at(total, slack_rows, np.where(slack > 1e-7, slack, 0.0))
    loads = rows.problem.loads
    missed = total[rows.accounts : rows.accounts + len(loads) * rows.reps].reshape(len(loads), rows.reps)
    missed = missed * np.array([load.scale for load in loads]).reshape(len(loads), rows.reps)
    return missed, float(total[-1] * rows.problem.least_kept) if rows.has_kept else 0.0
