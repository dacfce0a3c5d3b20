"""Weights and thresholds: against a fine grid, another solver and exact areas."""

import itertools

import numpy as np
import pytest
from ortools.linear_solver import pywraplp

from salesopt.stats.weighting import acceptability, least_shift, weighted_score, winners_along


def weights_with(weights: np.ndarray, criterion: int, value: float) -> np.ndarray:
    """`weights` with one set to `value` and the others scaled."""
    rest = np.delete(weights, criterion)
    return np.insert(rest / rest.sum() * (1 - value), criterion, value)


@pytest.mark.parametrize("seed", range(12))
def test_stretches_name_the_winner_everywhere(seed):
    random = np.random.default_rng(seed)
    points, weights = random.uniform(size=(4, 5)), random.dirichlet(np.ones(5))
    for criterion in range(5):
        stretches = winners_along(points, weights, criterion)
        assert stretches[0][0] == 0.0
        assert stretches[-1][1] == 1.0
        assert all(one[1] == two[0] for one, two in itertools.pairwise(stretches))
        for start, end, winner in stretches:
            for at in np.linspace(start + 1e-9, end - 1e-9, 7):
                assert weighted_score(points, weights_with(weights, criterion, at)).argmax() == winner


def test_the_threshold_is_exact():
    """0.9 w + 0.2 (1 - w) = 0.5 at w = 3/7."""
    stretches = winners_along(np.array([[0.5, 0.5], [0.9, 0.2]]), np.array([0.3, 0.7]), 0)
    assert stretches == [(0.0, pytest.approx(3 / 7), 0), (pytest.approx(3 / 7), 1.0, 1)]


def test_equal_options_name_the_first():
    assert winners_along(np.full((3, 2), 0.4), np.array([0.5, 0.5]), 0) == [(0.0, 1.0, 0)]


def test_a_criterion_with_all_the_weight_gives_the_rest_equal_parts():
    stretches = winners_along(np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.4]]), np.array([1.0, 0.0, 0.0]), 0)
    assert stretches[0][:2] == (0.0, pytest.approx(0.7 / 1.7))


@pytest.mark.parametrize("seed", range(10))
def test_least_shift_agrees_with_another_solver(seed):
    random = np.random.default_rng(seed)
    points, weights = random.uniform(size=(4, 5)), random.dirichlet(np.ones(5))
    for rival in range(4):
        moved, then = least_shift(points, weights, rival)
        solver = pywraplp.Solver.CreateSolver("GLOP")
        new = [solver.NumVar(0, 1, f"weight {at}") for at in range(5)]
        size = [solver.NumVar(0, 2, f"size {at}") for at in range(5)]
        solver.Add(sum(new) == 1)
        for at in range(5):
            solver.Add(size[at] >= new[at] - weights[at])
            solver.Add(size[at] >= weights[at] - new[at])
        for other in range(4):
            solver.Add(sum((points[rival, at] - points[other, at]) * new[at] for at in range(5)) >= 0)
        solver.Minimize(0.5 * sum(size))
        if solver.Solve() == pywraplp.Solver.INFEASIBLE:
            assert np.isnan(moved)
        else:
            assert moved == pytest.approx(solver.Objective().Value(), abs=1e-6)
            score = weighted_score(points, then)
            assert score[rival] == pytest.approx(score.max(), abs=1e-7)


def test_a_dominated_option_never_wins():
    moved, then = least_shift(np.array([[0.5, 0.6], [0.4, 0.5]]), np.array([0.5, 0.5]), 1)
    assert np.isnan(moved)
    assert np.isnan(then).all()


def test_acceptability_is_the_share_of_the_weights():
    """Two criteria: option 1 wins for w above 3/7; so 3/7 and 4/7 of all weights."""
    share = acceptability(np.array([[0.5, 0.5], [0.9, 0.2]]), draws=40_000, seed=1)
    assert share == pytest.approx([3 / 7, 4 / 7], abs=0.01)
    thirds = acceptability(np.eye(3), draws=40_000, seed=1)
    assert thirds == pytest.approx([1 / 3] * 3, abs=0.01)
