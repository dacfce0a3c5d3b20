"""Gather a design's data from a table of any size: sums per unit, effects and clusters, made by one SQL text.

Least squares with fixed effects and clustered errors need no rows: counts, sums and sums of products of the variables
per combination of unit, effects and clusters are enough. One grouped query makes them in one pass over the table, on
DuckDB or on Spark alike; the text uses explicit casts only, so that both give equal numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from salesopt.engine.session import VIEW, column_names, open_session, require_columns
from salesopt.errors import DataError, ParameterError, Problem
from salesopt.stats.cells import Cells, Codes, number_within, pairs
from salesopt.stats.design import DEAL, INTERCEPT, PRICE, TREND, UNITS, Design, Gathered
from salesopt.study.tables import check_table

LINE = "line"
KEYS = ("product", "market", "period", "units", "price")
PARTS_SQL = {
    "week": "CAST(EXTRACT(WEEK FROM {0}) AS BIGINT)",
    "month": "CAST(EXTRACT(MONTH FROM {0}) AS BIGINT)",
    "quarter": "CAST(EXTRACT(QUARTER FROM {0}) AS BIGINT)",
    "year": "CAST(EXTRACT(YEAR FROM {0}) AS BIGINT)",
    "period": "{0}",
}
FINITE = "{0} BETWEEN -1.7E308 AND 1.7E308"
RULES = {
    "product": ("{0} IS NULL", "some text"),
    "market": ("{0} IS NULL", "some text"),
    "period": ("{0} IS NULL", "a date"),
    "units": (f"({FINITE} AND {{0}} >= 0) IS NOT TRUE", "a number of at least 0"),
    "price": (f"({FINITE} AND {{0}} > 0) IS NOT TRUE", "a number above 0"),
}


def gather_sums(sales: Any, design: Design, engine: str = "duckdb") -> tuple[Gathered, int]:
    """The cells of `sales` (DataFrame, path, or Spark DataFrame) from grouped sums, and the number of rows read.

    Raises DataError for a column that is absent, text where a number is needed, a blank key, negative units or a price
    that is not above zero: the rules of a table in memory, except that repeated rows are not looked for.
    ParameterError where the design needs single rows: lags, weights, no clusters, or units that are not in logs.
    """
    if design.lags or design.weights or not design.clusters or not design.log_units:
        raise ParameterError(
            "files and tables of more than a million rows are estimated from grouped sums, which serve methods 'ols' "
            "and 'iv' with a cluster, without lags and weights; for the rest give at most a million rows as a DataFrame"
        )
    line = [LINE] if LINE in column_names(sales) else []
    columns = tuple(dict.fromkeys((*KEYS, *design.columns, *line)))
    names: dict[str, pd.Index] = {}
    if isinstance(sales, pd.DataFrame):
        require_columns(sales.columns, columns)
        sales, names = coded_table(sales, columns)
    with open_session(engine, sales, columns) as session:
        _check_kinds(session.kinds, design, names)
        facts = session.run(fact_sql(design, columns)).to_pandas()
        total = int(facts["n"].sum())
        _check_facts(facts)
        used = max(float(facts["rows_used"].sum()), 1.0)
        centers = [float(facts[f"v{place}"].sum()) / used for place in range(len(design.variables))]
        cells = session.run(cell_sql(design, columns, centers))
    return _gathered(cells, facts, design, centers, names, total), total


def coded_table(sales: pd.DataFrame, columns: Sequence[str]) -> tuple[pa.Table, dict[str, pd.Index]]:
    """The columns as an Arrow table in which names are numbers, and the names. Numbers are not copied."""
    found, names = {}, {}
    for name in columns:
        column = sales[name]
        if name == "period" and not pd.api.types.is_datetime64_any_dtype(column):
            column = _dated(column)
        if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_datetime64_any_dtype(column):
            found[name] = pa.array(column, from_pandas=True)
        else:
            if isinstance(column.dtype, pd.CategoricalDtype):
                codes, names[name] = column.cat.codes.to_numpy(), column.cat.categories
            else:
                codes, names[name] = pd.factorize(column)
            found[name] = pa.array(codes.astype(np.int32), mask=codes < 0)
    return pa.table(found), names


def _dated(period: pd.Series) -> pd.Series:
    """Dates and periods given as text, as `check_table` reads them; each distinct text is read once."""
    codes, distinct = pd.factorize(period)
    probe = pd.DataFrame({"product": "a", "market": "b", "period": distinct, "units": 1.0, "price": 1.0})
    typed, problems = check_table("sales", probe)
    if problems:
        raise DataError(problems)
    values = typed["period"].to_numpy()[np.maximum(codes, 0)]
    return pd.Series(values).mask(codes < 0)


def _check_kinds(kinds: dict[str, str], design: Design, names: dict[str, pd.Index]) -> None:
    """DataError for every column of numbers or dates that holds something else."""
    numeric = ("units", "price", *design.numeric, *(["base_price"] if design.deals else []))
    problems = []
    for name, kind in kinds.items():
        text = name in names or kind.startswith(("varchar", "string", "char"))
        if name in numeric and (text or kind.startswith(("date", "timestamp", "bool"))):
            problems.append(Problem("sales", name, None, f"type {kind}", "numbers"))
        if name == "period" and not kind.startswith(("date", "timestamp")):
            problems.append(Problem("sales", name, None, f"type {kind}", "dates"))
    if problems:
        raise DataError(problems)


def _check_facts(facts: pd.DataFrame) -> None:
    """DataError for every rule that rows break, with their number."""
    problems = []
    if not len(facts):
        problems.append(Problem("sales", "", None, "no rows", "at least one row"))
    for place, (name, (_, expected)) in enumerate(RULES.items()):
        count = int(facts[f"bad{place}"].sum())
        if count:
            problems.append(Problem("sales", name, None, "something else", expected, count=count))
    if problems:
        raise DataError(problems)


def fact_sql(design: Design, columns: Sequence[str]) -> str:
    """Per unit: rows, broken rules, rows used and without a sale, range of prices, revenue, sums of the variables."""
    place = _places(columns)
    bad = [
        f"CAST(SUM(CASE WHEN {rule.format(_raw(name, place))} THEN 1 ELSE 0 END) AS BIGINT) AS bad{number}"
        for number, (name, (rule, _)) in enumerate(RULES.items())
    ]
    filled = _filled(design, place)
    used = f"({filled}) AND {_number('units', place)} > 0"
    sums = [
        f"SUM(CASE WHEN {used} THEN {value} END) AS v{number}" for number, value in enumerate(_values(design, place))
    ]
    price, units = _number("price", place), _number("units", place)
    parts = [
        *(f"{place[name]} AS u{number}" for number, name in enumerate(design.unit)),
        "COUNT(*) AS n",
        *bad,
        f"CAST(SUM(CASE WHEN {filled} THEN 1 ELSE 0 END) AS BIGINT) AS filled",
        f"CAST(SUM(CASE WHEN ({filled}) AND {units} = 0 THEN 1 ELSE 0 END) AS BIGINT) AS zeros",
        f"CAST(SUM(CASE WHEN {used} THEN 1 ELSE 0 END) AS BIGINT) AS rows_used",
        f"MIN(CASE WHEN {used} THEN {price} END) AS price_low",
        f"MAX(CASE WHEN {used} THEN {price} END) AS price_high",
        f"SUM(CASE WHEN {used} THEN {price} * {units} END) AS revenue",
        *sums,
        *([f"MIN({place[LINE]}) AS line"] if LINE in place and LINE not in design.unit else []),
    ]
    groups = ", ".join(place[name] for name in design.unit)
    return f"SELECT {', '.join(parts)} FROM {VIEW} GROUP BY {groups}"


def cell_sql(design: Design, columns: Sequence[str], centers: Sequence[float]) -> str:
    """Per unit, effects and clusters: rows, sums of the centred variables, and sums of their products."""
    place = _places(columns)
    keys = [f"{expression} AS k{number}" for number, expression in enumerate(_keys(design, place).values())]
    values = [
        f"{value} - CAST({center!r} AS DOUBLE) AS v{number}"
        for number, (value, center) in enumerate(zip(_values(design, place), centers, strict=True))
    ]
    used = f"({_filled(design, place)}) AND {_number('units', place)} > 0"
    inner = f"SELECT {', '.join([*keys, *values])} FROM {VIEW} WHERE {used}"
    names = [f"k{number}" for number in range(len(keys))]
    sums = [f"SUM(v{number}) AS s{number}" for number in range(len(values))]
    products = [f"SUM(v{i} * v{j}) AS p{number}" for number, (i, j) in enumerate(pairs(len(values)))]
    chosen = ", ".join([*names, "COUNT(*) AS n", *sums, *products])
    return f"SELECT {chosen} FROM ({inner}) AS chosen GROUP BY {', '.join(names)}"


def _places(columns: Sequence[str]) -> dict[str, str]:
    return {name: f"c{number}" for number, name in enumerate(columns)}


def _raw(name: str, place: dict[str, str]) -> str:
    return _number(name, place) if name in ("units", "price") else place[name]


def _number(name: str, place: dict[str, str]) -> str:
    return f"CAST({place[name]} AS DOUBLE)"


def _keys(design: Design, place: dict[str, str]) -> dict[str, str]:
    """The columns that rows are grouped by, with their SQL: unit, effects, clusters, each once."""
    day = f"CAST({place['period']} AS DATE)"
    wanted = dict.fromkeys((*design.unit, *design.effects, *design.clusters))
    return {name: place[name] if _own(name, place) else PARTS_SQL[name].format(day) for name in wanted}


def _own(name: str, place: dict[str, str]) -> bool:
    """Whether `name` is a column of the table rather than a part of the period."""
    return name in place and name != "period"


def _values(design: Design, place: dict[str, str]) -> list[str]:
    """SQL of the variables, in order."""
    day = f"CAST({place['period']} AS DATE)"
    year, month = (PARTS_SQL[part].format(day) for part in ("year", "month"))
    price = f"LN({_number('base_price' if design.deals else 'price', place)})"
    units = _number("units", place)
    special = {
        INTERCEPT: "CAST(1 AS DOUBLE)",
        PRICE: price,
        TREND: f"(CAST({year} AS DOUBLE) + CAST({month} AS DOUBLE) / CAST(12 AS DOUBLE))",
        UNITS: f"LN(CASE WHEN {units} > 0 THEN {units} END)",
    }
    if design.deals:
        special[DEAL] = f"(LN({_number('price', place)}) - {price})"
    return [special[name] if name in special else _number(name, place) for name in design.variables]


def _filled(design: Design, place: dict[str, str]) -> str:
    """SQL of whether a row has every column that the design needs beyond those that `RULES` hold for all rows."""
    numbers = [FINITE.format(_number(name, place)) for name in design.numeric]
    base = [f"{_number('base_price', place)} > 0", FINITE.format(_number("base_price", place))] if design.deals else []
    named = [f"{place[name]} IS NOT NULL" for name in design.named if name not in RULES]
    return " AND ".join([*numbers, *base, *named]) or "TRUE"


def _gathered(
    cells: pa.Table,
    facts: pd.DataFrame,
    design: Design,
    centers: Sequence[float],
    names: dict[str, pd.Index],
    total: int,
) -> Gathered:
    """The answer of both queries as cells and facts, sorted by unit."""
    facts = facts.rename(columns={"rows_used": "rows", **{f"u{n}": name for n, name in enumerate(design.unit)}})
    for name in design.unit:
        facts[name] = named(facts[name], names.get(name))
    facts = facts.sort_values(list(design.unit), ignore_index=True)
    if LINE in facts and LINE not in design.unit:
        facts[LINE] = named(facts[LINE], names.get(LINE))
    kept = [
        *design.unit,
        *([LINE] if LINE in facts and LINE not in design.unit else []),
        "rows",
        "zeros",
        "filled",
        "price_low",
        "price_high",
        "revenue",
    ]
    integers = dict.fromkeys(("rows", "zeros", "filled"), np.int64)
    blank = total - int(facts["filled"].sum())
    present = (facts["rows"] > 0).to_numpy()
    units = facts.loc[present, kept].astype(integers).reset_index(drop=True)

    keys = list(_keys(design, {name: name for name in (*KEYS, *design.columns)}))
    codes = {name: pd.factorize(cells.column(f"k{n}").to_pandas())[0].astype(np.int64) for n, name in enumerate(keys)}
    unit = _unit_numbers(cells, codes, design, names, units)
    order = np.argsort(unit, kind="stable")
    unit, count = unit[order], cells.column("n").to_numpy()[order].astype(np.float64)
    sums = [cells.column(f"s{n}").to_numpy()[order] for n in range(len(centers))]
    within = np.stack(
        [
            cells.column(f"p{n}").to_numpy()[order] - sums[i] * sums[j] / count
            for n, (i, j) in enumerate(pairs(len(sums)))
        ]
    )
    mean = np.stack([values / count + center for values, center in zip(sums, centers, strict=True)])
    numbered = {name: number_within(unit, codes[name][order][None]) for name in {*design.effects, *design.clusters}}
    effects = [numbered[name] for name in design.effects]
    found = Cells(
        unit,
        np.concatenate(effects) if effects else np.empty((0, len(unit)), dtype=np.int64),
        np.concatenate([numbered[name] for name in design.clusters]),
        count,
        count,
        mean,
        within,
    )
    absent = facts.loc[~present, kept].astype(integers).reset_index(drop=True)
    return Gathered(found, units, absent, blank)


def named(values: pd.Series, names: pd.Index | None) -> pd.Series:
    """Text of a column, from the numbers that stand for its names where these are given."""
    if names is None:
        return values.astype("str").where(values.notna())
    return values.map(dict(enumerate(names.astype(str))))


def _unit_numbers(
    cells: pa.Table, codes: dict[str, Codes], design: Design, names: dict[str, pd.Index], units: pd.DataFrame
) -> Codes:
    """The place in `units` of each cell's unit."""
    combined = codes[design.unit[0]]
    for name in design.unit[1:]:
        combined = combined * (int(codes[name].max()) + 1) + codes[name]
    _, first, inverse = np.unique(combined, return_index=True, return_inverse=True)
    labels = {}
    for number, name in enumerate(design.unit):
        values = cells.column(f"k{number}").to_pandas().iloc[first]
        labels[name] = named(values, names.get(name))
    found = pd.MultiIndex.from_arrays([np.asarray(labels[name]) for name in design.unit])
    wanted = pd.MultiIndex.from_frame(units[list(design.unit)])
    return wanted.get_indexer(found).astype(np.int64)[inverse]
