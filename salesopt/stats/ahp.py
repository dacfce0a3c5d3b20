"""Weights from pairwise judgements (analytic hierarchy process): eigenvector or geometric mean, gaps allowed.

A judgement matrix holds at [i, j] how many times more important item i is than item j, its reciprocal at [j, i],
1 on the diagonal and nan where nobody judged.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from salesopt.errors import ParameterError

Array = NDArray[np.float64]
METHODS = ("eigenvector", "geometric")
RANDOM_INDEX = {
    "alonso_lamata": (
        0.5245,
        0.8815,
        1.1086,
        1.2479,
        1.3417,
        1.4056,
        1.4499,
        1.4854,
        1.5141,
        1.5365,
        1.5551,
        1.5713,
        1.5838,
    ),
    "saaty": (0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49, 1.51, 1.48, 1.56, 1.57, 1.59),
}
SCALE = np.array([1 / 9, 1 / 8, 1 / 7, 1 / 6, 1 / 5, 1 / 4, 1 / 3, 1 / 2, 1, 2, 3, 4, 5, 6, 7, 8, 9])


def weigh(matrix: Array, method: str = "eigenvector") -> Array:
    """Weights of the items, summing to 1.

    "eigenvector": the principal eigenvector (Saaty, 1977, J. Math. Psychology 15); gaps as in Harker (1987, Math.
    Modelling 9): a missing ratio is the ratio of the weights themselves. "geometric": logarithmic least squares,
    which for a full matrix is the geometric mean of each row (Crawford and Williams, 1985); gaps as in Bozoki, Fulop
    and Ronyai (2010). Raises ParameterError for another method or where the judgements do not connect all items.
    """
    if method not in METHODS:
        raise ParameterError(f"method is one of {', '.join(METHODS)}, not {method!r}")
    if not connected(matrix):
        raise ParameterError("the judgements do not connect all items")
    return _eigen(matrix)[1] if method == "eigenvector" else _geometric(matrix)


def connected(matrix: Array) -> bool:
    """Whether every item can be reached from the first over judgements."""
    return len(reached(matrix)) == len(matrix)


def reached(matrix: Array) -> list[int]:
    """The items that judgements connect with the first one, itself included."""
    known = ~np.isnan(matrix)
    seen = np.zeros(len(matrix), dtype=bool)
    seen[0] = True
    for _ in range(len(matrix)):
        seen = seen | known[seen].any(axis=0)
    return [int(at) for at in np.flatnonzero(seen)]


def missing_pairs(matrix: Array) -> int:
    """Pairs without a judgement."""
    return int(np.isnan(matrix).sum() // 2)


def largest_eigenvalue(matrix: Array) -> float:
    """The principal eigenvalue; with gaps that of the matrix filled up with the ratios of its own weights."""
    return _eigen(matrix)[0]


def consistency_index(matrix: Array) -> float:
    """(lambda_max - n) / (n - 1); 0 with fewer than three items."""
    items = len(matrix)
    if items < 3:
        return 0.0
    return max(largest_eigenvalue(matrix) - items, 0.0) / (items - 1)  # the eigenvalue is at least n but for rounding


def random_index(items: int, missing: int = 0, table: str = "alonso_lamata") -> float:
    """Mean consistency index of random judgements, the yardstick of the consistency ratio.

    "alonso_lamata": Alonso and Lamata (2006, Int. J. Uncertainty, Fuzziness and Knowledge-Based Systems 14), 100,000
    and more random matrices per size; "saaty": Saaty (1980). With gaps it falls in proportion to the cycles that are
    left: 1 - 2 missing / ((n - 1)(n - 2)) (Agoston and Csato, 2022, Omega 108). nan with fewer than 3 items, more
    than 15, or so many gaps that nothing is judged twice.
    """
    if table not in RANDOM_INDEX:
        raise ParameterError(f"random_index is one of {', '.join(RANDOM_INDEX)}, not {table!r}")
    if not 3 <= items <= 15:
        return math.nan
    left = 1 - 2 * missing / ((items - 1) * (items - 2))
    return RANDOM_INDEX[table][items - 3] * left if left > 1e-9 else math.nan


def consistency_ratio(matrix: Array, table: str = "alonso_lamata") -> float:
    """Consistency index over the random index: up to 0.10 is usual to accept (Saaty). nan where it says nothing."""
    index = random_index(len(matrix), missing_pairs(matrix), table)
    return consistency_index(matrix) / index if index == index else math.nan


def judgements_to_mend(matrix: Array, table: str = "alonso_lamata") -> list[tuple[int, int, float, float, float]]:
    """Each judgement with the ratio that the other judgements imply, the one that helps most first.

    Rows are (i, j, ratio given, ratio implied, consistency ratio with the implied one in its place), i < j. The
    implied ratio is that of the weights which the other judgements give (the judgement is taken as missing). A
    judgement without which the items fall apart is left out: nothing else speaks about it.
    """
    rows = []
    for left, right in zip(*np.triu_indices(len(matrix), 1), strict=True):
        given = matrix[left, right]
        without = matrix.copy()
        without[left, right] = without[right, left] = math.nan
        if np.isnan(given) or not connected(without):
            continue
        weight = _eigen(without)[1]
        implied = float(weight[left] / weight[right])
        without[left, right], without[right, left] = implied, 1 / implied
        rows.append((int(left), int(right), float(given), implied, consistency_ratio(without, table)))
    return sorted(rows, key=lambda row: (row[4], -abs(math.log(row[2] / row[3]))))


def nearest_on_scale(ratio: float) -> float:
    """The step of Saaty's scale (1/9 .. 1 .. 9) nearest to `ratio`, on the logarithmic scale."""
    return float(SCALE[np.abs(np.log(SCALE) - math.log(ratio)).argmin()])


