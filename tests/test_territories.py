"""Assignments against brute force and another solver, published optima, requirements one by one, and plain words."""

import dataclasses
import itertools
import math
import re
import time
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text
from ortools.sat.python import cp_model

import salesopt
from salesopt.conclusions.team import conclude_team
from salesopt.display import estimate
from salesopt.errors import DataError, InfeasibleError, ParameterError, RunError, attempt
from salesopt.plots.team import plot_load, plot_map
from salesopt.report.cases import run_case
from salesopt.rosters import compare_rosters
from salesopt.stats import assignment, reasons
from salesopt.stats.assignment import solve_matching
from salesopt.stats.distances import great_circle
from salesopt.stats.exchange import polish
from salesopt.stats.matching import Load, Matching, Solution, connected_patches
from salesopt.stats.relaxation import relax
from salesopt.team import size_team
from salesopt.territories import fit_from_skills
from salesopt.workload import plan_calls

# Ways worked out by hand are straight lines.
assign_accounts = partial(salesopt.assign_accounts, detour=1.0)
measure_hours = partial(salesopt.measure_hours, detour=1.0)

CASES = Path(__file__).parents[1] / "data" / "cases"
SIZE = size_team(pd.read_csv(CASES / "syntex8" / "effort_response.csv"), cost_per_rep=0.057)


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
    hours = (clients["calls"] * clients["hours_per_call"]).sum() * spare / reps
    team = pd.DataFrame(
        {
            "rep": names,
            "role": "representative",
            "lat": draw.uniform(48, 51, reps),
            "lon": draw.uniform(8, 12, reps),
            "cost": 90000,
            "hours": hours,
        }
    )
    return clients, team


def travel_hours(accounts, reps, speed=60.0, calls_per_trip=4.0):
    km = great_circle(*(table[name].to_numpy() for table in (accounts, reps) for name in ("lat", "lon")))
    return 2 * km / speed * (accounts["calls"].to_numpy() / calls_per_trip)[:, None]


def rival(accounts, reps, *, tolerance, keep=0.0, balance=("hours", "potential")):
    """The least travel by CP-SAT, on a grid of a hundred-thousandth; None where no plan exists."""
    travel, hours = travel_hours(accounts, reps), (accounts["calls"] * accounts["hours_per_call"]).to_numpy()
    rows, columns = travel.shape
    model = cp_model.CpModel()
    pick = [[model.new_bool_var("") for _ in range(columns)] for _ in range(rows)]
    for row in pick:
        model.add_exactly_one(row)
    capacity = reps["hours"].to_numpy()
    for rep in range(columns):
        time = np.rint((hours + travel[:, rep]) * 1e5).astype(int)
        model.add(sum(int(time[at]) * pick[at][rep] for at in range(rows)) <= int(capacity[rep] * 1e5))
        for name in balance:
            values = hours if name == "hours" else accounts[name].to_numpy(dtype=float)
            weights, fair = np.rint(values * 1e3).astype(int), values.sum() * capacity[rep] / capacity.sum()
            total = sum(int(weights[at]) * pick[at][rep] for at in range(rows))
            model.add(total <= int((1 + tolerance) * fair * 1e3))
            model.add(total >= int(np.ceil((1 - tolerance) * fair * 1e3)))
    place = {name: at for at, name in enumerate(reps["rep"])}
    model.add(sum(pick[at][place[name]] for at, name in enumerate(accounts["rep"])) >= int(np.ceil(keep * rows)))
    costs = np.rint(travel * 1e5).astype(int)
    model.minimize(sum(int(costs[at, rep]) * pick[at][rep] for at in range(rows) for rep in range(columns)))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.max_time_in_seconds = 30
    status = solver.solve(model)
    return solver.objective_value / 1e5 if status == cp_model.OPTIMAL else None


@pytest.mark.parametrize("case", [f"orlib_gap{number}" for number in range(1, 6)])
def test_published_case(case):
    compared = run_case(CASES / case)
    assert compared[~compared["agrees"]].empty, compared[~compared["agrees"]].to_string()


@pytest.mark.parametrize(("seed", "keep"), [(0, 0.0), (1, 0.5), (2, 0.0), (3, 0.6)])
def test_the_least_travel_is_that_of_cp_sat(seed, keep):
    accounts, reps = firm(24, 3, seed)
    result = assign_accounts(accounts, reps, tolerance=0.2, keep=keep, gap=0.0)
    assert result.objective == pytest.approx(rival(accounts, reps, tolerance=0.2, keep=keep), rel=1e-5)
    assert result.gap < 1e-6 and result.bound <= result.objective
    assert result.table["travel"].sum() == pytest.approx(result.objective)


@pytest.mark.parametrize("seed", range(1, 9))
def test_the_bound_of_an_unfinished_search_is_not_above_the_optimum(seed):
    accounts, reps = firm(30, 10, seed, spare=3.0)
    best = assign_accounts(accounts, reps, tolerance=0.4, gap=0.0)
    rough = assign_accounts(accounts, reps, tolerance=0.4, gap=0.5)
    assert rough.bound <= best.objective + 1e-6 <= rough.objective + 2e-6
    assert best.objective == pytest.approx(best.bound, rel=1e-6)


def test_a_small_firm_is_that_of_brute_force():
    accounts, reps = firm(8, 3, 5)
    travel, hours = travel_hours(accounts, reps), (accounts["calls"] * accounts["hours_per_call"]).to_numpy()
    fair, best = hours.sum() / 3, np.inf
    for plan in itertools.product(range(3), repeat=8):
        load = np.bincount(plan, hours, 3)
        time = np.bincount(plan, hours + travel[np.arange(8), plan], 3)
        if (np.abs(load / fair - 1) <= 0.3).all() and (time <= reps["hours"]).all():
            best = min(best, travel[np.arange(8), plan].sum())
    result = assign_accounts(accounts, reps, balance=["hours"], tolerance=0.3, gap=0.0)
    assert result.objective == pytest.approx(best)


def test_every_limit_holds_and_the_tables_agree():
    accounts, reps = firm(60, 5, 1)
    result = assign_accounts(accounts, reps, tolerance=0.15, keep=0.4)
    load = result.load.set_index("rep")
    assert (load["hours"] <= load["capacity"] + 1e-6).all()
    for measure in ("hours", "potential"):
        assert load[f"{measure}_index"].between(0.85 - 1e-6, 1.15 + 1e-6).all()
    assert (~result.table["moved"]).sum() >= 0.4 * len(accounts)
    by_rep = result.table.groupby("rep")[["hours", "travel"]].sum()
    assert by_rep["hours"].to_numpy() == pytest.approx(load["hours"].reindex(by_rep.index).to_numpy())
    assert load["accounts"].sum() == len(accounts) and load["potential"].sum() == pytest.approx(
        accounts["potential"].sum()
    )
    assert sorted(result.table["account"]) == sorted(accounts["account"])


