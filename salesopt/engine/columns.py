"""The columns of a large table in memory as numbers, so that they can be summed block after block."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from salesopt.engine.rows import level
from salesopt.stats.cells import Codes, Floats
from salesopt.stats.design import Design
from salesopt.stats.panel import codes_of

BLOCK = 1 << 17
MOST_DAYS = 400_000
LINE = "line"


@dataclass(frozen=True, eq=False)
class Key:
    """A column of names: the level of a row is `levels[index]`, and `names` has the text of each level."""

    index: NDArray[np.integer]
    levels: Codes
    names: pd.Index


@dataclass(frozen=True, eq=False)
class Source:
    """The columns of a table: names and parts of the period by `keys`, numbers, and the trend of each day."""

    keys: dict[str, Key]
    numbers: dict[str, NDArray[np.number]]
    day: NDArray[np.integer]
    trend: Floats
    rows: int


def blocks(rows: int) -> Iterator[slice]:
    """All rows, `BLOCK` at a time."""
    return (slice(start, start + BLOCK) for start in range(0, rows, BLOCK))


def _plain(sales: pd.DataFrame, design: Design) -> bool:
    """Whether all columns are there, numbers and dates as NumPy holds them."""
    numbers = _numbers(design)
    wanted = {"market", "period", *numbers, *design.columns}
    if not len(sales) or not sales.columns.is_unique or not wanted <= set(sales.columns):
        return False
    kinds = [sales[name].dtype for name in (*numbers, "period")]
    return all(
        isinstance(kind, np.dtype) and kind.kind in ("M" if place == len(numbers) else "iuf")
        for place, kind in enumerate(kinds)
    )


def _numbers(design: Design) -> list[str]:
    return ["units", "price", *design.numeric, *(["base_price"] if design.deals else [])]


def source_of(sales: pd.DataFrame, design: Design) -> Source | None:
    """The columns that `design` needs as numbers.

    None where one is absent, not plain numbers or dates, a blank key, or where the dates lie too far apart.
    """
    if not _plain(sales, design):
        return None
    period = sales["period"].to_numpy()
    first, last = (end.astype("datetime64[D]") for end in (period.min(), period.max()))
    if np.isnat(first) or (last - first).astype(int) > MOST_DAYS:
        return None
    day, present = np.empty(len(sales), dtype=np.int32), np.zeros((last - first).astype(int) + 1, dtype=bool)
    for block in blocks(len(sales)):
        day[block] = (period[block].astype("datetime64[D]") - first).astype(np.int32)
        present[day[block]] = True
    seen = np.flatnonzero(present)
    days = pd.DataFrame({"period": first + seen})
    levels, trend = np.zeros(len(present), dtype=np.int64), np.zeros(len(present))
    trend[seen] = days["period"].dt.year + days["period"].dt.month / 12
    keys = {}
    for name in dict.fromkeys((*design.unit, "market", *design.clusters, *design.effects)):
        if name in sales and name != "period":
            keys[name] = _named(sales[name])
            if keys[name].index.min() < 0:
                return None
        else:
            values = level(days, name)
            levels[seen] = codes_of(values)
            keys[name] = Key(day, levels.copy(), pd.Index(values.unique()))
    if LINE in sales and LINE not in design.unit:
        keys[LINE] = _named(sales[LINE])
    return Source(keys, {name: sales[name].to_numpy() for name in _numbers(design)}, day, trend, len(sales))


def _named(column: pd.Series) -> Key:
    """A column of names; levels are in the order of the names as text. A blank has index -1 and the last level."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        index, names = column.cat.codes.to_numpy(), column.cat.categories
    else:
        index, names = pd.factorize(column)
    names = pd.Index(names)
    if names.dtype.kind == "f" and (names % 1 == 0).all():
        names = names.astype(np.int64)
    levels, ordered = pd.factorize(names.astype("str").str.strip(), sort=True)
    return Key(index, np.append(levels, len(ordered)).astype(np.int64), pd.Index(ordered))
