"""Intervals over raters hold their level, on smooth and on whole-number scores, with strict and lenient raters."""

import numpy as np
import pytest
from scipy import stats

from salesopt.stats.raters import (
    deviations,
    draw,
    interval,
    moderated_errors,
    panel_means,
    panel_weights,
    rank_shares,
    standard_errors,
)


def panels(raters, items, strictness, whole, *, repeats, seed=0):
    """Made-up panels with their true means: each item has its own opinion and spread, each rater a strictness."""
    rng = np.random.default_rng(seed)
    crowd = rng.standard_normal((20_000, 1))
    for _ in range(repeats):
        opinion, spread = rng.uniform(1.6, 3.4, items), rng.uniform(0.3, 1.0, items)
        own = strictness * rng.standard_normal((raters, 1))
        scores = opinion + own + spread * rng.standard_normal((raters, items))
        if whole:
            scores = np.clip(np.round(scores), 1, 4)
            truth = np.clip(np.round(opinion + np.hypot(strictness, spread) * crowd), 1, 4).mean(axis=0)
        else:
            truth = opinion
        yield scores, truth


@pytest.mark.parametrize("whole", [False, True], ids=["smooth", "whole"])
@pytest.mark.parametrize("strictness", [0.0, 0.4])
@pytest.mark.parametrize(("raters", "items"), [(3, 20), (6, 5), (6, 20), (12, 20)])
def test_intervals_of_items_hold_their_level(raters, items, strictness, whole):
    held, total = 0, 0
    for scores, truth in panels(raters, items, strictness, whole, repeats=3000 // items):
        mean, deviation = deviations(lambda take, scores=scores: panel_means(scores, take), raters)
        low, high = interval(mean, *moderated_errors(deviation), 0.95)
        held, total = held + int(((low <= truth) & (truth <= high)).sum()), total + items
    assert 0.92 <= held / total <= 0.98


def test_strict_and_lenient_raters_tie_the_items_together_and_the_interval_allows_for_it():
    """Where strictness rules, 20 items by 3 raters hold no more than 3 raters' worth of knowledge."""
    held, total = 0, 0
    for scores, truth in panels(3, 20, 1.0, False, repeats=800, seed=6):
        mean, deviation = deviations(lambda take, scores=scores: panel_means(scores, take), 3)
        low, high = interval(mean, *moderated_errors(deviation), 0.95)
        held, total = held + int(((low <= truth) & (truth <= high)).sum()), total + 20
    assert 0.915 <= held / total <= 0.97


def test_intervals_hold_for_contested_and_for_agreed_items_alike():
    """One pooled spread for all would be too narrow where raters disagree and too wide where they agree."""
    rng = np.random.default_rng(4)
    spread = np.repeat([0.3, 1.2], 10)
    held, width = np.zeros(20), np.zeros(20)
    for _ in range(300):
        scores = 2.5 + spread * rng.standard_normal((12, 20))
        mean, deviation = deviations(lambda take, scores=scores: panel_means(scores, take), 12)
        low, high = interval(mean, *moderated_errors(deviation), 0.95)
        held, width = held + ((low <= 2.5) & (high >= 2.5)), width + (high - low)
    assert 0.93 <= held[:10].mean() / 300 <= 1 and 0.91 <= held[10:].mean() / 300 <= 0.97
    assert width[10:].sum() > 1.5 * width[:10].sum()


def test_the_plain_bootstrap_of_raters_would_not_hold_it():
    """Why the module does more than resample: six raters, whole-number scores."""
    rng = np.random.default_rng(1)
    held, total = 0, 0
    for scores, truth in panels(6, 20, 0.0, True, repeats=60):
        means = scores[rng.integers(0, 6, (400, 6))].mean(axis=1)
        low, high = np.quantile(means, [0.025, 0.975], axis=0)
        held, total = held + int(((low <= truth) & (truth <= high)).sum()), total + 20
    assert held / total < 0.85


def test_draws_are_calibrated():
    """The truth falls into the draws' lower tail as often as the tail says (probability integral transform)."""
    below = []
    for scores, truth in panels(5, 20, 0.3, False, repeats=400, seed=3):
        mean, deviation = deviations(lambda take, scores=scores: panel_means(scores, take), 5)
        errors, freedom = moderated_errors(deviation)
        sheet = draw(mean, deviation, draws=200, seed=1, errors=errors, freedom=freedom)
        below += list((sheet < truth).mean(axis=0))
    for level in (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975):
        assert np.mean(np.array(below) < level) == pytest.approx(level, abs=0.03)


def test_draws_follow_the_t_distribution_of_the_interval():
    scores = np.array([[1.0, 2.0], [2.0, 4.0], [4.0, 3.0], [3.0, 3.0]])
    mean, deviation = deviations(lambda take: panel_means(scores, take), 4)
    sheet = draw(mean, deviation, draws=40_000, seed=0)
    expected = mean + stats.t.ppf(0.975, 3) * scores.std(axis=0, ddof=1) / 2
    assert np.quantile(sheet, 0.975, axis=0) == pytest.approx(expected, rel=0.03)
    assert np.corrcoef(sheet.T)[0, 1] == pytest.approx(np.corrcoef(scores.T)[0, 1], abs=0.05)


def test_deviations_of_a_mean_are_scores_less_the_mean_with_its_textbook_error():
    scores = np.array([[1.0, 4.0], [2.0, 4.0], [4.0, 1.0]])
    mean, deviation = deviations(lambda take: panel_means(scores, take), 3)
    assert deviation == pytest.approx(scores - scores.mean(axis=0))
    assert standard_errors(deviation) == pytest.approx(stats.sem(scores, axis=0))
    assert mean == pytest.approx(scores.mean(axis=0))


def test_one_rater_has_no_interval():
    mean, deviation = deviations(lambda take: panel_means(np.array([[2.0, 3.0]]), take), 1)
    assert np.isnan(standard_errors(deviation)).all() and np.isnan(moderated_errors(deviation)[0]).all()
    assert (draw(mean, deviation, draws=5, seed=0) == mean).all()


def test_unanimity_is_not_certainty():
    scores = np.array(
        [[3.0, 1.0, 2.0, 4.0, 3.0], [3.0, 2.0, 3.0, 3.0, 2.0], [3.0, 3.0, 2.0, 2.0, 4.0], [3.0, 1.0, 1.0, 3.0, 3.0]]
    )
    _, deviation = deviations(lambda take: panel_means(scores, take), 4)
    assert standard_errors(deviation)[0] == 0 < moderated_errors(deviation)[0][0]


def test_weights_on_any_scale_count_the_same_and_gaps_do_not_inflate():
    fractions = np.array([[0.5, 0.3, 0.2], [0.4, 0.4, 0.2]])
    everyone = np.ones((1, 2))
    assert panel_weights(fractions * [[100], [7]], everyone)[0] == pytest.approx([0.45, 0.35, 0.2])
    gap = np.array([[0.5, 0.3, 0.2], [0.5, 0.3, np.nan]])
    assert panel_weights(gap, everyone)[0] == pytest.approx([0.5, 0.3, 0.2])
    assert panel_weights(np.array([[0.5, 0.5, np.nan]]), np.ones((1, 1)))[0] == pytest.approx(
        [0.5, 0.5, np.nan], nan_ok=True
    )


def test_rank_shares_count_every_draw_once():
    shares = rank_shares(np.array([[3.0, 2.0, 1.0], [1.0, 3.0, 2.0]]))
    assert shares.tolist() == [[0.5, 0.0, 0.5], [0.5, 0.5, 0.0], [0.0, 0.5, 0.5]]
