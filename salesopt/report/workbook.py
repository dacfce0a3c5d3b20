"""The tables of a report as one workbook: a sheet per table, full precision, nothing run as a formula."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter

from salesopt.results import Saved

MOST_ROWS = 100_000


def write_workbook(saved: Iterable[Saved], target: Path, *, title: str, quarter: str) -> None:
    """Write every table of `saved` to `target`: first a sheet that lists them, then one sheet per table.

    A table of more than `MOST_ROWS` rows is cut there; the list of sheets says so and names the Parquet file.
    """
    options = {"strings_to_formulas": False, "strings_to_urls": False, "nan_inf_to_errors": False}
    with xlsxwriter.Workbook(str(target), {**options, "constant_memory": True}) as book:
        # A fixed date keeps two equal runs equal to the byte.
        book.set_properties({"title": f"{title}, {quarter}", "created": pd.Timestamp("2000-01-01").to_pydatetime()})
        bold = book.add_format({"bold": True, "bottom": 1})
        results = list(saved)
        sheets = _sheet_names([(result.word, name) for result in results for name in result.tables])
        contents = book.add_worksheet("contents")
        _rows(contents, _contents(results, sheets), bold)
        for result in results:
            for name, table in result.tables.items():
                _rows(book.add_worksheet(sheets[result.word, name]), table.head(MOST_ROWS), bold)


def _contents(results: list[Saved], sheets: dict[tuple[str, str], str]) -> pd.DataFrame:
    rows = [
        (sheets[result.word, name], result.word, name, len(table), min(len(table), MOST_ROWS))
        for result in results
        for name, table in result.tables.items()
    ]
    return pd.DataFrame(rows, columns=["sheet", "chapter", "table", "rows", "rows_here"])


def _rows(sheet: Any, table: pd.DataFrame, bold: Any) -> None:
    sheet.freeze_panes(1, 0)
    for column, name in enumerate(table.columns):
        sheet.set_column(column, column, min(max(len(str(name)) + 2, 12), 40))
    for column, name in enumerate(table.columns):
        sheet.write_string(0, column, str(name), bold)
    for row, values in enumerate(table.itertuples(index=False, name=None), start=1):
        for column, value in enumerate(values):
            _cell(sheet, row, column, value)


def _cell(sheet: Any, row: int, column: int, value: Any) -> None:
    if value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and value != value):
        return
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, (int, float)) and abs(value) != float("inf"):
        sheet.write_number(row, column, value)
    elif isinstance(value, pd.Timestamp):
        sheet.write_string(row, column, value.date().isoformat())
    else:
        sheet.write_string(row, column, str(value)[:32_767])


def _sheet_names(tables: list[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """A name of at most 31 characters for each sheet, free of what Excel forbids, none twice."""
    names: dict[tuple[str, str], str] = {}
    for word, name in tables:
        wanted = re.sub(r"[\[\]:*?/\\']", "_", word if name == "table" else f"{word}.{name}")[:31]
        taken, number = set(names.values()), 2
        while wanted in taken:
            wanted, number = f"{wanted[:28]}_{number}", number + 1
        names[word, name] = wanted
    return names
