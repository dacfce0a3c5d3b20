"""What the curves of effort say, in words."""

from __future__ import annotations

import math

import pandas as pd

from salesopt.display import band, between, listed, number, percent, plural
from salesopt.effort import EffortFit
from salesopt.results import Basis, Conclusion, Finding

UNIT = "% of sales per % of heads"


def conclude_effort(result: EffortFit, *, currency: str = "") -> Conclusion:
    """The answer in two sentences, what to doubt, a finding and metrics ("effort.elasticity" and others)."""
    value, low, high = result.whole("elasticity in the long run")
    plain, trended = result.measured["elasticity"].iloc[:2]
    return Conclusion(
        answer=_answer(result),
        doubts=(*result.cautions, *_flagged(result)),
        findings=(
            Finding(
                f"What one per cent more representatives bring in the long run, mean of "
                f"{plural(len(result.table), 'unit')}; {_same(result)}",
                value,
                low,
                high,
                UNIT,
                "Size and place the team by the curves measured here, not by sales per head.",
                result.cautions[0],
                "effort",
            ),
        ),
        metrics={
            "effort.elasticity": value,
            "effort.measured": float(trended if math.isfinite(trended) else plain),
            "effort.carry_over": result.whole("share that comes later")[0],
            "effort.from_history": float(result.table["from_history"].mean()),
            "effort.units": float(len(result.table)),
        },
        bases=_bases(result, currency),
    )


def _bases(result: EffortFit, currency: str) -> tuple[Basis, ...]:
    """The sales of the last year of the history."""
    last = result.periods["period"].max()
    year = result.periods[result.periods["period"] > last - pd.DateOffset(years=1)]
    span = f"periods that begin from {year['period'].min():%Y-%m} to {last:%Y-%m}"
    return (Basis("Sales of the units", "effort_history", span, float(year["sales"].sum()), currency),)


def _answer(result: EffortFit) -> str:
    table = result.table.sort_values("elasticity", ascending=False, kind="stable")
    top, least = table.iloc[0], table.iloc[-1]
    said = (
        f"In the long run one per cent more heads brings {'most ' if len(table) > 1 else ''}on {top['unit']}: "
        f"{number(top['elasticity'])} % more sales{band(top['low'], top['high'], 'number', result.confidence)}"
    )
    if len(table) > 1:
        said += f"; least on {least['unit']}: {number(least['elasticity'])} % ({between(least['low'], least['high'])})"
    share = float(table["from_history"].mean())
    before = "what the judges left open" if table["judged"].notna().any() else "what is open without any history"
    return f"{said}. The history settles {percent(share, 0)} of {before}.{_lasting(result)}"


def _lasting(result: EffortFit) -> str:
    """What comes later than the period in which heads work, with its own doubt."""
    value, low, high = result.whole("share that comes later")
    if len(result.carries) == 1:
        share = percent(value, 0)
        return (
            f" That {share} of what heads bring comes after the {_period(result)} they work in was given, not measured."
        )
    return (
        f" Of what heads bring, {percent(value, 0)} ({percent(result.confidence, 0)} interval {percent(low, 0)} to "
        f"{percent(high, 0)}) comes after the {_period(result)} they work in."
    )


def _same(result: EffortFit) -> str:
    value, low, high = result.whole("elasticity in the same period")
    return f"{number(value)} ({between(low, high)}) of it in the same {_period(result)}"


def _period(result: EffortFit) -> str:
    return result.length or "period"


def _flagged(result: EffortFit) -> list[str]:
    flagged = result.table[result.table["caution"] != ""]
    if not len(flagged):
        return []
    said = plural(len(flagged), "unit has a caution", "units have a caution")
    return [f"{said} of {'its' if len(flagged) == 1 else 'their'} own ({listed(flagged['unit'], 4)}); see the table."]
