"""What the work asks for: heads by the workload method, calls within each person's hours, hours used and idle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from salesopt.errors import DataError
from salesopt.stats.arguments import count_fault, flag_fault, number_fault, require
from salesopt.stats.calls import (
    LARGEST,
    account_units,
    drawn_groups,
    hours_faults,
    hours_grid,
    hours_of,
    idle_names,
    most_calls,
    plan_person,
)
from salesopt.stats.distances import DETOUR, SPEED
from salesopt.stats.effort import Curves, Numbers, Units, known_multiple
from salesopt.stats.pairs import pair_faults
from salesopt.stats.result import Result
from salesopt.stats.roles import Day
from salesopt.stats.sizing import unit_curve
from salesopt.stats.workhours import hours_by_person
from salesopt.study.tables import require_table, require_tables


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

    table   : account, rep, unit (its group), calls_now, calls (a year), hours, sales_now, sales, potential (currency
              a year; nan where sales are taken from it), gain (contribution, currency a year)
    load    : rep, accounts, hours_now, hours, capacity, gain, worth_of_hour (contribution one hour more would bring)
    skipped : item, reason
    gain    : of all accounts, currency a year; gain_low, gain_high: its interval over the drawn curves of the groups,
              nan where none were drawn. That an account may differ from its group is not in it
    """

    table: pd.DataFrame
    load: pd.DataFrame
    skipped: pd.DataFrame
    cautions: tuple[str, ...]
    gain: float
    gain_low: float
    gain_high: float
    confidence: float

    def in_accounts(self, accounts: pd.DataFrame) -> pd.DataFrame:
        """`accounts` with the calls of this plan as their calls, for `measure_hours` to say what the way to them takes.

        Accounts that it leaves out keep the calls made today, where these are given.
        """
        given = require_table("accounts", accounts)
        today = given["calls_made"].fillna(given["calls"]) if "calls_made" in given.columns else given["calls"]
        planned = given["account"].map(self.table.set_index("account")["calls"])
        return given.assign(calls=planned.fillna(today)).drop(columns="calls_made", errors="ignore")


