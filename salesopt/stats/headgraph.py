"""One unit's ways from head count to head count over the years: what each step earns, and the best way at given prices.

A way starts at today's heads and steps once a year, within the change allowed. Its worth is the contribution of the
heads less what they cost; a price per head and year, which the team's limits set, is taken off by `walk`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from salesopt.stats.effort import Numbers, Units
from salesopt.stats.sizing import require_countable, unit_curve

MOST_COUNTS = 3_000  # of a unit: each step from count to count takes a place in a square table


@dataclass(frozen=True, eq=False)
class Terms:
    """What holds in every year; money in currency, rates as fractions.

    weight   : what a unit of money in each year counts today; its length is the number of years
    after    : what a unit of money in each of the years counts, in all, in which the last team is kept afterwards
    change   : largest change of a unit in a year, fraction of its heads the year before; always at least one head;
               infinite for no limit
    hires    : most net new heads of the team in each year; reps : most heads of the team in any year
    turnover : share of heads that leave by themselves a year
    hiring, severance, moving : cost of a hire, of letting one go, of a move from unit to unit
    first_year : what a head added to a unit brings in its first year there; step : smallest part of a head planned
    """

    weight: Numbers
    after: float
    cost: float
    change: float
    hires: Numbers
    reps: float
    turnover: float
    hiring: float
    severance: float
    moving: float
    first_year: float
    step: float

    @property
    def years(self) -> int:
        """Number of years planned."""
        return len(self.weight)

    def most_change(self, heads: Numbers) -> Numbers:
        """The largest change of a unit with `heads` the year before: whole steps, at least one head."""
        if np.isinf(self.change):
            return np.full_like(heads, np.inf)
        room = np.floor(self.change * heads / self.step + 1e-9) * self.step
        return np.asarray(np.maximum(room, np.ceil(1.0 / self.step - 1e-9) * self.step))

    def effective(self, before: Numbers, heads: Numbers) -> Numbers:
        """Heads as they count on the curve: those added in the year at `first_year`."""
        return np.asarray(heads - (1 - self.first_year) * np.maximum(heads - before, 0.0))

    def arrivals(self, before: Numbers, heads: Numbers) -> Numbers:
        """People who come to a unit, replacements of leavers included."""
        return np.asarray(np.maximum(heads - (1 - self.turnover) * before, 0.0))

    def departures(self, before: Numbers, heads: Numbers) -> Numbers:
        """People who go from a unit beyond those who leave by themselves."""
        return np.asarray(np.maximum((1 - self.turnover) * before - heads, 0.0))


@dataclass(frozen=True, eq=False)
class UnitGraph:
    """The steps of one unit.

    heads  : head counts that can be reached, rising; start : place of today's heads among them
    first, last : per year, the places reached at least and at most
    earned : per year, worth of the step from place to place, before weighting; -inf where the change is too large. That
             of the last year holds what its heads earn in the years after.
    """

    heads: Numbers
    start: int
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    earned: tuple[Numbers, ...]


def unit_graph(
    units: Units, unit: int, today: float, low: float, high: float, terms: Terms, more: Numbers | None = None
) -> UnitGraph:
    """The steps of `unit` from `today` within [low, high]; `more` heads a year of change are allowed beyond the terms.

    The limits must be reachable in the first year. Raises ParameterError where too many head counts can be reached.
    """
    extra = np.zeros(terms.years) if more is None else more
    least, most = _reach(today, low, high, terms, extra)
    bottom, top = min(today, min(least)), max(today, max(most))
    counts = round((top - bottom) / terms.step) + 1
    require_countable(units.name[unit], today, counts, MOST_COUNTS)
    heads = np.asarray(bottom + terms.step * np.arange(counts), dtype=np.float64)
    before, after = heads[:, None], heads[None, :]
    curve = unit_curve(units.curves, unit)
    counted = after if terms.first_year == 1 else terms.effective(before, after)
    base = units.low[unit] * units.margin[unit]
    worth = curve.gain(counted[..., None])[..., 0] + base - terms.cost * after
    worth = worth - terms.moving * terms.arrivals(before, after)
    inside = (after >= low - 1e-9) & (after <= high + 1e-9)
    distance, room = np.abs(after - before), terms.most_change(before)
    tables = {
        wider: np.where(inside & (distance <= room + wider + 1e-9), worth, -np.inf) for wider in set(extra.tolist())
    }
    first, last = (np.round((np.array(side) - bottom) / terms.step).astype(np.int64) for side in (least, most))
    kept = curve.gain(heads[:, None])[:, 0] + base - (terms.cost + terms.turnover * terms.hiring) * heads
    steps = [tables[wider] for wider in extra.tolist()]
    steps[-1] = steps[-1] + terms.after / terms.weight[-1] * kept
    return UnitGraph(heads, round((today - bottom) / terms.step), first, last, tuple(steps))


def _reach(today: float, low: float, high: float, terms: Terms, extra: Numbers) -> tuple[list[float], list[float]]:
    """Fewest and most heads that each year can be reached."""
    least, most, fewest, largest = [], [], today, today
    for year in range(terms.years):
        room = [float(terms.most_change(np.array(heads))) + extra[year] for heads in (fewest, largest)]
        fewest, largest = max(low, fewest - room[0]), min(high, largest + room[1])
        least.append(fewest)
        most.append(largest)
    return least, most


@dataclass(frozen=True, eq=False)
class Walk:
    """The best way at given prices: value, heads by year, and what is left to earn from each place of each year on.

    so_far : years + 1 arrays, the best worth of reaching a place; ahead : the best worth from it to the end
    """

    value: float
    heads: Numbers
    so_far: tuple[Numbers, ...]
    ahead: tuple[Numbers, ...]


def walk(graph: UnitGraph, terms: Terms, price: Numbers) -> Walk:
    """The best way of a unit that pays `price[year]` for each of its heads, by dynamic programming."""
    count, years = len(graph.heads), terms.years
    nowhere = np.full(count, -np.inf)
    so_far, came = [nowhere.copy()], np.zeros((years, count), dtype=np.int64)
    so_far[0][graph.start] = 0.0
    for year in range(years):
        come, go = places_before(graph, year), slice(graph.first[year], graph.last[year] + 1)
        scores = so_far[-1][come, None] + terms.weight[year] * graph.earned[year][come, go]
        best = scores.argmax(axis=0)
        reached = nowhere.copy()
        reached[go] = scores[best, np.arange(len(best))] - price[year] * graph.heads[go]
        so_far.append(reached)
        came[year, go] = best + come.start
    ahead = [np.zeros(count)]
    for year in range(years - 1, -1, -1):
        come, go = places_before(graph, year), slice(graph.first[year], graph.last[year] + 1)
        after = terms.weight[year] * graph.earned[year][come, go] + (ahead[0] - price[year] * graph.heads)[go]
        left = nowhere.copy()
        left[come] = after.max(axis=1)
        ahead.insert(0, left)
    place = int(so_far[-1].argmax())
    way = [place]
    for year in range(years - 1, 0, -1):
        way.insert(0, int(came[year, way[0]]))
    return Walk(float(so_far[-1][place]), graph.heads[way], tuple(so_far), tuple(ahead))


def places_before(graph: UnitGraph, year: int) -> slice:
    """The places a unit may stand on before the step of `year`."""
    return slice(graph.start, graph.start + 1) if year == 0 else slice(graph.first[year - 1], graph.last[year - 1] + 1)


def worth_of(graph: UnitGraph, terms: Terms, heads: Numbers) -> float:
    """What a way earns, weighted, at no price of heads; -inf where a step is not allowed."""
    places = np.round((heads - graph.heads[0]) / terms.step).astype(np.int64)
    before = np.concatenate([[graph.start], places[:-1]])
    steps = [graph.earned[year][before[year], places[year]] for year in range(terms.years)]
    return float(terms.weight @ np.array(steps))
