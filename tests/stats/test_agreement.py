"""Agreement of raters against published figures, the krippendorff package, Friedman's test, and made-up truth."""

import json
from pathlib import Path

import krippendorff
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from salesopt.errors import ParameterError
from salesopt.stats.agreement import (
    LEVELS,
    agreement_in_words,
    kendall_w,
    krippendorff_alpha,
    resampled_alpha,
    tell_agreement,
)

CASES = Path(__file__).parents[2] / "data" / "cases"


PUBLISHED = {"nominal": 0.743, "ordinal": 0.815, "interval": 0.849, "ratio": 0.797}


def scores_of(case):
    """The scores of a published case as raters x units; they stand in the column weight, which takes any scale."""
    table = pd.read_csv(CASES / case / "swot.csv")
    return table.pivot_table(index="rater", columns="factor", values="weight", dropna=False).to_numpy(dtype=float)


@pytest.mark.parametrize("level", LEVELS)
def test_the_published_alphas_of_krippendorff(level):
    found = krippendorff_alpha(scores_of("krippendorff_c12"), level=level)
    assert found.alpha == pytest.approx(PUBLISHED[level], abs=0.0005)
    assert found.low < found.alpha < found.high and found.items == 11


def test_the_published_w_with_ties():
    found = kendall_w(scores_of("kendall_anxiety"))
    assert (found.w, found.p) == (pytest.approx(0.5397, abs=5e-5), pytest.approx(0.0429, abs=5e-5))
    assert found.chi_square == pytest.approx(30.76, abs=0.005)


def test_w_is_friedmans_test_in_other_clothes():
    scores = np.random.default_rng(2).integers(1, 5, (7, 6)).astype(float)
    friedman = stats.friedmanchisquare(*scores.T)
    found = kendall_w(scores)
    assert (found.chi_square, found.p) == pytest.approx((friedman.statistic, friedman.pvalue))


def test_w_of_full_and_of_no_agreement_and_without_ties_by_hand():
    order = np.arange(1.0, 7.0)
    assert kendall_w(np.array([order, order, order])).w == pytest.approx(1)
    assert kendall_w(np.array([order, order[::-1]])).w == pytest.approx(0)
    ranks = np.array([[1, 2, 3, 4], [2, 1, 3, 4], [1, 3, 2, 4]], dtype=float)
    by_hand = 12 * ((ranks.sum(axis=0) - 7.5) ** 2).sum() / (9 * (64 - 4))
    assert kendall_w(ranks).w == pytest.approx(by_hand)


@pytest.mark.parametrize(
    ("scores", "reason"),
    [
        ([[1.0, 2.0]], "two raters"),
        ([[1.0], [2.0]], "two items"),
        ([[2.0, 2.0], [3.0, 3.0]], "same score"),
        ([[1.0, np.nan], [np.nan, 2.0]], "two raters"),
    ],
)
def test_where_there_is_no_w_the_reason_is_said(scores, reason):
    found = kendall_w(np.array(scores))
    assert np.isnan(found.w) and np.isnan(found.p) and reason in found.reason


def test_a_rater_with_a_gap_is_left_out_of_w():
    scores = np.array([[1.0, 2, 3], [1, 2, 3], [3, 2, np.nan]])
    assert (kendall_w(scores).raters, kendall_w(scores).w) == (2, pytest.approx(1))


@pytest.mark.parametrize("level", LEVELS)
def test_every_resample_has_the_packages_alpha(level):
    """Our vectorised alpha of each resample against the package run on the resampled scores themselves."""
    rng = np.random.default_rng(5)
    scores = rng.integers(1, 6, (4, 12)).astype(float)
    scores[rng.random(scores.shape) < 0.2] = np.nan
    picks = rng.multinomial(12, np.full(12, 1 / 12), size=25)
    ours = resampled_alpha(scores, picks.astype(float), level=level)
    for pick, alpha in zip(picks, ours, strict=True):
        drawn = np.repeat(scores, pick, axis=1)
        package = krippendorff.alpha(reliability_data=drawn, level_of_measurement=level)
        assert alpha == pytest.approx(package, abs=1e-12)


def made_up(items, raters, spread, rng):
    """Whole-number scores of items that differ by `spread`, judged with an error of 0.6."""
    opinion = 2.5 + spread * rng.standard_normal(items)
    return np.clip(np.round(opinion + 0.6 * rng.standard_normal((raters, items))), 1, 4)


