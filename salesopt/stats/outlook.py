"""A panel's PEST scores as grids: totals by dimension and horizon, moves since the round before, raters, doubts."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from salesopt.errors import DataError, Problem
from salesopt.stats.raters import deviations, interval, moderated_errors, panel_means, standard_errors
from salesopt.stats.scoresheets import Item, doubt_raters, grid, items_of

Array = NDArray[np.float64]
DIMENSIONS = {
    "P": "political", "E": "economic", "S": "social", "T": "technological", "En": "environmental", "L": "legal",
}  # fmt: skip
BANDS = ("within a year", "1 to 3 years", "beyond 3 years", "not said")


@dataclass(frozen=True, eq=False)
class Panel:
    """The last round as grids (raters x items)."""

    table: pd.DataFrame
    names: list[str]
    items: list[Item]
    probability: Array
    impact: Array
    signed: Array

    @property
    def dimensions(self) -> list[str]:
        return [dimension for dimension, _ in self.items]


def make_panel(table: pd.DataFrame) -> tuple[Panel, list[tuple[str, str]]]:
    """The last round of a table pest (with its columns `round` and `score`) as a panel, and what cannot count with
    the reason.

    Raises DataError where nothing has both a probability and an impact.
    """
    last = table[table["round"] == table["round"].max()]
    names = [str(name) for name in last["rater"].unique()]
    items = items_of(last, "dimension", list(DIMENSIONS))
    signed = grid(last, "dimension", "score", names, items)
    keep = np.array(~np.isnan(signed).all(axis=0))
    reason = "no rater gave it both a probability and an impact in the last round"
    skipped = [
        (f"{dimension}: {factor}", reason) for (dimension, factor), one in zip(items, keep, strict=True) if not one
    ]
    kept = [item for item, one in zip(items, keep, strict=True) if one]
    if not kept:
        raise DataError(
            [Problem("pest", "probability", None, "only blanks", "at least one factor with probability and impact")]
        )
    if len(names) > 1:
        lone = (~np.isnan(signed)).sum(axis=0) == 1
        alone = [item for item, one in zip(items, lone, strict=True) if one]
        skipped += [(f"{dimension}: {factor}, interval", "one rater only") for dimension, factor in alone]
    sheets = [grid(last, "dimension", column, names, kept) for column in ("probability", "impact", "score")]
    return Panel(last, names, kept, *sheets), skipped


def panel_scores(panel: Panel, take: Array) -> Array:
    """Per row of raters taken: mean probability, impact, signed score, opportunity part, threat part of each item."""
    good, bad = np.maximum(panel.signed, 0.0), np.maximum(-panel.signed, 0.0)
    return np.column_stack(
        [panel_means(sheet, take) for sheet in (panel.probability, panel.impact, panel.signed, good, bad)]
    )


def tell_totals(panel: Panel, estimate: Array, deviation: Array, confidence: float) -> pd.DataFrame:
    """Opportunity, threat and net per dimension and over all, with intervals over raters; see `PestTally.totals`."""
    count, raters = len(panel.items), len(panel.names)
    rows = []
    for dimension in [*dict.fromkeys(panel.dimensions), "all"]:
        own = np.array([dimension in (one, "all") for one in panel.dimensions], dtype=float)
        zero = np.zeros(count)
        sums = np.array(
            [np.concatenate([zero, zero, zero, part, other]) for part, other in ((own, zero), (zero, own), (own, -own))]
        )
        total = sums @ estimate
        known = deviation if raters < 2 else np.nan_to_num(deviation)
        low, high = interval(total, standard_errors(known @ sums.T), raters - 1, confidence)
        net = (
            "not known"
            if math.isnan(low[2])
            else "opportunity"
            if low[2] > 0
            else "threat"
            if high[2] < 0
            else "balanced"
        )
        rows.append(
            {
                "dimension": dimension, "factors": int(own.sum()), "opportunity": total[0], "opportunity_low": low[0],
                "opportunity_high": high[0], "threat": total[1], "threat_low": low[1], "threat_high": high[1],
                "net": total[2], "low": low[2], "high": high[2], "verdict": net,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def tell_horizons(panel: Panel, factors: pd.DataFrame) -> pd.DataFrame:
    """Opportunity, threat and net by how soon they bite."""
    parts = factors.assign(opportunity=factors["score"].clip(lower=0), threat=(-factors["score"]).clip(lower=0))
    table = parts.groupby("band").agg(
        factors=("factor", "size"), opportunity=("opportunity", "sum"), threat=("threat", "sum")
    )
    table = table.reindex([band for band in BANDS if band in table.index]).reset_index()
    return table.assign(net=table["opportunity"] - table["threat"])


def tell_moves(table: pd.DataFrame, panel: Panel, confidence: float) -> tuple[pd.DataFrame, list[tuple[str, str]]]:
    """Change of each factor since the round before, told from raters who scored it both times."""
    columns = [
        "dimension",
        "factor",
        "before",
        "now",
        "change",
        "low",
        "high",
        "raters",
        "p",
        "adjusted_p",
        "beyond_noise",
    ]
    number = int(table["round"].max())
    if number < 2:
        return pd.DataFrame(columns=columns), [("moves since the round before", "there is one round only")]
    earlier = table[table["round"] == number - 1]
    before = grid(earlier, "dimension", "score", panel.names, panel.items)
    step = panel.signed - before
    both = (~np.isnan(step)).sum(axis=0)
    known = set(zip(earlier["dimension"], earlier["factor"], strict=True))
    skipped = [(f"{d}: {f}", "new in this round") for d, f in panel.items if (d, f) not in known]
    gone = [item for item in items_of(earlier, "dimension", list(DIMENSIONS)) if item not in set(panel.items)]
    skipped += [(f"{d}: {f}", "scored in the round before, not in this one") for d, f in gone]
    paired = [(d, f) for (d, f), n in zip(panel.items, both, strict=True) if n < 2 and (d, f) in known]
    skipped += [
        (f"{d}: {f}", "fewer than two raters scored it in both rounds: its move cannot be told from noise")
        for d, f in paired
    ]
    use = both >= 2
    if not use.any():
        return pd.DataFrame(columns=columns), skipped
    step = step[:, use]
    change, deviation = deviations(lambda take: panel_means(step, take), len(panel.names))
    error, freedom = moderated_errors(np.nan_to_num(deviation))
    low, high = interval(change, error, freedom, confidence)
    size = np.divide(np.abs(change), error, out=np.where(change != 0, np.inf, 0.0), where=error > 0)
    p = 2 * stats.t.sf(size, freedom)
    adjusted = stats.false_discovery_control(p)
    matched = np.where(np.isnan(panel.signed - before), np.nan, panel.signed)[:, use]
    now = panel_means(matched, np.ones((1, len(panel.names))))[0]
    chosen = [item for item, one in zip(panel.items, use, strict=True) if one]
    moves = pd.DataFrame(
        {
            "dimension": [d for d, _ in chosen], "factor": [f for _, f in chosen], "before": now - change, "now": now,
            "change": change, "low": low, "high": high, "raters": both[use], "p": p, "adjusted_p": adjusted,
            "beyond_noise": adjusted < 1 - confidence,
        }
    )  # fmt: skip
    order = moves["change"].abs().sort_values(ascending=False, kind="stable").index
    return moves.loc[order].reset_index(drop=True), skipped


def tell_raters(panel: Panel) -> pd.DataFrame:
    """How bright or gloomy each rater is, how far from the others, and the net without the rater; see
    `PestTally.raters`."""
    given = ~np.isnan(panel.signed)
    count = given.sum(axis=0)
    total = np.where(given, panel.signed, 0.0).sum(axis=0)
    distance = np.where(given & (count > 1), panel.signed - (total - panel.signed) / np.maximum(count - 1, 1), np.nan)
    known = ~np.isnan(distance)
    share = np.where(known.any(axis=1), known.sum(axis=1), np.nan)
    raters = len(panel.names)
    alone = panel_means(panel.signed, 1.0 - np.eye(raters)) if raters > 1 else np.full((1, len(panel.items)), np.nan)
    without = np.where(np.isnan(alone).all(axis=1), np.nan, np.nansum(alone, axis=1))
    return pd.DataFrame(
        {
            "rater": panel.names, "scored": given.sum(axis=1),
            "strictness": np.where(known, distance, 0.0).sum(axis=1) / share,
            "distance": np.where(known, np.abs(distance), 0.0).sum(axis=1) / share, "net_without": without,
        }
    )  # fmt: skip


def doubt_panel(panel: Panel, table: pd.DataFrame, factors: pd.DataFrame) -> list[str]:
    """Plain sentences about the panel: few raters, contested directions, gaps, twins, dropped raters."""
    raters = len(panel.names)
    cautions = []
    if raters < 2:
        cautions.append("One rater only: there is no interval, and nothing shows whether another rater would agree.")
    elif raters < 8:
        reach = ((factors["high"] - factors["low"]) / 2).median()
        cautions.append(
            f"{raters} raters are few: other raters like these could move a typical score by {reach:.2f} points."
        )
    for row in factors[factors["contested"] > 0].itertuples():
        cautions.append(
            f"Raters disagree whether '{row.factor}' is an opportunity or a threat "
            f"({row.contested:.0%} see the other side)."
        )
    gaps = int(np.isnan(panel.signed).sum())
    if gaps:
        cautions.append(
            f"{gaps} of {panel.signed.size} scores are missing; each factor rests on the raters who scored it."
        )
    cautions += doubt_raters(table, panel.table, panel.names, "dimension", ["probability", "impact"])
    if "E" in panel.dimensions and "En" not in panel.dimensions and "L" in panel.dimensions:
        cautions.append(
            "Legal factors are scored and environmental ones are not: mind that E is economic, En environmental."
        )
    return cautions


def band_of(years: float) -> str:
    """The horizon in words, one of `BANDS`."""
    if math.isnan(years):
        return BANDS[3]
    return BANDS[0] if years <= 1 else BANDS[1] if years <= 3 else BANDS[2]


def metrics_of(panel: Panel) -> list[str]:
    """The metric each factor names, "" where none; where raters name several, the first."""
    if "metric" not in panel.table.columns:
        return [""] * len(panel.items)
    named = panel.table.dropna(subset=["metric"]).drop_duplicates(["dimension", "factor"])
    known = {(row.dimension, row.factor): str(row.metric) for row in named.itertuples()}
    return [known.get(item, "") for item in panel.items]
