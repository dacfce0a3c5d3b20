"""A new study: `study.toml`, one empty table per file with its header, and an explanation of every column."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from salesopt.errors import ParameterError
from salesopt.study.describe import describe_tables
from salesopt.study.settings import FILE
from salesopt.study.tables import TABLES

SETTINGS = """\
[study]
# The name of the firm, as it stands on the report.
title = {title}
# The one currency of all money.
currency = "USD"
# The month in which the fiscal year begins.
# fiscal_start = 1
# The quarter to report on; the last complete one where this is absent.
# quarter = "2026Q3"

# A table without rows counts as absent. A file may also be Parquet, a sheet ("book.xlsx#sales"), or a table of a DuckDB
# or SQLite file ("base.duckdb#sales").
[tables]
{tables}

# How a file is written, only where a message asks for it.
# [format.sales]
# decimal = ","
# dates = "day first"
# separator = ";"
# encoding = "cp1252"
# header = 4

# What differs from the defaults of a chapter's notebook.
# [parameters.elasticity]
# confidence = 0.9
"""
GUIDE = """\
# {title}

1. Fill in those of the tables below that you have, in any spreadsheet or by export; keep the first row, the names of
   the columns. Begin, for instance, with `effort_response` (size of the team) or `sales` (prices).
2. A table without rows counts as absent. Each chapter of the report needs only its own tables; the report says which
   chapters were left out, and for want of what.
3. `salesopt check {folder}` lists everything that is wrong or doubtful, then `salesopt report {folder}` writes the
   report, which refuses what is wrong and says what is doubtful.

Columns marked *optional* may be left out or left blank. Columns that are not listed may be added: numbers in `sales`
serve as controls or instruments.

"""


def new_study(folder: str | os.PathLike[str]) -> Path:
    """Make `folder` with study.toml, README.md and one CSV per table that holds its header; return the folder.

    The files start with a byte-order mark, so that spreadsheets read names in any script rightly. Raises
    ParameterError where the folder exists and is not empty: nothing is ever overwritten.
    """
    place = Path(folder)
    if place.is_file() or (place.is_dir() and any(place.iterdir())):
        raise ParameterError(f"{folder}: this is already there and not empty; nothing was written")
    title = place.resolve().name or "Study"
    place.mkdir(parents=True, exist_ok=True)
    files = {name: f'{name} = "{name}.csv"' for name in TABLES}
    width = max(map(len, files.values()))
    lines = "\n".join(f"{line:<{width}}  # {TABLES[name].description}" for name, line in files.items())
    (place / FILE).write_text(SETTINGS.format(title=_quoted(title), tables=lines), encoding="utf-8")
    (place / "README.md").write_text(
        GUIDE.format(title=title, folder=shlex.quote(str(folder))) + describe_tables(), encoding="utf-8"
    )
    for name, schema in TABLES.items():
        (place / f"{name}.csv").write_text(",".join(schema.columns) + "\n", encoding="utf-8-sig")
    return place


def _quoted(text: str) -> str:
    """`text` as a TOML string."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(sign if sign.isprintable() else f"\\u{ord(sign):04x}" for sign in escaped) + '"'
