"""The best way over the years against enumeration, against another model on another solver, and its prices."""

import itertools
from dataclasses import replace

import numpy as np
import pulp
import pytest

from salesopt.stats.effort import Units
from salesopt.stats.headgraph import Terms, unit_graph, walk, worth_of
from salesopt.stats.headpath import best_way, team_worth


def made(count=3, seed=0, largest=5):
    """S-shaped and concave units with a few heads each; a head costs about what it brings."""
    draw = np.random.default_rng(seed)
    reps = draw.integers(1, largest, count).astype(float)
    low, high = draw.uniform(0, 5, count), draw.uniform(8, 40, count)
    names = np.array([f"unit {place}" for place in range(count)], dtype=object)
    margin, shape = draw.uniform(0.3, 0.8, count), draw.uniform(0.6, 4, count)
    return Units(names, reps, margin, low, high, shape, reps * draw.uniform(0.5, 2, count))


def terms_of(years=3, **changed):
    given = {
        "weight": 0.95 ** np.arange(years), "after": 0.0, "cost": 1.5, "change": 0.3, "hires": np.full(years, np.inf),
        "reps": np.inf, "turnover": 0.0, "hiring": 0.0, "severance": 0.0, "moving": 0.0, "first_year": 1.0, "step": 1.0,
    }  # fmt: skip
    return Terms(**(given | changed))


def graphs_of(units, terms, high):
    return [unit_graph(units, unit, units.reps[unit], 0.0, high[unit], terms) for unit in range(len(units.reps))]


def contribution(units, unit, heads):
    power = (heads / units.scale[unit]) ** units.shape[unit]
    return units.margin[unit] * (units.low[unit] + (units.high[unit] - units.low[unit]) * power / (1 + power))


def ways_of(units, unit, terms, high):
    """Every way of one unit: what it earns before the team's costs, and who comes, who goes and who is there."""
    found = []
    for way in itertools.product(range(int(high[unit]) + 1), repeat=terms.years):
        before, earned, come, go = units.reps[unit], 0.0, [], []
        for year, heads in enumerate(way):
            if abs(heads - before) > max(1, int(terms.change * before + 1e-9)):
                break
            counted = heads - (1 - terms.first_year) * max(0, heads - before)
            earned += terms.weight[year] * (contribution(units, unit, counted) - terms.cost * heads)
            come.append(max(0, heads - (1 - terms.turnover) * before))
            go.append(max(0, (1 - terms.turnover) * before - heads))
            before = heads
        else:
            kept = contribution(units, unit, before) - (terms.cost + terms.turnover * terms.hiring) * before
            found.append((earned + terms.after * kept, come, go, way))
    return [np.array(part, dtype=float) for part in zip(*found, strict=True)]


def enumerated(units, terms, high):
    """The best worth over all plans of three units, by counting them out."""
    ways = [ways_of(units, unit, terms, high) for unit in range(3)]
    earned, come, go, heads = (
        one[0][:, None, None] + one[1][None, :, None] + one[2][None, None, :] for one in zip(*ways, strict=True)
    )
    moved = np.minimum(come, go)
    paid = terms.hiring * (come - moved) + terms.severance * (go - moved) + terms.moving * moved
    growth = np.diff(heads, axis=-1, prepend=units.reps.sum())
    allowed = (growth <= terms.hires + 1e-9).all(axis=-1) & (heads <= terms.reps + 1e-9).all(axis=-1)
    return np.where(allowed, earned - paid @ terms.weight, -np.inf).max()


CASES = [
    {},
    {"hires": np.array([1.0, 1.0]), "hiring": 1.0, "severance": 2.0, "moving": 0.5},
    {"hires": np.array([0.0, 2.0]), "turnover": 0.1, "hiring": 1.5, "first_year": 0.5},
    {"hiring": 2.0, "severance": 1.0, "moving": 2.5, "first_year": 0.3, "turnover": 0.2, "after": 3.0},
    {"severance": 4.0, "cost": 3.0, "turnover": 0.15},
    {"hires": np.array([2.0, 0.0]), "severance": 4.0, "cost": 2.0, "change": 0.6, "first_year": 0.7},
]


@pytest.mark.parametrize("changed", CASES)
def test_no_plan_earns_more_than_the_one_found(changed):
    for seed in range(5):
        units = made(seed=seed)
        terms, high = terms_of(2, **changed), units.reps + 3
        if seed == 4:
            terms = replace(terms, reps=units.reps.sum() + 1)
        found = best_way(graphs_of(units, terms, high), terms)
        assert found.value == pytest.approx(enumerated(units, terms, high), abs=1e-9)
        assert found.bound - found.value <= 1e-8 and found.bound >= found.value
        assert team_worth(graphs_of(units, terms, high), terms, found.heads) == pytest.approx(found.value, abs=1e-9)


