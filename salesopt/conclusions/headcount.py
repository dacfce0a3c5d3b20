"""What the way to the best size says, in words. It adds no finding: its money is that of the best size, in steps."""

from __future__ import annotations

import math

from salesopt.display import between, heads_of, money, percent, plural
from salesopt.headcount import HeadcountPlan

SAME = (
    "The way to the best size is worth the same money as the size itself, reached step by step: do not add the two. "
    "Its amounts are sums over the years, those of the size are a year."
)


def path_answer(path: HeadcountPlan, currency: str = "") -> str:
    """The way in a sentence: where it leads, what it earns with interval, what a limit on hires costs."""
    span = plural(len(path.years) - 1, "year")
    last = path.years["reps"].iloc[-1]
    limit = (
        f"no unit changing by more than {percent(path.change, 0)} or one head a year" if path.change is not None else ""
    )
    band = ""
    if math.isfinite(path.gain_low):
        low, high = path.gain_low, path.gain_high
        band = f" ({percent(path.confidence, 0)} interval {between(low, high, 'money', currency)})"
    way = "more" if path.gain >= 0 else "less"
    return (
        f"Step by step, {limit or 'without a limit on the change of a unit'}, the team goes to {heads_of(last)} heads "
        f"in {span} and earns {money(abs(path.gain), currency)} {way} than staying in all{band}"
        f"{_hires(path, currency)}."
    )


def _hires(path: HeadcountPlan, currency: str) -> str:
    if math.isnan(path.hire_worth):
        return ""
    if path.hire_worth == 0:
        return "; one more hire allowed a year would add nothing"
    return f"; one more hire allowed in every year is worth {money(path.hire_worth, currency)}"


def _against_the_jump(path: HeadcountPlan, currency: str) -> str:
    gap = path.jump_gain - path.gain
    if abs(gap) <= 1e-9 * max(abs(path.jump_gain), 1e-300):
        return "Way to the best size: going there at once would earn as much."
    word = "more" if gap > 0 else "less"
    return f"Way to the best size: going there at once would earn {money(abs(gap), currency)} {word} in all."


def path_doubts(path: HeadcountPlan, currency: str = "") -> tuple[str, ...]:
    """When not to trust the way, and what it gives up against going there at once."""
    return (*(f"Way to the best size: {text}" for text in path.cautions), _against_the_jump(path, currency), SAME)


def path_metrics(path: HeadcountPlan) -> dict[str, float]:
    """Named numbers of the way: its gain over the years, the heads it ends with, the year it pays back."""
    return {
        "team.path_gain": path.gain,
        "team.path_reps": float(path.years["reps"].iloc[-1]),
        "team.path_pays_back": path.pays_back,
        "team.path_against_jump": path.gain - path.jump_gain,
    }
