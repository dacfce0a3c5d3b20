"""Sets of accounts of one representative against brute force: the cheapest is found, no bound is above it."""

import itertools

import numpy as np
import pytest

from salesopt.stats import bundles as module
from salesopt.stats.bundles import Bundles
from salesopt.stats.matching import Load, Matching


def one_representative(seed: int, sides: str, limits: int = 2) -> Matching:
    """Twelve accounts and some limits, on both sides or on one, tight enough to matter."""
    draw = np.random.default_rng(seed)
    cost = draw.uniform(1, 10, (12, 1))
    loads, (low, high) = [], (0.95, 1.05) if limits == 2 else (0.8, 1.2)
    for name in ("hours", "potential", "accounts", "revenue")[:limits]:
        use, middle = draw.uniform(4, 30, (12, 1)), 80.0
        least = np.array([low * middle if sides != "most" else -np.inf])
        most = np.array([high * middle if sides != "least" else np.inf])
        loads.append(Load(name, "balance", use, least, most, np.array([middle])))
    return Matching(cost, tuple(loads))


def all_sets(problem: Matching, worth: np.ndarray, locked: np.ndarray, closed: np.ndarray) -> dict[bytes, float]:
    """Cost less worth of every set within the limits."""
    found = {}
    for members in itertools.product([False, True], repeat=len(worth)):
        chosen = np.array(members)
        totals = [load.use[chosen, 0].sum() for load in problem.loads]
        within = all(load.least[0] <= total <= load.most[0] for load, total in zip(problem.loads, totals, strict=True))
        if within and chosen[locked].all() and not chosen[closed].any():
            found[chosen.tobytes()] = float((problem.cost[chosen, 0] - worth[chosen]).sum())
    return found


def cheapest_of_all(problem: Matching, worth: np.ndarray, locked: np.ndarray, closed: np.ndarray) -> float:
    return min(all_sets(problem, worth, locked, closed).values(), default=np.inf)


@pytest.mark.parametrize("sides", ["both", "least", "most"])
@pytest.mark.parametrize("limits", [1, 2, 3, 4])
@pytest.mark.parametrize("seed", range(4))
def test_the_cheapest_set_is_that_of_brute_force(seed, limits, sides):
    problem = one_representative(seed, sides, limits)
    worth = np.random.default_rng(seed + 100).uniform(1, 10, 12)
    bundles = Bundles(problem, 0, np.ones(12, dtype=bool), 40.0)
    bundles.locked[0], bundles.closed[1] = seed % 2 == 1, seed % 2 == 1
    best = cheapest_of_all(problem, worth, bundles.locked, bundles.closed)
    bundles.width = 5000
    bound, found = bundles.cheapest(worth, 0.0, many=5)
    assert bool(found) == np.isfinite(best)
    if found:
        assert bound == pytest.approx(best, abs=1e-4)
        assert (problem.cost[found[0], 0] - worth[found[0]]).sum() == pytest.approx(best, abs=1e-4)


@pytest.mark.parametrize(("width", "many"), [(5000, 500), (5000, 4), (5000, 1), (8, 500)])
@pytest.mark.parametrize("seed", range(25))
def test_no_set_that_a_list_leaves_out_costs_less_than_it_says(seed, width, many):
    problem, worth = one_representative(seed, "both", 1), np.random.default_rng(seed + 100).uniform(1, 10, 12)
    none = np.zeros(12, dtype=bool)
    every, bundles = all_sets(problem, worth, none, none), Bundles(problem, 0, ~none, 40.0)
    least, found = bundles.within(worth, 0.0, 6.0, width=width, many=many)
    listed = [one.tobytes() for one in found]
    assert len(listed) == len(set(listed)) <= many and set(listed) <= set(every)
    assert [every[one] for one in listed] == sorted(every[one] for one in listed)
    assert min(cost for one, cost in every.items() if one not in listed) >= least - 1e-4
    if (width, many) == (5000, 500):
        best = min(every.values())
        assert least == pytest.approx(best + 6, abs=1e-3)
        fewest, most = (sum(cost <= best + 6 + by for cost in every.values()) for by in (-1e-3, 1e-3))
        assert 5 < fewest <= len(found) <= most


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("width", [1, 3, 10])
def test_a_list_cut_short_still_gives_a_bound(seed, width):
    problem = one_representative(seed, "both")
    worth = np.random.default_rng(seed + 100).uniform(1, 10, 12)
    none = np.zeros(12, dtype=bool)
    bundles = Bundles(problem, 0, ~none, 40.0)
    bundles.width = width
    bound, _ = bundles.cheapest(worth, 0.0, many=3)
    assert bound <= cheapest_of_all(problem, worth, none, none) + 1e-4


def test_a_list_that_was_cut_too_short_is_longer_the_next_time(monkeypatch):
    monkeypatch.setattr(module, "WIDTH", 1)
    problem, worth = one_representative(0, "both", 3), np.random.default_rng(100).uniform(1, 10, 12)
    bundles = Bundles(problem, 0, np.ones(12, dtype=bool), 40.0)
    bundles.width = 1
    bounds = [bundles.cheapest(worth, 0.0, many=3, fine=0.0)[0] for _ in range(14)]
    none = np.zeros(12, dtype=bool)
    assert bounds[0] < max(bounds) == pytest.approx(cheapest_of_all(problem, worth, none, none), abs=1e-4)


@pytest.mark.parametrize("limits", [1, 2, 3, 4])
@pytest.mark.parametrize("seed", range(3))
def test_no_choice_of_moves_ends_with_less_than_its_line(seed, limits):
    draw = np.random.default_rng(seed)
    price = draw.uniform(-1, 1, limits) * draw.integers(0, 2, limits)
    within = module._Limits(draw.uniform(0, 1, limits), draw.uniform(1.2, 2, limits), price)
    loss, change = np.sort(draw.uniform(0.1, 0.4, 8)), draw.normal(0, 0.5, (limits, 8))
    slope, level = within.completions(loss, change, module._directions(limits))
    start, least = draw.uniform(0, 2.5, (limits, 40)), np.full(40, np.inf)
    for taken in itertools.product([0.0, 1.0], repeat=8):
        spent, moved = loss @ np.array(taken), change @ np.array(taken)
        least = np.minimum(least, within.excess(np.full(40, spent), start + moved[:, None]))
    line = np.maximum((slope[0] @ start - level[0, :, None]).max(axis=0), 0.0)
    met = np.isfinite(least)
    assert (line[met] <= least[met] + 1e-9).all()
    assert line.max() > 0.01  # and says something


def test_pairs_kept_are_worth_their_price():
    problem = one_representative(0, "most")
    kept = np.ones((12, 1), dtype=bool)
    worth, near = np.full(12, 5.0), np.ones(12, dtype=bool)
    plain, _ = Bundles(problem, 0, near, 40.0).cheapest(worth + 2, 0.0, many=1)
    staying, _ = Bundles(Matching(problem.cost, problem.loads, kept, 1.0), 0, near, 40.0).cheapest(worth, 2.0, many=1)
    assert staying == pytest.approx(plain)
