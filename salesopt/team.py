"""The sales team: how many people, on what, and what it is worth.

The way to the best size over the years is in `salesopt.headcount`, who serves whom in `salesopt.territories`, what the
work alone asks for and calls per account in `salesopt.workload`.

Money is in the study's currency a year, head counts in full-time representatives.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesopt.errors import AbsentError, DataError
from salesopt.headcount import HeadcountPlan, plan_headcount
from salesopt.stats.allocation import envelope
from salesopt.stats.arguments import count_fault, flag_fault, number_fault, require
from salesopt.stats.doubts import size_cautions, weigh
from salesopt.stats.effort import Curves, Numbers, Units, curves_of
from salesopt.stats.result import Result
from salesopt.stats.roles import SELLING, Day, is_here, sells
from salesopt.stats.sizing import (
    WIDEST,
    Limit,
    Plans,
    best_heads,
    cap_price,
    frontier_table,
    limit_faults,
    make_plans,
    switch_on_totals,
    unit_limits,
)
from salesopt.study.tables import require_table
from salesopt.territories import TeamAssignment, assign_accounts, fit_from_skills
from salesopt.workload import CallPlan, TeamHours, Workload, measure_hours, plan_calls, workload_size

__all__ = [
    "CallPlan",
    "HeadcountPlan",
    "TeamAssignment",
    "TeamHours",
    "TeamPlan",
    "TeamSize",
    "Workload",
    "assign_accounts",
    "fit_from_skills",
    "join_team",
    "mean_cost",
    "measure_hours",
    "plan_calls",
    "plan_headcount",
    "size_team",
    "workload_size",
]


@dataclass(frozen=True, eq=False, repr=False)
class TeamSize(Result):
    """What `size_team` found.

    table       : unit, reps_now, reps_same_heads, reps_asked (where `reps` is given), reps_best; reps_best_low and
                  reps_best_high (interval from the judges' disagreement); sales_ and profit_ (contribution less the
                  heads' cost) of each of these; marginal_profit_same_heads, marginal_profit (of one more head, its cost
                  taken off, in the redeployed and in the best plan); switch_on_reps (smallest crew that makes sense),
                  switch_off_cost (cost of a head above which the unit earns none), switch_on_total (team from which on
                  it is served, within the limits); the first two are those of the unit's own curve,
                  whatever `least` and `most` (cost inf: it earns some at any cost); judges; caution
    bridge      : step (today, redeployed, asked, best), reps, reps_low, reps_high (interval of the best size), sales,
                  profit, gain (against the step before), gain_low, gain_high, total_gain (against today), low, high
                  (interval of total_gain)
    frontier    : reps, sales, profit, marginal_profit (of its last head), switched_on, switched_off (units whose
                  service starts or ends there): every whole head count, divided in the best way
    sensitivity : kind (answer, judge; curve where the curves are not those of judges alone), unit, question, judge,
                  shift (fraction of the answer; of a curve, of its slope at today's heads), reps_change, profit_change
                  (of the best plan), loss (profit forgone if the answer or curve is off by `shift`, or the judge should
                  not count, and the plan stays); the largest loss first: ask that one again. Under a cap that binds,
                  heads are counted at what the next one would earn
    curves      : unit, low, high (sales at none and at unlimited heads), shape, scale (heads half way between), error
                  (what the curve misses of the answers, fraction of today's sales)
    skipped     : unit, reason
    basis       : the curves that were sized, with those drawn; `plan_headcount` takes them too
    """

    table: pd.DataFrame
    bridge: pd.DataFrame
    frontier: pd.DataFrame
    sensitivity: pd.DataFrame
    curves: pd.DataFrame
    skipped: pd.DataFrame
    cautions: tuple[str, ...]
    cost_per_rep: float
    reps: float | None
    whole: bool
    draws: int
    confidence: float
    basis: Curves


def size_team(
    effort: pd.DataFrame | Curves,
    *,
    cost_per_rep: float,
    reps: float | None = None,
    least: Limit = None,
    most: Limit = None,
    whole: bool = True,
    draws: int = 0,
    seed: int = 0,
    confidence: float = 0.95,
) -> TeamSize:
    """How many people, on which unit: today, the same heads redeployed, and the best size, each proved best.

    effort       : table `effort_response`; a unit judged by several people has one row each, and their mean counts. Or
                   curves from elsewhere, such as those measured by `fit_effort(...).curves`, with the draws they bring
    cost_per_rep : full cost of one head, currency a year
    reps         : heads that may be employed at most (a hiring cap), a further step of the bridge; None leaves it out
    least, most  : fewest and most heads of a unit: a number is a multiple of today's (0.8 and 1.2 for changes of at
                   most a fifth in a year), a mapping or Series names units and heads. Without `most` no unit
                   grows beyond ten times today's heads.
    whole        : whole people (dynamic programme) or fractions of people (branch and bound, to a billionth)
    draws, seed  : sets of curves drawn from the judges' disagreement, for the intervals; 0 gives none. The interval of
                   a gain is that of the plan recommended here under the drawn curves, at level `confidence`.

    The curves are ADBUDG, calibrated by least squares with unlimited effort put at ten times today's. With `whole`, the
    same heads are today's rounded down. A judge whose answers fall as effort rises is named in `cautions`; he counts
    in the mean of the unit, where `salesopt check` refuses the row.
    A gain is that of the plan that looks best, which grows what is overrated. On 40 made-up firms of 8 units, on each
    of which the judges share an error of 0.3 in the logs, five eighths of the gain told by judges alone came true, and
    its 95 % interval held 35 times in 100: it holds their disagreement only. With a history see `fit_effort`.
    Raises DataError for a faulty table, ParameterError for an argument out of range, InfeasibleError where the limits
    leave no plan.
    Source: Lodish, Curtis, Ness, Simpson, "Sales force sizing and deployment using a decision calculus model at
    Syntex", Interfaces 18 (1988).
    """
    require(
        number_fault("cost_per_rep", cost_per_rep, above=0),
        number_fault("reps", reps, least=0, optional=True),
        *limit_faults("least", least),
        *limit_faults("most", most),
        flag_fault("whole", whole),
        count_fault("draws", draws),
        count_fault("seed", seed),
        number_fault("confidence", confidence, above=0, below=1),
    )
    curves = effort if isinstance(effort, Curves) else curves_of(effort, draws=draws, seed=seed)
    units, drawn = curves.units, curves.drawn
    low, high = unit_limits(units, least, most, whole)
    plans = make_plans(units, cost_per_rep, reps, low, high, whole)
    table = _table(units, plans, cost_per_rep, low, high, whole)
    heads = best_heads(drawn, cost_per_rep, low, high, whole) if drawn else np.full((1, len(table)), np.nan)
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    table["reps_best_low"], table["reps_best_high"] = np.quantile(heads, tails, axis=0, method="nearest")
    return TeamSize(
        table=table.assign(judges=curves.about["judges"].to_numpy(), caution=curves.about["caution"].to_numpy()),
        bridge=_bridge(units, plans, cost_per_rep, drawn, heads.sum(axis=1), tails),
        frontier=frontier_table(units, plans, cost_per_rep),
        sensitivity=weigh(curves, cost_per_rep + cap_price(plans, units, cost_per_rep), low, high, whole),
        curves=_curves(units, curves.about["error"].to_numpy()),
        skipped=curves.skipped,
        cautions=size_cautions(curves, plans, high, whole=whole),
        cost_per_rep=cost_per_rep,
        reps=reps,
        whole=whole,
        draws=0 if drawn is None else len(drawn.low),
        confidence=confidence,
        basis=curves,
    )


def _table(units: Units, plans: Plans, cost: float, low: Numbers, high: Numbers, whole: bool) -> pd.DataFrame:
    """One row per unit: heads, sales and profit at each step, and what one head more would bring."""
    names = {"today": "now", "redeployed": "same_heads", "asked": "asked", "best": "best"}
    table = pd.DataFrame({"unit": units.name})
    for what in ("reps", "sales", "profit"):
        for step, plan in plans.steps.items():
            sales = units.sales(plan)
            values = {"reps": plan, "sales": sales, "profit": sales * units.margin - cost * plan}
            table[f"{what}_{names[step]}"] = values[what]
    for column, step in (("marginal_profit_same_heads", "redeployed"), ("marginal_profit", "best")):
        plan = plans.steps[step]
        more = units.contribution(plan + 1) - units.contribution(plan) if whole else units.curves.slope(plan)
        table[column] = more - cost
    # the unit's own curve: limits decide what is planned, not what serving the unit is worth
    none, widest = np.zeros_like(low), np.maximum(WIDEST * units.reps, high)
    roof = envelope(units.curves, none, widest)
    table["switch_on_reps"] = roof.touch
    table["switch_off_cost"] = np.where(np.isfinite(roof.pitch), roof.pitch, units.curves.slope(none))
    table["switch_on_total"] = switch_on_totals(plans)
    return table


def _bridge(
    units: Units, plans: Plans, cost: float, drawn: Units | None, heads: Numbers, tails: list[float]
) -> pd.DataFrame:
    """Heads, sales and profit of each step, its gains, and their intervals over the drawn curves."""
    rows, before = [], plans.steps["today"]
    for step, plan in plans.steps.items():
        size = np.quantile(heads, tails, method="nearest") if step == "best" else [plan.sum()] * 2
        profit = float(units.contribution(plan).sum() - cost * plan.sum())
        gain, total = (_drawn_gains(drawn, plan, other, cost, tails) for other in (before, plans.steps["today"]))
        rows.append((step, plan.sum(), *size, units.sales(plan).sum(), profit, *gain, *total))
        before = plan
    names = ["step", "reps", "reps_low", "reps_high", "sales", "profit", "gain_low", "gain_high", "low", "high"]
    bridge = pd.DataFrame(rows, columns=names)
    bridge.insert(6, "gain", bridge["profit"].diff().fillna(0.0))
    bridge.insert(9, "total_gain", bridge["profit"] - bridge["profit"].iloc[0])
    return bridge


def _drawn_gains(drawn: Units | None, plan: Numbers, other: Numbers, cost: float, tails: list[float]) -> Numbers:
    """The interval of what `plan` earns above `other` over the drawn curves; nan without draws."""
    if drawn is None:
        return np.full(2, np.nan)
    gains = (drawn.contribution(plan) - drawn.contribution(other)).sum(axis=1) - cost * (plan - other).sum()
    return np.quantile(gains, tails)


def _curves(units: Units, error: Numbers) -> pd.DataFrame:
    parameters = {name: getattr(units, name) for name in ("low", "high", "shape", "scale")}
    return pd.DataFrame({"unit": units.name, **parameters, "error": error})


def mean_cost(reps: pd.DataFrame | None, *, today: Day = None) -> float:
    """Mean cost a year of those who sell and are here on the day `today` (table `reps`), for `cost_per_rep`."""
    if reps is None:
        raise DataError(
            "the cost of a representative is not known: there is no table reps to take it from; give it with --set "
            "team.cost_per_rep=90000, or as cost_per_rep in study.toml under [parameters.team]"
        )
    given = require_table("reps", reps)
    cost = given.loc[is_here(given, today) & sells(given), "cost"]
    if cost.empty:
        raise DataError(f"reps: nobody here is in a selling role ({', '.join(SELLING)}), so the mean cost is not known")
    return float(cost.mean())


@dataclass(frozen=True, eq=False, repr=False)
class TeamPlan(Result):
    """Size, assignment, calls and workload of a team as one result; a part that was not asked for is None.

    sizes, bridge, frontier, sensitivity, curves : as in TeamSize; assigned, load, moves : table, load and bridge of
    TeamAssignment; calls, call_load : table and load of CallPlan; workload : table of Workload; hours : table of
    TeamHours; headcount, headcount_years, headcount_limits : table, years and limits of HeadcountPlan
    skipped : part, item, reason
    """

    sizes: pd.DataFrame | None
    bridge: pd.DataFrame | None
    frontier: pd.DataFrame | None
    sensitivity: pd.DataFrame | None
    curves: pd.DataFrame | None
    skipped: pd.DataFrame
    cautions: tuple[str, ...]
    assigned: pd.DataFrame | None
    load: pd.DataFrame | None
    moves: pd.DataFrame | None
    calls: pd.DataFrame | None
    call_load: pd.DataFrame | None
    workload: pd.DataFrame | None
    hours: pd.DataFrame | None
    headcount: pd.DataFrame | None
    headcount_years: pd.DataFrame | None
    headcount_limits: pd.DataFrame | None
    gap: float
    workload_reps: float


def join_team(
    size: TeamSize | None,
    assignment: TeamAssignment | None = None,
    calls: CallPlan | None = None,
    workload: Workload | None = None,
    path: HeadcountPlan | None = None,
    hours: TeamHours | None = None,
    *,
    unserved: str = "",
) -> TeamPlan:
    """Join what was found about a team to one result, so that it can be saved as one.

    unserved : why no plan of who serves whom meets the requirements
    Raises AbsentError where there is nothing to join, and not because requirements clash.
    """
    parts = {"size": size, "assignment": assignment, "calls": calls, "workload": workload, "path": path}
    if not (unserved or any(part is not None for part in parts.values())):
        raise AbsentError(
            "the study has neither effort_response or effort_history to size the team by, nor accounts and reps with "
            "their places (lat and lon, or region and the table distances) or with the table fit, nor workload"
        )
    skipped = [
        part.skipped.set_axis(["item", "reason"], axis=1).assign(part=name)
        for name, part in parts.items()
        if part is not None and len(part.skipped)
    ]
    empty = pd.DataFrame(columns=["part", "item", "reason"])
    return TeamPlan(
        sizes=size.table if size else None,
        bridge=size.bridge if size else None,
        frontier=size.frontier if size else None,
        sensitivity=size.sensitivity if size else None,
        curves=size.curves if size else None,
        skipped=pd.concat(skipped, ignore_index=True)[list(empty.columns)] if skipped else empty,
        cautions=tuple(text for part in parts.values() if part is not None for text in part.cautions),
        assigned=assignment.table if assignment else None,
        load=assignment.load if assignment else None,
        moves=assignment.bridge if assignment else None,
        calls=calls.table if calls else None,
        call_load=calls.load if calls else None,
        workload=workload.table if workload else None,
        hours=hours.table if hours else None,
        headcount=path.table if path else None,
        headcount_years=path.years if path else None,
        headcount_limits=path.limits if path else None,
        gap=assignment.gap if assignment else np.nan,
        workload_reps=workload.reps_exact if workload else np.nan,
    )
