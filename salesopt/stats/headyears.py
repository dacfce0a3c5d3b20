"""What a plan of heads over the years means: people who come, move and go, sales and profit of each year."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesopt.stats.effort import Numbers, Units
from salesopt.stats.headgraph import Terms


@dataclass(frozen=True, eq=False)
class Flows:
    """People by year and unit: come and go beyond those who leave by themselves; of the team by year: hired, let go,
    moved from unit to unit, left by themselves."""

    come: Numbers
    go: Numbers
    hired: Numbers
    let_go: Numbers
    moved: Numbers
    left: Numbers


def before_each(today: Numbers, plan: Numbers) -> Numbers:
    """Heads by unit at the start of each year, before its changes."""
    return np.vstack([today, plan[:-1]])


def flows_of(today: Numbers, plan: Numbers, terms: Terms) -> Flows:
    """People who come and go: who is wanted elsewhere moves, the rest is hired or let go."""
    before = before_each(today, plan)
    come, go = terms.arrivals(before, plan), terms.departures(before, plan)
    moved = np.minimum(come.sum(axis=1), go.sum(axis=1))
    left = terms.turnover * before.sum(axis=1)
    return Flows(come, go, come.sum(axis=1) - moved, go.sum(axis=1) - moved, moved, left)


def change_cost(flows: Flows, terms: Terms) -> Numbers:
    """What hiring, moving and letting go cost in each year."""
    return terms.hiring * flows.hired + terms.severance * flows.let_go + terms.moving * flows.moved


def effective_heads(today: Numbers, plan: Numbers, terms: Terms) -> Numbers:
    """Heads as they count on the curves, those added in the year at what they bring in their first year."""
    return terms.effective(before_each(today, plan), plan)


def profit_of(units: Units, today: Numbers, plan: Numbers, terms: Terms) -> Numbers:
    """Profit of each year after all costs; for drawn curves draws x years."""
    heads = effective_heads(today, plan, terms)
    if units.low.ndim > 1:
        earned = np.stack([units.contribution(row).sum(axis=-1) for row in heads], axis=-1)
    else:
        earned = units.contribution(heads).sum(axis=-1)
    return np.asarray(earned - terms.cost * plan.sum(axis=1) - change_cost(flows_of(today, plan, terms), terms))


def unit_table(units: Units, today: Numbers, plan: Numbers, terms: Terms) -> pd.DataFrame:
    """One row per year and unit, year 0 being today: heads, change, people who come and go, and where from and to.

    In a year in which people move and others are hired (or let go), the moved are shared over the units in proportion
    to who comes (or goes), for any division costs the same: in whole steps, largest remainders first and of equal ones
    the unit listed first. Where leavers make the numbers expected ones, the shares are no steps either.
    """
    every = np.vstack([today, plan])
    flows, before = flows_of(today, every, terms), before_each(today, every)
    inward, outward = (_shares(side, flows.moved, terms.step) for side in (flows.come, flows.go))
    columns = {
        "reps": every,
        "change": every - before,
        "moved_in": inward,
        "moved_out": outward,
        "hired": flows.come - inward,
        "let_go": flows.go - outward,
        "left": terms.turnover * before,
        "sales": units.sales(effective_heads(today, every, terms)),
    }
    years, count = every.shape
    table = pd.DataFrame({"year": np.repeat(np.arange(years), count), "unit": np.tile(units.name, years)})
    return table.assign(**{name: values.ravel() for name, values in columns.items()})


def _shares(side: Numbers, moved: Numbers, step: float) -> Numbers:
    """The moved of each year over the units in proportion to `side`, in whole steps where both are in steps."""
    share = side * (moved / np.maximum(side.sum(axis=1), 1e-300))[:, None] / step
    steps = np.column_stack([side, moved]) / step
    stepped = (np.abs(steps - np.rint(steps)) < 1e-9).all(axis=1, keepdims=True)
    whole = np.floor(share + 1e-9)
    spare = np.rint(moved / step - whole.sum(axis=1))
    place = np.argsort(np.argsort(np.round(whole - share, 9), axis=1, kind="stable"), axis=1)
    return np.asarray(step * np.where(stepped, whole + (place < spare[:, None]), share))


def year_table(units: Units, today: Numbers, plan: Numbers, terms: Terms) -> pd.DataFrame:
    """One row per year, year 0 being today: heads, people, sales, what change costs, profit after all costs."""
    every = np.vstack([today, plan])
    flows = flows_of(today, every, terms)
    profit = profit_of(units, today, every, terms)
    rows = {
        "reps": every.sum(axis=1),
        "hired": flows.hired,
        "let_go": flows.let_go,
        "moved": flows.moved,
        "left": flows.left,
        "sales": units.sales(effective_heads(today, every, terms)).sum(axis=1),
        "change_cost": change_cost(flows, terms),
        "profit": profit,
        "profit_staying": np.full(len(every), profit[0]),
    }
    return pd.DataFrame({"year": np.arange(len(every)), **rows})
