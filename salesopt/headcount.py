"""The way to the best size: which heads on which unit in each year, within limits of change, proved best.

Money is in the study's currency a year, head counts in full-time representatives, rates are fractions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from salesopt.errors import InfeasibleError, ParameterError
from salesopt.stats.allocation import divide_whole
from salesopt.stats.arguments import count_fault, number_fault, require, unless
from salesopt.stats.effort import Curves, Numbers, Units, curves_of
from salesopt.stats.headcautions import plan_cautions
from salesopt.stats.headgraph import Terms
from salesopt.stats.headlimits import Field, require_way, weigh_limits
from salesopt.stats.headpath import Way, best_way
from salesopt.stats.headyears import profit_of, unit_table, year_table
from salesopt.stats.result import Result
from salesopt.stats.sizing import Limit, limit_faults, unit_curve, unit_limits


@dataclass(frozen=True, eq=False, repr=False)
class HeadcountPlan(Result):
    """What `plan_headcount` found.

    table   : year (0 is today), unit, reps, change (against the year before), moved_in, moved_out (from and to other
              units), hired (replacements of leavers included), let_go, left (by themselves), sales (currency a year)
    years   : year (0 is today), reps, hired, let_go, moved, left, sales, change_cost (of hiring, moving, letting go),
              profit (after all costs), profit_staying (the heads of today kept), gain (against staying), gain_low,
              gain_high; cumulative_gain (in money of the first year), low, high (its interval), and of two other ways:
              profit_same_heads, cumulative_same_heads (moving people within the limits, no more heads than today),
              profit_jump, cumulative_jump (the best size in the first year, whatever the limits)
    limits  : limit (change, hires, reps, most, least), unit, year (0: all years), side (up, down), allowed (heads),
              shadow_price (of one more head, at the plan's prices of heads), worth (of one more head allowed: solved
              anew): what binds, the dearest first; money of the first year
    skipped : unit, reason
    gain, gain_low, gain_high : what the plan earns above staying in all its years, in money of the first year
    same_heads_gain : the same of moving people only; jump_gain : of the best size at once, with all its costs
    hire_worth : what one more net hire allowed in every year is worth; nan without `hires`
    pays_back  : first year from which the plan has earned more than staying, and stays ahead; nan: not in these years
    moving_pays_back, hiring_pays_back : the same of moving people, and of the heads added to it (against moving only)
    value, bound : worth of the plan, years after the last included, and what no plan within the limits exceeds
    today, best  : heads today as counted here, and at the best size without limits of change
    """

    table: pd.DataFrame
    years: pd.DataFrame
    limits: pd.DataFrame
    skipped: pd.DataFrame
    cautions: tuple[str, ...]
    gain: float
    gain_low: float
    gain_high: float
    same_heads_gain: float
    jump_gain: float
    hire_worth: float
    pays_back: float
    moving_pays_back: float
    hiring_pays_back: float
    value: float
    bound: float
    today: float
    best: float
    change: float | None
    confidence: float


def plan_headcount(
    effort: pd.DataFrame | Curves,
    *,
    cost_per_rep: float,
    years: int = 5,
    after: int = 5,
    change: float | None = 0.2,
    hires: float | Sequence[float] | None = None,
    reps: float | None = None,
    least: Limit = None,
    most: Limit = None,
    turnover: float = 0.0,
    hiring_cost: float = 0.0,
    severance_cost: float = 0.0,
    moving_cost: float = 0.0,
    first_year: float = 1.0,
    discount: float = 0.0,
    step: float = 1.0,
    draws: int = 0,
    seed: int = 0,
    confidence: float = 0.95,
    seconds: float = 60.0,
) -> HeadcountPlan:
    """Which heads on which unit in each of the next years, so that all of them together earn most.

    effort       : table `effort_response`, or the curves that a team was sized by, `size_team(...).basis`, with the
                   draws they bring
    cost_per_rep : full cost of one head, currency a year
    years, after : years planned; years for which the last one's team is kept on and counted, so that who is hired late
                   is not weighed against one year alone
    change       : largest change of a unit in a year, a fraction of its heads the year before; a unit may always change
                   by one head. None sets no limit.
    hires        : most net new heads a year over all units (who replaces a leaver is not counted); a list gives each
                   year's; None sets no limit
    reps         : heads that may be employed at most in any year
    least, most  : fewest and most heads of a unit in any year, as in `size_team`
    turnover     : share of heads that leave by themselves in a year: replaced at the cost of a hire, or not, so that a
                   team shrinks without severance. Expected numbers, so not whole.
    hiring_cost, severance_cost, moving_cost : of one hire, of letting one go, of moving one from unit to unit
    first_year   : what a head added to a unit brings in the first year there, a fraction of a settled one. Who replaces
                   a leaver does not count as added: the curves are of a team with its usual leavers.
    discount     : by which a year's money counts less than that of the year before; the first year counts in full
    step         : smallest part of a head that is planned: 1 for whole people, 0.5 where half a job exists
    draws, seed  : sets of curves drawn from the judges' disagreement, for the interval of this plan's gain
    seconds      : for the last step of the proof, and a tenth for each limit moved; what is then not proved is said

    Changes fall on the first day of a year. Today's heads are counted in whole steps, their sum rounded down. People
    move where units shrink and grow in one year; the rest is hired or let go.
    Exact: shortest paths by unit joined by prices of heads, and a mixed-integer programme for what these leave open.
    Raises DataError, ParameterError; InfeasibleError where the limits leave no plan, with what clashes and by how much.
    Source: Zoltners, Sinha, Lorimer, "Sales force design for strategic advantage" (2004), on phasing and on redeploying
    before hiring; the decomposition is that of Dantzig and Wolfe, Operations Research 8 (1960).
    """
    terms = _terms(
        cost_per_rep, years, after, change, hires, reps, turnover,
        {"hiring_cost": hiring_cost, "severance_cost": severance_cost, "moving_cost": moving_cost},
        first_year, discount, step,
        (
            *limit_faults("least", least),
            *limit_faults("most", most),
            count_fault("draws", draws),
            count_fault("seed", seed),
            number_fault("confidence", confidence, above=0, below=1),
            number_fault("seconds", seconds, above=0, endless=True),
        ),
    )  # fmt: skip
    curves = _curves(effort, draws, seed)
    units, drawn = curves.units, curves.drawn
    field = _field(units, least, most, terms)
    require_way(field)
    graphs = field.graphs()
    way = best_way(graphs, terms, seconds=seconds)
    limits = weigh_limits(field, graphs, way, seconds=seconds / 10)
    others = _others(field, way, seconds)
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    table = _years(field, way, others, drawn, tails)
    last = table.iloc[-1]
    return HeadcountPlan(
        table=unit_table(units, field.today, way.heads, terms),
        years=table,
        limits=limits,
        skipped=curves.skipped,
        cautions=plan_cautions(field, way, others["jump"], curves),
        gain=float(last["cumulative_gain"]),
        gain_low=float(last["low"]),
        gain_high=float(last["high"]),
        same_heads_gain=float(last["cumulative_same_heads"]),
        jump_gain=float(last["cumulative_jump"]),
        hire_worth=_hire_worth(limits, terms),
        pays_back=_first_ahead(table["cumulative_gain"]),
        moving_pays_back=_first_ahead(table["cumulative_same_heads"]),
        hiring_pays_back=_first_ahead(table["cumulative_gain"] - table["cumulative_same_heads"]),
        value=way.value,
        bound=way.bound,
        today=float(field.today.sum()),
        best=float(others["jump"][0].sum()),
        change=change,
        confidence=confidence,
    )


def _terms(
    cost: float,
    years: int,
    after: int,
    change: float | None,
    hires: float | Sequence[float] | None,
    reps: float | None,
    turnover: float,
    costs: dict[str, float],
    first_year: float,
    discount: float,
    step: float,
    others: Iterable[str],
) -> Terms:
    """The arguments as terms; ParameterError names every one that is out of range, after them the faults `others`."""
    faults = [
        number_fault("cost_per_rep", cost, above=0),
        count_fault("years", years, least=1),
        count_fault("after", after),
        number_fault("change", change, least=0, optional=True, endless=True),
        number_fault("reps", reps, least=0, optional=True, endless=True),
        number_fault("turnover", turnover, least=0, below=1),
        *(number_fault(name, value, least=0) for name, value in costs.items()),
        number_fault("first_year", first_year, least=0, most=1),
        number_fault("discount", discount, least=0, below=1),
        number_fault("step", step, above=0, most=1, unit="(a part of a head such as 1, 0.5 or 0.1)"),
    ]
    hiring, severance, moving = costs.values()
    if not any(faults) and moving > hiring + severance:
        faults.append(
            f"moving_cost ({moving:g}) must not be above hiring_cost and severance_cost together "
            f"({hiring + severance:g}): the plan would then let people go and hire others in their place"
        )
    require(*faults, _hires_fault(hires, years), *others)
    rate = 1 / (1 + discount)
    return Terms(
        weight=rate ** np.arange(years, dtype=float),
        after=float((rate ** np.arange(years, years + after, dtype=float)).sum()),
        cost=cost,
        change=np.inf if change is None else change,
        hires=np.broadcast_to(np.array(np.inf if hires is None else hires, dtype=float), years).copy(),
        reps=np.inf if reps is None else reps,
        turnover=turnover,
        hiring=hiring,
        severance=severance,
        moving=moving,
        first_year=first_year,
        step=step,
    )  # fmt: skip


def _hires_fault(hires: float | Sequence[float] | None, years: int) -> str:
    """What is wrong with the most net new heads a year: one number, or one for each year."""
    if hires is None:
        return ""
    each = list(hires) if isinstance(hires, Iterable) and not isinstance(hires, str) else [hires]
    right = len(each) in (1, years) and not any(number_fault("hires", one, least=0, endless=True) for one in each)
    return unless(right, "hires", hires, f"a number of at least 0, or one for each of the {years} years")


def _curves(effort: pd.DataFrame | Curves, draws: int, seed: int) -> Curves:
    if isinstance(effort, Curves):
        if draws:
            raise ParameterError("draws need the table effort_response: curves bring the draws they have")
        return effort
    return curves_of(effort, draws=draws, seed=seed)


def _field(units: Units, least: Limit, most: Limit, terms: Terms) -> Field:
    """Today's heads in whole steps, largest remainders first, and the limits on the same grid."""
    step = terms.step
    exact = units.reps / step
    today = np.floor(exact + 1e-9)
    spare = round(np.floor(exact.sum() + 1e-9) - today.sum())
    today[np.argsort(today - exact, kind="stable")[:spare]] += 1
    low, high = unit_limits(units, least, most, whole=False)
    low, high = np.ceil(low / step - 1e-9) * step, np.floor(high / step + 1e-9) * step
    clash = np.flatnonzero(low > high)
    if len(clash):
        said = "; ".join(f"'{units.name[at]}' at least {low[at]:g} and at most {high[at]:g}" for at in clash)
        raise InfeasibleError(f"least and most leave no head count for {said}", conflict=("least", "most"))
    return Field(units, today * step, low, high, terms)


