"""The best split on the true curves: straight pieces, refined where it matters until the gap is proven small.

Concave curves: the shadow prices of each solve bound the true optimum from above (Lagrangian bound) and say where the
next breakpoints belong (column generation). S-shaped curves, opening costs and whole numbers: a mixed-integer programme
whose proven bound, plus the most by which the curves lie above their pieces, bounds the true optimum; its pattern is
then fixed and the concave rest solved as above.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from salesopt.errors import InfeasibleError
from salesopt.stats.mix import Allocation, Layout, Limit, build_programme, layout_of, write_model
from salesopt.stats.piecewise import Pieces, add_breaks, break_curves, cut_pieces, cut_tangents, largest_misses
from salesopt.stats.programme import Programme, Solution, Solver, programme_of
from salesopt.stats.response import Curves

Numbers = NDArray[np.float64]
ORDINARY = 5_000  # pieces up to which the model is written in PuLP; beyond it goes to HiGHS column-wise
ROUNDS = 25
LARGE_GAP = 1e-6  # where a large model stops
ROUGH = 1e-3  # tolerance from which on a plan is not refined to the last digit
FEW = 24  # breakpoints a curve starts with where patterns are searched
PATTERNS = 30  # rounds of that search at most
FOOT = 5  # straight pieces the convex foot of an S-shaped curve starts with; each costs a 0/1 column


@dataclass(frozen=True, eq=False)
class Optimum:
    """The best split found and the proof of how good it is.

    spend, objective : the split, and its objective on the true curves
    bound            : proven upper bound of the objective over all splits
    rounds           : programmes solved
    problem, pieces, firm : the concave problem around the optimum and its pieces, for shadow prices
    solver, solution : its last solve
    """

    spend: Numbers
    objective: float
    bound: float
    rounds: int
    problem: Allocation
    pieces: Pieces
    firm: NDArray[np.bool_]
    solver: Solver
    solution: Solution

    @property
    def gap(self) -> float:
        """How far the optimum can be above the split, as a fraction of the objective."""
        return max(self.bound - self.objective, 0.0) / _scale(self.objective)


def solve_mix(
    problem: Allocation, names: list[str] | None = None, *, pieces: int = 64, tolerance: float = 1e-4
) -> Optimum:
    """The best split of `problem`; raises InfeasibleError where limits clash.

    names : one per decision, for the PuLP model that an ordinary problem starts from; None starts column-wise
    """
    if len(problem.gated) or problem.whole or _bends_upwards(problem).any():
        return _solve_pattern(problem, names, pieces, tolerance)
    low, high = problem.floor, problem.roof
    return _solve_concave(problem, names, low, high, np.zeros(len(low), dtype=bool), pieces, tolerance)


def with_dense_pieces(optimum: Optimum, pieces: int) -> Optimum:
    """The optimum with `pieces` more pieces on every curve, so that prices away from it can be read off as well."""
    cut, problem = optimum.pieces, optimum.problem
    place = np.concatenate([cut.place, cut.place])
    at = np.concatenate([cut.start, cut.start + cut.length])
    low = cut.start[np.diff(cut.place, prepend=-1) > 0]
    high = (cut.start + cut.length)[np.diff(cut.place, append=-1) != 0]
    more_place, more = break_curves(problem.curves, low, high, pieces)
    bent = np.bincount(cut.place)[more_place] > 1
    points = add_breaks(place, at, more_place[bent], more[bent])
    dense = _cut(problem, *points)
    dense = dataclasses.replace(dense, convex=np.zeros(len(dense.place), dtype=bool))
    solver = Solver(build_programme(problem, dense, firm=optimum.firm))
    return dataclasses.replace(optimum, pieces=dense, solver=solver, solution=solver.solve())


def make_programme(problem: Allocation, pieces: Pieces, names: list[str] | None, firm: NDArray[np.bool_]) -> Programme:
    """The programme: through PuLP for a named problem of ordinary size, else column-wise; both give the same arrays."""
    if names is None or len(pieces.place) > ORDINARY or problem.risk:
        return build_programme(problem, pieces, firm=firm)
    return programme_of(*write_model(problem, pieces, names, firm=firm))


def _scale(objective: float) -> float:
    return max(abs(objective), 1e-9)


def _bends_upwards(problem: Allocation) -> NDArray[np.bool_]:
    turn = np.max([curves.inflection() for curves in (problem.curves, *problem.scenarios)], axis=0)
    return np.asarray((turn > problem.floor * (1 + 1e-9)) & (problem.roof > problem.floor))


def _cut(problem: Allocation, place: NDArray[np.int64], at: Numbers) -> Pieces:
    return cut_pieces(problem.curves, problem.scenarios if problem.risk else (), place, at)


def _solve_concave(
    problem: Allocation,
    names: list[str] | None,
    low: Numbers,
    high: Numbers,
    firm: NDArray[np.bool_],
    pieces: int,
    tolerance: float,
) -> Optimum:
    """Solve, bound, add breakpoints where the prices point, until the gap is closed (a large model: small enough)."""
    place, at = break_curves(problem.curves, low, high, pieces)
    bound, best, large = np.inf, None, len(at) > ORDINARY
    for number in range(1, ROUNDS + 1):
        cut = dataclasses.replace(_cut(problem, place, at), convex=np.zeros(len(at) - len(low), dtype=bool))
        solver = Solver(make_programme(problem, cut, names if number == 1 else None, firm))
        solution = solver.solve()
        spend = np.clip(solution.values[: len(problem.lower)], problem.lower, problem.upper)
        target, excess = _excess(problem, cut, solution, low, high)
        bound = min(bound, solution.objective + float(excess.sum()))
        made = problem.objective(spend)
        best = Optimum(spend, made, max(bound, made), number, problem, cut, firm, solver, solution)
        wanted = 1e-10 if tolerance < ROUGH else tolerance / 100
        if best.gap <= wanted or (large and best.gap <= min(LARGE_GAP, tolerance)):
            break
        bends = problem.curves.kind != "linear"
        worth_it = np.flatnonzero(bends & (excess > 1e-13 * _scale(made)))
        effective = np.clip(problem.effective(spend), low, high)
        more = np.concatenate([target[worth_it], effective[worth_it]])
        size = len(at)
        if large and number == 1:
            place, at = _near(place, at, target, effective)
        place, at = add_breaks(place, at, np.concatenate([worth_it, worth_it]), more)
        if len(at) == size:
            break
    assert best is not None
    return best


def _near(place: NDArray[np.int64], at: Numbers, *points: Numbers) -> tuple[NDArray[np.int64], Numbers]:
    """Of a large model's breakpoints each curve's ends and those around `points`: a concave curve needs no others."""
    ends = np.flatnonzero(np.diff(place, prepend=-1, append=place[-1] + 1))
    first, last = ends[:-1], ends[1:] - 1
    kept = np.zeros(len(at), dtype=bool)
    kept[first], kept[last] = True, True
    for point in points:
        below = first - 1 + np.bincount(place, at <= point[place], len(first)).astype(int)
        for step in (0, 1):
            kept[np.clip(below + step, first, last)] = True
    return place[kept], at[kept]


def _excess(
    problem: Allocation, cut: Pieces, solution: Solution, low: Numbers, high: Numbers
) -> tuple[Numbers, Numbers]:
    """Where each curve would go at the programme's prices, and by how much that beats its pieces."""
    layout = layout_of(problem, cut)
    price = solution.row_dual[layout.link]
    rated = _rated(problem, solution, layout)
    left, right = low.copy(), high.copy()
    for _ in range(60):
        middle = (left + right) / 2
        steep = np.asarray(sum(_times(worth, curves.slope(middle)) for curves, worth, _ in rated)) > price
        left, right = np.where(steep, middle, left), np.where(steep, right, middle)
    target = (left + right) / 2
    target = np.where(right >= high, high, np.where(left <= low, low, target))
    reached = sum(worth * curves.response(target) for curves, worth, _ in rated) - price * target
    rates = sum(worth[cut.place] * cut.slope[row] for _, worth, row in rated)
    filled = solution.values[layout.piece]
    origin = sum(worth * cut.origin[row] for _, worth, row in rated)
    begin = cut.start[np.diff(cut.place, prepend=-1) > 0]
    own = origin + np.bincount(cut.place, rates * filled, len(low))
    own = own - price * (begin + np.bincount(cut.place, filled, len(low)))
    return target, np.maximum(np.asarray(reached - own), 0.0)


