"""Quarters, fiscal years, the length of a period, and dates as people write them."""

import datetime

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesopt.errors import ParameterError
from salesopt.study.periods import (
    first_days,
    last_complete_quarter,
    missing_periods,
    parse_quarter,
    period_length,
    periods_per_year,
    previous_quarter,
    quarter_dates,
    quarter_last_year,
    quarter_of,
    quarters_in,
)


@pytest.mark.parametrize(
    ("quarter", "fiscal_start", "first", "last"),
    [
        ("2026Q3", 1, "2026-07-01", "2026-09-30"),
        ("2024Q1", 1, "2024-01-01", "2024-03-31"),
        ("2026Q1", 7, "2025-07-01", "2025-09-30"),
        ("2026Q4", 10, "2026-07-01", "2026-09-30"),
        ("2026Q1", 12, "2025-12-01", "2026-02-28"),
        ("2026q3", 1, "2026-07-01", "2026-09-30"),
    ],
)
def test_a_quarter_has_a_first_and_a_last_day(quarter, fiscal_start, first, last):
    assert quarter_dates(quarter, fiscal_start=fiscal_start) == (pd.Timestamp(first), pd.Timestamp(last))


@given(st.dates(datetime.date(1950, 1, 1), datetime.date(2090, 12, 31)), st.integers(1, 12))
def test_every_day_lies_in_the_quarter_it_is_put_into(day, fiscal_start):
    first, last = quarter_dates(quarter_of(day, fiscal_start=fiscal_start), fiscal_start=fiscal_start)
    assert first <= pd.Timestamp(day) <= last
    assert first.day == 1 and (first.month - fiscal_start) % 3 == 0 and 88 <= (last - first).days <= 91


@pytest.mark.parametrize(
    "wrong", ["", "2026", "2026Q5", "2026-Q3", "Q3 2026", "26Q3", "2026Q3\n2", 20263, None, "../Q1"]
)
def test_a_badly_written_quarter_is_refused(wrong):
    with pytest.raises(ParameterError, match="written like 2026Q3"):
        parse_quarter(wrong)


@pytest.mark.parametrize("wrong", [0, 13, True, "7"])
def test_a_fiscal_year_begins_in_a_month(wrong):
    with pytest.raises(ParameterError, match="1 to 12"):
        quarter_dates("2026Q3", fiscal_start=wrong)


def test_quarters_before():
    assert previous_quarter("2026Q1") == "2025Q4"
    assert quarter_last_year("2026Q1") == "2025Q1"


@pytest.mark.parametrize(
    ("frequency", "length", "a_year"),
    [("D", "day", 365.25), ("7D", "week", 365.25 / 7), ("MS", "month", 12), ("QS", "quarter", 4), ("YS", "year", 1)],
)
def test_the_length_of_a_period_survives_a_gap(frequency, length, a_year):
    days = pd.Series(pd.date_range("2024-01-01", periods=9, freq=frequency)).drop([4])
    assert period_length(pd.concat([days, days])) == length
    assert periods_per_year(length) == pytest.approx(a_year)


@pytest.mark.parametrize(
    ("frequency", "first", "gap", "missing"),
    [
        ("7D", "2026-01-07", [3, 4], ["2026-01-28", "2026-02-04"]),
        ("MS", "2025-11-01", [2], ["2026-01"]),
        ("QS-FEB", "2025-02-01", [1], ["2025-05"]),
        ("YS", "2010-01-01", [5], ["2015-01"]),
        ("MS", "2025-11-01", [], []),
        ("ME", "2025-11-01", [2], []),  # the days differ from month to month: not for us to say
    ],
)
def test_missing_periods_are_named(frequency, first, gap, missing):
    days = pd.Series(pd.date_range(first, periods=9, freq=frequency)).drop(gap)
    assert missing_periods(pd.concat([days, days])) == missing


def test_one_date_has_no_length():
    assert period_length(pd.Series(pd.to_datetime(["2026-01-01"]))) == ""
    with pytest.raises(ParameterError, match="week"):
        periods_per_year("fortnight")


