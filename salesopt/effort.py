"""What people bring: curves of sales over heads measured from a history, with what judges said as the starting point.

Money is in the study's currency, effort in full-time representatives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesopt.errors import DataError, Problem
from salesopt.stats.arguments import choice_fault, count_fault, flag_fault, names_fault, number_fault, require
from salesopt.stats.effort import ASKED_TO, Curves, Numbers, curves_of
from salesopt.stats.effortcautions import fit_cautions, unit_caution
from salesopt.stats.effortcurve import SIZE, elasticity_today, place_of, relative_sales, units_of
from salesopt.stats.effortfit import CARRIES, Posterior, draw_curves, fit_curves, weights_of, working_effort
from salesopt.stats.effortpanel import COMMON, History, make_history, measured_elasticity
from salesopt.stats.effortprior import make_prior
from salesopt.study.tables import require_table

UNLIMITED = 1e9
GRID = np.round(np.linspace(0.0, 2.5, 51), 2)
ASKED = {"at_none": 0.0, "at_half": 0.5, "at_plus_half": 1.5, "at_saturation": np.inf}
DRAWS = 2000  # of the curves, for intervals of elasticities and answers
JUDGED = 200  # sets of judges' curves, for how far they disagree


@dataclass(frozen=True, eq=False)
class EffortFit:
    """What `fit_effort` found.

    table    : unit, elasticity (of sales to heads at today's heads, in the long run), low, high; judged (the elasticity
               that the judges' answers make; nan without), prior_low, prior_high (its interval before the history);
               from_history (share of the doubt that the history took away, 0 to 1), heads (today), heads_least,
               heads_most (seen in the history), periods, caution
    answers  : unit, effort (multiple of today's heads; infinite for unlimited), answer (sales against today's, a
               fraction), low, high, judged, question (at_none, at_half, at_plus_half, at_saturation)
    path     : unit, effort (0 to 2.5 times today's heads), answer, low, high, judged
    measured : held, elasticity, low, high, p, rows, units: one elasticity for all units by plain regression, without
               any prior, and the test of leads (see `salesopt.stats.effortpanel`)
    periods  : unit, period, reps, sales, fitted (sales, currency a period), working (heads after carry-over), adjusted
               (sales against today's with all but heads held as today, a fraction)
    carries  : carry_over (share of the effect that comes a period later), weight (how likely, a fraction)
    skipped  : unit, reason
    curves   : what `size_team` and `plan_headcount` take in place of the table effort_response
    carry_over, lasting, noise : likeliest carry-over; autocorrelation of errors; their standard deviation (logs)
    """

    table: pd.DataFrame
    answers: pd.DataFrame
    path: pd.DataFrame
    measured: pd.DataFrame
    periods: pd.DataFrame
    carries: pd.DataFrame
    skipped: pd.DataFrame
    cautions: tuple[str, ...]
    curves: Curves
    carry_over: float
    lasting: float
    noise: float
    confidence: float


def fit_effort(
    history: pd.DataFrame,
    *,
    judged: pd.DataFrame | None = None,
    common: str = "auto",
    trends: bool | None = None,
    controls: Sequence[str] = (),
    carry_over: float | None = None,
    min_periods: int = 6,
    draws: int = 400,
    seed: int = 0,
    confidence: float = 0.95,
) -> EffortFit:
    """What heads brought in the past, unit by unit, as curves that a team can be sized by.

    history    : table `effort_history`: heads and sales of each unit in each period
    judged     : table `effort_response`: its curves are where the fit starts from, and its current_reps, revenue and
                 margin are today's; without it the history's last year is today, and its column margin is needed
    common     : what all units share in a period: "period" (a level of each period; needs three units), "season" (of
                 each month of the year), "none"; "auto" takes "period" where it can
    trends     : whether each unit has a trend of its own; None: where each has twelve periods or more
    controls   : numeric columns of the history held equal too, as they stand
    carry_over : share of the effect of heads that comes a period later, known; None weighs rates from 0 to 0.75
    min_periods : fewest periods with sales of a unit
    draws, seed : sets of curves as likely as these, for the intervals of sizes and gains

    A unit without enough history keeps the judges' curve, corrected by what the others' history says of the judges.
    What the history does not tell (sales at heads never seen) stays as judged or usual; `from_history` says how much.
    Takes, on one core, 0.5 s for 8 units of 24 periods, 5 s for 50 of 24, 90 s for 200 of 12.
    Raises DataError for faulty tables or where no unit is left, ParameterError for arguments out of range.
    Measured on made-up histories (8 units, 24 quarters, carry-over 0.3, lasting errors, judges off by 0.3 in the logs):
    95 % intervals of the elasticity hold 95 times in 100, and its error is a fifth smaller than the judges' alone.
    Source: Little, "Models and managers: the concept of a decision calculus", Management Science 16 (1970), for judged
    curves corrected by data; Albers, Mantrala and Sridhar, Journal of Marketing Research 47 (2010), for what is usual.
    """
    require(
        choice_fault("common", common, COMMON),
        "" if trends is None else flag_fault("trends", trends),
        names_fault("controls", controls, "columns"),
        number_fault("carry_over", carry_over, least=0, below=1, optional=True),
        count_fault("min_periods", min_periods, least=3),
        count_fault("draws", draws),
        count_fault("seed", seed),
        number_fault("confidence", confidence, above=0, below=1),
    )
    given = require_table("effort_history", history, columns=controls)
    _require_numbers(history, controls)
    base = None if judged is None else curves_of(judged, draws=JUDGED, seed=seed)
    heads = pd.Series(dtype=float) if base is None else pd.Series(base.units.reps, index=base.units.name)
    past = make_history(given, heads, common=common, trends=trends, controls=controls, min_periods=min_periods)
    if not len(past.units):
        said = "; ".join(past.skipped["unit"] + ": " + past.skipped["reason"])
        raise DataError(f"effort_history: no unit can be fitted: {said}")
    today, skipped = _today(given, past, base)
    random = np.random.default_rng(seed)
    order = past.units.append(today.index.difference(past.units, sort=False))
    prior = make_prior(order, base)
    found = fit_curves(past.panel, prior, CARRIES if carry_over is None else (carry_over,))
    weights = weights_of(found)
    kept, count = order.get_indexer(today.index), max(draws, DRAWS)
    before = random.multivariate_normal(prior.mean.ravel(), prior.covariance, count).reshape(count, -1, SIZE)
    seen = _Seen(
        today.index, found[0].mode[kept], draw_curves(found, count, random)[:, kept], before[:, kept], base,
        [(1 - confidence) / 2, (1 + confidence) / 2],
    )  # fmt: skip
    table, measured = _table(seen, past, today), measured_elasticity(past, confidence)
    return EffortFit(
        table=table,
        answers=pd.concat([seen.at(effort).assign(question=name) for name, effort in ASKED.items()], ignore_index=True),
        path=pd.concat([seen.at(effort) for effort in GRID], ignore_index=True),
        measured=measured,
        periods=_periods(past, found[0]),
        carries=pd.DataFrame({"carry_over": [one.carry for one in found], "weight": weights}),
        skipped=skipped,
        cautions=fit_cautions(table, measured, past, base is not None, found, weights),
        curves=_curves(seen, table, today, draws, found[0].noise, skipped),
        carry_over=found[0].carry,
        lasting=found[0].lasting,
        noise=found[0].noise,
        confidence=confidence,
    )


@dataclass(frozen=True, eq=False)
class _Seen:
    """The curves of the units `names`: the likeliest (units x 3), drawn after and before the history, the judges'."""

    names: pd.Index
    mode: Numbers
    drawn: Numbers
    before: Numbers
    base: Curves | None
    tails: list[float]

    @property
    def judged(self) -> tuple[Numbers, np.ndarray]:
        """The judges' three numbers of each unit (anything where it was not judged), and whether it was judged."""
        if self.base is None:
            return np.zeros((len(self.names), SIZE)), np.zeros(len(self.names), dtype=bool)
        at = pd.Index(self.base.units.name).get_indexer(self.names)
        return place_of(self.base.units)[at], at >= 0

    def at(self, effort: float) -> pd.DataFrame:
        """Sales against today's at one multiple of today's heads: unit, effort, answer, low, high, judged."""
        place, was = self.judged
        where = effort if np.isfinite(effort) else UNLIMITED
        low, high = np.quantile(relative_sales(self.drawn, where), self.tails, axis=0)
        answer, said = relative_sales(self.mode, where), np.where(was, relative_sales(place, where), np.nan)
        columns = {"unit": self.names, "effort": effort, "answer": answer, "low": low, "high": high, "judged": said}
        return pd.DataFrame(columns)


def _require_numbers(history: pd.DataFrame, controls: Sequence[str]) -> None:
    texts = [name for name in controls if name in history and not pd.api.types.is_numeric_dtype(history[name])]
    if texts:
        raise DataError([Problem("effort_history", name, None, "text", "numbers, as a control") for name in texts])


def _today(history: pd.DataFrame, past: History, base: Curves | None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Index unit: margin, revenue (a year), reps today, for each unit that has all; the others (unit, reason)."""
    last = history.sort_values("period", kind="stable").groupby("unit", sort=False).last()
    table = pd.DataFrame({"revenue": past.revenue, "reps": past.today}, index=past.units)
    table["margin"] = last["margin"].reindex(table.index) if "margin" in last else np.nan
    skipped = past.skipped
    if base is not None:
        units = base.units
        judged = pd.DataFrame(
            {"revenue": units.sales(units.reps), "reps": units.reps, "margin": units.margin}, index=units.name
        )
        table = judged.combine_first(table).reindex(past.units.union(judged.index, sort=False))
        skipped = pd.concat([skipped, base.skipped])
        skipped = skipped[~skipped["unit"].isin(table.index)]
    absent = table["margin"].isna()
    if absent.all():
        raise DataError(
            [Problem("effort_history", "margin", None, "", "this column (a fraction), where nobody judged the units")]
        )
    why = "its margin is known neither from effort_response nor from effort_history"
    lacking = pd.DataFrame({"unit": table.index[absent], "reason": why})
    return table[~absent], pd.concat([skipped, lacking], ignore_index=True).drop_duplicates("unit", ignore_index=True)


def _table(seen: _Seen, past: History, today: pd.DataFrame) -> pd.DataFrame:
    """One row per unit: elasticity before and after the history."""
    low, high = np.quantile(elasticity_today(seen.drawn), seen.tails, axis=0)
    prior_low, prior_high = np.quantile(elasticity_today(seen.before), seen.tails, axis=0)
    place, was = seen.judged
    rows = past.rows.groupby("unit", sort=False)["reps"]
    heads = rows.agg(["min", "max", "size", "last"]).reindex(seen.names)
    table = pd.DataFrame(
        {
            "unit": seen.names,
            "elasticity": elasticity_today(seen.mode),
            "low": low,
            "high": high,
            "judged": np.where(was, elasticity_today(place), np.nan),
            "prior_low": prior_low,
            "prior_high": prior_high,
            "from_history": np.clip(1 - (high - low) / np.maximum(prior_high - prior_low, 1e-12), 0.0, 1.0),
            "heads": today["reps"].to_numpy(),
            "heads_least": heads["min"].to_numpy(),
            "heads_most": heads["max"].to_numpy(),
            "periods": heads["size"].fillna(0).to_numpy(dtype=int),
        }
    )
    worked = dict(tuple(rows))
    none = pd.Series(dtype=float)
    table["caution"] = [
        unit_caution(row, last, worked.get(row["unit"], none))
        for (_, row), last in zip(table.iterrows(), heads["last"], strict=True)
    ]
    return table


def _periods(past: History, best: Posterior) -> pd.DataFrame:
    """What was seen beside what the curves make of it, and each row with all else held as today."""
    unit, effort = past.panel.unit, working_effort(past.panel, best.carry)
    adjusted = relative_sales(best.mode[unit], effort) * np.exp(past.panel.log_sales - best.fitted)
    return past.rows.assign(fitted=np.exp(best.fitted), working=effort * past.today[unit], adjusted=adjusted)


def _curves(
    seen: _Seen, table: pd.DataFrame, today: pd.DataFrame, draws: int, noise: float, skipped: pd.DataFrame
) -> Curves:
    """The curves in heads and money, with what is known of them."""
    reps, revenue, margin = (today[name].to_numpy(dtype=float) for name in ("reps", "revenue", "margin"))
    name, base = seen.names.to_numpy(dtype=object), seen.base
    judges = 0 if base is None else base.about["judges"].reindex(seen.names).fillna(0).to_numpy()
    asked = np.where(np.asarray(judges) > 0, ASKED_TO, 1.0)
    return Curves(
        units=units_of(seen.mode, name, reps, revenue, margin),
        drawn=units_of(seen.drawn[:draws], name, reps, revenue, margin) if draws else None,
        seen_to=np.fmax(table["heads_most"].to_numpy() / reps, asked),
        source="history" if base is None else "judges and history",
        about=pd.DataFrame({"judges": judges, "error": noise, "caution": table["caution"].to_numpy()}, index=name),
        skipped=skipped,
    )
