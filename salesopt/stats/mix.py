"""Money over response curves: the best split under linear limits, as a linear or mixed-integer programme.

    maximise   sum of worth x response(effective spend) - spend - cost of opening
    subject to limits that are linear in spend, in openings and in responses

Effective spend is a linear function of spend (carry-over between periods). Curves enter as straight pieces; concave
pieces fill in order by themselves, convex ones (the foot of an S) are held in order by 0/1 columns.
The module builds the programme twice, to the same arrays: `write_model` in PuLP, to be read, and `build_programme`
column-wise for large problems.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pulp
from numpy.typing import NDArray
from scipy import sparse

from salesopt.stats.piecewise import Pieces
from salesopt.stats.programme import INFINITE, Programme
from salesopt.stats.response import Curves

Numbers = NDArray[np.float64]
TAIL = 0.05


@dataclass(frozen=True, eq=False)
class Limit:
    """lower <= spend @ x + opening @ open + response @ responses <= upper, with a name and a kind for the reader."""

    name: str
    kind: str
    lower: float
    upper: float
    spend: Numbers
    response: Numbers | None = None
    opening: Numbers | None = None


@dataclass(frozen=True, eq=False)
class Allocation:
    """A problem of splitting money; one entry per decision (N) or per curve (P).

    curves  : P central curves          scenarios : draws of the P curves, for `risk`
    worth   : P, worth of a response    price     : N, cost of a unit of spend in the objective (1 profit, 0 response)
    lower, upper, lot, opening : N, bounds of spend, least spend once open, cost of opening
    mixing  : P x N, effective spend of each curve per unit of each decision; before : P, what earlier spend adds
    limits  : see `Limit`               whole : whether spend must be whole numbers
    risk    : weight of the mean of the worst 5 % of scenarios against the mean of all; 0 takes the central curves
    """

    curves: Curves
    worth: Numbers
    price: Numbers
    lower: Numbers
    upper: Numbers
    lot: Numbers
    opening: Numbers
    mixing: sparse.csr_matrix
    before: Numbers
    limits: tuple[Limit, ...]
    whole: bool = False
    risk: float = 0.0
    scenarios: tuple[Curves, ...] = field(default=())

    @property
    def gated(self) -> NDArray[np.int64]:
        """Decisions that need an open-or-closed column."""
        return np.flatnonzero((self.opening > 0) | (self.lot > self.lower))

    @property
    def floor(self) -> Numbers:
        """Least effective spend of each curve."""
        return np.asarray(self.mixing @ np.where(self.lot > self.lower, 0, self.lower) + self.before)

    @property
    def roof(self) -> Numbers:
        """Highest effective spend of each curve."""
        return np.asarray(self.mixing @ self.upper + self.before)

    def effective(self, spend: Numbers) -> Numbers:
        """Effective spend of each curve."""
        return np.asarray(self.mixing @ spend + self.before)

    def objective(self, spend: Numbers) -> float:
        """The objective on the true curves."""
        cost = self.price @ spend + (self.price * self.opening)[spend > 1e-9 * self.upper].sum()
        effective = self.effective(spend)
        if not self.risk:
            return float(self.worth @ self.curves.response(effective) - cost)
        made = np.array([self.worth @ curves.response(effective) for curves in self.scenarios])
        return float((1 - self.risk) * made.mean() + self.risk * mean_of_worst(made) - cost)


def mean_of_worst(outcomes: Numbers, share: float = TAIL) -> float:
    """Mean of the worst `share` of equally likely outcomes, the last one counted in part (conditional value at risk).

    Source: Rockafellar and Uryasev, "Optimization of conditional value-at-risk", Journal of Risk 2 (2000).
    """
    ordered = np.sort(outcomes)
    weight = np.clip(share * len(ordered) - np.arange(len(ordered)), 0, 1)
    return float(weight @ ordered / weight.sum())


@dataclass(frozen=True, eq=False)
class Layout:
    """Where columns and rows are: spend, open, piece, order, then the tail's columns; limits, links, then others."""

    decisions: int
    gates: int
    pieces: int
    orders: int
    scenarios: int
    limits: int
    curves: int

    @property
    def piece(self) -> slice:
        """Columns of the pieces."""
        return slice(self.decisions + self.gates, self.decisions + self.gates + self.pieces)

    @property
    def link(self) -> slice:
        """Rows that tie pieces to effective spend."""
        return slice(self.limits, self.limits + self.curves)

    @property
    def columns(self) -> int:
        """Number of columns."""
        return self.piece.stop + self.orders + (1 + self.scenarios if self.scenarios else 0)


