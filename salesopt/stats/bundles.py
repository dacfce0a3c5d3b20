"""The cheapest sets of accounts that one representative could serve within his limits, at given prices of accounts.

With a price for what he uses of each limit, the best set without limits is known at once: every account that is worth
more than it costs. Any other set is some moves away from it (an account less, an account more), each at a known loss,
and a good set is few and cheap moves away. All sets up to a given loss are therefore listed, cheapest moves first, and
those left that no further moves can bring within the limits at that loss (weak duality: at any prices that the moves
left do not undercut). What a cut of the list drops is remembered by the least it could have cost, so that the bound
holds whatever was dropped; where it mattered, the next list is longer.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import combinations, product

import highspy
import numpy as np
from scipy import sparse

from salesopt.stats.highs import linear_model, quiet_solver
from salesopt.stats.matching import Flags, Matching, Numbers, Places

LOOSE = 1e-6  # by which a limit may be missed, in wholes: what the integer programme allows for
TINY = 1e-12
TOGETHER = 3  # limits that one direction of prices takes in
MANY_TOTALS, SAMPLE, LINES = 1000, 200, 6  # above the first, only the lines are looked at that a sample needs most
STEEP = 1e9  # a price so high that no total beyond a limit passes
WIDER = 2.5  # factor by which the loss looked at grows while no set was found
WIDTH, MOST_WIDTH = 1000, 100_000  # sets in the making that a search goes on with: at first, and where that cuts


@dataclass(frozen=True, eq=False)
class _Limits:
    """Limits on totals, and the price of each: above 0 where the lower side is dear, below 0 where the upper is."""

    least: Numbers
    most: Numbers
    price: Numbers

    def worth(self) -> float:
        """What the limits come to at their prices."""
        low, high = self.price > 0, self.price < 0
        return float(self.price[low] @ self.least[low] + self.price[high] @ self.most[high])

    def excess(self, spent: Numbers, total: Numbers) -> Numbers:
        """Loss of sets that spent this much on moves, room left included; infinite where a limit is missed."""
        within = ((total >= self.least[:, None]) & (total <= self.most[:, None])).all(axis=0)
        return np.where(within, spent + self.price @ total - self.worth(), np.inf)

    def completions(self, loss: Numbers, change: Numbers, directions: Numbers) -> tuple[Numbers, Numbers]:
        """Lines under the least loss that a choice can end with, by the moves that are left.

        For any prices that no move left undercuts, what is spent plus the prices times the totals, less the most that
        totals within the limits could come to at them, is such a bound (weak duality). The prices tried are the
        highest in each of `directions`, and those at which a limit's own price is reached.
        Returns slopes (moves + 1, lines, limits) and levels (moves + 1, lines): slopes @ totals - levels.
        """
        gain = np.maximum(-directions @ change, 0.0)
        ratio = np.where(gain > TINY, loss / np.maximum(gain, TINY), STEEP)
        most = np.minimum.accumulate(np.hstack([ratio, np.full((len(directions), 1), STEEP)])[:, ::-1], axis=1)[:, ::-1]
        with np.errstate(divide="ignore", invalid="ignore"):
            reached = np.where(directions * self.price > 0, self.price / directions, np.inf).min(axis=1)
        capped = np.isfinite(reached)
        step = np.concatenate([most, np.minimum(most[capped], reached[capped, None])])
        slope = step.T[:, :, None] * np.concatenate([directions, directions[capped]])
        above = slope - self.price
        far = np.where(above > 0, self.most, self.least)
        with np.errstate(invalid="ignore"):
            level = np.where(above == 0, 0.0, above * far).sum(axis=2) + self.worth()
        return slope, level


class Bundles:
    """The sets of accounts of one representative; `locked` and `closed` accounts are in every set and in none."""

    def __init__(self, problem: Matching, rep: int, near: Flags, unit: float) -> None:
        """near : accounts for which the prices of limits are set; unit : a cost to measure losses by."""
        self.cost = problem.cost[:, rep]
        self.kept = np.zeros(len(self.cost)) if problem.kept is None else problem.kept[:, rep].astype(float)
        self.use = np.array([load.use[:, rep] / load.scale[rep] for load in problem.loads])
        self.least = np.array([load.least[rep] / load.scale[rep] for load in problem.loads]) - LOOSE
        self.most = np.array([load.most[rep] / load.scale[rep] for load in problem.loads]) + LOOSE
        self.locked, self.closed = np.zeros(len(self.cost), dtype=bool), ~np.isfinite(self.cost)
        self.near = np.flatnonzero(near & ~self.closed)
        self.first, self.reach, self.furthest = unit / 1000, unit / 250, 100 * unit
        self.width, self.cut = WIDTH, False
        self.solver = self._relaxation()

    def cheapest(
        self, worth: Numbers, kept_worth: float, *, many: int, fine: float = np.inf
    ) -> tuple[float, list[Flags]]:
        """A bound on cost less worth over all sets, and up to `many` of the best sets found, best first.

        Where cutting the list loosened the bound by more than `fine`, the next search goes on with twice as many.
        """
        self.reach, floor, bound, found = self._list(worth, kept_worth, self.width, many)
        best = found[0][0] if found else np.inf
        self.cut = best - bound > fine
        self.width = min(2 * self.width, MOST_WIDTH) if self.cut else max(self.width // 2, WIDTH)
        if found:
            self.reach = float(np.clip(1.2 * best, self.first, self.furthest))
        return floor + bound, [bundle for _, bundle in found]

    def within(
        self, worth: Numbers, kept_worth: float, beyond: float, *, width: int, many: int
    ) -> tuple[float, list[Flags]]:
        """The sets that cost less worth at most `beyond` more than the best, `many` at most, best first.

        Also returned is the cost less worth that no set left out undercuts.
        """
        _, floor, bound, found = self._list(worth, kept_worth, width, many, beyond)
        return floor + bound, [bundle for _, bundle in found]

    def _list(
        self, worth: Numbers, kept_worth: float, width: int, many: int, beyond: float = 0.0
    ) -> tuple[float, float, float, list[tuple[float, Flags]]]:
        """The loss looked at, what the best set without limits comes to, a bound on what is not listed, the list."""
        net = self.cost - worth - kept_worth * self.kept
        limits = _Limits(self.least, self.most, self._prices(net))
        loss = np.where(self.closed, np.inf, net - limits.price @ self.use)
        base = ((loss < 0) & ~self.closed) | self.locked
        floor = float(loss[base].sum()) + limits.worth()
        free, bound, reach = ~self.closed & ~self.locked, -np.inf, self.reach
        while True:
            moves = np.flatnonzero(free & (np.abs(loss) <= reach))
            moves = moves[np.argsort(np.abs(loss[moves]), kind="stable")]
            change = self.use[:, moves] * np.where(base[moves], -1.0, 1.0)
            total = self.use[:, base].sum(axis=1)
            found, proved = search(np.abs(loss[moves]), change, total, limits, reach, beyond, width=width, many=many)
            bound = max(bound, proved)
            enough = found[0][0] + beyond if found else np.inf
            if reach >= min(enough, self.furthest):
                break
            reach = min(enough, self.furthest) if found else WIDER * reach
        return reach, floor, bound, [(excess, _moved(base, moves[picks])) for excess, picks in found]

    def losses(self, worth: Numbers, kept_worth: float) -> Numbers:
        """What each account costs beyond its worth and the limits it uses; an account below 0 is in the best set."""
        net = self.cost - worth - kept_worth * self.kept
        return np.where(self.closed, np.inf, net - self._prices(net) @ self.use)

    def _relaxation(self) -> highspy.Highs:
        """The best fractional set over the accounts near, with limits missed at a high price."""
        rows, columns = len(self.least), len(self.near)
        matrix = sparse.csc_matrix(np.hstack([self.use[:, self.near], np.eye(rows), -np.eye(rows)]))
        cost = np.concatenate([np.zeros(columns), np.full(2 * rows, self.furthest)])
        most = np.concatenate([np.ones(columns), np.full(2 * rows, np.inf)])
        solver = quiet_solver()
        solver.setOptionValue("presolve", "off")
        solver.passModel(linear_model(matrix, cost, self.least, self.most, most=most))
        return solver

    def _prices(self, net: Numbers) -> Numbers:
        """Prices of the limits; any would do for the bound, those of the fractional set make it tight."""
        cost = np.where(self.locked, -self.furthest, np.where(self.closed, self.furthest, net))[self.near]
        self.solver.changeColsCost(len(self.near), np.arange(len(self.near), dtype=np.int32), cost)
        self.solver.run()
        price = np.array(self.solver.getSolution().row_dual)
        price[((price > 0) & ~np.isfinite(self.least)) | ((price < 0) & ~np.isfinite(self.most))] = 0.0
        return price


def search(
    loss: Numbers,
    change: Numbers,
    total: Numbers,
    limits: _Limits,
    reach: float,
    beyond: float = 0.0,
    *,
    width: int,
    many: int,
) -> tuple[list[tuple[float, list[int]]], float]:
    """Up to `many` choices of moves within the limits, best first, and a bound on all that are not among them.

    loss, change : of each move, cheapest first; total : before any move
    reach, beyond : choices count up to this loss, and up to this much above the best. With `beyond` of 0 the bound is
    one on all choices.
    Moves without which no choice is better are not looked at: the bound is exact unless `width` cut the list.
    """
    slope, level = limits.completions(loss, change, _directions(len(total)))
    spent, totals = np.zeros(1), total[:, None]
    found: list[tuple[float, int, int]] = []
    trail: list[tuple[Places, Flags]] = []
    best = floor = reach
    start = float(limits.excess(spent, totals)[0])
    if start <= best:
        found, best = [(start, -1, 0)], start
    for move, cost in enumerate(loss):
        most = min(reach, best + beyond)
        ready = np.flatnonzero(spent + cost <= most)
        old, fresh = len(spent), (spent[ready] + cost, totals[:, ready] + change[:, move, None])
        excess = limits.excess(*fresh)
        good = np.flatnonzero(excess <= reach)
        good = good[np.argsort(excess[good], kind="stable")]
        floor = min(floor, float(excess[good[many:]].min(initial=np.inf)))
        found.extend((float(excess[one]), move, int(ready[one])) for one in good[:many])
        best = min(best, float(excess[good].min(initial=np.inf)))
        most = min(reach, best + beyond)
        spent, totals = np.concatenate([spent, fresh[0]]), np.hstack([totals, fresh[1]])
        could = spent + _highest(slope[move + 1], level[move + 1, :, None], totals)
        left = np.flatnonzero(could <= most)
        if len(left) > width:
            order = left[np.argpartition(could[left], width)]
            left, floor = np.sort(order[:width]), min(floor, float(could[order[width]]))
        trail.append((np.concatenate([np.arange(old), ready])[left], left >= old))
        spent, totals = spent[left], totals[:, left]
        if not len(left):
            break
    found.sort(key=lambda one: one[0])
    bound = min(best + beyond, reach, floor, *(one[0] for one in found[many : many + 1]))
    return [(excess, _retrace(trail, move, place)) for excess, move, place in found[:many]], bound


@cache
def _directions(limits: int) -> Numbers:
    """Directions of prices: along each limit, and halfway between any two or three, both ways."""
    together = min(limits, TOGETHER)
    signs = np.array(list(product((-1.0, 0.0, 1.0), repeat=together)))
    every = np.zeros((0, limits))
    for some in combinations(range(limits), together):
        rows = np.zeros((len(signs), limits))
        rows[:, some] = signs
        every = np.concatenate([every, rows])
    return np.unique(every[every.any(axis=1)], axis=0)


def _highest(slope: Numbers, level: Numbers, totals: Numbers) -> Numbers:
    """The highest line over each total, at least 0; of many totals the lines that are highest most often suffice."""
    if totals.shape[1] > MANY_TOTALS:
        some = totals[:, :: totals.shape[1] // SAMPLE]
        count = np.bincount((slope @ some - level).argmax(axis=0), minlength=len(slope))
        lines = np.argsort(-count, kind="stable")[:LINES]
        slope, level = slope[lines], level[lines]
    return np.asarray(np.maximum((slope @ totals - level).max(axis=0), 0.0))


def _retrace(trail: list[tuple[Places, Flags]], move: int, place: int) -> list[int]:
    """The moves that led to `place` in the list before `move`, and `move` itself."""
    picks = [move] if move >= 0 else []
    for step in range(move - 1, -1, -1):
        origin, taken = trail[step]
        if taken[place]:
            picks.append(step)
        place = int(origin[place])
    return picks


def _moved(base: Flags, moves: Places) -> Flags:
    changed = base.copy()
    changed[moves] = ~changed[moves]
    return changed
