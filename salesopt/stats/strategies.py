"""Strategies by score: draws of a panel's weights, ranks with their probability, and which factor decides."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from salesopt.stats.raters import draw

Array = NDArray[np.float64]


def draw_weights(
    factors: pd.DataFrame, influence: pd.DataFrame, draws: int, seed: int
) -> tuple[list[tuple[str, str]], Array]:
    """The factors as (matrix, factor) and draws x factors of panel weights, as other raters might have weighed them.

    factors   : quadrant, factor, matrix, weight; of a factor in two quadrants of one matrix the heavier counts
    influence : rater, quadrant, factor, weight - each rater's deviation from the panel's weight
    """
    heavy = factors.sort_values("weight", ascending=False, kind="stable").drop_duplicates(["matrix", "factor"])
    known = list(zip(heavy["matrix"], heavy["factor"], strict=True))
    order = pd.MultiIndex.from_frame(heavy[["quadrant", "factor"]])
    sheet = influence.pivot_table(
        index="rater", columns=["quadrant", "factor"], values="weight", dropna=False, sort=False
    )
    deviation = np.nan_to_num(sheet.reindex(columns=order).to_numpy(dtype=float))
    weight = heavy["weight"].to_numpy(dtype=float)
    return known, np.maximum(draw(weight, deviation, draws=draws, seed=seed), 0.0)


def rank_by(names: list[str], total: Array, sheets: Array, confidence: float, column: str) -> pd.DataFrame:
    """strategy, <column>, low, high, rank, first_probability, best first.

    `sheets` is draws x strategies; where all draws are the same (one rater, weights without raters) there is no
    interval.
    """
    low = high = first = np.full(len(names), math.nan)
    if (np.ptp(sheets, axis=0) > 1e-9 * np.abs(total).max()).any():
        side = (1 - confidence) / 2
        low, high = np.quantile(sheets, [side, 1 - side], axis=0)
        first = np.bincount(sheets.argmax(axis=1), minlength=len(names)) / len(sheets)
    table = pd.DataFrame({"strategy": names, column: total, "low": low, "high": high})
    table["rank"] = table[column].rank(ascending=False, method="min").astype(int)
    table["first_probability"] = first
    return table.sort_values("rank", kind="stable", ignore_index=True)


def tell_decisive(sheet: pd.DataFrame, weights: pd.Series, first: str, second: str) -> pd.DataFrame:
    """How much each factor speaks for the first strategy over the second, and the weight at which they tie."""
    weight = weights.loc[sheet.index].to_numpy()
    gap = (sheet[first] - sheet[second]).to_numpy()
    margin = float(weight @ gap)
    tie = weight - np.divide(margin, gap, out=np.full(len(gap), np.nan), where=gap != 0)
    table = pd.DataFrame(
        {
            "factor": sheet.index,
            "lead": weight * gap,
            "weight": weight,
            "weight_to_tie": np.where(tie >= 0, tie, np.nan),
        }
    )
    return table.sort_values("lead", ascending=False, kind="stable", ignore_index=True)
