"""Load a study: its tables read, checked, cut at the end of the quarter, with a record of where each came from."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from salesopt.errors import DataError, ParameterError, Problem, close_match
from salesopt.study.across import lost_joins, reference_problems, row_problems
from salesopt.study.checked import LEFT_OUT, Table, build_tables, read_checked
from salesopt.study.periods import last_complete_quarter, missing_periods, quarter_dates, quarters_in
from salesopt.study.plausible import doubtful, own_columns
from salesopt.study.settings import FILE, Settings, look_at_settings, read_settings
from salesopt.study.tables import TABLES

LATER = "dated after the quarter"


@dataclass(frozen=True, eq=False)
class Study:
    """A client's tables, checked, up to the end of a quarter.

    folder     : the study's folder
    title      : name of the firm or study
    currency   : code of the one currency of all money
    quarter    : quarter reported on ("2026Q3"), "" where no table of the study has periods
    start, end : first and last day of the quarter, NaT where it has none
    sources    : table, file, rows, first, last, note - one row per table loaded; first and last are its dates
    left_out   : table, what, rows, amount, why - what of the source is not in the tables
    cautions   : plain sentences about the data
    parameters : chapter word -> parameter -> value, from study.toml
    tables     : table name -> DataFrame; `study["sales"]` and `study.get("sales")` read it
    """

    folder: Path
    title: str
    currency: str
    quarter: str
    start: pd.Timestamp
    end: pd.Timestamp
    sources: pd.DataFrame
    left_out: pd.DataFrame
    cautions: tuple[str, ...]
    parameters: Mapping[str, Mapping[str, Any]]
    tables: Mapping[str, pd.DataFrame]
    absent: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> pd.DataFrame:
        """A copy of table `name`; DataError where the study has none, ParameterError where it was not asked for."""
        if name in self.tables:
            return self.tables[name].copy(deep=False)  # pandas copies what is written to
        if name not in TABLES:
            raise ParameterError(f"no table is called {name!r}{close_match(name, TABLES)}")
        if name in self.absent:
            raise DataError(f"{self.folder}: this study has no table '{name}'; name its file in study.toml, [tables]")
        raise ParameterError(f"table '{name}' was not loaded; add it to tables= of load_study")

    def get(self, name: str) -> pd.DataFrame | None:
        """A copy of table `name`, None where the study has none; ParameterError where it was not asked for."""
        return None if name in self.absent else self[name]

    def __contains__(self, name: object) -> bool:
        """Whether table `name` was loaded."""
        return name in self.tables


def load_study(folder: str | os.PathLike[str], *, quarter: str = "", tables: Iterable[str] | None = None) -> Study:
    """Load the study in `folder` up to the end of `quarter`.

    `quarter`: "2026Q3"; empty takes the one of study.toml, else the last one that the data cover to its end.
    `tables`: names of the tables wanted, all by default; one that the study has not is None in `study.get`.

    Raises DataError listing every problem of every table at once, or where there is no such study or table file;
    ParameterError for an unknown table name and for a quarter badly written or without data.
    """
    settings = read_settings(folder)
    wanted = list(TABLES) if tables is None else list(dict.fromkeys(tables))
    for name in wanted:
        if name not in TABLES:
            raise ParameterError(f"no table is called {name!r}{close_match(name, TABLES)}")
    built, left_out = build_tables(settings)
    every = {name: read_checked(settings, name, built.get(name)) for name in _present(settings, built, wanted)}
    read = {name: table for name, table in every.items() if not table.empty}
    problems = [*_within(every), *_between(read), *([] if read or not every else [_nothing_yet(every)])]
    if not problems:
        quarter, start, end, notes = _settle_quarter(settings, quarter, every, built)
    odd = [*_doubtful(read, pd.NaT if problems else end), *([] if problems or quarter else _undated(read))]
    problems += [problem for problem in odd if problem.level == "error"]
    if problems:
        raise DataError(problems)
    cut = {name: _until(name, one.frame, end) for name, one in read.items()}
    empty = [table.file for table in every.values() if table.empty]
    return Study(
        folder=Path(folder),
        title=settings.title,
        currency=settings.currency,
        quarter=quarter,
        start=start,
        end=end,
        sources=pd.DataFrame(
            [_source_row(name, one, cut[name]) for name, one in read.items()],
            columns=["table", "file", "rows", "first", "last", "note"],
        ),
        left_out=_left_out(left_out, read, cut),
        cautions=(
            *notes,
            *([f"{_listed(empty, 'files')}: no rows yet, so the study counts as without."] if empty else []),
            *(caution for one in read.values() for caution in one.cautions),
            *(f"{problem}." for problem in odd if problem.level == "warning"),
            *_doubts(read, cut),
        ),
        parameters=settings.parameters,
        tables=cut,
        absent=tuple(
            name
            for name in TABLES
            if (name in every and name not in read) or (name not in settings.tables and name not in built)
        ),
    )


def check_study(folder: str | os.PathLike[str]) -> list[Problem]:
    """Every problem of `study.toml` and of every table of the study, within tables and between them: errors first.

    Each names file, row (the header is row 1), column, what stood there and what was expected; `load_study` refuses
    the errors and says the warnings. Raises DataError only where there is no study to look at: no folder, no
    study.toml, or one that is not TOML.
    """
    settings, problems = look_at_settings(folder)
    built, _ = build_tables(settings)
    every = {name: read_checked(settings, name, built.get(name)) for name in _present(settings, built, TABLES)}
    read = {name: table for name, table in every.items() if not table.empty}
    problems += [*_within(every), *_between(read)]
    if every and not read:
        return [*problems, _nothing_yet(every)]
    dated = next((name for name in read if "period" in TABLES[name].columns), "")
    if settings.quarter and dated and not read[dated].problems:
        known = quarters_in(read[dated].frame["period"], fiscal_start=settings.fiscal_start)
        if settings.quarter not in known:
            expected = f"a quarter with data in {read[dated].file}: {', '.join(known)}"
            problems.append(Problem(FILE, "study.quarter", None, repr(settings.quarter), expected, FILE))
    end = pd.NaT
    with suppress(DataError, ParameterError):  # what is wrong with the calendar is among the problems by now
        end = _settle_quarter(settings, "", every, built)[2]
    unsound = bool(problems)
    problems += [*_doubtful(read, end), *([] if unsound or dated or settings.quarter else _undated(read))]
    problems += [] if unsound else _uncosted(read, settings)
    if empty := [table.file for table in every.values() if table.empty]:
        said = "no rows yet, so the study counts as without them"
        problems.append(Problem(FILE, ", ".join(empty), None, said, "", FILE, level="note"))
    return sorted(problems, key=lambda problem: ("error", "warning", "note").index(problem.level))


def join_losses(folder: str | os.PathLike[str]) -> pd.DataFrame:
    """What every join between the tables of the study would lose; the columns are those of `across.lost_joins`."""
    return lost_joins(load_study(folder).tables)


def find_quarters(folder: str | os.PathLike[str]) -> tuple[list[str], str]:
    """The quarters with data in the study, and the one reported on by default; ([], "") for a study without periods."""
    settings = read_settings(folder)
    days = calendar_days(settings, {}, build_tables(settings)[0])
    if days is None:
        return [], settings.quarter
    quarters = quarters_in(days, fiscal_start=settings.fiscal_start)
    return quarters, settings.quarter or last_complete_quarter(days, fiscal_start=settings.fiscal_start)


def calendar_days(settings: Settings, read: Mapping[str, Table], built: Mapping[str, pd.DataFrame]) -> pd.Series | None:
    """The dates of the first table of the study that has periods; None where none has."""
    for name, schema in TABLES.items():
        if "period" in schema.columns and (name in settings.tables or name in built):
            table = read[name] if name in read else read_checked(settings, name, built.get(name))
            if table.empty:
                continue
            problems = [problem for problem in table.problems if problem.column in ("", "period")]
            if problems or "period" not in table.frame:
                raise DataError(problems or list(table.problems))
            return table.frame["period"]
    return None


def when_column(name: str) -> str:
    """The column that dates a row of table `name`: "period" or "date"; "" where it has neither."""
    return next((column for column in ("period", "date") if column in TABLES[name].columns), "")


def _until(name: str, frame: pd.DataFrame, end: pd.Timestamp) -> pd.DataFrame:
    column = when_column(name)
    if not column or column not in frame.columns or pd.isna(end):
        return frame
    return frame.loc[~(frame[column] >= end + pd.Timedelta(days=1))].reset_index(drop=True)


def _present(settings: Settings, built: Mapping[str, pd.DataFrame], wanted: Iterable[str]) -> list[str]:
    return [name for name in wanted if name in settings.tables or name in built]


def _within(read: Mapping[str, Table]) -> list[Problem]:
    """The problems of each table by itself."""
    return [problem for table in read.values() for problem in table.problems]


def _frames(read: Mapping[str, Table]) -> tuple[dict[str, pd.DataFrame], dict[str, str]]:
    """The tables that could be read, and the file of each."""
    frames = {name: table.frame for name, table in read.items() if len(table.frame)}
    return frames, {name: table.file for name, table in read.items()}


def _between(read: Mapping[str, Table]) -> list[Problem]:
    """The problems within rows of sound cells, and of names that another table should have."""
    frames, files = _frames(read)
    found = row_problems(frames, files) + reference_problems(frames, files)
    return [read[problem.table].in_file(problem) for problem in found]


def _doubtful(read: Mapping[str, Table], end: Any) -> list[Problem]:
    """What is most likely a mistake on the day `end`: see `plausible`."""
    frames, files = _frames(read)
    return [read[problem.table].in_file(problem) for problem in doubtful(frames, files, end)]


def _undated(read: Mapping[str, Table]) -> list[Problem]:
    """That a study of people has no day on which they are here: no quarter, and no table with periods."""
    if "reps" not in read or "hired" not in read["reps"].frame or not read["reps"].frame["hired"].notna().any():
        return []
    expected = (
        'one such as "2026Q3" here, or with --quarter when you run report, since no table has periods; as it stands, '
        "whoever has a day in left has left, and heads and years of service are those of the last day in reps"
    )
    return [Problem(FILE, "study.quarter", None, "no quarter", expected, FILE, level="warning")]


def _uncosted(read: Mapping[str, Table], settings: Settings) -> list[Problem]:
    """That a study whose team is to be sized does not say what a head costs, without which that chapter fails."""
    sized = next((name for name in ("effort_response", "effort_history") if name in read), "")
    if not sized or "reps" in read or settings.parameters.get("team", {}).get("cost_per_rep"):
        return []
    expected = (
        f"what a representative costs a year, to size the team by {read[sized].file}: the table reps, or "
        "cost_per_rep = 90000 here, or --set team.cost_per_rep=90000 when you run report"
    )
    return [Problem(FILE, "parameters.team", None, "no cost of a head", expected, FILE, level="warning")]


def _nothing_yet(read: Mapping[str, Table]) -> Problem:
    expected = (
        "rows in at least one of them; fill in first, for instance, effort_response.csv (size of the team), reps.csv "
        "and accounts.csv (who serves whom) or sales.csv (prices): README.md explains each column"
    )
    return Problem(FILE, "tables", None, f"{len(read)} tables, all without rows", expected, FILE)


def _left_out(built: pd.DataFrame, read: Mapping[str, Table], cut: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """What of the sources is not used: of what a package holds, columns perhaps misspelt, rows after the quarter."""
    nothing, rows = float("nan"), []
    for name, table in read.items():
        near, _ = own_columns(name, table.frame)
        rows += [
            (name, f"column '{column}'", len(cut[name]), nothing, f"nothing reads it; {hint}")
            for column, hint in near.items()
        ]
        if later := len(table.frame) - len(cut[name]):
            rows.append((name, "rows", later, nothing, LATER))
    built = built[built["table"].isin(read)].reset_index(drop=True)
    return pd.concat([built, pd.DataFrame(rows, columns=LEFT_OUT)], ignore_index=True) if rows else built


def _source_row(name: str, table: Table, kept: pd.DataFrame) -> dict[str, Any]:
    column, later = when_column(name), len(table.frame) - len(kept)
    days = kept[column] if column in kept.columns else pd.Series([], dtype="datetime64[us]")
    notes = [*table.notes, *([f"{later} rows {LATER} left out"] if later else [])]
    return {
        "table": name,
        "file": table.file,
        "rows": len(kept),
        "first": days.min(),
        "last": days.max(),
        "note": "; ".join(notes),
    }


def _doubts(read: Mapping[str, Table], cut: Mapping[str, pd.DataFrame]) -> list[str]:
    """A sentence for missing periods, and for each join that loses rows where the quarter cuts the other table."""
    lost = lost_joins(cut)
    gaps = {name: missing_periods(table["period"]) for name, table in cut.items() if "period" in table}
    return [
        *(f"{read[name].file} has no row for {_listed(gap)}." for name, gap in gaps.items() if gap),
        *(
            f"{row.lost_rows} of {row.rows} rows name something that is absent ({row.join}): {row.names}."
            for row in lost[lost["lost_rows"] > 0].itertuples(index=False)
        ),
    ]


def _listed(names: list[str], what: str = "periods", most: int = 4) -> str:
    """The first names, the rest by their number."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more {what}" if more > 0 else "")


def _settle_quarter(
    settings: Settings, quarter: str, read: Mapping[str, Table], built: Mapping[str, pd.DataFrame]
) -> tuple[str, Any, Any, list[str]]:
    """The quarter reported on, its first and last day, and what to say about its data."""
    start, days = settings.fiscal_start, calendar_days(settings, read, built)
    quarter = quarter or settings.quarter
    if quarter:
        first, last = quarter_dates(quarter, fiscal_start=start)
        quarter = quarter.strip().upper()
    if days is None:
        return (quarter, first, last, []) if quarter else ("", pd.NaT, pd.NaT, [])
    known = quarters_in(days, fiscal_start=start)
    complete = last_complete_quarter(days, fiscal_start=start)
    quarter = quarter or complete
    if quarter not in known:
        raise ParameterError(f"{settings.folder}: no data for quarter {quarter}; there are {', '.join(known)}")
    first, last = quarter_dates(quarter, fiscal_start=start)
    short = quarter == known[-1] and quarter != complete
    cautions = [f"The last period of {quarter} begins on {days.max():%Y-%m-%d}: the quarter is not complete."]
    return quarter, first, last, cautions if short else []