Rated = list[tuple[Curves, Numbers, int]]


def _rated(problem: Allocation, solution: Solution, layout: Layout) -> Rated:
    """What a response is worth at the programme's prices: curves, worth per curve, row of the pieces' slopes."""
    central = problem.worth.copy() if not problem.risk else np.zeros(layout.curves)
    for dual, limit in zip(solution.row_dual[: layout.limits], problem.limits, strict=True):
        central += 0.0 if limit.response is None else -dual * limit.response
    rated = [(problem.curves, central, 0)]
    if problem.risk:
        tail = -solution.row_dual[len(solution.row_dual) - layout.scenarios :]
        weight = (1 - problem.risk) / layout.scenarios + tail
        rated += [(curves, problem.worth * weight[row], row + 1) for row, curves in enumerate(problem.scenarios)]
    return rated


def _times(worth: Numbers, slope: Numbers) -> Numbers:
    """worth x slope, where nothing times infinity is nothing."""
    return np.where(worth == 0, 0.0, worth * np.where(worth == 0, 0.0, slope))


def _solve_pattern(problem: Allocation, names: list[str] | None, pieces: int, tolerance: float) -> Optimum:
    """Openings, whole numbers, S-shapes: mixed-integer programme, then the concave rest, until the gap closes.

    The programme's pieces lie nowhere below the curves (for risk: by no more than is added to its bound), so that its
    bound holds for the true curves; each round they are made exact where its plan and the best plan stand.
    """
    rough = min(pieces, FEW) if not problem.risk else pieces
    place, at = _thin_feet(problem, *break_curves(problem.curves, problem.floor, problem.roof, rough))
    bound, best = np.inf, None
    free = np.zeros(len(problem.curves), dtype=bool)
    for number in range(1, PATTERNS + 1):
        cut, slack = _bounding_pieces(problem, place, at)
        loosened = _loosen(problem, slack)
        found = Solver(make_programme(loosened, cut, names if number == 1 else None, free), gap=tolerance / 8).solve()
        bound = min(bound, found.bound + float(np.abs(problem.worth) @ slack))
        spend = np.clip(found.values[: len(problem.lower)], problem.lower * (problem.lower > 0), problem.upper)
        polished = _polish(problem, spend, found, cut, pieces, tolerance)
        if polished is not None and (best is None or polished.objective > best.objective):
            best = polished
        if best is not None:
            best = dataclasses.replace(best, bound=max(bound, best.objective), rounds=number)
            if best.gap <= tolerance / 2:
                break
        plans = [spend] if best is None else [spend, best.spend]
        size = len(at)
        place, at = _break_more(problem, place, at, cut, slack, plans, tolerance)
        if len(at) == size:
            break
    if best is None:
        raise InfeasibleError("no point meets all limits")
    return best


