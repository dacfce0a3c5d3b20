"""Who serves whom, in words: what reassigning saves, what balance costs, and what clashes where there is no plan."""

from __future__ import annotations

import math
import re
from typing import Any

import pandas as pd

from salesopt.conclusions.workload import too_small
from salesopt.display import capital, estimate, integer, listed, lowered, percent, plural
from salesopt.results import Finding
from salesopt.stats.trips import NEAR
from salesopt.territories import TeamAssignment
from salesopt.workload import TeamHours

BALANCE_DEAR = 0.05  # share of the plan's travel from which on what balance costs is said


def step_of(bridge: pd.DataFrame, step: str) -> dict[str, Any]:
    """One row of a bridge."""
    return {str(name): value for name, value in bridge[bridge["step"] == step].iloc[0].items()}


def travel_of(assignment: TeamAssignment) -> tuple[float, float]:
    """Hours of travel a year today and in the plan."""
    return step_of(assignment.bridge, "today")["travel"], step_of(assignment.bridge, "assigned")["travel"]


def no_plan_answer(what: str, why: str) -> str:
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


def assigned_answer(assignment: TeamAssignment, hours: TeamHours | None) -> str:
    """What reassigning saves at the calls planned, and what today's owners drive, planned and made."""
    if not changed(assignment):
        return "Who serves whom is best as it is: no account has to change hands."
    before, after = travel_of(assignment)
    does = "leaves hours of travel a year as they are"
    if abs(after - before) >= 0.5:
        share = f" ({percent(abs(after - before) / before, 0)})" if before else ""
        way = "cuts" if after < before else "adds"
        does = f"{way} {integer(abs(after - before))} hours of travel a year{share}"
    made = hours is not None and math.isfinite(hours.made) and math.isfinite(hours.travel_made)
    real = f", those made today {integer(hours.travel_made)}" if hours is not None and made else ""
    asked = f"; these calls ask {integer(before)} hours on the road of today's owners{real}" if before else ""
    of_it = _made_words(assignment) if real else ""
    asked += f", of which it {of_it}" if of_it else ""
    return (
        f"At the calls planned, reassigning {plural(changed(assignment), 'account')} of "
        f"{integer(len(assignment.table))} {does} within everybody's hours{asked}{_newly(assignment)}."
    )


def _made_words(assignment: TeamAssignment) -> str:
    """ "cuts 6,650": what reassigning does to travel at the calls made today; "" where that is not known."""
    before, after = assignment.bridge["travel_made"]
    if not math.isfinite(before - after) or abs(before - after) < 0.5:
        return ""
    return f"{'cuts' if after < before else 'adds'} {integer(abs(before - after))}"


def changed(assignment: TeamAssignment) -> int:
    """Accounts that change hands."""
    return int(step_of(assignment.bridge, "assigned")["moved"])


def _newly(assignment: TeamAssignment) -> str:
    """Accounts that nobody here serves today, whose travel is not compared; nothing where there are none."""
    count = int(step_of(assignment.bridge, "today")["unserved"])
    if not count:
        return ""
    hours = integer(step_of(assignment.bridge, "assigned")["travel_unserved"])
    return (
        f"; {plural(count, 'account')} that nobody here serves today {'asks' if count == 1 else 'ask'} for {hours} more"
    )


def give_in_finding(unserved: str) -> Finding | None:
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


def beyond_team(hours: TeamHours | None, unserved: str) -> bool:
    """Whether the work does not fit in the hours of the team: by its calls alone, or for want of any plan."""
    return too_small(hours) or "the team as a whole" in unserved


def too_small_finding(hours: TeamHours | None, unserved: str) -> Finding:
    """That the work does not fit in the hours of the team, which comes before all other findings."""
    clash, way = _split(unserved)
    short = hours.planned - hours.capacity if hours and too_small(hours) else math.nan
    return Finding(
        "Hours of calls planned beyond all people's hours, travel not counted"
        if math.isfinite(short)
        else "Who serves whom: the work does not fit in people's hours",
        short,
        math.nan,
        math.nan,
        "hours a year",
        "Settle hours and calls first: check both columns, then plan fewer calls or more people"
        + (f" ({way})." if way else "."),
        (f"{capital(clash)}. " if clash else "") + "Until then no head is to be let go and no account to change hands. "
        "No interval: hours and calls are taken as given.",
        "team",
        blocks=True,
    )


