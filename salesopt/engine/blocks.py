"""Gather a design's data from a large table in memory, block after block, into arrays of sums.

Every combination of unit, clusters and effects has a place of its own, found from the numbers of its names, so that no
row is sorted, grouped or copied. Products of the variables are needed per unit and cluster only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesopt.engine.columns import LINE, Source, blocks, source_of
from salesopt.stats.cells import Cells, Codes, Floats, number_within, pairs
from salesopt.stats.design import DEAL, INTERCEPT, PRICE, TREND, UNITS, Design, Gathered

SAMPLE = 100_000
LEAST = 100_000


@dataclass(frozen=True, eq=False)
class Sums:
    """What is summed over the blocks: per cell, per group (unit and clusters), and per unit.

    count, sums : (cells,) rows, (variables, cells) sums of the variables less `centers`; cells run over the groups
                  first, then over the other effects
    products    : (pairs, groups) sums of their products
    revenue     : (groups,) price x units
    blank, zeros, low, high, line : (units,) see `Gathered.units`; `blank` are rows that are not filled
    """

    centers: Floats
    count: Floats
    sums: Floats
    products: Floats
    revenue: Floats
    blank: Floats
    zeros: Floats
    low: Floats
    high: Floats
    line: Floats


def gather_blocks(sales: pd.DataFrame, design: Design) -> Gathered | None:
    """The cells of `sales`, equal to those of `gather_sums`; None where that one has to be asked.

    That is so where the design needs single rows, where a column is not plain numbers or dates, where a key is blank or
    a price or units are out of range (it says which), and where there are more combinations than rows.
    """
    if design.lags or design.weights or not design.clusters or not design.log_units:
        return None
    source = source_of(sales, design)
    if source is None:
        return None
    sizes = {name: len(key.names) for name, key in source.keys.items()}
    by_group = {name: sizes[name] for name in (*design.unit, *design.clusters)}
    by_effect = {name: sizes[name] for name in design.effects if name not in by_group}
    if _combinations(by_group) * _combinations(by_effect) > max(source.rows, LEAST):
        return None
    units, groups = _combinations({name: sizes[name] for name in design.unit}), _combinations(by_group)
    sums = _empty(_centers(source, design), groups * _combinations(by_effect), groups, units)
    for block in blocks(source.rows):
        group = _place(source, by_group, block)
        cell = _place(source, by_effect, block) * groups + group
        if not _add(sums, source, design, block, cell, group, group // (groups // units)):
            return None
    return Gathered(_cells(sums, design, by_group, by_effect), *_facts(sums, source, design))


def _combinations(sizes: dict[str, int]) -> int:
    return math.prod(sizes.values())


def _place(source: Source, sizes: dict[str, int], block: slice) -> Codes:
    """The number of each row's combination of the columns `sizes`."""
    place: Codes = np.zeros(1, dtype=np.int64)
    for name, size in sizes.items():
        key = source.keys[name]
        place = place * size + key.levels[key.index[block]]
    return place


def _variables(source: Source, design: Design, block: slice) -> Floats:
    """(variables, rows of the block) in the order of `design.variables`; not finite where a row lacks one."""
    numbers = {name: values[block].astype(np.float64, copy=False) for name, values in source.numbers.items()}
    with np.errstate(divide="ignore", invalid="ignore"):
        price = np.log(numbers["base_price" if design.deals else "price"])
        special = {
            INTERCEPT: 1.0,
            PRICE: price,
            TREND: source.trend[source.day[block]],
            UNITS: np.log(numbers["units"]),
        }
        if design.deals:
            special[DEAL] = np.log(numbers["price"]) - price
    values = np.empty((len(design.variables), len(price)))
    for row, name in zip(values, design.variables, strict=True):
        row[:] = special[name] if name in special else numbers[name]
    return values


