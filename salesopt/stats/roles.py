"""What the people of the table reps do, and which of them are here on a day: one rule for every analysis."""

from __future__ import annotations

import pandas as pd

from salesopt.stats.arguments import read_day

ROLES = {
    "selling": ("representative", "specialist", "consultant"),
    "managing": ("lead", "supervisor", "manager"),
    "support": ("analyst", "support"),
}
SELLING, MANAGING, SUPPORT = ROLES.values()
Day = str | pd.Timestamp | None


def group_of(reps: pd.DataFrame) -> pd.Series:
    """What each person does: selling, managing, support or other; capitals and spaces do not matter."""
    groups = {role: group for group, roles in ROLES.items() for role in roles}
    return reps["role"].str.strip().str.lower().map(groups).fillna("other")


def sells(reps: pd.DataFrame) -> pd.Series:
    """Whether each person sells."""
    return group_of(reps) == "selling"


def is_here(reps: pd.DataFrame, today: Day) -> pd.Series:
    """Whether each person is here on the day `today`: from `hired`, up to and including `left`, blank is always.

    Where `today` is None or NaT, whoever has a day in `left` has left, and everybody else is here.
    """
    hired, left = (
        reps[name] if name in reps.columns else pd.Series(pd.NaT, index=reps.index) for name in ("hired", "left")
    )
    day = read_day(today)
    if day is None:
        return left.isna()
    return (hired.isna() | (hired <= day)) & (left.isna() | (left >= day))


def count_sellers(reps: pd.DataFrame, *, today: Day = None) -> int:
    """How many people sell and are here on the day `today`."""
    return int((sells(reps) & is_here(reps, today)).sum())