def test_the_flow_and_the_integer_programme_agree_where_all_accounts_weigh_the_same():
    accounts, reps = firm(50, 5, 2, spare=30.0)
    flow = assign_accounts(accounts, reps.assign(hours=1e6), balance=["accounts"], tolerance=0.1)
    assert flow.method != "flow"  # travel counts against hours, so accounts differ: no flow
    equal = accounts.assign(calls=10, hours_per_call=1.0)
    fit = pd.DataFrame(
        [(rep, account, 0.0, 10.0) for rep in reps["rep"] for account in accounts["account"]],
        columns=["rep", "account", "fit", "hours"],
    )
    draw = np.random.default_rng(0)
    fit["fit"] = draw.normal(size=len(fit))
    plain = equal.drop(columns=["lat", "lon"])
    bare = reps.drop(columns=["lat", "lon"]).assign(hours=101.0)
    quick = assign_accounts(plain, bare, balance=[], fit=fit)
    slow = assign_accounts(plain, bare.assign(hours=100.5), balance=[], fit=fit.assign(hours=fit["hours"] * 1.0001))
    assert quick.method == "flow" and slow.gap < 2e-3
    uneven = fit.copy()
    uneven.loc[0, "hours"] = 10.0001
    integer = assign_accounts(plain, bare, balance=[], fit=uneven, gap=0.0)
    assert integer.method in ("linear", "integer") and integer.objective == pytest.approx(quick.objective)
    assert quick.load["accounts"].tolist() == [10] * 5


def test_prices_on_moves_keep_accounts_and_keep_the_longest():
    accounts, reps = firm(40, 4, 3)
    free = assign_accounts(accounts, reps, tolerance=0.5, gap=0.0)
    priced = assign_accounts(accounts, reps, tolerance=0.5, gap=0.0, move_price=30.0)
    years = assign_accounts(accounts, reps, tolerance=0.5, gap=0.0, year_price=10.0)
    assert priced.table["moved"].sum() < free.table["moved"].sum()
    assert years.bridge["years"].iloc[1] < free.bridge["years"].iloc[1]
    moved, travel = free.bridge["moved"].iloc[1], free.bridge["travel"].iloc[1]
    assert priced.bridge["travel"].iloc[1] >= travel - 1e-9 and moved > 0


def test_locked_pairs_stand_and_cost():
    accounts, reps = firm(30, 3, 4)
    free = assign_accounts(accounts, reps, tolerance=0.4, gap=0.0)
    away = free.table.iloc[0]
    other = next(rep for rep in reps["rep"] if rep != away["rep"])
    held = assign_accounts(accounts, reps, tolerance=0.4, gap=0.0, locked={away["account"]: other})
    row = held.table.set_index("account").loc[away["account"]]
    assert row["rep"] == other and "settled in advance" in row["reason"]
    assert held.objective >= free.objective - 1e-9
    with pytest.raises(ParameterError, match="nobody"):
        assign_accounts(accounts, reps, locked={away["account"]: "nobody"})


def test_accounts_locked_in_the_table_stay_with_their_representative():
    accounts, reps = firm(30, 3, 4)
    gone = pd.DataFrame({"rep": ["old"], "role": "representative", "lat": 49.0, "lon": 9.0, "cost": 1, "hours": 9})
    reps = pd.concat([reps, gone.assign(left="2026-01-31")], ignore_index=True)
    free = assign_accounts(accounts, reps, tolerance=0.5, gap=0.0)
    moved = free.table.loc[free.table["moved"], "account"].tolist()
    assert len(moved) > 5
    locked = accounts.assign(locked=accounts["account"].isin(moved[:4]).map({True: "yes", False: None}))
    locked.loc[locked["account"] == moved[0], "rep"] = "old"
    held = assign_accounts(locked, reps, tolerance=0.5, gap=0.0)
    rows = held.table.set_index("account")
    assert not rows.loc[moved[1:4], "moved"].any() and rows.loc[moved[4:], "moved"].any()
    for name in moved[1:4]:
        assert rows.loc[name, "reason"].startswith(f"locked: stays with {rows.loc[name, 'rep_now']}")
    assert "is no longer here" in rows.loc[moved[0], "reason"]
    said = [text for text in held.cautions if "bound to" in text]
    assert ": 3. They stay with him" in said[0] and ": 1 (old). They go to anybody" in said[1]
    assert held.objective > free.objective
    # what is settled by the caller comes before the table
    other = next(name for name in reps["rep"][:3] if name != rows.loc[moved[1], "rep_now"])
    settled = assign_accounts(locked, reps, tolerance=0.5, locked={moved[1]: other}).table.set_index("account")
    assert settled.loc[moved[1], "rep"] == other and "settled in advance" in settled.loc[moved[1], "reason"]
    with pytest.raises(DataError, match="'locked': found yes, expected the representative it is bound to"):
        assign_accounts(locked.assign(rep=None), reps)


def test_a_representative_who_is_in_no_table_is_named_with_the_one_that_may_be_meant():
    accounts, reps = firm(20, 3, 4)
    reps["rep"] = ["Anna Keller", "Ben Osei", "gone"]
    accounts["rep"] = ["Anna Kellar", "Anna Kellar", "Zed", "gone", *["Ben Osei"] * 16]
    gone = pd.concat([reps, reps.iloc[[2]].assign(rep="left", left="2026-01-31")], ignore_index=True)
    said = assign_accounts(accounts.replace({"rep": {"gone": "left"}}), gone, tolerance=0.9).cautions
    named = [text for text in said if "not in the table reps" in text]
    assert named[0].startswith("3 accounts are served by somebody who is not in the table reps")
    assert "'Anna Kellar' (did you mean 'Anna Keller'?), 'Zed'. " in named[0] and len(named) == 1
    known = assign_accounts(accounts.iloc[3:], reps, tolerance=0.9).cautions
    assert not [text for text in known if "not in the table reps" in text]


def test_a_leaver_and_a_new_hire():
    accounts, reps = firm(40, 4, 6, spare=3.0)
    gone = reps.assign(left=[pd.Timestamp("2026-06-30"), pd.NaT, pd.NaT, pd.NaT])
    result = assign_accounts(accounts, gone, tolerance=0.3, keep=0.6)
    was = result.table["rep_now"] == "R0"
    assert result.skipped["item"].tolist() == ["R0"] and result.skipped["reason"].tolist() == ["has left"]
    assert "R0" not in set(result.table["rep"]) and result.table.loc[was, "moved"].all()
    assert result.table.loc[was, "reason"].str.contains("R0 is no longer here").all()
    assert (~result.table.loc[~was, "moved"]).sum() >= 0.6 * (~was).sum()
    hired = pd.concat([reps, reps.iloc[[0]].assign(rep="new", lat=48.2, lon=11.5)], ignore_index=True)
    joined = assign_accounts(accounts, hired, tolerance=0.3).load.set_index("rep")
    assert joined.loc["new", "accounts"] > 0 and joined.loc["new", "accounts_now"] == 0