def _bounding_pieces(problem: Allocation, place: NDArray[np.int64], at: Numbers) -> tuple[Pieces, Numbers]:
    """Pieces, and per curve how far it may lie above them."""
    slack = np.zeros(len(problem.curves))
    if not problem.risk:
        return cut_tangents(problem.curves, place, at), slack
    cut = _cut(problem, place, at)
    np.maximum.at(slack, cut.place, _misses(problem, cut))
    return cut, slack


def _break_more(
    problem: Allocation,
    place: NDArray[np.int64],
    at: Numbers,
    cut: Pieces,
    slack: Numbers,
    plans: list[Numbers],
    tolerance: float,
) -> tuple[NDArray[np.int64], Numbers]:
    """Breakpoints where the plans stand, and (for risk) in the middle of pieces that miss their curves by much."""
    curve = np.tile(np.arange(len(problem.curves)), len(plans))
    near = np.concatenate([problem.effective(plan) for plan in plans])
    inside = (near > problem.floor[curve]) & (near < problem.roof[curve]) & (problem.curves.kind[curve] != "linear")
    more_place, more = curve[inside], near[inside]
    if problem.risk:
        misses, total = _misses(problem, cut), float(np.abs(problem.worth) @ slack)
        allowed = 0.25 * tolerance * _scale(problem.objective(plans[-1])) / (np.abs(problem.worth).sum() or 1.0)
        coarse = np.flatnonzero((misses > allowed) & (total > 0))
        more_place = np.concatenate([more_place, cut.place[coarse]])
        more = np.concatenate([more, cut.start[coarse] + cut.length[coarse] / 2])
    return add_breaks(place, at, more_place, more)


