"""From the text of a file to numbers and dates; what can be read in two ways is a problem, not a guess."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from salesopt.errors import Problem
from salesopt.study.numbers import Written, are_numbers, look_at_numbers, write_plainly
from salesopt.study.periods import first_days
from salesopt.study.read import Raw
from salesopt.study.tables import TABLES


def tidy_table(
    name: str, raw: Raw, form: Mapping[str, str], *, file: str, fiscal_start: int = 1
) -> tuple[pd.DataFrame, list[Problem], list[str], list[str]]:
    """Numbers and dates of table `name` written as Python reads them.

    `form` may settle `decimal` and `dates`. Returns the table, the problems (columns that can be read in two ways),
    notes on how columns were read, and cautions.
    """
    columns = TABLES[name].columns
    frame, problems, notes, cautions = raw.frame.copy(), [], [], []
    looked = {column: look_at_numbers(text) for column, text in _number_texts(frame, name).items()}
    for column, written in looked.items():
        decimal = form.get("decimal") or _decimal(column, written, looked, raw)
        if decimal == "?":
            example = f"{written.mark!r}, which may be {_two_ways(written.mark)}"
            settle = f'a decimal sign settled by [format.{name}] decimal = "." or "," in study.toml'
            if column in columns:
                row = int((frame[column] == written.mark).to_numpy().argmax()) + 2
                problems.append(Problem(name, column, row, example, settle, file))
            else:
                cautions.append(f"{file}: column '{column}' stays text: found {example}; expected {settle}.")
            continue
        if written.decimal == "?" and not form.get("decimal"):
            notes.append(f"column '{column}': {written.mark} read with the decimal sign '{decimal}'")
        elif decimal == ",":
            notes.append(f"column '{column}': decimal comma")
        frame[column] = write_plainly(frame[column], written, decimal)
        if column not in columns:
            frame[column] = pd.to_numeric(frame[column])
    for column, spec in columns.items():
        if column in frame.columns and spec.metadata["kind"] == "date":
            day_first = {"day first": True, "month first": False}.get(form.get("dates", ""))
            days = first_days(frame[column], day_first=day_first, fiscal_start=fiscal_start)
            frame[column] = (
                days if days.notna().equals(frame[column].notna()) else frame[column].where(days.isna(), days)
            )
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
        if spec is not None or are_numbers(text, look_at_numbers(text)):
            texts[column] = text
    return texts


def _decimal(column: str, written: Written, looked: Mapping[str, Written], raw: Raw) -> str:
    """The decimal sign of a column: its own, else the one sign of the file's other columns, else "?"."""
    if written.decimal in (".", ","):
        return written.decimal
    if written.decimal == "":
        return "."
    others = {one.decimal for name, one in looked.items() if name != column} & {".", ","}
    if len(others) == 1:
        return others.pop()
    return "." if raw.separator == "," and "." in written.mark else "?"


def _two_ways(mark: str) -> str:
    point, comma = mark.replace(",", ""), mark.replace(".", "").replace(",", ".")
    return f"{float(point):g} or {float(comma):g}"
