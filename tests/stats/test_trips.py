"""Trips of who serves whom: own accounts only, ways by detour or table, hours that lack, and a router's trips."""

import numpy as np
import pandas as pd
import pytest
from ortools.constraint_solver import pywrapcp, routing_enums_pb2

from salesopt.stats.distances import DAY_HOURS, TRIP_DAYS
from salesopt.stats.geography import EARTH_KM, locate
from salesopt.stats.territories import TOUR_FACTOR, Road, lay_out
from salesopt.territories import assign_accounts

KM, NIGHT = 0.5, 120.0


def degrees(km: float) -> float:
    return km / (np.radians(1) * EARTH_KM)


def firm(east: dict[str, float], served: dict[str, str], hours: float = 1500.0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Accounts so many km east of Ann, who lives at 0; Bob lives 300 km east of her. 20 calls of 2 hours each."""
    accounts = pd.DataFrame({"account": list(east), "lat": 0.0, "lon": [degrees(km) for km in east.values()]})
    accounts = accounts.assign(potential=1.0, calls=20.0, hours_per_call=2.0, rep=list(served.values()))
    reps = pd.DataFrame({"rep": ["Ann", "Bob"], "role": "representative", "lat": 0.0, "lon": [0.0, degrees(300.0)]})
    return accounts, reps.assign(cost=1.0, hours=hours)


def by_hand(out: float, hop: float, *, speed: float = 60.0, detour: float = 1.3) -> np.ndarray:
    """Hours on the road and nights away a year for 20 calls of 2 hours, in as many days as the way is long."""
    out, hop = out * detour, hop * detour * TOUR_FACTOR
    days = min(max(np.ceil(2 * out / speed / (DAY_HOURS / 4)), 1), TRIP_DAYS)
    visits = max((days * DAY_HOURS - 2 * out / speed + hop / speed) / (2 + hop / speed), 1)
    return np.array([(2 * out + (visits - 1) * hop) / speed, days - 1]) * 20 / visits


def test_a_trip_goes_on_to_the_nearest_account_of_ones_own():
    """b is nearer to a than c is, but Bob's; once all are Ann's, the way goes by b."""
    accounts, reps = firm({"a": 50.0, "b": 55.0, "c": 80.0}, {"a": "Ann", "b": "Bob", "c": "Ann"})
    bridge = assign_accounts(accounts, reps, balance=(), tolerance=np.inf).bridge
    today, then = bridge[["trips_travel", "trips_nights"]].to_numpy()
    assert today == pytest.approx(by_hand(50, 30) + by_hand(80, 30) + by_hand(245, 0), rel=1e-6)
    assert then == pytest.approx(by_hand(50, 5) + by_hand(55, 5) + by_hand(80, 25), rel=1e-6)
    assert (bridge["calls_per_trip"] * bridge["trips_travel"]).tolist() == pytest.approx(
        (4 * bridge["travel"]).tolist()
    )


def test_who_has_too_few_hours_for_trips_is_counted_and_said():
    accounts, reps = firm({"a": 100.0, "b": 130.0}, {"a": "Ann", "b": "Ann"}, hours=130.0)
    result = assign_accounts(accounts, reps, balance=(), tolerance=np.inf)
    today, then = result.bridge.to_dict("records")
    assert (
        then["trips_travel"]
        == today["trips_travel"]
        == pytest.approx((by_hand(100, 30) + by_hand(130, 30))[0], rel=1e-6)
    )
    assert then["travel"] + 80 < 130 < then["trips_travel"] + 80 and then["lacking"] == 1
    (said,) = [text for text in result.cautions if "Strung into trips" in text]
    assert f"{then['trips_travel']:,.0f} hours on the road" in said and "1 of 2 people then lacks hours" in said
    right = assign_accounts(accounts, reps.assign(hours=1500), balance=(), calls_per_trip=then["calls_per_trip"])
    assert right.bridge["travel"].iloc[1] == pytest.approx(then["trips_travel"])
    assert not [text for text in right.cautions if "Strung into trips" in text]


def test_ways_of_a_table_are_taken_as_they_are_and_without_places_there_are_no_trips():
    accounts, reps = firm({"a": 100.0, "b": 130.0}, {"a": "Ann", "b": "Ann"})
    accounts, reps = accounts.assign(region=["A", "B"]), reps.assign(region=["H", "I"])
    ways = {
        ("H", "A"): 100.0,
        ("H", "B"): 130.0,
        ("A", "B"): 30.0,
        ("I", "A"): 200.0,
        ("I", "B"): 170.0,
        ("H", "I"): 300,
    }
    table = pd.DataFrame([(*pair, km) for pair, km in ways.items()], columns=["origin", "destination", "km"])
    result = assign_accounts(accounts, reps, balance=(), tolerance=np.inf, travel=table)
    expected = by_hand(100, 30, detour=1.0) + by_hand(130, 30, detour=1.0)
    assert result.bridge["trips_travel"].iloc[1] == pytest.approx(expected[0])
    fit = pd.DataFrame({"rep": ["Ann", "Bob"] * 2, "account": ["a", "a", "b", "b"], "fit": [1.0, 0.0, 0.0, 1.0]})
    nowhere = [frame.drop(columns=["lat", "lon", "region"]) for frame in (accounts, reps)]
    bridge = assign_accounts(*nowhere, balance=(), fit=fit).bridge
    assert bridge[["trips_travel", "trips_nights", "lacking", "calls_per_trip"]].isna().all(axis=None)


@pytest.mark.parametrize("side", [100.0, 250.0])
def test_trips_cost_little_less_than_those_of_a_router(side):
    """30 accounts to be visited once, in trips of one to three days: a night costs 120, a km 0.50."""
    place = np.random.default_rng(0).uniform(0, degrees(side), (30, 2))
    where, rows, visit = locate(pd.DataFrame(place, columns=["lat", "lon"])), np.arange(30), np.full(30, 1.0)
    plan = lay_out(where, rows, visit, visit, 1, Road(60.0, 1.0, DAY_HOURS, TRIP_DAYS))
    routed = _routed(where.between_rows(rows), int(plan.base[0]))
    assert 0.7 < (KM * plan.km.sum() + NIGHT * plan.nights.sum()) / routed < 1.05


def _routed(km: np.ndarray, base: int) -> float:
    """Cost of the trips from the place of account `base` that OR-Tools finds, an hour a visit, 60 km an hour."""
    ways = np.pad(km, (0, 1), mode="constant")
    ways[-1, :-1] = ways[:-1, -1] = km[base]
    days = [day for day, count in ((1, 12), (2, 6), (3, 6)) for _ in range(count)]
    manager = pywrapcp.RoutingIndexManager(len(ways), len(days), len(km))
    routing = pywrapcp.RoutingModel(manager)
    for values, used in ((KM * ways, "cost"), (ways / 60 + np.append(np.ones(len(km)), 0.0)[:, None], "hours")):
        whole = np.rint(1000 * values).astype(int).tolist()

        def way(one: int, two: int, whole=whole) -> int:
            return whole[manager.IndexToNode(one)][manager.IndexToNode(two)]

        callback = routing.RegisterTransitCallback(way)
        if used == "cost":
            routing.SetArcCostEvaluatorOfAllVehicles(callback)
        else:
            routing.AddDimensionWithVehicleCapacity(callback, 0, [int(8000 * day) for day in days], True, used)
    for number, day in enumerate(days):
        routing.SetFixedCostOfVehicle(int(1000 * NIGHT * (day - 1)), number)
    search = pywrapcp.DefaultRoutingSearchParameters()
    search.first_solution_strategy = routing_enums_pb2.FirstSolutionStrategy.SAVINGS
    search.local_search_metaheuristic = routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    search.solution_limit = 150
    return routing.SolveWithParameters(search).ObjectiveValue() / 1000
