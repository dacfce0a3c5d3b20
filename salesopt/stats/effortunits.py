"""The units of a history and of judges as one list: their names, what they are today, and why one has no curve."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from salesopt.errors import AbsentError, DataError, Problem
from salesopt.stats.crosscheck import ended_units, folded
from salesopt.stats.doubts import few
from salesopt.stats.effort import Curves, Numbers
from salesopt.stats.effortcurve import relative_sales
from salesopt.stats.effortpanel import History


def same_names(
    history: pd.DataFrame, judged: pd.DataFrame | None
) -> tuple[pd.DataFrame, pd.DataFrame | None, tuple[str, ...]]:
    """Both tables with one spelling of each unit, the judges', and a sentence about what was taken as the same.

    Names that differ in case or blanks alone are one unit. Raises DataError where one table spells a unit in two ways:
    which rows belong together is then not sure.
    """
    tables = {"effort_history": history} | ({} if judged is None else {"effort_response": judged})
    spelt = {name: _spellings(table["unit"].unique()) for name, table in tables.items()}
    problems = [
        Problem(name, "unit", None, " and ".join(map(repr, sorted(ways))), "one spelling of a unit")
        for name, known in spelt.items()
        for ways in known.values()
        if len(ways) > 1
    ]
    if problems:
        raise DataError(problems)
    if judged is None:
        return history, None, ()
    known = {key: ways[0] for key, ways in spelt["effort_response"].items()}
    other = {ways[0]: known.get(key, ways[0]) for key, ways in spelt["effort_history"].items()}
    joined = [f"'{was}' of the history and '{now}' of the judges" for was, now in sorted(other.items()) if was != now]
    said = (f"Taken as the same unit: {few(joined)}.",) if joined else ()
    return history.assign(unit=history["unit"].map(other)), judged, said


def _spellings(names: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(folded(name), []).append(name)
    return found


def units_today(
    history: pd.DataFrame, past: History, base: Curves | None
) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series]:
    """Units that can be sized, those that cannot (unit, reason), and what to say of single ones.

    The first has the index unit, sorted, and the columns margin, revenue (a year), reps (today), judged (whether
    revenue, margin and heads are the judges'). A unit whose history ended a year before the others' is none of today,
    unless it was judged. Raises AbsentError where no unit is left.
    """
    last = history.sort_values("period", kind="stable").groupby("unit", sort=False).last()
    table = pd.DataFrame({"revenue": past.revenue, "reps": past.today}, index=past.units)
    table["margin"] = last["margin"].reindex(table.index) if "margin" in last else np.nan
    unused, refused = (dict(zip(kept["unit"], kept["reason"], strict=True)) for kept in (past.skipped, _refused(base)))
    if base is not None:
        units = base.units
        judged = pd.DataFrame(
            {"revenue": units.sales(units.reps), "reps": units.reps, "margin": units.margin}, index=units.name
        )
        table = judged.combine_first(table)
    table = table.sort_index()
    table["judged"] = False if base is None else table.index.isin(base.units.name)
    absent = table["margin"].isna()
    if base is None and absent.all():
        raise DataError(
            [Problem("effort_history", "margin", None, "", "this column (a fraction), where nobody judged the units")]
        )
    reasons = {unit: "; ".join(filter(None, [refused.get(unit), unused.get(unit)])) for unit in {**unused, **refused}}
    nowhere = "its margin is known neither from effort_response nor from effort_history"
    reasons = {unit: why for unit, why in reasons.items() if unit not in table.index}
    reasons |= {unit: refused.get(unit, nowhere) for unit in table.index[absent]}
    ended = ended_units(history).dt.date.map("its history ends on {}, a year or more before that of others".format)
    gone = table.index.isin(ended.index) & ~table["judged"]
    reasons |= {
        unit: f"{ended[unit]}, so that it is no unit of today unless it is judged" for unit in table.index[gone]
    }
    table = table[~absent & ~gone]
    if table.empty:
        raise AbsentError("; ".join(f"effort_history: {unit}: {why}" for unit, why in reasons.items()))
    skipped = pd.DataFrame({"unit": list(reasons), "reason": list(reasons.values())}, dtype=object)
    said = {unit: f"its history is not used ({why})" for unit, why in unused.items() if unit in table.index}
    said |= {unit: ended[unit] for unit in table.index.intersection(ended.index)}
    for unit in table.index[~table["judged"]] if base is not None else ():
        said[unit] = (
            f"its judges' answers are not used: {refused[unit]}"
            if unit in refused
            else "nobody judged it: it starts from what was said of the others"
        )
    return table, skipped.sort_values("unit", ignore_index=True), pd.Series(said, dtype=object)


def _refused(base: Curves | None) -> pd.DataFrame:
    return pd.DataFrame(columns=["unit", "reason"]) if base is None else base.skipped


def share_at_today(past: History, working: Numbers, place: Numbers) -> Numbers:
    """Sales at today's heads against those of the last year, for each unit of the history; `place` may be drawn.

    Heads are today's and sales are a year's: where heads moved within that year, its sales are brought to today's
    heads by the curve, so that both are of the same heads.
    """
    rows = past.recent
    unit, sales = past.panel.unit[rows], np.exp(past.panel.log_sales[rows])
    made = sales / relative_sales(place[..., unit, :], working[rows])
    owns = (unit[:, None] == np.arange(len(past.units))).astype(float)
    seen = sales @ owns
    return np.asarray(np.where(seen > 0, (made @ owns) / np.where(seen > 0, seen, 1.0), 1.0))
