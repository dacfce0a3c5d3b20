"""Which limits bind a team's way over the years, what moving each by one is worth, and which leave no way at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from salesopt.errors import InfeasibleError
from salesopt.stats.effort import Numbers, Units
from salesopt.stats.headgraph import Terms, UnitGraph, unit_graph, walk
from salesopt.stats.headpath import Way, best_way

RESOLVED = 40  # limits of units that are moved and solved anew; the rest have their shadow price only
PROVED = 1e-9  # fraction of a plan's worth up to which its bound may lie above it
COLUMNS = ["limit", "unit", "year", "side", "allowed", "shadow_price", "worth"]


@dataclass(frozen=True, eq=False)
class Field:
    """A problem to plan: the units with their heads today, fewest and most heads of each, and what holds every year."""

    units: Units
    today: Numbers
    low: Numbers
    high: Numbers
    terms: Terms

    def graph(self, unit: int, more: Numbers | None = None) -> UnitGraph:
        """The steps of one unit, with `more` heads a year of change than the terms allow."""
        return unit_graph(self.units, unit, self.today[unit], self.low[unit], self.high[unit], self.terms, more)

    def graphs(self) -> list[UnitGraph]:
        """The steps of every unit."""
        return [self.graph(unit) for unit in range(len(self.today))]


def require_way(field: Field) -> None:
    """InfeasibleError where no plan meets the limits of the first year: later years can always stay as they are."""
    terms, names = field.terms, field.units.name
    room = terms.most_change(field.today)
    fewest = np.maximum(field.low, field.today - room)
    said = []
    for unit in np.flatnonzero((fewest > field.high + 1e-9) | (field.low > field.today + room + 1e-9)):
        below = field.low[unit] > field.today[unit]
        limit, away = (("least", field.low), ("most", field.high))[0 if below else 1]
        said.append(
            f"'{names[unit]}' has {field.today[unit]:g} heads and may change by {room[unit]:g} in the first year, "
            f"the parameter {limit} asks for {away[unit]:g}"
        )
    if said:
        gap = np.maximum(np.maximum(field.low - field.today, field.today - field.high), 0.0)
        needed = float(np.max(gap / np.maximum(field.today, 1e-9), where=gap > room, initial=0.0))
        way = (
            f"raise the parameter change to {np.ceil(1000 * needed) / 1000:g}"
            if (field.today[gap > room] > 0).all()
            else ""
        )
        raise InfeasibleError(
            "; ".join(said),
            conflict=("change", "least", "most"),
            relaxation=" or ".join(filter(None, [way, "widen least and most of these units"])),
        )
    for cap, word, what in (
        (terms.reps, "reps", "in all"),
        (field.today.sum() + terms.hires[0], "hires", "in the first year"),
    ):
        if fewest.sum() > cap + 1e-9:
            beyond = fewest.sum() - cap
            raise InfeasibleError(
                f"the units cannot go below {fewest.sum():g} heads in the first year (parameters change and least), "
                f"and the parameter {word} allows {cap:g} {what}: {beyond:g} too many",
                conflict=(word, "change", "least"),
                relaxation=f"raise {word} by {beyond:g}, or let the units change more or hold less",
            )


def weigh_limits(field: Field, graphs: Sequence[UnitGraph], way: Way, *, seconds: float) -> pd.DataFrame:
    """The limits that the plan reaches, and what each is worth.

    limit (hires, reps, change, most, least), unit ("" for the team), year (0 for all years at once), side (up, down),
    allowed (heads, or change in heads), shadow_price (of one more head at the plan's prices of heads, which whole heads
    may leave below its worth), worth (of one more head allowed, every other head moving as best it can: solved anew;
    nan where too many limits bind to solve each, or a plan is not proved). Money of the first year. Where parts of
    heads are planned, one head is one such part.
    """
    rows = [*_team_limits(field, graphs, way, seconds), *_unit_limits(field, graphs, way, seconds)]
    table = pd.DataFrame(rows, columns=COLUMNS)
    order = table["worth"].fillna(table["shadow_price"]).sort_values(ascending=False, kind="stable").index
    return table.loc[order].reset_index(drop=True)


def _worth(graphs: Sequence[UnitGraph], terms: Terms, way: Way, seconds: float) -> float:
    """What looser graphs or terms are worth, solved anew; nan where one of the two plans is not proved."""
    moved = best_way(graphs, terms, seconds=seconds, near=way)
    proved = all(one.bound - one.value <= PROVED * max(abs(one.value), terms.cost) for one in (moved, way))
    return max(moved.value - way.value, 0.0) if proved else float("nan")


def _team_limits(field: Field, graphs: Sequence[UnitGraph], way: Way, seconds: float) -> list[tuple[object, ...]]:
    terms = field.terms
    rows: list[tuple[object, ...]] = []
    totals = np.concatenate([[field.today.sum()], way.heads.sum(axis=1)])
    full = terms.step - 1e-6  # a limit between two whole steps binds at the lower one
    years = np.flatnonzero(np.diff(totals) + full > terms.hires)
    for year in years:
        hires = terms.hires.copy()
        hires[year] += terms.step
        price = way.prices.growth[year] * terms.step
        worth = _worth(graphs, replace(terms, hires=hires), way, seconds)
        rows.append(("hires", "", year + 1, "up", terms.hires[year], price, worth))
    if len(years) and np.isfinite(terms.hires).all():
        worth = _worth(graphs, replace(terms, hires=terms.hires + terms.step), way, seconds)
        price = way.prices.growth.sum() * terms.step
        rows.append(("hires", "", 0, "up", float(terms.hires.mean()), price, worth))
    if (totals[1:] + full > terms.reps).any():
        price = way.prices.heads.sum() * terms.step
        worth = _worth(graphs, replace(terms, reps=terms.reps + terms.step), way, seconds)
        rows.append(("reps", "", 0, "up", terms.reps, price, worth))
    return rows


def _unit_limits(field: Field, graphs: Sequence[UnitGraph], way: Way, seconds: float) -> list[tuple[object, ...]]:
    """Limits of single units: each is loosened by one step, the dearest are solved anew with it."""
    found = [*_reached_changes(field, way), *_reached_ends(field, way)]
    loosened = [_loosened(field, *one[:3]) for one in found]
    before = [walk(graph, field.terms, way.prices.head).value for graph in graphs]
    units = [list(field.units.name).index(one[1]) for one in found]
    price = np.array(
        [
            walk(graph, field.terms, way.prices.head).value - before[unit]
            for graph, unit in zip(loosened, units, strict=True)
        ]
    )
    price = np.maximum(price, 0.0)
    # A shadow price bounds the worth from above, up to what the prices leave open of the plan.
    nothing = price <= 1e-9 * field.terms.cost
    worth = np.where(nothing & (way.prices.bound - way.value <= PROVED * abs(way.value)), 0.0, np.nan)
    for place in np.argsort(-price, kind="stable")[:RESOLVED]:
        if np.isnan(worth[place]):
            changed = [*graphs]
            changed[units[place]] = loosened[place]
            worth[place] = _worth(changed, field.terms, way, seconds)
    return [(*one, price[place], worth[place]) for place, one in enumerate(found)]


def _loosened(field: Field, limit: str, name: str, year: int) -> UnitGraph:
    """The steps of a unit with one of its limits moved by one step."""
    unit, step = list(field.units.name).index(name), field.terms.step
    if limit == "change":
        return field.graph(unit, step * (np.arange(field.terms.years) == year - 1))
    low, high = field.low.copy(), field.high.copy()
    high[unit] += step if limit == "most" else 0.0
    low[unit] -= step if limit == "least" else 0.0
    return replace(field, low=low, high=high).graph(unit)


def _reached_changes(field: Field, way: Way) -> list[tuple[str, str, int, str, float]]:
    """Units and years whose change is as large as it may be."""
    before = np.vstack([field.today, way.heads[:-1]])
    change, room = way.heads - before, field.terms.most_change(before)
    return [
        ("change", field.units.name[unit], year + 1, "up" if change[year, unit] > 0 else "down", room[year, unit])
        for year, unit in zip(*np.nonzero(np.abs(change) >= room - 1e-6), strict=True)
    ]


def _reached_ends(field: Field, way: Way) -> list[tuple[str, str, int, str, float]]:
    """Units that hold in some year the most or the fewest heads they may; nobody can hold less than none."""
    top, bottom = (way.heads >= field.high - 1e-6).any(axis=0), (way.heads <= field.low + 1e-6).any(axis=0)
    return [
        *(("most", field.units.name[unit], 0, "up", field.high[unit]) for unit in np.flatnonzero(top)),
        *(
            ("least", field.units.name[unit], 0, "down", field.low[unit])
            for unit in np.flatnonzero(bottom & (field.low > 0))
        ),
    ]
