"""What the size, the deployment and the assignment of a team say, in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from salesopt.conclusions.headcount import path_answer, path_doubts, path_metrics
from salesopt.display import between, heads_of, integer, listed, money, number, percent, plural
from salesopt.results import Conclusion, Finding
from salesopt.team import CallPlan, HeadcountPlan, TeamAssignment, TeamSize, Workload


def conclude_team(
    size: TeamSize,
    assignment: TeamAssignment | None = None,
    calls: CallPlan | None = None,
    workload: Workload | None = None,
    path: HeadcountPlan | None = None,
    *,
    also: Sequence[str] = (),
    currency: str = "",
) -> Conclusion:
    """The answer, what to doubt, what moves are worth, and metrics ("team.redeploy_gain" and others).

    also : what to doubt about the curves themselves, where they were measured
    """
    today, moved, best = _step(size.bridge, "today"), _step(size.bridge, "redeployed"), _aim(size)
    said = [_size_answer(size, currency), path_answer(path, currency) if path else ""]
    answer = " ".join(filter(None, [*said, _assigned_answer(assignment) if assignment else ""]))
    findings = [_redeploy(size, currency), _resize(size, currency)]
    findings += [_reassign(assignment)] if assignment else []
    findings += [_call(calls, currency)] if calls else []
    metrics = {
        "team.reps": today["reps"],
        "team.best_reps": best["reps"],
        "team.redeploy_gain": moved["gain"],
        "team.total_gain": best["total_gain"],
    }
    metrics |= {"team.cap_cost": _cap_cost(size)["gain"]} if size.reps is not None else {}
    if assignment:
        before, after = _travel(assignment)
        metrics |= {
            "team.accounts_moved": float(_changed(assignment)),
            "team.travel_saved": before - after,
            "team.gap": float(assignment.gap),
        }
    metrics |= {"team.workload_reps": workload.reps_exact} if workload else {}
    metrics |= {"team.call_gain": float(calls.gain)} if calls else {}
    metrics |= path_metrics(path) if path else {}
    doubts = (*_doubts(size, assignment, calls, workload, currency), *(path_doubts(path, currency) if path else ()))
    doubts = (*doubts, *(f"Curves of effort: {text}" for text in also))
    return Conclusion(answer, doubts, tuple(findings), metrics)


def _step(bridge: pd.DataFrame, step: str) -> dict[str, Any]:
    """One row of a bridge."""
    return {str(name): value for name, value in bridge[bridge["step"] == step].iloc[0].items()}


def _aim(size: TeamSize) -> dict[str, Any]:
    """The step to go to: the best size, or the best within the cap where there is one."""
    return _step(size.bridge, "best" if size.reps is None else "asked")


def _cap_cost(size: TeamSize) -> dict[str, Any]:
    """What the best size would earn beyond the cap: `gain` with its interval."""
    return _step(size.bridge, "best")


def _travel(assignment: TeamAssignment) -> tuple[float, float]:
    """Hours of travel a year today and in the plan."""
    return _step(assignment.bridge, "today")["travel"], _step(assignment.bridge, "assigned")["travel"]


def _interval(low: float, high: float, style: str, level: float, currency: str = "") -> str:
    """An interval in brackets, or nothing where there is none."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return ""
    return f" ({percent(level, 0)} interval {between(low, high, style, currency)})"


def _size_answer(size: TeamSize, currency: str) -> str:
    moved, best = _step(size.bridge, "redeployed"), _aim(size)
    gain = _interval(moved["gain_low"], moved["gain_high"], "money", size.confidence, currency)
    heads = ""
    if size.reps is None and math.isfinite(best["reps_low"]):
        heads = (
            f" ({percent(size.confidence, 0)} interval {heads_of(best['reps_low'])} to {heads_of(best['reps_high'])})"
        )
    added = best["profit"] - moved["profit"]
    more = (
        f"{'adds' if added >= 0 else 'forgoes'} {money(abs(added), currency)}"
        if abs(best["reps"] - moved["reps"]) >= 0.5
        else "is the size there is"
    )
    what = "the best size" if size.reps is None else f"the best size within the cap of {heads_of(size.reps)}"
    return (
        f"Putting {_whom(size)} where they earn most is worth "
        f"{money(moved['gain'], currency)} a year{gain}; {what}, {heads_of(best['reps'])}{heads}, {more}."
        f"{_cap_words(size, currency)}"
    )


