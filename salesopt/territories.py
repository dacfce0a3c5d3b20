"""Who serves whom: accounts assigned to representatives within their hours, balanced, with as few moves as asked."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesopt.errors import DataError, InfeasibleError
from salesopt.stats.arguments import mapping_fault, number_fault, require
from salesopt.stats.assignment import solve_matching
from salesopt.stats.distances import DAY_HOURS, DETOUR, SPEED, TRIP_DAYS
from salesopt.stats.exchange import keep_ties, polish
from salesopt.stats.matching import Numbers, Solution
from salesopt.stats.pairs import Pairs, make_pairs, pair_faults
from salesopt.stats.reasons import explain_conflict, explain_pairs
from salesopt.stats.result import Result
from salesopt.stats.roles import Day
from salesopt.stats.territories import Road
from salesopt.stats.trips import add_trips, doubt_trips
from salesopt.study.tables import require_tables

POLISH = 3.0  # seconds


@dataclass(frozen=True, eq=False, repr=False)
class TeamAssignment(Result):
    """What `assign_accounts` found.

    table    : account, rep, rep_now, moved, hours (a year, travel included), travel (hours a year), saved (hours of
               travel a year less than today; nan where nobody here serves the account today), fit (points),
               reason, second (whom it would go to next, alone or with one other account moved), second_cost (what
               that adds to the objective, hours a year: an upper bound; nan where no such step keeps the limits);
               region, lat, lon where the accounts have them
    load     : rep, hours, capacity (a year), share (of the capacity used), potential, accounts, travel, balance_index
               (the first balanced measure over its fair share: 1 is even), <measure>_index for each balanced measure,
               accounts_now, hours_now; lat, lon
    bridge   : step (today, assigned), travel (hours a year, of the accounts that somebody here serves today), moved
               (accounts that change hands), years (of relationship that end), spread (largest less smallest
               balance_index), unserved (accounts that nobody here serves today), travel_unserved (their hours a year);
              travel_made (as travel, for the calls made today; nan where `calls_made` is not given for all of these);
              trips_travel, trips_nights (as travel, and nights away, when visits are strung into trips, see
              `stats.trips`), lacking (people whose calls and trips take more hours than they have), calls_per_trip
              (which would count as much); these four nan where no places are known
    skipped  : item, reason
    balance  : the measures that were balanced
    gap      : proved: no plan within the limits costs less than (1 - gap) x this one
    objective, bound : hours a year that the plan costs, and that no plan undercuts
    fit_total : points of fit over all accounts, nan without the table `fit`
    method   : "flow", "linear" or "integer"
    """

    table: pd.DataFrame
    load: pd.DataFrame
    bridge: pd.DataFrame
    skipped: pd.DataFrame
    cautions: tuple[str, ...]
    gap: float
    objective: float
    bound: float
    fit_total: float
    method: str
    balance: tuple[str, ...]
    tolerance: float
    keep: float


def assign_accounts(
    accounts: pd.DataFrame,
    reps: pd.DataFrame,
    *,
    balance: Sequence[str] = ("hours", "potential"),
    tolerance: float = 0.15,
    keep: float = 0.0,
    fit: pd.DataFrame | None = None,
    travel: pd.DataFrame | None = None,
    contiguity: pd.DataFrame | None = None,
    locked: Mapping[str, str] | None = None,
    time_limit: float = 60.0,
    gap: float = 1e-3,
    speed: float = SPEED,
    detour: float = DETOUR,
    calls_per_trip: float = 4.0,
    fit_weight: float = 1.0,
    move_price: float = 0.0,
    year_price: float = 0.0,
    today: Day = None,
) -> TeamAssignment:
    """Assign every account to one representative at least travel and misfit, within hours, balance and disruption.

    accounts   : table `accounts`
    reps       : table `reps`; who is not here, has no hours, or neither sells nor serves an account, is left out
    balance    : measures to balance: "hours" (calls x hours_per_call), "accounts", or number columns of accounts. A
                 fair share is in proportion to a representative's hours; each total stays within `tolerance` of it. A
                 measure that is 0 for every account is left out, with a caution.
    keep       : least share of the accounts that stay with who serves them now, counted over those whose representative
                 is still here
    fit        : table `fit`: points of each pair, the more the better; a pair it does not list is not allowed, and its
                 `hours` replace calls x hours_per_call
    travel     : table `distances` between regions; None takes the great circle between lat and lon
    contiguity : table `neighbours`: the regions a representative serves must hang together
    locked     : account -> representative, pairs that are settled; besides, an account stays with its representative
                 where the column `locked` of accounts says yes, unless it is settled otherwise here
    time_limit, gap : seconds, and the proved relative gap at which the search stops before; what it found is then
                 improved step by step for up to POLISH seconds, and explained
    speed, detour, calls_per_trip : km an hour; road over straight line between lat and lon; calls made on one way out
                 and back: a year's travel of a pair is 2 x km / speed x calls / calls_per_trip
    fit_weight, move_price, year_price : hours of travel a year that a point of fit, an account that changes hands, and
                 a year of relationship that ends are worth
    today      : day on which people are here (None: who has no day in `left`) and relationships are counted, for
                 `since` (None: on the latest `since`)

    Minimises hours of travel + fit_weight x points short of the best + prices of moves; of plans that cost the same it
    takes one with few moves.
    Raises DataError for faulty tables, ParameterError for arguments out of range, InfeasibleError that says which
    requirements clash and by how much.
    Source: Zoltners and Sinha, "Sales territory design: thirty years of modeling and implementation", Marketing Science
    24 (2005); the generalised assignment problem: Martello and Toth, "Knapsack Problems" (1990).
    """
    require(
        *pair_faults(
            balance, tolerance, keep, speed, detour, calls_per_trip, fit_weight, move_price, year_price, today
        ),
        mapping_fault("locked", locked, "accounts to representatives", optional=True),
        number_fault("time_limit", time_limit, above=0, unit="seconds", endless=True),
        number_fault("gap", gap, least=0, below=1),
    )
    clients, team, suits, distances, borders = require_tables(
        accounts=accounts, reps=reps, fit=fit, distances=travel, neighbours=contiguity
    )
    pairs = make_pairs(
        clients,
        team,
        balance=tuple(balance),
        tolerance=tolerance,
        keep=keep,
        fit=suits,
        distances=distances,
        neighbours=borders,
        locked=dict(locked or {}),
        speed=speed,
        detour=detour,
        calls_per_trip=calls_per_trip,
        prices=(fit_weight, move_price, year_price),
        today=today,
    )
    _require_hours(pairs)
    start = time.perf_counter()
    solution = solve_matching(pairs.problem, time_limit=time_limit, gap=gap)
    if not solution.choice.size:
        conflict, relaxation, message = explain_conflict(pairs, solution)
        message = " ".join((message, *pairs.unbordered))
        raise InfeasibleError(message, conflict=conflict, relaxation=relaxation)
    ends = max(start + time_limit, time.perf_counter() + POLISH)
    solution = keep_ties(pairs.problem, polish(pairs.problem, solution, deadline=ends), deadline=ends)
    table = _table(pairs, solution)
    load = _load(pairs, solution)
    bridge = add_trips(
        _bridge(pairs, solution, table, load, _made(clients, pairs)),
        pairs,
        clients,
        solution.choice,
        distances=distances,
        road=Road(speed, detour, DAY_HOURS, TRIP_DAYS),
        way=calls_per_trip,
    )
    return TeamAssignment(
        table=table,
        load=load,
        bridge=bridge,
        skipped=pairs.skipped,
        cautions=(
            *pairs.cautions,
            *doubt_trips(bridge, calls_per_trip, len(pairs.rep)),
            *_cautions(load, solution, gap, time_limit),
        ),
        gap=solution.gap,
        objective=solution.cost,
        bound=solution.bound,
        fit_total=float(table["fit"].sum(skipna=False)),
        method=solution.method,
        balance=tuple(pairs.measures),
        tolerance=tolerance,
        keep=keep,
    )


def _require_hours(pairs: Pairs) -> None:
    """InfeasibleError where accounts without a place, which stay where they are, ask for more hours than there are."""
    over = np.flatnonzero(pairs.capacity < -1e-9)
    if not len(over) and pairs.capacity.sum() > 0:
        return
    said = ", ".join(f"{pairs.rep[at]} {-pairs.capacity[at]:,.0f}" for at in over[:3]) or "of everybody"
    way = "give these accounts a place, or their representatives more hours"
    raise InfeasibleError(
        f"No plan: accounts without a place stay with whom they have and take all hours there are, or more ({said}). "
        f"Way out: {way}.",
        conflict=["each representative's hours"],
        relaxation=way,
    )


def _table(pairs: Pairs, solution: Solution) -> pd.DataFrame:
    rows = np.arange(len(pairs.account))
    choice = solution.choice
    now = np.where(pairs.now >= 0, pairs.rep[np.maximum(pairs.now, 0)], pairs.former)
    reasons = explain_pairs(pairs, solution)
    table = pd.DataFrame(
        {
            "account": pairs.account,
            "rep": pairs.rep[choice],
            "rep_now": now,
            "moved": (choice != pairs.now) & (now != ""),
            "hours": pairs.hours[rows, choice] + pairs.travel[rows, choice],
            "travel": pairs.travel[rows, choice],
            "saved": np.where(pairs.now >= 0, pairs.travel[rows, np.maximum(pairs.now, 0)], np.nan)
            - pairs.travel[rows, choice],
            "fit": pairs.fit[rows, choice],
        }
    ).assign(**reasons)
    return pd.concat([table, pairs.places], axis=1)


def _load(pairs: Pairs, solution: Solution) -> pd.DataFrame:
    reps, choice, rows = len(pairs.rep), solution.choice, np.arange(len(pairs.account))

    def added(values: np.ndarray, whose: np.ndarray) -> np.ndarray:
        return np.bincount(whose[whose >= 0], weights=values[whose >= 0], minlength=reps)

    served = np.maximum(pairs.now, 0)
    hours = pairs.hours + pairs.travel
    load = pd.DataFrame(
        {
            "rep": pairs.rep,
            "hours": added(hours[rows, choice], choice),
            "capacity": pairs.capacity,
            "potential": added(pairs.potential, choice),
            "accounts": np.bincount(choice, minlength=reps),
            "travel": added(pairs.travel[rows, choice], choice),
            "accounts_now": np.bincount(pairs.now[pairs.now >= 0], minlength=reps),
            "hours_now": added(hours[rows, served], pairs.now),
        }
    )
    load.insert(3, "share", load["hours"] / load["capacity"].where(load["capacity"] > 0))
    for name, values in pairs.measures.items():
        load[f"{name}_index"] = pairs.shares_of(name, added(values, choice))
    first = next(iter(pairs.measures), "")
    load.insert(7, "balance_index", load[f"{first}_index"] if first else np.nan)
    return pd.concat([load, pairs.bases], axis=1)


def _made(accounts: pd.DataFrame, pairs: Pairs) -> Numbers:
    """Calls made today of each account over those planned; nan where they are not known, or none is planned."""
    given = accounts.reindex(columns=["account", "calls", "calls_made"]).set_index("account").loc[pairs.account]
    made, planned = given["calls_made"].to_numpy(dtype=float), given["calls"].to_numpy(dtype=float)
    return np.where(made == 0, 0.0, np.divide(made, planned, out=np.full(len(made), np.nan), where=planned > 0))


def _bridge(pairs: Pairs, solution: Solution, table: pd.DataFrame, load: pd.DataFrame, made: Numbers) -> pd.DataFrame:
    """Today beside the plan; travel of the accounts that somebody here serves today, and apart that of the others.

    made : calls made of each account over those planned
    """
    rows, served = np.arange(len(pairs.account)), pairs.now >= 0
    moved = served & (solution.choice != pairs.now)
    driven, planned = pairs.travel[rows, np.maximum(pairs.now, 0)], pairs.travel[rows, solution.choice]
    first = next(iter(pairs.measures), "")
    spread = (np.nan, np.nan)
    if first:
        totals = np.bincount(pairs.now[served], pairs.measures[first][served], len(pairs.rep)).astype(float)
        today, then = pairs.shares_of(first, totals), load["balance_index"]
        spread = (np.nanmax(today) - np.nanmin(today), then.max() - then.min())
    return pd.DataFrame(
        {
            "step": ["today", "assigned"],
            "travel": [driven[served].sum(), planned[served].sum()],
            "travel_made": [(made * driven)[served].sum(), (made * planned)[served].sum()],
            "moved": [0, int(table["moved"].sum())],
            "years": [0.0, float(pairs.years[moved].sum())],
            "spread": spread,
            "unserved": [int((~served).sum()), 0],
            "travel_unserved": [0.0, planned[~served].sum()],
        }
    )


def _cautions(load: pd.DataFrame, solution: Solution, gap: float, time_limit: float) -> tuple[str, ...]:
    said = []
    if solution.gap > gap and solution.by_clock:
        said.append(
            f"Time ran out: a plan up to {100 * solution.gap:.2g} % cheaper may exist; a longer time_limit may find it."
        )
    elif solution.gap > gap:
        said.append(f"A plan up to {100 * solution.gap:.2g} % cheaper may exist: the solver can tell no more apart.")
    if solution.by_clock:
        said.append(
            f"The clock ended a part of the search (time_limit {time_limit:g} s), so that another run may find another "
            "plan; a longer time_limit or a wider gap gives one that repeats."
        )
    full = load.loc[load["share"] > 0.98, "rep"]
    if len(full):
        said.append(f"{len(full)} of {len(load)} representatives have less than 2 % of their hours free.")
    return tuple(said)


def fit_from_skills(accounts: pd.DataFrame, skills: pd.DataFrame, needs: pd.DataFrame) -> pd.DataFrame:
    """Table `fit` from what accounts need and representatives know: minus the levels short, summed over skills.

    accounts, skills, needs : tables `accounts`, `skills` (several raters are averaged) and `skill_needs`, whose groups
    are customer segments or product lines of the accounts. A skill that nobody rated counts as level 0.
    """
    clients, rated, wanted = require_tables(accounts=accounts, skills=skills, skill_needs=needs)
    level = rated.pivot_table(index="rep", columns="skill", values="level", aggfunc="mean").fillna(0.0)
    needed = wanted.pivot_table(index="group", columns="skill", values="level").fillna(0.0)
    level = level.reindex(columns=needed.columns, fill_value=0.0)
    short = np.maximum(needed.to_numpy()[:, None, :] - level.to_numpy()[None], 0.0).sum(axis=2)
    by_group = pd.DataFrame(-short, index=needed.index, columns=level.index)
    columns = [column for column in ("segment", "line") if column in clients.columns]
    total = pd.DataFrame(0.0, index=clients["account"], columns=level.index)
    for column in columns:
        total += by_group.reindex(clients[column]).fillna(0.0).to_numpy()
    if not columns or not clients[columns].isin(set(needed.index)).to_numpy().any():
        raise DataError("skill_needs: no group is a segment or line of the accounts")
    return (
        total.rename_axis("account")
        .reset_index()
        .melt("account", var_name="rep", value_name="fit")[["rep", "account", "fit"]]
    )