def _thin_feet(problem: Allocation, place: NDArray[np.int64], at: Numbers) -> tuple[NDArray[np.int64], Numbers]:
    """Few breakpoints on the convex feet: pieces there lie above the curve, so the bound holds; refined later."""
    turn = np.max([curves.inflection() for curves in (problem.curves, *problem.scenarios)], axis=0)
    inner = (at < turn[place] * (1 - 1e-9)) & (at > problem.floor[place])
    feet = np.flatnonzero((turn > problem.floor) & (turn < problem.roof) | (turn >= problem.roof) & (turn > 0))
    share = np.arange(1, FOOT) / FOOT
    top = np.minimum(turn, problem.roof)[feet]
    kept = problem.floor[feet][:, None] + share * (top - problem.floor[feet])[:, None]
    return add_breaks(place[~inner], at[~inner], np.repeat(feet, FOOT - 1), np.where(kept > 0, kept, 0).ravel())


def _misses(problem: Allocation, cut: Pieces) -> Numbers:
    if not problem.risk:
        return largest_misses(problem.curves, cut)
    rows = [largest_misses(curves, cut, row + 1) for row, curves in enumerate(problem.scenarios)]
    return np.asarray(np.max(rows, axis=0))


def _loosen(problem: Allocation, slack: Numbers) -> Allocation:
    """Response quotas lowered by what the pieces may miss, so that no split of the true problem is lost."""
    limits = tuple(
        limit
        if limit.response is None
        else dataclasses.replace(limit, lower=limit.lower - float(np.abs(limit.response) @ slack))
        for limit in problem.limits
    )
    return dataclasses.replace(problem, limits=limits)


def _polish(
    problem: Allocation, spend: Numbers, found: Solution, cut: Pieces, pieces: int, tolerance: float
) -> Optimum | None:
    """The concave problem left when openings, whole numbers and regions of S-shaped curves stay as found, solved.

    None where it has no plan: the pieces promised more response than the curves give.
    """
    gated = problem.gated
    is_open = np.ones(len(spend), dtype=bool)
    is_open[gated] = found.values[len(spend) : len(spend) + len(gated)] > 0.5
    lower = np.where(is_open, np.maximum(problem.lower, problem.lot), 0.0)
    upper = np.where(is_open, problem.upper, 0.0)
    if problem.whole:
        lower = upper = np.round(spend)
    effective = problem.effective(np.clip(spend, lower, upper))
    turn = np.max([curves.inflection() for curves in (problem.curves, *problem.scenarios)], axis=0)
    low, high = problem.mixing @ lower + problem.before, problem.mixing @ upper + problem.before
    bends = (turn > low * (1 + 1e-9)) & (high > low)
    above = bends & (effective >= turn * (1 - 1e-9))
    inside = bends & ~above
    low = np.where(above, turn, low)
    reach = 1e-6 * np.maximum(problem.roof - problem.floor, 1e-9)
    high = np.where(inside, np.minimum(effective + reach, high), high)
    low = np.where(inside, np.maximum(effective - reach, low), low)
    limits = tuple(_with_openings(limit, gated[is_open[gated]]) for limit in problem.limits)
    rest = dataclasses.replace(
        problem,
        curves=_tangents(problem.curves, inside, effective),
        scenarios=tuple(_tangents(curves, inside, effective) for curves in problem.scenarios),
        lower=lower,
        upper=upper,
        lot=np.zeros_like(lower),
        opening=np.zeros_like(lower),
        limits=limits,
        whole=False,
    )
    firm = above | inside
    try:
        best = _solve_concave(rest, None, low, high, firm, min(pieces, FEW), tolerance)
    except InfeasibleError:
        return None
    return dataclasses.replace(best, objective=problem.objective(best.spend))


def _with_openings(limit: Limit, opened: NDArray[np.int64]) -> Limit:
    """The limit when it is settled which decisions are opened."""
    if limit.opening is None:
        return limit
    used = float(limit.opening[opened].sum())
    return dataclasses.replace(limit, lower=limit.lower - used, upper=limit.upper - used, opening=None)


def _tangents(curves: Curves, chosen: NDArray[np.bool_], at: Numbers) -> Curves:
    """The curves, the chosen ones replaced by their tangents at `at`."""
    slope, value = np.where(chosen, curves.slope(at), 0.0), curves.response(at)
    return dataclasses.replace(
        curves,
        kind=np.where(chosen, "linear", curves.kind),
        base=np.where(chosen, value - slope * at, curves.base),
        return_rate=np.where(chosen, slope, curves.return_rate),
    )
