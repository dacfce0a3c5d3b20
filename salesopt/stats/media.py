"""Response curves fitted to history: saturation and carry-over by least squares, many resampled histories at a time.

    outcome = baseline (intercept, trend, season, controls) + sum over channels of gain x share(working spend) + error

with working spend the spend after carry-over and share a saturating curve between 0 and 1. Gains, shapes, scales and
decays are searched on a scale on which they stay positive; the baseline is linear and projected out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from salesopt.stats.response import carry_over_weights

Numbers = NDArray[np.float64]
LAGS = 13
DECAYS = (0.02, 0.9)
SHAPES = (0.4, 5.0)
STEPS = 40
SETTLED = 1e-9  # share of the sum of squares below which a step no longer matters


@dataclass(frozen=True, eq=False)
class History:
    """What is fitted: periods x channels of spend, outcome per period, baseline columns, and how spend carries over.

    before : spend of a period before the first one, per channel
    prior  : channels x 3, log of shape, scale, gain expected (nan where nothing is); spread : their standard deviation
    """

    spend: Numbers
    outcome: Numbers
    baseline: Numbers
    before: Numbers
    curve: str = "hill"
    carry: str = "geometric"
    carry_shape: float = 1.0
    prior: Numbers | None = None
    spread: float = 0.5


@dataclass(frozen=True, eq=False)
class Fit:
    """Parameters per resampled history and channel, the baseline's coefficients, and the fitted parts.

    decay, shape, scale, gain : histories x channels       baseline : histories x columns
    parts : histories x periods x channels                 missed   : histories x periods, outcome - fitted
    """

    decay: Numbers
    shape: Numbers
    scale: Numbers
    gain: Numbers
    baseline: Numbers
    parts: Numbers
    missed: Numbers


def working_spend(history: History, decay: Numbers) -> Numbers:
    """Spend after carry-over for histories x channels of decays: histories x periods x channels."""
    lags = np.arange(LAGS)
    power = lags if history.carry == "geometric" else lags**history.carry_shape
    if history.carry == "none":
        return np.broadcast_to(history.spend, (*decay.shape[:1], *history.spend.shape))
    weights = np.power(decay[..., None], power)
    weights = weights / weights.sum(axis=-1, keepdims=True)
    periods = len(history.spend)
    padded = np.vstack([np.tile(history.before, (LAGS - 1, 1)), history.spend])
    shifted = np.stack([padded[LAGS - 1 - lag : LAGS - 1 - lag + periods] for lag in lags])
    return np.einsum("hcl,ltc->htc", weights, shifted)


def curve_share(curve: str, spend: Numbers, shape: Numbers, scale: Numbers) -> Numbers:
    """Share of the gain that a spend brings; "power" and "linear" are 1 at `scale` and go on."""
    if curve == "hill":
        odds = np.power(np.maximum(spend, 0) / scale, shape)
        return np.asarray(odds / (1 + odds))
    if curve == "logistic":
        fall = np.power(3.0, -spend / scale)
        return np.asarray((1 - fall) / (1 + fall))
    return np.asarray(np.power(np.maximum(spend, 0) / scale, shape if curve == "power" else 1.0))


def fit_history(history: History, outcomes: Numbers, start: Numbers | None = None) -> Fit:
    """Fit every row of `outcomes` (resampled histories x periods); `start` (channels x 4) replaces the search for one.

    Damped Gauss-Newton on (decay, shape, scale, gain) of all channels, all histories at once.
    """
    project = _projector(history.baseline)
    place = np.tile(_first_guess(history) if start is None else start, (len(outcomes), 1, 1))
    free = _free(history)
    noise = outcomes.std(axis=1, keepdims=True) * 0.2 + 1e-12
    left, jacobian = _residuals(history, outcomes, place, project, noise)
    loss = (left**2).sum(axis=1)
    damping = np.full(len(outcomes), 1e-2)
    settled = np.zeros(len(outcomes), dtype=bool)
    for _ in range(STEPS):
        flat = jacobian.reshape(*jacobian.shape[:2], -1)
        normal = np.einsum("hip,hiq->hpq", flat, flat)
        right = np.einsum("hip,hi->hp", flat, left)
        size = np.maximum(np.einsum("hpp->hp", normal), 1e-12 * np.einsum("hpp->h", normal)[:, None] + 1e-300)
        step = np.linalg.solve(
            normal + np.eye(normal.shape[1]) * (size * damping[:, None])[:, :, None], right[..., None]
        )
        tried = _bounded(place + np.clip(step[..., 0].reshape(place.shape), -1.5, 1.5) * free, history)
        now, slopes = _residuals(history, outcomes, tried, project, noise)
        fallen = loss - (now**2).sum(axis=1)
        better = fallen > 0
        place = np.where(better[:, None, None], tried, place)
        left, jacobian = np.where(better[:, None], now, left), np.where(better[:, None, None, None], slopes, jacobian)
        loss = (left**2).sum(axis=1)
        damping = np.clip(np.where(better, damping / 4, damping * 5), 1e-9, 1e9)
        settled |= (better & (fallen < SETTLED * loss)) | (damping > 1e5)
        if settled.all():
            break
    return _read(history, outcomes, place)


def log_place(fit: Fit, row: int = 0) -> Numbers:
    """The parameters of one fitted history as a start for others: channels x 4."""
    return np.stack([_logit(fit.decay[row]), np.log(fit.shape[row]), np.log(fit.scale[row]), np.log(fit.gain[row])], 1)


def _logit(decay: Numbers) -> Numbers:
    return np.asarray(np.log(decay) - np.log1p(-decay))


def _decay(place: Numbers) -> Numbers:
    return np.asarray(1 / (1 + np.exp(-place[..., 0])))


def _projector(baseline: Numbers) -> Numbers:
    basis, _ = np.linalg.qr(baseline) if baseline.shape[1] else (np.zeros((len(baseline), 0)), None)
    return np.eye(len(baseline)) - basis @ basis.T


def _free(history: History) -> Numbers:
    """1 for the parameters that the curve and the carry-over have."""
    own = {"hill": (1, 1), "logistic": (0, 1), "power": (1, 0), "linear": (0, 0)}[history.curve]
    return np.array([float(history.carry != "none"), *own, 1.0])


def _bounded(place: Numbers, history: History) -> Numbers:
    """Parameters inside what data can tell: scales between a tenth of the least and five times the highest spend."""
    low, high = _bounds(history)
    return np.clip(place, low, high)


def _bounds(history: History) -> tuple[Numbers, Numbers]:
    most = np.maximum(history.spend.max(axis=0), 1e-9)
    size = np.abs(history.outcome).max() + 1e-12
    shapes = (0.2, 1.0) if history.curve == "power" else SHAPES
    ones = np.ones(len(most))
    low = [_logit(np.array(DECAYS[0])) * ones, np.log(shapes[0]) * ones, np.log(most / 50), np.log(size * 1e-6) * ones]
    high = [_logit(np.array(DECAYS[1])) * ones, np.log(shapes[1]) * ones, np.log(most * 5), np.log(size * 50) * ones]
    return np.stack(low, axis=1), np.stack(high, axis=1)


def _residuals(
    history: History, outcomes: Numbers, place: Numbers, project: Numbers, noise: Numbers
) -> tuple[Numbers, Numbers]:
    """What is missed (baseline projected out, prior rows added) and its falls with each parameter."""
    share = _share(history, place)
    gain = np.exp(place[..., 3])[:, None, :]
    left = (outcomes - (gain * share).sum(axis=2)) @ project
    slopes = []
    for parameter in range(3):
        moved = place.copy()
        moved[..., parameter] += 1e-5
        slopes.append(gain * (_share(history, moved) - share) / 1e-5)
    slopes.append(gain * share)
    jacobian = np.einsum("st,htcp->hscp", project, np.stack(slopes, axis=3)) * _free(history)
    if history.prior is None:
        return left, jacobian
    known = np.where(np.isfinite(history.prior), 1.0, 0.0) * noise[:, :, None] / history.spread
    away = known * (np.nan_to_num(history.prior) - place[..., 1:])
    channels = place.shape[1]
    rows = np.zeros((len(place), channels * 3, channels, 4))
    for channel in range(channels):
        for parameter in range(3):
            rows[:, channel * 3 + parameter, channel, parameter + 1] = known[:, channel, parameter]
    return np.hstack([left, away.reshape(len(place), -1)]), np.concatenate([jacobian, rows], axis=1)


def _share(history: History, place: Numbers) -> Numbers:
    spend = working_spend(history, _decay(place))
    shape, scale = np.exp(place[..., 1])[:, None, :], np.exp(place[..., 2])[:, None, :]
    return curve_share(history.curve, spend, shape, scale)


def _first_guess(history: History) -> Numbers:
    """Best of a grid, one channel after the other, the others at their guess so far."""
    project = _projector(history.baseline)
    channels = history.spend.shape[1]
    mean = np.maximum(history.spend.mean(axis=0), 1e-9)
    place = np.tile([_logit(np.array(0.3)), 0.0, 0.0, 0.0], (channels, 1))
    place[:, 2] = np.log(mean)
    place[:, 3] = np.log(max(np.abs(history.outcome).mean() / channels * 0.3, 1e-9))
    grid = np.array(
        [
            (_logit(np.array(decay)), np.log(shape), np.log(scale))
            for decay in (0.05, 0.2, 0.4, 0.6, 0.8)
            for shape in (0.7, 1.2, 2.0)
            for scale in (0.3, 0.7, 1.3, 2.5)
        ]
    )
    for _ in range(1 if channels == 1 else 2):
        for one in np.argsort(-history.spend.var(axis=0)):
            tried = np.tile(place, (len(grid), 1, 1))
            tried[:, one, :3] = grid + np.array([0, 0, np.log(mean[one])])
            share = _share(history, tried)
            others = np.exp(tried[..., 3])[:, None, :] * share
            others[..., one] = 0
            left = (history.outcome - others.sum(axis=2)) @ project
            column = share[..., one] @ project
            gain = (column * left).sum(axis=1) / np.maximum((column**2).sum(axis=1), 1e-300)
            gain = np.maximum(gain, 1e-4 * (np.abs(history.outcome).mean() + 1e-12))
            loss = ((left - gain[:, None] * column) ** 2).sum(axis=1)
            best = int(loss.argmin())
            place[one] = [*tried[best, one, :3], np.log(gain[best])]
    return _bounded(place[None], history)[0]


def _read(history: History, outcomes: Numbers, place: Numbers) -> Fit:
    gain = np.exp(place[..., 3])
    parts = gain[:, None, :] * _share(history, place)
    rest = outcomes - parts.sum(axis=2)
    baseline = np.linalg.lstsq(history.baseline, rest.T, rcond=None)[0].T
    missed = rest - baseline @ history.baseline.T
    return Fit(_decay(place), np.exp(place[..., 1]), np.exp(place[..., 2]), gain, baseline, parts, missed)


def resample(fitted: Numbers, missed: Numbers, count: int, block: int, random: np.random.Generator) -> Numbers:
    """`count` histories: fitted plus residuals drawn in blocks of `block` periods, so that their memory is kept.

    Residuals are centred and widened for the degrees of freedom by the caller. Source: Kuensch, "The jackknife and the
    bootstrap for general stationary observations", Annals of Statistics 17 (1989).
    """
    periods = len(missed)
    starts = random.integers(0, periods, size=(count, -(-periods // block)))
    places = (starts[:, :, None] + np.arange(block)) % periods
    return np.asarray(fitted + (missed - missed.mean())[places.reshape(count, -1)[:, :periods]])


def carried_share(decay: float, carry: str, shape: float) -> float:
    """Share of a period's effect that falls in later periods."""
    return float(1 - carry_over_weights(carry, LAGS, decay=decay, shape=shape)[0])
