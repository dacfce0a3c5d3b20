"""PEST: political, economic, social and technological factors (also environmental, legal) as a panel of raters scores
them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from salesopt.errors import ParameterError
from salesopt.stats.agreement import tell_agreement
from salesopt.stats.outlook import (
    DIMENSIONS,
    Panel,
    band_of,
    doubt_panel,
    make_panel,
    metrics_of,
    panel_scores,
    tell_horizons,
    tell_moves,
    tell_raters,
    tell_totals,
)
from salesopt.stats.raters import deviations, draw, interval, moderated_errors, panel_means, rank_shares
from salesopt.stats.result import Result
from salesopt.stats.scenarios import tell_scenarios
from salesopt.stats.scoresheets import hold_against, spread_of, tell_rounds, with_rounds, write_ledger
from salesopt.study.tables import require_table

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class PestTally(Result):
    """What `tally_pest` found, for the last round of scores.

    factors   : dimension, factor, direction (most raters'), contested (fraction of raters who see the other
                direction), probability (mean, fraction) with probability_low and probability_high, impact (mean,
                points) with impact_low and impact_high, score (mean of the raters' probability x impact, points,
                above 0 an opportunity, below 0 a threat) with low and high, horizon (median, years), band, raters,
                spread (standard deviation of the raters' scores, points), rank (1 = largest score in size, over all
                dimensions), rank_probability (that it holds this rank before another panel), metric
    totals    : dimension (or "all"), factors, opportunity, opportunity_low, opportunity_high, threat (points, above 0),
                threat_low, threat_high, net (opportunity - threat), low, high, verdict
    horizons  : band, factors, opportunity, threat, net
    agreement : dimension (or "all"), measure (probability, impact), factors, raters, kendall_w, p, alpha_ordinal with
                ordinal_low and ordinal_high, alpha_interval with interval_low and interval_high, words
    moves     : dimension, factor, before, now (mean score of raters in both rounds, points), change, low, high,
                raters, p, adjusted_p (false discovery rate over the factors), beyond_noise (adjusted_p below 1 -
                confidence)
    scenarios : see `stats.scenarios.tell_scenarios`
    rounds    : see `stats.scoresheets.tell_rounds`; part is the dimension, spread that of the signed scores
    raters    : rater, scored, strictness (mean distance from the others' signed scores, points; below 0 is gloomier),
                distance, net_without (net total if this rater had not been asked)
    ledger    : every judgement of every round: probability, impact, score, each with the others' mean and the
                distance from it
    measured  : dimension, factor, metric, value, change, run, contradiction, words
    skipped   : item, reason - what gave no answer
    cautions  : when not to trust it
    confidence, date (of the round, "" where scores have none), rounds_seen
    """

    factors: pd.DataFrame
    totals: pd.DataFrame
    horizons: pd.DataFrame
    agreement: pd.DataFrame
    moves: pd.DataFrame
    scenarios: pd.DataFrame
    rounds: pd.DataFrame
    raters: pd.DataFrame
    ledger: pd.DataFrame
    measured: pd.DataFrame
    skipped: pd.DataFrame
    cautions: tuple[str, ...]
    confidence: float
    date: str
    rounds_seen: int


def tally_pest(
    scores: pd.DataFrame,
    *,
    measured: Mapping[str, float | pd.Series] | None = None,
    confidence: float = 0.95,
    tail: float = 0.1,
    correlation: float = 0.0,
    effect_per_point: float = math.nan,
    draws: int = 4000,
    seed: int = 0,
) -> PestTally:
    """Add up a panel's PEST scores: what threatens, what helps, how soon, how sure that is, and what moved since the
    last round.

    `scores` is the table pest: rater, dimension (P E S T, also En environmental, as E is economic, and L legal),
    factor, probability (fraction), impact (1 to 5 points), horizon (years), direction (opportunity, threat), and
    perhaps date, metric. Blank scores are allowed. A rater's score of a factor is probability x impact, with a minus
    for a threat. The last date counts; the date before is what moves are told against, rater by rater.

    measured         : metric -> value or series in order of time, shown beside the factors that name the metric
    confidence       : level of the intervals, a fraction
    tail             : the best and the worst scenario are the ends beyond which this fraction of futures lies
    correlation      : how much good and bad turns come together (0: each factor comes about on its own; below 1)
    effect_per_point : fraction of sales that one net point is worth, for forecasts; without it scenarios are in
                       points only
    draws, seed      : panels and futures drawn

    Raises DataError where the table is not valid or nothing is scored; ParameterError for arguments out of range.
    """
    _check(confidence, tail, correlation)
    table = with_rounds(require_table("pest", scores), "pest")
    sign = table["direction"].map({"opportunity": 1.0, "threat": -1.0})
    table["score"] = sign * table["probability"] * table["impact"]
    panel, skipped = make_panel(table)
    estimate, deviation = deviations(lambda take: panel_scores(panel, take), len(panel.names))
    factors = _factors(panel, estimate, deviation, confidence, draws, seed)
    sheets = {"probability": panel.probability, "impact": panel.impact}
    told, unknown = tell_agreement(
        panel.dimensions, sheets, DIMENSIONS, confidence=confidence, draws=min(draws, 2000), seed=seed
    )
    moves, unmoved = tell_moves(table, panel, confidence)
    claims = factors.loc[factors["metric"] != "", ["dimension", "factor", "metric", "direction"]]
    claims = claims.assign(part="a" + claims["direction"].map({"opportunity": "n opportunity", "threat": " threat"}))
    claims = claims.assign(good=claims["direction"] == "opportunity")
    beside, unmeasured = hold_against(claims[["part", "factor", "metric", "good"]], measured)
    scenarios, doubts = tell_scenarios(
        [factor for _, factor in panel.items], *_chances(panel, estimate, draws, seed),
        tail=tail, correlation=correlation, effect_per_point=effect_per_point, confidence=confidence, seed=seed,
    )  # fmt: skip
    date = table["date"].max()
    ledger = write_ledger(table, "dimension", ["probability", "impact", "score"])
    return PestTally(
        factors=factors,
        totals=tell_totals(panel, estimate, deviation, confidence),
        horizons=tell_horizons(panel, factors),
        agreement=told.rename(columns={"part": "dimension"}),
        moves=moves,
        scenarios=scenarios,
        rounds=tell_rounds(table, "dimension", "score", list(DIMENSIONS), confidence).rename(
            columns={"part": "dimension"}
        ),
        raters=tell_raters(panel),
        ledger=ledger,
        measured=beside.rename(columns={"part": "direction"}),
        skipped=pd.DataFrame([*skipped, *unknown, *unmoved, *unmeasured], columns=["item", "reason"]),
        cautions=(*doubt_panel(panel, table, factors), *doubts),
        confidence=confidence,
        date="" if pd.isna(date) else date.date().isoformat(),
        rounds_seen=int(table["round"].max()),
    )


def _check(confidence: float, tail: float, correlation: float) -> None:
    if not 0 < confidence < 1:
        raise ParameterError(f"confidence lies between 0 and 1, not {confidence}")
    if not 0 < tail < 0.5:
        raise ParameterError(f"tail lies between 0 and 0.5, not {tail}")
    if not 0 <= correlation < 1:
        raise ParameterError(f"correlation is at least 0 and below 1, not {correlation}")


def _factors(panel: Panel, estimate: Array, deviation: Array, confidence: float, draws: int, seed: int) -> pd.DataFrame:
    count = len(panel.items)
    blocks = [slice(at * count, (at + 1) * count) for at in range(3)]
    ends, errors, freedom = [], np.empty(0), np.empty(0)
    for block in blocks:
        errors, freedom = moderated_errors(deviation[:, block])
        ends.append(interval(estimate[block], errors, freedom, confidence))
    score = estimate[blocks[2]]
    sheets = np.abs(
        draw(score, np.nan_to_num(deviation[:, blocks[2]]), draws=draws, seed=seed, errors=errors, freedom=freedom)
    )
    rank = (-np.abs(score)).argsort(kind="stable").argsort(kind="stable")
    held = rank_shares(sheets)[range(count), rank] if len(panel.names) > 1 else np.full(count, np.nan)
    good, given = (panel.signed > 0).sum(axis=0), (~np.isnan(panel.signed)).sum(axis=0)
    favour = score >= 0
    horizon = panel.table.groupby(["dimension", "factor"])["horizon"].median()
    years = np.array([horizon.get(item, math.nan) for item in panel.items], dtype=float)
    table = pd.DataFrame(
        {
            "dimension": panel.dimensions,
            "factor": [factor for _, factor in panel.items],
            "direction": np.where(favour, "opportunity", "threat"),
            "contested": np.where(favour, given - good, good) / given,
            "probability": estimate[blocks[0]], "probability_low": ends[0][0], "probability_high": ends[0][1],
            "impact": estimate[blocks[1]], "impact_low": ends[1][0], "impact_high": ends[1][1],
            "score": score, "low": ends[2][0], "high": ends[2][1],
            "horizon": years, "band": [band_of(value) for value in years],
            "raters": given, "spread": spread_of(panel.signed),
            "rank": rank + 1, "rank_probability": held, "metric": metrics_of(panel),
        }
    )  # fmt: skip
    return table.sort_values("rank", kind="stable", ignore_index=True)


def _chances(panel: Panel, estimate: Array, draws: int, seed: int) -> tuple[Array, Array, Array, Array]:
    """Probability and signed impact of each item, and panels that might as well have been asked (panels x items) of
    both."""
    sign = np.sign(panel.signed)
    sheets = (panel.probability, np.where(np.isnan(sign), np.nan, sign * panel.impact))
    found = []
    for at, sheet in enumerate(sheets):
        mean, deviation = deviations(lambda take, sheet=sheet: panel_means(sheet, take), len(panel.names))  # type: ignore[misc]
        error, freedom = moderated_errors(deviation)
        found.append(
            (
                mean,
                draw(
                    mean, np.nan_to_num(deviation), draws=min(draws, 200), seed=seed + at, errors=error, freedom=freedom
                ),
            )
        )
    (chance, chances), (impact, impacts) = found
    count = len(panel.items)
    plain = chance * impact
    scale = np.divide(estimate[2 * count : 3 * count], plain, out=np.ones(count), where=plain != 0)
    return chance, impact * scale, chances, impacts * scale
