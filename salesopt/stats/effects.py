"""Fixed effects taken out of many regressions at once, exactly.

The effect with the most levels is swept out by means; the others enter as dummy columns of the small system that is
left (Frisch and Waugh 1933, Lovell 1963). It is solved directly, so no tolerance of an iteration enters the estimates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from salesopt.stats.cells import Cells, Codes, Floats, levels

SINGULAR = 1e-10


@dataclass(frozen=True, eq=False)
class Absorbed:
    """Variables without their fixed effects.

    residual : (variables, cells) mean of each variable in each cell less its fitted effects
    rank     : (units,) number of parameters that the effects take up
    """

    residual: Floats
    rank: Codes


def absorb(cells: Cells) -> Absorbed:
    """Take the fixed effects of `cells` out of its variables, unit by unit; without effects nothing is taken out."""
    if not len(cells.effects):
        return Absorbed(cells.mean, np.zeros(cells.units, dtype=np.int64))
    if len(cells.effects) == 1:
        return _absorb_one(cells)
    residual = np.empty_like(cells.mean)
    rank = np.empty(cells.units, dtype=np.int64)
    starts = cells.starts
    for unit in range(cells.units):
        rows = slice(starts[unit], starts[unit + 1])
        residual[:, rows], rank[unit] = _absorb_several(cells.effects[:, rows], cells.weight[rows], cells.mean[:, rows])
    return Absorbed(residual, rank)


def _absorb_one(cells: Cells) -> Absorbed:
    count = levels(cells.unit, cells.effects[0])
    level = (np.cumsum(count) - count)[cells.unit] + cells.effects[0]
    return Absorbed(cells.mean - group_means(level, cells.weight, cells.mean)[:, level], count)


def group_means(group: Codes, weight: Floats, values: Floats) -> Floats:
    """(variables, groups) weighted means of `values` in each group."""
    total = np.bincount(group, weight)
    return np.stack([np.bincount(group, weight * row) for row in values]) / total


def _absorb_several(effects: Codes, weight: Floats, values: Floats) -> tuple[Floats, int]:
    """The residuals of `values` on two or more effects, and the rank of the effects."""
    counts = effects.max(axis=1) + 1
    order = np.argsort(-counts, kind="stable")
    first, others = effects[order[0]], effects[order[1:]]
    offset = np.concatenate(([0], np.cumsum(counts[order[1:]])))
    total = np.bincount(first, weight)
    means = group_means(first, weight, values)
    cross = _cross_counts(first, others, offset, weight, len(total))
    share = cross / total[:, None]
    system = _dummy_counts(others, offset, weight) - cross.T @ share
    sums = np.concatenate([[np.bincount(level, weight * row) for row in values] for level in others], axis=1)
    inverse, rank = _pseudo_inverse(system)
    shift = inverse @ (sums.T - cross.T @ means.T)
    fitted = (means.T - share @ shift)[first].T
    for start, level in zip(offset[:-1], others, strict=True):
        fitted = fitted + shift[start + level].T
    return values - fitted, len(total) + rank


def _cross_counts(first: Codes, others: Codes, offset: Codes, weight: Floats, height: int) -> Floats:
    """(levels of the first effect, levels of the others) weight in each combination."""
    width = int(offset[-1])
    cross = np.zeros(height * width)
    for start, level in zip(offset[:-1], others, strict=True):
        cross += np.bincount(first * width + start + level, weight, minlength=height * width)
    return cross.reshape(height, width)


def _dummy_counts(others: Codes, offset: Codes, weight: Floats) -> Floats:
    """D'WD of the dummy columns of the other effects."""
    width = int(offset[-1])
    table = np.zeros(width * width)
    for left_start, left in zip(offset[:-1], others, strict=True):
        for right_start, right in zip(offset[:-1], others, strict=True):
            place = (left_start + left) * width + right_start + right
            table += np.bincount(place, weight, minlength=width * width)
    return table.reshape(width, width)


def _pseudo_inverse(system: Floats) -> tuple[Floats, int]:
    values, vectors = np.linalg.eigh(system)
    good = values > SINGULAR * max(values[-1], np.finfo(float).tiny)
    scaled = vectors[:, good] / values[good]
    return scaled @ vectors[:, good].T, int(good.sum())
