"""What calls take of people's hours, and what other calls would bring, in words."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from salesopt.display import about, band, estimate, heads_of, integer, percent, plural
from salesopt.results import Finding
from salesopt.summary import money_unit
from salesopt.workload import CallPlan, TeamHours, beyond_potential

IDLE = 0.2  # share of the team's hours without call and travel from which on filling them comes before moving calls
FULL = 1.0  # share of the hours that planned calls ask for above which the team is too small in any case


def too_small(hours: TeamHours | None) -> bool:
    """Whether the calls planned alone ask for more hours than all people have."""
    return hours is not None and hours.planned > FULL * hours.capacity


LEAST = 0.005  # of money: what one more hour brings below it shows as nothing


def lies_idle(hours: TeamHours | None) -> bool:
    """Whether so many hours lie idle that to fill them comes before moving calls."""
    return hours is not None and hours.idle > IDLE


def short_answer(hours: TeamHours | None) -> str:
    """By how much the team is too small for the calls planned; nothing where it is not."""
    if hours is None or not too_small(hours):
        return ""
    people = len(hours.table)
    heads = math.ceil(hours.planned / hours.capacity * people)
    return (
        f"The team is too small for the calls planned: they ask for {integer(hours.planned)} hours a year, travel not "
        f"counted, and its {plural(people, 'person', 'people')} "
        f"{'has' if people == 1 else 'have'} {integer(hours.capacity)} ({percent(hours.planned / hours.capacity, 0)}): "
        f"{heads_of(heads)} people of the same hours would be needed, or fewer calls."
    )


def used_sentence(hours: TeamHours) -> str:
    """What today's calls and the way to them take of people's hours, and what the calls planned do."""
    made = bool(hours.counted)
    said = (
        f"{'The calls made today' if made else 'The calls planned'} and the way to them take "
        f"{percent(1 - hours.idle, 0)} of people's {integer(hours.capacity)} hours a year: "
        f"{_parts(hours, hours.counted)}."
    )
    if made:
        said += f" The calls planned, by today's owners: {_parts(hours, '')}."
    return said


def _parts(hours: TeamHours, kind: str) -> str:
    """ "20,064 hours of calls, 14,421 of travel; 12 people lack 6,162 hours"."""
    calls, travel = hours.own_calls(kind), hours.travel_made if kind else hours.travel
    nobodys = (hours.made if kind else hours.planned) - calls
    lacking, over = (hours.lacking_made, hours.over_made) if kind else (hours.lacking, hours.over)
    way = f", {integer(travel)} of travel" if math.isfinite(travel) else ", travel not known"
    who = f"; {plural(int(lacking), 'person lacks', 'people lack')} {integer(over)} hours" if lacking else ""
    more = (
        f"; accounts that nobody here serves ask for {integer(nobodys)} hours of calls more" if nobodys >= 0.5 else ""
    )
    return f"{integer(calls)} hours of calls{way}{who}{more}"


def way_to_calls(hours: TeamHours | None, then: TeamHours | None) -> str:
    """What the way to the calls of a plan (`then`) takes beside today's (`hours`), and whether both fit; "" unknown."""
    if hours is None or then is None or not math.isfinite(then.travel):
        return ""
    now = hours.travel_made if hours.counted else hours.travel
    lacking, over = (hours.lacking_made, hours.over_made) if hours.counted else (hours.lacking, hours.over)
    more = then.travel - now
    change = f"{integer(abs(more))} hours {'more' if more > 0 else 'less'} than" if abs(more) >= 0.5 else "as much as"
    said = f"The way to the calls of this plan takes today's owners {integer(then.travel)} hours a year, {change} today"
    if not then.lacking:
        return f"{said}: with their calls it fits in everybody's hours."
    today = f"today {plural(int(lacking), 'lacks', 'lack')} {integer(over)}" if lacking else "today nobody does"
    return (
        f"{said}: {plural(int(then.lacking), 'person then lacks', 'people then lack')} {integer(then.over)} hours "
        f"({today})."
    )


