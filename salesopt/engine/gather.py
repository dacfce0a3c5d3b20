"""From a sales table of any size to the data of the regressions: checks, what was left out, rows or grouped sums."""

from __future__ import annotations

from typing import Any

import pandas as pd

from salesopt.engine.design import Design, Gathered
from salesopt.engine.rows import gather_rows
from salesopt.errors import DataError, Problem
from salesopt.study.tables import require_table


def gather(sales: Any, design: Design) -> tuple[Gathered, list[str]]:
    """The data of the regressions, and sentences about what was done to the rows on the way."""
    checked = checked_rows(sales, design)
    cautions = []
    if "segment" in checked and len(checked["segment"].unique()) > 1 and "segment" not in design.columns:
        checked = without_segments(checked, design)
        cautions.append("Segments were added up to markets; their own elasticities need by='segment'.")
    gathered = gather_rows(checked, design)
    if gathered.blank:
        why = "an earlier price is absent" if design.lags else "a column that the estimate needs is blank"
        cautions.append(f"{gathered.blank:,} of {len(checked):,} rows were left out because {why} there.")
    return gathered, cautions


def checked_rows(sales: Any, design: Design) -> pd.DataFrame:
    """The typed sales table; raises DataError where it or a column named in the design is not what it should be."""
    if not isinstance(sales, pd.DataFrame):
        raise DataError(f"sales must be a DataFrame or a path, not {type(sales).__name__}")
    checked = require_table("sales", sales, columns=design.columns)
    numbers, problems = {}, []
    for name in design.numeric:
        numbers[name] = pd.to_numeric(checked[name], errors="coerce").astype("float64")
        bad = numbers[name].isna() & checked[name].notna()
        if bad.any():
            at = int(bad.to_numpy().argmax())
            shown = repr(str(checked[name].iloc[at]))
            problems.append(Problem("sales", name, at + 2, shown, "a number", count=int(bad.sum())))
    if problems:
        raise DataError(problems)
    return checked.assign(**numbers)


def without_segments(sales: pd.DataFrame, design: Design) -> pd.DataFrame:
    """One row per product, market and period: units added up, prices and other numbers weighted by units."""
    keys = ["product", "market", "period"]
    weight = sales["units"].where(sales["units"] > 0, 1e-9)
    means = ["price", *design.numeric, *(["base_price"] if design.deals else [])]
    weighted = sales[keys].assign(units=sales["units"], total=weight, **{name: sales[name] * weight for name in means})
    sums = weighted.groupby(keys, as_index=False, sort=False).sum(min_count=1)
    others = [name for name in {*design.columns, "line"} if name not in [*means, *keys] and name in sales]
    first = sales.groupby(keys, as_index=False, sort=False)[others].first() if others else sums[keys]
    return sums.assign(**{name: sums[name] / sums["total"] for name in means}).merge(first, on=keys)
