"""What judges believe that people bring: consensus, spread, and curves in heads and money.

Several judges answer the same questions of a unit. Their mean is calibrated to one curve; draws around the mean, with
the judges kept whole (who is bold on one unit tends to be bold on all), carry their disagreement into every result.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats as distributions

from salesopt.errors import DataError, Problem
from salesopt.stats.allocation import HillCurves
from salesopt.stats.judgement import ANSWERS, calibrate_judgement
from salesopt.study.tables import require_table

Numbers = NDArray[np.float64]
FAR = float(np.log(20))
ASKED_TO = 1.5  # the largest multiple of today's heads that judges are asked about, unlimited effort aside
FIXED = ("current_reps", "revenue", "margin")


@dataclass(frozen=True, eq=False)
class Units:
    """Units with their curves: gains in currency a year over heads; arrays of one length, or draws x units.

    low  : revenue without heads, currency a year; high : revenue at unlimited heads
    """

    name: NDArray[np.object_]
    reps: Numbers
    margin: Numbers
    low: Numbers
    high: Numbers
    shape: Numbers
    scale: Numbers

    @property
    def curves(self) -> HillCurves:
        """Contribution above that of no heads, over heads."""
        return HillCurves((self.high - self.low) * self.margin, self.shape, self.scale)

    def sales(self, reps: ArrayLike) -> Numbers:
        """Revenue of each unit at `reps`, currency a year; the last axis runs over the units."""
        return self.low + HillCurves(self.high - self.low, self.shape, self.scale).gain(reps)

    def contribution(self, reps: ArrayLike) -> Numbers:
        """Revenue x margin of each unit at `reps`, before the cost of the heads."""
        return self.sales(reps) * self.margin


@dataclass(frozen=True, eq=False)
class Curves:
    """The curves a team is sized by, wherever they come from.

    units, drawn : the curves, and as many sets of them as are as likely (None where their doubt is not known)
    seen_to      : multiple of today's heads up to which something is known of each unit, one number for all or one each
    source       : "judges", "history", "judges and history", or "known" for curves that are taken as they are
    about        : index unit; judges, error (what the curve misses, fraction of today's sales), caution ("" for none)
    skipped      : unit, reason
    given, answers : the judges' rows and their means, where the curves are those of judges alone
    """

    units: Units
    drawn: Units | None = None
    seen_to: float | Numbers = np.inf
    source: str = "known"
    about: pd.DataFrame = field(default_factory=pd.DataFrame)
    skipped: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["unit", "reason"]))
    given: pd.DataFrame | None = None
    answers: pd.DataFrame | None = None

    def __post_init__(self) -> None:
        """Curves that nothing more is told of are taken as known."""
        if self.about.empty:
            plain = pd.DataFrame({"judges": 0, "error": 0.0, "caution": ""}, index=self.units.name)
            object.__setattr__(self, "about", plain)


def known_multiple(effort: pd.DataFrame | Curves, units: pd.Series) -> Numbers:
    """Multiple of today's effort up to which something is known of each of `units`."""
    if not isinstance(effort, Curves):
        return np.full(len(units), ASKED_TO)
    known = pd.Series(np.broadcast_to(effort.seen_to, len(effort.units.name)), index=effort.units.name)
    return known.reindex(units).to_numpy(dtype=float)


def consensus(effort: pd.DataFrame) -> pd.DataFrame:
    """One row per unit: current_reps, revenue, margin, the mean of each answer, and `judges`, how many answered.

    Raises DataError where the rows of a unit give different head counts, revenues or margins.
    """
    problems = []
    for column in FIXED:
        differ = effort.groupby("unit", sort=False)[column].agg(lambda given: given.max() - given.min())
        for unit in differ.index[differ > 1e-9 * effort[column].abs().max()]:
            values = ", ".join(f"{value:g}" for value in effort.loc[effort["unit"] == unit, column].unique())
            problems.append(Problem("effort_response", column, None, values, f"one value for all judges of '{unit}'"))
    if problems:
        raise DataError(problems)
    full = with_today(effort)
    groups = full.groupby("unit", sort=False)
    table = groups[[*FIXED, *ANSWERS]].mean()
    return table.assign(judges=groups.size())


def with_today(effort: pd.DataFrame) -> pd.DataFrame:
    """`effort` with the column at_today, 1 where it is absent or blank."""
    given = effort["at_today"] if "at_today" in effort.columns else pd.Series(np.nan, index=effort.index)
    return effort.assign(at_today=given.fillna(1.0))


def calibrated(table: pd.DataFrame) -> tuple[Units, pd.DataFrame]:
    """Units of a table as `consensus` gives it, and the curve of each as `calibrate_judgement` gives it."""
    curve = calibrate_judgement(table[list(ANSWERS)])
    revenue, reps = table["revenue"].to_numpy(), table["current_reps"].to_numpy()
    units = Units(
        name=table.index.to_numpy(dtype=object),
        reps=reps,
        margin=table["margin"].to_numpy(),
        low=curve["low"].to_numpy() * revenue,
        high=curve["high"].to_numpy() * revenue,
        shape=curve["shape"].to_numpy(),
        scale=curve["scale"].to_numpy() * reps,
    )
    return units, curve


def usable_units(effort: pd.DataFrame) -> tuple[Units, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Units whose curve rises, with their mean answers and curves; the others (unit, reason).

    Raises DataError where the rows of a unit contradict each other or no unit is left.
    """
    answers = consensus(effort)
    reason = pd.Series("", index=answers.index)
    _, curve = calibrated(answers)
    reason[answers["revenue"] == 0] = "its revenue is 0, and answers are shares of it: its heads stay uncounted"
    reason[answers["margin"] == 0] = "its margin is 0, so that no head pays: its heads stay and are not counted here"
    reason[(curve["high"] <= curve["low"]).to_numpy()] = (
        "its answers show no gain from effort: its heads stay and are not counted here"
    )
    reason[(curve["high"] < curve["low"]).to_numpy()] = (
        "its answers fall as effort rises, so that no head pays: check them; its heads stay and are not counted here"
    )
    reason[answers["current_reps"] <= 0] = "nobody serves it today, so answers relative to today's effort say nothing"
    keep = (reason == "").to_numpy()
    skipped = pd.DataFrame({"unit": answers.index[~keep], "reason": reason[~keep].to_numpy()})
    if not keep.any():
        said = "; ".join(skipped["unit"] + ": " + skipped["reason"])
        raise DataError(f"effort_response: no unit can be sized: {said}")
    units, curve = calibrated(answers[keep])
    return units, answers[keep], curve, skipped


def draw_units(effort: pd.DataFrame, units: list[str], *, draws: int, seed: int) -> Units:
    """`draws` sets of curves that the judges' disagreement makes as likely, for units with two judges or more.

    An answer's deviation from the judges' mean is a t with judges - 1 degrees of freedom, scaled by its standard error;
    it is carried out on the logarithm so that no answer turns negative. A judge has one weight over all units and
    questions, and therefore the correlation of judges' answers is kept. A unit with one judge does not vary. With two
    judges the t has no variance: a draw beyond 20 times (or a 20th of) the mean is held there.
    """
    generator = np.random.default_rng(seed)
    table = consensus(effort).loc[units]
    full = with_today(effort)
    judges = pd.Index(sorted(full["judge"].unique()))
    weight = pd.DataFrame(generator.standard_normal((len(judges), draws)), index=judges)
    level = generator.uniform(size=draws)
    drawn = np.empty((draws, len(units), len(ANSWERS)))
    for place, unit in enumerate(units):
        rows = full[full["unit"] == unit]
        mean, count = table.loc[unit, list(ANSWERS)].to_numpy(dtype=float), len(rows)
        drawn[:, place] = mean
        if count > 1:
            deviation = rows[list(ANSWERS)].to_numpy(dtype=float) - mean
            stretch = np.sqrt((count - 1) / distributions.chi2.ppf(level, count - 1))
            normal = weight.loc[rows["judge"]].to_numpy().T @ deviation / np.sqrt(count * (count - 1))
            drawn[:, place] *= np.exp(np.clip(normal * stretch[:, None] / np.where(mean > 0, mean, 1.0), -FAR, FAR))
    answers = pd.DataFrame(drawn.reshape(-1, len(ANSWERS)), columns=list(ANSWERS))
    curve = calibrate_judgement(answers)
    revenue, reps = table["revenue"].to_numpy(), table["current_reps"].to_numpy()
    low, high, shape, scale = (
        curve[name].to_numpy().reshape(draws, len(units)) for name in ("low", "high", "shape", "scale")
    )
    margin = table["margin"].to_numpy()
    return Units(table.index.to_numpy(dtype=object), reps, margin, low * revenue, high * revenue, shape, scale * reps)


def curves_of(effort: pd.DataFrame, *, draws: int, seed: int) -> Curves:
    """The curves of the table `effort_response`, drawn where several people judged a unit.

    Raises DataError for a faulty table.
    """
    given = require_table("effort_response", effort)
    given = given.assign(judge=given["judge"].fillna("") if "judge" in given.columns else "")
    # Judges in one order, so that the order of the rows decides nothing but the order of the units.
    given = given.assign(at=pd.factorize(given["unit"])[0]).sort_values(["at", "judge"], kind="stable")
    given = given.drop(columns="at").reset_index(drop=True)
    units, answers, curve, skipped = usable_units(given)
    spread = draws > 0 and bool((answers["judges"] > 1).any())
    drawn = draw_units(given, list(units.name), draws=draws, seed=seed) if spread else None
    about = curve[["error", "caution"]].assign(judges=answers["judges"])
    return Curves(units, drawn, ASKED_TO, "judges", about, skipped, given, answers)
