"""From the text of a file to numbers and dates; what can be read in two ways is a problem, not a guess."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from salesopt.errors import Problem
from salesopt.study.declare import shown, values_at
from salesopt.study.numbers import Written, are_numbers, look_at_numbers, misfits, write_plainly
from salesopt.study.periods import first_days
from salesopt.study.raw import Raw
from salesopt.study.tables import TABLES


def tidy_table(
    name: str, raw: Raw, form: Mapping[str, str], *, file: str, fiscal_start: int = 1
) -> tuple[pd.DataFrame, list[Problem], list[str], list[str]]:
    """Numbers and dates of table `name` written as Python reads them.

    `form` may settle `decimal` and `dates`. Returns the table; the problems: cells that can be read in two ways or
    against the rest of their column; notes on how columns were read; and cautions. Rows of problems are counted
    without the empty rows of the file.
    """
    frame, problems, notes, cautions = raw.frame.copy(), [], [], []
    looked = {column: look_at_numbers(text) for column, text in _number_texts(frame, name).items()}
    for column, written in looked.items():
        decimal = form.get("decimal") or _decimal(column, written, looked, raw)
        doubtful, found, expected = _doubt(name, written, decimal)
        if doubtful and column in TABLES[name].columns:
            rows = np.flatnonzero(frame[column].isin(doubtful))
            texts = [found] * len(rows) if decimal == "?" else frame[column].iloc[rows].map(shown)
            problems += values_at(name, column, rows, texts, expected, file)
        elif doubtful:
            cautions.append(f"{file}: column '{column}' stays text: found {found}, expected {expected}.")
            continue
        elif decimal == "," and written.decimal:
            notes.append(
                f"column '{column}': {written.mark or 'decimal comma'}" + " read as decimal comma" * bool(written.mark)
            )
        elif written.mark:
            notes.append(f"column '{column}': {written.mark} read as decimal point")
        spec = TABLES[name].columns.get(column)
        blank = spec is None or spec.metadata["blank"]
        frame[column] = write_plainly(frame[column], written, "," if decimal == "," else ".", blank=blank)
        if column not in TABLES[name].columns:
            frame[column] = pd.to_numeric(frame[column])
    for column in (one for one, spec in TABLES[name].columns.items() if spec.metadata["kind"] == "date"):
        if column in frame.columns:
            frame[column], found_here = _dates(name, frame[column], form, file, fiscal_start)
            problems += found_here
    return frame, problems, notes, cautions


def _number_texts(frame: pd.DataFrame, name: str) -> dict[str, pd.Series]:
    """The columns of text that hold numbers: those declared so, and undeclared ones where every cell is a number."""
    texts = {}
    for column in frame.columns:
        spec, cells = TABLES[name].columns.get(column), frame[column]
        if (spec is not None and spec.metadata["kind"] != "number") or pd.api.types.is_numeric_dtype(cells):
            continue
        text = cells[cells.map(lambda cell: isinstance(cell, str))] if cells.dtype == object else cells.dropna()
        if text.empty or not pd.api.types.is_string_dtype(text):
            continue
        if spec is not None or are_numbers(look_at_numbers(text)):
            texts[column] = text
    return texts


def _decimal(column: str, written: Written, looked: Mapping[str, Written], raw: Raw) -> str:
    """The decimal sign of a column: its own, else the one sign of the file's other columns, else "?".

    In a comma-separated file that settles nothing else, 1.234 is a number with three decimals.
    """
    if written.decimal != "?":
        return written.decimal or "."
    others = {one.decimal for name, one in looked.items() if name != column} & {".", ","}
    if len(others) == 1:
        return others.pop()
    return "." if raw.separator == "," and "." in written.mark else "?"


def _doubt(name: str, written: Written, decimal: str) -> tuple[list[str], str, str]:
    """The texts that may be read wrongly, the first one shown, and what was expected; no texts where all is clear."""
    if decimal == "?":
        mark = written.mark
        point, comma = float(mark.replace(",", "")), float(mark.replace(".", "").replace(",", "."))
        settle = f'a decimal sign settled by [format.{name}] decimal = "." or "," in study.toml'
        return [mark], f"{mark!r}, which may be {point:g} or {comma:g}", settle
    wrong = misfits(written, decimal)
    return (
        wrong,
        repr(wrong[0]) if wrong else "",
        f"a number with the decimal sign '{decimal}', as in the rest of the column",
    )


def _dates(
    name: str, cells: pd.Series, form: Mapping[str, str], file: str, fiscal_start: int
) -> tuple[pd.Series, list[Problem]]:
    """First days; cells that are no date stay for the checks, those that may be two dates are a problem."""
    day_first = {"day first": True, "month first": False}.get(form.get("dates", ""))
    days = first_days(cells, day_first=day_first, fiscal_start=fiscal_start)
    problems: list[Problem] = []
    if day_first is None and (days.isna() & cells.notna()).any():
        either = first_days(cells, day_first=True).fillna(first_days(cells, day_first=False))
        doubtful = days.isna() & either.notna()
        if doubtful.any():
            row = int(doubtful.to_numpy().argmax())
            expected = (
                f'a date such as 2026-07-06, or [format.{name}] dates = "day first" or "month first" in study.toml'
            )
            found = repr(str(cells.iloc[row]))
            problems.append(Problem(name, str(cells.name), row + 2, found, expected, file, int(doubtful.sum())))
            days = days.fillna(either)
    return (days if days.notna().equals(cells.notna()) else cells.astype(object).where(days.isna(), days)), problems