def _centers(source: Source, design: Design) -> Floats:
    """About the mean of each variable, so that sums of squares keep their digits."""
    values = _variables(source, design, slice(None, None, max(source.rows // SAMPLE, 1)))
    good = np.isfinite(values).all(axis=0)
    return values[:, good].mean(axis=1) if good.any() else np.zeros(len(values))


def _empty(centers: Floats, cells: int, groups: int, units: int) -> Sums:
    width = len(centers)
    return Sums(
        centers,
        count=np.zeros(cells),
        sums=np.zeros((width, cells)),
        products=np.zeros((len(pairs(width)), groups)),
        revenue=np.zeros(groups),
        blank=np.zeros(units),
        zeros=np.zeros(units),
        low=np.full(units, np.inf),
        high=np.full(units, -np.inf),
        line=np.full(units, np.inf),
    )


def _add(sums: Sums, source: Source, design: Design, block: slice, cell: Codes, group: Codes, unit: Codes) -> bool:
    """Add a block; False where a price or units are out of range."""
    price, units = (source.numbers[name][block].astype(np.float64, copy=False) for name in ("price", "units"))
    if not (price.min() > 0 and units.min() >= 0 and price.max() < np.inf and units.max() < np.inf):
        return False
    values = _variables(source, design, block)
    filled = np.isfinite(values[:-1]).all(axis=0)
    used = filled & (units > 0)
    if LINE in source.keys:
        key = source.keys[LINE]
        _lower(sums.line, unit, key.levels[key.index[block]].astype(np.float64))
    if not used.all():
        np.add.at(sums.blank, unit[~filled], 1.0)
        np.add.at(sums.zeros, unit[filled & ~used], 1.0)
        values, price, units = values[:, used], price[used], units[used]
        cell, group, unit = cell[used], group[used], unit[used]
    _lower(sums.low, unit, price)
    _lower(sums.high, unit, price, np.greater)
    np.add.at(sums.revenue, group, price * units)
    values -= sums.centers[:, None]
    np.add.at(sums.count, cell, 1.0)
    for row, total in zip(values, sums.sums, strict=True):
        np.add.at(total, cell, row)
    for (i, j), total in zip(pairs(len(values)), sums.products, strict=True):
        np.add.at(total, group, values[i] * values[j])
    return True


def _lower(best: Floats, place: Codes, values: Floats, than: np.ufunc = np.less) -> None:
    """Lower (or with np.greater raise) `best` at `place` to `values`; only rows that change it are looked at twice."""
    better = than(values, best[place])
    if better.any():
        (np.minimum if than is np.less else np.maximum).at(best, place[better], values[better])


def _cells(sums: Sums, design: Design, by_group: dict[str, int], by_effect: dict[str, int]) -> Cells:
    """The cells that have rows, by group. Products within the cells stand at the first cell of each group."""
    groups = sums.products.shape[1]
    group, effect = np.nonzero(sums.count.reshape(-1, groups).T)
    codes = _codes(group, by_group) | _codes(effect, by_effect)
    unit = np.unique(group // (groups // len(sums.low)), return_inverse=True)[1].astype(np.int64)
    found = effect * groups + group
    count, total = sums.count[found], sums.sums[:, found]
    mean, first = total / count, np.flatnonzero(np.diff(group, prepend=-1))
    within = np.zeros((len(sums.products), len(found)))
    for row, product, (i, j) in zip(within, sums.products, pairs(len(total)), strict=True):
        row[first] = product[group[first]] - np.add.reduceat(total[i] * mean[j], first)
    return Cells(
        unit,
        number_within(unit, np.array([codes[name] for name in design.effects]).reshape(-1, len(found))),
        number_within(unit, np.array([codes[name] for name in design.clusters])),
        count,
        count,
        mean + sums.centers[:, None],
        within,
    )


def _codes(place: Codes, sizes: dict[str, int]) -> dict[str, Codes]:
    """What `_place` made the numbers of."""
    codes = {}
    for name, size in reversed(sizes.items()):
        place, codes[name] = np.divmod(place, size)
    return codes


def _facts(sums: Sums, source: Source, design: Design) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """The units that have rows to use, those that have none, and the number of rows that lack something."""
    names = pd.MultiIndex.from_product([source.keys[name].names for name in design.unit], names=design.unit)
    facts = names.to_frame(index=False)
    if LINE in source.keys:
        known = np.append(source.keys[LINE].names.astype(object), np.nan)
        facts[LINE] = known[np.minimum(sums.line, len(known) - 1).astype(np.int64)]
    by_group = sums.count.reshape(-1, len(sums.revenue)).sum(axis=0)
    rows, revenue = (values.reshape(len(facts), -1).sum(axis=1) for values in (by_group, sums.revenue))
    facts = facts.assign(
        rows=rows.astype(np.int64),
        zeros=sums.zeros.astype(np.int64),
        filled=(rows + sums.zeros).astype(np.int64),
        price_low=sums.low,
        price_high=sums.high,
        revenue=revenue,
    )
    present = rows > 0
    return (
        facts[present].reset_index(drop=True),
        facts[~present & (sums.blank + sums.zeros > 0)].reset_index(drop=True),
        int(sums.blank.sum()),
    )
