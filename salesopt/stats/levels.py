"""Levels of skill from ratings, with the error that raters' disagreement implies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import t as student

TOP = 4.0
HALF = 0.5


@dataclass(frozen=True, eq=False)
class Levels:
    """Ratings put together.

    table      : rep, skill, level (mean of the raters), std_error, raters
    noise      : standard deviation of one rating about the person's level, levels
    measured   : whether `noise` comes from raters who rated the same skill of the same person, or was assumed
    self_bias  : by how much people rate themselves above what others give them, levels; nan where it can't be told
    self_low, self_high : its 95 % interval
    self_pairs : ratings it rests on
    """

    table: pd.DataFrame
    noise: float
    measured: bool
    self_bias: float
    self_low: float
    self_high: float
    self_pairs: int


def estimate_levels(skills: pd.DataFrame, *, noise: float) -> Levels:
    """Levels and their standard errors from the checked table `skills`.

    Where several raters rated the same skill of the same person, one rating's error is the pooled standard deviation
    within these (one-way analysis of variance, at least 10 degrees of freedom); else it is `noise`.
    """
    groups = skills.groupby(["rep", "skill"])["level"]
    table = groups.agg(level="mean", raters="size").reset_index()
    spread = groups.var(ddof=0).to_numpy() * table["raters"].to_numpy()
    freedom = int((table["raters"] - 1).sum())
    measured = freedom >= 10
    error = float(np.sqrt(spread.sum() / freedom)) if measured else noise
    table["std_error"] = error / np.sqrt(table["raters"])
    bias, low, high, pairs = _self_bias(skills)
    return Levels(table[["rep", "skill", "level", "std_error", "raters"]], error, measured, bias, low, high, pairs)


def _self_bias(skills: pd.DataFrame) -> tuple[float, float, float, int]:
    """Mean over people of own rating less the mean of others' for the same skill, with a Student interval."""
    nothing = (float("nan"), float("nan"), float("nan"), 0)
    if "rater" not in skills:
        return nothing
    own = skills["rater"] == skills["rep"]
    others = skills[~own & skills["rater"].notna()].groupby(["rep", "skill"])["level"].mean().rename("others")
    pairs = skills[own].join(others, on=["rep", "skill"], how="inner")
    each = (pairs["level"] - pairs["others"]).groupby(pairs["rep"]).mean()
    if len(each) < 3:
        return nothing
    middle = float(each.mean())
    width = float(student.ppf(0.975, len(each) - 1) * each.std(ddof=1) / np.sqrt(len(each)))
    return middle, middle - width, middle + width, len(pairs)


def draw_levels(level: np.ndarray, std_error: np.ndarray, *, draws: int, seed: int) -> np.ndarray:
    """`draws` x people x skills: levels that the ratings leave possible, normal about each, kept inside 0 to 4."""
    random = np.random.default_rng(seed)
    return np.clip(level + std_error * random.standard_normal((draws, *level.shape)), 0.0, TOP)


def reaches(level: np.ndarray, need: np.ndarray) -> np.ndarray:
    """Whether a level fills a need on the whole-level scale: a mean of 2.5 counts as 3."""
    return level >= need - HALF - 1e-9
