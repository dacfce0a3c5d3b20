"""Territories: distances against vectors and a published one, balance, fewest people, travel against a router."""

import numpy as np
import pandas as pd
import pytest
from ortools.constraint_solver import pywrapcp, routing_enums_pb2

from salesopt.errors import DataError
from salesopt.stats.geography import EARTH_KM, great_circle_km, locate
from salesopt.stats.territories import TOUR_FACTOR, Road, cut, lay_out, staff, trip_travel

ROAD = Road(speed=60.0, detour=1.0, day=8.0, trip_days=1.0)


def points(count: int, side: float, seed: int = 0) -> pd.DataFrame:
    """Accounts strewn evenly over a square of `side` km near the equator, where a degree is the same both ways."""
    place = np.random.default_rng(seed).uniform(0, side, (count, 2)) / (np.radians(1) * EARTH_KM)
    return pd.DataFrame({"lat": place[:, 0], "lon": place[:, 1]})


def test_distance_is_the_angle_between_two_places_on_the_sphere():
    place = np.random.default_rng(1).uniform([-80, -180], [80, 180], (40, 2))
    ours = great_circle_km(place[:, None, 0], place[:, None, 1], place[None, :, 0], place[None, :, 1])
    lat, lon = np.radians(place).T
    vector = np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])
    across = np.linalg.norm(np.cross(vector[:, None], vector[None, :]), axis=2)
    assert ours == pytest.approx(EARTH_KM * np.arctan2(across, vector @ vector.T), abs=1e-6)


def test_nashville_to_los_angeles():
    """Rosetta Code's task "Haversine formula": 2887.26 km with an earth radius of 6372.8 km."""
    one = [np.array([value]) for value in (36.12, -86.67, 33.94, -118.40)]
    assert great_circle_km(*one)[0] * 6372.8 / EARTH_KM == pytest.approx(2887.2599506071106)


def test_regions_are_as_far_apart_as_the_table_says():
    plane = {"a": (0, 0), "b": (30, 0), "c": (0, 40)}
    frame = pd.DataFrame({"region": ["a", "b", "c", "a"]})
    rows = [(one, two, float(np.hypot(*np.subtract(plane[one], plane[two])))) for one in plane for two in plane]
    half = pd.DataFrame([row for row in rows if row[0] < row[1]], columns=["origin", "destination", "km"])
    found = locate(frame, half)
    every = found.between_rows(np.arange(4))
    assert every[0, 1] == 30
    assert every[2, 1] == 50
    assert every[0, 3] == 0
    drawn = np.linalg.norm(found.plane[:, None] - found.plane[None, :], axis=2)
    assert drawn == pytest.approx(every, abs=1e-6), "the plane used for cutting keeps the distances"


def test_a_way_that_is_missing_is_named():
    frame = pd.DataFrame({"region": ["a", "b", "c"]})
    table = pd.DataFrame({"origin": ["a"], "destination": ["b"], "km": [3]})
    with pytest.raises(DataError, match="a - c, b - c"):
        locate(frame, table)


def test_two_directions_that_do_not_agree_are_refused_and_near_ones_are_averaged():
    frame = pd.DataFrame({"region": ["a", "b"]})
    table = pd.DataFrame({"origin": ["a", "b"], "destination": ["b", "a"], "km": [10.0, 12.0]})
    assert locate(frame, table).between_rows(np.arange(2))[0, 1] == 11
    for km in ([10.0, 500.0], [500.0, 10.0]):
        with pytest.raises(DataError, match="a - b: 10 km one way, 500 km back"):
            locate(frame, table.assign(km=km))


@pytest.mark.parametrize("place", ["degrees", "regions"])
def test_no_way_leads_to_a_place_that_is_not_known(place):
    random = np.random.default_rng(0)
    if place == "degrees":
        frame, table = points(40, 200.0, 0), None
        frame.loc[[3, 7], "lat"] = np.nan
    else:
        frame = pd.DataFrame({"region": random.choice(list("abcd"), 40)})
        frame.loc[[3, 7], "region"] = None
        pairs = [(one, two, 50.0) for one in "abcd" for two in "abcd" if one < two]
        table = pd.DataFrame(pairs, columns=["origin", "destination", "km"])
    hours, visits = random.uniform(5, 15, 40), np.full(40, 10.0)
    gaps, others = locate(frame, table), np.delete(np.arange(40), [3, 7])
    plan = lay_out(gaps, np.arange(40), hours, hours / visits, 1, ROAD)
    whole = lay_out(locate(frame.loc[others], table), np.arange(38), hours[others], (hours / visits)[others], 1, ROAD)
    assert plan.km[[3, 7]].tolist() == plan.travel[[3, 7]].tolist() == [0, 0]
    assert plan.km[others] == pytest.approx(whole.km), "the others travel as if the two were not there"
    assert gaps.known.sum() == 38 and not set(plan.base) & {3, 7}
    assert locate(pd.DataFrame({"lat": [np.nan], "lon": [1.0]})) is None


def test_the_short_way_round_the_date_line():
    found = locate(pd.DataFrame({"lat": [0.0, 0.0], "lon": [179.5, -179.5]}))
    assert np.ptp(found.plane[:, 0]) == pytest.approx(np.radians(1) * EARTH_KM)


