"""Response curves as straight pieces: where to break them, how far the pieces lie from the curve, where to break more.

Breakpoints are two flat arrays sorted by curve, `place` (number of the curve) and `at` (spend), so that curves may have
different numbers of pieces and thousands of curves are handled in one call.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from salesopt.stats.response import Curves

Numbers = NDArray[np.float64]
Places = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Pieces:
    """Straight pieces of curves, sorted by curve and spend.

    place  : number of the curve          start, length : where the piece begins and how long it is, in spend
    convex : whether the curve bends upwards there, so that the piece needs the ones before it full
    slope  : rise per unit of spend; one row per scenario, the first is the central curve
    origin : response of each curve at its first breakpoint, one row per scenario
    """

    place: Places
    start: Numbers
    length: Numbers
    convex: NDArray[np.bool_]
    slope: Numbers
    origin: Numbers


def break_curves(curves: Curves, low: Numbers, high: Numbers, pieces: int) -> tuple[Places, Numbers]:
    """Breakpoints of each curve between `low` and `high`: about `pieces` on every curve, spread so that all miss alike.

    A linear curve gets one piece; the inflection of an S-shaped curve is always a breakpoint.
    """
    bends = (curves.kind != "linear") & (high > low)
    place, at = np.arange(len(curves)), low
    ends = np.where(high > low, high, low + np.maximum(1e-6 * np.abs(low), 1e-6))
    place, at = np.concatenate([place, place]), np.concatenate([at, ends])
    if bends.any():
        bent = np.flatnonzero(bends)
        inner = _even_points(curves.take(bent), low[bent], high[bent], pieces)
        place = np.concatenate([place, np.repeat(bent, inner.shape[0])])
        at = np.concatenate([at, inner.T.ravel()])
        turn = curves.inflection()
        turns = np.flatnonzero((turn > low) & (turn < high))
        place, at = np.concatenate([place, turns]), np.concatenate([at, turn[turns]])
    return add_breaks(place, at, np.empty(0, dtype=int), np.empty(0))


def _even_points(curves: Curves, low: Numbers, high: Numbers, pieces: int, fine: int = 257) -> Numbers:
    """Inner breakpoints, one column per curve: each piece carries the same share of sqrt(change of slope x length)."""
    grid = low + (high - low) * np.linspace(0, 1, fine)[:, None] ** 3
    value = curves.gain(grid)
    slope = np.diff(value, axis=0) / np.maximum(np.diff(grid, axis=0), 1e-300)
    bend = np.sqrt(np.abs(np.diff(slope, axis=0)) * (grid[2:] - grid[:-2]))
    weight = np.vstack([np.zeros(len(low)), np.cumsum(bend + 1e-6 * bend.mean(axis=0) + 1e-300, axis=0)])
    wanted = np.linspace(0, 1, pieces + 1)[1:-1]
    middle = grid[1:]
    return np.column_stack(
        [np.interp(wanted, weight[:, one] / weight[-1, one], middle[:, one]) for one in range(len(low))]
    )


def add_breaks(place: Places, at: Numbers, more_place: Places, more_at: Numbers) -> tuple[Places, Numbers]:
    """Breakpoints with more of them, sorted, those that all but coincide left out."""
    place, at = np.concatenate([place, more_place]), np.concatenate([at, more_at])
    order = np.lexsort((at, place))
    place, at = place[order], at[order]
    apart = np.ones(len(at), dtype=bool)
    apart[1:] = (place[1:] != place[:-1]) | (at[1:] - at[:-1] > 1e-11 * np.maximum(np.abs(at[1:]), 1e-6))
    return place[apart], at[apart]


def cut_pieces(central: Curves, scenarios: tuple[Curves, ...], place: Places, at: Numbers) -> Pieces:
    """The straight pieces between breakpoints, with the slopes of the central curves and of every scenario."""
    first = np.flatnonzero(np.diff(place, prepend=-1))
    inside = place[1:] == place[:-1]
    start, length, which = at[:-1][inside], np.diff(at)[inside], place[1:][inside]
    slopes, origins = [], []
    for curves in (central, *scenarios):
        value = curves.take(place).response(at)
        slopes.append(np.diff(value)[inside] / length)
        origins.append(value[first])
    turn = np.max([curves.inflection() for curves in (central, *scenarios)], axis=0)
    convex = start + length <= turn[which] * (1 + 1e-9)
    return Pieces(which, start, length, convex, np.array(slopes), np.array(origins))


def cut_tangents(curves: Curves, place: Places, at: Numbers) -> Pieces:
    """Straight pieces that nowhere lie below the curves: chords where these are convex, tangents where concave.

    A tangent touches at each breakpoint, so that the pieces are exact there; where the slope is infinite (no spend, a
    shape below 1) it touches a hair to the right.
    """
    own, turn = curves.take(place), curves.inflection()[place]
    touch = np.where(
        np.isinf(own.slope(at)), at + 1e-12 * np.maximum(np.where(own.kind == "hill", own.scale, 1), 1e-9), at
    )
    slope, value = own.slope(touch), own.response(touch)
    same, bent = place[1:] == place[:-1], (at >= turn * (1 - 1e-9)) & (own.kind != "linear")
    concave = same & bent[:-1]
    level = value - slope * touch
    fall = np.where(concave, slope[:-1] - slope[1:], 1.0)
    cross = np.where(fall > 0, (level[1:] - level[:-1]) / np.where(fall > 0, fall, 1.0), (at[1:] + at[:-1]) / 2)
    cross = np.clip(cross, at[:-1], at[1:])
    chord = np.flatnonzero(same & ~concave)
    tangent = np.flatnonzero(np.concatenate([concave, [False]]) | np.concatenate([[False], concave]))
    begin = np.where(np.concatenate([[False], concave]), np.concatenate([[0.0], cross]), at)[tangent]
    end = np.where(np.concatenate([concave, [False]]), np.concatenate([cross, [0.0]]), at)[tangent]
    rise = (own.response(at)[chord + 1] - own.response(at)[chord]) / (at[chord + 1] - at[chord])
    which = np.concatenate([place[chord], place[tangent]])
    start = np.concatenate([at[chord], begin])
    length = np.concatenate([at[chord + 1] - at[chord], end - begin])
    slopes = np.concatenate([rise, slope[tangent]])
    foot = np.concatenate([own.kind[chord] != "linear", np.zeros(len(tangent), dtype=bool)])
    first = np.flatnonzero(np.diff(place, prepend=-1))
    origin = np.where(bent[first], level[first] + slope[first] * at[first], own.response(at)[first])
    kept = length > 0
    order = np.lexsort((start[kept], which[kept]))
    parts = [values[kept][order] for values in (which, start, length, foot, slopes)]
    return Pieces(parts[0], parts[1], parts[2], parts[3], parts[4][None, :], origin[None, :])


def largest_misses(curves: Curves, pieces: Pieces, row: int = 0) -> Numbers:
    """For each piece a proven bound on how far the curve lies above it, 0 where convex; `row`: that of its slopes."""
    own = curves.take(pieces.place)
    steep, flat = own.slope(pieces.start), own.slope(pieces.start + pieces.length)
    chord = pieces.slope[row]
    rise, fall = np.maximum(steep - chord, 0), np.maximum(chord - flat, 0)
    finite = np.where(np.isfinite(rise), rise, 0.0)
    both = np.where(np.isfinite(rise), finite * fall / np.maximum(finite + fall, 1e-300), fall)
    return np.asarray(np.where(pieces.convex, 0.0, both * pieces.length))