def _others(field: Field, way: Way, seconds: float) -> dict[str, Numbers]:
    """The ways to compare with: staying, moving people only, the best size at once; years x units."""
    terms = field.terms
    stay = np.tile(field.today, (terms.years, 1))
    held = replace(field, terms=replace(terms, hires=np.zeros(terms.years)))
    try:
        require_way(held)
        same = best_way(held.graphs(), held.terms, seconds=seconds).heads
    except InfeasibleError:  # the least heads of the units add to more than today's
        same = np.full_like(stay, np.nan)
    return {"stay": stay, "same": same, "jump": np.tile(best_size(field), (terms.years, 1))}


def best_size(field: Field) -> Numbers:
    """Heads of the best size without limits of change or costs of it: what `size_team` finds on the same grid."""
    step, values = field.terms.step, []
    for unit, (low, high) in enumerate(zip(field.low, field.high, strict=True)):
        heads = low + step * np.arange(round((high - low) / step) + 1)
        values.append(unit_curve(field.units.curves, unit).gain(heads[:, None])[:, 0] - field.terms.cost * heads)
    free = field.low + step * np.array([value.argmax() for value in values])
    if free.sum() <= field.terms.reps + 1e-9:
        return np.asarray(free)
    room = int(np.floor((field.terms.reps - field.low.sum()) / step + 1e-9))
    divisions = divide_whole(values, room)
    return np.asarray(field.low + step * divisions.plan(int(divisions.value.argmax())))