@pytest.mark.parametrize("parts", [1, 2, 3, 7, 12])
def test_areas_share_the_work_evenly(parts):
    random = np.random.default_rng(parts)
    plane, work = random.uniform(size=(600, 2)), random.uniform(0.5, 1.5, 600)
    load = np.bincount(cut(plane, work, parts), work, parts)
    assert load.sum() == pytest.approx(work.sum())
    assert load.max() / load.mean() < 1.05
    assert load.min() / load.mean() > 0.95


def test_areas_are_compact():
    plane = np.random.default_rng(5).uniform(size=(400, 2))
    label = cut(plane, np.ones(400), 4)
    spread = np.mean([np.var(plane[label == area], axis=0).sum() for area in range(4)])
    assert spread == pytest.approx((2 / 12) / 4, rel=0.15), "four quarters of a square, not four stripes"


def test_a_trip_fills_its_hours():
    """Two and a half hours out and back, visits of an hour, hops of half an hour: (8 - 2.5 + 0.5) / 1.5 = 4 visits."""
    km, travel, nights = trip_travel(np.array([75.0]), np.array([30.0]), np.array([1.0]), ROAD)
    assert km[0] == pytest.approx((150 + 3 * 30) / 4)
    assert 4 * (travel[0] + 1.0) == pytest.approx(8.0)
    assert nights[0] == 0


def test_a_long_way_is_a_trip_of_several_days():
    road = Road(speed=60.0, detour=1.0, day=8.0, trip_days=3.0)
    km, travel, nights = trip_travel(np.array([150.0]), np.array([30.0]), np.array([1.0]), road)
    visits = (24 - 5 + 0.5) / 1.5
    assert nights[0] * visits == pytest.approx(2)
    assert visits * (travel[0] + 1.0) == pytest.approx(24.0)
    assert km[0] == pytest.approx((300 + (visits - 1) * 30) / visits)


def test_too_far_for_a_visit_a_day_is_one_visit_a_trip():
    km, travel, _ = trip_travel(np.array([300.0]), np.array([1.0]), np.array([1.0]), ROAD)
    assert km[0] == 600
    assert travel[0] == pytest.approx(10)


@pytest.mark.parametrize("side", [150.0, 500.0])
@pytest.mark.parametrize("seed", range(4))
def test_staff_finds_the_fewest_people(seed, side):
    """Also where travel takes most of the hours, so that the first guesses are far from the answer."""
    random = np.random.default_rng(seed)
    where = locate(points(120, side, seed))
    rows, visits = np.arange(120), random.integers(4, 20, 120).astype(float)
    hours = visits * random.uniform(0.5, 1.5, 120)
    plan = staff(where, rows, hours, visits, 400.0, ROAD)

    def enough(parts: int) -> bool:
        first = lay_out(where, rows, hours, hours / visits, parts, ROAD)
        final = lay_out(where, rows, hours + visits * first.travel, hours / visits, parts, ROAD)
        return float(hours.sum() + visits @ final.travel) <= parts * 400.0

    assert enough(plan.count)
    assert not any(enough(parts) for parts in range(1, plan.count))


def test_travel_is_what_a_router_drives():
    """48 accounts to be visited once by one person in days of 6: our way against OR-Tools' best tours."""
    ratios = []
    for seed in range(3):
        where = locate(points(48, 120.0, seed))
        rows = np.arange(48)
        plan = lay_out(where, rows, np.ones(48), np.full(48, 0.5), 1, ROAD)
        stops = 6
        ours = _way(where, rows, int(plan.base[0]), stops)
        ratios.append(ours / _driven(where.between_rows(rows), int(plan.base[0]), stops))
    assert min(ratios) > 0.93
    assert max(ratios) < 1.02


def _way(where, rows: np.ndarray, base: int, stops: int) -> float:
    """Our way of one visit to each row in days of `stops` stops, km."""
    out = where.km(np.array(base), rows)
    between = where.between_rows(rows)
    np.fill_diagonal(between, np.inf)
    hop = between.min(axis=1) * TOUR_FACTOR
    # Visits so long that exactly `stops` of them and their ways fill the day.
    visit = (ROAD.day - 2 * out / ROAD.speed - (stops - 1) * hop / ROAD.speed) / stops
    return float(trip_travel(out, hop, visit, ROAD)[0].sum())


def _driven(between: np.ndarray, base: int, stops: int) -> float:
    """Way of the tours of at most `stops` stops that OR-Tools finds from `base`, km."""
    manager = pywrapcp.RoutingIndexManager(len(between), len(between) // stops + 1, base)
    routing = pywrapcp.RoutingModel(manager)
    metres = np.rint(between * 1000).astype(int).tolist()
    way = routing.RegisterTransitCallback(lambda one, two: metres[manager.IndexToNode(one)][manager.IndexToNode(two)])
    routing.SetArcCostEvaluatorOfAllVehicles(way)
    one = routing.RegisterUnaryTransitCallback(lambda at: int(manager.IndexToNode(at) != base))
    routing.AddDimension(one, 0, stops, True, "stops")
    search = pywrapcp.DefaultRoutingSearchParameters()
    search.first_solution_strategy = routing_enums_pb2.FirstSolutionStrategy.SAVINGS
    return routing.SolveWithParameters(search).ObjectiveValue() / 1000
