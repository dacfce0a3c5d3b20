"""File formats: CSV as it comes out of any program, Parquet, Excel sheets, DuckDB and SQLite tables.

Everything here reads what stands in the file; what it should be is the business of `tables.py`.
"""

from __future__ import annotations

import csv
import io
import sqlite3
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow.lib
import pyarrow.parquet

from salesopt.errors import DataError, Problem

UNNAMED = "\0"  # no heading of a file holds it
SEPARATORS = (",", ";", "\t", "|")
BYTE_ORDER_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


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


def read_table(
    path: Path, *, part: str = "", expected: tuple[str, ...] = (), form: Mapping[str, str] | None = None
) -> Raw:
    """Read the table in `path`, or its sheet or table `part`.

    `expected` are the column names hoped for (they decide between separators); `form` may settle `encoding` and
    `separator`. Raises DataError where the file cannot be read as a table, saying why and what to do.
    """
    readers = {".csv": "text", ".tsv": "text", ".txt": "text", ".parquet": "parquet", ".pq": "parquet"}
    readers |= {".xlsx": "excel", ".xlsm": "excel", ".duckdb": "duckdb", ".sqlite": "sqlite", ".db": "sqlite"}
    kind = readers.get(path.suffix.lower())
    if kind is None:
        known = ", ".join(sorted(readers))
        raise DataError(f"{path.name}: a table is read from a file ending in {known}; save it as one of these")
    if kind in ("text", "parquet") and part:
        raise DataError(f"{path.name}#{part}: only workbooks and database files have parts; write {path.name}")
    if kind == "text":
        raw = _read_text(path, expected, form or {})
    elif kind == "parquet":
        raw = _numbered(_read_parquet(path))
    elif kind == "excel":
        raw = _read_excel(path, part)
    else:
        raw = _numbered(_read_duckdb(path, part) if kind == "duckdb" else _read_sqlite(path, part))
    return raw


def decode(content: bytes, encoding: str = "") -> tuple[str, str]:
    """The text of `content` and the encoding it was read in: UTF-8, UTF-16 with its mark, GB18030 or Windows-1252.

    Where both of the last fit, common hanzi decide. Raises DataError where `encoding` does not fit or none does.
    """
    if encoding:
        try:
            return content.decode(encoding), encoding
        except LookupError as error:
            raise DataError(f"no encoding is called {encoding!r}; use utf-8, gb18030 or cp1252") from error
        except UnicodeDecodeError as error:
            raise DataError(f"the file is not {encoding}: byte {error.start} does not fit") from error
    for mark, name in BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return decode(content, name)
    with suppress(UnicodeDecodeError):
        return content.decode("utf-8"), "utf-8"
    for name in _likelier_first(content):
        with suppress(UnicodeDecodeError):
            return content.decode(name), name
    raise DataError("the file is neither UTF-8, GB18030 nor Windows-1252; save it as UTF-8")


def _likelier_first(content: bytes) -> tuple[str, str]:
    """Read as GB18030, most signs of Chinese text are common ones: punctuation and the 3,755 hanzi of level one."""
    signs = Counter(sign for sign in content.decode("gb18030", errors="replace") if sign > "\x7f")
    leads = {sign: sign.encode("gb2312", errors="ignore")[:1] for sign in signs}
    common = sum(
        signs[sign] for sign, lead in leads.items() if b"\xa1" <= lead <= b"\xa3" or b"\xb0" <= lead <= b"\xd7"
    )
    return ("gb18030", "cp1252") if 2 * common >= signs.total() else ("cp1252", "gb18030")


def _read_text(path: Path, expected: tuple[str, ...], form: Mapping[str, str]) -> Raw:
    try:
        content, encoding = decode(path.read_bytes(), form.get("encoding", ""))
    except DataError as error:
        raise DataError(f"{path.name}: {error}") from error
    notes = [] if encoding in ("utf-8", "utf-8-sig", form.get("encoding")) else [f"read as {_called(encoding)}"]
    if "\0" in content:
        raise DataError(f"{path.name}: this is not a text file, or it is UTF-16 without its mark; save it as UTF-8")
    if not content.strip():
        raise DataError(f"{path.name}: the file is empty; its first row must hold the names of the columns")
    first = _first_line(content)
    separator = form.get("separator") or _separator(first, expected)
    header = _header(path.name, next(csv.reader([first], delimiter=separator)))
    try:
        frame = pd.read_csv(
            io.StringIO(content),
            sep=separator,
            header=None,
            skiprows=1,
            names=header,
            index_col=False,
            dtype=str,
            keep_default_na=False,
            na_values=[""],
            skip_blank_lines=False,
            on_bad_lines="error",
        )
    except pd.errors.EmptyDataError:
        frame = pd.DataFrame(columns=header, dtype=str)
    except pd.errors.ParserError as error:
        raise DataError(f"{path.name}: {_broken_row(content, separator, len(header)) or error}") from error
    raw = _numbered(frame, path.name)
    return Raw(raw.frame, raw.rows, notes + raw.notes, separator)


