"""Whole sets chosen anew for all representatives: the optimum where lists are long, and a bound that always holds."""

import time

import numpy as np
import pytest

from salesopt.stats import assignment
from salesopt.stats.assignment import solve_matching
from salesopt.stats.matching import Solution
from salesopt.stats.recombine import recombine
from tests.stats.test_neighbourhoods import cost_of, drawn, require_within
from tests.stats.test_packing import packed

LATER = 60


@pytest.mark.parametrize("kept", [0.0, 0.6])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_long_lists_hold_the_best_plan_and_prove_it(seed, kept):
    problem = drawn(20, 3, seed, tolerance=0.08, kept=kept)
    best, packing = solve_matching(problem, gap=1e-7), packed(problem)
    poor = dearer(problem, best.choice)
    plan, bound = recombine(packing, poor, np.inf, 3000, 0.0, time.perf_counter() + LATER)
    require_within(problem, plan)
    assert cost_of(problem, plan) == pytest.approx(best.cost, abs=1e-4)
    assert cost_of(problem, poor) > best.cost + 0.01
    assert bound == pytest.approx(best.cost, abs=1e-3)


@pytest.mark.parametrize(("beyond", "many"), [(0.0, 1), (0.3, 3), (1.0, 20), (np.inf, 2)])
@pytest.mark.parametrize("seed", range(4))
def test_short_lists_prove_no_more_than_is_true(seed, beyond, many):
    problem = drawn(20, 3, seed, tolerance=0.08, kept=0.5 * (seed % 2))
    best, packing = solve_matching(problem, gap=1e-7), packed(problem)
    poor = dearer(problem, best.choice)
    plan, bound = recombine(packing, poor, beyond, many, 0.0, time.perf_counter() + LATER)
    require_within(problem, plan)
    assert best.cost - 1e-6 <= cost_of(problem, plan) <= cost_of(problem, poor) + 1e-9
    assert packing.bound - 1e-6 <= bound <= best.cost + 1e-4


def test_sets_of_a_settled_plan_are_open_again():
    problem = drawn(24, 3, seed=3, tolerance=0.08)
    packing, best = packed(problem), solve_matching(problem, gap=1e-7)
    poor = dearer(problem, best.choice)
    packing.members, packing.owners = [], []
    packing._lock(poor)
    better, bound = recombine(packing, poor, np.inf, 3000, 0.0, time.perf_counter() + LATER)
    assert cost_of(problem, better) == pytest.approx(best.cost, abs=1e-4)
    assert bound == pytest.approx(best.cost, abs=1e-3)


def test_without_time_the_plan_stays_as_it_is():
    problem = drawn(20, 3, seed=0, tolerance=0.08)
    best, packing = solve_matching(problem, gap=1e-3), packed(problem)
    plan, bound = recombine(packing, best.choice, 0.1, 5, 0.0, time.perf_counter() - 1)
    require_within(problem, plan)
    assert cost_of(problem, plan) <= best.cost + 1e-9 and bound <= best.cost + 1e-9


@pytest.mark.parametrize("kept", [0.0, 0.6])
def test_where_neighbourhoods_find_nothing_whole_sets_do(monkeypatch, kept):
    problem = drawn(20, 3, seed=1, tolerance=0.08, kept=kept)
    best, packing = solve_matching(problem, gap=1e-7), packed(problem)
    poor, searched = dearer(problem, best.choice), []
    monkeypatch.setattr(assignment, "improve_plan", lambda _, plan, *__, **given: searched.append(given) or plan)
    start = Solution(poor[:0], np.inf, packing.bound, None, "integer")
    found = assignment._alternate(packing, poor, start, 1e-6, time.perf_counter() + LATER)
    assert best.cost - 1e-6 <= found.cost < cost_of(problem, poor) - 0.01
    assert found.bound <= best.cost + 1e-4
    sizes = [given["largest"] for given in searched]
    assert sizes == list(range(sizes[0], sizes[0] + len(sizes)))  # ever larger groups


def dearer(problem, choice):
    """A plan within all limits that is dearer: the best one with one pair barred."""
    cost = problem.cost.copy()
    cost[0, choice[0]] = np.inf
    return solve_matching(type(problem)(cost, problem.loads, problem.kept, problem.least_kept), gap=1e-3).choice
