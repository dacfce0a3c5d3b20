"""What calls and the way to them take of each person's hours, as accounts are served today."""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesopt.stats.distances import travel_hours
from salesopt.stats.pairs import kilometres, owners, serving_team
from salesopt.stats.roles import Day


def hours_by_person(
    accounts: pd.DataFrame,
    reps: pd.DataFrame,
    *,
    distances: pd.DataFrame | None,
    speed: float,
    detour: float,
    calls_per_trip: float,
    today: Day,
) -> pd.DataFrame:
    """rep, hours, accounts, call_hours, travel - what each who can serve accounts has, and his accounts of today ask.

    Travel is nan where no places are known. Accounts without a place, among others with one, ask for no travel.
    """
    team, _ = serving_team(accounts, reps, today)
    _, now = owners(accounts, team)
    served, whose = np.flatnonzero(now >= 0), now[now >= 0]
    needed = ["region"] if distances is not None else ["lat", "lon"]
    travel = np.full(len(team), np.nan)
    if all(set(needed) <= set(table.columns) for table in (team, accounts)) and team[needed].notna().all(axis=None):
        there = np.flatnonzero((now >= 0) & accounts[needed].notna().all(axis=1).to_numpy())
        km = kilometres(accounts.iloc[there], team, distances, detour)[np.arange(len(there)), now[there]]
        hours = travel_hours(km, accounts["calls"].to_numpy()[there], speed, calls_per_trip)
        travel = np.bincount(now[there], hours, len(team))
    hours = (accounts["calls"] * accounts["hours_per_call"]).to_numpy()[served]
    return pd.DataFrame(
        {
            "rep": team["rep"],
            "hours": team["hours"],
            "accounts": np.bincount(whose, minlength=len(team)),
            "call_hours": np.bincount(whose, hours, len(team)),
            "travel": travel,
        }
    )
