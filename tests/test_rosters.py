"""Who leaves and who joins: against brute force and other solvers, shortages, requirements, names and bad input."""

import itertools
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

import salesopt
from salesopt.conclusions.rosters import _hire_answer, _hire_finding, conclude_rosters
from salesopt.display import about, money, show_answer
from salesopt.errors import AbsentError, DataError, ParameterError
from salesopt.plots.rosters import plot_leavers, plot_places, plot_takeover
from salesopt.report.cases import FUNCTIONS
from salesopt.results import load_results, save_results
from salesopt.rosters import best_hire
from salesopt.stats import coverage
from salesopt.stats.coverage import Cover, solve_cover
from salesopt.stats.distances import great_circle

# Ways worked out by hand are straight lines.
compare_rosters = partial(salesopt.compare_rosters, detour=1.0)
assign_accounts = partial(salesopt.assign_accounts, detour=1.0)
measure_hours = partial(salesopt.measure_hours, detour=1.0)


def firm(accounts=40, reps=4, seed=0, spare=2.0):
    """Accounts and representatives in a square of about 300 km, with whom each account is today."""
    draw = np.random.default_rng(seed)
    names = [f"R{place}" for place in range(reps)]
    clients = pd.DataFrame(
        {
            "account": [f"A{place:03d}" for place in range(accounts)],
            "lat": draw.uniform(48, 51, accounts),
            "lon": draw.uniform(8, 12, accounts),
            "potential": draw.lognormal(10, 0.6, accounts),
            "calls": draw.integers(6, 30, accounts),
            "hours_per_call": draw.choice([1.0, 1.5, 2.0], accounts),
            "rep": draw.choice(names, accounts),
            "since": draw.choice(pd.to_datetime(["2018-01-01", "2022-06-01", "2025-03-01"]), accounts),
        }
    )
    team = pd.DataFrame(
        {
            "rep": names,
            "role": "representative",
            "lat": draw.uniform(48, 51, reps),
            "lon": draw.uniform(8, 12, reps),
            "cost": 90000.0,
            "hours": (clients["calls"] * clients["hours_per_call"]).sum() * spare / reps,
        }
    )
    return clients, team


def hours_of(accounts, reps):
    """Hours of travel and of everything, accounts x representatives."""
    km = great_circle(*(table[name].to_numpy() for table in (accounts, reps) for name in ("lat", "lon")))
    travel = 2 * km / 60 * (accounts["calls"].to_numpy() / 4)[:, None]
    return travel, travel + (accounts["calls"] * accounts["hours_per_call"]).to_numpy()[:, None]


def scene(result, name):
    return result.table.set_index("scenario").loc[name]


def enumerated(accounts, reps, choices, *, stretch=0.1, over_price=3.0, fewest_moves=None):
    """Least loss of potential, and then least cost, over all plans that `choices` (per account) allow; -1 is nobody."""
    travel, use = hours_of(accounts, reps)
    capacity, rows = reps["hours"].to_numpy(), np.arange(len(accounts))
    now = accounts["rep"].map({name: place for place, name in enumerate(reps["rep"])}).fillna(-1).to_numpy(int)
    held = np.bincount(now[now >= 0], use[rows, now][now >= 0], len(reps))
    most = np.maximum((1 + stretch) * capacity, held)
    plans = np.array(list(itertools.product(*choices)))
    served = plans >= 0
    load = np.stack([(use[:, rep] * (plans == rep)).sum(axis=1) for rep in range(len(reps))], axis=1)
    allowed = (load <= most + 1e-9).all(axis=1)
    if fewest_moves is not None:
        allowed &= (plans != now).sum(axis=1) <= fewest_moves
    lost = (~served * accounts["potential"].to_numpy()).sum(axis=1)
    cost = (travel[rows, plans] * served).sum(axis=1) + over_price * np.maximum(load - capacity, 0).sum(axis=1)
    least = lost[allowed].min()
    return least, cost[allowed & (lost <= least + 1e-6)].min()


@pytest.mark.parametrize(("seed", "spare"), [(0, 2.0), (1, 1.1), (2, 0.9), (3, 0.6), (4, 1.3)])
def test_a_leavers_accounts_go_where_brute_force_puts_them(seed, spare):
    accounts, reps = firm(14, 4, seed, spare)
    result = compare_rosters(accounts, reps, gap=0.0)
    assert (result.table["gap"] < 1e-6).all()
    for name in reps["rep"]:
        stay = reps[reps["rep"] != name].reset_index(drop=True)
        place = {rep: at for at, rep in enumerate(stay["rep"])}
        choices = [[-1, 0, 1, 2] if rep == name else [place[rep]] for rep in accounts["rep"]]
        lost, cost = enumerated(accounts, stay, choices)
        row = scene(result, f"{name} leaves")
        assert row["potential_short"] == pytest.approx(lost, abs=1e-5)
        assert row["cost"] == pytest.approx(cost, rel=1e-6)


@pytest.mark.parametrize(("seed", "keep"), [(0, 0.0), (1, 0.7), (2, 0.85)])
def test_a_hire_takes_what_brute_force_gives_him_at_the_best_place(seed, keep):
    accounts, reps = firm(10, 3, seed, 0.9)
    draw = np.random.default_rng(seed)
    places = pd.DataFrame({"place": list("xyz"), "lat": draw.uniform(48, 51, 3), "lon": draw.uniform(8, 12, 3)})
    result = compare_rosters(accounts, reps, leavers=[], hires=2, places=places, keep=keep, gap=0.0)
    now = accounts["rep"].str[1:].astype(int)
    most = int(np.floor((1 - keep) * len(accounts) + 1e-9))
    alone, pairs = {}, {}
    for place in places.index:
        team = pd.concat([reps, reps.iloc[[0]].assign(rep="new", **places.loc[place, ["lat", "lon"]])])
        team = team.reset_index(drop=True)
        alone[places["place"][place]] = enumerated(accounts, team, [[at, 3] for at in now], fewest_moves=most)[1]
    for two in itertools.combinations(places.index, 2):
        new = places.loc[list(two), ["lat", "lon"]].assign(role="representative", cost=1.0, hours=reps["hours"][0])
        team = pd.concat([reps, new.assign(rep=["n1", "n2"])], ignore_index=True)
        choices = [[at, 3, 4] for at in now]
        pairs[" and ".join(places["place"][list(two)])] = enumerated(accounts, team, choices, fewest_moves=most)[1]
    found = result.places.set_index("place")["rank"]
    ranked = sorted(alone, key=alone.get)
    assert list(found.sort_values().index) == ranked
    for name, cost in alone.items():
        assert scene(result, f"hire {name}")["cost"] == pytest.approx(cost, rel=1e-6)
    best = scene(result, "hire 2")
    assert best["cost"] == pytest.approx(min(pairs.values()), rel=1e-6)
    assert any(best["who"].split(" (")[0] in name and cost <= best["cost"] + 1e-6 for name, cost in pairs.items())


def test_accounts_beyond_the_hires_reach_count_among_those_that_stay():
    accounts, reps = firm(10, 3, 4, 0.9)
    place = pd.DataFrame({"place": ["x"], "lat": [49.5], "lon": [10.0]})
    team = pd.concat([reps, reps.iloc[[0]].assign(rep="new", lat=49.5, lon=10.0)], ignore_index=True)
    km = great_circle(*(table[name].to_numpy() for table in (accounts, team) for name in ("lat", "lon")))[:, 3]
    reach = float(np.sort(km)[6])
    choices = [
        [at, 3] if near else [at] for at, near in zip(accounts["rep"].str[1:].astype(int), km <= reach, strict=True)
    ]
    costs = []
    for keep, most in ((0.0, 10), (0.8, 2), (0.9, 1)):
        result = compare_rosters(accounts, reps, leavers=[], hires=1, places=place, keep=keep, reach=reach, gap=0.0)
        costs.append(scene(result, "hire x")["cost"])
        assert costs[-1] == pytest.approx(enumerated(accounts, team, choices, fewest_moves=most)[1], rel=1e-6)
    assert costs[0] < costs[1] < costs[2]


