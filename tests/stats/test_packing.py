"""The bound from whole sets of accounts: above that of the relaxation, never above the optimum; plans near it."""

import time
from dataclasses import replace

import numpy as np
import pytest
from scipy import optimize

from salesopt.stats.assignment import solve_matching
from salesopt.stats.matching import Load, Matching
from salesopt.stats.packing import Packing
from salesopt.stats.relaxation import relax
from tests.stats.test_neighbourhoods import cost_of, drawn, improved, require_within


def packed(problem: Matching) -> Packing:
    packing = Packing(problem, relax(problem))
    packing.raise_bound(1e-5, time.perf_counter() + 60)
    return packing


@pytest.mark.parametrize(("seed", "kept"), [(0, 0.0), (1, 0.0), (2, 0.5), (3, 0.7)])
def test_the_bound_lies_between_the_relaxation_and_the_optimum(seed, kept):
    problem = drawn(30, 4, seed, tolerance=0.08, kept=kept)
    best = solve_matching(problem, gap=1e-7)
    bound = packed(problem).bound
    assert relax(problem).bound - 1e-3 <= bound <= best.cost + 1e-6


def test_a_floor_on_pairs_kept_has_one_side():
    """More pairs kept than must be cost nothing: a price on them would be a bound on plans that keep no more."""
    problem = drawn(30, 4, seed=2, tolerance=0.08)
    kept = problem.cost == problem.cost.min(axis=1, keepdims=True)
    problem = replace(problem, kept=kept, least_kept=3.0)
    best = solve_matching(problem, gap=1e-7)
    assert kept[np.arange(30), best.choice].sum() > 10
    assert relax(problem).bound - 1e-3 <= packed(problem).bound <= best.cost + 1e-6


def test_whole_sets_close_most_of_what_the_relaxation_leaves_open():
    problem = drawn(30, 5, seed=4, tolerance=0.05)
    best, loose = solve_matching(problem, gap=1e-7), relax(problem).bound
    assert packed(problem).bound - loose >= 0.4 * (best.cost - loose) > 0


@pytest.mark.parametrize("seed", [1, 2, 4])
def test_where_accounts_fill_much_of_a_limit_the_prices_go_as_far_as_they_must(seed):
    draw = np.random.default_rng(seed)
    places, bases = draw.uniform(0, 10, (30, 2)), draw.uniform(0, 10, (5, 2))
    cost = np.hypot(*(places[:, None] - bases[None]).transpose(2, 0, 1))
    hours = draw.lognormal(2, 1.0, 30)  # the largest account is 0.4 to 1.0 of what a person may carry
    use, fair = np.repeat(hours[:, None], 5, axis=1), np.full(5, hours.sum() / 5)
    problem = Matching(cost, (Load("hours", "balance", use, 0.9 * fair, 1.1 * fair, fair),))
    best = solve_matching(problem, gap=1e-7).cost
    assert packed(problem).bound == pytest.approx(best, abs=1e-4)
    assert relax(problem).bound < 0.97 * best


def test_prices_move_no_further_than_is_asked():
    problem = drawn(60, 6, seed=7, tolerance=0.05)
    packing, whole = Packing(problem, relax(problem)), packed(problem)
    packing.raise_bound(1e-5, time.perf_counter() + 60, relax(problem).bound)
    assert relax(problem).bound <= packing.bound < whole.bound
    assert len(packing.members) < len(whole.members)


@pytest.mark.parametrize("seed", [7, 8])
def test_a_bound_broken_off_can_be_raised_further_once_a_plan_was_settled(seed):
    """Sets that the plan had closed stayed closed, so that the prices were those of a part of them."""
    problem = drawn(60, 6, seed=seed, tolerance=0.05)
    packing, whole = Packing(problem, relax(problem)), packed(problem)
    packing.raise_bound(1e-5, time.perf_counter() + 60, relax(problem).bound)
    early = packing.bound
    packing.settle(time.perf_counter() + 60)
    packing.unlock()
    packing.raise_bound(1e-5, time.perf_counter() + 60)
    assert packing.bound == pytest.approx(whole.bound, rel=3e-5) and packing.bound > early
    mixed = packing._solve(packing.box)
    assert mixed <= packing.bound * (1 + 1e-4)