def test_regions_of_a_representative_hang_together():
    draw = np.random.default_rng(1)
    regions = ["A", "B", "C", "D", "E", "F"]  # a row of regions, each bordering on the next
    accounts, reps = firm(48, 3, 7)
    accounts["region"] = np.repeat(regions, 8)
    accounts["lon"] = np.repeat([8.0, 12.0, 8.2, 11.8, 8.1, 11.9], 8) + draw.normal(0, 0.05, 48)
    border = pd.DataFrame({"region": regions[:-1], "neighbour": regions[1:]})
    near = np.zeros((6, 6), dtype=bool)
    near[range(5), range(1, 6)] = near[range(1, 6), range(5)] = True

    def patches(result):
        served = result.table.merge(accounts[["account", "region"]], on="account", suffixes=("", "_"))
        column = "region_" if "region_" in served else "region"
        places = served.groupby("rep")[column].agg(lambda names: np.array(sorted({regions.index(n) for n in names})))
        return [len(connected_patches(one, near)) for one in places]

    apart = assign_accounts(accounts, reps, balance=["hours"], tolerance=0.5, gap=0.0)
    together = assign_accounts(accounts, reps, balance=["hours"], tolerance=0.5, gap=0.01, contiguity=border)
    assert max(patches(apart)) > 1 and max(patches(together)) == 1
    assert together.objective > apart.objective


def test_regions_that_contiguity_cannot_see_are_said():
    accounts, reps = firm(12, 2, 3, spare=20.0)
    accounts["region"] = ["North", "South"] * 5 + ["Nroth", None]
    border = pd.DataFrame({"region": ["North"], "neighbour": ["South"]})
    loose = {"tolerance": 9.0, "balance": ["hours"]}
    said = assign_accounts(accounts, reps, contiguity=border, **loose).cautions
    assert any("1 accounts have no region" in text for text in said)
    assert any("Region 'Nroth' of 1 accounts" in text and "did you mean 'North'" in text for text in said)
    with pytest.raises(InfeasibleError, match=r"No plan.*Region 'Nroth' of 1 accounts is neither in neighbours"):
        assign_accounts(accounts, reps, contiguity=border, balance=["hours"], tolerance=0.2, keep=1.0)
    based = assign_accounts(accounts, reps.assign(region=["Nroth", None]), contiguity=border, **loose).cautions
    assert not any("Nroth" in text for text in based)
    assert not any("region" in text for text in assign_accounts(accounts, reps, **loose).cautions)


def test_distances_between_regions_replace_coordinates():
    accounts, reps = firm(20, 2, 8)
    accounts, reps = accounts.drop(columns=["lat", "lon"]), reps.drop(columns=["lat", "lon"])
    accounts["region"], reps["region"] = np.tile(["N", "S"], 10), ["N", "S"]
    distances = pd.DataFrame({"origin": ["N"], "destination": ["S"], "km": [120.0]})
    result = assign_accounts(accounts, reps, tolerance=0.9, travel=distances)
    served = result.table.merge(reps[["rep", "region"]], on="rep", suffixes=("", "_base"))
    assert (served["region"] == served["region_base"]).all() and result.objective == 0
    twice = pd.concat([distances, pd.DataFrame({"origin": ["S"], "destination": ["N"], "km": [500.0]})])
    with pytest.raises(DataError, match="N - S: 120 km one way, 500 km back"):
        assign_accounts(accounts, reps, travel=twice)
    with pytest.raises(DataError, match="N - W"):
        assign_accounts(accounts, reps.assign(region=["W", "S"]), travel=distances)


@pytest.mark.parametrize(
    ("change", "arguments", "said"),
    [
        ({"hours": 0.3}, {}, "each representative's hours cannot be met.*hours short"),
        ({}, {"keep": 1.0, "tolerance": 0.02}, "accounts that must stay.*tolerance of"),
        ({}, {"keep": 1.0, "tolerance": 0.02}, "let at most .* % of the accounts stay instead of 100 %"),
    ],
)
def test_what_clashes_is_said_and_by_how_much(change, arguments, said):
    accounts, reps = firm(30, 3, 9)
    reps["hours"] *= change.get("hours", 1.0)
    with pytest.raises(InfeasibleError, match=said) as caught:
        assign_accounts(accounts, reps, **arguments)
    assert caught.value.conflict and caught.value.relaxation


def test_the_hours_of_a_way_out_are_rounded_up_and_add_up():
    accounts, reps = firm(30, 3, 9)
    reps["hours"] *= 0.3
    with pytest.raises(InfeasibleError) as caught:
        assign_accounts(accounts, reps, balance=())
    total, each = re.search(r"([\d,]+) more hours a year \((.*?)\), and some more", caught.value.relaxation).groups()
    named = {name: int(hours.replace(",", "")) for name, hours in (one.split(" ") for one in each.split(", "))}
    assert sum(named.values()) == int(total.replace(",", ""))
    reps["hours"] += reps["rep"].map(named).fillna(0)
    again, said = attempt(lambda: assign_accounts(accounts, reps, balance=()))
    assert again is not None or said.startswith("No plan for whole accounts")


def test_whole_accounts_that_do_not_fit_are_told_from_parts_that_would():
    accounts, reps = firm(7, 3, 13, spare=4.0)
    accounts["calls"], accounts["hours_per_call"] = 10, 1.0
    with pytest.raises(InfeasibleError, match=r"No plan for whole accounts, although parts .*tolerance of") as caught:
        assign_accounts(accounts, reps, balance=["hours"], tolerance=0.1)
    wider = float(caught.value.relaxation.split("tolerance of ")[1].split(" %")[0]) / 100
    assert assign_accounts(accounts, reps, balance=["hours"], tolerance=wider).load["accounts"].max() == 3


@pytest.mark.parametrize(("seed", "keep", "tolerance"), [(4, 0.0, 0.02), (8, 0.0, 0.05), (9, 1.0, 0.1), (3, 0.9, 0.1)])
def test_the_tolerance_of_a_way_out_is_enough_and_no_wider_than_it_need_be(seed, keep, tolerance):
    accounts, reps = firm(10, 3, seed, spare=6.0)
    given = {"keep": keep, "tolerance": tolerance, "gap": 0.5}
    with pytest.raises(InfeasibleError) as caught:
        assign_accounts(accounts, reps, **given)
    said = float(re.search(r"tolerance of ([\d.]+) %", caught.value.relaxation)[1]) / 100
    assert assign_accounts(accounts, reps, **given | {"tolerance": said}).table.shape[0] == 10
    with pytest.raises(InfeasibleError):
        assign_accounts(accounts, reps, **given | {"tolerance": said - (0.01 if said > 0.1 else 0.001)})


def test_names_that_are_numbers_can_be_locked():
    accounts, reps = firm(12, 3, 2)
    accounts["account"] = range(12)
    result = assign_accounts(accounts, reps, locked={0: "R2"}, tolerance=0.6)
    assert result.table.set_index("account").loc["0", "rep"] == "R2"
    with pytest.raises(ParameterError, match="not here: 99, None"):
        assign_accounts(accounts, reps, locked={99: "R2", 1: None})