@pytest.mark.parametrize("seed", [2, 3])
def test_the_bound_over_few_pairs_holds_for_all(seed, monkeypatch):
    draw = np.random.default_rng(seed)
    use = draw.uniform(5, 15, (40, 6))
    capacity = np.full(6, use.mean() * 40 / 6 * 0.97)
    kept = (np.arange(6) == draw.integers(0, 6, 40)[:, None]) & (np.arange(40) >= 10)[:, None]
    cost = draw.uniform(1, 30, (40, 6))
    problem = Cover(cost, use, capacity, 3 * capacity, 5.0, np.ones(40), kept, 8.0)
    best = solve_cover(problem, gap=1e-9)
    monkeypatch.setattr(coverage, "SMALL", 0)
    monkeypatch.setattr(coverage, "FIRST", 1)
    rough, fine = solve_cover(problem, gap=0.3), solve_cover(problem, gap=1e-7)
    assert (rough.choice >= 0).all() and rough.lost == 0
    assert rough.bound <= best.cost + 1e-6 and fine.cost == pytest.approx(best.cost, rel=1e-6)
    monkeypatch.setattr(coverage, "_within_limits", lambda *_: (np.zeros(0, dtype=np.int64), False))
    rough, fine = solve_cover(problem, gap=0.3), solve_cover(problem, gap=1e-7)
    assert (rough.choice >= 0).all() and rough.lost == 0
    assert rough.bound <= best.cost + 1e-6 and fine.cost == pytest.approx(best.cost, rel=1e-6)


def second_solver(accounts, reps, gone, *, stretch, over_price, keep, tolerance):
    """The redraw without unserved accounts as one dense programme of scipy's milp."""
    stay = reps[~reps["rep"].isin(gone)].reset_index(drop=True)
    travel, use = hours_of(accounts, stay)
    rows, columns = travel.shape
    capacity = stay["hours"].to_numpy()
    now = accounts["rep"].map({name: place for place, name in enumerate(stay["rep"])}).fillna(-1).to_numpy(int)
    held = np.bincount(now[now >= 0], use[np.arange(rows), now][now >= 0], columns)
    calls = (accounts["calls"] * accounts["hours_per_call"]).to_numpy()
    measures = [calls, accounts["potential"].to_numpy()]
    pairs, extra = rows * columns, columns * (1 + 2 * len(measures))
    cost = np.concatenate([travel.ravel(), np.full(columns, over_price)])
    upper = [np.ones(pairs), np.maximum((1 + stretch) * capacity, held) - capacity]
    for values in measures:
        worth = values.sum() / capacity.sum()
        cost = np.concatenate([cost, np.full(2 * columns, over_price / worth)])
        upper.append(np.full(2 * columns, np.inf))
    matrix, low, high = [], [], []
    for at in range(rows):
        row = np.zeros(pairs + extra)
        row[at * columns : (at + 1) * columns] = 1
        matrix.append(row), low.append(1), high.append(1)
    for rep in range(columns):
        row = np.zeros(pairs + extra)
        row[rep:pairs:columns], row[pairs + rep] = use[:, rep], -1
        matrix.append(row), low.append(-np.inf), high.append(capacity[rep])
        for number, values in enumerate(measures):
            fair = values.sum() * capacity[rep] / capacity.sum()
            first = pairs + columns * (1 + 2 * number)
            for sign, place in ((-1, first + rep), (1, first + columns + rep)):
                row = np.zeros(pairs + extra)
                row[rep:pairs:columns], row[place] = values, sign
                matrix.append(row)
                low.append((1 - tolerance) * fair if sign > 0 else -np.inf)
                high.append((1 + tolerance) * fair if sign < 0 else np.inf)
    row = np.zeros(pairs + extra)
    row[[at * columns + rep for at, rep in enumerate(now) if rep >= 0]] = 1
    matrix.append(row), low.append(np.ceil(keep * (now >= 0).sum() - 1e-9)), high.append(np.inf)
    found = milp(
        cost,
        integrality=np.arange(pairs + extra) < pairs,
        bounds=Bounds(0, np.concatenate(upper)),
        constraints=LinearConstraint(np.array(matrix), low, high),
        options={"mip_rel_gap": 1e-9},
    )
    return found.fun


@pytest.mark.parametrize(("seed", "spare"), [(0, 3.0), (1, 1.9), (5, 1.6)])
def test_a_redraw_costs_what_a_second_solver_finds(seed, spare):
    accounts, reps = firm(20, 4, seed, spare)
    rules = {"keep": 0.6, "tolerance": 0.25, "over_price": 20.0, "stretch": 0.1}
    result = compare_rosters(accounts, reps, leavers=["R1"], regime="redraw", gap=1e-7, **rules)
    for name, gone in (("today", []), ("R1 leaves", ["R1"])):
        row = scene(result, name)
        if row["accounts_short"] == 0:
            missed = rules["over_price"] * row["balance_missed"]
            assert row["cost"] + missed == pytest.approx(second_solver(accounts, reps, gone, **rules), rel=1e-5)
    assert scene(result, "today")["accounts_short"] == 0


def test_two_places_of_a_redraw_are_the_best_pair_of_all():
    accounts, reps = firm(18, 3, 2, 0.9)
    draw = np.random.default_rng(3)
    places = pd.DataFrame({"place": list("xyz"), "lat": draw.uniform(48, 51, 3), "lon": draw.uniform(8, 12, 3)})
    rules = {"leavers": [], "regime": "redraw", "keep": 0.4, "tolerance": 0.4, "gap": 1e-7}
    one_model = scene(compare_rosters(accounts, reps, hires=2, places=places, **rules), "hire 2")
    costs = {}
    for two in itertools.combinations(range(3), 2):
        people = places.iloc[list(two)].rename(columns={"place": "rep"}).assign(hours=reps["hours"][0], cost=90000.0)
        costs[" and ".join(people["rep"])] = scene(compare_rosters(accounts, reps, hires=people, **rules), "hire all")[
            "cost"
        ]
    assert one_model["cost"] == pytest.approx(min(costs.values()), rel=1e-5)
    assert one_model["who"] == min(costs, key=costs.get) and max(costs.values()) > 1.001 * min(costs.values())


def test_a_redraw_of_todays_team_is_the_assignment():
    accounts, reps = firm(60, 5, 1, 3.0)
    result = compare_rosters(accounts, reps, leavers=[], regime="redraw", keep=0.5, over_price=1000.0, gap=1e-6)
    plain = assign_accounts(accounts, reps, tolerance=0.2, keep=0.5, gap=1e-6)
    row = scene(result, "today")
    assert row["travel"] == pytest.approx(plain.objective, rel=1e-4) and row["over"] == 0
    assert row["spread"] == pytest.approx(np.ptp(plain.load["balance_index"]), abs=0.05)
    gone = assign_accounts(accounts, reps[reps["rep"] != "R2"], tolerance=0.2, keep=0.5, gap=1e-6)
    left = compare_rosters(accounts, reps, leavers=["R2"], regime="redraw", keep=0.5, over_price=1000.0, gap=1e-6)
    assert scene(left, "R2 leaves")["travel"] == pytest.approx(gone.objective, rel=1e-4)


