"""What the PEST says in words."""

from __future__ import annotations

import math

import pandas as pd

from salesopt.conclusions.swot import measured_in_words
from salesopt.display import between, chance, listed, plural, points
from salesopt.pest import PestTally
from salesopt.results import Conclusion, Finding

BALANCE = {
    "opportunity": "opportunities outweigh threats",
    "threat": "threats outweigh opportunities",
    "balanced": "opportunities and threats balance as far as these raters can tell",
    "not known": "how sure the balance is cannot be told",
}


def conclude_pest(result: PestTally, *, currency: str = "") -> Conclusion:
    """Say whether outside threats or opportunities weigh more, which are the largest, what moved, and how wide the
    futures are.

    `currency` is not used: PEST findings have points, not money. Metrics: pest.opportunity, pest.threat, pest.net
    (points), pest.moved (factors that moved beyond raters' noise), pest.best, pest.base, pest.worst (net points of
    the scenarios).
    """
    whole = result.totals[result.totals["dimension"] == "all"].iloc[0]
    contradicted = (
        result.measured[result.measured["contradiction"].astype(bool)] if len(result.measured) else result.measured
    )
    against = [f"'{row['factor']}' is {row['words']}." for row in measured_in_words(contradicted).to_dict("records")]
    doubts = [*against, *_agreement(result), *_convergence(result), *result.cautions]
    return Conclusion(
        _balance(result, whole) + _largest(result) + _moved(result),
        tuple(doubts),
        tuple(_findings(result)),
        _metrics(result, whole),
    )


def _balance(result: PestTally, whole: pd.Series) -> str:
    interval = "" if math.isnan(whole["low"]) else f" ({between(whole['low'], whole['high'], 'points')})"
    raters = plural(int(result.factors["raters"].max()), "rater")
    return (
        f"By {raters}, {BALANCE[whole['verdict']]}: net {points(whole['net'])} points{interval}, that is "
        f"{points(whole['opportunity'])} of "
        f"opportunity less {points(whole['threat'])} of threat (probability x impact of "
        f"{plural(int(whole['factors']), 'factor')})."
    )


def _largest(result: PestTally) -> str:
    parts = []
    for direction in ("threat", "opportunity"):
        own = result.factors[result.factors["direction"] == direction]
        if len(own):
            first = own.iloc[0]
            when = "" if math.isnan(first["horizon"]) else f", {first['band']}"
            parts.append(f"the largest {direction} is '{first['factor']}' ({points(first['score'])} points{when})")
    return f" {' and '.join(parts)}.".replace(" the", " The", 1) if parts else ""


def _moved(result: PestTally) -> str:
    if result.moves.empty:
        return ""
    moved = result.moves[result.moves["beyond_noise"].astype(bool)]
    if moved.empty:
        return (
            f" Nothing moved since the last round beyond what raters' noise explains "
            f"({plural(len(result.moves), 'factor')} compared)."
        )
    names = listed((f"'{row['factor']}' ({points(row['change'])})" for row in moved.to_dict("records")), 3)
    return f" Since the last round {names} moved beyond raters' noise."


def _agreement(result: PestTally) -> list[str]:
    if "alpha_ordinal" not in result.agreement.columns or result.agreement.empty:
        return []
    rows = result.agreement[result.agreement["dimension"] == "all"].to_dict("records")
    words = "; ".join(f"on {row['measure']} {row['words']} (alpha {points(row['alpha_ordinal'])})" for row in rows)
    return [f"Over all factors, {words}. Alpha is Krippendorff's: 1 is full agreement, 0 is chance."]


def _convergence(result: PestTally) -> list[str]:
    rounds = result.rounds[(result.rounds["dimension"] == "all") & (result.rounds["round"] == result.rounds_seen)]
    if result.rounds_seen < 2 or rounds.empty or math.isnan(rounds["low"].iloc[0]):
        return []
    row = rounds.iloc[0]
    words = "closer together" if row["converging"] else "not surely closer together"
    return [
        f"Round {result.rounds_seen} brought the raters {words}: the spread of a score changed by "
        f"{points(row['spread_change'])} points "
        f"({between(row['low'], row['high'], 'points')})."
    ]


def _findings(result: PestTally) -> list[Finding]:
    """The largest threat and opportunity, and what moved."""
    findings = []
    for direction, act in (("threat", "Prepare for"), ("opportunity", "Prepare to use")):
        own = result.factors[result.factors["direction"] == direction]
        if len(own):
            row = own.iloc[0]
            sure = row["rank_probability"]
            doubt = (
                "One rater: no interval."
                if sure != sure
                else f"Another panel would give it rank {row['rank']} with a probability of {chance(sure)}."
            )
            what = f"Largest {direction} outside: {row['factor']}"
            findings.append(
                Finding(
                    what, row["score"], row["low"], row["high"], "points", f"{act} '{row['factor']}'", doubt, "pest"
                )
            )
    for move in result.moves[result.moves["beyond_noise"].astype(bool)].head(3).to_dict("records"):
        way = "better" if move["change"] > 0 else "worse"
        what, act = (
            f"Moved for the {way} since the last round: {move['factor']}",
            f"Ask the raters what changed '{move['factor']}'",
        )
        doubt = f"{plural(int(move['raters']), 'rater')} scored it both times."
        findings.append(Finding(what, move["change"], move["low"], move["high"], "points", act, doubt, "pest"))
    return findings


def _metrics(result: PestTally, whole: pd.Series) -> dict[str, float]:
    metrics = {f"pest.{name}": float(whole[name]) for name in ("opportunity", "threat", "net")}
    moved = float(result.moves["beyond_noise"].astype(bool).sum()) if len(result.moves) else 0.0
    scenarios = {f"pest.{row['scenario']}": float(row["net"]) for row in result.scenarios.to_dict("records")}
    return metrics | {"pest.moved": moved} | scenarios
