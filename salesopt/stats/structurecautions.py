"""When not to trust a comparison of structures, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from salesopt.stats.comparison import Case
from salesopt.stats.roles import SELLING
from salesopt.stats.staffing import People


def doubt_structures(
    case: Case, measured: Sequence[Mapping[str, float]], best: str, sensitivity: pd.DataFrame, people: People
) -> tuple[str, ...]:
    """What to doubt, in sentences; `measured` are the structures of `case`, `best` is the one that scores best."""
    found = [
        "Visits that specialists make on their own, the share of calls that is joint, coordination, opening time, speed"
        " and detour are judgements, not measurements.",
        "Every representative is taken to live in the middle of his area; moving house is not costed.",
    ]
    others = sorted(set(sensitivity.loc[sensitivity["winner"] != best, "assumption"])) if len(sensitivity) else []
    if others:
        found.append(
            f"Another structure wins where one assumption alone is at the end of its range: {', '.join(others)}."
        )
    found += _too_large(case)
    found += case.work.bought.cautions
    if case.work.where is None:
        found.append("Travel is not in the figures, because the places of the accounts are not known.")
    elif unknown := int((~case.work.where.known).sum()):
        found.append(f"The places of {unknown} accounts are not known: calls on them count, the way to them does not.")
    if case.people.managers == 0:
        found.append("The table reps names no lead, supervisor or manager; a manager is costed as a representative.")
    unnamed = int((people.today < 0).sum())
    if 0 < unnamed < len(people.today):
        found.append(
            f"{unnamed:,} accounts have nobody who is here and in a selling role ({', '.join(SELLING)}): they count in "
            "no hand-over and in no hours of today."
        )
    if max(row["reps"] for row in measured) > 2 * len(people.names):
        found.append("Some structure needs more than twice today's representatives: check calls and hours per call.")
    return tuple(found)


def _too_large(case: Case) -> list[str]:
    """The accounts that no one person could serve, the largest first."""
    hours, capacity = case.work.hours, case.people.capacity
    large = [at for at in np.argsort(-hours, kind="stable") if hours[at] > capacity * (1 + 1e-9)]
    if not large:
        return []
    named = [
        f"{case.work.account[at]} ({hours[at]:,.0f} hours: {np.ceil(hours[at] / capacity - 1e-9):.0f} people)"
        for at in large[:3]
    ]
    named += [f"{len(large) - 3} more"] if len(large) > 3 else []
    return [
        "An account that takes more hours a year than one person has is shared by several in every structure, who "
        f"count as so many contacts and agree with one another: {', '.join(named)}. Check its calls and hours per call."
    ]
