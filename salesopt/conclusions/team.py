"""What the size, the deployment and the assignment of a team say, in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from salesopt.conclusions.crosscheck import QUESTIONS, put_first, unit_doubts
from salesopt.conclusions.headcount import path_answer, path_doubts, path_metrics
from salesopt.conclusions.territories import (
    assigned_answer,
    assigned_doubts,
    beyond_team,
    changed,
    give_in_finding,
    no_plan_answer,
    reassign_finding,
    step_of,
    too_small_finding,
    travel_of,
)
from salesopt.conclusions.workload import call_finding, hours_answer, hours_doubts, short_answer, way_to_calls
from salesopt.display import band, estimate, heads_of, listed, money, number, percent, plural
from salesopt.results import Basis, Conclusion, Finding
from salesopt.stats.crosscheck import Beside, HeadGap
from salesopt.summary import money_unit
from salesopt.team import CallPlan, HeadcountPlan, TeamAssignment, TeamHours, TeamSize, Workload


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
    hours: TeamHours | None = None,
    fuller: CallPlan | None = None,
    then: TeamHours | None = None,
    unbalanced: TeamAssignment | None = None,
    beside: Beside | None = None,
    cost_of_travel: float = 0.0,
    currency: str = "",
) -> Conclusion:
    """The answer, what to doubt, what moves are worth, and metrics ("team.redeploy_gain" and others).

    unserved, unreached : why no plan of who serves whom, and no way to the best size, meets the requirements
    also : what to doubt about the curves themselves, where they were measured
    gap, split : heads against people, and judges who contradict each other, as `stats.crosscheck` finds them
    hours, fuller : what calls take of people's hours, and the calls that fill the idle ones, where these are many
    then : what the calls of that plan, and the way to them, take of people's hours
    unbalanced : the assignment without balance, for what balance costs in travel
    beside : what else the tables say of the heads sized, as `stats.crosscheck` finds it
    cost_of_travel : currency an hour on the road, for what the travel saved is worth in driving; 0 leaves it out
    """
    today, moved, best = step_of(size.bridge, "today"), step_of(size.bridge, "redeployed"), _aim(size)
    beside = beside or Beside()
    small = beyond_team(hours, unserved)
    no_plan, way = no_plan_answer("who serves whom", unserved), way_to_calls(hours, then)
    said = [
        *((short_answer(hours), no_plan) if small else ()),
        _moved_answer(size, currency),
        _beyond_accounts(size, beside.potential, "same_heads", currency),
        _held_answer(size) if small and _shrinks(size) else _size_answer(size, beside.people, currency),
        path_answer(path, currency) if path and not unserved else no_plan_answer("the way to the best size", unreached),
        assigned_answer(assignment, hours) if assignment else "" if small else no_plan,
        "" if small else hours_answer(hours),
    ]
    answer = " ".join(filter(None, said))
    resize = None if small and _shrinks(size) else _resize(size, beside, hours_answer(hours), currency)
    sized = [_redeploy(size, unserved, beside, currency), resize]  # what leans on the count of heads
    other = [
        reassign_finding(assignment, unbalanced, cost_of_travel, currency)
        if assignment
        else None
        if small
        else give_in_finding(unserved),
        call_finding(calls, fuller, currency, way=way) if calls and not small else None,
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
        before, after = travel_of(assignment)
        metrics |= {
            "team.accounts_moved": float(changed(assignment)),
            "team.travel_saved": before - after,
            "team.gap": float(assignment.gap),
        }
    metrics |= {"team.workload_reps": workload.reps_exact} if workload else {}
    metrics |= {"team.call_gain": float(calls.gain)} if calls else {}
    metrics |= {"team.call_travel": float(then.travel)} if then and math.isfinite(then.travel) else {}
    metrics |= path_metrics(path) if path else {}
    doubts = (
        *_doubts(size, assignment, unbalanced, workload, currency),
        *_fitted(size, beside.stated, currency),
        *(unit_doubts(beside.units) if beside.units else ()),
        *(hours_doubts(hours, calls, fuller, currency, way=way) if hours else ()),
        *((fuller or calls).cautions if calls else ()),
        *(path_doubts(path, currency) if path else ()),
        *(f"Curves of effort: {text}" for text in also),
    )
    counted = Basis("Sales by the curves of effort", "effort_response", "a year", today["sales"], currency)
    found = Conclusion(answer, doubts, tuple(findings), metrics, (counted,))
    found = put_first(found, gap, split, leaning=len(sized) - sized.count(None))
    return replace(found, findings=(too_small_finding(hours, unserved), *found.findings)) if small else found


def _aim(size: TeamSize) -> dict[str, Any]:
    """The step to go to: the best size, or the best within the cap where there is one."""
    return step_of(size.bridge, "best" if size.reps is None else "asked")


def _cap_cost(size: TeamSize) -> dict[str, Any]:
    """What the best size would earn beyond the cap: `gain` with its interval."""
    return step_of(size.bridge, "best")


def _rests(value: float, size: TeamSize) -> bool:
    """Whether an amount is nothing beside the profit: what the solver rounds, not what a change is worth."""
    return abs(value) <= 1e-6 * max(abs(step_of(size.bridge, "today")["profit"]), 1.0)


def _moved_answer(size: TeamSize, currency: str) -> str:
    """What redeploying is worth, or that the heads are where they earn most."""
    today, moved = step_of(size.bridge, "today"), step_of(size.bridge, "redeployed")
    if abs(moved["reps"] - today["reps"]) < 1 and _rests(moved["gain"], size):
        return f"All {heads_of(today['reps'])} heads are where they earn most: none has to move."
    gain = band(moved["gain_low"], moved["gain_high"], "estimate", size.confidence, currency)
    return f"Putting {_whom(size)} where they earn most is worth {estimate(moved['gain'], currency)} a year{gain}."


def _size_answer(size: TeamSize, people: int | None, currency: str) -> str:
    """The size to have, and what it adds to redeploying."""
    moved, best = step_of(size.bridge, "redeployed"), _aim(size)
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
    return f"{what}, {heads_of(best['reps'])}{heads}, {more}.{_here(size, people)}{_cap_words(size, currency)}"


def _here(size: TeamSize, people: int | None) -> str:
    """That another number of people is here than the units count, where heads are to change."""
    now = _step_reps(size)
    if people is None or abs(people - now) < 0.5 or abs(_aim(size)["reps"] - now) < 0.5:
        return ""
    return (
        f" The table reps has {plural(people, 'person', 'people')} who sell and are here, where the units count "
        f"{heads_of(now)}: count from those who are here."
    )


def _step_reps(size: TeamSize) -> float:
    return float(step_of(size.bridge, "today")["reps"])


def _whom(size: TeamSize) -> str:
    """Who is redeployed: the same heads as today, or the number nearest to it that the limits allow."""
    heads = step_of(size.bridge, "redeployed")["reps"]
    if abs(heads - step_of(size.bridge, "today")["reps"]) < 1:
        return f"the same {heads_of(heads)} heads"
    return f"{heads_of(heads)} heads, the nearest to today's number that the limits on units allow,"


def _cap_words(size: TeamSize, currency: str) -> str:
    """What the cap costs, in a sentence; nothing where there is no cap."""
    if size.reps is None:
        return ""
    free = _cap_cost(size)
    if free["gain"] <= 1e-6 * max(abs(free["profit"]), 1.0):
        return " The cap costs nothing: more heads would earn no more."
    interval = band(free["gain_low"], free["gain_high"], "estimate", size.confidence, currency)
    return f" The cap costs {estimate(free['gain'], currency)} a year{interval} against {heads_of(free['reps'])} heads."


def _shrinks(size: TeamSize) -> bool:
    """Whether the size to have is below the heads of today."""
    return bool(_aim(size)["reps"] < step_of(size.bridge, "redeployed")["reps"] - 0.5)


def _held_answer(size: TeamSize) -> str:
    """The best size where the work does not fit in people's hours: said, and not to be acted on."""
    return (
        f"The curves of effort, which know nothing of hours, put the best size at {heads_of(_aim(size)['reps'])}: "
        "nobody is to be let go before hours and calls are settled."
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


def _beyond_accounts(size: TeamSize, potential: pd.Series | None, step: str, currency: str) -> str:
    """How much of a step's gain lies in sales that the accounts of a unit cannot buy; "" for none.

    A unit that sells more than their `potential` today has other accounts as well, so that it is passed over.
    """
    if potential is None:
        return ""
    table = size.table.set_index("unit")
    most, sales = potential.reindex(table.index), table[f"sales_{step}"]
    over = (sales > most + 0.5) & (table["sales_now"] <= most)
    if not over.any():
        return ""
    margin = pd.Series(size.basis.units.margin, index=size.basis.units.name)
    above = (sales - most)[over]
    gain, units = (above * margin[above.index]).sum(), listed([str(unit) for unit in above.index])
    return (
        f"{estimate(gain, currency)} of it lies in sales beyond what the accounts of {units} could buy by their "
        f"potential ({estimate(above.sum(), currency)} of sales a year): the curve of a unit knows no "
        "ceiling; count on the rest."
    )


def _redeploy(size: TeamSize, unserved: str, beside: Beside, currency: str) -> Finding | None:
    """What moving heads is worth; None where none has to move."""
    units, beyond = beside.units, _beyond_accounts(size, beside.potential, "same_heads", currency)
    moved = step_of(size.bridge, "redeployed")
    if _rests(moved["gain"], size):
        return None
    first = "No plan of who serves whom meets all requirements yet: settle these first." if unserved else ""
    losers, winners = _moves(size)
    action = f"Move heads from {losers} to {winners}." if losers and winners else "Leave the heads where they are."
    if losers and winners and units is not None and units.mixed:
        action = f"{action.rstrip('.')}, as hours of calls: people serve several units each."
    return Finding(
        "The same heads where they earn most",
        moved["gain"],
        moved["gain_low"],
        moved["gain_high"],
        money_unit(currency),
        action,
        " ".join(filter(None, (first, beyond, size.cautions[0] if size.cautions else ""))),
        "team",
    )


FURTHER = (
    "A further head counts for what he sells less his cost; the chapter on who leaves or joins counts hours of travel "
    "and overtime instead: two measures of the same head, not to be added."
)


def _resize(size: TeamSize, beside: Beside, idle: str, currency: str) -> Finding | None:
    """What hiring or letting go is worth after redeploying; None where the size is the best there is.

    idle : the hours that lie idle, in words, where they are many: to be filled before anybody is hired
    """
    people = beside.people
    moved, best = step_of(size.bridge, "redeployed"), _aim(size)
    heads = best["reps"] - moved["reps"]
    if abs(heads) < 0.5:
        return None
    verb = f"Hire {heads_of(heads)}" if heads > 0 else f"Let go {heads_of(-heads)}"
    alone = "The gain is small against its interval: redeploy first, then ask again."
    flat = math.isfinite(best["gain_low"]) and best["gain_low"] <= 0
    doubt = alone if flat else size.cautions[0] if size.cautions else ""
    first = f"{idle} Fill these before hiring." if idle and heads > 0 else ""
    caution = " ".join(
        filter(None, (first, doubt, _here(size, people).strip(), FURTHER, _cap_words(size, currency).strip()))
    )
    action = f"{verb}, to {heads_of(best['reps'])} heads, after the redeployment."
    if flat:
        whom, ask = ("Hire", "hire") if heads > 0 else ("Let", "let go")
        action = f"{whom} nobody {'' if heads > 0 else 'go '}yet: redeploy first, then ask again whether to {ask} "
        action += f"{heads_of(abs(heads))}."
    if heads < 0 and people is not None and people <= best["reps"] + 0.5:
        action = (
            f"Let nobody go: {plural(people, 'person', 'people')} who sell are here already, after the redeployment."
        )
    return Finding(
        "The best size, once everybody is redeployed"
        if size.reps is None
        else "The best size within the cap, once everybody is redeployed",
        best["profit"] - moved["profit"],
        best["gain_low"],
        best["gain_high"],
        money_unit(currency),
        action,
        caution,
        "team",
    )


def _doubts(
    size: TeamSize,
    assignment: TeamAssignment | None,
    unbalanced: TeamAssignment | None,
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
        said += assigned_doubts(assignment, unbalanced)
    said += workload.cautions if workload else ()
    return tuple(said)


def _fitted(size: TeamSize, stated: float | None, currency: str) -> list[str]:
    """That today's sales are those of the fitted curves, where these differ from the sales that the tables give."""
    today = float(step_of(size.bridge, "today")["sales"])
    if stated is None or abs(today - stated) <= 1e-4 * abs(stated):
        return []
    return [
        f"Sales and profit of today are those of the fitted curves, {money(today, currency)} a year; effort_response "
        f"says {money(stated, currency)}, {percent(abs(today / stated - 1), 2)} {'less' if stated < today else 'more'}."
    ]


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
