"""Quarters and periods: "2026Q3" to dates and back, the last complete quarter, the length of a period.

A quarter is written "2026Q3". With `fiscal_start` other than 1 (the month in which the fiscal year begins) a year
is named after the calendar year in which it ends: with `fiscal_start=7`, 2026Q1 is July to September 2025.
"""

from __future__ import annotations

import datetime
import re
from typing import Any

import pandas as pd

from salesopt.errors import ParameterError

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
DAYS = {"day": 1.0, "week": 7.0, "month": 365.25 / 12, "quarter": 365.25 / 4, "year": 365.25}
TIME = r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?"
YEAR_FIRST = re.compile(rf"(\d{{4}})([-/.])(\d{{1,2}})\2(\d{{1,2}}){TIME}")
YEAR_LAST = re.compile(rf"(\d{{1,2}})([-/.])(\d{{1,2}})\2(\d{{4}}){TIME}")
OTHER = (
    (re.compile(r"(\d{4})(\d{2})(\d{2})"), "day"),
    (re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日"), "day"),
    (re.compile(r"(\d{4})年(\d{1,2})月"), "month"),
    (re.compile(r"(\d{4})[-/](\d{1,2})"), "month"),
    (re.compile(r"(\d{4})(\d{2})"), "month"),
    (re.compile(r"(\d{4})[- ]?[Qq]([1-4])"), "quarter"),
    (re.compile(r"(\d{4})[- ]?[Ww](\d{1,2})"), "week"),
    (re.compile(r"(\d{4})"), "year"),
)


def parse_quarter(quarter: str, *, fiscal_start: int = 1) -> pd.Period:
    """The quarter written as "2026Q3"; raises ParameterError where it is written otherwise."""
    if not isinstance(quarter, str) or not re.fullmatch(r"(19|20|21)\d\d[Qq][1-4]", quarter.strip()):
        raise ParameterError(f"a quarter is written like 2026Q3, not {quarter!r}")
    return pd.Period(quarter.strip().upper(), freq=_frequency(fiscal_start))


def quarter_dates(quarter: str, *, fiscal_start: int = 1) -> tuple[pd.Timestamp, pd.Timestamp]:
    """First and last day of `quarter`, both at midnight."""
    period = parse_quarter(quarter, fiscal_start=fiscal_start)
    return period.start_time, period.end_time.normalize()


def quarter_of(day: Any, *, fiscal_start: int = 1) -> str:
    """The quarter in which `day` lies, as "2026Q3"."""
    return str(pd.Timestamp(day).to_period(_frequency(fiscal_start)))


def previous_quarter(quarter: str, *, back: int = 1) -> str:
    """The quarter `back` quarters before `quarter`."""
    return str(parse_quarter(quarter) - back)


def quarter_last_year(quarter: str) -> str:
    """The same quarter a year earlier."""
    return previous_quarter(quarter, back=4)


def quarters_in(days: pd.Series, *, fiscal_start: int = 1) -> list[str]:
    """The quarters in which `days` (datetime64) lie, first to last, each once."""
    found = days.dropna().dt.to_period(_frequency(fiscal_start)).unique()
    return [str(quarter) for quarter in sorted(found)]


def period_length(days: pd.Series) -> str:
    """Length of the periods that begin on `days`: "day", "week", "month", "quarter" or "year"; "" if unclear.

    The most frequent gap between neighbouring dates decides, so that a missing period changes nothing.
    """
    gaps = pd.Series(sorted(days.dropna().unique())).diff().dropna()
    if gaps.empty:
        return ""
    usual = gaps.dt.days.mode().iloc[0]
    bounds = {"day": (1, 1), "week": (7, 7), "month": (28, 31), "quarter": (89, 92), "year": (365, 366)}
    return next((name for name, (least, most) in bounds.items() if least <= usual <= most), "")


def missing_periods(days: pd.Series) -> list[str]:
    """The periods between the first and the last of `days` on which none begins, as text such as "2026-07".

    Empty where the length of the periods is unclear or they do not all begin on the same day of the week or month.
    """
    length, known = period_length(days), pd.DatetimeIndex(sorted(days.dropna().unique()))
    steps = {"day": "D", "week": "7D", "month": "MS", "quarter": "QS", "year": "YS"}
    if not length or (length in ("month", "quarter", "year") and (known.day != 1).any()):
        return []
    if length in ("quarter", "year"):
        steps[length] += f"-{MONTHS[known[0].month - 1]}"
    expected = pd.date_range(known[0], known[-1], freq=steps[length])
    if not known.isin(expected).all():
        return []
    form = "%Y-%m-%d" if length in ("day", "week") else "%Y-%m"
    return [f"{day:{form}}" for day in expected.difference(known)]


def periods_per_year(length: str) -> float:
    """Number of periods of `length` ("day", "week", "month", "quarter", "year") in a year, such as 12 for a month."""
    if length not in DAYS:
        raise ParameterError(f"a period is one of {', '.join(DAYS)}, not {length!r}")
    return DAYS["year"] / DAYS[length]


def last_complete_quarter(days: pd.Series, *, fiscal_start: int = 1) -> str:
    """The last quarter that periods beginning on `days` cover to its end; the last one begun if none is complete.

    A period that straddles two quarters belongs to the one that holds the larger part of it, so weekly data are
    complete although the last week of a quarter ends in the next one.
    """
    quarters = quarters_in(days, fiscal_start=fiscal_start)
    if not quarters:
        raise ParameterError("no dates, hence no quarter")
    length = period_length(days)
    if not length or length in ("quarter", "year"):
        return quarters[-1]
    last = days.max()
    following = last + (pd.DateOffset(months=1) if length == "month" else pd.Timedelta(days=DAYS[length]))
    middle = following + pd.Timedelta(days=DAYS[length] / 2)
    complete = [one for one in quarters if quarter_dates(one, fiscal_start=fiscal_start)[1] < middle.normalize()]
    return complete[-1] if complete else quarters[-1]


def first_days(values: pd.Series, *, day_first: bool | None = None, fiscal_start: int = 1) -> pd.Series:
    """First day of each date or period in `values` (text, dates or whole numbers); NaT where it is neither.

    Reads 2026-07-06, 2026/7/6, 06.07.2026, 20260706, 2026年7月6日, 2026-07, 202607, 2026Q3, 2026-W28, 2026. A date
    such as 03/04/2026 is read only where the column settles which part is the day (one above 12), or `day_first` does.
    """
    if pd.api.types.is_datetime64_any_dtype(values):
        return _in_reach(values.dt.tz_localize(None) if values.dt.tz is not None else values)
    distinct = values.dropna().unique()
    if day_first is None:
        day_first = _day_first(distinct)
    found = {value: _first_day(value, day_first, fiscal_start) for value in distinct}
    return _in_reach(pd.to_datetime(values.map(found)))


def _in_reach(days: pd.Series) -> pd.Series:
    """Days of the years that a quarter can be written for, 1900 to 2199; no others."""
    return days.where(days.dt.year.between(1900, 2199))


def _frequency(fiscal_start: int) -> str:
    if isinstance(fiscal_start, bool) or not isinstance(fiscal_start, int) or not 1 <= fiscal_start <= 12:
        raise ParameterError(f"fiscal_start is the month in which the year begins, 1 to 12, not {fiscal_start!r}")
    return f"Q-{MONTHS[fiscal_start - 2]}"


def _day_first(values: Any) -> bool | None:
    """Whether dates such as 13/04/2026 put the day first; None where no value or contradicting values tell."""
    matches = [match for match in (YEAR_LAST.fullmatch(str(value).strip()) for value in values) if match]
    first = any(int(match[1]) > 12 for match in matches)
    second = any(int(match[3]) > 12 for match in matches)
    return first if first != second else None


def _first_day(value: Any, day_first: bool | None, fiscal_start: int) -> Any:
    if isinstance(value, (datetime.date, pd.Timestamp)):
        return pd.Timestamp(value).tz_localize(None) if getattr(value, "tzinfo", None) else pd.Timestamp(value)
    if isinstance(value, pd.Period):
        return value.start_time
    if isinstance(value, float) and value == int(value):
        value = int(value)
    written = str(value).strip()
    try:
        if match := YEAR_FIRST.fullmatch(written):
            return pd.Timestamp(int(match[1]), int(match[3]), int(match[4]))
        if match := YEAR_LAST.fullmatch(written):
            return _year_last(match, day_first)
        for pattern, kind in OTHER:
            if match := pattern.fullmatch(written):
                return _start(kind, [int(part) for part in match.groups()], fiscal_start)
    except ValueError:
        pass
    return pd.NaT


def _year_last(match: re.Match[str], day_first: bool | None) -> Any:
    if day_first is None and match[2] != ".":
        return pd.NaT
    parts = (int(match[1]), int(match[3]))
    day, month = parts if day_first or match[2] == "." else parts[::-1]
    return pd.Timestamp(int(match[4]), month, day)


def _start(kind: str, parts: list[int], fiscal_start: int) -> pd.Timestamp:
    if kind == "quarter":
        return quarter_dates(f"{parts[0]}Q{parts[1]}", fiscal_start=fiscal_start)[0]
    if kind == "week":
        return pd.Timestamp(datetime.date.fromisocalendar(parts[0], parts[1], 1))
    year, month, day = [*parts, 1, 1][:3]
    return pd.Timestamp(year, month, day)
