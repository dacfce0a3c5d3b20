"""The picture of an elasticity: demand at each price with everything else held equal (a partial regression)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from salesopt.stats.cells import Cells, Floats
from salesopt.stats.effects import absorb

POINTS = 40
MOST = 1500
FARTHEST = 50.0


def demand_points(cells: Cells, beta: Floats, x: Sequence[int], y: int, fitted: Floats | None = None) -> pd.DataFrame:
    """unit, price, units, one row per cell: observed units at the price, moved to the unit's average other conditions.

    `beta` (units, regressors) are the coefficients, `x[-1]` is log price and `y` log units; for a Poisson fit, whose
    outcome is units, `fitted` are the expected units and `cells` carry them in their weights.
    """
    weight = cells.weight if fitted is None else cells.weight * fitted
    weighted = Cells(cells.unit, cells.effects, cells.clusters, cells.rows, weight, cells.mean, cells.within)
    residual = absorb(weighted).residual
    starts = cells.starts[:-1]
    price = residual[x[-1]]
    total = np.add.reduceat(weight, starts)
    center = (np.add.reduceat(weight * cells.mean[x[-1]], starts) / total)[cells.unit]
    if not len(cells.effects):
        price = price - center
    along = beta[cells.unit, -1] * price
    if fitted is None:
        left = residual[y] - np.einsum("xr,rx->r", residual[list(x)], beta[cells.unit])
        level = (np.add.reduceat(weight * cells.mean[y], starts) / total)[cells.unit]
        units = np.exp(level + along + left)
    else:
        average = np.add.reduceat(cells.weight * cells.mean[y], starts) / np.add.reduceat(cells.weight, starts)
        units = average[cells.unit] * np.exp(along) * cells.mean[y] / fitted
    return pd.DataFrame({"unit": cells.unit, "price": np.exp(center + price), "units": units})


def demand_curve(points: pd.DataFrame, elasticity: float, low: float, high: float) -> pd.DataFrame:
    """price, units, low, high of the demand curve through the middle of `points` (of one unit), over their prices."""
    sold = points["units"] > 0
    middle = np.exp(np.log(points["price"]).mean())
    level = np.exp(np.log(points.loc[sold, "units"]).mean()) * sold.mean()
    price = np.geomspace(points["price"].min(), points["price"].max(), POINTS)
    distance = np.log(price / middle)
    curves = {
        name: level * np.exp(np.clip(slope * distance, -FARTHEST, FARTHEST))
        for name, slope in (("units", elasticity), ("a", low), ("b", high))
    }
    return pd.DataFrame(
        {
            "price": price,
            "units": curves["units"],
            "low": np.minimum(curves["a"], curves["b"]),
            "high": np.maximum(curves["a"], curves["b"]),
        }
    )


def thinned(points: pd.DataFrame) -> pd.DataFrame:
    """At most `MOST` of the points, evenly taken in the order of their prices."""
    if len(points) <= MOST:
        return points
    places = np.linspace(0, len(points) - 1, MOST).astype(int)
    return points.sort_values("price", ignore_index=True).iloc[places]
