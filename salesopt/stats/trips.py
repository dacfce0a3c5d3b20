"""What calls take on the road once visits are strung into trips: out, from account to account, and back home."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesopt.stats.distances import DAY_HOURS, TRIP_DAYS
from salesopt.stats.geography import locate
from salesopt.stats.pairs import Pairs
from salesopt.stats.territories import TOUR_FACTOR, Road, nearest, trip_travel

NEAR = 0.1  # fraction up to which trips count as the travel that was counted


@dataclass(frozen=True, eq=False)
class Trips:
    """A year's trips of everybody who serves accounts.

    travel, nights : hours on the road and nights away, per account
    lacking : people whose calls and trips take more hours than they have
    """

    travel: np.ndarray
    nights: np.ndarray
    lacking: int


def string_trips(
    pairs: Pairs,
    accounts: pd.DataFrame,
    whose: np.ndarray,
    *,
    distances: pd.DataFrame | None,
    speed: float,
    detour: float,
) -> Trips | None:
    """The trips in which representatives `whose` (place per account, -1 nobody) make the calls of `accounts`.

    The ways, days and trips are those of the comparison of structures (`territories.trip_travel`): trips of up to
    TRIP_DAYS days of DAY_HOURS hours, from the base to an account, on to the nearest of one's own, and back. None where
    no place is known. For 20 to 60 accounts on squares of 60 to 500 km they cost 0.68 to 0.97 of the cheapest trips
    that OR-Tools found in 8 s, 0.88 in the middle (a night at 120, a km at 0.50): rather too little than too much.

    accounts : checked table with calls and hours_per_call; distances : table of that name, None: great circles
    """
    where = locate(pairs.places if distances is None else pairs.places[["region"]], distances)
    if where is None:
        return None
    given = accounts.set_index("account").loc[pairs.account]
    rows = np.flatnonzero(whose >= 0)
    out = pairs.km[rows, whose[rows]]
    hop = nearest(where, rows, whose[rows], len(pairs.rep)) * (detour if distances is None else 1.0) * TOUR_FACTOR
    visit, calls = (given[name].to_numpy(float)[rows] for name in ("hours_per_call", "calls"))
    _, each, nights = trip_travel(out, hop, visit, Road(speed, detour, DAY_HOURS, TRIP_DAYS))
    travel, away = np.zeros((2, len(whose)))
    travel[rows], away[rows] = calls * each, calls * nights
    load = np.bincount(whose[rows], pairs.hours[rows, whose[rows]] + travel[rows], len(pairs.rep))
    return Trips(travel, away, int((load > pairs.capacity + 1e-6).sum()))


def compare_trips(
    bridge: pd.DataFrame, today: Trips | None, then: Trips | None, served: np.ndarray, way: float
) -> pd.DataFrame:
    """`bridge` with the trips of today and of the plan: trips_travel, trips_nights, lacking, calls_per_trip.

    served : whether somebody here serves the account today; only these are compared
    way    : calls that travel counts on each way out
    """
    if today is None or then is None:
        return bridge.assign(trips_travel=np.nan, trips_nights=np.nan, lacking=np.nan, calls_per_trip=np.nan)
    hours = np.array([trips.travel[served].sum() for trips in (today, then)])
    return bridge.assign(
        trips_travel=hours,
        trips_nights=[trips.nights[served].sum() for trips in (today, then)],
        lacking=[today.lacking, then.lacking],
        calls_per_trip=np.divide(way * bridge["travel"], hours, out=np.full(2, np.nan), where=hours > 0),
    )


def doubt_trips(bridge: pd.DataFrame, way: float, people: int) -> list[str]:
    """That trips take another travel than was counted, or more hours than people have, where they do."""
    today, then = bridge.to_dict("records")
    other = [abs(step["travel"] - step["trips_travel"]) > NEAR * step["trips_travel"] for step in (today, then)]
    if not (any(other) or then["lacking"] > 0):
        return []
    short = int(then["lacking"])
    lacking = f"; {short} of {people} people then {'lacks' if short == 1 else 'lack'} hours" if short else ""
    said = [
        f"{step['trips_travel']:,.0f} hours on the road and {step['trips_nights']:,.0f} nights away {who} (counted: "
        f"{step['travel']:,.0f} hours)"
        for step, who in ((then, "as assigned here"), (today, "with today's owners"))
    ]
    return [
        f"Strung into trips of up to {TRIP_DAYS:g} days of {DAY_HOURS:g} hours, on to the nearest of one's own "
        f"accounts each time, the calls planned take {' and '.join(said)}{lacking}. calls_per_trip "
        f"{then['calls_per_trip']:.2g} in place of {way:g} would count as much for the plan."
    ]