def _called(encoding: str) -> str:
    return {"gb18030": "GB18030", "cp1252": "Windows-1252", "utf-16": "UTF-16"}.get(encoding, encoding)


def _first_line(content: str) -> str:
    """The header: the first record, which a quoted name may spread over lines."""
    end = quotes = 0
    for end, sign in enumerate(content):
        quotes += sign == '"'
        if sign in "\r\n" and quotes % 2 == 0:
            return content[:end]
    return content[: end + 1]


def _separator(line: str, expected: tuple[str, ...]) -> str:
    """The separator that yields most of the expected names, then most columns."""

    def worth(separator: str) -> tuple[int, int]:
        names = [name.strip() for name in next(csv.reader([line], delimiter=separator))]
        return len(set(names) & set(expected)), len(names)

    return max(SEPARATORS, key=worth)


def _header(file: str, names: list[str]) -> list[str]:
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


def _broken_row(content: str, separator: str, width: int) -> str:
    """Say which row has more cells than the header."""
    for at, cells in enumerate(csv.reader(io.StringIO(content), delimiter=separator), 1):
        if len(cells) > width:
            return f"row {at} has {len(cells)} cells where the header has {width} columns; is a separator unquoted?"
    return ""


def _numbered(frame: pd.DataFrame, file: str = "") -> Raw:
    """Leave out rows without any entry and columns without a name, keeping the row numbers of the file."""
    filled = frame.notna().to_numpy()
    unnamed = np.array([str(name).startswith(UNNAMED) for name in frame.columns], dtype=bool)
    stray = np.flatnonzero(filled[:, unnamed].any(axis=1)) if unnamed.any() else np.array([], dtype=int)
    if len(stray):
        raise DataError([Problem(file, "", int(stray[0]) + 2, "a cell", "no cell, as its column has no name", file)])
    rows = np.flatnonzero(filled.any(axis=1))
    between = int(rows[-1]) + 1 - len(rows) if len(rows) else 0
    notes = [f"{between} empty row{'s' if between > 1 else ''} left out"] if between else []
    return Raw(frame.loc[:, ~unnamed].iloc[rows].reset_index(drop=True), rows + 2, notes)


def _read_parquet(path: Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError, pyarrow.lib.ArrowException) as error:
        raise DataError(f"{path.name}: not a Parquet file that can be read: {error}") from error


def _read_excel(path: Path, part: str) -> Raw:
    import openpyxl

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except Exception as error:  # openpyxl raises zipfile, key and value errors alike for a broken workbook
        raise DataError(f"{path.name}: not an Excel workbook that can be read: {error}") from error
    try:
        if part and part not in book.sheetnames:
            raise DataError(f"{path.name}#{part}: no such sheet; there are {', '.join(book.sheetnames)}")
        if not part and len(book.sheetnames) > 1:
            raise DataError(
                f"{path.name}: say which sheet: {', '.join(f'{path.name}#{one}' for one in book.sheetnames)}"
            )
        cells = list(book[part or book.sheetnames[0]].iter_rows(values_only=True))
    finally:
        book.close()
    if not cells or all(cell is None for cell in cells[0]):
        raise DataError(f"{path.name}: the first row of the sheet must hold the names of the columns")
    header = _header(path.name, ["" if cell is None else str(cell) for cell in cells[0]])
    frame = pd.DataFrame(cells[1:], columns=header, dtype=object)
    return _numbered(frame.replace({"": None}).infer_objects(), path.name)


def _read_duckdb(path: Path, part: str) -> pd.DataFrame:
    try:
        base = duckdb.connect(str(path), read_only=True, config={"enable_external_access": "false"})
    except duckdb.Error as error:
        raise DataError(f"{path.name}: not a DuckDB file that can be read: {error}") from error
    try:
        known = [row[0] for row in base.execute("select table_name from information_schema.tables").fetchall()]
        return base.execute(f"select * from {_identifier(path, part, known)}").df()
    except duckdb.Error as error:
        raise DataError(f"{path.name}#{part}: {error}") from error
    finally:
        base.close()


def _read_sqlite(path: Path, part: str) -> pd.DataFrame:
    base = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    try:
        query = "select name from sqlite_master where type in ('table', 'view')"
        known = [row[0] for row in base.execute(query).fetchall()]
        return pd.read_sql_query(f"select * from {_identifier(path, part, known)}", base)
    except sqlite3.Error as error:
        raise DataError(f"{path.name}#{part}: not an SQLite table that can be read: {error}") from error
    finally:
        base.close()


def _identifier(path: Path, part: str, known: list[str]) -> str:
    """The name of the table, quoted; only a name that the file really has."""
    if part not in known:
        there = ", ".join(f"{path.name}#{name}" for name in sorted(known)) or "none"
        raise DataError(f"{path.name}: say which table of the file; there are {there}")
    return '"' + part.replace('"', '""') + '"'