def call_finding(calls: CallPlan, fuller: CallPlan | None, currency: str, *, way: str = "") -> Finding | None:
    """What other calls are worth: in idle hours where there are many (`fuller`), else within today's; None for none.

    way : what the way to these calls takes, in words
    """
    plan = calls if fuller is None else fuller
    if plan.gain <= 1e-6 * max(float(plan.table["sales_now"].sum()), 1.0):
        return None
    known = math.isfinite(plan.gain_low)
    own = (
        f"{'The interval is the doubt about the curves of groups' if known else 'No interval'}: the curve of a group "
        "stands for each of its accounts. It overlaps with redeploying: do not add."
    )
    own = " ".join(filter(None, (way, beyond_potential(plan.table), own)))
    fewer, more = ((plan.table["calls"] * sign > plan.table["calls_now"] * sign).sum() for sign in (-1, 1))
    if fuller is None:
        what = "Calls where they bring most, within the hours of calls made today"
        action = f"Call less often on {plural(int(fewer), 'account')} and use the hours where the plan says."
        return Finding(what, plan.gain, plan.gain_low, plan.gain_high, money_unit(currency), action, own, "team")
    return Finding(
        "Calls in hours that lie idle",
        plan.gain,
        plan.gain_low,
        plan.gain_high,
        money_unit(currency),
        f"Call more often on {plural(int(more), 'account')}, in {integer(_added(plan))} of the hours that people have "
        "and do not use, as the plan says; none gets more than judges were asked about or a history saw.",
        "People's hours are paid already; what driving costs is left out. Moving calls within the hours of those made "
        f"today would bring {_within(calls, currency)}. {own}",
        "team",
    )


def _within(calls: CallPlan, currency: str) -> str:
    """What moving calls alone brings, with its interval."""
    return estimate(calls.gain, currency) + band(
        calls.gain_low, calls.gain_high, "estimate", calls.confidence, currency
    )


def _added(plan: CallPlan) -> float:
    """Hours of calls a year more than today's."""
    return float(plan.load["hours"].sum() - plan.load["hours_now"].sum())


def hours_doubts(
    hours: TeamHours, calls: CallPlan | None, fuller: CallPlan | None, currency: str, *, way: str = ""
) -> list[str]:
    """What hours are used and idle, what the way to other calls takes, and what one more hour would bring."""
    said = [used_sentence(hours), *filter(None, [way])]
    if calls is None or not len(calls.load):
        return said
    worth = float(np.average(calls.load["worth_of_hour"], weights=np.maximum(calls.load["hours_now"], 1e-9)))
    one = f"One more hour of calls, put where it brings most, is worth about {estimate(worth, currency)}"
    if worth < LEAST:
        one = "No account is known to gain from a further hour of calls"
    if fuller is None:
        return [*said, f"{one}; the call plan only divides the hours of the calls made today anew."]
    work = (1 - hours.idle) * hours.capacity / max(hours.own_calls(hours.counted), 1e-9)
    rest = hours.idle * hours.capacity - work * _added(fuller)  # an hour of calls takes its travel with it
    return [
        *said,
        f"{one}. The call plan fills {integer(_added(fuller))} idle hours with calls, as often as judges were asked "
        f"about or a history saw. About {about(max(rest, 0.0))} hours stay idle, as what "
        "calls beyond would bring is not known.",
    ]


def hours_answer(hours: TeamHours | None) -> str:
    """The hours that lie idle, where they are many; else nothing."""
    if hours is None or not lies_idle(hours):
        return ""
    spare, people = hours.idle * len(hours.table), plural(len(hours.table), "person has", "people have")
    return (
        f"{percent(hours.idle, 0)} of people's {integer(hours.capacity)} hours a year hold no call and no travel today,"
        f" as much as {heads_of(spare)} of {people}."
    )


def hours_by_name(hours: TeamHours, then: pd.DataFrame | None) -> pd.DataFrame:
    """Of each person, who has least left first: rep, hours, call_hours and travel today, left (below 0: lacking), then.

    then : the load of an assignment at the calls planned (rep, hours)
    """
    table, kind = hours.table, hours.counted
    travel = table[f"travel{kind}"]
    left = table["hours"] - table[f"call_hours{kind}"] - travel.fillna(0.0)
    shown = table[["rep", "hours"]].assign(call_hours=table[f"call_hours{kind}"], travel=travel, left=left)
    shown["planned"] = table["hours"] - table["call_hours"] - table["travel"].fillna(0.0)
    if then is not None:
        shown["then"] = table["hours"] - table["rep"].map(then.set_index("rep")["hours"])
    return shown.sort_values("left", kind="stable", ignore_index=True)


def calls_caption(fuller: CallPlan | None) -> str:
    """Whose hours the plan of calls fills."""
    if fuller is None:
        return "Where more calls bring most, within the hours of the calls made today"
    return "Where more calls bring most, within people's hours less travel, no oftener than is known to help"
