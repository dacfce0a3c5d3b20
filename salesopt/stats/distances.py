"""Distances between accounts and bases, along the great circle or from a table of regions; how ways become hours."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from salesopt.errors import DataError

Numbers = NDArray[np.float64]
EARTH_KM = 6371.0088  # mean radius (IUGG)
SPEED = 60.0  # km an hour on the road; this and the next hold for every chapter that reckons travel
DETOUR = 1.3  # road over straight line, where places are coordinates; the ways of a table are taken as they are
DAY_HOURS, TRIP_DAYS = 8.0, 3.0  # hours of a day in the field; days of the longest trip before going home
APART = 0.25  # by which part of the longer one the two directions of a way may differ, as one-way streets make them


def great_circle_km(lat: Numbers, lon: Numbers, to_lat: Numbers, to_lon: Numbers) -> Numbers:
    """Distance in km on a sphere of 6,371.0088 km (haversine formula); arguments in degrees, shapes broadcast."""
    here, there = np.radians(lat), np.radians(to_lat)
    half = np.sin((there - here) / 2) ** 2
    half = half + np.cos(here) * np.cos(there) * np.sin(np.radians(np.asarray(to_lon) - np.asarray(lon)) / 2) ** 2
    return 2 * EARTH_KM * np.arcsin(np.sqrt(np.clip(half, 0.0, 1.0)))


def great_circle(lat: Numbers, lon: Numbers, base_lat: Numbers, base_lon: Numbers) -> Numbers:
    """Distance in km of each place (rows) from each base (columns), see `great_circle_km`."""
    return great_circle_km(lat[:, None], lon[:, None], base_lat[None, :], base_lon[None, :])


def travel_hours(km: Numbers, calls: Numbers, speed: float, calls_per_trip: float) -> Numbers:
    """Hours on the road for `calls`, `calls_per_trip` on each way of `km` out and back, at `speed` km an hour."""
    return np.asarray(2 * km / speed * (calls / calls_per_trip))


def both_ways(distances: pd.DataFrame) -> pd.DataFrame:
    """The table `distances` with each pair both ways round: the mean where it gives both.

    Raises DataError where the two directions of a pair differ by more than a quarter: one of them is a slip.
    """
    back = distances.rename(columns={"origin": "destination", "destination": "origin"})
    ways = pd.concat([distances, back]).groupby(["origin", "destination"])["km"].agg(["min", "max", "mean"])
    apart = ways[ways["min"] < (1 - APART) * ways["max"]]
    said = [
        f"{one} - {two}: {low:g} km one way, {high:g} km back"
        for (one, two), low, high, _ in apart.itertuples()
        if one < two
    ]
    if said:
        raise DataError(f"distances: the two directions do not agree: {'; '.join(said[:5])} ({len(said)} pairs in all)")
    return ways["mean"].rename("km").reset_index()


def region_kilometres(region: pd.Series, base: pd.Series, distances: pd.DataFrame) -> Numbers:
    """Distance in km of each account's region (rows) from each base's (columns), by the table `distances`.

    Either direction will do; a region is 0 km from itself unless the table says otherwise. Raises DataError naming
    the pairs of regions that the table lacks, or whose two directions differ too much.
    """
    names = pd.Index(sorted({*region, *base}))
    table = both_ways(distances).pivot_table(index="origin", columns="destination", values="km")
    full = table.reindex(index=names, columns=names).to_numpy(dtype=float, copy=True)
    own = np.arange(len(names))
    full[own, own] = np.where(np.isnan(full[own, own]), 0.0, full[own, own])
    km = full[np.ix_(names.get_indexer(region), names.get_indexer(base))]
    lacking = np.argwhere(np.isnan(km))
    if len(lacking):
        pairs = sorted({f"{region.iloc[row]} - {base.iloc[column]}" for row, column in lacking})
        raise DataError(f"distances: no way is given for {', '.join(pairs[:5])} ({len(pairs)} pairs of regions in all)")
    return km