@pytest.mark.parametrize("balanced", [True, False])
def test_a_hire_in_a_redraw_saves_what_travel_says_and_never_less_than_nothing(balanced):
    accounts, reps = firm(30, 5, 3, 6.0)
    accounts["rep"] = np.where(np.arange(30) < (0 if balanced else 15), "R0", np.resize(reps["rep"], 30))
    result = compare_rosters(accounts, reps, leavers=["R1"], hires=2, places=2, regime="redraw", gap=0.02)
    cost = result.table["travel"] + 20.0 * result.table["over"]
    assert result.table["cost"].to_numpy() == pytest.approx(cost.to_numpy())  # balance is no travel
    assert (result.table["gap"] <= 0.02 + 1e-9).all()
    today, joins = result.table.iloc[0], result.table[result.table["kind"].isin(["hire", "hires"])]
    assert len(joins) == 3 and (joins["cost_change"] <= 1e-6).all() and (joins["travel_change"] <= 1e-6).all()
    assert (joins["balance_missed"] <= today["balance_missed"] + 1e-6).all()
    assert (today["balance_missed"] > 0) != balanced and today["moves_used_up"]
    best = joins.set_index("rank").loc[1]
    conclusion = conclude_rosters(compare_rosters(accounts, reps, leavers=["R1"], hires=1, places=2), result)
    said = f"a hire saves between {about(-best['cost_change_high'])} and {about(-best['cost_change_low'])} hours"
    assert any(said in text and "The limit of moves binds" in text for text in conclusion.doubts)


def test_what_a_hire_saves_in_travel_has_the_interval_of_the_search():
    row = {"who": "near A", "kind": "hire", "moved": 3, "net": np.nan, "short_change": 0.0, "moves_used_up": False}
    row |= {"travel_change": -397.0, "over_change": 0.0, "cost_change_low": -410.0, "cost_change_high": -63.0}
    best = pd.Series(row)
    found = _hire_finding(best, first=False, anew=True, currency="USD")
    assert (found.low, found.value, found.high) == (63.0, 397.0, 410.0) and "that of the search" in found.caution
    assert f"({about(63)} to {about(410)}, as far as the search tells)" in _hire_answer(best, True, "USD")
    proved = pd.Series(row | {"cost_change_low": -398.0, "cost_change_high": -397.0})
    assert "as far as the search tells" not in _hire_answer(proved, True, "USD")
    both = _hire_finding(pd.Series(row | {"over_change": -9.0}), first=False, anew=True, currency="USD")
    assert np.isnan(both.low) and both.caution.startswith("No interval")


def test_a_hire_is_held_against_the_plan_in_which_he_gets_nothing(monkeypatch):
    asked = []

    def searched(problem, *, known, **options):
        asked.append((problem, known, solve_cover(problem, known=known, **options)))
        return asked[-1][2]

    monkeypatch.setattr("salesopt.rosters.solve_cover", searched)
    accounts, reps = firm(30, 5, 3, 6.0)
    accounts["rep"] = np.where(np.arange(30) < 15, "R0", np.resize(reps["rep"], 30))
    compare_rosters(accounts, reps, leavers=["R1"], hires=1, places=2, regime="redraw", gap=0.02)
    today, leaver, *joins = asked
    assert today[1] is None and leaver[1] is None and len(joins) == 2
    for problem, known, found in joins:
        assert (known == today[2].choice).all()  # nobody is given to him
        assert problem.missed_most == pytest.approx(today[2].missed) and found.missed <= problem.missed_most + 1e-6
        assert found.cost <= today[2].cost + 1e-6


def test_the_bound_of_a_large_redraw_is_below_a_better_plan():
    accounts, reps = firm(450, 10, 2, 3.0)  # more pairs than are taken at once
    rough = compare_rosters(accounts, reps, leavers=[], regime="redraw", gap=0.05)
    fine = compare_rosters(accounts, reps, leavers=[], regime="redraw", gap=0.004)
    one, other = (result.table.iloc[0] for result in (rough, fine))
    assert other["gap"] <= 0.004 + 1e-9 and one["gap"] <= 0.05 + 1e-9
    assert one["cost"] * (1 - one["gap"]) <= other["cost"] + 1e-6 and other["cost"] <= one["cost"] + 1e-6
    assert other["cost_change_low"] <= 0 <= other["cost_change_high"]


def test_nothing_moves_in_a_handover_but_what_must():
    accounts, reps = firm(60, 5, 3)
    result = compare_rosters(accounts, reps, hires=1, places=4, keep=0.9)
    assert scene(result, "today")["moved"] == 0
    leaving = result.moves[result.moves["scenario"].str.endswith("leaves")]
    assert (leaving["rep_from"] + " leaves" == leaving["scenario"]).all()
    assert (leaving.groupby("scenario").size().sort_index().to_numpy() == accounts.groupby("rep").size()).all()
    hiring = result.moves[result.moves["scenario"].str.startswith("hire")]
    assert hiring["rep_to"].str.startswith("new, near ").all()
    assert hiring.groupby("scenario").size().max() <= 6
    changes = result.table["moved"] + result.table["accounts_short"]
    assert changes[1:].tolist() == result.moves.groupby("scenario").size()[result.table["scenario"][1:]].tolist()


def test_tables_agree_with_each_other():
    accounts, reps = firm(50, 5, 4, 1.2)
    result = compare_rosters(accounts, reps, hires=1, places=3)
    by = result.load.groupby("scenario")
    table = result.table.set_index("scenario")
    assert by["travel"].sum().reindex(table.index).to_numpy() == pytest.approx(table["travel"].to_numpy())
    assert by["over"].sum().reindex(table.index).to_numpy() == pytest.approx(table["over"].to_numpy())
    assert by.size().reindex(table.index).tolist() == table["reps"].tolist()
    served = by["accounts"].sum().reindex(table.index) + table["accounts_short"]
    assert (served == len(accounts)).all()
    load = result.load
    assert (
        load["hours"] <= np.maximum(1.1 * load["capacity"], load["hours"].where(load["gained"] == 0, 0)) + 1e-6
    ).all()
    assert load["over"].to_numpy() == pytest.approx(np.maximum(load["hours"] - load["capacity"], 0).to_numpy())
    assert (load.loc[load["scenario"] == "today", ["gained", "given", "over_change"]] == 0).all(axis=None)


def test_what_the_leaver_had_too_much_is_no_gain_of_the_leaving():
    accounts, reps = firm(30, 3, 5, 1.0)
    accounts["rep"] = np.where(np.arange(30) < 20, "R0", "R1")
    result = compare_rosters(accounts, reps, over_price=7.0)
    today, left = scene(result, "today"), scene(result, "R0 leaves")
    over = result.load.set_index(["scenario", "rep"])["over"]
    mine = over["today", "R0"]
    assert mine > 100 and today["over"] == pytest.approx(over["today"].sum())
    assert left["over_change"] == pytest.approx(over["R0 leaves"].sum() - today["over"] + mine)
    assert left["cost_change"] == pytest.approx(left["cost"] - today["cost"] + 7.0 * mine)
    assert left["cost_change_low"] <= left["cost_change"] <= left["cost_change_high"] + 1e-9


def test_candidate_places_are_the_middles_of_clusters():
    draw = np.random.default_rng(0)
    middles = [(48.0, 8.0), (48.2, 12.0), (51.0, 9.0), (50.8, 11.5)]
    accounts, reps = firm(80, 2, 0)
    accounts["lat"], accounts["lon"] = (np.repeat([one[axis] for one in middles], 20) for axis in (0, 1))
    accounts[["lat", "lon"]] += draw.normal(0, 0.1, (80, 2))
    places = compare_rosters(accounts, reps, leavers=[], hires=1, places=4).places
    nearest = great_circle(*np.array(middles).T, places["lat"].to_numpy(), places["lon"].to_numpy()).argmin(axis=1)
    assert sorted(nearest) == [0, 1, 2, 3]
    away = great_circle(*np.array(middles).T, places["lat"].to_numpy(), places["lon"].to_numpy()).min(axis=1)
    assert away.max() < 12
    named = accounts.set_index("near " + accounts["account"])
    assert (named.loc[places["place"], ["lat", "lon"]].to_numpy() == places[["lat", "lon"]].to_numpy()).all()