def best_by_cbc(units, terms, high):
    """The same plan as a model over heads of each unit and year (not over steps), solved by CBC."""
    model = pulp.LpProblem("heads", pulp.LpMaximize)
    years, count = range(terms.years), range(len(units.reps))
    places = {
        (unit, year): model.add_variable_dicts(f"at_{unit}_{year}", range(int(high[unit]) + 1), cat="Binary")
        for unit in count
        for year in years
    }
    names = ("hired", "let_go", "moved")
    team = {name: model.add_variable_dicts(name, years, lowBound=0) for name in names}
    come = {pair: model.add_variable(f"come_{pair[0]}_{pair[1]}", lowBound=0) for pair in places}
    worth = []
    total = {-1: units.reps.sum()}
    for year in years:
        total[year] = pulp.lpSum(heads * places[unit, year][heads] for unit in count for heads in places[unit, year])
        for unit in count:
            here = places[unit, year]
            model += pulp.lpSum(here.values()) == 1
            now = pulp.lpSum(heads * one for heads, one in here.items())
            last = {units.reps[unit]: 1.0} if year == 0 else places[unit, year - 1]
            before = pulp.lpSum(heads * one for heads, one in last.items())
            room = pulp.lpSum(max(1, int(terms.change * heads + 1e-9)) * one for heads, one in last.items())
            model += now - before <= room
            model += before - now <= room
            model += come[unit, year] >= now - (1 - terms.turnover) * before
            worth += [
                terms.weight[year] * (contribution(units, unit, heads) - terms.cost * heads) * one
                for heads, one in here.items()
            ]
        flow = total[year] - (1 - terms.turnover) * total[year - 1]
        hired, let_go, moved = (team[name][year] for name in names)
        model += hired - let_go == flow
        model += moved == pulp.lpSum(come[unit, year] for unit in count) - hired
        model += total[year] - total[year - 1] <= terms.hires[year]
        paid = terms.hiring * hired + terms.severance * let_go + terms.moving * moved
        worth.append(-terms.weight[year] * paid)
    model += pulp.lpSum(worth)
    model.solve(pulp.COIN_CMD(msg=False, path=pulp.apis.PULP_CBC_CMD.pulp_cbc_path))
    return pulp.value(model.objective)


@pytest.mark.parametrize(("cost", "grows"), [(1.0, False), (0.05, True)])
def test_another_model_on_another_solver_finds_no_more(cost, grows):
    units = made(5, seed=7, largest=12)
    terms = terms_of(3, hires=np.full(3, 2.0), hiring=cost, severance=2.0, moving=0.4 * cost, turnover=0.1, cost=cost)
    high = units.reps + 5
    found = best_way(graphs_of(units, terms, high), terms)
    assert found.value == pytest.approx(best_by_cbc(units, terms, high), abs=1e-6)
    assert (np.diff(found.heads.sum(axis=1), prepend=units.reps.sum()) == 2).any() == grows


def test_prices_bound_every_plan_and_the_loosened_problem():
    for seed in range(6):
        units = made(6, seed=seed, largest=15)
        terms = terms_of(4, hires=np.full(4, 1.0), hiring=1.0, severance=1.0, moving=0.5, cost=0.8)
        high = units.reps * 2
        graphs = graphs_of(units, terms, high)
        way = best_way(graphs, terms)
        looser = replace(terms, hires=terms.hires + np.array([0.0, 1.0, 0.0, 0.0]))
        more = best_way(graphs, looser).value - way.value
        assert -1e-9 <= more <= way.prices.growth[1] + way.prices.bound - way.value + 1e-9
        assert best_way(graphs, looser, near=way).value == pytest.approx(way.value + more, abs=1e-9)


def test_a_walk_is_the_best_of_all_ways_at_its_prices_and_what_is_ahead_adds_up():
    units = made(3, seed=2)
    terms, high = terms_of(3, first_year=0.4, moving=0.3, hiring=1.0), units.reps + 3
    price = np.array([0.3, -0.2, 0.5])
    for unit in range(3):
        graph = unit_graph(units, unit, units.reps[unit], 0.0, high[unit], terms)
        best = walk(graph, terms, price)
        earned, come, _, heads = ways_of(units, unit, terms, high)
        net = earned - terms.moving * come @ terms.weight - heads @ price
        assert best.value == pytest.approx(net.max(), abs=1e-12)
        assert worth_of(graph, terms, best.heads) - price @ best.heads == pytest.approx(best.value, abs=1e-12)
        for reached, ahead in zip(best.so_far, best.ahead, strict=True):
            assert (reached + ahead).max() == pytest.approx(best.value, abs=1e-12)


def test_steps_of_half_a_head_are_planned_on_their_grid():
    units = made(3, seed=1)
    whole, half = terms_of(2), terms_of(2, step=0.5)
    high = units.reps + 2
    coarse, fine = (best_way(graphs_of(units, terms, high), terms) for terms in (whole, half))
    assert fine.value > coarse.value and (fine.heads * 2 == np.round(fine.heads * 2)).all()
    assert (fine.heads % 1 == 0.5).any()
