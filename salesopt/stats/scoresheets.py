"""What SWOT and PEST share: rounds of judgements, who judged how far from the group, measured values beside them.

A table of judgements has rater, factor, a column that parts the factors (quadrant or dimension), numeric columns, and
perhaps date and metric. One date is one round.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from salesopt.errors import DataError, ParameterError, Problem
from salesopt.stats.agreement import kendall_w

Array = NDArray[np.float64]
Item = tuple[str, str]
ROUNDS = [
    "round", "date", "part", "factors", "raters", "spread", "kendall_w", "p", "moved", "mean_move", "spread_change",
    "low", "high", "converging",
]  # fmt: skip
MEASURED = ["part", "factor", "metric", "value", "change", "run", "contradiction", "words"]


def with_rounds(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """`table` with its `date` (NaT throughout where there is none) and `round`, counted from 1; DataError for some
    blank dates."""
    dated = table.copy()
    if "date" not in dated.columns or dated["date"].isna().all():
        dated["date"] = pd.NaT
        dated["round"] = 1
        return dated
    blank = dated["date"].isna()
    if blank.any():
        at = int(blank.to_numpy().argmax()) + 2
        expected = "a date in every row or in none: one date is one round"
        raise DataError([Problem(name, "date", at, "an empty cell", expected, "", int(blank.sum()))])
    dated["round"] = dated["date"].rank(method="dense").astype(int)
    return dated


def grid(table: pd.DataFrame, part: str, column: str, raters: Sequence[str], items: Sequence[Item]) -> Array:
    """Scores as raters x items, nan where missing."""
    values = np.full((len(raters), len(items)), np.nan)
    row = {rater: at for at, rater in enumerate(raters)}
    place = {item: at for at, item in enumerate(items)}
    for rater, group, factor, value in zip(table["rater"], table[part], table["factor"], table[column], strict=True):
        if rater in row and (group, factor) in place:
            values[row[rater], place[group, factor]] = value
    return values


def items_of(table: pd.DataFrame, part: str, order: Sequence[str]) -> list[Item]:
    """The factors as (part, factor), parts in `order`, factors as they first appear."""
    pairs = table[[part, "factor"]].drop_duplicates()
    pairs = pairs.assign(place=pairs[part].map({name: at for at, name in enumerate(order)}))
    pairs = pairs.sort_values("place", kind="stable")
    return list(zip(pairs[part].astype(str), pairs["factor"].astype(str), strict=True))


def write_ledger(table: pd.DataFrame, part: str, columns: Sequence[str]) -> pd.DataFrame:
    """Every judgement: when, who, what, and for each column the mean of the other raters in that round and the
    distance from it."""
    ledger = table[["round", "date", "rater", part, "factor"]].copy()
    keys = [table["round"], table[part], table["factor"]]
    for column in columns:
        score = table[column]
        total, count = score.groupby(keys).transform("sum"), score.groupby(keys).transform("count")
        others = (total - score) / (count - 1).where(count > 1)
        ledger[column] = score
        ledger[f"others_{column}"] = others
        ledger[f"{column}_distance"] = score - others
    if "comment" in table.columns:
        ledger["comment"] = table["comment"]
    return ledger.sort_values(["round", "rater"], kind="stable", ignore_index=True)


def twins(table: pd.DataFrame, part: str, columns: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs of raters who scored at least five factors, the same ones, all with the same scores: perhaps one counted
    twice."""
    sheets: dict[object, list[str]] = {}
    for rater, rows in table.groupby("rater", sort=False):
        sheet = rows[[part, "factor", *columns]].dropna(subset=list(columns), how="all").fillna(-1.0)
        if len(sheet) >= 5:
            sheets.setdefault(frozenset(sheet.itertuples(index=False, name=None)), []).append(str(rater))
    return [(names[0], other) for names in sheets.values() for other in names[1:]]


def doubt_raters(
    table: pd.DataFrame, last: pd.DataFrame, names: Sequence[str], part: str, columns: Sequence[str]
) -> list[str]:
    """Plain sentences about raters: who gave the same scores in the `last` round, who scored before but not in it.

    `table` holds all rounds, `names` the raters of the last; `part` and `columns` as in `twins`.
    """
    said = [
        f"{one} and {other} gave exactly the same scores: perhaps one person counted twice."
        for one, other in twins(last, part, columns)
    ]
    gone = [str(name) for name in table["rater"].unique() if str(name) not in names]
    if gone:
        said.append(f"No scores in the last round from {', '.join(gone)}; earlier scores of theirs do not count.")
    return said


def tell_rounds(table: pd.DataFrame, part: str, column: str, order: Sequence[str], confidence: float) -> pd.DataFrame:
    """Each round and part: how far apart the raters are, and whether they came closer since the round before (Delphi).

    Columns: round, date, part, factors, raters, spread (mean standard deviation of the raters' `column`, points),
    kendall_w, p, moved (fraction of the raters' scores that changed since the round before), mean_move (mean absolute
    change, points), spread_change (of factors scored in both rounds, points) with low and high (t interval over these
    factors), converging (the interval lies below 0; missing where there is none).
    """
    rows = []
    for number in sorted(table["round"].unique()):
        now, before = table[table["round"] == number], table[table["round"] == number - 1]
        for name in [*order, "all"]:
            chosen = [one if name == "all" else one[one[part] == name] for one in (now, before)]
            if len(chosen[0]):
                found = _round(chosen[0], chosen[1], part, column, confidence)
                rows.append({"round": number, "date": now["date"].iloc[0], "part": name, **found})
    return pd.DataFrame(rows, columns=ROUNDS)


