"""Whether what a study says of its team agrees with itself: heads with people, and the judges with each other."""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

import pandas as pd

from salesopt.stats.arguments import read_day
from salesopt.stats.judgement import ANSWERS
from salesopt.stats.roles import Day, count_sellers

SLACK = 0.1  # share of the people by which heads may differ from them, as part of somebody's time may go elsewhere
LEAST_SLACK = 1.0  # and heads by which they may always differ
WILD = 3.0  # times as many heads as people: no part-time work explains that
FACTOR = 3.0  # between two judges' answers, or the changes from today that they mean: a contradiction
APART = 0.2  # and fraction of today's sales by which such answers differ at least
MIXED = 0.6  # mean share of a person's hours that his largest unit takes, below which no head belongs to one unit
TINY = 1e-9  # what 0.6 misses of 3 x 0.2 in binary


class HeadGap(NamedTuple):
    """Heads that the units count together, and people in the table reps who sell and are here; `table` counts them."""

    heads: float
    people: int
    table: str

    @property
    def wild(self) -> bool:
        """Whether the heads are so many more than the people that one of the tables must be wrong."""
        return self.people > 0 and self.heads > WILD * self.people


def falling_answers(table: pd.DataFrame) -> pd.Series:
    """Marks the rows of effort_response in which an answer is below one for less effort."""
    answers = table[[name for name in ANSWERS if name != "at_today"]].copy()
    answers.insert(2, "at_today", table["at_today"].fillna(1.0) if "at_today" in table else 1.0)
    return (answers < answers.cummax(axis=1)).any(axis=1)


def compare_heads(
    judged: pd.DataFrame | None, history: pd.DataFrame | None, reps: pd.DataFrame | None, *, today: Day = None
) -> HeadGap | None:
    """The heads of all units against the people who sell and are here on the day `today`.

    Heads are current_reps of `judged` (table effort_response), without it those of each unit's last period in
    `history` (table effort_history) up to `today`, units that ended left out. None where they agree, give or take a
    head or a tenth of the people, or where one side is absent.
    """
    if reps is None or (judged is None and history is None):
        return None
    if judged is not None:
        table, heads = "effort_response", judged.groupby("unit")["current_reps"].first().sum()
    elif history is not None:
        day = read_day(today)
        known = history if day is None else history[history["period"] <= day]
        last = known.sort_values("period").groupby("unit")["reps"].last()
        table, heads = "effort_history", last.drop(ended_units(known).index).sum()
    people = count_sellers(reps, today=today)
    return None if abs(heads - people) <= max(LEAST_SLACK, SLACK * people) else HeadGap(float(heads), people, table)


def ended_units(history: pd.DataFrame) -> pd.Series:
    """The last period of each unit of table effort_history that lacks the whole last year of the table.

    A shop that was shut, a region that went into another: what it once was is a measure of what heads bring, but its
    last heads and sales are not today's.
    """
    last = history.groupby("unit")["period"].max()
    return last[last <= last.max() - pd.DateOffset(years=1)]


class UnitHours(NamedTuple):
    """Hours of calls by unit beside its heads.

    table   : unit, heads, used (the same heads divided by the hours of calls to the unit's accounts)
    largest : share of a person's hours of calls that his largest unit takes, mean over people
    """

    table: pd.DataFrame
    largest: float

    @property
    def mixed(self) -> bool:
        """Whether people serve several units, so that no head belongs to one."""
        return self.largest < MIXED


def compare_units(heads: pd.Series, accounts: pd.DataFrame | None, by: str) -> UnitHours | None:
    """Heads by unit (index) against the hours of the calls made (else planned) to accounts of that unit, column `by`.

    None where accounts lack the column or a representative, or name none of the units.
    """
    if accounts is None or not {by, "rep"} <= set(accounts.columns):
        return None
    calls = accounts["calls_made"].fillna(accounts["calls"]) if "calls_made" in accounts.columns else accounts["calls"]
    known = accounts.assign(hours=calls * accounts["hours_per_call"])[accounts[by].isin(heads.index)]
    hours = known.groupby(by)["hours"].sum().reindex(heads.index).fillna(0.0)
    if not hours.sum() > 0:
        return None
    mine = known.pivot_table(index="rep", columns=by, values="hours", aggfunc="sum").fillna(0.0)
    mine = mine[mine.sum(axis=1) > 0]
    largest = float((mine.max(axis=1) / mine.sum(axis=1)).mean()) if len(mine) else float("nan")
    used = heads.sum() * hours / hours.sum()
    return UnitHours(pd.DataFrame({"unit": heads.index, "heads": heads.to_numpy(), "used": used.to_numpy()}), largest)


class Beside(NamedTuple):
    """What else the tables say of the heads that are sized.

    people : who sells and is here; stated : sales of the units, currency a year; units : hours of calls by unit;
    potential : what the accounts of each unit (index) could buy, currency a year, nan where it has none
    """

    people: int | None = None
    stated: float | None = None
    units: UnitHours | None = None
    potential: pd.Series | None = None


def look_beside(
    heads: pd.Series,
    judged: pd.DataFrame | None,
    reps: pd.DataFrame | None,
    accounts: pd.DataFrame | None,
    *,
    by: str,
    today: Day = None,
) -> Beside:
    """What effort_response, reps and accounts say beside `heads` by unit (index); None where one is absent.

    Sales are those of the units that have heads here: one that could not be sized is in no sales of the curves.
    """
    sized = None if judged is None else judged[judged["unit"].isin(heads.index)]
    return Beside(
        None if reps is None else count_sellers(reps, today=today),
        None if sized is None else float(sized.groupby("unit")["revenue"].first().sum()),
        compare_units(heads, accounts, by),
        None
        if accounts is None or not {by, "potential"} <= set(accounts.columns)
        else accounts.groupby(by)["potential"].sum().reindex(heads.index),
    )


def folded(name: str) -> str:
    """A name without what the eye passes over: capitals, blanks beyond one between words, forms of one letter."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def split_judges(effort: pd.DataFrame) -> pd.DataFrame:
    """Where judges of a unit (table effort_response) contradict each other, the widest contradiction first.

    Returns unit, question, low, high (the extreme answers), low_judge, high_judge (who gave them), row (place of the
    later of the two in `effort`). Two answers contradict each other if the larger is `FACTOR` times the smaller, or
    the larger change from today's sales that they mean is `FACTOR` times the smaller one, and they lie `APART` or more.
    """
    given = effort.reset_index(drop=True)
    who = given["judge"].fillna("no name") if "judge" in given.columns else pd.Series("no name", index=given.index)
    found = []
    for question in (name for name in ANSWERS if name in given.columns and name != "at_today"):
        answers = given[question].groupby(given["unit"], sort=False)
        ends = pd.DataFrame({"low": answers.min(), "high": answers.max()})
        change = (ends - 1).abs()
        factor = ends["high"] >= FACTOR * ends["low"] - TINY
        factor |= change.max(axis=1) >= FACTOR * change.min(axis=1) - TINY
        for unit, low, high in ends[factor & (ends["high"] - ends["low"] >= APART - TINY)].itertuples():
            mine = given.index[given["unit"] == unit]
            places = [given.loc[mine, question].idxmin(), given.loc[mine, question].idxmax()]
            found.append((unit, question, low, high, who[places[0]], who[places[1]], max(places)))
    columns = ["unit", "question", "low", "high", "low_judge", "high_judge", "row"]
    table = pd.DataFrame(found, columns=columns)
    order = (table["high"] - table["low"]).sort_values(ascending=False, kind="stable").index
    return table.loc[order].reset_index(drop=True)
