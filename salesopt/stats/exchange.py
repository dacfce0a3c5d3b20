"""What it takes to serve one account by somebody else: the cheapest shift of it, alone or with one other account.

A plan that was stopped within a gap may still be better with one or two accounts shifted; `polish` does these. For each
account of a finished plan the cheapest such step says what the second best representative would cost, and
where a shift is not possible, its obstacles say which requirement stands against it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from salesopt.stats.matching import Flags, Load, Matching, Numbers, Places, Solution, connected_patches

TRIED = 6  # other representatives, the cheapest, that an account is tried with
MANY = 2000  # accounts up to which any other may go with a step; beyond, only one that comes back in exchange
PASSES = 20
PROVED = 1e-6
TIE = 1e-6  # hours a year by which a plan with an account less that changes hands counts as better
ROOM = 1e-6  # fraction of a limit's scale by which solvers may pass it


@dataclass(frozen=True)
class Obstacle:
    """What a shift would break: kind (capacity, balance, kept, contiguity), measure, whose limit it is."""

    kind: str
    name: str
    rep: int


class Step(NamedTuple):
    """An account to somebody else, and what goes with it: another account (-1: none) to whom; cost of it all."""

    account: int
    rep: int = -1
    other: int = -1
    other_rep: int = -1
    cost: float = np.inf

    @property
    def moves(self) -> dict[int, int]:
        """Account to representative."""
        return {self.account: self.rep} | ({self.other: self.other_rep} if self.other >= 0 else {})


class Exchange:
    """The totals of a plan, what fits into them, and the cheapest step of each account."""

    def __init__(self, problem: Matching, choice: Places) -> None:
        self.problem, self.choice = problem, choice.copy()
        accounts = np.arange(len(choice))
        self.totals = [
            np.bincount(choice, weights=load.use[accounts, choice], minlength=problem.cost.shape[1])
            for load in problem.loads
        ]
        self.kept = 0.0 if problem.kept is None else float(problem.kept[accounts, choice].sum())
        few = min(TRIED + 1, problem.cost.shape[1])
        self.near = np.argsort(problem.cost, axis=1, kind="stable")[:, :few]
        self.all_pairs = self._pairs() if len(choice) <= MANY else None

    def _pairs(self) -> tuple[Places, Places]:
        """Accounts and representatives that may go with a step: the cheapest of each, and those that would be kept."""
        cost = self.problem.cost
        pairs = np.zeros(cost.shape, dtype=bool)
        np.put_along_axis(pairs, self.near, values=True, axis=1)
        if self.problem.kept is not None:
            pairs |= self.problem.kept
        account, rep = np.nonzero(pairs & np.isfinite(cost))
        return account.astype(np.int64), rep.astype(np.int64)

    def step(self, account: int, below: float = np.inf) -> Step:
        """The cheapest step that gives `account` to somebody else; to nobody where none below that cost is allowed."""
        cost, now = self.problem.cost[account], int(self.choice[account])
        others, best = self.near[account], Step(account, cost=below)
        for rep in others[(others != now) & np.isfinite(cost[others])].tolist():
            more = float(cost[rep] - cost[now])
            if more < best.cost and not self.obstacles(account, rep):
                best = Step(account, rep, cost=more)
            for other, goes, extra in zip(*self._partners(account, rep, best.cost - more), strict=True):
                found = Step(account, rep, int(other), int(goes), more + float(extra))
                if self._joined(found.moves):
                    best = found
                    break
        return best

    def _partners(self, account: int, rep: int, below: float) -> tuple[Places, Places, Numbers]:
        """What may go with a shift so that all limits hold, for less than `below`: account, to whom, cost; rising."""
        problem, now = self.problem, int(self.choice[account])
        if self.all_pairs is None:
            other = np.flatnonzero(self.choice == rep)
            goes = np.full(len(other), now)
        else:
            other, goes = self.all_pairs
        came = self.choice[other]
        extra = problem.cost[other, goes] - problem.cost[other, came]
        fits = (extra < below - 1e-9) & (other != account) & (goes != came)
        other, goes, came, extra = other[fits], goes[fits], came[fits], extra[fits]
        fits = np.ones(len(other), dtype=bool)
        for load, total in zip(problem.loads, self.totals, strict=True):
            after = total.copy()
            after[now] -= load.use[account, now]
            after[rep] += load.use[account, rep]
            fits &= within(load, came, after[came] - load.use[other, came])
            fits &= within(load, goes, after[goes] + load.use[other, goes])
            for touched in (now, rep):
                if not within(load, touched, after[touched]):
                    fits &= (came == touched) | (goes == touched)
        if problem.kept is not None:
            change = problem.kept[account, rep] - float(problem.kept[account, now])
            stays = self.kept + change + problem.kept[other, goes] - problem.kept[other, came].astype(float)
            fits &= stays >= min(problem.least_kept, self.kept) - ROOM
        order = np.argsort(extra[fits], kind="stable")
        return other[fits][order], goes[fits][order], extra[fits][order]

    def obstacles(self, account: int, rep: int) -> list[Obstacle]:
        """What stands against serving the account by `rep` with all else as it is; empty where nothing does."""
        now, problem, found = int(self.choice[account]), self.problem, []
        for load, total in zip(problem.loads, self.totals, strict=True):
            if not within(load, rep, total[rep] + load.use[account, rep]):
                found.append(Obstacle(load.kind, load.name, rep))
            if not within(load, now, total[now] - load.use[account, now]):
                found.append(Obstacle(load.kind, load.name, now))
        if problem.kept is not None:
            change = problem.kept[account, rep] - float(problem.kept[account, now])
            if change < 0 and self.kept + change < problem.least_kept - ROOM:
                found.append(Obstacle("kept", "", now))
        if not self._joined({account: rep}):
            found.append(Obstacle("contiguity", "", rep))
        return found

    def _joined(self, moves: dict[int, int]) -> bool:
        """Whether every territory touched still hangs together."""
        region, neighbours = self.problem.region, self.problem.neighbours
        if region is None or neighbours is None:
            return True
        changed = self.choice.copy()
        changed[list(moves)] = list(moves.values())
        touched = {*moves.values(), *self.choice[list(moves)].tolist()}
        return all(
            len(connected_patches(np.unique(region[(changed == rep) & (region >= 0)]), neighbours)) <= 1
            for rep in touched
        )

    def take(self, step: Step) -> None:
        """Carry a step out."""
        for account, goes in step.moves.items():
            came = int(self.choice[account])
            for load, total in zip(self.problem.loads, self.totals, strict=True):
                total[came] -= load.use[account, came]
                total[goes] += load.use[account, goes]
            if self.problem.kept is not None:
                self.kept += float(self.problem.kept[account, goes]) - float(self.problem.kept[account, came])
            self.choice[account] = goes


def within(load: Load, rep: int | Places, total: Numbers | float) -> Flags:
    """Whether totals of one representative are within a load's limits."""
    room = ROOM * load.scale[rep]
    return np.asarray((total >= load.least[rep] - room) & (total <= load.most[rep] + room))


