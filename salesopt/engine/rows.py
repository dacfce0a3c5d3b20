"""Gather a design's data from a table in memory: every row is a cell of its own."""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesopt.stats.cells import Cells, Codes, Floats, Mask, number_within
from salesopt.stats.design import DEAL, INTERCEPT, PRICE, TREND, UNITS, Design, Gathered
from salesopt.stats.panel import PARTS, codes_of, lag, period_part


def gather_rows(sales: pd.DataFrame, design: Design) -> Gathered:
    """The cells of `sales`, a checked table; rows with a blank, or for logs no sale, are left out and counted."""
    complete = sales[list(design.named)].notna().all(axis=1).to_numpy()
    unnamed, sales = int((~complete).sum()), sales[complete]
    owner, names = _units(sales, design)
    values = _variables(sales, design, owner)
    weight = sales[design.weights].to_numpy(np.float64) if design.weights else np.ones(len(sales))
    filled = np.isfinite(np.delete(values, design.places([UNITS]), axis=0)).all(axis=0) & np.isfinite(weight)
    sold = sales["units"].to_numpy(np.float64) > 0
    used = filled & (weight > 0) & (sold | (not design.log_units))
    facts = _facts(sales, owner, filled, used, names)
    order = np.flatnonzero(used)[np.argsort(owner[used], kind="stable")]
    unit = np.unique(owner[order], return_inverse=True)[1].astype(np.int64)
    kept = weight[order]
    if design.weights:
        kept = kept * (np.bincount(unit) / np.bincount(unit, kept))[unit]
    rows = sales.iloc[order].assign(unit=unit)
    clusters = (
        _codes(rows, design.clusters, unit) if design.clusters else number_within(unit, np.arange(len(unit))[None])
    )
    cells = Cells(unit, _codes(rows, design.effects, unit), clusters, np.ones(len(unit)), kept, values[:, order])
    present = facts["rows"].to_numpy() > 0
    return Gathered(
        cells,
        facts[present].reset_index(drop=True),
        facts[~present].reset_index(drop=True),
        unnamed + int((~filled).sum()),
        number_within(unit, codes_of(rows["period"])[None])[0],
    )


def _units(sales: pd.DataFrame, design: Design) -> tuple[Codes, pd.DataFrame]:
    """The number of each row's unit, and the names of the units in order."""
    grouped = sales.groupby(list(design.unit), sort=True, observed=True)
    names = sales[list(design.unit)].drop_duplicates().sort_values(list(design.unit)).reset_index(drop=True)
    return np.asarray(grouped.ngroup(), dtype=np.int64), names


def _variables(sales: pd.DataFrame, design: Design, owner: Codes) -> Floats:
    """(variables, rows) in the order of `design.variables`; nan where a row lacks one."""
    price = np.log((sales["base_price"] if design.deals else sales["price"]).to_numpy(np.float64))
    units = sales["units"].to_numpy(np.float64)
    found = {
        INTERCEPT: np.ones(len(sales)),
        PRICE: price,
        TREND: (sales["period"].dt.year + sales["period"].dt.month / 12).to_numpy(np.float64),
        UNITS: np.log(np.where(units > 0, units, np.nan)) if design.log_units else units,
    }
    if design.deals:
        found[DEAL] = np.log(sales["price"].to_numpy(np.float64)) - price
    series = _series(sales, owner)
    period = codes_of(sales["period"])
    for steps, name in enumerate(design.lagged, start=1):
        found[name] = lag(price, series, period, steps)
    for name in (*design.controls, *design.instruments):
        found[name] = sales[name].to_numpy(np.float64)
    return np.stack([found[name] for name in design.variables])


def _series(sales: pd.DataFrame, owner: Codes) -> Codes:
    """One number per unit and market: what is followed over time."""
    market = codes_of(sales["market"])
    return owner * (int(market.max()) + 1) + market


def _facts(sales: pd.DataFrame, owner: Codes, filled: Mask, used: Mask, names: pd.DataFrame) -> pd.DataFrame:
    count = len(names)
    units, price = sales["units"].to_numpy(np.float64), sales["price"].to_numpy(np.float64)
    low, high = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(low, owner[used], price[used])
    np.maximum.at(high, owner[used], price[used])
    if "line" in sales:
        names = names.assign(line=sales.groupby(owner)["line"].first().reindex(range(count)).to_numpy())
    return names.assign(
        rows=np.bincount(owner[used], minlength=count),
        zeros=np.bincount(owner[filled & (units == 0)], minlength=count),
        filled=np.bincount(owner[filled], minlength=count),
        price_low=low,
        price_high=high,
        revenue=np.bincount(owner[used], (units * price)[used], minlength=count),
    )


def _codes(rows: pd.DataFrame, names: tuple[str, ...], unit: Codes) -> Codes:
    codes = [codes_of(level(rows, name)) for name in names]
    return number_within(unit, np.array(codes, dtype=np.int64).reshape(len(names), len(rows)))


def level(sales: pd.DataFrame, name: str) -> pd.Series:
    """The column `name`, or the part of the period that it names where the table has no such column."""
    return (
        period_part(sales["period"], name) if (name in PARTS and name not in sales) or name == "period" else sales[name]
    )
