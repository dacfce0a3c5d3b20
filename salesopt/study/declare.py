"""How a table is declared, and how a frame is checked against its declaration: types, rules, keys.

`tables.py` holds the declarations themselves.
"""

from __future__ import annotations

import datetime
import importlib
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

with warnings.catch_warnings():
    # Where pyspark is installed, pandera tries to import pyspark.pandas, which warns of pandas 3 and then fails: on its
    # own import and, as a failed import is not remembered, again when its checks are loaded on first use.
    warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas", category=FutureWarning)
    import pandera.pandas as pa

    importlib.import_module("pandera.backends.pandas.builtin_checks")

from salesopt.errors import Problem, close_match
from salesopt.study.periods import first_days

NOT_NUMBERS = (bool, np.bool_, bytes, complex, datetime.date, datetime.timedelta, np.datetime64, np.timedelta64)
FEW = 5  # columns that nothing reads which are named where a required one is absent
MOST = 10  # distinct values of a problem that are listed one by one
ODD = 3  # distinct values wrong in one way that are listed one by one; where there are more, the column is meant


def _column(
    kind: str, meaning: str, unit: str, checks: list[pa.Check], optional: bool, blank: bool, scale: str = ""
) -> pa.Column:
    return pa.Column(
        dtype=None,
        checks=checks,
        nullable=True,
        required=not optional,
        description=meaning,
        metadata={"kind": kind, "unit": unit, "blank": blank or optional, "scale": scale},
    )


def text(meaning: str, *, choices: tuple[str, ...] = (), optional: bool = False) -> pa.Column:
    """A column of names; with `choices` one of these."""
    checks = [pa.Check.isin(choices, error="one of " + ", ".join(choices))] if choices else []
    return _column("text", meaning, "", checks, optional, False)


def number(
    meaning: str,
    unit: str,
    *,
    least: float | None = None,
    above: float | None = None,
    most: float | None = None,
    whole: bool = False,
    optional: bool = False,
    blank: bool = False,
) -> pa.Column:
    """A column of numbers in `unit`, within the limits given; `blank` allows empty cells, an optional column too."""
    checks = []
    if least is not None:
        checks.append(pa.Check.ge(least, error=f"a number of at least {least:g}"))
    if above is not None:
        checks.append(pa.Check.gt(above, error=f"a number above {above:g}"))
    if most is not None:
        checks.append(pa.Check.le(most, error=f"a number of at most {most:g}"))
    if whole:
        checks.append(pa.Check(lambda column: column % 1 == 0, error="a whole number"))
    scale = f", {least:g} to {most:g}" if least is not None and most is not None else ""
    return _column("number", meaning, unit, checks, optional, blank, scale)


def date(meaning: str, *, optional: bool = False) -> pa.Column:
    """A column of dates or periods (2026-07-06, 2026-07, 2026Q3); a period stands for its first day."""
    return _column("date", meaning, "date", [], optional, False)


def table(meaning: str, columns: dict[str, pa.Column], key: Iterable[str]) -> pa.DataFrameSchema:
    """A table of `columns` with one row per `key`; columns it does not name are allowed."""
    return pa.DataFrameSchema(columns, description=meaning, metadata={"key": tuple(key)})


def check_frame(
    name: str, schema: pa.DataFrameSchema, frame: pd.DataFrame, file: str
) -> tuple[pd.DataFrame, list[Problem]]:
    """Check `frame` against `schema`; return a typed copy and every problem found, as problems of table `name`."""
    twice = frame.columns[frame.columns.duplicated()].unique()
    if len(twice):
        return frame.copy(), [Problem(name, str(one), 1, "this name twice", "every name once", file) for one in twice]
    problems = [
        Problem(name, column, None, "", f"this column, which is absent{_spelt(column, frame, schema)}", file)
        for column, spec in schema.columns.items()
        if spec.required and column not in frame.columns
    ]
    if frame.empty:
        return frame.copy(), [*problems, Problem(name, "", None, "no rows", "at least one row", file)]
    typed = frame.copy(deep=False)
    for column, spec in schema.columns.items():
        if column in frame.columns:
            typed[column], found = _typed(name, frame[column], spec, file)
            problems += found
    problems += _rule_problems(name, typed, schema, frame, file)
    problems += _key_problems(name, typed, schema, file)
    return typed, problems


def _spelt(column: str, frame: pd.DataFrame, schema: pa.DataFrameSchema) -> str:
    """A hint at the column of `frame` that may be the absent `column`: one spelt like it, else all that nothing reads.

    A column that is spelt like another absent one is not offered.
    """
    others = [str(name) for name in frame.columns if name not in schema.columns]
    if near := close_match(column, others):
        return near.replace("did you mean", "is it")
    absent = [name for name in schema.columns if name not in frame.columns]
    free = [name for name in others if not close_match(name, absent)][:FEW]
    return f"; is it one of the columns that nothing reads: {', '.join(map(repr, free))}?" if free else ""


