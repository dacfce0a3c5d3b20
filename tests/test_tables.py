"""The declarations: what is refused, where it is said to stand, and what is left alone."""

import numpy as np
import pandas as pd
import pytest

from salesopt.errors import DataError, ParameterError
from salesopt.study.declare import problems_at
from salesopt.study.tables import TABLES, check_table, require_table


def sales(**columns):
    table = {
        "product": ["tea", "tea", "milk"],
        "market": ["north", "south", "north"],
        "period": ["2026-07", "2026-07", "2026-08"],
        "units": [10, 12, 7],
        "price": [2.0, 2.5, 1.0],
    }
    return pd.DataFrame(table | columns)


def test_a_good_table_is_typed_and_the_input_left_alone():
    given = sales(weather=[1, 2, 3])
    before = given.copy()
    typed, problems = check_table("sales", given)
    assert problems == []
    assert typed["units"].dtype == "float64" and typed["product"].dtype == "str"
    assert typed["period"].tolist() == [pd.Timestamp(2026, 7, 1)] * 2 + [pd.Timestamp(2026, 8, 1)]
    assert typed["weather"].dtype == before["weather"].dtype
    pd.testing.assert_frame_equal(given, before)


@pytest.mark.parametrize(
    ("columns", "column", "row", "value", "expected"),
    [
        ({"units": [1, "many", 3]}, "units", 3, "'many'", "a number (units)"),
        ({"units": [1, 2, -3]}, "units", 4, "'-3'", "a number of at least 0"),
        ({"units": [1, np.inf, 3]}, "units", 3, "'inf'", "a number (units)"),
        ({"units": [None, 2, 3]}, "units", 2, "an empty cell", "a number (units)"),
        ({"price": [1, 0, 2]}, "price", 3, "'0'", "a number above 0"),
        ({"promo": [0, 0.5, 1.2]}, "promo", 4, "'1.2'", "a number of at most 1"),
        ({"period": ["2026-07", "soon", "2026-08"]}, "period", 3, "'soon'", "2026Q3"),
        ({"period": ["2026-07", "2026-13", "2026-08"]}, "period", 3, "'2026-13'", "2026Q3"),
        ({"period": ["2026-07", None, "2026-08"]}, "period", 3, "an empty cell", "2026Q3"),
        ({"product": ["tea", "tea", "  "]}, "product", 4, "an empty cell", "some text"),
        ({"product": ["tea", "tea", None]}, "product", 4, "an empty cell", "some text"),
        ({"market": ["north"] * 3, "product": ["tea"] * 3}, "product + market + period", 3, "tea", "one row per"),
    ],
)
def test_every_fault_names_row_column_value_and_what_was_expected(columns, column, row, value, expected):
    _, problems = check_table("sales", sales(**columns), file="sales.csv")
    assert len(problems) == 1
    problem = problems[0]
    assert (problem.table, problem.file, problem.column, problem.row) == ("sales", "sales.csv", column, row)
    assert value in problem.value and expected in problem.expected


def test_each_wrong_value_is_named_once_with_its_first_row_and_their_number():
    problems = check_table(
        "sales", pd.concat([sales(units=[1, -2, -3]), sales(units=[-3, "x", 1], product=["a", "b", "c"])])
    )[1]
    assert [(one.row, one.value, one.count) for one in problems] == [(6, "'x'", 1), (3, "'-2'", 1), (4, "'-3'", 2)]


def test_a_column_of_nonsense_is_one_problem():
    many = pd.concat([sales(product=[f"{at}", f"a{at}", f"b{at}"], units=[f"x{at}", 1, 1]) for at in range(30)])
    (problem,) = check_table("sales", many)[1]
    assert (problem.column, problem.row, problem.count) == ("units", 2, 30)
    assert problem.value == "'x0', 'x1', 'x2' and 27 more values"


