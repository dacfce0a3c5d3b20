"""The linear relaxation of an assignment by column generation (HiGHS): its bound, its prices, what cannot be met."""

from __future__ import annotations

import highspy
import numpy as np
from scipy import sparse

from salesopt.errors import RunError
from salesopt.stats.highs import linear_model, quiet_solver
from salesopt.stats.matching import Flags, Matching, Numbers, Places, Solution

PENALTY = 1e3  # of missing a limit by its whole scale, in multiples of the dearest pair
MISSED = 1e-7  # fraction of its scale above which a limit counts as missed
TOLERANCE = 1e-9  # a pair comes in if it is cheaper by this fraction of the dearest
ROUNDING = 1e-12  # of the parts of a bound that is added up


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

    def allowed(self, duals: Numbers) -> Numbers:
        """Prices without those of a side that has no limit, which a solver gives within its tolerance."""
        price = duals.copy()
        price[((price > 0) & ~np.isfinite(self.lower)) | ((price < 0) & ~np.isfinite(self.upper))] = 0.0
        return price

    def bound(self, duals: Numbers, marginal: Numbers) -> float:
        """What no plan within the limits undercuts, at any prices that `allowed` gives (Lagrange).

        The cheapest pair of each account at these prices, and what the limits come to at them; never less than the
        cheapest pairs at no prices, which is exact where these are free.
        """
        limits = duals[self.accounts :]
        sides = np.where(limits > 0, self.lower[self.accounts :], self.upper[self.accounts :])
        parts = np.concatenate([marginal.min(axis=1), limits[limits != 0] * sides[limits != 0]])
        plain = float(self.problem.cost.min(axis=1).sum())
        return max(float(parts.sum() - ROUNDING * np.abs(parts).sum()), plain)

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
    and `kept_weight` say how dear it is to miss one. Without it limits are missed only where none of them can be met
    together, and `missed` then is the least that has to be.
    """
    rows = Rows(problem)
    reps = problem.cost.shape[1]
    allowed = np.where(np.isfinite(problem.cost), 0.0, np.inf)
    dear = np.concatenate([np.repeat(np.ones(len(problem.loads)) if weights is None else weights, reps), [kept_weight]])
    columns = _Columns(rows, dear)
    if feasibility:
        columns.settle(allowed, 1.0)
        return columns.solution()
    # What a whole limit is worth grows with the accounts behind it.
    behind = max(problem.cost.shape[0] / reps, problem.least_kept if rows.has_kept else 0.0)
    columns.settle(problem.cost, max(PENALTY, 10 * behind) * columns.dearest(problem.cost))
    if columns.misses:
        # Missing a limit may have been cheaper than meeting it: find out whether it can be met, and then demand it.
        columns.settle(allowed, 1.0)
        if not columns.misses:
            columns.demand()
            columns.settle(problem.cost, 0.0)
    return columns.solution()


class _Columns:
    """The pairs taken into the relaxation so far, in a solver that starts from its last basis."""

    def __init__(self, rows: Rows, dear: Numbers) -> None:
        self.rows, self.problem, self.solver = rows, rows.problem, quiet_solver()
        self.slack_rows, signs = _slacks(rows)
        self.dear = dear[self.slack_rows - rows.accounts]
        self.taken = _first_pairs(self.problem)
        self.account, self.rep = np.nonzero(self.taken)
        slack = sparse.csc_matrix(
            (signs, (self.slack_rows, np.arange(len(signs)))), shape=(len(rows.lower), len(signs))
        )
        start = sparse.hstack([slack, rows.matrix(self.account, self.rep)]).tocsc()
        self.solver.passModel(linear_model(start, np.zeros(start.shape[1]), rows.lower, rows.upper))

    def dearest(self, cost: Numbers) -> float:
        """The dearest pair, 1 where all are free."""
        return float(np.abs(cost[np.isfinite(cost)]).max(initial=0.0)) or 1.0

    def settle(self, cost: Numbers, penalty: float) -> None:
        """Solve with these costs of pairs and price of missing a limit, until no pair that is left out would pay."""
        accounts, reps = cost.shape
        least = TOLERANCE * self.dearest(cost)
        prices = np.concatenate([penalty * self.dear, cost[self.account, self.rep]])
        self.solver.changeColsCost(len(prices), np.arange(len(prices), dtype=np.int32), prices)
        while True:
            self.solver.run()
            if self.solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
                said = self.solver.modelStatusToString(self.solver.getModelStatus())
                raise RunError(f"the relaxation of an assignment could not be solved ({said})")
            duals = self.rows.allowed(np.array(self.solver.getSolution().row_dual))
            worth, pays = self.rows.prices(duals)
            self.marginal = cost - pays
            reduced = np.where(self.taken, np.inf, self.marginal - worth[:, None])
            new = reduced < -least
            if not new.any():
                break
            if new.sum() > 20 * accounts:  # the steepest few of each account are enough for one round
                new &= reduced <= np.partition(reduced, min(9, reps - 1), axis=1)[:, min(9, reps - 1), None]
            self._take(new, cost)
        self.kept_price = float(duals[-1]) / self.problem.least_kept if self.rows.has_kept else 0.0
        self.values = np.array(self.solver.getSolution().col_value)
        self.bound = self.rows.bound(duals, self.marginal)

    def _take(self, new: Flags, cost: Numbers) -> None:
        self.taken |= new
        account, rep = np.nonzero(new)
        piece = self.rows.matrix(account, rep)
        self.solver.addCols(
            len(account), cost[account, rep], np.zeros(len(account)), np.full(len(account), np.inf),
            piece.nnz, piece.indptr[:-1], piece.indices, piece.data,
        )  # fmt: skip
        self.account, self.rep = np.concatenate([self.account, account]), np.concatenate([self.rep, rep])

    @property
    def slack(self) -> Numbers:
        """By how much each side of each limit is missed, a fraction of its scale."""
        return self.values[: len(self.slack_rows)]

    @property
    def misses(self) -> bool:
        """Whether a limit is missed by more than solvers allow for."""
        return bool((self.slack > MISSED).any())

    def demand(self) -> None:
        """Let no limit be missed from now on by more than it is now."""
        count = len(self.slack_rows)
        most = np.maximum(self.slack, 0.0)
        self.solver.changeColsBounds(count, np.arange(count, dtype=np.int32), np.zeros(count), most)

    def solution(self) -> Solution:
        """The relaxation as it is; a plan only where every account is whole and no limit is missed."""
        accounts = self.rows.accounts
        missed, missed_kept = _missed(self.rows, self.slack_rows, self.slack)
        share = self.values[len(self.slack_rows) :]
        most = np.lexsort((share, self.account))[np.cumsum(np.bincount(self.account, minlength=accounts)) - 1]
        choice = np.asarray(self.rep[most])
        whole = bool(np.all(np.minimum(share, 1 - share) < 1e-7)) and not self.misses
        total = self.problem.cost_of(choice) if whole else np.inf
        plan = choice if whole else np.zeros(0, dtype=np.int64)
        bound = min(self.bound, total)
        return Solution(plan, total, bound, self.marginal, "linear", missed, missed_kept, choice, self.kept_price)


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


def _missed(rows: Rows, slack_rows: Places, slack: Numbers) -> tuple[Numbers, float]:
    """By how much each load must miss its limits, in its own unit, and pairs short of the floor."""
    total = np.zeros(len(rows.lower))
    np.add.at(total, slack_rows, np.where(slack > MISSED, slack, 0.0))
    loads = rows.problem.loads
    missed = total[rows.accounts : rows.accounts + len(loads) * rows.reps].reshape(len(loads), rows.reps)
    missed = missed * np.array([load.scale for load in loads]).reshape(len(loads), rows.reps)
    return missed, float(total[-1] * rows.problem.least_kept) if rows.has_kept else 0.0
