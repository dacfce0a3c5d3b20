"""What passes every rule of its table and is still most likely a mistake: said with the report, seldom refused.

Heads against people, judges who contradict each other, units and names spelt in two ways, columns that nobody reads,
places far from all others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from salesopt.errors import Problem, close_match
from salesopt.stats.crosscheck import (
    APART,
    FACTOR,
    LEAST_SLACK,
    SLACK,
    WILD,
    compare_heads,
    falling_answers,
    folded,
    split_judges,
)
from salesopt.stats.locks import says_locked
from salesopt.stats.roles import ROLES, group_of, is_here, sells
from salesopt.stats.strays import stray_places
from salesopt.study.across import NEAR, REFERENCES, hinted
from salesopt.study.checked import optional_columns
from salesopt.study.declare import MOST, problems_at
from salesopt.study.matches import unmatched
from salesopt.study.tables import TABLES

Tables = Mapping[str, pd.DataFrame]
Files = Mapping[str, str]
UNITS = ("effort_response", "effort_history")
TOTALS = ("total", "totals", "grand total", "subtotal", "sum", "all", "overall", "summe", "gesamt", "总计", "合计")
GROUPS = ("segment", "region", "line", "team")  # columns whose values are held against those of other tables
DEAR = 1000.0  # times its cost that a head brings in revenue at most
IDLE = 0.5  # share of people's hours below which the calls planned leave most of them idle
YEARLY = 300.0  # hours a year below which, for everybody who sells, hours of a week or month are meant


def doubtful(tables: Tables, files: Files, today: Any) -> list[Problem]:
    """Every such problem of the checked `tables` of a study on the day `today`; `files` names where each came from.

    Rows are counted as in the file of a table without empty rows. Columns that are wrong or absent are passed over.
    """
    found = [one for name in tables for one in (*_columns(name, tables, files), *_spellings(name, tables, files))]
    found += [one for name in tables for one in _totals(name, tables, files)]
    return [
        *found,
        *_units(tables, files),
        *_heads(tables, files, today),
        *_money(tables, files),
        *_judges(tables, files),
        *_reps(tables, files),
        *_hours(tables, files, today),
        *_idle(tables, files),
        *_locked(tables, files, today),
        *_places(tables, files),
        *unmatched(tables, files),
    ]


def own_columns(name: str, frame: pd.DataFrame) -> tuple[dict[str, str], list[str]]:
    """The columns that table `name` does not declare: those that may be a declared one, absent here, and the others."""
    declared = TABLES[name].columns
    absent = [column for column in optional_columns(name) if column not in frame.columns]
    own = [str(column) for column in frame.columns if column not in declared]
    near = {column: close_match(column, absent, cutoff=NEAR) for column in own}
    return {column: hint.removeprefix("; ") for column, hint in near.items() if hint}, [
        column for column, hint in near.items() if not hint
    ]


def _columns(name: str, tables: Tables, files: Files) -> list[Problem]:
    near, others = own_columns(name, tables[name])
    file, own = files.get(name, ""), ", ".join(others)
    said = [
        Problem(name, column, 1, "a column that nothing reads", f"a column of {name}; {hint}", file, level="warning")
        for column, hint in near.items()
    ]
    kept = "columns of your own, kept and used only where a parameter of a chapter names them"
    return [*said, Problem(name, own, None, kept, "", file, level="note")] if own else said


def _folded(names: pd.Series) -> pd.Series:
    return names.map(lambda name: folded(str(name)), na_action="ignore")


def _spellings(name: str, tables: Tables, files: Files) -> list[Problem]:
    """Names of one column that differ in capitals or blanks only; an error for units, whose heads would count twice."""
    referring = {one.column for one in REFERENCES if one.table == name}
    found = []
    for column, spec in TABLES[name].columns.items():
        named = column in TABLES[name].metadata["key"] or column in referring or column in GROUPS
        if not named or spec.metadata["kind"] != "text" or column not in tables[name].columns:
            continue
        names = pd.Series(tables[name][column].dropna().unique(), dtype="object")
        first = names.groupby(_folded(names)).transform("first")
        other = dict(zip(names[names != first], first[names != first], strict=True))
        if other:
            rows = np.flatnonzero(tables[name][column].isin(other))
            texts = [f"{one!r} beside {other[one]!r}" for one in tables[name][column].iloc[rows]]
            expected = "one spelling of a name: capitals and blanks make two of it"
            level = "error" if column == "unit" else "warning"
            found += _at(problems_at(name, column, rows, texts, expected, files.get(name, "")), level)
    return found


def _totals(name: str, tables: Tables, files: Files) -> list[Problem]:
    """A last row of totals, as spreadsheets have it, which would count everything twice."""
    first = next(iter(TABLES[name].columns))
    if first not in tables[name].columns or not len(tables[name]):
        return []
    last = len(tables[name]) - 1
    if str(_folded(tables[name][first]).iloc[last]).rstrip(":") not in TOTALS:
        return []
    text, expected = [repr(str(tables[name][first].iloc[last]))], f"{TABLES[name].description}, not a row of totals"
    return _at(problems_at(name, first, [last], text, expected, files.get(name, "")), "warning")


def _units(tables: Tables, files: Files) -> list[Problem]:
    """Units of effort_history that effort_response has not; an error where only capitals or blanks differ."""
    judged, history = (tables.get(name) for name in UNITS)
    if judged is None or history is None or "unit" not in judged or "unit" not in history:
        return []
    file, other = (files.get(name, name) for name in reversed(UNITS))
    unknown = history["unit"].notna() & ~history["unit"].isin(judged["unit"])
    same = unknown & _folded(history["unit"]).isin(_folded(judged["unit"]))
    goes = "counts beside the judged ones" if _has(history, "margin") else "is left out"
    found = []
    for marked, level, expected in (
        (same, "error", f"the unit spelt as in {other}"),
        (unknown & ~same, "warning", f"a unit that stands in {other}; as it stands, it {goes}"),
    ):
        rows = np.flatnonzero(marked)
        texts = hinted(history["unit"].iloc[rows], judged["unit"])
        found += _at(problems_at("effort_history", "unit", rows, texts, expected, file), level)
    return found


def _heads(tables: Tables, files: Files, today: Any) -> list[Problem]:
    """Heads of all units against the people who sell."""
    judged, history, reps = (tables.get(name) for name in (*UNITS, "reps"))
    judged = judged if judged is not None and _has(judged, "unit", "current_reps") else None
    history = history if history is not None and _has(history, "unit", "period", "reps") else None
    if history is not None and not pd.isna(today):
        history = history[history["period"] <= today]
    gap = compare_heads(judged, history, reps if reps is not None and _has(reps, "role") else None, today=today)
    if gap is None:
        return []
    column = "current_reps" if gap.table == "effort_response" else "reps"
    expected = (
        f"as many heads as people who sell and are here in {files.get('reps', 'reps')}, {gap.people}, give or take "
        f"{SLACK:.0%} or {LEAST_SLACK:g}"
    )
    expected += f" (more than {WILD:g} times as many are refused)" if gap.wild else ""
    file, level = files.get(gap.table, ""), "error" if gap.wild else "warning"
    return [Problem(gap.table, column, None, f"{gap.heads:g} heads over all units", expected, file, level=level)]


def _money(tables: Tables, files: Files) -> list[Problem]:
    """Revenue a head against the cost of a head, one of which may be in thousands."""
    judged, reps = tables.get("effort_response"), tables.get("reps")
    if judged is None or reps is None or not _has(judged, "unit", "current_reps", "revenue") or not _has(reps, "cost"):
        return []
    units = judged.groupby("unit")[["revenue", "current_reps"]].first().sum()
    cost = reps["cost"].mean()
    if not (units["current_reps"] > 0 and cost > 0 and units["revenue"] > 0):
        return []
    brought = units["revenue"] / units["current_reps"]
    if 1 <= brought / cost <= DEAR:
        return []
    value = f"{brought:.6g} of revenue a head, where a head of {files.get('reps', 'reps')} costs {cost:.6g}"
    expected = f"between the cost of a head and {DEAR:g} times that: is one of the two in thousands, or of a month?"
    file = files.get("effort_response", "")
    return [Problem("effort_response", "revenue", None, value, expected, file, level="warning")]


def _judges(tables: Tables, files: Files) -> list[Problem]:
    """Answers of judges that contradict each other; those that are refused by themselves are not said again."""
    judged = tables.get("effort_response")
    if judged is None or not _has(judged, "unit"):
        return []
    asked = _has(judged, "at_none", "at_half", "at_plus_half", "at_saturation")
    sound = np.flatnonzero(~falling_answers(judged)) if asked else np.arange(len(judged))
    expected = (
        f"answers less than {FACTOR:g} times apart, in themselves and in the change from today that they mean, or less "
        f"than {APART:g} apart; ask both again"
    )
    return [
        Problem(
            "effort_response",
            str(one.question),
            int(sound[int(str(one.row))]) + 2,
            f"{one.low:g} by {one.low_judge} and {one.high:g} by {one.high_judge} on {one.unit}",
            expected,
            files.get("effort_response", ""),
            level="warning",
        )
        for one in split_judges(judged.iloc[sound]).itertuples(index=False)
    ]


def _reps(tables: Tables, files: Files) -> list[Problem]:
    """Roles that nobody knows, and hours that can't be those of a year."""
    reps, file = tables.get("reps"), files.get("reps", "")
    if reps is None or not _has(reps, "role"):
        return []
    group = group_of(reps)
    rows = np.flatnonzero((group == "other") & reps["role"].notna())
    known = pd.Series([role for roles in ROLES.values() for role in roles])
    expected = f"one of {', '.join(known)}; another role neither sells nor leads here"
    found = problems_at("reps", "role", rows, hinted(reps["role"].iloc[rows], known), expected, file)
    sells = reps.loc[group == "selling"]
    if _has(reps, "hours") and len(sells) and sells["hours"].gt(0).any() and sells["hours"].max() < YEARLY:
        value = f"at most {sells['hours'].max():g} hours for everybody who sells"
        found.append(Problem("reps", "hours", None, value, "hours a year, not of a week or a month", file))
    return _at(found, "warning")