def test_what_is_only_not_found_is_not_called_impossible(monkeypatch):
    accounts, reps = firm(7, 3, 13, spare=4.0)
    accounts["calls"], accounts["hours_per_call"] = 10, 1.0
    trials = []

    def not_found(problem, **_):
        trials.append(problem)
        return Solution(np.zeros(0, dtype=np.int64), np.inf, 0.0, None, "integer")

    monkeypatch.setattr(reasons, "solve_matching", not_found)
    with pytest.raises(InfeasibleError, match=r"there may be one\. What stands in the way") as caught:
        assign_accounts(accounts, reps, balance=["hours"], tolerance=0.1)
    assert trials and "cannot" not in str(caught.value)
    trials.clear()
    monkeypatch.setattr(reasons, "LONG", 0.0)
    with pytest.raises(InfeasibleError, match="although parts of accounts would fit"):
        assign_accounts(accounts, reps, balance=["hours"], tolerance=0.1)
    assert not trials


def test_the_way_out_is_one():
    accounts, reps = firm(30, 3, 9)
    with pytest.raises(InfeasibleError) as caught:
        assign_accounts(accounts, reps, keep=1.0, tolerance=0.05)
    share = float(caught.value.relaxation.split("at most ")[1].split(" %")[0]) / 100
    assert assign_accounts(accounts, reps, keep=share - 0.08, tolerance=0.08).gap < 0.05


def test_accounts_without_a_place_are_skipped_and_their_hours_kept_free():
    accounts, reps = firm(30, 3, 10)
    accounts.loc[4, "lat"] = np.nan
    result = assign_accounts(accounts, reps, tolerance=0.4)
    assert result.skipped["item"].tolist() == [accounts["account"][4]] and len(result.table) == 29
    served = accounts["rep"][4]
    aside = accounts["calls"][4] * accounts["hours_per_call"][4]
    row = result.load.set_index("rep").loc[served]
    assert row["capacity"] == pytest.approx(reps["hours"][0] - aside)


def test_a_measure_that_is_nought_everywhere_is_not_balanced_and_said():
    accounts, reps = firm(30, 3, 14)
    result = assign_accounts(accounts.assign(potential=0.0), reps, tolerance=0.2)
    plain = assign_accounts(accounts, reps, tolerance=0.2, balance=["hours"])
    assert "Potential is not balanced: it is 0 for every account." in result.cautions
    assert result.balance == ("hours",) and result.objective == pytest.approx(plain.objective, rel=1e-3)
    idle = assign_accounts(accounts.assign(potential=0.0, calls=0), reps)
    assert idle.balance == () and idle.objective == 0
    with pytest.raises(DataError, match="potential"):
        assign_accounts(accounts.assign(potential=-1.0), reps)


def test_a_plan_that_the_clock_ended_is_said_not_to_repeat(monkeypatch):
    """The first programme has no time at all in one run, so that the clock ends it however fast the machine is."""
    accounts, reps = firm(60, 4, 15, 2.0)
    told = []
    for first in (0.0, assignment.FIRST):
        monkeypatch.setattr(assignment, "FIRST", first)
        plan = assign_accounts(accounts, reps, tolerance=0.15, gap=0.05, time_limit=20.0)
        told.append(any("another run may find another plan" in text for text in plan.cautions))
    assert told == [True, False]


def test_inputs_are_left_alone_and_faults_are_said():
    accounts, reps = firm(20, 2, 11)
    copies = accounts.copy(), reps.copy()
    assign_accounts(accounts, reps, tolerance=0.4)
    pd.testing.assert_frame_equal(accounts, copies[0])
    pd.testing.assert_frame_equal(reps, copies[1])
    with pytest.raises(ParameterError, match=r"tolerance.*keep"):
        assign_accounts(accounts, reps, tolerance=-1, keep=2)
    with pytest.raises(
        ParameterError, match=r"balance must be a list.*not 'hours'; .*tolerance must be .*; today must"
    ):
        assign_accounts(accounts, reps, balance="hours", tolerance=".1", today="yesterday")
    with pytest.raises(ParameterError, match=r"balance must be a list.*None; .*move_price must be .*; locked .*; gap"):
        assign_accounts(accounts, reps, balance=None, move_price="a", locked=["a"], gap=None)
    with pytest.raises(ParameterError, match="'mood' is neither hours"):
        assign_accounts(accounts, reps, balance=["mood"])
    with pytest.raises(DataError, match="nobody here can serve"):
        assign_accounts(accounts, reps.assign(left=pd.Timestamp("2020-01-01")))
    with pytest.raises(DataError, match="travel needs lat and lon"):
        assign_accounts(accounts.drop(columns="lat"), reps)


@pytest.mark.parametrize(("many", "said"), [(0, ""), (1, "The place of 1 account is"), (3, "The places of 3 accounts")])
def test_accounts_without_a_place_are_said_to_count_no_travel(many, said):
    accounts, reps = firm(12, 3, 2)
    accounts.loc[accounts.index[:many], "lat"] = np.nan
    result = assign_accounts(accounts, reps, balance=[], keep=0.0)
    found = [text for text in result.cautions if text.endswith("is not counted.")]
    assert len(found) == bool(many) and all(text.startswith(said) for text in found)
    assert result.skipped["reason"].str.contains("its place is not known").sum() == many


def test_the_problems_of_all_tables_are_said_in_one_go():
    accounts, reps = firm(12, 3, 2)
    wrong = accounts.assign(potential=-1.0), reps.assign(hours="many"), pd.DataFrame({"origin": ["N"], "km": [1.0]})
    for call in (assign_accounts, compare_rosters, measure_hours):
        with pytest.raises(DataError) as caught:
            call(*wrong[:2], travel=wrong[2])
        assert {(one.table, one.column) for one in caught.value.problems} == {
            ("accounts", "potential"),
            ("reps", "hours"),
            ("distances", "destination"),
        }
    with pytest.raises(DataError) as caught:
        assign_accounts(list(accounts), wrong[1])
    assert "must be a DataFrame, not list" in str(caught.value) and "reps, row 2, column 'hours'" in str(caught.value)
    with pytest.raises(DataError) as caught:
        plan_calls(wrong[0], pd.DataFrame({"unit": ["a"]}))
    assert {one.table for one in caught.value.problems} == {"accounts", "effort_response"}


def test_distance_of_known_cities():
    paris, vienna = (np.array([48.8566]), np.array([2.3522])), (np.array([48.2082]), np.array([16.3738]))
    assert great_circle(*paris, *vienna)[0, 0] == pytest.approx(1034, abs=3)


