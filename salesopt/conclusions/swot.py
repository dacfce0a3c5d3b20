"""What the SWOT says in words."""

from __future__ import annotations

import math

import pandas as pd

from salesopt.comparisons import Priorities
from salesopt.display import between, chance, listed, percent, plural, points
from salesopt.results import Conclusion, Finding
from salesopt.swot import SwotTally
from salesopt.tows import Qspm, Tows

SIDES = {"IFE": "inner side (IFE)", "EFE": "outer side (EFE)"}
VERDICTS = {
    "above": "above the midpoint of 2.5",
    "below": "below the midpoint of 2.5",
    "not told apart": "not told apart from the midpoint of 2.5",
    "not known": "with one rater, so how sure that is cannot be told",
}
RULES = {
    "strength": "strengths are rated 3 or 4, weaknesses 1 or 2",
    "response": "every factor is rated by the firm's response",
}


MEASURED = {  # what stats.track measures, over four quarters in a row
    "sales.share": ("the share of sales", "fraction of sales, four quarters"),
    "sales.revenue": ("the sales", "sales of four quarters"),
    "sales.units": ("the units sold", "units in four quarters"),
    "sales.price": ("the mean price", "sales per unit, four quarters"),
    "elasticity.median": ("the price elasticity of the typical product", "% of units per % of price"),
    "team.redeploy_gain": ("what redeploying the same heads gains", "currency a year"),
    "channels.return": ("the response per unit of spend, all channels", "response per currency"),
    "channels.served": ("the share of delivered orders served well", "fraction of delivered orders"),
    "skills.coverage": ("the share of the skill needed that is there", "fraction of level-hours"),
}


def conclude_swot(
    result: SwotTally,
    *,
    currency: str = "",
    strategies: Tows | None = None,
    choice: Qspm | None = None,
    judged: Priorities | None = None,
) -> Conclusion:
    """Say where the firm stands inside and outside, how sure that is, which strategy follows, and what contradicts
    the judgements.

    `currency` is not used: SWOT findings have points, not money. Metrics: swot.ife, swot.efe (totals), swot.alpha
    (agreement of all ratings, ordinal), swot.contradictions (factors that a measured series speaks against).
    """
    answer = _sides(result) + _direction(result) + _first_strategy(strategies)
    rest = [other for other in (strategies, choice, judged) if other is not None]
    contradicted = (
        result.measured[result.measured["contradiction"].astype(bool)] if len(result.measured) else result.measured
    )
    cautions = [*result.cautions, *(caution for other in rest for caution in other.cautions)]
    doubts = [*_against(contradicted), _rule(result), *_agreement(result), *_convergence(result), *cautions]
    return Conclusion(
        answer,
        tuple(doubts),
        tuple(_findings(result, strategies, choice, contradicted)),
        _metrics(result, contradicted),
    )


def _sides(result: SwotTally) -> str:
    """The totals against the midpoint."""
    parts = []
    for row in result.matrices.to_dict("records"):
        interval = "" if math.isnan(row["low"]) else f" ({between(row['low'], row['high'], 'points')})"
        parts.append(f"the {SIDES[row['matrix']]} scores {points(row['total'])}{interval}, {VERDICTS[row['verdict']]}")
    raters = plural(int(result.matrices["raters"].max()), "rater")
    return f"On a scale of 1 to 4, by {raters}, " + "; ".join(parts) + "."


def _direction(result: SwotTally) -> str:
    if result.position.empty:
        return ""
    way = result.position[(result.position["kind"] == "direction") & result.position["chosen"]].iloc[0]
    share = "" if math.isnan(way["probability"]) else f" (so would {chance(way['probability'])} of panels)"
    return f" That points to {way['name']}: {way['advice'].split(': ')[-1]}{share}."


def _first_strategy(strategies: Tows | None) -> str:
    if strategies is None or strategies.strategies.empty:
        return ""
    best = strategies.strategies.iloc[0]
    sure = (
        "" if math.isnan(best["first_probability"]) else f", first with {chance(best['first_probability'])} of panels"
    )
    return (
        f" Of {plural(len(strategies.strategies), 'strategy', 'strategies')}, '{best['strategy']}' uses the "
        f"factors best{sure}."
    )


