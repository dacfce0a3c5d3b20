"""What the team's make-up and the check of its duties say, in words."""

from __future__ import annotations

import math

import pandas as pd

from salesopt.display import band, integer, listed, money, number, percent, plural
from salesopt.results import Conclusion, Finding, count_finding
from salesopt.structure import DutyCheck, TeamMakeup


def made_up(makeup: TeamMakeup, said: str = "") -> Conclusion:
    """Doubts and metrics of the team's make-up, with `said` as the answer."""
    return Conclusion(said, makeup.cautions, (), _metrics(makeup))


def duties_checked(duties: DutyCheck) -> Conclusion:
    """How many duties are sound and who is overloaded, with what to settle."""
    counts = {"duties.sound": duties.sound, "duties.all": duties.duties, "duties.overloaded": duties.overloaded}
    doubts = tuple(f"Duties: {text}" for text in duties.cautions)
    return Conclusion(_duty_sentence(duties), doubts, tuple(_duty_findings(duties)), counts)


def _metrics(makeup: TeamMakeup) -> dict[str, float]:
    found = {
        "team.heads": makeup.heads,
        "team.cost": makeup.cost,
        "team.span": makeup.span,
        "team.support_ratio": makeup.support_ratio,
        "team.turnover": float(makeup.last_year["turnover"]),
    }
    return {name: float(value) for name, value in found.items() if math.isfinite(value)}


def makeup_sentence(makeup: TeamMakeup, *, currency: str = "") -> str:
    """Heads by what they do, cost, leaders and turnover in two sentences."""
    turnover = makeup.last_year
    tenure = makeup.roles[makeup.roles["role"] == "all"]["tenure"].iloc[0]
    led = f": one leader for every {number(makeup.span, 2)} others" if math.isfinite(makeup.span) else ""
    day = f"On {makeup.on.date()}{'' if makeup.dated else ', the last day known, as no quarter is set,'}"
    return (
        f"{day} the team has {plural(makeup.heads, 'person', 'people')}, at {money(makeup.cost, currency)} a year. "
        f"{listed(_doing(makeup))}{led}. "
        f"{_stayed(tenure)}; {integer(turnover['leavers'])} left in the last "
        f"year, a turnover of {percent(turnover['turnover'])}"
        f"{band(turnover['low'], turnover['high'], 'percent', makeup.confidence)}."
    )


def _stayed(tenure: float) -> str:
    if not math.isfinite(tenure):
        return "How long people have been here is not known"
    return f"People have been here {number(tenure, 2)} years on average"


def _doing(makeup: TeamMakeup) -> list[str]:
    """How many sell, lead and support; of those who lead, in which roles: "6 lead (3 managers and 1 lead)"."""
    roles = makeup.roles[makeup.roles["role"] != "all"]
    found = []
    for group, one, many in DOING:
        part = roles[roles["group"] == group]
        if part.empty:
            continue
        heads = int(part["heads"].sum())
        which = [plural(int(row["heads"]), str(row["role"])) for row in part.to_dict("records")]
        named = f" ({listed(which)})" if group in ("managing", "other") else ""
        found.append(f"{heads} {one if heads == 1 else many}{named}")
    return found


DOING = (
    ("selling", "sells", "sell"),
    ("managing", "leads", "lead"),
    ("support", "is in support", "are in support"),
    ("other", "does something else", "do something else"),
)


def _duty_sentence(duties: DutyCheck) -> str:
    wrong = duties.duties - duties.sound
    over = plural(duties.overloaded, "person is", "people are") if duties.overloaded else "nobody is"
    if not wrong:
        every = "The one duty has" if duties.duties == 1 else f"All {integer(duties.duties)} duties have"
        return f"{every} one owner, {'but' if duties.overloaded else 'and'} {over} overloaded."
    loaded = f"; {over} overloaded" if duties.overloaded else ""
    if duties.duties == 1:
        return f"The one duty is not sound{loaded}."
    return f"Of {integer(duties.duties)} duties, {integer(wrong)} {'is' if wrong == 1 else 'are'} not sound{loaded}."


def _duty_findings(duties: DutyCheck) -> list[Finding]:
    found = []
    wrong = duties.table[duties.table["faults"] > 0]
    if len(wrong):
        what = "Duties without exactly one owner or without a doer"
        action = f"Settle who owns and who does {listed(wrong['duty'])}: {_kinds(duties)}."
        caution = "A count from the table duties; there is no interval to it."
        found.append(count_finding(what, len(wrong), "duties", action, caution, "structure"))
    loaded = duties.people[duties.people["overloaded"]]
    if len(loaded):
        caution = "Hours are those written in the tables duties, reps and accounts; none were measured."
        what, action = "People with more work than hours", _relieve(loaded)
        found.append(count_finding(what, len(loaded), "people", action, caution, "structure"))
    return found


def _relieve(loaded: pd.DataFrame) -> str:
    """What to take from people who are overloaded: duties where they have hours of duty, else accounts or calls."""
    busy = loaded["duty_hours"] > 0
    said = [f"duties from {listed(loaded.loc[busy, 'person'])}"] if busy.any() else []
    said += [f"accounts or calls from {listed(loaded.loc[~busy, 'person'])}"] if not busy.all() else []
    return f"Take {', and '.join(said)}."


def _kinds(duties: DutyCheck) -> str:
    """What is wrong, with how often: "no owner (2)"."""
    counts = duties.problems["problem"].value_counts()
    return listed(f"{problem} ({count})" for problem, count in counts.items())
