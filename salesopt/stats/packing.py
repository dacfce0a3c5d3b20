"""Bound and plan of an assignment from whole sets of accounts, one set for each representative.

Where each serves twenty accounts, the relaxation fills his limits exactly with fractions of accounts, and whole ones
cannot: a balanced plan is some 0.5 % dearer than the relaxation, and no search over single pairs proves it. So the
relaxation is taken over the sets that `bundles` finds instead (Dantzig and Wolfe 1960; for assignments: Savelsbergh,
"A branch-and-price algorithm for the generalized assignment problem", Operations Research 45, 1997). At any prices of
the accounts, the prices less what the best sets earn is a bound on all plans. Prices are moved within a box around the
best so far (du Merle et al., "Stabilized column generation", Discrete Mathematics 194, 1999).
A plan comes from settling accounts by and by, the surest first, and pricing the sets anew after each step. Small steps
matter: a tenth of the open accounts at once ends in plans that miss limits and take long to repair.

The box widens after a better bound and where its ends are all that holds the prices: accounts that fill much of a
limit need prices far from those of the relaxation.

How far it goes, measured above the linear relaxation: 1,000 accounts in a square with 50 representatives, bound 0.41 %,
the best plan found in long runs 0.60 %. Where the optimum is known (HiGHS; such squares with 5 and 10 representatives,
seven in all) it lies 0.00 to 0.08 % above the bound.
"""

from __future__ import annotations

import time

import highspy
import numpy as np
from scipy import sparse

from salesopt.stats.bundles import WIDTH, Bundles
from salesopt.stats.highs import linear_model, quiet_solver
from salesopt.stats.matching import Flags, Matching, Numbers, Places, Solution
from salesopt.stats.relaxation import ROUNDING

NEAR = 12  # accounts per place that set the prices of a representative's limits
MANY, MANY_PLAN = 12, 20  # sets taken from each representative in a round: for the bound, and for the plan
BOX, LEAST_BOX, MOST_BOX = 3e-4, 1e-5, 0.5  # half width of the box, in a representative's mean cost
WIDEN, NARROW, LEAP = 1.1, 0.8, 4.0  # the box after a better bound, after none, and where its ends are all that holds
FINE = 0.1  # of a representative's part of what is still to be gained: what the cut of a list may lose
SETTLING = 5  # rounds of prices after each step of the plan
BOX_PLAN, MOST_BOX_PLAN = 5e-4, 0.1  # the box of the plan
STEP = 0.06  # share of the open accounts settled in one step