def test_fractions_given_as_percent_are_one_problem():
    (problem,) = check_table(
        "sales", pd.concat([sales(product=[f"{at}a", f"{at}b", f"{at}c"], promo=[at, 0, 1]) for at in range(2, 6)])
    )[1]
    assert (problem.row, problem.count) == (2, 4) and problem.expected == "a number of at most 1"
    assert problem.value == "'2', '3', '4' and 1 more value"


def test_words_for_a_level_are_told_the_scale():
    rated = pd.DataFrame({"rep": ["Ann", "Ben"], "skill": "selling", "level": ["good", "none"]})
    problems = check_table("skills", rated)[1]
    assert [one.expected for one in problems] == ["a number (level, 0 to 4)"] * 2


def test_many_names_wrong_are_named_one_by_one_up_to_ten():
    problems = problems_at("sales", "product", range(30), [f"{at}" for at in range(30)], "a name", "sales.csv")
    assert len(problems) == 11 and [one.count for one in problems] == [1] * 10 + [20]
    assert (problems[-1].value, problems[-1].row) == ("20 more values", 12)


def test_all_faults_are_found_at_once():
    with pytest.raises(DataError) as caught:
        require_table("sales", sales(units=["x", -1, 2], price=[0, 1, 1]).drop(columns="market"), columns=["cost"])
    assert {one.column for one in caught.value.problems} == {"units", "price", "market", "cost"}
    assert len(str(caught.value).splitlines()) == 5


def test_rows_whose_key_cannot_be_read_are_not_called_duplicates_too():
    problems = check_table("sales", sales(product=["tea"] * 3, market=["north"] * 3, period=["soon", "never", "2026"]))[
        1
    ]
    assert [(one.column, one.row) for one in problems] == [("period", 2), ("period", 3)]


def test_a_missing_column_is_named_with_the_one_that_may_be_meant():
    problems = check_table("sales", sales().rename(columns={"units": "Units"}))[1]
    assert [one.column for one in problems] == ["units"]
    assert "'Units'" in problems[0].expected


@pytest.mark.parametrize("frame", [sales().iloc[:0], pd.DataFrame()])
def test_an_empty_table_is_refused(frame):
    assert [one.value for one in check_table("sales", frame)[1]][-1] == "no rows"


def test_an_unknown_table_name_is_refused_with_the_close_one():
    with pytest.raises(ParameterError, match="sales"):
        check_table("sale", sales())


def test_an_optional_column_may_be_blank_but_not_wrong():
    assert check_table("sales", sales(cost=[None, 1, None]))[1] == []
    assert [one.row for one in check_table("sales", sales(cost=[None, 1, -1]))[1]] == [4]


def test_choices_are_named():
    swot = pd.DataFrame({"rater": ["a"], "quadrant": ["X"], "factor": ["f"], "weight": [0.1], "rating": [2]})
    problems = check_table("swot", swot)[1]
    assert [one.expected for one in problems] == ["one of S, W, O, T"]


def test_blank_scores_are_allowed_where_the_declaration_says_so():
    swot = pd.DataFrame({"rater": ["a"], "quadrant": ["S"], "factor": ["f"], "weight": [None], "rating": [None]})
    typed, problems = check_table("swot", swot)
    assert problems == [] and typed["rating"].isna().all() and typed["rating"].dtype == "float64"


def test_an_optional_part_of_the_key_that_is_blank_still_tells_duplicates():
    table = sales(product=["tea"] * 3, market=["north"] * 3, period=["2026-07"] * 3, segment=["a", None, None])
    assert [one.row for one in check_table("sales", table)[1]] == [4]


def test_text_is_stripped_so_that_names_join():
    assert check_table("sales", sales(product=[" tea", "tea ", "milk"]))[0]["product"].tolist() == [
        "tea",
        "tea",
        "milk",
    ]