@pytest.mark.parametrize(("items", "least"), [(20, 0.88), (8, 0.78)])
def test_the_interval_of_alpha_covers_as_its_docstring_says_and_more_than_percentiles(items, least):
    rng = np.random.default_rng(11)
    truth = resampled_alpha(made_up(40_000, 6, 0.8, rng), np.ones((1, 40_000)), level="ordinal")[0]
    held = plain = 0
    for seed in range(250):
        scores = made_up(items, 6, 0.8, rng)
        found = krippendorff_alpha(scores, draws=300, seed=seed)
        held += found.low <= truth <= found.high
        picks = np.random.default_rng(seed).multinomial(items, np.full(items, 1 / items), size=300).astype(float)
        drawn = resampled_alpha(scores, picks, level="ordinal")
        low, high = np.quantile(drawn[np.isfinite(drawn)], [0.025, 0.975])
        plain += low <= truth <= high
    assert least <= held / 250 <= 0.99
    assert held > plain


@pytest.mark.parametrize(
    ("scores", "reason"),
    [
        ([[1.0, np.nan], [np.nan, 2.0]], "no item has two scores"),
        ([[2.0, 2.0], [2.0, 2.0]], "all scores are the same"),
        ([[1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 3.0]], "fewer than five"),
        ([[1.0, 2.0, 3.0, 4.0, 1.0], [1.0, 2.0, 3.0, 4.0, 1.0]], "full agreement"),
    ],
)
def test_where_there_is_no_alpha_or_no_interval_the_reason_is_said(scores, reason):
    found = krippendorff_alpha(np.array(scores))
    assert np.isnan(found.low) and reason in found.reason


def test_scores_on_one_item_by_one_rater_only_do_not_count():
    scores = scores_of("krippendorff_c12")
    lone = np.full((len(scores), 1), np.nan)
    lone[0] = 5
    assert krippendorff_alpha(np.hstack([scores, lone])).alpha == krippendorff_alpha(scores).alpha


@pytest.mark.parametrize(
    "call",
    [
        lambda: krippendorff_alpha(np.ones((2, 2)), level="cardinal"),
        lambda: krippendorff_alpha(np.ones((2, 2)), confidence=1.0),
        lambda: krippendorff_alpha(-np.ones((2, 2)), level="ratio"),
        lambda: krippendorff_alpha(np.array([[np.inf, 1.0]])),
        lambda: kendall_w(np.ones(3)),
    ],
)
def test_wrong_arguments_are_refused(call):
    with pytest.raises(ParameterError):
        call()


@pytest.mark.parametrize(
    ("alpha", "p", "words"),
    [
        (0.85, 0.01, "well, the order is shared"),
        (0.7, 0.2, "tentative conclusion, no order"),
        (0.4, float("nan"), "agree little"),
        (0.1, 0.5, "hardly agree"),
        (float("nan"), 0.01, "cannot be told"),
    ],
)
def test_agreement_in_words(alpha, p, words):
    assert words in agreement_in_words(alpha, p)


def test_agreement_per_part_lists_what_cannot_be_told():
    scores = np.array([[1.0, 2, 3, 4, 2, 2], [1, 2, 4, 4, 2, 2], [2, 2, 3, 4, 2, 2]])
    table, unknown = tell_agreement(
        ["a"] * 4 + ["b"] * 2, {"rating": scores}, {"a": "first", "b": "second"}, confidence=0.9, seed=0
    )
    assert table["part"].tolist() == ["a", "b", "all"]
    assert table.loc[0, "kendall_w"] == kendall_w(scores[:, :4]).w
    assert ("agreement of rating: Kendall's W (second)", "every rater gave all items the same score") in unknown
    assert json.loads(table.to_json(orient="records"))[1]["words"] == "cannot be told"


@pytest.mark.parametrize("level", ["ordinal", "interval"])
def test_alpha_of_many_distinct_scores_needs_no_table_of_their_pairs(level):
    """Above 300 distinct scores the package's tables of value pairs grow without end; ours must equal it below."""
    rng = np.random.default_rng(8)
    scores = rng.uniform(size=(40, 12)) + rng.uniform(size=12)
    found = krippendorff_alpha(scores, level=level, draws=50)
    package = krippendorff.alpha(reliability_data=scores, level_of_measurement=level)
    assert len(np.unique(scores)) > 300 and found.alpha == pytest.approx(package, abs=1e-12)
