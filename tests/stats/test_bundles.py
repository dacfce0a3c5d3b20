"""Sets of accounts of one representative against brute force: the cheapest is found, no bound is above it."""

import itertools

import numpy as np
import pytest

from salesopt.stats.bundles import Bundles
from salesopt.stats.matching import Load, Matching


def one_representative(seed: int, sides: str) -> Matching:
    """Twelve accounts and two limits, on both sides or on one, tight enough to matter."""
    draw = np.random.default_rng(seed)
    cost = draw.uniform(1, 10, (12, 1))
    loads = []
    for name in ("hours", "potential"):
        use, middle = draw.uniform(4, 30, (12, 1)), 80.0
        least = np.array([0.95 * middle if sides != "most" else -np.inf])
        most = np.array([1.05 * middle if sides != "least" else np.inf])
        loads.append(Load(name, "balance", use, least, most, np.array([middle])))
    return Matching(cost, tuple(loads))


def cheapest_of_all(problem: Matching, worth: np.ndarray, locked: np.ndarray, closed: np.ndarray) -> float:
    best = np.inf
    for members in itertools.product([False, True], repeat=len(worth)):
        chosen = np.array(members)
        totals = [load.use[chosen, 0].sum() for load in problem.loads]
        within = all(load.least[0] <= total <= load.most[0] for load, total in zip(problem.loads, totals, strict=True))
        if within and chosen[locked].all() and not chosen[closed].any():
            best = min(best, float((problem.cost[chosen, 0] - worth[chosen]).sum()))
    return best


@pytest.mark.parametrize("sides", ["both", "least", "most"])
@pytest.mark.parametrize("seed", range(4))
def test_the_cheapest_set_is_that_of_brute_force(seed, sides):
    problem = one_representative(seed, sides)
    worth = np.random.default_rng(seed + 100).uniform(1, 10, 12)
    bundles = Bundles(problem, 0, np.ones(12, dtype=bool), 40.0)
    bundles.locked[0], bundles.closed[1] = seed % 2 == 1, seed % 2 == 1
    best = cheapest_of_all(problem, worth, bundles.locked, bundles.closed)
    bound, found = bundles.cheapest(worth, 0.0, width=5000, many=5)
    if found:
        assert bound == pytest.approx(best, abs=1e-4)
        assert (problem.cost[found[0], 0] - worth[found[0]]).sum() == pytest.approx(best, abs=1e-4)
    assert bound <= best + 1e-4


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("width", [1, 3, 10])
def test_a_list_cut_short_still_gives_a_bound(seed, width):
    problem = one_representative(seed, "both")
    worth = np.random.default_rng(seed + 100).uniform(1, 10, 12)
    none = np.zeros(12, dtype=bool)
    bound, _ = Bundles(problem, 0, ~none, 40.0).cheapest(worth, 0.0, width=width, many=3)
    assert bound <= cheapest_of_all(problem, worth, none, none) + 1e-4


def test_pairs_kept_are_worth_their_price():
    problem = one_representative(0, "most")
    kept = np.ones((12, 1), dtype=bool)
    worth, near = np.full(12, 5.0), np.ones(12, dtype=bool)
    plain, _ = Bundles(problem, 0, near, 40.0).cheapest(worth + 2, 0.0, width=5000, many=1)
    staying, _ = Bundles(Matching(problem.cost, problem.loads, kept, 1.0), 0, near, 40.0).cheapest(
        worth, 2.0, width=5000, many=1
    )
    assert staying == pytest.approx(plain)
