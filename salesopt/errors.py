"""The errors of salesopt: one base, short named children, each says what to mend."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


class SalesoptError(Exception):
    """Base of every error that a user's input or run can cause; the command line exits with `exit_code`."""

    exit_code = 2


class ParameterError(SalesoptError, ValueError):
    """An argument or a notebook parameter is unknown, has the wrong type or lies outside its range."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong with one table.

    table    : name of the table ("sales"), or "study.toml"
    column   : name of the column, "" where the whole table is meant
    row      : row in the file as a spreadsheet counts it (the header is row 1), None where no single row is meant
    value    : what stood there, as text
    expected : what should stand there, in words
    file     : file the table came from, "" for a table made in memory
    count    : number of rows with the same problem
    level    : "error" is refused; a "warning" may be right but seldom is, and the report says it; a "note" is neither
    """

    table: str
    column: str
    row: int | None
    value: str
    expected: str
    file: str = ""
    count: int = 1
    level: str = "error"

    def __str__(self) -> str:
        """Say it in one line: where, what stood there, what was expected."""
        where = f"{self.file or self.table}"
        where += f", row {self.row}" if self.row is not None else ""
        where += f", column '{self.column}'" if self.column else ""
        if not (self.value or self.column or self.row):
            return f"{where}: {self.expected}"
        more = f" ({self.count} rows in all)" if self.count > 1 else ""
        found = f"found {self.value}, " if self.value else ""
        return f"{where}: {found}expected {self.expected}{more}"


class DataError(SalesoptError, ValueError):
    """A table is not what it should be. `problems` lists every one that was found, not just the first."""

    def __init__(self, problems: Sequence[Problem] | str) -> None:
        self.problems: tuple[Problem, ...] = () if isinstance(problems, str) else tuple(problems)
        super().__init__(problems if isinstance(problems, str) else "\n".join(map(str, self.problems)))


class AbsentError(DataError):
    """The study, sound as it is, does not hold what an analysis needs: its chapter is left out with this reason."""


class InfeasibleError(SalesoptError):
    """No plan meets all limits. `conflict` names the limits that clash, `relaxation` the cheapest way out."""

    def __init__(self, message: str, *, conflict: Sequence[str] = (), relaxation: str = "") -> None:
        self.conflict = tuple(conflict)
        self.relaxation = relaxation
        super().__init__(message)


class RunError(SalesoptError):
    """A chapter could not be run to its end."""

    exit_code = 1


def attempt(call: Callable[[], T], *also: type[SalesoptError]) -> tuple[T | None, str]:
    """What `call` gives and "", or None and why no plan meets its limits, with the way out; other errors pass.

    For a chapter that goes on without one of its parts: `formed, why = attempt(lambda: form_teams(...))`. Errors named
    in `also` (AbsentError where the study does not hold what the part needs) give None and their words too.
    """
    try:
        return call(), ""
    except also as error:
        return None, str(error)
    except InfeasibleError as error:
        said = str(error).rstrip(".")
        known = not error.relaxation or error.relaxation in said
        return None, said if known else f"{said}; a way out: {error.relaxation}"


def close_match(word: str, words: Iterable[str], *, cutoff: float = 0.6) -> str:
    """A hint such as "; did you mean 'sales'?" at the one of `words` that `word` may stand for; "" if none is close."""
    by_lower = {name.lower(): name for name in words}
    found = difflib.get_close_matches(str(word).lower().strip(), by_lower, n=1, cutoff=cutoff)
    return f"; did you mean '{by_lower[found[0]]}'?" if found else ""
