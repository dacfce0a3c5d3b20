"""Linear and mixed-integer programmes as arrays, solved by HiGHS: optimum, shadow prices in textbook signs, ranging.

A programme maximises `offset + cost @ x` subject to `row_lower <= matrix @ x <= row_upper` and `lower <= x <= upper`,
with x whole where `whole` holds. A dual value is always what one more unit of the bound is worth to the maximum.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import highspy
import numpy as np
import pulp
from numpy.typing import NDArray
from scipy import sparse

from salesopt.errors import InfeasibleError, SalesoptError
from salesopt.stats.highs import Highs, begin_anew, linear_model

Numbers = NDArray[np.float64]
INFINITE = highspy.kHighsInf


@dataclass(frozen=True, eq=False)
class Programme:
    """A maximisation with bounds on rows and columns; see the head of this module."""

    cost: Numbers
    lower: Numbers
    upper: Numbers
    whole: NDArray[np.bool_]
    matrix: sparse.csc_matrix
    row_lower: Numbers
    row_upper: Numbers
    offset: float = 0.0


@dataclass(frozen=True, eq=False)
class Solution:
    """An optimum of a programme.

    values    : the columns              objective : the maximum           bound : proven upper bound of the maximum
    row_dual  : worth of one more unit of each row's active bound (nan for a programme with whole columns)
    reduced   : worth of one more unit of each column, everything else moving as best it can
    """

    values: Numbers
    objective: float
    bound: float
    row_dual: Numbers
    reduced: Numbers


class NoSolution(SalesoptError):
    """The solver stopped without an optimum: `status` says why in the solver's words."""

    exit_code = 1


