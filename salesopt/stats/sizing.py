"""The plans of a sales force: the same heads redeployed, a cap on heads, the best size, and all sizes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesopt.errors import InfeasibleError, ParameterError
from salesopt.stats.allocation import HillCurves, WholeDivisions, divide_continuous, divide_whole, envelope
from salesopt.stats.arguments import named_as_text, number_fault, require
from salesopt.stats.effort import Numbers, Units

MOST_HEADS = 50_000  # of a team: every count up to it is divided anew, in under a minute
WIDEST = 10.0  # no unit grows beyond this multiple of today's heads unless `most` says so: nobody was asked
Limit = float | Mapping[str, float] | pd.Series | None


@dataclass(frozen=True, eq=False)
class Plans:
    """Heads per unit by step (today, redeployed, asked?, best), and every whole head count at its best.

    totals   : whole head counts, rising; divided : heads per unit at each, one row per total
    """

    steps: dict[str, Numbers]
    totals: Numbers
    divided: Numbers


def unit_limits(units: Units, least: Limit, most: Limit, whole: bool) -> tuple[Numbers, Numbers]:
    """Fewest and most heads of each unit, whole numbers where asked."""
    low = _limit("least", units, least, np.zeros(len(units.name)))
    high = _limit("most", units, most, np.maximum(WIDEST * units.reps, low))
    if whole:
        low, high = np.ceil(low - 1e-9), np.floor(high + 1e-9)
    clash = low > high
    if clash.any():
        said = [f"'{units.name[at]}' at least {low[at]:g} and at most {high[at]:g}" for at in np.flatnonzero(clash)]
        raise InfeasibleError("least and most leave no head count for " + "; ".join(said), conflict=("least", "most"))
    return low, high


def limit_faults(word: str, given: Limit) -> list[str]:
    """What is wrong with `least` or `most`, whatever the units: a number, or one for each unit that is named."""
    if not isinstance(given, Mapping | pd.Series):
        return [number_fault(word, given, least=0, optional=True)]
    return [number_fault(f"{word} of {unit}", heads, least=0) for unit, heads in given.items()]


def _limit(word: str, units: Units, given: Limit, otherwise: Numbers) -> Numbers:
    require(*limit_faults(word, given))
    if given is None:
        return otherwise
    if not isinstance(given, Mapping | pd.Series):
        return given * units.reps
    given = {named_as_text(name): heads for name, heads in given.items()}
    unknown = sorted(str(name) for name in set(given.keys()) - set(units.name))
    if unknown:
        raise ParameterError(f"the parameter {word} names units that are not sized: {', '.join(unknown)}")
    return np.array([given.get(name, other) for name, other in zip(units.name, otherwise, strict=True)], float)


def make_plans(units: Units, cost: float, reps: float | None, low: Numbers, high: Numbers, whole: bool) -> Plans:
    """Divide today's heads, at most `reps` heads, and as many heads as pay, each in the best way."""
    today = float(units.reps.sum())
    same = same_heads(units, low, high, whole)
    _require_room(reps, low)
    free = envelope(units.curves, low, high).best(units.curves, cost)
    start, divisions = _divide_all(units, low, high, max(today, reps or 0.0, float(free.sum()) + len(free)))
    totals = start.sum() + np.flatnonzero(np.isfinite(divisions.value))
    divided = start + divisions.plans((totals - start.sum()).astype(np.int64))
    steps = {"today": units.reps}
    if whole:
        profit = units.contribution(divided).sum(axis=1) - cost * totals
        steps["redeployed"] = divided[np.searchsorted(totals, same)]
        if reps is not None:
            steps["asked"] = divided[int(np.where(totals <= reps + 1e-9, profit, -np.inf).argmax())]
        steps["best"] = divided[int(profit.argmax())]
    else:
        steps["redeployed"] = _divide_exactly(units.curves, low, high, same)
        if reps is not None:
            steps["asked"] = divide_continuous(units.curves, least=low, most=high, total=reps, price=cost).effort
        steps["best"] = free
    return Plans(steps, totals, divided)


def _divide_exactly(curves: HillCurves, low: Numbers, high: Numbers, total: float) -> Numbers:
    """All of `total` in the best way; what brings nothing more anywhere fills up the units in their order."""
    effort = divide_continuous(curves, least=low, most=high, total=total).effort.copy()
    for unit in range(len(effort)):
        effort[unit] += min(high[unit] - effort[unit], max(total - effort.sum(), 0.0))
    return effort


