"""What the way to the best size says, in words. It adds no finding: its money is that of the best size, in steps."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from salesopt.display import band, estimate, heads_of, percent, plural
from salesopt.headcount import HeadcountPlan
from salesopt.results import Conclusion
from salesopt.stats.makeup import TeamMakeup

SAME = (
    "The way to the best size is worth the same money as the size itself, reached step by step: do not add the two. "
    "Its amounts are sums over the years, those of the size are a year."
)


def path_changes(path: HeadcountPlan) -> bool:
    """Whether any unit has other heads in some year than today."""
    return bool(path.table.groupby("unit")["reps"].nunique().gt(1).any())


def path_answer(path: HeadcountPlan, currency: str = "") -> str:
    """What the way earns over its years, with interval; nothing where no unit changes."""
    if not path_changes(path):
        return ""
    more = path.gain >= 0
    low, high = (path.gain_low, path.gain_high) if more else (-path.gain_high, -path.gain_low)
    return (
        f"Step by step, over {plural(len(path.years) - 1, 'year')}, that earns {estimate(abs(path.gain), currency)} "
        f"{'more' if more else 'less'} than staying{band(low, high, 'estimate', path.confidence, currency)}"
        f"{_before_costs(path)}."
    )


def _is_free(path: HeadcountPlan) -> bool:
    """Whether people come, move or go and none of it costs anything."""
    flows = path.years[["hired", "moved", "let_go"]].to_numpy().sum()
    return bool(flows > 1e-6 and path.years["change_cost"].abs().sum() == 0)


def _before_costs(path: HeadcountPlan) -> str:
    return ", before what hiring, moving and letting go cost" if _is_free(path) else ""


def _back_and_forth(path: HeadcountPlan) -> list[str]:
    """Where people are hired and let go on one way: that this is a matter of limits of change and of no costs."""
    hired, let_go = path.years["hired"].sum(), path.years["let_go"].sum()
    if min(hired, let_go) <= 1e-6:
        return []
    why = ", which is free here" if _is_free(path) else ""
    return [
        f"It hires {heads_of(hired)} and lets {heads_of(let_go)} go on the way{why}: units that grow may do so before "
        "others have shrunk. Whoever shall go need not be hired: hire only what the last year keeps."
    ]


def path_caption(path: HeadcountPlan, currency: str = "") -> str:
    """What holds the way, where it ends, and what one more hire a year would be worth."""
    limit = (
        f"no unit changing by more than {percent(path.change, 0)} or one head a year"
        if path.change is not None
        else "without a limit on the change of a unit"
    )
    last = path.years["reps"].iloc[-1]
    unit = f", in {currency}" if currency else ""
    return (
        f"The way to the best size, year by year (0 is today){unit}: {limit}, to {heads_of(last)} heads"
        f"{_hires(path, currency)}"
    )


def _hires(path: HeadcountPlan, currency: str) -> str:
    if math.isnan(path.hire_worth):
        return ""
    if path.hire_worth == 0:
        return "; one more hire allowed a year would add nothing"
    return f"; one more hire allowed in every year is worth {estimate(path.hire_worth, currency)}"


def limits_in_words(path: HeadcountPlan) -> pd.DataFrame:
    """what, worth - each limit that holds the way up, in words, and what one head more of it would earn."""
    rows = [(_limit(row), row["worth"]) for row in path.limits[path.limits["worth"] > 0].to_dict("records")]
    return pd.DataFrame(rows, columns=["what", "worth"])


def _limit(row: Mapping[Any, Any]) -> str:
    year = f"in year {row['year']}" if row["year"] else "in every year"
    heads = plural_heads(row["allowed"])
    if row["limit"] == "change":
        return f"{row['unit']} may {'gain' if row['side'] == 'up' else 'lose'} {heads} {year}"
    if row["limit"] == "hires":
        return f"The team may grow by {heads} {year}"
    if row["limit"] == "reps":
        return f"The team may have {heads} at most"
    return f"{row['unit']} may have {heads} at {row['limit']}"


def plural_heads(heads: float) -> str:
    """Heads with their noun: "1 head", "2.5 heads"."""
    return f"{heads_of(heads)} {'head' if heads == 1 else 'heads'}"


def _against_the_jump(path: HeadcountPlan, currency: str) -> list[str]:
    gap = path.jump_gain - path.gain
    if abs(gap) <= 1e-9 * max(abs(path.jump_gain), 1e-300):
        return []
    word = "more" if gap > 0 else "less"
    return [f"Going there at once would earn {estimate(abs(gap), currency)} {word} in all."]


def path_doubts(path: HeadcountPlan, currency: str = "") -> tuple[str, ...]:
    """When not to trust the way, in one paragraph, and that its money is that of the best size."""
    told = [*_back_and_forth(path), *path.cautions, *_against_the_jump(path, currency)]
    return (f"Way to the best size: {' '.join(told)}", SAME)


def doubt_turnover(
    conclusion: Conclusion, path: HeadcountPlan | None, makeup: TeamMakeup | None, turnover: float
) -> Conclusion:
    """`conclusion` with a doubt where the way takes another share to leave by themselves than left last year.

    turnover : the share that the way assumes, a fraction; it may lie anywhere in the interval of what was measured
    """
    if path is None or makeup is None:
        return conclusion
    last = makeup.last_year
    if last["low"] <= turnover <= last["high"]:
        return conclusion
    taken = f"{percent(turnover)} of heads leave by themselves" if turnover else "nobody leaves by himself"
    doubt = (
        f"The way to the best size takes it that {taken} (parameter turnover); in the year up to "
        f"{makeup.on.date()} {plural(int(last['leavers']), 'person', 'people')} of the whole team left, "
        f"{percent(last['turnover'])}{band(last['low'], last['high'], 'percent', makeup.confidence)}."
    )
    return replace(conclusion, doubts=(*conclusion.doubts, doubt))


def path_metrics(path: HeadcountPlan) -> dict[str, float]:
    """Named numbers of the way: its gain over the years, the heads it ends with, the year it pays back."""
    return {
        "team.path_gain": path.gain,
        "team.path_reps": float(path.years["reps"].iloc[-1]),
        "team.path_pays_back": path.pays_back,
        "team.path_against_jump": path.gain - path.jump_gain,
    }
