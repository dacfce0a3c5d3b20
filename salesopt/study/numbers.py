"""Numbers as people write them: decimal point or comma, thousands separators; never guessed in silence."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

SPACES = "\u0020\u00a0\u2009\u202f'\u2019"
BLANKS = ("", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "#N/A")
GROUPED = (
    r"[+-]?(?:(?:[1-9][0-9]{{0,2}}(?:{thousands}[0-9]{{3}})+|[0-9]+)(?:{decimal}[0-9]*)?|{decimal}[0-9]+)"
    r"(?:[eE][+-]?[0-9]+)?"
)
POINT = GROUPED.format(thousands=",", decimal=r"\.")
COMMA = GROUPED.format(thousands=r"\.", decimal=",")


@dataclass(frozen=True, eq=False)
class Written:
    """A column of text, and how its numbers are written.

    values  : distinct texts, tidied (spaces and apostrophes between digits removed), indexed by what stood there
    decimal : "." or ",", "" where no number tells (whole numbers only), "?" where "1,234" or "1.234" may be either
    mark    : the first text that may be either, "" unless decimal is "?"
    """

    values: pd.Series
    decimal: str
    mark: str = ""


def look_at_numbers(column: pd.Series) -> Written:
    """Find out how the numbers in `column` (text) are written; the text that is no number is left for the checks."""
    distinct = pd.Series(column.dropna().unique(), dtype="str")
    tidy = distinct.str.strip().str.replace("\u2212", "-")
    if distinct.str.contains(f"[{SPACES}]", regex=True).any():
        tidy = tidy.str.replace(rf"(?<=[0-9])[{SPACES}](?=[0-9]{{3}}(?:[^0-9]|$))", "", regex=True)
    tidy.index = pd.Index(distinct)
    point, comma = tidy.str.fullmatch(POINT), tidy.str.fullmatch(COMMA)
    by_point, by_comma = point & ~comma, comma & ~point
    if by_point.any() and by_comma.any():
        rows = column.map(by_point.astype(int) - by_comma.astype(int)).sum()
        return Written(tidy, "." if rows >= 0 else ",")
    if by_point.any() or by_comma.any():
        return Written(tidy, "." if by_point.any() else ",")
    either = tidy[point & comma & tidy.str.contains(r"[.,]", regex=True)]
    return Written(tidy, "?", str(either.index[0])) if len(either) else Written(tidy, "")


def write_plainly(column: pd.Series, written: Written, decimal: str, *, blank: bool = True) -> pd.Series:
    """`column` with every number as Python reads it; a text that is no number stays as it stood.

    A text that fits only the other decimal sign is written by that one; `misfits` names these. Words for nothing
    ("n/a") become empty cells, but for a column that may have none (`blank`): there the message shows the word.
    """
    other = "," if decimal == "." else "."
    plain = pd.Series(written.values.index, index=written.values.index)
    for sign in (other, decimal):
        pattern, thousands = (POINT, ",") if sign == "." else (COMMA, ".")
        stripped = written.values.str.replace(thousands, "", regex=False).str.replace(sign, ".", regex=False)
        plain = plain.mask(written.values.str.fullmatch(pattern), stripped)
    return column.map(plain.mask(written.values.isin(BLANKS if blank else ("",))))


def misfits(written: Written, decimal: str) -> list[str]:
    """The texts that are numbers only with the other decimal sign."""
    point, comma = written.values.str.fullmatch(POINT), written.values.str.fullmatch(COMMA)
    wrong = comma & ~point if decimal == "." else point & ~comma
    return [str(text) for text in written.values.index[wrong]]


def are_numbers(written: Written) -> bool:
    """Whether all texts are numbers, none with a leading zero as codes have; False where all are blank."""
    values = written.values[~written.values.isin(BLANKS)]
    code = values.str.fullmatch("0[0-9]+")
    number = values.str.fullmatch(POINT) | values.str.fullmatch(COMMA)
    return bool(len(values) and number.all() and not code.any())
