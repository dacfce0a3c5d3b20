"""Training plans and teams: against brute force, a dynamic programme, and limits that are moved."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from salesopt.errors import InfeasibleError
from salesopt.stats.teaming import best_teams, cheapest_cover
from salesopt.stats.training import Steps, plan_training, shadow_price, spent, training_steps


def made(seed: int, people: int = 3, skills: int = 3, course: bool = True) -> Steps:
    random = np.random.default_rng(seed)
    level = random.integers(0, 4, (people, skills)).astype(float)
    need = random.integers(0, 5, (2, skills)).astype(float)
    hours = random.uniform(10, 100, (people, 2))
    cost = random.integers(1, 9, skills) * 100.0
    return training_steps(
        level, np.zeros_like(level), need, hours, cost, random.integers(0, 6, skills) * 100.0 * course
    )


def best_by_trial(steps: Steps, budget: float) -> float:
    """Best gain over every subset of the steps."""
    best = 0.0
    for choice in itertools.product([False, True], repeat=len(steps.gain)):
        bought = np.array(choice, bool)
        if spent(steps, bought) <= budget + 1e-9:
            best = max(best, float(steps.gain[bought].sum()))
    return best


def best_by_programme(steps: Steps, budget: int) -> float:
    """Best gain by a dynamic programme over budgets in hundreds, skill by skill with its course."""
    best = np.zeros(budget + 1)
    for skill in np.unique(steps.skill):
        start = int(steps.course_cost[skill] / 100)
        held = np.full(budget + 1, -np.inf)
        held[start:] = best[: budget + 1 - start]
        for cost, gain in zip(steps.cost[steps.skill == skill], steps.gain[steps.skill == skill], strict=True):
            step = int(cost / 100)
            held[step:] = np.maximum(held[step:], held[: budget + 1 - step] + gain)
        best = np.maximum(best, held)
    return float(np.maximum.accumulate(best)[-1])


@pytest.mark.parametrize("seed", range(8))
def test_plan_is_the_best_of_all_subsets(seed):
    steps = made(seed, people=2, skills=2)
    assert len(steps.gain) <= 14
    budgets = np.array([0.0, 500.0, 900.0, 1500.0, 2500.0])
    for budget, bought in zip(budgets, plan_training(steps, budgets), strict=True):
        assert spent(steps, bought) <= budget + 1e-6
        assert steps.gain[bought].sum() == pytest.approx(best_by_trial(steps, budget))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("course", [True, False])
def test_larger_plans_agree_with_a_dynamic_programme(seed, course):
    steps = made(seed, people=12, skills=6, course=course)
    budgets = np.array([2000.0, 7000.0, 15000.0])
    for budget, bought in zip(budgets, plan_training(steps, budgets), strict=True):
        assert steps.gain[bought].sum() == pytest.approx(best_by_programme(steps, int(budget / 100)))
        assert spent(steps, bought) <= budget + 1e-6


@pytest.mark.parametrize("seed", [10, 117])
def test_a_sweep_of_budgets_finds_what_each_alone_does(seed):
    """The solver gave back the plan of the budget before, beside the optimum of this one."""
    steps = made(seed, people=3 if seed % 2 else 2)
    budgets = np.linspace(0, 1, 13) * steps.full_cost
    alone = [plan_training(steps, budgets[[at]])[0] for at in range(13)]
    assert (plan_training(steps, budgets) @ steps.gain).tolist() == pytest.approx((alone @ steps.gain).tolist())


def test_a_large_team_has_a_plan():
    """Gains counted in units so small that their sum lost the last decimals left the cheapest plan without a point."""
    draw, people = np.random.default_rng(0), 120
    gain, skill = draw.uniform(9, 80, people), draw.integers(0, 4, people)
    steps = Steps(np.arange(people), skill, np.full(people, 10.0), gain, np.zeros(4))
    bought = plan_training(steps, np.array([600.0]))[0]
    assert gain[bought].sum() == pytest.approx(np.sort(gain)[-60:].sum())


def test_the_unit_of_money_decides_nothing():
    """A study may count in billions."""
    unit, steps, able = 1e-9, made(8, people=2, skills=2), np.random.default_rng(8).random((6, 5)) < 0.5
    other = replace(steps, cost=unit * steps.cost, course_cost=unit * steps.course_cost)
    budgets = np.linspace(0, 1, 6) * steps.full_cost
    assert plan_training(other, unit * budgets).tolist() == plan_training(steps, budgets).tolist()
    for budget in (0.0, *steps.cost[:2]):
        assert unit * shadow_price(other, unit * budget) == pytest.approx(shadow_price(steps, budget))
    cost, given = np.array([100.0, 350, 0, 200, 100, 350]), {"teams": 2, "size": (1, 2), "cover": 1, "everyone": False}
    few, many = (best_teams(able, np.ones(5), scale * cost, **given)[0] for scale in (unit, 1.0))
    assert cost[few >= 0].sum() == cost[many >= 0].sum()


def test_courses_are_taken_in_order_and_close_less_each_time():
    """Level 0.5; needs 2 for 10 hours and 3 for 1 hour: courses close 11, 6 and 1 + 0, then a last half."""
    steps = training_steps(
        np.array([[0.5]]),
        np.zeros((1, 1)),
        np.array([[2.0], [3.0]]),
        np.array([[10.0, 1.0]]),
        np.array([100.0]),
        np.array([np.nan]),
    )
    assert steps.gain.tolist() == pytest.approx([11.0, 6.0, 0.5])
    assert steps.cost.tolist() == [100.0] * 3
    assert plan_training(steps, np.array([200.0]))[0].tolist() == [True, True, False]


def test_no_price_no_course():
    steps = training_steps(
        np.zeros((1, 1)), np.zeros((1, 1)), np.ones((1, 1)), np.ones((1, 1)), np.array([np.nan]), np.array([5.0])
    )
    assert len(steps.gain) == 0
    assert shadow_price(steps, 10) == 0
    assert plan_training(steps, np.array([10.0])).shape == (1, 0)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("course", [True, False])
def test_shadow_price_is_what_one_more_of_budget_closes(seed, course):
    """Of divisible courses: the limit moved by a hair, solved anew by another solver."""
    steps = made(seed, people=6, skills=4, course=course)
    budget = 0.4 * steps.full_cost
    above, below = (_relaxed(steps, budget + step) for step in (1e-3, -1e-3))
    price = shadow_price(steps, budget)
    assert price > 0
    assert (above - below) / 2e-3 == pytest.approx(price, rel=1e-4)


def _relaxed(steps: Steps, budget: float) -> float:
    from ortools.linear_solver import pywraplp

    solver = pywraplp.Solver.CreateSolver("GLOP")
    buy = [solver.NumVar(0, 1, f"buy {at}") for at in range(len(steps.gain))]
    held = {skill: solver.NumVar(0, 1, f"hold {skill}") for skill in np.unique(steps.skill)}
    paid = sum(cost * x for cost, x in zip(steps.cost, buy, strict=True))
    solver.Add(paid + sum(steps.course_cost[skill] * y for skill, y in held.items()) <= budget)
    for x, skill in zip(buy, steps.skill, strict=True):
        solver.Add(x <= held[skill])
    solver.Maximize(sum(gain * x for gain, x in zip(steps.gain, buy, strict=True)))
    solver.Solve()
    return solver.Objective().Value()


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("cover", [1, 2])
def test_cheapest_cover_is_the_best_of_all_teams(seed, cover):
    random = np.random.default_rng(seed)
    able, cost = random.random((9, 12)) < 0.3, random.integers(1, 20, 9).astype(float)
    chosen = cheapest_cover(able, cost, cover)
    wanted = np.minimum(able.sum(axis=0), cover)
    assert (able[chosen].sum(axis=0) >= wanted).all()
    cheapest = min(
        cost[list(team)].sum()
        for size in range(10)
        for team in itertools.combinations(range(9), size)
        if (able[list(team)].sum(axis=0) >= wanted).all()
    )
    assert cost[chosen].sum() == pytest.approx(cheapest)


def test_no_need_no_team():
    assert not cheapest_cover(np.zeros((3, 2), bool), np.ones(3), 1).any()


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("size", "cover", "everyone"), [((1, 3), 1, False), ((2, 3), 2, False), ((2, 4), 1, True)])
def test_teams_are_the_best_of_all_partitions(seed, size, cover, everyone):
    random = np.random.default_rng(seed)
    able, weight = random.random((6, 5)) < 0.45, random.integers(1, 9, 5).astype(float)
    cost = random.integers(1, 20, 6).astype(float)
    team, filled = best_teams(able, weight, cost, teams=2, size=size, cover=cover, everyone=everyone)
    options = [-1, 0, 1][everyone:]
    best = max(
        (value, -price)
        for value, price in (
            _worth(np.array(choice), able, weight, cost, size, cover) for choice in itertools.product(options, repeat=6)
        )
    )
    assert filled == pytest.approx(best[0])
    assert _worth(team, able, weight, cost, size, cover) == (pytest.approx(best[0]), pytest.approx(-best[1]))


def test_the_unit_of_hours_decides_nothing():
    """Weights of a few millionths were below what the solver tells apart, and no need was filled."""
    able = np.array([[False], [True], [False], [True]])
    for unit in (1.0, 1e-8):
        team, filled = best_teams(
            able, np.array([4.0 * unit]), np.ones(4), teams=1, size=(1, 3), cover=2, everyone=False
        )
        assert team.tolist() == [-1, 0, -1, 0] and filled == pytest.approx(4 * unit)


def _worth(team, able, weight, cost, size, cover) -> tuple[float, float]:
    """(weight filled, cost) of a partition; nothing where a size is not kept."""
    value = 0.0
    for number in range(2):
        if not size[0] <= (team == number).sum() <= size[1]:
            return -np.inf, np.inf
        value += weight[able[team == number].sum(axis=0) >= cover].sum()
    return float(value), float(cost[team >= 0].sum())


@pytest.mark.parametrize(("teams", "size", "everyone"), [(3, (3, 4), False), (2, (1, 3), True)])
def test_sizes_that_cannot_be_kept_are_said_in_words(teams, size, everyone):
    with pytest.raises(InfeasibleError, match="can't form") as error:
        best_teams(np.ones((8, 1), bool), np.ones(1), np.ones(8), teams=teams, size=size, cover=1, everyone=everyone)
    assert error.value.conflict == ("size", "teams")
    assert "members" in error.value.relaxation
