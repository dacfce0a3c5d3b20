"""TOWS and QSPM: the published matrix, scores by hand, the dash across the row, what is refused."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from salesopt.conclusions.swot import conclude_swot
from salesopt.errors import DataError, ParameterError
from salesopt.plots.swot import plot_strategies
from salesopt.report.cases import run_case
from salesopt.swot import tally_swot
from salesopt.tows import match_strategies, rank_strategies

CASES = Path(__file__).parents[1] / "data" / "cases"
RATINGS = {"brand": ("S", 4), "prices": ("W", 1), "online": ("O", 3), "levy": ("T", 2)}


def tally(weights=((0.6, 0.4, 0.7, 0.3), (0.5, 0.5, 0.6, 0.4), (0.7, 0.3, 0.8, 0.2))):
    rows = [
        (f"rater {at}", quadrant, factor, weight, rating)
        for at, own in enumerate(weights)
        for (factor, (quadrant, rating)), weight in zip(RATINGS.items(), own, strict=True)
    ]
    return tally_swot(pd.DataFrame(rows, columns=["rater", "quadrant", "factor", "weight", "rating"]))


def links(*rows):
    return pd.DataFrame(rows, columns=["strategy", "inner", "outer", "fit"])


LINKS = links(
    ("grow", "brand", "online", 4),
    ("grow", "prices", "online", 2),
    ("hold", "prices", "levy", 3),
    ("hold", "brand", "levy", None),
)


def test_a_strategys_score_is_the_sum_of_weight_times_weight_times_fit():
    result = match_strategies(LINKS, tally())
    scores = result.strategies.set_index("strategy")["score"]
    assert scores.to_dict() == pytest.approx({"grow": 4 * 0.6 * 0.7 + 2 * 0.4 * 0.7, "hold": 3 * 0.4 * 0.3})
    assert result.strategies["kind"].tolist() == ["SO", "WT"] and result.pairs["kind"].tolist() == ["SO", "WO", "WT"]
    assert result.kinds.set_index("kind")["score"].sum() == pytest.approx(scores.sum())
    assert result.skipped.to_numpy().tolist() == [["hold: brand with levy", "no fit was given"]]


def test_four_is_the_most_any_strategy_can_score():
    every = links(*(("all", inner, outer, 4) for inner in ("brand", "prices") for outer in ("online", "levy")))
    assert match_strategies(every, tally()).strategies["score"].item() == pytest.approx(4)


def test_the_interval_comes_from_the_raters_weights():
    row = match_strategies(LINKS, tally()).strategies.iloc[0]
    assert row["low"] < row["score"] < row["high"] and row["first_probability"] > 0.9
    agreed = match_strategies(LINKS, tally(((0.6, 0.4, 0.7, 0.3),) * 3)).strategies
    assert agreed["low"].isna().all() and agreed["first_probability"].isna().all()


def test_published_qspm():
    answers = run_case(CASES / "qspm_david")
    assert len(answers) == 12 and answers["agrees"].all()


def attractiveness(*rows):
    return pd.DataFrame(rows, columns=["strategy", "factor", "score"])


def test_a_dash_in_one_column_is_a_dash_across_the_row():
    table = attractiveness(
        ("x", "brand", 4),
        ("y", "brand", 1),
        ("x", "prices", 4),
        ("y", "prices", None),
        ("x", "levy", None),
        ("y", "levy", None),
    )
    result = rank_strategies(table, tally())
    assert result.strategies.set_index("strategy")["total"].to_dict() == pytest.approx({"x": 4 * 0.6, "y": 0.6})
    reasons = dict(result.skipped.to_numpy())
    assert "a dash in one column" in reasons["prices"] and "does not bear" in reasons["levy"]
    assert any("1 factors are blank" in caution for caution in result.cautions)


def test_the_weight_at_which_two_strategies_tie():
    table = attractiveness(("x", "brand", 4), ("y", "brand", 1), ("x", "levy", 1), ("y", "levy", 4))
    row = rank_strategies(table, tally()).decisive.set_index("factor").loc["brand"]
    assert row["lead"] == pytest.approx(0.6 * 3) and row["weight_to_tie"] == pytest.approx(0.3)
    moved = table.assign(weight=table["factor"].map({"brand": row["weight_to_tie"], "levy": 0.3}))
    totals = rank_strategies(moved).strategies["total"]
    assert totals[0] == pytest.approx(totals[1])


def test_how_often_a_strategy_comes_first():
    even = attractiveness(("x", "brand", 4), ("y", "brand", 1), ("x", "prices", 1), ("y", "prices", 4))
    close = rank_strategies(even, tally(((0.5, 0.5, 1, 1), (0.6, 0.4, 1, 1), (0.45, 0.55, 1, 1)))).strategies
    assert 0.5 < close["first_probability"].iloc[0] < 0.9
    assert close["first_probability"].sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda: match_strategies(links(("a", "brand", "nothing", 3)), tally()),
            DataError,
            "opportunity or threat that swot scores",
        ),
        (lambda: match_strategies(links(("a", "online", "levy", 3)), tally()), DataError, "strength or weakness"),
        (lambda: match_strategies(links(("a", "brand", "levy", 5)), tally()), DataError, "at most 4"),
        (lambda: match_strategies(links(("a", "brand", "levy", None)), tally()), DataError, "at least one link"),
        (lambda: rank_strategies(attractiveness(("x", "brand", 4)), tally()), ParameterError, "two strategies"),
        (
            lambda: rank_strategies(attractiveness(("x", "brand", 4), ("y", "brand", 3))),
            DataError,
            "weights in this table",
        ),
        (
            lambda: rank_strategies(attractiveness(("x", "b", 4), ("y", "b", 3)), tally()),
            DataError,
            "a factor that swot scores",
        ),
        (
            lambda: rank_strategies(attractiveness(("x", "brand", None), ("y", "brand", 3)), tally()),
            DataError,
            "scored for every strategy",
        ),
        (
            lambda: rank_strategies(attractiveness(("x", "brand", 4), ("y", "brand", 3)).assign(weight=[0.1, 0.2])),
            DataError,
            "one weight per factor",
        ),
    ],
)
def test_bad_input_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_a_study_without_the_tables_gets_empty_results_that_say_so():
    strategies, choice = match_strategies(None, tally()), rank_strategies(None, tally())
    assert strategies.skipped["item"].tolist() == ["tows"] and choice.skipped["item"].tolist() == ["attractiveness"]
    assert "no strategies" in plot_strategies(strategies).texts[0].get_text()
    assert "strateg" not in conclude_swot(tally(), strategies=strategies, choice=choice).answer


def test_strategies_reach_the_answer_the_findings_and_the_figure():
    result = tally()
    strategies = match_strategies(LINKS, result)
    conclusion = conclude_swot(result, strategies=strategies)
    assert "'grow' uses the factors best" in conclusion.answer
    finding = conclusion.findings[0]
    assert finding.unit == "points" and finding.low < finding.value < finding.high and "grow" in finding.action
    axes = plot_strategies(strategies)
    assert [bar.get_width() for bar in axes.patches] == pytest.approx(strategies.strategies["score"].tolist()[::-1])


def test_the_input_is_not_modified():
    table = LINKS.copy(deep=True)
    match_strategies(table, tally())
    assert table.equals(LINKS) and np.isnan(table["fit"].iloc[3])
