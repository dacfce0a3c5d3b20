"""Balanced territories on a map and the travel they cause.

Territories are cut by recursive bisection: an area that needs n representatives is cut across its longer side
into two with work in proportion to floor(n/2) and ceil(n/2), and so on (recursive coordinate bisection; Berger and
Bokhari 1987, IEEE Transactions on Computers 36). The result is compact, balanced and the same at every run.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from salesopt.stats.geography import Geography

# A tour that strings together the stops of one day goes on to a stop further than the nearest one now and then: for
# stops scattered at random with density d the way between two stops of a day's tour is 0.57 / sqrt(d) (Daganzo 1984,
# Transportation Science 18), the nearest neighbour is 0.50 / sqrt(d) away. The ways that follow came to 93 to 99 % of
# the tours that OR-Tools found for 48 to 90 stops on a square of 120 km, 4 to 8 stops a day (tests/stats).
TOUR_FACTOR = 0.57 / 0.50
QUARTER = 0.25


@dataclass(frozen=True)
class Road:
    """How a representative travels.

    speed: km an hour; detour: road over straight line, ratio; day: hours; trip_days: longest trip, days
    """

    speed: float
    detour: float
    day: float
    trip_days: float


@dataclass(frozen=True, eq=False)
class Territories:
    """A pool of accounts cut into territories.

    label   : territory per account, 0 .. count-1
    base    : row of the account nearest to the middle of each territory (in rows of the geography)
    km      : way per visit, per account, km
    travel  : travel per visit, per account, hours
    nights  : nights away per visit, per account
    count   : number of territories
    """

    label: np.ndarray
    base: np.ndarray
    km: np.ndarray
    travel: np.ndarray
    nights: np.ndarray
    count: int


def cut(plane: np.ndarray, work: np.ndarray, parts: int) -> np.ndarray:
    """Cut points into `parts` areas of nearly equal `work`; returns the area's number per point.

    With fewer points than parts some areas are empty; their numbers are not used.
    """
    label = np.zeros(len(work), int)
    open_areas = [(np.arange(len(work)), parts, 0)]
    while open_areas:
        rows, count, first = open_areas.pop()
        label[rows] = first
        if count <= 1 or len(rows) <= 1:
            continue
        side = int(np.argmax(np.ptp(plane[rows], axis=0)))
        order = rows[np.lexsort((rows, plane[rows, 1 - side], plane[rows, side]))]
        left = count // 2
        done = np.cumsum(work[order])
        at = int(np.searchsorted(done - work[order] / 2, done[-1] * left / count))
        at = min(max(at, min(left, len(order) - 1), 1), len(order) - 1)
        open_areas += [(order[:at], left, first), (order[at:], count - left, first + left)]
    return label


def trip_travel(
    out_km: np.ndarray, hop_km: np.ndarray, hours: np.ndarray, road: Road
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Way (km), travel (hours) and nights away per visit when a trip strings visits of `hours` together.

    A trip lasts as many days as keep the way out and back (2 `out_km`) within a quarter of its hours, at most
    `road.trip_days`. A trip of T hours with m visits drives out and back once and m - 1 times to the next account
    (`hop_km`), so that m = (T - 2 out / speed + hop / speed) / (hours + hop / speed); where not even one visit fits, it
    is one visit and the way out and back. All per account.
    """
    there_and_back, hop = 2 * out_km / road.speed, hop_km / road.speed
    days = np.clip(np.ceil(there_and_back / (QUARTER * road.day) - 1e-9), 1, max(road.trip_days, 1))
    visits = np.maximum((days * road.day - there_and_back + hop) / np.maximum(hours + hop, 1e-9), 1.0)
    km = (2 * out_km + (visits - 1) * hop_km) / visits
    return km, km / road.speed, (days - 1) / visits


def lay_out(
    where: Geography, rows: np.ndarray, work: np.ndarray, visit_hours: np.ndarray, parts: int, road: Road
) -> Territories:
    """Cut the accounts `rows` into `parts` territories and work out the travel per visit.

    work        : hours a year per account, what the territories are balanced on
    visit_hours : length of a visit per account, hours
    An account whose place is not known takes part with its work, and no way leads to it.
    """
    label = cut(where.plane[rows], work, parts)
    _, label = np.unique(label, return_inverse=True)
    count = int(label.max()) + 1
    known = where.known[rows]
    pull = np.where(known, work, 0.0)
    weight = np.bincount(label, pull, count)
    weight[weight == 0] = 1.0
    middle = np.column_stack([np.bincount(label, pull * where.plane[rows, axis], count) / weight for axis in (0, 1)])
    off = ((where.plane[rows] - middle[label]) ** 2).sum(axis=1)
    order = np.lexsort((off, ~known, label))
    base = rows[order[np.searchsorted(label[order], np.arange(count))]]
    longer = road.detour if where.between is None else 1.0
    out = np.where(known, where.km(base[label], rows), 0.0) * longer
    hop = nearest(where, rows, label, count) * longer * TOUR_FACTOR
    km, travel, nights = trip_travel(out, hop, visit_hours, road)
    return Territories(label, base, km, travel, nights, count)


def staff(
    where: Geography,
    rows: np.ndarray,
    hours: np.ndarray,
    visits: np.ndarray,
    capacity: float,
    road: Road,
    *,
    agreeing: np.ndarray | float = 0.0,
) -> Territories:
    """The fewest territories whose work, travel included, their representatives can do on average.

    Found by trial between bounds, leaning on travel falling as territories get smaller; one territory fewer than
    the answer was always tried and found too few.

    hours    : hours a year with each account, travel not included
    visits   : visits a year to each account
    capacity : hours a year of one representative
    agreeing : hours a year of work for each account that is not done there: it fills people's hours, not their trips
    """
    each = np.where(visits > 0, hours / np.maximum(visits, 1e-9), 0.0)
    hours = hours + agreeing

    def trial(parts: int) -> Territories:
        first = lay_out(where, rows, hours, each, parts, road)
        return lay_out(where, rows, hours + visits * first.travel, each, parts, road)

    def short(plan: Territories, parts: int) -> bool:
        return float(hours.sum() + visits @ plan.travel) > parts * capacity * (1 + 1e-9)

    least = max(1, math.ceil(hours.sum() / capacity - 1e-9))
    plan = trial(least)
    if not short(plan, least):
        return _of(plan, least)
    enough = max(least + 1, math.ceil((hours.sum() + visits @ plan.travel) / capacity - 1e-9))
    plan = trial(enough)
    while short(plan, enough):
        least, enough = enough, enough + 1
        plan = trial(enough)
    while enough - least > 1:
        wanted = math.ceil((hours.sum() + visits @ plan.travel) / capacity - 1e-9)
        middle = min(max(wanted, least + 1), enough - 1)
        attempt = trial(middle)
        if short(attempt, middle):
            least = middle
        else:
            enough, plan = middle, attempt
    return _of(plan, enough)


def _of(plan: Territories, parts: int) -> Territories:
    """`plan` with all of its `parts` representatives, those without an account included."""
    return replace(plan, count=max(parts, plan.count))


def nearest(where: Geography, rows: np.ndarray, label: np.ndarray, count: int) -> np.ndarray:
    """Way from each account to the nearest other account of its territory, km; 0 where it is alone or unknown."""
    near = np.zeros(len(rows))
    for territory in range(count):
        inside = np.flatnonzero((label == territory) & where.known[rows])
        if len(inside) > 1:
            between = where.between_rows(rows[inside])
            np.fill_diagonal(between, np.inf)
            near[inside] = between.min(axis=1)
    return near
