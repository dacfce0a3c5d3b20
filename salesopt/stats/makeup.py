"""Who is in the team: heads, cost, span of control, support, tenure and turnover, by role and by team."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import chi2

from salesopt.errors import AbsentError, DataError, Problem
from salesopt.stats.arguments import day_fault, number_fault, read_day, require
from salesopt.stats.result import Result
from salesopt.stats.roles import Day, group_of, is_here
from salesopt.study.tables import require_table

SET_QUARTER = 'set quarter = "2026Q3" in study.toml under [study], or give --quarter 2026Q3'
YEAR = 365.25


@dataclass(frozen=True, eq=False, repr=False)
class TeamMakeup(Result):
    """What `describe_team` found; every table has a last row "all".

    roles    : role, group (selling, managing, support, other), heads, share, cost (currency a year), cost_share,
               mean_cost, tenure (mean years), tenure_middle (median years), new (heads with under a year)
    teams    : team, heads, selling, managing, support, cost, span (people who do not lead, per one who
               does: lead, supervisor or manager), support_ratio (support per
               selling head), tenure
    turnover : by (role or team), name, leavers (in the last year), mean_heads, turnover (leavers a
               year per mean head), low, high
    skipped  : item, reason
    on       : the day the team is described; dated: whether it was given, not the last that the table knows of
    """

    roles: pd.DataFrame
    teams: pd.DataFrame
    turnover: pd.DataFrame
    skipped: pd.DataFrame
    cautions: tuple[str, ...]
    on: pd.Timestamp
    dated: bool
    heads: int
    cost: float
    span: float
    support_ratio: float
    confidence: float

    @property
    def last_year(self) -> pd.Series:
        """Who left of the whole team in the last year: its row of `turnover`."""
        return self.turnover[self.turnover["by"] == "all"].iloc[0]


def describe_team(reps: pd.DataFrame, *, on: Day, confidence: float = 0.95) -> TeamMakeup:
    """Describe the make-up of the team in table `reps` on the day `on`; None or NaT takes the last day it names.

    That is the last `hired`, or the day after the last `left`, so that whoever has left is gone; a caution says it.

    A person is in the team from `hired` (blank or absent: always) up to and including `left` (blank: still here).
    Turnover is leavers in the year up to `on` over the mean number of heads of that year; its interval is the exact
    Poisson one (Garwood 1936), because a handful of leavers says little. Raises DataError where somebody left before
    he came or nobody is in the team, AbsentError where no day is known, ParameterError where `on` is no date or
    `confidence` not inside (0, 1).
    """
    require(day_fault("on", on, optional=True), number_fault("confidence", confidence, above=0, below=1))
    given = require_table("reps", reps)
    today = read_day(on) or _last_day(given)
    people = _people(given, today)
    here = people[people["here"]]
    if here.empty:
        raise DataError([Problem("reps", "left", None, "", f"somebody in the team on {today.date()}")])
    whole = here.assign(role="all", team="all", group="all")
    managers, selling = (here["group"] == "managing").sum(), (here["group"] == "selling").sum()
    return TeamMakeup(
        roles=_roles(here, whole),
        teams=_teams(here, whole),
        turnover=_turnover(people, today, confidence),
        skipped=_skipped(reps, here),
        cautions=(*([_undated(today)] if read_day(on) is None else []), *_cautions(people, today)),
        on=today,
        dated=read_day(on) is not None,
        heads=len(here),
        cost=float(here["cost"].sum()),
        span=_ratio(len(here) - managers, managers),
        support_ratio=_ratio((here["group"] == "support").sum(), selling),
        confidence=confidence,
    )


def _last_day(reps: pd.DataFrame) -> pd.Timestamp:
    hired, left = (reps[name].max() if name in reps.columns else pd.NaT for name in ("hired", "left"))
    days = [day for day in (hired, left + pd.Timedelta(days=1)) if not pd.isna(day)]
    if not days:
        raise AbsentError(
            f"reps: no day to describe the team on: neither hired nor left names one, and none is given; {SET_QUARTER}"
        )
    return pd.Timestamp(max(days))


def _undated(day: pd.Timestamp) -> str:
    return (
        f"People, years of service and turnover are those of {day.date()}, the last day that the table reps knows of, "
        f"since no quarter is set and no table has periods: where that day is long past, {SET_QUARTER}."
    )


def _people(reps: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    people = reps.copy()
    for column in ("hired", "left"):
        if column not in people:
            people[column] = pd.Series(pd.NaT, index=people.index, dtype="datetime64[ns]")
    if "team" not in people:
        people["team"] = "no team"
    people["team"] = people["team"].fillna("no team")
    wrong = people["left"] < people["hired"]
    if wrong.any():
        at = int(wrong.to_numpy().argmax())
        shown = repr(str(people["left"].iloc[at].date()))
        raise DataError([Problem("reps", "left", at + 2, shown, "a day not before hired", count=int(wrong.sum()))])
    people["group"], people["here"] = group_of(people), is_here(people, day)
    listed = people["group"] != "other"  # written with capitals or spaces it is the same role
    people["role"] = people["role"].where(~listed, people["role"].str.strip().str.lower())
    people["years"] = (day - people["hired"]).dt.days / YEAR
    return people


def _roles(here: pd.DataFrame, whole: pd.DataFrame) -> pd.DataFrame:
    rows = [_role(str(role), part, here) for role, part in here.groupby("role", sort=False)]
    table = pd.DataFrame(rows).sort_values(["heads", "role"], ascending=[False, True])
    return pd.concat([table, pd.DataFrame([_role("all", whole, here)])], ignore_index=True)


def _role(name: str, part: pd.DataFrame, here: pd.DataFrame) -> dict[str, object]:
    return {
        "role": name,
        "group": part["group"].iloc[0],
        "heads": len(part),
        "share": len(part) / len(here),
        "cost": part["cost"].sum(),
        "cost_share": _ratio(part["cost"].sum(), here["cost"].sum()),
        "mean_cost": part["cost"].mean(),
        "tenure": part["years"].mean(),
        "tenure_middle": part["years"].median(),
        "new": int((part["years"] < 1).sum()),
    }


def _teams(here: pd.DataFrame, whole: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for name, part in [*here.groupby("team"), ("all", whole.assign(group=here["group"]))]:
        count = part["group"].value_counts()
        managing, selling, support = (int(count.get(group, 0)) for group in ("managing", "selling", "support"))
        rows.append(
            {
                "team": str(name),
                "heads": len(part),
                "selling": selling,
                "managing": managing,
                "support": support,
                "cost": part["cost"].sum(),
                "span": _ratio(len(part) - managing, managing),
                "support_ratio": _ratio(support, selling),
                "tenure": part["years"].mean(),
            }
        )
    return pd.DataFrame(rows)


def _turnover(people: pd.DataFrame, day: pd.Timestamp, confidence: float) -> pd.DataFrame:
    start = day - pd.DateOffset(years=1)
    hired = people["hired"].where(people["hired"] > start, start)
    end = people["left"].where(people["left"] < day, day)
    served = ((end - hired).dt.days.clip(lower=0) / (day - start).days).rename("served")
    gone = ((people["left"] > start) & (people["left"] <= day)).rename("gone")
    table = people[["role", "team"]].assign(all="all", served=served, gone=gone)
    rows = []
    for by in ("all", "role", "team"):
        for name, part in table.groupby(by):
            leavers, heads = int(part["gone"].sum()), float(part["served"].sum())
            if heads > 0:
                low, high = _poisson(leavers, confidence)
                rows.append((by, str(name), leavers, heads, leavers / heads, low / heads, high / heads))
    return pd.DataFrame(rows, columns=["by", "name", "leavers", "mean_heads", "turnover", "low", "high"])


def _poisson(count: int, confidence: float) -> tuple[float, float]:
    """Exact interval of a Poisson mean from one count (Garwood 1936)."""
    tail = (1 - confidence) / 2
    low = float(chi2.ppf(tail, 2 * count) / 2) if count else 0.0
    return low, float(chi2.ppf(1 - tail, 2 * count + 2) / 2)


def _skipped(reps: pd.DataFrame, here: pd.DataFrame) -> pd.DataFrame:
    rows = []
    if "team" not in reps:
        rows.append(("teams", "the table reps has no column team"))
    if here["hired"].isna().any():
        count = int(here["hired"].isna().sum())
        rows.append(("tenure", f"{count} of {len(here)} people have no date of hire; the means leave them out"))
    if "left" not in reps:
        rows.append(("turnover", "no day stands in a column left of reps, so that nobody is known to have left"))
    for team, part in here.groupby("team"):
        if len(part) > 1 and not (part["group"] == "managing").any() and "team" in reps:
            rows.append((f"span of team {team}", "nobody in it is a lead, supervisor or manager"))
    for role in sorted(set(here.loc[here["group"] == "other", "role"])):
        rows.append((f"role {role}", "not a role of the table's list: counted in heads and cost, in no ratio"))
    return pd.DataFrame(rows, columns=["item", "reason"])


def _cautions(people: pd.DataFrame, day: pd.Timestamp) -> tuple[str, ...]:
    found = [
        "The table reps does not say who reports to whom: all who lead are counted against all others, not each "
        "leader's own people."
    ]
    earliest = people["left"].min()
    if pd.isna(earliest):
        found.append("No one has left in these tables: where leavers are deleted from them, turnover is understated.")
    future = int((people["hired"] > day).sum())
    if future:
        found.append(f"{future} people are hired after {day.date()} and are not counted.")
    return tuple(found)


def _ratio(part: float, whole: float) -> float:
    return float(part) / float(whole) if whole else np.nan
