"""Priorities: what matters how much, from pairwise judgements (AHP), and weights of SWOT factors from them (A'WOT)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from salesopt.errors import DataError, ParameterError, Problem
from salesopt.stats import ahp
from salesopt.stats.comparisons import matrices_of, refuse_contradictions
from salesopt.stats.raters import deviations, draw, interval, rank_shares, standard_errors
from salesopt.stats.result import Result
from salesopt.study.tables import require_table

Array = NDArray[np.float64]
TOP = "groups"
ACCEPTABLE = 0.10


@dataclass(frozen=True, eq=False, repr=False)
class Priorities(Result):
    """What `priorities` found.

    weights        : group, item, weight (fraction of its group), low, high (interval over raters), rank (1 = most
                     important), rank_probability (that it holds this rank before another panel of raters), raters
    consistency    : group, items, judgements (pairs judged), missing (pairs not judged), lambda_max, ci, cr
                     (fraction), random_index, acceptable (cr at most 0.10; missing where cr says nothing)
    mends          : group, left, right, ratio (as judged), implied (ratio the other judgements imply), on_scale
                     (nearest step of the 1/9 .. 9 scale), cr, cr_mended - the judgement of each group whose mending
                     lowers cr most
    raters         : group, rater, judgements, cr, distance (how many times off the group's weights the rater's ratios
                     are, 1 = none)
    reversals      : group, left_out, ahead, behind - pairs whose order turns round when a third item is left out
    global_weights : group, item, group_weight, local_weight, weight, rank - group x local (A'WOT); no rows without a
                     group named "groups"
    skipped        : item, reason - what gave no answer
    cautions       : when not to trust it
    method         : "eigenvector" or "geometric"
    confidence     : level of the intervals, a fraction
    """

    weights: pd.DataFrame
    consistency: pd.DataFrame
    mends: pd.DataFrame
    raters: pd.DataFrame
    reversals: pd.DataFrame
    global_weights: pd.DataFrame
    skipped: pd.DataFrame
    cautions: tuple[str, ...]
    method: str
    confidence: float


def priorities(
    comparisons: pd.DataFrame | None,
    *,
    method: str = "eigenvector",
    random_index: str = "alonso_lamata",
    confidence: float = 0.95,
    draws: int = 2000,
    seed: int = 0,
) -> Priorities:
    """Weigh the items of each group from raters' pairwise judgements, and say how consistent the judgements are.

    `comparisons` is the table of that name: rater, group, left, right, ratio (how many times more important left is
    than right, 1/9 to 9); not every pair need be judged. Raters are joined by the geometric mean of their ratios.
    Where a group is called "groups", its items are the other groups and the global weight of an item is its group's
    weight x its own (A'WOT, Kurttila et al., 2000, Forest Policy and Economics 1). Methods, random index and their
    sources: see `salesopt.stats.ahp`. The intervals leave out one rater at a time, on the logarithm of the weights.

    Without `comparisons` (a study without that table) the result is empty and says so.

    Raises DataError where the table is not valid, an item is judged against itself, a rater gave one pair two ratios
    that contradict each other, or the judgements of a group do not connect all its items; ParameterError for unknown
    options.
    """
    if not 0 < confidence < 1:
        raise ParameterError(f"confidence lies between 0 and 1, not {confidence}")
    if method not in ahp.METHODS:
        raise ParameterError(f"method is one of {', '.join(ahp.METHODS)}, not {method!r}")
    ahp.random_index(3, 0, random_index)
    if comparisons is None:
        return _empty(method, confidence)
    table = require_table("comparisons", comparisons)
    refuse_contradictions(table)
    parts = [
        _group(str(group), rows, method, random_index, confidence, draws, seed)
        for group, rows in table.groupby("group", sort=False)
    ]
    joined = {
        name: pd.DataFrame([row for part in parts for row in part[name]], columns=COLUMNS[name]) for name in COLUMNS
    }
    weights = joined["weights"]
    global_weights = combine_priorities(weights) if TOP in set(weights["group"]) else _no_global()
    cautions = _cautions(table, joined, global_weights)
    return Priorities(
        weights=joined["weights"],
        consistency=joined["consistency"],
        mends=joined["mends"],
        raters=joined["raters"],
        reversals=joined["reversals"],
        global_weights=global_weights,
        skipped=joined["skipped"],
        cautions=cautions,
        method=method,
        confidence=confidence,
    )


COLUMNS: dict[str, list[str]] = {
    "weights": ["group", "item", "weight", "low", "high", "rank", "rank_probability", "raters"],
    "consistency": [
        "group", "items", "judgements", "missing", "lambda_max", "ci", "cr", "random_index", "acceptable"
    ],
    "mends": ["group", "left", "right", "ratio", "implied", "on_scale", "cr", "cr_mended"],
    "raters": ["group", "rater", "judgements", "cr", "distance"],
    "reversals": ["group", "left_out", "ahead", "behind"],
    "skipped": ["item", "reason"],
}  # fmt: skip


def combine_priorities(weights: pd.DataFrame) -> pd.DataFrame:
    """Global weights from a table of group, item, weight whose group "groups" holds the weights of the other groups.

    Returns group, item, group_weight, local_weight, weight (their product), rank. Raises DataError where a group has
    no weight.
    """
    top = weights[weights["group"] == TOP].set_index("item")["weight"]
    below = weights.loc[weights["group"] != TOP, ["group", "item", "weight"]].rename(columns={"weight": "local_weight"})
    absent = [str(group) for group in below["group"].unique() if group not in top.index]
    empty = [str(group) for group in top.index if group not in set(below["group"])] if len(below) else []
    problems = [
        Problem("comparisons", "group", None, repr(group), "a group that 'groups' compares") for group in absent
    ]
    problems += [
        Problem("comparisons", "left", None, repr(group), "a group with judgements of its own") for group in empty
    ]
    if problems:
        raise DataError(problems)
    below.insert(2, "group_weight", below["group"].map(top).astype(float))
    below["weight"] = below["group_weight"] * below["local_weight"]
    below["rank"] = below["weight"].rank(ascending=False, method="min").astype(int)
    return below.sort_values("weight", ascending=False, kind="stable", ignore_index=True)


def _empty(method: str, confidence: float) -> Priorities:
    tables = {name: pd.DataFrame(columns=columns) for name, columns in COLUMNS.items()}
    tables["skipped"] = pd.DataFrame([("comparisons", "the study has no such table")], columns=COLUMNS["skipped"])
    return Priorities(**tables, global_weights=_no_global(), cautions=(), method=method, confidence=confidence)


def _no_global() -> pd.DataFrame:
    return pd.DataFrame(columns=["group", "item", "group_weight", "local_weight", "weight", "rank"])


def _group(
    group: str, rows: pd.DataFrame, method: str, random_index: str, confidence: float, draws: int, seed: int
) -> dict[str, list[dict[str, object]]]:
    items = [str(item) for item in pd.unique(rows[["left", "right"]].to_numpy().ravel())]
    raters, matrices = matrices_of(rows, items)
    matrix = ahp.together(matrices)
    if not ahp.connected(matrix):
        apart = [item for at, item in enumerate(items) if at not in ahp.reached(matrix)]
        expected = f"judgements in group {group!r} that connect it with {items[0]!r}"
        raise DataError([Problem("comparisons", "left", None, repr(item), expected) for item in apart])
    weight = ahp.weigh(matrix, method)
    named = [
        (items[a], items[b], ratio, implied, cr)
        for a, b, ratio, implied, cr in ahp.judgements_to_mend(matrix, random_index)
    ]
    cr, missing = ahp.consistency_ratio(matrix, random_index), ahp.missing_pairs(matrix)
    mends: list[dict[str, object]] = [
        {"group": group, "left": a, "right": b, "ratio": ratio, "implied": implied,
         "on_scale": ahp.nearest_on_scale(implied), "cr": cr, "cr_mended": mended}
        for a, b, ratio, implied, mended in named[:1] if cr > 1e-9
    ]  # fmt: skip
    consistency: dict[str, object] = {
        "group": group, "items": len(items), "judgements": len(items) * (len(items) - 1) // 2 - missing,
        "missing": missing, "lambda_max": ahp.largest_eigenvalue(matrix), "ci": ahp.consistency_index(matrix), "cr": cr,
        "random_index": ahp.random_index(len(items), missing, random_index),
        "acceptable": None if math.isnan(cr) else bool(cr <= ACCEPTABLE),
    }  # fmt: skip
    turned: list[dict[str, object]] = [
        {"group": group, "left_out": items[out], "ahead": items[ahead], "behind": items[behind]}
        for out, ahead, behind in ahp.reversals(matrix, method)
    ]
    weights, skipped = _weights(group, items, matrices, weight, method, confidence, draws, seed)
    if math.isnan(cr):
        reason = (
            "nothing is judged twice over, so consistency cannot be told"
            if len(items) <= 15
            else "more than 15 items: no random index"
        )
        skipped.append({"item": f"{group}: consistency ratio", "reason": reason})
    judged = [_rater(group, rater, own, weight, random_index) for rater, own in zip(raters, matrices, strict=True)]
    return {
        "weights": weights, "consistency": [consistency], "mends": mends, "reversals": turned, "skipped": skipped,
        "raters": judged,
    }  # fmt: skip


def _weights(
    group: str, items: list[str], matrices: Array, weight: Array, method: str, confidence: float, draws: int, seed: int
) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """Rows of the weights with intervals from leaving out one rater at a time, and rows of `skipped`."""
    raters = len(matrices)
    unknown = np.full(len(items), np.nan)

    def log_weights(take: Array) -> Array:
        joint = [ahp.together(matrices[row > 0]) for row in take]
        return np.array([np.log(ahp.weigh(one, method)) if ahp.connected(one) else unknown for one in joint])

    logs, deviation = deviations(log_weights, raters)
    low, high = interval(logs, standard_errors(deviation), raters - 1, confidence)
    held = unknown
    rank = (-weight).argsort(kind="stable").argsort(kind="stable")
    skipped: list[dict[str, object]] = []
    if np.isfinite(deviation).all():
        held = rank_shares(draw(logs, deviation, draws=draws, seed=seed))[range(len(items)), rank]
    else:
        reason = "one rater only" if raters < 2 else "without one of the raters the judgements do not connect all items"
        skipped.append({"item": f"{group}: intervals of the weights", "reason": reason})
    rows: list[dict[str, object]] = [
        {"group": group, "item": items[at], "weight": weight[at], "low": math.exp(low[at]), "high": math.exp(high[at]),
         "rank": int(rank[at]) + 1, "rank_probability": held[at], "raters": raters}
        for at in rank.argsort()
    ]  # fmt: skip
    return rows, skipped


def _rater(group: str, rater: str, own: Array, weight: Array, random_index: str) -> dict[str, object]:
    """One rater's consistency, and how far the rater's ratios lie from the group's weights."""
    above = np.triu_indices(len(own), 1)
    off = np.abs(np.log(own * weight[None, :] / weight[:, None]))[above]
    known = np.isfinite(off)
    cr = ahp.consistency_ratio(own, random_index) if ahp.connected(own) else math.nan
    distance = math.exp(off[known].mean()) if known.any() else math.nan
    return {"group": group, "rater": rater, "judgements": int(known.sum()), "cr": cr, "distance": distance}


def _cautions(table: pd.DataFrame, joined: dict[str, pd.DataFrame], global_weights: pd.DataFrame) -> tuple[str, ...]:
    cautions = []
    beyond = int(((table["ratio"] > 9.001) | (table["ratio"] < 0.11)).sum())
    if beyond:
        cautions.append(
            f"{beyond} of {len(table)} ratios lie outside 1/9 to 9, the scale the random index was made for."
        )
    consistency, raters = joined["consistency"], joined["raters"]
    for row in consistency[consistency["acceptable"].eq(False)].itertuples():
        cautions.append(
            f"{row.group}: the judgements contradict each other "
            f"(consistency ratio {row.cr:.2f}, usual limit {ACCEPTABLE:.2f}); ask again before using these weights."
        )
    hidden = raters[
        (raters["cr"] > ACCEPTABLE)
        & ~raters["group"].isin(consistency.loc[consistency["acceptable"].eq(False), "group"])
    ]
    if len(hidden):
        names = "; ".join(f"{group}: {', '.join(rows['rater'])}" for group, rows in hidden.groupby("group", sort=False))
        cautions.append(
            f"The groups' means hide contradictions in the judgements of single raters ({names}; "
            f"consistency ratio above {ACCEPTABLE:.2f})."
        )
    turned = joined["reversals"]
    if len(turned):
        first = turned.to_dict("records")[0]
        others = turned["group"].drop_duplicates().size - 1
        cautions.append(
            f"The order of close items hangs on what they are compared with: in {first['group']}, "
            f"without {first['left_out']}, {first['behind']} comes before {first['ahead']}"
            + (f"; likewise in {others} other groups." if others else ".")
        )
    if len(global_weights) and global_weights.groupby("group").size().drop_duplicates().size > 1:
        cautions.append(
            "Groups with more items give each item less: compare global weights across groups with that in mind."
        )
    return tuple(cautions)
