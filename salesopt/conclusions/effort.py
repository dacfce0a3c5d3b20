"""What the curves of effort say, in words."""

from __future__ import annotations

import math

from salesopt.display import between, listed, number, percent, plural
from salesopt.effort import EffortFit
from salesopt.results import Conclusion, Finding

UNIT = "% of sales per % of heads"


def conclude_effort(result: EffortFit, *, currency: str = "") -> Conclusion:
    """The answer in two sentences, what to doubt, a finding and metrics ("effort.elasticity" and others)."""
    table, plain = result.table, result.measured.iloc[1 if math.isfinite(result.measured.iloc[1]["elasticity"]) else 0]
    mean = float(table["elasticity"].mean())
    return Conclusion(
        answer=_answer(result),
        doubts=(*result.cautions, *_flagged(result)),
        findings=(
            Finding(
                "What one per cent more representatives bring in the same period, over all units",
                float(plain["elasticity"]) if math.isfinite(plain["elasticity"]) else mean,
                float(plain["low"]),
                float(plain["high"]),
                UNIT,
                "Size and place the team by the curves measured here, not by sales per head.",
                result.cautions[0],
                "effort",
            ),
        ),
        metrics={
            "effort.elasticity": mean,
            "effort.measured": float(plain["elasticity"]),
            "effort.carry_over": result.carry_over,
            "effort.from_history": float(table["from_history"].mean()),
            "effort.units": float(len(table)),
        },
    )


def _answer(result: EffortFit) -> str:
    table = result.table.sort_values("elasticity", ascending=False, kind="stable")
    top, least, level = table.iloc[0], table.iloc[-1], percent(result.confidence, 0)
    said = (
        f"One per cent more heads brings most on {top['unit']}: {number(top['elasticity'])} % more sales ({level} "
        f"interval {between(top['low'], top['high'])})"
    )
    if len(table) > 1:
        said += f"; least on {least['unit']}: {number(least['elasticity'])} % ({between(least['low'], least['high'])})"
    share = float(table["from_history"].mean())
    before = "the judges left" if table["judged"].notna().any() else "there is without any history"
    return f"{said}. The history takes away {percent(share, 0)} of the doubt that {before}.{_lasting(result)}"


def _lasting(result: EffortFit) -> str:
    if result.carry_over < 0.05:
        return ""
    return f" Of what heads bring, {percent(result.carry_over, 0)} comes after the period they work in."


def _flagged(result: EffortFit) -> list[str]:
    flagged = result.table[result.table["caution"] != ""]
    if not len(flagged):
        return []
    said = plural(len(flagged), "unit carries a caution", "units carry a caution")
    return [f"{said} of {'its' if len(flagged) == 1 else 'their'} own ({listed(flagged['unit'], 4)}); see the table."]
