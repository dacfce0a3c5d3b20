"""File formats: CSV as it comes out of any program, Parquet, Excel sheets, DuckDB and SQLite tables.

Everything here reads what stands in the file; what it should be is the business of `tables.py`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow.lib
import pyarrow.parquet

from salesopt.errors import DataError, close_match
from salesopt.study.raw import LOOKED_AT, Raw, header_of, numbered, refuse_titles
from salesopt.study.text import read_text


def read_table(
    path: Path, *, part: str = "", expected: tuple[str, ...] = (), form: Mapping[str, str] | None = None
) -> Raw:
    """Read the table in `path`, or its sheet or table `part`.

    `expected` are the column names hoped for (they decide between separators, and tell a title from a header); `form`
    may settle `encoding`, `separator` and `header`, the row of the column names. Raises DataError where the file cannot
    be read as a table, saying why and what to do.
    """
    readers = {".csv": "text", ".tsv": "text", ".txt": "text", ".parquet": "parquet", ".pq": "parquet"}
    readers |= {".xlsx": "excel", ".xlsm": "excel", ".duckdb": "duckdb", ".sqlite": "sqlite", ".db": "sqlite"}
    kind = readers.get(path.suffix.lower())
    if kind is None:
        known = ", ".join(sorted(readers))
        raise DataError(f"{path.name}: a table is read from a file ending in {known}; save it as one of these")
    if kind in ("text", "parquet") and part:
        raise DataError(f"{path.name}#{part}: only workbooks and database files have parts; write {path.name}")
    try:
        path.open("rb").close()
    except OSError as error:
        raise DataError(f"{path.name}: this file cannot be read: {error.strerror}") from error
    if kind == "text":
        raw = read_text(path, expected, form or {})
    elif kind == "parquet":
        raw = numbered(_read_parquet(path), path.name)
    elif kind == "excel":
        raw = _read_excel(path, part, expected, int((form or {}).get("header", 1)))
    else:
        raw = numbered(_read_duckdb(path, part) if kind == "duckdb" else _read_sqlite(path, part), path.name)
    return raw


def _read_parquet(path: Path) -> pd.DataFrame:
    try:
        frame = pd.read_parquet(path)
    except (OSError, ValueError, pyarrow.lib.ArrowException) as error:
        raise DataError(f"{path.name}: not a Parquet file that can be read: {error}") from error
    return frame.reset_index() if any(frame.index.names) else frame


def _read_excel(path: Path, part: str, expected: tuple[str, ...], above: int) -> Raw:
    import openpyxl

    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except Exception as error:  # openpyxl raises zipfile, key and value errors alike for a broken workbook
        raise DataError(f"{path.name}: not an Excel workbook that can be read: {error}") from error
    try:
        if part and part not in book.sheetnames:
            there = ", ".join(book.sheetnames) + close_match(part, book.sheetnames)
            raise DataError(f"{path.name}#{part}: no such sheet; there are {there}")
        if not part and len(book.sheetnames) > 1:
            raise DataError(
                f"{path.name}: say which sheet: {', '.join(f'{path.name}#{one}' for one in book.sheetnames)}"
            )
        cells = list(book[part or book.sheetnames[0]].iter_rows(values_only=True))
    finally:
        book.close()
    if above == 1:
        texts = [["" if cell is None else str(cell) for cell in row] for row in cells[:LOOKED_AT]]
        refuse_titles(path.name, texts, expected)
    if len(cells) < above or all(cell is None for cell in cells[above - 1]):
        where = "the first row" if above == 1 else f"row {above}"
        raise DataError(f"{path.name}: {where} of the sheet must hold the names of the columns")
    header = header_of(path.name, ["" if cell is None else str(cell) for cell in cells[above - 1]])
    frame = pd.DataFrame(cells[above:], columns=header, dtype=object)
    return numbered(frame.replace({"": None}).infer_objects(), path.name, above)


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
    except (sqlite3.Error, pd.errors.DatabaseError) as error:
        raise DataError(f"{path.name}#{part}: not an SQLite table that can be read: {error}") from error
    finally:
        base.close()


def _identifier(path: Path, part: str, known: list[str]) -> str:
    """The name of the table, quoted; only a name that the file really has."""
    if part not in known:
        there = ", ".join(f"{path.name}#{name}" for name in sorted(known)) or "none"
        raise DataError(f"{path.name}: say which table of the file; there are {there}")
    return '"' + part.replace('"', '""') + '"'
