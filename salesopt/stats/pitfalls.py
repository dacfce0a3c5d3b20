"""When not to trust an elasticity: the checks a pricing scientist makes, as plain sentences beside the number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesopt.stats.cells import Floats, Mask
from salesopt.stats.fewclusters import FEW

SMALL_PRICE_MOVE = 0.02
MANY_ZEROS = 0.01
VERY_FEW = 6


@dataclass(frozen=True, eq=False)
class Evidence:
    """What the checks look at, one entry per product, in the order of the table.

    price_move : standard deviation of log price beyond effects and controls
    other      : own elasticity of a more careful model; nan where there is none
    other_name : what that model allows for: "demand has a trend of its own"
    fragile    : the estimate rests on one cluster
    pooled     : whether the table's elasticities are pooled
    clusters   : columns the errors are clustered by
    logs       : rows without a sale could not be used
    remark     : what is said beside every number; "" for nothing
    """

    price_move: Floats
    other: Floats
    other_name: str
    fragile: Mask
    pooled: bool
    clusters: tuple[str, ...]
    logs: bool
    remark: str = ""


def cautions_of(table: pd.DataFrame, evidence: Evidence, tests: pd.DataFrame) -> list[str]:
    """The caution of each product of an elasticity table, "" where there is nothing to say."""
    own, error = table["own_elasticity"].to_numpy(), table["own_std_error"].to_numpy()
    half = (table["own_high"] - table["own_low"]).to_numpy() / 2
    cluster = " and ".join(evidence.clusters)
    remarks: list[list[str]] = [[] for _ in own]

    def say(where: Mask, sentence: str, *values: Floats) -> None:
        for place in np.flatnonzero(where):
            remarks[place].append(sentence.format(*(column[place] for column in values)))

    wrong, still = own >= 0, table["elasticity"].to_numpy() >= 0
    say(wrong & still, "above zero, which demand cannot be ({:.2f} by itself): do not price on it", own)
    say(wrong & ~still, "above zero by itself ({:.2f}); what stands here comes from the other products", own)
    say(
        evidence.price_move < SMALL_PRICE_MOVE, "the price moved by only {:.1%} beyond the effects", evidence.price_move
    )
    if cluster:
        number = table["clusters"].to_numpy()
        say(number < VERY_FEW, f"errors rest on only {{}} clusters ({cluster})", number)
        say(evidence.fragile, f"without one {cluster} there is no estimate, so its error is too small")
    if evidence.logs:
        say(
            (table["zero_share"] > MANY_ZEROS).to_numpy(),
            "{:.0%} of its rows had no sale and are left out; method 'ppml' keeps them",
            table["zero_share"].to_numpy(),
        )
    shift = np.abs(evidence.other - own)
    moved = np.isfinite(shift) & (shift > np.maximum(half, 0.1)) & (error > 0)
    say(moved, f"{{:.2f}} if {evidence.other_name}: prices move with demand over time", evidence.other)
    if len(tests):
        effective, critical = tests["effective_f"].to_numpy(), tests["effective_f_critical"].to_numpy()
        say(
            ~(effective >= critical),
            "weak instrument (effective F {:.1f}, {:.1f} needed): trust the Anderson-Rubin interval",
            effective,
            critical,
        )
        say((tests["overid_p"] < 0.05).to_numpy(), "the instruments contradict each other: one of them moves demand")
    if evidence.remark:
        say(np.ones(len(own), dtype=bool), evidence.remark)
    return ["; ".join(part) for part in remarks]


def general_cautions(table: pd.DataFrame, evidence: Evidence, method: str) -> list[str]:
    """Sentences about the whole table."""
    said = []
    if method != "iv":
        said.append(
            "Prices are taken as set without regard to demand beyond the effects and controls. Where they were raised "
            "because demand was strong, true demand is more sensitive than shown; an instrument (method 'iv') mends it."
        )
    if not len(table):
        return said
    few = table["clusters"] < FEW
    if evidence.clusters and few.any() and not evidence.remark:  # a comparison over time says it in its own words
        name = " and ".join(evidence.clusters)
        least, most = table.loc[few, "clusters"].min(), table.loc[few, "clusters"].max()
        span = f"{least}" if least == most else f"{least} to {most}"
        said.append(
            f"{int(few.sum())} of {len(table)} estimates rest on few groups that may err each in its own way "
            f"({span} by {name}): their intervals come from leaving out one at a time, rather too wide than too narrow."
        )
    shift = evidence.other - table["own_elasticity"].to_numpy()
    shift = shift[np.isfinite(shift)]
    noise = 2 * np.std(shift) / np.sqrt(len(shift)) if len(shift) and evidence.remark else 0.0
    if len(shift) and abs(np.median(shift)) > max(0.1, noise):
        advice = "so prefer that model (effects 'market' and 'period')"
        if evidence.remark:
            advice = "more than season and trend can hold equal (effects 'month' and 'block' give that model)"
        said.append(
            f"If {evidence.other_name}, elasticities change by {np.median(shift):+.2f} in the median: prices move with "
            f"demand over time, {advice}."
        )
    if "deal_elasticity" in table:
        said.append(
            "The elasticity is that of the base price. Deals (price paid against base price) have one of their own, "
            f"{table['deal_elasticity'].median():.2f} in the median: a cut announced as a deal sells differently."
        )
    wrong = table["own_elasticity"] >= 0
    if wrong.any():
        what = (
            "pooling replaced them by values nearer to the other products'"
            if evidence.pooled
            else "they are not pooled"
        )
        still = int((table["elasticity"] >= 0).sum())
        what += f", and {still} stay above zero: do not price on them" if still and evidence.pooled else ""
        said.append(f"{int(wrong.sum())} of {len(table)} products have an own estimate above zero; {what}.")
    zeros = (table["zero_share"] * table["rows"]).sum() / table["rows"].sum()
    if zeros > 0:
        kept = "left out, which makes demand look less sensitive; 'ppml' keeps them" if evidence.logs else "kept"
        said.append(f"{zeros:.1%} of the rows have no sale; they are {kept}.")
    return said