def reversals(matrix: Array, method: str = "eigenvector") -> list[tuple[int, int, int]]:
    """Pairs whose order turns round when a third item is left out: (left out, was ahead, then behind)."""
    items = len(matrix)
    full = weigh(matrix, method)
    found = []
    for out in range(items if items > 2 else 0):
        keep = [item for item in range(items) if item != out]
        rest = matrix[np.ix_(keep, keep)]
        if not connected(rest):
            continue
        less = dict(zip(keep, weigh(rest, method), strict=True))
        found += [
            (out, ahead, behind)
            for ahead in keep
            for behind in keep
            if full[ahead] > full[behind] * (1 + 1e-9) and less[ahead] < less[behind] * (1 - 1e-9)
        ]
    return found


def together(matrices: Array) -> Array:
    """One matrix of several raters' (raters x items x items): the geometric mean of the ratios given.

    The only mean that keeps reciprocals reciprocal (Aczel and Saaty, 1983, J. Math. Psychology 27).
    """
    given = ~np.isnan(matrices)
    total = np.where(given, np.log(np.where(given, matrices, 1.0)), 0.0).sum(axis=0)
    count = given.sum(axis=0)
    return np.where(count > 0, np.exp(total / np.maximum(count, 1)), np.nan)


def _eigen(matrix: Array) -> tuple[float, Array]:
    """Principal eigenvalue and eigenvector (summing to 1) of the matrix, Harker's way with gaps."""
    gaps = np.isnan(matrix)
    filled = np.where(gaps, 0.0, matrix) + np.diag(gaps.sum(axis=1).astype(float))
    values, vectors = np.linalg.eig(filled)
    first = int(values.real.argmax())
    vector = np.abs(vectors[:, first].real)
    return float(values[first].real), vector / vector.sum()


def _geometric(matrix: Array) -> Array:
    known = ~np.isnan(matrix)
    np.fill_diagonal(known, False)
    laplacian = np.diag(known.sum(axis=1)).astype(float) - known
    right = np.where(known, np.log(np.where(known, matrix, 1.0)), 0.0).sum(axis=1)
    logs = np.linalg.lstsq(laplacian, right, rcond=None)[0]
    weight = np.exp(logs - logs.max())
    return weight / weight.sum()