def _divide_all(units: Units, low: Numbers, high: Numbers, largest: float) -> tuple[Numbers, WholeDivisions]:
    """Every whole head count up to a little over `largest`, and the fewest heads it starts from."""
    start = np.ceil(low - 1e-9)
    stop = np.maximum(np.floor(high + 1e-9), start)
    top = int(min(np.ceil(1.1 * largest) + 2, stop.sum()) - start.sum())
    widest = int(np.argmax(stop))
    require_countable(units.name[widest], units.reps[widest], top, MOST_HEADS)
    values = []
    for unit in range(len(start)):
        heads = np.arange(start[unit], min(stop[unit], start[unit] + top) + 1)
        values.append(unit_curve(units.curves, unit).gain(heads[:, None])[:, 0])
    return start, divide_whole(values, max(top, 0))


def require_countable(unit: str, today: float, counts: int, most: int) -> None:
    """ParameterError where more than `most` head counts would have to be tried, naming the largest `unit`."""
    if counts > most:
        raise ParameterError(
            f"{counts:,} head counts are too many to try one by one ({most:,} at most); '{unit}' has {today:,.0f} "
            "heads today: current_reps, reps and most count heads (full-time representatives), not hours"
        )


def unit_curve(curves: HillCurves, unit: int) -> HillCurves:
    """The curve of one unit (of each draw, where there are draws)."""
    return HillCurves(curves.span[..., unit, None], curves.shape[..., unit, None], curves.scale[..., unit, None])


def same_heads(units: Units, low: Numbers, high: Numbers, whole: bool) -> float:
    """Today's heads (whole ones), or the number nearest to it that the limits on units allow."""
    today = float(units.reps.sum())
    same = float(np.floor(today + 1e-9)) if whole else today
    return float(np.clip(same, low.sum(), max(high.sum(), low.sum())))


def _require_room(reps: float | None, low: Numbers) -> None:
    if reps is not None and low.sum() > reps + 1e-9:
        raise InfeasibleError(
            f"the least heads of the units add to {low.sum():g}, the parameter reps allows {reps:g}",
            conflict=("least", "reps"),
            relaxation=f"lower least by {low.sum() - reps:g} heads in all",
        )


def cap_price(plans: Plans, units: Units, cost: float) -> float:
    """What one head above the cap would earn, 0 where there is none or it does not bind."""
    if "asked" not in plans.steps:
        return 0.0
    heads = float(np.floor(plans.steps["asked"].sum() + 1e-9))
    worth = units.contribution(plans.divided).sum(axis=1) - cost * plans.totals
    at = int(np.searchsorted(plans.totals, heads))
    return float(max(worth[at + 1] - worth[at], 0.0)) if at + 1 < len(worth) else 0.0


def frontier_table(units: Units, plans: Plans, cost: float) -> pd.DataFrame:
    """Every whole head count: reps, sales, profit, marginal_profit of its last head, units switched on and off."""
    profit = units.contribution(plans.divided).sum(axis=1) - cost * plans.totals
    on = plans.divided > plans.divided[0]
    before = np.vstack([np.zeros_like(on[:1]), on[:-1]])
    return pd.DataFrame(
        {
            "reps": plans.totals.astype(np.int64),
            "sales": units.sales(plans.divided).sum(axis=1),
            "profit": profit,
            "marginal_profit": np.concatenate([[np.nan], np.diff(profit)]),
            "switched_on": [", ".join(units.name[row]) for row in on & ~before],
            "switched_off": [", ".join(units.name[row]) for row in before & ~on],
        }
    )


def switch_on_totals(plans: Plans) -> Numbers:
    """Team from which on each unit has anybody at every larger size on the frontier; nan where that is never so."""
    served = plans.divided > 0
    last_off = np.where(~served, np.arange(len(served))[:, None], -1).max(axis=0)
    place = np.minimum(last_off + 1, len(served) - 1)
    return np.where(last_off + 1 < len(served), plans.totals[place].astype(float), np.nan)


def best_heads(units: Units, cost: float, low: Numbers, high: Numbers, whole: bool) -> Numbers:
    """Heads of each unit that pay best when each head costs `cost`; works on draws x units too."""
    curves = units.curves
    rising = HillCurves(np.maximum(curves.span, 0.0), curves.shape, curves.scale)
    low, high = np.broadcast_to(low, rising.span.shape), np.broadcast_to(high, rising.span.shape)
    if not whole:
        return envelope(rising, low, high).best(rising, cost)
    # over whole heads the best lies next to the best of the concave part, or at an end of the convex one
    bend = np.clip(curves.inflection(), low, high)
    peak = np.clip(rising.effort_at(cost), bend, high)
    places = [low, *(np.clip(step(place), low, high) for step in (np.floor, np.ceil) for place in (peak, bend))]
    options = np.stack(places)
    best = (rising.gain(options) - cost * options).argmax(axis=0)
    return np.take_along_axis(options, best[None], axis=0)[0] + 0.0  # no -0
