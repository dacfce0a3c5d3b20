"""What calls take on the road once visits are strung into trips: out, from account to account, and back home."""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesopt.stats.distances import DAY_HOURS, TRIP_DAYS
from salesopt.stats.geography import Geography, locate
from salesopt.stats.matching import Numbers, Places
from salesopt.stats.pairs import Pairs
from salesopt.stats.territories import TOUR_FACTOR, Road, nearest, trip_travel

NEAR = 0.1  # fraction up to which trips count as the travel that was counted


def add_trips(
    bridge: pd.DataFrame,
    pairs: Pairs,
    accounts: pd.DataFrame,
    choice: Places,
    *,
    distances: pd.DataFrame | None,
    road: Road,
    way: float,
) -> pd.DataFrame:
    """`bridge` (today, then `choice`) with trips_travel, trips_nights, lacking and calls_per_trip.

    The ways, days and trips are those of the comparison of structures (`territories.trip_travel`): from the base to an
    account, on to the nearest of one's own, and back. For 20 to 60 accounts on squares of 60 to 500 km they cost 0.68
    to 0.97 of the cheapest trips that OR-Tools found in 8 s, 0.88 in the middle (a night at 120, a km at 0.50): rather
    too little than too much. All are nan where no place is known; of travel and nights only those of accounts that
    somebody here serves today are compared.

    accounts : checked table with calls and hours_per_call; distances : table of that name, None: great circles
    way      : calls that travel counts on each way out
    """
    where = locate(pairs.places if distances is None else pairs.places[["region"]], distances)
    if where is None:
        return bridge.assign(trips_travel=np.nan, trips_nights=np.nan, lacking=np.nan, calls_per_trip=np.nan)
    work = accounts.set_index("account").loc[pairs.account, ["hours_per_call", "calls"]].to_numpy(float)
    longer = road.detour if distances is None else 1.0
    travel, nights, lacking = zip(
        *(_string(pairs, where, work, whose, road, longer) for whose in (pairs.now, choice)), strict=True
    )
    counted, hours = way * bridge["travel"].to_numpy(float), np.array(travel)
    implied = np.divide(counted, hours, out=np.full(2, np.nan), where=hours > 0)
    return bridge.assign(trips_travel=travel, trips_nights=nights, lacking=lacking, calls_per_trip=implied)


def _string(
    pairs: Pairs, where: Geography, work: Numbers, whose: Places, road: Road, longer: float
) -> tuple[float, float, int]:
    """Hours on the road and nights away a year, and how many people lack hours, where `whose` serve the accounts.

    work : hours of a call and calls a year per account; whose : place per account, -1 nobody
    """
    rows = np.flatnonzero(whose >= 0)
    mine, (visit, calls) = whose[rows], work[rows].T
    hop = nearest(where, rows, mine, len(pairs.rep)) * longer * TOUR_FACTOR
    _, travel, nights = trip_travel(pairs.km[rows, mine], hop, visit, road)
    load = np.bincount(mine, pairs.hours[rows, mine] + calls * travel, len(pairs.rep))
    compared = calls * (pairs.now[rows] >= 0)
    return float(compared @ travel), float(compared @ nights), int((load > pairs.capacity + 1e-6).sum())


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