def _balance_words(assignment: TeamAssignment, unbalanced: TeamAssignment | None) -> str:
    """What balance costs in travel, where that is much; else nothing."""
    if unbalanced is None or not assignment.balance:
        return ""
    travel, without = (float(one.table["travel"].sum()) for one in (assignment, unbalanced))
    if travel - without <= BALANCE_DEAR * travel:
        return ""
    most = percent(assignment.load["share"].max(), 0)
    return (
        f"Balance of {listed(assignment.balance)} within {percent(assignment.tolerance, 0)} of a fair share costs "
        f"{integer(travel - without)} hours of travel a year ({percent((travel - without) / travel, 0)} of the plan's; "
        f"nobody uses more than {most} of his hours). Where it is not worth that, widen the parameter tolerance."
    )


def reassign_finding(
    assignment: TeamAssignment, unbalanced: TeamAssignment | None, cost_of_travel: float, currency: str
) -> Finding | None:
    """The travel that reassigning saves, or what else it is for; None where no account changes hands."""
    if not changed(assignment):
        return None
    before, after = travel_of(assignment)
    saves = before - after >= 0.5
    return Finding(
        "Hours of travel that the assignment of accounts saves, at the calls planned"
        if saves
        else f"Accounts that change hands for balance or fit{_for_travel(after - before)}",
        before - after if saves else float(changed(assignment)),
        math.nan,
        math.nan,
        "hours a year" if saves else "accounts",
        f"Hand over {plural(changed(assignment), 'account')} as the table of moves says.",
        f"No interval: distances are taken as exact. {_as_trips(assignment)}{_at_made(assignment)}"
        f"{_proved(assignment)}{_newly(assignment)}. "
        f"{_driving(before - after, cost_of_travel, currency)}"
        f"{_balance_words(assignment, unbalanced)}".strip(),
        "team",
    )


def _at_made(assignment: TeamAssignment) -> str:
    """The same at the calls made today, as a sentence; "" where that is not known."""
    said = _made_words(assignment)
    return f"At the calls made today it {said} hours. " if said else ""


def _as_trips(assignment: TeamAssignment) -> str:
    """The same when visits are strung into trips, as a sentence; "" where that is not known or about as much."""
    before, after = assignment.bridge["trips_travel"]
    counted = -float(assignment.bridge["travel"].diff().iloc[1])
    if not math.isfinite(before - after) or abs(before - after - counted) <= NEAR * abs(counted):
        return ""
    saves = "cuts" if after < before else "adds"
    return f"Strung into trips, ways between accounts counted, it {saves} {integer(abs(before - after))} hours. "


def _for_travel(more: float) -> str:
    return f", for {integer(more)} hours of travel a year more" if more >= 0.5 else ""


def _driving(hours: float, cost_of_travel: float, currency: str) -> str:
    """What driving less saves, beside people's time; nothing where the cost of it is not given."""
    if cost_of_travel <= 0 or hours <= 0:
        return ""
    return (
        f"The driving saved is worth {estimate(hours * cost_of_travel, currency)} a year, if these calls are made "
        "(parameters cost_per_km and speed); people's time is paid in any case. "
    )


def _proved(assignment: TeamAssignment) -> str:
    """How good the plan is proved to be, without the stop."""
    if assignment.gap < 0.0005:
        return "No plan within the limits is better"
    return f"No plan within the limits is more than {percent(assignment.gap, 1)} better in all"


def assigned_doubts(assignment: TeamAssignment, unbalanced: TeamAssignment | None) -> list[str]:
    """What balance costs, what is not proved, and the plan's own cautions."""
    dear, proved = _balance_words(assignment, unbalanced), _proved(assignment)
    said = [f"Who serves whom: {lowered(proved)}."] if assignment.gap >= 0.0005 else []
    return [*([dear] if dear else []), *said, *assignment.cautions]
