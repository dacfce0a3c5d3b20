"""Response curves calibrated from judgement: what is expected at no, half, today's, half more and unlimited effort.

The curve is ADBUDG (Little 1970), in effort relative to today's:

    response(effort) = low + (high - low) * effort**shape / (half + effort**shape)

All functions work on many units at once, one row of `answers` each.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from salesopt.errors import DataError, ParameterError, Problem

Numbers = NDArray[np.float64]
ANSWERS = ("at_none", "at_half", "at_today", "at_plus_half", "at_saturation")
EFFORT = (0.0, 0.5, 1.0, 1.5, 10.0)
METHODS = ("least_squares", "closed_form")
LEAST_SHAPE, MOST_SHAPE = 0.1, 20.0


def adbudg(effort: ArrayLike, low: ArrayLike, high: ArrayLike, shape: ArrayLike, half: ArrayLike) -> Numbers:
    """Response at `effort` (1 is today's): low + (high - low) * effort**shape / (half + effort**shape); broadcasts."""
    power = np.power(np.asarray(effort, dtype=float), shape)
    return np.asarray(low + (np.subtract(high, low)) * power / (np.asarray(half) + power), dtype=float)


def calibrate_judgement(
    answers: pd.DataFrame, *, method: str = "least_squares", saturation_effort: float = EFFORT[-1]
) -> pd.DataFrame:
    """Fit one ADBUDG curve per row of `answers`.

    answers : columns at_none, at_half, at_plus_half, at_saturation (and at_today, 1 where absent): the response
              expected at 0, 0.5, 1.5 times today's effort and at unlimited effort, as a fraction of today's response
              (or in any unit, then give at_today too). The index names the units and comes back.
    method  : "least_squares" puts the curve as near as can be to all five answers, saturation standing at
              `saturation_effort` times today's effort; "closed_form" takes low and high as answered, meets the answer
              for today exactly and takes the shape that meets the answers at half and half more best in log-odds.

    Returns, on the same index: low, high (unit of the answers), shape (no unit), half (effort**shape), scale (effort
    half way between low and high, times today's), error (root mean square of what the curve misses, unit of the
    answers), caution (plain words, "" where none).
    Raises DataError for missing or negative answers, ParameterError for an unknown method.

    Source: Little, "Models and managers: the concept of a decision calculus", Management Science 16 (1970); Lodish,
    Curtis, Ness, Simpson, "Sales force sizing and deployment using a decision calculus model at Syntex", Interfaces 18
    (1988).
    """
    if method not in METHODS:
        raise ParameterError(f"method is one of {', '.join(METHODS)}, not {method!r}")
    if not saturation_effort > EFFORT[-2]:
        raise ParameterError(f"saturation_effort must be above {EFFORT[-2]}, not {saturation_effort!r}")
    given = _checked(answers)
    effort = np.array([*EFFORT[:-1], saturation_effort])
    size = np.maximum(np.abs(given).max(axis=1, keepdims=True), np.finfo(float).tiny)
    fit = _least_squares(given / size, effort) if method == "least_squares" else _closed_form(given / size)
    low, high, shape, half = fit
    low, high = low * size[:, 0], high * size[:, 0]
    flat = np.ptp(given, axis=1) <= 1e-12 * size[:, 0]
    low, high = np.where(flat, given.mean(axis=1), low), np.where(flat, given.mean(axis=1), high)
    shape, half = np.where(flat, 1.0, shape), np.where(flat, 1.0, half)
    at = np.array([*EFFORT[:-1], np.inf if method == "closed_form" else saturation_effort])
    missed = _answered(at, low, high, shape, half) - given
    error = np.sqrt((missed**2).mean(axis=1))
    scale = np.exp(np.log(half) / shape)
    table = {"low": low, "high": high, "shape": shape, "half": half, "scale": scale, "error": error}
    cautions = _cautions(given, flat, shape, low, high, error)
    return pd.DataFrame({**table, "caution": cautions}, index=answers.index)


def _answered(effort: Numbers, low: Numbers, high: Numbers, shape: Numbers, half: Numbers) -> Numbers:
    """The curves at each effort, unlimited effort included, one row per curve."""
    finite = np.isfinite(effort)
    curve = adbudg(np.where(finite, effort, 1.0), low[:, None], high[:, None], shape[:, None], half[:, None])
    return np.where(finite, curve, high[:, None])


def _checked(answers: pd.DataFrame) -> Numbers:
    problems = [
        Problem("effort_response", column, None, "", "this column, which is absent")
        for column in ANSWERS
        if column != "at_today" and column not in answers.columns
    ]
    if answers.empty:
        problems.append(Problem("effort_response", "", None, "no rows", "at least one row"))
    if problems:
        raise DataError(problems)
    table = answers.assign(at_today=answers["at_today"] if "at_today" in answers.columns else 1.0)[list(ANSWERS)]
    given = table.apply(pd.to_numeric, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    for place, column in enumerate(ANSWERS):
        bad = ~(np.isfinite(given[:, place]) & (given[:, place] >= 0))
        if bad.any():
            first = int(bad.argmax())
            shown = repr(str(table[column].iloc[first]))
            problems.append(
                Problem("effort_response", column, first + 2, shown, "a number of at least 0", "", bad.sum())
            )
    if problems:
        raise DataError(problems)
    return given


def _linear_part(curve: Numbers, given: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Best low and high for given shares of the way (0..1), and the sum of squares left; over the last axis."""
    centred, answer = curve - curve.mean(-1, keepdims=True), given - given.mean(-1, keepdims=True)
    spread = np.maximum((centred**2).sum(-1), 1e-300)
    slope = (centred * answer).sum(-1) / spread
    low = given.mean(-1) - slope * curve.mean(-1)
    left = ((answer - slope[..., None] * centred) ** 2).sum(-1)
    return low, low + slope, left


def _share(effort: Numbers, log_shape: Numbers, log_half: Numbers) -> Numbers:
    power = np.power(effort, np.exp(log_shape)[..., None])
    return np.asarray(power / (np.exp(log_half)[..., None] + power))


def _least_squares(given: Numbers, effort: Numbers) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """Least squares by variable projection: a grid over (shape, half) for the start, then damped Gauss-Newton steps."""
    log_shape, log_half = (
        grid.ravel() for grid in np.meshgrid(np.linspace(np.log(0.3), np.log(10), 29), np.linspace(-6, 4, 31))
    )
    curves = _share(effort, log_shape, log_half)
    best = np.array([_linear_part(curves, row[None, :])[2].argmin() for row in given])
    place = np.column_stack([log_shape[best], log_half[best]])
    damping = np.full(len(given), 1e-3)
    left = _linear_part(_share(effort, place[:, 0], place[:, 1]), given)[2]
    for _ in range(200):
        step = _step(place, given, effort, damping)
        tried = place + np.clip(step, -1, 1)
        tried[:, 0] = np.clip(tried[:, 0], np.log(LEAST_SHAPE), np.log(MOST_SHAPE))
        tried[:, 1] = np.clip(tried[:, 1], -30, 30)
        now = _linear_part(_share(effort, tried[:, 0], tried[:, 1]), given)[2]
        better = now < left
        place, left = np.where(better[:, None], tried, place), np.where(better, now, left)
        damping = np.clip(np.where(better, damping / 5, damping * 4), 1e-15, 1e12)
        if np.all((np.abs(step).max(axis=1) < 1e-12) | (damping >= 1e12)):
            break
    low, high, _ = _linear_part(_share(effort, place[:, 0], place[:, 1]), given)
    return low, high, np.exp(place[:, 0]), np.exp(place[:, 1])


def _step(place: Numbers, given: Numbers, effort: Numbers, damping: Numbers) -> Numbers:
    """One Levenberg-Marquardt step in (log shape, log half), with low and high projected out."""
    share = _share(effort, place[:, 0], place[:, 1])
    low, high, _ = _linear_part(share, given)
    rate = (share * (1 - share)) * (high - low)[:, None]
    logs = np.log(np.where(effort > 0, effort, 1.0))
    jacobian = np.stack([np.ones_like(share) - share, share, rate * np.exp(place[:, :1]) * logs, -rate], axis=2)
    missed = given - (low[:, None] + (high - low)[:, None] * share)
    normal = np.einsum("uij,uik->ujk", jacobian, jacobian)
    right = np.einsum("uij,ui->uj", jacobian, missed)
    diagonal = np.einsum("ujj->uj", normal)
    ridge = np.eye(4) * (diagonal * damping[:, None] + 1e-14)[:, :, None]
    return np.linalg.solve(normal + ridge, right[:, :, None])[:, 2:, 0]


def _closed_form(given: Numbers) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """Low and high as answered, today met exactly, the shape from half and half more in log-odds."""
    low, high = given[:, 0], given[:, 4]
    span = np.where(high > low, high - low, 1.0)
    odds = np.clip((given[:, 1:4] - low[:, None]) / span[:, None], 1e-6, 1 - 1e-6)
    odds = np.log(odds / (1 - odds))
    logs = np.log(np.array([EFFORT[1], EFFORT[3]]))
    shape = ((odds[:, [0, 2]] - odds[:, [1]]) * logs).sum(axis=1) / (logs**2).sum()
    return low, high, np.clip(shape, LEAST_SHAPE, MOST_SHAPE), np.exp(-odds[:, 1])


def _cautions(
    given: Numbers, flat: NDArray[np.bool_], shape: Numbers, low: Numbers, high: Numbers, error: Numbers
) -> Sequence[str]:
    """What a reader must know about each curve."""
    falls = (np.diff(given, axis=1) < 0).any(axis=1)
    edge = (shape <= LEAST_SHAPE * 1.001) | (shape >= MOST_SHAPE * 0.999)
    rough = error > 0.05 * np.maximum(np.ptp(given, axis=1), 1e-300)
    reasons = (
        (flat, "the answers say that effort does nothing"),
        (falls & ~flat, "an answer falls where effort rises"),
        ((high < low) & ~flat, "the fitted curve falls with effort"),
        (edge & ~flat, "the answers ask for a shape outside what a curve can have"),
        (rough & ~flat, "the curve misses the answers by more than 5 % of their range"),
    )
    return ["; ".join(text for holds, text in reasons if holds[unit]) for unit in range(len(given))]
