"""The quarter's sales: sums, growth over what both quarters cover, and the words for what cannot be told."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from salesopt.conclusions.sales import conclude_sales
from salesopt.errors import AbsentError
from salesopt.plots.sales import plot_sales
from salesopt.sales import summarise_sales
from salesopt.study.periods import quarter_dates

PRODUCTS = pd.DataFrame({"product": ["tea", "mate"], "line": ["hot", "cold"], "unit_cost": [1.0, 1.5]})


def sold(periods, units=10.0, price=2.0):
    """Tea and mate in two markets: `units` and `price` of each in every period."""
    index = pd.MultiIndex.from_product(
        [["tea", "mate"], ["north", "south"], periods], names=["product", "market", "period"]
    )
    return index.to_frame(index=False).assign(units=units, price=price)


def summarise(sales, quarter="2026Q3", products=PRODUCTS, fiscal_start=1):
    start, end = quarter_dates(quarter, fiscal_start=fiscal_start)
    return summarise_sales(sales, quarter=quarter, start=start, end=end, products=products)


MONTHS = pd.date_range("2025-07-01", "2026-09-01", freq="MS")


def test_a_quarter_is_summed_and_compared_with_those_before():
    sales = sold(MONTHS)
    sales.loc[sales["period"] >= "2026-07-01", ["units", "price"]] = [20.0, 2.5]
    result = summarise(sales)
    own, before, year = (row for _, row in result.table.iterrows())
    assert (own["sales"], own["units"], own["periods"]) == (12 * 50.0, 240.0, 3)
    assert own["margin"] == 6 * 20 * (2.5 - 1.0) + 6 * 20 * (2.5 - 1.5)
    assert (before["quarter"], year["quarter"]) == ("2026Q2", "2025Q3")
    assert before["sales_change"] == year["sales_change"] == 1.5 and year["units_change"] == 1.0
    assert year["margin_change"] == pytest.approx(300 / (6 * 10 * 1.0 + 6 * 10 * 0.5) - 1)
    assert result.lines["line"].tolist() == ["cold", "hot"] and result.lines["share"].tolist() == [0.5, 0.5]
    assert result.quarters["quarter"].tolist() == ["2025Q3", "2025Q4", "2026Q1", "2026Q2", "2026Q3"]
    assert result.quarters["whole"].all() and any("today's" in text for text in result.cautions)


def test_the_answer_names_period_table_growth_and_margin():
    conclusion = conclude_sales(summarise(sold(MONTHS)), currency="EUR")
    assert conclusion.answer.startswith("2026Q3: sales of EUR 240 and 120 units in 3 months (table sales). Against")
    assert "(2026Q2) sales did not change, units did not change (3 months of each compared)." in conclusion.answer
    assert "Margin over unit cost: EUR 90.00, 37.5\u202f% of sales" in conclusion.answer
    assert conclusion.metrics["sales.quarter"] == 240.0


def test_the_lines_that_gained_and_lost_most_are_named_with_amounts():
    sales = sold(MONTHS)
    now = sales["period"] >= "2026-07-01"
    sales.loc[now & (sales["product"] == "tea"), "units"] = 15.0
    sales.loc[now & (sales["product"] == "mate"), "units"] = 9.0
    answer = conclude_sales(summarise(sales), currency="EUR").answer
    assert answer.endswith("hot gained most (EUR 60.00, +50.0\u202f%) and cold lost most (EUR 12.00, −10.0\u202f%).")


def test_a_quarter_begun_is_held_against_the_same_part_of_the_others_and_said_to_be_incomplete():
    sales = sold(MONTHS[:-1])
    sales.loc[sales["period"] == "2025-09-01", "units"] = 1000.0  # a September that must not count against two months
    result = summarise(sales)
    assert result.table["sales_change"].iloc[2] == 0 and result.table["compared"].iloc[2] == 2
    assert not result.quarters["whole"].iloc[-1] and "not complete" in result.cautions[0]
    assert conclude_sales(result).answer.startswith("2026Q3, not complete: sales of 160")


def test_a_quarter_of_14_weeks_is_held_against_13_of_13():
    result = summarise(sold(pd.date_range("2023-07-03", "2024-09-30", freq="W-MON")), "2024Q3")
    assert result.table["periods"].tolist() == [14, 13, 13] and result.quarters["whole"].all()
    assert result.table["compared"].tolist()[1:] == result.table["compared_before"].tolist()[1:] == [13, 13]
    assert result.table["sales_change"].tolist()[1:] == [0, 0]
    assert "units did not change (13 weeks of each compared)" in conclude_sales(result).answer


def test_a_fiscal_quarter_is_cut_at_its_own_months():
    result = summarise(sold(pd.date_range("2025-01-01", "2026-09-01", freq="MS")), "2027Q1", fiscal_start=7)
    assert result.table["quarter"].tolist() == ["2027Q1", "2026Q4", "2026Q1"] and result.table["periods"].eq(3).all()


def test_what_cannot_be_told_is_said():
    bare = summarise(sold(MONTHS[-3:]), products=PRODUCTS.assign(unit_cost=[1.0, np.nan]))
    assert math.isnan(bare.table["margin"].iloc[0]) and math.isnan(bare.table["sales_change"].iloc[1])
    assert bare.skipped["item"].str.split().str[-1].tolist() == ["before", "before", "Margin"]
    answer = conclude_sales(bare).answer
    assert "(2025Q3) nothing can be said: table sales does not hold it." in answer and "margin cannot be told" in answer
    assert "nan" not in answer


def test_a_firm_without_products_or_units_sold_still_has_an_answer():
    result = summarise(sold(MONTHS, units=0.0), products=None)
    assert result.by == "product" and "cannot be compared" in conclude_sales(result).answer


@pytest.mark.parametrize(
    ("periods", "said"),
    [
        (pd.to_datetime(["2024-01-01", "2025-01-01", "2026-01-01"]), "no quarter can be told"),
        (MONTHS[:-3], "no period that begins in 2026Q3; the last begins on 2026-06-01"),
    ],
)
def test_a_table_that_cannot_tell_the_quarter_leaves_the_chapter_out(periods, said):
    with pytest.raises(AbsentError, match=said):
        summarise(sold(periods))


def test_the_figure_draws_every_quarter_and_hatches_one_in_part():
    result = summarise(sold(MONTHS[1:]))
    ax = plot_sales(result, currency="EUR")
    assert [bar.get_height() for bar in ax.patches] == result.quarters["sales"].tolist()
    assert [bar.get_hatch() for bar in ax.patches] == ["//", "", "", "", ""] and "hatched" in ax.get_xlabel()