def test_fit_counts_levels_short():
    accounts = pd.DataFrame(
        {"account": ["x", "y"], "segment": ["big", "small"], "potential": 1, "calls": 1, "hours_per_call": 1}
    )
    skills = pd.DataFrame({"rep": ["a", "a", "b"], "skill": ["crm", "crm", "price"], "level": [1, 3, 4]}).assign(
        rater=["p", "q", "p"]
    )
    needs = pd.DataFrame({"group": ["big", "big"], "skill": ["crm", "price"], "level": [3, 2]})
    fit = fit_from_skills(accounts, skills, needs).set_index(["rep", "account"])["fit"]
    assert fit["a", "x"] == -3 and fit["b", "x"] == -3 and fit["a", "y"] == 0


def test_figures_draw_the_tables():
    accounts, reps = firm(30, 3, 12)
    result = assign_accounts(accounts, reps, tolerance=0.4)
    ax = plot_load(result)
    widths = sum(np.array([bar.get_width() for bar in bars]) for bars in ax.containers)
    assert sorted(widths) == pytest.approx(sorted(result.load["hours"]))
    drawn = plot_map(result)
    assert len(drawn.collections[0].get_segments()) == len(accounts)
    assert len(drawn.collections[2].get_offsets()) == result.table["moved"].sum()


