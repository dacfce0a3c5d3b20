"""When not to trust curves of effort measured from a history, in plain sentences."""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesopt.stats.doubts import few
from salesopt.stats.effortfit import Posterior, weights_of
from salesopt.stats.effortpanel import History

STILL = 0.05  # spread of log heads below which a history says nothing
LITTLE = 0.1  # share of the doubt taken away below which the history has hardly spoken
MOVED = 0.05  # part of a year's sales from which on it is said that they were brought to today's heads
EDGE = 0.3  # weight of the highest rate of carry-over above which it may be higher still


def unit_caution(row: pd.Series, last_heads: float, heads: pd.Series, known: str, share: float) -> str:
    """What to doubt about one unit's curve; "" for nothing.

    last_heads, heads : of the history; known : what is said of it before any fit; share : what its last year's sales
    were multiplied by to bring them to today's heads
    """
    said = [known] if known else []
    served = heads[heads > 0]
    if heads.empty:
        said.append("no history of its own stands behind its curve, which leans on the judges and the other units")
    elif len(served) < 2 or np.log(served).std() < STILL:
        said.append("its heads hardly moved, so its history says next to nothing")
    elif row["from_history"] < LITTLE:
        said.append("its history took away less than a tenth of the doubt")
    if np.isfinite(row["judged"]) and not row["low"] <= row["judged"] <= row["high"]:
        said.append(f"the history contradicts the judges, who said {row['judged']:.2f}")
    if abs(share - 1) > MOVED:
        said.append(
            f"its heads moved within the last year: its sales a year at today's heads are worked out by its curve, "
            f"{share:.0%} of what was sold"
        )
    if np.isfinite(last_heads) and abs(last_heads - row["heads"]) > 0.1 * max(row["heads"], 1.0):
        said.append(f"the history ends with {last_heads:g} heads, today counts {row['heads']:g}")
    return "; ".join(said)


def fit_cautions(
    table: pd.DataFrame,
    overall: pd.DataFrame,
    measured: pd.DataFrame,
    past: History,
    judged: bool,
    found: list[Posterior],
    confidence: float,
) -> tuple[str, ...]:
    """Plain sentences about the fit as a whole; those of single units are in `table`."""
    said = [
        "Nobody moved heads at random: the curves hold what came with heads in the past, other things equal as said."
    ]
    plain, trended, ahead = (measured.iloc[place] for place in range(3))
    if ahead["p"] < 0.05:
        why = (
            "heads were sent after sales, so that what they bring is likely to be overstated"
            if ahead["elasticity"] > 0
            else "heads were taken away after good sales, or what they bring lasts longer than is held equal here"
        )
        said.append(f"Heads of the next period tell this period's sales (p = {ahead['p']:.3f}): {why}.")
    best = trended if past.trends and np.isfinite(trended["elasticity"]) else plain
    if best["high"] < 0:
        said.append(
            f"More heads went with fewer sales (common elasticity {best['elasticity']:.2f}): heads were sent to where "
            "sales fell, or something else moved both. Curves that only rise cannot follow that: do not size by them."
        )
    elif best["low"] <= 0:
        said.append(
            "Without a prior the history does not tell the effect of heads from none (common elasticity "
            f"{best['elasticity']:.2f}, {confidence:.0%} interval {best['low']:.2f} to {best['high']:.2f}): that "
            "curves rise is assumed, so their intervals lie above zero even where heads bring nothing."
        )
    if np.isfinite([plain["elasticity"], trended["elasticity"]]).all():
        differ = plain["elasticity"] - trended["elasticity"]
        if abs(differ) > max(0.1, 0.25 * (trended["high"] - trended["low"])):
            said.append(
                f"Without trends of the units the common elasticity is {plain['elasticity']:.2f}, with them "
                f"{trended['elasticity']:.2f}: heads and growth went together."
            )
    else:
        said.append(
            "No common elasticity can be measured without a prior: there are fewer than three units, or heads hardly "
            "move beyond what is held equal."
        )
    still = table.loc[table["caution"].str.contains("next to nothing|no history|history is not used"), "unit"]
    if len(still):
        said.append(f"Hardly anything but judgement, or what is usual, stands behind {few(still)}.")
    against = table.loc[table["caution"].str.contains("contradicts"), "unit"]
    if len(against):
        said.append(f"History and judges contradict each other on {few(against)}: ask there before acting.")
    said += _level(table, overall, judged, confidence)
    top = max(range(len(found)), key=lambda place: found[place].carry)
    if len(found) > 1 and weights_of(found)[top] > EDGE:
        said.append(
            f"Effects last long: a carry-over of {found[top].carry:g} a {past.length or 'period'}, the highest tried, "
            "is likely; it may be higher still."
        )
    return (*past.said, *said)


def _level(table: pd.DataFrame, overall: pd.DataFrame, judged: bool, confidence: float) -> list[str]:
    """Judges and history on the whole, or what stands in for judges."""
    if not judged:
        return [
            "Nobody judged the units: where the history is silent, an elasticity of a third stands in, the average of "
            "field studies of personal selling, with wide doubt."
        ]
    ratio = overall[overall["what"] == "against the judges"].iloc[0]
    if not (ratio["low"] > 1 or ratio["high"] < 1):
        return []
    both = table[np.isfinite(table["judged"]) & (table["periods"] > 0)]
    return [
        f"On the whole the history makes heads bring {'less' if ratio['value'] < 1 else 'more'} than the judges said: "
        f"the mean elasticity is {ratio['value']:.3g} times the {both['judged'].mean():.3g} that they said "
        f"({confidence:.0%} interval {ratio['low']:.3g} to {ratio['high']:.3g})."
    ]