def layout_of(problem: Allocation, pieces: Pieces) -> Layout:
    """Where everything stands in the programme of `problem` cut into `pieces`."""
    draws = len(problem.scenarios) if problem.risk else 0
    sizes = (len(problem.lower), len(problem.gated), len(pieces.place), int(pieces.convex.sum()), draws)
    return Layout(*sizes, len(problem.limits), len(problem.curves))


def piece_worth(problem: Allocation, pieces: Pieces) -> Numbers:
    """Objective of a unit of spend on each piece: on the central curve, or (1 - risk) x the mean over scenarios."""
    worth = problem.worth[pieces.place]
    return worth * pieces.slope[0] if not problem.risk else (1 - problem.risk) * worth * pieces.slope[1:].mean(axis=0)


def constant_worth(problem: Allocation, pieces: Pieces) -> float:
    """Objective of the responses at the first breakpoints."""
    if not problem.risk:
        return float(problem.worth @ pieces.origin[0])
    return float((1 - problem.risk) * problem.worth @ pieces.origin[1:].mean(axis=0))


def piece_bounds(
    problem: Allocation, pieces: Pieces, *, firm: NDArray[np.bool_] | None = None
) -> tuple[Numbers, Numbers]:
    """Bounds of each piece's column.

    A curve's first piece may go below 0 and its last beyond its length, so that the bound of the spend column alone
    holds and has the whole shadow price; not so for curves that are `firm` (their ends are ends of a region).
    """
    first = np.diff(pieces.place, prepend=-1) > 0
    last = np.diff(pieces.place, append=len(problem.curves)) > 0
    loose = np.ones(len(problem.curves), dtype=bool) if firm is None else ~firm
    lower = np.where(first & loose[pieces.place], -INFINITE, 0.0)
    upper = np.where(last & loose[pieces.place] & ~pieces.convex, INFINITE, pieces.length)
    return lower, upper


def build_programme(problem: Allocation, pieces: Pieces, *, firm: NDArray[np.bool_] | None = None) -> Programme:
    """The programme as arrays, column-wise."""
    layout = layout_of(problem, pieces)
    gated, piece = problem.gated, layout.piece
    columns = layout.columns
    cost, lower, upper = np.zeros(columns), np.zeros(columns), np.full(columns, INFINITE)
    whole = np.zeros(columns, dtype=bool)
    spend = slice(0, layout.decisions)
    gate, order = slice(layout.decisions, piece.start), slice(piece.stop, piece.stop + layout.orders)
    cost[spend], lower[spend], upper[spend] = -problem.price, problem.lower, problem.upper
    cost[gate], upper[gate], whole[gate] = -(problem.price * problem.opening)[gated], 1.0, True
    lower[gate] = problem.lower[gated] > 0
    cost[piece] = piece_worth(problem, pieces)
    lower[piece], upper[piece] = piece_bounds(problem, pieces, firm=firm)
    upper[order], whole[order], whole[spend] = 1.0, True, problem.whole
    blocks = [_limit_rows(problem, pieces, layout), _link_rows(problem, pieces, layout)]
    blocks += [_gate_rows(problem, layout), _order_rows(problem, pieces, layout)]
    if layout.scenarios:
        cost[order.stop] = problem.risk
        cost[order.stop + 1 :] = -problem.risk / (TAIL * layout.scenarios)
        lower[order.stop] = -INFINITE
        blocks.append(_risk_rows(problem, pieces, layout))
    matrices, lowers, uppers = zip(*blocks, strict=True)
    matrix = sparse.csc_matrix(sparse.vstack(matrices, format="csc"))
    offset = constant_worth(problem, pieces)
    return Programme(cost, lower, upper, whole, matrix, np.concatenate(lowers), np.concatenate(uppers), offset)


Block = tuple[sparse.spmatrix, Numbers, Numbers]


def _limit_rows(problem: Allocation, pieces: Pieces, layout: Layout) -> Block:
    rows = sparse.lil_matrix((layout.limits, layout.columns))
    shift = np.zeros(layout.limits)
    for row, limit in enumerate(problem.limits):
        rows[row, : layout.decisions] = limit.spend
        if limit.opening is not None:
            rows[row, layout.decisions : layout.piece.start] = limit.opening[problem.gated]
        if limit.response is not None:
            rows[row, layout.piece] = limit.response[pieces.place] * pieces.slope[0]
            shift[row] = limit.response @ pieces.origin[0]
    lower = np.array([limit.lower for limit in problem.limits], dtype=float) - shift
    return rows.tocsc(), lower, np.array([limit.upper for limit in problem.limits], dtype=float) - shift


def _first_points(pieces: Pieces) -> Numbers:
    return pieces.start[np.diff(pieces.place, prepend=-1) > 0]


