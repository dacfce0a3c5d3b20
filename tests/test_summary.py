"""Findings are ranked by their worth; what is unsure or has no amount is said."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from salesopt.conclusions.summary import DOUBTED, conclude_summary, in_words, open_summary
from salesopt.errors import DataError
from salesopt.plots.summary import plot_summary
from salesopt.summary import COLUMNS, rank_findings

NAN = math.nan
ROWS = [
    ("Raise tea", 5.0, 1.0, 9.0, "EUR a year", "Raise tea to 2.10", "", "pricing"),
    ("Move people", 8.0, -1.0, 20.0, "EUR a year", "Move 2 people", "few judges", "team"),
    ("Train", NAN, NAN, NAN, "EUR a year", "Train 3 people", "", "skills"),
    ("Share fell", 0.02, 0.01, 0.03, "fraction", "Look at north", "", "market"),
    ("Fewer ads", 3.0, NAN, NAN, "EUR a year", "Spend less on ads", "no interval", "channels"),
]


def findings(rows=ROWS):
    return pd.DataFrame(rows, columns=list(COLUMNS))


def test_money_is_ranked_and_the_rest_kept():
    result = rank_findings(findings(), currency="EUR")
    assert result.table["what"].tolist() == ["Move people", "Raise tea", "Fewer ads"]
    assert result.table["rank"].tolist() == [1, 2, 3] and result.table["sure"].tolist() == [False, True, False]
    assert result.others["what"].tolist() == ["Share fell"] and result.skipped["what"].tolist() == ["Train"]
    assert "must not be added up" in result.cautions[0] and result.cautions[1].startswith("2 of 3")
    assert result.cautions[2].startswith("2 of 3 amounts have a caution")


def test_two_measures_of_a_further_head_are_told_apart():
    both = [*ROWS, ("One person more", 9.0, NAN, NAN, "EUR a year", "Hire in Nord", "", "rosters")]
    assert any("two things, not to be added" in text for text in rank_findings(findings(both), currency="EUR").cautions)
    assert not any("two things" in text for text in rank_findings(findings(), currency="EUR").cautions)


def test_another_currency_is_not_taken_for_money():
    assert rank_findings(findings(), currency="USD").table.empty


def test_the_answer_names_the_best_with_its_interval():
    answer = conclude_summary(rank_findings(findings(), currency="EUR"), currency="EUR").answer
    assert "Move people" in answer and "EUR 8.00 a year (−EUR 1.00 to EUR 20.00)" in answer and "1 is sure" in answer


def test_what_is_sure_leads_and_what_blocks_comes_before_it():
    ranked = rank_findings(findings(), currency="EUR")
    answer = conclude_summary(ranked, currency="EUR").answer
    assert answer.startswith(
        "Worth most of what is sure: Raise tea, EUR 5.00 a year (EUR 1.00 to EUR 9.00). Worth more"
    )
    assert "Move people" in answer and "but its interval reaches zero or below" in answer
    bare = conclude_summary(rank_findings(findings(ROWS[4:]), currency="EUR"), currency="EUR").answer
    assert bare.startswith("Worth most: Fewer ads")
    short = ("Hours short", 30.0, NAN, NAN, "hours a year", "Settle hours first.", "", "team", True)
    both = pd.DataFrame([*((*row, False) for row in ROWS), short], columns=[*COLUMNS, "blocks"])
    result = rank_findings(both, currency="EUR")
    assert result.others["what"].tolist() == ["Hours short", "Share fell"]
    answer = conclude_summary(result, currency="EUR").answer
    assert answer.startswith("Before all else: Hours short (30 hours a year). Settle hours first. Worth most of what")
    alone = rank_findings(both.tail(1), currency="EUR")
    assert conclude_summary(alone).answer.startswith("Before all else: ")


def test_the_sales_of_the_quarter_open_the_summary_or_the_reason_why_not():
    said = [("pricing", "Move 3 prices."), ("sales", "2026Q3: sales of EUR 5.")]
    answers = pd.DataFrame(said, columns=["chapter", "answer"])
    assert open_summary(answers).answer == "2026Q3: sales of EUR 5."
    alone = answers.head(1)
    lacking = open_summary(alone, quarter="2026Q3", absent=["reps", "sales"]).answer
    assert lacking == "Sales of 2026Q3 are not in this report: the study has no table sales."
    assert "it has no chapter on them" in open_summary(alone, quarter="2026Q3").answer


def test_sizes_of_the_team_that_answer_different_questions_are_told_apart():
    ranked = rank_findings(findings(), currency="EUR")
    metrics = {"team.best_reps": 25.0, "structure.reps": 23.0, "team.workload_reps": 23.6, "team.reps": 24.0}
    said = conclude_summary(ranked, metrics=metrics).doubts[0]
    assert "25 heads earn most" in said and "23 heads are what the calls" in said and "23.6 heads" in said
    assert "today there are 24." in said
    alone = conclude_summary(ranked, metrics={"team.best_reps": 25.0, "team.reps": 24.0})
    assert alone.doubts == (*ranked.cautions, DOUBTED)


def test_what_is_also_found_is_shown_as_a_board_reads_it():
    rows = [
        ("Share", 0.82306, NAN, NAN, "fraction of revenue", "", "", "elasticity"),
        ("Part", 314206.16, 222225.4, 413952.9, "EUR a year, within the list", "", "", "pricing"),
        ("Duties", 3.0, NAN, NAN, "duties", "", "", "structure"),
    ]
    shown = in_words(rank_findings(findings(rows), currency="EUR").others, currency="EUR")
    assert shown["value"].tolist() == ["82.3\u202f%", "314,000", "3"] and shown["low"].tolist() == ["", "222,000", ""]
    assert shown["unit"].tolist() == ["of revenue", "EUR a year, within the list", "duties"]


def test_nothing_found_is_said():
    result = rank_findings(findings([]), currency="EUR")
    assert "No chapter" in conclude_summary(result).answer
    failed = conclude_summary(result, failed=["Prices", "Channel mix"])
    assert failed.doubts[0].startswith("2 chapters could not be made (Prices and Channel mix)")
    assert plot_summary(result).texts[0].get_text() == "No finding has an amount of money"


def test_the_figure_draws_the_table():
    result = rank_findings(findings(), currency="EUR")
    ax = plot_summary(result)
    assert [bar.get_width() for bar in ax.patches] == result.table["value"].tolist()[::-1]
    assert len(ax.collections[0].get_segments()) == 2 and "of what is sure: Raise tea" in ax.get_title(loc="left")


def test_a_long_finding_is_named_whole_in_the_figure():
    what = "Calls where they bring most, within the hours of calls that people have"
    shown = plot_summary(rank_findings(findings([(what, *ROWS[0][1:])]), currency="EUR")).get_yticklabels()
    assert [" ".join(label.get_text().split()) for label in shown] == [what]


def test_a_missing_column_is_named():
    with pytest.raises(DataError, match="caution"):
        rank_findings(findings().drop(columns="caution"), currency="EUR")
