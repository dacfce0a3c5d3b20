"""From a sales table of any size to the data of the regressions: checks, what was left out, rows or grouped sums."""

from __future__ import annotations

from typing import Any

import pandas as pd

from salesopt.engine.blocks import gather_blocks
from salesopt.engine.rows import gather_rows
from salesopt.engine.session import SPARK, column_names
from salesopt.engine.sums import gather_sums
from salesopt.errors import DataError, ParameterError, Problem
from salesopt.stats.design import Design, Gathered
from salesopt.study.tables import require_table

ROWS = 1_000_000


def gather(sales: Any, design: Design, engine: str = "auto") -> tuple[Gathered, list[str]]:
    """The data of the regressions, and sentences about what was done to the rows on the way.

    With engine "auto" a table of at most `ROWS` rows is taken row by row; a larger one is summed in blocks where that
    can be done, else by DuckDB, as a path is (a Spark DataFrame by Spark). "memory", "duckdb", "spark" and Spark
    addresses choose.
    """
    if engine != "memory" and engine not in ("auto", "duckdb", "spark") and not engine.startswith(SPARK):
        raise ParameterError(
            f"engine must be auto, memory, duckdb, spark or a Spark address such as local[2], not {engine!r}"
        )
    table = isinstance(sales, pd.DataFrame)
    if engine not in ("auto", "memory") or (engine == "auto" and (not table or len(sales) > ROWS)):
        summed = gather_blocks(sales, design) if table and engine == "auto" else None
        if summed:
            return summed, _blank_caution(summed, len(sales), design) + _segment_caution(sales, design)
        chosen = "duckdb" if engine == "auto" and not hasattr(sales, "createOrReplaceTempView") else engine
        gathered, total = gather_sums(sales, design, "spark" if chosen == "auto" else chosen)
        return gathered, _blank_caution(gathered, total, design) + _segment_caution(sales, design)
    checked = checked_rows(sales, design)
    cautions = []
    if "segment" in checked and len(checked["segment"].unique()) > 1 and "segment" not in design.columns:
        checked = without_segments(checked, design)
        cautions.append("Segments were added up to markets; their own elasticities need by='segment'.")
    gathered = gather_rows(checked, design)
    return gathered, cautions + _blank_caution(gathered, len(checked), design)


def _segment_caution(sales: Any, design: Design) -> list[str]:
    if "segment" not in column_names(sales) or "segment" in design.columns:
        return []
    return [
        "Rows of different segments were used as they are, not added up; by='segment' gives each its own elasticity."
    ]


def _blank_caution(gathered: Gathered, total: int, design: Design) -> list[str]:
    if not gathered.blank:
        return []
    why = "an earlier price is absent" if design.lags else "a column that the estimate needs is blank"
    return [f"{gathered.blank:,} of {total:,} rows were left out because {why} there."]


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
    if design.weights and design.weights in numbers and (numbers[design.weights] < 0).any():
        problems.append(Problem("sales", design.weights, None, "a negative weight", "a number of at least 0"))
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