def _link_rows(problem: Allocation, pieces: Pieces, layout: Layout) -> Block:
    """Pieces of a curve add up to its effective spend."""
    parts = len(pieces.place)
    own = sparse.csc_matrix((np.ones(parts), (pieces.place, np.arange(parts))), shape=(layout.curves, parts))
    after = layout.columns - layout.piece.stop
    gap = sparse.csc_matrix((layout.curves, layout.gates))
    rest = sparse.csc_matrix((layout.curves, after))
    bound = problem.before - _first_points(pieces)
    return sparse.hstack([-problem.mixing, gap, own, rest], format="csc"), bound, bound


def _gate_rows(problem: Allocation, layout: Layout) -> Block:
    """A closed decision spends nothing, an open one at least its lot."""
    gated = problem.gated
    rows = sparse.lil_matrix((2 * len(gated), layout.columns))
    for number, decision in enumerate(gated):
        rows[2 * number, decision], rows[2 * number, layout.decisions + number] = 1, -problem.upper[decision]
        rows[2 * number + 1, decision] = 1
        rows[2 * number + 1, layout.decisions + number] = -max(problem.lot[decision], problem.lower[decision])
    lower = np.tile([-INFINITE, 0.0], len(gated))
    return rows.tocsc(), lower, np.tile([0.0, INFINITE], len(gated))


def _order_rows(problem: Allocation, pieces: Pieces, layout: Layout) -> Block:
    """A convex piece lets the next begin only when it is full; each concave one waits for the last convex piece.

    A row for each waiting piece makes the relaxation as tight as the curves' concave envelopes.
    """
    entries: list[tuple[int, int, float]] = []
    lower: list[float] = []
    upper: list[float] = []
    for number, part in enumerate(np.flatnonzero(pieces.convex)):
        full = layout.piece.stop + number
        for piece, least, most in _waits(pieces, part):
            row = len(lower)
            entries += [(row, layout.piece.start + piece, 1.0), (row, full, -pieces.length[piece])]
            lower.append(least)
            upper.append(most)
    table = np.array(entries, dtype=float).reshape(-1, 3)
    places = (table[:, 0].astype(int), table[:, 1].astype(int))
    rows = sparse.csc_matrix((table[:, 2], places), shape=(len(lower), layout.columns))
    return rows, np.array(lower, dtype=float), np.array(upper, dtype=float)


def _waits(pieces: Pieces, part: int | np.int64) -> list[tuple[int, float, float]]:
    """Rows of convex piece `part` as (piece, least, most) of piece - length x full: itself, then what waits for it."""
    return [(int(part), 0.0, INFINITE), *((int(later), -INFINITE, 0.0) for later in _pieces_after(pieces, part))]


def _pieces_after(pieces: Pieces, part: int | np.int64) -> NDArray[np.int64]:
    """The pieces that wait for convex piece `part` to be full: the next convex one, or all concave ones."""
    following = part + 1
    if following < len(pieces.place) and pieces.place[following] == pieces.place[part] and pieces.convex[following]:
        return np.array([following])
    same = np.flatnonzero(pieces.place == pieces.place[part])
    return same[same > part]


def _risk_rows(problem: Allocation, pieces: Pieces, layout: Layout) -> Block:
    """For each scenario: its worth plus its shortfall is at least the tail's threshold."""
    draws = layout.scenarios
    made = sparse.csc_matrix(problem.worth[pieces.place] * pieces.slope[1:])
    before = sparse.csc_matrix((draws, layout.piece.start))
    order = sparse.csc_matrix((draws, layout.orders))
    threshold = sparse.csc_matrix(-np.ones((draws, 1)))
    rows = sparse.hstack([before, made, order, threshold, sparse.identity(draws)], format="csc")
    return rows, -(pieces.origin[1:] @ problem.worth), np.full(draws, INFINITE)


@dataclass(frozen=True, eq=False)
class Variables:
    """The variables of a PuLP model: spend, open or closed, pieces, full pieces, and the worst scenarios."""

    spend: list[pulp.LpVariable]
    gate: dict[int, pulp.LpVariable]
    piece: list[pulp.LpVariable]
    full: dict[int, pulp.LpVariable]
    worst: list[pulp.LpVariable]
    short: list[pulp.LpVariable]

    def listed(self) -> list[pulp.LpVariable]:
        """All of them in the order of `Layout`."""
        return [*self.spend, *self.gate.values(), *self.piece, *self.full.values(), *self.worst, *self.short]