def _years(field: Field, way: Way, others: dict[str, Numbers], drawn: Units | None, tails: list[float]) -> pd.DataFrame:
    """The years of the plan, its gains with their intervals, and the other ways beside it."""
    terms, today = field.terms, field.today
    table = year_table(field.units, today, way.heads, terms)
    stay = profit_of(field.units, today, others["stay"], terms)
    gain = table["profit"].to_numpy()[1:] - stay
    table["gain"] = np.append(0.0, gain)
    table["cumulative_gain"] = np.append(0.0, np.cumsum(terms.weight * gain))
    bands = np.full((2, 2, terms.years), np.nan)
    if drawn is not None:
        gains = profit_of(drawn, today, way.heads, terms) - profit_of(drawn, today, others["stay"], terms)
        bands = np.stack(
            [np.quantile(gains, tails, axis=0), np.quantile(np.cumsum(terms.weight * gains, axis=1), tails, axis=0)]
        )
    for place, name in enumerate(("gain_low", "gain_high", "low", "high")):
        table[name] = np.append(np.nan if drawn is None else 0.0, bands[place // 2, place % 2])
    for name, column in (("same", "same_heads"), ("jump", "jump")):
        profit = profit_of(field.units, today, others[name], terms)
        table[f"profit_{column}"] = np.append(table["profit"].iloc[0], profit)
        table[f"cumulative_{column}"] = np.append(0.0, np.cumsum(terms.weight * (profit - stay)))
    return table


def _first_ahead(cumulative: pd.Series) -> float:
    """First year from which a cumulative gain is above 0 and stays so; nan where that is never."""
    ahead = (cumulative.iloc[1:] > 0).to_numpy()
    behind = np.flatnonzero(~ahead)
    first = behind[-1] + 2 if len(behind) else 1
    return float(first) if first <= len(ahead) else float("nan")


def _hire_worth(limits: pd.DataFrame, terms: Terms) -> float:
    """Worth of one more hire allowed in every year: 0 where the limit never binds, nan where there is none."""
    if not np.isfinite(terms.hires).all():
        return float("nan")
    found = limits.loc[(limits["limit"] == "hires") & (limits["year"] == 0), "worth"]
    return float(found.iloc[0]) if len(found) else 0.0