class Solver:
    """A programme kept in HiGHS, so that the next solve after a small change starts from the last optimum.

    seconds : after which one solve of a programme with whole columns stops at the best plan found; its `bound` says
              how good that is at least. A programme without whole columns is always solved to the end.
    nodes   : the same as a number of branches, which is equal on every machine; None for no such end
    """

    def __init__(
        self, programme: Programme, *, gap: float = 1e-7, seconds: float = 120.0, nodes: int | None = None
    ) -> None:
        self.programme = programme
        self._seconds = seconds if programme.whole.any() else INFINITE
        self._lower, self._upper = programme.lower.copy(), programme.upper.copy()
        self._highs = Highs()
        for option, value in (
            ("output_flag", False),
            ("mip_rel_gap", gap),
            ("threads", 1),
            ("primal_feasibility_tolerance", 1e-9),
            ("dual_feasibility_tolerance", 1e-9),
            ("mip_feasibility_tolerance", 1e-9),
        ):
            _require(self._highs.setOptionValue(option, value), f"option {option}")
        if nodes is not None:
            _require(self._highs.setOptionValue("mip_max_nodes", nodes), "option mip_max_nodes")
        _require(self._highs.passModel(_highs_model(programme)), "model")

    def solve(self) -> Solution:
        """The optimum; raises InfeasibleError where no point meets the rows, NoSolution where none was found."""
        highs = self._highs
        # HiGHS counts the seconds of all solves together, so a sweep would run out of time and keep its last point.
        _require(highs.setOptionValue("time_limit", self._seconds + highs.getRunTime()), "option time_limit")
        whole = bool(self.programme.whole.any())
        if whole:
            _require(begin_anew(highs), "fresh start")
        highs.run()
        status = highs.getModelStatus()
        found = highspy.HighsModelStatus
        if status in (found.kInfeasible, found.kUnboundedOrInfeasible):
            raise InfeasibleError("no point meets all limits")
        if status == found.kUnbounded:
            raise NoSolution("the objective has no upper end")
        solution, info = highs.getSolution(), highs.getInfo()
        cut_short = whole and status in (found.kTimeLimit, found.kSolutionLimit)
        feasible = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
        if status != found.kOptimal and not (cut_short and feasible):
            return solve_with_cbc(self._as_changed())
        rows = len(self.programme.row_lower)
        # The model minimises the negative, hence the signs.
        return Solution(
            values=np.array(solution.col_value),
            objective=-info.objective_function_value,
            bound=-(info.mip_dual_bound if whole else info.objective_function_value),
            row_dual=np.full(rows, np.nan) if whole else -np.array(solution.row_dual),
            reduced=np.full(len(self.programme.cost), np.nan) if whole else -np.array(solution.col_dual),
        )

    def _as_changed(self) -> Programme:
        """The programme with the changes made since."""
        model, given = self._highs.getLp(), self.programme
        return dataclasses.replace(
            given,
            cost=-np.array(model.col_cost_),
            lower=self._lower,
            upper=self._upper,
            row_lower=np.array(model.row_lower_),
            row_upper=np.array(model.row_upper_),
        )

    def is_feasible(self) -> bool:
        """Whether any point meets all rows and bounds."""
        try:
            self.solve()
        except InfeasibleError:
            return False
        return True

    def bound_row(self, row: int, lower: float, upper: float) -> None:
        """Change the bounds of one row."""
        _require(self._highs.changeRowBounds(row, lower, upper), "row bounds")

    def change_lower(self, column: int, lower: float) -> None:
        """Change the lower bound of one column."""
        self._lower[column] = lower
        _require(self._highs.changeColBounds(column, lower, self._upper[column]), "column bounds")

    def change_upper(self, column: int, upper: float) -> None:
        """Change the upper bound of one column."""
        self._upper[column] = upper
        _require(self._highs.changeColBounds(column, self._lower[column], upper), "column bounds")

    def aim(self, cost: Numbers) -> None:
        """Maximise another objective."""
        columns = np.arange(len(cost), dtype=np.int32)
        _require(self._highs.changeColsCost(len(cost), columns, -np.asarray(cost, dtype=float)), "costs")

    def row_range(self, row: int) -> tuple[float, float]:
        """Values of the row's active bound between which the last optimum's basis stays optimal (HiGHS ranging)."""
        ranging = self._ranging()
        return float(ranging.row_bound_dn.value_[row]), float(ranging.row_bound_up.value_[row])

    def column_range(self, column: int) -> tuple[float, float]:
        """The same for the active bound of a column."""
        ranging = self._ranging()
        return float(ranging.col_bound_dn.value_[column]), float(ranging.col_bound_up.value_[column])

    def _ranging(self) -> highspy.HighsRanging:
        status, ranging = self._highs.getRanging()
        _require(status, "ranging")
        return ranging


def solve_programme(programme: Programme, *, gap: float = 1e-7, seconds: float = 120.0) -> Solution:
    """The optimum of `programme`; raises InfeasibleError or NoSolution."""
    return Solver(programme, gap=gap, seconds=seconds).solve()


def solve_with_cbc(programme: Programme) -> Solution:
    """The optimum by CBC, for the rare programme that HiGHS gives up on; raises InfeasibleError or NoSolution."""
    model = pulp.LpProblem("programme", pulp.LpMinimize)
    bounds = zip(programme.lower, programme.upper, programme.whole, strict=True)
    columns = [
        model.add_variable(f"x{number}", _finite(low), _finite(high), pulp.LpInteger if whole else pulp.LpContinuous)
        for number, (low, high, whole) in enumerate(bounds)
    ]
    model += pulp.lpSum(-cost * column for cost, column in zip(programme.cost, columns, strict=True))
    matrix, sides = programme.matrix.tocsr(), []
    for row, (low, high) in enumerate(zip(programme.row_lower, programme.row_upper, strict=True)):
        span = slice(matrix.indptr[row], matrix.indptr[row + 1])
        used = zip(matrix.data[span], matrix.indices[span], strict=True)
        use = pulp.lpSum(float(rate) * columns[column] for rate, column in used)
        sides += [(row, use == low)] if low == high else []
        sides += [(row, use <= high)] if low < high < INFINITE else []
        sides += [(row, use >= low)] if -INFINITE < low < high else []
    for number, (_, constraint) in enumerate(sides):
        model += constraint, f"row{number}"
    status = model.solve(pulp.COIN_CMD(msg=False, path=pulp.apis.PULP_CBC_CMD.pulp_cbc_path))
    if status == pulp.LpStatusInfeasible:
        raise InfeasibleError("no point meets all limits")
    if status != pulp.LpStatusOptimal:
        raise NoSolution(f"neither solver found an optimum: {pulp.LpStatus[status]}")
    row_dual, whole = np.zeros(len(programme.row_lower)), bool(programme.whole.any())
    for (row, _), constraint in zip(sides, model.constraints(), strict=True):
        row_dual[row] -= constraint.pi or 0.0
    values = np.array([column.value() or 0.0 for column in columns])
    objective = programme.offset + float(programme.cost @ values)
    reduced = programme.cost - programme.matrix.T @ row_dual
    nothing = np.nan if whole else 1.0
    return Solution(values, objective, objective, row_dual * nothing, reduced * nothing)