def write_model(
    problem: Allocation, pieces: Pieces, names: list[str], *, firm: NDArray[np.bool_] | None = None
) -> tuple[pulp.LpProblem, list[pulp.LpVariable]]:
    """The same programme in PuLP, to be read (`print(model)`) or written to a file; and its variables in order.

    names : one per decision
    """
    layout = layout_of(problem, pieces)
    model = pulp.LpProblem("allocation", pulp.LpMaximize)
    made = _add_variables(model, problem, pieces, names, firm)
    worth = piece_worth(problem, pieces)
    model += (
        pulp.lpSum(worth[number] * column for number, column in enumerate(made.piece))
        - pulp.lpSum(problem.price[one] * column for one, column in enumerate(made.spend))
        - pulp.lpSum(problem.price[one] * problem.opening[one] * column for one, column in made.gate.items())
        + pulp.lpSum(problem.risk * column for column in made.worst)
        - pulp.lpSum(problem.risk / (TAIL * layout.scenarios) * column for column in made.short)
        + constant_worth(problem, pieces)
    )
    for number, limit in enumerate(problem.limits):
        _add_limit(model, f"limit_{number}_{limit.name}", limit, pieces, made)
    _add_links(model, problem, pieces, made)
    for one, column in made.gate.items():
        lot = max(problem.lot[one], problem.lower[one])
        model += made.spend[one] <= problem.upper[one] * column, f"closed_{one}_spends_nothing"
        model += made.spend[one] >= lot * column, f"open_{one}_spends_its_lot"
    for part, column in made.full.items():
        model += made.piece[part] >= pieces.length[part] * column, f"full_{part}_is_full"
        for later in _pieces_after(pieces, part):
            model += made.piece[later] <= pieces.length[later] * column, f"{later}_waits_for_{part}"
    for draw, column in enumerate(made.short):
        rate = problem.worth[pieces.place] * pieces.slope[1 + draw]
        outcome = pulp.lpSum(rate[part] * other for part, other in enumerate(made.piece))
        outcome += float(problem.worth @ pieces.origin[1 + draw])
        model += outcome + column - made.worst[0] >= 0, f"scenario_{draw}"
    return model, made.listed()


def _add_variables(
    model: pulp.LpProblem, problem: Allocation, pieces: Pieces, names: list[str], firm: NDArray[np.bool_] | None
) -> Variables:
    least, most = piece_bounds(problem, pieces, firm=firm)
    kind = pulp.LpInteger if problem.whole else pulp.LpContinuous
    bounds = zip(names, problem.lower, problem.upper, strict=True)
    parts = zip(pieces.place, least, most, strict=True)
    draws = len(problem.scenarios) if problem.risk else 0
    return Variables(
        spend=[model.add_variable(f"spend_{one}_{name}", low, up, kind) for one, (name, low, up) in enumerate(bounds)],
        gate={
            int(one): model.add_variable(f"open_{one}_{names[one]}", int(problem.lower[one] > 0), 1, pulp.LpInteger)
            for one in problem.gated
        },
        piece=[
            model.add_variable(f"piece_{part}_of_curve_{place}", _or_none(low), _or_none(high))
            for part, (place, low, high) in enumerate(parts)
        ],
        full={
            int(part): model.add_variable(f"full_{part}", 0, 1, pulp.LpInteger)
            for part in np.flatnonzero(pieces.convex)
        },
        worst=[model.add_variable("threshold_of_the_worst")] if draws else [],
        short=[model.add_variable(f"shortfall_{draw}", 0) for draw in range(draws)],
    )


def _add_limit(model: pulp.LpProblem, name: str, limit: Limit, pieces: Pieces, made: Variables) -> None:
    use = pulp.lpSum(limit.spend[one] * column for one, column in enumerate(made.spend))
    if limit.opening is not None:
        use += pulp.lpSum(limit.opening[one] * column for one, column in made.gate.items())
    if limit.response is not None:
        rate = limit.response[pieces.place] * pieces.slope[0]
        use += pulp.lpSum(rate[part] * column for part, column in enumerate(made.piece))
        use += float(limit.response @ pieces.origin[0])
    if limit.lower == limit.upper:
        model += use == limit.upper, name
    elif np.isfinite(limit.upper):
        model += use <= limit.upper, name
    else:
        model += use >= limit.lower, name


def _add_links(model: pulp.LpProblem, problem: Allocation, pieces: Pieces, made: Variables) -> None:
    own: list[list[pulp.LpVariable]] = [[] for _ in range(len(problem.curves))]
    for place, column in zip(pieces.place, made.piece, strict=True):
        own[place].append(column)
    for curve, first in enumerate(_first_points(pieces)):
        row = problem.mixing.getrow(curve)
        spent = pulp.lpSum(rate * made.spend[one] for one, rate in zip(row.indices, row.data, strict=True))
        model += pulp.lpSum(own[curve]) - spent == problem.before[curve] - first, f"pieces_of_{curve}_add_up"


def _or_none(bound: float) -> float | None:
    return float(bound) if abs(bound) < INFINITE else None
