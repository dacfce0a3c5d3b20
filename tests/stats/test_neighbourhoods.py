"""Improving an assignment by neighbourhoods: optimal where one group is the whole, never worse, never past a limit."""

import time

import numpy as np
import pytest

from salesopt.stats import assignment, neighbourhoods
from salesopt.stats.assignment import solve_matching
from salesopt.stats.matching import Load, Matching
from salesopt.stats.neighbourhoods import _weight, improve_plan
from salesopt.stats.relaxation import relax


def drawn(accounts: int, reps: int, seed: int, tolerance: float = 0.15, kept: float = 0.0) -> Matching:
    """Accounts and bases in a square, two balanced measures; with `kept`, a floor on pairs that stay."""
    draw = np.random.default_rng(seed)
    places, bases = draw.uniform(0, 100, (accounts, 2)), draw.uniform(0, 100, (reps, 2))
    cost = np.hypot(*(places[:, None] - bases[None]).transpose(2, 0, 1))
    loads = []
    for name, values in (("hours", draw.uniform(4, 30, accounts)), ("potential", draw.lognormal(3, 0.5, accounts))):
        fair = np.full(reps, values.sum() / reps)
        use = np.repeat(values[:, None], reps, axis=1)
        loads.append(Load(name, "balance", use, (1 - tolerance) * fair, (1 + tolerance) * fair, fair))
    now = draw.integers(0, reps, accounts)
    stay = np.arange(reps)[None] == now[:, None] if kept else None
    return Matching(cost, tuple(loads), stay, np.ceil(kept * accounts))


def improved(problem: Matching, start: np.ndarray, seconds: float = 60.0, **options: float) -> np.ndarray:
    marginal = relax(problem).marginal
    reduced = marginal - marginal.min(axis=1, keepdims=True)
    return improve_plan(problem, start, reduced, enough=0.0, deadline=time.perf_counter() + seconds, **options)


def cost_of(problem: Matching, choice: np.ndarray) -> float:
    return float(problem.cost[np.arange(len(choice)), choice].sum())


def require_within(problem: Matching, choice: np.ndarray) -> None:
    for load in problem.loads:
        total = np.bincount(choice, load.use[np.arange(len(choice)), choice], len(load.scale))
        assert (total >= load.least - 1e-5 * load.scale).all()
        assert (total <= load.most + 1e-5 * load.scale).all()
    if problem.kept is not None:
        assert problem.kept[np.arange(len(choice)), choice].sum() >= problem.least_kept


@pytest.mark.parametrize("seed", range(4))
def test_three_representatives_are_one_group_and_so_solved_outright(seed):
    problem = drawn(30, 3, seed)
    best = solve_matching(problem, gap=1e-7)
    found = improved(problem, relax(problem).nearest)
    assert cost_of(problem, found) == pytest.approx(best.cost, rel=2e-4)
    require_within(problem, found)


@pytest.mark.parametrize("kept", [0.0, 0.4])
def test_from_a_plan_that_misses_limits_to_one_near_the_optimum(kept):
    problem = drawn(120, 8, seed=5, kept=kept)
    start = relax(problem).nearest
    found = improved(problem, start)
    require_within(problem, found)
    best = solve_matching(problem, time_limit=5, gap=1e-3)
    assert best.bound - 1e-6 <= cost_of(problem, found) <= 1.02 * best.bound


def test_the_search_can_be_repeated():
    problem = drawn(100, 10, seed=2)
    start = relax(problem).nearest
    assert (improved(problem, start) == improved(problem, start)).all()


def test_groups_are_drawn_around_who_misses_a_limit_then_around_who_has_slack():
    problem = drawn(60, 5, seed=3)
    plan = solve_matching(problem, gap=1e-3).choice
    slack = np.array([0.0, 0.0, 5.0, 1.0, 0.0])
    assert _weight(problem, plan, lambda choice: slack).argmax() == 2
    wrong = plan.copy()
    wrong[np.flatnonzero(plan == 4)] = 1
    weight = _weight(problem, wrong, lambda choice: slack)
    assert weight[[1, 4]].min() > 10 * weight[[0, 2, 3]].max()


def test_no_plan_is_said_where_none_was_found():
    problem = drawn(7, 3, seed=1, tolerance=1e-4)
    assert not improved(problem, relax(problem).nearest).size


def test_time_that_is_up_leaves_a_good_plan_as_it_is():
    problem = drawn(60, 5, seed=3)
    plan = solve_matching(problem, gap=1e-3).choice
    assert (improved(problem, plan, seconds=-1.0) == plan).all()
    assert not improved(problem, np.zeros(60, dtype=np.int64), seconds=-1.0).size


def test_what_the_programme_leaves_open_is_searched_on(monkeypatch):
    """With no time for the first programme the plan comes from the search, and the programme proves its gap."""
    problem = drawn(120, 8, seed=5)
    plans = []

    def searched(*arguments, **options):
        plans.append(improve_plan(*arguments, **options))
        return plans[-1]

    monkeypatch.setattr(assignment, "FIRST", 0.0)
    monkeypatch.setattr(assignment, "improve_plan", searched)
    found = assignment.solve_matching(problem, time_limit=6, gap=0.02)
    require_within(problem, found.choice)
    assert len(plans) == 1
    assert found.cost <= cost_of(problem, plans[0])
    assert found.gap <= 0.02


def test_groups_are_no_larger_than_asked_unless_limits_are_missed(monkeypatch):
    problem, sizes = drawn(60, 10, seed=2, tolerance=0.2), []
    plan = solve_matching(problem, gap=2e-2).choice
    monkeypatch.setattr(neighbourhoods, "_solve_group", lambda _, plan, group, *__: sizes.append(len(group)) or plan)
    improved(problem, plan, largest=4)
    assert max(sizes) == 4
    improved(problem, np.zeros(60, dtype=np.int64), largest=4)
    assert max(sizes) == neighbourhoods.GROUPS[-1] > 4