def _finite(bound: float) -> float | None:
    return float(bound) if abs(bound) < INFINITE else None


def with_row(programme: Programme, coefficients: Numbers, lower: float, upper: float) -> Programme:
    """`programme` with one more row, put last."""
    return dataclasses.replace(
        programme,
        matrix=sparse.csc_matrix(sparse.vstack([programme.matrix, sparse.csr_matrix(coefficients[None, :])])),
        row_lower=np.append(programme.row_lower, lower),
        row_upper=np.append(programme.row_upper, upper),
    )


def programme_of(problem: pulp.LpProblem, columns: list[pulp.LpVariable]) -> Programme:
    """A PuLP model as arrays; `columns` gives the order of the variables. The rows keep PuLP's order."""
    place = {variable.name: position for position, variable in enumerate(columns)}
    sign = 1.0 if problem.sense == pulp.LpMaximize else -1.0
    cost = np.zeros(len(columns))
    for variable, coefficient in problem.objective.items():
        cost[place[variable.name]] = sign * coefficient
    entries: list[tuple[int, int, float]] = []
    rows = list(problem.constraints())
    for row, constraint in enumerate(rows):
        entries += [(row, place[variable.name], coefficient) for variable, coefficient in constraint.items()]
    bound = np.array([-constraint.constant for constraint in rows], dtype=float)
    sense = np.array([constraint.sense for constraint in rows], dtype=int)
    table = np.array(entries, dtype=float).reshape(-1, 3)
    places = (table[:, 0].astype(int), table[:, 1].astype(int))
    return Programme(
        cost=cost,
        lower=np.array([-INFINITE if v.lowBound is None else v.lowBound for v in columns], dtype=float),
        upper=np.array([INFINITE if v.upBound is None else v.upBound for v in columns], dtype=float),
        whole=np.array([v.cat != pulp.LpContinuous for v in columns], dtype=bool),
        matrix=sparse.csc_matrix((table[:, 2], places), shape=(len(rows), len(columns))),
        row_lower=np.where(sense == pulp.LpConstraintLE, -INFINITE, bound),
        row_upper=np.where(sense == pulp.LpConstraintGE, INFINITE, bound),
        offset=sign * (problem.objective.constant or 0.0),
    )


def _highs_model(programme: Programme) -> highspy.HighsLp:
    model = linear_model(
        programme.matrix,
        -programme.cost,
        programme.row_lower,
        programme.row_upper,
        least=programme.lower,
        most=programme.upper,
        whole=programme.whole,
    )
    model.offset_ = -programme.offset
    return model


def unit_of(values: Numbers) -> float:
    """The largest of these figures, 1 where all are 0: solvers know figures to a fixed number of decimals only."""
    return float(values.max(initial=0.0)) or 1.0


def _require(status: highspy.HighsStatus, what: str) -> None:
    if status == highspy.HighsStatus.kError:
        raise NoSolution(f"the solver did not accept the {what}")
