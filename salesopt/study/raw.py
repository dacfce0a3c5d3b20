"""A table as it stands in its file, whatever the format: text as text, rows with the numbers of the file."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from salesopt.errors import DataError, Problem

NO_CELL = "no cell, as its column has no name in row 1; is row 1 a title above the names of the columns?"
LOOKED_AT = 20  # rows among which the names of the columns are looked for
FEWEST = 2  # names of columns that make a row the header
UNNAMED = "\0"  # no heading of a file holds it


@dataclass(frozen=True, eq=False)
class Raw:
    """A table as it stands in its file.

    frame     : the cells, text as text; rows without any entry are left out
    rows      : row of the file each one stands in, as a spreadsheet counts (the header is row 1)
    notes     : what a reader should know of how it was read
    separator : what parts the columns of a text file, "" for other files
    """

    frame: pd.DataFrame
    rows: np.ndarray
    notes: list[str] = field(default_factory=list)
    separator: str = ""


def header_of(file: str, names: list[str]) -> list[str]:
    """The names of the columns; DataError where one is empty between others or there twice."""
    tidy = [str(name).strip() for name in names]
    while tidy and tidy[-1] == "":
        tidy.pop()
    problems = [
        Problem(file, "", 1, f"an empty name in column {at}", "a name for every column", file)
        for at, name in enumerate(tidy, 1)
        if not name
    ]
    twice = sorted({name for name in tidy if name and tidy.count(name) > 1})
    problems += [Problem(file, name, 1, "this name twice", "every name once", file) for name in twice]
    if problems:
        raise DataError(problems)
    return tidy + [f"{UNNAMED}{at}" for at in range(len(tidy), len(names))]


def refuse_titles(file: str, rows: list[list[str]], expected: tuple[str, ...]) -> None:
    """Raise DataError where the names of the columns stand in one of the `rows` below the first, and not in that."""
    known = [len({str(cell).strip() for cell in row} & set(expected)) for row in rows]
    best = max(range(len(known)), key=lambda at: known[at], default=0)
    if best and known[best] >= FEWEST and known[best] > 2 * known[0]:
        wanted = (
            f"the names of the columns, which stand in row {best + 1}: delete the rows above it, or say so in "
            f"study.toml: header = {best + 1} below [format.<table>]"
        )
        raise DataError([Problem(file, "", 1, "a title above the table", wanted, file)])


def _empty(frame: pd.DataFrame) -> np.ndarray:
    """Marks the rows without any entry; a cell of nothing but blanks, left where something was deleted, is none."""
    left = np.arange(len(frame))  # rows that may be empty: after the first column hardly any
    for place in range(frame.shape[1]):
        cells = frame.iloc[left, place]
        nothing = cells.isna().to_numpy(copy=True)
        if cells.dtype == object:
            nothing |= np.array([isinstance(cell, str) and not cell.strip() for cell in cells], dtype=bool)
        elif pd.api.types.is_string_dtype(cells):
            nothing |= cells.str.strip().eq("").fillna(False).to_numpy(dtype=bool)
        left = left[nothing]
    marked = np.zeros(len(frame), dtype=bool)
    marked[left] = True
    return marked


def numbered(frame: pd.DataFrame, file: str, above: int = 1) -> Raw:
    """Leave out rows without any entry and columns without a name, keeping the row numbers of the file.

    `above` is the number of rows above the first one of `frame`. Raises DataError for a cell under no name.
    """
    unnamed = np.array([str(name).startswith(UNNAMED) for name in frame.columns], dtype=bool)
    stray = np.flatnonzero(~_empty(frame.loc[:, unnamed])) if unnamed.any() else np.array([], dtype=int)
    if len(stray):
        raise DataError([Problem(file, "", int(stray[0]) + above + 1, "a cell", NO_CELL, file)])
    rows = np.flatnonzero(~_empty(frame))
    between = int(rows[-1]) + 1 - len(rows) if len(rows) else 0
    notes = [f"{between} empty row{'s' if between > 1 else ''} left out"] if between else []
    return Raw(frame.loc[:, ~unnamed].iloc[rows].reset_index(drop=True), rows + above + 1, notes)
