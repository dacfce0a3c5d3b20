"""Which accounts change hands in one roster, to whom, and why: in words that can be read to both."""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesopt.stats.handover import SHORT, Plan, able_of, changed, differs, suited_of, why_short
from salesopt.stats.pairs import Pairs
from salesopt.stats.reasons import NO_WAY


def moves_of(pairs: Pairs, plan: Plan, base: Plan, today: Plan) -> pd.DataFrame:
    """Every account that changes hands against today, to whom, and why; those of most potential first."""
    placed = (pairs.former == "") & (plan.choice >= 0) & differs(pairs, plan, base)
    rows = np.flatnonzero(changed(pairs, plan, base) | placed)
    rows = rows[np.argsort(-pairs.potential[rows], kind="stable")]
    choice = plan.choice[rows]
    known = choice >= 0
    pick = np.maximum(choice, 0)
    now = pairs.now[rows]
    moves = pd.DataFrame(
        {
            "scenario": plan.roster.scenario,
            "account": pairs.account[rows],
            "rep_from": pairs.former[rows],
            "rep_to": np.where(known, pairs.rep[pick], ""),
            "outcome": np.where(known, "taken over", why_short(pairs, plan)[rows]),
            "call_hours": np.where(known, pairs.hours[rows, pick], pairs.hours[rows].mean(axis=1)),
            "travel": np.where(known, pairs.travel[rows, pick], np.nan),
            "travel_now": np.where(now >= 0, pairs.travel[rows, np.maximum(now, 0)], np.nan),
            "years": pairs.years[rows],
            "potential": pairs.potential[rows],
            "reason": np.array([_reason(pairs, plan, today, int(row)) for row in rows], dtype=object),
        }
    )
    return pd.concat([moves, pairs.places.iloc[rows].reset_index(drop=True)], axis=1)


def _reason(pairs: Pairs, plan: Plan, today: Plan, row: int) -> str:
    """Why an account goes where it goes, in words that can be read to both."""
    to, now = int(plan.choice[row]), int(pairs.now[row])
    former = pairs.former[row]
    stays = now >= 0 and plan.here[now]
    start = "" if stays or not former or former in plan.roster.gone else f"{former} is not here: "
    start += f"locked until now, with {former}: " if pairs.locked[row] and not stays else ""
    if to < 0:
        return start + _nobody(pairs, plan, row)
    if stays:
        return _exchange(pairs, plan, today, row)
    if pairs.km.any() and not pairs.travel[row].any():
        return start + f"{pairs.rep[to]} takes it over; {NO_WAY}"
    away = np.where(plan.here & np.isfinite(pairs.problem.cost[row]), pairs.km[row], np.inf)
    near = int(away.argmin())
    far = f", {pairs.km[row, to]:,.0f} km" if pairs.km.any() else ""
    if away[to] <= away[near] + 1e-9:
        return f"{start}{pairs.rep[to]} " + (f"is nearest of those who are there{far}" if far else "has room")
    lacks = plan.hours[near] + pairs.hours[row, near] + pairs.travel[row, near] > pairs.capacity[near]
    nearer = f"{pairs.rep[near]}, nearer, has no hours left" if lacks else f"{pairs.rep[near]} would be nearer"
    return start + f"{pairs.rep[to]} takes it over{far}; {nearer}"


def _exchange(pairs: Pairs, plan: Plan, today: Plan, row: int) -> str:
    """Why an account goes to somebody else although its representative stays."""
    to, now = int(plan.choice[row]), int(pairs.now[row])
    saved = pairs.travel[row, now] - pairs.travel[row, to]
    relief = f"{pairs.rep[now]} has more work than hours" if today.over[now] > 1e-6 else ""
    if saved >= 0.5:
        why = f"{_hours(saved)} of travel a year less"
        return f"{why}, and {relief}" if relief else why
    more = f"{_hours(-saved)} of travel a year more" if saved <= -0.5 else "about as much travel"
    return f"{relief or 'makes room or evens the load'}; {more}"


def _nobody(pairs: Pairs, plan: Plan, row: int) -> str:
    """Why nobody takes an account over: nobody is left, may serve it, is within reach, or has room."""
    able, why = able_of(pairs, plan)[row], why_short(pairs, plan)[row]
    if why == SHORT["nobody_left"]:
        return "nobody is left"
    if why == SHORT["unsuited"]:
        return "nobody who is there may serve it"
    if why == SHORT["out_of_reach"]:
        near = int(np.where(suited_of(pairs, plan)[row], pairs.km[row], np.inf).argmin())
        return f"out of reach; {pairs.rep[near]} is nearest, {pairs.km[row, near]:,.0f} km"
    need = (pairs.hours + pairs.travel)[row]
    free = np.maximum(plan.most - plan.hours, 0.0)
    fits = np.flatnonzero(able & (need <= free + 1e-6))
    if len(fits):
        return f"left out by the search, which stopped before all was proved; {pairs.rep[fits[0]]} has room"
    most = int(np.where(able, free, -1.0).argmax())
    if free[most] >= 0.5:
        return f"no room; {pairs.rep[most]} has most, {free[most]:,.0f} hours left of {need[most]:,.0f} needed"
    if able.sum() == 1:
        return f"no room; {pairs.rep[most]}, alone within reach, carries the most that may be"
    return f"no room; all {able.sum()} people within reach carry the most they may"


def _hours(count: float) -> str:
    return "1 hour" if round(count) == 1 else f"{count:,.0f} hours"
