"""A table of a study read and checked by itself: typed rows, every problem of it, what to say of its source."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from salesopt.errors import DataError, Problem
from salesopt.study.read import read_table
from salesopt.study.settings import Settings, inside, split_file
from salesopt.study.tables import TABLES, check_table
from salesopt.study.tidy import tidy_table

LEFT_OUT = ("table", "what", "rows", "amount", "why")


@dataclass(frozen=True, eq=False)
class Table:
    """A table read and checked: its typed rows, every problem of it, and what there is to say about its source."""

    frame: pd.DataFrame
    problems: tuple[Problem, ...]
    file: str
    notes: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()
    rows: np.ndarray | None = None

    def in_file(self, problem: Problem) -> Problem:
        """`problem` of this table with its row as the file counts it, empty rows included."""
        if problem.row is None or self.rows is None or not 2 <= problem.row < len(self.rows) + 2:
            return problem
        return replace(problem, row=int(self.rows[problem.row - 2]))

    @property
    def empty(self) -> bool:
        """Whether a sound header stands there and nothing else yet: the table counts as absent."""
        return self.frame.empty and not self.problems


def _of_table(problem: Problem, name: str, file: str) -> Problem:
    return replace(problem, table=name, file=file, expected=problem.expected.replace("<table>", name))


def build_tables(settings: Settings) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """The tables that `[build]` makes from an installed package, and what it left out; none without `[build]`."""
    if not settings.source:
        return {}, pd.DataFrame(columns=list(LEFT_OUT))
    from salesopt.study import cases

    built = cases.build(settings.source, settings.folder)
    return built.tables, built.left_out


def optional_columns(name: str) -> list[str]:
    """The columns of table `name` that may be absent; one without any entry counts as such."""
    return [column for column, spec in TABLES[name].columns.items() if not spec.required]


def read_checked(settings: Settings, name: str, built: pd.DataFrame | None = None) -> Table:
    """Read table `name` of the study, from its file where it has one, and check it; problems are not raised."""
    if built is not None and name not in settings.tables:
        file = f"built from {settings.source}"
        frame, problems = check_table(name, built, file=file)
        return Table(frame, tuple(problems), file)
    file = settings.tables[name]
    path, part = split_file(file)
    form = settings.formats.get(name, {})
    try:
        raw = read_table(inside(settings.folder, path), part=part, expected=tuple(TABLES[name].columns), form=form)
    except DataError as error:
        broken = error.problems or (
            Problem(name, "", None, "", str(error).removeprefix(f"{file}: ").removeprefix(f"{path}: "), file),
        )
        return Table(pd.DataFrame(), tuple(_of_table(one, name, file) for one in broken), file)
    tidy, found, notes, cautions = tidy_table(name, raw, form, file=file, fiscal_start=settings.fiscal_start)
    frame, problems = check_table(name, tidy, file=file)
    problems = [one for one in problems if one.value != "no rows"]  # a file may be filled in later: see `Table.empty`
    frame = frame.drop(columns=[one for one in optional_columns(name) if one in frame and frame[one].isna().all()])
    table = Table(frame, (*found, *problems), file, tuple(raw.notes + notes), tuple(cautions), raw.rows)
    return replace(table, problems=tuple(map(table.in_file, table.problems)))
