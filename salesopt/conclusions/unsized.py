"""What is known of a team that cannot be sized: who serves whom, and what the work asks for."""

from __future__ import annotations

import math

from salesopt.conclusions.territories import (
    assigned_answer,
    assigned_doubts,
    beyond_team,
    changed,
    give_in_finding,
    no_plan_answer,
    reassign_finding,
    too_small_finding,
    travel_of,
)
from salesopt.conclusions.workload import hours_answer, hours_doubts, short_answer
from salesopt.display import number, plural
from salesopt.results import Conclusion
from salesopt.team import TeamAssignment, TeamHours, Workload


def conclude_unsized(
    assignment: TeamAssignment | None,
    workload: Workload | None = None,
    *,
    unserved: str = "",
    hours: TeamHours | None = None,
    unbalanced: TeamAssignment | None = None,
    cost_of_travel: float = 0.0,
    currency: str = "",
) -> Conclusion:
    """The answer, what to doubt and what moves are worth where nobody was judged and there is no history.

    unserved, hours, unbalanced, cost_of_travel : as in `conclude_team`
    """
    small = beyond_team(hours, unserved)
    work = f"The workload method asks for {number(workload.reps_exact)} people in full time." if workload else ""
    said = [
        short_answer(hours),
        _assigned_or_suited(assignment, hours) if assignment else no_plan_answer("who serves whom", unserved),
        work,
        "" if small else hours_answer(hours),
    ]
    moves = reassign_finding(assignment, unbalanced, cost_of_travel, currency) if assignment else None
    first = too_small_finding(hours, unserved) if small else give_in_finding(unserved)
    metrics = {"team.workload_reps": workload.reps_exact} if workload else {}
    doubts = list(workload.cautions) if workload else []
    if assignment:
        before, after = travel_of(assignment)
        metrics |= {"team.accounts_moved": float(changed(assignment)), "team.gap": float(assignment.gap)}
        metrics |= {"team.fit": assignment.fit_total} if _by_fit(assignment) else {"team.travel_saved": before - after}
        doubts = [*(assignment.cautions if _by_fit(assignment) else assigned_doubts(assignment, unbalanced)), *doubts]
    doubts += hours_doubts(hours, None, None, currency) if hours else []
    return Conclusion(" ".join(filter(None, said)), tuple(doubts), tuple(filter(None, (first, moves))), metrics)


def _by_fit(assignment: TeamAssignment) -> bool:
    """Whether there is no travel and fit alone decides."""
    return not (assignment.table["travel"].any() or math.isnan(assignment.fit_total))


def _assigned_or_suited(assignment: TeamAssignment, hours: TeamHours | None) -> str:
    """What a plan by travel saves, or what one by fit alone, without places, reaches."""
    if not _by_fit(assignment):
        return assigned_answer(assignment, hours)
    people = assignment.table["rep"].nunique()
    proved = (
        "No plan of who serves whom within the limits is better: this is proved."
        if assignment.gap <= 1e-9
        else f"No plan of who serves whom within the limits is more than {number(100 * assignment.gap, 2)} % better."
    )
    return (
        f"{plural(len(assignment.table), 'account')} with {plural(people, 'representative')} suit each other at "
        f"{number(assignment.fit_total)} points of fit within everybody's hours. {proved}"
    )
