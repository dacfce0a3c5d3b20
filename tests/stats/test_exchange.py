"""Steps away from a plan: against all that one or two moves can do, what stands against them, and never dearer."""

import itertools

import numpy as np
import pytest

from salesopt.stats.assignment import solve_matching
from salesopt.stats.exchange import Exchange, polish
from salesopt.stats.matching import Load, Matching, Solution


def made(seed, accounts=8, reps=3, *, least_kept=2.0):
    """A small problem with hours, a balance of potential, and accounts that should stay."""
    draw = np.random.default_rng(seed)
    hours, potential = draw.uniform(1, 4, (accounts, reps)), draw.uniform(1, 5, accounts)
    fair = np.full(reps, potential.sum() / reps)
    loads = (
        Load("hours", "capacity", hours, np.full(reps, -np.inf), np.full(reps, 11.0), np.full(reps, 11.0)),
        Load("potential", "balance", np.repeat(potential[:, None], reps, axis=1), 0.5 * fair, 1.5 * fair, fair),
    )
    kept = np.zeros((accounts, reps), dtype=bool)
    kept[np.arange(accounts), draw.integers(0, reps, accounts)] = True
    return Matching(draw.uniform(0, 10, (accounts, reps)), loads, kept, least_kept)


def holds(problem, choice):
    rows = np.arange(len(choice))
    for load in problem.loads:
        total = np.bincount(choice, load.use[rows, choice], problem.cost.shape[1])
        if (total > load.most + 1e-9).any() or (total < load.least - 1e-9).any():
            return False
    return problem.kept[rows, choice].sum() >= problem.least_kept


def cost_of(problem, choice):
    return problem.cost[np.arange(len(choice)), choice].sum()


def cheapest_by_counting(problem, choice, account):
    """Least cost over all plans in which `account` and at most one other go elsewhere."""
    best, reps = np.inf, range(problem.cost.shape[1])
    for rep, other, goes in itertools.product(reps, range(len(choice)), reps):
        changed = choice.copy()
        changed[account] = rep
        if other != account:
            changed[other] = goes
        if rep != choice[account] and holds(problem, changed):
            best = min(best, cost_of(problem, changed) - cost_of(problem, choice))
    return best


@pytest.mark.parametrize("seed", range(8))
def test_the_cheapest_step_is_that_of_counting_all(seed):
    problem = made(seed)
    found = solve_matching(problem, gap=0.0)
    if not found.choice.size:
        return
    plan = Exchange(problem, found.choice)
    for account in range(len(found.choice)):
        step = plan.step(account)
        assert step.cost == pytest.approx(cheapest_by_counting(problem, found.choice, account))
        assert step.cost >= -1e-9  # of a plan proved best
        if step.rep >= 0:
            changed = found.choice.copy()
            changed[list(step.moves)] = list(step.moves.values())
            assert holds(problem, changed)
            assert cost_of(problem, changed) - cost_of(problem, found.choice) == pytest.approx(step.cost)


def test_a_rough_plan_becomes_cheaper_within_its_limits_and_a_proved_one_stays():
    gained = 0
    for seed in range(12):
        problem = made(seed)
        plans = [np.array(one) for one in itertools.product(range(3), repeat=8) if holds(problem, np.array(one))]
        if not plans:
            continue
        rough = plans[seed % len(plans)]
        found = polish(problem, Solution(rough, cost_of(problem, rough), 0.0, None, "integer"))
        best = min(cost_of(problem, plan) for plan in plans)
        assert holds(problem, found.choice) and found.cost == pytest.approx(cost_of(problem, found.choice))
        assert best - 1e-9 <= found.cost <= cost_of(problem, rough) + 1e-9
        assert (rough == plans[seed % len(plans)]).all()
        gained += found.cost < cost_of(problem, rough) - 1e-9
        proved = Solution(rough, 5.0, 5.0, None, "integer")
        assert polish(problem, proved) is proved
    assert gained >= 6


def test_what_stands_against_a_shift_is_named():
    """Two people, four accounts of 5 hours each, all with the first who is full; three of them should stay."""
    hours = np.full((4, 2), 5.0)
    loads = (
        Load("hours", "capacity", hours, np.full(2, -np.inf), np.array([20.0, 4.0]), np.array([20.0, 4.0])),
        Load("potential", "balance", np.ones((4, 2)), np.array([4.0, 0.0]), np.array([4.0, 9.0]), np.ones(2)),
    )
    kept = np.array([[True, False]] * 4)
    plan = Exchange(Matching(np.ones((4, 2)), loads, kept, 4.0), np.zeros(4, dtype=np.int64))
    found = {(one.kind, one.name, one.rep) for one in plan.obstacles(0, 1)}
    assert found == {("capacity", "hours", 1), ("balance", "potential", 0), ("kept", "", 0)}
    apart = Matching(np.ones((3, 2)), (), None, 0.0, np.array([0, 1, 2]), np.array(
        [[False, True, False], [True, False, True], [False, True, False]]))  # fmt: skip
    row = Exchange(apart, np.array([0, 0, 0]))
    assert [one.kind for one in row.obstacles(1, 1)] == ["contiguity"] and row.obstacles(0, 1) == []