def test_what_finds_no_room_is_the_least_potential_and_is_said():
    accounts, reps = firm(30, 3, 5, 1.0)
    reps["hours"] = [5000.0, 1.0, 1.0]
    accounts["rep"] = "R0"
    result = compare_rosters(accounts, reps, leavers=["R0"])
    row = scene(result, "R0 leaves")
    assert row["accounts_short"] == 30 and row["potential_short"] == pytest.approx(accounts["potential"].sum())
    assert row["hours_short"] == pytest.approx(result.moves["call_hours"].sum()) and row["travel"] == 0
    assert row["hours_short"] == pytest.approx((accounts["calls"] * accounts["hours_per_call"]).sum())
    assert (result.moves["rep_to"] == "").all() and result.moves["reason"].str.startswith("no room; ").all()
    assert (row["moved"], row["no_room"], row["out_of_reach"]) == (0, 30, 0)
    reps.loc[1, "hours"] = 300.0
    some = compare_rosters(accounts, reps, leavers=["R0"], stretch=0.0)
    kept = some.moves[some.moves["rep_to"] == "R1"]
    assert 0 < len(kept) < 30 and (kept["call_hours"] + kept["travel"]).sum() <= 300
    assert scene(some, "R0 leaves")["moved"] == len(kept) == 30 - scene(some, "R0 leaves")["accounts_short"]
    lost = some.moves[some.moves["rep_to"] == ""]["potential"].sum()
    assert scene(some, "R0 leaves")["potential_short"] == pytest.approx(lost)
    more = compare_rosters(accounts, reps, leavers=["R0"], stretch=0.2)
    assert scene(more, "R0 leaves")["potential_short"] < lost and scene(more, "R0 leaves")["takers_over"] == 1


def test_who_cannot_be_replaced_is_hardest_to_lose():
    accounts, reps = firm(24, 3, 6, 3.0)
    fit = pd.DataFrame(list(itertools.product(reps["rep"], accounts["account"])), columns=["rep", "account"])
    only = accounts.loc[accounts["rep"] == "R2", "account"].head(2)
    fit = fit[(fit["rep"] == "R2") | ~fit["account"].isin(only)].assign(fit=1.0)
    result = compare_rosters(accounts, reps, fit=fit)
    ranked = result.table.set_index("who")["rank"]
    assert ranked["R2"] == 1 and scene(result, "R2 leaves")["accounts_short"] == 2
    short = result.moves[(result.moves["rep_to"] == "") & (result.moves["scenario"] == "R2 leaves")]
    assert set(short["account"]) == set(only) and short["outcome"].eq("nobody may serve it").all()
    assert short["reason"].eq("nobody who is there may serve it").all()
    row = scene(result, "R2 leaves")
    assert (row["unsuited"], row["out_of_reach"], row["no_room"], row["nobody_left"]) == (2, 0, 0, 0)
    assert "to nobody (nobody may serve it)." in conclude_rosters(result).answer
    alone = fit[(fit["rep"] == "R2") | ~fit["account"].isin(accounts.loc[accounts["rep"] == "R2", "account"])]
    train = conclude_rosters(compare_rosters(accounts, reps, fit=alone, leavers=["R2"])).findings[0].action
    assert train.startswith("Train a second person for the accounts of R2")
    hired = compare_rosters(accounts, reps, fit=fit, leavers=["R2"], hires=1, places=2, together=True)
    assert (hired.table.loc[hired.table["kind"] == "replacement", "accounts_short"] == 0).all()


def test_nobody_takes_over_what_is_beyond_reach():
    accounts, reps = firm(40, 4, 16, 5.0)
    free, near = (
        compare_rosters(accounts, reps, hires=1, places=3),
        compare_rosters(accounts, reps, hires=1, places=3, reach=90),
    )
    bases = pd.concat([reps, near.places.assign(rep="new, " + near.places["place"])]).set_index("rep")
    clients = accounts.set_index("account")
    for result, most in ((free, np.inf), (near, 90.0)):
        taken = result.moves[result.moves["rep_to"] != ""]
        ends = [table.loc[names] for table, names in ((clients, taken["account"]), (bases, taken["rep_to"]))]
        km = np.diag(great_circle(*(end[name].to_numpy() for end in ends for name in ("lat", "lon"))))
        assert len(km) and km.max() <= most and (most < np.inf or km.max() > 90)
    assert free.table["accounts_short"].sum() == 0 and near.table["accounts_short"].sum() > 0
    lost = near.moves[near.moves["rep_to"] == ""]
    assert lost["reason"].str.fullmatch(r"out of reach; R\d is nearest, \d+ km").all()
    assert lost["outcome"].eq("out of reach").all() and near.table["no_room"].sum() == 0


def test_several_leave_at_once_and_are_replaced():
    accounts, reps = firm(24, 4, 7, 1.5)
    result = compare_rosters(accounts, reps, leavers=["R0", "R3"], hires=2, places=3, together=True, gap=0.005)
    assert result.table["kind"].tolist() == ["today", "leavers", *["replacement"] * 3, "replacements"]
    both, two = scene(result, "R0 and R3 leave"), scene(result, "hire 2")
    assert both["reps"] == 2 and two["reps"] == 4
    assert two["potential_short"] <= result.table["potential_short"].iloc[2:5].min() <= both["potential_short"]
    assert set(result.moves.loc[result.moves["scenario"] == "R0 and R3 leave", "rep_from"]) == {"R0", "R3"}
    assert result.table["against"].tolist() == ["today"] * 2 + ["R0 and R3 leave"] * 4
    assert two["short_change"] == pytest.approx(two["hours_short"] - both["hours_short"]) and two["short_change"] < 0
    assert np.isnan(two["net"]) and two["hire_cost"] == 2 * 90000


def test_people_of_a_table_are_tried_alone_and_together():
    accounts, reps = firm(30, 3, 8, 0.8)
    people = pd.DataFrame({"rep": ["Ida", "Jo"], "lat": [48.5, 50.5], "lon": [9.0, 11.0], "hours": [200.0, 400.0]})
    result = compare_rosters(accounts, reps, leavers=[], hires=people.assign(cost=[1000.0, 2000.0]))
    assert result.table["scenario"].tolist() == ["today", "hire Ida", "hire Jo", "hire all"]
    assert result.table["hire_cost"].tolist()[1:] == [1000.0, 2000.0, 3000.0]
    load = result.load[result.load["scenario"] == "hire all"].set_index("rep")
    assert load.loc["Ida", "capacity"] == 200 and load.loc["Ida", "hours"] <= 220 + 1e-9
    all_two = scene(result, "hire all")
    assert all_two["cost"] <= result.table["cost"].iloc[1:3].min() + 1e-6


def test_fewer_hours_above_ones_hours_are_money_only_where_they_are_paid():
    accounts, reps = firm(30, 3, 9, 0.7)
    result = compare_rosters(accounts, reps, hires=1, places=2)
    rate = 90000 / reps["hours"][0]
    assert result.cost_per_hour == pytest.approx(rate)
    assert result.table["net"].isna().all() and result.table["over_change"].min() < -100
    conclusion = conclude_rosters(result, currency="EUR")
    assert "time, not money or sales" in conclusion.answer and all(
        one.unit == "hours a year" for one in conclusion.findings
    )
    paid = compare_rosters(accounts, reps, hires=1, places=2, overtime=1.5)
    hire = paid.table[paid.table["kind"] == "hire"].iloc[0]
    assert hire["net"] == pytest.approx(-hire["over_change"] * 1.5 * rate - 90000) and hire["hire_cost"] == 90000
    unpaid = compare_rosters(accounts, reps.assign(cost=0.0), hires=1, places=2, overtime=1.5)
    assert np.isnan(unpaid.cost_per_hour) and unpaid.table["net"].isna().all()


def test_a_team_of_one_leaves_everything_unserved():
    accounts, reps = firm(6, 1, 10)
    for regime in ("handover", "redraw"):
        row = scene(compare_rosters(accounts, reps, regime=regime), "R0 leaves")
        assert row["accounts_short"] == 6 and row["reps"] == 0
        assert row["hours_short"] == pytest.approx((accounts["calls"] * accounts["hours_per_call"]).sum())


