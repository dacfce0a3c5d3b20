"""Levels from ratings: error and bias found again, intervals that hold the truth, plans that keep their promise."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from salesopt.stats.levels import Ratings, draw_levels, estimate_levels, expected_gap, shrink_levels
from salesopt.stats.training import plan_training, training_steps


def test_raters_are_put_together_and_their_noise_measured():
    """Many pairs of raters with an error of 0.6 levels: it is found, and the mean of two has 0.6 / sqrt 2."""
    random = np.random.default_rng(0)
    true = random.uniform(1, 3, 400)
    rows = [
        (f"p{at % 40}", f"s{at // 40}", np.clip(true[at] + random.normal(0, 0.6), 0, 4), rater)
        for at in range(400)
        for rater in ("x", "y")
    ]
    found = estimate_levels(pd.DataFrame(rows, columns=["rep", "skill", "level", "rater"]), noise=9.0)
    assert found.measured
    assert found.noise == pytest.approx(0.6, abs=0.06)
    assert found.table["std_error"].iloc[0] == pytest.approx(found.noise / math.sqrt(2))


def test_people_who_rate_themselves_too_high_are_found():
    random = np.random.default_rng(4)
    rows = []
    for at in range(30):
        for skill in range(5):
            level = random.uniform(1, 3)
            rows += [(f"p{at}", f"s{skill}", level + 0.5 + random.normal(0, 0.2), f"p{at}")]
            rows += [(f"p{at}", f"s{skill}", level + random.normal(0, 0.2), rater) for rater in ("boss", "peer")]
    table = pd.DataFrame(rows, columns=["rep", "skill", "level", "rater"])
    found = estimate_levels(table, noise=0.5)
    assert found.self_low < 0.5 < found.self_high
    assert found.self_high - found.self_low < 0.2
    assert found.self_pairs == 150
    named = table.assign(rater=table["rater"].where(table["rater"] != table["rep"], "Self"))  # as forms often have it
    again = estimate_levels(named, noise=0.5)
    assert (again.self_bias, again.self_pairs) == (found.self_bias, 150)


def made(
    seed: int, people: int = 12, skills: int = 5, raters: int = 2, noise: float = 0.5
) -> tuple[np.ndarray, Ratings]:
    """True levels of 12 people in 5 skills, normal between people, and what two raters make of them, 0 to 4."""
    people, skills, raters = 12, 5, 2
    random = np.random.default_rng(seed)
    true = np.clip(random.normal(2.2, 0.8, (people, skills)), 0, 4)
    rated = np.clip(true[:, :, None] + random.normal(0, noise, (people, skills, raters)), 0, 4)
    error = math.sqrt(rated.var(axis=2, ddof=1).mean() / raters)
    freedom = people * skills * (raters - 1)
    return true, Ratings(rated.mean(axis=2), np.full(true.shape, error), np.ones(true.shape, bool), freedom)


def gap(level: np.ndarray) -> np.ndarray:
    return np.maximum(3 - level, 0).sum(axis=(-2, -1))


def test_intervals_hold_the_truth():
    """500 made-up teams: the 95 % interval of the gap holds the true gap 92 to 98 times in 100."""
    held = []
    for seed in range(500):
        true, ratings = made(seed)
        low, high = np.quantile(gap(draw_levels(ratings, draws=150, seed=seed)), [0.025, 0.975])
        held.append(low <= gap(true) <= high)
    assert 0.92 <= np.mean(held) <= 0.98


def test_expected_gaps_are_not_too_wide_on_average():
    """As rated, gaps are too wide by chance; as expected, they are right on average (of 28 levels)."""
    rated, expected = [], []
    for seed in range(300):
        true, ratings = made(seed)
        mean, deviation = shrink_levels(ratings)
        rated.append(gap(ratings.level) - gap(true))
        expected.append(expected_gap(mean, deviation, np.array(3.0)).sum() - gap(true))
    assert abs(np.mean(expected)) < 0.4
    assert np.mean(rated) > 0.7


def test_a_plan_closes_what_it_promises():
    """The people who look worst are trained, in part those who were rated too low: the promise allows for it."""
    promised, kept, naive = [], [], []
    need, hours, cost = np.full((1, 5), 3.0), np.ones((12, 1)), np.full(5, 100.0)
    for seed in range(80):
        true, ratings = made(seed, noise=0.7)
        mean, deviation = shrink_levels(ratings)
        for level, spread, said in ((mean, deviation, promised), (ratings.level, np.zeros_like(mean), naive)):
            steps = training_steps(level, spread, need, hours, cost, np.full(5, np.nan))
            plan = plan_training(steps, np.array([2500.0]))[0]
            said.append(steps.gain[plan].sum())
            courses = np.zeros_like(true)
            np.add.at(courses, (steps.person[plan], steps.skill[plan]), 1)
            if said is promised:
                kept.append(gap(true) - gap(true + courses))
    over, naive_over = (np.mean(said) / np.mean(kept) - 1 for said in (promised, naive))
    assert abs(over) < 0.025
    assert naive_over > 0.05, "as rated, the same money would promise more than it can keep"


@pytest.mark.parametrize(
    ("mean", "deviation", "need"), [(1.0, 0.5, 2.0), (3.5, 0.4, 3.0), (0.1, 0.6, 4.0), (2.0, 0.0, 3.0)]
)
def test_expected_gap_is_the_integral(mean, deviation, need):
    if deviation == 0:
        expected = need - mean
    else:
        expected = quad(lambda x: (need - max(x, 0)) * norm.pdf(x, mean, deviation), -9, need)[0]
    assert expected_gap(np.array(mean), np.array(deviation), np.array(need)) == pytest.approx(expected, abs=1e-7)


def test_no_need_no_gap():
    assert expected_gap(np.array(0.5), np.array(1.0), np.array(0.0)) == 0


def test_shrinking_is_the_textbook_share():
    """Ratings with variance 1.25 between people and an error of 0.5: a rating keeps 0.8 of its distance."""
    level = np.array([[2 + math.sqrt(1.25 * 11 / 12) * side] for side in (-1, 1)] * 6)
    ratings = Ratings(level, np.full(level.shape, 0.5), np.ones(level.shape, bool))
    mean, deviation = shrink_levels(ratings)
    assert (mean - 2) == pytest.approx(0.8 * (level - 2))
    assert deviation == pytest.approx(math.sqrt(0.8) * 0.5)


def test_few_ratings_are_taken_as_they_are():
    ratings = Ratings(np.array([[1.0], [3.0]]), np.full((2, 1), 0.5), np.array([[True], [False]]))
    mean, deviation = shrink_levels(ratings)
    assert mean.tolist() == [[1.0], [3.0]]
    assert deviation.tolist() == [[0.5], [0.0]]
    drawn = draw_levels(ratings, draws=2000, seed=0)
    assert drawn[:, 0, 0].std() == pytest.approx(0.5, abs=0.04)
    assert (drawn[:, 1, 0] == 3.0).all()