@pytest.mark.parametrize(
    ("first", "last", "frequency", "quarter"),
    [
        ("2025-01-01", "2026-09-01", "MS", "2026Q3"),
        ("2025-01-01", "2026-08-01", "MS", "2026Q2"),
        ("2026-01-05", "2026-09-21", "7D", "2026Q3"),  # the next week has its middle in the next quarter
        ("2026-01-05", "2026-09-14", "7D", "2026Q2"),
        ("2026-01-05", "2026-09-28", "7D", "2026Q3"),
        ("2026-01-01", "2026-09-29", "D", "2026Q2"),
        ("2026-01-01", "2026-09-30", "D", "2026Q3"),
        ("2026-01-01", "2026-07-01", "QS", "2026Q3"),
        ("2026-07-01", "2026-08-01", "MS", "2026Q3"),  # none is complete: the one begun
    ],
)
def test_the_last_complete_quarter(first, last, frequency, quarter):
    assert last_complete_quarter(pd.Series(pd.date_range(first, last, freq=frequency))) == quarter


def test_no_dates_have_no_quarter():
    with pytest.raises(ParameterError, match="no dates"):
        last_complete_quarter(pd.Series([], dtype="datetime64[us]"))
    assert quarters_in(pd.Series([], dtype="datetime64[us]")) == []


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-07-06", "2026-07-06"),
        ("2026/7/6", "2026-07-06"),
        ("2026.07.06", "2026-07-06"),
        ("2026-07-06 00:00:00", "2026-07-06"),
        ("2026-07-06T14:30", "2026-07-06"),
        ("20260706", "2026-07-06"),
        (20260706, "2026-07-06"),
        (20260706.0, "2026-07-06"),
        ("06.07.2026", "2026-07-06"),
        ("2026年7月6日", "2026-07-06"),
        ("2026年7月", "2026-07-01"),
        ("2026-07", "2026-07-01"),
        ("202607", "2026-07-01"),
        ("2026Q3", "2026-07-01"),
        ("2026-Q3", "2026-07-01"),
        ("2026-W28", "2026-07-06"),
        ("2026", "2026-01-01"),
        (" 2026-07 ", "2026-07-01"),
        (datetime.date(2026, 7, 6), "2026-07-06"),
        (datetime.datetime(2026, 7, 6, tzinfo=datetime.UTC), "2026-07-06"),
    ],
)
def test_dates_as_people_write_them(written, read):
    assert first_days(pd.Series([written], dtype=object)).tolist() == [pd.Timestamp(read)]


@pytest.mark.parametrize(
    "wrong", ["x", "2026-13", "2026-02-30", "2026Q5", "13/13/2026", "1", "45000.5", "2026-W60", "Jan"]
)
def test_what_is_no_date_is_not_guessed(wrong):
    assert first_days(pd.Series([wrong])).isna().all()


@pytest.mark.parametrize(
    ("column", "day_first", "read"),
    [
        (["03/04/2026", "13/04/2026"], None, ["2026-04-03", "2026-04-13"]),
        (["03/04/2026", "03/14/2026"], None, ["2026-03-04", "2026-03-14"]),
        (["03/04/2026"], True, ["2026-04-03"]),
        (["03/04/2026"], False, ["2026-03-04"]),
    ],
)
def test_a_date_with_the_year_last_is_read_where_something_settles_it(column, day_first, read):
    assert first_days(pd.Series(column), day_first=day_first).tolist() == [pd.Timestamp(day) for day in read]


@pytest.mark.parametrize("column", [["03/04/2026"], ["13/04/2026", "03/14/2026"]])
def test_a_date_that_may_be_either_is_not_guessed(column):
    assert first_days(pd.Series(column)).isna().all()


def test_a_fiscal_quarter_in_a_table_begins_when_the_fiscal_year_does():
    assert first_days(pd.Series(["2026Q1"]), fiscal_start=7).tolist() == [pd.Timestamp(2025, 7, 1)]