def _whom(size: TeamSize) -> str:
    """Who is redeployed: the same heads as today, or the number nearest to it that the limits allow."""
    heads = _step(size.bridge, "redeployed")["reps"]
    if abs(heads - _step(size.bridge, "today")["reps"]) < 1:
        return f"the same {heads_of(heads)} representatives"
    return f"{heads_of(heads)} representatives, the nearest to today's number that the limits on units allow,"


def _cap_words(size: TeamSize, currency: str) -> str:
    """What the cap costs, in a sentence; nothing where there is no cap."""
    if size.reps is None:
        return ""
    free = _cap_cost(size)
    if free["gain"] <= 1e-6 * max(abs(free["profit"]), 1.0):
        return " The cap costs nothing: more heads would earn no more."
    interval = _interval(free["gain_low"], free["gain_high"], "money", size.confidence, currency)
    return f" The cap costs {money(free['gain'], currency)} a year{interval} against {heads_of(free['reps'])} heads."


def _assigned_answer(assignment: TeamAssignment) -> str:
    before, after = _travel(assignment)
    way = "cuts" if after < before else "adds"
    share = f" ({percent(abs(after - before) / before, 0)})" if before else ""
    return (
        f"Reassigning {plural(_changed(assignment), 'account')} of {integer(len(assignment.table))} {way} "
        f"{integer(abs(after - before))} hours of travel a year{share} within everybody's hours{_newly(assignment)}; "
        f"no plan within the limits is more than {percent(assignment.gap, 1)} better."
    )


def _changed(assignment: TeamAssignment) -> int:
    """Accounts that change hands."""
    return int(_step(assignment.bridge, "assigned")["moved"])


def _newly(assignment: TeamAssignment) -> str:
    """Accounts that nobody here serves today, whose travel is not compared; nothing where there are none."""
    count = int(_step(assignment.bridge, "today")["unserved"])
    if not count:
        return ""
    hours = integer(_step(assignment.bridge, "assigned")["travel_unserved"])
    return (
        f"; {plural(count, 'account')} that nobody here serves today {'asks' if count == 1 else 'ask'} for {hours} more"
    )


def _moves(size: TeamSize) -> tuple[str, str]:
    """Units that lose and that gain heads when the same heads are redeployed, with how many."""
    change = (size.table["reps_same_heads"] - size.table["reps_now"]).set_axis(size.table["unit"]).sort_values()
    losers = [f"{unit} ({heads_of(-heads)})" for unit, heads in zip(change.index, change, strict=True) if heads < -0.05]
    winners = [
        f"{unit} ({heads_of(heads)})"
        for unit, heads in zip(change.index[::-1], change[::-1], strict=True)
        if heads > 0.05
    ]
    return listed(losers, 3), listed(winners, 4)


def _redeploy(size: TeamSize, currency: str) -> Finding:
    moved = _step(size.bridge, "redeployed")
    losers, winners = _moves(size)
    action = f"Move heads from {losers} to {winners}." if losers and winners else "Leave the heads where they are."
    return Finding(
        "The same representatives where they earn most",
        moved["gain"],
        moved["gain_low"],
        moved["gain_high"],
        f"{currency} a year",
        action,
        size.cautions[0] if size.cautions else "",
        "team",
    )