def test_with_no_time_left_there_is_no_bound_and_no_error():
    packing = Packing(drawn(20, 3, seed=1), relax(drawn(20, 3, seed=1)))
    packing.raise_bound(0.0, time.perf_counter() - 1)
    assert packing.bound == -np.inf
    assert not packing._price(many=5, deadline=time.perf_counter() - 1)
    assert not any(bundles.cut for bundles in packing.bundles)


def test_without_a_plan_nothing_is_proved_of_its_cost():
    relaxed = relax(drawn(20, 3, seed=1))
    assert not relaxed.choice.size and relaxed.gap == np.inf


def test_pairs_that_are_not_allowed_are_in_no_plan():
    problem = drawn(40, 4, seed=6)
    cost = problem.cost.copy()
    cost[np.arange(40), cost.argmax(axis=1)] = np.inf
    cost[:3] = np.where(problem.cost[:3] == problem.cost[:3].min(axis=1, keepdims=True), problem.cost[:3], np.inf)
    barred = Matching(cost, problem.loads)
    packing = packed(barred)
    best = solve_matching(barred, gap=1e-6)
    assert packing.bound <= best.cost + 1e-6
    assert np.isfinite(cost[np.arange(40), packing.settle(time.perf_counter() + 60)]).all()


@pytest.mark.parametrize("kept", [0.0, 0.5])
def test_a_settled_plan_is_near_the_bound_once_improved(kept):
    problem = drawn(100, 8, seed=5, kept=kept)
    packing = packed(problem)
    plan = improved(problem, packing.settle(time.perf_counter() + 60))
    require_within(problem, plan)
    assert packing.bound - 1e-6 <= cost_of(problem, plan) <= 1.02 * packing.bound


def test_bound_and_plan_can_be_repeated():
    problem = drawn(60, 6, seed=7)
    first, second = packed(problem), packed(problem)
    assert first.bound == second.bound
    until = time.perf_counter() + 60
    assert (first.settle(until) == second.settle(until)).all()


@pytest.mark.parametrize("kept", [0.0, 0.5])
def test_slack_says_where_a_plan_is_above_the_bound(kept):
    problem = drawn(40, 4, seed=1, kept=kept)
    packing, plan = packed(problem), solve_matching(problem, gap=1e-3).choice
    slack = packing.slack(plan)
    assert (slack >= -1e-6).all()
    spare = 0.0
    if kept:
        spare = packing.best[-1] * (problem.kept[np.arange(40), plan].sum() - problem.least_kept)
    assert slack.sum() == pytest.approx(cost_of(problem, plan) - packing.bound - spare, abs=1e-3)


def test_detours_are_never_more_than_what_lies_above_the_bound_of_single_representatives():
    problem = drawn(40, 4, seed=1)
    packing, plan = packed(problem), solve_matching(problem, gap=1e-3).choice
    detours, places = packing.detours(), np.arange(40)
    least = cost_of(problem, plan) - packing.bound + packing.floors.sum()
    single = sum(loose_floor(problem, packing, rep) for rep in range(4))
    assert (detours >= 0).all()
    assert detours[places, plan].sum() <= least - single + 1e-3


def loose_floor(problem: Matching, packing: Packing, rep: int) -> float:
    """The least one representative comes to with parts of accounts, by scipy."""
    use = np.array([load.use[:, rep] for load in problem.loads])
    sides = [(load.most[rep], use[row]) for row, load in enumerate(problem.loads) if np.isfinite(load.most[rep])]
    sides += [(-load.least[rep], -use[row]) for row, load in enumerate(problem.loads) if np.isfinite(load.least[rep])]
    limit, matrix = zip(*sides, strict=True)
    return optimize.linprog(problem.cost[:, rep] - packing.best[:40], np.array(matrix), limit, bounds=(0, 1)).fun
