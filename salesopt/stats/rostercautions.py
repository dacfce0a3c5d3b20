"""What to know about scenarios of who leaves and joins: what limits them, what is not known, what was not searched."""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesopt.stats.handover import Plan, Roster, Rules
from salesopt.stats.pairs import Pairs


def homeless(accounts: pd.DataFrame, pairs: Pairs, rosters: list[Roster]) -> list[str]:
    """Accounts without a place whose representative leaves."""
    gone = {name for roster in rosters for name in roster.gone}
    if "rep" not in accounts.columns:
        return []
    left = accounts["rep"].isin(gone) & ~accounts["account"].isin(list(pairs.account))
    said = f"Not counted, for want of a known place: accounts of people who may leave, {int(left.sum())} of them."
    return [said] if left.any() else []


def limits(pairs: Pairs, today: Plan, rules: Rules, reach: float | None) -> list[str]:
    """What limits who takes over: km, and hours, with how many are above theirs as things are."""
    said = []
    if reach is not None and pairs.km.any():
        said.append(f"Nobody takes over an account more than {reach:,.0f} km from the base.")
    served = np.flatnonzero(pairs.now >= 0)
    whose = pairs.now[served]
    held = np.bincount(whose, (pairs.hours + pairs.travel)[served, whose], len(pairs.rep))
    hours = np.maximum(pairs.capacity, 0.0)
    over = np.where(today.here, np.maximum(held - hours, 0.0), 0.0)
    if (over > 1e-6).any():
        said.append(
            f"At the calls planned, {int((over > 1e-6).sum())} of {int(today.here.sum())} people have more work than "
            f"hours with their accounts of today, {over.sum():,.0f} hours a year in all."
        )
    beyond = int((today.here & (held > (1 + rules.stretch) * hours + 1e-6)).sum())
    who = "the one person who would with his accounts of today carries"
    who = who if beyond == 1 else f"{beyond} people who would with their accounts of today carry"
    most = f"Nobody is asked to carry more than {100 * (1 + rules.stretch):.3g} % of their hours"
    said.append(f"{most}{f'; {who} no more than these' if beyond else ''}.")
    return said


def unknown_years(pairs: Pairs) -> list[str]:
    """What to know where it is not known since when accounts have been with their representative."""
    served = pairs.former != ""
    unknown = int(np.isnan(pairs.years[served]).sum())
    if not unknown:
        return []
    if unknown == served.sum():
        return ["Years of relationship are not known: accounts do not say since when they are with whom."]
    return [
        f"Since when they are with whom is not known of {unknown:,} of {served.sum():,} accounts; years of "
        "relationship count the others only."
    ]


def search_cautions(
    plans: list[Plan], rules: Rules, joining: pd.DataFrame | None, hires: int | pd.DataFrame, gap: float
) -> tuple[str, ...]:
    """What is left out, not tried, or not searched to the end."""
    said = []
    if short := int((plans[0].choice < 0).sum()):
        said.append(f"{short} accounts find nobody with today's people already; they count in every scenario.")
    if rules.regime == "handover" and len(plans[0].choice):
        said.append("Nobody else exchanges accounts here; a redraw of all of them costs less travel and more moves.")
    if joining is not None and not isinstance(hires, pd.DataFrame):
        said.append(f"Only {len(joining)} candidate places were tried; a hire elsewhere may do better.")
    late = [plan.roster.scenario for plan in plans if plan.solution.late]
    if late:
        worst = max(plan.solution.gap for plan in plans)
        said.append(
            f"Time ran out in {len(late)} scenarios ({', '.join(late[:3])}), by the clock, so that another run may "
            f"find another plan: up to {100 * worst:.2g} % of the cost may be saved still. A longer "
            "time_limit, or time_in_all where there are many scenarios, helps."
        )
    unsure = [plan.roster.scenario for plan in plans if plan.solution.lost_gap > 1.01 * max(gap, 1e-6)]
    if unsure:
        said.append(f"It is not proved that no more can be served: {', '.join(unsure[:3])}.")
    return tuple(said)
