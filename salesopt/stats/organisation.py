"""The work of accounts, laid out under four organisations: who would visit whom, how often and for how long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesopt.errors import ParameterError
from salesopt.stats.arguments import number_fault, require
from salesopt.stats.distances import DAY_HOURS, DETOUR, SPEED, TRIP_DAYS
from salesopt.stats.geography import Geography
from salesopt.stats.lines import LineShares, line_shares
from salesopt.stats.territories import Road, Territories, staff

STRUCTURES = ("territory", "product", "customer", "matrix")


@dataclass(frozen=True)
class Assumptions:
    """What the data do not say about a working day; every one of these is a judgement, to be replaced by the firm's.

    speed            : km an hour on the road
    detour           : road over straight line, ratio; the ways of a table of distances are taken as they are
    hours_a_day      : hours of a working day in the field
    trip_days        : longest trip before going home, days; 1: home every evening
    night_cost       : currency a night away
    opening_hours    : part of every visit that is spent whatever is sold: arrival, greeting, leaving; hours
    separate         : 0: a specialist for a line with share s of an account makes s of its calls; 1: he comes as often
                       as one representative for all lines would; in between linear. Fraction
    coordination     : hours a year that a second, third ... contact at one account costs in agreeing with the first
    key_share        : matrix: the largest accounts that together hold this share of potential get specialists
    joint            : matrix: share of a key account's calls that its line specialists make. Fraction
    stretch          : how far above contracted hours people can go for a while, fraction
    span             : representatives one manager can lead, of one pool or of several
    cost_per_km      : currency a km
    """

    speed: float = SPEED
    detour: float = DETOUR
    hours_a_day: float = DAY_HOURS
    trip_days: float = TRIP_DAYS
    night_cost: float = 120.0
    opening_hours: float = 0.25
    separate: float = 0.5
    coordination: float = 6.0
    key_share: float = 0.5
    joint: float = 0.3
    stretch: float = 0.1
    span: float = 8.0
    cost_per_km: float = 0.5

    def __post_init__(self) -> None:
        require(
            *(number_fault(*self._named(name), above=0) for name in ("speed", "hours_a_day", "span")),
            *(number_fault(*self._named(name), least=1) for name in ("detour", "trip_days")),
            *(number_fault(*self._named(name), least=0, most=1) for name in ("separate", "key_share", "joint")),
            *(number_fault(*self._named(name), least=0) for name in ("opening_hours", "coordination", "stretch")),
            *(number_fault(*self._named(name), least=0) for name in ("cost_per_km", "night_cost")),
        )

    def _named(self, name: str) -> tuple[str, object]:
        return f"assumptions: {name}", getattr(self, name)


@dataclass(frozen=True, eq=False)
class Work:
    """What the accounts ask for, as arrays with one entry per account (regions, segments, lines by number)."""

    account: np.ndarray
    calls: np.ndarray
    visit_hours: np.ndarray
    potential: np.ndarray
    bought: LineShares
    segment: np.ndarray
    segments: tuple[str, ...]
    region: np.ndarray
    regions: tuple[str, ...]
    where: Geography | None

    @property
    def share(self) -> np.ndarray:
        """Accounts x lines, the part of the account's work that is the line's."""
        return self.bought.share

    @property
    def main(self) -> np.ndarray:
        """Number of each account's main line."""
        return self.bought.main

    @property
    def lines(self) -> tuple[str, ...]:
        """The product lines."""
        return self.bought.names

    @property
    def hours(self) -> np.ndarray:
        """Hours a year in front of each account when one representative serves all its lines."""
        return self.calls * self.visit_hours