def problems_at(
    name: str, column: str, rows: Iterable[int], texts: Iterable[str], expected: str, file: str
) -> list[Problem]:
    """One Problem for each distinct text that stands in `rows` (counted from 0), with its first row and their number.

    After `MOST` texts the rest is one Problem, so that a column of nonsense stays readable.
    """
    found: dict[str, list[int]] = {}
    for row, text in zip(rows, texts, strict=True):
        found.setdefault(text, []).append(int(row))
    listed = list(found.items())
    if rest := [row for _, at in listed[MOST:] for row in at]:
        listed[MOST:] = [(_more(len(listed) - MOST), rest)]
    return [Problem(name, column, at[0] + 2, text, expected, file, len(at)) for text, at in listed]


def _more(count: int) -> str:
    return f"{count} more value{'s' if count > 1 else ''}"


def values_at(
    name: str, column: str, rows: Iterable[int], texts: Iterable[str], expected: str, file: str
) -> list[Problem]:
    """`problems_at` for values that are wrong in one way: a column in other words or units is one Problem."""
    at, said = [int(row) for row in rows], list(texts)
    values = list(dict.fromkeys(said))
    if len(values) <= ODD:
        return problems_at(name, column, at, said, expected, file)
    value = f"{', '.join(values[:ODD])} and {_more(len(values) - ODD)}"
    return [Problem(name, column, at[0] + 2, value, expected, file, len(at))]


def _where(name: str, column: str, bad: pd.Series, values: pd.Series, expected: str, file: str) -> list[Problem]:
    """The problems of the rows where `bad` holds."""
    rows = np.flatnonzero(bad.to_numpy())
    return values_at(name, column, rows, values.iloc[rows].map(shown), expected, file) if len(rows) else []


def shown(value: Any) -> str:
    """A cell as a message shows it."""
    return "an empty cell" if pd.isna(value) else repr(str(value))


def _typed(name: str, values: pd.Series, spec: Any, file: str) -> tuple[pd.Series, list[Problem]]:
    kind, blank, column = spec.metadata["kind"], spec.metadata["blank"], str(values.name)
    typed: pd.Series
    missing = values.isna()
    if kind == "number":
        typed = pd.to_numeric(_countable(values), errors="coerce").astype("float64")
        typed = typed.where(typed.abs() != float("inf"))
        wanted = f"a number ({spec.metadata['unit']}{spec.metadata['scale']})" if spec.metadata["unit"] else "a number"
        wanted += ", 0.3 for 30 %" if spec.metadata["unit"] == "fraction" else ""
    elif kind == "date":
        typed = first_days(values)
        wanted = "a date or period such as 2026-07-06, 2026-07 or 2026Q3"
    else:
        named = _named(values)
        typed = _whole(named).astype("str").str.strip().where(named.notna())
        missing = missing | (typed == "")
        typed = typed.mask(missing)
        wanted = "some text"
    problems = _where(name, column, typed.isna() & ~missing, values, wanted, file)
    if not blank:
        problems += _where(name, column, missing, values.where(~missing), wanted, file)
    return typed, problems


def _countable(values: pd.Series) -> pd.Series:
    """The column without dates, times, truths and bytes, which pandas would turn into numbers."""
    if values.dtype == object:
        return values.mask(values.map(lambda cell: isinstance(cell, NOT_NUMBERS)).astype(bool))
    return values.where(values.isna()).astype(object) if values.dtype.kind in "bcmM" else values


def _named(values: pd.Series) -> pd.Series:
    """The column without bytes, as databases hold them, which are no names."""
    if values.dtype != object:
        return values
    return values.mask(values.map(lambda cell: isinstance(cell, bytes)).astype(bool))


def _whole(values: pd.Series) -> pd.Series:
    """Names that came as numbers with a fraction of zero, as a blank among them causes: 1001.0 is the name 1001."""
    if pd.api.types.is_float_dtype(values) and (values.dropna() % 1 == 0).all():
        return values.astype("Int64")
    return values


def _rule_problems(
    name: str, typed: pd.DataFrame, schema: pa.DataFrameSchema, frame: pd.DataFrame, file: str
) -> list[Problem]:
    """What pandera finds in `typed`: values outside their limits or choices, shown as they stand in `frame`."""
    present = pa.DataFrameSchema({key: spec for key, spec in schema.columns.items() if key in typed.columns})
    try:
        present.validate(typed.reset_index(drop=True), lazy=True)
    except pa.errors.SchemaErrors as errors:
        problems = []
        for (column, check), cases in errors.failure_cases.groupby(["column", "check"], sort=False):
            rows = np.sort(cases["index"].to_numpy(dtype="int64"))
            problems += values_at(name, column, rows, frame[column].iloc[rows].map(shown), str(check), file)
        return problems
    return []


def _key_problems(name: str, typed: pd.DataFrame, schema: pa.DataFrameSchema, file: str) -> list[Problem]:
    key = schema.metadata["key"]
    required = [column for column in key if schema.columns[column].required]
    present = [column for column in key if column in typed.columns]
    if not set(required) <= set(present):
        return []
    again = np.flatnonzero(typed.duplicated(present) & typed[required].notna().all(axis=1))
    keys = typed[present].iloc[again].itertuples(index=False)
    texts = [repr(" | ".join("" if pd.isna(value) else _plainly(value) for value in row)) for row in keys]
    return problems_at(name, " + ".join(present), again, texts, "one row per " + ", ".join(present), file)


def _plainly(value: Any) -> str:
    return f"{value:%Y-%m-%d}" if isinstance(value, pd.Timestamp) else str(value)