@pytest.mark.parametrize("names", [[1, 2, 3], [1.0, 2.0, 3.0], ["1", "2", "3"], pd.Categorical([1, 2, 3])])
def test_numbers_used_as_names_stay_readable(names):
    assert check_table("sales", sales(product=names))[0]["product"].tolist() == ["1", "2", "3"]


@pytest.mark.parametrize(
    "units",
    [
        [True, False, True],
        pd.to_datetime(["2026-07-01", "2026-07-02", "2026-07-03"]),
        pd.to_timedelta([1, 2, 3], "D"),
        [pd.Timestamp(2026, 7, 1), True, b"7"],
    ],
)
def test_dates_times_truths_and_bytes_are_no_numbers(units):
    typed, problems = check_table("sales", sales(units=units))
    assert typed["units"].isna().all()
    assert sum(one.count for one in problems) == 3
    assert {(one.column, one.expected) for one in problems} == {("units", "a number (units)")}


def test_bytes_are_no_name():
    problems = check_table("sales", sales(product=[b"\xff", "tea", "milk"]))[1]
    assert [(one.row, one.expected) for one in problems] == [(2, "some text")]


@pytest.mark.parametrize("period", ["1600-01", "9999-12", "2200-01-01"])
def test_a_date_in_no_year_of_ours_is_refused(period):
    for given in ([period] * 3, pd.to_datetime([period] * 3)):
        problems = check_table("sales", sales(product=["a", "b", "c"], period=given))[1]
        assert [(one.column, one.count) for one in problems] == [("period", 3)]


def test_blank_text_in_an_optional_column_is_blank():
    typed, problems = check_table("sales", sales(segment=["a", " ", None]))
    assert problems == [] and typed["segment"].isna().tolist() == [False, True, True]


def test_a_column_that_is_there_twice_is_refused():
    twice = pd.concat([sales(), sales()["units"]], axis=1)
    assert [(one.column, one.value) for one in check_table("sales", twice)[1]] == [("units", "this name twice")]


@pytest.mark.parametrize("wrong", [None, [1, 2], "sales.csv"])
def test_what_is_no_table_is_refused(wrong):
    with pytest.raises(DataError, match="must be a DataFrame"):
        require_table("sales", wrong)


@pytest.mark.parametrize(
    "period",
    [
        pd.Series(pd.to_datetime(["2026-07-01"] * 3)).dt.tz_localize("UTC"),
        pd.period_range("2026-07", periods=3, freq="M"),
    ],
)
def test_dates_of_any_kind_become_plain_dates(period):
    typed, problems = check_table("sales", sales(period=period))
    assert problems == [] and typed["period"].iloc[0] == pd.Timestamp(2026, 7, 1)


def test_rows_are_counted_by_position_not_by_the_index():
    table = sales(units=[1, 2, "x"])
    table.index = [90, 7, 55]
    assert [one.row for one in check_table("sales", table)[1]] == [4]


@pytest.mark.parametrize("name", TABLES)
def test_every_declaration_says_what_a_row_is_and_gives_each_column_a_meaning_and_a_unit(name):
    schema = TABLES[name]
    assert schema.description and set(schema.metadata["key"]) <= set(schema.columns)
    for column, spec in schema.columns.items():
        assert column.isidentifier() and column == column.lower()
        assert spec.description, column
        assert spec.metadata["kind"] in ("text", "number", "date")
        assert all(check.error for check in spec.checks), column


def test_a_million_rows_are_checked_in_bulk_not_row_by_row(monkeypatch):
    """The distinct dates are parsed, not every cell: what makes a million rows take a third of a second."""
    from salesopt.study import periods

    calls = []
    parse = periods._first_day
    monkeypatch.setattr(periods, "_first_day", lambda *arguments: calls.append(1) or parse(*arguments))
    many = pd.concat([sales(market=[str(at)] * 3, product=["a", "b", "c"]) for at in range(50)])
    assert check_table("sales", many)[1] == []
    assert len(calls) == 2