def test_regions_and_no_places_at_all():
    accounts, reps = firm(20, 2, 11, 1.2)
    accounts, reps = accounts.drop(columns=["lat", "lon"]), reps.drop(columns=["lat", "lon"])
    accounts["region"], reps["region"] = np.tile(["N", "S"], 10), ["N", "N"]
    distances = pd.DataFrame({"origin": ["N"], "destination": ["S"], "km": [120.0]})
    result = compare_rosters(accounts, reps, leavers=[], hires=1, travel=distances)
    assert result.places.loc[0, "place"] == "S" and set(result.places["place"]) == {"N", "S"}
    fit = pd.DataFrame(list(itertools.product(reps["rep"], accounts["account"])), columns=["rep", "account"])
    bare = compare_rosters(accounts, reps, hires=1, fit=fit.assign(fit=1.0))
    assert bare.places["place"].tolist() == ["anywhere"] and (bare.table["travel"] == 0).all()
    two = compare_rosters(accounts, reps, hires=2, fit=fit.assign(fit=1.0))
    assert scene(two, "hire 2")["reps"] >= 2 and len(two.places) == 2


def test_accounts_without_a_place_or_without_anybody():
    accounts, reps = firm(30, 3, 10)
    nowhere = accounts.copy()
    nowhere.loc[4, "lat"] = np.nan
    result = compare_rosters(nowhere, reps)
    assert any(text.startswith("Not counted") and text.endswith("1 of them.") for text in result.cautions)
    assert not any("Not counted" in text for text in compare_rosters(accounts, reps).cautions)
    orphans = accounts.assign(rep=accounts["rep"].where(accounts["rep"] != "R1", "Gone"))
    left = compare_rosters(orphans, reps, leavers=["R0"])
    placed = left.moves[(left.moves["scenario"] == "today") & (left.moves["rep_from"] == "Gone")]
    assert len(placed) == (accounts["rep"] == "R1").sum() == scene(left, "today")["moved"]
    assert placed["reason"].str.startswith("Gone is not here: ").all()
    held = left.load[left.load["scenario"] == "today"].set_index("rep")["accounts"]  # orphans placed already
    moves = left.moves[left.moves["scenario"] == "R0 leaves"]
    again = moves["rep_from"].eq("Gone").sum()  # those of them that go to somebody else than today
    assert (accounts["rep"] == "R0").sum() + again == len(moves) < (accounts["rep"] != "R2").sum()
    assert held["R0"] <= len(moves) == scene(left, "R0 leaves")["moved"] + scene(left, "R0 leaves")["accounts_short"]
    nobodys = compare_rosters(accounts.drop(columns="rep"), reps, hires=1, places=2)
    assert nobodys.table["kind"].tolist() == ["today", "hire", "hire"] and (nobodys.table["moved"] == 0).all()
    assert (nobodys.moves["scenario"] == "today").sum() == 30 and nobodys.table["cost_change"].iloc[1:].max() <= 0


def test_a_study_without_places_is_told_what_is_absent():
    accounts, reps = firm(10, 2, 0)
    with pytest.raises(AbsentError, match="travel needs lat and lon"):
        compare_rosters(accounts.drop(columns=["lat", "lon"]), reps, hires=2)


def test_regions_without_distances_are_told_what_helps_and_it_does():
    accounts, reps = firm(10, 2, 0)
    accounts, reps = (table.drop(columns=["lat", "lon"]).assign(region="north") for table in (accounts, reps))
    with pytest.raises(AbsentError, match=r"region in both and a table of distances; where no places .* table fit, of"):
        compare_rosters(accounts, reps)
    pairs = [(account, rep, 1.0) for account in accounts["account"] for rep in reps["rep"]]
    ways = pd.DataFrame({"origin": ["north"], "destination": ["north"], "km": [10.0]})
    for given in ({"fit": pd.DataFrame(pairs, columns=["account", "rep", "fit"])}, {"travel": ways}):
        assert set(compare_rosters(accounts, reps, **given).table["kind"]) == {"today", "leaver"}


def test_years_end_for_those_who_move():
    accounts, reps = firm(30, 3, 12)
    result = compare_rosters(accounts, reps, today="2026-01-01")
    since = (pd.Timestamp("2026-01-01") - accounts["since"]).dt.days / 365.25
    for name in reps["rep"]:
        assert scene(result, f"{name} leaves")["years"] == pytest.approx(since[accounts["rep"] == name].sum(), rel=1e-3)


def test_inputs_are_left_alone_and_runs_repeat():
    accounts, reps = firm(30, 3, 13)
    copies = accounts.copy(), reps.copy()
    one, two = (compare_rosters(accounts, reps, hires=2, places=3) for _ in range(2))
    pd.testing.assert_frame_equal(accounts, copies[0])
    pd.testing.assert_frame_equal(reps, copies[1])
    for name in ("table", "moves", "load", "places"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(two, name))


HERE = {"lat": [48.0], "lon": [8.0]}


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"leavers": ["R9"]}, ParameterError, "'R9' is not here to leave"),
        ({"leavers": ["r1"]}, ParameterError, "did you mean 'R1'"),
        ({"leavers": ["R1", "R1"]}, ParameterError, "named twice"),
        ({"leavers": "R1"}, ParameterError, "a list of names"),
        ({"together": True}, ParameterError, "together needs"),
        ({"hires": -1, "keep": 2.0, "stretch": -1.0, "regime": "both"}, ParameterError, "regime.*keep.*stretch.*hires"),
        ({"hires": 1.5}, ParameterError, "hires must be a whole number"),
        ({"hires": "two"}, ParameterError, "hires must be a whole number"),
        ({"hires": float("nan")}, ParameterError, "hires must be a whole number"),
        ({"hires": 1, "places": "many"}, ParameterError, "places must be"),
        ({"together": True, "leavers": []}, ParameterError, "together needs"),
        ({"over_price": 0.0, "gap": 1.0, "time_limit": 0.0}, ParameterError, "over_price.*gap.*time_limit"),
        ({"time_in_all": 0.0}, ParameterError, "time_in_all"),
        ({"hires": 1, "places": 0}, ParameterError, "places must be"),
        ({"move_price": -1.0}, ParameterError, "move_price"),
        ({"reach": 0.0, "overtime": -1.0}, ParameterError, "overtime.*reach"),
        ({"keep": "a", "today": "x", "stretch": "a", "reach": "a"}, ParameterError, "keep.*today.*stretch.*reach"),
        ({"leavers": [3.5], "together": "no"}, ParameterError, "leavers must be a list of names.*together must be"),
        ({"hires": 1, "places": pd.DataFrame({"place": ["x"]})}, DataError, "column 'lat'"),
        ({"hires": 1, "places": pd.DataFrame({"place": ["x", "x"], "lat": 95, "lon": 1})}, DataError, "degrees.*once"),
        ({"hires": pd.DataFrame({"rep": ["R1"], **HERE})}, DataError, "R1 is a name"),
        ({"hires": pd.DataFrame({"rep": ["x"], "hours": [0.0], **HERE})}, DataError, "x has no hours"),
        ({"hires": pd.DataFrame({"rep": ["x"]})}, DataError, "the base"),
        ({"hires": pd.DataFrame({"name": ["x"]})}, DataError, "rep"),
    ],
)  # fmt: skip
def test_faults_are_said(arguments, error, said):
    accounts, reps = firm(12, 3, 14)
    with pytest.raises(error, match=f"(?s){said}"):
        compare_rosters(accounts, reps, **arguments)


def test_many_scenarios_share_the_time_there_is(monkeypatch):
    """Thirty leavers of a minute each took the chapter past the time of a cell, and the report had none of it."""
    accounts, reps = firm(40, 5, 3)
    clock, asked = [0.0], []

    def slow(problem, *, gap, time_limit, known):
        asked.append(time_limit)
        clock[0] += 0.0 if len(asked) == 2 else time_limit  # the second is proved at once and leaves its share
        return solve_cover(problem, gap=gap, known=known)

    monkeypatch.setattr("salesopt.rosters.solve_cover", slow)
    monkeypatch.setattr("salesopt.rosters.time.perf_counter", lambda: clock[0])
    result = compare_rosters(accounts, reps, time_limit=60.0, time_in_all=60.0)
    assert len(asked) == len(result.table) == 6
    assert asked == pytest.approx([10, 10, 12.5, 12.5, 12.5, 12.5]) and clock[0] == pytest.approx(60.0)
    asked.clear()
    compare_rosters(accounts, reps, time_limit=7.0, time_in_all=np.inf)
    assert asked == [7.0] * 6


