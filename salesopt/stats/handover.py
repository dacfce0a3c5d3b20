"""One roster of a team: who may then serve which account, the plan found, and what it says in tables."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from salesopt.stats.coverage import NOBODY, Cover, Covered, missed_of
from salesopt.stats.matching import Flags, Load, Numbers, Places
from salesopt.stats.pairs import Pairs

SHORT = {  # why an account finds nobody
    "no_room": "no room",
    "out_of_reach": "out of reach",
    "unsuited": "nobody may serve it",
    "nobody_left": "nobody is left",
}
NUDGE = 1e-3  # weight of hours beside potential in what is lost, so that accounts without potential are served too


@dataclass(frozen=True, eq=False)
class Roster:
    """Who is there in one scenario.

    people : columns of the pairs; sites : those of them that are candidates, of whom `openings` are taken on
    gone, new : names of who leaves, and of who joins where that is settled
    against : the scenario it is compared with
    """

    scenario: str
    kind: str
    who: str
    people: Places
    gone: tuple[str, ...] = ()
    new: tuple[str, ...] = ()
    sites: Places | None = None
    openings: int = 0
    against: str = "today"


@dataclass(frozen=True)
class Rules:
    """What may change: every account within `keep` ("redraw"), or only the leaver's and the hire's ("handover")."""

    regime: str
    keep: float
    tolerance: float
    stretch: float
    over_price: float


@dataclass(frozen=True, eq=False)
class Plan:
    """A roster with its solution: choice as columns of the pairs (-1 nobody), and totals per column.

    most : the hours that each may carry, above which there is no room; used_up : as many accounts change hands as may
    """

    roster: Roster
    solution: Covered
    choice: Places
    hours: Numbers
    over: Numbers
    here: Flags
    most: Numbers
    used_up: bool


def cover_of(pairs: Pairs, roster: Roster, rules: Rules) -> Cover:
    """The problem of one roster; in a handover an account stays, goes to somebody new, or had to move anyway.

    A locked account stays, in either regime, if its representative does.
    In a redraw nobody new must be given anything: limits of balance are no narrower than without them.
    """
    people = roster.people
    place: Places = np.full(len(pairs.rep), NOBODY, dtype=np.int64)
    place[people] = np.arange(len(people))
    now = np.where(pairs.now >= 0, place[np.maximum(pairs.now, 0)], NOBODY)
    rows = np.arange(len(now))
    cost, use = pairs.problem.cost[:, people], (pairs.hours + pairs.travel)[:, people]
    if len(people):
        now = np.where((now >= 0) & np.isfinite(cost[rows, np.maximum(now, 0)]), now, NOBODY)
    stays = now >= 0
    kept = (np.arange(len(people)) == now[:, None]) & stays[:, None]
    capacity = np.maximum(pairs.capacity[people], 0.0)
    held = np.bincount(now[stays], use[rows, now][stays], len(people)) if len(people) else np.zeros(0)
    least_kept = float(np.ceil(rules.keep * stays.sum() - 1e-9))
    sites = place[roster.sites] if roster.sites is not None else np.zeros(0, dtype=np.int64)
    balance: tuple[Load, ...] = ()
    loss = _loss(pairs)
    bound = pairs.locked & stays
    cost, loss = np.where(kept | ~bound[:, None], cost, np.inf), np.where(bound, np.inf, loss)
    new = np.isin(pairs.rep[people], roster.new) | np.isin(np.arange(len(people)), sites)
    if rules.regime == "handover":
        cost = np.where(kept | new | ~stays[:, None], cost, np.inf)
        loss = np.where(stays, np.inf, loss)
    else:
        joining = roster.openings * capacity[sites].mean() if len(sites) else capacity[new].sum()
        balance = tuple(
            _balance(name, values, capacity, new, joining, rules) for name, values in pairs.measures.items()
        )
    return Cover(
        cost=cost,
        use=use,
        capacity=capacity,
        most=np.maximum((1 + rules.stretch) * capacity, held),
        over_price=rules.over_price,
        loss=loss,
        kept=kept,
        least_kept=least_kept,
        balance=balance if capacity.sum() else (),
        sites=sites,
        openings=roster.openings,
    )


def _loss(pairs: Pairs) -> Numbers:
    """What is lost where an account is not served: its share of the potential, nudged by its hours; 1 on average."""
    hours = pairs.hours.mean(axis=1)
    parts = [values / values.sum() for values in (pairs.potential, hours) if values.sum() > 0]
    if not parts:
        return np.ones(len(hours))
    weight = parts[0] + (NUDGE * parts[1] if len(parts) > 1 else 0.0) + 1e-6 / len(hours)
    return np.asarray(len(hours) * weight)


def _balance(name: str, values: Numbers, capacity: Numbers, new: Flags, joining: float, rules: Rules) -> Load:
    """Most is a fair share of those who are there anyway, least one of all with the hours that are `joining`."""
    there = max(capacity[~new].sum(), 1e-9)
    fair, after = values.sum() * capacity / there, values.sum() * capacity / (there + joining)
    use = np.repeat(values[:, None], len(capacity), axis=1)
    worth = np.full(len(capacity), values.sum() / there)
    return Load(
        name, "balance", use, np.where(new, 0.0, (1 - rules.tolerance) * after), (1 + rules.tolerance) * fair, worth
    )


def beside(pairs: Pairs, roster: Roster, problem: Cover, base: Plan | None) -> tuple[Cover, Places | None]:
    """The problem of one who joins and the plan in which he gets nothing, which no plan is then to be worse than.

    What is saved is counted at the balance that there is without him. None where nobody joins, or that plan serves not
    all it could.
    """
    if base is None or not (roster.new or roster.openings):
        return problem, None
    place: Places = np.full(len(pairs.rep), NOBODY, dtype=np.int64)
    place[roster.people] = np.arange(len(roster.people))
    known = np.where(base.choice >= 0, place[np.maximum(base.choice, 0)], NOBODY)
    if not problem.balance or ((known < 0) & np.isfinite(problem.cost).any(axis=1)).any():
        return problem, None
    return replace(problem, missed_most=missed_of(problem, known)), known


def plan_of(pairs: Pairs, roster: Roster, problem: Cover, solution: Covered) -> Plan:
    """The solution of the problem of one roster, in terms of the pairs."""
    chosen = solution.choice
    choice = np.where(chosen >= 0, roster.people[np.maximum(chosen, 0)] if len(roster.people) else NOBODY, NOBODY)
    served = np.flatnonzero(choice >= 0)
    use = (pairs.hours + pairs.travel)[served, choice[served]]
    hours = np.bincount(choice[served], use, len(pairs.rep)).astype(float)
    here = np.isin(np.arange(len(pairs.rep)), roster.people)
    if roster.sites is not None:
        here[roster.sites] = np.isin(roster.sites, choice)
    over = np.where(here, np.maximum(hours - np.maximum(pairs.capacity, 0.0), 0.0), 0.0)
    most = np.zeros(len(pairs.rep))
    most[roster.people] = problem.most
    stay = problem.kept[np.flatnonzero(chosen >= 0), chosen[chosen >= 0]].sum()
    used_up = bool(problem.kept.any() and stay <= problem.least_kept)
    return Plan(roster, solution, choice, hours, over, here, most, used_up)


def travel_of(pairs: Pairs, plan: Plan, among: Flags | None = None) -> float:
    """Hours of travel a year of the accounts served, or of those `among` them."""
    served = np.flatnonzero((plan.choice >= 0) & (True if among is None else among))
    return float(pairs.travel[served, plan.choice[served]].sum())


def row_of(pairs: Pairs, plan: Plan, base: Plan, over_price: float) -> dict[str, object]:
    """One row of the table of scenarios, against `base`: the same rules on the roster it is compared with."""
    stay = base.here & plan.here
    before = np.where(stay, base.over, 0.0).sum()
    short, why = plan.choice == NOBODY, why_short(pairs, plan)
    changes = changed(pairs, plan, base)
    moved = np.flatnonzero(changes & ~short)
    takes = np.isin(np.arange(len(pairs.rep)), plan.choice[moved])
    over, both = float(plan.over.sum()), (plan.choice >= 0) & (base.choice >= 0)
    freed = over_price * (base.over.sum() - before)
    return {
        "scenario": plan.roster.scenario,
        "kind": plan.roster.kind,
        "against": base.roster.scenario,
        "who": plan.roster.who,
        "reps": int(plan.here.sum()),
        "travel": travel_of(pairs, plan),
        "travel_change": travel_of(pairs, plan, both) - travel_of(pairs, base, both),
        "moved": len(moved),
        "hours_moved": float((pairs.hours + pairs.travel)[moved, plan.choice[moved]].sum()),
        "potential_moved": float(pairs.potential[moved].sum()),
        "takers": int(takes.sum()),
        "takers_over": int((takes & (plan.over > 1e-6)).sum()),
        "years": _known_sum(pairs.years[changes]),
        "accounts_short": int(short.sum()),
        **{name: int((why == said).sum()) for name, said in SHORT.items()},
        "hours_short": hours_short(pairs, plan),
        "short_change": hours_short(pairs, plan) - hours_short(pairs, base),
        "potential_short": float(pairs.potential[short].sum()),
        "over": over,
        "over_change": over - float(before),
        "overloaded": int((plan.over > 1e-6).sum()),
        "spread": _spread(pairs, plan),
        "cost": plan.solution.cost,
        "cost_change": plan.solution.cost - (base.solution.cost - freed),
        "cost_change_low": plan.solution.bound - (base.solution.cost - freed),
        "cost_change_high": plan.solution.cost - (base.solution.bound - freed),
        "gap": plan.solution.gap,
        "moves_used_up": plan.used_up,
        "balance_missed": plan.solution.missed,
    }


def _known_sum(values: Numbers) -> float:
    """The sum of what is known; nan where there are values and none is known."""
    return float("nan") if len(values) and np.isnan(values).all() else float(np.nansum(values))


def able_of(pairs: Pairs, plan: Plan) -> Flags:
    """Accounts x people: who is there and may serve the account, room or not."""
    return np.asarray(plan.here & np.isfinite(pairs.problem.cost))


def suited_of(pairs: Pairs, plan: Plan) -> Flags:
    """Accounts x people: who is there and suits the account, within reach or not."""
    known = np.isfinite(pairs.fit)
    return np.asarray(plan.here & (known | ~known.any(axis=1, keepdims=True)))


def why_short(pairs: Pairs, plan: Plan) -> np.ndarray:
    """Why each account finds nobody, one of `SHORT`; "" for who is served."""
    cases = [plan.choice != NOBODY, *(able(pairs, plan).any(axis=1) for able in (able_of, suited_of))]
    last = SHORT["unsuited"] if plan.here.any() else SHORT["nobody_left"]
    return np.select(cases, ["", SHORT["no_room"], SHORT["out_of_reach"]], last)


def hours_short(pairs: Pairs, plan: Plan) -> float:
    """Hours of calls a year of the accounts that nobody serves; what travel they need depends on who would."""
    return float(pairs.hours[plan.choice == NOBODY].mean(axis=1).sum())


def changed(pairs: Pairs, plan: Plan, base: Plan) -> Flags:
    """Accounts that somebody serves today and somebody else, or nobody, would then.

    An account whose representative is not here moves in any case: it counts with `base`, and elsewhere only where it
    goes to somebody else than there.
    """
    return np.asarray((pairs.former != "") & (_names(pairs, plan) != pairs.former) & differs(pairs, plan, base))


def _names(pairs: Pairs, plan: Plan) -> np.ndarray:
    return np.where(plan.choice >= 0, pairs.rep[np.maximum(plan.choice, 0)], "")


def differs(pairs: Pairs, plan: Plan, base: Plan) -> Flags:
    """Accounts that somebody here serves today, or that go to somebody else than in `base`."""
    return np.asarray((pairs.now >= 0) | (plan.choice != base.choice) | (plan is base))


def _index(pairs: Pairs, plan: Plan) -> Numbers:
    """The first balanced measure of each person over the fair share among those who are there."""
    first = next(iter(pairs.measures), "")
    capacity = np.where(plan.here, np.maximum(pairs.capacity, 0.0), 0.0)
    if not first or not capacity.sum():
        return np.full(len(capacity), np.nan)
    served = plan.choice >= 0
    total = np.bincount(plan.choice[served], pairs.measures[first][served], len(capacity))
    fair = pairs.measures[first].sum() * capacity / capacity.sum()
    return np.divide(total, fair, out=np.full(len(fair), np.nan), where=fair > 0)


def _spread(pairs: Pairs, plan: Plan) -> float:
    index = _index(pairs, plan)[plan.here]
    return float(np.ptp(index)) if len(index) and np.isfinite(index).all() else np.nan


def load_of(pairs: Pairs, plan: Plan, base: Plan) -> pd.DataFrame:
    """Hours, capacity and accounts of everybody who is there in one scenario."""
    people, count = np.flatnonzero(plan.here), len(pairs.rep)
    served = np.flatnonzero(plan.choice >= 0)
    whose = plan.choice[served]
    moved = changed(pairs, plan, base)
    load = pd.DataFrame(
        {
            "rep": pairs.rep,
            "hours": plan.hours,
            "capacity": np.maximum(pairs.capacity, 0.0),
            "most": plan.most,
            "over": plan.over,
            "over_change": plan.over - base.over,
            "travel": np.bincount(whose, pairs.travel[served, whose], count),
            "accounts": np.bincount(whose, minlength=count),
            "gained": np.bincount(plan.choice[moved & (plan.choice >= 0)], minlength=count),
            "given": np.bincount(pairs.now[moved & (pairs.now >= 0)], minlength=count),
            "potential": np.bincount(whose, pairs.potential[served], count),
            "balance_index": _index(pairs, plan),
        }
    )
    load = pd.concat([load, pairs.bases], axis=1).iloc[people].reset_index(drop=True)
    load.insert(3, "share", np.divide(load["hours"], load["capacity"].where(load["capacity"] > 0)))
    load.insert(0, "scenario", plan.roster.scenario)
    return load
