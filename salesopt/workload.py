"""What the work asks for: heads by the workload method, and calls per account within each person's hours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesopt.errors import DataError
from salesopt.stats.arguments import flag_fault, number_fault, require
from salesopt.stats.calls import LARGEST, account_units, hours_faults, hours_grid, hours_of, plan_person
from salesopt.stats.effort import Curves, Numbers, known_multiple
from salesopt.stats.result import Result
from salesopt.study.tables import require_table


@dataclass(frozen=True, eq=False, repr=False)
class Workload(Result):
    """What `workload_size` found.

    table : group, accounts, calls (a year, all accounts), hours (a year), reps (unrounded), share (of the whole)
    total, reps_exact, reps : hours (calls where `calls_per_rep` was given) a year; heads before and after rounding up
    """

    table: pd.DataFrame
    skipped: pd.DataFrame
    cautions: tuple[str, ...]
    total: float
    reps_exact: float
    reps: int


def workload_size(
    workload: pd.DataFrame,
    *,
    hours_per_rep: float | None = None,
    selling_share: float = 1.0,
    calls_per_rep: float | None = None,
) -> Workload:
    """How many heads the work needs: calls to all accounts, or their hours, over what one person can do in a year.

    workload      : table `workload`: accounts x calls (x hours_per_call) of each group, or its hours outright
    hours_per_rep : working hours of one person a year, of which `selling_share` (a fraction) is for customers
    calls_per_rep : calls one person can make a year; give this or hours_per_rep

    It sees no sales: an account gets its calls whatever they bring. `size_team` asks what they bring.
    Raises DataError where a group lacks what the count needs, ParameterError for arguments out of range.
    Source: Talley, "How to design sales territories", Journal of Marketing 25 (1961).
    """
    require(
        "give either hours_per_rep or calls_per_rep" if (hours_per_rep is None) == (calls_per_rep is None) else "",
        number_fault("hours_per_rep", hours_per_rep, above=0, optional=True),
        number_fault("selling_share", selling_share, above=0, most=1),
        number_fault("calls_per_rep", calls_per_rep, above=0, optional=True),
    )
    per_rep = (calls_per_rep or 0.0) if hours_per_rep is None else hours_per_rep * selling_share
    given = require_table("workload", workload)
    blank = pd.Series(np.nan, index=given.index)
    accounts, calls, length, hours = (
        given.get(column, blank) for column in ("accounts", "calls", "hours_per_call", "hours")
    )
    made = accounts * calls
    needed = made if calls_per_rep is not None else hours.fillna(made * length)
    lacking = given["group"][needed.isna()]
    if len(lacking):
        wanted = "accounts and calls" if calls_per_rep is not None else "accounts, calls and hours_per_call, or hours"
        raise DataError(f"workload: {', '.join(lacking)}: give {wanted}")
    exact = float(needed.sum() / per_rep)
    table = pd.DataFrame({"group": given["group"], "accounts": accounts, "calls": made})
    table["hours"] = hours.fillna(made * length)
    table["reps"], table["share"] = needed / per_rep, needed / (needed.sum() or 1.0)
    return Workload(
        table=table,
        skipped=pd.DataFrame(columns=["item", "reason"]),
        cautions=(
            "The workload method takes the calls as given: it does not ask what they bring.",
            *(("No group has any work: all calls or hours are 0, so that nobody is needed.",) if exact == 0 else ()),
        ),
        total=float(needed.sum()),
        reps_exact=exact,
        reps=int(np.ceil(exact - 1e-9)),
    )


@dataclass(frozen=True, eq=False, repr=False)
class CallPlan(Result):
    """What `plan_calls` found.

    table   : account, rep, unit (its group), calls_now, calls (a year), hours, sales_now, sales (currency a year),
              gain (contribution, currency a year)
    load    : rep, accounts, hours_now, hours, capacity, gain, worth_of_hour (contribution one hour more would bring)
    skipped : item, reason
    """

    table: pd.DataFrame
    load: pd.DataFrame
    skipped: pd.DataFrame
    cautions: tuple[str, ...]
    gain: float


def plan_calls(
    accounts: pd.DataFrame,
    effort: pd.DataFrame | Curves,
    *,
    hours: float | Mapping[str, float] | None = None,
    by: str = "segment",
    whole_team: bool = False,
) -> CallPlan:
    """How many calls each account should get within each person's hours, so that contribution is greatest.

    accounts   : table `accounts`; today's calls are `calls_made` where given, else `calls`; today's sales `revenue`
                 where given, else `potential`
    effort     : table `effort_response`, or curves such as `size_team(...).basis`. Its units are values of the
                 accounts' column `by`, and its curves hold for an account of that group: half the calls count as half
                 the effort
    hours      : hours of calls a year of each person (a number for everybody, or by name), so that accounts without a
                 `rep` are left out unless `whole_team`; None keeps today's, also those of the accounts without
    whole_team : share the hours over all accounts, whoever serves them

    Exact for whole calls (a knapsack over time); no account gets more than three times today's calls.
    Raises DataError and ParameterError.
    Source: Lodish, "CALLPLAN: an interactive salesman's call planning system", Management Science 18 (1971).
    """
    require(*hours_faults(hours), flag_fault("whole_team", whole_team))
    given = require_table("accounts", accounts)
    known = effort if isinstance(effort, Curves) else require_table("effort_response", effort)
    units, used, skipped = account_units(given, known, by, served=hours is not None and not whole_team)
    served = used["rep"].fillna("") if "rep" in used.columns else pd.Series("", index=used.index)
    owner = pd.Series("team", index=used.index) if whole_team else served
    lengths = used["hours_per_call"].to_numpy()
    capacity = hours_of(owner, units.reps * lengths, hours)
    step, exact = hours_grid(lengths)
    calls, rows = np.zeros(len(used)), []
    for rep, limit in capacity.items():
        mine = np.flatnonzero((owner == rep).to_numpy())
        calls[mine], worth, more = plan_person(units, mine, lengths, limit, step)
        now = units.contribution(units.reps)[mine].sum()
        time_now, time = (count[mine] @ lengths[mine] for count in (units.reps, calls))
        rows.append((rep, len(mine), time_now, time, limit, worth - now, more))
    columns = ["rep", "accounts", "hours_now", "hours", "capacity", "gain", "worth_of_hour"]
    table = pd.DataFrame({"account": units.name, "rep": served, "unit": used[by], "calls_now": units.reps})
    table = table.assign(
        calls=calls, hours=calls * lengths, sales_now=units.sales(units.reps), sales=units.sales(calls)
    )
    table["gain"] = units.contribution(calls) - units.contribution(units.reps)
    cautions = _call_cautions(table, exact, known_multiple(effort, table["unit"]))
    return CallPlan(table, pd.DataFrame(rows, columns=columns), skipped, cautions, table["gain"].sum())


def _call_cautions(table: pd.DataFrame, exact: bool, known: Numbers) -> tuple[str, ...]:
    said = [
        "An account is taken to respond like its group; people know their accounts better: let them change the plan."
    ]
    if not exact:
        said.append("Lengths of calls were rounded up to 3 minutes.")
    dropped = int((table["calls"] == 0).sum())
    if dropped:
        said.append(f"{dropped} accounts get no call at all in this plan: find them another channel.")
    beyond = int((table["calls"] > known * table["calls_now"]).sum())
    if beyond:
        said.append(
            f"{beyond} accounts get more calls, against today's, than judges were asked about or a history ever saw: "
            "beyond lies an assumed curve."
        )
    grown = int((table["calls"] >= np.ceil(LARGEST * table["calls_now"])).sum())
    if grown:
        said.append(f"{grown} accounts get three times today's calls, the most allowed.")
    return tuple(said)
