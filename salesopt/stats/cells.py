"""Data of many regressions at once: rows, or groups of rows of which only sums are known.

One regression is run per *unit* (a product, or a product in a segment). A *cell* is a set of rows of one unit that
share their fixed effects and clusters: a single row for a table in memory, or what a grouped query returns for a table
that is larger than memory. A cell carries its weight, the means of the variables and their cross-products about these
means; nothing else is needed for exact least squares with fixed effects and clustered errors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Mask = NDArray[np.bool_]
DENSE = 4


@dataclass(frozen=True, eq=False)
class Cells:
    """Cells of all units, sorted by unit.

    unit     : (cells,) number of the unit, 0 .. units-1, ascending, none left out
    effects  : (effects, cells) level of each fixed effect, numbered from 0 within its unit
    clusters : (dimensions, cells) cluster of each dimension, numbered from 0 within its unit
    rows     : (cells,) number of rows
    weight   : (cells,) sum of the rows' weights
    mean     : (variables, cells) weighted means
    within   : (pairs, cells) weighted cross-products about the means, for the pairs of `pairs(variables)`;
               None where every cell is one row. Those of cells that share all clusters may stand at one of them, as
               only their sums are used
    """

    unit: Codes
    effects: Codes
    clusters: Codes
    rows: Floats
    weight: Floats
    mean: Floats
    within: Floats | None = None

    @property
    def units(self) -> int:
        """Number of units."""
        return int(self.unit[-1]) + 1 if len(self.unit) else 0

    @property
    def starts(self) -> Codes:
        """(units + 1,) first cell of each unit, and the number of cells."""
        return np.searchsorted(self.unit, np.arange(self.units + 1))


def pairs(variables: int) -> list[tuple[int, int]]:
    """The pairs (i, j), i <= j, in the order in which `Cells.within` holds them."""
    return [(i, j) for i in range(variables) for j in range(i, variables)]


def take(cells: Cells, keep: Codes | Mask) -> Cells:
    """The cells at `keep`, with units, levels and clusters numbered anew; `keep` leaves them sorted by unit."""
    unit = np.unique(cells.unit[keep], return_inverse=True)[1].astype(np.int64)
    return Cells(
        unit,
        number_within(unit, cells.effects[:, keep]),
        number_within(unit, cells.clusters[:, keep]),
        cells.rows[keep],
        cells.weight[keep],
        cells.mean[:, keep],
        None if cells.within is None else cells.within[:, keep],
    )


def number_within(unit: Codes, codes: Codes) -> Codes:
    """Each row of `codes` numbered 0, 1, ... within each unit, in the order of the codes."""
    numbered = np.empty(codes.shape, dtype=np.int64)
    if not codes.size:
        return numbered
    units = np.arange(int(unit.max()) + 1)
    for row, values in enumerate(codes):
        span = int(values.max()) + 1
        place = unit * span + values
        if len(units) * span <= DENSE * len(unit):
            present = np.zeros((len(units), span), dtype=bool)
            present.ravel()[place] = True
            numbered[row] = (present.cumsum(axis=1) - 1).ravel()[place]
            continue
        distinct, inverse = np.unique(place, return_inverse=True)
        numbered[row] = inverse - np.searchsorted(distinct, units * span)[unit]
    return numbered


def levels(unit: Codes, codes: Codes) -> Codes:
    """(units,) how many codes each unit has, where `codes` are numbered within the unit."""
    most = np.zeros(int(unit[-1]) + 1, dtype=np.int64)
    np.maximum.at(most, unit, codes + 1)
    return most