@dataclass(frozen=True, eq=False)
class Layout:
    """An organisation, visit by visit: one entry per account and job that visits it.

    account, job    : numbers of the account and of the job (a job is one representative's territory)
    visits, hours   : visits a year, hours a year in front of the account
    km, travel      : way in km a year and travel in hours a year; nights: nights away a year
    agreeing        : hours a year of coordination with the account's other contacts
    share           : entries x lines, share of the hours that each line takes
    leads           : whether the job is the account's main contact
    pool            : pool of each job; pools: their names; managers: managers needed
    """

    account: np.ndarray
    job: np.ndarray
    visits: np.ndarray
    hours: np.ndarray
    km: np.ndarray
    travel: np.ndarray
    nights: np.ndarray
    agreeing: np.ndarray
    share: np.ndarray
    leads: np.ndarray
    pool: np.ndarray
    pools: tuple[str, ...]
    managers: int

    @property
    def load(self) -> np.ndarray:
        """Hours a year per entry: in front of the account, on the road, agreeing."""
        return self.hours + self.travel + self.agreeing

    @property
    def jobs(self) -> int:
        """Number of jobs, those of a pool's whole representatives that stay without an account included."""
        return len(self.pool)


@dataclass(frozen=True, eq=False)
class _Pool:
    name: str
    rows: np.ndarray
    visits: np.ndarray
    hours: np.ndarray
    share: np.ndarray
    leads: np.ndarray


def work_of(accounts: pd.DataFrame, account_lines: pd.DataFrame | None, where: Geography | None) -> Work:
    """The work in `accounts` (checked table); a line's share is its sales in `account_lines`, or an equal part."""
    lines = line_shares(accounts, account_lines)
    segment, segments = _codes(accounts, "segment")
    region, regions = _codes(accounts, "region")
    return Work(
        accounts["account"].to_numpy(str),
        accounts["calls"].to_numpy(float),
        accounts["hours_per_call"].to_numpy(float),
        accounts["potential"].to_numpy(float),
        lines,
        segment,
        segments,
        region,
        regions,
        where,
    )


def lay_out_structure(structure: str, work: Work, capacity: float, assumed: Assumptions) -> Layout:
    """Lay the accounts' work out as one of `STRUCTURES`, with whole representatives of `capacity` hours a year each.

    An account that takes more hours of a pool than one person has is shared by as many people as it needs.
    """
    pools = [_shared(pool, capacity) for pool in _pools(structure, work, assumed)]
    contacts = np.bincount(np.concatenate([pool.rows for pool in pools]), minlength=len(work.calls))
    road = Road(assumed.speed, assumed.detour, assumed.hours_a_day, assumed.trip_days)
    plans, agreeing = [], []
    for pool in pools:
        # With c contacts there are c - 1 agreements a year to keep; each contact bears an equal part of them.
        agreed = assumed.coordination * (contacts[pool.rows] - 1) / contacts[pool.rows]
        agreeing.append(agreed)
        plans.append(_staff(work, pool, agreed, capacity, road))
    return _join(structure, pools, plans, agreeing, assumed)


def _shared(pool: _Pool, capacity: float) -> _Pool:
    """The pool with what is too much for one person cut into equal parts, the first of which leads."""
    people = np.maximum(np.ceil(pool.hours / capacity - 1e-9), 1).astype(int)
    entry = np.repeat(np.arange(len(people)), people)
    first = np.diff(entry, prepend=-1) > 0
    return _Pool(
        pool.name,
        pool.rows[entry],
        (pool.visits / people)[entry],
        (pool.hours / people)[entry],
        pool.share[entry],
        pool.leads[entry] & first,
    )


def _staff(work: Work, pool: _Pool, agreed: np.ndarray, capacity: float, road: Road) -> Territories:
    if work.where is not None:
        return staff(work.where, pool.rows, pool.hours, pool.visits, capacity, road, agreeing=agreed)
    hours = pool.hours + agreed
    count = max(1, int(np.ceil(hours.sum() / capacity - 1e-9)))
    done = np.cumsum(hours) - hours / 2
    label = np.minimum((done / max(hours.sum(), 1e-9) * count).astype(int), count - 1)
    none = np.zeros(len(hours))
    return Territories(label, pool.rows[:1], none, none, none, count)