def test_time_that_runs_out_is_said():
    accounts, reps = firm(200, 12, 15, 1.25)
    result = compare_rosters(accounts, reps, leavers=[], regime="redraw", gap=0.0, tolerance=0.01, time_limit=0.5)
    assert any("Time ran out" in text and "by the clock" in text for text in result.cautions)
    assert result.table["gap"].iloc[0] > 0 and result.table["accounts_short"].iloc[0] == 0


def test_the_answer_carries_the_numbers_of_the_tables():
    accounts, reps = firm(40, 4, 17, 1.5)
    result = compare_rosters(accounts, reps, hires=2, places=3, reach=150)
    conclusion = conclude_rosters(result, currency="EUR")
    worst = result.table[result.table["kind"] == "leaver"].set_index("rank").loc[1]
    best = result.table[result.table["kind"] == "hire"].set_index("rank").loc[1]
    short = f", {worst['accounts_short']} with {money(worst['potential_short'], 'EUR')} of potential a year"
    why = f"({worst['no_room']} no room, {worst['out_of_reach']} out of reach)"
    assert min(worst["no_room"], worst["out_of_reach"]) > 0 and f"{short} to nobody {why}." in conclusion.answer
    taken = f"{worst['moved']} accounts would go to {worst['takers']} colleague"
    assert f"{worst['who']} is hardest to lose: {taken}" in conclusion.answer
    assert f"A hire (best {best['who']}) means about {about(-best['travel_change'])} hours" in conclusion.answer
    cover, hire = conclusion.findings
    assert cover.value == worst["hours_short"] and cover.what.startswith("Hours of calls that find nobody if ")
    assert hire.value == pytest.approx(-best["travel_change"]) and cover.unit == hire.unit == "hours a year"
    assert "rosters.hire_net" not in conclusion.metrics
    assert conclusion.metrics["rosters.irreplaceable"] == (result.table["accounts_short"] > 0).sum()
    takers = result.load[(result.load["scenario"] == worst["scenario"]) & (result.load["gained"] > 0)]
    assert all(f"{rep} ({count})" in cover.action for rep, count in zip(takers["rep"], takers["gained"], strict=True))


def test_the_same_accounts_are_counted_alike_everywhere():
    accounts, reps = firm(40, 4, 17, 1.5)
    result = compare_rosters(accounts, reps, reach=150)
    for row in result.table[result.table["kind"] == "leaver"].to_dict("records"):
        moves = result.moves[result.moves["scenario"] == row["scenario"]]
        load = result.load[result.load["scenario"] == row["scenario"]]
        short, taken = moves[moves["rep_to"] == ""], moves[moves["rep_to"] != ""]
        assert (short["outcome"] == "no room").sum() == row["no_room"]
        assert (
            (short["outcome"] == "out of reach").sum() == row["out_of_reach"] == row["accounts_short"] - row["no_room"]
        )
        assert short["call_hours"].sum() == pytest.approx(row["hours_short"])
        assert short["potential"].sum() == pytest.approx(row["potential_short"])
        assert len(taken) == row["moved"] == load["gained"].sum() and taken["rep_to"].nunique() == row["takers"]
        assert (taken["call_hours"] + taken["travel"]).sum() == pytest.approx(row["hours_moved"])
        assert row["takers_over"] == ((load["gained"] > 0) & (load["over"] > 1e-6)).sum()
        assert moves["potential"].is_monotonic_decreasing
    worst = result.table[result.table["rank"] == 1].iloc[0]
    said = plot_takeover(result).get_title(loc="left").replace("\n", " ")
    assert worst["takers_over"] > 0 and f"{worst['takers_over']} then with more work than hours" in said
    assert f"{worst['accounts_short']} accounts would find nobody" in said


def test_who_is_above_his_hours_may_take_accounts_up_to_the_one_limit():
    accounts, reps = firm(30, 3, 5, 1.0)
    accounts["rep"] = ["R0"] * 10 + ["R1"] * 10 + ["R2"] * 10
    _, use = hours_of(accounts, reps)
    held = np.array([use[10 * place : 10 * place + 10, place].sum() for place in range(3)])
    team = reps.assign(hours=held / [1.0, 1.1, 1.5])
    result = compare_rosters(accounts, team, leavers=["R0"], stretch=0.4)
    load = result.load[result.load["scenario"] == "R0 leaves"].set_index("rep")
    assert load.loc["R1", "gained"] > 0 and load.loc["R2", "gained"] == 0
    assert load.loc["R1", "hours"] <= load.loc["R1", "most"] + 1e-6 == pytest.approx(1.4 * load.loc["R1", "capacity"])
    said = " ".join(result.cautions)
    assert "At the calls planned, 2 of 3 people have more work than hours with their accounts of today" in said
    assert "more than 140 % of their hours; the one person who would with his accounts of today carries no more" in said
    moves = result.moves[result.moves["scenario"] == "R0 leaves"]
    lost = moves[moves["rep_to"] == ""]
    need = use[[int(name[1:]) for name in lost["account"]], 1]
    left = load.loc["R1", "most"] - load.loc["R1", "hours"]
    assert (need > left).all() and lost["reason"].str.startswith("no room; R1 has most, ").all()


def test_accounts_that_nobody_may_serve_are_nobodys_in_any_plan():
    accounts, reps = firm(20, 3, 3)
    accounts["rep"] = ["R0"] * 3 + ["R1"] * 17
    accounts.loc[:2, ["lat", "lon"]] = [[60.0, 20.0], [60.1, 20.0], [60.2, 20.1]]
    result = compare_rosters(accounts, reps, leavers=["R0"], reach=800, time_limit=5)
    row = scene(result, "R0 leaves")
    assert (row["accounts_short"], row["out_of_reach"], row["gap"]) == (3, 3, 0)


def test_years_that_are_not_known_are_said_and_not_counted_as_none():
    accounts, reps = firm(30, 3, 12)
    blind = compare_rosters(accounts.drop(columns="since"), reps)
    assert blind.table.loc[blind.table["kind"] == "leaver", "years"].isna().all() and blind.moves["years"].isna().all()
    assert any(text.startswith("Years of relationship are not known") for text in blind.cautions)
    assert "How many years of relationship it ends is not known" in conclude_rosters(blind).findings[0].caution
    some = accounts.assign(since=accounts["since"].where(accounts.index >= 10))
    result = compare_rosters(some, reps, leavers=["R0"], today="2026-01-01")
    mine = some[(some["rep"] == "R0") & some["since"].notna()]
    known = (pd.Timestamp("2026-01-01") - mine["since"]).dt.days.sum() / 365.25
    assert scene(result, "R0 leaves")["years"] == pytest.approx(known, rel=1e-3)
    assert any("is not known of 10 of 30 accounts" in text for text in result.cautions)


def test_where_nothing_changes_nothing_is_recommended():
    accounts, reps = firm(40, 4, 16)
    nobody = conclude_rosters(compare_rosters(accounts, reps, leavers=[]))
    assert nobody.findings == () and nobody.answer == "Nobody was asked to leave: there are 4 people today."
    idle = accounts.assign(rep=accounts["rep"].where(accounts["rep"] != "R3", "R2"))
    spared = conclude_rosters(compare_rosters(idle, reps, leavers=["R3"]))
    assert spared.findings == () and spared.answer == "R3 serves no account today: nothing has to be handed over."
    blank = conclude_rosters(compare_rosters(accounts.drop(columns="rep"), reps))
    assert blank.findings == () and blank.answer.startswith("No account has a representative today")
    near = accounts.assign(lat=reps["lat"][0], lon=reps["lon"][0], rep="R0").head(5)  # one more saves nothing
    hired = conclude_rosters(compare_rosters(near, reps, leavers=[], hires=1, places=1))
    assert hired.findings == () and "saves no travel or overload a year: hire for sales only" in hired.answer


