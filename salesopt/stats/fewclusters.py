"""Variance for few clusters: the cluster jackknife CRV3 (MacKinnon, Nielsen and Webb 2023, Journal of Econometrics).

With under about 30 clusters the usual clustered errors are too small. CRV3 estimates again without each cluster in
turn, fixed effects included, and takes (G-1)/G times the sum of the squared changes: careful rather than flattering.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from salesopt.stats.cells import Cells, Codes, Floats, levels, number_within

FEW = 30
CHUNK = 2_000_000


def jackknife(cells: Cells, dimension: int, estimate: Callable[[Cells], Floats], full: Floats) -> Floats:
    """(units, k, k) CRV3 variance of coefficients, clusters left out along `dimension`.

    estimate : gives the coefficients (units, k) of cells; nan where a coefficient cannot be estimated without the
               cluster, which makes the unit's variance nan
    full     : (units, k) coefficients of all data
    """
    count = levels(cells.unit, cells.clusters[dimension])
    size = np.diff(cells.starts) * count
    variance = np.empty((cells.units, full.shape[1], full.shape[1]))
    block = np.cumsum(size) // CHUNK
    for number in np.unique(block):
        units = np.flatnonzero(block == number)
        left_out, owner = without_each(cells, dimension, units, count)
        change = estimate(left_out) - full[owner]
        starts = np.searchsorted(owner, units)
        outer = np.add.reduceat(change[:, :, None] * change[:, None, :], starts, axis=0)
        variance[units] = outer * ((count[units] - 1) / count[units])[:, None, None]
    return variance


def without_each(cells: Cells, dimension: int, units: Codes, count: Codes) -> tuple[Cells, Codes]:
    """The cells of `units` without each of their clusters in turn, each as a unit of its own; and whose it is."""
    wanted = np.flatnonzero(np.isin(cells.unit, units))
    repeats = count[cells.unit[wanted]]
    place = np.repeat(wanted, repeats)
    dropped = np.arange(len(place)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    stays = cells.clusters[dimension, place] != dropped
    place, dropped = place[stays], dropped[stays]
    offset = np.zeros(cells.units, dtype=np.int64)
    offset[units] = np.cumsum(count[units]) - count[units]
    unit = offset[cells.unit[place]] + dropped
    order = np.argsort(unit, kind="stable")
    place, unit = place[order], unit[order]
    left_out = Cells(
        unit,
        number_within(unit, cells.effects[:, place]),
        np.empty((0, len(place)), dtype=np.int64),
        cells.rows[place],
        cells.weight[place],
        cells.mean[:, place],
        None if cells.within is None else cells.within[:, place],
    )
    return left_out, np.repeat(units, count[units])
