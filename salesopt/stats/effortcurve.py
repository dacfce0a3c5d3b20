"""The curve of sales over effort in three numbers that data and judges can both speak of, and back to heads and money.

    sales at r times today's effort, against today's:  f(r) = none + (most - none) r^shape / (half + r^shape),  f(1) = 1

with none below 1 (no effort), most above 1 (unlimited effort) and half = (most - 1) / (1 - none). It is the curve named
ADBUDG (Little 1970). Places are logit(none), log(most - 1), log(shape): any three real numbers make a curve that rises.
The elasticity of effort at today's heads is shape (1 - none) (most - 1) / (most - none).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from salesopt.stats.effort import Numbers, Units

SIZE = 3  # numbers of a curve
LEAST, MOST = np.array([-6.0, -5.0, np.log(0.1)]), np.array([4.0, 4.0, np.log(20.0)])


def shares(place: Numbers) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    """none, most, shape and half of curves; the last axis of `place` is the three numbers."""
    none, most, shape = 1 / (1 + np.exp(-place[..., 0])), 1 + np.exp(place[..., 1]), np.exp(place[..., 2])
    return none, most, shape, (most - 1) / (1 - none)


def relative_sales(place: Numbers, effort: ArrayLike) -> Numbers:
    """Sales against today's at `effort` times today's effort; broadcasts."""
    none, most, shape, half = shares(place)
    power = np.power(np.asarray(effort, dtype=float), shape)
    return np.asarray(none + (most - none) * power / (half + power))


def elasticity_today(place: Numbers) -> Numbers:
    """Change of sales for a change of effort, both in logs, at today's heads."""
    none, most, shape, _ = shares(place)
    return np.asarray(shape * (1 - none) * (most - 1) / (most - none))


def middle(drawn: Numbers) -> Numbers:
    """One curve for each unit that stands for those drawn (draws x units x 3): medians of its ends and its elasticity.

    Medians, so that it lies inside every interval and so that a history that says nothing leaves the judges' curve.
    """
    place = np.median(drawn, axis=0)
    place[..., 2] += np.log(np.median(elasticity_today(drawn), axis=0) / elasticity_today(place))
    return np.asarray(place)


def log_slopes(place: Numbers, effort: Numbers) -> tuple[Numbers, Numbers]:
    """Log of relative sales, and its slopes in each of the three numbers, on a further last axis."""
    none, most, shape, half = shares(place)
    power = np.power(effort, shape)
    filled = power / (half + power)
    level = none + (most - none) * filled
    turn = (most - none) * filled / (half + power)  # fall of sales with half
    slopes = (
        none * ((1 - filled) * (1 - none) - turn * half),
        (most - 1) * (filled - turn / (1 - none)),
        turn * half * shape * np.log(np.where(effort > 0, effort, 1.0)),
    )
    return np.log(level), np.stack(slopes, axis=-1) / level[..., None]


def place_of(units: Units) -> Numbers:
    """The three numbers of curves in heads and money, against their own sales at today's heads; held within bounds."""
    power = np.power(units.scale, units.shape)
    now = units.low + (units.high - units.low) * units.reps**units.shape / (power + units.reps**units.shape)
    none, most = units.low / now, units.high / now
    none, most = np.clip(none, 1e-6, 1 - 1e-6), np.maximum(most, 1 + 1e-6)
    place = np.stack([np.log(none) - np.log1p(-none), np.log(most - 1), np.log(units.shape)], axis=-1)
    return np.clip(place, LEAST, MOST)


def units_of(place: Numbers, name: np.ndarray, reps: Numbers, revenue: Numbers, margin: Numbers) -> Units:
    """Curves as units in heads and money: `revenue` a year is what today's `reps` bring."""
    none, most, shape, half = shares(place)
    return Units(name, reps, margin, none * revenue, most * revenue, shape, np.exp(np.log(half) / shape) * reps)
