"""What the size, the deployment and the assignment of a team say, in words."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import pandas as pd

from salesopt.conclusions.crosscheck import QUESTIONS, put_first
from salesopt.conclusions.headcount import path_answer, path_doubts, path_metrics
from salesopt.display import between, capital, estimate, heads_of, integer, listed, number, percent, plural
from salesopt.results import Conclusion, Finding
from salesopt.stats.crosscheck import HeadGap
from salesopt.summary import money_unit
from salesopt.team import CallPlan, HeadcountPlan, TeamAssignment, TeamSize, Workload


def conclude_team(
    size: TeamSize,
    assignment: TeamAssignment | None = None,
    calls: CallPlan | None = None,
    workload: Workload | None = None,
    path: HeadcountPlan | None = None,
    *,
    unserved: str = "",
    unreached: str = "",
    also: Sequence[str] = (),
    gap: HeadGap | None = None,
    split: pd.DataFrame | None = None,
    currency: str = "",
) -> Conclusion:
    """The answer, what to doubt, what moves are worth, and metrics ("team.redeploy_gain" and others).

    unserved, unreached : why no plan of who serves whom, and no way to the best size, meets the requirements
    also : what to doubt about the curves themselves, where they were measured
    gap, split : heads against people, and judges who contradict each other, as `stats.crosscheck` finds them
    """
    today, moved, best = _step(size.bridge, "today"), _step(size.bridge, "redeployed"), _aim(size)
    said = [
        _moved_answer(size, currency),
        _size_answer(size, currency),
        path_answer(path, currency) if path and not unserved else _no_plan("the way to the best size", unreached),
        _assigned_answer(assignment) if assignment else _no_plan("who serves whom", unserved),
    ]
    answer = " ".join(filter(None, said))
    sized = [_redeploy(size, unserved, currency), _resize(size, currency)]  # what leans on the count of heads
    other = [
        _reassign(assignment) if assignment else _give_in(unserved),
        _call(calls, currency) if calls else None,
    ]
    findings = [finding for finding in (*sized, *other) if finding is not None]
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
    return put_first(
        Conclusion(answer, doubts, tuple(findings), metrics), gap, split, leaning=len(sized) - sized.count(None)
    )


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


def _rests(value: float, size: TeamSize) -> bool:
    """Whether an amount is nothing beside the profit: what the solver rounds, not what a change is worth."""
    return abs(value) <= 1e-6 * max(abs(_step(size.bridge, "today")["profit"]), 1.0)


def _moved_answer(size: TeamSize, currency: str) -> str:
    """What redeploying is worth, or that the heads are where they earn most."""
    today, moved = _step(size.bridge, "today"), _step(size.bridge, "redeployed")
    if abs(moved["reps"] - today["reps"]) < 1 and _rests(moved["gain"], size):
        return f"All {heads_of(today['reps'])} heads are where they earn most: none has to move."
    gain = _interval(moved["gain_low"], moved["gain_high"], "estimate", size.confidence, currency)
    return f"Putting {_whom(size)} where they earn most is worth {estimate(moved['gain'], currency)} a year{gain}."


def _size_answer(size: TeamSize, currency: str) -> str:
    """The size to have, and what it adds to redeploying."""
    moved, best = _step(size.bridge, "redeployed"), _aim(size)
    heads = ""
    if size.reps is None and math.isfinite(best["reps_low"]):
        heads = (
            f" ({percent(size.confidence, 0)} interval {heads_of(best['reps_low'])} to {heads_of(best['reps_high'])})"
        )
    added = best["profit"] - moved["profit"]
    if abs(best["reps"] - moved["reps"]) < 0.5:
        more = "is the size there is: nobody has to be hired or let go"
    else:
        more = f"{'adds' if added >= 0 else 'forgoes'} {estimate(abs(added), currency)} a year"
        low = best["gain_low"]
        more += ", which is not sure to be above zero" if added >= 0 and math.isfinite(low) and low <= 0 else ""
    what = "The best size" if size.reps is None else f"The best size within the cap of {heads_of(size.reps)}"
    return f"{what}, {heads_of(best['reps'])}{heads}, {more}.{_cap_words(size, currency)}"


def _no_plan(what: str, why: str) -> str:
    """That a part has no plan, with the requirements that clash and by how much; nothing where it has one."""
    if not why:
        return ""
    clash, way = _split(why)
    out = f" Way out: {way}." if way else ""
    return f"There is no plan of {what} within all requirements: {clash}.{out}"


def _split(why: str) -> tuple[str, str]:
    """What clashes and the way out, from the words of an `InfeasibleError`; names in brackets stay in the doubts."""
    clash, *way = re.split(r"[.;]? *(?:a |cheapest )?way out: ", why.removeprefix("No plan: "), maxsplit=1, flags=re.I)
    return clash.rstrip("."), re.sub(r" \([^()]*\)", "", "".join(way)).rstrip(".")


def _whom(size: TeamSize) -> str:
    """Who is redeployed: the same heads as today, or the number nearest to it that the limits allow."""
    heads = _step(size.bridge, "redeployed")["reps"]
    if abs(heads - _step(size.bridge, "today")["reps"]) < 1:
        return f"the same {heads_of(heads)} heads"
    return f"{heads_of(heads)} heads, the nearest to today's number that the limits on units allow,"


def _cap_words(size: TeamSize, currency: str) -> str:
    """What the cap costs, in a sentence; nothing where there is no cap."""
    if size.reps is None:
        return ""
    free = _cap_cost(size)
    if free["gain"] <= 1e-6 * max(abs(free["profit"]), 1.0):
        return " The cap costs nothing: more heads would earn no more."
    interval = _interval(free["gain_low"], free["gain_high"], "estimate", size.confidence, currency)
    return f" The cap costs {estimate(free['gain'], currency)} a year{interval} against {heads_of(free['reps'])} heads."


def _assigned_answer(assignment: TeamAssignment) -> str:
    if not _changed(assignment):
        return "Who serves whom is best as it is: no account has to change hands."
    before, after = _travel(assignment)
    does = "leaves hours of travel a year as they are"
    if abs(after - before) >= 0.5:
        share = f" ({percent(abs(after - before) / before, 0)})" if before else ""
        way = "cuts" if after < before else "adds"
        does = f"{way} {integer(abs(after - before))} hours of travel a year{share}"
    return (
        f"Reassigning {plural(_changed(assignment), 'account')} of {integer(len(assignment.table))} {does} within "
        f"everybody's hours{_newly(assignment)}."
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


def _redeploy(size: TeamSize, unserved: str, currency: str) -> Finding | None:
    """What moving heads is worth; None where none has to move."""
    moved = _step(size.bridge, "redeployed")
    if _rests(moved["gain"], size):
        return None
    first = "No plan of who serves whom meets all requirements yet: settle these first. " if unserved else ""
    losers, winners = _moves(size)
    action = f"Move heads from {losers} to {winners}." if losers and winners else "Leave the heads where they are."
    return Finding(
        "The same heads where they earn most",
        moved["gain"],
        moved["gain_low"],
        moved["gain_high"],
        money_unit(currency),
        action,
        (first + (size.cautions[0] if size.cautions else "")).strip(),
        "team",
    )


FURTHER = (
    "A further head counts for what he sells less his cost; the chapter on who leaves or joins counts hours of travel "
    "and overtime instead: two measures of the same head, not to be added."
)


def _resize(size: TeamSize, currency: str) -> Finding | None:
    """What hiring or letting go is worth after redeploying; None where the size is the best there is."""
    moved, best = _step(size.bridge, "redeployed"), _aim(size)
    heads = best["reps"] - moved["reps"]
    if abs(heads) < 0.5:
        return None
    verb = f"Hire {heads_of(heads)}" if heads > 0 else f"Let go {heads_of(-heads)}"
    alone = "The gain is small against its interval: redeploy first, then ask again."
    flat = math.isfinite(best["gain_low"]) and best["gain_low"] <= 0
    doubt = alone if flat else size.cautions[0] if size.cautions else ""
    caution = " ".join([doubt, FURTHER, _cap_words(size, currency)])
    return Finding(
        "The best size, once everybody is redeployed"
        if size.reps is None
        else "The best size within the cap, once everybody is redeployed",
        best["profit"] - moved["profit"],
        best["gain_low"],
        best["gain_high"],
        money_unit(currency),
        f"{verb}, to {heads_of(best['reps'])} heads, after the redeployment.",
        " ".join(caution.split()),
        "team",
    )


def _give_in(unserved: str) -> Finding | None:
    """That the requirements on who serves whom clash, and what to give in on; None where they do not."""
    if not unserved:
        return None
    clash, way = _split(unserved)
    return Finding(
        "Who serves whom: requirements that no plan meets together",
        math.nan,
        math.nan,
        math.nan,
        "",
        f"Give in on one of these: {way}." if way else f"Give in on one of the requirements: {clash}.",
        f"{capital(clash)}. Until then this report holds no plan of who serves whom.",
        "team",
    )


def _reassign(assignment: TeamAssignment) -> Finding | None:
    """The travel that reassigning saves, or what else it is for; None where no account changes hands."""
    if not _changed(assignment):
        return None
    before, after = _travel(assignment)
    saves = before - after >= 0.5
    return Finding(
        "Hours of travel that the assignment of accounts saves"
        if saves
        else f"Accounts that change hands for balance or fit{_for_travel(after - before)}",
        before - after if saves else float(_changed(assignment)),
        math.nan,
        math.nan,
        "hours a year" if saves else "accounts",
        f"Hand over {plural(_changed(assignment), 'account')} as the table of moves says.",
        "No interval: distances are taken as exact. "
        f"No plan within the limits is more than {percent(assignment.gap, 1)} better in all{_newly(assignment)}.",
        "team",
    )


def _for_travel(more: float) -> str:
    return f", for {integer(more)} hours of travel a year more" if more >= 0.5 else ""


def _call(calls: CallPlan, currency: str) -> Finding | None:
    """What moving calls is worth; None where none has to move."""
    if calls.gain <= 1e-6 * max(float(calls.table["sales_now"].sum()), 1.0):
        return None
    fewer = calls.table[calls.table["calls"] < calls.table["calls_now"]]
    return Finding(
        "Calls where they bring most, within today's hours",
        float(calls.gain),
        math.nan,
        math.nan,
        money_unit(currency),
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
            f"people in full time; today the units have {heads_of(today)} heads."
        )
    if assignment:
        said.append(f"No plan of who serves whom within the limits is more than {percent(assignment.gap, 1)} better.")
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
            f"{estimate(row['loss'], currency)} a year. Ask there again first."
        ]
    if row["kind"] == "curve":
        return [
            f"The curve that matters most is that of {row['unit']}: if heads bring "
            f"{percent(abs(row['shift']), 0)} {'more' if row['shift'] > 0 else 'less'} there, as they may, the plan "
            f"forgoes {estimate(row['loss'], currency)} a year. Learn more there first: ask again, or try a head more."
        ]
    question = QUESTIONS[row["question"]]
    return [
        f"The answer that matters most is that on {row['unit']} {question}: if it is off by "
        f"{percent(abs(row['shift']), 0)}, the plan forgoes {estimate(row['loss'], currency)} a year. "
        "Ask that one again first."
    ]


def conclude_unsized(
    assignment: TeamAssignment | None, workload: Workload | None = None, *, unserved: str = ""
) -> Conclusion:
    """What is known of a team that nobody judged and that has no history: who serves whom, and what the work asks for.

    unserved : why no plan of who serves whom meets the requirements
    """
    work = f"The workload method asks for {number(workload.reps_exact)} people in full time." if workload else ""
    said = [_assigned_or_suited(assignment) if assignment else _no_plan("who serves whom", unserved), work]
    findings = [_reassign(assignment) if assignment else _give_in(unserved)]
    metrics = {"team.workload_reps": workload.reps_exact} if workload else {}
    doubts = [text for part in (assignment, workload) if part for text in part.cautions]
    if assignment:
        metrics |= {"team.accounts_moved": float(_changed(assignment)), "team.gap": float(assignment.gap)}
        metrics |= {} if math.isnan(assignment.fit_total) else {"team.fit": assignment.fit_total}
        doubts = doubts if _by_fit(assignment) else [_proved(assignment), *doubts]
    return Conclusion(" ".join(filter(None, said)), tuple(doubts), tuple(filter(None, findings)), metrics)


def _by_fit(assignment: TeamAssignment) -> bool:
    """Whether there is no travel and fit alone decides."""
    return not (assignment.table["travel"].any() or math.isnan(assignment.fit_total))


def _assigned_or_suited(assignment: TeamAssignment) -> str:
    """What a plan by travel saves, or what one by fit alone, without places, reaches."""
    if not _by_fit(assignment):
        return _assigned_answer(assignment)
    people = assignment.table["rep"].nunique()
    return (
        f"{plural(len(assignment.table), 'account')} with {plural(people, 'representative')} suit each other at "
        f"{number(assignment.fit_total)} points of fit within everybody's hours. {_proved(assignment)}"
    )


def _proved(assignment: TeamAssignment) -> str:
    """How much better another plan of who serves whom can be at most."""
    if assignment.gap <= 1e-9:
        return "No plan of who serves whom within the limits is better: this is proved."
    return f"No plan of who serves whom within the limits is more than {number(100 * assignment.gap, 2)} % better."