def polish(problem: Matching, solution: Solution, *, deadline: float = np.inf) -> Solution:
    """The plan after every step that makes it cheaper within the limits; one proved best is left as it is.

    deadline : of `time.perf_counter`, at which it ends
    """
    if solution.gap < PROVED:
        return solution
    plan, late = Exchange(problem, solution.choice), False
    for _ in range(PASSES):
        better = False
        for account in range(len(plan.choice)):
            if late := time.perf_counter() > deadline:
                break
            step = plan.step(account, below=-1e-9 * (1 + abs(problem.cost[account, plan.choice[account]])))
            if step.rep >= 0:
                plan.take(step)
                better = True
        if late or not better:
            break
    cost, late = problem.cost_of(plan.choice), solution.by_clock or late
    return replace(solution, choice=plan.choice, cost=cost, bound=min(solution.bound, cost), by_clock=late)


def keep_ties(problem: Matching, solution: Solution, *, deadline: float = np.inf) -> Solution:
    """Of plans that cost the same the one with fewer accounts that change hands, as far as steps lead there.

    A solver takes any of them, and where nothing is gained nobody should have to change. deadline : as for `polish`
    """
    if problem.kept is None:
        return solution
    home = np.where(problem.kept.any(axis=1), problem.kept.argmax(axis=1), -1)
    plan = Exchange(replace(problem, cost=problem.cost - TIE * problem.kept), solution.choice)
    for _ in range(PASSES):
        at = problem.cost[np.arange(len(home)), plan.choice]
        free = (home >= 0) & (plan.choice != home) & (problem.cost[np.arange(len(home)), home] <= at + TIE / 2)
        before = plan.kept
        for account in np.flatnonzero(free).tolist():
            if time.perf_counter() > deadline:
                break
            step = plan.step(account, below=-TIE / 2)
            more = sum(
                problem.cost[one, goes] - problem.cost[one, plan.choice[one]] for one, goes in step.moves.items()
            )
            if step.rep >= 0 and more <= TIE / 100:
                plan.take(step)
        if plan.kept <= before:
            break
    cost = problem.cost_of(plan.choice)
    return replace(solution, choice=plan.choice, cost=cost, bound=min(solution.bound, cost))