def _hours(tables: Tables, files: Files, today: Any) -> list[Problem]:
    """Calls planned that do not fit in people's hours, travel not counted, or leave most of them idle."""
    accounts, reps = tables.get("accounts"), tables.get("reps")
    if accounts is None or reps is None or not _has(accounts, "calls", "hours_per_call"):
        return []
    if not _has(reps, "rep", "role", "hours"):
        return []
    serving = reps["rep"].isin(accounts["rep"]) if "rep" in accounts.columns else False
    hours = reps.loc[is_here(reps, None if pd.isna(today) else today) & (sells(reps) | serving), "hours"].sum()
    calls = (accounts["calls"] * accounts["hours_per_call"]).sum()
    if not (hours > 0 and calls > 0) or IDLE <= calls / hours <= 1:
        return []
    file = files.get("reps", "reps")
    value = f"{calls:,.0f} hours of calls a year, travel not counted: {calls / hours:.0%} of people's {hours:,.0f}"
    expected = (
        f"no more hours than {file} has for everybody who is here, with some left for travel"
        if calls > hours
        else f"calls that fill most of the hours in {file}, or hours of customers only; else most of them lie idle"
    )
    return [Problem("accounts", "calls", None, value, expected, files.get("accounts", ""), level="warning")]


def _idle(tables: Tables, files: Files) -> list[Problem]:
    """Accounts of somebody who has no hours for customers."""
    reps, accounts = tables.get("reps"), tables.get("accounts")
    if reps is None or accounts is None or not (_has(reps, "rep", "hours") and _has(accounts, "rep")):
        return []
    rows = np.flatnonzero(accounts["rep"].isin(reps.loc[reps["hours"] <= 0, "rep"]))
    expected = (
        f"somebody with hours for customers in {files.get('reps', 'reps')}; as it stands, the account counts as served "
        "by nobody, and goes to another"
    )
    texts = accounts["rep"].iloc[rows].map(lambda name: f"{name!r}, who has 0 hours")
    return _at(problems_at("accounts", "rep", rows, texts, expected, files.get("accounts", "")), "warning")


