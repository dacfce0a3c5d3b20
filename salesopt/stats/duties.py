"""Who owns which duty: the RACI check, and whose duties and accounts take more hours than he has."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesopt.stats.arguments import day_fault, number_fault, require
from salesopt.stats.result import Result
from salesopt.stats.roles import Day, is_here
from salesopt.study.tables import require_table

MANY = 4


@dataclass(frozen=True, eq=False, repr=False)
class DutyCheck(Result):
    """What `check_duties` found. Hours are a year.

    table    : duty, accountable, responsible, consulted, informed (names), owners, doers (numbers), hours, verdict
               ("sound" or what is wrong, worst first), faults (number of things wrong)
    problems : duty, problem, people, remedy - one row per thing wrong
    people   : person, role, present, owns, does, duty_hours, customer_hours, working_hours, load (duty and customer
               hours over working hours), overloaded (who is here)
    matrix   : duty, and a column per person with his parts ("A", "R", "AR", ...)
    skipped  : item, reason
    """

    table: pd.DataFrame
    problems: pd.DataFrame
    people: pd.DataFrame
    matrix: pd.DataFrame
    skipped: pd.DataFrame
    cautions: tuple[str, ...]
    duties: int
    sound: int
    overloaded: int
    limit: float


def check_duties(
    duties: pd.DataFrame,
    reps: pd.DataFrame,
    *,
    accounts: pd.DataFrame | None = None,
    working_hours: float = 1800.0,
    limit: float = 1.0,
    today: Day = None,
) -> DutyCheck:
    """Check the RACI table `duties`: every duty wants exactly one accountable person and somebody who does it.

    Finds duties without an owner (no A), with several (overlap), without anybody who does them (no R), owned or done by
    somebody who has left or whom `reps` does not know, with more than four to be consulted (slow); and people whose
    hours of duty plus hours for customers exceed `limit` times their working hours. Hours for customers are `hours` of
    `reps`, or the calls of the accounts they serve (`accounts`, without travel) where these take more. Working hours
    are the column of `reps`, else the argument. One person who is both A and R is sound. Who is here is counted on the
    day `today` (None: who has no day in `left`).

    Raises DataError for tables that are not what they should be, ParameterError where `limit` or `working_hours` is
    not above 0 or `today` no date.
    """
    require(
        number_fault("working_hours", working_hours, above=0, unit="hours a year"),
        number_fault("limit", limit, above=0),
        day_fault("today", today, optional=True),
    )
    parts = require_table("duties", duties)
    staff = require_table("reps", reps)
    parts["hours"] = parts["hours"].fillna(0.0) if "hours" in parts else 0.0
    here = set(staff.loc[is_here(staff, today), "rep"])
    table, problems = _judge(parts, here, set(staff["rep"]))
    served = None if accounts is None else require_table("accounts", accounts)
    people = _people(parts, staff, here, served, working_hours, limit)
    skipped, cautions = _left_out(parts, duties, staff, people, working_hours)
    return DutyCheck(
        table=table,
        problems=problems,
        people=people,
        matrix=_matrix(parts),
        skipped=skipped,
        cautions=cautions,
        duties=len(table),
        sound=int((table["faults"] == 0).sum()),
        overloaded=int(people["overloaded"].sum()),
        limit=limit,
    )


def _judge(parts: pd.DataFrame, here: set[str], known: set[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    rows, problems = [], []
    for duty, rows_of in parts.groupby("duty", sort=False):
        named = {part: list(rows_of.loc[rows_of["part"] == part, "person"]) for part in "RACI"}
        found = _faults(named, here, known)
        problems += [(str(duty), *fault) for fault in found]
        rows.append(
            {
                "duty": str(duty),
                "accountable": ", ".join(named["A"]),
                "responsible": ", ".join(named["R"]),
                "consulted": ", ".join(named["C"]),
                "informed": ", ".join(named["I"]),
                "owners": len(named["A"]),
                "doers": len(named["R"]),
                "hours": float(rows_of["hours"].sum()),
                "verdict": "; ".join(fault[0] for fault in found) or "sound",
                "faults": len(found),
            }
        )
    table = pd.DataFrame(rows).sort_values("faults", ascending=False, kind="stable", ignore_index=True)
    return table, pd.DataFrame(problems, columns=["duty", "problem", "people", "remedy"])


def _faults(named: dict[str, list[str]], here: set[str], known: set[str]) -> list[tuple[str, str, str]]:
    """(problem, people, remedy) of one duty, worst first."""
    found = []
    if not named["A"]:
        others = named["R"] or named["C"] or named["I"]
        found.append(("no owner", ", ".join(others), "name one accountable person"))
    if not named["R"]:
        found.append(("nobody does it", ", ".join(named["A"]), "name who is responsible"))
    if len(named["A"]) > 1:
        found.append((f"{len(named['A'])} owners", ", ".join(named["A"]), "keep one accountable person"))
    active = list(dict.fromkeys(named["A"] + named["R"]))
    gone = [person for person in active if person in known and person not in here]
    strange = [person for person in active if person not in known]
    if gone:
        found.append(("held by somebody who has left", ", ".join(gone), "hand it over"))
    if strange:
        found.append(("held by somebody not in reps", ", ".join(strange), "check the name"))
    if len(named["C"]) > MANY:
        found.append((f"{len(named['C'])} to consult", ", ".join(named["C"]), "inform some of them instead"))
    return found


def _people(
    parts: pd.DataFrame,
    staff: pd.DataFrame,
    here: set[str],
    served: pd.DataFrame | None,
    working_hours: float,
    limit: float,
) -> pd.DataFrame:
    hours = parts.groupby("person")["hours"].sum()
    owns = parts[parts["part"] == "A"].groupby("person").size()
    does = parts[parts["part"] == "R"].groupby("person").size()
    with_accounts = pd.Series(dtype=float)
    if served is not None and "rep" in served:
        with_accounts = (served["calls"] * served["hours_per_call"]).groupby(served["rep"]).sum()
    known = staff.set_index("rep")
    names = list(dict.fromkeys([*parts["person"], *(name for name in with_accounts.index if name in known.index)]))
    people = pd.DataFrame({"person": names})
    people["role"] = people["person"].map(known["role"]).fillna("not in reps")
    people["present"] = people["person"].isin(here)
    people["owns"] = people["person"].map(owns).fillna(0).astype(int)
    people["does"] = people["person"].map(does).fillna(0).astype(int)
    people["duty_hours"] = people["person"].map(hours).fillna(0.0)
    contracted = people["person"].map(known["hours"])
    called = people["person"].map(with_accounts).fillna(0.0).astype(float)
    people["customer_hours"] = contracted.where(contracted.isna(), np.maximum(contracted.fillna(0.0), called))
    if "working_hours" in known:
        people["working_hours"] = people["person"].map(known["working_hours"]).fillna(working_hours)
    else:
        people["working_hours"] = working_hours
    work = people["duty_hours"] + people["customer_hours"]
    people["load"] = work / people["working_hours"].where(people["working_hours"] > 0)
    people["overloaded"] = people["present"] & (people["load"] > limit * (1 + 1e-9))
    return people.sort_values("load", ascending=False, na_position="last", kind="stable", ignore_index=True)


def _matrix(parts: pd.DataFrame) -> pd.DataFrame:
    order = {part: number for number, part in enumerate("ARCI")}
    joined = parts.assign(rank=parts["part"].map(order)).sort_values("rank", kind="stable")
    wide = joined.pivot_table(index="duty", columns="person", values="part", aggfunc="".join, sort=False).fillna("")
    wide = wide.reindex(index=list(dict.fromkeys(parts["duty"])), columns=list(dict.fromkeys(parts["person"])))
    return wide.rename_axis(columns=None).reset_index()


def _left_out(
    parts: pd.DataFrame, duties: pd.DataFrame, staff: pd.DataFrame, people: pd.DataFrame, working_hours: float
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    unknown = people.loc[people["load"].isna(), "person"]
    rows = [(f"load of {name}", "not in reps, or no working hours") for name in unknown]
    cautions = []
    if "hours" not in duties:
        rows.append(("hours of duties", "the table duties has no column hours, so that loads hold customers only"))
    else:
        bare = int((parts["part"].isin(["R", "A"]) & (parts["hours"] == 0)).sum())
        if bare:
            cautions.append(f"{bare} responsible or accountable parts carry no hours; loads are understated by them.")
    if "working_hours" not in staff:
        cautions.append(f"A working year of {working_hours:,.0f} hours is assumed for everybody.")
    return pd.DataFrame(rows, columns=["item", "reason"]), tuple(cautions)