def _rule(result: SwotTally) -> str:
    """Which rating rule is in force, and whether the other would change the conclusion."""
    other = result.rules[~result.rules["in_force"].astype(bool)]
    moved = other[other["changes"].astype(bool)]
    name = str(other["rule"].iloc[0])
    begin = f"Rule in force: {RULES[result.rule]}. Under the other rule ({RULES[name]})"
    if len(moved):
        totals = listed(f"{row['matrix']} would be {points(row['total'])}" for row in moved.to_dict("records"))
        return f"{begin} the conclusion changes: {totals}."
    inner = other[other["matrix"] == "IFE"]
    if name == "strength" or inner.empty or math.isnan(inner["rating_to_midpoint"].iloc[0]):
        return f"{begin} the conclusion stays the same."
    needed = float(inner["rating_to_midpoint"].iloc[0])
    own = result.factors[result.factors["quadrant"] == "W"]
    now = float((own["weight"] * own["rating"]).sum() / own["weight"].sum())
    return (
        f"{begin} the same ratings give the same totals, but weaknesses could then be rated up to 4: the inner "
        f"total crosses the "
        f"midpoint where their mean rating is {points(needed)} (now {points(now)})."
    )


def _agreement(result: SwotTally) -> list[str]:
    whole = result.agreement
    whole = whole[(whole["quadrant"] == "all") & (whole["measure"] == "rating")] if len(whole) else whole
    if whole.empty:
        return []
    row = whole.iloc[0]
    interval = (
        "" if math.isnan(row["ordinal_low"]) else f", {between(row['ordinal_low'], row['ordinal_high'], 'points')}"
    )
    return [
        f"Over all factors {row['words']} (Krippendorff's alpha {points(row['alpha_ordinal'])}{interval}; 1 is "
        f"full agreement)."
    ]


def _convergence(result: SwotTally) -> list[str]:
    """Whether the last round brought the raters closer together."""
    rounds = result.rounds[(result.rounds["quadrant"] == "all") & (result.rounds["round"] == result.rounds_seen)]
    if result.rounds_seen < 2 or rounds.empty or math.isnan(rounds["low"].iloc[0]):
        return []
    row = rounds.iloc[0]
    words = "closer together" if row["converging"] else "not surely closer together"
    return [
        f"Round {result.rounds_seen} brought the raters {words}: the spread of a rating changed by "
        f"{points(row['spread_change'])} points "
        f"({between(row['low'], row['high'], 'points')}), and {percent(row['moved'], 0)} of the ratings were changed."
    ]


def _against(contradicted: pd.DataFrame) -> list[str]:
    return [f"'{row['factor']}' is {row['words']}." for row in measured_in_words(contradicted).to_dict("records")]


def measured_in_words(measured: pd.DataFrame) -> pd.DataFrame:
    """What was measured beside judgements, its metrics as a board calls them."""
    rows = measured.to_dict("records")
    names = [_measured(row["metric"])[0] for row in rows]
    said = [row["words"].replace(row["metric"], name, 1) for row, name in zip(rows, names, strict=True)]
    return measured.assign(metric=names, words=said)


def _findings(
    result: SwotTally, strategies: Tows | None, choice: Qspm | None, contradicted: pd.DataFrame
) -> list[Finding]:
    findings = []
    for table, column, how in ((strategies, "score", "TOWS"), (choice, "total", "QSPM")):
        if table is None or table.strategies.empty:
            continue
        best = table.strategies.iloc[0]
        sure = best["first_probability"]
        doubt = (
            f"Another panel would put it first with a probability of {chance(sure)}."
            if sure == sure
            else "No interval: one rater, or weights typed in."
        )
        what = f"Strategy that fits the factors best ({how}): {best['strategy']}"
        act = f"Work out what '{best['strategy']}' costs and brings before deciding"
        findings.append(Finding(what, best[column], best["low"], best["high"], "points", act, doubt, "swot"))
    for row in contradicted.to_dict("records"):
        what, act = (
            f"Measured against judged: {row['factor']}",
            f"Put {_measured(row['metric'])[0]} before the raters and score '{row['factor']}' again",
        )
        overlap = (
            " Sums over four quarters overlap, which makes runs longer." if row["metric"].startswith("sales.") else ""
        )
        why = f"No interval: a run of {abs(row['run'])} changes, not an estimate.{overlap}"
        findings.append(Finding(what, row["value"], math.nan, math.nan, _measured(row["metric"])[1], act, why, "swot"))
    return findings


def _measured(metric: str) -> tuple[str, str]:
    """A metric in the words of a board, and its unit: "sales.share:Tea" -> the share of sales of Tea."""
    name, _, of = metric.partition(":")
    what, unit = MEASURED.get(name, (metric, metric))
    return what + (f" of {of}" if of and what != metric else ""), unit


def _metrics(result: SwotTally, contradicted: pd.DataFrame) -> dict[str, float]:
    totals = result.matrices.set_index("matrix")["total"]
    metrics = {f"swot.{name.lower()}": float(totals[name]) for name in totals.index}
    whole = result.agreement
    if len(whole):
        alpha = whole.loc[(whole["quadrant"] == "all") & (whole["measure"] == "rating"), "alpha_ordinal"]
        metrics["swot.alpha"] = float(alpha.iloc[0])
    return metrics | {"swot.contradictions": float(len(contradicted))}
