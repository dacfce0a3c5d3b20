"""Exact division of people over units whose response may be S-shaped.

Whole people: a dynamic programme over the head count, which gives the best division of *every* total at once.
Fractions of people: branch and bound on the concave envelopes of the curves (Udell and Boyd, "Maximizing a sum of
sigmoids", 2013), which proves how far the division can be from the best.

One-by-one greedy is no substitute: where response is S-shaped the first person of every unit may lose money although
the twentieth earns it back many times.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from salesopt.errors import InfeasibleError, ParameterError

Numbers = NDArray[np.float64]
CHUNK = 4_000_000


@dataclass(frozen=True, eq=False)
class WholeDivisions:
    """The best division of every head count up to a total.

    value : best value of exactly 0, 1, 2, ... people; -inf where the units cannot hold that many
    picks : unit x people: how many the unit gets when that many are left to it and the units before it
    """

    value: Numbers
    picks: NDArray[np.int32]

    def plan(self, people: int) -> NDArray[np.int64]:
        """How many of `people` each unit gets in the best division."""
        return self.plans(np.array([people]))[0]

    def plans(self, people: ArrayLike) -> NDArray[np.int64]:
        """The best divisions of several head counts, one row each."""
        left = np.array(people, dtype=np.int64)
        if left.size and not np.isfinite(self.value[left]).all():
            raise InfeasibleError("the units cannot hold that many people within their limits")
        plans = np.zeros((left.size, len(self.picks)), dtype=np.int64)
        for unit in range(len(self.picks) - 1, -1, -1):
            plans[:, unit] = self.picks[unit, left]
            left = left - plans[:, unit]
        return plans


def divide_whole(values: Sequence[Numbers], total: int) -> WholeDivisions:
    """Divide 0, 1, ..., `total` people over units so that the summed value is greatest.

    values : per unit, its value with 0, 1, 2, ... people, as far as the unit may go; any shape
    The time grows with units x total x options of a unit, whatever the shape of the values.
    """
    if total < 0:
        raise ParameterError(f"the head count to divide must be at least 0, not {total}")
    best = np.full(total + 1, -np.inf)
    best[0], reach = 0.0, 0
    picks = np.zeros((len(values), total + 1), dtype=np.int32)
    for unit, value in enumerate(values):
        options = value[: total + 1]
        reach = min(total, reach + len(options) - 1)
        best[: reach + 1], picks[unit, : reach + 1] = _add_unit(best[: reach + 1], options)
    return WholeDivisions(best, picks)


def _add_unit(best: Numbers, options: Numbers) -> tuple[Numbers, NDArray[np.int64]]:
    """Best value of each head count once a further unit may take its share, and that share."""
    count, width = len(best), len(options)
    padded = np.concatenate([np.full(width - 1, -np.inf), best])
    windows = np.lib.stride_tricks.sliding_window_view(padded, width)
    rows = max(CHUNK // width, 1)
    value, share = np.empty(count), np.empty(count, dtype=np.int64)
    for start in range(0, count, rows):
        scores = windows[start : start + rows] + options[::-1]
        place = scores.argmax(axis=1)
        value[start : start + rows] = scores[np.arange(len(place)), place]
        share[start : start + rows] = width - 1 - place
    return value, share


@dataclass(frozen=True, eq=False)
class HillCurves:
    """S-shaped or concave gains above the base: span * x**shape / (scale**shape + x**shape), one per unit.

    span : gain at unlimited effort, at least 0; shape > 0; scale : effort at half of the span, > 0
    """

    span: Numbers
    shape: Numbers
    scale: Numbers

    def gain(self, effort: ArrayLike) -> Numbers:
        """Gain at `effort`; the last axis runs over the units."""
        power = np.power(np.asarray(effort, dtype=float) / self.scale, self.shape)
        return np.asarray(self.span * power / (1 + power))

    def slope(self, effort: ArrayLike) -> Numbers:
        """Marginal gain; infinite at no effort where the shape is below 1."""
        ratio = np.asarray(effort, dtype=float) / self.scale
        with np.errstate(divide="ignore"):
            rise = np.power(ratio, self.shape - 1)
        return np.asarray(self.span * self.shape / self.scale * rise / (1 + np.power(ratio, self.shape)) ** 2)

    def inflection(self) -> Numbers:
        """Effort up to which the curve is convex; 0 where the shape is at most 1."""
        shape = np.maximum(self.shape, 1.0)
        return np.asarray(self.scale * ((shape - 1) / (shape + 1)) ** (1 / shape))

    def effort_at(self, slope: float) -> Numbers:
        """Effort on the concave part where the marginal gain is `slope` (> 0); the inflection where none is so steep.

        Newton's steps in the logarithms, from the right: there the logarithm of the slope is concave and falling, so
        that every step stays on the right of the answer.
        """
        flat = self.span <= 0
        top = np.log(np.where(flat, 1.0, self.span) * self.shape / self.scale) - np.log(slope)
        place = top / (self.shape + 1)
        for _ in range(60):
            log_slope = top + (self.shape - 1) * place - 2 * np.logaddexp(0, self.shape * place)
            share = 1 / (1 + np.exp(-np.clip(self.shape * place, -700, 700)))
            fall = np.minimum(self.shape - 1 - 2 * self.shape * share, -1e-12)
            step = np.where(log_slope < 0, -log_slope / fall, 0.0)
            place = place + np.maximum(step, -50.0)
            if np.abs(step).max(initial=0.0) < 1e-15 * (1 + np.abs(place).max(initial=0.0)):
                break
        effort = self.scale * np.exp(np.clip(place, -700, 700))
        return np.where(flat, 0.0, np.maximum(effort, self.inflection()))


@dataclass(frozen=True, eq=False)
class Envelope:
    """Smallest concave functions above curves on boxes [least, most]: straight up to `touch`, the curve from there."""

    least: Numbers
    most: Numbers
    touch: Numbers
    pitch: Numbers

    def best(self, curves: HillCurves, price: float) -> Numbers:
        """Where the envelope minus `price` x effort is greatest."""
        if price <= 0:
            return self.most
        on = np.clip(curves.effort_at(price), self.touch, self.most)
        return np.where(self.pitch >= price, on, self.least)

    def value(self, curves: HillCurves, effort: Numbers) -> Numbers:
        """The envelope at `effort`."""
        start = curves.gain(self.least)
        line = start + np.where(effort > self.least, self.pitch, 0.0) * (effort - self.least)
        return np.where(effort < self.touch, line, curves.gain(effort))


def envelope(curves: HillCurves, least: Numbers, most: Numbers) -> Envelope:
    """The concave envelope of each curve on its box; `pitch` is the slope of the straight part, infinite without one.

    `touch` is the smallest crew that makes sense once a unit is served at all: between `least` and `touch` it is better
    to mix the two ends than to stand there.
    """
    bend = np.clip(curves.inflection(), least, most)
    start = curves.gain(least)
    low, high = bend.copy(), most.copy()
    for _ in range(100):
        middle = (low + high) / 2
        over = curves.gain(middle) - start - curves.slope(np.maximum(middle, 1e-300)) * (middle - least)
        low, high = np.where(over < 0, middle, low), np.where(over < 0, high, middle)
        if np.all(high - low <= 1e-14 * np.maximum(high, 1e-300)):
            break
    convex = (curves.inflection() > least) & (most > least)
    touch = np.where(convex, high, least)
    width = np.where(convex, touch - least, 1.0)
    pitch = np.where(convex, (curves.gain(touch) - start) / width, np.inf)
    return Envelope(least, most, touch, pitch)


@dataclass(frozen=True, eq=False)
class Division:
    """A division of effort: effort per unit, its value, and the bound that no division exceeds."""

    effort: Numbers
    value: float
    bound: float


def divide_continuous(
    curves: HillCurves,
    *,
    least: Numbers,
    most: Numbers,
    total: float,
    price: float = 0.0,
    tolerance: float = 1e-9,
    most_nodes: int = 20_000,
) -> Division:
    """Divide at most `total` effort so that the summed gain minus `price` x effort is greatest, proved to `tolerance`.

    tolerance : stop once value and bound differ by less than this fraction of the curves' summed span
    Raises InfeasibleError where the least efforts exceed `total`.
    """
    if least.sum() > total * (1 + 1e-12) + 1e-12:
        raise InfeasibleError(f"the least efforts add to {least.sum():g}, more than the {total:g} there are")
    allowed = tolerance * max(float(curves.span.sum()), 1e-300)
    order = itertools.count()
    best = Division(least.copy(), -np.inf, np.inf)
    first = _relaxed(curves, envelope(curves, least, most), total, price)
    nodes = [(-first[1], next(order), least, most, first[0])]
    for _ in range(most_nodes):
        bound = -nodes[0][0] if nodes else best.value
        if bound <= best.value + allowed:
            return Division(best.effort, best.value, max(bound, best.value))
        _, _, low, high, effort = heapq.heappop(nodes)
        value = float(curves.gain(effort).sum() - price * effort.sum())
        if value > best.value:
            best = Division(effort, value, np.inf)
        loss = envelope(curves, low, high).value(curves, effort) - curves.gain(effort)
        unit = int(loss.argmax())
        for child_low, child_high in _halves(low, high, unit, effort[unit]):
            if child_low.sum() > total * (1 + 1e-12) + 1e-12:
                continue
            there, child_bound = _relaxed(curves, envelope(curves, child_low, child_high), total, price)
            if child_bound > best.value + allowed:
                heapq.heappush(nodes, (-min(child_bound, bound), next(order), child_low, child_high, there))
    return Division(best.effort, best.value, -nodes[0][0] if nodes else best.value)


def _halves(low: Numbers, high: Numbers, unit: int, effort: float) -> list[tuple[Numbers, Numbers]]:
    """The box [low, high] cut in two at `effort` of `unit`."""
    left, right = high.copy(), low.copy()
    left[unit] = right[unit] = effort
    return [(low, left), (right, high)]


def _relaxed(curves: HillCurves, roof: Envelope, total: float, price: float) -> tuple[Numbers, float]:
    """Best division on the envelopes, and its value: a bound on the true one that holds at any multiplier."""
    effort = roof.best(curves, price)
    if effort.sum() <= total:
        return effort, float((roof.value(curves, effort) - price * effort).sum())
    low, high = max(price, 1e-300), max(price, 1e-6)
    while roof.best(curves, high).sum() > total and high < 1e300:
        low, high = high, high * 16
    for _ in range(200):
        middle = np.sqrt(low * high) if low > 0 else high / 2
        if not low < middle < high or high / low < 1 + 1e-15:
            break
        low, high = (middle, high) if roof.best(curves, middle).sum() > total else (low, middle)
    effort, upper = roof.best(curves, high), roof.best(curves, low)
    bound = float((roof.value(curves, effort) - high * effort).sum() + (high - price) * total)
    room, left = upper - effort, total - effort.sum()
    for unit in np.argsort(-room):
        more = min(max(room[unit], 0.0), left)
        effort[unit] += more
        left -= more
    return effort, bound


def divide_lots(values: Sequence[Numbers], lots: Sequence[int], total: int) -> tuple[NDArray[np.int64], Numbers]:
    """Divide at most `total` units of time over items whose use comes in lots, so that the summed value is greatest.

    values : per item, its value with 0, 1, 2, ... lots; lots : units of time of one lot of the item, at least 1
    Returns the lots of each item, and the best value within 0, 1, ..., `total` units of time. A multiple-choice
    knapsack, solved by a dynamic programme over time.
    """
    best = np.zeros(total + 1)
    picks = np.zeros((len(values), total + 1), dtype=np.int32)
    for item, (value, lot) in enumerate(zip(values, lots, strict=True)):
        after = best + value[0]
        for count in range(1, min(len(value) - 1, total // lot) + 1):
            tried = best[: total + 1 - count * lot] + value[count]
            better = tried > after[count * lot :]
            after[count * lot :][better] = tried[better]
            picks[item, count * lot :][better] = count
        best = after
    left, plan = total, np.zeros(len(values), dtype=np.int64)
    for item in range(len(values) - 1, -1, -1):
        plan[item] = picks[item, left]
        left -= int(plan[item]) * lots[item]
    return plan, best
