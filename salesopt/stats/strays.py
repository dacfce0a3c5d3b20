"""Places of accounts and people that lie so far from all others that a typing error is likely."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from salesopt.stats.distances import Numbers, great_circle

FAR = 5.0  # times the distance from the middle within which three quarters of all places lie
LEAST_KM = 300.0  # and no nearer to the middle than this
FEWEST = 4  # places from which on one can be far from the others
COLUMNS = ["table", "row", "name", "lat", "lon", "km", "guess"]
SLIPS: dict[str, Callable[[Numbers, Numbers], tuple[Numbers, Numbers]]] = {
    "lat and lon seem exchanged": lambda lat, lon: (lon, lat),
    "lat seems to have the wrong sign": lambda lat, lon: (-lat, lon),
    "lon seems to have the wrong sign": lambda lat, lon: (lat, -lon),
    "the decimal point of lat seems to have slipped": lambda lat, lon: (10 * lat, lon),
    "the decimal point of lon seems to have slipped": lambda lat, lon: (lat, 10 * lon),
    "lat has a digit too many before its point, as it seems": lambda lat, lon: (lat / 10, lon),
    "lon has a digit too many before its point, as it seems": lambda lat, lon: (lat, lon / 10),
}
NOWHERE = "0, 0 lies in the Gulf of Guinea and mostly stands for a place that is not known: leave both blank"
UNKNOWN = "a slip in one of the two, or an account of another kind"


def stray_places(
    accounts: pd.DataFrame | None, reps: pd.DataFrame | None, distances: pd.DataFrame | None = None
) -> pd.DataFrame:
    """The places in the tables `accounts` and `reps` that lie far from all others, with what each probably is.

    Returns table, row (counted from 0), name, lat, lon, km (from the middle of all places), guess; one row per place.
    Far is more than `FAR` times the distance within which three quarters of all places lie, and `LEAST_KM`. None
    where there is a table `distances`, by which travel is then counted.
    """
    if distances is not None:
        return pd.DataFrame(columns=COLUMNS)
    parts = [
        _located(table, name, key) for table, name, key in ((accounts, "accounts", "account"), (reps, "reps", "rep"))
    ]
    places = pd.concat(parts, ignore_index=True)
    lat, lon = places["lat"].to_numpy(), places["lon"].to_numpy()
    known = (lat != 0) | (lon != 0)
    if known.sum() < FEWEST:
        return pd.DataFrame(columns=COLUMNS)
    middle = np.array([np.median(lat[known])]), np.array([np.median(lon[known])])
    km = great_circle(lat, lon, *middle)[:, 0]
    limit = max(FAR * float(np.quantile(km[known], 0.75)), LEAST_KM)
    guess = np.full(len(places), UNKNOWN, dtype=object)
    for said, mend in reversed(SLIPS.items()):
        mended = mend(lat, lon)
        possible = (np.abs(mended[0]) <= 90) & (np.abs(mended[1]) <= 180)
        guess[possible & (great_circle(*mended, *middle)[:, 0] <= limit)] = said
    guess[~known] = NOWHERE
    return places.assign(km=km, guess=guess).loc[km > limit, COLUMNS].astype({"row": int}).reset_index(drop=True)


def _located(table: pd.DataFrame | None, name: str, key: str) -> pd.DataFrame:
    """The rows of a table that have a place."""
    if table is None or not {key, "lat", "lon"} <= set(table.columns):
        return pd.DataFrame({column: [] for column in COLUMNS[:5]})
    found = table[[key, "lat", "lon"]].rename(columns={key: "name"}).assign(table=name, row=np.arange(len(table)))
    return found.dropna(subset=["lat", "lon"])
