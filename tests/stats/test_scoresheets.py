"""Rounds, the ledger, twins, measured series, and what sales did quarter by quarter."""

import numpy as np
import pandas as pd
import pytest

from salesopt.errors import DataError, ParameterError
from salesopt.stats.scoresheets import (
    grid,
    hold_against,
    items_of,
    spread_of,
    tell_rounds,
    twins,
    with_rounds,
    write_ledger,
)
from salesopt.stats.track import track_sales


def sheet(*rows):
    return pd.DataFrame(rows, columns=["rater", "quadrant", "factor", "rating", "date"])


ROUNDS = sheet(
    ("a", "S", "x", 1, "2026-06-01"),
    ("b", "S", "x", 3, "2026-06-01"),
    ("a", "S", "y", 2, "2026-06-01"),
    ("b", "S", "y", 4, "2026-06-01"),
    ("a", "S", "x", 2, "2026-09-01"),
    ("b", "S", "x", 2, "2026-09-01"),
    ("a", "S", "y", 2, "2026-09-01"),
    ("b", "S", "y", 3, "2026-09-01"),
).assign(date=lambda table: pd.to_datetime(table["date"]))


def test_one_date_is_one_round_whatever_the_order_of_rows():
    assert with_rounds(ROUNDS.iloc[::-1], "swot")["round"].tolist() == [2] * 4 + [1] * 4
    assert with_rounds(ROUNDS.drop(columns="date"), "swot")["round"].unique().tolist() == [1]
    with pytest.raises(DataError, match=r"row 4.*a date in every row or in none"):
        with_rounds(ROUNDS.assign(date=ROUNDS["date"].mask(ROUNDS.index == 2)), "swot")


def test_a_round_by_hand():
    found = tell_rounds(with_rounds(ROUNDS, "swot"), "quadrant", "rating", ["S", "W"], 0.95)
    assert found["part"].tolist() == ["S", "all"] * 2
    last = found.iloc[-1]
    before, after = np.sqrt([2, 2]), np.sqrt([0, 0.5])
    assert last["spread"] == pytest.approx(after.mean()) and last["spread_change"] == pytest.approx(
        (after - before).mean()
    )
    assert (last["moved"], last["mean_move"]) == (0.75, 0.75)
    assert last["low"] < last["spread_change"] < last["high"]
    assert found.iloc[0][["spread_change", "moved"]].isna().all() and found.iloc[0]["converging"] is None


def test_the_ledger_compares_with_the_others_of_the_same_round_only():
    table = with_rounds(
        pd.concat([ROUNDS, sheet(("c", "S", "x", 4, "2026-09-01")).assign(date=pd.Timestamp("2026-09-01"))]), "swot"
    )
    ledger = write_ledger(table, "quadrant", ["rating"]).set_index(["round", "rater", "factor"])
    assert ledger.loc[(2, "c", "x"), ["others_rating", "rating_distance"]].tolist() == [2, 2]
    assert ledger.loc[(2, "a", "x"), "others_rating"] == 3 and ledger.loc[(1, "a", "x"), "others_rating"] == 3
    alone = write_ledger(with_rounds(ROUNDS.iloc[:1], "swot"), "quadrant", ["rating"])
    assert alone["others_rating"].isna().all()


def test_items_keep_the_order_of_parts_and_the_grid_its_gaps():
    table = sheet(("a", "W", "q", 1, ""), ("a", "S", "p", 2, ""), ("b", "S", "p", 3, ""))
    items = items_of(table, "quadrant", ["S", "W"])
    assert items == [("S", "p"), ("W", "q")]
    assert grid(table, "quadrant", "rating", ["b", "a"], items) == pytest.approx(
        np.array([[3, np.nan], [2, 1]]), nan_ok=True
    )
    assert spread_of(np.array([[1.0, 2, np.nan], [3, 2, 5]])) == pytest.approx([np.sqrt(2), 0, np.nan], nan_ok=True)


def test_twins_need_five_equal_scores():
    rows = [(rater, "S", f"f{at}", at, "") for rater in "abc" for at in range(5)]
    table = sheet(*rows)
    assert twins(table, "quadrant", ["rating"]) == [("a", "b"), ("a", "c")]
    assert twins(table[table["factor"] != "f0"], "quadrant", ["rating"]) == []
    table.loc[5, "rating"] = 9
    assert twins(table, "quadrant", ["rating"]) == [("a", "c")]


def claim(metric="m", good=True):
    return pd.DataFrame([("strength", "x", metric, good)], columns=["part", "factor", "metric", "good"])


@pytest.mark.parametrize(
    ("values", "run", "streak", "contradiction", "words"),
    [
        ([4, 3, 2, 1], 3, -3, True, "judged as strength, but m fell three periods running"),
        ([1, 4, 3, 2], 3, -2, False, "m fell two periods running"),
        ([1, 4, 3, 2], 2, -2, True, "judged as strength, but m fell two periods running"),
        ([1, 2], 3, 1, False, "m rose last period"),
        ([2, 2], 3, 0, False, "m did not change since the period before"),
        ([5, None, 4, 3, None, 2], 3, -3, True, "judged as strength, but m fell three periods running"),
        ([5, 4, 3, 2, 1], 3, -4, True, "judged as strength, but m fell 4 periods running"),
        (7.0, 3, 0, False, "one value only: shown, not judged"),
    ],
)
def test_a_run_of_changes_against_a_judgement(values, run, streak, contradiction, words):
    measured = pd.Series(values, dtype=float) if isinstance(values, list) else values
    found, skipped = hold_against(claim(), {"m": measured}, run=run)
    row = found.iloc[0]
    assert (row["run"], bool(row["contradiction"]), row["words"]) == (streak, contradiction, words)
    assert skipped == []


def test_what_was_not_measured_is_listed_and_a_run_is_positive():
    assert hold_against(claim(), None)[1] == [("x: m", "this metric was not measured")]
    assert hold_against(claim(), {"m": pd.Series([], dtype=float)})[1] == [("x: m", "the measured series is empty")]
    with pytest.raises(ParameterError):
        hold_against(claim(), None, run=0)


def test_sums_over_four_quarters_have_no_season_in_them():
    quarters = pd.period_range("2024Q1", "2025Q4", freq="Q")
    rows = [(product, quarter.start_time, units * (4 - quarter.quarter + 1), price)
            for product, units, price in (("tea", 10, 2.0), ("juice", 30, 1.0)) for quarter in quarters]  # fmt: skip
    sales = pd.DataFrame(rows, columns=["product", "period", "units", "price"])
    found = track_sales(sales, pd.DataFrame({"product": ["tea", "juice"], "line": ["hot", "cold"]}))
    assert found["sales.units"].tolist() == [400.0] * 5 and found["sales.revenue"].tolist() == [500.0] * 5
    assert found["sales.price"].iloc[0] == 1.25 and found["sales.share:hot"].tolist() == [0.4] * 5
    assert str(found["sales.units:juice"].index[0]) == "2024Q4"
    assert track_sales(None) == {} == track_sales(sales[sales["period"] < "2024-10-01"])


def test_a_quarter_without_a_sale_counts_as_none_sold():
    sales = pd.DataFrame(
        {"product": "tea", "period": pd.to_datetime(["2024-01-01", "2025-01-01"]), "units": [8.0, 4.0], "price": 1.0}
    )
    assert track_sales(sales)["sales.units"].tolist() == [8.0, 4.0]