def test_no_name_on_the_map_covers_another_where_bases_stand_close():
    result = assign_accounts(*firm(60, 8, 12), tolerance=0.4, gap=0.2)
    place = np.arange(len(result.load))
    close = {"lat": 49.5 + 0.02 * (place % 3), "lon": 10 + 0.03 * (place // 3)}
    drawn = plot_map(dataclasses.replace(result, load=result.load.assign(**close)))
    drawn.figure.canvas.draw()
    boxes = [Text.get_window_extent(text) for text in drawn.texts]
    assert len(boxes) == 8 and not any(one.overlaps(other) for one, other in itertools.combinations(boxes, 2))


def test_hours_of_todays_accounts_are_seen_on_the_bars():
    drawn = plot_load(assign_accounts(*firm(30, 3, 12), tolerance=0.4))
    marks = next(one for one in drawn.collections if "today" in one.get_label())
    assert marks.get_facecolor()[0][3] == 1 and tuple(marks.get_edgecolor()[0][:3]) == (1, 1, 1), "filled, edged white"


def line_of(count, hours, **columns):
    """Accounts in a row to the north of the first representative's base, `hours` of calls each."""
    rows = {"account": [f"a{at}" for at in range(count)], "lat": [40 + 0.1 * at for at in range(count)], "lon": -90.0}
    return pd.DataFrame(rows | {"potential": 100.0, "calls": 10, "hours_per_call": hours / 10} | columns)


def bases(count, hours):
    rows = {"rep": [f"r{at}" for at in range(count)], "lat": [40.0 + at for at in range(count)], "lon": -90.0}
    return pd.DataFrame(rows | {"role": "representative", "cost": 1e5, "hours": float(hours)})


@pytest.mark.parametrize(
    ("accounts", "reps", "given", "said"),
    [
        (line_of(3, 100), bases(1, 10), {"balance": ()}, r"hours cannot be met.*293 more hours a year"),
        (line_of(3, 100, lat=40.0), bases(2, 100).assign(lat=40.0), {"balance": ()}, "100 more hours a year"),
        (line_of(2, 100), bases(2, 120), {"balance": (), "locked": {"a0": "r0", "a1": "r0"}}, "hours and locked pairs"),
        (
            line_of(4, 10),
            bases(2, 120),
            {"balance": ("accounts",), "tolerance": 0.1, "locked": {"a0": "r0", "a1": "r0", "a2": "r0"}},
            "a tolerance of 50 % for accounts instead of 10 %",
        ),
    ],
)
def test_a_whole_relaxation_that_misses_a_limit_is_no_plan(accounts, reps, given, said):
    with pytest.raises(InfeasibleError, match=said):
        assign_accounts(accounts, reps, **given)


def test_many_accounts_make_no_limit_cheap_to_miss():
    """A share that stays stands for thousands of accounts: however dear the moves, it is kept."""
    draw = np.random.default_rng(0)
    count, people = 4000, 5
    spots = {"lat": draw.uniform(40, 45, count), "lon": draw.uniform(-90, -80, count)}
    accounts = line_of(count, 12, **spots, rep=[f"r{at}" for at in draw.integers(0, people, count)])
    reps = bases(people, 1e6).assign(lat=draw.uniform(40, 45, people), lon=draw.uniform(-90, -80, people))
    plan = assign_accounts(accounts, reps, balance=(), keep=0.9)
    assert plan.table["moved"].sum() == 400 and plan.gap < 1e-6


def test_every_plan_keeps_every_limit_and_its_bound():
    """Random firms, some without a plan: what comes back is within all limits, and its bound below its cost."""
    plans = 0
    for seed in range(60):
        draw = np.random.default_rng(seed)
        count, people = int(draw.integers(2, 9)), int(draw.integers(1, 4))
        accounts = line_of(count, 1, hours_per_call=draw.integers(1, 9, count), potential=draw.uniform(1, 9, count),
                           rep=[f"r{at}" for at in draw.integers(0, people, count)])  # fmt: skip
        reps = bases(people, draw.integers(40, 200))
        tolerance, keep = float(draw.choice([0.2, 0.6, 2.0])), float(draw.choice([0.0, 0.5, 1.0]))
        try:
            plan = assign_accounts(accounts, reps, balance=("potential",), tolerance=tolerance, keep=keep)
        except InfeasibleError:
            continue
        plans += 1
        load = plan.load
        assert (load["hours"] <= load["capacity"] * (1 + 1e-6)).all()
        assert ((load["potential_index"] - 1).abs() <= tolerance + 1e-6).all()
        assert (~plan.table["moved"]).sum() >= keep * count - 1e-9
        assert plan.bound <= plan.objective + 1e-9
    assert 10 <= plans <= 55


def test_a_reason_names_what_really_stands_against_a_nearer_colleague():
    """One reason each: no hours, the balance, the share that stays, the price of a move."""
    accounts, reps = firm(60, 4, 5, 2.0)
    plan = assign_accounts(accounts, reps.assign(hours=1e7), balance=(), keep=1.0)
    nearer = plan.table["reason"].str.contains("is nearer")
    assert nearer.any() and plan.table.loc[nearer, "reason"].str.contains("share of accounts that have to stay").all()
    free = assign_accounts(accounts, reps.assign(hours=1e7), balance=(), move_price=1e4)
    nearer = free.table["reason"].str.contains("is nearer")
    assert nearer.any() and free.table.loc[nearer, "reason"].str.contains("priced above the travel that it saves").all()
    even = assign_accounts(accounts, reps.assign(hours=1e7), balance=("accounts",), tolerance=0.0)
    nearer = even.table["reason"].str.contains("is nearer")
    assert nearer.any() and even.table.loc[nearer, "reason"].str.contains("end of the balance of accounts").all()
    load = plan.load["hours"].max()
    tight = assign_accounts(accounts, reps.assign(hours=1.02 * load), balance=(), gap=0.0)
    full = tight.table["reason"].str.contains("has no hours left")
    share = tight.load.set_index("rep")["share"]
    for text in tight.table.loc[full, "reason"]:
        who = next(rep for rep in share.index if f"{rep} has no hours left" in text)
        assert share[who] > 0.8
    for plan in (free, even, tight):
        assert not (plan.table["second_cost"] < -1e-9).any()
        said = plan.table[plan.table["second_cost"].notna()]
        assert all(f"{max(cost, 0):,.1f} hours a year more" in text for cost, text in
                   zip(said["second_cost"], said["reason"], strict=True))  # fmt: skip


def test_travel_is_compared_over_the_accounts_that_are_served_today():
    accounts, reps = firm(60, 4, 7, 2.0)
    gone = reps.assign(left=pd.NaT, hours=1e5)
    gone.loc[0, "left"] = pd.Timestamp("2020-01-01")
    plan = assign_accounts(accounts, gone, balance=(), keep=1.0)
    orphans = accounts["rep"] == reps["rep"].iloc[0]
    today, then = plan.bridge.iloc[0], plan.bridge.iloc[1]
    assert then["travel"] == pytest.approx(today["travel"])  # all others stay
    assert today["unserved"] == orphans.sum() and then["travel_unserved"] > 0
    assert then["travel"] + then["travel_unserved"] == pytest.approx(plan.load["travel"].sum())
    assert then["moved"] == plan.table["moved"].sum() == orphans.sum()
    assert plan.table.loc[orphans.to_numpy(), "saved"].isna().all() and (plan.table["saved"].dropna() == 0).all()
    said = conclude_team(SIZE, plan).answer
    assert (
        f"{orphans.sum()} accounts that nobody here serves today ask for" in said and "leaves hours of travel" in said
    )
    assert "nobody here serves today" in plot_map(plan).get_title(loc="left").replace("\n", " ")


def test_what_balance_costs_in_travel_is_said_where_it_is_much():
    accounts, reps = firm(60, 4, 7, 4.0)
    plan, free = (assign_accounts(accounts, reps, balance=measures, tolerance=0.05) for measures in (("hours",), ()))
    cost, travel = plan.objective - free.objective, plan.objective
    assert cost > 0.05 * travel
    said = conclude_team(SIZE, plan, unbalanced=free)
    words = f"costs {cost:,.0f} hours of travel a year ({100 * cost / travel:.0f}\u202f% of the plan's"
    assert any(words in text for text in said.doubts) and words in said.findings[-1].caution
    assert not any("Balance of" in text for text in conclude_team(SIZE, free, unbalanced=free).doubts)
    saved = plan.bridge["travel"].iloc[0] - plan.bridge["travel"].iloc[1]
    priced = conclude_team(SIZE, plan, cost_of_travel=30.0, currency="EUR").findings[-1].caution
    assert f"The driving saved is worth {estimate(30 * saved, 'EUR')} a year" in priced and "driving" not in words
    ax = plot_map(plan)
    assert {text.get_text() for text in ax.texts} >= set(reps["rep"])
    bare = plot_map(dataclasses.replace(plan, table=plan.table.drop(columns=["lat", "lon"])))
    assert "so there is no map" in bare.get_title(loc="left") and bare.figure.get_figheight() < 1


def test_travel_of_todays_owners_is_told_for_the_calls_planned_and_for_those_made():
    accounts, reps = firm(40, 4, 1, 3.0)
    accounts["calls_made"] = accounts["calls"] // 2
    plan, hours = assign_accounts(accounts, reps), measure_hours(accounts, reps)
    found = conclude_team(SIZE, plan, hours=hours)
    said = found.answer
    assert hours.travel == pytest.approx(plan.bridge["travel"].iloc[0]) and hours.travel_made < 0.6 * hours.travel
    handed = measure_hours(
        accounts.assign(rep=plan.table.set_index("account")["rep"][accounts["account"]].values), reps
    )
    assert plan.bridge["travel_made"].tolist() == pytest.approx([hours.travel_made, handed.travel_made])
    saved = hours.travel_made - handed.travel_made
    made = f"those made today {hours.travel_made:,.0f}"
    asked = f"these calls ask {hours.travel:,.0f} hours on the road of today's owners, {made}"
    assert f"{asked}, of which it cuts {saved:,.0f}." in said.split("At the calls planned, ")[1]
    assert f"At the calls made today it cuts {saved:,.0f} hours." in found.findings[-1].caution
    bare = assign_accounts(accounts.drop(columns="calls_made"), reps)
    assert bare.bridge["travel_made"].isna().all()
    assert (
        "At the calls made" not in conclude_team(SIZE, bare, hours=measure_hours(accounts, reps)).findings[-1].caution
    )


def borders(*pairs):
    return pd.DataFrame({"region": [one for one, _ in pairs], "neighbour": [other for _, other in pairs]})


@pytest.mark.parametrize(
    ("accounts", "given", "conflict", "said"),
    [
        (
            line_of(8, 10, potential=[5000.0] + [100.0] * 7),
            {"balance": ("potential",)},
            ["balance of potential"],
            "a0 alone is 1.75 times a fair share of potential.*tolerance of 76 %",
        ),
        (
            line_of(4, 10, region=list("abcd")),
            {"balance": (), "contiguity": borders("ab")},
            ["territories that hang together"],
            r"3 groups without a common border \(a \+ b, c, d\), for 2 representatives.*1 more representatives",
        ),
        (
            line_of(4, 10, region=list("abcd"), potential=[1.0, 5.0, 5.0, 1.0]),
            {"balance": ("potential",), "tolerance": 0.1, "contiguity": borders("ab", "bc", "bd")},
            ["balance of potential", "territories that hang together"],
            "a tolerance of 17 % instead of 10 %; or leave contiguity out",
        ),
        (
            line_of(5, 10),
            {"balance": ("accounts",), "tolerance": 0.0},
            ["balance of accounts"],
            "a tolerance of 20 % instead of 0 %",
        ),
    ],
)
def test_what_clashes_for_whole_accounts_is_named_with_its_amount(accounts, given, conflict, said):
    reps = bases(2, 1000)
    with pytest.raises(InfeasibleError, match=said) as caught:
        assign_accounts(accounts, reps, **given)
    assert list(caught.value.conflict) == conflict
    tolerance = re.search(r"tolerance of (\d+) %", caught.value.relaxation)
    if tolerance:  # the way out is one
        assert assign_accounts(accounts, reps, **(given | {"tolerance": float(tolerance[1]) / 100 + 1e-9})).table.size


@pytest.mark.parametrize(
    ("accounts", "hours", "given", "said"),
    [  # the share is one that `keep` may be given; what helps only with others is not told as a way out of its own
        (
            line_of(3, 10, rep="r0"),
            [27, 5e3],
            {"keep": 1.0},
            "let at most 66.6 % of the accounts stay instead of 100 %$",
        ),
        (
            line_of(2, 10, rep="r0"),
            [15, 5e3],
            {"keep": 1.0, "locked": {"a0": "r0", "a1": "r0"}},
            r"unlock accounts \(not enough alone\)$",
        ),
        (
            line_of(1, 10, rep="r0"),
            [1e3, 1e3],
            {"keep": 1.0, "balance": ("accounts",), "tolerance": 0.2},
            r"let at most 0 % of the accounts stay instead of 100 % \(not enough alone\); or",
        ),
        (
            line_of(4, 10, rep=["r0", "r0", "r1", "r1"], lat=40.0),
            [15, 15, 5e3],
            {"keep": 1.0},
            "let at most 75 % of the accounts stay instead of 100 %, and some fewer to fit whole accounts$",
        ),
        (
            line_of(2, 10, rep="r0", potential=1e-4),
            [1e3, 1e3],
            {"balance": ("potential",), "tolerance": 0.2, "locked": {"a0": "r0", "a1": "r0"}},
            r"unlock accounts; or a tolerance of 100 % for potential instead of 20 % \(r0 8e-05, r1 8e-05\)$",
        ),
    ],
)
def test_a_way_out_leads_out_or_says_that_it_does_not_alone(accounts, hours, given, said):
    reps = bases(len(hours), 1).assign(hours=hours, lat=40.0)
    with pytest.raises(InfeasibleError) as caught:
        assign_accounts(accounts, reps, **({"balance": ()} | given))
    assert re.search(said, caught.value.relaxation), caught.value.relaxation
    stay = re.search(r"at most ([\d.]+) % of the accounts stay instead of 100 %($|;)", caught.value.relaxation)
    if stay:
        assert assign_accounts(accounts, reps, **({"balance": ()} | given | {"keep": float(stay[1]) / 100})).table.size


@pytest.mark.parametrize("unit", [1.0, 1e-11])
def test_what_clashes_does_not_depend_on_the_unit_of_a_measure(unit):
    accounts = line_of(4, 10, rep="r0", potential=unit)
    said = "No plan: balance of potential and accounts that must stay cannot hold together.*let at most 50 % of"
    with pytest.raises(InfeasibleError, match=said):
        assign_accounts(accounts, bases(2, 1000), balance=("potential",), tolerance=0.1, keep=1.0)


def test_a_tolerance_that_does_not_help_is_not_told_as_enough():
    """One account is too large for the tolerance, and no tolerance helps who has no room for it beside the others."""
    accounts = line_of(3, 100, potential=[500.0, 1.0, 1.0], lat=40.0)
    with pytest.raises(InfeasibleError, match=r"a0 alone is 1.99 times a fair share.*100 % for potential or more"):
        assign_accounts(accounts, bases(2, 160).assign(lat=40.0), balance=("potential",), tolerance=0.2)


@pytest.mark.parametrize(("calls", "tolerance"), [(500, 0.4), (1e5, 0.4), (1e5, math.inf)])
def test_accounts_without_a_place_that_ask_for_more_hours_than_there_are_leave_no_plan(calls, tolerance):
    """The limits of somebody with hours below nought are none: a solver gave no answer, which passed for a plan."""
    accounts, reps = firm(12, 3, 1, spare=1.5)
    accounts.loc[0, ["lat", "rep"]] = [np.nan, "R0"]
    accounts["calls"] = accounts["calls"].astype(float).where(accounts.index > 0, calls)
    reps["hours"] = 200.0
    with pytest.raises(InfeasibleError, match="accounts without a place") as raised:
        assign_accounts(accounts, reps, tolerance=tolerance)
    assert raised.value.conflict == ("each representative's hours",) and "R0" in str(raised.value)


@pytest.mark.parametrize("tolerance", [0.5, math.inf])
def test_who_has_no_hours_left_for_accounts_with_a_place_serves_none(tolerance):
    accounts, reps = firm(12, 3, 1, spare=4.0)
    accounts.loc[0, ["lat", "rep"]] = [np.nan, "R0"]
    accounts["hours_per_call"] = 1.0
    accounts["calls"] = accounts["calls"].astype(float).where(accounts.index > 0, reps["hours"][0])
    plan = assign_accounts(accounts, reps, tolerance=tolerance)
    assert plan.load["accounts"].tolist()[0] == 0 and plan.load["accounts"].sum() == 11
    index = plan.load["balance_index"]
    assert np.isnan(index[0]) and index[1:].notna().all()
    assert plan.bridge["spread"].tolist()[1] == pytest.approx(abs(index[1] - index[2]))


def test_a_plan_without_cost_is_proved_best():
    """Where everybody suits his accounts best nothing can be cheaper; the gap was thousands of times the cost."""
    accounts, reps = firm(12, 3, 1, spare=3.0)
    fit = pd.DataFrame(
        [(rep, account, 4.0 if now == rep else 1.0) for account, now in zip(accounts["account"], accounts["rep"],
         strict=True) for rep in reps["rep"]], columns=["rep", "account", "fit"])  # fmt: skip
    bare = [table.drop(columns=["lat", "lon"]) for table in (accounts, reps)]
    plan = assign_accounts(*bare, fit=fit, tolerance=2.0)
    assert (plan.objective, plan.bound, plan.gap) == (0.0, 0.0, 0.0) and not plan.table["moved"].any()
    assert not [text for text in plan.cautions if "cheaper" in text]


def test_nobody_changes_hands_for_nothing():
    """Where all pairs suit alike, or all live at one place, any plan is best: most accounts went to somebody new."""
    accounts, reps = firm(12, 3, 1, spare=3.0)
    accounts = accounts.assign(rep=["R0", "R1", "R2"] * 4, potential=1.0, calls=10, hours_per_call=1.0)
    pairs = [(rep, account, 2.0) for rep in reps["rep"] for account in accounts["account"]]
    fit = pd.DataFrame(pairs, columns=["rep", "account", "fit"])
    bare = [table.drop(columns=["lat", "lon"]) for table in (accounts, reps)]
    for balance in (("accounts",), ("hours", "potential")):
        assert not assign_accounts(*bare, fit=fit, tolerance=0.1, balance=balance).table["moved"].any()
    placed = [table.assign(lat=50.0, lon=8.0) for table in (accounts, reps)]
    plan = assign_accounts(*placed, tolerance=0.1)
    assert not plan.table["moved"].any() and plan.gap == 0.0


@pytest.mark.parametrize("prices", [{"move_price": 1e9}, {"fit_weight": 1e12}])
def test_a_price_that_rules_something_out_leaves_the_bound_as_it_is(prices):
    accounts, reps = firm(12, 3, 1, spare=3.0)
    fit = pd.DataFrame(
        [(rep, account, 4.0 if now == rep else 1.0) for account, now in zip(accounts["account"], accounts["rep"],
         strict=True) for rep in reps["rep"]], columns=["rep", "account", "fit"])  # fmt: skip
    plan = assign_accounts(accounts, reps, fit=fit if "fit_weight" in prices else None, tolerance=2.0, **prices)
    assert not plan.table["moved"].any() and plan.gap < 1e-9
    assert not [text for text in plan.cautions if "cheaper" in text]


@pytest.mark.parametrize("factor", [1e-9, 1e-6, 1e-3])
def test_small_costs_are_told_apart(factor):
    """Solvers know costs to some decimals: the plan and its bound may not depend on the unit that costs are in."""
    draw = np.random.default_rng(3)
    cost, weight = draw.random((9, 3)), draw.uniform(0.5, 1.5, 9)
    use, fair = np.repeat(weight[:, None], 3, axis=1), np.full(3, weight.sum() / 3)
    load = Load("hours", "balance", use, 0.9 * fair, 1.1 * fair, fair)
    plain = solve_matching(Matching(cost, (load,)), gap=1e-7)
    small = solve_matching(Matching(cost * factor, (load,)), gap=1e-7)
    assert plain.cost == pytest.approx(
        min(
            cost[np.arange(9), choice].sum()
            for choice in map(np.array, itertools.product(range(3), repeat=9))
            if (np.abs(np.bincount(choice, weight, 3) / fair - 1) <= 0.1).all()
        )
    )
    assert small.choice.tolist() == plain.choice.tolist()
    assert small.bound <= small.cost == pytest.approx(factor * plain.cost)


def test_limits_that_are_none_are_no_plan():
    """A lower end above the upper one is refused by the solver, whose empty answer is not to be read as a plan."""
    load = Load("hours", "balance", np.ones((4, 2)), np.full(2, 3.0), np.full(2, 1.0), np.ones(2))
    with pytest.raises(RunError, match="could not be solved"):
        relax(Matching(np.ones((4, 2)), (load,)))
    nobody = solve_matching(Matching(np.array([[1.0, 2.0], [np.inf, np.inf]]), (load,)))
    assert not nobody.choice.size and nobody.bound == np.inf


def hard(accounts=60, reps=6):
    """An assignment of which a search finds many plans, better and better ones."""
    draw = np.random.default_rng(0)
    cost = 100 * np.linalg.norm(draw.random((accounts, 1, 2)) - draw.random((1, reps, 2)), axis=2)
    weight = draw.uniform(1, 2, accounts)
    fair = np.full(reps, weight.sum() / reps)
    load = Load("hours", "balance", np.repeat(weight[:, None], reps, axis=1), 0.97 * fair, 1.03 * fair, fair)
    return Matching(cost, (load,))


def test_the_first_search_has_the_time_that_it_is_given():
    """With less than a second it had none: the first plan of all was taken, and the search ended there."""
    problem = hard()
    usable = np.ones(problem.cost.shape, dtype=bool)
    none = np.zeros(0, dtype=np.int64)
    choice, bound = assignment._branch(problem, usable, none, time.perf_counter() + 0.6, 0.01, patient=False)
    assert problem.cost_of(choice) <= 1.1 * bound


def test_time_is_added_only_where_no_plan_is_known():
    problem = hard(200, 12)
    usable = np.ones(problem.cost.shape, dtype=bool)
    choice, _ = assignment._branch(
        problem, usable, np.zeros(0, dtype=int), time.perf_counter() + 0.3, 0.5, patient=True
    )
    assert choice.size
    start = time.perf_counter()
    again, _ = assignment._branch(problem, usable, choice, start + 0.1, 0.0, patient=True)
    assert again.size and time.perf_counter() - start < 1.0


def test_polishing_ends_with_the_clock():
    problem = hard()
    choice = relax(problem).nearest
    rough = Solution(choice, problem.cost_of(choice), 0.0, None, "integer")
    assert polish(problem, rough, deadline=0.0).choice.tolist() == choice.tolist()
    assert polish(problem, rough, deadline=0.0).by_clock and not polish(problem, rough).by_clock


def test_a_plan_that_saves_no_travel_is_not_said_to_save_any():
    """By skills alone the finding was "hours of travel saved: 0", and of a plan for balance "-120"."""
    accounts, reps = firm(12, 3, 1, spare=3.0)
    accounts = accounts.assign(rep=["R0", "R1", "R2"] * 4)
    then = dict(zip(accounts["account"], ["R1", "R2", "R0"] * 4, strict=True))
    pairs = [(rep, account, 4.0 if then[account] == rep else 1.0) for account in then for rep in reps["rep"]]
    fit = pd.DataFrame(pairs, columns=["rep", "account", "fit"])
    bare = [table.drop(columns=["lat", "lon"]) for table in (accounts, reps)]
    said = conclude_team(SIZE, assign_accounts(*bare, fit=fit, tolerance=2.0))
    assert (
        "reassigning 12 accounts of 12 leaves hours of travel a year as they are within everybody's hours."
        in said.answer
    )
    found = {one.what: (one.value, one.unit) for one in said.findings}
    assert found["Accounts that change hands for balance or fit"] == (12.0, "accounts")
    dear = assign_accounts(accounts, reps, fit=fit, fit_weight=1e4, tolerance=2.0)
    more = np.diff(dear.bridge["travel"]).item()
    if more < 0:
        dear = dataclasses.replace(dear, bridge=dear.bridge.assign(travel=dear.bridge["travel"].to_numpy()[::-1]))
    (found,) = [one for one in conclude_team(SIZE, dear).findings if one.unit == "accounts"]
    assert found.what.endswith(f", for {abs(more):,.0f} hours of travel a year more")


def test_a_bound_holds_for_pairs_that_the_programme_has_not_seen(monkeypatch):
    """The first programme may use one pair of each account; what it proves of these is no bound on all plans."""
    falls_short = 0
    for seed in range(40):
        draw = np.random.default_rng(seed)
        use, cost = draw.integers(5, 25, (8, 4)).astype(float), draw.integers(10, 30, (8, 4)).astype(float)
        most, none = np.full(4, 1.2 * use.mean() * 2), np.full(4, -np.inf)
        problem = Matching(cost, (Load("hours", "capacity", use, none, most, most),))
        exact = solve_matching(problem, gap=0.0)
        with monkeypatch.context() as few:
            few.setattr(assignment, "PAIRS_FIRST", 2)
            rough = solve_matching(problem, gap=0.2)
        assert rough.bound <= exact.cost * (1 + 1e-9) <= rough.cost * (1 + 2e-9)
        falls_short += rough.cost > exact.cost + 1e-9
    assert falls_short


def test_the_spread_of_a_step_is_its_largest_less_its_smallest_share():
    accounts, reps = firm(30, 4, 3)
    plan = assign_accounts(accounts, reps, gap=0.05)
    hours = accounts["calls"] * accounts["hours_per_call"]
    today = hours.groupby(accounts["rep"]).sum().reindex(reps["rep"], fill_value=0) / (hours.sum() / 4)
    index = plan.load["balance_index"]
    assert plan.bridge["spread"].tolist() == pytest.approx([today.max() - today.min(), index.max() - index.min()])