def test_want_of_room_is_no_want_of_training_and_a_team_too_small_is_said_first():
    accounts, reps = firm(30, 3, 5, 0.2)
    accounts["rep"] = np.resize(["R0", "R1", "R2"], 30)
    result, hours = compare_rosters(accounts, reps), measure_hours(accounts, reps)
    said = conclude_rosters(result, hours=hours, currency="EUR")
    worst = result.table.set_index("rank").loc[1]
    assert worst["takers"] == 0 and worst["no_room"] == worst["accounts_short"] > 0
    assert said.findings[0].action.startswith(f"Find hours for the accounts of {worst['who']}, by fewer calls")
    assert (
        said.answer.startswith("The team is too small for the calls planned") and "The calls planned" in said.doubts[0]
    )
    far = compare_rosters(accounts, reps.assign(hours=1e5), reach=1.0)
    assert conclude_rosters(far).findings[0].action.startswith("Find somebody near the accounts of")


def test_less_travel_after_a_loss_is_not_told_as_its_gain():
    accounts, reps = firm(40, 4, 16, 1.2)
    near = hours_of(accounts, reps)[0].argmin(axis=1)
    accounts["rep"] = np.where(near == 1, "R0", accounts["rep"])  # R0 drives to what lies at R1's door
    result = compare_rosters(accounts, reps, leavers=["R0"])
    row, said = scene(result, "R0 leaves"), conclude_rosters(result, currency="EUR")
    assert row["travel_change"] < -10 and row["accounts_short"] > 0
    assert "travel" not in said.answer and not any("travel" in finding.what for finding in said.findings)
    assert any(text.startswith("Less travel is no gain of a loss") for text in said.doubts)


def test_the_redraw_of_the_hardest_loss_stands_beside_the_handover():
    accounts, reps = firm(40, 4, 16, 1.6)
    result = compare_rosters(accounts, reps, reach=150)
    worst = result.table.set_index("rank").loc[1]
    redrawn = compare_rosters(accounts, reps, leavers=[worst["who"]], regime="redraw", reach=150)
    row = redrawn.table.iloc[1]
    answer = conclude_rosters(result, redrawn, currency="EUR").answer
    assert worst["accounts_short"] > row["accounts_short"] > 0
    over = result.table["over"].iloc[0] - redrawn.table["over"].iloc[0]
    assert f"{about(over)} hours of overload a year; if {worst['who']} leaves, " in answer
    assert f"{row['accounts_short']} accounts would still find nobody" in answer
    assert "anew" not in conclude_rosters(result).answer
    skew = accounts.assign(rep=["R1"] * 30 + ["R0"] * 10)
    roomy = reps.assign(hours=[9999.0, 1000.0, 1.0, 1.0])  # R1 is relieved, for more travel and hours out of balance
    now, anew = (compare_rosters(skew, roomy, leavers=[], regime=regime, gap=0.05) for regime in ("handover", "redraw"))
    saved, more = now.table["over"].item() - anew.table["over"].item(), anew.table["travel"] - now.table["travel"]
    assert saved > 1 and more.item() > 1
    said = f"{about(saved)} hours of overload a year, for {about(more.item())} hours of travel more."
    assert f"Divide accounts anew: at planned calls that saves about {said}" in conclude_rosters(now, anew).answer
    homeless = replace(now, table=now.table.assign(accounts_short=4))  # it was told to save "hardly anything"
    assert f"{said[:-1]}, and 4 accounts more find a colleague." in conclude_rosters(homeless, anew).answer
    worse = replace(anew, table=anew.table.assign(accounts_short=4))
    assert "would save hardly anything" in conclude_rosters(now, worse).answer


def test_a_hire_is_valued_after_todays_accounts_are_divided_anew():
    accounts, reps = firm(40, 4, 16, 1.9)
    accounts["rep"] = np.where(np.arange(40) < 25, "R0", accounts["rep"])
    rules = {"keep": 0.4, "overtime": 3.0}
    result = compare_rosters(accounts, reps, hires=1, places=3, **rules)
    best = result.table[result.table["kind"] == "hire"].set_index("rank").loc[1]
    redrawn = compare_rosters(
        accounts, reps, leavers=["R0"], hires=best_hire(result), regime="redraw", gap=0.02, **rules
    )
    again = redrawn.table.iloc[-1]
    assert again["scenario"] == best["scenario"] and best["net"] > 0 > again["net"]
    cured = result.table["over"].iloc[0] - redrawn.table["over"].iloc[0]
    assert cured > -best["over_change"] > 100 > -again["over_change"]
    alone, beside = conclude_rosters(result, currency="EUR"), conclude_rosters(result, redrawn, currency="EUR")
    assert alone.findings[1].unit == "EUR a year" and alone.findings[1].value == best["net"]
    assert all(finding.unit == "hours a year" for finding in beside.findings)
    assert f"{about(cured)} hours of overload a year" in beside.answer
    assert money(best["net"], "EUR") not in beside.answer and "then " in beside.answer
    assert len(beside.answer.split()) <= 90 and beside.answer.count(". ") <= 3


def test_a_rough_search_is_told_from_a_difference():
    accounts, reps = firm(450, 10, 2, 3.0)
    rough = compare_rosters(accounts, reps, leavers=["R1"], regime="redraw", gap=0.05)
    assert rough.table["gap"].max() > 0.005
    assert any("may be that of the search" in text for text in conclude_rosters(rough).doubts)


def test_figures_draw_the_tables():
    accounts, reps = firm(40, 4, 16, 1.5)
    result = compare_rosters(accounts, reps, hires=1, places=3, reach=150)
    ranked = result.table[result.table["kind"] == "leaver"].sort_values("rank")
    roomy = compare_rosters(accounts, reps.assign(hours=9999.0))
    calm = roomy.table[roomy.table["kind"] == "leaver"].sort_values("rank")
    for drawn, table, measure in ((result, ranked, "potential"), (roomy, calm, "hours")):
        for bars, what in zip(plot_leavers(drawn).containers, ("moved", "short"), strict=True):
            assert [bar.get_width() for bar in bars][::-1] == pytest.approx(table[f"{measure}_{what}"].tolist())
    takers = result.load[(result.load["scenario"] == ranked["scenario"].iloc[0]) & (result.load["gained"] > 0)]
    before, more = plot_takeover(result).containers[:2]
    ends = sorted(bar.get_x() + bar.get_width() for bar in more)
    assert ends == pytest.approx(sorted(takers["hours"])) and len(before) == len(takers)
    best = result.places.iloc[0]
    taken = result.moves[result.moves["scenario"] == best["scenario"]]
    ax = plot_places(result)
    assert len(ax.collections[1].get_segments()) == len(taken)
    assert best["place"] in ax.get_title(loc="left").replace("\n", " ")
    both = compare_rosters(accounts, reps, leavers=["R0", "R1"], together=True)
    assert plot_leavers(both).get_title(loc="left").startswith("If R0 and R1 leave: ")
    bare = compare_rosters(accounts, reps, leavers=[])
    for plot in (plot_leavers, plot_takeover, plot_places):
        assert "Nobody" in plot(bare).get_title(loc="left")


HOSTILE = ["<script>alert(1)</script>", "=HYPERLINK(1)", "$x^2$ \\frac", "O'Neil; DROP TABLE", "../../etc/passwd"]