def plan_calls(
    accounts: pd.DataFrame,
    effort: pd.DataFrame | Curves,
    *,
    hours: float | Mapping[str, float] | None = None,
    by: str = "segment",
    whole_team: bool = False,
    known_only: bool = False,
    draws: int = 0,
    seed: int = 0,
    confidence: float = 0.95,
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
    known_only : no account gets more calls, against today's, than judges were asked about or a history saw
    draws, seed : sets of curves drawn from the judges' disagreement, for the interval of the gain of this plan at level
                 `confidence`; curves that bring draws of their own need none

    Exact for whole calls (a knapsack over time); no account gets more than three times today's calls.
    Raises DataError and ParameterError.
    Source: Lodish, "CALLPLAN: an interactive salesman's call planning system", Management Science 18 (1971).
    """
    require(
        *hours_faults(hours),
        flag_fault("whole_team", whole_team),
        flag_fault("known_only", known_only),
        count_fault("draws", draws),
        number_fault("confidence", confidence, above=0, below=1),
    )
    judged = None if isinstance(effort, Curves) else effort
    given, answers = require_tables(accounts=accounts, effort_response=judged)
    known = effort if isinstance(effort, Curves) else answers
    units, used, skipped = account_units(given, known, by, served=hours is not None and not whole_team)
    served = used["rep"].fillna("") if "rep" in used.columns else pd.Series("", index=used.index)
    owner = pd.Series("team", index=used.index) if whole_team else served
    lengths = used["hours_per_call"].to_numpy()
    capacity = hours_of(owner, units.reps * lengths, hours)
    known_to = known_multiple(effort, used[by])
    most = most_calls(units.reps, known_to if known_only else None)
    step, exact = hours_grid(lengths, max((owner == rep).sum() * limit for rep, limit in capacity.items()))
    calls, rows = np.zeros(len(used)), []
    for rep, limit in capacity.items():
        mine = np.flatnonzero((owner == rep).to_numpy())
        calls[mine], worth, more = plan_person(units, mine, lengths, limit, step, most)
        now, time_now = units.contribution(units.reps)[mine].sum(), units.reps[mine] @ lengths[mine]
        if worth < now and time_now <= limit + 1e-9:  # lengths rounded up may leave no room for today's calls
            calls[mine], worth = units.reps[mine], now
        time = calls[mine] @ lengths[mine]
        rows.append((rep, len(mine), time_now, time, limit, worth - now, more))
    columns = ["rep", "accounts", "hours_now", "hours", "capacity", "gain", "worth_of_hour"]
    table = pd.DataFrame({"account": units.name, "rep": served, "unit": used[by], "calls_now": units.reps})
    table = table.assign(
        calls=calls, hours=calls * lengths, sales_now=units.sales(units.reps), sales=units.sales(calls)
    )
    table["potential"] = used["potential"].to_numpy() if "revenue" in used.columns else np.nan
    table["gain"] = units.contribution(calls) - units.contribution(units.reps)
    cautions = (
        *_call_cautions(table, None if exact else step, known_to),
        *(f"Hours were given for {name}, who serves no account of this plan." for name in idle_names(capacity, hours)),
    )
    low, high = _gain_interval(drawn_groups(known, draws, seed), table, confidence)
    gain = float(table["gain"].sum())
    return CallPlan(table, pd.DataFrame(rows, columns=columns), skipped, cautions, gain, low, high, confidence)


def _gain_interval(drawn: Units | None, table: pd.DataFrame, confidence: float) -> tuple[float, float]:
    """The interval of what this plan's calls bring above today's, over the drawn curves of the groups."""
    if drawn is None:
        return np.nan, np.nan
    gain = np.zeros(len(drawn.scale))
    for unit, rows in table.groupby("unit", sort=False):
        ratio, now = (rows["calls"] / rows["calls_now"]).to_numpy(), rows["sales_now"].to_numpy()
        place = np.flatnonzero(drawn.name == unit)
        if len(place):
            own = unit_curve(drawn.curves, int(place[0]))
            gain += (own.gain(ratio) - own.gain(1.0)) @ now
        else:
            gain += rows["gain"].sum()  # calls bring nothing there, whichever curve is drawn
    low, high = np.quantile(gain, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def _call_cautions(table: pd.DataFrame, rounded: float | None, known: Numbers) -> tuple[str, ...]:
    """rounded : hours to whose multiples lengths of calls were rounded up, None where none had to be"""
    said = [
        "An account is taken to respond like its group; people know their accounts better: let them change the plan."
    ]
    if rounded:
        said.append(f"Lengths of calls were rounded up to {rounded:g} hours, so a little more may fit than is planned.")
    dropped = int((table["calls"] == 0).sum())
    if dropped:
        said.append(
            f"{_accounts(dropped)} no call at all in this plan: find {'it' if dropped == 1 else 'them'} another way."
        )
    beyond = int((table["calls"] > known * table["calls_now"]).sum())
    if beyond:
        said.append(
            f"{_accounts(beyond)} more calls, against today's, than judges were asked about or a history ever saw: "
            "beyond lies an assumed curve."
        )
    grown = int((table["calls"] >= np.ceil(LARGEST * table["calls_now"])).sum())
    if grown:
        said.append(f"{_accounts(grown)} three times today's calls, the most allowed.")
    if over := beyond_potential(table):
        said.append(over)
    return tuple(said)


def beyond_potential(table: pd.DataFrame) -> str:
    """That accounts of a `CallPlan` would buy more than they can, and how much of the gain hangs on them; else ""."""
    over = table[(table["sales"] > table["potential"] + 0.5) & (table["calls"] > table["calls_now"])]
    if over.empty:
        return ""
    one, could, gain = len(over) == 1, float(over["potential"].sum()), float(table["gain"].sum())
    above = f", by {over['sales'].sum() / could - 1:.0%}{'' if one else ' in all'}" if could > 0 else ""
    share = f"{over['gain'].sum() / gain:.0%}" if gain > 0 else "part"
    return (
        f"{len(over)} account{' would buy more than its' if one else 's would buy more than their'} potential{above}: "
        "the curve of a group knows no ceiling of one account. "
        f"{'It carries' if one else 'They carry'} {share} of the gain: count on the rest."
    )


def _accounts(count: int) -> str:
    return f"{count} {'account gets' if count == 1 else 'accounts get'}"


@dataclass(frozen=True, eq=False, repr=False)
class TeamHours(Result):
    """What `measure_hours` found. All hours are a year; today's owners are who serves the accounts today.

    table : rep, hours (that he has), accounts; call_hours and travel of the calls planned, call_hours_made and
            travel_made of those made today (nan where not known); one row per person who is here and has hours
    capacity, planned, made : hours of all these people, of all calls planned (also of accounts that nobody here
            serves), of the calls made; travel, travel_made : on the way to them, by today's owners, nan where no
            places are known; over, over_made : hours above people's hours; lacking, lacking_made : how many people
            have such hours. What is `_made` is nan where `calls_made` is not given for every account
    """

    table: pd.DataFrame
    skipped: pd.DataFrame
    cautions: tuple[str, ...]
    capacity: float
    planned: float
    made: float
    travel: float
    travel_made: float
    over: float
    over_made: float
    lacking: float
    lacking_made: float

    @property
    def counted(self) -> str:
        """The columns that say what is done today: those of the calls made, else of the calls planned."""
        return "_made" if np.isfinite(self.made) else ""

    @property
    def idle(self) -> float:
        """Share of people's hours that hold no call and no travel today; below 0 where the work is more than they.

        Calls on accounts that nobody here serves take nobody's hours today, nor does the way to them.
        """
        travel = self.travel_made if self.counted else self.travel
        return 1 - (self.own_calls(self.counted) + np.nan_to_num(travel)) / self.capacity

    def own_calls(self, kind: str) -> float:
        """Hours of the calls that people's own accounts take; `kind` as `counted`: "" planned, "_made" made."""
        return float(self.table[f"call_hours{kind}"].sum())

    def call_hours(self, load: pd.DataFrame) -> dict[str, float]:
        """Hours of calls of each in `load` (of a CallPlan) with idle ones filled, and as much travel a call as today.

        Who is not here, and who has more work than hours, keeps the hours that he has in `load`.
        """
        mine = self.table.set_index("rep").reindex(load["rep"])
        calls, travel = (mine[f"{name}{self.counted}"].to_numpy() for name in ("call_hours", "travel"))
        share = calls / np.maximum(calls + np.nan_to_num(travel), 1e-9)
        now = load["hours_now"].to_numpy()
        return dict(zip(load["rep"], np.fmax(now, share * mine["hours"].to_numpy()), strict=True))


def measure_hours(
    accounts: pd.DataFrame,
    reps: pd.DataFrame,
    *,
    travel: pd.DataFrame | None = None,
    speed: float = SPEED,
    detour: float = DETOUR,
    calls_per_trip: float = 4.0,
    today: Day = None,
) -> TeamHours:
    """What calls and the way to them take of people's hours as accounts are served today: planned, and made.

    accounts, reps, travel, speed, detour, calls_per_trip, today : as in `assign_accounts`; where no places are known,
    travel is not known either. Raises DataError for faulty tables, ParameterError for arguments out of range.
    """
    require(*pair_faults((), 0.0, 0.0, speed, detour, calls_per_trip, 0.0, 0.0, 0.0, today))
    clients, team, distances = require_tables(accounts=accounts, reps=reps, distances=travel)
    by_person = partial(
        hours_by_person,
        reps=team,
        distances=distances,
        speed=speed,
        detour=detour,
        calls_per_trip=calls_per_trip,
        today=today,
    )
    table = by_person(clients)
    known = "calls_made" in clients.columns and clients["calls_made"].notna().all()
    again = by_person(clients.assign(calls=clients["calls_made"])) if known else table
    columns = ["call_hours", "travel"]
    table[[f"{name}_made" for name in columns]] = again[columns] if known else np.nan
    over = [
        (table[f"call_hours{kind}"] + table[f"travel{kind}"].fillna(0.0) - table["hours"]) for kind in ("", "_made")
    ]
    made = float((clients["calls_made"] * clients["hours_per_call"]).sum()) if known else np.nan
    return TeamHours(
        table=table,
        skipped=pd.DataFrame(columns=["item", "reason"]),
        cautions=(),
        capacity=float(table["hours"].sum()),
        planned=float((clients["calls"] * clients["hours_per_call"]).sum()),
        made=made,
        travel=float(table["travel"].sum(skipna=False)),
        travel_made=float(table["travel_made"].sum(skipna=False)),
        over=float(over[0].clip(lower=0).sum()),
        over_made=float(over[1].clip(lower=0).sum(skipna=False)),
        lacking=float((over[0] > 1e-6).sum()),
        lacking_made=float((over[1] > 1e-6).sum()) if known else np.nan,
    )