class Packing:
    """The relaxation over sets of accounts: `bound` holds for every plan, `shares` says who has how much of whom."""

    def __init__(self, problem: Matching, relaxed: Solution) -> None:
        assert relaxed.marginal is not None
        self.problem, self.relaxed = problem, relaxed
        self.accounts, self.reps = problem.cost.shape
        self.unit = abs(relaxed.bound) / self.reps + 1e-9
        self.right = np.ones(self.accounts)
        self.best = _between(relaxed.marginal)
        if problem.kept is not None and problem.least_kept > 0:
            self.right = np.append(self.right, problem.least_kept)
            self.best = np.append(self.best, relaxed.kept_price)
        self.prices, self.bound, self.floors = self.best, -np.inf, np.zeros(self.reps)
        reduced = relaxed.marginal - relaxed.marginal.min(axis=1, keepdims=True)
        place = min(NEAR * self.accounts, reduced.size) - 1
        near = reduced <= np.partition(reduced.ravel(), place)[place]
        self.bundles = [Bundles(problem, rep, near[:, rep], self.unit) for rep in range(self.reps)]
        self.members: list[Places] = []
        self.owners: list[int] = []
        self.seen: set[tuple[int, bytes]] = set()
        self.shares, self.box = np.zeros((self.accounts, self.reps)), BOX
        self.solver = self._begin()

    def raise_bound(self, gap: float, deadline: float, enough: float = np.inf) -> None:
        """Move the prices until the bound is within `gap` of what it can be or is `enough`, or time is up."""
        box, fine = self.box, np.inf
        while time.perf_counter() < deadline and self.bound < enough:
            before = self.bound
            new = self._price(many=MANY, fine=fine, deadline=deadline)
            box = min(WIDEN * box, MOST_BOX) if self.bound > before else max(NARROW * box, LEAST_BOX)
            left = self._solve(box) - self.bound
            near = left <= gap * abs(self.bound)
            fine = FINE * max(left, gap * abs(self.bound)) / self.reps
            if (near or not new) and self._short() and box < MOST_BOX:
                self._solve(box := min(LEAP * box, MOST_BOX))
            elif near or not (new or any(bundles.cut for bundles in self.bundles)):
                break
            self.box = box

    def _short(self) -> bool:
        """Whether the mix of sets misses a row, which it buys at an end of the box."""
        bought = np.array(self.solver.getSolution().col_value)[: 2 * len(self.right) + self.reps]
        return bool(bought.max() > 1e-6)

    def detours(self) -> Numbers:
        """By how much each pair at least lifts a plan above the bound of single representatives at the best prices."""
        worth, kept_worth = self.worth()
        loss = np.column_stack([bundles.losses(worth, kept_worth) for bundles in self.bundles])
        wanted = np.maximum(-loss, 0.0)
        return np.asarray(wanted.sum(axis=1, keepdims=True) - wanted + np.maximum(loss, 0.0))

    def slack(self, choice: Places) -> Numbers:
        """What each representative's part of a plan costs above the least he can come to: in sum, cost above bound."""
        places = np.arange(self.accounts)
        worth = self.best[: self.accounts].copy()
        if len(self.best) > self.accounts and self.problem.kept is not None:
            worth += self.best[-1] * self.problem.kept[places, choice]
        own = self.problem.cost[places, choice] - worth
        return np.bincount(choice, weights=own, minlength=self.reps) - self.floors

    def settle(self, deadline: float) -> Places:
        """A plan from the shares, settled by and by; it may miss limits."""
        owner, box = np.full(self.accounts, -1), BOX_PLAN
        for bundles in self.bundles:
            bundles.width = WIDTH
        take = np.flatnonzero(self.shares.max(axis=1) > 0.999)
        while True:
            owner[take] = self.shares[take].argmax(axis=1)
            if (owner >= 0).all() or time.perf_counter() > deadline:
                break
            self._lock(owner)
            box = min(1.2 * box, MOST_BOX_PLAN)
            self._solve(box)
            for _ in range(SETTLING):
                if not self._price(many=MANY_PLAN, deadline=deadline) or time.perf_counter() > deadline:
                    break
                self._solve(box)
            left = np.flatnonzero(owner < 0)
            surest = left[np.argsort(-self.shares[left].max(axis=1), kind="stable")]
            take = surest[: max(int(STEP * len(left)), 5)]
            take = take[self.shares[take].max(axis=1) > 0.3]
            if not len(take):
                break
        likely = np.where(self.shares.max(axis=1) > 0, self.shares.argmax(axis=1), self.relaxed.nearest)
        return np.where(owner >= 0, owner, likely)

    def worth(self) -> tuple[Numbers, float]:
        """What an account is worth at the best prices, and what a pair kept is."""
        return self.best[: self.accounts], float(self.best[self.accounts :].sum())

    def unlock(self) -> None:
        """Open all sets again after a plan was settled."""
        for bundles in self.bundles:
            bundles.locked, bundles.closed = np.zeros(self.accounts, dtype=bool), ~np.isfinite(bundles.cost)
        self._limit_sets(np.full(len(self.owners), np.inf))

    def _begin(self) -> highspy.Highs:
        """The programme without sets: rows for accounts (and pairs kept), then one for each representative.

        Columns: short of a row at the upper end of the box, above it at the lower, a representative without a set.
        """
        rows, reps = len(self.right), self.reps
        matrix = sparse.block_diag([sparse.hstack([sparse.eye(rows), -sparse.eye(rows)]), sparse.eye(reps)]).tocsc()
        cost = np.concatenate([self._ends(BOX), np.full(reps, 100 * self.unit)])
        right = np.concatenate([self.right, np.ones(reps)])
        solver = quiet_solver()
        solver.passModel(linear_model(matrix, cost, right, right))
        return solver

    def _ends(self, box: float) -> Numbers:
        low = self.best - box * self.unit
        low[self.accounts :] = np.maximum(low[self.accounts :], 0.0)  # the floor on pairs kept has one side
        return np.concatenate([self.best + box * self.unit, -low])

    def _price(self, *, many: int, deadline: float, fine: float = np.inf) -> int:
        """Find sets at the prices, and what bound they give where time is left; the number of sets that are new."""
        worth, kept_worth = self.prices[: self.accounts], float(self.prices[self.accounts :].sum())
        floors, new = np.zeros(self.reps), 0
        for rep, bundles in enumerate(self.bundles):
            if time.perf_counter() > deadline:
                return new
            floors[rep], found = bundles.cheapest(worth, kept_worth, many=many, fine=fine)
            new += sum(self._add(rep, bundle) for bundle in found)
        if not any(bundles.locked.any() for bundles in self.bundles):
            parts = np.concatenate([self.prices * self.right, floors])
            bound = float(parts.sum() - ROUNDING * np.abs(parts).sum())
            if bound > self.bound:
                self.bound, self.best, self.floors = bound, self.prices, floors
        return new

    def _add(self, rep: int, bundle: Flags) -> bool:
        key = (rep, bundle.tobytes())
        if key in self.seen:
            return False
        self.seen.add(key)
        members = np.flatnonzero(bundle)
        rows, values = np.append(members, len(self.right) + rep), np.ones(len(members) + 1)
        kept = 0 if self.problem.kept is None else int(self.problem.kept[members, rep].sum())
        if kept and len(self.right) > self.accounts:
            rows, values = np.append(rows, self.accounts), np.append(values, kept)
        cost = float(self.problem.cost[members, rep].sum())
        self.solver.addCol(cost, 0.0, np.inf, len(rows), rows.astype(np.int32), values)
        self.members.append(members)
        self.owners.append(rep)
        return True

    def _solve(self, box: float) -> float:
        """Mix the sets known at least cost, with prices inside the box; its cost."""
        rows = len(self.right)
        self.solver.changeColsCost(2 * rows, np.arange(2 * rows, dtype=np.int32), self._ends(box))
        self.solver.run()
        answer = self.solver.getSolution()
        self.prices = np.array(answer.row_dual)[:rows]
        weight = np.array(answer.col_value)[2 * rows + self.reps :]
        self.shares = np.zeros((self.accounts, self.reps))
        for place in np.flatnonzero(weight > 1e-9):
            self.shares[self.members[place], self.owners[place]] += weight[place]
        return float(self.solver.getInfo().objective_function_value)

    def _lock(self, owner: Places) -> None:
        """Hold the accounts that have an owner (not -1) to him, and close the sets that do not."""
        for rep, bundles in enumerate(self.bundles):
            bundles.locked = owner == rep
            bundles.closed = ~np.isfinite(bundles.cost) | ((owner >= 0) & (owner != rep))
        count = np.bincount(owner[owner >= 0], minlength=self.reps)
        upper = np.full(len(self.owners), np.inf)
        for place, (members, rep) in enumerate(zip(self.members, self.owners, strict=True)):
            held = owner[members]
            if np.count_nonzero(held >= 0) != count[rep] or np.count_nonzero(held == rep) != count[rep]:
                upper[place] = 0.0
        self._limit_sets(upper)

    def _limit_sets(self, upper: Numbers) -> None:
        """Let each set known be taken up to `upper` times."""
        first = 2 * len(self.right) + self.reps
        places = np.arange(first, first + len(upper), dtype=np.int32)
        self.solver.changeColsBounds(len(upper), places, np.zeros(len(upper)), upper)


def _between(marginal: Numbers) -> Numbers:
    """A price for each account between its cheapest and second cheapest pair: at the cheapest all sets would tie."""
    if marginal.shape[1] == 1:
        return marginal[:, 0]
    two = np.partition(marginal, 1, axis=1)[:, :2]
    apart = two[:, 1] - two[:, 0]
    apart[~np.isfinite(apart)] = apart[np.isfinite(apart)].max(initial=0.0)
    return np.asarray(two[:, 0] + apart / 2)