def test_hostile_names_are_only_names(tmp_path):
    accounts, reps = firm(40, 5, 17, 0.9)
    named = dict(zip(reps["rep"], HOSTILE, strict=True))
    accounts = accounts.assign(rep=accounts["rep"].map(named), account=HOSTILE[0] + accounts["account"])
    reps = reps.assign(rep=HOSTILE)
    result = compare_rosters(accounts, reps, hires=2, places=3, reach=150)
    assert set(result.table.loc[result.table["kind"] == "leaver", "who"]) == set(HOSTILE)
    conclusion = conclude_rosters(result, currency=HOSTILE[0])
    place = save_results(tmp_path, "rosters", result, conclusion)
    assert {path.parent for path in tmp_path.rglob("*.parquet")} == {place}
    pd.testing.assert_frame_equal(load_results(tmp_path, "rosters").tables["moves"], result.moves, check_dtype=False)
    for plot in (plot_leavers, plot_takeover, plot_places):
        ax = plot(result)
        ax.figure.canvas.draw()
        ax.figure.clear()
    assert "<script>" not in show_answer(conclusion)._repr_html_()


def test_a_case_folder_can_ask_for_it():
    assert FUNCTIONS["compare_rosters"] == "rosters"


def test_people_whose_bases_no_column_holds_leave_the_chapter_out_hires_or_not():
    accounts, reps = firm()
    for table, other in ((accounts.drop(columns="lat"), reps), (accounts, reps.drop(columns="lat"))):
        for hires in (0, 1):
            with pytest.raises(AbsentError, match="travel needs lat and lon in both tables"):
                compare_rosters(table, other, hires=hires)


def test_who_has_a_number_for_a_name_can_leave_by_it():
    accounts, reps = firm(accounts=12, reps=3)
    accounts["rep"], reps["rep"] = accounts["rep"].str[1:].astype(int), [0, 1, 2]
    assert compare_rosters(accounts, reps, leavers=[1]).table["scenario"].tolist() == ["today", "1 leaves"]


@pytest.mark.parametrize("regime", ["handover", "redraw"])
def test_locked_accounts_stay_until_their_representative_leaves(regime):
    accounts, reps = firm(24, 3, 2, spare=3.0)
    rule = {"regime": regime, "tolerance": 1.0, "keep": 0.0, "leavers": ["R0"], "hires": 1, "places": 2}
    free = compare_rosters(accounts, reps, **rule)
    given = free.moves[(free.moves["rep_from"] != "R0") & (free.moves["scenario"] != "today")]
    assert len(given) > 0
    locked = accounts.assign(locked=accounts["account"].isin(given["account"]).map({True: "yes", False: "no"}))
    locked.loc[accounts["rep"] == "R0", "locked"] = "yes"
    held = compare_rosters(locked, reps, **rule)
    assert not set(held.moves["account"]) & set(given["account"])
    left = held.moves[held.moves["scenario"] == "R0 leaves"]
    assert len(left) == (accounts["rep"] == "R0").sum() and (left["outcome"] == "taken over").all()
    assert left["reason"].str.startswith("locked until now, with R0: ").all()
    assert held.moves.loc[held.moves["scenario"] != "R0 leaves", "rep_from"].ne("R0").all()
    assert any("bound to their representative" in text for text in held.cautions)


def test_where_nobody_is_left_that_is_the_reason_and_not_the_way():
    accounts, reps = firm(6, 2, 3, spare=4.0)
    for gone, rule in ((["R0", "R1"], {"together": True, "reach": 90}), (["R0"], {})):
        team = reps if len(gone) > 1 else reps.iloc[:1]
        served = accounts.assign(rep=np.resize(team["rep"], 6))
        result = compare_rosters(served, team, leavers=gone, **rule)
        row = result.table.iloc[1]
        assert (row["accounts_short"], row["nobody_left"], row["out_of_reach"]) == (6, 6, 0)
        left = result.moves[result.moves["scenario"] == row["scenario"]]
        assert left["outcome"].eq("nobody is left").all() and left["reason"].eq("nobody is left").all()
        said = conclude_rosters(result)
        assert "to nobody (nobody is left)." in said.answer
        assert said.findings[0].action.startswith("Have a second person who knows the accounts of R0")


def test_the_way_is_no_reason_for_accounts_that_are_not_called_on():
    accounts, reps = firm(12, 3, 3, spare=4.0)
    silent = accounts.assign(calls=[0, 0, 0, *accounts["calls"][3:]], rep=np.resize(["R0", "R1", "R2"], 12))
    moves = compare_rosters(silent, reps, leavers=["R0"]).moves.set_index("account")["reason"]
    assert moves["A000"].endswith("takes it over; no calls are planned for it, so that the way does not count")
    plan = assign_accounts(silent, reps, tolerance=0.9).table.set_index("account")["reason"]
    assert all(
        "nearest" not in plan[name] and "no calls are planned for it" in plan[name] for name in silent["account"][:3]
    )
    assert plan.iloc[3:].str.contains("nearest of all").any()


def test_a_hire_who_gets_no_account_is_no_copy_of_the_set_before():
    accounts, reps = firm(12, 3, 3, spare=4.0)
    few = compare_rosters(accounts, reps, leavers=[], hires=3, places=12, keep=0.8)
    two, three = scene(few, "hire 2"), scene(few, "hire 3")
    assert two["moved"] == 2 and two["moves_used_up"]
    assert three["who"] == f"{two['who']} (1 more would get no account: keep lets no more accounts change hands)"
    assert (three["reps"], three["hire_cost"]) == (5, two["hire_cost"])
    assert any(text.startswith(f"Hire 3: {three['who']}, ") for text in conclude_rosters(few).doubts)
    near = accounts.assign(lat=reps["lat"][0], lon=reps["lon"][0], rep="R0").head(3)
    away = pd.DataFrame({"place": ["x", "y"], "lat": 53.0, "lon": [8.0, 9.0]})
    none = scene(compare_rosters(near, reps.iloc[:1], leavers=[], hires=2, places=away, keep=0.0), "hire 2")
    assert none["who"] == "nobody (2 more would get no account: nothing more is saved)"


def test_more_hires_than_places_are_skipped_and_the_rest_goes_on():
    accounts, reps = firm(12, 3, 3, spare=4.0)
    for clients, hires, made in ((accounts.head(1), 2, 1), (accounts.head(3), 5, 3)):
        result = compare_rosters(clients, reps, leavers=[], hires=hires, places=20, keep=0.0)
        assert (result.table["kind"] == "hire").sum() == made
        assert result.table["scenario"].iloc[-1] == ("hire 3" if made > 1 else result.table["scenario"].iloc[1])
        assert result.skipped["item"].tolist() == [f"hire {count}" for count in range(made + 1, hires + 1)]
        assert result.skipped["reason"].str.endswith(f"there are {made}: accounts or places are too few").all()
        conclude_rosters(result)


def test_the_rule_by_which_places_are_ranked_is_said_and_holds():
    accounts, reps = firm(40, 4, 17, 1.0)
    for price in (None, 7.0):
        result = compare_rosters(accounts, reps, leavers=[], hires=1, places=4, stretch=1.0, over_price=price)
        places = result.places
        assert places["over_change"].abs().max() > 0.5 and (result.table["accounts_short"] == 0).all()
        saved = places["travel_change"] + (price or 3.0) * places["over_change"]
        assert saved.tolist() == pytest.approx(sorted(saved))
        assert saved.tolist() == pytest.approx(places["cost_change"].tolist())
        doubts = conclude_rosters(result).doubts
        assert any(f"hours of travel, and {price or 3:g} for each hour of overload less" in text for text in doubts)


def test_what_is_proved_of_a_change_leaves_open_what_is_open_of_both_plans():
    found = salesopt.compare_rosters(*firm(30, 4, 3), leavers=["R1"], regime="redraw", keep=0.3, gap=0.2)
    today, then = scene(found, "today"), scene(found, "R1 leaves")
    open_today, open_then = today["gap"] * today["cost"], then["gap"] * then["cost"]  # every account can move
    assert min(open_today, open_then) > 1
    assert then["cost_change"] - then["cost_change_low"] == pytest.approx(open_then)
    assert then["cost_change_high"] - then["cost_change"] == pytest.approx(open_today)
