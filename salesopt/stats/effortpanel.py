"""A history of heads and sales as a panel: what is held equal, what is left out, and what a plain regression says.

The regression is one common elasticity of effort: log sales on log heads, units and periods held equal, with errors
clustered by unit, each left out in turn (CRV3: Bell and McCaffrey 2002; MacKinnon, Nielsen and Webb 2023). It needs no
prior and is put beside the curves. Its test of leads asks whether the heads of the next period tell this period's
sales: if so, heads were sent after sales, and the elasticity holds some of what growth did (Wooldridge, "Econometric
Analysis of Cross Section and Panel Data", 2010, ch. 10).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t as student

from salesopt.errors import AbsentError
from salesopt.stats.effort import Numbers
from salesopt.stats.effortblocks import Blocks
from salesopt.stats.effortfit import Panel, rank_of, without_redundant, working_effort
from salesopt.stats.panel import codes_of
from salesopt.study.periods import period_length, periods_per_year

COMMON = ("auto", "period", "season", "none")
FEWEST_UNITS = 3  # with which what all units share in a period can be told from what heads bring
LASTING_RATES = (0.0, 0.3, 0.6, 0.75)  # of carry-over, whose working heads are held equal in the test of leads
LONG = 12  # periods of the middle unit from which on units get trends of their own


@dataclass(frozen=True, eq=False)
class History:
    """A checked history ready to be fitted.

    rows   : unit, period, reps, sales of the rows used, as the panel has them; units : their names, in its order
    panel  : as `effortfit` takes it, with effort against `today`
    recent : which of the rows are of the unit's last year
    today, revenue : heads today, and sales of the last year, by unit
    common : "period", "season" or "none"; trends : whether each unit has a trend of its own
    length : "month", "quarter"; said : plain sentences about what was left out or could not be held equal
    """

    rows: pd.DataFrame
    units: pd.Index
    panel: Panel
    recent: NDArray[np.bool_]
    today: Numbers
    revenue: Numbers
    common: str
    trends: bool
    length: str
    skipped: pd.DataFrame
    said: tuple[str, ...]


def make_history(
    history: pd.DataFrame,
    today: pd.Series,
    *,
    common: str,
    trends: bool | None,
    controls: Sequence[str],
    min_periods: int,
) -> History:
    """A typed table `effort_history` as a panel; `today` gives heads where they are known better than from it."""
    rows = history.sort_values(["unit", "period"], kind="stable").reset_index(drop=True)
    last = rows.groupby("unit", sort=False)["reps"].last()
    heads = today.reindex(last.index).fillna(last)
    known = rows[list(controls)].astype(float).replace([np.inf, -np.inf], np.nan).notna().all(axis=1)
    usable = (rows["sales"] > 0) & known
    said = _lost(rows, usable, controls)
    count = usable.groupby(rows["unit"], sort=False).sum()
    few, idle = count < min_periods, heads <= 0
    what = " and ".join(["sales", *controls])
    reasons = count.map(lambda seen: f"{int(seen)} periods with {what}, fewer than {min_periods}").where(few, "")
    reasons[idle] = "nobody serves it today, so effort relative to today's says nothing"
    length = period_length(rows["period"])
    a_year = _per_year(rows["period"], length)
    recent = rows.groupby("unit", sort=False).cumcount(ascending=False) < max(round(a_year), 1)
    used = usable & rows["unit"].map(reasons).eq("")
    kept = rows[used].reset_index(drop=True)
    units = pd.Index(kept["unit"].unique(), name="unit")
    if common == "auto":
        common = "period" if len(units) >= FEWEST_UNITS else "season"
    many = bool(len(units)) and kept.groupby("unit", sort=False).size().median() >= LONG
    trends = many if trends is None else trends
    unit, period = units.get_indexer(kept["unit"]), _numbers(kept["period"], length)
    effort = kept["reps"].to_numpy(dtype=float) / heads.reindex(units).to_numpy(dtype=float)[unit]
    own, shared = _own(unit, period, trends), _shared(kept, period, common, controls)
    return History(
        rows=kept[["unit", "period", "reps", "sales"]],
        units=units,
        panel=Panel(unit, period, effort, np.log(kept["sales"].to_numpy(dtype=float)), own, shared),
        recent=recent[used].to_numpy(dtype=bool),
        today=heads.reindex(units).to_numpy(dtype=float),
        revenue=(rows[recent].groupby("unit", sort=False)["sales"].mean() * a_year)
        .reindex(units)
        .to_numpy(dtype=float),
        common=common,
        trends=trends,
        length=length,
        skipped=pd.DataFrame({"unit": reasons.index[reasons != ""], "reason": reasons[reasons != ""].to_numpy()}),
        said=(*said, *_unheld(kept, common, trends, length, a_year)),
    )


def require_enough(past: History) -> None:
    """Raise AbsentError where no unit has history enough, or no more rows are left than what is held equal takes up."""
    if not len(past.units):
        said = "; ".join(past.skipped["unit"] + ": " + past.skipped["reason"])
        raise AbsentError(f"effort_history: no unit can be fitted: {said}")
    rank, rows = rank_of(without_redundant(past.panel)), len(past.rows)
    if rows <= rank:
        raise AbsentError(
            f"effort_history: {rows} rows are no more than the {rank} levels and trends that are held equal (common = "
            f"{past.common}), so nothing is left to tell what heads bring: hold less equal or bring more history"
        )


def _lost(rows: pd.DataFrame, usable: pd.Series, controls: Sequence[str]) -> list[str]:
    lost = int((~usable).sum())
    if not lost:
        return []
    why = "without sales" + (f" or without {' or '.join(controls)}" if controls else "")
    return [f"{lost} of {len(rows)} rows of the history are left out: {why}, where a curve in logs has no place."]


def _unheld(rows: pd.DataFrame, common: str, trends: bool, length: str, a_year: float) -> list[str]:
    said = []
    if common == "season":
        said.append(
            "The history has too few units to hold equal what moved all of them in a period; the season is held equal "
            "instead, and anything else that moved sales while heads changed counts as the effect of heads."
        )
    elif common == "none":
        said.append(
            "No common movement of sales is held equal (parameter common): growth and season count as effects of heads."
        )
    if not trends:
        said.append(
            "No unit has a trend of its own: where heads were sent to what was growing anyway, growth counts as their "
            "effect."
        )
    if not length:
        said.append(
            "The length of the history's periods is unclear; each date counts as the period after the one before, and "
            f"{a_year:.3g} of them as a year."
        )
    return said


def _numbers(period: pd.Series, length: str) -> np.ndarray:
    """Periods counted up by one, gaps included where their length is known."""
    if not length:
        return codes_of(period).astype(np.int64)
    if length in ("month", "quarter", "year"):
        months = period.dt.year * 12 + period.dt.month
        numbers = (months - months.min()) // {"month": 1, "quarter": 3, "year": 12}[length]
    else:
        numbers = (period - period.min()).dt.days // {"day": 1, "week": 7}[length]
    if numbers.nunique() == period.nunique():
        return numbers.to_numpy(dtype=np.int64)
    # Two dates fall into one month, as two periods of four weeks may: they are counted by the days between them.
    dates = pd.Series(np.sort(period.unique()))
    steps = np.maximum((dates.diff().dt.days / _usual_days(period)).fillna(0.0).round(), 1.0)
    return period.map(pd.Series(steps.cumsum().to_numpy() - 1, index=dates)).to_numpy(dtype=np.int64)


def _usual_days(period: pd.Series) -> float:
    """Days from one date to the next, half of the gaps being as long or longer; nan for a single date."""
    return float(pd.Series(np.sort(period.unique())).diff().dt.days.median())


def _per_year(period: pd.Series, length: str) -> float:
    """Periods in a year: by their length; by the days between them where it is unclear, or they are of four weeks."""
    days = _usual_days(period)
    counted = 365.25 / days if days > 0 else 1.0
    named = periods_per_year(length) if length else counted
    return counted if abs(counted / named - 1) > 0.05 else named


def _shared(rows: pd.DataFrame, period: np.ndarray, common: str, controls: Sequence[str]) -> Numbers:
    """Columns that all units share; a few are redundant by design, which the fit takes out."""
    parts = [np.empty((len(rows), 0))]
    if common == "period":
        parts.append((period[:, None] == np.unique(period)).astype(float))
    elif common == "season":
        months = rows["period"].dt.month.to_numpy()
        parts.append((months[:, None] == np.unique(months)[1:]).astype(float))
    for name in controls:  # in standard deviations, so that the unit of a control does not decide what is redundant
        values = rows[name].to_numpy(dtype=float)
        parts.append(((values - values.mean()) / (values.std() or 1.0))[:, None])
    return np.hstack(parts)


def _own(unit: np.ndarray, period: np.ndarray, trends: bool) -> Numbers:
    """Columns that each unit has to itself: its level and, with `trends`, a line that rises with the period."""
    level = np.ones((len(unit), 1))
    if not trends:
        return level
    return np.column_stack([level, (period - period.mean()) / max(float(np.ptp(period)), 1.0)])


def measured_elasticity(history: History, confidence: float) -> pd.DataFrame:
    """The common elasticity of effort by plain regression, with and without trends of the units, and the test of leads.

    It is that of the same period: where effects carry over, the long run, which the curves hold, brings more.

    Columns: held (what is held equal), elasticity, low, high, p (of 0), rows, units. The row "heads of the next period"
    is the test of leads: its elasticity should be 0. nan where there are fewer than three units or heads hardly move
    beyond what is held equal.
    """
    panel = history.panel
    with_heads = panel.effort > 0
    follows = np.append((panel.goes_on & (panel.gap == 1))[1:], False)
    leads = with_heads & follows & np.append(with_heads[1:], False)
    heads = np.log(np.where(with_heads, panel.effort, 1.0))
    ahead = np.append(heads[1:], 0.0)
    # Working heads of several rates stand for any: what lasts of earlier heads must not pass for an effect of the next.
    lasting = np.column_stack([np.log(np.maximum(working_effort(panel, rate), 1e-9)) for rate in LASTING_RATES])
    plain, trended = ((_own(panel.unit, panel.period, trends), panel.shared) for trends in (False, True))
    rows = [
        ("units and periods", *_one(panel, with_heads, plain, heads[:, None], confidence)),
        ("units, periods and trends of units", *_one(panel, with_heads, trended, heads[:, None], confidence)),
        (
            "heads of the next period",
            *_one(panel, leads, trended if history.trends else plain, np.column_stack([lasting, ahead]), confidence),
        ),
    ]
    return pd.DataFrame(rows, columns=["held", "elasticity", "low", "high", "p", "rows", "units"])


def _one(
    panel: Panel, used: np.ndarray, design: tuple[Numbers, Numbers], regressors: Numbers, confidence: float
) -> tuple[float, float, float, float, int, int]:
    """Coefficient of the last regressor, interval, p, rows, units; errors by unit, each left out in turn."""
    unit, outcome = panel.unit[used], panel.log_sales[used]
    groups = np.unique(unit)
    nothing = (np.nan, np.nan, np.nan, np.nan, int(used.sum()), len(groups))
    if len(groups) < FEWEST_UNITS:
        return nothing
    own, everything = Blocks.make(unit, design[0][used]), np.column_stack([design[1][used], regressors[used], outcome])
    everything -= own.fitted(everything)
    x, y = everything[:, :-1], everything[:, -1]
    left, size, right = np.linalg.svd(x, full_matrices=False)
    kept = size > 1e-9 * size.max(initial=1e-300)
    others = x[:, :-1] @ np.linalg.lstsq(x[:, :-1], x[:, -1], rcond=None)[0] if x.shape[1] > 1 else 0.0
    if np.std(x[:, -1] - others) < 1e-6 or len(y) <= own.rank + kept.sum() + 1:
        return nothing
    inverse = (right[kept].T / size[kept]) @ left[:, kept].T
    slope = inverse @ y
    missed, moved = y - x @ slope, []
    for group in groups:
        mine = unit == group
        block = np.eye(mine.sum()) - left[mine][:, kept] @ left[mine][:, kept].T
        moved.append(inverse[-1, mine] @ np.linalg.lstsq(block, missed[mine], rcond=1e-8)[0])
    error = np.sqrt((len(groups) - 1) / len(groups) * np.square(moved).sum())
    width = error * student.ppf(0.5 + confidence / 2, len(groups) - 1)
    p = 2 * student.sf(abs(slope[-1]) / max(error, 1e-300), len(groups) - 1)
    return float(slope[-1]), float(slope[-1] - width), float(slope[-1] + width), float(p), len(y), len(groups)