def _resize(size: TeamSize, currency: str) -> Finding:
    moved, best = _step(size.bridge, "redeployed"), _aim(size)
    heads = best["reps"] - moved["reps"]
    verb = (
        f"Hire {heads_of(heads)}"
        if heads >= 0.5
        else f"Let go {heads_of(-heads)}"
        if heads <= -0.5
        else "Keep the size"
    )
    alone = "The gain is small against its interval: redeploy first, then ask again."
    flat = math.isfinite(best["gain_low"]) and best["gain_low"] <= 0
    caution = " ".join([alone if flat else size.cautions[0] if size.cautions else "", _cap_words(size, currency)])
    return Finding(
        "The best size, once everybody is redeployed"
        if size.reps is None
        else "The best size within the cap, once everybody is redeployed",
        best["profit"] - moved["profit"],
        best["gain_low"],
        best["gain_high"],
        f"{currency} a year",
        f"{verb}, to {heads_of(best['reps'])} representatives, after the redeployment.",
        " ".join(caution.split()),
        "team",
    )


def _reassign(assignment: TeamAssignment) -> Finding:
    before, after = _travel(assignment)
    return Finding(
        "Hours of travel that the assignment of accounts saves",
        before - after,
        math.nan,
        math.nan,
        "hours a year",
        f"Hand over {plural(_changed(assignment), 'account')} as the table of moves says.",
        "No interval: distances are taken as exact. "
        f"No plan within the limits is more than {percent(assignment.gap, 1)} better in all{_newly(assignment)}.",
        "team",
    )


def _call(calls: CallPlan, currency: str) -> Finding:
    fewer = calls.table[calls.table["calls"] < calls.table["calls_now"]]
    return Finding(
        "Calls where they bring most, within today's hours",
        float(calls.gain),
        math.nan,
        math.nan,
        f"{currency} a year",
        f"Call less often on {plural(len(fewer), 'account')} and use the hours where the plan says.",
        "No interval: the curve of a group stands for each of its accounts. It overlaps with redeploying: do not add.",
        "team",
    )


def _doubts(
    size: TeamSize,
    assignment: TeamAssignment | None,
    calls: CallPlan | None,
    workload: Workload | None,
    currency: str,
) -> tuple[str, ...]:
    said = [*size.cautions, *_ask_again(size.sensitivity, currency)]
    if workload:
        today, needed = size.bridge["reps"].iloc[0], workload.reps_exact
        said.append(
            f"The workload method, which counts calls and not what they bring, asks for {number(needed)} "
            f"representatives; today there are {heads_of(today)}."
        )
    for part in (assignment, calls, workload):
        said += part.cautions if part else ()
    return tuple(said)


def _ask_again(sensitivity: pd.DataFrame, currency: str) -> list[str]:
    worst = sensitivity.iloc[:1]
    if not len(worst) or not worst["loss"].item() > 0:
        return []
    row = worst.iloc[0]
    if row["kind"] == "judge":
        return [
            f"The plan leans most on what {row['judge']} said: if that should not count, it forgoes "
            f"{money(row['loss'], currency)} a year. Ask there again first."
        ]
    if row["kind"] == "curve":
        return [
            f"The curve that matters most is that of {row['unit']}: if heads bring "
            f"{percent(abs(row['shift']), 0)} {'more' if row['shift'] > 0 else 'less'} there, as they may, the plan "
            f"forgoes {money(row['loss'], currency)} a year. Learn more there first: ask again, or try a head more."
        ]
    question = QUESTIONS[row["question"]]
    return [
        f"The answer that matters most is that on {row['unit']} {question}: if it is off by "
        f"{percent(abs(row['shift']), 0)}, the plan forgoes {money(row['loss'], currency)} a year. "
        "Ask that one again first."
    ]


QUESTIONS = {
    "at_none": "without any effort",
    "at_half": "at half of today's effort",
    "at_today": "at today's effort",
    "at_plus_half": "at half more effort",
    "at_saturation": "at unlimited effort",
}
