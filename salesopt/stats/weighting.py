"""Weighted scores and the weights at which another option wins: exact thresholds, least shifts, acceptability."""

from __future__ import annotations

import numpy as np
from scipy.optimize import linprog

TIE = 1e-12


def weighted_score(points: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Score of each option: `points` (options x criteria) times `weights` (they sum to one)."""
    return points @ weights


def winners_along(points: np.ndarray, weights: np.ndarray, criterion: int) -> list[tuple[float, float, int]]:
    """Who wins while the weight of one criterion goes from 0 to 1 and the others keep their proportions.

    Returns (from, to, option) for each stretch, in order: the upper envelope of the options' straight lines, so that
    the thresholds are exact. Where all other weights are zero they share the rest equally. Of options that are equal
    on a whole stretch the first is named.
    """
    rest = np.delete(weights, criterion)
    rest = np.full(len(rest), 1 / max(len(rest), 1)) if rest.sum() <= 0 else rest / rest.sum()
    start = np.delete(points, criterion, axis=1) @ rest if len(rest) else points[:, criterion]
    slope = points[:, criterion] - start
    stretches: list[tuple[float, float, int]] = []
    at = 0.0
    best = _leader(start, slope, at)
    while at < 1.0:
        with np.errstate(divide="ignore", invalid="ignore"):
            cross = (start[best] - start) / (slope - slope[best])
        later = np.where((slope > slope[best] + TIE) & (cross > at + TIE) & (cross < 1.0 - TIE), cross, np.inf)
        end = min(float(later.min()), 1.0)
        stretches.append((at, end, best))
        at = end
        best = _leader(start, slope, at)
    return stretches


def _leader(start: np.ndarray, slope: np.ndarray, at: float) -> int:
    """Who leads just after the weight `at`: the highest line, of equals the steepest, of these the first."""
    height = start + at * slope
    level = np.flatnonzero(height >= height.max() - 1e-10)
    steepest = slope[level] >= slope[level].max() - TIE
    return int(level[steepest][0])


def least_shift(points: np.ndarray, weights: np.ndarray, rival: int) -> tuple[float, np.ndarray]:
    """The least weight that has to move for `rival` to come level with every other option.

    Returns (share of all weight that moves from some criteria to others, the weights then); (nan, nans) where no
    weights at all let it win. A linear programme: min sum |w - weights| / 2 with sum w = 1, w >= 0.
    """
    count = len(weights)
    others = np.delete(points, rival, axis=0) - points[rival]
    cost = np.concatenate([np.zeros(count), np.full(count, 0.5)])
    level = np.hstack([others, np.zeros((len(others), count))])
    eye = np.eye(count)
    size = np.vstack([np.hstack([eye, -eye]), np.hstack([-eye, -eye])])
    answer = linprog(
        cost,
        A_ub=np.vstack([level, size]),
        b_ub=np.concatenate([np.zeros(len(others)), weights, -weights]),
        A_eq=np.concatenate([np.ones(count), np.zeros(count)])[None, :],
        b_eq=[1.0],
        bounds=[(0, 1)] * count + [(0, None)] * count,
        method="highs",
    )
    if not answer.success:
        return float("nan"), np.full(count, np.nan)
    return float(answer.fun), answer.x[:count]


def acceptability(points: np.ndarray, *, draws: int, seed: int) -> np.ndarray:
    """Share of all possible weights under which each option wins (SMAA's first-rank acceptability index).

    Weights are drawn evenly from all that sum to one (Lahdelma, Hokkanen and Salminen 1998, European Journal of
    Operational Research 106). With `draws` draws the standard error is at most 0.5 / sqrt(draws). Ties go to the first.
    """
    drawn = np.random.default_rng(seed).dirichlet(np.ones(points.shape[1]), draws)
    best = np.argmax(drawn @ points.T, axis=1)
    return np.bincount(best, minlength=len(points)) / draws
