"""HiGHS as the package uses it: silent, on one thread, and given a programme by its matrix."""

from __future__ import annotations

import highspy
import numpy as np
from scipy import sparse

from salesopt.stats.matching import Flags, Numbers


class Highs(highspy.Highs):
    """HiGHS without its Python callbacks: setting these up prints a banner that no option turns off."""

    def __init__(self) -> None:
        super(highspy.Highs, self).__init__()


def quiet_solver(*, gap: float | None = None) -> highspy.Highs:
    """HiGHS that prints nothing, on one thread with a fixed seed; `gap` is the relative gap at which it may stop."""
    solver = Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    solver.setOptionValue("random_seed", 0)
    if gap is not None:
        solver.setOptionValue("mip_rel_gap", gap)
    return solver


def linear_model(
    matrix: sparse.csc_matrix,
    cost: Numbers,
    lower: Numbers,
    upper: Numbers,
    *,
    least: float | Numbers = 0.0,
    most: float | Numbers = np.inf,
    whole: Flags | None = None,
) -> highspy.HighsLp:
    """The least `cost` of columns between `least` and `most` with matrix @ columns between `lower` and `upper`.

    whole : which columns take whole values only; None for none
    """
    model = highspy.HighsLp()
    model.num_row_, model.num_col_ = matrix.shape
    model.col_cost_ = cost
    model.col_lower_, model.col_upper_ = (np.broadcast_to(ends, len(cost)).astype(float) for ends in (least, most))
    model.row_lower_, model.row_upper_ = lower, upper
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_, model.a_matrix_.index_ = matrix.indptr, matrix.indices
    model.a_matrix_.value_ = matrix.data
    if whole is not None and whole.any():
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        model.integrality_ = [kinds[int(one)] for one in whole]
    return model


def begin_from(solver: highspy.Highs, values: Numbers) -> None:
    """Tell the solver a solution that is known: the values of the first columns."""
    solver.setSolution(len(values), np.arange(len(values), dtype=np.int32), np.asarray(values, dtype=float))


def begin_anew(solver: highspy.Highs) -> highspy.HighsStatus:
    """Forget the last solve, before a programme with whole columns is solved again after a change.

    HiGHS 1.16 may else give back the whole columns of the solve before beside the optimum of this one.
    """
    return solver.clearSolver()