def _locked(tables: Tables, files: Files, today: Any) -> list[Problem]:
    """Accounts bound to somebody who is not here."""
    reps, accounts = tables.get("reps"), tables.get("accounts")
    if reps is None or accounts is None or not (_has(reps, "rep") and _has(accounts, "rep", "locked")):
        return []
    gone = reps.loc[~is_here(reps, None if pd.isna(today) else today), "rep"]
    rows = np.flatnonzero(says_locked(accounts) & accounts["rep"].isin(gone))
    texts = accounts["rep"].iloc[rows].map(lambda name: f"yes, with {name!r}, who is not here")
    expected = "somebody who is here for a locked account; as it stands, it may go to anybody"
    return _at(problems_at("accounts", "locked", rows, texts, expected, files.get("accounts", "")), "warning")


def _places(tables: Tables, files: Files) -> list[Problem]:
    """Places far from all others: exchanged, mistyped or 0, 0."""
    found = stray_places(tables.get("accounts"), tables.get("reps"))
    said = [
        Problem(
            str(one.table),
            "lat / lon",
            int(str(one.row)) + 2,
            f"lat {one.lat:g}, lon {one.lon:g} of {one.name}",
            f"a place near the others: it is {one.km:,.0f} km from their middle; {one.guess}",
            files.get(str(one.table), ""),
            level="warning",
        )
        for one in found.head(MOST).itertuples(index=False)
    ]
    rest = found.iloc[MOST:]
    for table in ("accounts", "reps"):
        more = rest[rest["table"] == table]
        if len(more):
            row, file = int(more["row"].iloc[0]) + 2, files.get(table, "")
            text, expected = "more such places", "places near the others"
            said.append(Problem(table, "lat / lon", row, text, expected, file, len(more), level="warning"))
    return said


def _has(table: pd.DataFrame, *columns: str) -> bool:
    return set(columns) <= set(table.columns)


def _at(problems: list[Problem], level: str) -> list[Problem]:
    return [replace(problem, level=level) for problem in problems]