def _join(
    structure: str,
    pools: Sequence[_Pool],
    plans: Sequence[Territories],
    agreeing: Sequence[np.ndarray],
    assumed: Assumptions,
) -> Layout:
    first = np.cumsum([0] + [plan.count for plan in plans])
    visits = np.concatenate([pool.visits for pool in pools])
    counts = np.array([plan.count for plan in plans])
    return Layout(
        account=np.concatenate([pool.rows for pool in pools]),
        job=np.concatenate([plan.label + start for plan, start in zip(plans, first, strict=False)]),
        visits=visits,
        hours=np.concatenate([pool.hours for pool in pools]),
        km=visits * np.concatenate([plan.km for plan in plans]),
        travel=visits * np.concatenate([plan.travel for plan in plans]),
        nights=visits * np.concatenate([plan.nights for plan in plans]),
        agreeing=np.concatenate(agreeing),
        share=np.vstack([pool.share for pool in pools]),
        leads=np.concatenate([pool.leads for pool in pools]),
        pool=np.repeat(np.arange(len(pools)), counts),
        pools=tuple(pool.name for pool in pools),
        managers=int(np.ceil(counts.sum() / assumed.span - 1e-9)),
    )


def _pools(structure: str, work: Work, assumed: Assumptions) -> list[_Pool]:
    everyone = np.arange(len(work.calls))
    whole = np.ones(len(everyone))
    if structure == "territory":
        return [_generalists("all lines and segments", work, everyone, whole)]
    if structure == "customer":
        return [
            _generalists(name, work, np.flatnonzero(work.segment == number), whole)
            for number, name in enumerate(work.segments)
        ]
    if structure == "product":
        return _specialists(work, everyone, whole, assumed, leads=True)
    if structure == "matrix":
        key = key_accounts(work.potential, assumed.key_share)
        if assumed.joint == 0 or not key.any():
            return [_generalists("account managers", work, everyone, whole)]
        part = np.where(key, assumed.joint, 0.0)
        managers = _generalists("account managers", work, np.flatnonzero(part < 1), 1 - part)
        pools = [managers] if len(managers.rows) else []
        return pools + _specialists(work, np.flatnonzero(key), part, assumed, leads=assumed.joint == 1)
    raise ParameterError(f"no structure is called {structure!r}; structures are {', '.join(STRUCTURES)}")


def _generalists(name: str, work: Work, rows: np.ndarray, part: np.ndarray) -> _Pool:
    visits = work.calls[rows] * part[rows]
    return _Pool(name, rows, visits, visits * work.visit_hours[rows], work.share[rows], np.ones(len(rows), bool))


def _specialists(work: Work, rows: np.ndarray, part: np.ndarray, assumed: Assumptions, *, leads: bool) -> list[_Pool]:
    """One pool a line. A visit's opening hours come again with every visit; the rest of the hours is shared by line."""
    opening = np.minimum(assumed.opening_hours, work.visit_hours)
    pools = []
    for number, name in enumerate(work.lines):
        mine = rows[work.share[rows, number] > 0]
        if not len(mine):
            continue
        share, calls = work.share[mine, number], work.calls[mine] * part[mine]
        visits = calls * (share + assumed.separate * (1 - share))
        hours = calls * (work.visit_hours[mine] - opening[mine]) * share + visits * opening[mine]
        only = np.zeros((len(mine), len(work.lines)))
        only[:, number] = 1.0
        pools.append(_Pool(name, mine, visits, hours, only, leads & (work.main[mine] == number)))
    return pools


def key_accounts(potential: np.ndarray, share: float) -> np.ndarray:
    """Whether each account is among the fewest, largest ones that together hold `share` of all potential."""
    order = np.argsort(-potential, kind="stable")
    before = np.cumsum(potential[order]) - potential[order]
    key = np.zeros(len(potential), bool)
    key[order] = before < share * potential.sum() * (1 - 1e-12)
    return key


def _codes(accounts: pd.DataFrame, column: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """Number of the value per account and the values; blank cells are a group of their own; none where absent."""
    if column not in accounts:
        return np.zeros(len(accounts), int), ("all accounts",)
    values = accounts[column].fillna(f"no {column}").to_numpy(str)
    names, codes = np.unique(values, return_inverse=True)
    return codes, tuple(map(str, names))