def _round(now: pd.DataFrame, before: pd.DataFrame, part: str, column: str, confidence: float) -> dict[str, object]:
    items = list(now[[part, "factor"]].drop_duplicates().itertuples(index=False, name=None))
    raters = list(now.loc[now[column].notna(), "rater"].unique())
    scores = grid(now, part, column, raters, items)
    earlier = grid(before, part, column, raters, items)
    change = (scores - earlier)[~np.isnan(scores - earlier)]
    spread, spread_before = _spread(scores), _spread(grid(before, part, column, list(before["rater"].unique()), items))
    step = (spread - spread_before)[~np.isnan(spread - spread_before)]
    mean, low, high = _mean_interval(step, confidence)
    order = kendall_w(scores)
    return {
        "factors": len(items), "raters": len(raters), "spread": _mean(spread), "kendall_w": order.w, "p": order.p,
        "moved": _mean((change != 0).astype(float)), "mean_move": _mean(np.abs(change)), "spread_change": mean,
        "low": low, "high": high, "converging": None if math.isnan(low) else bool(high < 0),
    }  # fmt: skip


def _spread(scores: Array) -> Array:
    """Standard deviation of each item over its raters; nan with fewer than two."""
    given = ~np.isnan(scores)
    count = given.sum(axis=0)
    mean = np.where(given, scores, 0.0).sum(axis=0) / np.maximum(count, 1)
    squares = np.where(given, (scores - mean) ** 2, 0.0).sum(axis=0)
    return np.where(count > 1, np.sqrt(squares / np.maximum(count - 1, 1)), np.nan)


def spread_of(scores: Array) -> Array:
    """Standard deviation of each item over its raters (raters x items); nan with fewer than two."""
    return _spread(np.asarray(scores, dtype=float))


def _mean(values: Array) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else math.nan


def _mean_interval(values: Array, confidence: float) -> tuple[float, float, float]:
    if len(values) < 2:
        return _mean(values), math.nan, math.nan
    reach = float(stats.t.ppf((1 + confidence) / 2, len(values) - 1) * values.std(ddof=1) / math.sqrt(len(values)))
    return float(values.mean()), float(values.mean() - reach), float(values.mean() + reach)


def hold_against(
    claims: pd.DataFrame, measured: Mapping[str, float | pd.Series] | None, *, run: int = 3
) -> tuple[pd.DataFrame, list[tuple[str, str]]]:
    """Judged factors beside what was measured, and what could not be compared (item, reason).

    claims   : part, factor, metric, good (True: the factor was judged good for the firm); a metric with a leading "-"
               is one where less is better ("-customers.churn")
    measured : metric -> its value, or a series of values in order of time
    run      : number of changes in a row in the wrong direction that contradict a judgement; by chance alone a run of
               3 comes in 1 of 24 series without trend

    Returns part, factor, metric, value (the last), change (since the value before), run (changes in a row in one
    direction, the sign is the direction), contradiction, words. A single value is shown and not judged.
    """
    if run < 1:
        raise ParameterError(f"run is at least 1, not {run}")
    measured = measured or {}
    rows, skipped = [], []
    for claim in claims.itertuples(index=False):
        metric, good = str(claim.metric).lstrip("-"), bool(claim.good)
        if metric not in measured:
            skipped.append((f"{claim.factor}: {metric}", "this metric was not measured"))
            continue
        values = pd.Series(measured[metric], dtype=float).dropna()
        if values.empty:
            skipped.append((f"{claim.factor}: {metric}", "the measured series is empty"))
            continue
        changes = values.diff().dropna().to_numpy()
        streak = _streak(changes)
        better = streak * (-1 if str(claim.metric).startswith("-") else 1)
        against = better <= -run if good else better >= run
        words = (
            _in_words(str(claim.part), metric, values, streak, against)
            if len(changes)
            else "one value only: shown, not judged"
        )
        rows.append(
            (
                claim.part,
                claim.factor,
                metric,
                values.iloc[-1],
                changes[-1] if len(changes) else math.nan,
                streak,
                against,
                words,
            )
        )
    return pd.DataFrame(rows, columns=MEASURED), skipped


def _streak(changes: Array) -> int:
    """Changes in a row up to the last that go its way; negative where it fell."""
    signs = np.sign(changes)
    if not len(signs) or signs[-1] == 0:
        return 0
    other = np.flatnonzero(signs[::-1] != signs[-1])
    return int(signs[-1]) * int(other[0] if len(other) else len(signs))


def _in_words(part: str, metric: str, values: pd.Series, streak: int, against: bool) -> str:
    if streak == 0:
        return f"{metric} did not change since the period before"
    times = {1: "last period", 2: "two periods running", 3: "three periods running"}.get(
        abs(streak), f"{abs(streak)} periods running"
    )
    moved = f"{metric} {'rose' if streak > 0 else 'fell'} {times}"
    return f"judged as {part}, but {moved}" if against else moved
